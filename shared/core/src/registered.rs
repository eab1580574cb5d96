//! What a merchant registered.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::money::Currency;
use crate::time::Timestamp;

/// What a merchant says that an order costs: from then on that is what it costs, whatever attempts that
/// ended, earlier sessions or a cart that changed have stated. (docs/interface.md, "POST /expected")
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Minor units.
    pub amount: u64,
    /// The only currency in which it can be paid.
    pub currency: Currency,
    /// When it was registered.
    pub at: Timestamp,
}

impl Registered {
    /// Whether money in these currencies keeps it from another price in `other`. Nothing was paid in a currency that was named
    /// by mistake: the one in which something was is put right.
    pub fn is_kept_by(&self, money: &BTreeSet<Currency>, other: Currency) -> bool {
        let was_mistaken = !money.contains(&self.currency) && money.contains(&other);
        !money.is_empty() && !was_mistaken
    }
}
