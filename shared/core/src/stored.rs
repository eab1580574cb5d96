//! An order as bytes: what was told and decided, in a compact form with a version.
//!
//! The first byte is the version. What follows is [postcard]: fields in their order, without names, numbers as
//! long as they need to be. Every text stands there once, and everything else points to it. Fields and variants
//! are never reordered, added or taken away within a version: a binary that does not know a version leaves the
//! item as it is, so that nothing of it is lost after a return to an older release.
//!
//! What can be worked out is not stored: what facts mean, what they amount to, ids that follow from the order's
//! key, and sentences.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::details::{Detail, KnownDetails, Member, Value};
use crate::fact::{Fact, Kind, Meaning, Rank, Said, ShareFact, Standing, Total};
use crate::ids::{fulfilment_id, reversal_id};
use crate::key::OrderKey;
use crate::limits::MAX_AMOUNT;
use crate::money::Currency;
use crate::order::{NotificationEntry, Order};
use crate::provider::{Provider, Providers, find};
use crate::registered::Registered;
use crate::release::{ALL_OF_IT, Basis, Cause, Fulfilment, Reversal};
use crate::remark::Remark;
use crate::statement::Reason;
use crate::time::Timestamp;

/// The version that most orders are written in.
const VERSION: u8 = 1;

/// The version of orders of which money had gone back before they were released: behind the rest it has how much, in
/// the order of the names. Only those few are out of reach for a release that does not know the version.
const VERSION_WITH_GONE: u8 = 2;

/// Shortest text of hexadecimal digits that is stored as half as many bytes: ids and hashes.
const MIN_HEX_DIGITS: usize = 16;

/// Why bytes are not an order, or an order cannot be written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// A newer release wrote it, or nobody did.
    #[error("the stored order has version {0}, which this release does not know")]
    Version(u8),
    /// It ends too early, or points to what is not there.
    #[error("the stored order is damaged")]
    Damaged,
    /// No provider of this release can say what its facts mean.
    #[error("the stored order is of a provider that this release does not know")]
    Provider,
}

/// Points to a text; 0 is none.
type Ref = u32;

