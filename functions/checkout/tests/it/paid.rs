//! Nobody is to pay twice: what was paid, or may be, is known before another payment is started.

use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::clock::now;
use quittance_core::checkout::Sessions;
use quittance_core::{Currency, OrderKey, Timestamp};
use quittance_testing::SITE;
use quittance_testing::worldline::MERCHANT;
use serde_json::{Value, json};

use crate::stack::{PRICE, Stack, wish, with};

fn worldline() -> String {
    format!("worldline/{MERCHANT}/test/CMD-1")
}

fn lyra() -> String {
    format!("systempay/{SITE}/test/CMD-1")
}

/// Lets the sessions that are open end, as if so much time had passed.
async fn ends(stack: &Stack, key: &str) {
    let key = OrderKey::from_text(key).unwrap();
    let table = &stack.starter.asker.receiver.table;
    let mut held = table.sessions_of(&key).await.unwrap();
    let past = Timestamp::from_unix(now().unix() - 60).unwrap();
    let mut value: Value = serde_json::from_str(&held.sessions.to_json()).unwrap();
    for session in value["sessions"].as_array_mut().unwrap() {
        let open = &mut session["stage"]["open"];
        if open.is_object() {
            open["until"] = serde_json::to_value(past).unwrap();
        }
    }
    held.sessions = Sessions::from_json(&value.to_string()).unwrap();
    table.save_sessions(&key, &mut held).await.unwrap();
}

async fn ask(stack: &Stack, key: &str) {
    stack.starter.asker.ask(&OrderKey::from_text(key).unwrap()).await.unwrap();
}

/// The buyer paid in a session that is over, and the notification is late: the provider is asked before another is opened.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_is_asked_about_before_another_is_opened() {
    let (stack, key) = (Stack::start().await, lyra());
    let card = with(wish(&key), &json!({"method": "card"}));
    let page = stack.opens(&stack.starts(&card).await["form"]);
    stack.psps.pay(&page, None, Some("accept"));
    ends(&stack, &key).await;
    assert_eq!(stack.checkout(&card).await.0, 409);
    let key = worldline();
    let page = stack.starts(&wish(&key)).await["id"].as_str().unwrap().to_owned();
    stack.psps.pay(&page, Some(6_000), Some("accept"));
    ends(&stack, &key).await;
    assert_eq!(stack.checkout(&wish(&key)).await.0, 409);
}

/// The order was paid in another session than the one that is open.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_paid_order_is_handed_out() {
    let (stack, key) = (Stack::start().await, worldline());
    let first = stack.starts(&wish(&key)).await["id"].as_str().unwrap().to_owned();
    ends(&stack, &key).await;
    stack.starts(&wish(&key)).await;
    stack.psps.pay(&first, Some(6_000), Some("accept"));
    ask(&stack, &key).await;
    assert!(stack.order(&key).await.fulfilment().is_some(), "released");
    assert_eq!(stack.checkout(&wish(&key)).await.0, 409);
}

/// What is reserved for the whole waits for the merchant alone.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_an_order_that_is_reserved_is_handed_out() {
    let (stack, key) = (Stack::start().await, worldline());
    let card = with(wish(&key), &json!({"method": "card", "approval": true}));
    let page = stack.starts(&card).await["id"].as_str().unwrap().to_owned();
    assert_eq!(stack.checkout(&card).await.0, 200, "nothing is paid");
    stack.psps.pay(&page, None, Some("accept"));
    ask(&stack, &key).await;
    assert_eq!(stack.checkout(&card).await.0, 409);
}

/// What waits for the merchant's validation counts for nothing yet, and is money of the buyer's all the same: it is not reserved
/// twice, and keeps the price.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_validation_keeps_another_start_and_another_price_out() {
    let (stack, key) = (Stack::start().await, lyra());
    let card = with(wish(&key), &json!({"method": "card", "approval": true}));
    let page = stack.opens(&stack.starts(&card).await["form"]);
    stack.psps.pay(&page, None, Some("accept"));
    ask(&stack, &key).await;
    assert_eq!(stack.checkout(&card).await.0, 409);
    ends(&stack, &key).await;
    assert_eq!(stack.checkout(&card).await.0, 409);
    assert_eq!(stack.expect(&key, PRICE - 4_000).await, 409);
    assert_eq!(stack.expect(&key, PRICE).await, 200);
}

/// Money of two currencies: what is under way in the registered one keeps the price, whatever was taken in another.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_keeps_the_price_beside_money_in_another_currency() {
    let (stack, key) = (Stack::start().await, lyra());
    assert_eq!(stack.expect(&key, PRICE).await, 200);
    stack.is_told(&key, PRICE, "EUR", "WAITING_AUTHORISATION").await;
    stack.is_told(&key, 500, "USD", "CAPTURED").await;
    let price = |amount, currency| {
        let price = Price::new(amount, Currency::from_alpha(currency).unwrap()).unwrap();
        let key = OrderKey::from_text(&key).unwrap();
        let amender = Amender::of(&stack.starter.asker.receiver);
        async move { amender.register(&key, price, now(), None).await.unwrap() }
    };
    for (amount, currency) in [(500, "USD"), (PRICE - 1, "EUR")] {
        let refused = price(amount, currency).await;
        assert!(matches!(refused, Registration::Refused(_)), "{currency}: {refused:?}");
    }
}
