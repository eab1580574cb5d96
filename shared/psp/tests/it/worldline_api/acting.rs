//! Moving money: what is sent, and what a success says.

use quittance_core::Mode;
use quittance_core::api::{Action, Call, Effect, Exchange, Method, NoAccess, Subject, Verb};
use quittance_core::key::Account;
use quittance_core::limits::MAX_AMOUNT;
use serde_json::{Value, json};

use super::talk::{PAYMENT, account, acted, action, answered, api, order, path};

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

fn refused() -> [Exchange; 1] {
    [answered(400, &json!({}))]
}

#[test]
fn each_verb_has_its_call_and_its_body() {
    let money = json!({"amount": 8_000, "currencyCode": "EUR"});
    for whole in [true, false] {
        for (verb, name, word, expected) in [
            (
                Verb::Refund,
                "RefundPayment",
                "refund",
                json!({"amountOfMoney": money, "operationReferences": {"merchantReference": "CMD-1"}}),
            ),
            (
                Verb::Cancel,
                "CancelPayment",
                "cancel",
                json!({"amountOfMoney": money, "isFinal": whole}),
            ),
            (
                Verb::Capture,
                "CapturePayment",
                "capture",
                json!({"amount": 8_000, "isFinal": whole}),
            ),
        ] {
            let said = acted(&Action { whole, ..action(verb) }, &refused());
            let call = &said.calls[0];
            assert_eq!((call.name, call.method), (name, Method::Post));
            assert_eq!(path(call), format!("payments/{PAYMENT}_0/{word}"));
            assert_eq!(body(call), expected, "{verb:?}");
        }
    }
}

#[test]
fn any_spelling_of_the_target_is_one_address() {
    for (target, expected) in [
        ("3254564310", "3254564310_0"),
        ("3254564310_0", "3254564310_0"),
        ("9000003254564310000", "3254564310_0"),
        ("9000003254564310000_0", "3254564310_0"),
        ("3254564310_1", "3254564310_1"),
        ("9000003254564310001", "3254564310_1"),
    ] {
        let said = acted(&Action { target: target.to_owned(), ..action(Verb::Refund) }, &refused());
        assert_eq!(path(&said.calls[0]), format!("payments/{expected}/refund"), "{target}");
    }
    let bad = |change: &dyn Fn(&mut Action)| {
        let mut action = action(Verb::Refund);
        change(&mut action);
        let said = acted(&action, &refused());
        assert!(matches!(said.end, Effect::Refused { .. }) && said.calls.is_empty(), "{action:?}");
    };
    for target in ["", "a/b", "../x", "a?b", "a b", "é", &"1".repeat(300)] {
        bad(&|action| action.target = target.to_owned());
    }
    bad(&|action| action.amount = 0);
    bad(&|action| action.amount = MAX_AMOUNT + 1);
}

#[test]
fn a_reference_that_does_not_fit_is_left_out() {
    for (order, fits) in [("x".repeat(40), true), ("é".repeat(40), true), ("x".repeat(41), false)]
    {
        let said = acted(&Action { order, ..action(Verb::Refund) }, &refused());
        assert_eq!(body(&said.calls[0]).get("operationReferences").is_some(), fits);
    }
}

#[test]
fn every_intent_has_a_key_of_its_own() {
    let key = |action: &Action| {
        let said = acted(action, &refused());
        let found = said.calls[0].headers.iter().find(|(name, _)| *name == "x-gcs-idempotence-key");
        found.unwrap().1.clone()
    };
    let one = action(Verb::Refund);
    assert_eq!(key(&one), key(&Action { amount: 1, ..one.clone() }), "the intent names it");
    for other in [
        Action { intent: "r-2".to_owned(), ..one.clone() },
        Action { order: "CMD-2".to_owned(), ..one.clone() },
        action(Verb::Cancel),
        action(Verb::Capture),
    ] {
        assert_ne!(key(&one), key(&other), "{other:?}");
    }
    assert!(key(&one).len() <= 40 && key(&one).starts_with("q-"));
}

#[test]
fn a_success_names_the_operation_in_one_spelling() {
    let made = |id: &str, word: &str, code: u64| json!({"id": id, "status": word, "statusOutput": {"statusCode": code}});
    let wrapped = |made: &Value| json!({"payment": made});
    let taken = |id: &str| Effect::Taken { psp_id: Some(id.to_owned()) };
    for (verb, answer, expected) in [
        (Verb::Refund, made("3254564310_2", "REFUND_REQUESTED", 81), taken("3254564310_2")),
        (Verb::Refund, made("9000003254564310002", "REFUNDED", 8), taken("3254564310_2")),
        // The request may have become more than this one operation.
        (Verb::Refund, made("3254564310_2", "REJECTED", 83), taken("3254564310_2")),
        (Verb::Capture, made("3254564310_1", "CAPTURE_REQUESTED", 91), taken("3254564310_1")),
        (Verb::Cancel, wrapped(&made("3254564310_1", "CANCELLED", 6)), taken("3254564310_1")),
        (Verb::Cancel, wrapped(&made("3254564310_1", "CANCELLED", 61)), taken("3254564310_1")),
        // Number and word disagree: asking tells.
        (Verb::Cancel, wrapped(&made("3254564310_1", "CANCELLED", 63)), taken("3254564310_1")),
    ] {
        assert_eq!(acted(&action(verb), &[answered(201, &answer)]).end, expected, "{answer}");
    }
    for (verb, answer) in [
        (Verb::Cancel, wrapped(&made("3254564310_1", "CANCELLATION_REJECTED", 63))),
        (Verb::Capture, made("3254564310_1", "REJECTED_CAPTURE", 93)),
    ] {
        let said = acted(&action(verb), &[answered(200, &answer)]);
        assert!(matches!(said.end, Effect::Refused { .. }), "{:?}", said.end);
    }
}

#[test]
fn who_has_no_credentials_calls_nobody() {
    for account in [
        Account { merchant: "Another".to_owned(), ..account() },
        Account { mode: Mode::Production, ..account() },
    ] {
        let api = api();
        assert_eq!(api.act(&account, &action(Verb::Refund)).err(), Some(NoAccess::Missing));
        assert_eq!(api.test(&account).err(), Some(NoAccess::Missing));
        let key = account.order("CMD-1").unwrap();
        let order = quittance_core::Order::new(key);
        let subject = Subject { order: &order, checkouts: &[] };
        assert_eq!(api.ask(&subject).err(), Some(NoAccess::Missing));
    }
    let accesses = api().accesses();
    assert_eq!(accesses.len(), 2);
    assert!(accesses.iter().all(|access| access.asks && access.origin == "http://127.0.0.1:9"));
}

#[test]
fn nothing_that_is_shown_has_a_secret_in_it() {
    let api = api();
    let subject_order = order("CMD-1");
    let subject = Subject { order: &subject_order, checkouts: &["1".to_owned()] };
    let mut ask = api.ask(&subject).unwrap();
    let mut shown = format!("{api:?}");
    shown += &format!("{:?}", ask.next(super::talk::now()));
    assert!(!shown.contains("hush") && !shown.contains("v1HMAC"), "{shown}");
}
