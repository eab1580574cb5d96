//! The Lambda function around [`dispatch::Function`].

use dispatch::{Function, StreamEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::outbox::Outbox;
use quittance_aws::{clients, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let function = &Function { outbox: Outbox::from_env(&clients::sdk_config().await)? };
    run(service_fn(async |event: LambdaEvent<StreamEvent>| {
        Ok::<_, Error>(function.handle(event.payload).await)
    }))
    .await
}
