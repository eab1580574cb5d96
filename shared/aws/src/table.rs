//! The order table: one item per order, written whole under the condition that nobody else wrote it.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | the order's key as text |
//! | `version` | counts the writes; the condition of the next one |
//! | `order` | facts, notifications and decisions as JSON |
//! | `summary` | the order as others see it, without notifications, for lists |
//! | `state`, `updated_at` | index of orders by state, newest last |
//! | `unsent` | present while the queue has to be told something: a sparse index |
//! | `unsent_since`, `trace` | beside it: since when, in milliseconds since 1970, and the trace of the notification |
//! | `joined` | present when this is only another name; the key of the order it names |
//! | `weak` | present when only what follows on a payment has claimed the name so far |
//! | `former` | the order that held what has been taken along here, while it may not have given it up |
//!
//! See [`quittance_core::claims`] for what becomes of names.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quittance_core::claims::{Astray, Item as Known, Items, Join};
use quittance_core::{Order, OrderKey, OrderView, Policy, State, Summary, Timestamp};

use crate::clock::{now, unix_millis};
use crate::error::{StoreError, written};
use crate::trace::Trace;

/// Index of orders by state.
pub const BY_STATE: &str = "by_state";

/// Sparse index of orders of which the queue has to be told something.
pub const BY_UNSENT: &str = "by_unsent";

/// Attribute with the order as others see it.
pub const SUMMARY: &str = "summary";

/// The value of `unsent`, the hash key of [`BY_UNSENT`].
const UNSENT: &str = "1";

/// Most orders on one page of a list: a page stays below DynamoDB's 1 MB also with long orders.
pub const MAX_PAGE: u32 = 100;

/// Most bytes of an order with its summary that take another notification, without what can be read in
/// more than one way (16 KiB at most). DynamoDB refuses an item above 400 KB; what is left is for marking
/// messages as sent.
const MAX_ORDER_BYTES: usize = 360 * 1024;

/// Most pages of a scan read to fill one page of a list without a state.
const MAX_SCAN_PAGES: usize = 10;

/// The order table.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

/// An order as it is stored, with what the next write must find unchanged.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The order, or an order without facts where nothing is stored.
    pub order: Order,
    /// `None` where nothing is stored.
    pub version: Option<u64>,
    /// The order that this item only names, if so.
    pub joined: Option<Join>,
    /// The order that held what has been taken along here, and may not have given it up yet.
    pub former: Option<OrderKey>,
    /// Whether the order has taken over something that is still to be stored with it.
    pub repaired: bool,
    /// What stands beside the mark that the queue has to be told something, while it is there.
    pub mark: Option<Mark>,
}

impl Stored {
    /// What the core knows of it, and what it does not.
    pub(crate) fn split(self) -> (Known, Option<Mark>) {
        let Self { order, version, joined, former, mark, .. } = self;
        (Known { order, version, join: joined, former }, mark)
    }

    /// The same, the other way round.
    pub(crate) fn of(item: Known, mark: Option<Mark>) -> Self {
        let Known { order, version, join, former } = item;
        Self { order, version, joined: join, former, repaired: false, mark }
    }
}

/// A name leads to more names than are ever written.
pub(crate) fn too_far(name: &OrderKey) -> StoreError {
    StoreError::Corrupt(format!("{name} is the name of a name"))
}

/// What stands beside the mark of an order of which the queue has to be told something. It says how the
/// decision came about and is not part of the order: a rebuilt one has another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// The trace of the notification that brought the decision.
    pub trace: Option<Trace>,
}

impl Mark {
    /// Of a decision that is taken now.
    pub fn now(trace: Option<Trace>) -> Self {
        Self { since: unix_millis(), trace }
    }

    /// How long ago that was.
    pub fn age(&self) -> Duration {
        Duration::from_millis(unix_millis().saturating_sub(self.since))
    }
}

/// An order about to be written, in the text in which it will be: folded and serialised once for all
/// that has to be known of it before.
#[derive(Debug)]
pub struct Draft<'a> {
    order: &'a Order,
    state: State,
    json: String,
    summary: String,
    updated_at: Timestamp,
    former: Option<&'a OrderKey>,
    mark: Option<Mark>,
}

