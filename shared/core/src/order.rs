//! An order: the set of its facts, and how it takes them. `decision` says what follows, `view` how it is shown.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::details::KnownDetails;
use crate::fact::{Fact, Facts, Kind, ShareFact, Standing, digest, say_the_same};
use crate::fold::{Policy, Summary, fold};
use crate::key::{OrderKey, PaymentName};
use crate::limits::MAX_FACTS_PER_ORDER;
use crate::money::Currency;
use crate::registered::Registered;
use crate::release::{Basis, Fulfilment, Reversal};
use crate::remark::Remark;
use crate::statement::{Reason, Statement};
use crate::time::Timestamp;

/// Everything known about one order. It changes by what is taken, registered, decided, sent and forgotten, and
/// in no other way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    pub(crate) key: OrderKey,
    pub(crate) facts: Facts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registered: Option<Registered>,
    pub(crate) notifications: Vec<NotificationEntry>,
    pub(crate) fulfilment: Option<Fulfilment>,
    pub(crate) reversals: Vec<Reversal>,
    #[serde(skip_serializing_if = "Basis::is_empty")]
    pub(crate) basis: Basis,
    #[serde(skip_serializing_if = "KnownDetails::is_empty")]
    pub(crate) details: KnownDetails,
    pub(crate) session_seconds: u64,
    pub(crate) aliases: BTreeSet<String>,
}

/// What is known.
impl Order {
    /// Its identity.
    pub fn key(&self) -> &OrderKey {
        &self.key
    }

    /// What was stated.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What the merchant says it costs.
    pub fn registered(&self) -> Option<Registered> {
        self.registered
    }

    /// One entry per distinct notification, in the order of arrival.
    pub fn notifications(&self) -> &[NotificationEntry] {
        &self.notifications
    }

    /// The release, once decided.
    pub fn fulfilment(&self) -> Option<&Fulfilment> {
        self.fulfilment.as_ref()
    }

    /// Money given back, or lost, after the release.
    pub fn reversals(&self) -> &[Reversal] {
        &self.reversals
    }

    /// What the release rests on.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// What is said of the shares beyond the facts.
    pub fn details(&self) -> &KnownDetails {
        &self.details
    }

    /// How long after the first message the rest may follow, in seconds: the provider's session.
    pub fn session_seconds(&self) -> u64 {
        self.session_seconds
    }

    /// Other names of this order's payments whose pointers have been written.
    pub fn aliases(&self) -> &BTreeSet<String> {
        &self.aliases
    }
}

/// A notification that added something to the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotificationEntry {
    /// What it stated, in its own order.
    pub facts: Vec<Fact>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Where it came from (`webhook`).
    pub source: String,
    /// What kind of message it was.
    pub event: Remark,
    /// SHA-256 of the raw HTTP body, lowercase hex.
    pub sha256: String,
    /// How far the message can be trusted.
    pub standing: Standing,
    /// Why it was not believed on its own word, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Remark>,
    /// Why shares are in their status, where it said so and no notification before it did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl NotificationEntry {
    /// Names what it stated; see [`digest`].
    pub fn digest(&self) -> String {
        digest(&self.facts)
    }

    /// Whether another message says the same of the same shares.
    fn says(&self, facts: &[Fact]) -> bool {
        say_the_same(&self.facts, facts)
    }

    /// Whether it speaks of this payment and of nothing else.
    fn is_about(&self, name: PaymentName<'_>) -> bool {
        let mut shares = self.facts.iter().filter_map(Fact::as_share).peekable();
        shares.peek().is_some() && shares.all(|share| share.is_of(name.id()))
    }
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
    /// The facts were known. New details, or another wording of the facts, are to be stored; the summary is as
    /// before.
    Retold(Summary),
    /// The order changed, now amounts to this, and must be stored before the notification is
    /// acknowledged.
    Changed(Summary),
}

/// The order has no room for the statement: the notification goes to quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFull {
    /// The room of trusted facts is used up.
    #[error("the order is full: it holds as many facts as are allowed ({MAX_FACTS_PER_ORDER})")]
    Facts,
    /// The room for statements with more than one reading is used up. Other statements have their own room.
    #[error(
        "the order is full: it holds as many statements with more than one reading as are allowed"
    )]
    Doubts,
}

/// Another amount is registered, and something was paid: which of the two holds is for a person to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another amount is registered for the order, and something was paid")]
pub struct AlreadyPaid;

