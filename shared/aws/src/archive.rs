//! Raw notifications as they came, beside them what providers answered and what was registered, so that every order can be
//! rebuilt, and the quarantine for what nobody could read.
//!
//! | `pk` | `sk` | lives |
//! |---|---|---|
//! | the order's key | arrival in nanoseconds and digest: a replay keeps the order. `kind` tells a supplement, see [`supplement`] | as configured |
//! | `untracked/<psp>` | arrival and digest | as configured |
//! | `quarantine/<psp>` | digest of the signed content: one item each | until a person decides |
//! | `quarantine/rooms/<psp>` | merchant and kind: what is in quarantine of them, see [`crate::room`] | for ever |
//! | the order's key | `erased/` and a time: which digests were deleted on request | for ever |

pub mod supplement;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::io::Read;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_core::{Content, OrderKey, ProviderId, Signed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::sortable_nanos;
use crate::error::{StoreError, written};
use crate::item::{Item, PAGE, text};
use crate::measure::{self, Event};
use crate::room::{Bound, Rooms};

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// How the sort key of a note about an erasure begins. Those of notifications begin with a digit.
const ERASED: &str = "erased/";

/// How the partitions begin in which nothing is to be replayed.
const QUARANTINE: &str = "quarantine/";

/// What precedes the provider in the partition of what is not tracked.
const UNTRACKED: &str = "untracked/";

/// The attribute that tells supplements from notifications.
const KIND: &str = "kind";

/// What a list of places needs of each item.
const PLACE: &str = "pk, sk, sha256, received_at, erased, kind";

/// The archive.
#[derive(Clone, Debug)]
pub struct Archive {
    client: Client,
    name: String,
    retention_days: Option<u32>,
    bound: Bound,
}

/// A notification as it came.
#[derive(Clone, Debug)]
pub struct IncomingNotification<'a> {
    /// Who sent it.
    pub psp: ProviderId,
    /// What its signature covers.
    pub signed: &'a dyn Signed,
    /// The body, unmodified.
    pub body: &'a [u8],
    /// SHA-256 of the body, lowercase hex.
    pub sha256: &'a str,
    /// The headers that a later verification needs.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What is known of a notification in quarantine, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Who sent it.
    pub psp: ProviderId,
    /// SHA-256 of the body that came first, lowercase hex.
    pub sha256: String,
    /// Digest of what was signed, lowercase hex. Other bodies with the same are not kept beside it.
    pub content: String,
    /// Whose room it takes, see [`Content::room`].
    pub room: String,
    /// Why nobody could read it.
    pub reason: String,
    /// When it first came.
    pub received_at: String,
}

/// Where a notification or a supplement is kept, without its contents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchiveKey {
    /// Sorts by arrival, except in quarantine.
    pub sort: String,
    /// The key of the order for which it was kept, or what else the module's table says.
    pub partition: String,
    /// SHA-256 of the body, lowercase hex; empty for an amount that was registered.
    pub sha256: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// A notification out of the archive.
#[derive(Clone)]
pub struct ArchivedNotification {
    /// Who sent it.
    pub psp: ProviderId,
    /// The body, unmodified: it holds personal data.
    pub body: Vec<u8>,
    /// SHA-256 of the body as it came, lowercase hex.
    pub sha256: String,
    /// The headers that a verification needs.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it is in quarantine, if so.
    pub reason: Option<String>,
}

/// A notification out of the archive, and where it is kept.
pub type Kept = Result<(ArchiveKey, ArchivedNotification), StoreError>;

/// A page of the archive as it came. Reading it takes longer than fetching it, and may be done elsewhere meanwhile.
#[derive(Debug)]
pub struct ArchivePage(Vec<Item>);

impl ArchivePage {
    /// How many items it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The notifications in it. An item that is not as it was written is its error; what was erased is left out.
    pub fn kept(&self) -> impl Iterator<Item = Kept> {
        let notifications = self.0.iter().filter(|item| !is_erasure(item) && !is_supplement(item));
        notifications.map(|item| {
            let place = ArchiveKey::of(item)?;
            let notification = ArchivedNotification::of(&place, item)?;
            Ok((place, notification))
        })
    }
}

