//! What was read of a message, enough to take it once more: what an order holds of one of which nobody has the bytes any
//! more, and what is archived beside the answers of a provider that was asked.

use crate::fact::{Fact, Kind, Standing};
use crate::key::OrderKey;
use crate::order::{NotificationEntry, Order};
use crate::provider::Providers;
use crate::remark::Remark;
use crate::statement::Statement;
use crate::stored::{self, Undecodable};
use crate::time::Timestamp;

/// The kind of a statement that is made anew of what was confirmed. No order lists it.
const CONFIRMED: &str = "confirmed";

/// What was read of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it stated, about the order that holds it.
    pub statement: Statement,
    /// When it arrived.
    pub at: Timestamp,
    /// SHA-256 of its bytes, lowercase hex; empty where none is known.
    pub sha256: String,
}

impl Told {
    /// What an order lists of the messages that are wanted, in the order of arrival.
    pub fn listed(order: &Order, wanted: impl Fn(&NotificationEntry) -> bool) -> Vec<Self> {
        let listed = order.notifications().iter().filter(|told| wanted(told));
        listed.map(|told| Self::of(order, told)).collect()
    }

    /// What an order holds of what its provider said when it was asked: what it lists as such, from `source`, and what
    /// had been told by notifications before and is listed as theirs. The latter counts from the decision on that it
    /// made possible.
    pub fn when_asked(order: &Order, source: &str) -> Vec<Self> {
        let mut all = Self::listed(order, |told| told.source == source);
        let listed: Vec<&Fact> = all.iter().flat_map(|told| &told.statement.facts).collect();
        let last = order.notifications().iter().map(|told| told.received_at).max();
        let decided = order.fulfilment().map(|release| release.decided_at).or(last);
        let reversed = |fact: &Fact| {
            let share = fact.as_share().filter(|share| share.kind == Kind::Credit)?;
            let of_share =
                order.reversals().iter().find(|reversal| reversal.share == share.share)?;
            Some(of_share.decided_at)
        };
        let confirmed = order.facts().told().filter(|(_, told)| *told == Standing::Confirmed);
        let unlisted =
            confirmed.filter(|(fact, _)| !listed.contains(fact)).filter_map(|(fact, _)| {
                let at = reversed(fact).or(decided)?;
                let statement = Statement {
                    facts: vec![fact.clone()],
                    standing: Standing::Confirmed,
                    ..empty(order)
                };
                Some(Self { statement, at, sha256: String::new() })
            });
        let unlisted: Vec<_> = unlisted.collect();
        all.extend(unlisted);
        all
    }

    fn of(order: &Order, told: &NotificationEntry) -> Self {
        let NotificationEntry { facts, standing, event, doubt, reasons, .. } = told.clone();
        let statement = Statement { facts, standing, event, doubt, reasons, ..empty(order) };
        Self { statement, at: told.received_at, sha256: told.sha256.clone() }
    }

    /// As bytes: whether it follows on a payment, and a stored order that knows nothing else.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] where the order cannot be stored.
    pub fn encode(&self) -> Result<Vec<u8>, Undecodable> {
        let statement = &self.statement;
        let mut order = Order::new(statement.key.clone());
        for fact in &statement.facts {
            order.facts.add(fact.clone(), statement.standing);
        }
        order.details.learn(&statement.details);
        order.session_seconds = statement.session_seconds;
        order.aliases = statement.aliases.iter().map(|name| name.order.clone()).collect();
        order.notifications.push(NotificationEntry {
            facts: statement.facts.clone(),
            received_at: self.at,
            source: String::new(),
            event: statement.event.clone(),
            sha256: self.sha256.clone(),
            standing: statement.standing,
            doubt: statement.doubt.clone(),
            reasons: statement.reasons.clone(),
        });
        let mut bytes = vec![u8::from(statement.follows)];
        bytes.append(&mut stored::encode(&order)?);
        Ok(bytes)
    }

    /// From bytes that [`Told::encode`] wrote, about the order of this key.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] where the bytes are anything else.
    pub fn decode(bytes: &[u8], key: OrderKey, providers: Providers) -> Result<Self, Undecodable> {
        let (follows, bytes) = bytes.split_first().ok_or(Undecodable::Damaged)?;
        let order = stored::decode(bytes, key, providers)?;
        let (follows, [told]) = (*follows == 1, order.notifications()) else {
            return Err(Undecodable::Damaged);
        };
        let Self { statement, at, sha256 } = Self::of(&order, told);
        let statement = Statement { follows, details: order.details.said(), ..statement };
        Ok(Self { statement, at, sha256 })
    }
}

/// A statement about an order that says nothing yet.
fn empty(order: &Order) -> Statement {
    Statement {
        key: order.key().clone(),
        aliases: order.aliases().iter().filter_map(|name| order.key().sibling(name).ok()).collect(),
        follows: false,
        facts: Vec::new(),
        standing: Standing::Sound,
        doubt: None,
        reasons: Vec::new(),
        details: Vec::new(),
        session_seconds: order.session_seconds(),
        event: Remark::plain(CONFIRMED),
    }
}
