//! What is to happen, by virtual time.

use std::collections::BTreeMap;

use quittance_core::OrderKey;

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A move of the plan.
    Move(usize),
    /// A notification arrives, for the how manyth time it was sent.
    Arrives { mail: usize, attempt: usize, is_repeat: bool },
    /// The provider has waited long enough for an answer.
    Impatient { mail: usize, attempt: usize },
    /// A process goes on.
    Goes(u64),
    /// The stream brings what it has.
    Stream,
    /// Somebody looks for what is unsent.
    Sweep,
    /// An order is due to be asked about.
    Ask(OrderKey),
    /// A desk is due to be looked at.
    Look(OrderKey),
    /// The queue may have something for its consumer.
    Queue,
    /// The provider's night: what is reserved is taken.
    Batch,
    /// The provider's sessions may have ended.
    Tick,
}

/// What is to happen, by time and then in the order in which it was noted.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(i64, u64), Event>,
    noted: u64,
}

impl Agenda {
    pub(crate) fn note(&mut self, at: i64, event: Event) {
        self.noted += 1;
        self.events.insert((at, self.noted), event);
    }

    pub(crate) fn next(&mut self) -> Option<(i64, Event)> {
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }
}
