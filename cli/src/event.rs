//! Sample events and plain HTTP to a stack.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::Request;
use lambda_http::http::header::DATE;
use quittance_aws::http::JSON;
use quittance_core::OrderKey;
use quittance_core::text::is_loopback;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::output::Failure;

/// A Lambda Function URL event, as far as it is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Context {
    http: Http,
}

#[derive(Clone, Debug, Deserialize)]
struct Http {
    method: String,
}

impl Event {
    /// Reads an event file.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        serde_json::from_slice(&text).map_err(|error| {
            format!("{}: not a Function URL event: {error}", file.display()).into()
        })
    }

    /// Its body, decoded.
    pub(crate) fn body(&self) -> Result<Vec<u8>, Failure> {
        let text = self.body.as_deref().unwrap_or("");
        if self.is_base64_encoded {
            Ok(STANDARD.decode(text)?)
        } else {
            Ok(text.as_bytes().to_vec())
        }
    }

    /// With another body.
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        self.body = Some(STANDARD.encode(body));
        self.is_base64_encoded = true;
        self
    }

    /// Whether it goes to this route.
    pub(crate) fn goes_to(&self, path: &str) -> bool {
        self.raw_path == path
    }
}

impl Reply {
    /// Whether it is an order that has taken over the one of this path.
    pub(crate) fn is_of_another(&self, path: &str) -> bool {
        let order = serde_json::from_str::<quittance_core::OrderView>(&self.body).ok();
        let key = path.strip_prefix("/orders/").and_then(|key| key.parse::<OrderKey>().ok());
        order.zip(key).is_some_and(|(order, key)| order.order != key.order)
    }
}

/// The event files of a directory, in the order of their names.
pub(crate) fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if name.ends_with(".json") && !name.ends_with(".expected.json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// How long an answer is waited for. A stack answers within ten seconds, or its provider has given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to a stack.
pub(crate) struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
}

/// Status and body of an answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// When it was answered by the answerer's clock, in seconds since 1970, where it says so.
    pub(crate) at: Option<i64>,
}

impl Sender {
    /// To the stack at this URL, over TLS where it says https. The system's authorities are trusted.
    ///
    /// A host and a port alone are those of a stack without TLS.
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        let url = &if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let provider = default_provider();
        let builder = HttpsConnectorBuilder::new();
        let builder = if url.starts_with("https:") {
            let builder = builder.with_provider_and_native_roots(provider);
            builder.map_err(|error| format!("no certificate authorities: {error}"))?
        } else {
            // Reading the system's takes longer than a request to the local stack.
            let trusting_nobody = ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            builder.with_tls_config(trusting_nobody)
        };
        let connector = builder.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, url: url.trim_end_matches('/').to_owned() })
    }

    /// The address of the stack, with its scheme.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends an event as the HTTP request it stands for.
    pub(crate) async fn send(&self, event: &Event) -> Result<Reply, Failure> {
        let query = match event.raw_query_string.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        let mut request = Request::builder()
            .method(event.request_context.http.method.as_str())
            .uri(format!("{}{}{query}", self.url, event.raw_path));
        for (name, value) in &event.headers {
            // These belong to the connection, not to the event.
            if !matches!(name.as_str(), "host" | "content-length" | "connection") {
                request = request.header(name, value);
            }
        }
        self.exchange(request.body(Full::from(event.body()?))?).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        let request = Request::post(format!("{}{path}", self.url));
        let request = request.header("content-type", JSON);
        self.exchange(request.body(Full::from(body.to_string()))?).await
    }

    /// Reads a resource as JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.exchange(Request::get(format!("{}{path}", self.url)).body(Full::default())?).await
    }

    /// Posts a body with these headers.
    pub(crate) async fn deliver(
        &self,
        path: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Reply, Failure> {
        let mut request = Request::post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.exchange(request.body(Full::from(body))?).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let answer = async {
            let reply = self.client.request(request).await;
            let reply = reply
                .map_err(|error| format!("{} does not answer: {}", self.url, causes(&error)))?;
            let status = reply.status().as_u16();
            let date = reply.headers().get(DATE).and_then(|date| date.to_str().ok());
            let at = date.and_then(|date| httpdate::parse_http_date(date).ok());
            let at = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let at = at.and_then(|at| i64::try_from(at.as_secs()).ok());
            let body = reply.into_body().collect().await?.to_bytes();
            Ok(Reply { status, body: String::from_utf8_lossy(&body).into_owned(), at })
        };
        let late = |_| {
            let seconds = ANSWER_TIMEOUT.as_secs();
            format!("{} does not answer within {seconds} seconds", self.url)
        };
        tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(late)?
    }
}

/// An error with what caused it: what the client says by itself is only that it could not connect.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Whether an address is of this machine.
pub(crate) fn is_here(url: &str) -> bool {
    let uri: Option<lambda_http::http::Uri> = url.parse().ok();
    uri.is_some_and(|uri| is_loopback(uri.host().unwrap_or_default().trim_matches(['[', ']'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_told_from_this_one() {
        for (url, here) in [
            ("http://localhost:3000/x", true),
            ("http://127.0.0.1/x", true),
            ("http://[::1]:3000/", true),
            ("https://shop.example/x", false),
            ("http://localhost.shop.example/", false),
            ("http://user@10.0.0.1:3000/", false),
            ("nonsense nonsense", false),
        ] {
            assert_eq!(is_here(url), here, "{url}");
        }
    }
}
