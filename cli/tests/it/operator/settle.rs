//! `settle`.

use quittance_testing::lyra::Form;
use serde_json::{Value, json};

use super::{ORDERS, items_of, key, on, put};
use crate::support::{Stack, systempay_path};

/// A line of a refund in this state.
fn line(intent: &str, state: &str) -> Value {
    json!({
        "intent": intent, "target": format!("{intent}-share"), "method": "CB", "purse": "card", "verb": "refund",
        "amount": 4000, "currency": "EUR", "whole": true, "deadline": null, "state": state,
        "called_at": "2026-11-22T10:00:00Z", "psp_id": null, "seen": false, "reason": null,
        "before": {"credits": [], "captured": 4000, "gone": 0, "had_failed": false},
    })
}

/// A desk with lines in these states, stored beside an order.
fn desk(stack: &Stack, key: &str, states: &[&str]) {
    let lines: Vec<Value> =
        (1..).zip(states).map(|(at, state)| line(&at.to_string(), state)).collect();
    let desk = json!({"version": 1, "requests": [{
        "request": "R-1", "content": {"kind": "refund", "amount": 8000, "currency": "EUR"}, "currency": "EUR",
        "planned_at": "2026-11-22T10:00:00Z", "lines": lines, "voucher_deadline": null,
    }]});
    let item = json!({
        "pk": {"S": format!("refunds:{key}")}, "version": {"N": "7"}, "desk": {"S": desk.to_string()},
        "mark": {"S": "m"},
    });
    put(stack, ORDERS, &item);
}

#[test]
fn a_person_says_what_became_of_an_uncertain_line() {
    let stack = Stack::shared();
    let key = key(&systempay_path("SETTLE-1"));
    let unknown = on(&stack, &["settle", &key]).with(1);
    assert_eq!(unknown.errors, format!("no order is known as {key}\n"));
    stack.systempay(&Form::single("SETTLE-1", "settl1", "CB", 8_000, "CAPTURED").body());
    let asked = on(&stack, &["settle", &key]).with(0);
    assert_eq!(asked.output, "nothing was asked for\n");
    desk(&stack, &key, &["uncertain", "sent", "uncertain"]);
    let shown = on(&stack, &["settle", &key]).with(1).output;
    for part in ["R-1", "40.00 EUR", "uncertain", "1-share", "sent"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let listed = on(&stack, &["settle", &key, "--json"]).with(1).json();
    assert_eq!((&listed[2]["number"], &listed[2]["state"]), (&json!(3), &json!("uncertain")));
    // Nothing is settled without its being clear what.
    for (args, why) in [
        (&["2", "--done", "--yes"][..], "line 2 is neither uncertain nor planned"),
        (&["4", "--not-done", "--yes"], "there is no line 4: the order has 3 lines"),
        (&["0", "--not-done", "--yes"], "there is no line 0: the order has 3 lines"),
    ] {
        let done = on(&stack, &[&["settle", &key][..], args].concat()).with(1);
        assert!(done.errors.contains(why), "{why} in {}", done.errors);
    }
    let unnamed = on(&stack, &["settle", &key, "--done", "--yes"]).with(2);
    assert!(unnamed.errors.contains("number of the line"), "{}", unnamed.errors);
    on(&stack, &["settle", &key, "1", "--done"]).with(2);
    on(&stack, &["settle", &key, "1", "--done", "--not-done", "--yes"]).with(2);
    on(&stack, &["settle", &key, "1", "--not-done", "--psp-id", "x", "--yes"]).with(2);
    on(&stack, &["settle", &key, "3", "--done", "--psp-id", "credit-3", "--yes"]).with(0);
    on(&stack, &["settle", &key, "1", "--not-done", "--yes"]).with(0);
    let listed = on(&stack, &["settle", &key, "--json"]).with(0).json();
    let states: Vec<&str> = (0..3).filter_map(|at| listed[at]["state"].as_str()).collect();
    assert_eq!(states, ["refused", "sent", "done"]);
    assert_eq!(listed[2]["psp_id"], "credit-3");
    let none = on(&stack, &["settle", &key, "--done"]).with(1);
    assert_eq!(none.errors, "no line is uncertain\n");
    // What was asked for by others meanwhile stays.
    let item = items_of(&stack, ORDERS, &format!("refunds:{key}")).remove(0);
    assert_eq!(item["version"]["N"], "9");
}
