//! Moving money: what is sent, what is made of the answer, and that nothing is sent twice.

use quittance_core::api::Api;
use quittance_core::api::{Call, Effect, Exchange, TroubleKind, Turn, Verb};
use quittance_testing::SITE;
use serde_json::{Value, json};

use super::{TARGET, account, act, action, credentials, error, hold, now, request, success};

const CHILD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const SERVICES: [(Verb, &str); 3] = [
    (Verb::Refund, "Transaction/Refund"),
    (Verb::Cancel, "Transaction/Cancel"),
    (Verb::Capture, "Transaction/Validate"),
];

/// The transaction that such an action makes or changes.
fn transaction(verb: Verb) -> Value {
    let (uuid, kind, status, class, parent) = match verb {
        Verb::Refund => (CHILD, "CREDIT", "AUTHORISED", "PAID", json!(TARGET)),
        Verb::Cancel => (TARGET, "DEBIT", "CANCELLED", "UNPAID", json!(null)),
        Verb::Capture => (TARGET, "DEBIT", "AUTHORISED", "PAID", json!(null)),
    };
    json!({
        "shopId": SITE, "uuid": uuid, "amount": 500, "currency": "EUR", "paymentMethodType": "CARD",
        "status": class, "detailedStatus": status, "operationType": kind,
        "orderDetails": {"orderId": "CMD-1", "mode": "TEST", "orderTotalAmount": 500, "orderCurrency": "EUR"},
        "transactionDetails": {
            "effectiveAmount": 500, "effectiveCurrency": "EUR", "sequenceNumber": 1,
            "parentTransactionUuid": parent, "cardDetails": {"effectiveBrand": "CB"},
        },
    })
}

/// What becomes of an action when this is answered.
fn effect(verb: Verb, service: &str, change: impl FnOnce(&mut Value)) -> Effect {
    let mut answer = transaction(verb);
    change(&mut answer);
    act(&action(verb, 500), |_| success(service, &answer)).0
}

fn is_uncertain(effect: &Effect) -> bool {
    matches!(effect, Effect::Uncertain(_))
}

#[test]
fn each_action_is_one_call_that_names_its_target_and_intent() {
    for (verb, service) in SERVICES {
        let (effect, log) = act(&action(verb, 500), |_| success(service, &transaction(verb)));
        let made = if verb == Verb::Refund { CHILD } else { TARGET };
        assert_eq!(effect, Effect::Taken { psp_id: Some(made.to_owned()) });
        let [call] = &log.calls[..] else { panic!("{log:?}") };
        assert_eq!(call.name, service);
        assert_eq!(call.url, format!("https://api.systempay.fr/api-payment/V4/{service}"));
        let mut wanted = json!({"uuid": TARGET, "comment": "7f3a"});
        if verb == Verb::Refund {
            wanted["amount"] = json!(500);
            wanted["currency"] = json!("EUR");
        }
        assert_eq!(request(call), wanted);
        assert!(!format!("{call:?}").contains("Basic"));
    }
}

#[test]
fn what_may_have_arrived_is_never_sent_again() {
    let endings = [
        Exchange::Lost,
        Exchange::Answered { status: 502, body: b"<html>502 Bad Gateway</html>".to_vec() },
        Exchange::Answered { status: 500, body: Vec::new() },
        Exchange::Answered { status: 302, body: Vec::new() },
        Exchange::Answered { status: 403, body: b"no".to_vec() },
        Exchange::Answered { status: 429, body: Vec::new() },
        Exchange::Answered { status: 200, body: b"<html></html>".to_vec() },
        Exchange::Answered { status: 200, body: b"{\"status\": \"SUCCESS\", \"ans".to_vec() },
        Exchange::Answered { status: 200, body: b"{}".to_vec() },
        Exchange::Answered { status: 200, body: b"{\"status\": \"SUCCESS\"}".to_vec() },
        Exchange::Answered {
            status: 200,
            body: b"{\"status\": \"ERROR\", \"answer\": {}}".to_vec(),
        },
        error("PSP_999"),
    ];
    for (verb, service) in SERVICES {
        for ending in &endings {
            let (effect, log) = act(&action(verb, 500), |_| ending.clone());
            assert!(is_uncertain(&effect), "{ending:?}: {effect:?}");
            assert_eq!(log.names(), [service], "{ending:?}");
        }
        // Nor is what was sent and never heard of.
        let mut talk = credentials().act(&account(), &action(verb, 500)).unwrap();
        assert!(matches!(talk.next(now()), Turn::Send(_)));
        for _ in 0..3 {
            let Turn::End(effect) = talk.next(now()) else { panic!("sent again") };
            assert!(is_uncertain(&effect));
        }
        talk.heard(success(service, &transaction(verb)));
        assert!(matches!(talk.next(now()), Turn::End(Effect::Uncertain(_))));
    }
}

