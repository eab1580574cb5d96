//! Lists of orders: by state, and of all.
//!
//! The index of states holds keys alone, and a list reads the orders of its page. Not every table has the index: each
//! change of an order would write two entries of it. A list of a table without it reads the table.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use quittance_core::{Order, OrderKey, State, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::index::{BY_STATE, SHARDS, read_time};
use crate::item::PAGE;
use crate::table::{Item, Stored, Table, key_of, read_key, readable, text};

/// Longest hash key that DynamoDB has.
const MAX_KEY_BYTES: usize = 2_048;

/// Most orders on one page of a list: DynamoDB gives as many items in one read.
pub const MAX_PAGE: u32 = 100;

/// Most pages of a scan read to fill one page of a list. Those of 1,000 items hold about 5,000 orders with their names, and
/// take about a second.
const MAX_SCAN_PAGES: usize = 10;

/// The codes of what an engine answers to a query of an index that a table does not have, or that is being filled. `DynamoDB`
/// takes the first, which is that of any request that it does not understand; moto takes the second, which is that of a missing
/// table.
const NO_INDEX: [&str; 2] = ["ValidationException", "ResourceNotFoundException"];

/// What tells such an answer from others of the same code.
const NO_INDEX_WORD: &str = "index";

/// An order that a list found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The order.
    pub key: OrderKey,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Found {
    /// What was changed last comes first; of one second by the key.
    pub fn newest_first(a: &Self, b: &Self) -> Ordering {
        (b.updated_at, &a.key).cmp(&(a.updated_at, &b.key))
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it, newest first within a state.
    pub orders: Vec<T>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

/// The orders of one state that were changed last.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The state.
    pub state: State,
    /// The orders, newest first.
    pub orders: Vec<Found>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// Where a page of a list ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(Place);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// In the list of a state, before this sort key.
    Before(State, String),
    /// In the list of a state that is read from the table, behind this order.
    Within(State, String),
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
        let is_key = |key: &String| (1..=MAX_KEY_BYTES).contains(&key.len());
        let fits = match (&cursor.0, state) {
            (Place::Before(of, at), Some(state)) => *of == state && read_time(at).is_some(),
            // Also one of what lies beside the orders: a page may end there.
            (Place::Within(of, key), Some(state)) if *of == state => is_key(key),
            (Place::Behind(key), None) => is_key(key),
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
    /// One page of the orders in a state, or of all orders (in no order). With the index of states those that were changed
    /// last come first; without it those of the page do. What names the states may be older than an order: one on the page can
    /// have another state by now.
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

    /// One page of the keys of the orders in a state, in the order of [`Table::list`].
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`]; [`StoreError::StaleCursor`] where the index of states gave the cursor, and is gone.
    pub async fn updated(
        &self,
        state: State,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Found>, StoreError> {
        let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let before = match cursor {
            Some(Cursor(Place::Within(_, key))) => {
                return self.scanned(state, limit, Some(key_of(key))).await;
            }
            Some(Cursor(Place::Before(_, at))) => Some(at),
            Some(Cursor(Place::Behind(_))) | None => None,
        };
        let is_first = before.is_none();
        match self.indexed(state, limit, before).await? {
            Some(page) => Ok(page),
            None if is_first => self.scanned(state, limit, None).await,
            // Beginning anew would show the same orders again, and never come to an end.
            None => Err(StoreError::StaleCursor),
        }
    }

    /// The orders of each state that were changed last, newest first, at most [`MAX_PAGE`] of each. Without the index of states
    /// they are those of the first pages of the table, which are all of a table that is not large.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn newest(&self) -> Result<Vec<Newest>, StoreError> {
        let most = usize::try_from(MAX_PAGE).unwrap_or(usize::MAX);
        let indexed = State::ALL.map(|state| async move {
            let page = self.indexed(state, most, None).await?;
            let newest = |Page { orders, next }| Newest { state, orders, has_more: next.is_some() };
            Ok::<_, StoreError>(page.map(newest))
        });
        let indexed: Option<Vec<_>> = try_join_all(indexed).await?.into_iter().collect();
        match indexed {
            Some(newest) => Ok(newest),
            None => self.newest_scanned(most).await,
        }
    }

    /// One page of a state by the index; `None` where the table has none, or not yet.
    async fn indexed(
        &self,
        state: State,
        limit: usize,
        before: Option<String>,
    ) -> Result<Option<Page<Found>>, StoreError> {
        let shards = SHARDS.chars().map(|shard| Shard {
            hash_key: format!("{}#{shard}", state.as_str()),
            read: VecDeque::new(),
            rest: Some(Rest::Before(before.clone())),
        });
        let mut shards: Vec<Shard> = shards.collect();
        // Twice the even part: most lists are filled by one read of each shard.
        let at_once = limit.div_ceil(SHARDS.len()) * 2;
        // One alone tells whether there is an index: else each shard would be asked in vain.
        if let Some(first) = shards.first_mut()
            && !self.read_on(first, at_once).await?
        {
            return Ok(None);
        }
        let mut orders = Vec::new();
        let mut last = None;
        while orders.len() < limit {
            while shards.iter().any(Shard::is_to_be_read) {
                let unread = shards.iter_mut().filter(|shard| shard.is_to_be_read());
                let read = unread.map(|shard| self.read_on(shard, at_once));
                if !try_join_all(read).await?.into_iter().all(|is_there| is_there) {
                    return Ok(None);
                }
            }
            let newest = shards.iter_mut().max_by(|a, b| a.read.front().cmp(&b.read.front()));
            let Some((at, key)) = newest.and_then(|shard| shard.read.pop_front()) else {
                return Ok(Some(Page { orders, next: None }));
            };
            orders.push(found(key, read_time(&at))?);
            last = Some(at);
        }
        let more = shards.iter().any(|shard| !shard.read.is_empty() || shard.rest.is_some());
        let next = last.filter(|_| more).map(|at| Cursor(Place::Before(state, at)));
        Ok(Some(Page { orders, next }))
    }

    /// One page of a state without the index.
    async fn scanned(
        &self,
        state: State,
        limit: usize,
        mut start: Option<Item>,
    ) -> Result<Page<Found>, StoreError> {
        let mut orders = Vec::new();
        for _ in 0..MAX_SCAN_PAGES {
            let (read, next) = self.scan(start).await?;
            let of_state = read.into_iter().filter(|(found, _)| *found == state);
            let (left, before) = (limit - orders.len(), orders.len());
            orders.extend(of_state.map(|(_, found)| found).take(left));
            start = match orders.last() {
                // The page may have more of the state.
                Some(last) if orders.len() > before && orders.len() == limit => {
                    Some(key_of(last.key.to_string()))
                }
                _ => next,
            };
            if start.is_none() || orders.len() == limit {
                break;
            }
        }
        orders.sort_by(Found::newest_first);
        let next = start.as_ref().map(|key| text(key, "pk")).transpose()?;
        Ok(Page { orders, next: next.map(|key| Cursor(Place::Within(state, key.to_owned()))) })
    }

    async fn newest_scanned(&self, most: usize) -> Result<Vec<Newest>, StoreError> {
        let blank = |state| Newest { state, orders: Vec::new(), has_more: false };
        let mut newest = State::ALL.map(blank);
        let mut start = None;
        for _ in 0..MAX_SCAN_PAGES {
            let (read, next) = self.scan(start).await?;
            for (state, found) in read {
                if let Some(of_state) = newest.iter_mut().find(|newest| newest.state == state) {
                    of_state.orders.push(found);
                }
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        for of_state in &mut newest {
            let orders = &mut of_state.orders;
            orders.sort_by(Found::newest_first);
            of_state.has_more = start.is_some() || orders.len() > most;
            orders.truncate(most);
        }
        Ok(newest.into())
    }

    /// One page of the table: the orders on it with their states, and where the rest begins.
    async fn scan(
        &self,
        start: Option<Item>,
    ) -> Result<(Vec<(State, Found)>, Option<Item>), StoreError> {
        let reply = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("attribute_exists(#state)")
            .projection_expression("pk, #state, updated_at")
            .expression_attribute_names("#state", "state")
            .limit(PAGE)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("scan orders", &e))?;
        let read = reply.items().iter().filter_map(|item| readable(item, read_listed)).collect();
        Ok((read, reply.last_evaluated_key))
    }

    /// Reads the next orders of a shard. Whether the table has the index.
    async fn read_on(&self, shard: &mut Shard, limit: usize) -> Result<bool, StoreError> {
        let Some(rest) = shard.rest.take() else { return Ok(true) };
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
        let reply = match query.send().await {
            Ok(reply) => reply,
            Err(error) if says_no_index(&error) => return Ok(false),
            Err(error) => return Err(StoreError::unavailable("query orders by state", &error)),
        };
        let read = reply.items().iter().filter_map(|item| readable(item, read_entry));
        shard.read = read.map(|(at, found)| (at, found.key)).collect();
        shard.rest = reply.last_evaluated_key.map(Rest::Behind);
        Ok(true)
    }

    async fn list_all(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Order>, StoreError> {
        let wanted = usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let mut start = cursor.and_then(|Cursor(place)| match place {
            Place::Behind(key) => Some(key_of(key)),
            Place::Before(..) | Place::Within(..) => None,
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
            let read = |item: &Item| readable(item, |item| self.read_item(item));
            orders.extend(reply.items().iter().filter_map(read).map(|stored| stored.order));
            start = reply.last_evaluated_key;
            if start.is_none() || orders.len() >= wanted {
                break;
            }
        }
        let next = start.as_ref().map(|key| text(key, "pk")).transpose()?;
        Ok(Page { orders, next: next.map(|key| Cursor(Place::Behind(key.to_owned()))) })
    }

    /// Reads at most [`MAX_PAGE`] orders, in the order of their keys. What is only a name by now is left out, and what nobody can
    /// read.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn load_all(&self, keys: &[OrderKey]) -> Result<Vec<Order>, StoreError> {
        let items = self.batch(keys, false).await?;
        let read = items.iter().filter_map(|item| readable(item, |item| self.read_item(item)));
        let mut found: HashMap<OrderKey, Stored> =
            read.map(|stored| (stored.order.key().clone(), stored)).collect();
        let read = keys.iter().filter_map(|key| found.remove(key));
        Ok(read.filter(|stored| stored.joined.is_none()).map(|stored| stored.order).collect())
    }
}

/// Whether an engine says that a table does not have the index, or not yet.
pub(crate) fn says_no_index(error: &impl ProvideErrorMetadata) -> bool {
    error.code().is_some_and(|code| NO_INDEX.contains(&code))
        && error.message().is_some_and(|message| message.contains(NO_INDEX_WORD))
}

/// The sort key of an index's entry, and its order.
fn read_entry(item: &Item) -> Result<(String, Found), StoreError> {
    let at = text(item, "updated_at")?;
    Ok((at.to_owned(), found(read_key(text(item, "pk")?)?, read_time(at))?))
}

/// An order of the table, and its state.
fn read_listed(item: &Item) -> Result<(State, Found), StoreError> {
    let word = text(item, "state")?.split('#').next().unwrap_or_default();
    let state = State::from_word(word);
    let state = state.ok_or_else(|| StoreError::Corrupt(format!("{word} is no state")))?;
    Ok((state, read_entry(item)?.1))
}

fn found(key: OrderKey, at: Option<Timestamp>) -> Result<Found, StoreError> {
    let updated_at = at.ok_or_else(|| StoreError::Corrupt("a sort key has no time".to_owned()))?;
    Ok(Found { key, updated_at })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;

    use super::says_no_index;

    /// What refuses a list for another reason must not make it read the table.
    #[test]
    fn only_a_missing_index_is_one() {
        for (code, message, is_missing) in [
            ("ValidationException", "The table does not have the specified index: by_state", true),
            ("ValidationException", "Cannot read from backfilling global secondary index: x", true),
            ("ValidationException", "Query condition missed key schema element: state", false),
            ("ResourceNotFoundException", "Cannot do operations on a non-existent table", false),
            ("ResourceNotFoundException", "Invalid index: by_state for table: orders", true),
            ("InternalServerError", "The index is not there", false),
        ] {
            let error = ErrorMetadata::builder().code(code).message(message).build();
            assert_eq!(says_no_index(&error), is_missing, "{code}: {message}");
        }
    }
}
