//! What starts payments, on an engine of its own.

use lambda_http::http::Request;
use lambda_http::{Body, Response};
use quittance_aws::amend::Amender;
use quittance_aws::apis::Apis;
use quittance_aws::archive::Archive;
use quittance_aws::ask::Asker;
use quittance_aws::caller::Caller;
use quittance_aws::clock::now;
use quittance_aws::receive::Receiver;
use quittance_aws::schema;
use quittance_aws::start::Starter;
use quittance_aws::table::Table;
use quittance_core::told::Told;
use quittance_core::{
    Currency, Fact, Kind, Order, OrderKey, Policy, Provider as _, Said, ShareFact,
};
use quittance_fakes::HttpRequest;
use quittance_psp::PROVIDERS;
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::engine::Engine;
use quittance_testing::fakes::Providers;
use quittance_testing::gate::Gate;
use quittance_testing::read::stated;
use quittance_testing::url_encode;
use serde_json::{Value, json};

/// What an order costs, in cents.
pub(crate) const PRICE: u64 = 14_000;

/// Where the shop wants its buyers.
pub(crate) const SHOP: &str = "https://shop.example.com/back?basket=1#top";

/// Where the stack is said to be.
pub(crate) const PUBLIC: &str = "https://pay.example.com";

pub(crate) struct Stack {
    pub(crate) psps: Providers,
    pub(crate) gate: Gate,
    pub(crate) starter: Starter,
    _engine: Engine,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let (engine, gate) = (Engine::start().await, Gate::open());
        let client = engine.client();
        let [orders, archive] = ["orders", "archive"].map(|name| engine.table(name));
        schema::create_orders(&client, &orders).await.unwrap();
        schema::create_archive(&client, &archive).await.unwrap();
        let psps = Providers::start_for({
            let gate = gate.clone();
            move || gate.passes()
        })
        .await;
        let config = engine.config().interceptor(gate.clone());
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let table = Table::new(client.clone(), orders, PROVIDERS);
        let archive = Archive::new(client, archive, None);
        let receiver = Receiver { table, archive, policy: Policy::default(), arrived: None };
        let mut apis = Apis::default();
        apis.add(&Worldline, &psps.worldline_document());
        apis.add(&Lyra, &psps.lyra_document());
        let asker = Asker { receiver, apis, caller: Caller::new() };
        let public_url = Some(PUBLIC.to_owned());
        Self { psps, gate, starter: Starter { asker, public_url }, _engine: engine }
    }

    /// `POST /checkouts`.
    pub(crate) async fn checkout(&self, body: &Value) -> (u16, Value) {
        let function = checkout::Function { starter: self.starter.clone() };
        answered(&function.handle(&posted("/checkouts", body)).await)
    }

    /// The same, where it is taken. The checkout.
    pub(crate) async fn starts(&self, body: &Value) -> Value {
        let (status, started) = self.checkout(body).await;
        assert_eq!(status, 201, "{started}");
        started["checkout"].clone()
    }

    /// `POST /expected`.
    pub(crate) async fn expect(&self, key: &str, amount: u64) -> u16 {
        let receiver = &self.starter.asker.receiver;
        let amender = Amender::of(receiver);
        let body = json!({"order": key, "amount": amount, "currency": "EUR"});
        let function = expected::Function { amender };
        answered(&function.handle(&posted("/expected", &body)).await).0
    }

    /// A browser comes back. The status, and where it is sent.
    pub(crate) async fn returns(&self, request: &Request<Body>) -> (u16, Option<String>) {
        let function = returns::Function { asker: self.starter.asker.clone() };
        let response = function.handle(request).await;
        let to = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), to)
    }

    /// Posts a form as the buyer's browser does. What the payment page calls the payment.
    pub(crate) fn opens(&self, form: &Value) -> String {
        let kind = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        let page = self.psps.call(&HttpRequest {
            method: "POST".to_owned(),
            target: "/vads-payment/".to_owned(),
            headers: vec![kind],
            body: encoded(&form["fields"]).into_bytes(),
        });
        page.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    pub(crate) async fn order(&self, key: &str) -> Order {
        let key = OrderKey::from_text(key).unwrap();
        self.starter.asker.receiver.table.load_order(&key).await.unwrap().order
    }

    /// A notification says this word of a share of so much.
    pub(crate) async fn is_told(&self, key: &str, amount: u64, currency: &str, word: &str) {
        let currency = Currency::from_alpha(currency).unwrap();
        let name = format!("{amount:032x}");
        let share = ShareFact::new(name, Kind::Debit, amount, currency, Said::word(word));
        let fact = Fact::share(share.meaning(|told| Lyra.meaning(told)));
        let statement = stated(key.parse().unwrap(), vec![fact]);
        let told = Told { statement, at: now(), sha256: "f".repeat(64) };
        assert!(self.starter.asker.receiver.learn(&told).await.unwrap());
    }

    pub(crate) async fn registered(&self, key: &str) -> Option<u64> {
        self.order(key).await.registered().map(|registered| registered.amount)
    }
}

fn posted(path: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(Body::Text(body.to_string())).unwrap()
}

fn answered(response: &Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(status < 400, body["error"].is_null(), "{status} {body}");
    (status, body)
}

/// Fields as a form's body.
pub(crate) fn encoded(fields: &Value) -> String {
    let pair = |(name, value): (&String, &Value)| {
        format!("{name}={}", url_encode(value.as_str().unwrap()))
    };
    fields.as_object().into_iter().flatten().map(pair).collect::<Vec<_>>().join("&")
}

/// What is posted for a payment by voucher and card.
pub(crate) fn wish(key: &str) -> Value {
    json!({
        "order": key, "amount": PRICE, "currency": "EUR", "method": "CVCO", "return_url": SHOP,
    })
}

/// The same with other members.
pub(crate) fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
