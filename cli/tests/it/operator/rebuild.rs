//! `rebuild`: the archive makes the orders that are stored (I8), and finds the one that it does not.

use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};
use serde_json::{Value, json};

use super::{ARCHIVE, ORDERS, delete, items, items_of, key, on, put, tamper, text};
use crate::support::{Stack, quittance, systempay_path, wait_for, worldline_path};

fn verify(stack: &Stack, status: i32) -> Value {
    on(stack, &["rebuild", "--verify", "--json"]).with(status).json()
}

fn verify_one(stack: &Stack, key: &str, status: i32) -> Value {
    on(stack, &["rebuild", "--verify", key, "--json"]).with(status).json()
}

/// The fields in which an order differs.
fn fields(report: &Value, key: &str) -> Vec<String> {
    let different = report["different"].as_array().expect("a list");
    let of_key = different.iter().filter(|different| different["key"] == key);
    let differences =
        of_key.flat_map(|different| different["differences"].as_array().expect("a list"));
    differences.map(|d| d["field"].as_str().expect("text").to_owned()).collect()
}

/// A stack that has played every sample.
pub(super) fn played() -> Stack {
    let mut command = quittance(&["--port", "0"]);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let stack = Stack::spawn(command);
    wait_for("all samples are played", || stack.output().contains("events played").then_some(()));
    stack
}

#[test]
fn every_sample_makes_the_stored_orders_again() {
    let stack = played();
    let report = verify(&stack, 0);
    assert_eq!((&report["different"], &report["incomplete"]), (&json!([]), &json!([])), "{report}");
    assert_eq!(report["skipped"], json!([]), "{report}");
    assert_eq!(report["identical"], stack.rows(ORDERS), "names of payments too");
    assert!(stack.rows(ORDERS) > 200);
    // And each by itself, with whatever its names lead to.
    for item in items(&stack, ORDERS).iter().step_by(7) {
        let key = item["pk"]["S"].as_str().expect("a key");
        let report = verify_one(&stack, key, 0);
        assert!(report["identical"].as_u64() >= Some(1), "{key}: {report}");
    }
}

/// A time before all that happens here.
const EARLIER: i64 = 1_795_341_600;

/// The order has none of its facts any more; its notifications still name them.
fn forget_facts(order: &mut Value) {
    for fact in order["facts"].as_array_mut().expect("a list") {
        for (_, parts) in fact.as_object_mut().expect("a fact") {
            parts[0] = Value::Null;
        }
    }
}

#[test]
fn whatever_is_tampered_with_is_named() {
    let stack = Stack::start();
    stack.worldline(&Payment::new("REBUILD-1", "3254940001_0", 130, 9, 500).body());
    let path = worldline_path("REBUILD-1");
    let key = key(&path);
    stack.sent_order(&path);
    stack.worldline(&refund("REBUILD-1", "3254940001_1", 8, 500).to_string());
    wait_for("the reversal is sent", || {
        stack.order(&path)["reversals"][0]["sent_at"].is_string().then_some(())
    });
    verify(&stack, 0);
    let genuine = items_of(&stack, ORDERS, &key).remove(0);
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 13] = [
        ("fact ", |order| order["facts"][0]["Share"][1]["amount"] = json!(501)),
        ("fact ", |order| order["facts"][0]["Share"][0] = json!("respellable")),
        ("received_at", |order| order["notifications"][0]["received_at"] = json!(EARLIER)),
        ("notification ", |order| {
            order["notifications"].as_array_mut().map(|list| list.remove(0));
        }),
        ("fulfilment id", |order| order["fulfilment"] = Value::Null),
        ("decided_at", |order| order["fulfilment"]["decided_at"] = json!(EARLIER)),
        ("reversal ", |order| order["reversals"][0]["amount"] = json!(1)),
        ("reversal ", |order| order["reversals"][0]["reason"] = json!("lost")),
        ("registered", |order| {
            let euro = text(order, "EUR");
            order["registered"] = json!([0, euro, EARLIER]);
        }),
        ("given back", |order| order["gone"] = json!([text(order, "3254940001_1")])),
        ("reserved", |order| order["reserved"] = json!([[text(order, "3254940001_0"), 500]])),
        ("name ", |order| order["aliases"] = json!([text(order, "tx:1")])),
        ("item", |order| *order = json!("no order")),
    ];
    for (field, change) in changes {
        tamper(&stack, &key, change);
        for report in [verify(&stack, 1), verify_one(&stack, &key, 1)] {
            let fields = fields(&report, &key);
            assert!(fields.iter().any(|found| found.contains(field)), "{field} in {report}");
        }
        put(&stack, ORDERS, &genuine);
    }
    // When it was sent and how often it was written is no part of it.
    tamper(&stack, &key, |order| order["fulfilment"]["sent_at"] = json!(EARLIER));
    verify(&stack, 0);
}

