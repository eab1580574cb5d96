//! The only source of chance.
//!
//! Each kind of chance has a stream of its own. So where one accident is left out, which is how a failing run is made
//! shorter, the others stay what they were.

use std::collections::BTreeSet;
use std::ops::Range;

use fastrand::Rng;

macro_rules! chances {
    ($($(#[$doc:meta])* $name:ident: $per_mille:literal,)*) => {
        /// A kind of accident.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Chance { $($(#[$doc])* $name),* }

        impl Chance {
            /// Every kind.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// How often it happens in ordinary weather, of a thousand times that it could.
            const fn per_mille(self) -> u32 {
                match self { $(Self::$name => $per_mille),* }
            }
        }
    };
}

chances! {
    /// What the buyer, the merchant or the operator does: a move of the plan.
    Move: 0,
    /// A notification never arrives.
    LosesDelivery: 60,
    /// A notification arrives much later than it was sent.
    DelaysDelivery: 80,
    /// A notification arrives twice.
    RepeatsDelivery: 60,
    /// The answer to a notification does not reach its sender.
    LosesAnswer: 60,
    /// Somebody sends a notification with another amount, and signs it with a key of his own.
    Forges: 40,
    /// A process dies between two steps.
    Dies: 15,
    /// A call of the store or the queue takes seconds.
    Slow: 15,
    /// The store refuses a read.
    RefusesRead: 8,
    /// The store refuses a write.
    RefusesWrite: 15,
    /// The store writes, and its answer is lost; the call is repeated, and finds its own write.
    LosesWritten: 20,
    /// The store writes, its answer is lost, and nobody repeats the call.
    ForgetsWritten: 10,
    /// The stream loses a record.
    LosesRecord: 40,
    /// The stream brings a batch late.
    DelaysBatch: 60,
    /// The stream brings a batch once more.
    ReplaysBatch: 60,
    /// The queue refuses a message.
    RefusesMessage: 30,
    /// The queue takes a message, and its answer is lost.
    LosesTaken: 30,
    /// The queue hands a message out once more while somebody is at it.
    HandsOutTwice: 40,
    /// A look at the keys fails.
    HidesKeys: 100,
    /// A call of a provider's API is lost on the way.
    LosesCall: 40,
    /// What a provider's API answers is lost.
    LosesReply: 40,
    /// A call that moves money is made, and its answer is lost.
    LosesEffect: 120,
    /// Whoever moves money dies between two steps.
    DiesAtDesk: 30,
    /// A provider's API answers late.
    DelaysReply: 150,
    /// A provider's API fails or lies.
    Breaks: 60,
    /// A scheduled run does not take place.
    MissesRun: 30,
    /// AWS refuses a call: throttled, or in trouble.
    RefusesCall: 15,
    /// The connection to AWS ends before a call is carried out.
    CutsBefore: 8,
    /// The connection to AWS ends after a call is carried out, or the answer is that it failed.
    CutsAfter: 15,
    /// A service of AWS is out for a while.
    Outage: 1,
    /// A call is carried out when its caller has given it up.
    Late: 6,
    /// A read of several items leaves some over.
    LeavesOver: 150,
    /// A page of a list ends after one item.
    TurnsPage: 60,
    /// An index does not have yet what was written last.
    LagsIndex: 30,
    /// A function dies at one of its calls.
    DiesAtCall: 80,
}

/// One accident that happened: the how manyth of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Of which kind.
    pub chance: Chance,
    /// Which of them.
    pub nth: u32,
}

/// A stream of chance, the pauses and choices among it.
#[derive(Debug)]
struct Stream {
    rng: Rng,
    hits: u32,
}

/// The only source of chance.
#[derive(Debug)]
pub(crate) struct Dice {
    streams: Vec<Stream>,
    pace: Rng,
    /// How many times as often as usual accidents happen, in halves.
    weather: u32,
    dropped: BTreeSet<Hit>,
    happened: Vec<Hit>,
}

/// What keeps the streams of one seed apart: an odd number with about as many ones as zeros.
const APART: u64 = 0x9E37_79B9_7F4A_7C15;

fn stream(seed: u64, number: u64) -> Rng {
    Rng::with_seed(seed ^ number.wrapping_add(1).wrapping_mul(APART))
}

impl Dice {
    pub(crate) fn new(seed: u64, dropped: &BTreeSet<Hit>) -> Self {
        let numbers = 0..Chance::ALL.len() as u64;
        let streams = numbers.map(|number| Stream { rng: stream(seed, number), hits: 0 });
        let pace = stream(seed, u64::MAX - 1);
        let (dropped, happened) = (dropped.clone(), Vec::new());
        Self { streams: streams.collect(), pace, weather: 2, dropped, happened }
    }

    /// What plans are drawn from, by itself.
    pub(crate) fn of_plan(seed: u64) -> Rng {
        stream(seed, u64::MAX - 2)
    }

    /// From now on, so many halves of ordinary weather.
    pub(crate) fn set_weather(&mut self, weather: u32) {
        self.weather = weather;
    }

    /// Whether an accident happens here.
    pub(crate) fn happens(&mut self, chance: Chance) -> bool {
        let per_mille = chance.per_mille() * self.weather / 2;
        let stream = &mut self.streams[chance as usize];
        per_mille > 0 && stream.rng.u32(..1_000) < per_mille && self.hit(chance)
    }

    /// An accident that is certain, unless it is left out.
    pub(crate) fn hit(&mut self, chance: Chance) -> bool {
        let stream = &mut self.streams[chance as usize];
        let hit = Hit { chance, nth: stream.hits };
        stream.hits += 1;
        let is_dropped = self.dropped.contains(&hit);
        if !is_dropped {
            self.happened.push(hit);
        }
        !is_dropped
    }

    /// How much of it, where it happens.
    pub(crate) fn how(&mut self, chance: Chance, range: Range<i64>) -> i64 {
        self.streams[chance as usize].rng.i64(range)
    }

    /// How long an ordinary step takes, in milliseconds.
    pub(crate) fn pace(&mut self, range: Range<i64>) -> i64 {
        self.pace.i64(range)
    }

    /// All accidents until now.
    pub(crate) fn happened(&self) -> &[Hit] {
        &self.happened
    }
}
