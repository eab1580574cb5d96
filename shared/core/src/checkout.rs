//! Starting payments: what a merchant wishes, what is handed to the buyer, and which sessions of an order are open.
//!
//! Two sessions of one order can both be paid, so at most one is open at a time. What holds that: a start is noted
//! before anything is sent, and nothing is handed out before it is stored. A session that nobody was told of cannot
//! be paid, so a crash leaves at most one that ends unpaid.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::{same, sha256_hex};
use crate::money::Currency;
use crate::time::Timestamp;

/// With what the buyer may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Method {
    /// Chèque-Vacances Connect, and a card for what it leaves open.
    #[serde(rename = "CVCO")]
    Cvco,
    /// A card.
    #[serde(rename = "card")]
    Card,
    /// Whatever the merchant offers.
    #[serde(rename = "any")]
    Any,
}

/// How the buyer gets to the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Flow {
    /// On the provider's page.
    #[default]
    Hosted,
    /// In an app, after a call from server to server.
    Server,
    /// By a link that is sent to the buyer.
    Link,
}

/// The payment that a merchant wishes to start.
#[derive(Clone, PartialEq, Eq)]
pub struct Wish {
    /// The order, as the merchant calls it.
    pub reference: String,
    /// What it costs, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// With what.
    pub method: Method,
    /// How.
    pub flow: Flow,
    /// Whether the money is reserved only, to be taken later.
    pub approval: bool,
    /// Whether the buyer may pay a part by voucher.
    pub adjustable: bool,
    /// Who has the vouchers. It is personal data.
    pub beneficiary: Option<String>,
    /// In which language, as `fr_FR`.
    pub locale: Option<String>,
    /// Where the buyer goes afterwards.
    pub return_url: String,
    /// Where the provider tells of this payment, instead of where it is told to for all.
    pub notification_url: Option<String>,
}

/// Without what is personal.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish")
            .field("reference", &self.reference)
            .field("amount", &self.amount)
            .field("currency", &self.currency)
            .field("method", &self.method)
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

/// What the shop shows to the buyer, or where it sends him: what there is of it. It lets somebody pay.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// Where the buyer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// What the buyer's browser posts, within minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// Opens the buyer's app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_url: Option<String>,
    /// A PNG in Base64 for the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr_code: Option<String>,
    /// Tells how far the buyer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polling_url: Option<String>,
}

/// Whoever has it can pay, so it is in no log.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Offer(..)")
    }
}

/// A signed form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Form {
    /// The address to which it is posted.
    pub action: String,
    /// All its fields by name, with their signature.
    pub fields: BTreeMap<String, String>,
}

/// What only the provider and we know of a session: whoever shows it comes from there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    secret: String,
    checkout: Option<String>,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

impl Proof {
    /// A secret, with the session that it is said to be of. `None` for an empty one, which proves nothing.
    pub fn new(secret: &str, checkout: Option<&str>) -> Option<Self> {
        let checkout = checkout.map(str::to_owned);
        (!secret.is_empty()).then(|| Self { secret: secret.to_owned(), checkout })
    }

    /// A name under which the order can be looked up. It tells nothing of the secret.
    pub fn name(&self) -> String {
        // The session's id has no line feed, and stands first.
        let checkout = self.checkout.as_deref().unwrap_or("");
        sha256_hex([checkout, "\n", &self.secret].concat().as_bytes())
    }

    /// Whether it is the same, in a time that depends on lengths only.
    pub fn is(&self, other: &Self) -> bool {
        let checkout = |proof: &Self| proof.checkout.clone().unwrap_or_default();
        same(self.secret.as_bytes(), other.secret.as_bytes())
            & same(checkout(self).as_bytes(), checkout(other).as_bytes())
    }
}

/// A payment that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The provider's id of it.
    pub id: String,
    /// What the buyer gets.
    pub offer: Offer,
    /// What proves the buyer's return, where that is agreed upon beforehand.
    pub proof: Option<Proof>,
    /// How long it can be paid, in seconds.
    pub seconds: u64,
    /// A name that no other payment of the merchant's may have. It is claimed before the offer is handed out.
    pub unique: Option<String>,
}

/// The version that is written.
const VERSION: u8 = 1;

/// Most sessions of one order that are kept; older ones that are over are forgotten. A provider is asked about the
/// newest eight.
pub const MAX_SESSIONS: usize = 16;

/// How long a start that was noted keeps others out, in seconds: longer than a function may run.
pub const START_SECONDS: u64 = 60;

/// The sessions of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    version: u8,
    /// How many starts there were: each has a number of its own.
    starts: u32,
    sessions: Vec<Session>,
}

/// The stored sessions cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer release wrote them.
    #[error("the stored sessions have version {0}, which this release does not know")]
    Version(u8),
    /// They are damaged.
    #[error("the stored sessions are damaged")]
    Damaged,
}

