//! What the messages of a file say, and what they come to: read and folded by the code that received them.
//!
//! The secrets of the merchant are not in the file. Each message is signed anew with a key that everybody has, so that it
//! goes through the one door there is: what is read is what it says, and not who sent it.

use std::borrow::Cow;
use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quittance_core::claims::Items;
use quittance_core::key::Account;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::provider::{Incoming, Options, Outgoing, Provider, find};
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{
    Currency, Order, OrderKey, Policy, Providers, Reading, Receipt, Statement, Timestamp, Words,
};

use crate::file::{Entry, Evidence, Kind};
use crate::finding::{Finding, Problem};
use crate::{API, WEBHOOK};

/// What the entries of a file come to.
pub(crate) struct Folded {
    /// The order; `None` where not every entry could be read.
    pub(crate) order: Option<Order>,
    /// The readings of each notification that has its bytes, by its place.
    pub(crate) readings: Vec<(usize, Vec<Reading>)>,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
}

/// Reads every entry again and folds them in their order.
pub(crate) fn fold(
    evidence: &Evidence,
    policy: Policy,
    key: &OrderKey,
    providers: Providers,
) -> Folded {
    let mut folded = Folded { order: None, readings: Vec::new(), findings: Vec::new() };
    let mut items = Items::default();
    for (place, entry) in evidence.entries.iter().enumerate() {
        let of = Of { evidence, account: key.account(), policy, providers };
        match of.take(entry, &mut items) {
            Ok(None) => {}
            Ok(Some(readings)) => {
                if states(&readings, providers) != entry.states {
                    folded.findings.push(Finding::at(place, "states", Problem::SaysOtherwise));
                }
                folded.readings.push((place, readings));
            }
            Err((member, why)) => {
                folded.findings.push(Finding::at(
                    place,
                    member,
                    Problem::Unread { why: why.into_owned() },
                ));
            }
        }
    }
    if folded.findings.is_empty() {
        folded.order = items.order(key);
    }
    folded
}

impl Evidence {
    /// The same with what each notification says, in words.
    pub fn described(mut self, order: &OrderKey, providers: Providers) -> Self {
        let account = order.account();
        for entry in self.entries.iter_mut().filter(|entry| entry.told.is_empty()) {
            let (Some(provider), Some(at)) = (find(providers, order.psp), entry.arrived()) else {
                continue;
            };
            if entry.kind == Kind::Notification
                && let Ok(readings) = read(provider, &account, &self.fields, entry, at)
            {
                entry.states = states(&readings, providers);
            }
        }
        self
    }
}

/// What a message says in words, one line for each of its elements.
pub(crate) fn states(readings: &[Reading], providers: Providers) -> Vec<String> {
    let line = |reading: &Reading| match reading {
        Reading::Order(said) => {
            let words = Words::of(providers, said.key.psp);
            format!("{}: {}", said.key, words.line_of(said))
        }
        Reading::Hint(hint) => {
            format!("{}: a hint that proves nothing: {}", hint.order, hint.about)
        }
        Reading::Untracked { about } => format!("not tracked: {about}"),
        Reading::Unreadable(why) => format!("not understood: {why}"),
    };
    readings.iter().map(line).collect()
}

/// What a notification says, whoever sent it.
pub(crate) fn read(
    provider: &dyn Provider,
    account: &Account,
    fields: &[String],
    entry: &Entry,
    at: Timestamp,
) -> Result<Vec<Reading>, String> {
    let body = entry.bytes().ok_or("it has no body, or two")?;
    let mut message = Outgoing { headers: entry.headers.clone(), body };
    let keys = provider.stand_in(account, &message).map_err(said)?;
    keys.sign(&mut message).map_err(said)?;
    let known = provider.profile().kept_headers;
    let headers = message.headers.iter().filter_map(|(name, value)| {
        let known = known.iter().find(|known| **known == name.as_str())?;
        Some((*known, value.as_bytes()))
    });
    let headers: Vec<(&'static str, &[u8])> = headers.collect();
    let incoming = Incoming { headers: &headers, body: &message.body, arrived: at };
    let options = Options { fields: fields.to_vec() };
    Ok(keys.receive(&incoming, &options).map_err(said)?.readings)
}

fn said(error: impl Display) -> String {
    error.to_string()
}

/// What an entry is read with.
struct Of<'a> {
    evidence: &'a Evidence,
    account: Account,
    policy: Policy,
    providers: Providers,
}

