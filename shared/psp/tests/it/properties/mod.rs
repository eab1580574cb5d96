//! The invariants (ARCHITECTURE.md), held against random sets of messages. One file a theme; `stories`
//! makes the messages.

mod claims;
mod invariants;
mod refunds;
mod spellings;
mod stories;

use proptest::prelude::ProptestConfig;
use quittance_core::{Order, Policy, Statement};

use quittance_testing::read::{POLICIES, receipt};

/// No file of past failures: a failure prints its input, and the input becomes a test.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// The order of a story, told under a policy.
fn told(story: &[Statement], policy: Policy) -> Order {
    let mut order = Order::new(story[0].key.clone());
    for (second, statement) in story.iter().enumerate() {
        order.take(statement, &receipt(second as i64), policy).unwrap();
    }
    order
}
