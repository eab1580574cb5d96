//! From a decision in the table to a message in the queue: at least once, under an id that never
//! changes.

use std::time::{Duration, Instant};

use quittance_core::{Order, OrderKey, Policy, Timestamp};

use crate::clock::now;
use crate::error::StoreError;
use crate::lists::Found;
use crate::measure::{self, Event};
use crate::patience::Patience;
use crate::queue::Queue;
use crate::table::{PendingWrite, Saved, Stored, Table};
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

    async fn tell(&self, key: &OrderKey) -> Result<DispatchResult, StoreError> {
        let named = self.table.load(key).await?;
        if !named.order.has_unsent() {
            return Ok(DispatchResult { sent: 0, lag: None });
        }
        let mut stored = self.table.load_order(key).await?;
        let mark = stored.mark.as_ref().or(named.mark.as_ref()).cloned();
        let trace = mark.as_ref().and_then(|mark| mark.trace.as_ref());
        let mut sent = Vec::new();
        for mut event in stored.order.unsent_messages(self.policy, now()) {
            event.traceparent = trace.map(Trace::to_string);
            self.queue.send(stored.order.key(), &event, trace).await?;
            let (order, id, kind) = (stored.order.key(), &event.id, &event.kind);
            tracing::info!(%order, id, kind, traceparent = event.traceparent, "message sent");
            sent.push(event.id);
        }
        let mut patience = Patience::new();
        while patience.again().await {
            let at = now();
            let marked = sent.iter().filter(|id| stored.order.mark_sent(id, at)).count();
            if marked > 0 || stored.repaired {
                let order = &stored.order;
                let draft = PendingWrite::new(order, &order.summary(self.policy), at)?;
                let draft = draft.after(stored.former.as_ref()).marked(stored.mark);
                if self.table.save(draft, stored.version).await? == Saved::Conflict {
                    measure::count(Event::Conflict);
                    stored = self.table.load_order(key).await?;
                    continue;
                }
            }
            self.settle(named, &stored.order).await?;
            let lag = mark.filter(|_| !sent.is_empty()).map(|mark| mark.age());
            return Ok(DispatchResult { sent: sent.len(), lag });
        }
        Err(StoreError::Contended)
    }

    /// Notes under a mere name that the queue knows what it holds: the order has taken it over. Not while another order has
    /// still to give something up: then the order does not show what the name holds, and nobody was told of it.
    async fn settle(&self, mut named: Stored, order: &Order) -> Result<(), StoreError> {
        let is_taken_over =
            named.former.is_none() || order.aliases().contains(&named.order.key().order);
        if let Some(join) = named.joined.take().filter(|_| is_taken_over) {
            named.order.mark_all_sent(now());
            // After a lost race the name is looked at again.
            self.table.join(&named, &join).await?;
        }
        Ok(())
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
