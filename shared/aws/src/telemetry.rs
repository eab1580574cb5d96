//! Logs. Message bodies, names, card data and keys are never logged; see `docs/local.md`.

use std::fmt::Display;

use lambda_http::tracing::subscriber::filter::LevelFilter;
use lambda_http::tracing::subscriber::fmt;

/// Starts logging under Lambda: level from `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`, JSON when
/// `AWS_LAMBDA_LOG_FORMAT` says so. Never below `debug`: at `trace` the Lambda runtime prints whole
/// events, and with them what buyers typed.
pub fn init() {
    let variable = |name: &str| std::env::var(name).ok();
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let subscriber = fmt().with_max_level(level.min(LevelFilter::DEBUG)).without_time();
    match variable("AWS_LAMBDA_LOG_FORMAT") {
        Some(format) if format.eq_ignore_ascii_case("json") => subscriber.json().init(),
        _ => subscriber.with_target(false).init(),
    }
}

/// The keys in a variable, or `None` with a line in the log that says what is wrong and quotes nothing.
/// The function starts all the same: its answers (500) and its log tell, where a start that fails would
/// only show time-outs.
pub fn keys<K, E: Display>(variable: &str, parse: impl Fn(&str) -> Result<K, E>) -> Option<K> {
    match std::env::var(variable).map(|text| parse(&text)) {
        Ok(Ok(keys)) => Some(keys),
        Ok(Err(error)) => {
            tracing::error!(variable, %error, "keys are not usable");
            None
        }
        Err(_) => {
            tracing::error!(variable, "keys are missing");
            None
        }
    }
}
