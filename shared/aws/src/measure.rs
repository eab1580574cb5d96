//! What is counted and measured: metrics in the namespace [`NAMESPACE`], one name per event.
//!
//! A deployed function prints them as lines in CloudWatch's embedded metric format, at the end of each
//! invocation. Elsewhere nobody listens and counting costs nothing. Every metric has the dimension `stack`,
//! so that a test stack and a production stack in one account stay apart; alarms need nothing else.

use std::time::Duration;

use metrics::{Unit, counter, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use quittance_core::ProviderId;
use quittance_core::claims::Decisions;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Quittance";

/// The dimension that every metric has.
const STACK: &str = "stack";

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A notification was posted.
    Received,
    /// The notification added facts, and they are stored.
    Stored,
    /// Every fact of the notification was known.
    Duplicate,
    /// The notification is genuine, and its subject is not tracked.
    Untracked,
    /// It is genuine, and nobody can read it.
    Quarantined,
    /// The same, and its room in quarantine is full: it was answered with 503, and is [`Event::Unstored`] too.
    QuarantineRefused,
    /// It is not genuine. See [`rejected`].
    Rejected,
    /// It was answered with 5xx: the PSP has to send it again.
    Unstored,
    /// Someone else wrote the order first; it is tried again.
    Conflict,
    /// An order was released.
    Released,
    /// Money given back after the release.
    Reversed,
    /// A provider was asked about an order.
    Asked,
    /// Nothing was learnt by it.
    AskFailed,
}

impl Event {
    /// Every event, for descriptions and documentation.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::Stored,
        Self::Duplicate,
        Self::Untracked,
        Self::Quarantined,
        Self::QuarantineRefused,
        Self::Rejected,
        Self::Unstored,
        Self::Conflict,
        Self::Released,
        Self::Reversed,
        Self::Asked,
        Self::AskFailed,
    ];

    /// The metric's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::Stored => "Stored",
            Self::Duplicate => "Duplicate",
            Self::Untracked => "Untracked",
            Self::Quarantined => "Quarantined",
            Self::QuarantineRefused => "QuarantineRefused",
            Self::Rejected => "Rejected",
            Self::Unstored => "Unstored",
            Self::Conflict => "Conflict",
            Self::Released => "Released",
            Self::Reversed => "Reversed",
            Self::Asked => "Asked",
            Self::AskFailed => "AskFailed",
        }
    }
}

/// [`Event::Rejected`] by provider and reason.
const REJECTED_FOR: &str = "RejectedFor";

/// From a decision to its message in the queue.
const DISPATCH_LAG: &str = "DispatchLag";

/// Age of the oldest decision that the queue does not know.
const UNSENT_AGE: &str = "UnsentAge";

/// Captured vouchers without complement that can still be given back in time.
const STRANDED_VOUCHERS: &str = "StrandedVouchers";

/// Orders that a person has to look at, by the daily report.
const UNSETTLED: &str = "Unsettled";

/// How full the room in quarantine is that something was to be put into.
const QUARANTINE_FILL: &str = "QuarantineFill";

/// Counts one event.
pub fn count(event: Event) {
    count_many(event, 1);
}

/// Counts events.
pub fn count_many(event: Event, times: usize) {
    // A usize has at most 64 bits on every platform there is.
    counter!(event.name()).increment(times as u64);
}

/// Counts decisions that have just been stored.
pub(crate) fn count_decisions(new: Decisions) {
    count_many(Event::Released, new.released);
    count_many(Event::Reversed, new.reversed);
}

/// Counts a message that is not genuine. Reasons are a few fixed words, so that a forger cannot make
/// metrics, which cost money each.
pub fn rejected(psp: ProviderId, reason: &'static str) {
    count(Event::Rejected);
    counter!(REJECTED_FOR, "psp" => psp.to_string(), "reason" => reason).increment(1);
}

/// Notes how long a message was on its way to the queue.
pub fn dispatch_lag(lag: Duration) {
    histogram!(DISPATCH_LAG).record(lag.as_secs_f64() * 1000.0);
}

/// Notes the age of the oldest decision that the queue does not know, in seconds.
pub fn unsent_age(seconds: u64) {
    once(UNSENT_AGE, seconds as f64);
}

/// Notes how full a room in quarantine is, in percent of its bound.
pub fn quarantine_fill(percent: f64) {
    once(QUARANTINE_FILL, percent);
}

/// Notes how many vouchers are stranded.
pub fn stranded_vouchers(orders: usize) {
    once(STRANDED_VOUCHERS, orders as f64);
}

/// Notes what was measured now. A gauge would be printed again with each line that follows, also where
/// nothing could be measured.
fn once(metric: &'static str, value: f64) {
    histogram!(metric).record(value);
}

/// Notes how many orders a person has to look at.
pub fn unsettled(orders: usize) {
    once(UNSETTLED, orders as f64);
}

/// Starts to listen, under the name of the stack. `None` when somebody listens already.
pub(crate) fn listen(stack: String) -> Option<&'static Collector> {
    let builder = Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension(STACK, stack);
    let collector = builder.init().ok()?;
    for event in Event::ALL {
        metrics::describe_counter!(event.name(), Unit::Count, "");
    }
    metrics::describe_counter!(REJECTED_FOR, Unit::Count, "");
    metrics::describe_histogram!(DISPATCH_LAG, Unit::Milliseconds, "");
    metrics::describe_histogram!(UNSENT_AGE, Unit::Seconds, "");
    metrics::describe_histogram!(STRANDED_VOUCHERS, Unit::Count, "");
    metrics::describe_histogram!(UNSETTLED, Unit::Count, "");
    metrics::describe_histogram!(QUARANTINE_FILL, Unit::Percent, "");
    Some(collector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_documented() {
        let page = include_str!("../../../docs/monitoring.md");
        let gauges =
            [REJECTED_FOR, DISPATCH_LAG, UNSENT_AGE, STRANDED_VOUCHERS, UNSETTLED, QUARANTINE_FILL];
        for name in Event::ALL.map(Event::name).into_iter().chain(gauges) {
            assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
        }
    }
}
