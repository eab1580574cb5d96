//! What must hold of every parser, whatever comes: none panics, each reads back what was written, and
//! what it does not know changes nothing.

mod damaged;
mod lyra;
mod small;
mod unknown;
mod worldline;

use proptest::prelude::*;
use quittance_core::fact::{Rank, Total};
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::{Currency, Fact, Meaning, ShareFact, Statement};

/// The uuids of a payment's shares.
const UUIDS: [&str; 4] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddddddddd",
];

/// No file of past failures: a failure prints its input, and the input becomes a test.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(MAX_AMOUNT), 0..=MAX_AMOUNT, 0..100_000_u64]
}

/// A merchant's own words, or none.
fn reference() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9-]{0,40}", "(?s).{1,60}"]
}

/// What the whole costs that this payment pays.
fn total_of(amount: u64, currency: &str, payment: &str) -> Total {
    Total::new(amount, Currency::from_alpha(currency).unwrap(), payment)
}

/// The share facts; their ranks, which the tables of statuses tell, are taken as they are.
fn shares(said: &Statement) -> Vec<ShareFact> {
    let share = |fact: &Fact| match fact {
        Fact::Share(share) => {
            let share = share.as_ref().clone();
            let meaning = Meaning { rank: Rank::UNKNOWN, ..share.meaning };
            Some(ShareFact { meaning, ..share })
        }
        Fact::Total(_) => None,
    };
    said.facts.iter().filter_map(share).collect()
}

fn totals(said: &Statement) -> Vec<&Total> {
    let facts = said.facts.iter();
    facts
        .filter_map(|fact| if let Fact::Total(total) = fact { Some(total) } else { None })
        .collect()
}
