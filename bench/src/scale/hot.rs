//! Many notifications of one order at once: only one of those that read the same version writes it.

use std::collections::BinaryHeap;

use fastrand::Rng;

use super::Times;

/// The longest pause before the second attempt, which doubles, the longest before any, and for how long others are waited
/// out, in seconds: those of the receivers (`shared/aws/src/patience.rs`).
const FIRST_PAUSE: f64 = 0.01;
const LONGEST_PAUSE: f64 = 0.2;
const PATIENCE: f64 = 5.0;

/// Write units a second of one item, and of its partition. A write in vain takes as many as another. (DynamoDB, "partition keys")
const UNITS: f64 = 1_000.0;

/// Bytes of an order without facts, and of one of its facts (docs/figures.md, "As an order, and a table, grow").
const BYTES: (f64, f64) = (250.0, 130.0);

/// What became of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rush {
    /// Notifications that the order took.
    pub stored: usize,
    /// Those that were answered 503, which their provider sends again.
    pub refused: usize,
    /// When the last was stored, in seconds.
    pub last: f64,
    /// Writes that another one had overtaken, for each notification.
    pub conflicts: f64,
}

/// So many notifications of one order, each in an environment of its own.
pub fn rush(notifications: usize, times: &Times) -> Rush {
    let mut rng = Rng::with_seed(14);
    let micros = |time: f64| (time * 1e6) as u64;
    // When the write of each arrives, what it read, its attempt.
    let mut writes = BinaryHeap::new();
    let mut outcome = Rush::default();
    let mut conflicts = 0_usize;
    let mut version = 0_usize;
    // When the item takes the next write.
    let mut free = 0_u64;
    // Reads arrive halfway through their trip, and each is an event of its own.
    for n in 0..notifications {
        let jitter = rng.f64() * times.table;
        writes.push(std::cmp::Reverse((micros(jitter + times.table / 2.0), n, 0_u32, None)));
    }
    while let Some(std::cmp::Reverse((at, n, attempt, read))) = writes.pop() {
        let Some(read) = read else {
            let arrives = at + micros(times.table);
            writes.push(std::cmp::Reverse((arrives, n, attempt, Some(version))));
            continue;
        };
        if at < free {
            writes.push(std::cmp::Reverse((free, n, attempt, Some(read))));
            continue;
        }
        let units = ((BYTES.0 + BYTES.1 * (version + 1) as f64) / 1_024.0).ceil();
        free = at + micros(units / UNITS);
        let now = at as f64 / 1e6;
        if read == version {
            version += 1;
            outcome.stored += 1;
            outcome.last = now;
            continue;
        }
        conflicts += 1;
        let longest = (FIRST_PAUSE * 2_f64.powi(attempt.min(8) as i32)).min(LONGEST_PAUSE);
        let again = now + times.table + rng.f64() * longest;
        if again < PATIENCE {
            writes.push(std::cmp::Reverse((micros(again), n, attempt + 1, None)));
        } else {
            outcome.refused += 1;
        }
    }
    outcome.conflicts = conflicts as f64 / notifications.max(1) as f64;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_stored_once_or_refused() {
        for notifications in [1, 10, 1_000] {
            let outcome = rush(notifications, &Times::default());
            assert_eq!(outcome.stored + outcome.refused, notifications);
        }
        assert_eq!(rush(1, &Times::default()).conflicts, 0.0);
        assert!(rush(3_000, &Times::default()).refused > 0);
    }
}
