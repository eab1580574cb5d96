//! The only place that reads the clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quittance_core::Timestamp;

/// Now, in whole seconds. A clock outside the years 1970 to 9999 reads as 1970.
pub fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds)
        .ok()
        .and_then(Timestamp::from_unix)
        .or_else(|| Timestamp::from_unix(0))
        .unwrap_or_else(|| unreachable!("1970 is a moment"))
}

/// Nanoseconds since 1970 as 20 digits: sorts as text.
pub fn sortable_nanos() -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{nanos:020}")
}

/// Milliseconds since 1970.
pub fn unix_millis() -> u64 {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
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
        Self { monotonic: Instant::now(), system: SystemTime::now() }
    }

    /// How long ago it was, by the clock that says more.
    pub fn elapsed(&self) -> Duration {
        self.monotonic.elapsed().max(self.system.elapsed().unwrap_or_default())
    }
}
