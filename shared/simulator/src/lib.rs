//! A whole stack in virtual time: receivers, dispatch, asking, desks, a queue and its consumer, and both providers.
//! Everything that happens comes from a seed, so what goes wrong once goes wrong again.
//!
//! The code of production says what comes next ([`Claims`](quittance_core::Claims),
//! [`Dispatch`](quittance_core::dispatch::Dispatch), [`Round`](quittance_core::desk::Round), the talks of the providers'
//! APIs); here it is carried out a step at a time, each at a time of its own, over a table, a queue and a consumer that are
//! simulated. The providers are those of `shared/fakes`, which sign and word what they send without the code that is
//! tested with it, and whose books are the truth by which releases are judged.

mod agenda;
mod asking;
mod carry;
mod consuming;
mod dice;
mod fault;
mod forger;
mod judge;
mod keys;
mod mail;
mod paying;
mod plan;
mod psp;
mod queue;
mod ran;
mod receive;
mod run;
#[cfg(feature = "sdk")]
pub mod sdk;
mod sending;
mod shrink;
mod situation;
mod store;
mod trace;
mod verdict;
mod world;

use std::collections::BTreeSet;

pub use self::dice::{Chance, Hit};
pub use self::fault::Fault;
pub use self::ran::Ran;
pub use self::shrink::Failure;
pub use self::situation::{Counts, Situation};

/// Runs a seed twice, and compares.
///
/// # Errors
///
/// What is wrong: something that must not be, or a second run that is another.
pub fn simulate(seed: u64, fault: Fault) -> Result<Ran, String> {
    ran::twice(|| run::run(seed, fault, &BTreeSet::new(), false))
}

/// Makes a failing run shorter. `None` where nothing is wrong with the seed.
pub fn shrink(seed: u64, fault: Fault) -> Option<Failure> {
    shrink::shorten(|dropped, tells| run::run(seed, fault, dropped, tells))
}

/// What happens in a run, line by line.
pub fn tell(seed: u64, fault: Fault) -> Ran {
    run::run(seed, fault, &BTreeSet::new(), true)
}
