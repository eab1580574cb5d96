//! From a decision in the table to a message in the queue: at least once, under an id that never
//! changes.

use std::time::{Duration, Instant};

use quittance_core::dispatch::{Dispatch, Message, Step};
use quittance_core::message::CloudEvent;
use quittance_core::{OrderKey, Policy, Timestamp};

use crate::clock::now;
use crate::error::StoreError;
use crate::lists::Found;
use crate::measure::{self, Event};
use crate::names::Registry;
use crate::patience::Patience;
use crate::queue::Queue;
use crate::table::{Saved, Table, too_far};
use crate::trace::Trace;

/// Sends the messages of decisions that are not sent yet.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Where decisions are.
    pub table: Table,
    /// Where messages go.
    pub queue: Queue,
    /// The policy under which orders are shown in messages.
    pub policy: Policy,
}

impl Outbox {
    /// Sends what an order still has to tell, and marks it sent; `key` may be any of its names. The
    /// order is read anew, so a stream record that comes late or twice sends nothing again. Returns how
    /// many messages were sent.
    ///
    /// # Errors
    ///
    /// The errors of the table and of [`Queue::send`]. What was sent is sent again the next time.
    pub async fn deliver(&self, key: &OrderKey) -> Result<usize, StoreError> {
        let DispatchResult { sent, lag } = self.tell(key).await?;
        lag.into_iter().for_each(measure::dispatch_lag);
        Ok(sent)
    }

    /// Carries out what the core says, step by step.
    async fn tell(&self, key: &OrderKey) -> Result<DispatchResult, StoreError> {
        let mut dispatch = Dispatch::new(key.clone(), self.policy);
        let mut names = Registry::new(&self.table);
        // That of the decision, as it was when the first message was sent.
        let mut mark = None;
        let mut patience = Patience::new();
        patience.again().await;
        loop {
            match dispatch.step(now()) {
                Step::Load(key) => dispatch.loaded(names.load(&key).await?),
                Step::Send(message) => {
                    let Message { order, names: by, mut event } = *message;
                    let found = || names.mark_of(&order, &by).or_else(|| names.mark_of(key, &[]));
                    mark = mark.or_else(found);
                    let trace = mark.as_ref().and_then(|mark| mark.trace.as_ref());
                    event.traceparent = trace.map(Trace::to_string);
                    self.queue.send(&order, &event, trace).await?;
                    let CloudEvent { id, kind, traceparent, .. } = event;
                    tracing::info!(%order, id, kind, traceparent, "message sent");
                    dispatch.sent();
                    // Waiting for the queue is no race.
                    patience = Patience::new();
                    patience.again().await;
                }
                Step::Mark(write) => match names.settle(&write).await? {
                    Saved::Done => dispatch.written(write.item),
                    Saved::Conflict => {
                        measure::count(Event::Conflict);
                        dispatch.refused();
                        if !patience.again().await {
                            return Err(StoreError::Contended);
                        }
                    }
                },
                Step::Name(item) => match names.rename((*item).clone()).await? {
                    Saved::Done => dispatch.written(*item),
                    Saved::Conflict => dispatch.refused(),
                },
                Step::Astray(name) => return Err(too_far(&name)),
                Step::End => {
                    let sent = dispatch.ids().len();
                    let lag = mark.filter(|_| sent > 0).map(|mark| mark.age());
                    return Ok(DispatchResult { sent, lag });
                }
            }
        }
    }

    /// Sends what every order still has to tell: after a restart, a failure, or where there is no stream.
    /// An order that cannot be sent does not keep the others from it. After 25 seconds what is left is left to
    /// the next sweep.
    ///
    /// # Errors
    ///
    /// Those of [`Table::unsent`]. An order that cannot be sent is counted and is no error.
    pub async fn sweep(&self) -> Result<SweepReport, StoreError> {
        let began = Instant::now();
        let mut unsent = self.table.unsent().await?;
        // Those that could not be sent the last time must not use up the time of the others for ever.
        let first = fastrand::usize(..unsent.len().max(1));
        unsent.rotate_left(first);
        let mut swept = SweepReport::default();
        let mut lag = None;
        for Found { key, updated_at } in unsent {
            if began.elapsed() >= SWEEP_BUDGET {
                swept.left += 1;
                swept.note(updated_at);
                continue;
            }
            let outcome = async {
                // Before it is sent: afterwards nothing is old.
                let order = self.table.load(&key).await?.order;
                swept.note(order.unsent_since().unwrap_or(updated_at));
                self.tell(&key).await
            };
            match outcome.await {
                Ok(told) => {
                    swept.sent += told.sent;
                    lag = lag.max(told.lag);
                }
                Err(error) => {
                    tracing::error!(order = %key, %error, "not sent");
                    swept.failed += 1;
                    swept.note(updated_at);
                }
            }
        }
        // The largest alone: there may be more than are printed at once.
        lag.into_iter().for_each(measure::dispatch_lag);
        Ok(swept)
    }
}

/// How long a sweep goes on before it leaves the rest to the next one: half of what a scheduled function
/// may take, and each call may hang for some seconds.
const SWEEP_BUDGET: Duration = Duration::from_secs(25);

/// How many messages of an order were sent.
struct DispatchResult {
    sent: usize,
    /// From the decision until now, where it is known.
    lag: Option<Duration>,
}

/// What [`Outbox::sweep`] found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// How many messages were sent.
    pub sent: usize,
    /// How many orders have messages that could not be sent. The log says why.
    pub failed: usize,
    /// How many orders were left to the next sweep.
    pub left: usize,
    /// When the oldest unsent decision was made.
    pub oldest: Option<Timestamp>,
}

impl SweepReport {
    fn note(&mut self, since: Timestamp) {
        self.oldest = Some(self.oldest.map_or(since, |oldest| oldest.min(since)));
    }
}
