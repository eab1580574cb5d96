//! Whatever is signed is read, and nothing in it makes the core panic.

use quittance_psp::PROVIDERS;
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::crypto::Secret;
use quittance_core::{Order, Reading};
use quittance_psp::lyra::{self, Algorithm};
use quittance_testing::json::{hostile_values, places, with};
use quittance_testing::lyra::{Form, Share, answer as lyra_answer};
use quittance_testing::worldline::{Payment, refund};
use quittance_testing::{FORM_KEY, REST_PASSWORD, rest_body, url_encode};
use serde_json::Value;

use super::{UUIDS, config};
use quittance_testing::read::{
    POLICIES, read_lyra, read_worldline, read_worldline_bound, receipt, reread,
};

/// Everything that is done with a reading.
fn use_up(reading: Reading) {
    let Reading::Order(statement) = reading else {
        return;
    };
    for policy in POLICIES {
        let mut order = Order::new(statement.key.clone());
        order.take(&statement, &receipt(0), policy).unwrap();
        let _ = order.headline(policy).say(PROVIDERS);
        let view = order.view(policy, receipt(1_000_000).received_at, PROVIDERS);
        let _ = serde_json::to_string(&view).unwrap();
        let _ = order.unsent_messages(policy, receipt(0).received_at);
        assert_eq!(reread(&order), order);
    }
}

/// `bytes` with a stretch replaced.
fn mutated(bytes: &[u8], at: &Index, cut: usize, insert: &[u8]) -> Vec<u8> {
    let at = at.index(bytes.len() + 1);
    let end = (at + cut).min(bytes.len());
    [&bytes[..at], insert, &bytes[end..]].concat()
}

/// Values that have broken parsers before.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[0-9]{0,30}",
        "[-+0-9.eE]{0,8}",
        "[A-Z_]{0,20}(:[a-z]{0,6}=[0-9]{0,13};?){0,3}",
        "\\PC{0,300}",
        select(vec![
            "MULTI",
            "SINGLE",
            "MULTI:",
            "MULTI:first=",
            "MULTI_EXT:=;=",
            "0",
            "{}",
            "[]",
            "null",
            "{\"transactions\":[{}]}",
            "{\"transactions\":null,\"transaction\":[]}",
            "é\u{0}\u{202e}",
            "999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "20261122100000",
        ])
        .prop_map(str::to_owned),
    ]
}

#[test]
fn every_place_of_a_message_takes_every_hostile_value() {
    let payment = Payment::new("CMD-1", "3254564310_0", 5412, 9, 10_000).surcharge(20).json();
    let refund = refund("CMD-1", "3254564310_2", 8, 100);
    let shares =
        [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, "CAPTURED")];
    let answer = lyra_answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares);
    let event = |event: Value| read_worldline(&event.to_string());
    let signed = |answer: Value| vec![read_lyra(&rest_body(REST_PASSWORD, &answer.to_string()))];
    for message in [payment, refund] {
        hostile(&message).flat_map(event).for_each(use_up);
    }
    hostile(&answer).flat_map(signed).for_each(use_up);
}

