//! The Lambda function around [`reconcile::Function`].

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::ask::{Asker, Wanted};
use quittance_aws::clients;
use quittance_aws::config::Settings;
use quittance_aws::notices::Notifier;
use quittance_aws::pay::Payer;
use quittance_aws::telemetry::Telemetry;
use quittance_psp::PROVIDERS;
use reconcile::{ASKING, Function, Report};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let sdk = clients::sdk_config().await;
    let function = &Function {
        payer: Payer { asker: Asker::from_env(&sdk, PROVIDERS).await? },
        stranded_refund_minutes: Settings::from_env()?.stranded_refund_minutes,
        notifier: Notifier::from_env(&sdk, PROVIDERS)?,
    };
    run(service_fn(async |_: LambdaEvent<Value>| {
        let report = function.handle(Wanted::Due, ASKING).await;
        telemetry.flush();
        let Report { asked, paid, sent, failed, left, unsent_age, stranded } = report?;
        let stranded = stranded.len();
        tracing::info!(?asked, ?paid, sent, failed, left, unsent_age, stranded, "reconciled");
        Ok::<_, Error>(())
    }))
    .await
}
