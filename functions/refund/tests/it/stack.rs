//! The function on an engine of its own.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::http::Request;
use lambda_http::{Body, Response};
use quittance_aws::apis::Apis;
use quittance_aws::archive::Archive;
use quittance_aws::ask::{Asker, Wanted};
use quittance_aws::caller::Caller;
use quittance_aws::clock::{Instant, now};
use quittance_aws::pay::Payer;
use quittance_aws::receive::Receiver;
use quittance_aws::schema;
use quittance_aws::table::Table;
use quittance_aws::turns::LookReport;
use quittance_core::checkout::{Decision, Flow, Method, Offer, Opened, Paid as PaidOf, Wish};
use quittance_core::desk::Desk;
use quittance_core::told::Told;
use quittance_core::{Currency, OrderKey, Policy};
use quittance_psp::PROVIDERS;
use quittance_testing::engine::Engine;
use quittance_testing::gate::Gate;
use quittance_testing::read::stated;
use refund::Function;
use serde_json::{Value, json};

use super::provider::{Paid, Provider, Psp, key};

/// What the order of most tests costs.
pub(crate) const TOTAL: u64 = 14_000;

pub(crate) struct Stack {
    pub(crate) function: Function,
    pub(crate) provider: Provider,
    pub(crate) gate: Gate,
    engine: Engine,
}

