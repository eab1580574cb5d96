//! The Lambda function around [`systempay_ipn::Function`].

use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{clients, config, keys::KeyRing, receive::Receiver, telemetry};
use systempay_ipn::{Function, KEYS, parse_keys};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let sdk = clients::sdk_config().await;
    let receiver = Receiver::from_env(&sdk)?;
    let keys = KeyRing::from_env(&sdk, KEYS, parse_keys).await;
    let extra_names = config::list("QUITTANCE_SYSTEMPAY_FIELDS");
    let function = &Function { keys, extra_names, receiver };
    run(service_fn(async |request: Request| Ok::<_, Error>(function.handle(&request).await))).await
}
