//! The Lambda function around [`ask::Function`].

use ask::Function;
use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{ask::Asker, clients, telemetry::Telemetry};
use quittance_psp::PROVIDERS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let asker = Asker::from_env(&clients::sdk_config().await, PROVIDERS).await?;
    let function = &Function { asker };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
