//! Who signed an element: HMAC-SHA-256 over its time and its signed fields, joined by colons.

use std::collections::BTreeMap;

use quittance_core::content::{Content, Cover, Signed};
use quittance_core::crypto::{Secret, ascii, hmac_hex, same};
use quittance_core::key::Account;
use quittance_core::provider::{BadKeys, HeldKey, Incoming, NoKey, Refused};
use quittance_core::{Mode, Versioned};
use serde::{Deserialize, Serialize};

use super::profile::{ID, TIME_HEADER};

/// How far the signed time may be from the arrival, in seconds: Octroi repeats a message for five minutes
/// under one signature, then signs it anew.
const TOLERANCE_SECONDS: i64 = 300;

/// Most elements in a batch, as Octroi documents.
const MAX_ELEMENTS: usize = 16;

/// The keys by merchant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, (Secret, Mode)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    secret: String,
    mode: Mode,
}

impl Keys {
    pub(super) fn from_json(document: &str) -> Result<Self, BadKeys> {
        let bad = |why: &str| BadKeys(why.to_owned());
        let entries: BTreeMap<String, Entry> = serde_json::from_str(document)
            .map_err(|_| bad("not a JSON object of merchants with \"secret\" and \"mode\""))?;
        let mut keys = BTreeMap::new();
        for (merchant, Entry { secret, mode }) in entries {
            let secret = Secret::new(&secret).ok_or_else(|| bad("a secret is empty"))?;
            if keys.values().any(|(known, _): &(Secret, Mode)| known.is(&secret)) {
                return Err(bad(
                    "two merchants have the same secret: the signature cannot tell them apart",
                ));
            }
            keys.insert(merchant, (secret, mode));
        }
        if keys.is_empty() { Err(bad("the document has no key")) } else { Ok(Self(keys)) }
    }

    pub(super) fn held(&self) -> impl Iterator<Item = HeldKey> {
        self.0.iter().map(|(merchant, (_, mode))| HeldKey {
            id: merchant.clone(),
            mode: *mode,
            verifies: vec!["batches"],
            of: None,
        })
    }

    /// The batch with each element signed that is not a bare id.
    pub(super) fn signed(&self, time: &str, body: &[u8]) -> Result<Vec<u8>, NoKey> {
        let mut elements: Vec<Element> =
            serde_json::from_slice(body).map_err(|_| NoKey("not a batch of elements"))?;
        for element in elements.iter_mut().filter(|element| element.status.is_some()) {
            let (secret, _) =
                self.0.get(&element.merchant).ok_or(NoKey("no key of the merchant in the body"))?;
            element.signature = Some(ascii(&hmac_hex(secret, [element.covered(time).as_bytes()])));
        }
        serde_json::to_vec(&elements).map_err(|_| NoKey("not a batch of elements"))
    }
}

impl Versioned for Keys {
    fn beside(&self, newer: &Self) -> (Self, Vec<String>) {
        let mut kept = self.clone();
        let mut sentences = Vec::new();
        for (merchant, (secret, mode)) in &self.0 {
            let differs = |(other, (held, of)): &(&String, &(Secret, Mode))| {
                held.is(secret) && (*other, of) != (merchant, mode)
            };
            if let Some((other, _)) = newer.0.iter().find(differs) {
                kept.0.remove(merchant);
                sentences
                    .push(format!("{merchant} has the secret of {other} in the newer version"));
            }
        }
        (kept, sentences)
    }
}

/// One element of a batch.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Element {
    pub(super) merchant: String,
    pub(super) payment: String,
    #[serde(default)]
    pub(super) order: String,
    #[serde(default)]
    pub(super) amount: u64,
    #[serde(default)]
    pub(super) currency: String,
    /// Absent from a bare id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    /// Not signed: for people alone.
    #[serde(default)]
    pub(super) method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

impl Element {
    fn covered(&self, time: &str) -> String {
        let Self { merchant, payment, order, amount, currency, .. } = self;
        let status = self.status.as_deref().unwrap_or("");
        format!("{time}:{merchant}:{payment}:{amount}:{currency}:{status}:{order}")
    }
}

/// An element that was proven genuine, or one that nobody signed: the reader cannot take one for the other.
#[derive(Debug)]
pub(super) enum Word {
    Evidence(Element),
    Hint(Element),
}

/// A batch whose signed elements are all genuine.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) words: Vec<Word>,
    pub(super) time: i64,
    pub(super) mode: Mode,
    content: Content,
}

impl Signed for Verified {
    fn content(&self) -> Content {
        self.content.clone()
    }
}

/// Proves every element that says more than an id. One that is not genuine refuses the whole batch: Octroi
/// sends no such, and sends the batch again.
pub(super) fn verify(keys: &Keys, message: &Incoming<'_>) -> Result<Verified, Refused> {
    let mut times = message.values(TIME_HEADER);
    let time = match (times.next(), times.next()) {
        (None, _) => return Err(Refused::Missing),
        (Some(time), None) => std::str::from_utf8(time).map_err(|_| Refused::Missing)?,
        (Some(_), Some(_)) => return Err(Refused::Repeated),
    };
    let elements: Vec<Element> =
        serde_json::from_slice(message.body).map_err(|_| Refused::Missing)?;
    if elements.len() > MAX_ELEMENTS {
        return Err(Refused::TooMany);
    }
    let first = elements.first().ok_or(Refused::Missing)?;
    let (merchant, (_, mode)) = keys.0.get_key_value(&first.merchant).ok_or(Refused::UnknownKey)?;
    let (mut words, mut text) = (Vec::new(), String::new());
    for element in elements {
        // One batch speaks for one merchant. Nothing before the order may hold a colon: then one text has one
        // reading.
        let single = [&element.payment, &element.currency].iter().all(|part| !part.contains(':'));
        if element.merchant != *merchant || !single || merchant.contains(':') {
            return Err(Refused::UnknownKey);
        }
        let Some(status) = &element.status else {
            words.push(Word::Hint(element));
            continue;
        };
        let (secret, _) = keys.0.get(merchant).ok_or(Refused::UnknownKey)?;
        let given = element.signature.as_deref().ok_or(Refused::Missing)?;
        let covered = element.covered(time);
        if status.contains(':') || !same(&hmac_hex(secret, [covered.as_bytes()]), given.as_bytes())
        {
            return Err(Refused::Mismatch);
        }
        text.extend([&covered, "\n"]);
        words.push(Word::Evidence(element));
    }
    // Only now is the time known to be Octroi's own word; of bare ids alone nobody signed one.
    let signed_at: i64 = time.parse().map_err(|_| Refused::Missing)?;
    let apart = (message.arrived.unix() - signed_at).abs();
    if !text.is_empty() && apart > TOLERANCE_SECONDS {
        return Err(Refused::Untimely);
    }
    let account = Account { psp: ID, merchant: merchant.clone(), mode: *mode };
    let content = Content::new(account, Cover::Whole, text.as_bytes());
    Ok(Verified { words, time: signed_at, mode: *mode, content })
}
