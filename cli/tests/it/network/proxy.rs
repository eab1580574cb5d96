//! Stands between the stack and a service, and does to each request what the [`Weather`] says.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::weather::{Fate, Weather};

/// Largest body that passes.
const MAX_BODY_BYTES: usize = 4 << 20;

/// What concerns one connection alone.
const OF_THE_CONNECTION: [HeaderName; 4] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// A service behind a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    /// How long its callers wait for one attempt.
    pub(super) patience: Duration,
    /// Status and body of its "too many requests".
    pub(super) throttled: (u16, fn() -> Value),
}

const AWS_PATIENCE: Duration = Duration::from_secs(2);

pub(super) const DYNAMODB: Service = Service {
    name: "DynamoDB",
    patience: AWS_PATIENCE,
    throttled: (400, || {
        let name = "ProvisionedThroughputExceededException";
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "slow down"})
    }),
};

pub(super) const SQS: Service = Service {
    name: "SQS",
    patience: AWS_PATIENCE,
    throttled: (
        400,
        || json!({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"}),
    ),
};

pub(super) const SECRETS: Service = Service {
    name: "Secrets Manager",
    patience: AWS_PATIENCE,
    throttled: (400, || json!({"__type": "ThrottlingException", "message": "Rate exceeded"})),
};

pub(super) const WORLDLINE: Service =
    Service { name: "Worldline", patience: PSP_PATIENCE, throttled: (429, || json!("")) };

/// Lyra answers with 200 whatever became of a call.
pub(super) const LYRA: Service = Service {
    name: "Lyra",
    patience: PSP_PATIENCE,
    throttled: (200, || {
        let answer = json!({"errorCode": "PSP_099", "errorMessage": "too many", "_type": "V4/WebService/WebServiceError"});
        json!({"status": "ERROR", "version": "V4", "answer": answer, "mode": "TEST", "_type": "V4/WebService/Response"})
    }),
};

/// Calls of PSPs are waited for longer: half a minute, which a test has not. What is later than that is in the tests
/// of the adapters.
const PSP_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Proxy {
    service: Service,
    /// `http://127.0.0.1:<port>`.
    upstream: String,
    weather: Weather,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Starts a proxy in front of a service at this origin. Where it is.
pub(super) async fn start(service: Service, upstream: &str, weather: &Weather) -> String {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let upstream = upstream.trim_end_matches('/').to_owned();
    let proxy = Proxy { service, upstream, weather: weather.clone(), client };
    serve(Router::new().fallback(answer).with_state(proxy)).await
}

/// Answers on a port of its own until the test ends. Where.
pub(super) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

async fn answer(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else { return cut() };
    let fate = proxy.weather.next(proxy.service.name, proxy.service.patience);
    match fate {
        Fate::Throttled => {
            let (status, body) = proxy.service.throttled;
            json_reply(status, &body())
        }
        Fate::CutBefore => cut(),
        Fate::Fails => trouble(),
        Fate::Passes | Fate::Late(_) | Fate::CutAfter | Fate::FailsAfter => {
            // What is on its way arrives, also where its sender has gone.
            let forwarded = tokio::spawn(async move {
                if let Fate::Late(delay) = fate {
                    tokio::time::sleep(delay).await;
                }
                proxy.forward(parts, body).await
            });
            match (fate, forwarded.await) {
                (Fate::CutAfter, _) | (_, Err(_) | Ok(None)) => cut(),
                (Fate::FailsAfter, _) => trouble(),
                (_, Ok(Some(response))) => response,
            }
        }
    }
}

impl Proxy {
    async fn forward(&self, parts: Parts, body: Bytes) -> Option<Response> {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = axum::http::Request::builder()
            .method(parts.method)
            .uri(format!("{}{target}", self.upstream));
        for (name, value) in &parts.headers {
            if !OF_THE_CONNECTION.contains(name) {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(body)).ok()?;
        let (parts, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let mut response = Response::builder().status(parts.status);
        for (name, value) in &parts.headers {
            if !OF_THE_CONNECTION.contains(name) {
                response = response.header(name, value);
            }
        }
        response.body(Body::from(body)).ok()
    }
}

/// The connection ends without an answer.
fn cut() -> Response {
    let end = Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::ConnectionAborted));
    Response::new(Body::from_stream(stream::iter([end])))
}

fn trouble() -> Response {
    json_reply(500, &json!({"__type": "InternalServerError", "message": "trouble"}))
}

pub(super) fn json_reply(status: u16, body: &Value) -> Response {
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/x-amz-json-1.0");
    response.body(Body::from(body.to_string())).expect("an answer")
}
