//! `orders list` and `orders show`.

use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use serde_json::json;

use super::{key, on};
use crate::support::{Stack, systempay_path, worldline_path};

#[test]
fn show_prints_the_orders_json_as_the_api_does() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("SHOW-1", "show01", "CB", 500, "CAPTURED").body());
    let path = systempay_path("SHOW-1");
    stack.sent_order(&path);
    for name in [key(&path), path.clone()] {
        let shown = on(&stack, &["orders", "show", &name, "--json"]).with(0);
        assert_eq!(shown.output.trim_end(), stack.get(&path).text());
    }
}

#[test]
fn show_says_what_an_order_waits_for_and_what_happened() {
    let stack = Stack::shared();
    let form = Form::single("SHOW-2", "show02", "CB", 500, "AUTHORISED");
    stack.systempay(&form.body());
    let path = systempay_path("SHOW-2");
    let shown = on(&stack, &["orders", "show", &key(&path)]).with(0).output;
    for part in ["authorised", "waiting for 5.00 EUR of 5.00 EUR", "AUTHORISED", "not decided"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    stack.systempay(&form.with("vads_trans_status", "CAPTURED").body());
    stack.sent_order(&path);
    let shown = on(&stack, &["orders", "show", &key(&path)]).with(0).output;
    for part in ["released as", "release sent to the queue", "expected    5.00 EUR"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn an_order_is_found_under_every_name_of_its_payment() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("SHOW-3", "show03", "CB", 500, "CAPTURED").body());
    let name = key(&systempay_path("tx:20261122-show03"));
    let shown = on(&stack, &["orders", "show", &name]).with(0).output;
    assert!(shown.starts_with("SHOW-3 ") && shown.contains("an alias of this order"), "{shown}");
}

/// As a shop calls it. Where several merchants have the reference, one has to be named.
#[test]
fn an_order_is_found_by_its_reference_alone() {
    let stack = Stack::start();
    stack.systempay(&Form::single("SHOW-4", "show04", "CB", 500, "CAPTURED").body());
    stack.systempay(&Form::single("SHOW-40", "show40", "CB", 500, "CAPTURED").body());
    let shown = on(&stack, &["orders", "show", "SHOW-4"]).with(0).output;
    assert!(shown.starts_with("SHOW-4 "), "{shown}");
    stack.worldline(&Payment::new("SHOW-4", "3254930099_0", 130, 9, 500).json().to_string());
    let several = on(&stack, &["orders", "show", "SHOW-4"]).with(1);
    assert!(several.errors.contains(&key(&systempay_path("SHOW-4"))), "{}", several.errors);
}

#[test]
fn an_unknown_order_is_1_and_what_is_no_order_2() {
    let stack = Stack::shared();
    let done = on(&stack, &["orders", "show", "systempay/1/test/NOBODY"]).with(1);
    assert!(done.output.is_empty() && done.errors.contains("NOBODY"), "{}", done.errors);
    let done = on(&stack, &["orders", "show", "NOBODY"]).with(1);
    assert!(done.errors.contains("no order has the reference NOBODY"), "{}", done.errors);
    for bad in ["paypal/1/test/A", "systempay/1/test/A/B"] {
        on(&stack, &["orders", "show", bad]).with(2);
    }
}

#[test]
fn list_shows_the_orders_of_a_state_up_to_a_limit() {
    let stack = Stack::start();
    for number in 1..=5 {
        let (reference, id) = (format!("LIST-{number}"), format!("325490000{number}_0"));
        let code = if number == 5 { 2 } else { 9 };
        stack.worldline(&Payment::new(&reference, &id, 130, code, 500).body());
    }
    stack.sent_order(&worldline_path("LIST-4"));
    let listed =
        |args: &[&str]| on(&stack, &[&["orders", "list", "--json"], args].concat()).with(0).json();
    let count = |args: &[&str]| listed(args)["orders"].as_array().map(Vec::len);
    assert_eq!((count(&[]), count(&["--state", "captured"])), (Some(5), Some(4)));
    let two = listed(&["--state", "captured", "--limit", "2"]);
    assert_eq!((two["orders"].as_array().map(Vec::len), two["next"].is_string()), (Some(2), true));
    assert_eq!(listed(&["--state", "refused"])["orders"][0]["order"], json!("LIST-5"));

    let table = on(&stack, &["orders", "list", "--limit", "4"]).with(0);
    assert_eq!(table.output.lines().count(), 5, "{}", table.output);
    assert!(table.errors.contains("more than 4"), "{}", table.errors);
    assert!(
        on(&stack, &["orders", "list", "--state", "expired"]).with(0).output.contains("no orders")
    );
    on(&stack, &["orders", "list", "--state", "paid"]).with(2);
}

#[test]
fn a_list_is_narrowed_by_what_a_shop_knows() {
    let stack = Stack::start();
    stack.systempay(&Form::single("LIST-1", "list01", "CB", 500, "CAPTURED").body());
    stack.systempay(&Form::single("LIST-2", "list02", "CB", 700, "AUTHORISED").body());
    stack.systempay(&Form::single("LIST-3", "list03", "CB", 900, "REFUSED").body());
    stack.systempay(&Form::single("LIST-3", "list04", "CB", 800, "CAPTURED").body());
    stack.sent_order(&systempay_path("LIST-1"));
    let listed = |flags: &[&str]| {
        let done = on(&stack, &[&["orders", "list", "--json"], flags].concat()).with(0).json();
        let mut names: Vec<String> = done["orders"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|order| order["order"].as_str().expect("a reference").to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(listed(&["--search", "list-2"]), ["LIST-2"]);
    assert_eq!(listed(&["--search", "7.00"]), ["LIST-2"]);
    assert_eq!(listed(&["--flag", "amount_mismatch"]), ["LIST-3"]);
    assert_eq!(listed(&["--unreleased"]), ["LIST-2", "LIST-3"]);
    assert_eq!(listed(&["--unreleased", "--state", "authorised"]), ["LIST-2"]);
    assert_eq!(listed(&["--since", "1h"]), ["LIST-1", "LIST-2", "LIST-3"]);
    let shown = on(&stack, &["orders", "list", "--since", "1h", "--limit", "1"]).with(0);
    assert!(shown.errors.contains("there are more than 1"), "{}", shown.errors);
    for bad in [["--since", "soon"], ["--since", "2"], ["--flag", "odd"]] {
        on(&stack, &[&["orders", "list"], &bad[..]].concat()).with(2);
    }
}
