//! What the file holds, and its one spelling.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quittance_core::crypto::sha256_hex;
use quittance_core::fold::{Confirm, Instalments};
use quittance_core::provider::Providers;
use quittance_core::release::Cause;
use quittance_core::told::Told;
use quittance_core::{Order, OrderKey, Policy, ReleaseOn, State, Timestamp, Words};
use serde::{Deserialize, Serialize};

use crate::seal::{self, SCHEMA};

/// The evidence of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that made the file, with its version: another version may decide otherwise.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// The order's key.
    pub order: String,
    /// When orders are released, as configured where the file was made.
    pub policy: PolicyWords,
    /// Fields of the provider's messages that the configuration knows beyond the documented ones.
    pub fields: Vec<String>,
    /// How many entries there are.
    pub count: usize,
    /// Every message, and what was registered, in the order of arrival.
    pub entries: Vec<Entry>,
    /// What was decided, as the order was stored.
    pub decision: Decision,
    /// The digest of each member but `entries`.
    pub seals: BTreeMap<String, String>,
    /// The digest of the seals and the last link of the chain. Noted elsewhere, it shows later that nothing was changed.
    pub head: String,
}

/// A policy by its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyWords {
    /// `captured` or `secured`.
    pub release_on: String,
    /// `first` or `all`.
    pub instalments: String,
    /// `off` or `ask`.
    pub confirm: String,
}

/// One message, or one amount that was registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its place, from 0.
    pub index: usize,
    /// What it is.
    pub kind: Kind,
    /// When it arrived, in RFC 3339.
    pub at: String,
    /// The key under which it was kept.
    pub kept_for: String,
    /// Which key verified its signature when the file was made. Never a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified_by: Option<String>,
    /// Why its bytes are not here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent: Option<Absence>,
    /// The headers that its signature needs.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub headers: Vec<(String, String)>,
    /// Its body as text, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<String>,
    /// Its body in Base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body_base64: Option<String>,
    /// SHA-256 of the bytes of its body, in lowercase hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// What was read of an answer, and what the order holds of a message without its bytes: each statement as orders are
    /// stored, in Base64.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub told: Vec<String>,
    /// What was registered, in minor units.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<u64>,
    /// Its currency.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
    /// What it states, in words.
    pub states: Vec<String>,
    /// The digest of each member above.
    pub seals: BTreeMap<String, String>,
    /// The digest of the link before, the place and the seals.
    pub chain: String,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The provider sent it.
    #[default]
    Notification,
    /// The provider said it when it was asked.
    Answer,
    /// The merchant said what the order costs.
    Registered,
}

/// Why the bytes of a message are not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// The answer is larger than anything that is kept.
    TooLarge,
    /// It was deleted on request.
    Erased,
    /// It is older than notifications are kept.
    Expired,
    /// The archive does not have it, and nobody knows why.
    Lost,
}

/// What was decided about an order, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Where the order stands.
    pub state: State,
    /// The currency of every amount.
    pub currency: Option<String>,
    /// What the order costs, in minor units.
    pub expected: Option<u64>,
    /// Reserved and not captured.
    pub authorised: u64,
    /// Really taken.
    pub captured: u64,
    /// Given back for good.
    pub refunded: u64,
    /// What a person should know.
    pub flags: Vec<String>,
    /// The release.
    pub released: Option<Released>,
    /// Why it is not released.
    pub why: Option<String>,
    /// What was given back or lost after the release.
    pub reversals: Vec<Reversed>,
    /// The messages that the order lists: those that said something new. Without those in doubt, which count for nothing.
    pub listed: Vec<Listed>,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The fulfilment id.
    pub id: String,
    /// When the message arrived that led to it.
    pub decided_at: Timestamp,
}

/// A reversal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reversed {
    /// Its id.
    pub id: String,
    /// Of which share.
    pub share: String,
    /// How much, in minor units.
    pub amount: u64,
    /// What happened.
    pub reason: Cause,
    /// When the message arrived that made it final.
    pub decided_at: Timestamp,
}

/// A message that the order lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// SHA-256 of its body.
    pub sha256: String,
    /// The digest of what it stated.
    pub says: String,
}

/// The file cannot be written: a part of it is no JSON, or what an order holds cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// A part is no JSON.
    #[error("the evidence cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// What the order holds of a message cannot be stored.
    #[error("the evidence cannot be written: {0}")]
    Told(#[from] quittance_core::stored::Undecodable),
}

