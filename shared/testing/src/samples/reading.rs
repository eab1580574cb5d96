//! What the shop asks and says by itself, and what the table's stream sends.

use serde_json::{Value, json};

use super::delivery::Delivery;
use super::expected::answered;
use super::{Case, case};
use crate::SITE;

/// To be asked after `systempay/` has been played.
pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "01-one-order",
            "One order as JSON.",
            Delivery::get(&format!("/orders/systempay/{SITE}/test/CMD-2001")),
            answered(200, "CMD-2001"),
        ),
        case(
            "02-list-captured",
            "The first ten captured orders.",
            Delivery::get("/orders").with_query("state", "captured").with_query("limit", "10"),
            answered(200, "orders"),
        ),
        case(
            "03-unknown-order",
            "An order that nobody has heard of.",
            Delivery::get(&format!("/orders/systempay/{SITE}/test/CMD-0000")),
            answered(404, ""),
        ),
    ]
}

/// What the merchant says that an order costs. The order is in none of the other samples, so that these stay
/// as they are.
pub(super) fn registrations() -> Vec<Case> {
    let expected = |amount: u64| {
        let order = format!("systempay/{SITE}/test/CMD-9001");
        Delivery::expected(&json!({"order": order, "amount": amount, "currency": "EUR"}))
    };
    vec![
        case(
            "01-before-the-first-notification",
            "What an order costs, before anything else is known of it.",
            expected(12_000),
            answered(200, "\"expected\":12000"),
        ),
        case(
            "02-another-amount",
            "Another amount, while nothing was paid.",
            expected(11_000),
            answered(200, "\"expected\":11000"),
        ),
        case(
            "03-no-amount",
            "An order costs something.",
            expected(0),
            answered(400, "{\"error\":\"amount must be"),
        ),
    ]
}

/// One order has changed and has something to tell. Of its image dispatch reads nothing.
pub(super) fn stream_event() -> Value {
    let key = format!("systempay/{SITE}/test/CMD-2001");
    json!({"Records": [{
        "eventID": "00000000000000000000000000002001",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-3",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_341_600,
            "Keys": {"pk": {"S": key}},
            "NewImage": {
                "pk": {"S": key},
                "state": {"S": "captured#1"},
                "due": {"S": "1"},
                "due_at": {"S": "tell#2026-11-22T10:00:00Z#1f3a9c02"},
                "unsent_since": {"N": "1795341600000"},
                "version": {"N": "1"},
            },
            "SequenceNumber": "100000000000000000001",
            "SizeBytes": 140,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-3:000000000000:table/quittance/stream/2026-11-22T10:00:00.000",
    }]})
}

/// The schedule's rule calls.
pub(super) fn schedule_event() -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000001",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-22T10:01:00Z",
        "region": "eu-west-3",
        "resources": ["arn:aws:events:eu-west-3:000000000000:rule/quittance-reconcile"],
        "detail": {},
    })
}
