//! The Lambda function around [`worldline_webhook::Function`].

use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{clients, receive::Receiver, telemetry};
use quittance_core::worldline::Keys;
use worldline_webhook::Function;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let receiver = Receiver::from_env(&clients::sdk_config().await)?;
    let keys = telemetry::keys("QUITTANCE_WORLDLINE_KEYS", Keys::from_json);
    let function = &Function { keys, receiver };
    run(service_fn(async |request: Request| Ok::<_, Error>(function.handle(&request).await))).await
}
