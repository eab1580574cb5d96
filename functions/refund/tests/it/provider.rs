//! The fakes of both providers behind a socket, and the buyers who pay there.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use quittance_aws::clock::now;
use quittance_core::api::{Call, Method};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, OrderKey};
use quittance_fakes::{Config, Delivery, Fakes, HttpRequest, LyraShop, Reply, WorldlineMerchant};
use quittance_psp::lyra::api::{Credentials, checkout as lyra_checkout};
use quittance_psp::worldline::api::{Merchants, checkout as worldline_checkout};
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE, url_encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::gate::Gate;

const SHOP: &str = "https://shop.example.com/back";

/// Which provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Psp {
    Worldline,
    Lyra,
}

/// Both of them.
pub(crate) const BOTH: [Psp; 2] = [Psp::Worldline, Psp::Lyra];

/// How a buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paid {
    /// So much by voucher, and the rest by card.
    Split(u64),
    Card,
    /// By card, to be captured later.
    Reserved,
    Nothing,
}

#[derive(Clone)]
pub(crate) struct Provider {
    origin: String,
    fakes: Arc<Mutex<Fakes>>,
    /// What was called, in order.
    calls: Arc<Mutex<Vec<String>>>,
    gate: Gate,
}

impl Provider {
    /// Answers on loopback until the test ends.
    pub(crate) async fn start(gate: Gate) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let fakes = Fakes::new(config(&origin));
        let provider =
            Self { origin, fakes: Arc::new(Mutex::new(fakes)), calls: Arc::default(), gate };
        let router = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        provider
    }

    /// The documents with the credentials of both: that of Worldline, and that of Lyra.
    pub(crate) fn documents(&self) -> [String; 2] {
        let keys = json!({"key_id": "api-key", "secret": "api-secret", "url": self.origin});
        let own = json!({"form": FORM_KEY, "rest_password": REST_PASSWORD});
        let brand = json!({"name": "Local", "back_office": self.origin, "rest": self.origin});
        let worldline = json!({MERCHANT: {"test": keys}});
        [worldline.to_string(), json!({SITE: {"brand": brand, "test": own}}).to_string()]
    }

    /// Where they are.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    fn act<T>(&self, act: impl FnOnce(&mut Fakes) -> T) -> T {
        act(&mut self.fakes.lock().unwrap())
    }

    #[track_caller]
    pub(crate) fn control(&self, path: &str, body: &Value) -> Value {
        let reply = self.controlled("POST", path, body);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn controlled(&self, method: &str, path: &str, body: &Value) -> Reply {
        let request = HttpRequest {
            method: method.to_owned(),
            target: format!("/local/psp/{path}"),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        };
        self.act(|fakes| fakes.control(&request, now()))
    }

    /// A fault of the next calls of this name.
    pub(crate) fn fault(&self, psp: Psp, call: &str, fault: &str) {
        let provider = if psp == Psp::Lyra { "systempay" } else { "worldline" };
        self.control("faults", &json!({"provider": provider, "call": call, "fault": fault}));
    }

    /// The faults that wait are forgotten.
    pub(crate) fn forgive(&self) {
        self.controlled("DELETE", "faults", &json!({}));
    }

    /// What is asked for becomes final, and what is due is taken.
    pub(crate) fn batch(&self) {
        self.control("batch", &json!({}));
    }

    /// What was really given back, or is about to.
    pub(crate) fn given_back(&self) -> u64 {
        self.sum_of(|one| one["later"] == 8 || one["type"] == "CREDIT")
    }

    /// What was really taken.
    pub(crate) fn taken(&self) -> u64 {
        self.sum_of(|one| one["code"] == 9 || one["type"] == "DEBIT" && one["status"] == "CAPTURED")
    }

    fn sum_of(&self, is_counted: impl Fn(&Value) -> bool) -> u64 {
        let reply = self.controlled("GET", "state", &json!({}));
        let state: Value = serde_json::from_slice(&reply.body).unwrap();
        let all = |of: &str, list: &str| -> Vec<Value> {
            let purchases = state[of].as_array().unwrap().iter();
            purchases.flat_map(|one| one[list].as_array().unwrap().clone()).collect()
        };
        let made =
            all("worldline", "operations").into_iter().chain(all("systempay", "transactions"));
        made.filter(is_counted).map(|one| one["amount"].as_u64().unwrap()).sum()
    }

    /// How often something was called whose path ends so.
    pub(crate) fn calls(&self, end: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|path| path.ends_with(end)).count()
    }

    /// A buyer pays an order. The ids of its sessions.
    pub(crate) fn pays(&self, key: &OrderKey, psp: Psp, amount: u64, paid: Paid) -> String {
        let checkout = match psp {
            Psp::Worldline => self.open_worldline(key, amount, paid),
            Psp::Lyra => self.open_lyra(key, amount, paid),
        };
        let (voucher, card) = match paid {
            Paid::Split(voucher) => (Some(voucher), "accept"),
            Paid::Card | Paid::Reserved => (None, "accept"),
            Paid::Nothing => (None, "refuse"),
        };
        self.control("pay", &json!({"checkout": checkout, "voucher": voucher, "card": card}));
        checkout
    }

    fn open_worldline(&self, key: &OrderKey, amount: u64, paid: Paid) -> String {
        use worldline_checkout::{Means, Wanted};
        let wanted = Wanted {
            reference: &key.order,
            amount,
            currency: eur(),
            means: if matches!(paid, Paid::Split(_)) { Means::Cvco } else { Means::Card },
            approval: paid == Paid::Reserved,
            adjustable: true,
            beneficiary: None,
            locale: Some("fr_FR"),
            return_url: SHOP,
            webhooks: &[],
            session_minutes: None,
        };
        let request = worldline_checkout::hosted(&wanted).unwrap();
        let [document, _] = self.documents();
        let merchants = Merchants::from_json(&document).unwrap();
        let call = merchants.endpoint(&key.account()).unwrap().call(&request, now());
        let reply = self.act(|fakes| fakes.api(&self.heard(&call), now()));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        worldline_checkout::opened(&reply.body, &key.order).unwrap().checkout
    }

    fn open_lyra(&self, key: &OrderKey, amount: u64, paid: Paid) -> String {
        use lyra_checkout::{Means, Start};
        let start = Start {
            order: &key.order,
            amount,
            currency: eur(),
            means: if matches!(paid, Paid::Split(_)) { Means::Vouchers } else { Means::Cards },
            approval: paid == Paid::Reserved,
            locale: Some("fr_FR"),
            return_url: SHOP,
            notification_url: None,
        };
        let [_, document] = self.documents();
        let credentials = Credentials::from_json(&document).unwrap();
        let form = lyra_checkout::form(&credentials, &key.account(), &start, 1, now()).unwrap();
        let pair = |(name, value): &(&str, String)| format!("{name}={}", url_encode(value));
        let kind = "application/x-www-form-urlencoded".to_owned();
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: form.action.strip_prefix(&self.origin).unwrap().to_owned(),
            headers: vec![("content-type".to_owned(), kind)],
            body: form.fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes(),
        };
        let reply = self.act(|fakes| fakes.api(&request, now()));
        assert_eq!(reply.status, 303, "{}", String::from_utf8_lossy(&reply.body));
        reply.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// A call as the fakes hear it.
    fn heard(&self, call: &Call) -> HttpRequest {
        let headers = call.headers.iter();
        HttpRequest {
            method: if call.method == Method::Get { "GET" } else { "POST" }.to_owned(),
            target: call.url.strip_prefix(&self.origin).unwrap().to_owned(),
            headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body: call.body.clone(),
        }
    }
}

pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

/// An order's key.
pub(crate) fn key(psp: Psp, order: &str) -> OrderKey {
    let provider: &dyn quittance_core::Provider = match psp {
        Psp::Worldline => &quittance_psp::worldline::Worldline,
        Psp::Lyra => &quittance_psp::lyra::Lyra,
    };
    let merchant = if psp == Psp::Lyra { SITE } else { MERCHANT }.to_owned();
    let account = Account { psp: provider.profile().id, merchant, mode: Mode::Test };
    account.order(order).unwrap()
}

fn config(origin: &str) -> Config {
    Config {
        pages_origin: origin.to_owned(),
        api_origin: origin.to_owned(),
        seed: 254_564_310,
        worldline: vec![WorldlineMerchant {
            merchant: MERCHANT.to_owned(),
            key_id: "api-key".to_owned(),
            secret: "api-secret".to_owned(),
            webhook_key_id: KEY_ID.to_owned(),
            webhook_secret: SECRET.to_owned(),
            webhook_url: "http://127.0.0.1:9000/webhooks/worldline".to_owned(),
        }],
        lyra: vec![LyraShop {
            site: SITE.to_owned(),
            mode: Mode::Test,
            form_key: FORM_KEY.to_owned(),
            rest_password: REST_PASSWORD.to_owned(),
            notification_url: "http://127.0.0.1:9000/webhooks/systempay".to_owned(),
        }],
    }
}

async fn answer(State(provider): State<Provider>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return broken(&[]) };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    if !provider.gate.passes() {
        return broken(&[]);
    }
    provider.calls.lock().unwrap().push(parts.uri.path().to_owned());
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("").to_owned();
    let headers = parts.headers.iter();
    let request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        target,
        headers: headers.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.to_bytes().to_vec(),
    };
    let reply = provider.act(|fakes| fakes.api(&request, now()));
    if !provider.gate.passes() {
        return broken(&[]);
    }
    let body = match reply.delivery {
        Delivery::Whole => Body::from(reply.body),
        Delivery::CutOff(bytes) => return broken(&reply.body[..bytes.min(reply.body.len())]),
        Delivery::SlowMillis(_) | Delivery::NoAnswer => return broken(&[]),
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap()
}

/// An answer whose connection ends after these bytes.
fn broken(bytes: &[u8]) -> Response {
    let end = Err(std::io::Error::other("the connection ends"));
    let parts = futures_util::stream::iter([Ok(bytes.to_vec()), end]);
    Response::new(Body::from_stream(parts))
}
