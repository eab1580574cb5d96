//! The stack's memory under traffic that does not change.
#![allow(clippy::print_stdout, reason = "figures for the documentation")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::durability::order;
use crate::support::{Stack, asked};

/// How long, in minutes.
const MINUTES: usize = 60;

/// Orders that are told of in a second, three notifications each; each is read as well.
const RATE: u32 = 5;

/// How often memory is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// By how many of a hundred the last third may be above the middle one.
const MOST_GROWTH: u64 = 5;

/// What a process holds in memory, in KiB.
fn held(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.split_whitespace().next().expect("a figure").parse().expect("digits")
}

/// `QUITTANCE_MEMORY_MINUTES=20 cargo test -p quittance --test it memory_is_flat -- --ignored --nocapture` is what
/// docs/figures.md tells of. A few seconds would show nothing but the warming up.
#[test]
#[ignore = "takes an hour, or as many minutes as QUITTANCE_MEMORY_MINUTES says"]
fn memory_is_flat_over_an_hour_of_traffic() {
    let minutes = asked("QUITTANCE_MEMORY_MINUTES", MINUTES);
    let length = Duration::from_secs(60 * u64::try_from(minutes).expect("short"));
    let directory = tempfile::tempdir().expect("a directory");
    let stack = Stack::start_in(directory.path());
    let (over, told) = (AtomicBool::new(false), AtomicUsize::new(0));
    let samples = std::thread::scope(|scope| {
        scope.spawn(|| {
            let start = Instant::now();
            for n in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let due = start + Duration::from_secs(1) * n / RATE;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let (path, requests) = order("MEMORY", usize::try_from(n).expect("few"));
                for request in &requests {
                    assert_eq!(stack.send(request).status, 200);
                }
                stack.order(&path);
                told.fetch_add(requests.len(), Ordering::Relaxed);
            }
        });
        let start = Instant::now();
        let mut samples = Vec::new();
        while start.elapsed() < length {
            std::thread::sleep(EVERY);
            samples.push(held(stack.process()));
        }
        over.store(true, Ordering::Relaxed);
        samples
    });
    let third = samples.len() / 3;
    let mean =
        |samples: &[u64]| samples.iter().sum::<u64>() / u64::try_from(samples.len()).expect("few");
    let [first, middle, last] =
        [&samples[..third], &samples[third..2 * third], &samples[2 * third..]].map(mean);
    println!(
        "{} notifications in {minutes} minutes: {first} KiB in the first third, {middle} in the middle, {last} in the \
         last; at most {:?}",
        told.into_inner(),
        samples.iter().max()
    );
    assert!(last * 100 <= middle * (100 + MOST_GROWTH), "it grows: {samples:?}");
}
