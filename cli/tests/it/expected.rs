//! `POST /expected`: what an order costs, as the merchant says (docs/interface.md, "POST /expected").

use crate::support::{FORM, Reply, Request, Stack, free_port, systempay_path, worldline_path};
use quittance_core::limits::{MAX_AMOUNT, MAX_BODY_BYTES};
use quittance_testing::SITE;
use quittance_testing::lyra::{Form, uuid};
use quittance_testing::worldline::{MERCHANT, Payment};
use serde_json::{Value, json};

/// The route.
const EXPECTED: &str = "/expected";

fn post(body: impl AsRef<[u8]>) -> Request {
    Request::new("POST", EXPECTED).header("Content-Type", "application/json").body(body.as_ref())
}

/// The key of an order of the demo site, as text.
fn key(reference: &str) -> String {
    format!("systempay/{SITE}/test/{reference}")
}

fn wish(order: &str, amount: u64) -> Request {
    post(json!({"order": order, "amount": amount, "currency": "EUR"}).to_string())
}

/// Registers what must be taken; the order as answered.
fn registered(stack: &Stack, order: &str, amount: u64) -> Value {
    let reply = stack.send(&wish(order, amount));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json");
    reply.json()
}

/// The sentence of an error.
fn sentence(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "application/json");
    let error = reply.json();
    assert_eq!(error.as_object().map(serde_json::Map::len), Some(1), "{error}");
    let sentence = error["error"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
    assert!(sentence.len() > 5, "{sentence}");
    sentence
}

