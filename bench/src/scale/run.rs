//! The simulation.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use fastrand::Rng;

use super::limits::{Cost, Limit, Limits, Times};

/// How long DynamoDB's refusals are waited out before a notification is answered 503: the attempts of the SDK.
const PATIENCE: f64 = 1.0;

/// After which times Worldline sends again what was refused, each counted from the attempt before. (worldline.md 2) Lyra does so only
/// where its rule says so.
const SENT_AGAIN: [f64; 5] = [600.0, 3_600.0, 7_200.0, 28_800.0, 86_400.0];

/// How long a batch waits for an environment before it tries again.
const NO_ENVIRONMENT: f64 = 0.1;

/// How long a rate is kept up, in seconds.
const STEADY: f64 = 10.0;

/// What part of the orders of the second half may wait longer than those of the first.
const GROWTH: f64 = 0.01;

/// Units of time in a second: whole numbers have an order.
const TICKS: f64 = 1e9;

/// What became of the orders.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Notifications that were refused, by what refused them.
    pub refused: BTreeMap<Limit, u64>,
    /// What was used of each limit, as a part of what it allows.
    pub used: BTreeMap<Limit, f64>,
    /// Orders that arrived and were not told, after half of the arrivals and after all.
    waiting: [f64; 2],
    /// Notifications that arrived, without those that came again.
    pub notifications: usize,
    /// Seconds from the notification's first arrival until the queue has the message, sorted.
    pub told: Vec<f64>,
}

impl Outcome {
    /// What refused most.
    pub fn refused_by(&self) -> Option<Limit> {
        self.refused.iter().max_by_key(|(_, times)| **times).map(|(limit, _)| *limit)
    }

    /// What a rate comes up against that is not kept up: what is used most.
    pub fn stopped_by(&self) -> Option<Limit> {
        let [half, all] = self.waiting;
        let grows = all - half > (self.notifications as f64 / 2.0 * GROWTH).max(2.0);
        // Of two that are used alike, the first on a notification's way.
        let used = self.used.iter().rev();
        let most = used.max_by(|a, b| a.1.total_cmp(b.1)).map(|(limit, _)| *limit);
        most.filter(|_| grows || self.refusals() > 0)
    }

    /// Notifications that were refused.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Within how many seconds such a part of the orders was told.
    pub fn within(&self, part: f64) -> f64 {
        let at = (self.told.len() as f64 * part).ceil() as usize;
        self.told.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
    }
}

/// Arrivals at random, at a rate that changes.
pub struct Poisson {
    /// Seconds, and the rate until then.
    pub rates: Vec<(f64, f64)>,
    /// Of the draws.
    pub rng: Rng,
    /// Where it is.
    pub now: f64,
}

impl Iterator for Poisson {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let (_, rate) = *self.rates.iter().find(|(until, _)| self.now < *until)?;
        self.now -= (1.0 - self.rng.f64()).ln() / rate;
        Some(self.now)
    }
}

/// A rate of orders that is kept up, with whatever stops it. Reserves for bursts are used up, and environments run.
pub fn steadily(limits: &Limits, times: &Times, cost: Cost, rate: f64) -> Outcome {
    let mut limits = *limits;
    let of_a_moment = |(rate, _): (f64, f64)| (rate, (rate * 0.01).max(1.0));
    limits.route = of_a_moment(limits.route);
    limits.api = of_a_moment(limits.api);
    let rate = rate * cost.notifications as f64;
    let notifications = (rate * STEADY) as usize;
    let evenly = (1..=notifications).map(|n| n as f64 / rate);
    Way::new(&limits, times, cost, Some(notifications)).run(evenly)
}

/// Orders of one notification that arrive then, with environments still to be started, and what is refused is sent again.
pub fn run(limits: &Limits, times: &Times, arrivals: impl Iterator<Item = f64>) -> Outcome {
    Way::new(limits, times, Cost::OF_ONE, None).run(arrivals)
}

/// What flows in at a rate, and out in pieces.
struct Bucket {
    rate: f64,
    most: f64,
    left: f64,
    at: f64,
}

impl Bucket {
    fn new(rate: f64, most: f64) -> Self {
        Self { rate, most, left: most, at: 0.0 }
    }

