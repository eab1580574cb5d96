//! The Lambda function around [`report::Function`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::clients;
use quittance_aws::config::Settings;
use quittance_aws::table::Table;
use quittance_aws::telemetry::Telemetry;
use quittance_psp::PROVIDERS;
use report::Function;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let settings = Settings::from_env()?;
    let client = clients::dynamodb(&clients::sdk_config().await);
    let table = Table::new(client, settings.table, PROVIDERS);
    let function = &Function { table, policy: settings.policy };
    run(service_fn(async |_: LambdaEvent<Value>| {
        let report = function.handle().await;
        telemetry.flush();
        let report = serde_json::to_string(&report?)?;
        tracing::info!(report, outcome = "reported", "report");
        Ok::<_, Error>(())
    }))
    .await
}