/// A member of an entry, and why it cannot be read.
type Unread = (&'static str, Cow<'static, str>);

impl Of<'_> {
    /// Takes an entry into the items. What it says, where it has its bytes.
    fn take(&self, entry: &Entry, items: &mut Items) -> Result<Option<Vec<Reading>>, Unread> {
        let at = entry.arrived().filter(|at| at.to_string() == entry.at);
        let at = at.ok_or(("at", Cow::Borrowed("it is not a time")))?;
        match (entry.kind, &entry.told[..]) {
            (Kind::Registered, _) => {
                self.register(entry, at, items)?;
                Ok(None)
            }
            (Kind::Notification, []) => {
                let provider = find(self.providers, self.account.psp).ok_or((
                    "kept_for",
                    Cow::Borrowed("this version does not know its provider"),
                ))?;
                let readings = read(provider, &self.account, &self.evidence.fields, entry, at)
                    .map_err(|why| ("body", why.into()))?;
                let sha256 = entry.sha256.clone().unwrap_or_default();
                for reading in &readings {
                    if let Reading::Order(said) = reading {
                        self.note(said, at, WEBHOOK, &sha256, items);
                    }
                }
                Ok(Some(readings))
            }
            (kind, told) => {
                let source = if kind == Kind::Answer { API } else { WEBHOOK };
                let sha256 = entry.sha256.clone().unwrap_or_default();
                let told = self.told(entry, told, at, &sha256)?;
                let words = Words::of(self.providers, self.account.psp);
                let lines = told.iter().map(|told| words.line_of(&told.statement));
                if !lines.eq(entry.states.iter().cloned()) {
                    return Err(("states", Cow::Borrowed("the message says something else")));
                }
                for told in &told {
                    self.note(&told.statement, at, source, &sha256, items);
                }
                Ok(None)
            }
        }
    }

    /// What is held of a message instead of its bytes, or beside them.
    fn told(
        &self,
        entry: &Entry,
        told: &[String],
        at: Timestamp,
        sha256: &str,
    ) -> Result<Vec<Told>, Unread> {
        let unread = |why: String| ("told", Cow::Owned(why));
        let key = self.key(entry)?;
        let decode = |told: &String| {
            let bytes = BASE64.decode(told).map_err(|error| unread(said(error)))?;
            let told = Told::decode(&bytes, key.clone(), self.providers)
                .map_err(|error| unread(said(error)))?;
            if told.at != at || told.sha256 != sha256 {
                return Err(unread("it is of another message".to_owned()));
            }
            Ok(told)
        };
        let told = told.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        if told.is_empty() { Err(unread("it is missing".to_owned())) } else { Ok(told) }
    }

    fn key(&self, entry: &Entry) -> Result<OrderKey, Unread> {
        let key: Option<OrderKey> = entry.kept_for.parse().ok();
        let ours = key.filter(|key| key.account() == self.account);
        ours.ok_or(("kept_for", Cow::Borrowed("it is no key of the same account")))
    }

    /// An order without room for a statement, and a name that leads nowhere, are as they were when it was received: the
    /// message is in quarantine, and its facts are missing in the order.
    fn note(
        &self,
        statement: &Statement,
        at: Timestamp,
        source: &'static str,
        sha256: &str,
        items: &mut Items,
    ) {
        let receipt = Receipt { received_at: at, source, sha256: sha256.to_owned() };
        items.take(statement, receipt, self.policy);
    }

    fn register(&self, entry: &Entry, at: Timestamp, items: &mut Items) -> Result<(), Unread> {
        let amount = entry.amount.filter(|amount| (1..=MAX_AMOUNT).contains(amount));
        let amount = amount.ok_or(("amount", Cow::Borrowed("it is no amount")))?;
        let currency = entry.currency.as_deref().and_then(Currency::from_alpha);
        let currency = currency.ok_or(("currency", Cow::Borrowed("it is no currency")))?;
        items.register(&self.key(entry)?, Registered { amount, currency, at }, self.policy);
        Ok(())
    }
}