    fn fill(&mut self, now: f64) {
        self.left = (self.left + (now - self.at) * self.rate).min(self.most);
        self.at = now;
    }

    /// Takes so much if it is there.
    fn take(&mut self, now: f64, much: f64) -> bool {
        self.fill(now);
        let has = self.left >= much;
        self.left -= if has { much } else { 0.0 };
        has
    }

    /// How long so much takes to be there.
    fn wait(&mut self, now: f64, much: f64) -> f64 {
        self.fill(now);
        ((much - self.left) / self.rate).max(0.0)
    }
}

/// Environments of one function.
struct Function {
    busy: usize,
    idle: usize,
    starts: Bucket,
}

/// A batch at a time of one part of a shard.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<f64>,
    is_busy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives { first: u64, attempt: usize },
    Stored { first: u64 },
    Turned { first: u64, attempt: usize, by: Limit },
    Look { lane: usize },
    Told { lane: usize, orders: usize },
}

struct Way<'a> {
    limits: &'a Limits,
    times: &'a Times,
    cost: Cost,
    rng: Rng,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    number: u64,
    route: Bucket,
    api: Bucket,
    invocations: Bucket,
    calls: Bucket,
    tables: [(Limit, Bucket); 4],
    receivers: Function,
    dispatchers: Function,
    lanes: Vec<Lane>,
    /// How many notifications make a rate that is kept up; without, what is refused comes again and all is played to its end.
    steady: Option<usize>,
    stored: usize,
    outcome: Outcome,
}

impl<'a> Way<'a> {
    fn new(limits: &'a Limits, times: &'a Times, cost: Cost, steady: Option<usize>) -> Self {
        // A reserve of a moment: what a partition saves for bursts is not counted on.
        let bucket = |rate: f64| Bucket::new(rate, (rate * 0.1).max(10.0));
        let function = || Function {
            busy: 0,
            idle: if steady.is_some() { limits.environments.min(1e6) as usize } else { 0 },
            starts: Bucket::new(limits.starts.0, limits.starts.1),
        };
        let lanes = limits.shards * limits.lanes_of_a_shard;
        Self {
            limits,
            times,
            cost,
            rng: Rng::with_seed(14),
            events: BinaryHeap::new(),
            number: 0,
            route: Bucket::new(limits.route.0, limits.route.1),
            api: Bucket::new(limits.api.0, limits.api.1),
            invocations: bucket(limits.invocations),
            calls: bucket(limits.calls),
            tables: [
                (Limit::OrderWrites, bucket(limits.order_writes)),
                (Limit::IndexWrites, bucket(limits.index_writes)),
                (Limit::ArchiveWrites, bucket(limits.archive_writes)),
                (Limit::Reads, bucket(limits.reads)),
            ],
            receivers: function(),
            dispatchers: function(),
            lanes: std::iter::repeat_with(Lane::default).take(lanes).collect(),
            steady,
            stored: 0,
            outcome: Outcome::default(),
        }
    }