impl<'a> Draft<'a> {
    /// `summary` is what the order's facts amount to under `policy`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the order has no JSON, which none has had.
    pub fn new(
        order: &'a Order,
        summary: Summary,
        policy: Policy,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let state = summary.state;
        let view = order.view_of(summary, policy, now).without_notifications();
        let summary = serde_json::to_string(&view)?;
        let json = serde_json::to_string(order)?;
        Ok(Self { order, state, json, summary, updated_at: now, former: None, mark: None })
    }

    /// With the order that may still have to give up what has been taken along here.
    pub fn after(self, former: Option<&'a OrderKey>) -> Self {
        Self { former, ..self }
    }

    /// With what stands beside the mark, should the queue have to be told something.
    pub fn marked(self, mark: Option<Mark>) -> Self {
        Self { mark, ..self }
    }

    /// Whether it is small enough to be stored. One that is not must not be sent again for ever. What can be
    /// read in more than one way has bytes of its own, and keeps nothing else out.
    pub fn fits(&self) -> bool {
        let bytes = self.json.len() + self.summary.len();
        bytes <= MAX_ORDER_BYTES
            || bytes - self.order.doubtful_bytes().min(bytes) <= MAX_ORDER_BYTES
    }
}

/// What became of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is durable.
    Done,
    /// Someone else wrote the item since it was read; nothing was changed.
    Conflict,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The orders, newest first within a state.
    pub orders: Vec<OrderView>,
    /// Where the next page starts; opaque.
    pub next: Option<String>,
}

/// One page of keys with the time of their last change.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The orders, newest first.
    pub orders: Vec<(OrderKey, Timestamp)>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
}

/// Not a cursor that a page of this list has given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct BadCursor;

