//! The other direction: asking a provider what it knows of an order, and telling it to move money.
//!
//! A provider's part makes no call. A [`Dialogue`] says what to send next, the adapter sends it and tells how that
//! ended, until the dialogue ends with a value. The dialogue alone knows what may be sent again: an adapter repeats
//! nothing by itself.
//!
//! An answer over TLS is believed like a signed notification, and states facts of the same shares.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::checkout::{Opened, Proof, Wish};
use crate::key::Account;
use crate::money::Currency;
use crate::order::Order;
use crate::statement::Statement;
use crate::time::Timestamp;
use crate::transcript::Transcript;

/// The credentials of one provider's API, of all merchants that are configured.
pub trait Api: fmt::Debug + Send + Sync {
    /// Whose payments they reach, for people.
    fn accesses(&self) -> Vec<Access>;

    /// A talk that asks all that the provider knows of an order.
    fn ask(&self, subject: &Subject<'_>) -> Result<Box<dyn Dialogue<Asked>>, NoAccess>;

    /// A talk that carries out one line of a refund, a capture or a cancellation, once. It asks for nothing else.
    fn act(
        &self,
        account: &Account,
        action: &Action,
    ) -> Result<Box<dyn Dialogue<Effect>>, NoAccess>;

    /// A talk without effect that shows whether the credentials are taken.
    fn test(&self, account: &Account) -> Result<Box<dyn Dialogue<Tested>>, NoAccess>;

    /// Starts a payment. `attempt` tells the starts of one order apart: the same one again is the same start, where
    /// the provider can tell. The wish's return address is where the provider sends the buyer.
    fn checkout(
        &self,
        account: &Account,
        wish: &Wish,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Opening, CheckoutRefused> {
        let _ = (account, wish, attempt, now);
        Err(CheckoutRefused::NoAccess(NoAccess::Missing))
    }

    /// Proves as far as can be that the buyer's browser comes from the provider. It is never evidence of a payment.
    fn returned(&self, arrived: &Arrived<'_>) -> Result<Returned, NoReturn> {
        let _ = arrived;
        Err(NoReturn("the provider has no returns"))
    }
}

/// A payment that is being started.
pub enum Opening {
    /// Nothing is to be sent.
    Ready(Box<Opened>),
    /// A talk opens it.
    Talk(Box<dyn Dialogue<Started>>),
}

/// It may hold what lets somebody pay.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready(..)",
            Self::Talk(_) => "Talk(..)",
        })
    }
}

/// What starting a payment came to.
pub type Started = Result<Box<Opened>, NotStarted>;

/// A payment that the buyer cannot make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{trouble}")]
pub struct NotStarted {
    /// Why.
    pub trouble: Trouble,
    /// Whether the provider may have begun it all the same.
    pub uncertain: bool,
}

/// Why a payment is not started. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutRefused {
    /// There are no credentials.
    #[error(transparent)]
    NoAccess(#[from] NoAccess),
    /// A rule forbids it: a sentence in lower case and without a final stop.
    #[error("{0}")]
    Rule(String),
}

/// What a browser brings back.
#[derive(Clone, Copy)]
pub struct Arrived<'a> {
    /// The query of the address.
    pub query: &'a str,
    /// The posted form; empty where nothing was posted.
    pub body: &'a [u8],
}

/// It has what proves the return.
impl fmt::Debug for Arrived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrived(..)")
    }
}

/// A return, as far as it can be told by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// The provider signed that it is about this order.
    Order {
        /// Whose.
        account: Account,
        /// The reference, or the name of a payment.
        order: String,
    },
    /// It is genuine if a session was opened with this.
    Shown(Proof),
}

/// A return that is not believed. The sentence quotes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReturn(pub &'static str);

/// One merchant's access in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whose.
    pub account: Account,
    /// The origin that is called (`https://host`).
    pub origin: String,
    /// Whether orders may be asked about.
    pub asks: bool,
}

/// There are no credentials for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAccess {
    /// None are configured for the merchant in this mode.
    #[error("no API credentials are configured for this merchant and mode")]
    Missing,
    /// The merchant's may not be used for asking.
    #[error("this merchant's credentials may not be used for asking")]
    Forbidden,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What is known of it.
    pub order: &'a Order,
    /// The provider's ids of the sessions that were opened for it, oldest first.
    pub checkouts: &'a [String],
}

