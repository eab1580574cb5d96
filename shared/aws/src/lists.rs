//! Lists of orders: by state, of those with something to tell, and of all.
//!
//! The indexes hold keys alone. A list reads the orders of its page.

use std::collections::VecDeque;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use quittance_core::{Order, OrderKey, State, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::index::{BY_DUE, BY_STATE, BY_UNSENT, SHARDS, read_time};
use crate::item::PAGE;
use crate::table::{Item, Table, key_of, read_key, text};

/// Longest hash key that DynamoDB has.
const MAX_KEY_BYTES: usize = 2_048;

/// Most orders on one page of a list: DynamoDB gives as many items in one read.
pub const MAX_PAGE: u32 = 100;

/// Most pages of a scan read to fill one page of a list without a state.
const MAX_SCAN_PAGES: usize = 10;

/// An order that a list found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The order.
    pub key: OrderKey,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it, newest first within a state.
    pub orders: Vec<T>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

/// Where a page of a list ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(Place);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// In the list of a state, before this sort key.
    Before(State, String),
    /// In the list of all, behind this order.
    Behind(String),
}

/// Not a cursor that a page of this list has given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct BadCursor;

impl Cursor {
    /// Reads a cursor that a page of this list has given out. One of another list, or made up, would
    /// be refused by the engine, and that would look like a failure of ours.
    ///
    /// # Errors
    ///
    /// [`BadCursor`] where the text is no cursor of this list.
    pub fn parse(text: &str, state: Option<State>) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| BadCursor)?;
        let fits = match (&cursor.0, state) {
            (Place::Before(of, at), Some(state)) => *of == state && read_time(at).is_some(),
            // Also one of what lies beside the orders: a page may end there.
            (Place::Behind(key), None) => (1..=MAX_KEY_BYTES).contains(&key.len()),
            _ => false,
        };
        fits.then_some(cursor).ok_or(BadCursor)
    }

    /// An opaque text.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// One shard of a list, as far as it was read.
struct Shard {
    hash_key: String,
    /// Sort keys and keys that no page has yet.
    read: VecDeque<(String, OrderKey)>,
    /// Where the rest begins; `None` once there is none.
    rest: Option<Rest>,
}

impl Shard {
    /// Whether its newest order is not known, and it may have one.
    fn is_to_be_read(&self) -> bool {
        self.read.is_empty() && self.rest.is_some()
    }
}

/// The rest of a shard.
enum Rest {
    /// All of it before this sort key; without one all of it.
    Before(Option<String>),
    /// What the engine says is behind the last page.
    Behind(Item),
}

