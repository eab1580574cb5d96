//! What each failure of a call means: the whole table, for reads and for writes. (worldline.md 12)

use quittance_core::api::{Asked, Effect, Exchange, TroubleKind, Verb};
use serde_json::{Value, json};

use super::talk::{
    PAYMENT, Platform, account, acted, action, answered, api, order, registered, talk,
};

/// What a write comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Refused,
    Nothing(TroubleKind),
    Failed(TroubleKind),
    Uncertain(TroubleKind),
}

use TroubleKind::{Credentials, Garbled, Unreachable};

fn error(status: u16, error: &Value) -> Exchange {
    answered(status, &json!({"errorId": "x", "errors": [error]}))
}

fn raw(status: u16, body: &str) -> Exchange {
    Exchange::Answered { status, body: body.as_bytes().to_vec() }
}

/// A failure: its name, the exchange, what a write comes to and how often it is sent, and the same of a read.
type Row = (&'static str, Exchange, Written, usize, Option<TroubleKind>, usize);

/// Each failure that lasts: what a write comes to, how often it is sent, and what a read comes to (`None`: it is
/// taken for a thing that is not there).
fn table() -> Vec<Row> {
    let payment = "PAYMENT_PLATFORM_ERROR";
    let running = json!({"id": "DUPLICATE_REQUEST_IN_PROGRESS", "errorCode": "50001409"});
    use Written::{Failed, Nothing, Refused, Uncertain};
    vec![
        ("not sent", Exchange::Unsent, Nothing(Unreachable), 4, Some(Unreachable), 3),
        ("lost", Exchange::Lost, Uncertain(Unreachable), 4, Some(Unreachable), 3),
        ("bad", error(400, &json!({"id": "INVALID_VALUE"})), Refused, 1, Some(Garbled), 1),
        ("unauthorised", error(401, &json!({})), Failed(Credentials), 1, Some(Credentials), 1),
        ("declined", error(402, &json!({"category": payment})), Refused, 1, Some(Garbled), 1),
        (
            "forbidden",
            error(403, &json!({"code": "9007"})),
            Failed(Credentials),
            1,
            Some(Credentials),
            1,
        ),
        ("forbidden by the edge", raw(403, "<html>"), Failed(Credentials), 1, Some(Credentials), 1),
        (
            "forbidden payment",
            error(403, &json!({"category": payment})),
            Refused,
            1,
            Some(Garbled),
            1,
        ),
        ("unknown", error(404, &json!({"id": "UNKNOWN_PAYMENT_ID"})), Refused, 1, None, 1),
        (
            "unknown, in other words",
            error(404, &json!({"httpStatusCode": 500})),
            Refused,
            1,
            None,
            1,
        ),
        ("gone", raw(410, ""), Refused, 1, None, 1),
        ("closed", error(409, &json!({"id": "PAYMENT_CLOSED"})), Refused, 1, Some(Garbled), 1),
        ("running", error(409, &running), Uncertain(Unreachable), 4, Some(Unreachable), 3),
        (
            "running, by number",
            error(409, &json!({"errorCode": 1409, "retriable": true})),
            Uncertain(Unreachable),
            4,
            Some(Unreachable),
            3,
        ),
        ("unprocessable", raw(422, "{}"), Refused, 1, Some(Garbled), 1),
        (
            "technical",
            error(400, &json!({"retriable": true})),
            Failed(Unreachable),
            1,
            Some(Unreachable),
            3,
        ),
        ("busy", raw(429, ""), Nothing(Unreachable), 4, Some(Unreachable), 3),
        ("late", raw(408, ""), Uncertain(Unreachable), 4, Some(Unreachable), 3),
        ("broken", error(500, &json!({})), Uncertain(Unreachable), 4, Some(Unreachable), 3),
        (
            "broken, to be tried again",
            error(502, &json!({"retriable": true})),
            Uncertain(Unreachable),
            4,
            Some(Unreachable),
            3,
        ),
        ("down", raw(503, "<html><body>503"), Uncertain(Unreachable), 4, Some(Unreachable), 3),
        ("elsewhere", raw(302, ""), Uncertain(Unreachable), 4, Some(Unreachable), 3),
        ("not understood", raw(200, "<html>"), Uncertain(Garbled), 4, Some(Garbled), 3),
        (
            "cut short",
            raw(201, "{\"id\": \"3254564310_1\", "),
            Uncertain(Garbled),
            4,
            Some(Garbled),
            3,
        ),
        ("nothing", raw(200, ""), Uncertain(Garbled), 4, Some(Garbled), 3),
    ]
}

fn written(effect: &Effect) -> Option<Written> {
    match effect {
        Effect::Taken { .. } => None,
        Effect::Refused { .. } => Some(Written::Refused),
        Effect::Nothing(trouble) => Some(Written::Nothing(trouble.kind)),
        Effect::Failed(trouble) => Some(Written::Failed(trouble.kind)),
        Effect::Uncertain(trouble) => Some(Written::Uncertain(trouble.kind)),
    }
}

#[test]
fn each_failure_of_a_write_has_its_effect_under_one_key() {
    for (name, exchange, expected, sent, ..) in table() {
        for verb in [Verb::Refund, Verb::Cancel, Verb::Capture] {
            let said = acted(&action(verb), std::slice::from_ref(&exchange));
            assert_eq!(written(&said.end), Some(expected), "{name} {verb:?}: {:?}", said.end);
            assert_eq!((said.calls.len(), said.pauses.len()), (sent, sent - 1), "{name}");
            let header = |call: &quittance_core::api::Call, wanted: &str| {
                call.headers.iter().find(|(name, _)| *name == wanted).unwrap().1.clone()
            };
            let first = &said.calls[0];
            for call in &said.calls[1..] {
                let key = "x-gcs-idempotence-key";
                assert_eq!(header(call, key), header(first, key), "{name}: the same write");
                assert_eq!((&call.body, &call.url), (&first.body, &first.url));
                assert_ne!(
                    header(call, "authorization"),
                    header(first, "authorization"),
                    "{name}: signed anew"
                );
            }
        }
    }
}

/// Once it may have been done, no failure says that it was not; a success does say that it was.
#[test]
fn a_doubt_about_a_write_stays() {
    let done = answered(
        201,
        &json!({"id": "3254564310_1", "status": "REFUND_REQUESTED", "statusOutput": {"statusCode": 81}}),
    );
    for doubtful in [Exchange::Lost, raw(502, ""), raw(200, "<html>")] {
        for (name, exchange, ..) in table() {
            let said = acted(&action(Verb::Refund), &[doubtful.clone(), exchange]);
            assert!(matches!(said.end, Effect::Uncertain(_)), "{name}: {:?}", said.end);
        }
        let said = acted(&action(Verb::Refund), &[doubtful, done.clone()]);
        assert_eq!(said.end, Effect::Taken { psp_id: Some("3254564310_1".to_owned()) });
    }
    for harmless in [Exchange::Unsent, raw(429, "")] {
        let said = acted(&action(Verb::Refund), &[harmless.clone(), raw(400, "")]);
        assert!(matches!(said.end, Effect::Refused { .. }), "{:?}", said.end);
        let said = acted(&action(Verb::Refund), &[harmless, done.clone()]);
        assert!(matches!(said.end, Effect::Taken { .. }));
    }
}

#[test]
fn each_failure_of_a_read_states_nothing() {
    for (name, exchange, _, _, expected, sent) in table() {
        let path = format!("payments/{PAYMENT}_0/details");
        let platform = Platform::default().failing(path, exchange.clone());
        let order = registered("CMD-1", 14_000);
        let said = platform.ask(&order, &[PAYMENT]);
        let failed = match &said.end {
            Asked::Failed(trouble) => Some(trouble.kind),
            Asked::Unknown => None,
            Asked::Told(answer) => panic!("{name}: {answer:?}"),
        };
        assert_eq!(failed, expected, "{name}");
        // The session is asked for before.
        assert_eq!((said.calls.len(), said.pauses.len()), (sent + 1, sent - 1), "{name}");
        let tested = talk(api().test(&account()).unwrap(), |_| exchange.clone()).end;
        assert_eq!(tested.unwrap_err().kind, expected.unwrap_or(Credentials), "{name}");
    }
    let platform =
        Platform::default().failing(format!("hostedcheckouts/{PAYMENT}"), Exchange::Lost);
    assert!(matches!(platform.ask(&order("CMD-1"), &[PAYMENT]).end, Asked::Failed(_)));
}

/// One failure, and then what was asked for.
#[test]
fn a_read_goes_on_after_a_failure() {
    for (name, exchange, _, _, _, sent) in table() {
        let mut first = Some(exchange);
        let said = talk(api().test(&account()).unwrap(), |_| {
            first.take().unwrap_or_else(|| answered(200, &json!({"result": "OK"})))
        });
        assert_eq!(said.end.is_ok(), sent > 1, "{name}");
    }
}

#[test]
fn reasons_have_the_codes_of_the_platform_and_no_sentence_of_its_own() {
    let told = json!({
        "errorCode": "50001127", "id": "ACTION_NOT_ALLOWED_ON_TRANSACTION",
        "message": "Jane Doe, 4111111111111111",
    });
    let said = acted(&action(Verb::Refund), &[error(400, &told)]);
    let Effect::Refused { why } = said.end else { panic!("{:?}", said.end) };
    assert_eq!(why, "RefundPayment answered 400 50001127 ACTION_NOT_ALLOWED_ON_TRANSACTION");
    let long = json!({"errorCode": "Jane Doe", "id": "X".repeat(10_000)});
    let Effect::Refused { why } = acted(&action(Verb::Refund), &[error(400, &long)]).end else {
        panic!()
    };
    assert!(why.len() < 120 && !why.contains("Jane"), "{why}");
    let old = json!({"code": "9007", "id": "ACCESS_TO_MERCHANT_NOT_ALLOWED"});
    let Effect::Failed(trouble) = acted(&action(Verb::Refund), &[error(403, &old)]).end else {
        panic!()
    };
    assert!(trouble.why.ends_with("403 9007 ACCESS_TO_MERCHANT_NOT_ALLOWED"), "{trouble}");
}
