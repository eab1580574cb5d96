//! Messages as Octroi would send them.

use quittance_core::provider::Outgoing;
use quittance_core::{Keys, Provider, Timestamp};
use serde_json::{Value, json};

use super::Octroi;
use super::profile::TIME_HEADER;

/// When the samples are signed.
pub(crate) const SIGNED_AT: i64 = 1_795_341_600;

/// An element about a payment of 120.00 EUR.
pub(crate) fn payment(payment: &str, order: &str, status: &str) -> Value {
    json!({
        "merchant": "SHOP-1", "payment": payment, "order": order, "amount": 12_000,
        "currency": "EUR", "status": status, "method": "token coin",
    })
}

/// An element that only says that something happened.
pub(crate) fn bare(payment: &str) -> Value {
    json!({"merchant": "SHOP-1", "payment": payment})
}

/// A batch, signed with the demo key.
pub(crate) fn batch(elements: &[Value]) -> Outgoing {
    let headers = vec![(TIME_HEADER.to_owned(), SIGNED_AT.to_string())];
    let mut message = Outgoing { headers, body: json!(elements).to_string().into_bytes() };
    let keys = Octroi.keys(Octroi.profile().demo_keys).expect("the demo's keys");
    Keys::sign(&*keys, &mut message).expect("the demo's merchant");
    message
}

/// Every kind of message.
pub(crate) fn all() -> Vec<(&'static str, Outgoing)> {
    vec![
        ("paid", batch(&[payment("p1", "CMD-1", "PAID")])),
        ("without reference", batch(&[payment("p1", "", "RESERVED")])),
        ("two", batch(&[payment("p1", "CMD-1", "DENIED"), payment("p2", "A:B", "PAID")])),
        ("given back", batch(&[payment("p1", "CMD-1", "RETURNED")])),
        ("news and a hint", batch(&[payment("p1", "CMD-1", "OPEN"), bare("p2")])),
    ]
}

/// When a sample arrives.
pub(crate) fn arrival() -> Timestamp {
    Timestamp::from_unix(SIGNED_AT + 2).expect("a time")
}
