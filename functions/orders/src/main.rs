//! The Lambda function around [`orders::Function`].

use lambda_http::{Error, Request, run, service_fn};
use orders::Function;
use quittance_aws::config::Settings;
use quittance_aws::{clients, table::Table, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let settings = Settings::from_env()?;
    let client = clients::dynamodb(&clients::sdk_config().await);
    let function = &Function { table: Table::new(client, settings.table), policy: settings.policy };
    run(service_fn(async |request: Request| Ok::<_, Error>(function.handle(&request).await))).await
}
