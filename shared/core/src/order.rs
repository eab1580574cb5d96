//! An order: the set of its facts, and the decisions taken on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::explain::explain;
use crate::fact::{Fact, Facts, Flag, Standing, digest};
use crate::fold::{Credit, Debit, Policy, ReleaseOn, Share, Summary, fold};
use crate::ids::{fulfilment_id, reversal_id};
use crate::key::{Mode, OrderKey, Psp};
use crate::limits::{
    MAX_DOUBTFUL_BYTES_PER_ORDER, MAX_DOUBTFUL_FACTS_PER_ORDER,
    MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER, MAX_FACTS_PER_ORDER, MAX_LINE_CHARACTERS,
};
use crate::money::Currency;
use crate::statement::{Reason, Statement};
use crate::text::beginning;
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
    /// What the merchant says it costs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub registered: Option<Registered>,
    /// One entry per distinct notification, in the order of arrival.
    pub notifications: Vec<Received>,
    /// The release, once decided.
    pub fulfilment: Option<Fulfilment>,
    /// Money given back, or lost, after the release.
    pub reversals: Vec<Reversal>,
    /// What the release rests on.
    #[serde(skip_serializing_if = "Basis::is_empty", default)]
    pub basis: Basis,
    /// Other names of this order's payments whose pointers have been written.
    pub aliases: BTreeSet<String>,
}

/// What a merchant says that an order costs: from then on that is what it costs, whatever attempts that
/// ended, earlier sessions or a cart that changed have stated. (Design, section 4.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Minor units.
    pub amount: u64,
    /// The only currency in which it can be paid.
    pub currency: Currency,
    /// When it was registered.
    pub at: Timestamp,
}

/// What was known when an order was released, as far as what follows is measured by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Money that had been given back or let go by then: no reversal tells of it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub gone: BTreeSet<String>,
    /// Shares that counted without being captured, with what they counted in minor units.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub reserved: BTreeMap<String, u64>,
}

impl Basis {
    fn of(summary: &Summary, policy: Policy) -> Self {
        let credits =
            summary.certain_credits.iter().flat_map(|credit| credit.names.iter().cloned());
        let parts = summary.certain_debits.iter().flat_map(|debit| &debit.let_go);
        let gone = credits.chain(parts.map(|(operation, _)| operation.clone())).collect();
        let reserved = summary.certain_debits.iter().filter(|debit| debit.authorised > 0);
        let reserved = match policy.release_on {
            ReleaseOn::Captured => BTreeMap::new(),
            ReleaseOn::Secured => {
                reserved.map(|d| (d.share.clone(), d.captured + d.authorised)).collect()
            }
        };
        Self { gone, reserved }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn absorb(&mut self, other: Self) {
        self.gone.extend(other.gone);
        self.reserved.extend(other.reserved);
    }
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
    /// How far it can be trusted.
    #[serde(skip_serializing_if = "Standing::is_sound", default)]
    pub standing: Standing,
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

/// The news that money was given back, or lost, after the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// Unique for ever, the same in every attempt to deliver it.
    pub id: String,
    /// The id of the credit, or of the share or operation that is lost.
    pub share: String,
    /// Minor units of the order's currency.
    pub amount: u64,
    /// What happened.
    pub reason: Cause,
    /// When the notification that made it final arrived.
    pub decided_at: Timestamp,
    /// When the queue took it; `None` until then.
    pub sent_at: Option<Timestamp>,
}

/// Why goods that were released are no longer paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The merchant gave the money back.
    Refund,
    /// The buyer's bank took the money back.
    Chargeback,
    /// A share that counted before it was captured will not be: cancelled, refused, expired, or its capture
    /// failed.
    Lost,
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

/// The order has no room for the statement: the notification goes to quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The room of trusted facts is used up.
    #[error("the order holds as many facts as it may ({MAX_FACTS_PER_ORDER})")]
    Facts,
    /// The room of statements that can be read in more than one way is used up. It is none of the others'.
    #[error("the order holds as many statements with more than one reading as it may")]
    Doubts,
}