impl Evidence {
    /// Unsealed evidence, without entries.
    pub fn new(
        made_by: &str,
        made_at: Timestamp,
        policy: Policy,
        order: &Order,
        providers: Providers,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            made_by: made_by.to_owned(),
            made_at,
            order: order.key().to_string(),
            policy: policy.into(),
            fields: Vec::new(),
            count: 0,
            entries: Vec::new(),
            decision: Decision::of(order, policy, providers),
            seals: BTreeMap::new(),
            head: String::new(),
        }
    }

    /// The same with an entry more.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(Entry { index: self.entries.len(), ..entry });
        self.count = self.entries.len();
    }

    /// The same with its seals, the chain and the head.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] where a part is no JSON.
    pub fn sealed(mut self) -> Result<Self, Unwritable> {
        let mut chain = seal::first(&self.order);
        for entry in &mut self.entries {
            entry.seals = seal::members(entry, seal::OF_ENTRY)?;
            entry.chain = seal::link(&chain, entry.index, &entry.seals);
            chain = entry.chain.clone();
        }
        self.seals = seal::members(&self, seal::OF_FILE)?;
        self.head = seal::head(&chain, &self.seals);
        Ok(self)
    }

    /// The bytes of the file: no other bytes are this evidence.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] where a part is no JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unwritable> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Evidence out of a file, whether it holds or not.
    ///
    /// # Errors
    ///
    /// Where the file is no such JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The policy; `None` where a word is none.
    pub fn policy(&self) -> Option<Policy> {
        Some(Policy {
            release_on: ReleaseOn::from_word(&self.policy.release_on)?,
            instalments: Instalments::from_word(&self.policy.instalments)?,
            confirm: Confirm::from_word(&self.policy.confirm)?,
        })
    }
}

impl From<Policy> for PolicyWords {
    fn from(policy: Policy) -> Self {
        Self {
            release_on: policy.release_on.as_str().to_owned(),
            instalments: policy.instalments.as_str().to_owned(),
            confirm: policy.confirm.as_str().to_owned(),
        }
    }
}

impl Entry {
    /// A notification as it came.
    pub fn notification(at: Timestamp, kept_for: &str, body: &[u8]) -> Self {
        let text = std::str::from_utf8(body).ok().map(str::to_owned);
        Self {
            kind: Kind::Notification,
            at: at.to_string(),
            kept_for: kept_for.to_owned(),
            body_base64: text.is_none().then(|| BASE64.encode(body)),
            body: text,
            sha256: Some(sha256_hex(body)),
            ..Self::default()
        }
    }

    /// What is known of a message without its bytes.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] where it cannot be stored.
    pub fn told(
        kind: Kind,
        told: &Told,
        absent: Absence,
        providers: Providers,
    ) -> Result<Self, Unwritable> {
        let statement = &told.statement;
        Ok(Self {
            kind,
            at: told.at.to_string(),
            kept_for: statement.key.to_string(),
            absent: Some(absent),
            sha256: Some(told.sha256.clone()).filter(|sha256| !sha256.is_empty()),
            told: vec![BASE64.encode(told.encode()?)],
            states: vec![Words::of(providers, statement.key.psp).line_of(statement)],
            ..Self::default()
        })
    }

    /// What a provider answered, as it came or why that is not here, and what was read of it.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] where what was read cannot be stored.
    pub fn answer(
        kept_for: &str,
        transcript: Result<&[u8], Absence>,
        told: &[Told],
        providers: Providers,
    ) -> Result<Self, Unwritable> {
        let first = told.first();
        let at = first.map_or_else(String::new, |told| told.at.to_string());
        let absent = transcript.err();
        let text = transcript.ok().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let encoded = told.iter().map(|told| Ok::<_, Unwritable>(BASE64.encode(told.encode()?)));
        let line =
            |told: &Told| Words::of(providers, told.statement.key.psp).line_of(&told.statement);
        Ok(Self {
            kind: Kind::Answer,
            at,
            kept_for: kept_for.to_owned(),
            absent,
            body: text,
            sha256: first.map(|told| told.sha256.clone()),
            told: encoded.collect::<Result<_, _>>()?,
            states: told.iter().map(line).collect(),
            ..Self::default()
        })
    }

    /// An amount that was registered.
    pub fn registered(at: Timestamp, key: &OrderKey, amount: u64, currency: &str) -> Self {
        Self {
            kind: Kind::Registered,
            at: at.to_string(),
            kept_for: key.to_string(),
            amount: Some(amount),
            currency: Some(currency.to_owned()),
            ..Self::default()
        }
    }

    /// The bytes of its body; `None` where they are not here.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.body, &self.body_base64) {
            (Some(text), None) => Some(text.as_bytes().to_vec()),
            (None, Some(text)) => BASE64.decode(text).ok(),
            _ => None,
        }
    }

    /// When it arrived; `None` where that is no time.
    pub fn arrived(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.at)
    }
}

impl Decision {
    /// What is decided about an order.
    pub fn of(order: &Order, policy: Policy, providers: Providers) -> Self {
        let summary = order.summary(policy);
        let words = Words::of(providers, order.key().psp);
        let plain = order.notifications().iter().filter(|told| !told.standing.is_doubtful());
        Self {
            state: summary.state,
            currency: summary.currency.map(|currency| currency.code().to_owned()),
            expected: summary.expected,
            authorised: summary.authorised,
            captured: summary.captured,
            refunded: summary.refunded,
            flags: summary.flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
            released: order
                .fulfilment()
                .map(|done| Released { id: done.id.clone(), decided_at: done.decided_at }),
            why: order.explanation(policy).map(|why| why.say(words)),
            reversals: order
                .reversals()
                .iter()
                .map(|reversal| Reversed {
                    id: reversal.id.clone(),
                    share: reversal.share.clone(),
                    amount: reversal.amount,
                    reason: reversal.reason,
                    decided_at: reversal.decided_at,
                })
                .collect(),
            listed: plain
                .map(|told| Listed { sha256: told.sha256.clone(), says: told.digest() })
                .collect(),
        }
    }
}
