//! Deaths and races.

use futures_util::future::join_all;
use quittance_aws::clock::now;
use quittance_core::OrderKey;
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

/// Most steps of one start.
const MAX_STEPS: usize = 24;

/// Whoever comes after a death finds one payment that can be paid, and no other is started beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_goes_on_wherever_it_was_left() {
    let server = json!({"flow": "server", "beneficiary": "12345678901"});
    for body in [
        wish(&worldline()),
        with(wish(&worldline()), &server),
        with(wish(&lyra()), &json!({"method": "card"})),
    ] {
        // Most of the time is pauses.
        let lives = (0..MAX_STEPS).map(|steps| tokio::spawn(dies(steps, body.clone())));
        let lives: Vec<bool> = join_all(lives).await.into_iter().map(Result::unwrap).collect();
        assert!(lives.is_sorted() && lives[MAX_STEPS - 1], "{body} takes more steps: {lives:?}");
        assert!(!lives[2], "{body}: the steps are counted: {lives:?}");
    }
}

/// A process dies after so many steps, and another one is asked for the same. Whether the first lived.
async fn dies(steps: usize, body: Value) -> bool {
    let (stack, key) = (Stack::start().await, body["order"].as_str().unwrap());
    let order = OrderKey::from_text(key).unwrap();
    let steps = i64::try_from(steps).unwrap();
    if let Some((status, _)) = stack.gate.dies_during(steps, stack.checkout(&body)).await {
        assert_eq!(status, 201, "{steps}");
        return true;
    }
    // Another amount is not started beside one of which nobody knows whether it is being opened.
    let held = stack.starter.asker.receiver.table.sessions_of(&order).await.unwrap();
    if held.sessions.all().iter().any(|session| session.is_busy(now())) {
        let other = with(body.clone(), &json!({"amount": PRICE + 1}));
        assert_eq!(stack.checkout(&other).await.0, 409, "{steps}");
        assert_eq!(stack.expect(key, PRICE + 1).await, 409, "{steps}");
    }
    let (status, opened) = stack.checkout(&body).await;
    assert!([200, 201].contains(&status), "{steps}: {opened}");
    assert_eq!(stack.registered(key).await, Some(PRICE));
    let session = &opened["checkout"];
    let page = match session["form"].is_object() {
        true => stack.opens(&session["form"]),
        false => session["id"].as_str().unwrap().split('_').next().unwrap().to_owned(),
    };
    let voucher = if body["flow"] == "server" { Some(PRICE) } else { None };
    stack.psps.pay(&page, voucher, Some("accept"));
    stack.psps.control("POST", "batch", &json!({}));
    let asked = stack.starter.asker.ask(&order).await.unwrap().stored.order;
    let summary = asked.summary(stack.starter.asker.receiver.policy);
    assert_eq!(
        (summary.captured, asked.fulfilment().is_some()),
        (PRICE, true),
        "{steps}: paid once"
    );
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_amounts_at_once_one_is_opened_and_is_what_the_order_costs() {
    for (round, key) in [worldline(), lyra(), worldline(), lyra()].iter().enumerate() {
        let stack = Stack::start().await;
        if round < 2 {
            assert_eq!(stack.expect(key, PRICE).await, 200);
        }
        let answers = join_all((0..6_u64).map(async |nth| {
            let amount = PRICE + 1 + nth;
            // Some want to register alone.
            match nth % 2 {
                0 => (amount, stack.checkout(&with(wish(key), &json!({"amount": amount}))).await.0),
                _ => (amount, stack.expect(key, amount).await),
            }
        }))
        .await;
        let opened = answers.iter().filter(|(_, status)| *status == 201);
        let opened: Vec<u64> = opened.map(|(amount, _)| *amount).collect();
        assert_eq!(stack.registered(key).await.as_slice(), opened, "{answers:?}");
        assert!(answers.iter().all(|(_, status)| [200, 201, 409].contains(status)), "{answers:?}");
    }
}
