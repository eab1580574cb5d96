//! Tells a shop what it wants to know besides: see [`quittance_core::notice`].
//!
//! What was told is kept in items beside the orders: `notice:<id>`, of which no order's key begins so. They hold nothing but
//! when it was told.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use quittance_core::notice::Notice;
use quittance_core::{Order, OrderKey};

use crate::clock::now;
use crate::error::StoreError;
use crate::outbox::Outbox;
use crate::queue::Outgoing;
use crate::table::Table;

/// Sends the notices that are wanted.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// Where orders are, and where messages go.
    pub outbox: Outbox,
    /// What is wanted; usually nothing.
    pub wanted: BTreeSet<Notice>,
}

impl Notifier {
    /// Whether this one is wanted.
    pub fn wants(&self, notice: Notice) -> bool {
        self.wanted.contains(&notice)
    }

    /// Tells that an order is held, where it is, and where that is wanted. Whether it was told now.
    ///
    /// # Errors
    ///
    /// Those of [`Notifier::stranded`].
    pub async fn held(&self, key: &OrderKey) -> Result<bool, StoreError> {
        if !self.wants(Notice::Held) {
            return Ok(false);
        }
        let order = self.outbox.table.load_order(key).await?.order;
        if !order.is_held_for_long(self.outbox.policy, now()) {
            return Ok(false);
        }
        self.tell(&order, Notice::Held).await
    }

    /// Tells that an order's voucher is stranded, where that is wanted. Whether it was told now.
    ///
    /// # Errors
    ///
    /// The errors of the table and of the queue. What was sent and not noted is sent again under the same id.
    pub async fn stranded(&self, order: &Order) -> Result<bool, StoreError> {
        Ok(self.wants(Notice::Stranded) && self.tell(order, Notice::Stranded).await?)
    }

    async fn tell(&self, order: &Order, notice: Notice) -> Result<bool, StoreError> {
        let Outbox { table, queue, policy } = &self.outbox;
        let event = order.notice(notice, *policy, now(), table.providers());
        if table.beside(key(&event.id)).await?.is_some() {
            return Ok(false);
        }
        let message = Outgoing::new(order.key(), order.key(), &event, None)?;
        queue.send(&message).await?;
        message.log();
        table.note_told(&event.id).await?;
        Ok(true)
    }
}

impl Table {
    async fn note_told(&self, id: &str) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(key(id)))
            .item("told_at", AttributeValue::S(now().to_string()));
        put.send().await.map_err(|e| StoreError::unavailable("put notice", &e))?;
        Ok(())
    }
}

fn key(id: &str) -> String {
    format!("notice:{id}")
}