/// What a part of the archive holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The notifications, in the order of their arrival.
    pub places: Vec<ArchiveKey>,
    /// What providers answered and what was registered, in that order.
    pub supplements: Vec<ArchiveKey>,
    /// SHA-256 of the bodies that were deleted on request.
    pub erased: BTreeSet<String>,
    /// Items that are not as they are written here: partition and sort key.
    pub unreadable: Vec<String>,
}

/// A range of arrival times, in all partitions.
#[derive(Clone, Debug, Default)]
pub struct ArchiveFilter {
    /// None that came earlier.
    pub from: Option<Timestamp>,
    /// None that came at that time or later.
    pub to: Option<Timestamp>,
}

impl Archive {
    /// The archive in the table of this name; without retention only the quarantine is kept.
    pub fn new(client: Client, name: impl Into<String>, retention_days: Option<u32>) -> Self {
        Self { client, name: name.into(), retention_days, bound: Bound::default() }
    }

    /// The same with another bound for each room of the quarantine.
    pub fn bounded(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    /// The same, keeping nothing but the quarantine.
    pub fn without_retention(&self) -> Self {
        Self { retention_days: None, ..self.clone() }
    }

    /// Keeps a notification about an order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn keep(
        &self,
        key: &OrderKey,
        raw: &IncomingNotification<'_>,
    ) -> Result<(), StoreError> {
        self.keep_as(&key.to_string(), raw).await
    }

