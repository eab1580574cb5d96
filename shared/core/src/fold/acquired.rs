//! What was surely taken, where what was stated can be read in two ways.
//!
//! A message may state how much of a target was reached, and no source says by what: by its own share, or by
//! all shares so far (a *running total*). What was reached of a target smaller than the whole is surely
//! its own. So the sum of all statements is the most that can have been taken, and what is certain is the
//! least that it can have been: each running total taken to have all within that it can. (worldline.md 4, "How a
//! split shows")
//!
//! Nor does any source say whether a running total has money within that was given back. So what went back of
//! anything that a total may have within is missing from the total, too. And what is more than a total may be within as what was
//! left of it.
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
    /// Whether it may have gone back in several parts, some before another payment and some after.
    pub(super) in_parts: bool,
    /// Whether the amount is below its target, which is the whole: then it may be a running total.
    pub(super) open: bool,
    pub(super) payer: Payer,
    pub(super) called: Called,
}

impl StatedAmount {
    /// The same as it was taken.
    pub(super) fn gross(&self) -> Self {
        Self { gone: 0, ..*self }
    }

    /// What is left of it alone.
    fn left(&self) -> u64 {
        self.amount.saturating_sub(self.gone)
    }

    /// What may be left of it: all of it, where nobody knows how much went back.
    pub(super) fn most_left(&self) -> u64 {
        if self.gone == UNKNOWN { self.amount } else { self.left() }
    }

    /// Whether a running total may have some of this amount within: all of it, or what was left when the total was stated. A
    /// complement is paid after its voucher. And what is as much as the total would leave nothing for the share that
    /// states it; two operations of one payment may be the same one told twice.
    fn may_be_within(&self, total: &Self, apart: bool) -> bool {
        let is_later = total.payer == Payer::Voucher && self.payer == Payer::Complement;
        // No more goes back than was taken.
        let taken = if self.gone == UNKNOWN { self.amount } else { self.amount.max(self.gone) };
        let left = self.left();
        let fits = taken < total.amount || left < total.amount && (left > 0 || self.in_parts);
        !is_later && (fits || !apart)
    }

