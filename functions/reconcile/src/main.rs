//! The Lambda function around [`reconcile::Function`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::clients;
use quittance_aws::outbox::Outbox;
use quittance_aws::telemetry::Telemetry;
use quittance_psp::PROVIDERS;
use reconcile::{Function, Report};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let sdk = clients::sdk_config().await;
    let function = &Function { outbox: Outbox::from_env(&sdk, PROVIDERS)? };
    run(service_fn(async |_: LambdaEvent<Value>| {
        let report = function.handle().await;
        telemetry.flush();
        let Report { sent, failed, left, unsent_age, stranded } = report?;
        tracing::info!(sent, failed, left, unsent_age, stranded = stranded.len(), "reconciled");
        Ok::<_, Error>(())
    }))
    .await
}
