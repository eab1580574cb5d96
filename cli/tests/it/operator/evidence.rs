//! `evidence` and `verify`: one file that says why an order was released, and its check.

use std::path::Path;

use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};
use serde_json::{Value, json};

use super::{ARCHIVE, ORDERS, delete, items, items_of, key, on, put, run, tamper};
use crate::support::{Stack, systempay_path, wait_for, worldline_path};

/// A folder for files, and what is made of them in it.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("text").to_owned()
    }

    /// The evidence of an order, made in a file of its own.
    fn make(&self, stack: &Stack, key: &str, name: &str, status: i32) -> Value {
        let path = self.path(name);
        on(stack, &["evidence", key, "--to", &path, "--json"]).with(status).json()
    }
}

/// What the file itself says, without any stack.
fn verify(path: &str, status: i32) -> Value {
    run(&["verify", path, "--json"], &[]).with(status).json()
}

fn places(verdict: &Value) -> Vec<&str> {
    let findings = verdict["findings"].as_array().expect("a list").iter();
    findings.map(|finding| finding["place"].as_str().expect("text")).collect()
}

/// An order that was captured and given back.
fn refunded(stack: &Stack, reference: &str) -> String {
    let id = |number: u32| format!("325499{:04}_{number}", reference.len());
    stack.worldline(&Payment::new(reference, &id(0), 130, 9, 500).body());
    stack.sent_order(&worldline_path(reference));
    stack.worldline(&refund(reference, &id(1), 8, 500).to_string());
    wait_for("the reversal is sent", || {
        let order = stack.order(&worldline_path(reference));
        order["reversals"][0]["sent_at"].is_string().then_some(())
    });
    key(&worldline_path(reference))
}

#[test]
fn the_evidence_of_every_sample_holds() {
    let (stack, files) = (super::rebuild::played(), Files::new());
    let orders = items(&stack, ORDERS).into_iter().filter(|item| item["joined"].is_null());
    let (mut released, mut count) = (0, 0);
    for (at, item) in orders.enumerate().step_by(5) {
        let key = item["pk"]["S"].as_str().expect("a key");
        let name = format!("{at}.json");
        let made = files.make(&stack, key, &name, 0);
        assert_eq!((&made["holds"], &made["order"]), (&json!(true), &item["pk"]["S"]), "{made}");
        let checked = verify(&files.path(&name), 0);
        assert_eq!(checked["head"], made["head"]);
        assert_eq!((&checked["signatures"], &checked["absent"]), (&Value::Null, &json!([])));
        count += 1;
        released += usize::from(checked["decision"]["released"].is_object());
    }
    assert!(count > 20 && released > 5, "{released} of {count}");
}

#[test]
fn a_file_is_checked_in_two_depths_and_against_a_head() {
    let (stack, files) = (Stack::start(), Files::new());
    let key = refunded(&stack, "EVIDENCE-1");
    let made = files.make(&stack, &key, "a.json", 0);
    assert_eq!((&made["signatures"], &made["file"]), (&json!(2), &json!(files.path("a.json"))));
    assert_eq!(made["decision"]["reversals"].as_array().map(Vec::len), Some(1), "{made}");
    let path = files.path("a.json");
    let head = made["head"].as_str().expect("a head");
    run(&["verify", &path, "--head", head], &[]).with(0);
    let other = "0".repeat(64);
    let verdict = run(&["verify", &path, "--head", &other, "--json"], &[]).with(1).json();
    assert_eq!(places(&verdict), ["head"]);
    let said = on(&stack, &["verify", &path, "--keys"]).with(0).output;
    assert!(said.contains("2 signatures verified") && said.contains(head), "{said}");
    // No file is written over, and no secret is in it.
    let again = on(&stack, &["evidence", &key, "--to", &path]).with(2);
    assert!(again.errors.contains("a.json"), "{}", again.errors);
    let text = std::fs::read_to_string(&path).expect("text");
    assert!(text.contains("demo-key") && !text.contains("demo-secret"));
    // An altered amount is named by its entry.
    let altered = files.path("altered.json");
    std::fs::write(&altered, text.replacen("\\\"amount\\\":500", "\\\"amount\\\":900", 1))
        .expect("written");
    let verdict = verify(&altered, 1);
    assert_eq!(places(&verdict), ["entries[0].body"], "{verdict}");
    let said = run(&["verify", &altered], &[]).with(1).output;
    assert!(said.contains("WRONG  entries[0].body") && said.contains("DOES NOT HOLD"), "{said}");
}