/// One start of a payment, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The number of the start.
    pub attempt: u32,
    /// What it is for, in minor units.
    pub amount: u64,
    /// The currency's code.
    pub currency: String,
    /// With what it is to be paid.
    pub method: Method,
    /// How.
    pub flow: Flow,
    /// Whether the money is reserved only.
    #[serde(default)]
    pub approval: bool,
    /// Where the merchant wants the buyer afterwards.
    pub return_url: String,
    /// Names all that was wished for.
    wish: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far a start is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was noted then, and the provider may have been called.
    Noted(Timestamp),
    /// It came to nothing that the buyer could have been told of. Where that is not certain, the same start again
    /// has the same number.
    Failed {
        /// Whether the provider may have begun it.
        uncertain: bool,
    },
    /// The buyer can pay, or could.
    Open {
        /// The provider's id.
        id: String,
        /// What the buyer got; `None` where each gets one of his own, or it is over.
        offer: Option<Box<Offer>>,
        /// What proves his return.
        proof: Option<Proof>,
        /// When nobody can pay it any more.
        until: Timestamp,
    },
}

/// What was paid for an order, as far as another start is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// Nothing.
    Nothing,
    /// Something, or something may be: what is open goes on, and nothing else is started.
    Part,
    /// All that it costs, or it was released: nobody is to pay any more.
    All,
}

/// What is to be done about a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This is open already.
    Open {
        /// The provider's id.
        id: String,
        /// What the buyer gets.
        offer: Offer,
    },
    /// It is to be started under this number. That is noted, and to be stored before anything is sent.
    Start(u32),
    /// It cannot be.
    Conflict(Conflict),
}

/// What stands against a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another session is open.
    #[error("a payment of the order is open with another amount, flow, method or return address")]
    Open,
    /// Another one is being opened.
    #[error("a payment of the order is being started with other values: try again in a minute")]
    Starting,
    /// Something was paid.
    #[error("something was paid for the order")]
    Paid,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { version: VERSION, starts: 0, sessions: Vec::new() }
    }
}

