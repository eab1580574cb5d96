//! Logs. Message bodies, names, card data and keys are never logged; see `docs/local.md`.

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
