//! What a shop is told besides, where it wants that: that an order waits for a person. A notice decides nothing: nothing is
//! released by it, and nothing taken back.

use crate::fold::{Policy, Summary};
use crate::ids::identifier;
use crate::message::{CloudEvent, ORDER_HELD, ORDER_STRANDED};
use crate::order::Order;
use crate::provider::Providers;
use crate::time::Timestamp;

/// How long nothing must have been heard of an order before a shop is told that it is held, in seconds. A confirmation, or
/// the message of the other share, comes within minutes, and the provider has been asked three times by then
/// ([`crate::schedule`]).
pub const HELD_SECONDS: u64 = 15 * 60;

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// Money of the order is taken, or may be, and the order is not released although it costs no more, or because of a
    /// doubt.
    Held,
    /// A voucher of the order is taken, and the rest of the payment does not come.
    Stranded,
}

impl Notice {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Held, Self::Stranded];

    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Stranded => "stranded",
        }
    }

    /// The notice of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == word)
    }

    /// The type of the message.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Held => ORDER_HELD,
            Self::Stranded => ORDER_STRANDED,
        }
    }

    /// Whether a message of this type is a notice.
    pub fn is_one(kind: &str) -> bool {
        Self::ALL.into_iter().any(|notice| notice.kind() == kind)
    }
}

impl Order {
    /// Whether a shop is to be told that the order is held: nothing has been heard of it for [`HELD_SECONDS`].
    pub fn is_held_for_long(&self, policy: Policy, now: Timestamp) -> bool {
        let is_quiet = self.last_news().is_some_and(|at| now.seconds_since(at) >= HELD_SECONDS);
        is_quiet && self.is_held(&self.summary(policy))
    }

    /// The message of a notice. Its id is that of what the order holds: where money comes or goes, another amount is
    /// registered, or another doubt arises, the next notice is another one.
    pub fn notice(
        &self,
        notice: Notice,
        policy: Policy,
        now: Timestamp,
        providers: Providers,
    ) -> CloudEvent {
        let data = self.brief(policy, now, providers);
        let (kind, key) = (notice.kind(), self.key());
        // Not the flags of `data`, which time alone may change.
        let Summary { expected, authorised, captured, refunded, flags, .. } = self.summary(policy);
        let flags: Vec<&str> = flags.iter().map(|flag| flag.as_str()).collect();
        let held = format!(
            "{}\n{authorised}\n{captured}\n{refunded}\n{}",
            expected.unwrap_or_default(),
            flags.join(",")
        );
        self.event(identifier(&format!("{kind}\n{key}\n{held}")), kind, now, data)
    }
}
