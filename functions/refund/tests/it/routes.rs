//! What is not understood, and what is not there.

use lambda_http::Body;
use lambda_http::http::Request;
use serde_json::{Value, json};

use super::provider::{Paid, Psp};
use super::stack::Stack;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_understood_changes_nothing() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    let good = [
        (
            "/refunds",
            json!({"order": key.to_string(), "request": "R", "amount": 1, "currency": "EUR"}),
        ),
        (
            "/captures",
            json!({"order": key.to_string(), "request": "R", "amount": 1, "currency": "EUR"}),
        ),
        ("/cancellations", json!({"order": key.to_string(), "request": "R"})),
    ];
    for (path, good) in &good {
        let mut bad: Vec<Value> = vec![json!([]), json!("x"), json!([good]), json!(null)];
        let changes = [
            ("order", json!("CMD-1")),
            ("order", json!("paypal/1/test/CMD-1")),
            ("order", json!("systempay/12345678/live/CMD-1")),
            ("order", json!(1)),
            ("request", json!("")),
            ("request", json!("x".repeat(256))),
            ("request", json!("a\nb")),
            ("request", json!(7)),
            ("amount", json!(-1)),
            ("amount", json!(1.5)),
            ("amount", json!("1")),
            ("currency", json!("XXX")),
            ("currency", json!("eur")),
            ("currency", json!(null)),
            ("plan_only", json!("yes")),
            ("more", json!(1)),
        ];
        for (name, value) in changes {
            let mut body = good.clone();
            body[name] = value;
            bad.push(body);
        }
        for name in ["order", "request", "currency"].iter().filter(|name| good.get(name).is_some())
        {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(*name);
            bad.push(body);
        }
        for body in bad {
            stack.post(path, &body).await.fails(400);
        }
        stack.send("POST", path, Body::Text("{".to_owned())).await.fails(400);
        stack.send("PUT", path, Body::Empty).await.fails(405);
        let large = Body::Text(" ".repeat(300_000));
        stack.send("POST", path, large).await.fails(413);
        let request = Request::post(*path).body(Body::Text(good.to_string())).unwrap();
        assert_eq!(stack.function.handle(&request).await.status(), 415);
    }
    stack.send("GET", "/captures", Body::Empty).await.fails(405);
    stack.send("POST", "/refunds/1", Body::Empty).await.fails(404);
    assert_eq!(stack.table().desk_at(&key).await.unwrap().version, None);
    assert_eq!((stack.provider.given_back(), stack.provider.calls("Refund")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_of_one_order() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    assert_eq!(stack.refunds(&key).await, [""; 0]);
    let get = async |query: &str| stack.send("GET", &format!("/refunds{query}"), Body::Empty).await;
    get("?order=systempay/12345678/test/CMD-404").await.fails(404);
    assert_eq!(get("?order=systempay%2F12345678%2Ftest%2FCMD-1").await.status, 200);
    for bad in ["", "?", "?order=", "?order=CMD-1", "?key=x", "?order=a/b/test/c&x=1", "?order=%ff"]
    {
        get(bad).await.fails(400);
    }
    // Captures and cancellations are no refunds.
    stack.cancel(&key, "C-1").await;
    assert_eq!(stack.refunds(&key).await, [""; 0]);
    stack.refund(&key, "C-1", 100).await.is(202, "running");
    assert_eq!(stack.refunds(&key).await.len(), 1);
}
