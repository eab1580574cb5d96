//! `quittance simulate`: seeds of a whole stack in virtual time, on this machine alone.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::{Args, ValueEnum};
use quittance_simulator::sdk::{self, Tally};
use quittance_simulator::{Counts, Failure, Fault, Situation, shrink, simulate, tell};

use crate::operate::terminal::{count, verdict};
use crate::output::{Failure as Stop, note, say};

/// Run a whole stack in virtual time, where everything that happens comes from a seed
///
/// Notifications come late, twice or never, processes die between any two steps, the table, the queue and the providers
/// fail, and keys change. What must always hold is looked at after each step, by what truly happened at the providers. Each
/// seed is run twice, and both runs have to be the same. The status is 1 where something is wrong: then the seed is told,
/// and what happened, with all left out that it does not take.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many seeds
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// What is simulated
    #[arg(long, value_enum, default_value_t = Tier::A)]
    tier: Tier,
    /// How many seeds are run at a time
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// Go on after a seed with something wrong, and tell of each
    #[arg(long)]
    go_on: bool,
    /// Print what happens with the first seed, line by line
    #[arg(long)]
    trace: bool,
}

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tier {
    /// What decides, over a simulated table, queue, consumer and providers
    A,
    /// The functions with the SDK's own clients, over a simulated AWS and simulated providers
    Sdk,
}

/// What some seeds came to.
#[derive(Default)]
struct Sum {
    counts: Counts,
    tally: Tally,
    steps: u64,
    /// The seeds with something wrong, and what it is.
    wrong: BTreeMap<u64, String>,
}

impl Simulate {
    pub(crate) fn run(&self) -> Result<ExitCode, Stop> {
        if self.trace {
            let lines = match self.tier {
                Tier::A => tell(self.seed, Fault::None).lines,
                Tier::Sdk => sdk::tell(self.seed, Fault::None).lines,
            };
            lines.iter().for_each(|line| say(line));
        }
        let began = Instant::now();
        let sum = self.all();
        if let Some(seed) = sum.wrong.keys().next()
            && !self.go_on
        {
            self.tell_failure(*seed);
            return Ok(ExitCode::FAILURE);
        }
        let seconds = began.elapsed().as_secs_f64();
        let Sum { counts, tally, steps, wrong } = sum;
        let told = |times: u64, what: &str| say(&format!("{times:>9}  {what}"));
        let what = match self.tier {
            Tier::A => {
                let words = Situation::ALL.iter();
                words.for_each(|situation| told(counts.of(*situation), situation.words()));
                format!("{steps} steps")
            }
            Tier::Sdk => {
                tally.iter().for_each(|(what, times)| told(times, what));
                format!("{steps} calls of AWS")
            }
        };
        wrong.iter().for_each(|(seed, what)| say(&format!("seed {seed}: {what}")));
        let said = match wrong.len() {
            0 => "nothing is wrong".to_owned(),
            wrong => format!("{} wrong", count(wrong, "seed")),
        };
        say(&format!("{} seeds, each twice, {what}: {said}", self.seeds));
        note(&format!("{seconds:.1} s"));
        Ok(verdict(wrong.is_empty()))
    }

    /// All seeds, in so many threads. Which thread runs a seed changes nothing of it.
    fn all(&self) -> Sum {
        thread::scope(|scope| {
            let jobs = (0..self.jobs).map(|job| scope.spawn(move || self.some(job)));
            let jobs: Vec<_> = jobs.collect();
            jobs.into_iter().filter_map(|job| job.join().ok()).fold(Sum::default(), Sum::with)
        })
    }

    fn some(&self, job: u64) -> Sum {
        let mut sum = Sum::default();
        let seeds = (job..self.seeds).step_by(usize::try_from(self.jobs).unwrap_or(1));
        for seed in seeds.map(|nth| self.seed.wrapping_add(nth)) {
            let steps = match self.tier {
                Tier::A => simulate(seed, Fault::None).map(|ran| {
                    sum.counts.add(&ran.counts);
                    ran.steps
                }),
                Tier::Sdk => sdk::simulate(seed, Fault::None).map(|ran| {
                    sum.tally.add(&ran.counts);
                    ran.steps
                }),
            };
            match steps {
                Ok(steps) => sum.steps += steps,
                Err(wrong) => {
                    sum.wrong.insert(seed, wrong);
                    if !self.go_on {
                        break;
                    }
                }
            }
        }
        sum
    }

    /// What is wrong with a seed, and what it takes.
    fn tell_failure(&self, seed: u64) {
        let shrunk = match self.tier {
            Tier::A => shrink(seed, Fault::None),
            Tier::Sdk => sdk::shrink(seed, Fault::None),
        };
        match shrunk {
            Some(Failure { wrong, lines, hits, at_first }) => {
                lines.iter().for_each(|line| say(line));
                say(&format!("seed {seed}: {wrong}"));
                say(&format!("{} of {at_first} moves and accidents are needed", hits.len()));
            }
            None => say(&format!("seed {seed}: two runs of it differ")),
        }
    }
}

impl Sum {
    fn with(mut self, other: Self) -> Self {
        self.counts.add(&other.counts);
        self.tally.add(&other.tally);
        self.steps += other.steps;
        self.wrong.extend(other.wrong);
        self
    }
}
