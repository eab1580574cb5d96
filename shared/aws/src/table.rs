//! The order table: one item per order, written whole under the condition that nobody else wrote it.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | the order's key as text |
//! | `version` | counts the writes; the condition of the next one |
//! | `order` | what was told and decided, in the encoding of [`quittance_core::stored`] |
//! | `state`, `updated_at` | for an index of orders by state, newest last; see [`crate::index`] |
//! | `due`, `due_at` | present while something is to be done: a sparse index of what, and when |
//! | `unsent_since`, `trace` | present while the order has unsent messages: since when, in milliseconds since 1970, and the trace of the notification |
//! | `asked` | how often the provider was asked since the last news; absent for never |
//! | `ended_at` | beside it: since when the provider says that the payment session has ended, with no news since |
//! | `joined` | present when this is only another name; the key of the order it names |
//! | `weak` | present when only what follows on a payment has claimed the name so far |
//! | `former` | the order that held what has been taken along here, while it may not have given it up |
//!
//! State and sums are not stored: they are computed from the facts when an order is read.
//!
//! Beside the orders are their desks: see [`crate::desks`].
//!
//! See [`quittance_core::claims`] for what becomes of names.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use quittance_core::claims::{Alias, Astray, Item as Known, Items};
use quittance_core::{Order, OrderKey, Providers, State, Summary, Timestamp, stored};

use crate::clock::{now, unix_millis};
use crate::error::{StoreError, written};
use crate::index::{Entry, IndexPlace, Task};
use crate::item::PAGE;
use crate::trace::Trace;

/// Most bytes of an order that takes another notification, without what can be read in more than one way (8 KiB
/// at most). DynamoDB refuses an item above 400 KB; what is left is for marking messages as sent.
const MAX_ORDER_BYTES: usize = 360 * 1024;

/// Most keys that DynamoDB takes in one read.
const BATCH: usize = 100;

/// How many reads of several keys there are at most, with those of what was left out, before the table counts as busy.
const MAX_READS: usize = 4;

/// The order table.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    providers: Providers,
}

/// An order as it is stored, with what the next write must find unchanged.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The order, or an order without facts where nothing is stored.
    pub order: Order,
    /// `None` where nothing is stored.
    pub version: Option<u64>,
    /// The order that this item only names, if so.
    pub joined: Option<Alias>,
    /// The order from which facts were moved here, while that order may still hold them.
    pub former: Option<OrderKey>,
    /// Whether the order includes facts of an alias that are not stored in the order yet.
    pub repaired: bool,
    /// The marker of unsent messages, while there are any.
    pub mark: Option<UnsentMarker>,
    /// Where the item stands in the index of what is due.
    pub entry: Option<Entry>,
    /// How often the provider was asked about the order since the last news of it.
    pub asked: u32,
    /// Since when the provider says that the payment session has ended, without more to come.
    pub ended_at: Option<Timestamp>,
}

impl Stored {
    /// The part that the core uses, and the marker.
    pub(crate) fn split(self) -> (Known, Option<UnsentMarker>) {
        let Self { order, version, joined, former, mark, .. } = self;
        (Known { order, version, join: joined, former }, mark)
    }

    /// Joins the parts that [`Stored::split`] separates.
    pub(crate) fn of(item: Known, mark: Option<UnsentMarker>) -> Self {
        let Known { order, version, join, former } = item;
        Self {
            order,
            version,
            joined: join,
            former,
            repaired: false,
            mark,
            entry: None,
            asked: 0,
            ended_at: None,
        }
    }
}

/// The error for an alias that points to an alias.
pub(crate) fn too_far(name: &OrderKey) -> StoreError {
    StoreError::Corrupt(format!("{name} is an alias of an alias"))
}

/// Of an order with unsent messages: when the decision was stored, and the trace of the notification that caused
/// it. Not part of the order, so `rebuild` ignores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsentMarker {
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// The trace of the notification that brought the decision.
    pub trace: Option<Trace>,
}

impl UnsentMarker {
    /// The marker of a decision that is made now.
    pub fn now(trace: Option<Trace>) -> Self {
        Self { since: unix_millis(), trace }
    }

    /// How long ago that was.
    pub fn age(&self) -> Duration {
        Duration::from_millis(unix_millis().saturating_sub(self.since))
    }
}

