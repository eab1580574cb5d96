//! Worldline events: arrays, versions, and what is not tracked.

use std::collections::BTreeSet;

use quittance_core::Reading;
use quittance_testing::worldline::{Payment, envelope};
use serde_json::{Value, json};

use super::story::{VISA, unreadable, wl};
use quittance_testing::read::{read_worldline, read_worldline_bound, statement};

#[test]
fn an_array_of_a_hundred_events_is_read_whole() {
    let event = |n: u64| Payment::new(&format!("CMD-{n}"), &format!("{n}_0"), VISA, 9, 500).json();
    let events: Vec<Value> = (1_000..1_100).map(event).collect();
    let readings = read_worldline(&json!(events).to_string());
    let orders: BTreeSet<String> =
        readings.into_iter().map(|reading| statement(reading).key.order).collect();
    assert_eq!(orders.len(), 100);
}

#[test]
fn each_event_of_an_array_stands_for_itself() {
    let other = Payment::new("CMD-2", "3254564399_0", VISA, 2, 500).json();
    let test = envelope("payment.test", "payment", json!({"id": "9999_9"}));
    let events = json!([wl("3254564310_0", VISA, 9).json(), {"apiVersion": "v1"}, test, other]);
    let readings = read_worldline(&format!(" \n{events}"));
    let [
        Reading::Order(first),
        Reading::Unreadable(_),
        Reading::Untracked { about },
        Reading::Order(last),
    ] = &readings[..]
    else {
        panic!("{readings:?}")
    };
    assert_eq!((first.key.order.as_str(), last.key.order.as_str()), ("CMD-1", "CMD-2"));
    assert_eq!(about, "payment.test");
}

#[test]
fn what_is_not_about_a_payment_is_untracked() {
    for (kind, object) in
        [("payout.paid", "payout"), ("token.created", "token"), ("paymentlink.paid", "paymentLink")]
    {
        let readings = read_worldline(&envelope(kind, object, json!({"id": "1"})).to_string());
        assert!(matches!(&readings[..], [Reading::Untracked { about }] if about == kind));
    }
}

#[test]
fn another_version_or_merchant_is_quarantined() {
    let body = wl("3254564310_0", VISA, 9).body();
    assert!(unreadable(&read_worldline(&body.replace("\"v1\"", "\"v2\""))).contains("apiVersion"));
    let bound = |merchant| read_worldline_bound(body.as_bytes(), Some(merchant));
    assert!(unreadable(&bound("Someone")).contains("merchantId"));
    assert!(matches!(bound("DemoMerchant")[..], [Reading::Order(_)]));
}
