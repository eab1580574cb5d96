//! What a person has to look at: orders whose money and goods do not agree, and what settles by no more asking.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::fact::{Flag, Status};
use crate::fold::{Policy, ReleaseOn, Summary};
use crate::order::Order;
use crate::schedule::is_doubtful;
use crate::time::Timestamp;

/// Why a person has to look at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// What the order costs is taken, and the order is held.
    PaidNotReleased,
    /// The order was released, and less is taken than it costs, beyond what its reversals tell.
    ReleasedNotPaid,
    /// A voucher is taken, and the rest of the payment does not come.
    Stranded,
    /// Nobody knows whether a refund, a capture or a cancellation was carried out.
    Uncertain,
    /// The provider was asked for as long as it is asked, and nothing is settled.
    GivenUp,
}

impl Concern {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 5] = [
        Self::PaidNotReleased,
        Self::ReleasedNotPaid,
        Self::Stranded,
        Self::Uncertain,
        Self::GivenUp,
    ];

    /// The word used in JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaidNotReleased => "paid_not_released",
            Self::ReleasedNotPaid => "released_not_paid",
            Self::Stranded => "stranded",
            Self::Uncertain => "uncertain",
            Self::GivenUp => "given_up",
        }
    }
}

impl Order {
    /// Why a person has to look at the order itself. What is uncertain is known to its desk alone:
    /// [`Desk::is_uncertain`](crate::desk::Desk::is_uncertain).
    pub fn concerns(&self, policy: Policy, now: Timestamp) -> BTreeSet<Concern> {
        let summary = self.summary(policy);
        let flags = self.flags(policy, now);
        let concerns = [
            (Concern::PaidNotReleased, self.fulfilment.is_none() && is_covered(&summary)),
            (
                Concern::ReleasedNotPaid,
                self.fulfilment.is_some() && self.is_short(&summary, policy),
            ),
            (Concern::Stranded, flags.contains(&Flag::StrandedVoucher)),
            (Concern::GivenUp, flags.contains(&Flag::GivenUp)),
        ];
        concerns.into_iter().filter(|(_, is_so)| *is_so).map(|(concern, _)| concern).collect()
    }

    /// Whether the order is not released although it costs no more than is taken, or because of a doubt, where money of it
    /// is there or may be.
    pub(crate) fn is_held(&self, summary: &Summary) -> bool {
        // A share in doubt is shown as pending.
        let may_have_money = summary.shares.iter().any(|share| match share.status {
            Status::Captured
            | Status::Authorised
            | Status::Pending
            | Status::Unknown
            | Status::Ambiguous => true,
            Status::Refused
            | Status::Cancelled
            | Status::Expired
            | Status::Accepted
            | Status::Refunded
            | Status::ChargedBack => false,
        });
        let is_in_doubt = may_have_money && is_doubtful(summary);
        self.fulfilment.is_none() && (is_covered(summary) || is_in_doubt)
    }

    /// Whether a released order has less than it costs, although its reversals were told.
    fn is_short(&self, summary: &Summary, policy: Policy) -> bool {
        let reserved = match policy.release_on {
            ReleaseOn::Captured => 0,
            ReleaseOn::Secured => summary.authorised,
        };
        let told = self.reversals.iter().map(|reversal| reversal.amount);
        let told = told.fold(0, u64::saturating_add);
        let held = (summary.captured + reserved).saturating_sub(summary.refunded);
        summary.expected.is_some_and(|expected| held.saturating_add(told) < expected)
    }
}

/// Whether what the order costs is taken and was not given back, by whatever was told.
fn is_covered(summary: &Summary) -> bool {
    let held = summary.captured.saturating_sub(summary.refunded);
    summary.expected.is_some_and(|expected| expected > 0 && held >= expected)
}