    /// How much of this may be missing from what a total states: it counts in the total, and went back since. What went back
    /// at once and is more than the total was never in it.
    fn may_be_missing(&self, total: &Self, apart: bool) -> u64 {
        let is_more = self.gone >= total.amount && self.amount != total.amount;
        if apart && is_more && !self.in_parts { 0 } else { self.gone }
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
    let totals = || stated.iter().filter(|s| !is_own(s));
    // Of running totals beside two kinds of names the largest amount alone is certain. No provider tells both.
    let two_names =
        stated.iter().any(|s| stated.first().is_some_and(|first| s.called != first.called));
    if two_names && totals().next().is_some() {
        let gone = stated.iter().map(|s| s.gone).fold(0, u64::saturating_add);
        let largest = stated.iter().map(|s| s.amount).max();
        return largest.unwrap_or(0).saturating_sub(gone);
    }
    let by_total = totals().map(|total| {
        let is_beside = |s: &StatedAmount| is_own(s) && !s.may_be_within(total, apart);
        let (beside, others): (Vec<StatedAmount>, Vec<_>) =
            stated.iter().partition(|s| is_beside(s));
        let gone =
            others.iter().map(|s| s.may_be_missing(total, apart)).fold(0, u64::saturating_add);
        // Of two that state as much one would have nothing, unless something went back in between.
        let is_same = |s: &&StatedAmount| !is_own(s) && s.amount == total.amount;
        let same = others.iter().filter(is_same).filter(|s| !s.may_be_within(total, apart));
        let amount = if apart && gone == 0 { same.map(|s| s.amount).sum() } else { total.amount };
        amount.saturating_sub(gone) + distinct(&beside)
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

/// What several statements say that one operation has acquired.
fn operation(told: &[&ShareFact], whole: u64) -> StatedAmount {
    let payer = Payer::of(told.iter().map(|fact| fact.meaning.payer));
    let mut stated = StatedAmount { payer, ..StatedAmount::default() };
    for fact in told {
        let (target, worth) = (fact.target.unwrap_or(whole), fact.meaning.worth);
        let own = worth >= target && target < whole;
        stated.amount = stated.amount.max(if own { target } else { worth });
        stated.open |= !own;
    }
    stated
}

/// What one payment has acquired for certain, in minor units, from the facts about it in one currency:
/// `whole` is the largest amount that any of its operations was to reach.
pub(super) fn acquired(facts: &[&ShareFact], whole: u64) -> u64 {
    // One operation counts once, under whatever method it is told.
    let mut told: BTreeMap<Option<&str>, Vec<&ShareFact>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.meaning.status == Status::Captured) {
        told.entry(fact.number.as_deref()).or_default().push(fact);
    }
    let operations: BTreeMap<Option<&str>, StatedAmount> =
        told.into_iter().map(|(number, told)| (number, operation(&told, whole))).collect();
    // The bare id may name any of the operations.
    let numbered = operations.iter().filter(|(number, _)| number.is_some());
    let numbered: Vec<StatedAmount> = numbered.map(|(_, stated)| *stated).collect();
    let sum = certain(&numbered, false);
    let largest = operations.values().map(|stated| stated.amount).max().unwrap_or(0);
    // Beyond the whole they cannot all be parts: the largest alone is certain.
    if sum > whole { largest } else { sum.max(largest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(called: Called, amount: u64, gone: u64) -> StatedAmount {
        StatedAmount { amount, gone, called, ..StatedAmount::default() }
    }

    #[test]
    fn of_shares_under_one_name_as_many_as_can_be_are_one() {
        use Called::{Both, Id, Payment, Place};
        for (own, left) in [
            (vec![], 0),
            (vec![(Both, 6_000, 1_000), (Both, 4_000, 0)], 9_000),
            (vec![(Both, 6_000, 0), (Id, 4_000, 0), (Place, 3_000, 0)], 10_000),
            (vec![(Id, 4_000, 1_000), (Id, 2_000, 0)], 5_000),
            // What went back of a share that is known by nothing else went back of its other name.
            (vec![(Id, 0, 500), (Place, 4_000, 0)], 3_500),
            (vec![(Id, 4_000, 500), (Place, 4_000, 1_000)], 2_500),
            // The payment's name stands for any of its shares, or for all.
            (vec![(Payment, 4_000, 1_000)], 3_000),
            (vec![(Payment, 4_000, 0), (Both, 6_000, 0)], 6_000),
            (vec![(Payment, 12_000, 0), (Both, 6_000, 1_000), (Id, 4_000, 0)], 11_000),
            (
                vec![(Payment, 1_000, 0), (Both, 6_000, 0), (Id, 3_000, 0), (Place, 4_000, 500)],
                9_500,
            ),
            (vec![(Payment, 5_000, 0), (Id, 3_000, 0), (Place, 4_000, 0)], 5_000),
        ] {
            let own: Vec<_> =
                own.into_iter().map(|(c, amount, gone)| share(c, amount, gone)).collect();
            assert_eq!(distinct(&own), left, "{own:?}");
        }
    }

    #[test]
    fn a_total_may_have_within_what_is_less_than_the_total_or_was_left_so() {
        let total = share(Called::Id, 5_000, 0);
        let back =
            |amount, gone, in_parts| StatedAmount { in_parts, ..share(Called::Id, amount, gone) };
        for (known, may_be) in [
            (back(4_999, 0, false), true),
            (back(5_000, 0, false), false),
            // What was left was less than the total; nothing was left, unless it went in parts.
            (back(6_000, 2_000, false), true),
            (back(6_000, 1_000, false), false),
            (back(6_000, 6_000, false), false),
            (back(6_000, 6_000, true), true),
            // Nobody knows how much went back.
            (back(4_000, UNKNOWN, false), true),
            (back(6_000, UNKNOWN, false), false),
        ] {
            assert_eq!(known.may_be_within(&total, true), may_be, "{known:?}");
            assert!(known.may_be_within(&total, false), "two operations may be one: {known:?}");
        }
        // A complement is paid after its voucher.
        let (voucher, complement) = (Payer::Voucher, Payer::Complement);
        let total = StatedAmount { payer: voucher, ..total };
        let later = StatedAmount { payer: complement, ..back(4_000, 0, false) };
        assert!(!later.may_be_within(&total, true) && !later.may_be_within(&total, false));
    }
}