/// Another amount is registered, and something was paid: which of the two holds is for a person to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another amount is registered for the order, and something was paid")]
pub struct AlreadyPaid;

impl Order {
    /// An order of which nothing is known yet.
    pub fn new(key: OrderKey) -> Self {
        Self {
            key,
            facts: Facts::default(),
            registered: None,
            notifications: Vec::new(),
            fulfilment: None,
            reversals: Vec::new(),
            basis: Basis::default(),
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
        let standing = statement.standing;
        let listed = self.notifications.iter().position(|known| known.digest == digest);
        let listed = listed.and_then(|at| Some((at, self.notifications.get(at)?.standing)));
        let known = statement.facts.iter().all(|fact| self.facts.knows(fact, standing));
        if listed.is_some_and(|(_, as_what)| as_what <= standing) && known {
            return Ok(Outcome::Known);
        }
        let received = Received {
            digest,
            received_at: receipt.received_at,
            source: receipt.source.to_owned(),
            about: beginning(&statement.about, MAX_LINE_CHARACTERS).to_owned(),
            sha256: receipt.sha256.clone(),
            standing,
            doubt: statement.doubt.clone(),
            reasons: self.new_reasons(statement),
        };
        let mut facts = self.facts.clone();
        for fact in &statement.facts {
            facts.add(fact.clone(), standing);
        }
        // Each standing is judged by its own room, and by what the statement brings to it.
        let most = MAX_FACTS_PER_ORDER.max(self.facts.trusted());
        if !standing.is_doubtful() && facts.trusted() > most {
            return Err(Full::Facts);
        }
        let said: Vec<&Fact> = statement.facts.iter().collect();
        let news = Some(&received).filter(|_| listed.is_none());
        if standing.is_doubtful() && !self.has_room_for(&said, news) {
            return Err(Full::Doubts);
        }
        self.facts = facts;
        match listed {
            // A better message says the same: the doubt is over.
            Some((at, as_what)) if standing < as_what => {
                self.notifications.remove(at);
                self.notifications.push(received);
            }
            Some(_) => {}
            None => self.notifications.push(received),
        }
        Ok(Outcome::Changed(self.decide(receipt.received_at, policy)))
    }

    /// Notes what the order costs, and decides anew. The same amount again changes nothing.
    pub fn register(
        &mut self,
        amount: u64,
        currency: Currency,
        at: Timestamp,
        policy: Policy,
    ) -> Result<Outcome, AlreadyPaid> {
        if let Some(known) = self.registered {
            if (known.amount, known.currency) == (amount, currency) {
                return Ok(Outcome::Known);
            }
            let summary = self.summary(policy);
            if self.fulfilment.is_some() || summary.captured + summary.authorised > 0 {
                return Err(AlreadyPaid);
            }
        }
        self.registered = Some(Registered { amount, currency, at });
        Ok(Outcome::Changed(self.decide(at, policy)))
    }

    /// Drops everything that rests on forms with more than one reading. Whether there was any: nothing
    /// else depends on it.
    pub fn forget_doubts(&mut self) -> bool {
        let before = self.notifications.len();
        self.notifications.retain(|received| !received.standing.is_doubtful());
        let dropped = self.facts.drop_where(|_, standing| standing.is_doubtful());
        dropped || self.notifications.len() < before
    }

    /// How many bytes of the order, as JSON, rest on forms with more than one reading.
    pub fn doubtful_bytes(&self) -> usize {
        let facts = self.facts.iter().filter(|(_, standing)| standing.is_doubtful());
        let facts: usize = facts.map(|(fact, _)| json_bytes(fact)).sum();
        facts + self.doubtful_notifications().map(json_bytes).sum::<usize>()
    }

    fn doubtful_notifications(&self) -> impl Iterator<Item = &Received> {
        self.notifications.iter().filter(|received| received.standing.is_doubtful())
    }

    /// Whether what can be read in more than one way still fits into its own room.
    fn has_room_for(&self, facts: &[&Fact], received: Option<&Received>) -> bool {
        let new: BTreeSet<&Fact> = facts
            .iter()
            .copied()
            .filter(|fact| !self.facts.knows(fact, Standing::Respellable))
            .collect();
        let known = self.facts.iter().filter(|(_, standing)| standing.is_doubtful()).count();
        let bytes: usize = new.iter().map(json_bytes).sum();
        let bytes = bytes + received.map_or(0, json_bytes);
        let listed = self.doubtful_notifications().count() + received.iter().count();
        known + new.len() <= MAX_DOUBTFUL_FACTS_PER_ORDER
            && listed <= MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER
            && self.doubtful_bytes() + bytes <= MAX_DOUBTFUL_BYTES_PER_ORDER
    }

    /// Takes over what was known of the same payment under another name, decisions included: an order
    /// that was released under its payment id is not released again under its reference.
    pub fn absorb(&mut self, other: Self) {
        self.absorb_facts(other.facts.iter());
        self.list(other.notifications);
        self.registered = self.registered.or(other.registered);
        self.fulfilment = self.fulfilment.take().or(other.fulfilment);
        self.basis.absorb(other.basis);
        for reversal in other.reversals {
            if !self.reversals.iter().any(|known| known.share == reversal.share) {
                self.reversals.push(reversal);
            }
        }
    }

    /// Takes over what another order knows of one payment, named as in `tx:<payment>`: what followed on it
    /// came under a reference of its own before the payment itself was known.
    pub fn absorb_payment(&mut self, other: &Self, name: &str) {
        self.absorb_facts(other.facts.iter().filter(|(fact, _)| is_of(fact, name)));
        let stated = other.statements_about(name);
        self.list(other.notifications.iter().filter(|r| stated.contains(&r.digest)).cloned());
    }

    /// Drops what [`Order::absorb_payment`] takes over. Whether there was any.
    pub fn give_up_payment(&mut self, name: &str) -> bool {
        let stated = self.statements_about(name);
        self.notifications.retain(|received| !stated.contains(&received.digest));
        self.facts.drop_where(|fact, _| is_of(fact, name))
    }

    /// The digests of what was stated of one payment alone.
    fn statements_about(&self, name: &str) -> BTreeSet<String> {
        let facts = self.facts.iter().map(|(fact, _)| fact);
        facts.filter(|fact| is_of(fact, name)).map(|fact| digest([fact])).collect()
    }

    /// Whether nothing is known of it: it has given up what stood here.
    pub fn is_blank(&self) -> bool {
        self.facts.iter().next().is_none()
            && self.notifications.is_empty()
            && self.registered.is_none()
            && self.fulfilment.is_none()
    }

    /// Adds facts in their standings; of what can be read in more than one way, as much as has room.
    fn absorb_facts<'a>(&mut self, facts: impl Iterator<Item = (&'a Fact, Standing)>) {
        for (fact, standing) in facts {
            if !standing.is_doubtful() || self.has_room_for(&[fact], None) {
                self.facts.add(fact.clone(), standing);
            }
        }
    }

    /// What the facts amount to.
    pub fn summary(&self, policy: Policy) -> Summary {
        fold(&self.facts, self.registered, policy)
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
    /// became final after it, and for what it rested on and is lost. Deciding twice changes nothing.
    /// Returns what the facts amount to.
    pub fn decide(&mut self, at: Timestamp, policy: Policy) -> Summary {
        let summary = self.summary(policy);
        match &self.fulfilment {
            None if summary.releasable => {
                let id = fulfilment_id(&self.key);
                self.fulfilment = Some(Fulfilment { id, decided_at: at, sent_at: None });
                self.basis = Basis::of(&summary, policy);
            }
            None => {}
            Some(_) => {
                for credit in &summary.certain_credits {
                    self.reverse_credit(credit, &summary.certain_credits, at);
                }
                for debit in &summary.certain_debits {
                    self.reverse_loss(debit, at);
                }
            }
        }
        summary
    }

    /// A reversal for a credit, unless it is known; never beyond what was given back of its payment.
    fn reverse_credit(&mut self, credit: &Credit, all: &[Credit], at: Timestamp) {
        let told = |credit: &Credit| -> u64 {
            if credit.names.iter().any(|name| self.basis.gone.contains(name)) {
                return credit.amount;
            }
            let told = self.reversals.iter().filter(|known| credit.names.contains(&known.share));
            told.map(|reversal| reversal.amount).sum()
        };
        // A refund may carry the reference of another order: it is told once its payment is known here.
        if credit.of_other {
            return;
        }
        let of_same = all.iter().filter(|c| credit.parent.is_some() && c.parent == credit.parent);
        let before: u64 = of_same.map(told).sum();
        let own = credit.amount.saturating_sub(told(credit));
        let left = match credit.parent {
            Some(_) => credit.of_parent.saturating_sub(before).min(own),
            None => own,
        };
        let reason = if credit.charged_back { Cause::Chargeback } else { Cause::Refund };
        let again = self.reversals.iter().any(|known| credit.names.contains(&known.share));
        // More of it became known after it was told: that is told under an id of its own.
        let named = if again {
            format!("{}+{}", credit.share, credit.amount)
        } else {
            credit.share.clone()
        };
        self.push_reversal(&named, &credit.share, left, reason, at);
    }

    /// A reversal for each part of a share that counted without being captured and is lost.
    fn reverse_loss(&mut self, debit: &Debit, at: Timestamp) {
        let counted = |name: &String| self.basis.reserved.get(name).copied();
        let Some(counted) = debit.names.iter().find_map(counted) else {
            return;
        };
        let mut left = counted.saturating_sub(debit.captured);
        for (operation, part) in &debit.let_go {
            if self.basis.gone.contains(operation) {
                continue;
            }
            let amount = left.min(*part);
            left -= amount;
            self.reverse(operation, amount, Cause::Lost, at);
        }
        if debit.lost {
            self.reverse(&debit.share, left, Cause::Lost, at);
        }
    }

    /// A reversal, unless there is one under this name or nothing to tell.
    fn reverse(&mut self, share: &str, amount: u64, reason: Cause, at: Timestamp) {
        if !self.reversals.iter().any(|known| known.share == share) {
            self.push_reversal(share, share, amount, reason, at);
        }
    }

    /// A reversal under the id of this name, unless there is nothing to tell.
    fn push_reversal(
        &mut self,
        named: &str,
        share: &str,
        amount: u64,
        reason: Cause,
        at: Timestamp,
    ) {
        if amount > 0 {
            self.reversals.push(Reversal {
                id: reversal_id(&self.key, named),
                share: share.to_owned(),
                amount,
                reason,
                decided_at: at,
                sent_at: None,
            });
        }
    }

    /// The statement's reasons that no notification has given. Every message of a cascade lists all its
    /// attempts: kept each time, their reasons would outgrow the facts.
    fn new_reasons(&self, statement: &Statement) -> Vec<Reason> {
        let known = |r: &&Reason| self.notifications.iter().any(|n| n.reasons.contains(r));
        statement.reasons.iter().filter(|reason| !known(reason)).cloned().collect()
    }

    /// Adds notifications that are not listed yet, or not in this standing; of those with more than one
    /// reading as many as have room.
    fn list(&mut self, notifications: impl IntoIterator<Item = Received>) {
        for received in notifications {
            let has_room =
                !received.standing.is_doubtful() || self.has_room_for(&[], Some(&received));
            match self.notifications.iter_mut().find(|n| n.digest == received.digest) {
                Some(known) if received.standing < known.standing => *known = received,
                Some(_) => {}
                None if has_room => self.notifications.push(received),
                None => {}
            }
        }
        self.notifications.sort_by_key(|received| received.received_at);
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

/// Whether a fact is about this payment, named as in `tx:<payment>`.
fn is_of(fact: &Fact, name: &str) -> bool {
    let payment = name.strip_prefix("tx:").unwrap_or(name);
    matches!(fact, Fact::Share(share) if share.is_of(payment))
}

/// How many bytes it takes as JSON.
fn json_bytes(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
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