/// The message with each hostile value at each place.
fn hostile(message: &Value) -> impl Iterator<Item = Value> {
    let at = move |place: String| {
        let values = hostile_values().into_iter();
        values.map(move |value| with(message, &place, value))
    };
    places(message).into_iter().flat_map(at)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_signed_event_is_read(body in vec(any::<u8>(), 0..300)) {
        read_worldline_bound(&body, None).into_iter().for_each(use_up);
    }

    #[test]
    fn any_damaged_event_is_read(
        code in select(vec![9_u64, 5, 83]), refunded in any::<bool>(), at in any::<Index>(),
        cut in 0..12_usize, insert in nasty(),
    ) {
        let body = if refunded {
            refund("CMD-1", "3254564310_2", 8, 100).to_string()
        } else {
            Payment::new("CMD-1", "3254564310_0", 5412, code, 10_000).body()
        };
        let body = mutated(body.as_bytes(), &at, cut, insert.as_bytes());
        read_worldline_bound(&body, Some("DemoMerchant")).into_iter().for_each(use_up);
    }

    #[test]
    fn any_event_with_other_values_is_read(
        path in select(vec![
            "/apiVersion", "/merchantId", "/type", "/payment/id", "/payment/status",
            "/payment/statusOutput/statusCode", "/payment/statusOutput/statusCategory",
            "/payment/paymentOutput/amountOfMoney/amount", "/payment/paymentOutput/references",
            "/payment/paymentOutput/acquiredAmount/amount", "/payment/paymentOutput/paymentMethod",
            "/payment/paymentOutput/acquiredAmount/currencyCode", "/payment/paymentOutput",
            "/payment/paymentOutput/references/merchantReference",
            "/payment/paymentOutput/redirectPaymentMethodSpecificOutput/paymentProductId",
        ]),
        value in nasty(),
    ) {
        let mut event = Payment::new("CMD-1", "3254564310_0", 5412, 9, 10_000).json();
        let as_json = serde_json::from_str(&value).unwrap_or(Value::String(value));
        *event.pointer_mut(path).unwrap() = as_json;
        read_worldline(&event.to_string()).into_iter().for_each(use_up);
    }

    #[test]
    fn any_form_with_other_values_is_read(
        cascade in any::<bool>(), changes in vec((any::<Index>(), nasty()), 1..4),
    ) {
        let mut form = if cascade {
            let shares = [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, "CAPTURED")];
            Form::cascade("CMD-1", "abc123", 10_000, "CAPTURED", &shares)
        } else {
            Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        };
        let fixed = ["vads_site_id", "vads_ctx_mode", "vads_hash"];
        for (at, value) in &changes {
            let fields = form.fields();
            let name = fields[at.index(fields.len())].0.to_owned();
            if !fixed.contains(&name.as_str()) {
                form = form.with(&name, value);
            }
        }
        use_up(read_lyra(&form.body()));
    }

    #[test]
    fn any_signed_bytes_of_a_form_are_read(
        values in vec((select(vec![
            "vads_amount", "vads_card_brand", "vads_currency", "vads_order_id", "vads_payment_seq",
            "vads_sequence_number", "vads_trans_date", "vads_trans_id", "vads_trans_status",
            "vads_trans_uuid", "vads_url_check_src", "vads_payment_config",
        ]), vec(any::<u8>(), 0..12)), 0..4),
    ) {
        let mut form = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
        let mut bytes = BTreeMap::new();
        for (name, value) in &values {
            form = form.without(name);
            bytes.insert(*name, value);
        }
        let mut body: String = form.fields().iter().map(|(n, v)| format!("{n}={}&", url_encode(v))).collect();
        for (name, value) in bytes {
            let encoded: String = value.iter().map(|byte| format!("%{byte:02X}")).collect();
            body += &format!("{name}={encoded}&");
        }
        // The independent signer takes text only.
        let unsigned = lyra::Form::parse(body.as_bytes()).unwrap();
        let key = Secret::new(FORM_KEY).unwrap();
        let signature = lyra::form_signature(&key, &unsigned, Algorithm::HmacSha256);
        use_up(read_lyra(&format!("{body}signature={}", url_encode(&signature))));
    }

    #[test]
    fn any_answer_is_read(answer in nasty()) {
        use_up(read_lyra(&rest_body(REST_PASSWORD, &answer)));
    }

    #[test]
    fn any_damaged_answer_is_read(at in any::<Index>(), cut in 0..12_usize, insert in nasty()) {
        let shares = [Share(UUIDS[0], "CVCO", 6_000, "CAPTURED"), Share(UUIDS[1], "CB", 4_000, "CAPTURED")];
        let answer = lyra_answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares).to_string();
        let answer = mutated(answer.as_bytes(), &at, cut, insert.as_bytes());
        use_up(read_lyra(&rest_body(REST_PASSWORD, &String::from_utf8_lossy(&answer))));
    }
}
