//! Seeds without a fault hold, seeds with one are noticed, and the same seed comes to the same.

use quittance_simulator::{Counts, Fault, Situation, shrink, simulate, tell};

/// What is run in any case, in `cargo test`: some seconds without optimisation. (docs/figures.md, "A stack in virtual time")
const SEEDS: u64 = 100;

/// Within how many seeds a fault is noticed.
const SOON: u64 = 400;

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        match simulate(seed, Fault::None) {
            Ok(ran) => counts.add(&ran.counts),
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    let seen = Situation::ALL.iter().filter(|situation| counts.of(**situation) > 0).count();
    assert!(seen >= 30, "only {seen} situations were come across");
}

#[test]
fn there_are_forty_situations_under_names_of_their_own() {
    let words: std::collections::BTreeSet<&str> =
        Situation::ALL.iter().map(|situation| situation.words()).collect();
    assert_eq!(words.len(), 40);
}

/// A fault is noticed, for what it does: one of these, between bars.
#[track_caller]
fn is_noticed(fault: Fault, why: &str) {
    let mut found = (0..SOON).filter_map(|seed| simulate(seed, fault).err());
    assert!(
        found.any(|wrong| why.split('|').any(|why| wrong.contains(why))),
        "{fault:?} is not noticed"
    );
}

macro_rules! faults {
    ($($name:ident: $fault:ident, $why:literal;)*) => {$(
        #[test]
        fn $name() {
            is_noticed(Fault::$fault, $why);
        }
    )*};
}

faults! {
    writes_without_conditions_are_noticed: NoConditions, "were captured, and now|what was answered is not held";
    an_answer_before_the_write_is_noticed: AnswersFirst, "what was answered is not held";
    a_believed_forgery_is_noticed: BelievesAnybody, "forged";
    a_release_at_half_is_noticed: ReleasesAtHalf, "is released for";
    forgotten_facts_are_noticed: ForgetsFacts, "what was answered is not held";
    a_mark_before_the_message_is_noticed: MarksFirst, "nobody acted on";
    fresh_ids_are_noticed: FreshIds, "whose decision is not stored";
    a_missing_sweep_is_noticed: NoSweep, "never sent";
    a_consumer_without_a_memory_is_noticed: NoMemory, "left 2 times";
    a_message_deleted_first_is_noticed: DeletesFirst, "nobody acted on";
    a_message_settled_first_is_noticed: SettlesFirst, "nobody acted on";
    a_stack_that_never_asks_is_noticed: NeverAsks, "never released";
    silence_taken_for_nothing_is_noticed: TakesSilenceForNothing, "went back";
    a_memory_of_other_runs_is_noticed: RemembersRuns, "two runs of one seed differ";
}

#[test]
fn a_failing_run_is_made_shorter() {
    let seed = (0..SOON).find(|seed| simulate(*seed, Fault::DeletesFirst).is_err()).unwrap();
    let failure = shrink(seed, Fault::DeletesFirst).unwrap();
    assert!(failure.wrong.contains("nobody acted on"), "{failure:?}");
    assert!(failure.hits.len() < failure.at_first, "{failure:?}");
    assert!(failure.lines.last().unwrap().contains(&failure.wrong));
    assert!(shrink(0, Fault::None).is_none());
}

#[test]
fn telling_changes_nothing() {
    let (told, ran) = (tell(7, Fault::None), simulate(7, Fault::None).unwrap());
    assert_eq!(told.digest, ran.digest);
    assert!(!told.lines.is_empty());
}
