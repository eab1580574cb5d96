//! What one genuine notification says, once read.

use serde::Serialize;

use crate::details::ShareDetails;
use crate::fact::{Fact, Kind, ShareFact, Standing};
use crate::key::OrderKey;
use crate::remark::Remark;

/// What one element of a notification turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It states facts about an order.
    Order(Box<Statement>),
    /// An unsigned message about a payment. It states no facts; at most, the provider is asked.
    Hint(Hint),
    /// Genuine, about something that Quittance does not track (a token, a payout, a test).
    Untracked {
        /// What it was about, for the log and the answer; holds no personal data.
        about: String,
    },
    /// Genuine, but not to be understood: a person has to look.
    Unreadable(Unreadable),
}

/// News without a signature. There are no facts in it, so that nothing can be released, held or reversed on
/// its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The order or payment to ask about.
    pub order: OrderKey,
    /// One line for people. No personal data.
    pub about: String,
}

/// Why a genuine notification is put into quarantine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// For the operator; names fields, never their personal contents.
    pub reason: String,
}

impl Unreadable {
    /// A reason, in lower case and without a final stop.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl From<Result<Statement, Unreadable>> for Reading {
    fn from(result: Result<Statement, Unreadable>) -> Self {
        match result {
            Ok(statement) => Self::Order(Box::new(statement)),
            Err(unreadable) => Self::Unreadable(unreadable),
        }
    }
}

/// The facts that one notification states about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The order.
    pub key: OrderKey,
    /// Other keys under which later messages may speak of the same payment: each is the name of one.
    pub aliases: Vec<OrderKey>,
    /// Whether it follows on a payment that another message is about as a whole (a capture, a refund, news
    /// of a batch): it belongs where that payment is, whatever reference it carries.
    pub follows: bool,
    /// What is stated.
    pub facts: Vec<Fact>,
    /// How far the message can be trusted; see [`Statement::standing`].
    pub standing: Standing,
    /// Why the message is not sound.
    pub doubt: Option<Remark>,
    /// Why shares are in the status stated, where the message says more than the status. Not part of the
    /// facts: a re-send may lack it, and is still a repeat.
    pub reasons: Vec<Reason>,
    /// What is said of the shares beyond the facts. It decides nothing.
    pub details: Vec<ShareDetails>,
    /// How long after its first message the rest of a payment may follow, in seconds: the provider's session.
    pub session_seconds: u64,
    /// What kind of message it is. No personal data.
    pub event: Remark,
}

/// Why one share is in one status, as a notification says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The share's id, as in [`ShareFact::share`].
    pub share: String,
    /// The status it explains, in the provider's words: the reason of an older one explains no newer one.
    pub psp_status: String,
    /// Why, with the provider's code. No personal data.
    pub why: Remark,
}

impl Reason {
    /// Whether it speaks of this share in this status.
    pub fn explains(&self, fact: &ShareFact) -> bool {
        let is_named = |name: &str| self.share == name;
        (is_named(&fact.share) || fact.other_name.as_deref().is_some_and(is_named))
            && self.psp_status == fact.said.shown()
    }
}

impl Statement {
    /// Whether it speaks of money given back and of nothing else.
    pub fn is_credit(&self) -> bool {
        let is_credit = |fact: &Fact| fact.as_share().is_some_and(|s| s.kind == Kind::Credit);
        !self.facts.is_empty() && self.facts.iter().all(is_credit)
    }

    /// Whether it follows on a payment, and states nothing of the whole.
    pub fn is_follower(&self) -> bool {
        self.follows || self.is_credit()
    }

    /// How far it can be trusted: as far as its message and each of its facts.
    pub fn standing(&self) -> Standing {
        let of_facts = self.facts.iter().map(|fact| fact.standing(self.standing));
        of_facts.max().unwrap_or(self.standing)
    }

    /// Why it is not sound.
    pub fn doubt(&self) -> Option<Remark> {
        self.doubt.clone().or_else(|| doubt_of(&self.facts))
    }

    /// Lowers the standing of the message, keeping the first reason given for the lowest.
    pub fn lower(&mut self, standing: Standing, why: Remark) {
        if standing > self.standing {
            self.standing = standing;
            self.doubt = Some(why);
        }
    }
}

/// How the first of these facts contradicts itself that does.
pub(crate) fn doubt_of(facts: &[Fact]) -> Option<Remark> {
    let mut shares = facts.iter().filter_map(Fact::as_share);
    shares.find_map(|share| share.meaning.doubt).map(Remark::plain)
}
