//! Starting a payment, and starting it again.

use futures_util::future::join_all;
use quittance_testing::SITE;
use quittance_testing::worldline::MERCHANT;
use serde_json::json;

use crate::stack::{PRICE, PUBLIC, Stack, wish, with};

fn worldline() -> String {
    format!("worldline/{MERCHANT}/test/CMD-1")
}

fn lyra() -> String {
    format!("systempay/{SITE}/test/CMD-1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_opened_once_and_its_amount_is_registered() {
    let (stack, key) = (Stack::start().await, worldline());
    let (status, started) = stack.checkout(&wish(&key)).await;
    assert_eq!(status, 201, "{started}");
    assert_eq!((&started["order"], &started["expected"]), (&json!(key), &json!(PRICE)));
    assert!(started["checkout"]["redirect_url"].as_str().unwrap().starts_with("http"));
    assert_eq!(stack.registered(&key).await, Some(PRICE));
    let (status, again) = stack.checkout(&wish(&key)).await;
    assert_eq!((status, &again["checkout"]), (200, &started["checkout"]), "the open session");
    for other in [
        json!({"amount": PRICE + 1}),
        json!({"method": "card"}),
        json!({"flow": "server", "beneficiary": "12345678901"}),
        json!({"return_url": "https://shop.example.com/other"}),
    ] {
        assert_eq!(stack.checkout(&with(wish(&key), &other)).await.0, 409, "{other}");
    }
    assert_eq!(stack.expect(&key, PRICE + 1).await, 409, "the buyer may be paying");
    assert_eq!(stack.expect(&key, PRICE).await, 200);
    assert_eq!(stack.psps.calls("/hostedcheckouts"), 1);
    assert_eq!(stack.registered(&key).await, Some(PRICE));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_one_order_at_once_hands_out_one_session() {
    let (stack, key) = (Stack::start().await, worldline());
    let body = wish(&key);
    let started = join_all((0..4).map(|_| stack.checkout(&body))).await;
    let sessions: Vec<_> =
        started.iter().filter(|(status, _)| *status < 300).map(|(_, it)| &it["checkout"]).collect();
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|session| *session == sessions[0]), "{started:?}");
    // Another amount against it: one of the two holds.
    let other = with(wish(&key), &json!({"amount": 2_000}));
    assert_eq!(stack.checkout(&other).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_signed_anew_each_time_and_nothing_is_sent() {
    let (stack, key) = (Stack::start().await, lyra());
    let card = with(wish(&key), &json!({"method": "card"}));
    let first = stack.starts(&card).await;
    let form = &first["form"];
    assert_eq!(form["action"], format!("{}/vads-payment/", stack.psps.origin));
    let fields = &form["fields"];
    assert_eq!(
        (&fields["vads_order_id"], &fields["vads_amount"]),
        (&json!("CMD-1"), &json!("14000"))
    );
    assert_eq!(fields["vads_url_return"], format!("{PUBLIC}/returns/systempay"));
    assert_eq!(fields["vads_url_check"], format!("{PUBLIC}/webhooks/systempay"));
    assert!(fields["signature"].is_string() && fields["vads_payment_cards"] != "");
    assert_eq!(stack.registered(&key).await, Some(PRICE), "before the buyer can leave");
    assert_eq!(stack.psps.calls(""), 0, "nothing is sent");
    let (status, second) = stack.checkout(&card).await;
    assert_eq!(status, 200);
    assert_ne!(second["checkout"]["form"]["fields"]["vads_trans_id"], fields["vads_trans_id"]);
    // Whether the first form was paid is asked before another is signed.
    assert_eq!(stack.psps.calls(""), stack.psps.calls("/Order/Get"));
    // Two orders never share a transaction id of one day.
    let mut names = vec![fields["vads_trans_id"].clone()];
    for number in 2..20 {
        let other =
            with(card.clone(), &json!({"order": format!("systempay/{SITE}/test/CMD-{number}")}));
        names.push(stack.starts(&other).await["form"]["fields"]["vads_trans_id"].clone());
    }
    let count = names.len();
    names.sort_by_key(ToString::to_string);
    names.dedup();
    assert_eq!(names.len(), count);
}

/// What was paid in another currency than the order's is money of the buyer all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_paid_in_any_currency_is_not_paid_again() {
    for currency in ["EUR", "USD"] {
        let (stack, key) = (Stack::start().await, lyra());
        assert_eq!(stack.expect(&key, PRICE).await, 200);
        stack.is_told(&key, 1_000, currency, "CAPTURED").await;
        let (status, body) = stack.checkout(&wish(&key)).await;
        assert_eq!(status, 409, "{currency}: {body}");
        assert_eq!(stack.psps.calls(""), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_apps_are_started_where_a_provider_has_them() {
    let stack = Stack::start().await;
    let link = stack.starts(&with(wish(&lyra()), &json!({"flow": "link", "method": "any"}))).await;
    assert!(link["redirect_url"].is_string(), "{link}");
    let server = json!({"flow": "server", "beneficiary": "12345678901"});
    let app = stack.starts(&with(wish(&worldline()), &server)).await;
    assert!(app["app_url"].is_string() || app["redirect_url"].is_string(), "{app}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_forbid_is_refused_and_nothing_is_sent_or_kept() {
    let stack = Stack::start().await;
    let long = format!("worldline/{MERCHANT}/test/{}", "X".repeat(41));
    for (body, status) in [
        (with(wish(&worldline()), &json!({"currency": "USD"})), 422),
        (with(wish(&worldline()), &json!({"flow": "server"})), 422),
        (with(wish(&worldline()), &json!({"flow": "link"})), 422),
        (with(wish(&worldline()), &json!({"approval": true})), 422),
        (with(wish(&worldline()), &json!({"return_url": "shop.example.com"})), 422),
        (wish(&long), 422),
        (with(wish(&lyra()), &json!({"amount": 1_999})), 422),
        (with(wish(&lyra()), &json!({"approval": true})), 422),
        (with(wish(&lyra()), &json!({"flow": "server", "beneficiary": "12345678901"})), 422),
        (wish("worldline/nobody/test/CMD-1"), 409),
        (wish(&format!("systempay/{SITE}/production/CMD-1")), 409),
        (with(wish(&lyra()), &json!({"amount": 0})), 400),
        (with(wish(&lyra()), &json!({"currency": "EURO"})), 400),
        (with(wish(&lyra()), &json!({"method": "cash"})), 400),
        (with(wish(&lyra()), &json!({"more": 1})), 400),
        (wish("nobody/1/test/1"), 400),
    ] {
        let (answer, said) = stack.checkout(&body).await;
        assert_eq!(answer, status, "{body} {said}");
    }
    assert_eq!(stack.psps.calls(""), 0);
    for key in [worldline(), lyra()] {
        assert_eq!(stack.registered(&key).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_start_that_failed_the_same_or_another_amount_may_follow() {
    let (stack, key) = (Stack::start().await, worldline());
    for amount in [PRICE, PRICE, PRICE + 100] {
        stack.psps.fault("worldline", "CreateHostedCheckout", "html_after", 1);
        let body = with(wish(&key), &json!({"amount": amount}));
        assert_eq!(stack.checkout(&body).await.0, 502, "{amount}");
    }
    stack.psps.control("DELETE", "faults", &json!({}));
    stack.starts(&with(wish(&key), &json!({"amount": PRICE + 200}))).await;
    assert_eq!(stack.registered(&key).await, Some(PRICE + 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_an_app_whose_answer_is_lost_starts_no_second_payment() {
    let (stack, key) = (Stack::start().await, worldline());
    let server = with(wish(&key), &json!({"flow": "server", "beneficiary": "12345678901"}));
    stack.psps.fault("worldline", "CreatePayment", "bad_gateway_after", 8);
    assert_eq!(stack.checkout(&server).await.0, 502);
    stack.psps.control("DELETE", "faults", &json!({}));
    stack.starts(&server).await;
    let state = stack.psps.controlled("GET", "state", &json!({}));
    let state: serde_json::Value = serde_json::from_slice(&state.body).unwrap();
    assert_eq!(state["worldline"].as_array().unwrap().len(), 1, "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_something_is_paid_no_other_payment_is_started() {
    let (stack, key) = (Stack::start().await, worldline());
    let id = stack.starts(&wish(&key)).await["id"].as_str().unwrap().to_owned();
    stack.psps.pay(&id, Some(6_000), Some("accept"));
    let asker = &stack.starter.asker;
    let order = quittance_core::OrderKey::from_text(&key).unwrap();
    // No notification came. The provider knows the payment by its session.
    asker.ask(&order).await.unwrap();
    assert!(stack.order(&key).await.fulfilment().is_some());
    assert_eq!(stack.checkout(&with(wish(&key), &json!({"amount": PRICE + 1}))).await.0, 409);
    assert_eq!(stack.expect(&key, PRICE + 1).await, 409);
}
