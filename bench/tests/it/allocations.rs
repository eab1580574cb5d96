//! The budget of heap allocations for one message.

#![allow(clippy::print_stdout, reason = "figures for the documentation")]

use quittance_bench::{Receiver, messages};

/// Most heap allocations from a message's bytes to its facts: what a fact keeps (ids, method, status,
/// the order's key, the kind of message), each code for people, and each text of the details has to be owned; the rest is borrowed.
const BUDGET: u64 = 36;

/// Most for each share of a cascade beyond the first.
const BUDGET_PER_SHARE: u64 = 16;

#[test]
fn every_message_stays_within_its_budget() {
    let receiver = Receiver::default();
    for message in messages() {
        assert!(receiver.receive(&message).is_some(), "{}", message.name);
        let spent = allocation_counter::measure(|| {
            let _reading = receiver.receive(&message);
        });
        println!(
            "{}: {} bytes, {} allocations, {} bytes at once",
            message.name,
            message.body.len(),
            spent.count_total,
            spent.bytes_max
        );
        let cascade = matches!(message.name, "lyra cascade" | "lyra rest");
        let budget = BUDGET + if cascade { BUDGET_PER_SHARE } else { 0 };
        assert!(spent.count_total <= budget, "{}: {}", message.name, spent.count_total);
    }
}
