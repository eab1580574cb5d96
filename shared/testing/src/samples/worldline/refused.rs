//! Not believed, not understood, not about an order, or not what the endpoint is for.

use serde_json::{Value, json};

use super::super::expected::{answered, quarantined, refused, stored, untracked};
use super::{Case, Delivery, card, case, paid, sent};
use crate::worldline::envelope;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = unbelieved();
    cases.extend(unreadable());
    cases.extend(other_events());
    cases.extend(other_requests());
    cases
}

fn unbelieved() -> Vec<Case> {
    vec![
        case(
            "60-forged",
            "The status was changed to CAPTURED after signing.",
            sent(&card("CMD-1060", "3254561060_0", 2)).altered("REJECTED", "CAPTURED"),
            refused(),
        ),
        case(
            "61-unknown-key-id",
            "The header names a key that nobody holds.",
            sent(&card("CMD-1061", "3254561061_0", 9)).with_header("x-gcs-keyid", "other-key"),
            refused(),
        ),
        case(
            "62-missing-signature",
            "No signature at all.",
            sent(&card("CMD-1062", "3254561062_0", 9)).without_header("x-gcs-signature"),
            refused(),
        ),
    ]
}

fn unreadable() -> Vec<Case> {
    let mut version_2 = card("CMD-1064", "3254561064_0", 9).json();
    version_2["apiVersion"] = json!("v2");
    vec![
        case(
            "63-not-json",
            "Genuinely signed, but the JSON ends too early: kept for a person to look at.",
            Delivery::worldline_text(r#"{"apiVersion":"v1","type":"payment.captured","#.to_owned()),
            quarantined(),
        ),
        case(
            "64-api-version-2",
            "A version of the format that nobody has described.",
            Delivery::worldline(&version_2),
            quarantined(),
        ),
        case(
            "65-unknown-currency",
            "An amount in a currency that does not exist cannot be read.",
            sent(&card("CMD-1065", "3254561065_0", 9).currency("ZZZ")),
            quarantined(),
        ),
    ]
}

fn other_events() -> Vec<Case> {
    let token = || envelope("token.created", "token", json!({"id": "demo-token"}));
    let mut test = card("", "9999_9", 9);
    test.kind = "payment.test".to_owned();
    vec![
        case(
            "66-payment-test",
            "The portal's test button: acknowledged, and no payment.",
            sent(&test),
            untracked(),
        ),
        case(
            "67-token-created",
            "A stored card is no order.",
            Delivery::worldline(&token()),
            untracked(),
        ),
        case(
            "68-array-with-one-event",
            "The documentation shows the event inside an array.",
            Delivery::worldline(&Value::Array(vec![card("CMD-1068", "3254561068_0", 9).json()])),
            stored("CMD-1068 captured 120.00 EUR", paid("CMD-1068", "3254561068")),
        ),
        case(
            "69-array-with-two-events",
            "Each element of an array stands for itself: a token and a payment.",
            Delivery::worldline(&Value::Array(vec![
                token(),
                card("CMD-1069", "3254561069_0", 9).json(),
            ])),
            stored("CMD-1069 captured 120.00 EUR", paid("CMD-1069", "3254561069")),
        ),
    ]
}

fn other_requests() -> Vec<Case> {
    const HEADER: &str = "x-gcs-webhooks-endpoint-verification";
    const CHALLENGE: &str = "sample-verification-0070";
    vec![
        case(
            "70-endpoint-verification",
            "The platform asks whether the endpoint is ours: the header's value is the answer.",
            Delivery::endpoint_verification().with_header(HEADER, CHALLENGE),
            answered(200, CHALLENGE),
        ),
        case(
            "71-endpoint-verification-without-header",
            "The same request without its header.",
            Delivery::endpoint_verification(),
            answered(400, ""),
        ),
        case(
            "72-wrong-media-type",
            "An event sent as plain text is not looked at.",
            sent(&card("CMD-1072", "3254561072_0", 9)).with_header("content-type", "text/plain"),
            answered(415, ""),
        ),
        case(
            "73-wrong-method",
            "Only POST brings events.",
            sent(&card("CMD-1073", "3254561073_0", 9)).with_method("PUT"),
            answered(405, ""),
        ),
    ]
}
