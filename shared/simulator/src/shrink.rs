//! A failing run made shorter: moves and accidents are left out one at a time, while the same is wrong.

use std::collections::BTreeSet;

use crate::dice::Hit;
use crate::ran::Ran;

/// Most runs that are spent on one failure.
const MOST_RUNS: usize = 2_000;

/// A run in which something is wrong, with as little else as could be left out.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is wrong.
    pub wrong: String,
    /// What happened, line by line.
    pub lines: Vec<String>,
    /// The moves and accidents that it takes.
    pub hits: Vec<Hit>,
    /// How many there were at first.
    pub at_first: usize,
}

/// What kind of thing is wrong: its words without names and amounts.
fn kind(wrong: &str) -> String {
    let is_plain = |word: &&str| word.chars().all(char::is_alphabetic);
    wrong.split_whitespace().filter(is_plain).collect::<Vec<_>>().join(" ")
}

/// Makes a failing run shorter, which is run without these accidents and perhaps tells each line. `None` where nothing is wrong
/// with it.
pub(crate) fn shorten<S>(run: impl Fn(&BTreeSet<Hit>, bool) -> Ran<S>) -> Option<Failure> {
    let whole = run(&BTreeSet::new(), false);
    let sought = kind(whole.wrong.as_ref()?);
    let at_first = whole.hits.len();
    let mut dropped = BTreeSet::new();
    let mut runs = 0;
    let mut is_shorter = true;
    while is_shorter && runs < MOST_RUNS {
        is_shorter = false;
        let mut left = run(&dropped, false).hits;
        left.reverse();
        for hit in left {
            runs += 1;
            let mut fewer = dropped.clone();
            fewer.insert(hit);
            let wrong = run(&fewer, false).wrong;
            if wrong.is_some_and(|wrong| kind(&wrong) == sought) {
                dropped = fewer;
                is_shorter = true;
            }
        }
    }
    let Ran { wrong, lines, hits, .. } = run(&dropped, true);
    Some(Failure { wrong: wrong?, lines, hits, at_first })
}
