//! What was surely taken, where what was reached can be read in two ways.
//!
//! A message may state how much of a target was reached, and no source says by what: by its own share, or by
//! all shares so far (a *running total*). What was reached of a target smaller than the whole is surely
//! its own. So the sum of all statements is the most that can have been taken, and what is certain is
//! less: of the statements about the whole only the largest, unless they cannot be running totals of one
//! another. (worldline.md 4, "How a split shows")

use std::collections::BTreeMap;

use crate::fact::{Payer, ShareFact, Status};

/// The captured amount that one operation or payment states.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatedAmount {
    /// Minor units.
    pub(super) amount: u64,
    /// Whether the amount is below its target, which is the whole: then it may be a running total.
    pub(super) open: bool,
    pub(super) payer: Payer,
}

/// What is surely taken of several payments, or of the operations of one.
///
/// Two payments with equal amounts cannot be running totals of one another, so they add up when `apart`:
/// between the operations of one payment they can be the same one told twice. A complement is paid after
/// its voucher: where it states less than the voucher did, it states its own share.
pub(super) fn certain(stated: impl Iterator<Item = StatedAmount> + Clone, apart: bool) -> u64 {
    let open = || stated.clone().filter(|s| s.open);
    let vouchers = open().filter(|s| s.payer == Payer::Voucher).map(|s| s.amount).max();
    let is_own = |s: &StatedAmount| {
        !s.open || s.payer == Payer::Complement && vouchers.is_some_and(|most| s.amount <= most)
    };
    let own: u64 = stated.clone().filter(is_own).map(|s| s.amount).sum();
    let mut running: BTreeMap<u64, u64> = BTreeMap::new();
    for amount in stated.filter(|s| !is_own(s)).map(|s| s.amount) {
        let same = running.entry(amount).or_default();
        *same = if apart { *same + amount } else { amount };
    }
    own + running.into_values().max().unwrap_or(0)
}

/// What one payment has acquired for certain, in minor units, from the facts about it in one currency:
/// `whole` is the largest amount that any of its operations was to reach.
pub(super) fn acquired(facts: &[&ShareFact], whole: u64) -> u64 {
    // One operation counts once, under whatever method it is told.
    let mut operations: BTreeMap<Option<&str>, StatedAmount> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.meaning.status == Status::Captured) {
        let target = fact.target.unwrap_or(whole);
        let worth = fact.meaning.worth;
        let own = worth >= target && target < whole;
        let amount = if own { target } else { worth };
        let payer = fact.meaning.payer;
        let new = StatedAmount { amount, open: !own, payer };
        operations
            .entry(fact.number.as_deref())
            .and_modify(|known| {
                known.amount = known.amount.max(amount);
                known.open |= new.open;
                known.payer = known.payer.and(payer);
            })
            .or_insert(new);
    }
    // The bare id may name any of the operations.
    let numbered = operations.iter().filter(|(number, _)| number.is_some());
    let sum = certain(numbered.map(|(_, stated)| *stated), false);
    let largest = operations.values().map(|stated| stated.amount).max().unwrap_or(0);
    // Beyond the whole they cannot all be parts: the largest alone is certain.
    if sum > whole { largest } else { sum.max(largest) }
}