impl Table {
    /// One page of the orders in a state (newest first), or of all orders (in no order). The index of states may
    /// be older than an order: one on the page can have another state by now.
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`], for any item of the page.
    pub async fn list(
        &self,
        state: Option<State>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Order>, StoreError> {
        match state {
            Some(state) => {
                let Page { orders, next } = self.updated(state, limit, cursor).await?;
                let keys: Vec<OrderKey> = orders.into_iter().map(|found| found.key).collect();
                Ok(Page { orders: self.load_all(&keys).await?, next })
            }
            None => self.list_all(limit, cursor).await,
        }
    }

    /// One page of the keys of the orders in a state, newest first.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn updated(
        &self,
        state: State,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Found>, StoreError> {
        let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let before = cursor.and_then(|Cursor(place)| match place {
            Place::Before(_, at) => Some(at),
            Place::Behind(_) => None,
        });
        let shards = SHARDS.chars().map(|shard| Shard {
            hash_key: format!("{}#{shard}", state.as_str()),
            read: VecDeque::new(),
            rest: Some(Rest::Before(before.clone())),
        });
        let mut shards: Vec<Shard> = shards.collect();
        // Twice the even part: most lists are filled by one read of each shard.
        let at_once = limit.div_ceil(SHARDS.len()) * 2;
        let mut orders = Vec::new();
        let mut last = None;
        while orders.len() < limit {
            while shards.iter().any(Shard::is_to_be_read) {
                let unread = shards.iter_mut().filter(|shard| shard.is_to_be_read());
                try_join_all(unread.map(|shard| self.read_on(shard, at_once))).await?;
            }
            let newest = shards.iter_mut().max_by(|a, b| a.read.front().cmp(&b.read.front()));
            let Some((at, key)) = newest.and_then(|shard| shard.read.pop_front()) else {
                return Ok(Page { orders, next: None });
            };
            orders.push(found(key, &at)?);
            last = Some(at);
        }
        let more = shards.iter().any(|shard| !shard.read.is_empty() || shard.rest.is_some());
        let next = last.filter(|_| more).map(|at| Cursor(Place::Before(state, at)));
        Ok(Page { orders, next })
    }

    /// Orders with unsent messages, oldest first.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn unsent(&self) -> Result<Vec<Found>, StoreError> {
        // The index holds nothing else, so one scan finds what is in all its shards.
        let scan = self.client.scan().table_name(&self.name).index_name(BY_UNSENT).limit(PAGE);
        let mut pages = scan.into_paginator().items().send();
        let mut all: Vec<Found> = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| StoreError::unavailable("scan unsent orders", &e))?;
            let (at, key) = read_entry(&item)?;
            all.push(found(key, &at)?);
        }
        all.sort_by(|a, b| (a.updated_at, &a.key).cmp(&(b.updated_at, &b.key)));
        Ok(all)
    }

    /// Orders about which the provider is to be asked, those first that wait longest; with `until` only what is due
    /// by then, at most `limit` of each shard.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn due(
        &self,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let entry =
            |item: &Item| Ok((text(item, "due_at")?.to_owned(), read_key(text(item, "pk")?)?));
        let shard = async |shard: char| {
            let items = self.due_in(&shard.to_string(), until, limit).await?;
            items.iter().map(entry).collect::<Result<Vec<_>, StoreError>>()
        };
        let shards = try_join_all(SHARDS.chars().map(shard)).await?;
        let mut all: Vec<(String, OrderKey)> = shards.into_iter().flatten().collect();
        all.sort();
        Ok(all.into_iter().map(|(_, key)| key).collect())
    }

    /// What is due under one hash key, as keys, what waits longest first; with `until` only what is due by then.
    pub(crate) async fn due_in(
        &self,
        hash_key: &str,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_DUE)
            .expression_attribute_values(":due", AttributeValue::S(hash_key.to_owned()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match until {
            // Whatever follows the time of one sort key is less than `$`.
            Some(until) => query
                .key_condition_expression("due = :due AND due_at < :until")
                .expression_attribute_values(":until", AttributeValue::S(format!("{until}$"))),
            None => query.key_condition_expression("due = :due"),
        };
        let reply = query.send().await;
        let reply = reply.map_err(|e| StoreError::unavailable("query what is due", &e))?;
        Ok(reply.items.unwrap_or_default())
    }

    /// Reads the next orders of a shard.
    async fn read_on(&self, shard: &mut Shard, limit: usize) -> Result<(), StoreError> {
        let Some(rest) = shard.rest.take() else { return Ok(()) };
        let hash_key = AttributeValue::S(shard.hash_key.clone());
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_STATE)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", hash_key)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match rest {
            Rest::Before(Some(at)) => query
                .key_condition_expression("#state = :state AND updated_at < :at")
                .expression_attribute_values(":at", AttributeValue::S(at)),
            Rest::Before(None) => query.key_condition_expression("#state = :state"),
            Rest::Behind(last) => query
                .key_condition_expression("#state = :state")
                .set_exclusive_start_key(Some(last)),
        };
        let reply = query.send().await;
        let reply = reply.map_err(|e| StoreError::unavailable("query orders by state", &e))?;
        shard.read = reply.items().iter().map(read_entry).collect::<Result<_, _>>()?;
        shard.rest = reply.last_evaluated_key.map(Rest::Behind);
        Ok(())
    }

    async fn list_all(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Order>, StoreError> {
        let wanted = usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let mut start = cursor.and_then(|Cursor(place)| match place {
            Place::Behind(key) => Some(key_of(key)),
            Place::Before(..) => None,
        });
        let mut orders = Vec::new();
        for _ in 0..MAX_SCAN_PAGES {
            let left = i32::try_from(wanted - orders.len()).unwrap_or(i32::MAX);
            let reply = self
                .client
                .scan()
                .table_name(&self.name)
                .filter_expression("attribute_exists(#state)")
                .expression_attribute_names("#state", "state")
                .limit(left)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|e| StoreError::unavailable("scan orders", &e))?;
            for item in reply.items() {
                orders.push(self.read_item(item)?.order);
            }
            start = reply.last_evaluated_key;
            if start.is_none() || orders.len() >= wanted {
                break;
            }
        }
        let next = start.as_ref().map(|key| text(key, "pk")).transpose()?;
        Ok(Page { orders, next: next.map(|key| Cursor(Place::Behind(key.to_owned()))) })
    }

    /// Reads at most [`MAX_PAGE`] orders, in the order of their keys. What is only a name by now is left out.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn load_all(&self, keys: &[OrderKey]) -> Result<Vec<Order>, StoreError> {
        let mut found = self.batch(keys, false).await?;
        let read = keys.iter().filter_map(|key| found.remove(key));
        Ok(read.filter(|stored| stored.joined.is_none()).map(|stored| stored.order).collect())
    }
}

/// The sort key of an index's entry, and its order's key.
fn read_entry(item: &Item) -> Result<(String, OrderKey), StoreError> {
    Ok((text(item, "updated_at")?.to_owned(), read_key(text(item, "pk")?)?))
}

fn found(key: OrderKey, sort_key: &str) -> Result<Found, StoreError> {
    let at = read_time(sort_key);
    let updated_at = at.ok_or_else(|| StoreError::Corrupt("updated_at is no time".to_owned()))?;
    Ok(Found { key, updated_at })
}