/// What is stored, for tests that tamper with an item.
#[doc(hidden)]
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredOrder {
    texts: Vec<StoredText>,
    facts: Vec<StoredFact>,
    registered: Option<(u64, Ref, i64)>,
    notifications: Vec<StoredNotification>,
    fulfilment: Option<StoredFulfilment>,
    reversals: Vec<StoredReversal>,
    gone: Vec<Ref>,
    /// Behind all the rest, in a version of its own.
    #[serde(skip)]
    gone_amounts: Option<Vec<u64>>,
    reserved: Vec<(Ref, u64)>,
    details: Vec<(Kind, Ref, Vec<StoredDetail>)>,
    session_seconds: u64,
    aliases: Vec<Ref>,
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredText {
    Plain(String),
    /// Lower-case hexadecimal digits.
    Hex(Vec<u8>),
}

/// With the standing in which the order has the fact; without one it is only named by a notification.
#[derive(Debug, Serialize, Deserialize)]
enum StoredFact {
    Share(Option<Standing>, StoredShare),
    Total(Option<Standing>, StoredTotal),
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredShare {
    share: Ref,
    other_name: Ref,
    payment: Ref,
    series: Ref,
    operation: Ref,
    number: Ref,
    kind: Kind,
    method: Ref,
    amount: u64,
    target: Option<u64>,
    reached: Option<u64>,
    currency: Ref,
    word: Ref,
    code: Option<u64>,
    category: Ref,
    sequence: Option<u32>,
    attempted: Ref,
    parent: Ref,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTotal {
    amount: Option<u64>,
    first_instalment: Option<u64>,
    largest_instalment: Option<u64>,
    of: Ref,
    currency: Ref,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredRemark {
    code: Ref,
    arguments: Vec<Ref>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredNotification {
    /// Places in the list of facts.
    facts: Vec<u32>,
    received_at: i64,
    source: Ref,
    event: StoredRemark,
    sha256: Ref,
    standing: Standing,
    doubt: Option<StoredRemark>,
    reasons: Vec<StoredReason>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReason {
    share: Ref,
    psp_status: Ref,
    why: StoredRemark,
}

/// An id of none is the one that follows from the order's key.
#[derive(Debug, Serialize, Deserialize)]
struct StoredFulfilment {
    id: Ref,
    decided_at: i64,
    sent_at: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReversal {
    id: Ref,
    share: Ref,
    amount: u64,
    reason: Cause,
    decided_at: i64,
    sent_at: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredDetail {
    member: Member,
    rank: Rank,
    value: StoredValue,
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredValue {
    Number(u64),
    Text(Ref),
    Coded(StoredRemark),
}

/// An order as bytes.
pub fn encode(order: &Order) -> Result<Vec<u8>, Undecodable> {
    pack(&Writer::default().order(order))
}

/// What is stored as bytes.
#[doc(hidden)]
pub fn pack(stored: &StoredOrder) -> Result<Vec<u8>, Undecodable> {
    let packed = match &stored.gone_amounts {
        None => postcard::to_extend(stored, vec![VERSION]),
        Some(amounts) => postcard::to_extend(stored, vec![VERSION_WITH_GONE])
            .and_then(|bytes| postcard::to_extend(amounts, bytes)),
    };
    packed.map_err(|_| Undecodable::Damaged)
}

/// What is stored in bytes.
#[doc(hidden)]
pub fn unpack(bytes: &[u8]) -> Result<StoredOrder, Undecodable> {
    let (version, bytes) = bytes.split_first().ok_or(Undecodable::Damaged)?;
    let with_gone = match *version {
        VERSION => false,
        VERSION_WITH_GONE => true,
        newer => return Err(Undecodable::Version(newer)),
    };
    let (mut stored, mut rest) =
        postcard::take_from_bytes::<StoredOrder>(bytes).map_err(|_| Undecodable::Damaged)?;
    if with_gone {
        let (amounts, behind): (Vec<u64>, _) =
            postcard::take_from_bytes(rest).map_err(|_| Undecodable::Damaged)?;
        let is_whole = amounts.len() == stored.gone.len() && !amounts.is_empty();
        stored.gone_amounts = Some(amounts).filter(|_| is_whole);
        rest = behind;
    }
    let is_whole = rest.is_empty() && with_gone == stored.gone_amounts.is_some();
    is_whole.then_some(stored).ok_or(Undecodable::Damaged)
}

/// The order of this key from bytes, with what the provider's tables make of its facts.
pub fn decode(bytes: &[u8], key: OrderKey, providers: Providers) -> Result<Order, Undecodable> {
    let mut stored = unpack(bytes)?;
    let texts = std::mem::take(&mut stored.texts).into_iter().map(StoredText::into_text).collect();
    Reader { texts, provider: find(providers, key.psp) }.order(&stored, key)
}

impl StoredText {
    fn new(text: &str) -> Self {
        hex(text).map_or_else(|| Self::Plain(text.to_owned()), Self::Hex)
    }

    fn into_text(self) -> String {
        match self {
            Self::Plain(text) => text,
            Self::Hex(bytes) => {
                let digit = |digit: u8| char::from_digit(digit.into(), 16);
                bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect()
            }
        }
    }
}

/// The bytes that a text of hexadecimal digits stands for.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() < MIN_HEX_DIGITS || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().as_chunks::<2>().0.iter();
    pairs.map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Collects texts and facts, each once.
#[derive(Default)]
struct Writer<'o> {
    texts: Vec<StoredText>,
    places: BTreeMap<&'o str, Ref>,
    facts: Vec<StoredFact>,
    fact_places: BTreeMap<&'o Fact, u32>,
}

impl<'o> Writer<'o> {
    fn order(mut self, order: &'o Order) -> StoredOrder {
        for (fact, told) in order.facts.told() {
            self.fact(fact, Some(told));
        }
        let registered =
            order.registered.map(|r| (r.amount, self.text(r.currency.code()), r.at.unix()));
        let notifications = order.notifications.iter().map(|n| self.notification(n)).collect();
        let fulfilment = order.fulfilment.as_ref().map(|f| StoredFulfilment {
            id: self.id(&f.id, &fulfilment_id(&order.key)),
            decided_at: f.decided_at.unix(),
            sent_at: f.sent_at.map(Timestamp::unix),
        });
        let reversal = |r: &'o Reversal| StoredReversal {
            id: self.id(&r.id, &reversal_id(&order.key, &r.share)),
            share: self.text(&r.share),
            amount: r.amount,
            reason: r.reason,
            decided_at: r.decided_at.unix(),
            sent_at: r.sent_at.map(Timestamp::unix),
        };
        let reversals = order.reversals.iter().map(reversal).collect();
        let gone = order.basis.gone.keys().map(|name| self.text(name)).collect();
        let amounts = order.basis.gone.values();
        // What was read from the first version stays in it.
        let is_known = !amounts.clone().all(|amount| *amount == ALL_OF_IT);
        let gone_amounts = is_known.then(|| amounts.copied().collect());
        let reserved = order.basis.reserved.iter();
        let reserved = reserved.map(|(name, amount)| (self.text(name), *amount)).collect();
        let details = self.details(&order.details);
        let aliases = order.aliases.iter().map(|name| self.text(name)).collect();
        StoredOrder {
            texts: self.texts,
            facts: self.facts,
            registered,
            notifications,
            fulfilment,
            reversals,
            gone,
            gone_amounts,
            reserved,
            details,
            session_seconds: order.session_seconds,
            aliases,
        }
    }

    fn text(&mut self, text: &'o str) -> Ref {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        self.texts.push(StoredText::new(text));
        // An order holds some hundred texts.
        let place = Ref::try_from(self.texts.len()).unwrap_or(Ref::MAX);
        self.places.insert(text, place);
        place
    }

    fn optional(&mut self, text: Option<&'o str>) -> Ref {
        text.map_or(0, |text| self.text(text))
    }

    /// An id, unless it is the one that follows from the order's key.
    fn id(&mut self, id: &'o str, usual: &str) -> Ref {
        if id == usual { 0 } else { self.text(id) }
    }

    fn fact(&mut self, fact: &'o Fact, told: Option<Standing>) -> u32 {
        if let Some(place) = self.fact_places.get(fact) {
            return *place;
        }
        let stored = match fact {
            Fact::Share(share) => StoredFact::Share(told, self.share(share)),
            Fact::Total(total) => StoredFact::Total(told, self.total(total)),
        };
        // An order holds some hundred facts.
        let place = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
        self.facts.push(stored);
        self.fact_places.insert(fact, place);
        place
    }

    fn share(&mut self, fact: &'o ShareFact) -> StoredShare {
        let ShareFact {
            share,
            other_name,
            payment,
            series,
            operation,
            number,
            kind,
            method,
            amount,
            target,
            reached,
            currency,
            said: Said { word, code, category },
            sequence,
            attempted,
            parent,
            meaning: _,
        } = fact;
        StoredShare {
            share: self.text(share),
            other_name: self.optional(other_name.as_deref()),
            payment: self.optional(payment.as_deref()),
            series: self.optional(series.as_deref()),
            operation: self.optional(operation.as_deref()),
            number: self.optional(number.as_deref()),
            kind: *kind,
            method: self.text(method),
            amount: *amount,
            target: *target,
            reached: *reached,
            currency: self.text(currency.code()),
            word: self.optional(word.as_deref()),
            code: *code,
            category: self.optional(category.as_deref()),
            sequence: *sequence,
            attempted: self.text(attempted),
            parent: self.optional(parent.as_deref()),
        }
    }

    fn total(&mut self, total: &'o Total) -> StoredTotal {
        let Total { amount, first_instalment, largest_instalment, of, currency } = total;
        StoredTotal {
            amount: *amount,
            first_instalment: *first_instalment,
            largest_instalment: *largest_instalment,
            of: self.optional(of.as_deref()),
            currency: self.text(currency.code()),
        }
    }

    fn remark(&mut self, remark: &'o Remark) -> StoredRemark {
        StoredRemark {
            code: self.text(remark.code()),
            arguments: remark.arguments().iter().map(|text| self.text(text)).collect(),
        }
    }

    fn notification(&mut self, told: &'o NotificationEntry) -> StoredNotification {
        let NotificationEntry {
            facts,
            received_at,
            source,
            event,
            sha256,
            standing,
            doubt,
            reasons,
        } = told;
        let reasons = reasons.iter().map(|Reason { share, psp_status, why }| StoredReason {
            share: self.text(share),
            psp_status: self.text(psp_status),
            why: self.remark(why),
        });
        StoredNotification {
            reasons: reasons.collect(),
            facts: facts.iter().map(|fact| self.fact(fact, None)).collect(),
            received_at: received_at.unix(),
            source: self.text(source),
            event: self.remark(event),
            sha256: self.text(sha256),
            standing: *standing,
            doubt: doubt.as_ref().map(|doubt| self.remark(doubt)),
        }
    }

    fn details(&mut self, known: &'o KnownDetails) -> Vec<(Kind, Ref, Vec<StoredDetail>)> {
        let mut shares: BTreeMap<(Kind, &'o str), Vec<StoredDetail>> = BTreeMap::new();
        for (kind, share, member, rank, detail) in known.iter() {
            let value = match detail {
                Detail::Plain(Value::Number(number)) => StoredValue::Number(*number),
                Detail::Plain(Value::Text(text)) => StoredValue::Text(self.text(text)),
                Detail::Coded(said) => StoredValue::Coded(self.remark(said)),
            };
            shares.entry((kind, share)).or_default().push(StoredDetail { member, rank, value });
        }
        let shares = shares.into_iter();
        shares.map(|((kind, share), members)| (kind, self.text(share), members)).collect()
    }
}

/// Follows what points to texts and facts.
struct Reader {
    texts: Vec<String>,
    provider: Option<&'static dyn Provider>,
}

impl Reader {
    fn order(&self, stored: &StoredOrder, key: OrderKey) -> Result<Order, Undecodable> {
        let mut order = Order::new(key);
        let facts: Vec<Fact> = each(&stored.facts, |fact| self.fact(fact))?;
        for (fact, stored) in facts.iter().zip(&stored.facts) {
            let (StoredFact::Share(told, _) | StoredFact::Total(told, _)) = stored;
            if let Some(told) = told {
                order.facts.add(fact.clone(), *told);
            }
        }
        order.registered = stored
            .registered
            .map(|(amount, currency, at)| {
                let (currency, at) = (self.currency(currency)?, time(at)?);
                Ok(Registered { amount: sane(amount)?, currency, at })
            })
            .transpose()?;
        order.notifications = each(&stored.notifications, |n| self.notification(n, &facts))?;
        order.fulfilment = stored
            .fulfilment
            .as_ref()
            .map(|f| {
                Ok(Fulfilment {
                    id: self.optional(f.id)?.unwrap_or_else(|| fulfilment_id(&order.key)),
                    decided_at: time(f.decided_at)?,
                    sent_at: f.sent_at.map(time).transpose()?,
                })
            })
            .transpose()?;
        order.reversals = each(&stored.reversals, |r| {
            let share = self.text(r.share)?;
            Ok(Reversal {
                id: self.optional(r.id)?.unwrap_or_else(|| reversal_id(&order.key, &share)),
                share,
                amount: r.amount,
                reason: r.reason,
                decided_at: time(r.decided_at)?,
                sent_at: r.sent_at.map(time).transpose()?,
            })
        })?;
        let mut amounts = stored.gone_amounts.iter().flatten().copied();
        order.basis = Basis {
            gone: each(&stored.gone, |name| {
                Ok((self.text(*name)?, amounts.next().unwrap_or(ALL_OF_IT)))
            })?,
            reserved: each(&stored.reserved, |(name, n)| Ok((self.text(*name)?, *n)))?,
        };
        for (kind, share, members) in &stored.details {
            let share = self.text(*share)?;
            for StoredDetail { member, rank, value } in members {
                order.details.put(*kind, &share, *member, (*rank, self.detail(value)?));
            }
        }
        order.session_seconds = stored.session_seconds;
        order.aliases = each::<_, _, BTreeSet<_>>(&stored.aliases, |name| self.text(*name))?;
        Ok(order)
    }

    fn optional(&self, place: Ref) -> Result<Option<String>, Undecodable> {
        if place == 0 { Ok(None) } else { self.text(place).map(Some) }
    }

    fn text(&self, place: Ref) -> Result<String, Undecodable> {
        let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        at.and_then(|at| self.texts.get(at)).cloned().ok_or(Undecodable::Damaged)
    }

    fn currency(&self, place: Ref) -> Result<Currency, Undecodable> {
        Currency::from_alpha(&self.text(place)?).ok_or(Undecodable::Damaged)
    }

    fn fact(&self, stored: &StoredFact) -> Result<Fact, Undecodable> {
        Ok(match stored {
            StoredFact::Share(_, share) => {
                let provider = self.provider.ok_or(Undecodable::Provider)?;
                Fact::share(self.share(share)?.meaning(|told| provider.meaning(told)))
            }
            StoredFact::Total(_, total) => Fact::Total(Total {
                amount: total.amount,
                first_instalment: total.first_instalment,
                largest_instalment: total.largest_instalment,
                of: self.optional(total.of)?,
                currency: self.currency(total.currency)?,
            }),
        })
    }

    fn share(&self, stored: &StoredShare) -> Result<ShareFact, Undecodable> {
        Ok(ShareFact {
            share: self.text(stored.share)?,
            other_name: self.optional(stored.other_name)?,
            payment: self.optional(stored.payment)?,
            series: self.optional(stored.series)?,
            operation: self.optional(stored.operation)?,
            number: self.optional(stored.number)?,
            kind: stored.kind,
            method: self.text(stored.method)?,
            amount: sane(stored.amount)?,
            target: stored.target.map(sane).transpose()?,
            reached: stored.reached.map(sane).transpose()?,
            currency: self.currency(stored.currency)?,
            said: Said {
                word: self.optional(stored.word)?,
                code: stored.code,
                category: self.optional(stored.category)?,
            },
            sequence: stored.sequence,
            attempted: self.text(stored.attempted)?,
            parent: self.optional(stored.parent)?,
            meaning: Meaning::default(),
        })
    }

    fn remark(&self, stored: &StoredRemark) -> Result<Remark, Undecodable> {
        let arguments: Vec<String> = each(&stored.arguments, |text| self.text(*text))?;
        Ok(Remark::new(self.text(stored.code)?, arguments.iter().map(String::as_str)))
    }

    fn notification(
        &self,
        stored: &StoredNotification,
        facts: &[Fact],
    ) -> Result<NotificationEntry, Undecodable> {
        let fact = |place: &u32| {
            let fact = usize::try_from(*place).ok().and_then(|at| facts.get(at));
            fact.cloned().ok_or(Undecodable::Damaged)
        };
        Ok(NotificationEntry {
            facts: each(&stored.facts, fact)?,
            received_at: time(stored.received_at)?,
            source: self.text(stored.source)?,
            event: self.remark(&stored.event)?,
            sha256: self.text(stored.sha256)?,
            standing: stored.standing,
            doubt: stored.doubt.as_ref().map(|doubt| self.remark(doubt)).transpose()?,
            reasons: each(&stored.reasons, |StoredReason { share, psp_status, why }| {
                let (share, psp_status) = (self.text(*share)?, self.text(*psp_status)?);
                Ok(Reason { share, psp_status, why: self.remark(why)? })
            })?,
        })
    }

    fn detail(&self, stored: &StoredValue) -> Result<Detail, Undecodable> {
        Ok(match stored {
            StoredValue::Number(number) => Detail::Plain(Value::Number(*number)),
            StoredValue::Text(text) => Detail::Plain(Value::Text(self.text(*text)?)),
            StoredValue::Coded(said) => Detail::Coded(self.remark(said)?),
        })
    }
}

/// Reads each of several things.
fn each<S, T, C: FromIterator<T>>(
    all: &[S],
    read: impl FnMut(&S) -> Result<T, Undecodable>,
) -> Result<C, Undecodable> {
    all.iter().map(read).collect()
}

fn time(seconds: i64) -> Result<Timestamp, Undecodable> {
    Timestamp::from_unix(seconds).ok_or(Undecodable::Damaged)
}

/// An amount as a message may state it: within [`MAX_AMOUNT`], and as much again in surcharge. An item that
/// says more was not written here, and its sums could not be trusted.
fn sane(amount: u64) -> Result<u64, Undecodable> {
    if amount <= 2 * MAX_AMOUNT { Ok(amount) } else { Err(Undecodable::Damaged) }
}
