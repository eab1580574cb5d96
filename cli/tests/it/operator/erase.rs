//! `orders erase`: nothing that identifies the buyer is left, and the order is not forgotten.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use serde_json::{Value, json};

use super::{ARCHIVE, items, items_of, key, on, put};
use crate::support::{Request, Stack, systempay_path, worldline_path};

/// What a buyer is told by in the sample forms.
const PERSONAL: [&str; 5] =
    ["client@example.com", "lodie", "Démo", "123456789", "497010XXXXXX0014"];

/// Everything in the tables as text, with bodies as they came.
fn everything(stack: &Stack) -> String {
    let tables = ["quittance-orders", "quittance-archive", "quittance-local-queue"];
    let mut text = String::new();
    for item in tables.iter().flat_map(|table| items(stack, table)) {
        text.push_str(&item.to_string());
        if let Some(body) = item["body"]["B"].as_str() {
            let body = STANDARD.decode(body).expect("Base64");
            let body = quittance_aws::archive::inflate(&body, usize::MAX).expect("compressed");
            let body = String::from_utf8(body).expect("text").replace('+', " ");
            text.push_str(&percent_decode(&body));
        }
    }
    // Phone numbers are written with and without blanks.
    format!("{text}{}", text.replace(' ', ""))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().unwrap_or(b'0')).to_digit(16).unwrap_or(0);
        bytes.push(if byte == b'%' { (digit() * 16 + digit()) as u8 } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn nothing_that_identifies_the_buyer_is_left_and_nothing_is_released_twice() {
    let stack = Stack::start();
    let form = Form::single("ERASE-1", "erase1", "CB", 500, "AUTHORISED");
    let paid = form.clone().with("vads_trans_status", "CAPTURED").body();
    stack.systempay(&form.body());
    stack.systempay(&paid);
    let path = systempay_path("ERASE-1");
    let before = stack.sent_order(&path);
    let held = everything(&stack);
    for personal in PERSONAL {
        assert!(held.contains(personal), "the test looks for what is there: {personal}");
    }

    let dry = on(&stack, &["orders", "erase", &key(&path), "--dry-run", "--json"]).with(0).json();
    assert_eq!(
        (&dry["deleted"], dry["notifications"].as_array().map(Vec::len)),
        (&json!(0), Some(2))
    );
    let done = on(&stack, &["orders", "erase", &key(&path)]).with(2);
    assert!(done.errors.contains("--yes"), "{}", done.errors);
    assert!(everything(&stack).contains(PERSONAL[0]), "nothing was deleted unasked");

    // Under any of its names.
    let name = key(&systempay_path("tx:20261122-erase1"));
    let done = on(&stack, &["orders", "erase", &name, "--yes"]).with(0);
    for part in ["2 raw messages deleted", "amounts, prices", "in quarantine"] {
        assert!(done.output.contains(part), "{part} in {}", done.output);
    }
    let left = everything(&stack);
    for personal in PERSONAL {
        assert!(!left.contains(personal), "{personal} is left");
    }

    assert_eq!(stack.order(&path), before, "the order stays");
    let again = stack.systempay(&paid);
    assert!(again.text().contains("already known"), "{}", again.text());
    assert_eq!((stack.order(&path), stack.queue().len()), (before, 1));
    assert!(!everything(&stack).contains(PERSONAL[0]), "a repeat is not archived");
    on(&stack, &["orders", "erase", &name, "--yes"]).with(0);
    on(&stack, &["orders", "erase", "systempay/1/test/NOBODY", "--yes"]).with(1);
}

/// One notification may speak of several orders, and is kept for each of them.
#[test]
fn copies_that_were_kept_for_other_orders_are_deleted_too() {
    let stack = Stack::start();
    let event = |reference: &str, id: &str| Payment::new(reference, id, 130, 9, 500).json();
    let both =
        json!([event("ERASE-2", "3254910001_0"), event("ERASE-3", "3254910002_0")]).to_string();
    assert_eq!(stack.send(&Request::worldline(&both)).status, 200);
    let (one, other) = (key(&worldline_path("ERASE-2")), key(&worldline_path("ERASE-3")));
    let kept = |key: &str| {
        let items = items_of(&stack, ARCHIVE, key);
        items.iter().filter(|item| !item["body"].is_null()).count()
    };
    assert_eq!((kept(&one), kept(&other)), (1, 1));
    let done = on(&stack, &["orders", "erase", &one, "--yes", "--json"]).with(0).json();
    assert_eq!(done["deleted"], 2);
    assert_eq!((kept(&one), kept(&other)), (0, 0));
    // Whoever finds the other's missing knows why.
    let verified = on(&stack, &["rebuild", "--verify", &other, "--json"]).with(0).json();
    let of_other = |found: &&Value| found["key"] == other.as_str();
    let incomplete = verified["incomplete"].as_array().expect("a list").iter().find(of_other);
    assert_eq!(incomplete.map(|found| &found["erased"]), Some(&json!(1)), "{verified}");
}

#[test]
fn what_is_in_quarantine_too_is_named_and_stays() {
    let stack = Stack::start();
    let fine = Payment::new("ERASE-4", "3254910004_0", 130, 9, 500).json();
    let mut unreadable = Payment::new("ERASE-5", "3254910005_0", 130, 9, 500).json();
    unreadable["apiVersion"] = json!("v2");
    stack.send(&Request::worldline(json!([fine, unreadable]).to_string()));
    let done =
        on(&stack, &["orders", "erase", &key(&worldline_path("ERASE-4")), "--yes", "--json"])
            .with(1);
    let done = done.json();
    assert_eq!(
        (&done["deleted"], done["still_in_quarantine"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
}

/// Nobody knows what is in it, so nobody says that all is gone.
#[test]
fn an_item_of_the_order_that_cannot_be_read_is_named_and_stays() {
    let stack = Stack::start();
    stack.worldline(&Payment::new("ERASE-6", "3254910006_0", 130, 9, 500).body());
    stack.worldline(&Payment::new("ERASE-7", "3254910007_0", 130, 9, 500).body());
    let (ours, others) = (key(&worldline_path("ERASE-6")), key(&worldline_path("ERASE-7")));
    for key in [&ours, &others] {
        let mut strange = items_of(&stack, ARCHIVE, key).remove(0);
        strange["sk"]["S"] = json!("99999999999999999999/strange");
        strange["received_at"]["S"] = json!("yesterday");
        put(&stack, ARCHIVE, &strange);
    }
    let strange = format!("{ours} 99999999999999999999/strange");
    let done = on(&stack, &["orders", "erase", &ours, "--yes", "--json"]).with(1).json();
    assert_eq!((&done["deleted"], &done["unreadable"]), (&json!(1), &json!([strange])));
    let again = on(&stack, &["orders", "erase", &ours, "--yes"]).with(1).output;
    assert!(again.contains("NOT DELETED") && again.contains(&strange), "{again}");
    assert_eq!(items_of(&stack, ARCHIVE, &others).len(), 2, "the other order's are its own");
}
