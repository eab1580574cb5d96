//! `quarantine`: look, release when it can be read now, discard when asked to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_core::crypto::sha256_hex;
use quittance_testing::KEY_ID;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{MERCHANT, Payment};
use serde_json::json;

use super::{ARCHIVE, beside, borrowed, items_of, key, on, on_with, put, run};
use crate::support::{Request, Stack, worldline_path};

/// A key that may not speak for the merchant of the samples.
const BOUND: &str = r#"{"demo-key": {"secret": "demo-secret", "merchant": "SomebodyElse"}}"#;

/// The same key, bound to nobody.
const UNBOUND: (&str, &str) = ("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "demo-secret"}"#);

/// A stack with one notification in quarantine, whose digest is returned.
fn with_one(reference: &str) -> (Stack, String) {
    let variable = ("QUITTANCE_WORLDLINE_KEYS", BOUND);
    let stack = Stack::start_with(&[], &[variable]);
    let reply = stack.worldline(&Payment::new(reference, "3254920001_0", 130, 9, 500).body());
    assert!(reply.text().starts_with("KEPT in quarantine"), "{}", reply.text());
    let listed = on(&stack, &["quarantine", "list", "--json"]).with(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let sha256 = listed[0]["sha256"].as_str().expect("a digest").to_owned();
    (stack, sha256)
}

fn is_empty(stack: &Stack) -> bool {
    on(stack, &["quarantine", "list", "--json"]).with(0).json() == json!([])
}

#[test]
fn what_can_be_read_now_is_released_and_nothing_before() {
    let (stack, sha256) = with_one("RELEASE-1");
    let kept = items_of(&stack, ARCHIVE, "quarantine/worldline").remove(0);
    let release = ["quarantine", "release", &sha256[..8]];
    let bound = ("QUITTANCE_WORLDLINE_KEYS", BOUND);
    let stays = on_with(&stack, &release, &[bound]).with(1);
    assert!(stays.output.contains("stays: merchantId"), "{}", stays.output);
    let other = ("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "another secret"}"#);
    let stays = on_with(&stack, &release, &[other]).with(1);
    assert!(stays.output.contains("no key verifies it"), "{}", stays.output);
    let dry = on_with(&stack, &[&release[..], &["--dry-run"]].concat(), &[UNBOUND]).with(0);
    assert!(dry.output.contains("would be released"), "{}", dry.output);
    assert!(!is_empty(&stack));
    let path = worldline_path("RELEASE-1");
    assert_eq!(stack.get(&path).status, 404);

    on_with(&stack, &release, &[UNBOUND]).with(0);
    assert!(is_empty(&stack));
    let order = stack.sent_order(&path);
    assert_eq!(
        order["notifications"][0]["received_at"], kept["received_at"]["S"],
        "it arrived then"
    );
    // From now on it is kept like any other: the order can be rebuilt.
    assert_eq!(items_of(&stack, ARCHIVE, &key(&path)).len(), 1);
    on_with(&stack, &["rebuild", "--verify", &key(&path)], &[UNBOUND]).with(0);
    on_with(&stack, &release, &[UNBOUND]).with(1);
}

/// A stack that keeps no raw notifications would be given some.
#[test]
fn what_is_archived_wants_the_retention_said_unless_a_local_stack_tells_its_own() {
    let stack = Stack::shared();
    let mut environment = beside(&stack, "retention");
    let release = ["quarantine", "release", "--all"];
    let done = run(&release, &borrowed(&environment)).with(2);
    assert!(done.errors.contains("QUITTANCE_RAW_RETENTION_DAYS"), "{}", done.errors);
    environment.push(("QUITTANCE_RAW_RETENTION_DAYS", "0".to_owned()));
    run(&release, &borrowed(&environment)).with(0);
}

#[test]
fn all_are_tried_and_the_status_says_whether_all_left() {
    let (stack, _) = with_one("RELEASE-2");
    let mut unreadable = Payment::new("RELEASE-3", "3254920003_0", 130, 9, 500).json();
    unreadable["apiVersion"] = json!("v2");
    stack.send(&Request::worldline(unreadable.to_string()));
    let released =
        on_with(&stack, &["quarantine", "release", "--all", "--json"], &[UNBOUND]).with(1).json();
    let outcomes =
        released.as_array().expect("a list").iter().filter(|one| one["released"] == true);
    assert_eq!(outcomes.count(), 1, "{released}");
    assert_eq!(stack.get(&worldline_path("RELEASE-2")).status, 200);
    assert!(!is_empty(&stack));
}

#[test]
fn an_entry_that_is_no_notification_does_not_keep_the_others_from_being_released() {
    let (stack, sha256) = with_one("RELEASE-6");
    let genuine = items_of(&stack, ARCHIVE, "quarantine/worldline").remove(0);
    let changes = [
        ("0", "headers", json!({"S": r#"[["no\nheader", ""]]"#})),
        ("00", "headers", json!({"S": "none"})),
        ("000", "body", json!({"B": STANDARD.encode("not compressed")})),
        ("0000", "received_at", json!({"S": "2026-11-22"})),
    ];
    for (sk, attribute, value) in &changes {
        let mut item = genuine.clone();
        item["sk"]["S"] = json!(sk);
        item[*attribute] = value.clone();
        put(&stack, ARCHIVE, &item);
    }
    let all = ["quarantine", "release", "--all", "--json"];
    let no_keys = on_with(&stack, &all, &[("QUITTANCE_WORLDLINE_KEYS", "{}")]).with(1);
    assert!(no_keys.output.contains("keys check"), "{}", no_keys.output);
    for args in [&["--dry-run"][..], &[]] {
        let done = on_with(&stack, &[&all[..], args].concat(), &[UNBOUND]).with(1).json();
        let outcomes = done.as_array().expect("a list");
        assert_eq!(outcomes.len(), 5, "{done}");
        let well = outcomes.iter().filter(|one| one["became"] == "stored");
        assert_eq!(well.map(|one| &one["sha256"]).collect::<Vec<_>>(), [&json!(sha256)], "{done}");
    }
    let left = on(&stack, &["quarantine", "list", "--json"]).with(0).json();
    assert_eq!(left.as_array().map(Vec::len), Some(changes.len()), "{left}");
}

/// Released in part it would be lost in part.
#[test]
fn a_notification_of_which_one_event_cannot_be_read_stays() {
    let (stack, _) = with_one("RELEASE-4");
    let fine = Payment::new("RELEASE-5", "3254920005_0", 130, 9, 500).json();
    let mut unreadable = fine.clone();
    unreadable["apiVersion"] = json!("v2");
    let events: Vec<_> = std::iter::repeat_n(fine, 20).chain([unreadable]).collect();
    let body = json!(events).to_string();
    stack.send(&Request::worldline(&body));
    let sha256 = sha256_hex(body.as_bytes());
    // The answer is too long to show what became of the last.
    on_with(&stack, &["quarantine", "release", &sha256], &[UNBOUND]).with(1);
    assert!(stack.quarantined(body.as_bytes()).is_some());
}

#[test]
fn show_says_why_and_keeps_signatures_to_itself() {
    let (stack, sha256) = with_one("SHOW-4");
    let shown = on(&stack, &["quarantine", "show", &sha256]).with(0).output;
    for part in [&sha256, "merchantId is not the one", KEY_ID, "(redacted)"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(!shown.contains("SHOW-4") && !shown.contains(MERCHANT), "no body unasked: {shown}");
    let body = on(&stack, &["quarantine", "show", &sha256, "--body"]).with(0);
    assert_eq!(body.output, Payment::new("SHOW-4", "3254920001_0", 130, 9, 500).body());
    assert!(body.errors.contains("personal data"), "{}", body.errors);
    let json = on(&stack, &["quarantine", "show", &sha256, "--body", "--json"]).with(0).json();
    assert_eq!(json["body"], body.output.as_str());
    on(&stack, &["quarantine", "show", "00000000"]).with(1);
    on(&stack, &["quarantine", "show", "0000"]).with(2);
}

#[test]
fn discard_deletes_only_after_a_yes() {
    let (stack, sha256) = with_one("DISCARD-1");
    on(&stack, &["quarantine", "discard", &sha256]).with(2);
    on(&stack, &["quarantine", "discard", &sha256, "--dry-run"]).with(0);
    assert!(!is_empty(&stack));
    on(&stack, &["quarantine", "discard", &sha256, "--yes"]).with(0);
    assert!(is_empty(&stack));
    on(&stack, &["quarantine", "discard", &sha256, "--yes"]).with(1);
}

/// What came first is kept, under the digest of its body and under that of what was signed.
#[test]
fn an_entry_goes_by_its_body_and_by_what_was_signed() {
    let stack = Stack::start();
    let form =
        Form::single("TWO-NAMES", "two001", "CB", 900, "CAPTURED").with("vads_currency", "000");
    for padding in ["", "&x=1"] {
        stack.systempay(&format!("{}{padding}", form.body()));
    }
    let listed = on(&stack, &["quarantine", "list", "--json"]).with(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["sha256"], sha256_hex(form.body().as_bytes()));
    let content = listed[0]["content"].as_str().expect("a digest");
    let shown = on(&stack, &["quarantine", "show", &content[..12], "--json"]).with(0).json();
    for (name, value) in [("content", content), ("room", "systempay/12345678/test/forms")] {
        assert_eq!(shown[name], value);
    }
    on(&stack, &["quarantine", "discard", content, "--yes"]).with(0);
    assert!(is_empty(&stack));
}