impl Table {
    /// The table of this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Reads an item, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the item cannot be read; [`StoreError::Unavailable`] where the engine
    /// refuses or does not answer.
    pub async fn load(&self, key: &OrderKey) -> Result<Stored, StoreError> {
        let reply = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("get order", &e))?;
        match reply.item {
            Some(item) => read_item(&item),
            None => Ok(Stored {
                order: Order::new(key.clone()),
                version: None,
                joined: None,
                former: None,
                repaired: false,
                mark: None,
            }),
        }
    }

    /// Reads an order under any of its names. What is held under a name that the order does not list
    /// yet (we died between writing the name and the order) is taken over here, so that it is seen,
    /// sent and stored with the next write.
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`]; [`StoreError::Corrupt`] where more names lead on than are ever written.
    pub async fn load_order(&self, key: &OrderKey) -> Result<Stored, StoreError> {
        let (mut read, mut marks) = (Items::default(), HashMap::new());
        loop {
            let unread = match read.follow(key) {
                Ok(way) => {
                    let (order, repaired) = way.order();
                    let (version, former) = (way.end.version, way.end.former.clone());
                    // What stood beside the mark of a name belongs to a decision that is taken over.
                    let names = way.names.iter().rev().map(|name| &name.order.key);
                    let mark =
                        [&order.key].into_iter().chain(names).find_map(|key| marks.remove(key));
                    return Ok(Stored { order, version, joined: None, former, repaired, mark });
                }
                Err(Astray::Unread(key)) => key,
                Err(Astray::TooFar(name)) => return Err(too_far(&name)),
            };
            let (item, mark) = self.load(&unread).await?.split();
            marks.extend(mark.map(|mark| (unread, mark)));
            read.put(item);
        }
    }

    /// Writes an order if the item is still at `version`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer. A lost race is
    /// [`Saved::Conflict`].
    pub async fn save(&self, draft: Draft<'_>, version: Option<u64>) -> Result<Saved, StoreError> {
        let Draft { order, state, json, summary, updated_at, former, mark } = draft;
        let mut item = new_item(&order.key, version, json);
        // An order that has given up all that was known of it is in no list.
        if !order.is_blank() {
            item.insert("state".to_owned(), AttributeValue::S(state.as_str().to_owned()));
            item.insert("updated_at".to_owned(), AttributeValue::S(updated_at.to_string()));
            item.insert(SUMMARY.to_owned(), AttributeValue::S(summary));
        }
        if let Some(former) = former {
            item.insert("former".to_owned(), AttributeValue::S(former.to_string()));
        }
        if order.has_unsent() {
            mark_unsent(&mut item, mark);
        }
        self.put(item, version).await
    }

    /// Turns an item into another name, if it is still at `version`. What was known under the name
    /// stays in the item, with its mark when the queue has not been told of it, so that taking it over
    /// can be repeated after a crash.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save`].
    pub async fn join(&self, stored: &Stored, join: &Join) -> Result<Saved, StoreError> {
        let json = serde_json::to_string(&stored.order)?;
        let mut item = new_item(&stored.order.key, stored.version, json);
        item.insert("joined".to_owned(), AttributeValue::S(join.home.to_string()));
        if join.weak {
            item.insert("weak".to_owned(), AttributeValue::Bool(true));
        }
        if let Some(former) = &stored.former {
            item.insert("former".to_owned(), AttributeValue::S(former.to_string()));
        }
        if stored.order.has_unsent() {
            mark_unsent(&mut item, stored.mark.clone());
            item.insert("updated_at".to_owned(), AttributeValue::S(now().to_string()));
        }
        self.put(item, stored.version).await
    }

    /// One page of the orders in a state (newest first), or of all orders (in no order).
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`], for any item of the page.
    pub async fn list(
        &self,
        state: Option<State>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page, StoreError> {
        match state {
            Some(state) => self.list_state(state, limit, cursor).await,
            None => self.list_all(limit, cursor).await,
        }
    }

    /// One page of the keys of the orders in a state with the time of their last change, newest first.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn updated(
        &self,
        state: State,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Updated, StoreError> {
        let reply = self.query_state(state, limit, cursor).await?;
        let orders = reply.items().iter().map(read_updated).collect::<Result<_, _>>()?;
        Ok(Updated { orders, next: reply.last_evaluated_key.map(Cursor) })
    }

    /// Keys of orders of which the queue has to be told something, with the time of their last change, oldest
    /// first.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn unsent(&self) -> Result<Vec<(OrderKey, Timestamp)>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_UNSENT)
            .key_condition_expression("unsent = :unsent")
            .expression_attribute_values(":unsent", AttributeValue::S(UNSENT.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut keys = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| StoreError::unavailable("query unsent orders", &e))?;
            keys.push(read_updated(&item)?);
        }
        Ok(keys)
    }

    /// Every item with its key, names included, a page at a time. One that cannot be read does not hide
    /// the others.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer, and the errors of `page`.
    pub async fn each(
        &self,
        mut page: impl AsyncFnMut(Vec<(String, Result<Stored, StoreError>)>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let scan = self.client.scan().table_name(&self.name).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        while let Some(found) = pages.next().await {
            let found = found.map_err(|e| StoreError::unavailable("scan orders", &e))?;
            let read = |item: &Item| Ok((text(item, "pk")?.to_owned(), read_item(item)));
            page(found.items().iter().map(read).collect::<Result<_, StoreError>>()?).await?;
        }
        Ok(())
    }

    async fn list_state(
        &self,
        state: State,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page, StoreError> {
        let reply = self.query_state(state, limit, cursor).await?;
        let orders = reply.items().iter().map(read_summary).collect::<Result<_, _>>()?;
        Ok(Page { orders, next: reply.last_evaluated_key.as_ref().map(Cursor::text) })
    }

    async fn query_state(
        &self,
        state: State,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<QueryOutput, StoreError> {
        self.client
            .query()
            .table_name(&self.name)
            .index_name(BY_STATE)
            .key_condition_expression("#state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", AttributeValue::S(state.as_str().to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit.min(MAX_PAGE)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(cursor.map(|cursor| cursor.0))
            .send()
            .await
            .map_err(|e| StoreError::unavailable("query orders by state", &e))
    }

    async fn list_all(&self, limit: u32, cursor: Option<Cursor>) -> Result<Page, StoreError> {
        let wanted = usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX);
        let mut start = cursor.map(|cursor| cursor.0);
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
                orders.push(read_summary(item)?);
            }
            start = reply.last_evaluated_key;
            if start.is_none() || orders.len() >= wanted {
                break;
            }
        }
        Ok(Page { orders, next: start.as_ref().map(Cursor::text) })
    }

    async fn put(&self, item: Item, version: Option<u64>) -> Result<Saved, StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = match version {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        let saved = written("put order", put.send().await)?;
        Ok(if saved { Saved::Done } else { Saved::Conflict })
    }
}

type Item = HashMap<String, AttributeValue>;

/// What every item has: key, version, and the order as JSON.
fn new_item(key: &OrderKey, version: Option<u64>, order: String) -> Item {
    let next = version.map_or(1, |version| version + 1);
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.to_string())),
        ("version".to_owned(), AttributeValue::N(next.to_string())),
        ("order".to_owned(), AttributeValue::S(order)),
    ])
}

/// Marks an item of which the queue has to be told something.
fn mark_unsent(item: &mut Item, mark: Option<Mark>) {
    let Mark { since, trace } = mark.unwrap_or_else(|| Mark::now(None));
    item.insert("unsent".to_owned(), AttributeValue::S(UNSENT.to_owned()));
    item.insert("unsent_since".to_owned(), AttributeValue::N(since.to_string()));
    if let Some(trace) = trace {
        item.insert("trace".to_owned(), AttributeValue::S(trace.to_string()));
    }
}

/// Where a page of a list ended.
#[derive(Clone, Debug)]
pub struct Cursor(Item);

impl Cursor {
    /// Reads a cursor that a page of this list has given out. One of another list, or made up, would
    /// be refused by the engine, and that would look like a failure of ours.
    ///
    /// # Errors
    ///
    /// [`BadCursor`] where the text is no cursor of this list.
    pub fn parse(text: &str, state: Option<State>) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let pairs: HashMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|_| BadCursor)?;
        let get = |name: &str| pairs.get(name).map(String::as_str);
        let indexed = state.is_some();
        let fits = pairs.len() == if indexed { 3 } else { 1 }
            && get("pk").is_some_and(|key| read_key(key).is_ok())
            && get("state") == state.map(State::as_str)
            && get("updated_at").is_some_and(|at| Timestamp::parse(at).is_some()) == indexed;
        if !fits {
            return Err(BadCursor);
        }
        Ok(Self(pairs.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect()))
    }

    fn text(key: &Item) -> String {
        let pairs: HashMap<&str, &str> = key
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_s().ok()?.as_str())))
            .collect();
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&pairs).unwrap_or_default())
    }
}

fn read_item(item: &Item) -> Result<Stored, StoreError> {
    let order: Order = serde_json::from_str(text(item, "order")?)
        .map_err(|error| StoreError::Corrupt(format!("order: {error}")))?;
    let version = item.get("version").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let version = version.ok_or_else(|| StoreError::Corrupt("version missing".to_owned()))?;
    let key = |name: &str| {
        let key = item.get(name).and_then(|v| v.as_s().ok());
        key.map(|key| read_key(key)).transpose()
    };
    let (weak, former) = (item.contains_key("weak"), key("former")?);
    let joined = key("joined")?.map(|home| Join { home, weak });
    let since = item.get("unsent_since").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let trace = item.get("trace").and_then(|v| v.as_s().ok()).and_then(|t| t.parse().ok());
    let mark = since.map(|since| Mark { since, trace });
    Ok(Stored { order, version: Some(version), joined, former, repaired: false, mark })
}

fn read_summary(item: &Item) -> Result<OrderView, StoreError> {
    serde_json::from_str(text(item, SUMMARY)?)
        .map_err(|error| StoreError::Corrupt(format!("summary: {error}")))
}

/// The key of an index's entry, and when its order was changed last.
fn read_updated(item: &Item) -> Result<(OrderKey, Timestamp), StoreError> {
    let at = Timestamp::parse(text(item, "updated_at")?);
    let at = at.ok_or_else(|| StoreError::Corrupt("updated_at is no time".to_owned()))?;
    Ok((read_key(text(item, "pk")?)?, at))
}

fn read_key(text: &str) -> Result<OrderKey, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("{text} is not an order's key")))
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreError::Corrupt(format!("{name} missing")))
}
