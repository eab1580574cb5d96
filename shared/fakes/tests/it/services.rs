//! Lyra's web services by themselves: what each state lets be done, and what each call says.

use quittance_core::api::{Call, Exchange, Method};
use serde_json::{Value, json};

use super::world::{Psp, TOTAL, World};

/// `12345678:testpassword_demo`.
const LOGIN: &str = "Basic MTIzNDU2Nzg6dGVzdHBhc3N3b3JkX2RlbW8=";

/// What a service answers: its answer, or the code of its error.
fn asked(world: &mut World, service: &'static str, body: &Value) -> Result<Value, String> {
    let call = Call {
        name: service,
        method: Method::Post,
        url: format!("http://127.0.0.1:9010/api-payment/V4/{service}"),
        headers: vec![("authorization", LOGIN.to_owned())],
        body: body.to_string().into_bytes(),
    };
    let Exchange::Answered { status: 200, body } = world.send(&call) else { panic!("HTTP") };
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    let answer = envelope["answer"].clone();
    match envelope["status"].as_str() {
        Some("SUCCESS") => Ok(answer),
        _ => Err(answer["errorCode"].as_str().unwrap().to_owned()),
    }
}

/// A card payment in a state, and its uuid.
fn in_state(state: &str) -> (World, String) {
    let mut world = World::with(Psp::Lyra, &json!({"attempts": 1}));
    let checkout = world.open_for(TOTAL, false, state == "AUTHORISED_TO_VALIDATE");
    world.pay(&checkout, None, Some(if state == "REFUSED" { "refuse" } else { "accept" }));
    let order = asked(&mut world, "Order/Get", &json!({"orderId": "CMD-1"})).unwrap();
    let uuid = order["transactions"][0]["uuid"].as_str().unwrap().to_owned();
    match state {
        "CAPTURED" | "REFUNDED" => world.batch(),
        "CANCELLED" => {
            asked(&mut world, "Transaction/Cancel", &json!({ "uuid": uuid })).unwrap();
        }
        _ => {}
    }
    if state == "REFUNDED" {
        asked(&mut world, "Transaction/Refund", &json!({"uuid": uuid, "amount": TOTAL})).unwrap();
    }
    (world, uuid)
}

#[test]
fn each_state_lets_be_done_what_the_table_says() {
    // Cancel, Refund, CancelOrRefund AUTO, Validate, Update: the status afterwards, or the error.
    for (state, expected) in [
        (
            "AUTHORISED_TO_VALIDATE",
            ["CANCELLED", "PSP_076", "CANCELLED", "AUTHORISED", "AUTHORISED_TO_VALIDATE"],
        ),
        ("AUTHORISED", ["CANCELLED", "PSP_076", "CANCELLED", "PSP_503", "AUTHORISED"]),
        ("CAPTURED", ["PSP_075", "AUTHORISED", "AUTHORISED", "PSP_503", "PSP_011"]),
        ("CANCELLED", ["PSP_105", "PSP_083", "PSP_105", "PSP_011", "PSP_011"]),
        ("REFUSED", ["PSP_011", "PSP_083", "PSP_083", "PSP_011", "PSP_011"]),
        ("REFUNDED", ["PSP_075", "PSP_104", "PSP_104", "PSP_503", "PSP_011"]),
    ] {
        let services = [
            "Transaction/Cancel",
            "Transaction/Refund",
            "Transaction/CancelOrRefund",
            "Transaction/Validate",
            "Transaction/Update",
        ];
        for (service, expected) in services.into_iter().zip(expected) {
            let (mut world, uuid) = in_state(state);
            let body = json!({"uuid": uuid, "amount": 5_000, "currency": "EUR",
                "cardUpdate": {"amount": 5_000}});
            let came = match asked(&mut world, service, &body) {
                Ok(answer) => answer["detailedStatus"].as_str().unwrap().to_owned(),
                Err(code) => code,
            };
            assert_eq!(came, expected, "{service} of {state}");
        }
    }
}

#[test]
fn a_refund_is_a_transaction_of_its_own_and_makes_another_each_time() {
    let (mut world, uuid) = in_state("CAPTURED");
    let body = json!({"uuid": uuid, "amount": "5000", "currency": "EUR"});
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = asked(&mut world, "Transaction/Refund", &body).unwrap();
        assert_eq!(answer["operationType"], "CREDIT");
        assert_eq!(answer["transactionDetails"]["parentTransactionUuid"], uuid);
        made.push(answer["uuid"].clone());
    }
    assert_ne!(made[0], made[1]);
    let over = json!({"uuid": uuid, "amount": 4_001, "currency": "EUR"});
    assert_eq!(asked(&mut world, "Transaction/Refund", &over), Err("PSP_511".to_owned()));
    assert_eq!(asked(&mut world, "Transaction/Refund", &body), Err("PSP_511".to_owned()));
    let parent = asked(&mut world, "Transaction/Get", &json!({ "uuid": uuid })).unwrap();
    let back = &parent["transactionDetails"]["cardDetails"]["captureResponse"]["refundAmount"];
    assert_eq!(*back, json!(10_000));
    let credits = json!({"orderId": "CMD-1", "operationType": "CREDIT"});
    let order = asked(&mut world, "Order/Get", &credits).unwrap();
    assert_eq!(order["transactions"].as_array().unwrap().len(), 2);
}

