//! The Lambda function around [`orders::Function`].

use lambda_http::{Error, Request, run, service_fn};
use orders::Function;
use quittance_aws::config::Settings;
use quittance_aws::{clients, table::Table, telemetry::Telemetry};
use quittance_psp::PROVIDERS;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let settings = Settings::from_env()?;
    let client = clients::dynamodb(&clients::sdk_config().await);
    let function =
        &Function { table: Table::new(client, settings.table, PROVIDERS), policy: settings.policy };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
