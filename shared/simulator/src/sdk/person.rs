//! Whoever is at work: a function that runs, with the call at which it dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// A function that runs.
pub(crate) struct Person {
    name: String,
    /// Twice the calls that it makes until it dies, and one where it dies after the last; negative where it does not die.
    left: AtomicI64,
    dies: Notify,
}

/// What becomes of a function at one of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lives,
    /// It dies before the call is made.
    DiesBefore,
    /// It dies before it hears the answer.
    DiesAfter,
}

tokio::task_local! {
    static WHO: Arc<Person>;
}

/// How a run of a function ended.
#[derive(Debug)]
pub(crate) enum Ended<T> {
    With(T),
    /// It died, or its time was over.
    Died,
}

/// Runs a function, until it dies at one of its calls or its time is over. It is dropped where it waits.
pub(crate) async fn run<T>(
    name: String,
    dies_at: Option<i64>,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Ended<T> {
    let left = AtomicI64::new(dies_at.unwrap_or(-1));
    let person = Arc::new(Person { name, left, dies: Notify::new() });
    let work = WHO.scope(Arc::clone(&person), work);
    tokio::select! {
        biased;
        () = person.dies.notified() => Ended::Died,
        done = tokio::time::timeout(limit, work) => done.map_or(Ended::Died, Ended::With),
    }
}

/// Who is at work; nobody where the world is being made.
pub(crate) fn name() -> String {
    WHO.try_with(|person| person.name.clone()).unwrap_or_default()
}

/// What becomes of whoever makes a call now.
pub(crate) fn fate() -> Fate {
    let left = WHO.try_with(|person| person.left.fetch_sub(2, Ordering::Relaxed));
    match left {
        Ok(2) => Fate::DiesBefore,
        Ok(3) => Fate::DiesAfter,
        _ => Fate::Lives,
    }
}

/// Whoever is at work dies here.
pub(crate) async fn die() {
    let died = WHO.try_with(|person| person.dies.notify_one());
    if died.is_ok() {
        std::future::pending::<()>().await;
    }
}
