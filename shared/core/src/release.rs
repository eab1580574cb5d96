//! What was decided about an order: its release, and what is told after it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fold::{Policy, ReleaseOn, Summary};
use crate::time::Timestamp;

/// As much as the credit ever comes to: orders of the first stored version do not say how much was gone.
pub(crate) const ALL_OF_IT: u64 = u64::MAX;

/// What was known when an order was released, as far as what follows is measured by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Basis {
    /// Credits that were final by then and operations that had let something go, each with how much in minor units: no
    /// reversal tells of that. `u64::MAX` where how much is not known any more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<String, u64>,
    /// Shares that counted without being captured, with what they counted in minor units.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reserved: BTreeMap<String, u64>,
}

impl Basis {
    pub(crate) fn of(summary: &Summary, policy: Policy) -> Self {
        let credits = summary
            .certain_credits
            .iter()
            .flat_map(|credit| credit.names.iter().map(|name| (name.clone(), credit.amount)));
        let parts = summary.certain_debits.iter().flat_map(|debit| debit.let_go.iter().cloned());
        let gone = credits.chain(parts).collect();
        let reserved = summary.certain_debits.iter().filter(|debit| debit.authorised > 0);
        let reserved = match policy.release_on {
            ReleaseOn::Captured => BTreeMap::new(),
            ReleaseOn::Secured => {
                reserved.map(|d| (d.share.clone(), d.captured + d.authorised)).collect()
            }
        };
        Self { gone, reserved }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        for (name, amount) in other.gone {
            let known = self.gone.entry(name).or_default();
            *known = amount.max(*known);
        }
        self.reserved.extend(other.reserved);
    }
}

/// The decision to release an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fulfilment {
    /// The same for ever, in every delivery of the message: 32 hex digits.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ID)))]
    pub id: String,
    /// When the notification arrived that led to it, or when the amount was registered.
    pub decided_at: Timestamp,
    /// When the queue took the message; `null` until then.
    pub sent_at: Option<Timestamp>,
}

/// The news that money was given back, or lost, after the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reversal {
    /// The same for ever, in every delivery of the message: 32 hex digits.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ID)))]
    pub id: String,
    /// The id of the credit, or of the share or operation that is lost.
    pub share: String,
    /// How much, in minor units of the order's currency.
    pub amount: u64,
    /// What happened.
    pub reason: Cause,
    /// When the notification arrived that made it final.
    pub decided_at: Timestamp,
    /// When the queue took the message; `null` until then.
    pub sent_at: Option<Timestamp>,
}

/// Why goods that were released are no longer paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Cause {
    /// The merchant gave the money back.
    Refund,
    /// The buyer's bank took the money back.
    Chargeback,
    /// A share that counted before it was captured will not be: cancelled, refused, expired, or its capture
    /// failed.
    Lost,
}