#[test]
fn what_is_not_understood_is_refused_with_a_sentence_and_changes_nothing() {
    let stack = Stack::start();
    let order = key("BAD");
    let fine = json!({"order": order, "amount": 12_000, "currency": "EUR"});
    let with = |name: &str, value: Value| {
        let mut body = fine.clone();
        body[name] = value;
        post(body.to_string())
    };
    let without = |name: &str| {
        let mut body = fine.clone();
        body.as_object_mut().map(|members| members.remove(name));
        post(body.to_string())
    };
    let other_method = |method: &str| Request { method: method.to_owned(), ..wish(&order, 1) };
    let cases = [
        (400, "", post("")),
        (400, "JSON", post("not JSON")),
        (400, "JSON", post("[]")),
        (400, "JSON", post(format!("{fine}{fine}"))),
        (400, "JSON", post(r#"{"order": "a", "amount": 1, "amount": 2, "currency": "EUR"}"#)),
        (400, "JSON", post([0xff, 0xfe])),
        (400, "nothing else", with("more", json!(1))),
        (400, "order", without("order")),
        (400, "amount", without("amount")),
        (400, "currency", without("currency")),
        (400, "amount", with("amount", json!(0))),
        (400, "amount", with("amount", json!(MAX_AMOUNT + 1))),
        (400, "amount", with("amount", json!(-1))),
        (400, "amount", with("amount", json!(120.5))),
        (400, "amount", with("amount", json!("12000"))),
        (400, "amount", with("amount", json!(null))),
        (400, "currency", with("currency", json!("eur"))),
        (400, "currency", with("currency", json!("XXX"))),
        (400, "currency", with("currency", json!("978"))),
        (400, "order", with("order", json!("CMD-1"))),
        (400, "order", with("order", json!(format!("systempay/{SITE}/test/")))),
        (400, "order", with("order", json!(format!("paypal/{SITE}/test/A")))),
        (400, "order", with("order", json!(format!("systempay/{SITE}/TEST/A")))),
        (400, "order", with("order", json!(key(&"x".repeat(256))))),
        (405, "POST", Request::get(EXPECTED)),
        (405, "POST", other_method("PUT")),
        (405, "POST", other_method("DELETE")),
        (413, "larger", post("x".repeat(MAX_BODY_BYTES + 1))),
        (413, "larger", post("x".repeat(4 * 1024 * 1024))),
        (415, "media type", wish(&order, 1).without("Content-Type")),
        (415, "media type", wish(&order, 1).with("Content-Type", FORM)),
    ];
    for (status, part, request) in cases {
        let reply = stack.send(&request);
        let shown = String::from_utf8_lossy(&request.body).chars().take(80).collect::<String>();
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
        assert!(sentence(&reply).contains(part), "{shown}: {}", reply.text());
        if status == 405 {
            assert_eq!(reply.header("allow"), "POST");
        }
    }
    assert_eq!(["quittance-orders", "quittance-archive"].map(|table| stack.rows(table)), [0, 0]);
    let media = wish(&order, MAX_AMOUNT).with("Content-Type", "Application/JSON; charset=utf-8");
    assert_eq!(stack.send(&media).status, 200);
    assert_eq!(["quittance-orders", "quittance-archive"].map(|table| stack.rows(table)), [1, 1]);
}

#[test]
fn an_order_is_shown_from_its_registration_on() {
    let stack = Stack::start();
    let order = registered(&stack, &key("EARLY"), 8_000);
    let path = systempay_path("EARLY");
    assert_eq!(stack.order(&path), order);
    let shown = |order: &Value| {
        let of = |name: &str| order[name].clone();
        [of("state"), of("expected"), of("currency"), of("captured"), of("fulfilment")]
    };
    let pending = [json!("pending"), json!(8_000), json!("EUR"), json!(0), Value::Null];
    assert_eq!(shown(&order), pending);
    assert_eq!(
        (&order["notifications"], &order["shares"], &order["flags"]),
        (&json!([]), &json!([]), &json!([]))
    );
    for list in ["/orders", "/orders?state=pending"] {
        let page = stack.get(list).json();
        assert_eq!(shown(&page["orders"][0]), pending, "{page}");
    }
    // Another amount while nothing is paid.
    assert_eq!(registered(&stack, &key("EARLY"), 9_000)["expected"], 9_000);
    stack.systempay(&Form::single("EARLY", "early1", "CB", 8_000, "CAPTURED").body());
    let order = stack.order(&path);
    assert_eq!(
        (&order["state"], &order["fulfilment"]),
        (&json!("partially_captured"), &Value::Null)
    );
    stack.systempay(&Form::single("EARLY", "early2", "CB", 1_000, "CAPTURED").body());
    assert_eq!(stack.sent_order(&path)["state"], "captured");
    assert_eq!(stack.queue_of(&["EARLY"]).len(), 1);
}

#[test]
fn the_same_again_is_200_and_another_amount_409_once_something_is_paid() {
    let stack = Stack::shared();
    for (status, reference, trans) in
        [("CAPTURED", "AGAIN-1", "again1"), ("AUTHORISED", "AGAIN-2", "again2")]
    {
        let key = key(reference);
        registered(&stack, &key, 10_000);
        stack.systempay(&Form::single(reference, trans, "CB", 4_000, status).body());
        let before = stack.order(&systempay_path(reference));
        assert_eq!(registered(&stack, &key, 10_000), before, "nothing is written");
        let dollars = json!({"order": key, "amount": 10_000, "currency": "USD"}).to_string();
        for other in [wish(&key, 4_000), post(dollars)] {
            let reply = stack.send(&other);
            assert_eq!(reply.status, 409, "{}", reply.text());
            assert!(sentence(&reply).contains("another amount is registered"));
        }
        assert_eq!(stack.order(&systempay_path(reference)), before);
    }
    // What a refused attempt was about is not paid.
    registered(&stack, &key("AGAIN-3"), 10_000);
    stack.systempay(&Form::single("AGAIN-3", "again3", "CB", 10_000, "REFUSED").body());
    assert_eq!(registered(&stack, &key("AGAIN-3"), 7_000)["expected"], 7_000);
}

/// A buyer gave up a cart of 120.00, and paid one of 80.00: only the merchant knows which of them he owes.
#[test]
fn a_dead_attempt_at_another_amount_holds_until_the_amount_is_registered() {
    let stack = Stack::shared();
    for (n, status) in ["REFUSED", "ABANDONED", "CANCELLED", "EXPIRED"].into_iter().enumerate() {
        let (reference, trans) = (format!("DEAD-{n}"), format!("dead{n}"));
        let dead = Form::single(&reference, &format!("{trans}a"), "CB", 12_000, status);
        let paid = Form::single(&reference, &format!("{trans}b"), "CB", 8_000, "CAPTURED");
        stack.systempay(&dead.body());
        stack.systempay(&paid.body());
        let path = systempay_path(&reference);
        let held = stack.order(&path);
        assert_eq!(
            (&held["fulfilment"], &held["flags"]),
            (&Value::Null, &json!(["amount_mismatch"])),
            "{held}"
        );
        let order = registered(&stack, &key(&reference), 8_000);
        assert_eq!(
            (&order["state"], &order["expected"], &order["flags"]),
            (&json!("captured"), &json!(8_000), &json!([]))
        );
        let id = &order["fulfilment"]["id"];
        assert!(id.is_string(), "released in the same write");
        assert_eq!(registered(&stack, &key(&reference), 8_000)["fulfilment"]["id"], *id);
        assert_eq!(stack.sent_order(&path)["fulfilment"]["id"], *id);
        let messages = stack.queue_of(&[&reference]);
        assert_eq!((messages.len(), &messages[0]["id"]), (1, id), "released once");
        assert_eq!(messages[0]["data"]["expected"], 8_000);
        // Whatever is sent again changes nothing.
        stack.systempay(&dead.sent_again("RETRY").body());
        assert_eq!(stack.queue_of(&[&reference]).len(), 1);
    }
}

/// What was given back of an earlier attempt bars nothing once the amount is registered.
#[test]
fn an_earlier_attempt_that_was_refunded_holds_until_the_amount_is_registered() {
    let stack = Stack::shared();
    registered(&stack, &key("BACK"), 8_000);
    // Known too late to be released: it was given back before it was known to be captured.
    let credit = Form::refund("BACK", "back01", &uuid(&["BACK", "r"]), "CB", 12_000, "CAPTURED");
    stack.systempay(&credit.body());
    stack.systempay(&Form::single("BACK", "back01", "CB", 12_000, "CAPTURED").body());
    let order = stack.order(&systempay_path("BACK"));
    assert_eq!((&order["state"], &order["fulfilment"]), (&json!("refunded"), &Value::Null));
    stack.systempay(&Form::single("BACK", "back02", "CB", 8_000, "CAPTURED").body());
    let order = stack.sent_order(&systempay_path("BACK"));
    assert_eq!((&order["expected"], &order["reversals"]), (&json!(8_000), &json!([])), "{order}");
    assert_eq!(stack.queue_of(&["BACK"]).len(), 1);
}

/// The trace of the registration goes with the release that it brings.
#[test]
fn a_release_goes_out_under_the_trace_of_the_registration() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("TRACE", "trace1", "CB", 12_000, "REFUSED").body());
    stack.systempay(&Form::single("TRACE", "trace2", "CB", 8_000, "CAPTURED").body());
    let trace = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    stack.send(&wish(&key("TRACE"), 8_000).header("traceparent", trace));
    stack.sent_order(&systempay_path("TRACE"));
    assert_eq!(stack.queue_of(&["TRACE"])[0]["traceparent"], trace);
}

