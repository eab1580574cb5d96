//! The only place that reads the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quittance_core::Timestamp;

/// The clock by which limits are kept: that of the runtime's pauses, so both stand still where a test pauses it.
pub use tokio::time::Instant;

/// What the clock on the wall says.
fn system() -> SystemTime {
    #[cfg(feature = "simulated")]
    if let Some(time) = crate::simulated::time() {
        return time;
    }
    SystemTime::now()
}

/// Now, in whole seconds. A clock outside the years 1970 to 9999 reads as 1970.
pub fn now() -> Timestamp {
    let seconds = system().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds)
        .ok()
        .and_then(Timestamp::from_unix)
        .or_else(|| Timestamp::from_unix(0))
        .unwrap_or_else(|| unreachable!("1970 is a moment"))
}

/// Nanoseconds since 1970 as 20 digits: sorts as text.
pub fn sortable_nanos() -> String {
    let nanos = system().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{nanos:020}")
}

/// Milliseconds since 1970.
pub fn unix_millis() -> u64 {
    let millis = system().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    u64::try_from(millis).unwrap_or(u64::MAX)
}

/// A moment from which time is measured, also while Lambda has frozen the process: whether the monotonic
/// clock goes on then is said nowhere, and the other one may be set back.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    monotonic: Instant,
    system: SystemTime,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self { monotonic: Instant::now(), system: system() }
    }

    /// Elapsed time since `earlier`, by whichever clock reports more.
    pub fn since(self, earlier: Self) -> Duration {
        let system = self.system.duration_since(earlier.system).unwrap_or_default();
        self.monotonic.saturating_duration_since(earlier.monotonic).max(system)
    }

    /// The moment that comes so much later by both clocks.
    #[cfg(test)]
    pub(crate) fn after(self, time: Duration) -> Self {
        Self { monotonic: self.monotonic + time, system: self.system + time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_says_more_counts() {
        let minute = Duration::from_secs(60);
        let start = Moment::now();
        let later = start.after(minute);
        let frozen = Moment { monotonic: start.monotonic, ..later };
        let set_back = Moment { system: start.system - minute, ..later };
        for moment in [later, frozen, set_back] {
            assert_eq!(moment.since(start), minute);
        }
        assert_eq!(start.since(later), Duration::ZERO);
    }
}
