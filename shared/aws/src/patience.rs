//! How long, and how often, a write is tried that others may win.

use std::time::Duration;

use crate::clock::Instant;

/// The longest pause before the second attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause before any attempt.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How long other writers of the same order are waited out: the PSP hears of a failure before it gives
/// up by itself (10 seconds), even when the last attempt's calls are slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// Attempts at a write that others may win, each after a random pause.
pub(crate) struct Patience {
    began: Instant,
    attempt: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), attempt: 0 }
    }

    /// Whether to try (again); waits before every attempt but the first.
    pub(crate) async fn again(&mut self) -> bool {
        pause(self.attempt).await;
        self.attempt += 1;
        self.attempt == 1 || self.began.elapsed() < PATIENCE
    }
}

/// Waits before an attempt other than the first: a random time, so that writers of one order spread.
async fn pause(attempt: u32) {
    if let Some(doublings) = attempt.checked_sub(1) {
        let longest = FIRST_PAUSE.saturating_mul(1 << doublings.min(8)).min(LONGEST_PAUSE);
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..=micros))).await;
    }
}
