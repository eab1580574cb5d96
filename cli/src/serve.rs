//! HTTP on loopback: the routes of the deployed stack, answered by the same handlers, and `/local/*`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, get, post};
use http_body_util::BodyExt;
use lambda_http::Body;
use orders::wants_page;
use quittance_aws::ask::Wanted;
use quittance_aws::http::Answer;
use quittance_aws::sources::Caller;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_pages::Fields;
use quittance_psp::PROVIDERS;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::console::Console;
use crate::feed::FEED;
use crate::operate::context::LOCAL_SETTINGS;
use crate::operate::listen::EVENTS;
use crate::stack::Stack;
use crate::stream::ANSWERED;

/// How much of an oversized body is read and dropped, so that its sender gets the answer instead of a
/// broken connection.
const MAX_DRAINED_BYTES: usize = 16 * 1024 * 1024;

/// How many notifications are worked on at the same time. They share one engine in one process: more of them would wait
/// for each other until their calls' time is over, and of one order each would find that another was quicker.
const AT_ONCE: usize = 4;

/// How long a notification waits for its turn. The PSP gives up after ten seconds, and taking it may last five.
const TURN: Duration = Duration::from_secs(4);

/// The turns of notifications. On AWS each is taken by an instance of its own.
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// How long a look by hand may ask. Who looks waits until it is done.
const LOOK: Duration = Duration::from_secs(120);

/// Answers until the listener fails, and lets the PSPs' pages and controls answer.
pub(crate) async fn run(listener: TcpListener, stack: Arc<Stack>, psps: Router) {
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/webhooks/{provider}", any(webhook))
        .route("/", any(console))
        .route("/console/{action}", any(console))
        .route("/orders", any(orders))
        .route("/orders/", any(orders))
        .route("/orders/{*key}", any(orders))
        .route("/expected", any(expected))
        .route("/asks", any(asks))
        .route("/checkouts", any(checkouts))
        .route("/returns/{provider}", any(returns))
        .route("/local/reconcile", post(reconcile))
        .route("/refunds", any(refund))
        .route("/captures", any(refund))
        .route("/cancellations", any(refund))
        .route("/local/queue", get(queue))
        .route("/local/quarantine", get(quarantine))
        .route(EVENTS, get(events))
        .route(LOCAL_SETTINGS, get(settings))
        .fallback(async || respond(Answer::NotFound.into_response()))
        .with_state(stack)
        .layer(middleware::from_fn(tell))
        .merge(psps);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).await {
        tracing::error!(%error, "server ended");
    }
}

/// Answers with the console alone, until it is interrupted.
pub(crate) async fn console_alone(listener: TcpListener, console: Console) {
    let pages =
        async |State(console): State<Arc<Console>>, request: Request| match lambda_request(request)
            .await
        {
            Ok(request) => respond(console.handle(&request).await),
            Err(answer) => respond(answer.into_response()),
        };
    let router = Router::new()
        .route("/", any(pages))
        .route("/console/{action}", any(pages))
        .route("/orders", any(pages))
        .route("/orders/{*key}", any(pages))
        .fallback(async || respond(Answer::NotFound.into_response()))
        .with_state(Arc::new(console));
    if let Err(error) = axum::serve(listener, router.into_make_service()).await {
        tracing::error!(%error, "server ended");
    }
}

type Request = axum::extract::Request;

/// Whatever was answered may have left something unsent.
async fn tell(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    ANSWERED.notify_one();
    response
}

async fn webhook(
    State(stack): State<Arc<Stack>>,
    Path(provider): Path<String>,
    request: Request,
) -> Response {
    let Some(webhook) = stack.webhooks.iter().find(|webhook| webhook.id().as_str() == provider)
    else {
        return respond(Answer::NotFound.into_response());
    };
    match lambda_request(request).await {
        Ok(request) => {
            let Ok(Ok(_turn)) = timeout(TURN, TURNS.acquire()).await else {
                return respond(Answer::TryAgain.into_response());
            };
            let response = webhook.handle(&request).await;
            let (status, answer) =
                (response.status().as_u16(), String::from_utf8_lossy(response.body()));
            // The answer names brands, which the log does not.
            FEED.tell(
                "answered",
                &[("psp", json!(provider)), ("status", json!(status)), ("answer", json!(answer))],
            );
            respond(response)
        }
        Err(answer) => respond(answer.into_response()),
    }
}