#[test]
fn what_was_not_sent_is_tried_a_few_times() {
    for (verb, service) in SERVICES {
        let (effect, log) = act(&action(verb, 500), |_| Exchange::Unsent);
        let Effect::Nothing(trouble) = effect else { panic!("{effect:?}") };
        assert_eq!(trouble.kind, TroubleKind::Unreachable);
        assert_eq!((log.calls.len(), log.pauses.len()), (3, 2));
        // Once it may have arrived, it is not, whatever came before.
        let mut sent = 0;
        let mut gateway = |_: &Call| {
            sent += 1;
            if sent == 1 { Exchange::Unsent } else { Exchange::Lost }
        };
        let (effect, log) = act(&action(verb, 500), &mut gateway);
        assert!(is_uncertain(&effect) && log.calls.len() == 2);
        let mut sent = 0;
        let (effect, _) = act(&action(verb, 500), |_| {
            sent += 1;
            if sent < 3 { Exchange::Unsent } else { success(service, &transaction(verb)) }
        });
        assert!(matches!(effect, Effect::Taken { .. }));
    }
}

#[test]
fn an_answer_about_something_else_settles_nothing() {
    let changes: [fn(&mut Value); 8] = [
        |answer| answer["shopId"] = json!("99999999"),
        |answer| answer["shopId"] = json!(null),
        |answer| answer["uuid"] = json!("cccccccccccccccccccccccccccccccc"),
        |answer| answer["orderDetails"]["mode"] = json!("PRODUCTION"),
        |answer| answer["operationType"] = json!("VERIFICATION"),
        |answer| answer["detailedStatus"] = json!(null),
        |answer| answer["amount"] = json!(-1),
        |answer| *answer = json!({"responseCode": 0, "_type": "V4/Common/ResponseCodeAnswer"}),
    ];
    for (verb, service) in SERVICES {
        for (at, change) in changes.iter().enumerate() {
            if at == 2 && verb == Verb::Refund {
                continue;
            }
            let effect = effect(verb, service, change);
            assert!(is_uncertain(&effect), "{verb:?} {at}: {effect:?}");
        }
        // To another call.
        assert!(is_uncertain(&effect(verb, "Transaction/Update", |_| ())));
    }
    let of_refund: [fn(&mut Value); 6] = [
        |answer| answer["uuid"] = json!(TARGET),
        |answer| answer["operationType"] = json!("DEBIT"),
        |answer| answer["transactionDetails"]["parentTransactionUuid"] = json!(CHILD),
        |answer| {
            answer["amount"] = json!(400);
            answer["transactionDetails"]["effectiveAmount"] = json!(400);
        },
        |answer| {
            answer["currency"] = json!("USD");
            answer["transactionDetails"]["effectiveCurrency"] = json!("USD");
        },
        |answer| {
            answer["transactionDetails"]["parentTransactionUuid"] = json!(null);
            answer["orderDetails"]["orderId"] = json!("CMD-2");
        },
    ];
    for (at, change) in of_refund.iter().enumerate() {
        let effect = effect(Verb::Refund, "Transaction/Refund", change);
        assert!(is_uncertain(&effect), "{at}: {effect:?}");
    }
    let unchanged = |answer: &mut Value| answer["detailedStatus"] = json!("AUTHORISED_TO_VALIDATE");
    assert!(is_uncertain(&effect(Verb::Capture, "Transaction/Validate", unchanged)));
    assert!(is_uncertain(&effect(Verb::Cancel, "Transaction/Cancel", unchanged)));
}

#[test]
fn a_refund_may_wait_and_may_be_declined() {
    for status in ["AUTHORISED", "CAPTURED", "REFUND_TO_RETRY", "UNDER_VERIFICATION", "NEW_WORD"] {
        let set = |answer: &mut Value| answer["detailedStatus"] = json!(status);
        let effect = effect(Verb::Refund, "Transaction/Refund", set);
        assert_eq!(effect, Effect::Taken { psp_id: Some(CHILD.to_owned()) }, "{status}");
    }
    let declined = |answer: &mut Value| {
        answer["detailedStatus"] = json!("REFUSED");
        answer["status"] = json!("UNPAID");
        answer["errorCode"] = json!("ACQ_001");
        answer["detailedErrorCode"] = json!("51");
        answer["errorMessage"] = json!("Jeanne Martin");
    };
    let why = "the bank or the provider declined it (REFUSED, ACQ_001, 51)".to_owned();
    let effect = effect(Verb::Refund, "Transaction/Refund", declined);
    assert_eq!(effect, Effect::Refused { why });
}

#[test]
fn a_refund_without_a_parent_is_known_by_its_order() {
    let orphan =
        |answer: &mut Value| answer["transactionDetails"]["parentTransactionUuid"] = json!(null);
    let effect = effect(Verb::Refund, "Transaction/Refund", orphan);
    assert_eq!(effect, Effect::Taken { psp_id: Some(CHILD.to_owned()) });
}

#[test]
fn what_cannot_be_asked_for_is_not_sent() {
    for (verb, _) in SERVICES {
        let mut by_slot = action(verb, 500);
        by_slot.target = "20261122-abc123-1".to_owned();
        let mut part = action(verb, 500);
        part.whole = false;
        let nothing = action(verb, 0);
        let impossible = if verb == Verb::Refund { nothing } else { part };
        for action in [by_slot, impossible] {
            let talk = credentials().act(&account(), &action).unwrap();
            let (effect, log) = hold(talk, |_| panic!("sent"));
            assert!(matches!(effect, Effect::Refused { .. }), "{effect:?}");
            assert!(log.calls.is_empty());
        }
    }
}
