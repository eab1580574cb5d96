//! The Lambda function around [`systempay_ipn::Function`].

use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{clients, config, receive::Receiver, sources::Sources, telemetry};
use quittance_core::lyra::Keys;
use systempay_ipn::Function;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let receiver = Receiver::from_env(&clients::sdk_config().await)?;
    let keys = telemetry::keys("QUITTANCE_SYSTEMPAY_KEYS", Keys::from_json);
    let extra_names = config::list("QUITTANCE_SYSTEMPAY_FIELDS");
    let sources = Sources::from_env("QUITTANCE_SYSTEMPAY_SOURCES");
    let function = &Function { keys, sources, extra_names, receiver };
    run(service_fn(async |request: Request| Ok::<_, Error>(function.handle(&request).await))).await
}