#[test]
fn a_lost_or_misled_item_is_named() {
    let stack = Stack::start();
    for (reference, id) in [("REBUILD-2", "rebu02"), ("REBUILD-3", "rebu03")] {
        stack.systempay(&Form::single(reference, id, "CB", 500, "CAPTURED").body());
        stack.sent_order(&systempay_path(reference));
    }
    let name = key(&systempay_path("tx:20261122-rebu02"));
    let mut item = items_of(&stack, ORDERS, &name).remove(0);
    item["joined"]["S"] = json!(key(&systempay_path("REBUILD-3")));
    put(&stack, ORDERS, &item);
    assert_eq!(fields(&verify(&stack, 1), &name), ["leads to"]);
    delete(&stack, ORDERS, &item);
    assert_eq!(fields(&verify(&stack, 1), &name), ["item"]);
    assert_eq!(fields(&verify_one(&stack, &key(&systempay_path("REBUILD-2")), 1), &name), ["item"]);
}

#[test]
fn what_the_archive_lacks_is_counted_by_why() {
    let stack = Stack::start();
    let form = Form::single("REBUILD-4", "rebu04", "CB", 500, "AUTHORISED");
    stack.systempay(&form.body());
    stack.systempay(&form.with("vads_trans_status", "CAPTURED").body());
    let path = systempay_path("REBUILD-4");
    let key = key(&path);
    stack.sent_order(&path);
    let kept = items_of(&stack, ARCHIVE, &key);
    delete(&stack, ARCHIVE, &kept[1]);
    for report in [verify(&stack, 1), verify_one(&stack, &key, 1)] {
        let of_key = |found: &&Value| found["key"] == key.as_str();
        let found = report["incomplete"].as_array().expect("a list").iter().find(of_key);
        let found = found.unwrap_or_else(|| panic!("{report}"));
        assert_eq!(
            (&found["listed"], &found["lost"], &found["expired"]),
            (&json!(2), &json!(1), &json!(0))
        );
        assert_eq!(report["different"], json!([]), "what it has agrees");
    }
    // Older than the retention it is no news.
    delete(&stack, ARCHIVE, &kept[0]);
    tamper(&stack, &key, |order| {
        for received in order["notifications"].as_array_mut().expect("a list") {
            received["received_at"] = json!(1_577_836_800);
        }
    });
    let report = verify(&stack, 0);
    assert_eq!(report["incomplete"][0]["expired"], 2, "{report}");
    // An order with a fact that the archive contradicts is different all the same.
    put(&stack, ARCHIVE, &kept[0]);
    tamper(&stack, &key, forget_facts);
    assert!(!fields(&verify(&stack, 1), &key).is_empty());
}

/// The PSP sends again what was archived but not stored; the order lists the second arrival.
#[test]
fn an_arrival_that_was_archived_and_not_stored_is_no_difference() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REBUILD-5", "rebu05", "CB", 500, "CAPTURED").body());
    let path = systempay_path("REBUILD-5");
    stack.sent_order(&path);
    let mut first = items_of(&stack, ARCHIVE, &key(&path)).remove(0);
    let digest = first["sha256"]["S"].as_str().expect("text").to_owned();
    first["sk"]["S"] = json!(format!("00000000000000000001/{digest}"));
    first["received_at"]["S"] = json!("2026-11-22T10:00:00Z");
    put(&stack, ARCHIVE, &first);
    verify(&stack, 0);
    verify_one(&stack, &key(&path), 0);
}

/// The first news of a refund may come under a reference of its own.
#[test]
fn one_order_is_rebuilt_with_what_was_kept_under_other_references() {
    let stack = Stack::start();
    stack.worldline(&refund("REBUILD-REFUND", "3254940006_1", 8, 200).to_string());
    stack.worldline(&Payment::new("REBUILD-6", "3254940006_0", 130, 9, 500).body());
    verify(&stack, 0);
    for reference in ["REBUILD-6", "REBUILD-REFUND", "tx:3254940006"] {
        let report = verify_one(&stack, &key(&worldline_path(reference)), 0);
        assert_eq!(report["identical"], 3, "{reference}: {report}");
    }
}

