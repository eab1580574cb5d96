//! What was surely taken, where what was stated can be read in two ways.
//!
//! A message may state how much of a target was reached, and no source says by what: by its own share, or by
//! all shares so far (a *running total*). What was reached of a target smaller than the whole is surely
//! its own. So the sum of all statements is the most that can have been taken, and what is certain is the
//! least that it can have been: each running total taken to have all within that it can. (worldline.md 4, "How a
//! split shows")
//!
//! Nor does any source say whether a running total has money within that was given back. So what went back of
//! anything that a total may have within is missing from the total, too.
//!
//! And a message may call a share by one of its two names alone. Until another message joins the names, two shares
//! may be one.

use std::collections::BTreeMap;

use crate::fact::{Called, Payer, ShareFact, Status};

/// More than ever was taken.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// The captured amount that one operation or payment states.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatedAmount {
    /// Minor units.
    pub(super) amount: u64,
    /// What went back of it, in minor units; [`UNKNOWN`] where nobody knows how much.
    pub(super) gone: u64,
    /// Whether the amount is below its target, which is the whole: then it may be a running total.
    pub(super) open: bool,
    pub(super) payer: Payer,
    pub(super) called: Called,
}

impl StatedAmount {
    /// What is left of it alone.
    fn left(&self) -> u64 {
        self.amount.saturating_sub(self.gone)
    }

    /// Whether a running total may have this amount within. A complement is paid after its voucher. And what is
    /// as much as the total would leave nothing for the share that states it; two operations of one payment may
    /// be the same one told twice.
    fn may_be_within(&self, total: &Self, apart: bool) -> bool {
        let is_later = total.payer == Payer::Voucher && self.payer == Payer::Complement;
        // No more goes back than was taken.
        let taken = if self.gone == UNKNOWN { self.amount } else { self.amount.max(self.gone) };
        let is_too_much = apart && taken >= total.amount;
        !is_later && !is_too_much
    }
}

/// What is surely taken of several payments, or of the operations of one, and not given back. Two payments are
/// two when `apart`, also where their amounts are equal.
pub(super) fn certain(stated: &[StatedAmount], apart: bool) -> u64 {
    let open = || stated.iter().filter(|s| s.open);
    // A complement that states no more than its voucher did states its own share.
    let vouchers = open().filter(|s| s.payer == Payer::Voucher).map(|s| s.amount).max();
    let is_own = |s: &StatedAmount| {
        !s.open || s.payer == Payer::Complement && vouchers.is_some_and(|most| s.amount <= most)
    };
    let own: Vec<StatedAmount> = stated.iter().filter(|s| is_own(s)).copied().collect();
    let by_total = stated.iter().filter(|s| !is_own(s)).map(|total| {
        let (within, beside): (Vec<_>, Vec<_>) =
            stated.iter().partition(|s| s.may_be_within(total, apart));
        let is_same = |s: &&&StatedAmount| !is_own(s) && s.amount == total.amount;
        let same = beside.iter().filter(is_same).map(|same| same.amount);
        let amount = if apart { same.sum() } else { total.amount };
        let gone = within.iter().chain(beside.iter().filter(is_same)).map(|s| s.gone);
        let gone = gone.fold(0, u64::saturating_add);
        let own: Vec<StatedAmount> = beside.into_iter().filter(|s| is_own(s)).copied().collect();
        amount.saturating_sub(gone) + distinct(&own)
    });
    by_total.max().unwrap_or(0).max(distinct(&own))
}

/// What is left of shares that all state their own. Of those that are called by one name alone as many as can be
/// may be others that are called by the other name, and what went back of one went back of both.
pub(super) fn distinct(own: &[StatedAmount]) -> u64 {
    let of = |called: Called| own.iter().filter(move |s| s.called == called);
    let amount = |called: Called| of(called).map(|s| s.amount).sum::<u64>();
    let left = |called: Called| of(called).map(StatedAmount::left).sum::<u64>();
    let gone = |called: Called| of(called).map(|s| s.gone).fold(0, u64::saturating_add);
    let has = |called: Called| amount(called) > 0 || gone(called) > 0;
    let by_one = amount(Called::Id).max(amount(Called::Place));
    let left_by_one = if has(Called::Id) && has(Called::Place) {
        by_one.saturating_sub(gone(Called::Id).saturating_add(gone(Called::Place)))
    } else {
        left(Called::Id) + left(Called::Place)
    };
    if !has(Called::Payment) {
        return left(Called::Both) + left_by_one;
    }
    if ![Called::Both, Called::Id, Called::Place].into_iter().any(has) {
        return left(Called::Payment);
    }
    // The payment's name alone may stand for any of its shares.
    let taken = amount(Called::Payment).max(amount(Called::Both) + by_one);
    taken.saturating_sub(own.iter().map(|s| s.gone).fold(0, u64::saturating_add))
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
        let new = StatedAmount { amount, open: !own, payer, ..StatedAmount::default() };
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
    let numbered: Vec<StatedAmount> = numbered.map(|(_, stated)| *stated).collect();
    let sum = certain(&numbered, false);
    let largest = operations.values().map(|stated| stated.amount).max().unwrap_or(0);
    // Beyond the whole they cannot all be parts: the largest alone is certain.
    if sum > whole { largest } else { sum.max(largest) }
}