/// Whoever has other keys learns that the provider did not sign with them.
#[test]
fn a_message_that_no_key_verifies_is_named() {
    let (stack, files) = (Stack::start(), Files::new());
    let key = refunded(&stack, "EVIDENCE-22");
    files.make(&stack, &key, "a.json", 0);
    let other = Stack::start_with(&[], &[("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "other"}"#)]);
    let path = files.path("a.json");
    let args = ["verify", &path, "--keys", "--json", "--local", &other.url()];
    let keys = [("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "other"}"#)];
    let verdict = run(&args, &keys).with(1).json();
    assert_eq!(places(&verdict), ["entries[0].body", "entries[1].body"]);
    assert_eq!(verdict["signatures"], 0);
}

#[test]
fn what_the_archive_lacks_is_said_with_its_reason() {
    let (stack, files) = (Stack::start(), Files::new());
    let form = Form::single("EVIDENCE-3", "evid03", "CB", 500, "AUTHORISED");
    stack.systempay(&form.body());
    stack.systempay(&form.with("vads_trans_status", "CAPTURED").body());
    let path = systempay_path("EVIDENCE-3");
    let key = key(&path);
    stack.sent_order(&path);
    let kept = items_of(&stack, ARCHIVE, &key);
    delete(&stack, ARCHIVE, &kept[1]);
    let made = files.make(&stack, &key, "lost.json", 0);
    assert_eq!(made["absent"], json!([{"index": 1, "why": "lost"}]), "{made}");
    assert!(made["decision"]["released"].is_object(), "what the order holds still says so");
    put(&stack, ARCHIVE, &kept[1]);
    // In its place, although all came within a second.
    delete(&stack, ARCHIVE, &kept[0]);
    let made = files.make(&stack, &key, "first.json", 0);
    assert_eq!(made["absent"], json!([{"index": 0, "why": "lost"}]), "{made}");
    put(&stack, ARCHIVE, &kept[0]);
    on(&stack, &["orders", "erase", &key, "--yes"]).with(0);
    let made = files.make(&stack, &key, "erased.json", 0);
    let why: Vec<&Value> =
        made["absent"].as_array().expect("a list").iter().map(|absent| &absent["why"]).collect();
    assert_eq!(why, ["erased", "erased"]);
    let text = std::fs::read_to_string(files.path("erased.json")).expect("text");
    assert!(!text.contains("client%40example.com") && !text.contains("\"body\""), "{text}");
    assert_eq!(verify(&files.path("erased.json"), 0)["absent"], made["absent"]);
}

/// The table and the archive are each other's witness.
#[test]
fn an_order_that_its_messages_do_not_come_to_is_named() {
    let (stack, files) = (Stack::start(), Files::new());
    let key = refunded(&stack, "EVIDENCE-444");
    let genuine = items_of(&stack, ORDERS, &key).remove(0);
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 4] = [
        ("decision.captured", |order| order["facts"][0]["Share"][1]["reached"] = json!(400)),
        ("decision.released.id", |order| order["fulfilment"] = Value::Null),
        ("decision.reversals", |order| order["reversals"][0]["amount"] = json!(1)),
        ("decision.listed", |order| {
            order["notifications"].as_array_mut().map(|list| list.remove(0));
        }),
    ];
    for (at, (place, change)) in changes.into_iter().enumerate() {
        tamper(&stack, &key, change);
        let made = files.make(&stack, &key, &format!("{at}.json"), 1);
        assert!(places(&made).contains(&place), "{place}: {made}");
        put(&stack, ORDERS, &genuine);
    }
    // Bytes in the archive that are not those that came.
    let mut kept = items_of(&stack, ARCHIVE, &key).remove(0);
    kept["body"] = items_of(&stack, ARCHIVE, &key).remove(1)["body"].clone();
    put(&stack, ARCHIVE, &kept);
    let made = files.make(&stack, &key, "bytes.json", 1);
    assert!(places(&made).contains(&"entries[0].sha256"), "{made}");
}

/// What can be read in two ways counts for nothing, and may be forgotten.
#[test]
fn the_evidence_of_an_order_without_its_doubts_holds() {
    let (stack, files) = (Stack::start(), Files::new());
    stack.systempay(&Form::single("DOUBT+2", "doub02", "CB", 500, "CAPTURED").body());
    let key = key(&systempay_path("DOUBT+2"));
    let made = files.make(&stack, &key, "doubtful.json", 0);
    assert_eq!(made["events"].as_array().map(Vec::len), Some(1), "{made}");
    assert!(made["decision"]["released"].is_null() && made["decision"]["why"].is_string());
    on(&stack, &["orders", "expect", &key, "500"]).with(0);
    on(&stack, &["orders", "forget-doubts", &key, "--yes"]).with(0);
    let made = files.make(&stack, &key, "forgotten.json", 0);
    let events = made["events"].as_array().expect("a list");
    assert_eq!((events.len(), &events[0]["kind"]), (1, &json!("registered")), "{made}");
}

#[test]
fn without_an_order_or_a_file_there_is_nothing() {
    let (stack, files) = (Stack::shared(), Files::new());
    let path = files.path("none.json");
    on(&stack, &["evidence", "systempay/12345678/test/NONE", "--to", &path]).with(1);
    assert!(!Path::new(&path).exists());
    let done = run(&["verify", &path], &[]).with(2);
    assert!(done.errors.contains("none.json"), "{}", done.errors);
    std::fs::write(&path, "{}").expect("written");
    assert_eq!(verify(&path, 1)["findings"][0]["problem"], "not_evidence");
}
