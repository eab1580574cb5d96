//! Whether the clock tells a signature that is wrong in its first byte from one that is wrong in its last: `timing
//! 1000000` measures each kind of message so often, and what is planted.
//!
//! As dudect does: both classes in random order, Welch's t over what they took. Fails where |t| reaches [`MOST`] for
//! the real verification, or does not for what is planted.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use quittance_constant_time::messages::{changed, messages};
use quittance_constant_time::planted::{Verify, early_exit, equals};
use quittance_constant_time::ring::{Ring, WORLDLINE};
use quittance_core::crypto::{Secret, ascii, hmac_hex};

/// |t| from which on a difference is believed. dudect takes 4.5 on a quiet machine, and 10 for certain: ours are shared.
const MOST: f64 = 10.0;

/// The share of measurements that is kept, the quickest: what takes longer was interrupted.
const KEPT: f64 = 0.8;

fn main() -> ExitCode {
    let Some(Ok(times)) = std::env::args().nth(1).map(|times| times.parse::<usize>()) else {
        eprintln!("timing <measurements>");
        return ExitCode::FAILURE;
    };
    let mut fine = true;
    let ring = Ring::new(|_| {});
    for message in messages() {
        let last = message.last();
        let wrong = [0..1, last..last + 1].map(|at| message.sent(&changed(&message.signature, at)));
        let t = t(times, &wrong, |sent| message.is_believed(&ring, sent));
        fine &= t.abs() < MOST;
        println!("{:<50} t = {t:+.1}", message.name);
    }
    for (name, verify) in [("planted: ==", equals as Verify), ("planted: early exit", early_exit)] {
        let keys: Vec<Secret> = Secret::new(WORLDLINE[0].secret).into_iter().collect();
        let text = b"text";
        let right: String = keys.iter().map(|key| ascii(&hmac_hex(key, [&text[..]]))).collect();
        let wrong = [0..1, 63..64].map(|at| changed(&right, at).into_bytes());
        let t = t(times, &wrong, |sent| verify(&keys, text, sent));
        fine &= t.abs() >= MOST;
        println!("{name:<50} t = {t:+.1}");
    }
    println!(
        "{times} measurements each; below {MOST} is no difference, what is planted has to reach it"
    );
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Welch's t between what the two take.
fn t(times: usize, classes: &[Vec<u8>; 2], run: impl Fn(&[u8]) -> bool) -> f64 {
    let mut took: [Vec<u32>; 2] = Default::default();
    let [one, other] = classes;
    assert_eq!(one.len(), other.len(), "what is sent differs in the signature's bytes alone");
    let mut sent = vec![0; one.len()];
    for _ in 0..times {
        let class = usize::from(fastrand::bool());
        // Both are read, and written to one place, whichever is meant: a line of the cache more for one of them
        // would be seen.
        let mask = 0_u8.wrapping_sub(u8::from(class == 1));
        for ((sent, one), other) in sent.iter_mut().zip(one).zip(other) {
            *sent = one ^ ((one ^ other) & black_box(mask));
        }
        let begun = Instant::now();
        black_box(run(black_box(&sent)));
        let nanoseconds = begun.elapsed().as_nanos();
        took[class].push(u32::try_from(nanoseconds).unwrap_or(u32::MAX));
    }
    let mut all = took.concat();
    all.sort_unstable();
    let limit = all.get((times as f64 * KEPT) as usize).copied().unwrap_or(u32::MAX);
    let [one, other] = took.map(|took| Moments::of(took.into_iter().filter(|took| *took <= limit)));
    (one.mean - other.mean) / (one.variance / one.count + other.variance / other.count).sqrt()
}

/// Of one class.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// Welford's way.
    fn of(measured: impl Iterator<Item = u32>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in measured.map(f64::from) {
            count += 1.0;
            let off = value - mean;
            mean += off / count;
            squares += off * (value - mean);
        }
        Self { count, mean, variance: squares / (count - 1.0) }
    }
}
