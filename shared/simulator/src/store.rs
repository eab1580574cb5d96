//! The table: items with a condition on each write, desks, sessions, and when orders are asked about.

use std::collections::BTreeMap;

use quittance_core::OrderKey;
use quittance_core::claims::{Item, Items};
use quittance_core::desk::Desk;

/// What a write came to, as its writer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    Done,
    /// Somebody wrote since it was read.
    Conflict,
    /// The store did not do it, or does not say so.
    Failed,
}

/// What is due by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Index {
    Order,
    Desk,
}

/// A desk as it is stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredDesk {
    pub(crate) desk: Desk,
    pub(crate) version: u64,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) items: Items,
    desks: BTreeMap<OrderKey, StoredDesk>,
    sessions: BTreeMap<OrderKey, Vec<String>>,
    /// How often each order was asked about.
    asked: BTreeMap<OrderKey, u32>,
    /// When each order is asked about next, and each desk looked at.
    pub(crate) due: BTreeMap<(OrderKey, Index), i64>,
}

impl Store {
    /// Writes an item unless somebody wrote it since it was read. Whether it is written.
    pub(crate) fn save(&mut self, mut item: Item, has_conditions: bool) -> bool {
        if !has_conditions {
            item.version = self.items.load(item.order.key()).version;
        }
        self.items.save(item)
    }

    pub(crate) fn desk(&self, order: &OrderKey) -> StoredDesk {
        self.desks.get(order).cloned().unwrap_or_default()
    }

    pub(crate) fn desks(&self) -> impl Iterator<Item = (&OrderKey, &Desk)> {
        self.desks.iter().map(|(order, stored)| (order, &stored.desk))
    }

    /// Writes a desk unless somebody wrote it since this version. Whether it is written.
    pub(crate) fn save_desk(&mut self, order: &OrderKey, desk: Desk, version: u64) -> bool {
        let stored = self.desks.entry(order.clone()).or_default();
        let is_current = stored.version == version;
        if is_current {
            *stored = StoredDesk { desk, version: version + 1 };
        }
        is_current
    }

    pub(crate) fn sessions(&self, order: &OrderKey) -> &[String] {
        self.sessions.get(order).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn note_session(&mut self, order: &OrderKey, session: String) {
        self.sessions.entry(order.clone()).or_default().push(session);
    }

    /// How often an order was asked about since there was news of it.
    pub(crate) fn asked(&mut self, order: &OrderKey) -> &mut u32 {
        self.asked.entry(order.clone()).or_default()
    }

    /// The keys of all items with a decision that nobody marked as sent.
    pub(crate) fn unsent(&self) -> Vec<OrderKey> {
        let unsent = self.items.iter().filter(|item| item.order.has_unsent());
        unsent.map(|item| item.order.key().clone()).collect()
    }
}
