//! The Lambda function around [`systempay_ipn::Function`].

use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{
    clients, config, keys::KeyRing, receive::Receiver, sources::Sources, telemetry::Telemetry,
};
use systempay_ipn::{Function, KEYS, parse_keys};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let sdk = clients::sdk_config().await;
    let receiver = Receiver::from_env(&sdk)?;
    let keys = KeyRing::from_env(&sdk, KEYS, parse_keys).await;
    let extra_names = config::list("QUITTANCE_SYSTEMPAY_FIELDS");
    let sources = Sources::from_env("QUITTANCE_SYSTEMPAY_SOURCES");
    let function = &Function { keys, sources, extra_names, receiver };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
