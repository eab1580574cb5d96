//! `replay`: what is archived, once more, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_core::crypto::sha256_hex;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};
use serde_json::{Value, json};

use super::{ARCHIVE, ORDERS, beside, borrowed, delete, items_of, key, on, on_with, put, run};
use crate::support::{SYSTEMPAY_DEMO, Stack, systempay_path, worldline_path};

#[test]
fn a_replay_of_what_is_known_changes_nothing() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REPLAY-1", "repl01", "CB", 500, "CAPTURED").body());
    let path = systempay_path("REPLAY-1");
    stack.sent_order(&path);
    let before = items_of(&stack, ORDERS, &key(&path));
    for _ in 0..2 {
        let done = on(&stack, &["replay", &key(&path), "--json"]).with(0).json();
        assert_eq!((&done["known"], &done["stored"]), (&json!(1), &json!(0)), "{done}");
        let all =
            on(&stack, &["replay", "--from", "2020-01-01T00:00:00Z", "--json"]).with(0).json();
        assert_eq!(all["known"], 1, "{all}");
    }
    assert_eq!(items_of(&stack, ORDERS, &key(&path)), before);
    assert_eq!((stack.rows(ARCHIVE), stack.queue().len()), (1, 1));
}

/// A refund after the release is a reversal; before it, it would keep the order from being released.
#[test]
fn a_lost_order_comes_back_as_it_was_in_the_order_of_arrival() {
    let stack = Stack::start();
    stack.worldline(&Payment::new("REPLAY-2", "3254930001_0", 130, 9, 500).body());
    let path = worldline_path("REPLAY-2");
    stack.sent_order(&path);
    stack.worldline(&refund("REPLAY-2", "3254930001_1", 8, 500).to_string());
    let sent = |order: &Value| order["reversals"][0]["sent_at"].is_string();
    let whole = || Some(stack.order(&path)).filter(sent);
    let before = crate::support::wait_for("the reversal is sent", whole);
    delete(&stack, ORDERS, &items_of(&stack, ORDERS, &key(&path))[0]);
    assert_eq!(stack.get(&path).status, 404);

    let dry = on(&stack, &["replay", &key(&path), "--dry-run"]).with(0);
    assert_eq!(dry.output.matches("its order gains facts").count(), 2, "{}", dry.output);
    assert_eq!(stack.get(&path).status, 404, "a dry run changes nothing");
    let done = on(&stack, &["replay", &key(&path)]).with(0).output;
    assert!(done.contains("2 news") && done.contains("dispatch sends the new decisions"), "{done}");
    let after = crate::support::wait_for("the reversal is sent", whole);
    let without_sending = |mut order: Value| {
        order["fulfilment"]["sent_at"] = Value::Null;
        order["reversals"][0]["sent_at"] = Value::Null;
        order
    };
    assert_eq!(without_sending(after), without_sending(before));
    assert_eq!(stack.queue().len(), 2, "under the ids that were sent before");
}