/// A talk with a provider's API, as a sequence of calls.
pub trait Dialogue<T>: Send {
    /// What comes next. After [`Turn::Send`], [`Dialogue::heard`] is called before this is again. A call is made
    /// anew each time: its signature holds for minutes.
    fn next(&mut self, now: Timestamp) -> Turn<T>;

    /// How the call ended.
    fn heard(&mut self, exchange: Exchange);
}

/// What comes next in a talk.
#[derive(Debug)]
pub enum Turn<T> {
    /// This is to be sent, once.
    Send(Call),
    /// About so many milliseconds are to pass before the next turn; the adapter adds a random part.
    Pause(u64),
    /// That is the result.
    End(T),
}

/// One HTTP request.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// What the provider calls it, for logs and counts.
    pub name: &'static str,
    /// Read or write.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Exactly these headers, with lower-case names; some are secret.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for a read.
    pub body: Vec<u8>,
}

/// Without headers and body: they hold secrets and personal data.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.name)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The methods that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads or writes.
    Post,
}

/// How sending one call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// There is a whole answer.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body, at most [`MAX_ANSWER_BYTES`].
        body: Vec<u8>,
    },
    /// Nothing was sent: the connection was refused, or there was no name or no TLS.
    Unsent,
    /// Something may have been sent, and no whole answer came.
    Lost,
}

/// Largest answer that is read, in bytes: an order of thirty transactions takes about 150 KiB.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What asking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The provider knows something.
    Told(Answer),
    /// The provider knows nothing of it, or nothing yet.
    Unknown,
    /// Nothing is learnt.
    Failed(Trouble),
}

/// What a provider says of an order when asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What is stated, each about the order that was asked about.
    pub statements: Vec<Statement>,
    /// What it was read from.
    pub transcript: Transcript,
    /// Whether the payment has ended, so that no more of it is to come.
    pub ended: bool,
    /// The sessions among those asked about in which nobody can pay any more.
    pub over: Vec<String>,
    /// Why a payment that notifications alone name could not be read at the moment. The order may have been paid with it,
    /// too: nothing is planned with the order's money on this answer.
    pub missed: Option<Trouble>,
}

impl Answer {
    /// What is stated, as the provider's own word: over TLS it needs no signature, and it settles what only a
    /// notification said before. What contradicts itself stays in doubt.
    pub fn confirmed(self) -> Vec<Statement> {
        let confirm = |mut statement: Statement| {
            statement.standing = statement.standing.confirmed();
            statement
        };
        self.statements.into_iter().map(confirm).collect()
    }
}

/// Why a talk came to nothing. Prints as a sentence without secrets and personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Trouble {
    /// Of which kind.
    pub kind: TroubleKind,
    /// In lower case and without a final stop.
    pub why: String,
}

/// The kinds of [`Trouble`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// The provider cannot be reached, is in trouble itself, or has enough of us.
    Unreachable,
    /// It does not take the credentials, or what they are for.
    Credentials,
    /// The answer is not understood.
    Garbled,
    /// The answer contradicts itself, or is about another merchant, order or currency.
    Contradiction,
}

impl TroubleKind {
    /// The word used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Credentials => "credentials",
            Self::Garbled => "garbled",
            Self::Contradiction => "contradiction",
        }
    }
}

/// One thing to be done with the money of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What.
    pub verb: Verb,
    /// What names this action among all of the order, for ever: repeating it is the same action.
    pub intent: String,
    /// The order, as the merchant calls it.
    pub order: String,
    /// The provider's id of what is acted on.
    pub target: String,
    /// How much, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// Whether this is all there is of the target.
    pub whole: bool,
}

/// What can be done with a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Action"))]
pub enum Verb {
    /// Give back what was taken.
    Refund,
    /// Give up what is authorised.
    Cancel,
    /// Take what is authorised.
    Capture,
}

/// What carrying out an action came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The provider took it. Whether it is final is for asking to tell.
    Taken {
        /// The provider's id of what it made of it.
        psp_id: Option<String>,
    },
    /// The provider refused it, for good. Nothing was done.
    Refused {
        /// In lower case and without a final stop.
        why: String,
    },
    /// Surely nothing was done; the same action may be carried out later.
    Nothing(Trouble),
    /// The provider answered that it failed, and would answer so again: nothing was done, and what is tried later is another
    /// action.
    Failed(Trouble),
    /// It may have been done. Only asking can tell.
    Uncertain(Trouble),
}

impl Effect {
    /// Whether surely nothing was done of it, and it is wanted still.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing(_) | Self::Failed(_))
    }
}

/// Whether the credentials are taken.
pub type Tested = Result<(), Trouble>;
