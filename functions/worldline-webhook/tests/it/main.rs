//! The function's own binary, as Lambda runs it, writes nothing private.

use quittance_testing::lambda::logs;

/// The keys of the samples.
const KEYS: &str = r#"{"demo-key": "demo-secret"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_samples_hold_the_function_logs_nothing_private() {
    let binary = env!("CARGO_BIN_EXE_worldline-webhook");
    logs::nothing_private_is_logged(binary, "worldline", ("QUITTANCE_WORLDLINE_KEYS", KEYS)).await;
}