    /// Keeps a notification about something that is not tracked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn keep_untracked(&self, raw: &IncomingNotification<'_>) -> Result<(), StoreError> {
        self.keep_as(&format!("{UNTRACKED}{}", raw.psp), raw).await
    }

    /// Puts a notification into quarantine, whatever the retention. What was signed is kept once, as it first
    /// came, and may be repeated at any time; what is new is refused where its room is full. What was signed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] where the room has no place for it; [`StoreError::Unavailable`] where the engine
    /// refuses or does not answer.
    pub async fn quarantine(
        &self,
        raw: &IncomingNotification<'_>,
        reason: &str,
    ) -> Result<Content, StoreError> {
        let content = raw.signed.content();
        let body = deflated(raw.body)?;
        let bytes = body.len() as u64;
        let room = self.rooms().of(&content).await?;
        let known = room.has(&content.digest);
        if !known && !room.takes(bytes, self.bound) {
            measure::count(Event::QuarantineRefused);
            measure::quarantine_fill(room.fill(self.bound));
            return Err(StoreError::Full { room: content.room() });
        }
        // Also where it is counted: that says what we did, and this what is there.
        let put = self
            .put_deflated(&quarantine_of(raw.psp), &content.digest, raw, body)?
            .item("room", AttributeValue::S(content.room()))
            .item("reason", AttributeValue::S(reason.to_owned()))
            .condition_expression("attribute_not_exists(pk)");
        written("put into quarantine", put.send().await)?;
        if !known {
            self.rooms().count(&content, bytes).await?;
        }
        measure::quarantine_fill(room.with(&content.digest, bytes).fill(self.bound));
        Ok(content)
    }

    /// Deletes a notification in quarantine and makes its place free. Whether it was still there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the entry has no time; [`StoreError::Unavailable`] where the engine
    /// refuses or does not answer.
    pub async fn discard(&self, entry: &Quarantined) -> Result<bool, StoreError> {
        let place = entry.place()?;
        self.rooms().uncount(entry.psp, &entry.content).await?;
        self.delete(&place).await
    }

    fn rooms(&self) -> Rooms<'_> {
        Rooms { client: &self.client, table: &self.name }
    }

    /// What is in quarantine. An item without all its parts is an error: with an empty digest in it, a search
    /// for a body would miss the one that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] for an item that lacks a part; [`StoreError::Unavailable`] where the engine
    /// refuses or does not answer.
    pub async fn quarantined(&self, psp: ProviderId) -> Result<Vec<Quarantined>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(quarantine_of(psp)))
            .limit(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|e| StoreError::unavailable("query quarantine", &e))?;
            found.push(Quarantined::of(psp, &item)?);
        }
        Ok(found)
    }

    /// What is kept under an order's key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer. What cannot be read is listed
    /// and is no error.
    pub async fn of(&self, key: &OrderKey) -> Result<Contents, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(key.to_string()))
            .projection_expression(PLACE)
            .consistent_read(true)
            .limit(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut contents = Contents::default();
        while let Some(item) = items.next().await {
            contents.add(&item.map_err(|e| StoreError::unavailable("query archive", &e))?);
        }
        contents.sort();
        Ok(contents)
    }

    /// What is kept of everything but the quarantine. Reads the whole table, and tells `seen` after each
    /// page how many items it has looked at.
    ///
    /// # Errors
    ///
    /// Those of [`Archive::of`].
    pub async fn scan(
        &self,
        wanted: &ArchiveFilter,
        mut seen: impl FnMut(u64),
    ) -> Result<Contents, StoreError> {
        let mut pages = self.all().projection_expression(PLACE).into_paginator().send();
        let mut contents = Contents::default();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| StoreError::unavailable("scan archive", &e))?;
            for item in page.items() {
                contents.add(item);
            }
            count += u64::try_from(page.scanned_count()).unwrap_or(0);
            seen(count);
        }
        contents.retain(|place| wanted.takes(place));
        contents.sort();
        Ok(contents)
    }

    /// What is kept of everything but the quarantine, whole, a page at a time and in no order.
    ///
    /// # Errors
    ///
    /// Those of [`Archive::of`], and those of `each`, which end it.
    pub async fn each<E: From<StoreError>>(
        &self,
        mut each: impl AsyncFnMut(ArchivePage) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = self.all().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| StoreError::unavailable("scan archive", &e))?;
            each(ArchivePage(page.items.unwrap_or_default())).await?;
        }
        Ok(())
    }

    fn all(&self) -> ScanFluentBuilder {
        self.client
            .scan()
            .table_name(&self.name)
            .limit(PAGE)
            .filter_expression("not begins_with(pk, :quarantine)")
            .expression_attribute_values(":quarantine", AttributeValue::S(QUARANTINE.to_owned()))
    }

    /// Reads a notification; `None` where it is no longer kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the item is not as it was written; [`StoreError::Unavailable`] where the
    /// engine refuses or does not answer.
    pub async fn read(
        &self,
        place: &ArchiveKey,
    ) -> Result<Option<ArchivedNotification>, StoreError> {
        let item = self.item(place).await?;
        item.map(|item| ArchivedNotification::of(place, &item)).transpose()
    }

    async fn item(&self, place: &ArchiveKey) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(place.key()));
        let reply = get.consistent_read(true).send().await;
        Ok(reply.map_err(|e| StoreError::unavailable("get from archive", &e))?.item)
    }

    /// Deletes a notification. Whether it was still there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn delete(&self, place: &ArchiveKey) -> Result<bool, StoreError> {
        let reply = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(place.key()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("delete from archive", &e))?;
        Ok(reply.attributes.is_some_and(|old| !old.is_empty()))
    }

    /// Notes for ever that these bodies of an order were deleted on request: who finds them missing
    /// knows why. A digest tells nothing of a body.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the engine refuses or does not answer.
    pub async fn note_erasure(
        &self,
        key: &OrderKey,
        sha256s: &BTreeSet<String>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let digests = sha256s.iter().cloned().collect();
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(key.to_string()))
            .item("sk", AttributeValue::S(format!("{ERASED}{at}")))
            .item("erased", AttributeValue::Ss(digests));
        put.send().await.map_err(|e| StoreError::unavailable("note erasure", &e))?;
        Ok(())
    }

    async fn keep_as(
        &self,
        partition: &str,
        raw: &IncomingNotification<'_>,
    ) -> Result<(), StoreError> {
        let Some(expires_at) = self.expires_at(raw.received_at) else { return Ok(()) };
        let sort = format!("{}/{}", sortable_nanos(), raw.sha256);
        self.put(partition, &sort, raw)?
            .item("expires_at", expires_at)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("put into archive", &e))?;
        Ok(())
    }

    /// When what came then is too old to be kept, in seconds since 1970; `None` where nothing is kept.
    fn expires_at(&self, came: Timestamp) -> Option<AttributeValue> {
        let days = self.retention_days?;
        Some(AttributeValue::N((came.unix() + i64::from(days) * DAY).to_string()))
    }

    fn put(
        &self,
        partition: &str,
        sort: &str,
        raw: &IncomingNotification<'_>,
    ) -> Result<PutItemFluentBuilder, StoreError> {
        self.put_deflated(partition, sort, raw, deflated(raw.body)?)
    }

    fn put_deflated(
        &self,
        partition: &str,
        sort: &str,
        raw: &IncomingNotification<'_>,
        body: Vec<u8>,
    ) -> Result<PutItemFluentBuilder, StoreError> {
        let headers = serde_json::to_string(&raw.headers)?;
        Ok(self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(partition.to_owned()))
            .item("sk", AttributeValue::S(sort.to_owned()))
            .item("sha256", AttributeValue::S(raw.sha256.to_owned()))
            .item("received_at", AttributeValue::S(raw.received_at.to_string()))
            .item("headers", AttributeValue::S(headers))
            .item("body", AttributeValue::B(Blob::new(body))))
    }
}

