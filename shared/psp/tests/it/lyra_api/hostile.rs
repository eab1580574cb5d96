//! Answers that are not what was asked for: nothing is stated, nothing panics.

use proptest::prelude::*;
use proptest::sample::Index;
use quittance_core::api::{Asked, Exchange, MAX_ANSWER_BYTES, TroubleKind, Verb};
use quittance_core::fold::{Confirm, Instalments};
use quittance_core::{Currency, Order, Policy, ReleaseOn};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::read::{read_lyra, receipt, statement};
use serde_json::{Value, json};

use super::{AtGateway, act, action, ask, now, success, test, unknown};

const SHARES: [Share<'_>; 2] = [
    Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
    Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED"),
];

fn paid() -> Value {
    AtGateway::of("CMD-1", 10_000, ("PAID", "CLOSED"), &SHARES).0
}

/// An order that the form of this cascade has told, whose card is not captured.
fn half_paid() -> Order {
    let [voucher, card] = SHARES;
    let card = Share(card.0, card.1, card.2, "AUTHORISED");
    let form = Form::cascade("CMD-1", "abc123", 10_000, "AUTHORISED", &[voucher, card]);
    let said = statement(read_lyra(&form.body()));
    let mut order = Order::new(said.key.clone());
    order.take(&said, &receipt(0), Policy::default()).unwrap();
    order
}

#[track_caller]
fn fails(answer: &Value, kind: TroubleKind) {
    let (asked, _) = ask(&half_paid(), |call| success(call.name, answer));
    let Asked::Failed(trouble) = asked else { panic!("{asked:?} from {answer}") };
    assert_eq!(trouble.kind, kind, "{trouble}");
    assert!(!trouble.why.contains("Jeanne"), "{trouble}");
}

#[test]
fn an_answer_about_something_else_states_nothing() {
    let changes: [(&str, Value); 11] = [
        ("/shopId", json!("99999999")),
        ("/transactions/0/shopId", json!("99999999")),
        ("/orderDetails/orderId", json!("CMD-2")),
        ("/orderDetails/orderId", json!("cmd-1")),
        ("/orderDetails/orderId", json!(null)),
        ("/orderDetails/mode", json!("PRODUCTION")),
        ("/orderDetails/mode", json!("test")),
        ("/orderDetails/orderCurrency", json!("USD")),
        ("/transactions/0/currency", json!("USD")),
        ("/transactions/1/status", json!("UNPAID")),
        ("/orderStatus", json!("UNPAID")),
    ];
    for (place, value) in changes {
        let mut answer = paid();
        *answer.pointer_mut(place).unwrap() = value.clone();
        if place.ends_with("0/currency") {
            answer["transactions"][0]["transactionDetails"]["effectiveCurrency"] = value;
        }
        fails(&answer, TroubleKind::Contradiction);
    }
    let mut within = paid();
    within["transactions"][1]["orderDetails"] = json!({"orderId": "CMD-2", "mode": "TEST"});
    fails(&within, TroubleKind::Contradiction);
    let mut twice = paid();
    let mut again = twice["transactions"][1].clone();
    twice["transactions"].as_array_mut().unwrap().push(again.clone());
    assert!(matches!(ask(&half_paid(), |call| success(call.name, &twice)).0, Asked::Told(_)));
    again["amount"] = json!(1);
    twice["transactions"].as_array_mut().unwrap().push(again);
    fails(&twice, TroubleKind::Contradiction);
}

#[test]
fn the_currency_registered_is_the_one_to_be_answered() {
    let mut order = unknown("CMD-1");
    let usd = Currency::from_alpha("USD").unwrap();
    order.register(10_000, usd, now(), Policy::default()).unwrap();
    let (asked, _) = ask(&order, |call| success(call.name, &paid()));
    assert!(matches!(asked, Asked::Failed(trouble) if trouble.kind == TroubleKind::Contradiction));
}

#[test]
fn an_answer_of_another_shape_states_nothing() {
    let changes: [(&str, Value); 21] = [
        ("", json!(null)),
        ("", json!("CAPTURED")),
        ("", json!({})),
        ("/shopId", json!(null)),
        ("/orderDetails", json!(null)),
        ("/orderDetails/mode", json!(null)),
        ("/orderDetails/orderTotalAmount", json!(1_000_000_000_000_u64)),
        ("/orderDetails/orderTotalAmount", json!(-1)),
        ("/orderDetails/orderTotalAmount", json!("Jeanne Martin")),
        ("/transactions", json!({})),
        ("/transactions/0", json!([])),
        ("/transactions/0/amount", json!(u64::MAX)),
        ("/transactions/0/amount", json!(1.5)),
        ("/transactions/0/operationType", json!("GIFT")),
        ("/transactions/0/detailedStatus", json!(null)),
        ("/transactions/0/currency", json!("ZZZ")),
        ("/transactions/0/uuid", json!(null)),
        ("/transactions/0/uuid", json!("")),
        ("/transactions/0/uuid", json!("CAPTURED")),
        ("/transactions/0/transactionDetails/sequenceNumber", json!(u64::MAX)),
        ("/transactions/0/transactionDetails/sequenceNumber", json!(-1)),
    ];
    for (place, value) in changes {
        let mut answer = paid();
        *answer.pointer_mut(place).unwrap() = value;
        fails(&answer, TroubleKind::Garbled);
    }
    let mut many = paid();
    let one = many["transactions"][0].clone();
    many["transactions"] = json!(vec![one; 129]);
    fails(&many, TroubleKind::Garbled);
}