impl Sessions {
    /// Reads what [`Sessions::to_json`] writes.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        let Versioned { version } = serde_json::from_str(text).map_err(|_| Unreadable::Damaged)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        serde_json::from_str(text).map_err(|_| Unreadable::Damaged)
    }

    /// The sessions as JSON. They hold secrets.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written: no map has a key that is not a text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[Session] {
        &self.sessions
    }

    /// The provider's ids of those that were opened, oldest first.
    pub fn ids(&self) -> Vec<String> {
        self.sessions.iter().filter_map(Session::id).map(str::to_owned).collect()
    }

    /// The session from which this proof is.
    pub fn proven(&self, proof: &Proof) -> Option<&Session> {
        self.sessions.iter().find(|session| match &session.stage {
            Stage::Open { proof: Some(own), .. } => own.is(proof),
            _ => false,
        })
    }

    /// The session that was opened last.
    pub fn newest(&self) -> Option<&Session> {
        self.sessions.iter().rev().find(|session| session.id().is_some())
    }

    /// What the buyer may be paying at this moment, or is about to, in minor units: no other amount may be registered.
    pub fn due(&self, now: Timestamp) -> Option<(u64, Currency)> {
        let busy = self.sessions.iter().find(|session| session.is_busy(now))?;
        Some((busy.amount, Currency::from_alpha(&busy.currency)?))
    }

    /// When the last session that was opened ends, or has ended: until then the rest of a payment may come.
    pub fn last_end(&self) -> Option<Timestamp> {
        let ends = self.sessions.iter().filter_map(|session| match session.stage {
            Stage::Open { until, .. } => Some(until),
            Stage::Noted(_) | Stage::Failed { .. } => None,
        });
        ends.max()
    }

    /// Decides about a wish whose return address is the merchant's. Only [`Decision::Start`] changes the sessions.
    pub fn decide(&mut self, wish: &Wish, paid: Paid, now: Timestamp) -> Decision {
        // A page that is still open takes the whole once more.
        if paid == Paid::All {
            return Decision::Conflict(Conflict::Paid);
        }
        let paid = paid == Paid::Part;
        let busy = self.sessions.iter().filter(|session| session.is_busy(now));
        if let Some(other) = busy.clone().find(|session| !session.is_like(wish)) {
            return Decision::Conflict(match other.stage {
                Stage::Open { .. } if paid => Conflict::Paid,
                Stage::Open { .. } => Conflict::Open,
                _ => Conflict::Starting,
            });
        }
        for session in busy {
            if let Stage::Open { id, offer: Some(offer), .. } = &session.stage {
                return Decision::Open { id: id.clone(), offer: (**offer).clone() };
            }
        }
        // What was paid in a session stays in it. A second one would take the whole once more.
        if paid {
            return Decision::Conflict(Conflict::Paid);
        }
        let named = named(wish);
        let unsettled = |session: &&mut Session| {
            let may_be_begun =
                matches!(session.stage, Stage::Noted(_) | Stage::Failed { uncertain: true });
            may_be_begun && session.wish == named
        };
        if let Some(session) = self.sessions.iter_mut().rev().find(unsettled) {
            session.stage = Stage::Noted(now);
            return Decision::Start(session.attempt);
        }
        let attempt = self.note(wish, named, now);
        Decision::Start(attempt)
    }

    /// Gives a noted start another number: its name was another payment's.
    pub fn renumber(&mut self, attempt: u32, now: Timestamp) -> Option<u32> {
        let next = self.starts;
        let session = self.find(attempt)?;
        session.attempt = next;
        session.stage = Stage::Noted(now);
        self.starts = next.saturating_add(1);
        Some(next)
    }

    /// Notes what a start came to. What is returned is what the buyer gets: the session of another start of the
    /// same, where that was quicker. `None`: this start is not known any more, and nothing is handed out.
    pub fn settle(
        &mut self,
        attempt: u32,
        wish: &Wish,
        opened: &Opened,
        now: Timestamp,
    ) -> Option<(String, Offer)> {
        let busy = |session: &&Session| session.attempt != attempt && session.is_busy(now);
        if self.sessions.iter().filter(busy).any(|session| !session.is_like(wish)) {
            return None;
        }
        let is_form = opened.offer.form.is_some();
        let handed_out = self.sessions.iter().find_map(|session| match &session.stage {
            Stage::Open { id, offer: Some(offer), until, .. } if *until > now => {
                Some((id.clone(), (**offer).clone()))
            }
            _ => None,
        });
        if handed_out.is_some() {
            // Nobody was told of the own one.
            self.fail(attempt, false);
            return handed_out;
        }
        let session = self.find(attempt).filter(|session| session.is_like(wish))?;
        // The same start was carried out twice, and the form that came of it first was handed out.
        let is_taken = session.id().is_some_and(|id| id != opened.id);
        let attempt = if is_taken { self.note(wish, named(wish), now) } else { attempt };
        let session = self.find(attempt)?;
        session.stage = Stage::Open {
            id: opened.id.clone(),
            // A form is signed anew each time.
            offer: (!is_form).then(|| Box::new(opened.offer.clone())),
            proof: opened.proof.clone(),
            until: now.later(opened.seconds).unwrap_or(now),
        };
        Some((opened.id.clone(), opened.offer.clone()))
    }

    /// Notes that a start came to nothing. Whether it was known.
    pub fn fail(&mut self, attempt: u32, uncertain: bool) -> bool {
        match self.find(attempt) {
            Some(session) if matches!(session.stage, Stage::Noted(_)) => {
                session.stage = Stage::Failed { uncertain };
                true
            }
            _ => false,
        }
    }

    /// Notes that nobody can pay in these sessions any more, as the provider said when it was asked then. Whether
    /// that is news.
    pub fn end(&mut self, ids: &[String], asked: Timestamp) -> bool {
        let mut is_news = false;
        for session in &mut self.sessions {
            if let Stage::Open { id, offer, until, .. } = &mut session.stage
                && ids.contains(id)
                && *until > asked
            {
                (*until, *offer, is_news) = (asked, None, true);
            }
        }
        is_news
    }

    fn find(&mut self, attempt: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.attempt == attempt)
    }

    fn note(&mut self, wish: &Wish, named: String, now: Timestamp) -> u32 {
        for session in &mut self.sessions {
            if let Stage::Open { offer, until, .. } = &mut session.stage
                && *until <= now
            {
                *offer = None;
            }
        }
        while self.sessions.len() >= MAX_SESSIONS {
            let over = self.sessions.iter().position(|session| !session.is_busy(now));
            self.sessions.remove(over.unwrap_or(0));
        }
        let attempt = self.starts;
        self.starts = attempt.saturating_add(1);
        self.sessions.push(Session {
            attempt,
            amount: wish.amount,
            currency: wish.currency.code().to_owned(),
            method: wish.method,
            flow: wish.flow,
            approval: wish.approval,
            return_url: wish.return_url.clone(),
            wish: named,
            stage: Stage::Noted(now),
        });
        attempt
    }
}

impl Session {
    /// The provider's id, where it was opened.
    pub fn id(&self) -> Option<&str> {
        match &self.stage {
            Stage::Open { id, .. } => Some(id),
            Stage::Noted(_) | Stage::Failed { .. } => None,
        }
    }

    /// Whether it can be paid, or may be handed out at any moment.
    pub fn is_busy(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Noted(at) => now.seconds_since(*at) < START_SECONDS,
            Stage::Open { until, .. } => *until > now,
            Stage::Failed { .. } => false,
        }
    }

    /// Whether the wish is for the same, as far as an open session may be handed out for it.
    fn is_like(&self, wish: &Wish) -> bool {
        (self.amount, self.currency.as_str()) == (wish.amount, wish.currency.code())
            && (self.method, self.flow, self.approval) == (wish.method, wish.flow, wish.approval)
            && self.return_url == wish.return_url
    }
}

/// Names all of a wish.
fn named(wish: &Wish) -> String {
    let money = (wish.amount, wish.currency.code());
    let how = (wish.method, wish.flow, wish.approval, wish.adjustable);
    let texts = (&wish.reference, &wish.beneficiary, &wish.locale, &wish.return_url);
    // Texts and numbers can always be written.
    sha256_hex(&serde_json::to_vec(&(money, how, texts)).unwrap_or_default())
}

#[cfg(test)]
mod tests;