#[test]
fn vouchers_go_back_whole_or_not_at_all() {
    let mut world = World::new(Psp::Lyra);
    let checkout = world.open();
    world.pay(&checkout, Some(TOTAL), None);
    let order = asked(&mut world, "Order/Get", &json!({"orderId": "CMD-1"})).unwrap();
    let uuid = order["transactions"][0]["uuid"].clone();
    world.control("settings", &json!({"partial_voucher_refund_code": "PSP_777"}));
    let part = json!({"uuid": uuid, "amount": TOTAL - 1, "resolutionMode": "REFUND_ONLY"});
    let refused = asked(&mut world, "Transaction/CancelOrRefund", &part);
    assert_eq!(refused, Err("PSP_777".to_owned()));
    let whole = json!({"uuid": uuid, "resolutionMode": "REFUND_ONLY"});
    assert!(asked(&mut world, "Transaction/CancelOrRefund", &whole).is_ok());
}

#[test]
fn an_order_lists_all_tries_in_no_promised_order_and_at_most_thirty() {
    let mut world = World::with(Psp::Lyra, &json!({"attempts": 100}));
    let order = json!({"orderId": "CMD-1"});
    let checkout = world.open();
    assert_eq!(asked(&mut world, "Order/Get", &order), Err("PSP_010".to_owned()));
    world.pay(&checkout, Some(6_000), None);
    let mut was_shuffled = false;
    for tries in 2..=30_usize {
        world.pay(&checkout, None, Some("refuse"));
        let told = asked(&mut world, "Order/Get", &order).unwrap();
        assert_eq!(
            (&told["orderCycle"], &told["orderStatus"]),
            (&json!("OPEN"), &json!("PARTIALLY_PAID"))
        );
        let numbers: Vec<u64> = told["transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["transactionDetails"]["sequenceNumber"].as_u64().unwrap())
            .collect();
        was_shuffled |= !numbers.is_sorted();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=tries as u64).collect::<Vec<_>>());
    }
    assert!(was_shuffled);
    world.pay(&checkout, None, Some("accept"));
    assert_eq!(asked(&mut world, "Order/Get", &order), Err("PSP_015".to_owned()));
    // What the client learns of an order of more than thirty it learns by the uuids that it knows.
    world.batch();
    world.ask();
    assert!(!world.is_released());
    world.deliver();
    world.ask();
    assert!(world.is_released(), "{:#?}", world.summary());
}

#[test]
fn what_is_unknown_is_said_to_be() {
    let mut world = World::new(Psp::Lyra);
    for (service, body, code) in [
        ("Transaction/Capture", json!({}), "INT_901"),
        ("Charge/Nothing", json!({}), "INT_901"),
        ("Order/Get", json!([]), "INT_902"),
        ("Order/Get", json!({}), "PSP_010"),
        ("Transaction/Get", json!({"uuid": "0"}), "PSP_010"),
        ("Transaction/Refund", json!({"uuid": "0"}), "PSP_010"),
        ("Charge/PaymentOrder/Get", json!({"paymentOrderId": "0"}), "PSP_010"),
        ("Charge/CreatePaymentOrder", json!({"amount": 0, "currency": "EUR"}), "INT_009"),
        ("Charge/CreatePayment", json!({"amount": 1}), "INT_009"),
    ] {
        assert_eq!(asked(&mut world, service, &body), Err(code.to_owned()), "{service} {body}");
    }
}

#[test]
fn an_update_answers_in_either_type() {
    for (setting, kind) in
        [("transaction", "V4/PaymentTransaction"), ("code", "V4/Common/ResponseCodeAnswer")]
    {
        let (mut world, uuid) = in_state("AUTHORISED");
        world.control("settings", &json!({ "update_answer": setting }));
        let body = json!({"uuid": uuid, "cardUpdate": {"amount": 5_000}});
        assert_eq!(asked(&mut world, "Transaction/Update", &body).unwrap()["_type"], kind);
        let told = asked(&mut world, "Transaction/Get", &json!({ "uuid": uuid })).unwrap();
        assert_eq!(told["amount"], 5_000);
    }
}