    fn run(mut self, mut arrivals: impl Iterator<Item = f64>) -> Outcome {
        let mut coming = arrivals.next();
        loop {
            let due = self.events.peek().map(|Reverse((at, ..))| *at as f64 / TICKS);
            match (coming, due) {
                (Some(at), due) if due.is_none_or(|due| at <= due) => {
                    self.outcome.notifications += 1;
                    self.arrive(at, at, 0);
                    coming = arrivals.next();
                    let come = self.outcome.notifications;
                    let told = self.outcome.told.len() * self.cost.notifications;
                    let untold = come as f64 - told as f64;
                    let at = usize::from(self.steady.is_none_or(|all| come > all / 2));
                    if let Some(waiting) = self.outcome.waiting.get_mut(at) {
                        *waiting = untold;
                    }
                    // Beyond the arrivals a rate is not kept up any more.
                    if coming.is_none() && self.steady.is_some() {
                        break;
                    }
                    continue;
                }
                (_, None) => break,
                _ => {}
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            let now = at as f64 / TICKS;
            let time = |first: u64| first as f64 / TICKS;
            match event {
                Event::Arrives { first, attempt } => self.arrive(now, time(first), attempt),
                Event::Stored { first } => self.stored(now, time(first)),
                Event::Turned { first, attempt, by } => {
                    self.receivers.busy -= 1;
                    self.receivers.idle += 1;
                    self.refuse(now, time(first), attempt, by);
                }
                Event::Look { lane } => self.look(now, lane),
                Event::Told { lane, orders } => self.told(now, lane, orders),
            }
        }
        for (limit, used) in &mut self.outcome.used {
            *used /= self.limits.takes(*limit) * STEADY;
        }
        self.outcome.told.sort_by(f64::total_cmp);
        self.outcome
    }

    fn at(&mut self, time: f64, event: Event) {
        self.number += 1;
        self.events.push(Reverse(((time * TICKS) as u64, self.number, event)));
    }

    fn refuse(&mut self, now: f64, first: f64, attempt: usize, by: Limit) {
        *self.outcome.refused.entry(by).or_default() += 1;
        if let (None, Some(pause)) = (self.steady, SENT_AGAIN.get(attempt)) {
            let first = (first * TICKS) as u64;
            self.at(now + pause, Event::Arrives { first, attempt: attempt + 1 });
        }
    }

    fn uses(&mut self, limit: Limit, much: f64) {
        *self.outcome.used.entry(limit).or_default() += much;
    }

    /// A notification at the API.
    fn arrive(&mut self, now: f64, first: f64, attempt: usize) {
        self.uses(Limit::Api, 1.0);
        self.uses(Limit::Route, 1.0);
        let by = if !self.api.take(now, 1.0) {
            Some(Limit::Api)
        } else if !self.route.take(now, 1.0) {
            Some(Limit::Route)
        } else {
            None
        };
        let started = by.map_or_else(|| self.environment(now, true), Err);
        let start = match started {
            Ok(start) => start,
            Err(by) => return self.refuse(now, first, attempt, by),
        };
        // Telling takes one unit of each of them, but of the archive.
        let cost = self.cost;
        let all = [
            cost.order_writes - 1.0,
            cost.index_writes - 1.0,
            cost.archive_writes,
            cost.reads - 1.0,
        ];
        let wait = self.units(now, PATIENCE, all.map(|units| units / cost.notifications as f64));
        let own = start + self.limits.processor + self.cost.trips * self.times.table;
        self.uses(Limit::Environments, own);
        self.uses(Limit::Invocations, 1.0);
        let first = (first * TICKS) as u64;
        match wait {
            Ok(wait) => self.at(now + own + wait, Event::Stored { first }),
            Err(by) => self.at(now + PATIENCE, Event::Turned { first, attempt, by }),
        }
    }

    /// An environment for one of both functions: how long it takes to start, or what there is not.
    fn environment(&mut self, now: f64, receives: bool) -> Result<f64, Limit> {
        let all = self.receivers.busy + self.dispatchers.busy;
        if all as f64 >= self.limits.environments {
            return Err(Limit::Environments);
        }
        if !self.invocations.take(now, 1.0) {
            return Err(Limit::Invocations);
        }
        let function = if receives { &mut self.receivers } else { &mut self.dispatchers };
        let start = if function.idle > 0 {
            function.idle -= 1;
            0.0
        } else if function.starts.take(now, 1.0) {
            self.times.start
        } else {
            return Err(Limit::Starts);
        };
        function.busy += 1;
        Ok(start)
    }

    /// Takes units of the tables, in their order: how long that takes, or which has none within this time. Then nothing is taken.
    fn units(&mut self, now: f64, patience: f64, much: [f64; 4]) -> Result<f64, Limit> {
        let mut longest: f64 = 0.0;
        for ((limit, bucket), much) in self.tables.iter_mut().zip(much) {
            *self.outcome.used.entry(*limit).or_default() += much;
            let wait = bucket.wait(now, much);
            if wait > patience {
                return Err(*limit);
            }
            longest = longest.max(wait);
        }
        for ((_, bucket), much) in self.tables.iter_mut().zip(much) {
            bucket.left -= much;
        }
        Ok(longest)
    }

    /// The order is written: its record is in the stream.
    fn stored(&mut self, now: f64, first: f64) {
        self.receivers.busy -= 1;
        self.receivers.idle += 1;
        self.stored += 1;
        if !self.stored.is_multiple_of(self.cost.notifications) {
            return;
        }
        let at = self.rng.usize(..self.lanes.len());
        let Some(lane) = self.lanes.get_mut(at) else { return };
        lane.waiting.push_back(first);
        if !lane.is_busy {
            lane.is_busy = true;
            let poll = self.rng.f64() * self.times.poll;
            self.at(now + poll, Event::Look { lane: at });
        }
    }

    /// A part of a shard takes its next batch.
    fn look(&mut self, now: f64, at: usize) {
        let Some(lane) = self.lanes.get(at) else { return };
        let orders = lane.waiting.len().min(self.limits.batch);
        let Ok(start) = self.environment(now, false) else {
            return self.at(now + NO_ENVIRONMENT, Event::Look { lane: at });
        };
        let n = orders as f64;
        let call = self.calls.wait(now, 1.0);
        self.calls.left -= 1.0;
        // What the tables do not take, the event source brings again.
        let units = self.units(now, f64::INFINITY, [n, n, 0.0, n]).unwrap_or(0.0);
        let batch = |n: f64| self.limits.processor * n + 2.0 * self.times.table + self.times.queue;
        let (own, full) = (start + batch(n), batch(self.limits.batch as f64));
        // Batches fill up where something waits, so that what counts is the part of a full one.
        let part = n / self.limits.batch as f64;
        self.uses(Limit::Lanes, full * part);
        self.uses(Limit::Environments, full * part);
        self.uses(Limit::Invocations, part);
        self.uses(Limit::Calls, part);
        self.at(now + own + call.max(units), Event::Told { lane: at, orders });
    }

    fn told(&mut self, now: f64, at: usize, orders: usize) {
        self.dispatchers.busy -= 1;
        self.dispatchers.idle += 1;
        let Some(lane) = self.lanes.get_mut(at) else { return };
        for first in lane.waiting.drain(..orders) {
            self.outcome.told.push(now - first);
        }
        lane.is_busy = !lane.waiting.is_empty();
        if lane.is_busy {
            self.look(now, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Template;
    use super::*;

    fn limits() -> Limits {
        let template = Template::read(include_str!("../../../template.yaml")).unwrap();
        Limits::new(&template, &Times::default())
    }

    #[test]
    fn what_is_refused_comes_again_and_all_orders_are_told() {
        let arrivals = Poisson { rates: vec![(10.0, 100.0)], rng: Rng::with_seed(1), now: 0.0 };
        let all: Vec<f64> = arrivals.collect();
        let outcome = run(&limits(), &Times::default(), all.iter().copied());
        assert!(outcome.refusals() > 0);
        assert_eq!(outcome.refused_by(), Some(Limit::Route));
        assert_eq!(outcome.told.len(), all.len());
        assert!(outcome.within(0.1) < 1.0, "{}", outcome.within(0.1));
        assert!(outcome.within(1.0) > SENT_AGAIN[0], "{}", outcome.within(1.0));
    }

    #[test]
    fn each_limit_stops_what_it_is_for() {
        let times = Times::default();
        let free = {
            let mut limits = limits();
            for limit in Limit::ALL.into_iter().chain([Limit::OrderWrites]) {
                limits.raise(limit);
            }
            limits
        };
        assert_eq!(steadily(&free, &times, Cost::OF_ONE, 1_000.0).stopped_by(), None);
        let stopped = |change: &dyn Fn(&mut Limits)| {
            let mut limits = free;
            change(&mut limits);
            steadily(&limits, &times, Cost::OF_ONE, 1_000.0).stopped_by()
        };
        for (change, limit) in [
            (&(|l: &mut Limits| l.route = (900.0, 1.0)) as &dyn Fn(&mut Limits), Limit::Route),
            (&|l| l.api = (900.0, 1.0), Limit::Api),
            (&|l| l.environments = 20.0, Limit::Environments),
            (&|l| l.invocations = 900.0, Limit::Invocations),
            (&|l| l.order_writes = 2_700.0, Limit::OrderWrites),
            (&|l| l.index_writes = 1_800.0, Limit::IndexWrites),
            (&|l| l.archive_writes = 900.0, Limit::ArchiveWrites),
            (&|l| l.reads = 2_700.0, Limit::Reads),
            (&|l| (l.shards, l.lanes_of_a_shard) = (1, 1), Limit::Lanes),
            (&|l| l.calls = 50.0, Limit::Calls),
        ] {
            assert_eq!(stopped(change), Some(limit));
        }
    }
}
