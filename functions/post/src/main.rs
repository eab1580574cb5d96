//! The Lambda function around [`quittance_aws::postbox::Postbox`]: posts messages to the merchant's shop.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::batch::Batch;
use quittance_aws::postbox::Postbox;
use quittance_aws::{clients, telemetry::Telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let postbox = &Postbox::from_env(&clients::sdk_config().await).await?;
    run(service_fn(async |event: LambdaEvent<Batch>| {
        let response = postbox.post(&event.payload).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
