//! Logs and metrics of a deployed function. Message bodies, names, card data and keys are never logged;
//! see `docs/local.md`.

use std::io::Write;

use lambda_http::tracing::subscriber::filter::LevelFilter;
use lambda_http::tracing::subscriber::fmt;
use metrics_cloudwatch_embedded::Collector;

use crate::measure;

/// The variable with the stack's name: the dimension of its metrics.
const STACK: &str = "QUITTANCE_STACK";

/// The log and metrics subscribers of a running function.
#[derive(Clone, Copy)]
pub struct Telemetry(Option<&'static Collector>);

impl Telemetry {
    /// Starts logs and metrics.
    ///
    /// The level comes from `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`, lines are JSON when
    /// `AWS_LAMBDA_LOG_FORMAT` says so. Never below `debug`: at `trace` the Lambda runtime prints whole
    /// events, and with them what buyers typed. There are no metrics without `QUITTANCE_STACK`.
    pub fn start() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
        let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
        let subscriber = fmt().with_max_level(level.min(LevelFilter::DEBUG));
        match variable("AWS_LAMBDA_LOG_FORMAT") {
            // With its time: Lambda takes a line of JSON without one for another level than it names.
            Some(format) if format.eq_ignore_ascii_case("json") => subscriber.json().init(),
            _ => subscriber.without_time().with_target(false).init(),
        }
        Self(variable(STACK).and_then(measure::listen))
    }

    /// Prints what was counted since the last time: at the end of an invocation, because Lambda may
    /// freeze the function after it.
    pub fn flush(&self) {
        let Some(collector) = self.0 else { return };
        // In one piece: a line of the log in the middle would make both unreadable.
        let mut lines = Vec::new();
        let written = collector.flush(&mut lines).and_then(|()| {
            let mut out = std::io::stdout().lock();
            out.write_all(&lines).and_then(|()| out.flush())
        });
        written.unwrap_or_else(|error| tracing::warn!(%error, "metrics not written"));
    }
}
