//! Receives Worldline Direct / CAWL events.

use quittance_aws::webhook::serve;
use quittance_psp::{PROVIDERS, worldline::Worldline};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve(&Worldline, PROVIDERS).await
}