fn is_supplement(item: &Item) -> bool {
    item.contains_key(KIND)
}

fn is_erasure(item: &Item) -> bool {
    item.contains_key("erased")
}

impl Contents {
    /// Takes over what was found elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.places.extend(other.places);
        self.supplements.extend(other.supplements);
        self.erased.extend(other.erased);
        self.unreadable.extend(other.unreadable);
        self.sort();
    }

    /// Leaves out whatever is not kept at one of the places that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&ArchiveKey) -> bool) {
        self.places.retain(&wanted);
        self.supplements.retain(&wanted);
    }

    fn sort(&mut self) {
        self.places.sort();
        self.supplements.sort();
    }

    fn add(&mut self, item: &Item) {
        if let Some(AttributeValue::Ss(erased)) = item.get("erased") {
            self.erased.extend(erased.iter().cloned());
            return;
        }
        match ArchiveKey::of(item) {
            Ok(place) if is_supplement(item) => self.supplements.push(place),
            Ok(place) => self.places.push(place),
            Err(_) => {
                let part = |name| text(item, name).unwrap_or("?");
                self.unreadable.push(format!("{} {}", part("pk"), part("sk")));
            }
        }
    }
}

impl Quarantined {
    fn of(psp: ProviderId, item: &Item) -> Result<Self, StoreError> {
        let content = text(item, "sk")?;
        let part = |name| match text(item, name) {
            Ok(part) => Ok(part.to_owned()),
            Err(_) => Err(StoreError::Corrupt(format!("{QUARANTINE}{psp} {content}: no {name}"))),
        };
        Ok(Self {
            psp,
            sha256: part("sha256")?,
            content: content.to_owned(),
            room: part("room")?,
            reason: part("reason")?,
            received_at: part("received_at")?,
        })
    }

    /// Where it is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the time is none.
    pub fn place(&self) -> Result<ArchiveKey, StoreError> {
        Ok(ArchiveKey {
            sort: self.content.clone(),
            partition: quarantine_of(self.psp),
            sha256: self.sha256.clone(),
            received_at: read_time(&self.received_at)?,
        })
    }
}

