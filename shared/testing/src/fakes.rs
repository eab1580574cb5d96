//! The fakes of both providers' APIs, behind a socket on the loopback.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::stream;
use quittance_core::{Mode, Timestamp};
use quittance_fakes::{
    Config, Delivery, Fakes, HttpRequest, LyraShop, Notification, Reply, WorldlineMerchant,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::worldline::MERCHANT;
use crate::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE};

/// Where the stack is said to be.
pub const STACK: &str = "http://127.0.0.1:9000";

/// Largest body that is sent to a fake.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Both providers, as far as they can be reached.
#[derive(Clone)]
pub struct Providers {
    fakes: Arc<Mutex<Fakes>>,
    calls: Arc<Mutex<Vec<String>>>,
    /// Whether the caller is still there: asked before a call arrives and before its answer goes back.
    is_there: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Where they are: `http://127.0.0.1:<port>`.
    pub origin: String,
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

/// Answers as the fakes do.
async fn answer(State(providers): State<Providers>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else { return broken(&[]) };
    if !(providers.is_there)() {
        return broken(&[]);
    }
    let body = body.to_vec();
    let request = HttpRequest { method: parts.method.to_string(), target, headers, body };
    let reply = providers.call(&request);
    if !(providers.is_there)() {
        return broken(&[]);
    }
    let body = match reply.delivery {
        Delivery::Whole => Body::from(reply.body),
        Delivery::CutOff(bytes) => return broken(&reply.body[..bytes.min(reply.body.len())]),
        // Whoever waits hears nothing; how long that takes is for the clients' tests.
        Delivery::SlowMillis(_) | Delivery::NoAnswer => return broken(&[]),
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap()
}

/// An answer whose connection ends after these bytes.
fn broken(bytes: &[u8]) -> Response {
    let bytes = bytes.to_vec();
    let end = Err(std::io::Error::other("the connection ends"));
    Response::new(Body::from_stream(stream::iter([Ok(bytes), end])))
}

impl Providers {
    /// Answers until the test ends.
    pub async fn start() -> Self {
        Self::start_for(|| true).await
    }

    /// The same for a caller that may be gone at any moment.
    pub async fn start_for(is_there: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shop = LyraShop {
            site: SITE.to_owned(),
            mode: Mode::Test,
            form_key: FORM_KEY.to_owned(),
            rest_password: REST_PASSWORD.to_owned(),
            notification_url: format!("{STACK}/webhooks/systempay"),
        };
        let merchant = WorldlineMerchant {
            merchant: Some(MERCHANT.to_owned()),
            key_id: "api-key".to_owned(),
            secret: "api-secret".to_owned(),
            webhook_key_id: KEY_ID.to_owned(),
            webhook_secret: SECRET.to_owned(),
            webhook_url: format!("{STACK}/webhooks/worldline"),
        };
        let fakes = Fakes::new(Config {
            pages_origin: STACK.to_owned(),
            api_origin: origin.clone(),
            seed: 254_564_310,
            worldline: vec![merchant],
            lyra: vec![shop],
        });
        let (fakes, calls) = (Arc::new(Mutex::new(fakes)), Arc::default());
        let providers = Self { fakes, calls, is_there: Arc::new(is_there), origin };
        let router = Router::new().fallback(answer).with_state(providers.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        providers
    }

    /// The document with the credentials of Worldline's API.
    pub fn worldline_document(&self) -> String {
        let keys = json!({"key_id": "api-key", "secret": "api-secret", "url": self.origin});
        json!({MERCHANT: {"test": keys}}).to_string()
    }

    /// The document with those of Lyra's.
    pub fn lyra_document(&self) -> String {
        let keys = json!({"form": FORM_KEY, "rest_password": REST_PASSWORD, "hmac": "browser-key"});
        let brand = json!({"name": "Local", "back_office": self.origin, "rest": self.origin});
        json!({SITE: {"brand": brand, "test": keys}}).to_string()
    }

    /// Sends a request to an API or a payment page.
    pub fn call(&self, request: &HttpRequest) -> Reply {
        self.calls.lock().unwrap().push(request.path().to_owned());
        self.fakes.lock().unwrap().api(request, now())
    }

    /// How often something was called whose path ends so.
    pub fn calls(&self, end: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|path| path.ends_with(end)).count()
    }

    /// What a control or the buyer's page answers.
    pub fn controlled(&self, method: &str, path: &str, body: &Value) -> Reply {
        let request = HttpRequest {
            method: method.to_owned(),
            target: format!("/local/psp/{path}"),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        self.fakes.lock().unwrap().control(&request, now())
    }

    /// The same, where it is taken.
    #[track_caller]
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.controlled(method, path, body);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A fault of the next calls of this name.
    pub fn fault(&self, psp: &str, call: &str, fault: &str, times: u32) {
        let fault = json!({"provider": psp, "call": call, "fault": fault, "times": times});
        self.control("POST", "faults", &fault);
    }

    /// A buyer's move on the payment page. The page's answer: where the browser goes, among others.
    #[track_caller]
    pub fn pay(&self, checkout: &str, voucher: Option<u64>, card: Option<&str>) -> Value {
        self.control(
            "POST",
            "pay",
            &json!({"checkout": checkout, "voucher": voucher, "card": card}),
        )
    }

    /// What was sent by itself since the last look.
    pub fn outbox(&self) -> Vec<Notification> {
        self.fakes.lock().unwrap().outbox()
    }
}
