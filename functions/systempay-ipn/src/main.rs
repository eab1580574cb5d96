//! Receives Lyra notifications (Systempay and its siblings) in both formats.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    quittance_aws::webhook::serve(&quittance_psp::lyra::Lyra).await
}
