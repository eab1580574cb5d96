//! A FIFO queue: messages of one group in their sequence, and five minutes in which a group takes an id once.

use std::collections::BTreeMap;

use quittance_core::OrderKey;

use crate::plan::MINUTE;

/// How long the queue knows the id of a message, in milliseconds.
const KNOWS: i64 = 5 * MINUTE;

/// How long a message is hidden that somebody has in hand, in milliseconds.
const HIDES: i64 = MINUTE;

/// A message that waits.
#[derive(Clone, Debug)]
struct Waiting {
    id: String,
    group: OrderKey,
    /// Until when somebody has it in hand.
    hidden_until: i64,
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    New,
    /// The queue knows the id.
    Dropped,
    /// It was taken before, and its id forgotten since.
    AnewAfterAll,
}

/// A FIFO queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Waiting>,
    /// By group and id.
    known_until: BTreeMap<(OrderKey, String), i64>,
}

impl Queue {
    pub(crate) fn send(&mut self, id: &str, group: &OrderKey, now: i64) -> Sent {
        let place = (group.clone(), id.to_owned());
        let known = self.known_until.get(&place).copied();
        if known.is_some_and(|until| now < until) {
            return Sent::Dropped;
        }
        self.known_until.insert(place, now + KNOWS);
        let waiting = Waiting { id: id.to_owned(), group: group.clone(), hidden_until: 0 };
        self.waiting.push(waiting);
        if known.is_some() { Sent::AnewAfterAll } else { Sent::New }
    }

    /// Hands out the next message that nobody has in hand; of one group the first comes first.
    pub(crate) fn receive(&mut self, now: i64) -> Option<String> {
        let free = self.first_of_each().find(|at| self.waiting[*at].hidden_until <= now)?;
        let waiting = &mut self.waiting[free];
        waiting.hidden_until = now + HIDES;
        Some(waiting.id.clone())
    }

    /// Lets a message be handed out again although somebody has it in hand.
    pub(crate) fn show(&mut self, id: &str) {
        self.waiting.iter_mut().filter(|one| one.id == id).for_each(|one| one.hidden_until = 0);
    }

    /// Whoever has it in hand is done with it.
    pub(crate) fn delete(&mut self, id: &str) {
        if let Some(at) = self.waiting.iter().position(|one| one.id == id) {
            self.waiting.remove(at);
        }
    }

    /// When the next message can be handed out.
    pub(crate) fn next(&self) -> Option<i64> {
        self.first_of_each().map(|at| self.waiting[at].hidden_until).min()
    }

    /// The places of the messages before which none of the same order waits.
    fn first_of_each(&self) -> impl Iterator<Item = usize> {
        let is_first = |at: &usize| {
            let order = &self.waiting[*at].group;
            self.waiting[..*at].iter().all(|before| before.group != *order)
        };
        (0..self.waiting.len()).filter(is_first)
    }
}