/// Nothing is decoded in a key as text: the reference is what stands behind the third slash.
#[test]
fn the_order_is_named_by_its_key_as_text() {
    let stack = Stack::shared();
    for (n, reference) in ["A/B%2F", "A B", "é/?#", "100%", "//", "A+B"].into_iter().enumerate() {
        let text = format!("worldline/{MERCHANT}/test/{reference}");
        assert_eq!(registered(&stack, &text, 500)["order"], reference);
        let event = Payment::new(reference, &format!("325475000{n}_0"), 130, 9, 500);
        assert_eq!(stack.worldline(&event.body()).status, 200);
        assert_eq!(stack.sent_order(&worldline_path(reference))["expected"], 500);
    }
}

#[test]
fn any_name_of_the_payment_leads_to_the_order() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("NAMED", "named1", "CB", 500, "REFUSED").body());
    let order = registered(&stack, &key("tx:20261122-named1"), 700);
    assert_eq!((&order["order"], &order["expected"]), (&json!("NAMED"), &json!(700)));
    assert_eq!(stack.order(&systempay_path("NAMED"))["expected"], 700);
    // Registered under the payment's name before the payment is known to be an order's.
    registered(&stack, &key("tx:20261122-named2"), 900);
    stack.systempay(&Form::single("NAMED-2", "named2", "CB", 500, "CAPTURED").body());
    let order = stack.order(&systempay_path("NAMED-2"));
    assert_eq!((&order["expected"], &order["fulfilment"]), (&json!(900), &Value::Null));
}

#[test]
fn a_browser_sees_that_the_amount_is_registered() {
    let stack = Stack::shared();
    let page = || {
        let request = Request::get(&systempay_path("PAGE")).header("Accept", "text/html");
        stack.send(&request).text()
    };
    stack.systempay(&Form::single("PAGE", "page01", "CB", 500, "REFUSED").body());
    assert!(!page().contains("the order costs"), "{}", page());
    registered(&stack, &key("PAGE"), 700);
    for part in ["0.00 EUR of 7.00 EUR received", "registered: the order costs 7.00 EUR"] {
        assert!(page().contains(part), "{part} in {}", page());
    }
}

#[test]
fn a_store_that_is_away_is_503_with_a_sentence() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("UTF-8");
    let port = free_port().to_string();
    let engine_args = ["--data", data, "--dynamodb-port", &port];
    let engine = Stack::start_with(&engine_args, &[]);
    let url = format!("http://127.0.0.1:{port}");
    let stack = Stack::start_with(&[], &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]);
    engine.kill();
    let reply = stack.send(&wish(&key("AWAY"), 500));
    assert_eq!((reply.status, sentence(&reply).as_str()), (503, "not stored, try again"));
    assert_eq!(stack.send(&wish(&key("AWAY"), 0)).status, 400, "judged without asking the store");
    let _engine = Stack::start_with(&engine_args, &[]);
    assert_eq!(registered(&stack, &key("AWAY"), 500)["expected"], 500);
}
