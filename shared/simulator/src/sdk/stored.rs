//! What the order table holds, as whoever judges sees it: read anew after each write.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quittance_core::claims::{Alias, Item, Items};
use quittance_core::desk::Desk;
use quittance_core::{Order, OrderKey, Timestamp, stored};
use quittance_psp::PROVIDERS;
use serde_json::Value;

/// What the key of a desk's item begins with.
const DESKS: &str = "refunds:";

/// What the order table holds.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) items: Items,
    /// The keys of items with something to tell.
    pub(crate) unsent: BTreeSet<String>,
    /// When each item is due that is due by itself.
    due: BTreeMap<String, Timestamp>,
    desks: BTreeMap<String, Desk>,
    /// When each item was written last.
    written_at: BTreeMap<String, i64>,
}

impl Stored {
    /// Reads what was written under a key. The order's key, where it is an order's.
    pub(crate) fn put(
        &mut self,
        pk: &str,
        item: &Value,
        now: i64,
    ) -> Result<Option<OrderKey>, String> {
        self.written_at.insert(pk.to_owned(), now);
        self.unsent.remove(pk);
        self.due.remove(pk);
        let text = |name: &str| item[name]["S"].as_str();
        if !item["unsent_since"].is_null() {
            self.unsent.insert(pk.to_owned());
        }
        let due = text("due_at").and_then(|at| Timestamp::parse(at.split('#').nth(1)?));
        self.due.extend(due.map(|due| (pk.to_owned(), due)));
        if let (Some(place), Some(desk)) = (pk.strip_prefix(DESKS), text("desk")) {
            let desk = Desk::from_json(desk).map_err(|error| format!("a desk: {error}"))?;
            self.desks.insert(place.to_owned(), desk);
            return Ok(None);
        }
        let (Ok(key), Some(order)) = (pk.parse::<OrderKey>(), item["order"]["B"].as_str()) else {
            return Ok(None);
        };
        let bytes = BASE64_STANDARD.decode(order).map_err(|error| format!("{pk}: {error}"))?;
        let order = stored::decode(&bytes, key.clone(), PROVIDERS);
        let order = order.map_err(|error| format!("{pk} cannot be read: {error}"))?;
        let other = |name: &str| text(name).and_then(|key| key.parse::<OrderKey>().ok());
        let weak = !item["weak"].is_null();
        let version = item["version"]["N"].as_str().and_then(|number| number.parse().ok());
        self.items.put(Item {
            order,
            version,
            join: other("joined").map(|home| Alias { home, weak }),
            former: other("former"),
        });
        Ok(Some(key))
    }

    /// The order under a key, as whoever follows its names reads it.
    pub(crate) fn order(&self, key: &OrderKey) -> Order {
        self.items.order(key).unwrap_or_else(|| Order::new(key.clone()))
    }

    /// The desk of an order, under whichever of its names.
    pub(crate) fn desk(&self, order: &Order) -> Option<&Desk> {
        let names = order.aliases().iter().filter_map(|name| order.key().sibling(name).ok());
        names.chain([order.key().clone()]).find_map(|name| self.desks.get(&name.to_string()))
    }

    /// When the next item is due by itself.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.values().min().copied()
    }

    /// Whether an item was written since.
    pub(crate) fn is_written_since(&self, pk: &str, since: i64) -> bool {
        self.written_at.get(pk).is_some_and(|at| *at >= since)
    }
}