async fn orders(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    match lambda_request(request).await {
        Ok(request) if wants_page(&request) => respond(stack.console.handle(&request).await),
        Ok(request) => respond(stack.orders.handle(&request).await),
        Err(answer) => respond(answer.into_response()),
    }
}

async fn console(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    match lambda_request(request).await {
        Ok(request) => respond(stack.console.handle(&request).await),
        Err(answer) => respond(answer.into_response()),
    }
}

async fn returns(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    match lambda_request(request).await {
        Ok(request) => respond(stack.returns.handle(&request).await),
        Err(answer) => respond(answer.into_response()),
    }
}

async fn expected(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    json_route(request, async |request| stack.expected.handle(request).await).await
}

async fn asks(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    json_route(request, async |request| stack.ask.handle(request).await).await
}

async fn checkouts(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    json_route(request, async |request| stack.checkout.handle(request).await).await
}

async fn refund(State(stack): State<Arc<Stack>>, request: Request) -> Response {
    json_route(request, async |request| stack.refund.handle(request).await).await
}

/// Answers a program of the merchant's.
async fn json_route(
    request: Request,
    handle: impl AsyncFnOnce(&lambda_http::Request) -> lambda_http::Response<Body>,
) -> Response {
    match lambda_request(request).await {
        Ok(request) => respond(handle(&request).await),
        Err(answer) => respond(answer.into_json_response()),
    }
}

/// One look at every open order, due or not.
async fn reconcile(State(stack): State<Arc<Stack>>) -> Response {
    respond(match stack.reconcile.handle(Wanted::Open, LOOK).await {
        Ok(report) => {
            let stranded: Vec<String> = report.stranded.iter().map(ToString::to_string).collect();
            let looked = report.asked.and(report.paid);
            let report = json!({
                "asked": looked.looked,
                "changed": looked.changed,
                "failed": looked.failed + report.failed,
                "sent": report.sent,
                "stranded": stranded,
            });
            Answer::Json(report.to_string()).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not reconciled");
            Answer::TryAgain.into_json_response()
        }
    })
}

/// Every message released so far, oldest first.
async fn queue(State(stack): State<Arc<Stack>>) -> Response {
    let answer = match stack.log.messages().await {
        Ok(messages) => Answer::Json(format!("[{}]", messages.join(","))),
        Err(error) => {
            tracing::error!(%error, "queue not read");
            Answer::TryAgain
        }
    };
    respond(answer.into_response())
}

/// What nobody could read, without its contents.
async fn quarantine(State(stack): State<Arc<Stack>>) -> Response {
    let mut found = Vec::new();
    for provider in PROVIDERS {
        match stack.archive.quarantined(provider.profile().id).await {
            Ok(quarantined) => found.extend(quarantined),
            Err(error) => {
                tracing::error!(%error, "quarantine not read");
                return respond(Answer::TryAgain.into_response());
            }
        }
    }
    respond(Answer::Json(serde_json::json!(found).to_string()).into_response())
}

/// What happened after the event of this number, or the number of the last one.
async fn events(request: Request) -> Response {
    let fields = Fields::of(request.uri().query().unwrap_or(""));
    let answer = match fields.get("after").map(str::parse) {
        Some(Ok(number)) => Value::Array(FEED.after(number).await),
        Some(Err(_)) => return respond(Answer::Bad("after is a number").into_response()),
        None => json!({"last": FEED.last()}),
    };
    respond(Answer::Json(answer.to_string()).into_response())
}

/// Where the tables and the queue are, for the operator's commands.
async fn settings(State(stack): State<Arc<Stack>>) -> Response {
    respond(Answer::Json(serde_json::json!(stack.variables).to_string()).into_response())
}

/// The request as a handler gets it under Lambda. A body that is too large is read to its end, but
/// not kept.
async fn lambda_request(request: Request) -> Result<lambda_http::Request, Answer> {
    let (mut parts, mut body) = request.into_parts();
    let peer = parts.extensions.remove::<ConnectInfo<SocketAddr>>();
    parts.extensions.clear();
    if let Some(ConnectInfo(peer)) = peer {
        parts.extensions.insert(Caller(peer.ip()));
    }
    let mut bytes = Vec::new();
    let mut drained = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Answer::Bad("body ended too early"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&data);
        } else {
            drained += data.len();
            if drained > MAX_DRAINED_BYTES {
                break;
            }
        }
    }
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Answer::TooLarge);
    }
    Ok(lambda_http::Request::from_parts(parts, Body::Binary(bytes)))
}

fn respond(response: lambda_http::Response<Body>) -> Response {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, axum::body::Body::from(body.to_vec()))
}
