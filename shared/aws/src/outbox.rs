//! From a decision in the table to a message in the queue: at least once, under an id that never
//! changes.

use quittance_core::{OrderKey, Policy};

use crate::clock::now;
use crate::error::StoreError;
use crate::queue::Queue;
use crate::receive::Patience;
use crate::table::{Draft, Saved, Stored, Table};

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
    /// Sends what an order still has to tell, and marks it sent; `key` may be any of its names. The
    /// order is read anew, so a stream record that comes late or twice sends nothing again. Returns how
    /// many messages were sent.
    pub async fn deliver(&self, key: &OrderKey) -> Result<usize, StoreError> {
        let named = self.table.load(key).await?;
        if !named.order.has_unsent() {
            return Ok(0);
        }
        let mut stored = self.table.load_order(key).await?;
        let mut sent = Vec::new();
        for event in stored.order.unsent_messages(self.policy, now()) {
            self.queue.send(&stored.order.key, &event).await?;
            tracing::info!(order = %stored.order.key, id = event.id, kind = event.kind, "message sent");
            sent.push(event.id);
        }
        let mut patience = Patience::new();
        while patience.again().await {
            let at = now();
            let marked = sent.iter().filter(|id| stored.order.mark_sent(id, at)).count();
            if marked > 0 || stored.repaired {
                let order = &stored.order;
                let draft = Draft::new(order, order.summary(self.policy), self.policy, at)?;
                if self.table.save(draft, stored.version).await? == Saved::Conflict {
                    stored = self.table.load_order(key).await?;
                    continue;
                }
            }
            self.settle(named).await?;
            return Ok(sent.len());
        }
        Err(StoreError::Contended)
    }

    /// Notes under a mere name that the queue knows what it holds: the order has taken it over.
    async fn settle(&self, mut named: Stored) -> Result<(), StoreError> {
        if let Some(join) = named.joined.take() {
            named.order.mark_all_sent(now());
            // After a lost race the name is looked at again.
            self.table.join(&named, &join).await?;
        }
        Ok(())
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
