//! The DynamoDB that the stack uses: embedded in this process, or any other by its endpoint.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use dynoxide::Database;
use lambda_http::http::Uri;
use quittance_aws::clients;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::keys::configured;
use crate::output::Failure;

/// The database file inside the data directory.
const FILE: &str = "quittance.db";

/// The variable with the address of an engine.
pub(crate) const DYNAMODB_ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// The variable with the address of a queue's engine.
pub(crate) const SQS_ENDPOINT: &str = "AWS_ENDPOINT_URL_SQS";

/// The region of engines that have none. Nothing depends on it.
const REGION: &str = "eu-west-3";

/// A running engine and how to reach it.
pub(crate) struct Engine {
    /// Configuration of DynamoDB and stream clients.
    pub(crate) config: SdkConfig,
    /// Where it is.
    pub(crate) url: String,
    /// For people.
    pub(crate) description: String,
    /// How to begin with tables that no earlier version made.
    pub(crate) begin_anew: &'static str,
    /// Whether a table's stream may be followed. The embedded engine looks through all that a stream ever held for each
    /// write and each read, so that a stack would become slower with its age.
    pub(crate) streams: bool,
    /// Keeps the embedded engine alive; dropping it ends the engine.
    _alive: Option<oneshot::Sender<()>>,
}

impl Engine {
    /// The engine that `AWS_ENDPOINT_URL_DYNAMODB` names, else an embedded one.
    pub(crate) async fn start(data: Option<&Path>, port: u16) -> Result<Self, Failure> {
        match endpoint(DYNAMODB_ENDPOINT)? {
            Some(url) => Ok(Self {
                config: sdk_config(Some(&url)).await,
                description: format!("DynamoDB at {url}"),
                url,
                begin_anew: "name another one in QUITTANCE_TABLE",
                streams: true,
                _alive: None,
            }),
            None => Self::embedded(data, port).await,
        }
    }

    /// An engine in this process.
    pub(crate) async fn embedded(data: Option<&Path>, port: u16) -> Result<Self, Failure> {
        let (database, place) = match data {
            None => {
                let database = Database::memory();
                let database = database.map_err(|error| format!("embedded DynamoDB: {error}"));
                (database, "in memory".to_owned())
            }
            Some(directory) => {
                std::fs::create_dir_all(directory)
                    .map_err(|error| format!("--data {}: {error}", directory.display()))?;
                let file = directory.join(FILE);
                let text = file.to_str().ok_or("the data directory's name is not UTF-8")?;
                let database = Database::new(text).map_err(|error| unreadable(&file, &error));
                (database, format!("in {}", file.display()))
            }
        };
        let database = database?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            format!("cannot listen on {address}: {error} (try --dynamodb-port 0)")
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        let (alive, gone) = oneshot::channel();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
            // An error means that the sender was dropped, which is the signal.
            let _ = gone.await;
        }));
        Ok(Self {
            config: sdk_config(Some(&url)).await,
            description: format!("embedded DynamoDB {place}, at {url}"),
            url,
            begin_anew: "begin another folder with --data",
            streams: false,
            _alive: Some(alive),
        })
    }
}

/// The address that a variable names; an error where it is none. The SDK would take it, and its own error shows the whole
/// request, with what is in it.
pub(crate) fn endpoint(variable: &str) -> Result<Option<String>, Failure> {
    configured(variable).map(|text| address(variable, text)).transpose()
}

fn address(variable: &str, text: String) -> Result<String, Failure> {
    let uri: Option<Uri> = text.trim().parse().ok();
    let scheme = uri.as_ref().filter(|uri| uri.host().is_some()).and_then(Uri::scheme_str);
    if matches!(scheme, Some("http" | "https")) {
        return Ok(text);
    }
    Err(format!("{variable} is {text}: that is no address as in http://127.0.0.1:8000").into())
}

/// What is to be done about a file that is no database any more.
fn unreadable(file: &Path, error: &dyn std::error::Error) -> String {
    format!(
        "{} cannot be opened as a database: {error}. Where it is damaged, move it away to begin with empty tables, or put a \
         copy in its place; or begin another folder with --data",
        file.display()
    )
}

/// Configuration for local engines: where the environment names no credentials or region, any will do.
pub(crate) async fn sdk_config(endpoint: Option<&str>) -> SdkConfig {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(clients::timeouts());
    if !set("AWS_REGION") && !set("AWS_DEFAULT_REGION") {
        loader = loader.region(Region::new(REGION));
    }
    if !set("AWS_ACCESS_KEY_ID") && !set("AWS_PROFILE") {
        loader =
            loader.credentials_provider(Credentials::new("local", "local", None, None, "local"));
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        let address = |text: &str| address(DYNAMODB_ENDPOINT, text.to_owned());
        for good in
            ["http://127.0.0.1:8000", "https://dynamodb.eu-west-3.amazonaws.com/", "http://[::1]:1"]
        {
            assert_eq!(address(good).unwrap(), good);
        }
        for bad in ["foo", "127.0.0.1:8000", "localhost:8000", "http://", "ftp://127.0.0.1", "a b"]
        {
            let why = address(bad).unwrap_err().to_string();
            assert!(why.starts_with(&format!("AWS_ENDPOINT_URL_DYNAMODB is {bad}: ")), "{why}");
        }
    }
}
