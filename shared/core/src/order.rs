//! An order: the set of its facts, and the decisions taken on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::explain::explain;
use crate::fact::{Fact, Facts, Flag, digest};
use crate::fold::{Policy, Share, Summary, fold};
use crate::ids::{fulfilment_id, reversal_id};
use crate::key::{Mode, OrderKey, Psp};
use crate::limits::{MAX_DOUBTFUL_FACTS_PER_ORDER, MAX_FACTS_PER_ORDER};
use crate::money::Currency;
use crate::statement::{Reason, Statement};
use crate::time::Timestamp;

/// How long a Worldline hosted page lives by default (worldline-direct.md section 6): until then the
/// complement of a voucher may still come.
pub const WORLDLINE_SESSION_SECONDS: u64 = 180 * 60;

/// How long a Lyra payment session lives (systempay.md 1.4).
pub const LYRA_SESSION_SECONDS: u64 = 10 * 60;

/// How long after a payment its Chèque-Vacances Connect share can be given back (worldline-direct.md
/// section 6). No source says when this time begins.
pub const VOUCHER_REFUND_SECONDS: u64 = 4 * 60 * 60;

/// Everything known about one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its identity.
    pub key: OrderKey,
    /// What PSPs stated.
    pub facts: Facts,
    /// One entry per distinct notification, in the order of arrival.
    pub notifications: Vec<Received>,
    /// The release, once decided.
    pub fulfilment: Option<Fulfilment>,
    /// Money given back after the release.
    pub reversals: Vec<Reversal>,
    /// Other names of this order's payments whose pointers have been written.
    pub aliases: BTreeSet<String>,
}

/// A notification that added something to the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Names what it stated; see [`digest`].
    pub digest: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Where it came from (`webhook`).
    pub source: String,
    /// One line for people.
    pub about: String,
    /// SHA-256 of the raw HTTP body, lowercase hex.
    pub sha256: String,
    /// Why it was not believed on its own word, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doubt: Option<String>,
    /// Why shares are in their status, where it said so and no notification before it did.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reasons: Vec<Reason>,
}

/// The decision to release an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    /// Unique for ever, the same in every attempt to deliver it.
    pub id: String,
    /// When the notification that completed the order arrived.
    pub decided_at: Timestamp,
    /// When the queue took it; `None` until then.
    pub sent_at: Option<Timestamp>,
}

/// The news that money was given back after the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// Unique for ever, the same in every attempt to deliver it.
    pub id: String,
    /// The credit's share id.
    pub share: String,
    /// Minor units of the order's currency.
    pub amount: u64,
    /// When the notification that made it final arrived.
    pub decided_at: Timestamp,
    /// When the queue took it; `None` until then.
    pub sent_at: Option<Timestamp>,
}

/// How and when a notification reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Where it came from.
    pub source: &'static str,
    /// SHA-256 of the raw HTTP body, lowercase hex.
    pub sha256: String,
}

/// What taking a statement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in it was known: nothing to write.
    Known,
    /// The order changed, now amounts to this, and must be stored before the notification is
    /// acknowledged.
    Changed(Summary),
}

/// The order cannot hold more facts of this standing: the notification goes to quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the order holds as many facts as it may ({MAX_FACTS_PER_ORDER}, {MAX_DOUBTFUL_FACTS_PER_ORDER} doubtful)"
)]
pub struct Full;

impl Order {
    /// An order of which nothing is known yet.
    pub fn new(key: OrderKey) -> Self {
        Self {
            key,
            facts: Facts::default(),
            notifications: Vec::new(),
            fulfilment: None,
            reversals: Vec::new(),
            aliases: BTreeSet::new(),
        }
    }

    /// Adds what a notification states and decides anew. The decision uses only the facts and the
    /// receipt's time, so repeating it after a lost race gives the same ids.
    pub fn take(
        &mut self,
        statement: &Statement,
        receipt: &Receipt,
        policy: Policy,
    ) -> Result<Outcome, Full> {
        let digest = digest(&statement.facts);
        let listed = self.notifications.iter().any(|known| known.digest == digest);
        if listed && statement.facts.iter().all(|f| self.facts.knows(f, statement.standing)) {
            return Ok(Outcome::Known);
        }
        let mut facts = self.facts.clone();
        for fact in &statement.facts {
            facts.add(fact.clone(), statement.standing);
        }
        if facts.count() > MAX_FACTS_PER_ORDER || facts.doubtful() > MAX_DOUBTFUL_FACTS_PER_ORDER {
            return Err(Full);
        }
        self.facts = facts;
        if !listed {
            let reasons = self.new_reasons(statement);
            self.notifications.push(Received {
                digest,
                received_at: receipt.received_at,
                source: receipt.source.to_owned(),
                about: statement.about.clone(),
                sha256: receipt.sha256.clone(),
                doubt: statement.doubt.clone(),
                reasons,
            });
        }
        Ok(Outcome::Changed(self.decide(receipt.received_at, policy)))
    }