/// What is left to do when a lost table cannot be restored.
#[test]
fn the_whole_archive_makes_a_lost_table_anew_under_the_ids_that_it_had() {
    let stack = Stack::start();
    for (reference, id) in [("REPLAY-6", "repl06"), ("REPLAY-7", "repl07")] {
        stack.systempay(&Form::single(reference, id, "CB", 500, "CAPTURED").body());
        stack.sent_order(&systempay_path(reference));
    }
    let environment = beside(&stack, "lost");
    let on_lost = |args: &[&str]| run(args, &borrowed(&environment));
    let all = ["replay", "--from", "2020-01-01T00:00:00Z", "--json"];
    let dry = on_lost(&[&all[..], &["--dry-run"]].concat()).with(0).json();
    assert_eq!((&dry["stored"], stack.rows("lost")), (&json!(2), 0));
    on_lost(&all).with(0);
    let verified = on_lost(&["rebuild", "--verify", "--json"]).with(0).json();
    assert_eq!(verified["identical"], stack.rows(ORDERS), "{verified}");
    let ids = |messages: &[Value]| {
        let mut ids: Vec<String> = messages.iter().map(|m| m["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let unsent = on_lost(&["unsent", "list", "--json"]).with(0).json();
    assert_eq!(ids(unsent.as_array().expect("a list")), ids(&stack.queue()));
}

/// Whoever can write into the archive cannot make the functions believe it.
#[test]
fn a_poisoned_archive_does_not_get_in() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REPLAY-3", "repl03", "CB", 500, "AUTHORISED").body());
    let path = systempay_path("REPLAY-3");
    let before = stack.order(&path);
    let genuine = items_of(&stack, ARCHIVE, &key(&path)).remove(0);

    let paid = Form::single("REPLAY-3", "repl03", "CB", 500, "CAPTURED");
    let forged = paid.body_signed_with("a guess");
    let mut item = genuine.clone();
    let deflated = quittance_aws::archive::deflate(forged.as_bytes()).expect("compressed");
    item["body"]["B"] = json!(STANDARD.encode(deflated));
    item["sha256"]["S"] = json!(sha256_hex(forged.as_bytes()));
    item["sk"]["S"] = json!(format!("99999999999999999999/{}", sha256_hex(forged.as_bytes())));
    put(&stack, ARCHIVE, &item);
    let mut damaged = genuine.clone();
    damaged["sk"]["S"] = json!("99999999999999999999/damaged");
    damaged["sha256"]["S"] = json!("0".repeat(64));
    put(&stack, ARCHIVE, &damaged);
    let mut broken = genuine.clone();
    broken["sk"]["S"] = json!("99999999999999999999/broken");
    broken["body"]["B"] = json!(STANDARD.encode("not compressed"));
    put(&stack, ARCHIVE, &broken);
    // The first of all: it does not keep the others from being taken.
    let mut impossible = genuine.clone();
    impossible["sk"]["S"] = json!("00000000000000000000/impossible");
    impossible["headers"]["S"] = json!(r#"[["no\nheader", ""]]"#);
    put(&stack, ARCHIVE, &impossible);
    let mut strange = genuine.clone();
    strange["sk"]["S"] = json!("99999999999999999999/strange");
    strange["received_at"]["S"] = json!("yesterday");
    put(&stack, ARCHIVE, &strange);

    for args in [&["replay"][..], &["replay", "--dry-run"]] {
        let done = on(&stack, &[args, &[&key(&path), "--json"]].concat()).with(1).json();
        assert_eq!((&done["known"], &done["not_taken"]), (&json!(1), &json!(5)), "{done}");
        assert_eq!(done["not_reached"], 0);
    }
    assert_eq!(stack.order(&path), before);
    let verified = on(&stack, &["rebuild", "--verify", "--json"]).with(1).json();
    // A broken copy of what was replayed already is not needed.
    assert_eq!(verified["skipped"].as_array().map(Vec::len), Some(4), "{verified}");
    assert_eq!(verified["different"], json!([]));
    // What nobody signs is taken on a person's word alone.
    let mut price = genuine;
    for (name, value) in
        [("sk", "99999999999999999999/price"), ("kind", "registration"), ("sha256", "")]
    {
        price[name] = json!({ "S": value });
    }
    price["amount"] = json!({"N": "1"});
    price["currency"] = json!({"S": "EUR"});
    put(&stack, ARCHIVE, &price);
    let done = on(&stack, &["replay", &key(&path), "--json"]).with(1);
    assert!(done.errors.contains("1 unsigned item left out"), "{}", done.errors);
    assert_eq!(stack.order(&path), before);
    on(&stack, &["replay", &key(&path), "--unsigned"]).with(1);
    assert_eq!(stack.order(&path)["expected"], 1);
    // Of an order that has a price those count that were stored after it: then a replay was broken off.
    let path = systempay_path("REPLAY-7");
    on(&stack, &["orders", "expect", &key(&path), "700"]).with(0);
    price["pk"] = json!({"S": key(&path)});
    for (sort, expected) in [("0", 700), ("9", 1)] {
        price["sk"] = json!({"S": format!("{}/price", sort.repeat(20))});
        put(&stack, ARCHIVE, &price);
        on(&stack, &["replay", &key(&path), "--unsigned"]).with(0);
        assert_eq!(stack.order(&path)["expected"], expected);
    }
}

#[test]
fn a_message_whose_key_was_changed_needs_its_old_key() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REPLAY-4", "repl04", "CB", 500, "CAPTURED").body());
    let replay = ["replay", &key(&systempay_path("REPLAY-4"))];
    let keys = |key: &str| format!(r#"{{"12345678": {{"test": {{"form": "{key}"}}}}}}"#);
    let done = on_with(&stack, &replay, &[("QUITTANCE_SYSTEMPAY_KEYS", &keys("new"))]).with(1);
    assert!(done.output.contains("old key document"), "{}", done.output);
    on_with(&stack, &replay, &[("QUITTANCE_SYSTEMPAY_KEYS", &keys("demoformkey0000"))]).with(0);
    let unusable = [("QUITTANCE_SYSTEMPAY_KEYS", "{}")];
    let done = on_with(&stack, &replay, &unusable).with(1);
    assert!(done.output.contains("keys check"), "{}", done.output);
}

/// Whoever has waited for hours wants to know how far it came.
#[test]
fn a_replay_that_ends_early_says_what_was_done() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REPLAY-9", "repl09", "CB", 500, "CAPTURED").body());
    let mut environment = beside(&stack, "unused");
    environment.retain(|(name, _)| *name != "QUITTANCE_TABLE");
    environment.push(("QUITTANCE_TABLE", "no-such-table".to_owned()));
    let all = ["replay", "--from", "2020-01-01T00:00:00Z", "--dry-run", "--json"];
    let done = run(&all, &borrowed(&environment)).with(2);
    assert_eq!(done.json()["not_reached"], 1);
    assert!(done.errors.contains("ResourceNotFound"), "{}", done.errors);
}

/// Keys of one PSP that cannot be used are no reason to leave the other's notifications.
#[test]
fn what_cannot_be_verified_does_not_keep_the_rest_from_being_replayed() {
    let stack = Stack::start();
    stack.worldline(&Payment::new("REPLAY-8", "3254930008_0", 130, 9, 500).body());
    stack.systempay(&Form::single("REPLAY-8", "repl08", "CB", 500, "CAPTURED").body());
    let all = ["replay", "--from", "2020-01-01T00:00:00Z", "--json"];
    let keys = [("QUITTANCE_WORLDLINE_KEYS", "{}"), SYSTEMPAY_DEMO];
    let done = on_with(&stack, &all, &keys).with(1).json();
    assert_eq!((&done["known"], &done["not_taken"]), (&json!(1), &json!(1)), "{done}");
    let verify = ["rebuild", "--verify", "--json"];
    let done = on_with(&stack, &verify, &keys).with(1).json();
    assert_eq!(done["skipped"].as_array().map(Vec::len), Some(1), "{done}");
}

#[test]
fn a_range_of_time_holds_its_beginning_and_not_its_end() {
    let stack = Stack::start();
    stack.systempay(&Form::single("REPLAY-5", "repl05", "CB", 500, "CAPTURED").body());
    let at = stack.order(&systempay_path("REPLAY-5"))["notifications"][0]["received_at"].clone();
    let at = at.as_str().expect("a time");
    let done = on(&stack, &["replay", "--from", at]).with(0);
    assert!(done.output.contains("1 notification replayed"), "{}", done.output);
    on(&stack, &["replay", "--to", at]).with(1);
    on(&stack, &["replay", "--from", "yesterday"]).with(2);
    on(&stack, &["replay"]).with(2);
    on(&stack, &["replay", "systempay/1/test/NOBODY"]).with(1);
}

/// The answer about many events is cut off, and what became of them is known all the same.
#[test]
fn a_batch_whose_answer_is_cut_off_is_replayed_all_the_same() {
    let stack = Stack::start();
    let event = |n: u32| {
        Payment::new(&format!("BATCH-{n}"), &format!("32549500{n:02}_0"), 130, 9, 500).json()
    };
    let mut events: Vec<Value> = (0..20).map(event).collect();
    let body = json!(events).to_string();
    assert_eq!(stack.worldline(&body).status, 200);
    let first = key(&worldline_path("BATCH-0"));
    on(&stack, &["replay", &first]).with(0);
    on(&stack, &["rebuild", "--verify"]).with(0);

    events[19]["apiVersion"] = json!("v2");
    stack.worldline(&json!(events).to_string());
    on(&stack, &["rebuild", "--verify"]).with(0);
    delete(&stack, ORDERS, &items_of(&stack, ORDERS, &first)[0]);
    stack.worldline(&json!(events).to_string());
    let done = on(&stack, &["replay", &first, "--json"]).with(1).json();
    let became = |n: usize| done["messages"][n]["became"].as_str();
    assert_eq!((became(0), became(1)), (Some("known"), Some("quarantined")), "{done}");
}
