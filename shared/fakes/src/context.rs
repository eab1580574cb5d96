//! What a call needs to know beside the state of its provider.

use quittance_core::Timestamp;

use crate::config::Config;
use crate::settings::Settings;

/// What a call needs to know beside the state of its provider.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) config: &'c Config,
    pub(crate) settings: &'c Settings,
    /// The provider's clock, which can be put forward.
    pub(crate) now: Timestamp,
    /// The clock of whoever signs requests.
    pub(crate) wall: Timestamp,
}

/// What a buyer does on a payment page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buyer {
    /// Pays so much by voucher, in minor units.
    pub(crate) voucher: Option<u64>,
    /// Then does this about the rest.
    pub(crate) card: Option<CardMove>,
}

/// What a buyer does about a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CardMove {
    /// Pays the rest.
    Accept,
    /// Tries, and his bank refuses.
    Refuse,
    /// Leaves.
    Abandon,
}

/// A payment page as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageView {
    pub(crate) provider: &'static str,
    pub(crate) id: String,
    pub(crate) order: String,
    /// What the order costs, in minor units.
    pub(crate) amount: u64,
    pub(crate) currency: String,
    /// What is still to be paid.
    pub(crate) rest: u64,
    /// The least and the most that can be paid by voucher; `None` where none can.
    pub(crate) voucher: Option<(u64, u64)>,
    /// Whether a card can pay the rest.
    pub(crate) card: bool,
    /// Whether the page has ended.
    pub(crate) ended: bool,
    /// How the browser leaves it.
    pub(crate) back: Back,
}

/// How the browser gets back to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// By GET.
    Get(String),
    /// By a form that it posts.
    Post(String, Vec<(String, String)>),
}