/// Status and body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let (engine, gate) = (Engine::start().await, Gate::open());
        let client = engine.client();
        let [orders, archive] = ["orders", "archive"].map(|name| engine.table(name));
        schema::create_orders(&client, &orders).await.unwrap();
        schema::create_archive(&client, &archive).await.unwrap();
        let config = engine.config().interceptor(gate.clone());
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let table = Table::new(client.clone(), orders, PROVIDERS);
        let archive = Archive::new(client, archive, None);
        let policy = Policy::default();
        let receiver = Receiver { table, archive, policy, arrived: None };
        let provider = Provider::start(gate.clone()).await;
        let mut apis = Apis::default();
        for (known, document) in PROVIDERS.iter().zip(provider.documents()) {
            apis.add(*known, &document);
        }
        let asker = Asker { receiver, apis, caller: Caller::new() };
        let function = Function { payer: Payer { asker } };
        Self { function, provider, gate, engine }
    }

    /// A stack with an order that is paid and known.
    pub(crate) async fn with(psp: Psp, paid: Paid) -> (Self, OrderKey) {
        let stack = Self::start().await;
        let key = stack.paid(psp, "CMD-1", paid).await;
        (stack, key)
    }

    /// An order that a buyer paid, and of which the provider was asked.
    pub(crate) async fn paid(&self, psp: Psp, order: &str, paid: Paid) -> OrderKey {
        let key = key(psp, order);
        let checkout = self.provider.pays(&key, psp, TOTAL, paid);
        if paid != Paid::Reserved {
            self.provider.batch();
        }
        self.note(&key, checkout).await;
        self.function.payer.asker.ask(&key).await.unwrap();
        key
    }

    /// Notes the session in which an order was paid.
    async fn note(&self, key: &OrderKey, checkout: String) {
        let wish = Wish {
            reference: key.order.clone(),
            amount: TOTAL,
            currency: Currency::from_alpha("EUR").unwrap(),
            method: Method::Any,
            flow: Flow::Hosted,
            approval: false,
            adjustable: true,
            beneficiary: None,
            locale: None,
            return_url: "https://shop.example.com/back".to_owned(),
            notification_url: None,
        };
        let opened =
            Opened { id: checkout, offer: Offer::default(), proof: None, seconds: 1, unique: None };
        let mut held = self.table().sessions_of(key).await.unwrap();
        let Decision::Start(attempt) = held.sessions.decide(&wish, PaidOf::Nothing, now()) else {
            panic!()
        };
        held.sessions.settle(attempt, &wish, &opened, now()).unwrap();
        self.table().save_sessions(key, &mut held).await.unwrap();
    }

    pub(crate) fn table(&self) -> &Table {
        &self.function.payer.asker.receiver.table
    }

    /// Stores a notification that names in an order what `other` was paid with.
    pub(crate) async fn forge(&self, key: &OrderKey, other: &OrderKey) {
        let paid = self.table().load_order(other).await.unwrap().order;
        let shares = paid.facts().iter().filter(|(fact, _)| fact.as_share().is_some());
        let forged = stated(key.clone(), shares.map(|(fact, _)| fact.clone()).collect());
        let receiver = &self.function.payer.asker.receiver;
        assert!(
            receiver
                .learn(&Told { statement: forged, at: now(), sha256: "f".repeat(64) })
                .await
                .unwrap()
        );
    }

    /// Sets an attribute of an item to something else.
    pub(crate) async fn spoil(&self, pk: &str, name: &str, value: AttributeValue) {
        let update = self.engine.client().update_item().table_name(self.engine.table("orders"));
        let update = update
            .key("pk", AttributeValue::S(pk.to_owned()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value);
        update.send().await.unwrap();
    }

    pub(crate) async fn desk(&self, key: &OrderKey) -> Desk {
        self.table().desk_at(key).await.unwrap().desk
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Body) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response: Response<Body> = self.function.handle(&request).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let status = response.status().as_u16();
        assert_eq!(status < 400, body["error"].is_null(), "{status} {body}");
        Answer { status, body }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Body::Text(body.to_string())).await
    }

    pub(crate) async fn refund(&self, key: &OrderKey, request: &str, amount: u64) -> Answer {
        let body = json!({
            "order": key.to_string(), "request": request, "amount": amount, "currency": "EUR",
        });
        self.post("/refunds", &body).await
    }

    pub(crate) async fn capture(
        &self,
        key: &OrderKey,
        request: &str,
        amount: Option<u64>,
    ) -> Answer {
        let mut body = json!({"order": key.to_string(), "request": request, "currency": "EUR"});
        if let Some(amount) = amount {
            body["amount"] = amount.into();
        }
        self.post("/captures", &body).await
    }

    pub(crate) async fn cancel(&self, key: &OrderKey, request: &str) -> Answer {
        let body = json!({"order": key.to_string(), "request": request});
        self.post("/cancellations", &body).await
    }

    pub(crate) async fn refunds(&self, key: &OrderKey) -> Vec<Value> {
        let answer = self.send("GET", &format!("/refunds?order={key}"), Body::Empty).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["refunds"].as_array().unwrap().clone()
    }

    /// A look at all that is not final.
    pub(crate) async fn sweep(&self) -> LookReport {
        // As long as `reconcile` may begin with another order: less than a call is given.
        let until = Instant::now() + Duration::from_secs(5);
        self.function.payer.sweep(Wanted::Open, until).await.unwrap()
    }

    /// Lets what was asked for become final, and looks until nothing is left to do.
    pub(crate) async fn settle(&self) {
        for _ in 0..4 {
            self.provider.batch();
            if self.sweep().await.looked == 0 {
                return;
            }
        }
    }
}

/// Runs tests that wait most of the time at once.
pub(crate) async fn at_once(tests: impl IntoIterator<Item: Future<Output = ()> + Send + 'static>) {
    let tests: Vec<_> = tests.into_iter().map(tokio::spawn).collect();
    for test in tests {
        test.await.unwrap();
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16, state: &str) -> Value {
        assert_eq!((self.status, self.body["state"].as_str()), (status, Some(state)), "{self:?}");
        self.body
    }

    #[track_caller]
    pub(crate) fn fails(self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.body["error"].as_str().unwrap().to_owned()
    }
}

/// The lines of a request: action, amount and state.
pub(crate) fn lines(body: &Value) -> Vec<(String, u64, String)> {
    let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let lines = body["lines"].as_array().unwrap().iter();
    lines
        .map(|line| (word(line, "action"), line["amount"].as_u64().unwrap(), word(line, "state")))
        .collect()
}
