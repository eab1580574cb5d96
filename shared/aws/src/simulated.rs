//! For a simulator alone, and in no deployed function: time that does not pass by itself, and providers that are in this
//! process. Without [`follow`] and [`Caller::simulated`](crate::caller::Caller::simulated) nothing is changed.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quittance_core::Timestamp;
use quittance_core::api::{Call, Exchange};
use tokio::time::Instant;

/// Answers a call of a provider's API.
pub type Line = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Exchange> + Send>> + Send + Sync>;

thread_local! {
    /// Since when this thread follows its runtime's time, and what the clock on the wall said then.
    static FOLLOWED: Cell<Option<(Instant, SystemTime)>> = const { Cell::new(None) };
}

/// As long as it is held, the clock on the wall of a thread follows its runtime's time.
#[derive(Debug)]
pub struct Followed(());

/// From now on the clock on the wall of this thread says `at`, and goes on as its runtime's time does, which may be
/// paused.
#[must_use]
pub fn follow(at: Timestamp) -> Followed {
    let at = UNIX_EPOCH + Duration::from_secs(at.unix().unsigned_abs());
    FOLLOWED.set(Some((Instant::now(), at)));
    Followed(())
}

impl Drop for Followed {
    fn drop(&mut self) {
        FOLLOWED.set(None);
    }
}

/// What the clock on the wall says, where this thread follows its runtime's time.
pub(crate) fn time() -> Option<SystemTime> {
    FOLLOWED.get().map(|(began, at)| at + began.elapsed())
}
