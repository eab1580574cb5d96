//! The providers' APIs, payment pages and notifications in this process, with state, for merchants without API
//! credentials. The APIs have a port of their own; pages and controls are below `/local/psp` of the stack.

mod everybody;
mod merchants;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::{StreamExt, stream};
use quittance_aws::apis::Apis;
use quittance_aws::clock::now;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_fakes::{CONTROLS, Config, Delivery, Fakes, HttpRequest, Notification, Reply};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::merchants::{Merchants, Origins};
use crate::event::Sender;
use crate::output::Failure;

/// How often it is looked for sessions that have ended by themselves.
const TICK: Duration = Duration::from_secs(1);

/// How long half an answer may take to reach its caller before the connection closes.
const CUT_AFTER: Duration = Duration::from_millis(50);

/// By how much ids move on with each second between two starts: more than are given out in one.
const IDS_PER_SECOND: u64 = 1_000;

/// Where the stack's routes for notifications begin.
const WEBHOOKS: &str = "/webhooks/";

/// The fakes, and their way to the stack.
pub(crate) struct Psps {
    fakes: Mutex<Fakes>,
    /// Held while notifications are on their way, so that they arrive in their order.
    sender: tokio::sync::Mutex<Sender>,
    /// With what the providers are asked: credentials that are configured, and those of the fakes.
    pub(crate) apis: Apis,
    /// For people.
    pub(crate) description: String,
}

/// Stands for the fakes' address where nothing is sent to them.
pub(crate) const NO_FAKES: &str = "http://127.0.0.1:0";

/// With what a local stack of this environment asks the providers: what the fakes would answer has [`NO_FAKES`] as its origin.
pub(crate) async fn apis() -> Apis {
    Merchants::from_env(Origins { stack: NO_FAKES, api: NO_FAKES }).await.apis
}

impl Psps {
    /// The fakes of a stack at this origin, and the listener of their APIs.
    pub(crate) async fn open(stack: &str, port: u16) -> Result<(Arc<Self>, TcpListener), Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen on {address}: {error} (try --psp-port 0)"))?;
        let api = format!("http://{}", listener.local_addr()?);
        let Merchants { worldline, lyra, names, apis } =
            Merchants::from_env(Origins { stack, api: &api }).await;
        let mut description = match names.as_slice() {
            [] => "no PSP is faked".to_owned(),
            names => format!(
                "fakes of the PSPs' APIs at {api}, pages and controls at {stack}{CONTROLS}, for {}",
                names.join(", ")
            ),
        };
        let real = merchants::called_for_real(&apis, &api).await;
        if !real.is_empty() {
            description.push_str(&format!("; called for real: {}", real.join(", ")));
        }
        let config = Config {
            pages_origin: stack.to_owned(),
            api_origin: api,
            seed: now().unix().unsigned_abs().wrapping_mul(IDS_PER_SECOND),
            worldline,
            lyra,
        };
        let fakes = Mutex::new(Fakes::new(config));
        let sender = tokio::sync::Mutex::new(Sender::new(stack)?);
        Ok((Arc::new(Self { fakes, sender, apis, description }), listener))
    }

    /// The routes of pages and controls.
    pub(crate) fn controls(self: &Arc<Self>) -> Router {
        let path = format!("{CONTROLS}/{{*rest}}");
        Router::new().route(&path, any(control)).with_state(Arc::clone(self))
    }

    /// Answers for the providers until the listener fails.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener) {
        let router = Router::new().fallback(api).with_state(self);
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the PSPs' server ended");
        }
    }

    /// Lets the providers' time pass, for ever.
    pub(crate) async fn tick(self: Arc<Self>) {
        loop {
            tokio::time::sleep(TICK).await;
            self.fakes().tick(now());
            self.deliver().await;
        }
    }

    fn fakes(&self) -> MutexGuard<'_, Fakes> {
        self.fakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what the providers have to say.
    async fn deliver(&self) {
        let sender = self.sender.lock().await;
        let sent = self.fakes().outbox();
        for notification in sent {
            send(&sender, notification).await;
        }
    }

    /// The same, even where whoever caused it has gone away.
    fn delivering(self: Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(async move { self.deliver().await })
    }
}

/// Sends one notification, once, to the stack and to nobody else: of its address only the route counts.
async fn send(sender: &Sender, notification: Notification) {
    let Notification { url, headers, body } = notification;
    let Some(at) = url.find(WEBHOOKS) else {
        tracing::warn!(url, "not notified: the address has no route of a webhook");
        return;
    };
    match sender.deliver(url.get(at..).unwrap_or_default(), &headers, body).await {
        Ok(reply) if reply.status == 200 => {}
        Ok(reply) => tracing::warn!(url, reply.status, reply.body, "notification not taken"),
        Err(error) => tracing::warn!(url, %error, "notification not delivered"),
    }
}

/// An API's answer. What it causes to be sent is sent while the answer is on its way.
async fn api(State(psps): State<Arc<Psps>>, request: Request) -> Response {
    let reply = match as_value(request).await {
        Ok(request) => psps.fakes().api(&request, now()),
        Err(reply) => reply,
    };
    psps.delivering();
    respond(reply).await
}

/// A page's or control's answer. What it causes to be sent has arrived by then.
async fn control(State(psps): State<Arc<Psps>>, request: Request) -> Response {
    let reply = match as_value(request).await {
        Ok(request) => psps.fakes().control(&request, now()),
        Err(reply) => reply,
    };
    if let Err(error) = psps.delivering().await {
        tracing::error!(%error, "notifications not delivered");
    }
    respond(reply).await
}

async fn as_value(request: Request) -> Result<HttpRequest, Reply> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await;
    let body = body.map_err(|_| Reply::wrong(413, "the body is too large or not whole"))?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let (method, headers) = (parts.method.to_string(), headers.collect());
    Ok(HttpRequest { method, target, headers, body: body.to_vec() })
}

/// Delivers an answer as its fault says. A body that fails closes the connection: at once before anything is written,
/// later in the middle.
async fn respond(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    let body = match reply.delivery {
        Delivery::Whole => Body::from(reply.body),
        Delivery::SlowMillis(millis) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Body::from(reply.body)
        }
        Delivery::CutOff(bytes) => {
            response = response.header("content-length", reply.body.len());
            let mut half = reply.body;
            half.truncate(bytes);
            let end = async {
                tokio::time::sleep(CUT_AFTER).await;
                Err(closed())
            };
            Body::from_stream(stream::iter([Ok(half)]).chain(stream::once(end)))
        }
        Delivery::NoAnswer => {
            Body::from_stream(stream::once(async { Err::<Vec<u8>, _>(closed()) }))
        }
    };
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap_or_else(|error| {
        tracing::error!(%error, "not an answer");
        Response::new(Body::empty())
    })
}

fn closed() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}
