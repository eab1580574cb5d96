//! The functions with the SDK's own clients: seeds without a fault hold, seeds with one are noticed, and the same seed comes
//! to the same.

use quittance_simulator::Fault;
use quittance_simulator::sdk::{Tally, simulate, tell};

/// What is run in any case, in `cargo test`: half a minute without optimisation. (docs/figures.md, "The SDK in virtual time")
const SEEDS: u64 = 30;

/// Within how many seeds a fault is noticed.
const SOON: u64 = 30;

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let mut tally = Tally::default();
    for seed in 0..SEEDS {
        match simulate(seed, Fault::None) {
            Ok(ran) => tally.add(&ran.counts),
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    // What has to be come across, so that nothing wrong means something.
    for what in [
        "order released",
        "order reversed",
        "message sent again",
        "batch failed in part",
        "call UpdateItem",
        "accident LeavesOver",
        "accident Late",
        "accident Outage",
        "death of webhook",
        "death of dispatch",
        "death of reconcile",
    ] {
        assert!(tally.of(what) > 0, "{what} was not come across");
    }
}

/// A fault is noticed soon after this seed, for what it does: one of these, between bars.
#[track_caller]
fn is_noticed(fault: Fault, from: u64, why: &str) {
    let mut found = (from..from + SOON).filter_map(|seed| tell(seed, fault).wrong);
    assert!(
        found.any(|wrong| why.split('|').any(|why| wrong.contains(why))),
        "{fault:?} is not noticed"
    );
}

#[test]
fn faults_are_noticed() {
    is_noticed(Fault::NoConditions, 84, "is not held|were captured, and now");
    is_noticed(Fault::AnswersFirst, 3, "is not held");
    is_noticed(Fault::MarksFirst, 1, "nobody acted on");
    is_noticed(Fault::NoSweep, 0, "never sent|never released|stays");
    is_noticed(Fault::NoMemory, 22, "claimed again");
    is_noticed(Fault::IgnoresFailures, 119, "nobody acted on");
}

#[test]
fn a_memory_of_other_runs_is_noticed() {
    let wrong = simulate(0, Fault::RemembersRuns).unwrap_err();
    assert!(wrong.contains("two runs of one seed differ"), "{wrong}");
}

#[test]
fn telling_changes_nothing() {
    let (told, ran) = (tell(7, Fault::None), simulate(7, Fault::None).unwrap());
    assert_eq!(told.digest, ran.digest);
    assert!(!told.lines.is_empty());
}
