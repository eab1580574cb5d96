//! Every state that a small stack can come to, on the real code: each step of each process by itself, in every order, with
//! deaths between any two, lost answers, repeats, a queue that forgets, and a provider that does not answer. A program of its
//! own, because the whole of it is asked for by itself and optimised:
//!
//! ```console
//! $ QUITTANCE_STATES=full cargo test --release -p quittance-psp --test model -- --nocapture
//! ```
//!
//! Where `QUITTANCE_STATES` is not set, a slice is walked.

mod desk;
mod explore;
mod intern;
mod judge;
#[path = "../it/plans/purchase.rs"]
#[expect(dead_code, reason = "what the tests of plans need beside")]
mod purchase;
mod stack;
mod stories;

use desk::Refunds;
use explore::{Walked, World, explore};
use stack::{Fault, Scope, Stack};
use stories::{
    Story, beside_an_amount, cascade, given_back, led_away, nameless, split, two_messages,
    two_references, used_again,
};

/// What is walked in any case, in `cargo test`: some seconds without optimisation. (docs/figures.md, "Every state of a small
/// stack")
const LEAST: usize = 100_000;

/// What is walked at least when all is asked for.
const LEAST_OF_ALL: usize = 10_000_000;

fn is_full() -> bool {
    std::env::var("QUITTANCE_STATES").is_ok_and(|asked| asked == "full")
}

const fn scope(receivers: usize, dispatchers: usize, has_queue: bool) -> Scope {
    Scope { receivers, dispatchers, has_queue }
}

/// A receiver and dispatch; two receivers; two with dispatch; a receiver with dispatch, the queue and its consumer.
const ONE: Scope = scope(1, 1, false);
const TWO: Scope = scope(2, 0, false);
const TWO_SENT: Scope = scope(2, 1, false);
const THREE: Scope = scope(3, 0, false);
const CONSUMED: Scope = scope(1, 1, true);
const CONSUMED_TWICE: Scope = scope(1, 2, true);

/// What is told to what, and whether it is in the slice.
fn worlds() -> Vec<(Story, Scope, bool)> {
    vec![
        (two_messages(), ONE, true),
        (two_messages(), TWO_SENT, true),
        (two_messages(), CONSUMED, true),
        (cascade(), ONE, false),
        (two_references(), ONE, false),
        (led_away(), ONE, false),
        (beside_an_amount(), ONE, true),
        (used_again(), ONE, true),
        (split(), ONE, false),
        (given_back(), ONE, false),
        (nameless(), ONE, false),
        (two_messages(), THREE, false),
        (two_messages(), CONSUMED_TWICE, false),
        (cascade(), TWO_SENT, false),
        (cascade(), CONSUMED, false),
        (split(), TWO, false),
        (two_references(), TWO, false),
        (led_away(), TWO, false),
        (beside_an_amount(), TWO_SENT, false),
        (given_back(), TWO, false),
        (used_again(), TWO_SENT, false),
    ]
}

fn walk(name: &str, world: &mut impl World) -> usize {
    let Walked { states, rests, depth, seconds } =
        explore(world).unwrap_or_else(|found| panic!("{name}: {found}"));
    eprintln!("{name}: {states} states, {rests} at rest, {depth} moves deep; {seconds:.1} s");
    states
}

/// What `Stack` says of every state.
#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let mut states = 0;
    for (story, scope, is_slice) in worlds() {
        if !is_slice && !is_full() {
            continue;
        }
        let Scope { receivers, dispatchers, has_queue } = scope;
        let queue = if has_queue { ", queue and consumer" } else { "" };
        let name = format!("{}, receivers {receivers}, dispatch {dispatchers}{queue}", story.name);
        states += walk(&name, &mut Stack::new(Box::leak(Box::new(story)), scope, Fault::None));
    }
    eprintln!("{states} states of stacks in all");
    assert!(states >= if is_full() { LEAST_OF_ALL } else { LEAST }, "{states}");
}

/// What `Refunds` says of every state.
#[test]
fn no_money_is_given_back_twice() {
    // One line, and two.
    for amount in if is_full() { vec![2, 10] } else { vec![2] } {
        for is_lyra in [false, true] {
            let provider = if is_lyra { "Lyra" } else { "Worldline" };
            let name = format!("a refund of {amount} cents at {provider}");
            walk(&name, &mut Refunds::new(is_lyra, amount, desk::Fault::None));
        }
    }
}

/// Each fault of a stack is noticed, for what it does.
#[test]
fn faults_are_noticed() {
    let faults = [
        (Fault::NoConditions, TWO, "releases two orders"),
        (Fault::MarksBlindly, ONE, "and held"),
        (Fault::AnswersFirst, ONE, "and held"),
        (Fault::MarksFirst, ONE, "not acted on"),
        (Fault::NoSweep, ONE, "not acted on"),
        (Fault::FreshIds, ONE, "releases were sent"),
        (Fault::NoMemory, CONSUMED, "acted again"),
        (Fault::DeletesFirst, CONSUMED, "not acted on"),
        (Fault::SettlesFirst, CONSUMED, "not acted on"),
        (Fault::NoLease, CONSUMED, "for ever"),
    ];
    let told_twice: &'static Story = Box::leak(Box::new(two_messages()));
    let moved_on: &'static Story = Box::leak(Box::new(given_back()));
    for (fault, scope, why) in faults {
        // A mark can only hide what was told after the release.
        let story = if fault == Fault::MarksBlindly { moved_on } else { told_twice };
        let found = explore(&mut Stack::new(story, scope, fault)).err();
        let found = found.unwrap_or_else(|| panic!("{fault:?} is not noticed"));
        assert!(found.why.contains(why), "{fault:?}: {found}");
        eprintln!("{fault:?}: after {} moves", found.way.len());
    }
}

/// And each of a refund.
#[test]
fn faults_of_refunds_are_noticed() {
    use desk::Fault::{CallsFirst, NoConditions, TakesSilenceForNothing, TrustsKeys};
    for fault in [NoConditions, TakesSilenceForNothing, TrustsKeys, CallsFirst] {
        let found = explore(&mut Refunds::new(true, 2, fault)).err();
        let found = found.unwrap_or_else(|| panic!("{fault:?} is not noticed"));
        assert!(found.why.contains("more than once"), "{fault:?}: {found}");
        eprintln!("{fault:?}: after {} moves", found.way.len());
    }
}
