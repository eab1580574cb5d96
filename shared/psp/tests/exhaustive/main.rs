//! Every short sequence of statements, on the real code: from an alphabet of 25 troublesome letters for each provider,
//! under each policy. A program of its own, because the whole of it is asked for by itself and optimised:
//!
//! ```console
//! $ QUITTANCE_SCOPE=5 cargo test --release -p quittance-psp --test exhaustive -- --nocapture
//! ```
//!
//! `QUITTANCE_SCOPE` is the length of the longest sequences; where it is not set, a slice is walked. First every set of
//! letters is judged, by the code and by an oracle that knows what the letters truly say. Then every sequence has to end
//! where its set does, and to have decided on the way what its prefixes ask for, once.

mod alphabet;
mod museum;
mod oracle;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use quittance_core::fact::Facts;
use quittance_core::fold::{Confirm, Instalments, Share};
use quittance_core::release::Cause;
use quittance_core::{
    Currency, Kind, Order, Outcome, Policy, Receipt, ReleaseOn, Standing, Status, Summary,
};
use quittance_testing::read::{receipt, reread};

use crate::alphabet::{Act, LETTERS, Letter, POTS, World, lyra, worldline};
use crate::oracle::{Judged, judge};

/// How long the sequences are that `cargo test` walks under the usual policy, and under each other one: some seconds
/// without optimisation. Most faults show in two letters. (docs/figures.md, "Every sequence of up to five statements")
const SLICE: (usize, usize) = (3, 2);

/// How long the sequences are at most whose orders are stored and read back: that takes longer than the rest.
const READ_BACK: usize = 3;

/// A set of letters, each one bit. Of two registered amounts the one that holds is in it.
type Set = u32;

/// What every order of these letters has to come to.
struct Known {
    facts: Facts,
    summary: Summary,
    judged: Judged,
}

/// All sequences under one policy.
struct Scope<'a> {
    world: &'a World,
    policy: Policy,
    longest: usize,
    receipts: Vec<Receipt>,
    sets: HashMap<Set, Known>,
    /// The id of the only fulfilment that there may be.
    id: Option<String>,
}

/// A sequence, and where it led.
struct State<'a> {
    letters: Vec<usize>,
    set: Set,
    order: Order,
    /// What was known when it was released.
    basis: Option<&'a Judged>,
}

/// What an order made of a letter.
enum Taken {
    Unchanged,
    Changed(Summary),
    /// Another amount is registered, and money is there.
    Refused,
}

#[derive(Clone, Copy, Default)]
struct Count {
    sequences: u64,
    steps: u64,
    releases: u64,
    reversals: u64,
}

