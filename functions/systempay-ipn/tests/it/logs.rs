//! The function's own binary, as Lambda runs it, writes nothing private.

use quittance_testing::lambda::logs;

/// The keys of the samples.
const KEYS: &str =
    r#"{"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_samples_hold_the_function_logs_nothing_private() {
    let binary = env!("CARGO_BIN_EXE_systempay-ipn");
    logs::nothing_private_is_logged(binary, "systempay", ("QUITTANCE_SYSTEMPAY_KEYS", KEYS)).await;
}