#[test]
fn an_envelope_of_another_shape_states_nothing() {
    let whole =
        json!({"status": "SUCCESS", "webService": "Order/Get", "mode": "TEST", "answer": paid()});
    let with = |name: &str, value: Value| {
        let mut envelope = whole.clone();
        envelope[name] = value;
        envelope.to_string().into_bytes()
    };
    let large = with("ticket", json!("x".repeat(MAX_ANSWER_BYTES)));
    for (status, body, kind) in [
        (200, with("status", json!("MAYBE")), TroubleKind::Garbled),
        (200, with("status", json!(null)), TroubleKind::Garbled),
        (200, with("webService", json!("Transaction/Get")), TroubleKind::Garbled),
        (200, with("answer", json!(null)), TroubleKind::Garbled),
        (200, with("mode", json!("PRODUCTION")), TroubleKind::Contradiction),
        (200, large, TroubleKind::Garbled),
        (200, b"<html>Jeanne Martin</html>".to_vec(), TroubleKind::Garbled),
        (200, b"\xff\xfe".to_vec(), TroubleKind::Garbled),
        (200, Vec::new(), TroubleKind::Garbled),
        (401, b"<html></html>".to_vec(), TroubleKind::Credentials),
        (401, whole.to_string().into_bytes(), TroubleKind::Garbled),
        (500, whole.to_string().into_bytes(), TroubleKind::Unreachable),
        (404, b"".to_vec(), TroubleKind::Unreachable),
    ] {
        let exchange = Exchange::Answered { status, body };
        let (asked, _) = ask(&half_paid(), |_| exchange.clone());
        let Asked::Failed(trouble) = asked else { panic!("{asked:?}") };
        assert_eq!(trouble.kind, kind, "{status}: {trouble}");
        assert!(!trouble.why.contains("Jeanne"), "{trouble}");
        assert!(test(|_| exchange.clone()).0.is_err());
    }
    let echo = |value: Value| test(|call| success(call.name, &value)).0;
    assert_eq!(echo(json!({"value": "quittance"})), Ok(()));
    for other in [json!({"value": "x"}), json!({"value": null}), json!({}), json!(7)] {
        assert_eq!(echo(other).unwrap_err().kind, TroubleKind::Garbled);
    }
}

const SECURED: Policy = Policy {
    release_on: ReleaseOn::Secured,
    instalments: Instalments::First,
    confirm: Confirm::Off,
};

/// Everything in a JSON value, by its place.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, format!("{at}/{name}"), all));
        }
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            elements.for_each(|(n, value)| places(value, format!("{at}/{n}"), all));
        }
        _ => {}
    }
    all.push(at);
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("CAPTURED")),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(1)),
        Just(json!(u64::MAX)),
        Just(json!(999_999_999_999_u64)),
        Just(json!(1e300)),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
        Just(json!("x".repeat(300))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 192, ..ProptestConfig::default()
    })]

    /// Of an order that is not paid, whatever is changed in what the gateway says releases nothing, and a paid one
    /// never for less than was captured.
    #[test]
    fn no_other_value_releases_what_is_not_paid(
        changes in proptest::collection::vec((any::<Index>(), odd()), 1..3),
    ) {
        let mut answer = paid();
        answer["transactions"][1]["detailedStatus"] = json!("REFUSED");
        answer["transactions"][1]["status"] = json!("UNPAID");
        answer["orderStatus"] = json!("RUNNING");
        let mut all = Vec::new();
        places(&answer, String::new(), &mut all);
        for (at, value) in &changes {
            let place = at.get(&all);
            // That the card was captured after all, or that all of it was for less, is for the gateway to say.
            let is_word = place.ends_with("detailedStatus") || place.ends_with("operationType");
            if is_word || place.ends_with("mount") {
                continue;
            }
            if let Some(slot) = answer.pointer_mut(place) {
                *slot = value.clone();
            }
        }
        for mut order in [half_paid(), unknown("CMD-1")] {
            let knows = order.facts().iter().next().is_some();
            let (asked, _) = ask(&order, |call| success(call.name, &answer));
            let Asked::Told(told) = asked else { continue };
            for said in &told.statements {
                prop_assert_eq!(&said.key, order.key());
                order.take(said, &receipt(1), Policy::default()).unwrap();
            }
            prop_assert!(order.fulfilment().is_none(), "{knows} {answer}");
        }
    }

    #[test]
    fn no_bytes_break_a_talk(body in proptest::collection::vec(any::<u8>(), 0..200), status in any::<u16>()) {
        let exchange = Exchange::Answered { status, body };
        let (asked, _) = ask(&half_paid(), |_| exchange.clone());
        prop_assert!(matches!(asked, Asked::Failed(_)));
        for verb in [Verb::Refund, Verb::Cancel, Verb::Capture] {
            let (_, log) = act(&action(verb, 500), |_| exchange.clone());
            prop_assert_eq!(log.calls.len(), 1);
        }
    }

    #[test]
    fn a_truncated_answer_states_nothing(at in any::<Index>()) {
        let Exchange::Answered { body, .. } = success("Order/Get", &paid()) else { unreachable!() };
        let body = body[..at.index(body.len())].to_vec();
        let mut order = half_paid();
        let exchange = Exchange::Answered { status: 200, body };
        prop_assert!(matches!(ask(&order, |_| exchange.clone()).0, Asked::Failed(_)));
        prop_assert!(!order.decide(now(), Policy::default()).releasable);
        prop_assert!(order.decide(now(), SECURED).releasable);
    }
}