    /// Takes over what was known of the same payment under another name, decisions included: an order
    /// that was released under its payment id is not released again under its reference.
    pub fn absorb(&mut self, other: Self) {
        for (fact, standing) in other.facts.iter() {
            self.facts.add(fact.clone(), standing);
        }
        self.list(other.notifications);
        self.notifications.sort_by_key(|received| received.received_at);
        self.fulfilment = self.fulfilment.take().or(other.fulfilment);
        for reversal in other.reversals {
            if !self.reversals.iter().any(|known| known.share == reversal.share) {
                self.reversals.push(reversal);
            }
        }
    }

    /// Takes over what another order knows of one payment, named as in `tx:<payment>`: its credits came
    /// under a reference of their own before the payment itself was known.
    pub fn absorb_payment(&mut self, other: &Self, name: &str) {
        let payment = name.strip_prefix("tx:").unwrap_or(name);
        for (fact, standing) in other.facts.iter() {
            let Fact::Share(share) = fact else { continue };
            if share.is_of(payment) {
                self.facts.add(fact.clone(), standing);
                let stated = digest([fact]);
                self.list(other.notifications.iter().find(|r| r.digest == stated).cloned());
            }
        }
        self.notifications.sort_by_key(|received| received.received_at);
    }

    /// What the facts amount to.
    pub fn summary(&self, policy: Policy) -> Summary {
        fold(&self.facts, policy)
    }

    /// Whether the queue still has to be told something.
    pub fn has_unsent(&self) -> bool {
        self.unsent_since().is_some()
    }

    /// When the oldest decision was taken that the queue has not been told.
    pub fn unsent_since(&self) -> Option<Timestamp> {
        let fulfilment = self.fulfilment.iter().map(|f| (f.decided_at, f.sent_at));
        let reversals = self.reversals.iter().map(|r| (r.decided_at, r.sent_at));
        let unsent = fulfilment.chain(reversals).filter(|(_, sent)| sent.is_none());
        unsent.map(|(decided, _)| decided).min()
    }

    /// Notes that the queue took the message with this id. Whether that was news.
    pub fn mark_sent(&mut self, id: &str, at: Timestamp) -> bool {
        let fulfilment = self.fulfilment.iter_mut().map(|f| (&f.id, &mut f.sent_at));
        let reversals = self.reversals.iter_mut().map(|r| (&r.id, &mut r.sent_at));
        let unsent =
            fulfilment.chain(reversals).find(|(known, sent)| *known == id && sent.is_none());
        if let Some((_, sent)) = unsent {
            *sent = Some(at);
            return true;
        }
        false
    }

    /// Notes that the queue knows everything that was decided here.
    pub fn mark_all_sent(&mut self, at: Timestamp) {
        let fulfilment = self.fulfilment.iter_mut().map(|f| &mut f.sent_at);
        for sent in fulfilment.chain(self.reversals.iter_mut().map(|r| &mut r.sent_at)) {
            sent.get_or_insert(at);
        }
    }

    /// The order as others see it. `now` decides whether a waiting voucher is stranded.
    pub fn view(&self, policy: Policy, now: Timestamp) -> OrderView {
        self.view_of(self.summary(policy), policy, now)
    }

    /// [`Order::view`] where what the facts amount to is at hand.
    pub fn view_of(&self, mut summary: Summary, policy: Policy, now: Timestamp) -> OrderView {
        if summary.voucher_waits && self.fulfilment.is_none() && self.session_is_over(now) {
            summary.flags.insert(Flag::StrandedVoucher);
        }
        let explanation = explain(self, &summary, policy);
        OrderView {
            psp: self.key.psp,
            merchant: self.key.merchant.clone(),
            mode: self.key.mode,
            order: self.key.order.clone(),
            state: summary.state,
            flags: summary.flags,
            currency: summary.currency,
            expected: summary.expected,
            authorised: summary.authorised,
            captured: summary.captured,
            refunded: summary.refunded,
            explanation,
            shares: summary.shares,
            fulfilment: self.fulfilment.clone(),
            reversals: self.reversals.clone(),
            notifications: Some(self.notifications.iter().map(NotificationView::from).collect()),
        }
    }

    /// One line for the PSP's history: reference, state, amount, flags, and why it is not released.
    pub fn headline(&self, policy: Policy) -> String {
        self.headline_of(&self.summary(policy), policy)
    }

