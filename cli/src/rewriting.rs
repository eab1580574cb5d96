//! Samples under other ids: references, payment ids and amounts are rewritten, in the events and in what is expected of
//! them.

use std::collections::{BTreeMap, BTreeSet};

use quittance_pages::{Fields, encoded};
use serde_json::Value;

use crate::event::Event;
use crate::output::Failure;
use crate::samples::samples;
use crate::story::Psp;

/// By how much the samples' ids of ten digits can be raised and stay such.
const MAX_LATER: u64 = 6_000_000_000;

/// What the samples' orders cost, in minor units.
pub(crate) const PRICE: u64 = 12_000;

/// A sample with its name, and what is written beside it.
pub(crate) type Told = (String, Event, String);

/// The samples of these names.
pub(crate) fn told(psp: Psp, names: &[&str]) -> Result<Vec<Told>, Failure> {
    let folder = samples(None)?.join(psp.as_str());
    let read = |name: &&str| {
        let file = folder.join(name).with_extension("json");
        let beside = file.with_extension("expected.json");
        let expected = std::fs::read_to_string(&beside)
            .map_err(|error| format!("{}: {error}", beside.display()))?;
        Ok((format!("{}/{name}", psp.as_str()), Event::read(&file)?, expected))
    };
    names.iter().map(read).collect()
}

/// A new reference that begins so.
pub(crate) fn reference(begins: &str) -> String {
    let tail: String = std::iter::repeat_with(|| fastrand::char('A'..='Z')).take(6).collect();
    format!("{begins}-{tail}")
}

/// What stands for what.
pub(crate) struct Rewriting {
    /// Whole texts: the reference, the merchant.
    texts: BTreeMap<String, String>,
    /// Ids of payments, as they come up.
    ids: BTreeMap<String, String>,
    /// How much later the ids are that count up.
    later: u64,
    /// The samples' amounts.
    amounts: BTreeSet<String>,
    /// What the order costs now, of what it costs in the samples.
    pub(crate) scale: (u64, u64),
}

impl Rewriting {
    /// Of samples that all become of the order of this reference, of a merchant where one is named, at this amount where one
    /// is said.
    pub(crate) fn of(
        psp: Psp,
        texts: &[Told],
        order: &str,
        merchant: Option<&str>,
        amount: Option<u64>,
    ) -> Result<Self, Failure> {
        let mut rewriting = Self {
            texts: BTreeMap::new(),
            ids: BTreeMap::new(),
            later: fastrand::u64(1..MAX_LATER),
            amounts: BTreeSet::new(),
            scale: (amount.unwrap_or(PRICE), PRICE),
        };
        for (_, event, expected) in texts {
            let expected: Value = serde_json::from_str(expected)?;
            let old = expected["order"]["path"].as_str().and_then(|path| path.rsplit('/').next());
            rewriting.texts.extend(old.map(|old| (old.to_owned(), order.to_owned())));
            amounts(&expected["order"], &mut rewriting.amounts);
            let body = event.body()?;
            let fields = Fields::of(&String::from_utf8_lossy(&body));
            let mut named: Vec<String> =
                fields.get("vads_trans_id").into_iter().map(str::to_owned).collect();
            let answer =
                fields.get("kr-answer").and_then(|answer| serde_json::from_str(answer).ok());
            legacy_ids(&answer.unwrap_or_default(), &mut named);
            for id in deliveries(&fields, &body) {
                let made = digits(id.len());
                rewriting.ids.entry(id).or_insert(made);
            }
            // The samples' days stay, and an id names one payment of a day: digits alone would meet
            // again after some hundred stories.
            for id in named {
                let made = std::iter::repeat_with(|| fastrand::digit(36)).take(id.len()).collect();
                rewriting.ids.entry(id).or_insert(made);
            }
        }
        rewriting.ids.extend(renamed(texts)?);
        if let Some(merchant) = merchant {
            rewriting.texts.insert(psp.demo().0.to_owned(), merchant.to_owned());
        }
        Ok(rewriting)
    }

    /// A body, in the format that it has.
    pub(crate) fn body(&mut self, body: &[u8]) -> String {
        let body = String::from_utf8_lossy(body).into_owned();
        if body.trim_start().starts_with(['{', '[']) {
            return self.text(&body);
        }
        let fields = Fields::of(&body);
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(&self.text(value))))
            .collect();
        pairs.join("&")
    }

    /// A text: names first, then what looks like an id or an amount.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.texts {
            text = text.replace(old.as_str(), new);
        }
        let mut rewritten = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rewritten.push_str(&self.word(word));
            let other = after.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(after.len());
            let (between, next) = after.split_at(other);
            rewritten.push_str(between);
            rest = next;
        }
        rewritten
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(known) = self.ids.get(word) {
            return known.clone();
        }
        if self.amounts.contains(word) {
            let (new, old) = self.scale;
            let amount = word.parse::<u64>().unwrap_or_default();
            return (amount * new / old).to_string();
        }
        // Ids of Worldline's payments count up: which attempt was later must not change.
        match word.parse::<u64>() {
            Ok(id) if word.len() == 10 => (id + self.later).to_string(),
            _ => word.to_owned(),
        }
    }
}

/// So many hexadecimal digits.
pub(crate) fn digits(length: usize) -> String {
    std::iter::repeat_with(|| fastrand::digit(16)).take(length).collect()
}

/// By what receivers know that a message came before: the form's hash, and the ids of Worldline's events.
fn deliveries(fields: &Fields, body: &[u8]) -> Vec<String> {
    let events: Value = serde_json::from_slice(body).unwrap_or_default();
    let each = events.as_array().into_iter().flatten().chain([&events]);
    let ids = each.filter_map(|event| event["id"].as_str());
    fields.get("vads_hash").into_iter().chain(ids).map(str::to_owned).collect()
}

/// Other ids for Lyra's transactions. Shares are shown by their ids, so which comes first must not change.
fn renamed(texts: &[Told]) -> Result<BTreeMap<String, String>, Failure> {
    let mut ids = BTreeSet::new();
    for (_, event, expected) in texts {
        let body = event.body()?;
        let body = String::from_utf8_lossy(&body);
        let fields = Fields::of(&body);
        let values = fields.iter().map(|(_, value)| value);
        for text in values.chain([expected.as_str()]) {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            let is_id =
                |word: &&str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
            ids.extend(words.filter(is_id).map(str::to_owned));
        }
    }
    let mut new = BTreeSet::new();
    while new.len() < ids.len() {
        new.insert(format!("{:032x}", fastrand::u128(..)));
    }
    Ok(ids.into_iter().zip(new).collect())
}

/// The ids of transactions as forms have them, in an answer of the other format.
fn legacy_ids(answer: &Value, found: &mut Vec<String>) {
    match answer {
        Value::Object(members) => {
            found.extend(members.get("legacyTransId").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| legacy_ids(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| legacy_ids(value, found)),
        _ => {}
    }
}

/// Every amount that is expected of an order.
fn amounts(order: &Value, found: &mut BTreeSet<String>) {
    let of_shares = order["shares"].as_array().into_iter().flatten().map(|share| &share["amount"]);
    let sums = ["expected", "authorised", "captured", "refunded"].map(|name| &order[name]);
    let all = of_shares.chain(sums).filter_map(Value::as_u64).filter(|amount| *amount > 0);
    found.extend(all.map(|amount| amount.to_string()));
}
