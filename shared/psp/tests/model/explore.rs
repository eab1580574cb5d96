//! Every state that a world can be in, breadth first. States are kept whole and compared whole, so none is taken for
//! another; a way to a state is found again from the states on it.
//!
//! Of our own, because the crate for it brings second versions of four crates and a web server:
//! docs/decisions/README.md, "The explorer of the model".

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Instant;

/// Something whose states are walked.
pub(crate) trait World {
    type State: Copy + Eq + Hash;

    fn begin(&self) -> Self::State;

    /// What may happen next, forward moves before accidents.
    fn moves(&mut self, state: &Self::State, found: &mut Vec<Move<Self::State>>);

    /// What always holds.
    fn always(&mut self, state: &Self::State) -> Result<(), String>;

    /// What holds where nothing moves forward any more.
    fn at_rest(&mut self, state: &Self::State) -> Result<(), String>;

    /// What is stored, for people.
    fn show(&self, state: &Self::State) -> String;
}

/// One thing that may happen.
pub(crate) struct Move<S> {
    /// For people.
    pub(crate) what: What,
    /// Whether it goes on with what has begun; otherwise it is an accident, or something once more.
    pub(crate) is_forward: bool,
    pub(crate) to: S,
}

/// What happens, and to which of several.
#[derive(Clone, Copy)]
pub(crate) struct What(pub(crate) &'static str, pub(crate) usize);

/// All states of a world.
pub(crate) struct Walked {
    pub(crate) states: usize,
    /// States in which nothing moves forward any more.
    pub(crate) rests: usize,
    /// Most moves on the shortest way to a state.
    pub(crate) depth: usize,
    pub(crate) seconds: f64,
}

/// A way to a state that must not be.
pub(crate) struct Counterexample {
    pub(crate) why: String,
    /// What happened, and what was stored then.
    pub(crate) way: Vec<(What, String)>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.why)?;
        let mut before = "";
        for (What(what, whose), stored) in &self.way {
            let stored = if stored == before { "" } else { stored };
            writeln!(f, "  {what} {whose}{stored}")?;
            before = if stored.is_empty() { before } else { stored };
        }
        Ok(())
    }
}

/// The states that were found, and where each came from.
struct Found<S> {
    states: Vec<S>,
    from: Vec<u32>,
    /// Where each goes without an accident; itself, where it rests.
    ahead: Vec<u32>,
    /// Places in `states` by hash, each one more than it is; a power of two, at most half full.
    places: Vec<u32>,
    hasher: std::hash::RandomState,
}

impl<S: Copy + Eq + Hash> Found<S> {
    fn new(first: S) -> Self {
        let (states, from, ahead, places) = (Vec::new(), Vec::new(), Vec::new(), vec![0; 1 << 10]);
        let mut found = Self { states, from, ahead, places, hasher: <_>::default() };
        found.add(first, 0);
        found
    }

    /// The place of a state, and whether it is new.
    fn add(&mut self, state: S, from: u32) -> (u32, bool) {
        if self.states.len() * 2 >= self.places.len() {
            self.places = vec![0; self.places.len() * 2];
            for at in 0..self.states.len() {
                let slot = self.slot(&self.states[at]);
                self.places[slot] = at as u32 + 1;
            }
        }
        let slot = self.slot(&state);
        if let Some(at) = self.places[slot].checked_sub(1) {
            return (at, false);
        }
        let at = self.states.len() as u32;
        self.places[slot] = at + 1;
        self.states.push(state);
        self.from.push(from);
        self.ahead.push(at);
        (at, true)
    }

    /// Where a state is, or would be.
    fn slot(&self, state: &S) -> usize {
        let last = self.places.len() - 1;
        let mut slot = self.hasher.hash_one(state) as usize & last;
        while self.places[slot].checked_sub(1).is_some_and(|at| self.states[at as usize] != *state)
        {
            slot = (slot + 1) & last;
        }
        slot
    }
}

/// Walks all states. The first that must not be, with a shortest way there, if there is one.
pub(crate) fn explore<W: World>(world: &mut W) -> Result<Walked, Counterexample> {
    let began = Instant::now();
    let mut found = Found::new(world.begin());
    let (mut at, mut end, mut depth, mut rests, mut moves) = (0, 1, 0, 0, Vec::new());
    while at < found.states.len() {
        if at == end {
            (end, depth) = (found.states.len(), depth + 1);
        }
        let state = found.states[at];
        moves.clear();
        world.moves(&state, &mut moves);
        let is_rest = !moves.iter().any(|next| next.is_forward);
        rests += usize::from(is_rest);
        let mut judged = world.always(&state);
        if is_rest {
            judged = judged.and_then(|()| world.at_rest(&state));
        }
        judged.map_err(|why| Counterexample { why, way: way(world, &found, at) })?;
        for (nth, next) in moves.iter().enumerate() {
            let (to, _) = found.add(next.to, at as u32);
            if nth == 0 && next.is_forward {
                found.ahead[at] = to;
            }
        }
        at += 1;
    }
    if let Some(at) = goes_round(&found.ahead) {
        let why = "it goes on for ever, without any accident".to_owned();
        return Err(Counterexample { why, way: way(world, &found, at) });
    }
    Ok(Walked { states: found.states.len(), rests, depth, seconds: began.elapsed().as_secs_f64() })
}

/// A state from which the ways ahead never come to rest.
fn goes_round(ahead: &[u32]) -> Option<usize> {
    let mut walk_of = vec![0_u32; ahead.len()];
    for start in 0..ahead.len() {
        let (mut at, walk) = (start, start as u32 + 1);
        while walk_of[at] == 0 {
            walk_of[at] = walk;
            at = ahead[at] as usize;
        }
        if walk_of[at] == walk && ahead[at] as usize != at {
            return Some(at);
        }
    }
    None
}

fn way<W: World>(world: &mut W, found: &Found<W::State>, mut at: usize) -> Vec<(What, String)> {
    let (mut way, mut moves) = (Vec::new(), Vec::new());
    while at != 0 {
        let from = found.from[at] as usize;
        moves.clear();
        world.moves(&found.states[from], &mut moves);
        let next = moves.iter().find(|next| next.to == found.states[at]);
        way.extend(next.map(|next| (next.what, world.show(&next.to))));
        at = from;
    }
    way.reverse();
    way
}
