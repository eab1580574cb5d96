//! Answers as nobody should give them: they release nothing, and nothing panics.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::api::{Asked, Effect, Exchange, Verb};
use quittance_psp::worldline::api::checkout;
use quittance_testing::worldline::{Payment, refund};
use serde_json::{Value, json};

use super::talk::{PAYMENT, Platform, acted, action, details, operation, registered, take};

/// Half of a split is paid: nothing that is said of this is all of it.
fn half() -> Value {
    let level = Payment::new("CMD-1", "3254564310_0", 5412, 9, 14_000).acquired(6_000).json();
    let operations = [
        operation("3254564310_0", 6_000, 9, "redirect"),
        operation("3254564310_1", 8_000, 91, "card"),
        operation("3254564310_2", 1_000, 81, "card"),
    ];
    details(&level, &operations)
}

fn junk() -> impl Strategy<Value = Value> {
    select(vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(-14_000),
        json!(0),
        json!(1),
        json!(14_000),
        json!(0.5),
        json!(1e300),
        json!(u64::MAX),
        json!(1_000_000_000_000_u64),
        json!("18446744073709551616"),
        json!("14000"),
        json!(""),
        json!("x"),
        json!("é".repeat(300)),
        json!("USD"),
        json!("CMD-2"),
        json!("CAPTURED"),
        json!("3254564310_0"),
        json!("9000003254564310001"),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!([1, "a", null]),
    ])
}

/// Every place in a value.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), all));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, value)| places(value, &format!("{at}/{n}"), all));
        }
        _ => {}
    }
}

fn changed(mut value: Value, at: Index, junk: Value) -> Value {
    let mut all = Vec::new();
    places(&value, "", &mut all);
    *value.pointer_mut(&all[at.index(all.len())]).unwrap() = junk;
    value
}

/// What half a payment and anything about it come to.
fn held(body: Vec<u8>, refunds: Vec<u8>) {
    let fine = |body| Exchange::Answered { status: 200, body };
    let platform = Platform::default()
        .failing(format!("payments/{PAYMENT}_0/details"), fine(body.clone()))
        .failing(format!("payments/{PAYMENT}_0/refunds"), fine(refunds))
        .failing(format!("payments/{PAYMENT}_0/captures"), fine(body.clone()))
        .failing(format!("payments/{PAYMENT}_1"), fine(body.clone()))
        .failing("hostedcheckouts/77", fine(body));
    let start = registered("CMD-1", 14_000);
    for checkouts in [&[PAYMENT][..], &["77"]] {
        if let Asked::Told(answer) = platform.ask(&start, checkouts).end {
            let mut order = start.clone();
            take(&mut order, &answer);
            assert!(order.fulfilment().is_none(), "{answer:#?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_change_of_an_answer_releases_nothing(
        at in any::<Index>(), value in junk(), again in any::<Option<(Index, u8)>>(), cut in any::<Option<Index>>(),
    ) {
        let mut body = changed(half(), at, value.clone());
        if let Some((at, _)) = again {
            body = changed(body, at, Value::Null);
        }
        let refunds = json!({"refunds": [refund("CMD-1", "3254564310_2", 8, 1_000)["refund"]]});
        let refunds = changed(refunds, at, value);
        let (mut body, refunds) = (body.to_string().into_bytes(), refunds.to_string().into_bytes());
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len() + 1));
        }
        held(body, refunds);
    }

    #[test]
    fn bytes_of_any_kind_release_nothing(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        held(body.clone(), body.clone());
        let _ = checkout::opened(&body, "CMD-1");
        let _ = checkout::started(&body, "CMD-1");
        let answer = Exchange::Answered { status: 201, body };
        let end = acted(&action(Verb::Refund), &[answer]).end;
        prop_assert!(matches!(end, Effect::Uncertain(_)));
    }

    #[test]
    fn a_changed_success_is_taken_or_uncertain(
        at in any::<Index>(), value in junk(), verb in select(vec![Verb::Refund, Verb::Cancel, Verb::Capture]),
    ) {
        let made = json!({"id": "3254564310_1", "status": "CAPTURED", "statusOutput": {"statusCode": 91}});
        let body = if verb == Verb::Cancel { json!({"payment": made}) } else { made };
        let answer = Exchange::Answered { status: 201, body: changed(body, at, value).to_string().into_bytes() };
        let end = acted(&action(verb), &[answer]).end;
        prop_assert!(matches!(end, Effect::Uncertain(_) | Effect::Taken { .. }), "{end:?}");
    }

    #[test]
    fn any_status_is_understood(status in 100..600_u16, body in junk()) {
        let answer = super::talk::answered(status, &json!({"errors": [body], "result": body}));
        let effect = acted(&action(Verb::Refund), std::slice::from_ref(&answer)).end;
        let is_taken = matches!(effect, Effect::Taken { .. });
        prop_assert!(!is_taken);
        let platform = Platform::default().failing(format!("payments/{PAYMENT}_0/details"), answer);
        let end = platform.ask(&registered("CMD-1", 14_000), &[PAYMENT]).end;
        let is_told = matches!(end, Asked::Told(_));
        prop_assert!(!is_told);
    }
}

/// More than can be held of anything.
#[test]
fn what_is_without_end_is_bounded() {
    let level = Payment::new("CMD-1", "3254564310_0", 5412, 9, 14_000).acquired(6_000).json();
    let many = |ids: &dyn Fn(u64) -> String, count: u64| -> Vec<Value> {
        (0..count).map(|at| operation(&ids(at), 100, 9, "card")).collect()
    };
    // Too many operations.
    let body = details(&level, &many(&|at| format!("3254564310_{at}"), 200));
    held(body.to_string().into_bytes(), Vec::new());
    // Operations of many other payments, each of which names others.
    let start = registered("CMD-1", 14_000);
    let subject = quittance_core::api::Subject { order: &start, checkouts: &[PAYMENT.to_owned()] };
    let said = super::talk::talk(super::talk::api().ask(&subject).unwrap(), |call| {
        let path = super::talk::path(call);
        if path.starts_with("hostedcheckouts") {
            return super::talk::answered(404, &json!({}));
        }
        let payment = path.split(['/', '_']).nth(1).unwrap().to_owned();
        let number: u64 = payment.parse().unwrap();
        let mut body = details(&level, &many(&|at| format!("{}_0", number * 100 + at), 120));
        body["id"] = format!("{payment}_0").into();
        super::talk::answered(200, &body)
    });
    assert!(said.calls.len() <= 150, "{}", said.calls.len());
}
