//! The buyer comes back.

use lambda_http::Body;
use lambda_http::http::Request;
use quittance_testing::SITE;
use quittance_testing::worldline::MERCHANT;
use serde_json::json;

use crate::stack::{Stack, encoded, wish, with};

fn key() -> String {
    format!("worldline/{MERCHANT}/test/CMD-1")
}

fn get(address: &str) -> Request<Body> {
    Request::get(address).body(Body::Empty).unwrap()
}

/// A paid order, and the address to which the payment page sends the browser, without our own host.
async fn paid(stack: &Stack) -> String {
    let id = stack.starts(&wish(&key())).await["id"].as_str().unwrap().to_owned();
    let moved = stack.psps.pay(&id, Some(6_000), Some("accept"));
    let back = moved["return"]["url"].as_str().unwrap();
    back.strip_prefix(crate::stack::PUBLIC).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_return_asks_and_goes_on_to_the_shop() {
    let stack = Stack::start().await;
    let back = paid(&stack).await;
    assert!(back.starts_with("/returns/worldline?"), "{back}");
    let (status, to) = stack.returns(&get(&back)).await;
    let shop = "https://shop.example.com/back?basket=1&order=CMD-1&state=captured#top";
    assert_eq!((status, to.as_deref()), (303, Some(shop)));
    assert!(stack.order(&key()).await.fulfilment().is_some(), "by asking, not by the return");
    // Repeated, it makes no more calls.
    let calls = stack.psps.calls("");
    assert_eq!(stack.returns(&get(&back)).await, (303, Some(shop.to_owned())));
    assert_eq!(stack.psps.calls(""), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buyer_is_not_kept_where_the_provider_is_down() {
    let stack = Stack::start().await;
    let back = paid(&stack).await;
    for call in ["GetHostedCheckout", "GetPayment", "GetPaymentDetails"] {
        stack.psps.fault("worldline", call, "bad_gateway", 20);
    }
    let (status, to) = stack.returns(&get(&back)).await;
    assert_eq!(status, 303);
    assert!(to.unwrap().contains("order=CMD-1&state=pending"));
    assert!(stack.order(&key()).await.fulfilment().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_is_not_the_providers_is_refused() {
    let stack = Stack::start().await;
    let back = paid(&stack).await;
    let (path, query) = back.split_once('?').unwrap();
    let mac = query.split('&').find(|pair| pair.starts_with("RETURNMAC=")).unwrap();
    let id = query.split('&').find(|pair| pair.starts_with("hostedCheckoutId=")).unwrap();
    for forged in [
        String::new(),
        id.to_owned(),
        format!("{id}&RETURNMAC="),
        format!("{id}&RETURNMAC=00000000-0000-0000-0000-000000000000"),
        format!("hostedCheckoutId=1&{mac}"),
        format!("{query}&{mac}"),
    ] {
        let (status, to) = stack.returns(&get(&format!("{path}?{forged}"))).await;
        assert_eq!((status, to), (400, None), "{forged}");
    }
    assert_eq!(stack.returns(&get("/returns/nobody?x=1")).await.0, 400);
    let delete = Request::delete(back.as_str()).body(Body::Empty).unwrap();
    assert_eq!(stack.returns(&delete).await.0, 405);
    assert!(stack.order(&key()).await.facts().iter().next().is_none(), "nothing was asked or told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_comes_back_with_its_signature() {
    let stack = Stack::start().await;
    let lyra = format!("systempay/{SITE}/test/CMD-1");
    let card = with(wish(&lyra), &json!({"method": "card"}));
    let form = stack.starts(&card).await["form"].clone();
    let id = stack.opens(&form);
    let back = stack.psps.pay(&id, None, Some("accept"))["return"].clone();
    let url = back["url"].as_str().unwrap();
    let path = url.strip_prefix(crate::stack::PUBLIC).unwrap();
    let genuine = match back["method"].as_str().unwrap() {
        "GET" => get(path),
        _ => post(path, encoded(&back["fields"])),
    };
    let (status, to) = stack.returns(&genuine).await;
    let shop = "https://shop.example.com/back?basket=1&order=CMD-1&state=authorised#top";
    assert_eq!((status, to.as_deref()), (303, Some(shop)));
    // Another amount, and the signature of the notification's own key.
    let fields = encoded(&back["fields"]);
    for forged in [fields.replace("14000", "14001"), encoded(&form["fields"]), String::new()] {
        let (status, to) = stack.returns(&post("/returns/systempay", forged)).await;
        assert_eq!((status, to), (400, None));
    }
}

fn post(path: &str, body: String) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::Text(body)).unwrap()
}
