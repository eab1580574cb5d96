//! The drill of a lost order table: it is made anew from the archive, as docs/operations.md tells, and each item is compared
//! with the one that was lost, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quittance_core::stored;
use quittance_testing::lyra::Form;
use serde_json::{Value, json};

use super::{ARCHIVE, ORDERS, items, key as key_of, on};
use crate::psp;
use crate::support::{Stack, quittance, systempay_path, wait_for};

/// What of an item tells when it was written and how often, and of asking the provider: when that is due, how often it was
/// done, whether the session had ended by then. It is not what is known of the order, and comes again by itself.
const OF_THE_WRITE: [&str; 5] = ["version", "updated_at", "due_at", "asked", "ended_at"];

/// The items by their keys, with the bytes of each order.
type Items = BTreeMap<String, (Value, Option<Vec<u8>>)>;

/// The table without what tells of the writing alone. Of the order's bytes only the times at which messages were sent
/// are taken out: they are sent once more, under the ids that they had.
fn table(stack: &Stack) -> Items {
    let mut table = Items::new();
    for mut item in items(stack, ORDERS) {
        let key = item["pk"]["S"].as_str().expect("a key").to_owned();
        // Pages that are open at the PSPs are none of an order, and are lost.
        if key.starts_with("checkout:") {
            continue;
        }
        let attributes = item.as_object_mut().expect("an item");
        OF_THE_WRITE.iter().for_each(|name| drop(attributes.remove(*name)));
        let order = attributes.remove("order");
        let order = order.map(|bytes| {
            let bytes = BASE64.decode(bytes["B"].as_str().expect("bytes")).expect("Base64");
            unsent(&bytes)
        });
        table.insert(key, (item, order));
    }
    table
}

/// The bytes of an order of which nothing is sent yet.
fn unsent(bytes: &[u8]) -> Vec<u8> {
    let unpacked = stored::unpack(bytes).expect("an order");
    let packed = stored::pack(&unpacked).expect("bytes");
    assert_eq!(packed, bytes, "an order has one encoding");
    let mut order = serde_json::to_value(unpacked).expect("JSON");
    let reversals = order["reversals"].as_array_mut().expect("a list").iter_mut();
    reversals.for_each(|reversal| reversal["sent_at"] = Value::Null);
    if order["fulfilment"].is_object() {
        order["fulfilment"]["sent_at"] = Value::Null;
    }
    stored::pack(&serde_json::from_value(order).expect("an order")).expect("bytes")
}

/// A stack that keeps its tables in a folder, and has played every sample.
fn played(folder: &str) -> Stack {
    let mut command = quittance(&["--port", "0", "--data", folder]);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let stack = Stack::spawn(command);
    wait_for("all samples are played", || stack.output().contains("events played").then_some(()));
    all_is_sent(&stack);
    stack
}

fn all_is_sent(stack: &Stack) {
    wait_for("all is sent", || {
        items(stack, ORDERS).iter().all(|item| item["unsent_since"].is_null()).then_some(())
    });
}

/// The messages of the queue, by their ids.
fn sent(stack: &Stack) -> BTreeSet<String> {
    stack.queue().iter().map(|message| message["id"].to_string()).collect()
}

#[test]
fn a_lost_order_table_is_made_anew_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text").to_owned();
    let stack = played(&path);
    // What an order is made of beside notifications: what was registered, and what the PSPs answered.
    let learnt = psp::learnt(&stack);
    for (key, amount) in [("EXPECTED-1", 700), ("EXPECTED-1", 900), ("EXPECTED-2", 900)] {
        let key = key_of(&systempay_path(key));
        on(&stack, &["orders", "expect", &key, &amount.to_string()]).with(0);
    }
    stack.systempay(&Form::single("EXPECTED-1", "expe01", "CB", 700, "CAPTURED").body());
    all_is_sent(&stack);
    let kinds = ["answer", "registration"]
        .map(|kind| items(&stack, ARCHIVE).iter().filter(|item| item["kind"]["S"] == kind).count());
    assert_eq!(kinds, [learnt, 2 * learnt + 3], "who starts a payment registers its price twice");
    let (before, queue, archived) = (table(&stack), sent(&stack), stack.rows(ARCHIVE));
    assert!(before.len() > 200 && queue.len() > 30, "{} {}", before.len(), queue.len());

    stack.dynamodb("DeleteTable", &json!({"TableName": ORDERS}));
    stack.kill();
    let stack = Stack::start_in(folder.path());
    assert_eq!(stack.rows(ORDERS), 0, "all of it is lost");
    assert_eq!(stack.rows(ARCHIVE), archived);

    on(&stack, &["replay", "--from", "2020-01-01T00:00:00Z", "--unsigned"]).with(0);
    all_is_sent(&stack);
    let after = table(&stack);
    let different: Vec<&String> = before
        .keys()
        .chain(after.keys())
        .filter(|key| before.get(*key) != after.get(*key))
        .collect();
    assert_eq!(different, Vec::<&String>::new(), "byte for byte");
    assert_eq!(sent(&stack), queue, "under the ids that were sent before");
    let costs = &stack.order(&systempay_path("EXPECTED-1"))["expected"];
    assert_eq!(costs, 900, "it is not released for what was taken");
    on(&stack, &["rebuild", "--verify"]).with(0);
}
