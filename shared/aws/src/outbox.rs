//! From a decision in the table to a message in the queue: at least once, under an id that never
//! changes.

use quittance_core::{OrderKey, Policy};

use crate::clock::now;
use crate::error::StoreError;
use crate::queue::Queue;
use crate::receive::{MAX_ATTEMPTS, pause};
use crate::table::{Saved, Table};

/// Sends what is decided and not yet sent.
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
    /// Sends what one order still has to tell, and marks it sent. The order is read anew, so a stream
    /// record that comes late or twice sends nothing again. Returns how many messages were sent.
    pub async fn deliver(&self, key: &OrderKey) -> Result<usize, StoreError> {
        let mut stored = self.table.load(key).await?;
        if stored.joined.is_some() || !stored.order.has_unsent() {
            return Ok(0);
        }
        let mut sent = Vec::new();
        for event in stored.order.unsent_messages(self.policy, now()) {
            self.queue.send(key, &event).await?;
            tracing::info!(order = %key, id = event.id, kind = event.kind, "message sent");
            sent.push(event.id);
        }
        for attempt in 0..MAX_ATTEMPTS {
            pause(attempt).await;
            let at = now();
            let marked = sent.iter().filter(|id| stored.order.mark_sent(id, at)).count();
            if marked == 0 {
                return Ok(sent.len());
            }
            match self.table.save(&stored.order, stored.version, self.policy, at).await? {
                Saved::Done => return Ok(sent.len()),
                // The item may have become another name of the order meanwhile: writing it back would
                // undo that, so the decision is marked where it is now.
                Saved::Conflict => stored = self.table.load_order(key).await?,
            }
        }
        Err(StoreError::Contended)
    }

    /// Sends what every order still has to tell: after a restart, or where there is no stream. An order
    /// that cannot be sent does not keep the others from it; the last failure is returned.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let mut sent = 0;
        let mut failure = None;
        for key in self.table.unsent().await? {
            match self.deliver(&key).await {
                Ok(messages) => sent += messages,
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(sent), Err)
    }
}