impl ArchiveFilter {
    fn takes(&self, place: &ArchiveKey) -> bool {
        let at = place.received_at;
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl ArchiveKey {
    fn of(item: &Item) -> Result<Self, StoreError> {
        Ok(Self {
            sort: text(item, "sk")?.to_owned(),
            partition: text(item, "pk")?.to_owned(),
            sha256: text(item, "sha256")?.to_owned(),
            received_at: read_time(text(item, "received_at")?)?,
        })
    }

    /// The order for which it is kept; `None` for what is not tracked or in quarantine.
    pub fn order(&self) -> Option<OrderKey> {
        self.partition.parse().ok()
    }

    fn key(&self) -> Item {
        let text = |value: &String| AttributeValue::S(value.clone());
        HashMap::from([
            ("pk".to_owned(), text(&self.partition)),
            ("sk".to_owned(), text(&self.sort)),
        ])
    }

    /// An order's key begins with the provider, and the other partitions end with it.
    fn psp(&self) -> Result<ProviderId, StoreError> {
        let partition = self.partition.as_str();
        let apart = [QUARANTINE, UNTRACKED].iter().find_map(|kind| partition.strip_prefix(kind));
        let psp = apart.or_else(|| Some(partition.split_once('/')?.0));
        psp.and_then(|psp| psp.parse().ok())
            .ok_or_else(|| StoreError::Corrupt(format!("{partition} names no provider")))
    }
}

impl ArchivedNotification {
    fn of(place: &ArchiveKey, item: &Item) -> Result<Self, StoreError> {
        let corrupt = |what: &str| {
            let ArchiveKey { partition, sha256, .. } = place;
            StoreError::Corrupt(format!("{sha256} of {partition}: {what}"))
        };
        let body = item.get("body").and_then(|value| value.as_b().ok());
        let body = body.ok_or_else(|| corrupt("no body"))?;
        Ok(Self {
            psp: place.psp()?,
            body: inflate(body.as_ref(), MAX_BODY_BYTES)
                .map_err(|_| corrupt("its body is not compressed"))?,
            sha256: text(item, "sha256")?.to_owned(),
            headers: serde_json::from_str(text(item, "headers")?)?,
            received_at: read_time(text(item, "received_at")?)?,
            reason: text(item, "reason").ok().map(str::to_owned),
        })
    }
}

fn read_time(text: &str) -> Result<Timestamp, StoreError> {
    Timestamp::parse(text).ok_or_else(|| StoreError::Corrupt("archive: not a time".to_owned()))
}

fn quarantine_of(psp: ProviderId) -> String {
    format!("{QUARANTINE}{}", psp.as_str())
}

fn deflated(body: &[u8]) -> Result<Vec<u8>, StoreError> {
    deflate(body).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Bytes by which the room for a compressed body begins and grows.
const SMALLEST: usize = 64;

thread_local! {
    /// Made once: its tables take some hundred kilobytes, and to have them from the system anew for each notification
    /// costs more than the compression.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
}

/// Compresses a body (raw DEFLATE).
///
/// # Errors
///
/// None in practice: a vector takes every byte.
pub fn deflate(body: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let mut deflated = Vec::with_capacity(body.len().max(SMALLEST));
        loop {
            let read = usize::try_from(compressor.total_in()).unwrap_or(usize::MAX);
            let rest = body.get(read..).unwrap_or_default();
            match compressor.compress_vec(rest, &mut deflated, FlushCompress::Finish)? {
                Status::StreamEnd => return Ok(deflated),
                // The vector is full: what is short may become longer.
                Status::Ok | Status::BufError => deflated.reserve(SMALLEST),
            }
        }
    })
}

/// Undoes [`deflate`], up to so many bytes.
///
/// # Errors
///
/// Bytes that are not raw DEFLATE.
pub fn inflate(compressed: &[u8], most: usize) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    DeflateDecoder::new(compressed).take(most as u64).read_to_end(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_in_quarantine_that_lacks_a_part_is_named_and_not_shown_with_a_gap() {
        let names = ["sk", "sha256", "room", "reason", "received_at"];
        let whole: Item =
            names.map(|name| (name.to_owned(), AttributeValue::S(format!("its {name}")))).into();
        let psp = ProviderId::new("systempay");
        let entry = Quarantined::of(psp, &whole).unwrap();
        assert_eq!((&*entry.content, &*entry.sha256), ("its sk", "its sha256"));
        for name in &names[1..] {
            let mut damaged = whole.clone();
            damaged.remove(*name);
            let why = Quarantined::of(psp, &damaged).unwrap_err().to_string();
            assert!(why.ends_with(&format!("quarantine/systempay its sk: no {name}")), "{why}");
        }
    }

    #[test]
    fn a_place_names_the_provider_wherever_it_is() {
        let psp = |partition: &str| {
            let received_at = Timestamp::from_unix(0).unwrap();
            let (sort, sha256) = (String::new(), String::new());
            ArchiveKey { sort, partition: partition.to_owned(), sha256, received_at }.psp().ok()
        };
        let systempay = ProviderId::new("systempay");
        for partition in ["systempay/1/test/A", "quarantine/systempay", "untracked/systempay"] {
            assert_eq!(psp(partition), Some(systempay), "{partition}");
        }
        for partition in ["", "/", "systempay", "quarantine/", "untracked/", "Ä/1/test/A"] {
            assert_eq!(psp(partition), None, "{partition}");
        }
    }

    #[test]
    fn a_body_comes_back_unmodified() {
        for body in [&b""[..], b"vads_amount=1&signature=x", &[0xff; 4096]] {
            assert_eq!(inflate(&deflate(body).unwrap(), MAX_BODY_BYTES).unwrap(), body);
        }
    }
}
