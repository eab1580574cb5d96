//! The Lambda function around [`example_fulfilment::Function`].

use example_fulfilment::memory::Memory;
use example_fulfilment::{Function, Invocation, Refused, Warehouse};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use quittance_aws::batch::Batch;
use quittance_aws::config::BadSetting;
use quittance_aws::{clients, clock, telemetry::Telemetry};
use quittance_core::OrderView;
use quittance_core::release::Reversal;

/// Stands where your warehouse belongs: it refuses, so that no order is remembered as shipped which nobody
/// has shipped. Its messages wait in the queue, then in the dead-letter queue, from which they can be
/// brought back.
struct Nowhere;

impl Warehouse for Nowhere {
    async fn ship(&self, _: &str, _: &OrderView) -> Result<(), Refused> {
        Err(Refused("no warehouse is connected".to_owned()))
    }

    async fn take_back(&self, _: &str, _: &Reversal, _: &OrderView) -> Result<(), Refused> {
        Err(Refused("no warehouse is connected".to_owned()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let table = table()?;
    let client = clients::dynamodb(&clients::sdk_config().await);
    let function = &Function { memory: Memory::new(client, table), warehouse: Nowhere };
    run(service_fn(async |event: LambdaEvent<Batch>| {
        let invocation = Invocation { id: event.context.request_id, began: clock::now() };
        let response = function.handle(&event.payload, &invocation).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}

/// The table must be named: the default of the other functions is the order table, which is none of ours.
fn table() -> Result<String, BadSetting> {
    std::env::var("QUITTANCE_TABLE").ok().filter(|name| !name.trim().is_empty()).ok_or(BadSetting {
        variable: "QUITTANCE_TABLE",
        expected: "the name of this consumer's own table",
    })
}
