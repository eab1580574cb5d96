//! The Lambda function around [`worldline_webhook::Function`].

use lambda_http::{Error, Request, run, service_fn};
use quittance_aws::{clients, keys::KeyRing, receive::Receiver, telemetry::Telemetry};
use worldline_webhook::{Function, KEYS, parse_keys};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let telemetry = &Telemetry::start();
    let sdk = clients::sdk_config().await;
    let receiver = Receiver::from_env(&sdk)?;
    let keys = KeyRing::from_env(&sdk, KEYS, parse_keys).await;
    let function = &Function { keys, receiver };
    run(service_fn(async |request: Request| {
        let response = function.handle(&request).await;
        telemetry.flush();
        Ok::<_, Error>(response)
    }))
    .await
}