impl Order {
    /// An order without facts.
    pub fn new(key: OrderKey) -> Self {
        Self {
            key,
            facts: Facts::default(),
            registered: None,
            notifications: Vec::new(),
            fulfilment: None,
            reversals: Vec::new(),
            basis: Basis::default(),
            details: KnownDetails::default(),
            session_seconds: 0,
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
    ) -> Result<Outcome, OrderFull> {
        let standing = statement.standing;
        let listed = self.notifications.iter().position(|known| known.says(&statement.facts));
        let listed = listed.and_then(|at| Some((at, self.notifications.get(at)?.standing)));
        let known = statement.facts.iter().all(|fact| self.facts.knows(fact, standing));
        // What can be read in more than one way leaves no trace but its doubt.
        let mut details = self.details.clone();
        let tells = !standing.is_doubtful() && details.learn(&statement.details);
        let is_listed = listed.is_some_and(|(_, as_what)| as_what <= standing);
        // The provider's own word for what is known is noted with the facts, and lists nothing once more.
        let repeats = standing == Standing::Confirmed
            && statement.facts.iter().all(|fact| self.facts.knows(fact, Standing::Sound));
        if (is_listed || repeats) && known {
            if !tells {
                return Ok(Outcome::Known);
            }
            self.details = details;
            return Ok(Outcome::Retold(self.decide(receipt.received_at, policy)));
        }
        let is_reworded = is_listed && statement.facts.iter().all(|fact| self.has_reworded(fact));
        let received = NotificationEntry {
            facts: statement.facts.clone(),
            received_at: receipt.received_at,
            source: receipt.source.to_owned(),
            event: statement.event.clone(),
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
            return Err(OrderFull::Facts);
        }
        let said: Vec<&Fact> = statement.facts.iter().collect();
        let news = Some(&received).filter(|_| listed.is_none());
        if standing.is_doubtful() && !self.has_room_for(&said, news) {
            return Err(OrderFull::Doubts);
        }
        self.facts = facts;
        self.details = details;
        self.session_seconds = self.session_seconds.max(statement.session_seconds);
        match listed {
            // A better message says the same: the doubt is over.
            Some((at, as_what)) if standing < as_what && !as_what.is_sound() => {
                self.notifications.remove(at);
                self.notifications.push(received);
            }
            Some(_) => {}
            None if repeats => {}
            None => self.notifications.push(received),
        }
        let summary = self.decide(receipt.received_at, policy);
        Ok(if is_reworded || repeats {
            Outcome::Retold(summary)
        } else {
            Outcome::Changed(summary)
        })
    }

    /// Whether a fact is known, but for the number beside its word. It is kept: what that number means may be
    /// told apart later.
    fn has_reworded(&self, fact: &Fact) -> bool {
        let reworded = |share: &ShareFact| self.facts.shares().any(|(own, _)| own.rewords(share));
        // In any standing.
        self.facts.knows(fact, Standing::Respellable) || fact.as_share().is_some_and(reworded)
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
            let paid_in = self.summary(policy).paid_in;
            if self.fulfilment.is_some() || known.is_kept_by(&paid_in, currency) {
                return Err(AlreadyPaid);
            }
        }
        self.registered = Some(Registered { amount, currency, at });
        Ok(Outcome::Changed(self.decide(at, policy)))
    }

    /// Takes over what was known of the same payment under another name, decisions included: an order
    /// that was released under its payment id is not released again under its reference.
    pub fn absorb(&mut self, other: Self) {
        self.absorb_facts(other.facts.told());
        self.list(other.notifications);
        self.registered = self.registered.or(other.registered);
        self.fulfilment = self.fulfilment.take().or(other.fulfilment);
        self.basis.absorb(other.basis);
        self.details.absorb(&other.details, |_, _| true);
        self.session_seconds = self.session_seconds.max(other.session_seconds);
        // Of one share the order told what it told, in however many parts.
        let told: BTreeSet<String> = self.reversals.iter().map(|r| r.share.clone()).collect();
        self.reversals.extend(other.reversals.into_iter().filter(|r| !told.contains(&r.share)));
    }

    /// Takes over what another order knows of one payment: what followed on it came under a reference of its
    /// own before the payment itself was known.
    pub fn absorb_payment(&mut self, other: &Self, name: PaymentName<'_>) {
        self.absorb_facts(other.facts.told().filter(|(fact, _)| is_of(fact, name)));
        let shares = other.shares_of(name);
        self.details.absorb(&other.details, |kind, share| shares.contains(&(kind, share)));
        self.session_seconds = self.session_seconds.max(other.session_seconds);
        self.list(other.notifications.iter().filter(|r| r.is_about(name)).cloned());
    }

    /// Drops what [`Order::absorb_payment`] takes over. Whether there was any.
    pub fn give_up_payment(&mut self, name: PaymentName<'_>) -> bool {
        let shares = self.shares_of(name);
        let shares: BTreeSet<(Kind, String)> =
            shares.into_iter().map(|(kind, share)| (kind, share.to_owned())).collect();
        self.details.drop_where(|kind, share| shares.contains(&(kind, share.to_owned())));
        self.notifications.retain(|received| !received.is_about(name));
        self.facts.drop_where(|fact, _| is_of(fact, name))
    }

    /// The shares of one payment.
    fn shares_of(&self, name: PaymentName<'_>) -> BTreeSet<(Kind, &str)> {
        let facts = self.facts.iter().filter(|(fact, _)| is_of(fact, name));
        let shares = facts.filter_map(|(fact, _)| fact.as_share());
        shares.map(|share| (share.kind, share.share.as_str())).collect()
    }

    /// Whether the order is empty: its facts were moved to another order.
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

    /// The statement's reasons that no notification has given. Every message of a cascade lists all its
    /// attempts: kept each time, their reasons would outgrow the facts.
    fn new_reasons(&self, statement: &Statement) -> Vec<Reason> {
        let known = |r: &&Reason| self.notifications.iter().any(|n| n.reasons.contains(r));
        statement.reasons.iter().filter(|reason| !known(reason)).cloned().collect()
    }

    /// Adds notifications that are not listed yet, or not in this standing; of those with more than one
    /// reading as many as have room.
    fn list(&mut self, notifications: impl IntoIterator<Item = NotificationEntry>) {
        for received in notifications {
            let has_room =
                !received.standing.is_doubtful() || self.has_room_for(&[], Some(&received));
            match self.notifications.iter_mut().find(|n| n.says(&received.facts)) {
                Some(known) if received.standing < known.standing => *known = received,
                Some(_) => {}
                None if has_room => self.notifications.push(received),
                None => {}
            }
        }
        self.notifications.sort_by_key(|received| received.received_at);
    }
}

/// Whether a fact is about this payment.
fn is_of(fact: &Fact, name: PaymentName<'_>) -> bool {
    fact.as_share().is_some_and(|share| share.is_of(name.id()))
}
