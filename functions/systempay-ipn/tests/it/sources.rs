//! The lock on source addresses, at the handler, with events as Lambda gives them.

use std::net::IpAddr;

use lambda_http::{Body, Request, Response, request};
use quittance_aws::config::Settings;
use quittance_aws::keys::KeyRing;
use quittance_aws::receive::Receiver;
use quittance_aws::schema;
use quittance_aws::sources::{Caller, Sources};
use quittance_aws::webhook::Webhook;
use quittance_core::Provider;
use quittance_psp::lyra::Lyra;
use quittance_testing::{FORM_KEY, SITE};
use serde_json::{Value, json};

use quittance_testing::engine::Engine;

/// The range that Lyra names for its notifications (lyra.md 1.2), and an IPv6 one of no one's.
const RANGES: &str = "194.50.38.0/24, 2001:db8::/32";

const SAMPLE: &str = include_str!("../../../../events/systempay/01-single-card-captured.json");

struct Stack {
    engine: Engine,
    webhook: Webhook,
}

impl Stack {
    async fn start(sources: Sources) -> Self {
        let engine = Engine::start().await;
        let mut settings = Settings::read(|_| None).unwrap();
        settings.table = engine.table("orders");
        settings.archive_table = engine.table("archive");
        let client = engine.client();
        schema::create_orders(&client, &settings.table).await.unwrap();
        schema::create_archive(&client, &settings.archive_table).await.unwrap();
        let keys = Lyra.keys(&json!({SITE: {"test": {"form": FORM_KEY}}}).to_string()).unwrap();
        let receiver = Receiver::new(&client, &settings, quittance_psp::PROVIDERS);
        let webhook = Webhook::new(&Lyra, KeyRing::fixed(Some(keys)), receiver);
        let webhook = Webhook { sources, ..webhook };
        Self { engine, webhook }
    }

    async fn locked() -> Self {
        Self::start(Sources::parse(RANGES).unwrap()).await
    }

    async fn status(&self, request: &Request) -> u16 {
        self.webhook.handle(request).await.status().as_u16()
    }

    async fn stored(&self) -> usize {
        let mut items = 0;
        for name in ["orders", "archive"] {
            let scan = self.engine.client().scan().table_name(self.engine.table(name));
            items += scan.send().await.unwrap().items().len();
        }
        items
    }
}

/// The sample as an API hands it over, called from this address.
fn event(from: Option<&str>) -> Value {
    let mut event: Value = serde_json::from_str(SAMPLE).unwrap();
    match from {
        Some(from) => event["requestContext"]["http"]["sourceIp"] = json!(from),
        None => {
            event["requestContext"]["http"].as_object_mut().unwrap().remove("sourceIp").unwrap();
        }
    }
    event
}

fn request(event: &Value) -> Request {
    request::from_str(&event.to_string()).unwrap()
}

fn called_from(from: &str) -> Request {
    request(&event(Some(from)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_within_the_ranges_is_heard() {
    let stack = Stack::locked().await;
    for inside in ["194.50.38.1", "194.50.38.255", "2001:db8:1::7", "::ffff:194.50.38.1"] {
        assert_eq!(stack.status(&called_from(inside)).await, 200, "{inside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_outside_is_refused_although_the_signature_is_right() {
    let stack = Stack::locked().await;
    for outside in ["192.0.2.20", "194.50.39.1", "2001:db9::1", "127.0.0.1", "::1", "", "nonsense"]
    {
        let response = stack.webhook.handle(&called_from(outside)).await;
        assert_eq!((response.status().as_u16(), text(&response)), (401, "refused"), "{outside}");
    }
    assert_eq!(stack.status(&request(&event(None))).await, 401, "no address is no pass");
    assert_eq!(stack.stored().await, 0);
}

/// Both ways round: the header opens nothing, and closes nothing either.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_says_about_itself_does_not_count() {
    let stack = Stack::locked().await;
    for header in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip"] {
        for (from, said, status) in
            [("192.0.2.20", "194.50.38.1", 401), ("194.50.38.1", "192.0.2.20", 200)]
        {
            let mut event = event(Some(from));
            event["headers"][header] = json!(said);
            assert_eq!(stack.status(&request(&event)).await, status, "{header}: {said}");
        }
    }
}

/// The local stack says who called; an API's own word goes before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_an_api_has_the_address_of_its_connection() {
    let stack = Stack::locked().await;
    for (from, status) in [("194.50.38.1", 200), ("192.0.2.20", 401)] {
        let (mut parts, body) = called_from("").into_parts();
        parts.extensions.clear();
        parts.extensions.insert(Caller(from.parse::<IpAddr>().unwrap()));
        assert_eq!(stack.status(&Request::from_parts(parts, body)).await, status, "{from}");
    }
    let mut both = called_from("192.0.2.20");
    both.extensions_mut().insert(Caller("194.50.38.1".parse().unwrap()));
    assert_eq!(stack.status(&both).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_every_address_is_heard() {
    let stack = Stack::start(Sources::parse("").unwrap()).await;
    assert_eq!(stack.status(&called_from("192.0.2.20")).await, 200);
    assert_eq!(stack.status(&request(&event(None))).await, 200);
}

/// The lock that someone asked for is not open because its list is wrong, and the alarm on 5xx rings.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_is_a_misconfiguration() {
    let stack = Stack::start(Sources::Unusable).await;
    for from in ["194.50.38.1", "192.0.2.20"] {
        assert_eq!(stack.status(&called_from(from)).await, 500);
    }
    assert_eq!(stack.stored().await, 0);
}

/// The lock is a second one: being inside makes no signature right.
#[tokio::test(flavor = "multi_thread")]
async fn a_forger_inside_the_ranges_is_refused() {
    let stack = Stack::locked().await;
    let mut event = event(Some("194.50.38.1"));
    let body = event["body"].as_str().unwrap().replace("CMD-2001", "CMD-2002");
    event["body"] = json!(body);
    assert_eq!(stack.status(&request(&event)).await, 401);
}

fn text(response: &Response<Body>) -> &str {
    match response.body() {
        Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}
