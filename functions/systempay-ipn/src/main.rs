//! Receives Lyra notifications (Systempay and its siblings) in both formats.

use quittance_aws::webhook::serve;
use quittance_psp::{PROVIDERS, lyra::Lyra};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve(&Lyra, PROVIDERS).await
}
