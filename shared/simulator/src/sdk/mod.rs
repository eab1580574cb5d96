//! The functions as they are deployed, with the SDK's own clients, under virtual time: what a seed says goes wrong between
//! them and AWS, and on the way to the providers.
//!
//! The SDK's requests end at a connector of ours, which holds them up, refuses them, loses their answers or carries them
//! out when nobody waits any more; DynamoDB is an engine in this process, SQS and Secrets Manager are modelled. So
//! expressions and conditions, pages, what a read leaves over, retries and time limits are those of production.
//!
//! Each part waits in a runtime whose clock goes on only where all wait. Chance is drawn from the seed alone.

mod count;
pub mod engine;
mod judge;
mod line;
mod person;
mod post;
mod queue;
mod run;
mod shop;
mod stack;
mod stored;
mod world;

use std::collections::BTreeSet;

pub use self::count::Tally;
use crate::fault::Fault;
use crate::ran::{Ran, twice};
use crate::shrink::{Failure, shorten};

/// Runs a seed twice, and compares.
///
/// # Errors
///
/// What is wrong: something that must not be, or a second run that is another.
pub fn simulate(seed: u64, fault: Fault) -> Result<Ran<Tally>, String> {
    twice(|| run::run(seed, fault, &BTreeSet::new(), false))
}

/// Makes a failing run shorter. `None` where nothing is wrong with the seed.
pub fn shrink(seed: u64, fault: Fault) -> Option<Failure> {
    shorten(|dropped, tells| run::run(seed, fault, dropped, tells))
}

/// What happens in a run, line by line.
pub fn tell(seed: u64, fault: Fault) -> Ran<Tally> {
    run::run(seed, fault, &BTreeSet::new(), true)
}
