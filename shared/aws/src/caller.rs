//! Sends what a talk with a provider's API says, and tells the talk how that ended. See [`quittance_core::api`].
//! What goes to the shop is sent here too: see [`crate::shop`].
//!
//! One pool of connections for all providers, on the TLS that the SDK brings. Nothing is repeated, redirected or
//! decided here, and nothing of a header or body is logged.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_http::http::Request;
use quittance_core::api::{
    Call, Dialogue, Exchange, MAX_ANSWER_BYTES, Method, Trouble, TroubleKind, Turn,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{sleep, timeout};

use crate::clock::{Instant, now};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one call may take, with its answer. What is not known by then is asked about later.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Most turns of one talk. A provider's part ends each talk; this ends one that does not.
const MAX_TURNS: usize = 128;

/// How long a connection is kept for the next call.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends calls to the APIs of providers.
#[derive(Clone)]
pub struct Caller(Line);

/// Where calls go.
#[derive(Clone)]
enum Line {
    Network(Box<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>),
    #[cfg(feature = "simulated")]
    Simulated(crate::simulated::Line),
}

impl Caller {
    /// A caller that trusts the system's authorities. Where the system has none, which the log says, nothing but
    /// loopback is reached.
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let native =
            HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider());
        let tls = native.unwrap_or_else(|error| {
            tracing::error!(%error, "no certificate authorities");
            let none = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
            HttpsConnectorBuilder::new().with_tls_config(none.with_no_client_auth())
        });
        // Credentials name `http` addresses on loopback alone.
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            // A call is sent again by the talk or not at all.
            .retry_canceled_requests(false)
            .build(connector);
        Self(Line::Network(Box::new(client)))
    }

    /// A caller whose calls are answered in this process.
    #[cfg(feature = "simulated")]
    pub fn simulated(line: crate::simulated::Line) -> Self {
        Self(Line::Simulated(line))
    }

    /// Leads a talk to its end, by `until` at the latest: from then on nothing is sent, which the talk is told. What
    /// comes of a talk that has no end even so is returned by `late`.
    pub async fn lead<T>(
        &self,
        mut talk: Box<dyn Dialogue<T>>,
        until: Instant,
        late: impl FnOnce(Trouble) -> T,
    ) -> T {
        let mut is_late = false;
        for _ in 0..MAX_TURNS {
            match talk.next(now()) {
                Turn::End(end) => return end,
                Turn::Pause(millis) => {
                    let pause = Duration::from_millis(millis + fastrand::u64(..=millis / 2));
                    is_late |= Instant::now() + pause >= until;
                    if !is_late {
                        sleep(pause).await;
                    }
                }
                Turn::Send(call) => {
                    let left = until.saturating_duration_since(Instant::now());
                    // The talk knows what it means that nothing more is sent: money may have moved before.
                    if is_late || left.is_zero() {
                        talk.heard(Exchange::Unsent);
                        continue;
                    }
                    let (name, began) = (call.name, Instant::now());
                    let exchange = self.exchange(call, left.min(CALL_TIMEOUT), true).await;
                    let took_ms = began.elapsed().as_millis();
                    match &exchange {
                        Exchange::Answered { status, .. } => {
                            tracing::info!(call = name, status, took_ms, "provider answered");
                        }
                        Exchange::Unsent => {
                            tracing::warn!(call = name, took_ms, "provider not reached");
                        }
                        Exchange::Lost => {
                            tracing::warn!(call = name, took_ms, "provider's answer lost");
                        }
                    }
                    talk.heard(exchange);
                }
            }
        }
        let why = "the provider takes too long".to_owned();
        late(Trouble { kind: TroubleKind::Unreachable, why })
    }

    /// Sends one call whose answer is its status: what follows may be long, and come slowly. No redirection is followed.
    pub(crate) async fn post(&self, call: Call, limit: Duration) -> Exchange {
        self.exchange(call, limit, false).await
    }

    // Without a simulator there is one line.
    #[cfg_attr(not(feature = "simulated"), expect(clippy::infallible_destructuring_match))]
    async fn exchange(&self, call: Call, limit: Duration, reads_body: bool) -> Exchange {
        let client = match &self.0 {
            Line::Network(client) => client,
            #[cfg(feature = "simulated")]
            Line::Simulated(line) => {
                return timeout(limit, line(call)).await.unwrap_or(Exchange::Lost);
            }
        };
        let method = match call.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let mut request = Request::builder().method(method).uri(call.url);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Full::new(Bytes::from(call.body))) else {
            return Exchange::Unsent;
        };
        let exchange = async {
            let reply = match client.request(request).await {
                Ok(reply) => reply,
                Err(error) if error.is_connect() => return Exchange::Unsent,
                Err(_) => return Exchange::Lost,
            };
            let status = reply.status().as_u16();
            if !reads_body {
                return Exchange::Answered { status, body: Vec::new() };
            }
            match Limited::new(reply.into_body(), MAX_ANSWER_BYTES).collect().await {
                Ok(body) => Exchange::Answered { status, body: body.to_bytes().to_vec() },
                Err(_) => Exchange::Lost,
            }
        };
        timeout(limit, exchange).await.unwrap_or(Exchange::Lost)
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}
