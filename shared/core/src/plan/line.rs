//! What a plan consists of.

use crate::api::Verb;
use crate::money::Currency;
use crate::remark::Remark;
use crate::rules::Purse;
use crate::time::Timestamp;

/// One thing to be done with the money of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedLine {
    /// The provider's id of what is acted on.
    pub target: String,
    /// The provider's brand, or the name of its product.
    pub method: String,
    /// With what kind of method the money was paid.
    pub purse: Purse,
    /// What is done.
    pub verb: Verb,
    /// How much, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// Whether this is all there is of the target.
    pub whole: bool,
    /// The call may not be made from this moment on.
    pub deadline: Option<Timestamp>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reasons; at least one.
    pub reasons: Vec<Remark>,
    /// The largest smaller amount for which there is a plan, in minor units.
    pub below: Option<u64>,
    /// The smallest larger one.
    pub above: Option<u64>,
    /// When planning with vouchers ends, where any have a limit.
    pub voucher_deadline: Option<Timestamp>,
}

impl Refusal {
    /// For one reason, whatever the amount.
    pub(super) fn of(reason: Remark) -> Self {
        Self { reasons: vec![reason], below: None, above: None, voucher_deadline: None }
    }
}