impl Scope<'_> {
    fn letter(&self, at: usize) -> &Letter {
        &self.world.letters[at]
    }

    fn names(&self, set: Set) -> Vec<&str> {
        let letters = (0..LETTERS).filter(|at| set & 1 << at != 0);
        letters.map(|at| self.letter(at).name).collect()
    }

    /// The registered amounts of the alphabet.
    fn registrations(&self) -> Set {
        let is = |at: &usize| self.letter(*at).registered().is_some();
        (0..LETTERS).filter(is).map(|at| 1 << at).sum()
    }

    fn take(&self, order: &mut Order, letter: usize, receipt: &Receipt) -> Taken {
        let outcome = match &self.letter(letter).act {
            Act::Tell(said) => order.take(said, receipt, self.policy).unwrap(),
            Act::Register(amount) => {
                let euro = Currency::from_alpha("EUR").unwrap();
                match order.register(*amount, euro, receipt.received_at, self.policy) {
                    Ok(outcome) => outcome,
                    Err(_) => return Taken::Refused,
                }
            }
        };
        match outcome {
            Outcome::Known => Taken::Unchanged,
            Outcome::Retold(summary) | Outcome::Changed(summary) => Taken::Changed(summary),
        }
    }

    /// Takes up every set that has these letters and more, from `from` on.
    fn fill(&mut self, order: &Order, set: Set, from: usize) {
        let world = self.world;
        let letters = (0..LETTERS).filter(|at| set & 1 << at != 0);
        let letters: Vec<&Letter> = letters.map(|at| &world.letters[at]).collect();
        let known = Known {
            facts: order.facts().clone(),
            summary: order.summary(self.policy),
            judged: judge(world, &letters, self.policy),
        };
        self.sets.insert(set, known);
        if let Some(fulfilment) = order.fulfilment() {
            self.id.get_or_insert_with(|| fulfilment.id.clone());
        }
        if letters.len() == self.longest {
            return;
        }
        for letter in from..LETTERS {
            let second = self.registrations() & set != 0;
            if second && self.letter(letter).registered().is_some() {
                continue;
            }
            let mut more = order.clone();
            self.take(&mut more, letter, &self.receipts[0]);
            self.fill(&more, set | 1 << letter, letter + 1);
        }
    }

    /// What has to hold of a set, whatever the order of its letters.
    fn judge(&self, set: Set) {
        let Known { summary, judged, .. } = &self.sets[&set];
        let told = || format!("{:?} {:?}: {judged:?}, {summary:#?}", self.policy, self.names(set));
        let is_early = summary.releasable && !judged.is_paid;
        assert!(!is_early, "released below its cost: {}", told());
        let is_late = judged.is_paid && !summary.releasable && !judged.may_wait;
        assert!(!is_late, "paid, and waits: {}", told());
        for letter in (0..LETTERS).filter(|at| set & 1 << at != 0) {
            let fewer = &self.sets[&(set & !(1 << letter))].summary;
            let is_same = fewer.releasable == summary.releasable;
            let is_right = match self.letter(letter).standing {
                Standing::Respellable => is_same,
                Standing::Contradictory => is_same || !summary.releasable,
                Standing::Sound | Standing::Confirmed => true,
            };
            assert!(is_right, "decided by doubt: {}", told());
            let is_taken =
                |share: &Share| share.kind == Kind::Debit && share.status == Status::Captured;
            for share in fewer.shares.iter().filter(|share| is_taken(share)) {
                let mut now = summary.shares.iter().filter(|share| is_taken(share));
                let stays = now.any(|now| !now.names.is_disjoint(&share.names));
                assert!(stays, "no longer captured: {}", told());
            }
        }
    }

    /// Every sequence that goes on from here.
    fn walk<'s>(&'s self, state: &State<'s>, count: &mut Count) {
        let left = self.longest - state.letters.len();
        for letter in 0..LETTERS {
            count.sequences += 1;
            count.steps += 1;
            match self.step(state, letter) {
                Some(next) => {
                    count.releases += u64::from(state.basis.is_none() && next.basis.is_some());
                    let told = next.order.reversals().len() - state.order.reversals().len();
                    count.reversals += told as u64;
                    if left > 1 {
                        self.walk(&next, count);
                    }
                }
                // Nothing has changed: what follows is what follows without it.
                None => count.sequences += sequences(left - 1),
            }
        }
    }

    /// One letter more; `None` where the order is as it was.
    fn step<'s>(&'s self, state: &State<'s>, letter: usize) -> Option<State<'s>> {
        let now = &self.receipts[state.letters.len()];
        let mut order = state.order.clone();
        let taken = self.take(&mut order, letter, now);
        let bit = 1 << letter;
        let mut letters = state.letters.clone();
        letters.push(letter);
        let told = || {
            let names: Vec<&str> = letters.iter().map(|at| self.letter(*at).name).collect();
            format!("{:?} {names:?}", self.policy)
        };
        let before = &self.sets[&state.set];
        let registered = self.registrations() & state.set & !bit;
        let is_registration = self.letter(letter).registered().is_some();
        if is_registration && registered != 0 {
            let is_late = state.basis.is_some() || !before.summary.paid_in.is_empty();
            assert_eq!(matches!(taken, Taken::Refused), is_late, "{}", told());
        } else {
            assert!(!matches!(taken, Taken::Refused), "{}", told());
        }
        let is_repeat = state.set & bit != 0;
        // That the provider says it again may end a doubt, which is listed and decides nothing.
        let is_listing = is_repeat && order.notifications() != state.order.notifications();
        if (is_repeat || matches!(taken, Taken::Refused)) && !is_listing {
            assert!(order == state.order, "a repeat changed something: {}", told());
            return None;
        }
        let dropped = if is_registration { registered } else { 0 };
        let set = state.set & !dropped | bit;
        let known = &self.sets[&set];
        assert!(*order.facts() == known.facts, "other facts: {}", told());
        let summary = match &taken {
            Taken::Changed(summary) => summary,
            _ => &before.summary,
        };
        assert!(*summary == known.summary, "other decision: {}\n{summary:#?}", told());
        let mut basis = state.basis;
        match (state.order.fulfilment(), order.fulfilment()) {
            (None, None) => assert!(!known.summary.releasable, "not released: {}", told()),
            (Some(was), is) => assert_eq!(Some(was), is, "{}", told()),
            (None, Some(new)) => {
                assert!(known.summary.releasable, "released: {}", told());
                assert_eq!(Some(&new.id), self.id.as_ref(), "another id: {}", told());
                assert_eq!(new.decided_at, now.received_at, "{}", told());
                basis = Some(&known.judged);
            }
        }
        let next = State { letters: letters.clone(), set, order, basis };
        self.reversals(state, &next, &told);
        if next.letters.len() <= READ_BACK.min(self.longest - 1) {
            assert!(reread(&next.order) == next.order, "stored and read: {}", told());
        }
        Some(next)
    }

    /// Each credit is told once, and none that went back before the release; what is lost, once.
    fn reversals(&self, state: &State<'_>, next: &State<'_>, told: &dyn Fn() -> String) {
        let (before, all) = (state.order.reversals(), next.order.reversals());
        assert!(all.starts_with(before), "a reversal changed: {}", told());
        let Some(basis) = state.basis else {
            assert!(all.is_empty(), "a reversal before a release: {}", told());
            return;
        };
        let ids: BTreeSet<&str> = all.iter().map(|reversal| reversal.id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "{}", told());
        let (mut back, mut lost) = ([0; POTS], [0; POTS]);
        let mut credits = vec![0; self.world.credits.len()];
        for reversal in all {
            let is_its = |names: &[&str]| names.contains(&reversal.share.as_str());
            if reversal.reason == Cause::Lost {
                let pot = self.world.pots.iter().position(|(names, _)| is_its(names)).unwrap();
                lost[pot] += reversal.amount;
            } else {
                let at = self.world.credits.iter().position(|credit| is_its(credit.names)).unwrap();
                credits[at] += reversal.amount;
                back[self.world.credits[at].of.unwrap_or(POTS - 1)] += reversal.amount;
            }
        }
        for (credit, told_of) in self.world.credits.iter().zip(&credits) {
            assert!(*told_of <= credit.amount, "more than the credit: {} {all:?}", told());
        }
        let judged = &self.sets[&next.set].judged;
        for pot in 0..POTS {
            let since = judged.gone[pot] - basis.gone[pot];
            // What counted while only reserved can go once: as lost, or as given back after a capture that is told late or
            // never.
            let counted = basis.reserved[pot];
            let brought = counted.max(judged.taken[pot]).saturating_sub(basis.gone[pot]);
            let brought = if counted > 0 { brought } else { u64::MAX };
            let to_tell = since.min(brought - lost[pot]);
            let is_right = back[pot] <= since && (back[pot] >= to_tell || !judged.is_told[pot]);
            assert!(is_right, "told {} of {since} given back: {} {all:?}", back[pot], told());
            let left = counted.saturating_sub(judged.taken[pot]).min(brought - back[pot]);
            let is_right = lost[pot] <= counted && (lost[pot] >= left || !judged.is_lost[pot]);
            assert!(is_right, "told {} of {left} lost: {} {all:?}", lost[pot], told());
            if let Some((_, amount)) = self.world.pots.get(pot) {
                assert!(back[pot] + lost[pot] <= *amount, "more than taken: {}", told());
            }
        }
    }
}

