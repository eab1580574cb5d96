//! Receives Worldline Direct / CAWL events.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    quittance_aws::webhook::serve(&quittance_psp::worldline::Worldline).await
}
