//! The Lambda function around [`expected::Function`].

use expected::Function;
use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{amend::Amender, clients, receive::Receiver, telemetry::Telemetry};
use quittance_psp::PROVIDERS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let receiver = Receiver::from_env(&clients::sdk_config().await, PROVIDERS)?;
    let function = &Function { amender: Amender::of(&receiver) };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