/// An order that is about to be written. The order is encoded once: the size check and the write use the same bytes.
#[derive(Debug)]
pub struct PendingWrite<'a> {
    order: &'a Order,
    state: State,
    entry: Option<Entry>,
    bytes: Vec<u8>,
    updated_at: Timestamp,
    former: Option<&'a OrderKey>,
    mark: Option<UnsentMarker>,
}

impl<'a> PendingWrite<'a> {
    /// Encodes the order, whose facts add up to `summary`. There is news of it: the provider was not asked since.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the order has no encoding, which none has had.
    pub fn new(order: &'a Order, summary: &Summary, now: Timestamp) -> Result<Self, StoreError> {
        let bytes = encode(order)?;
        let entry = next_ask(order, summary, now);
        let state = summary.state;
        Ok(Self { order, state, entry, bytes, updated_at: now, former: None, mark: None })
    }

    /// Sets where the order stands in the index of what is due, as it was read.
    pub fn standing(self, before: Option<Entry>) -> Self {
        let entry = self.entry.map(|entry| entry.instead_of(before, self.updated_at));
        Self { entry, ..self }
    }

    /// Sets the order from which facts were moved here, while that order may still hold them.
    pub fn after(self, former: Option<&'a OrderKey>) -> Self {
        Self { former, ..self }
    }

    /// Sets the marker, which is written only where the order has unsent messages.
    pub fn marked(self, mark: Option<UnsentMarker>) -> Self {
        Self { mark, ..self }
    }

