//! The Lambda function around [`dispatch::Function`].

use dispatch::{Function, StreamEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::outbox::Outbox;
use quittance_aws::{clients, telemetry::Telemetry};
use quittance_psp::PROVIDERS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let sdk = clients::sdk_config().await;
    let function = &Function { outbox: Outbox::from_env(&sdk, PROVIDERS)? };
    run(service_fn(async |event: LambdaEvent<StreamEvent>| {
        let response = function.handle(event.payload).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
