//! What becomes of a request, by seeded choice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Short delays, in milliseconds.
const SHORT_DELAY: u64 = 60;

/// Of so many delays one is longer than the caller waits.
const LONG_ONE_OF: u32 = 8;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It passes.
    Passes,
    /// It is refused in the service's own words because there are too many, and does not arrive.
    Throttled,
    /// It arrives late, whether its sender still waits or not.
    Late(Duration),
    /// The connection ends before it arrives.
    CutBefore,
    /// It is carried out, and the connection ends before the answer.
    CutAfter,
    /// 500, and it does not arrive.
    Fails,
    /// It is carried out, and 500 is answered.
    FailsAfter,
}

impl Fate {
    fn name(self) -> &'static str {
        match self {
            Self::Passes => "passed",
            Self::Throttled => "throttled",
            Self::Late(_) => "late",
            Self::CutBefore => "cut before",
            Self::CutAfter => "cut after",
            Self::Fails => "500 before",
            Self::FailsAfter => "500 after",
        }
    }
}

/// How the network is. Clones are the same.
#[derive(Clone)]
pub(super) struct Weather(Arc<Mutex<State>>);

struct State {
    random: fastrand::Rng,
    /// How many of a hundred requests something happens to.
    bad: u32,
    counts: BTreeMap<(&'static str, &'static str), usize>,
}

impl Weather {
    /// Nothing happens yet.
    pub(super) fn calm(random: fastrand::Rng) -> Self {
        Self(Arc::new(Mutex::new(State { random, bad: 0, counts: BTreeMap::new() })))
    }

    /// From now on something happens to so many of a hundred requests.
    pub(super) fn turns(&self, bad: u32) {
        self.0.lock().expect("nobody failed").bad = bad;
    }

    /// What becomes of the next request to a service whose callers wait so long.
    pub(super) fn next(&self, service: &'static str, patience: Duration) -> Fate {
        let mut state = self.0.lock().expect("nobody failed");
        let is_bad = state.random.u32(..100) < state.bad;
        let fate = match is_bad.then(|| state.random.u32(..6)) {
            None => Fate::Passes,
            Some(0) => Fate::Throttled,
            Some(1) if state.random.u32(..LONG_ONE_OF) == 0 => {
                Fate::Late(patience + Duration::from_millis(SHORT_DELAY))
            }
            Some(1) => Fate::Late(Duration::from_millis(state.random.u64(..SHORT_DELAY))),
            Some(2) => Fate::CutBefore,
            Some(3) => Fate::CutAfter,
            Some(4) => Fate::Fails,
            Some(_) => Fate::FailsAfter,
        };
        *state.counts.entry((service, fate.name())).or_default() += 1;
        fate
    }

    /// What became of the requests so far, by service.
    pub(super) fn counts(&self) -> BTreeMap<(&'static str, &'static str), usize> {
        self.0.lock().expect("nobody failed").counts.clone()
    }
}
