//! What a Worldline payment is worth, of all its captured operations.
//!
//! `acquiredAmount` is "what was really obtained" of the payment, so within one method the largest
//! holds; an operation whose `amountOfMoney` is its own (less than the payment's) adds to its
//! siblings, as partial captures do; and two methods under one payment id are the parts of a split.
//! (worldline-direct.md section 4.)

use std::collections::BTreeMap;

use crate::fact::{ShareFact, Status};

/// What one payment has acquired, in minor units.
#[derive(Debug, Default)]
pub(super) struct Acquired {
    pub(super) amount: u64,
    /// Less than it is to reach.
    pub(super) open: bool,
}

impl Acquired {
    /// Of a payment that is to reach `whole`, from the facts about it in that currency. Nothing where
    /// no fact says what it is to reach.
    pub(super) fn of(facts: &[&ShareFact], whole: Option<u64>) -> Self {
        let Some(whole) = whole else {
            return Self::default();
        };
        let captured = || facts.iter().filter(|fact| fact.status == Status::Captured);
        let mut cumulative: BTreeMap<&str, u64> = BTreeMap::new();
        for fact in captured() {
            let most = cumulative.entry(&fact.method).or_default();
            *most = (*most).max(fact.amount);
        }
        let most = cumulative.values().copied().max().unwrap_or(0);
        if most >= whole {
            return Self { amount: most, open: false };
        }
        let own = own_parts(captured().copied(), whole);
        let parts = |method: &str| own.get(method).map_or(0, |parts| parts.values().sum::<u64>());
        let sum: u64 = cumulative.iter().map(|(method, most)| (*most).max(parts(method))).sum();
        // Beyond the whole, the parts cannot all be parts: the largest alone is certain.
        let amount = if sum > whole { most } else { sum };
        Self { amount, open: amount < whole }
    }
}

/// The operations that were paid in full and were to be only a part of the whole, by method.
fn own_parts<'a>(
    captured: impl Iterator<Item = &'a ShareFact>,
    whole: u64,
) -> BTreeMap<&'a str, BTreeMap<&'a Option<String>, u64>> {
    let mut own: BTreeMap<&str, BTreeMap<&Option<String>, u64>> = BTreeMap::new();
    for fact in captured {
        let of = fact.of.unwrap_or(whole);
        if fact.amount >= of && of < whole {
            let part = own.entry(&fact.method).or_default().entry(&fact.operation).or_default();
            *part = (*part).max(of);
        }
    }
    own
}