    /// Whether the order is small enough to be stored. A notification that makes an order too large goes to
    /// quarantine, because a retry cannot help. Doubtful statements have a budget of bytes of their own.
    pub fn fits(&self) -> bool {
        let bytes = self.bytes.len();
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

impl Table {
    /// The table of this name, with the orders of these providers.
    pub fn new(client: Client, name: impl Into<String>, providers: Providers) -> Self {
        Self { client, name: name.into(), providers }
    }

    /// The providers whose orders it holds.
    pub fn providers(&self) -> Providers {
        self.providers
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
            Some(item) => self.read_item(&item),
            None => Ok(Stored::of(Known::new(key.clone()), None)),
        }
    }

    /// Reads the items of these keys, which all differ, in one round trip. Each is strongly consistent, and they are read in no
    /// order: what is written meanwhile may show in one and not in another.
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`].
    pub async fn load_each(&self, keys: &[OrderKey]) -> Result<Vec<Stored>, StoreError> {
        // The smaller call of the two.
        if let [key] = keys {
            return Ok(vec![self.load(key).await?]);
        }
        let mut found = HashMap::new();
        for item in self.batch(keys, true).await? {
            let stored = self.read_item(&item)?;
            found.insert(stored.order.key().clone(), stored);
        }
        let blank = |key: &OrderKey| Stored::of(Known::new(key.clone()), None);
        Ok(keys.iter().map(|key| found.remove(key).unwrap_or_else(|| blank(key))).collect())
    }

    /// The items under these keys, in no order.
    pub(crate) async fn batch(
        &self,
        keys: &[OrderKey],
        is_consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        let mut wanted: Vec<Item> = keys.iter().map(|key| key_of(key.to_string())).collect();
        let mut reads = 0;
        while !wanted.is_empty() {
            if reads == MAX_READS {
                let why = "the table returned only a part of what was read".to_owned();
                return Err(StoreError::Unavailable { what: "get orders", why });
            }
            reads += 1;
            let later = wanted.split_off(wanted.len().min(BATCH));
            let request = KeysAndAttributes::builder().set_keys(Some(wanted));
            let request = request.consistent_read(is_consistent).build();
            let request = request.map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let reply = self.client.batch_get_item().request_items(&self.name, request);
            let reply = reply.send().await;
            let reply = reply.map_err(|e| StoreError::unavailable("get orders", &e))?;
            found.extend(reply.responses.into_iter().flatten().flat_map(|(_, items)| items));
            let left = reply.unprocessed_keys.into_iter().flatten();
            wanted = left.flat_map(|(_, left)| left.keys).chain(later).collect();
        }
        Ok(found)
    }

    /// Reads an order under any of its names. What is held under a name that the order does not list
    /// yet (we died between writing the name and the order) is taken over here, so that it is seen,
    /// sent and stored with the next write.
    ///
    /// # Errors
    ///
    /// Those of [`Table::load`]; [`StoreError::Corrupt`] where more names lead on than are ever written.
    pub async fn load_order(&self, key: &OrderKey) -> Result<Stored, StoreError> {
        let (mut read, mut marks, mut asked) = (Items::default(), HashMap::new(), HashMap::new());
        loop {
            let unread = match read.follow(key) {
                Ok(way) => {
                    let (order, repaired) = way.order();
                    let (version, former) = (way.end.version, way.end.former.clone());
                    let (asked, ended_at, entry) =
                        asked.get(order.key()).copied().unwrap_or_default();
                    // What stood beside the mark of a name belongs to a decision that is taken over.
                    let names = way.names.iter().rev().map(|name| name.order.key());
                    let mark =
                        [order.key()].into_iter().chain(names).find_map(|key| marks.remove(key));
                    return Ok(Stored {
                        order,
                        version,
                        joined: None,
                        former,
                        repaired,
                        mark,
                        entry,
                        asked,
                        ended_at,
                    });
                }
                Err(Astray::Unread(key)) => key,
                Err(Astray::TooFar(name)) => return Err(too_far(&name)),
            };
            let stored = self.load(&unread).await?;
            asked.insert(unread.clone(), (stored.asked, stored.ended_at, stored.entry));
            let (item, mark) = stored.split();
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
    pub async fn save(
        &self,
        draft: PendingWrite<'_>,
        version: Option<u64>,
    ) -> Result<Saved, StoreError> {
        let PendingWrite { order, state, entry, bytes, updated_at: at, former, mark } = draft;
        let mut item = new_item(order.key(), version, bytes);
        let place = IndexPlace::of(order.key());
        // An order that has given up all that was known of it is in no list.
        if !order.is_blank() {
            let state = format!("{}#{}", state.as_str(), place.shard());
            item.insert("state".to_owned(), AttributeValue::S(state));
            item.insert("updated_at".to_owned(), AttributeValue::S(place.updated_at(at)));
            if let Some(entry) = entry {
                enter(&mut item, &place, entry);
            }
        }
        if let Some(former) = former {
            item.insert("former".to_owned(), AttributeValue::S(former.to_string()));
        }
        if order.has_unsent() {
            mark_unsent(&mut item, &place, mark, at);
        }
        self.put(item, version).await
    }

    /// Writes that the queue was told all of an order, if the item is still at `version`, and when the provider is asked about
    /// the order, if at all. Nothing else of the order has changed since, so where it stands among the orders of its
    /// state stays, and costs nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save`].
    pub async fn mark_told(
        &self,
        order: &Order,
        version: u64,
        next: Option<Entry>,
    ) -> Result<Saved, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(order.key().to_string()))
            .condition_expression("version = :version")
            // A word of DynamoDB's own.
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", AttributeValue::B(Blob::new(encode(order)?)))
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .expression_attribute_values(":next", AttributeValue::N((version + 1).to_string()));
        let update = match next {
            Some(entry) => {
                let place = IndexPlace::of(order.key());
                update
                    .update_expression(
                        "SET #order = :order, version = :next, due = :due, due_at = :at \
                         REMOVE unsent_since, trace",
                    )
                    .expression_attribute_values(":due", AttributeValue::S(place.shard()))
                    .expression_attribute_values(":at", AttributeValue::S(place.due_at(entry)))
            }
            None => update.update_expression(
                "SET #order = :order, version = :next REMOVE due, due_at, unsent_since, trace",
            ),
        };
        updated("mark order", update.send().await)
    }

    /// Turns an item into another name, if it is still at `version`. What was known under the name
    /// stays in the item, with its mark when the queue has not been told of it, so that taking it over
    /// can be repeated after a crash.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save`].
    pub async fn join(&self, stored: &Stored, join: &Alias) -> Result<Saved, StoreError> {
        let key = stored.order.key();
        let mut item = new_item(key, stored.version, encode(&stored.order)?);
        item.insert("joined".to_owned(), AttributeValue::S(join.home.to_string()));
        if join.weak {
            item.insert("weak".to_owned(), AttributeValue::Bool(true));
        }
        if let Some(former) = &stored.former {
            item.insert("former".to_owned(), AttributeValue::S(former.to_string()));
        }
        if stored.order.has_unsent() {
            mark_unsent(&mut item, &IndexPlace::of(key), stored.mark.clone(), now());
        }
        self.put(item, stored.version).await
    }

    /// Sets when the provider is to be asked about an order again, who was asked so often without news and may have
    /// said that the session has ended, if the item is still at `version` and the queue knows all of the order. `None`:
    /// never again. What the order holds is not written.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save`]. A lost race is no error: whoever wrote the order, or is about to mark it, sets the time anew.
    pub async fn reschedule(
        &self,
        key: &OrderKey,
        version: u64,
        next: Option<Entry>,
        asked: u32,
        ended_at: Option<Timestamp>,
    ) -> Result<Saved, StoreError> {
        let place = IndexPlace::of(key);
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.to_string()))
            .condition_expression("version = :version AND attribute_not_exists(unsent_since)")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        let update = match (next, ended_at) {
            (None, _) => update.update_expression("REMOVE due, due_at, asked, ended_at"),
            (Some(entry), ended_at) => {
                let update = update
                    .expression_attribute_values(":due", AttributeValue::S(place.shard()))
                    .expression_attribute_values(":at", AttributeValue::S(place.due_at(entry)))
                    .expression_attribute_values(":asked", AttributeValue::N(asked.to_string()));
                match ended_at {
                    None => update.update_expression(
                        "SET due = :due, due_at = :at, asked = :asked REMOVE ended_at",
                    ),
                    Some(at) => update
                        .update_expression(
                            "SET due = :due, due_at = :at, asked = :asked, ended_at = :ended",
                        )
                        .expression_attribute_values(":ended", AttributeValue::S(at.to_string())),
                }
            }
        };
        updated("reschedule order", update.send().await)
    }

    /// Puts off when the provider is to be asked about an order about which it is to be asked at all.
    ///
    /// # Errors
    ///
    /// Those of [`Table::save`].
    pub async fn postpone(&self, key: &OrderKey, due: Timestamp) -> Result<Saved, StoreError> {
        // Under whichever of the two the order stands.
        let saved = self.put_off(key, Entry { task: Task::Ask, at: due }).await?;
        if saved == Saved::Done {
            return Ok(saved);
        }
        self.put_off(key, Entry { task: Task::Voucher, at: due }).await
    }

    async fn put_off(&self, key: &OrderKey, entry: Entry) -> Result<Saved, StoreError> {
        let at = IndexPlace::of(key).due_at(entry);
        let (before, _) = entry.task.range(None);
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.to_string()))
            .condition_expression("begins_with(due_at, :before)")
            .update_expression("SET due_at = :at")
            .expression_attribute_values(":before", AttributeValue::S(before))
            .expression_attribute_values(":at", AttributeValue::S(at));
        updated("put an order off", update.send().await)
    }

    /// Every order's item with its key, names included, a page at a time. One that cannot be read does not hide
    /// the others.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer, and the errors of `page`.
    pub async fn each(
        &self,
        mut page: impl AsyncFnMut(Vec<(String, Result<Stored, StoreError>)>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let scan = self.client.scan().table_name(&self.name).limit(PAGE).consistent_read(true);
        // Desks are no orders.
        let scan = scan
            .filter_expression("attribute_exists(#order)")
            .expression_attribute_names("#order", "order");
        let mut pages = scan.into_paginator().send();
        while let Some(found) = pages.next().await {
            let found = found.map_err(|e| StoreError::unavailable("scan orders", &e))?;
            let read = |item: &Item| Ok((text(item, "pk")?.to_owned(), self.read_item(item)));
            page(found.items().iter().map(read).collect::<Result<_, StoreError>>()?).await?;
        }
        Ok(())
    }

    pub(crate) fn read_item(&self, item: &Item) -> Result<Stored, StoreError> {
        read_item(item, self.providers)
    }

    pub(crate) async fn put(&self, item: Item, version: Option<u64>) -> Result<Saved, StoreError> {
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

/// What became of a conditional update.
pub(crate) fn updated(
    what: &'static str,
    result: Result<UpdateItemOutput, SdkError<UpdateItemError>>,
) -> Result<Saved, StoreError> {
    let lost = UpdateItemError::is_conditional_check_failed_exception;
    match result {
        Ok(_) => Ok(Saved::Done),
        Err(error) if error.as_service_error().is_some_and(lost) => Ok(Saved::Conflict),
        Err(error) => Err(StoreError::unavailable(what, &error)),
    }
}

pub(crate) type Item = HashMap<String, AttributeValue>;

fn encode(order: &Order) -> Result<Vec<u8>, StoreError> {
    stored::encode(order).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// What every item has: key, version, and the order.
fn new_item(key: &OrderKey, version: Option<u64>, order: Vec<u8>) -> Item {
    let next = version.map_or(1, |version| version + 1);
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.to_string())),
        ("version".to_owned(), AttributeValue::N(next.to_string())),
        ("order".to_owned(), AttributeValue::B(Blob::new(order))),
    ])
}