/// How many sequences there are of one letter up to so many.
fn sequences(longest: usize) -> u64 {
    (1..=longest).map(|length| (LETTERS as u64).pow(length as u32)).sum()
}

/// Walks every sequence under a policy, on all processors.
fn explore(world: &World, policy: Policy) {
    let (began, longest) = (Instant::now(), longest(policy));
    let receipts = (0..longest as i64).map(receipt).collect();
    let mut scope = Scope { world, policy, longest, receipts, sets: HashMap::new(), id: None };
    scope.fill(&world.blank(), 0, 0);
    scope.sets.keys().for_each(|set| scope.judge(*set));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut count = Count::default();
        loop {
            let first = next.fetch_add(1, Ordering::Relaxed);
            if first >= LETTERS {
                return count;
            }
            let start = State { letters: Vec::new(), set: 0, order: world.blank(), basis: None };
            count.sequences += 1;
            count.steps += 1;
            let state = scope.step(&start, first).unwrap();
            if longest > 1 {
                scope.walk(&state, &mut count);
            }
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let counts: Vec<Count> = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..processors).map(|_| threads.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let sum = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>();
    assert_eq!(sum(|count| count.sequences), sequences(longest));
    let sets = |is: fn(&Known) -> bool| scope.sets.values().filter(|known| is(known)).count();
    let releasable = sets(|known| known.summary.releasable);
    assert!(releasable > 0);
    eprintln!(
        "{} {:?} {:?} {:?}: {} sequences of up to {longest}, {} steps, {} releases, {} reversals; {} sets, {releasable} \
         paid; {:.1} s",
        world.name,
        policy.release_on,
        policy.instalments,
        policy.confirm,
        sum(|count| count.sequences),
        sum(|count| count.steps),
        sum(|count| count.releases),
        sum(|count| count.reversals),
        scope.sets.len(),
        began.elapsed().as_secs_f64(),
    );
}

fn longest(policy: Policy) -> usize {
    let slice = if policy == Policy::default() { SLICE.0 } else { SLICE.1 };
    std::env::var("QUITTANCE_SCOPE").map_or(slice, |digits| digits.parse().expect("a number"))
}

fn policies(instalments: &[Instalments]) -> impl Iterator<Item = Policy> + '_ {
    [ReleaseOn::Captured, ReleaseOn::Secured].into_iter().flat_map(move |release_on| {
        instalments.iter().flat_map(move |instalments| {
            [Confirm::Off, Confirm::Ask].map(|confirm| Policy {
                release_on,
                instalments: *instalments,
                confirm,
            })
        })
    })
}

#[test]
fn every_sequence_at_lyra() {
    let world = lyra();
    for policy in policies(&[Instalments::First, Instalments::All]) {
        explore(&world, policy);
    }
}

/// Worldline tells of no instalments.
#[test]
fn every_sequence_at_worldline() {
    let world = worldline();
    for policy in policies(&[Instalments::First]) {
        explore(&world, policy);
    }
}