/// It was no more readable when it came.
#[test]
fn an_event_in_quarantine_does_not_make_those_beside_it_different() {
    let stack = Stack::start();
    let fine = Payment::new("REBUILD-9", "3254940009_0", 130, 9, 500).json();
    let mut unreadable = fine.clone();
    unreadable["apiVersion"] = json!("v2");
    stack.worldline(&json!([fine, unreadable]).to_string());
    assert_eq!(verify(&stack, 0)["identical"], 2, "the order and the name of its payment");
}

/// It never stores anything, and the word says so.
#[test]
fn rebuild_without_verify_is_refused() {
    let done = on(&Stack::shared(), &["rebuild"]).with(2);
    assert!(done.errors.contains("--verify"), "{}", done.errors);
}

/// An amount that the merchant registers is taken from the order, which knows the one that counts.
#[test]
fn what_was_registered_is_registered_anew_in_its_turn() {
    let stack = Stack::start();
    let register = |reference: &str, amount: u64| {
        let key = key(&systempay_path(reference));
        on(&stack, &["orders", "expect", &key, &amount.to_string()]).with(0);
    };
    let send = |reference: &str, trans: &str, amount: u64, status: &str| {
        stack.systempay(&Form::single(reference, trans, "CB", amount, status).body());
    };
    // Before the first notification, below and beyond what is stated; and of an order that never gets one.
    register("REGISTERED-1", 500);
    send("REGISTERED-1", "regi1a", 900, "REFUSED");
    send("REGISTERED-1", "regi1b", 500, "CAPTURED");
    register("REGISTERED-2", 900);
    send("REGISTERED-2", "regi2a", 500, "CAPTURED");
    register("REGISTERED-3", 900);
    // It releases, and it comes after the release.
    send("REGISTERED-4", "regi4a", 900, "REFUSED");
    send("REGISTERED-4", "regi4b", 500, "CAPTURED");
    register("REGISTERED-4", 500);
    send("REGISTERED-5", "regi5a", 500, "CAPTURED");
    register("REGISTERED-5", 900);
    // Under the name of a payment, which an order takes over.
    register("tx:20261122-regi6a", 900);
    send("REGISTERED-6", "regi6a", 500, "CAPTURED");
    let released = |number: u32| {
        let order = stack.order(&systempay_path(&format!("REGISTERED-{number}")));
        order["fulfilment"]["id"].is_string()
    };
    assert_eq!([1, 2, 3, 4, 5, 6].map(released), [true, false, false, true, true, false]);
    for number in [1, 4, 5] {
        stack.sent_order(&systempay_path(&format!("REGISTERED-{number}")));
    }
    let report = verify(&stack, 0);
    assert_eq!(report["identical"], stack.rows(ORDERS), "{report}");
    for number in 1..=6 {
        let key = key(&systempay_path(&format!("REGISTERED-{number}")));
        assert_eq!(verify_one(&stack, &key, 0)["different"], json!([]), "{number}");
    }
    // A wrong amount shows by what it decides.
    let key = key(&systempay_path("REGISTERED-4"));
    tamper(&stack, &key, |order| order["registered"][0] = json!(900));
    let report = verify(&stack, 0);
    assert_eq!(report["decided_otherwise"], json!([{"key": key, "today": "held"}]), "{report}");
}

/// Facts of forms with more than one reading count for nothing; they may have been forgotten, or have
/// found no room.
#[test]
fn only_what_the_other_lacks_of_doubtful_statements_is_no_difference() {
    let stack = Stack::start();
    stack.systempay(&Form::single("DOUBT+1", "doub01", "CB", 500, "CAPTURED").body());
    let key = key(&systempay_path("DOUBT+1"));
    let genuine = items_of(&stack, ORDERS, &key).remove(0);
    tamper(&stack, &key, |order| {
        order["notifications"] = json!([]);
        forget_facts(order);
    });
    verify(&stack, 0);
    put(&stack, ORDERS, &genuine);
    tamper(&stack, &key, |order| order["facts"][0]["Share"][0] = json!("sound"));
    assert!(!fields(&verify(&stack, 1), &key).is_empty(), "a doubt that was taken for sound");
}