    /// [`Order::headline`] where what the facts amount to is at hand.
    pub fn headline_of(&self, summary: &Summary, policy: Policy) -> String {
        let amount = match (summary.currency, summary.captured, summary.expected) {
            (Some(currency), 0, Some(expected)) => format!(" {}", currency.display(expected)),
            (Some(currency), captured, Some(expected)) if captured < expected => {
                format!(" {} of {}", currency.display(captured), currency.display(expected))
            }
            (Some(currency), captured, _) if captured > 0 => {
                format!(" {}", currency.display(captured))
            }
            _ => String::new(),
        };
        let flags: Vec<&str> = summary.flags.iter().map(|flag| flag.as_str()).collect();
        let flags =
            if flags.is_empty() { String::new() } else { format!(" [{}]", flags.join(", ")) };
        let why = explain(self, summary, policy).map_or_else(String::new, |why| format!("; {why}"));
        format!("{} {}{amount}{flags}{why}", self.key.order, summary.state.as_str())
    }

    /// Decides anew from the facts: a release when they cover the order, a reversal for each credit that
    /// became final after it. Deciding twice changes nothing. Returns what the facts amount to.
    pub fn decide(&mut self, at: Timestamp, policy: Policy) -> Summary {
        let summary = self.summary(policy);
        match &self.fulfilment {
            None if summary.releasable => {
                let id = fulfilment_id(&self.key);
                self.fulfilment = Some(Fulfilment { id, decided_at: at, sent_at: None });
            }
            None => {}
            Some(_) => {
                for credit in &summary.certain_credits {
                    if !self.reversals.iter().any(|known| credit.names.contains(&known.share)) {
                        self.reversals.push(Reversal {
                            id: reversal_id(&self.key, &credit.share),
                            share: credit.share.clone(),
                            amount: credit.amount,
                            decided_at: at,
                            sent_at: None,
                        });
                    }
                }
            }
        }
        summary
    }

    /// The statement's reasons that no notification has given. Every message of a cascade lists all its
    /// attempts: kept each time, their reasons would outgrow the facts.
    fn new_reasons(&self, statement: &Statement) -> Vec<Reason> {
        let known = |r: &&Reason| self.notifications.iter().any(|n| n.reasons.contains(r));
        statement.reasons.iter().filter(|reason| !known(reason)).cloned().collect()
    }

    /// Adds notifications that are not listed yet.
    fn list(&mut self, notifications: impl IntoIterator<Item = Received>) {
        for received in notifications {
            if !self.notifications.iter().any(|known| known.digest == received.digest) {
                self.notifications.push(received);
            }
        }
    }

    /// From when on a captured voucher of this order can certainly not be given back any more: counted from
    /// the last notification, because an order may have been known for long before its voucher was taken.
    /// The true limit may be earlier. `None` while nothing was received.
    pub fn voucher_is_lost_after(&self) -> Option<Timestamp> {
        let last = self.notifications.iter().map(|received| received.received_at).max()?;
        Timestamp::from_unix(last.unix() + i64::try_from(VOUCHER_REFUND_SECONDS).ok()?)
    }

    fn session_is_over(&self, now: Timestamp) -> bool {
        let session = match self.key.psp {
            Psp::Worldline => WORLDLINE_SESSION_SECONDS,
            Psp::Lyra => LYRA_SESSION_SECONDS,
        };
        let first = self.notifications.iter().map(|received| received.received_at).min();
        first.is_some_and(|first| now.seconds_since(first) >= session)
    }
}

/// An order as JSON: the interface that others build on (design, section 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// Provider.
    pub psp: Psp,
    /// PSPID or site id.
    pub merchant: String,
    /// Test or production.
    pub mode: Mode,
    /// Order reference.
    pub order: String,
    /// Where the order stands.
    pub state: crate::fact::State,
    /// What a person should know.
    pub flags: BTreeSet<Flag>,
    /// Currency of every amount here.
    pub currency: Option<Currency>,
    /// Minor units; `null` while unknown.
    pub expected: Option<u64>,
    /// Minor units reserved and not captured.
    pub authorised: u64,
    /// Minor units really taken.
    pub captured: u64,
    /// Minor units given back for good.
    pub refunded: u64,
    /// Why the order is not released, in words; absent once it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explanation: Option<String>,
    /// The shares.
    pub shares: Vec<Share>,
    /// The release; `null` until decided.
    pub fulfilment: Option<Fulfilment>,
    /// What was given back after the release.
    pub reversals: Vec<Reversal>,
    /// The notifications; absent in messages and lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notifications: Option<Vec<NotificationView>>,
}

impl OrderView {
    /// The same without its notifications, as messages and lists carry it.
    pub fn without_notifications(mut self) -> Self {
        self.notifications = None;
        self
    }
}

/// One notification as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationView {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Where it came from.
    pub source: String,
    /// One line for people.
    pub about: String,
    /// SHA-256 of the raw HTTP body, lowercase hex.
    pub sha256: String,
}

impl From<&Received> for NotificationView {
    fn from(received: &Received) -> Self {
        Self {
            received_at: received.received_at,
            source: received.source.clone(),
            about: received.about.clone(),
            sha256: received.sha256.clone(),
        }
    }
}
