//! The Lambda function around [`checkout::Function`].

use checkout::Function;
use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::config::Settings;
use quittance_aws::{ask::Asker, clients, start::Starter, telemetry::Telemetry};
use quittance_psp::PROVIDERS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let asker = Asker::from_env(&clients::sdk_config().await, PROVIDERS).await?;
    let public_url = Settings::from_env()?.public_url;
    let function = &Function { starter: Starter { asker, public_url } };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