/// Enters an item into the index of what is due, in place of what it stands under.
pub(crate) fn enter(item: &mut Item, place: &IndexPlace, entry: Entry) {
    item.insert("due".to_owned(), AttributeValue::S(place.shard()));
    item.insert("due_at".to_owned(), AttributeValue::S(place.due_at(entry)));
}

/// When the provider is asked about an order of which there is news.
pub(crate) fn next_ask(order: &Order, summary: &Summary, now: Timestamp) -> Option<Entry> {
    order.next_ask(summary, 0, now).map(|at| Entry::ask(order, summary, at, now))
}

/// Marks an item of which the queue has to be told something.
fn mark_unsent(item: &mut Item, place: &IndexPlace, mark: Option<UnsentMarker>, at: Timestamp) {
    let UnsentMarker { since, trace } = mark.unwrap_or_else(|| UnsentMarker::now(None));
    enter(item, place, Entry { task: Task::Tell, at });
    item.insert("unsent_since".to_owned(), AttributeValue::N(since.to_string()));
    if let Some(trace) = trace {
        item.insert("trace".to_owned(), AttributeValue::S(trace.to_string()));
    }
}

fn read_item(item: &Item, providers: Providers) -> Result<Stored, StoreError> {
    let bytes = item.get("order").and_then(|value| value.as_b().ok());
    let bytes = bytes.ok_or_else(|| StoreError::Corrupt("order missing".to_owned()))?;
    let order = stored::decode(bytes.as_ref(), read_key(text(item, "pk")?)?, providers)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let version = item.get("version").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let version = version.ok_or_else(|| StoreError::Corrupt("version missing".to_owned()))?;
    let key = |name: &str| {
        let key = item.get(name).and_then(|v| v.as_s().ok());
        key.map(|key| read_key(key)).transpose()
    };
    let (weak, former) = (item.contains_key("weak"), key("former")?);
    let joined = key("joined")?.map(|home| Alias { home, weak });
    let since = item.get("unsent_since").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let trace = item.get("trace").and_then(|v| v.as_s().ok()).and_then(|t| t.parse().ok());
    let mark = since.map(|since| UnsentMarker { since, trace });
    let entry = item.get("due_at").and_then(|v| v.as_s().ok()).and_then(|at| Entry::read(at));
    let asked = item.get("asked").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let asked = asked.unwrap_or(0);
    let ended_at = item.get("ended_at").and_then(|v| v.as_s().ok());
    let ended_at = ended_at.and_then(|text| Timestamp::parse(text));
    Ok(Stored {
        order,
        version: Some(version),
        joined,
        former,
        repaired: false,
        mark,
        entry,
        asked,
        ended_at,
    })
}

/// The key of an item.
pub(crate) fn key_of(key: String) -> Item {
    HashMap::from([("pk".to_owned(), AttributeValue::S(key))])
}

pub(crate) fn read_key(text: &str) -> Result<OrderKey, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("{text} is not an order's key")))
}

/// What an item says, where that can be read. An item that nobody can read hides none of the others, and the log has it.
pub(crate) fn readable<T>(
    item: &Item,
    read: impl FnOnce(&Item) -> Result<T, StoreError>,
) -> Option<T> {
    read(item)
        .inspect_err(|error| {
            let pk = text(item, "pk").unwrap_or_default();
            tracing::error!(order = pk, %error, "item left out");
        })
        .ok()
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreError::Corrupt(format!("{name} missing")))
}
