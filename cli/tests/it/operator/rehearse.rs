//! `rehearse`: the archive under another policy, or by another version.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use quittance_testing::worldline::Payment;
use serde_json::{Value, json};

use super::{Done, on, run};
use crate::support::{Stack, order_path, worldline_path};

/// A stack with a captured and an authorised order, and one of which a half is paid.
fn stack() -> Stack {
    let stack = Stack::start();
    for payment in [
        Payment::new("CAPTURED", "3254950001_0", 130, 9, 500),
        Payment::new("AUTHORISED", "3254950002_0", 130, 5, 500),
        Payment::new("HALF", "3254950003_0", 5412, 9, 500).acquired(200),
    ] {
        stack.worldline(&payment.body());
    }
    stack.sent_order(&worldline_path("CAPTURED"));
    stack
}

/// With what has only just come.
const ALL: [&str; 2] = ["--until", "2100-01-01T00:00:00Z"];

fn rehearse(stack: &Stack, args: &[&str]) -> Done {
    on(stack, &[&["rehearse"], args, &ALL].concat())
}

/// A program that says of itself what this one would say, changed by a script.
fn version(folder: &tempfile::TempDir, script: &str) -> String {
    let path = folder.path().join("quittance");
    let program = env!("CARGO_BIN_EXE_quittance");
    std::fs::write(&path, format!("#!/bin/sh\n\"{program}\" \"$@\" | {script}\n"))
        .expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("made a program");
    path.to_str().expect("text").to_owned()
}

#[test]
fn what_is_rehearsed_under_the_stacks_policy_is_what_is_stored() {
    let stack = super::rebuild::played();
    let verdicts = rehearse(&stack, &["--verdicts"]).with(0).output;
    let verdicts: Vec<Value> =
        verdicts.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(verdicts.len() > 80, "{}", verdicts.len());
    for verdict in &verdicts {
        let key = verdict["order"].as_str().expect("a key");
        let [psp, merchant, _, reference] = key.splitn(4, '/').collect::<Vec<_>>()[..] else {
            panic!("{key}")
        };
        let path = order_path(psp, merchant, reference);
        let order = stack.order(&path.replace("tx%3A", "tx:"));
        let reversals = order["reversals"].as_array().expect("a list").iter();
        let reversals: BTreeSet<(&str, u64)> = reversals
            .map(|r| (r["id"].as_str().expect("an id"), r["amount"].as_u64().expect("an amount")))
            .collect();
        let stored = json!({
            "order": key,
            "state": order["state"], "expected": order["expected"],
            "captured": order["captured"], "refunded": order["refunded"],
            "released": order["fulfilment"]["decided_at"],
            "reversals": reversals,
        });
        assert_eq!(*verdict, stored);
    }
}

#[test]
fn another_policy_names_what_it_decides_otherwise_and_nothing_else() {
    let stack = stack();
    let found = rehearse(&stack, &["--release-on", "secured", "--json"]).with(1).json();
    let [difference] = &found.as_array().expect("a list")[..] else { panic!("{found}") };
    assert_eq!(difference["order"], "worldline/DemoMerchant/test/AUTHORISED");
    assert_eq!(difference["now"]["released"], Value::Null);
    assert!(difference["then"]["released"].is_string(), "{difference}");
    // Nobody was asked.
    let asked = rehearse(&stack, &["--confirm", "ask"]).with(2);
    assert!(asked.errors.contains("cannot be rehearsed"), "{}", asked.errors);
    let done = rehearse(&stack, &["--instalments", "all"]).with(0);
    assert!(done.output.contains("no order is decided otherwise"), "{}", done.output);
    assert!(done.errors.contains("3 notifications of 3 orders"), "{}", done.errors);
    let now = on(&stack, &["rehearse", "--instalments", "all"]).with(0);
    assert!(now.errors.contains("0 notifications of 0 orders"), "too new: {}", now.errors);
    let same = rehearse(&stack, &["--release-on", "captured"]).with(2);
    assert!(same.errors.contains("is that of the stack"), "{}", same.errors);
}

#[test]
fn the_word_of_the_psp_can_be_done_without() {
    let stack = Stack::start_with(&[], &[("QUITTANCE_CONFIRM", "ask")]);
    stack.worldline(&Payment::new("CAPTURED", "3254950001_0", 130, 9, 500).body());
    let found = rehearse(&stack, &["--confirm", "off", "--json"]).with(1).json();
    let [difference] = &found.as_array().expect("a list")[..] else { panic!("{found}") };
    assert!(difference["then"]["released"].is_string(), "{difference}");
}

#[test]
fn another_version_names_what_it_decides_otherwise_and_nothing_else() {
    let (stack, folder) = (stack(), tempfile::tempdir().expect("a folder"));
    rehearse(&stack, &["--with", env!("CARGO_BIN_EXE_quittance")]).with(0);
    let with =
        version(&folder, r#"sed '/HALF/s/"released":null/"released":"2026-11-22T10:00:00Z"/'"#);
    let found = rehearse(&stack, &["--with", &with, "--json"]).with(1).json();
    let [difference] = &found.as_array().expect("a list")[..] else { panic!("{found}") };
    assert_eq!(difference["order"], "worldline/DemoMerchant/test/HALF");
    let with = version(&folder, "grep -v HALF");
    let done = rehearse(&stack, &["--with", &with]).with(1);
    assert!(done.output.contains("no order"), "{}", done.output);
    // What the other one leaves out is not all.
    rehearse(&stack, &["--with", &version(&folder, "{ cat; exit 1; }")]).with(1);
    for script in ["tr -d '\"'", "{ cat; exit 3; }"] {
        let with = version(&folder, script);
        let done = rehearse(&stack, &["--with", &with]).with(2);
        assert!(done.errors.contains("the other program"), "{}", done.errors);
    }
    let silent = rehearse(&stack, &["--with", "/bin/true"]).with(2);
    assert_eq!(silent.errors, "error: /bin/true printed no verdicts\n");
    assert_eq!(silent.output, "");
    let missing = rehearse(&stack, &["--with", "/no/such/program"]).with(2);
    assert!(missing.errors.contains("/no/such/program"), "{}", missing.errors);
}

#[test]
fn what_no_key_verifies_any_more_is_left_out_and_counted() {
    let stack = stack();
    let url = stack.url();
    let keys = ("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "another-secret"}"#);
    for what in [&["--release-on", "secured"][..], &["--verdicts"]] {
        let args = [&["rehearse", "--local", &url], what, &ALL].concat();
        let done = run(&args, &[keys]).with(1);
        assert!(done.errors.contains("3 archived messages left out"), "{}", done.errors);
    }
}
