//! From a decision in the table to a message in the queue: at least once, under an id that never
//! changes.

use std::time::Duration;

use futures_util::future::join_all;
use quittance_core::dispatch::{Dispatch, Message, Step};
use quittance_core::{OrderKey, Policy, Timestamp};

use crate::clock::{Instant, now};
use crate::error::StoreError;
use crate::lists::Found;
use crate::measure::{self, Event};
use crate::names::Registry;
use crate::patience::Patience;
use crate::queue::{Outgoing, Queue};
use crate::table::{Saved, Table, UnsentMarker, too_far};
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
    /// The errors of the table and of [`Queue::send_each`]. What was sent is sent again the next time.
    pub async fn deliver(&self, key: &OrderKey) -> Result<usize, StoreError> {
        let delivered = self.deliver_each([key.clone()]).await.pop();
        delivered.unwrap_or_else(|| unreachable!("each order has its end"))
    }

    /// The same of several orders, each named once: they are read, told and marked side by side, and what they have to tell
    /// goes to the queue together. One that fails keeps none of the others from it.
    pub async fn deliver_each(
        &self,
        keys: impl IntoIterator<Item = OrderKey>,
    ) -> Vec<Result<usize, StoreError>> {
        let told = self.tell(keys).await.into_iter();
        let count = |told: Told| {
            let (sent, lag) = told.outcome?;
            lag.into_iter().for_each(measure::dispatch_lag);
            Ok(sent)
        };
        told.map(count).collect()
    }

    /// Carries out what the core says of each order, side by side until each has something to send or is done; then sends,
    /// a message of each.
    async fn tell(&self, keys: impl IntoIterator<Item = OrderKey>) -> Vec<Told> {
        let mut errands: Vec<_> = keys.into_iter().map(|key| Errand::new(key, self)).collect();
        loop {
            join_all(errands.iter_mut().map(Errand::go)).await;
            let (senders, messages): (Vec<_>, Vec<_>) =
                errands.iter_mut().filter_map(Errand::with_message).unzip();
            if messages.is_empty() {
                return errands.into_iter().map(Errand::told).collect();
            }
            let sent = self.queue.send_each(&messages.iter().collect::<Vec<_>>()).await;
            for ((errand, message), sent) in senders.into_iter().zip(&messages).zip(sent) {
                errand.sent(message, sent);
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
        for some in unsent.chunks(AT_ONCE) {
            if began.elapsed() >= SWEEP_BUDGET {
                swept.left += some.len();
                some.iter().for_each(|found| swept.note(found.updated_at));
                continue;
            }
            let told = self.tell(some.iter().map(|found| found.key.clone())).await;
            for (Found { key, updated_at }, Told { outcome, since }) in some.iter().zip(told) {
                swept.note(since.unwrap_or(*updated_at));
                match outcome {
                    Ok((sent, late)) => {
                        swept.sent += sent;
                        lag = lag.max(late);
                    }
                    Err(error) => {
                        tracing::error!(order = %key, %error, "not sent");
                        swept.failed += 1;
                    }
                }
            }
        }
        // The largest alone: there may be more than are printed at once.
        lag.into_iter().for_each(measure::dispatch_lag);
        Ok(swept)
    }
}

/// One order's messages on their way to the queue.
struct Errand<'a> {
    dispatch: Dispatch,
    key: OrderKey,
    policy: Policy,
    names: Registry<'a>,
    patience: Patience,
    /// That of the decision, as it was when the first message was sent.
    mark: Option<UnsentMarker>,
    /// What is to be sent next.
    message: Option<Outgoing>,
    end: Option<Result<(), StoreError>>,
}

impl<'a> Errand<'a> {
    fn new(key: OrderKey, outbox: &'a Outbox) -> Self {
        Self {
            dispatch: Dispatch::new(key.clone(), outbox.policy),
            key,
            policy: outbox.policy,
            names: Registry::new(&outbox.table),
            patience: Patience::new(),
            mark: None,
            message: None,
            end: None,
        }
    }

    /// Goes on until there is a message to send, or the end.
    async fn go(&mut self) {
        if self.end.is_none() {
            match self.message().await {
                Ok(Some(message)) => self.message = Some(message),
                Ok(None) => self.end = Some(Ok(())),
                Err(error) => self.end = Some(Err(error)),
            }
        }
    }

    /// The next message. `None` once there is no more.
    async fn message(&mut self) -> Result<Option<Outgoing>, StoreError> {
        self.patience.again().await;
        loop {
            match self.dispatch.step(now()) {
                Step::Load(key) => self.dispatch.loaded(self.names.load(&key).await?),
                Step::Send(message) => {
                    let Message { order, names: by, group, mut event } = *message;
                    let names = &self.names;
                    let found =
                        || names.mark_of(&order, &by).or_else(|| names.mark_of(&self.key, &[]));
                    self.mark = self.mark.take().or_else(found);
                    let trace = self.mark.as_ref().and_then(|mark| mark.trace.clone());
                    event.traceparent = trace.as_ref().map(Trace::to_string);
                    return Outgoing::new(&order, &group, &event, trace).map(Some);
                }
                Step::Mark(write) => match self.names.mark_told(&write).await? {
                    Saved::Done => self.dispatch.written(write.item),
                    Saved::Conflict => {
                        measure::count(Event::Conflict);
                        self.dispatch.refused();
                        if !self.patience.again().await {
                            return Err(StoreError::Contended);
                        }
                    }
                },
                Step::Name(item) => match self.names.rename((*item).clone()).await? {
                    Saved::Done => self.dispatch.written(*item),
                    Saved::Conflict => self.dispatch.refused(),
                },
                Step::Astray(name) => return Err(too_far(&name)),
                Step::End => {
                    if let Some(told) = self.dispatch.told() {
                        self.names.unmark(told, self.policy).await?;
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// Whoever has something to send, and what.
    fn with_message(&mut self) -> Option<(&mut Self, Outgoing)> {
        let message = self.message.take()?;
        Some((self, message))
    }

    /// The queue has the message, or it has not.
    fn sent(&mut self, message: &Outgoing, sent: Result<(), StoreError>) {
        match sent {
            Ok(()) => {
                message.log();
                self.dispatch.sent();
                // Waiting for the queue is no race.
                self.patience = Patience::new();
            }
            Err(error) => self.end = Some(Err(error)),
        }
    }

    fn told(self) -> Told {
        let sent = self.dispatch.ids().len();
        let lag = self.mark.filter(|_| sent > 0).map(|mark| mark.age());
        let outcome = self.end.unwrap_or(Ok(())).map(|()| (sent, lag));
        Told { outcome, since: self.dispatch.unsent_since() }
    }
}

/// How many orders of a sweep are gone through side by side: as many as their messages go to the queue in one call.
const AT_ONCE: usize = 10;

/// How long a sweep goes on before it leaves the rest to the next one: half of what a scheduled function
/// may take, and each call may hang for some seconds.
const SWEEP_BUDGET: Duration = Duration::from_secs(25);

/// What became of one order.
struct Told {
    /// How many messages were sent, and the time since the decision, where it is known.
    outcome: Result<(usize, Option<Duration>), StoreError>,
    /// Since when something was unsent, where it could be read.
    since: Option<Timestamp>,
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
