//! Desks, each an item of its own beside its order: what was asked for with the money of an order, and how far that is.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | `refunds:` and the key of the order: no order's key begins so |
//! | `version` | counts the writes; the condition of the next one |
//! | `desk` | what [`Desk::to_json`] writes |
//! | `mark` | what sets each write apart, also from one of the same content |
//! | `due`, `due_at` | present while something is not final: a sparse index of when it is looked at next |
//!
//! An item of its own, so that a notification and a refund never wait for each other, and an order as large as it may
//! be keeps no refund out. The index [`DUE`](crate::index::DUE) holds desks apart from orders: whoever asks about orders
//! does not see them, and a desk is found by itself, also where its order is settled long since.
//!
//! A desk stays where it began, also when its order becomes known under another name afterwards: what names its lines
//! and calls must not change. It is looked for under all names of the order.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use quittance_core::desk::Desk;
use quittance_core::{Order, OrderKey, Timestamp};

use crate::clock::now;
use crate::error::StoreError;
use crate::index::{Entry, IndexPlace, Task};
use crate::table::{Item, Saved, Table, enter, read_key, text, updated};

/// What the key of a desk's item begins with.
const PREFIX: &str = "refunds:";

/// Most bytes of a desk that takes another request. DynamoDB refuses an item above 400 KB; the rest is for what becomes
/// of the lines.
pub const MAX_DESK_BYTES: usize = 200 * 1024;

/// A desk as it is stored, with what the next write must find unchanged.
#[derive(Clone, Debug)]
pub struct StoredDesk {
    /// The order for which it was made first.
    pub place: OrderKey,
    /// The desk, or an empty one where nothing is stored.
    pub desk: Desk,
    /// `None` where nothing is stored.
    pub version: Option<u64>,
    /// Who wrote it last.
    pub mark: Option<WriteMark>,
}

/// What sets one write of a desk apart from all others. Two processes may want to store the same: only one of them has,
/// and may make the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteMark(String);

impl WriteMark {
    /// The mark of a write that nobody has made.
    pub fn new() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }
}

impl Default for WriteMark {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for WriteMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StoredDesk {
    /// Whether it is small enough to take another request.
    pub fn has_room(&self) -> bool {
        self.desk.to_json().len() <= MAX_DESK_BYTES
    }
}

impl Table {
    /// Reads the desk of an order, strongly consistent, under whichever of the order's names it began.
    ///
    /// # Errors
    ///
    /// Those of [`Table::desk_at`]; [`StoreError::Corrupt`] where there are two.
    pub async fn desk_of(&self, order: &Order) -> Result<StoredDesk, StoreError> {
        let key = order.key();
        let names = order.aliases().iter().filter_map(|name| key.sibling(name).ok());
        let names: Vec<OrderKey> = names.filter(|name| name != key).collect();
        let (own, others) = futures_util::future::try_join(
            self.desk_at(key),
            try_join_all(names.iter().map(|name| self.desk_at(name))),
        )
        .await?;
        let mut stored = others.into_iter().filter(|desk| desk.version.is_some());
        match (own.version, stored.next(), stored.next()) {
            (_, None, _) => Ok(own),
            (None, Some(other), None) => Ok(other),
            _ => Err(StoreError::Corrupt(format!("{key} has refunds under two names"))),
        }
    }

    /// Reads the desk in one place, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where it cannot be read; [`StoreError::Unavailable`] where the engine refuses or does not
    /// answer.
    pub async fn desk_at(&self, place: &OrderKey) -> Result<StoredDesk, StoreError> {
        let reply = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(name(place)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("get refunds", &e))?;
        let place = place.clone();
        match reply.item {
            Some(item) => read(&item, place),
            None => Ok(StoredDesk { place, desk: Desk::default(), version: None, mark: None }),
        }
    }

    /// Writes a desk under a mark of its own if its item is still at `version`. From then on it is at the next one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer. A lost race is [`Saved::Conflict`].
    pub async fn save_desk(
        &self,
        place: &OrderKey,
        desk: &Desk,
        version: Option<u64>,
        mark: &WriteMark,
    ) -> Result<Saved, StoreError> {
        let mut item = Item::from([
            ("pk".to_owned(), AttributeValue::S(name(place))),
            ("version".to_owned(), AttributeValue::N(next_version(version).to_string())),
            ("desk".to_owned(), AttributeValue::S(desk.to_json())),
            ("mark".to_owned(), AttributeValue::S(mark.to_string())),
        ]);
        if let Some(due) = desk.next_look(now()) {
            enter(&mut item, &IndexPlace::of(place), Entry { task: Task::Pay, at: due });
        }
        self.put(item, version).await
    }

    /// Sets when a desk is looked at next that is due at all. What it holds is not written.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save_desk`].
    pub async fn postpone_desk(
        &self,
        place: &OrderKey,
        due: Timestamp,
    ) -> Result<Saved, StoreError> {
        let due_at = IndexPlace::of(place).due_at(Entry { task: Task::Pay, at: due });
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(name(place)))
            .condition_expression("attribute_exists(due)")
            .update_expression("SET due_at = :at")
            .expression_attribute_values(":at", AttributeValue::S(due_at));
        updated("put refunds off", update.send().await)
    }

    /// The places of desks on which something is not final, those first that wait longest; with `until` only what is
    /// due by then, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of [`Table::desk_at`].
    pub async fn due_desks(
        &self,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let entries = self.entries(&[Task::Pay], until, limit).await?;
        let read = |pk: &str| {
            let place = place(pk);
            place.inspect_err(|error| tracing::error!(%error, "what is due cannot be read")).ok()
        };
        let places = entries.iter().filter_map(|(_, pk)| read(pk));
        Ok(places.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}

/// The version after this one.
pub(crate) fn next_version(version: Option<u64>) -> u64 {
    version.map_or(1, |version| version + 1)
}

/// The key of a desk's item.
fn name(place: &OrderKey) -> String {
    format!("{PREFIX}{place}")
}

fn place(pk: &str) -> Result<OrderKey, StoreError> {
    let place = pk.strip_prefix(PREFIX);
    read_key(place.ok_or_else(|| StoreError::Corrupt(format!("{pk} is no key of refunds")))?)
}

fn read(item: &Item, place: OrderKey) -> Result<StoredDesk, StoreError> {
    let desk = Desk::from_json(text(item, "desk")?)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let version = item.get("version").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let version = version.ok_or_else(|| StoreError::Corrupt("version missing".to_owned()))?;
    let mark = Some(WriteMark(text(item, "mark")?.to_owned()));
    Ok(StoredDesk { place, desk, version: Some(version), mark })
}
