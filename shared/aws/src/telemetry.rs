//! Logs. Message bodies, names, card data and keys are never logged; see `docs/local.md`.

use std::fmt::Display;

/// Starts the Lambda subscriber: level from `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG`, JSON when
/// `AWS_LAMBDA_LOG_FORMAT` says so.
pub fn init() {
    lambda_http::tracing::init_default_subscriber();
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
