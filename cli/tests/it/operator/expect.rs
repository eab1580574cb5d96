//! `orders expect` and `orders forget-doubts`.

use quittance_testing::lyra::Form;
use serde_json::json;

use super::{key, on, on_with};
use crate::support::{Stack, systempay_path};

/// An attempt that ended at 120.00, and a payment of 80.00.
fn held(stack: &Stack, reference: &str, trans: &str) -> String {
    let attempt = |number, amount, status| {
        Form::single(reference, &format!("{trans}{number}"), "CB", amount, status).body()
    };
    stack.systempay(&attempt(1, 12_000, "REFUSED"));
    stack.systempay(&attempt(2, 8_000, "CAPTURED"));
    key(&systempay_path(reference))
}

#[test]
fn expect_registers_once_and_releases_what_is_paid() {
    let stack = Stack::start();
    let key = held(&stack, "EXPECT-1", "expe1");
    let expect = |amount: &str| on(&stack, &["orders", "expect", &key, amount]);
    let held = stack.order(&systempay_path("EXPECT-1"));
    let dry = on(&stack, &["orders", "expect", &key, "8000", "--dry-run"]).with(0).output;
    let would = "80.00 EUR would be registered; the order would be released\n";
    assert!(dry.ends_with(would), "{dry}");
    assert_eq!(stack.order(&systempay_path("EXPECT-1")), held, "nothing was changed");
    let done = expect("8000").with(0).output;
    for part in [
        "EXPECT-1  systempay",
        "expected    80.00 EUR  registered 20",
        "registered: 80.00 EUR",
        "80.00 EUR registered; the order is released now",
    ] {
        assert!(done.contains(part), "{part} in {done}");
    }
    stack.sent_order(&systempay_path("EXPECT-1"));
    let again = expect("8000").with(0).output;
    assert!(again.ends_with("80.00 EUR already registered\n"), "{again}");
    let other = expect("12000").with(1);
    assert!(other.errors.contains("another amount is registered"), "{}", other.errors);
    assert!(other.output.is_empty(), "{}", other.output);
    let shown = on(&stack, &["orders", "show", &key]).with(0).output;
    assert!(shown.contains("expected    80.00 EUR  registered 20"), "{shown}");
    assert_eq!(stack.queue().len(), 1);
    on(&stack, &["rebuild", "--verify"]).with(0);
}

#[test]
fn expect_prints_json_with_what_was_done() {
    let stack = Stack::shared();
    let key = key(&systempay_path("EXPECT-2"));
    let expect = |args: &[&str]| {
        on(&stack, &[&["orders", "expect", &key, "--json"], args].concat()).with(0).json()
    };
    let done = expect(&["500", "--currency", "USD"]);
    assert_eq!((&done["done"], &done["released"]), (&json!("registered"), &json!(false)));
    assert_eq!(done["order"], stack.order(&systempay_path("EXPECT-2")));
    // The order's own currency is meant where none is said.
    assert_eq!(expect(&["500"])["done"], "already_registered");
    assert_eq!(expect(&["700"])["order"]["currency"], "USD");
}

#[test]
fn expect_takes_the_currency_of_the_notifications_else_euros() {
    let stack = Stack::shared();
    let form = Form::single("EXPECT-3", "expe3a", "CB", 500, "REFUSED");
    let dollars = form.with("vads_currency", "840").with("vads_effective_currency", "840");
    stack.systempay(&dollars.body());
    for (reference, currency) in [("EXPECT-3", "USD"), ("EXPECT-4", "EUR")] {
        let key = key(&systempay_path(reference));
        let done = on(&stack, &["orders", "expect", &key, "700", "--json"]).with(0).json();
        assert_eq!(done["order"]["currency"], currency);
    }
}

#[test]
fn expect_says_how_to_write_an_amount() {
    let stack = Stack::shared();
    let key = key(&systempay_path("EXPECT-5"));
    for (amount, part) in [
        ("120.00", "12000 for 120.00 EUR"),
        ("120,00", "12000 for 120.00 EUR"),
        ("0", "from 1 to 999999999999"),
        ("1000000000000", "from 1 to 999999999999"),
        ("12 000", "whole number"),
        ("x", "whole number"),
    ] {
        let done = on(&stack, &["orders", "expect", &key, amount]).with(2);
        assert!(done.errors.contains(part), "{part} in {}", done.errors);
    }
    let bad = on(&stack, &["orders", "expect", &key, "500", "--currency", "eur"]).with(2);
    assert!(bad.errors.contains("EUR"), "{}", bad.errors);
    on(&stack, &["orders", "show", &key]).with(1);
    let help = on(&stack, &["orders", "expect", "--help"]).with(0).output;
    assert!(help.contains("minor units: 12000 for 120.00 EUR"), "{help}");
}

/// A plus in the reference may be the join of two values, so the form has more than one reading.
#[test]
fn forget_doubts_drops_what_has_more_than_one_reading_and_nothing_else() {
    let stack = Stack::start();
    let reference = "FORGET+1";
    stack.systempay(&Form::single(reference, "forg01", "CB", 500, "CAPTURED").body());
    let path = systempay_path(reference);
    let key = key(&path);
    on(&stack, &["orders", "expect", &key, "700"]).with(0);
    let before = stack.order(&path);
    assert_eq!(before["flags"], json!(["ambiguous"]), "{before}");
    let forget = |more: &[&str]| on(&stack, &[&["orders", "forget-doubts", &key], more].concat());

    let dry = forget(&["--dry-run"]).with(0).output;
    assert!(dry.contains("1 statement with more than one reading"), "{dry}");
    assert!(dry.contains("would be forgotten"), "{dry}");
    assert!(forget(&[]).with(2).errors.contains("--yes"));
    assert_eq!(stack.order(&path), before, "nothing was changed unasked");

    let done = forget(&["--yes", "--json"]).with(0).json();
    assert_eq!(done["notifications"].as_array().map(Vec::len), Some(1), "{done}");
    assert!(done["facts"].as_u64() > Some(0), "{done}");
    let after = stack.order(&path);
    assert_eq!((&after["notifications"], &after["flags"]), (&json!([]), &json!([])), "{after}");
    assert_eq!(after["expected"], 700, "what the merchant said stays");
    let again = forget(&["--yes"]).with(0).output;
    assert!(
        again.contains("0 statements with more than one reading (0 facts) forgotten"),
        "{again}"
    );
    // It is still archived, and what is forgotten is no difference.
    let report = on(&stack, &["rebuild", "--verify", "--json"]).with(0).json();
    assert_eq!(report["different"], json!([]), "{report}");
    on(&stack, &["orders", "forget-doubts", "systempay/1/test/NOBODY", "--yes"]).with(1);
}

/// The provider is asked about the order for their sake alone: whoever forgets them has looked.
#[test]
fn doubts_of_what_may_be_paid_are_not_forgotten_unseen() {
    let stack = Stack::start();
    stack.systempay(&Form::single("FORGET+3", "forg03", "CB", 500, "CAPTURED").body());
    let path = systempay_path("FORGET+3");
    let key = key(&path);
    let before = stack.order(&path);
    let forget = |more: &[&str]| on(&stack, &[&["orders", "forget-doubts", &key], more].concat());
    assert_eq!(forget(&["--dry-run", "--json"]).with(0).json()["asked"], true);
    let refused = forget(&["--yes"]).with(1).errors;
    assert!(refused.contains("may have been paid") && refused.contains("--unpaid"), "{refused}");
    assert_eq!(stack.order(&path), before);
    forget(&["--yes", "--unpaid"]).with(0);
    on(&stack, &["orders", "show", &key]).with(1);
}

/// What is not in doubt stays as it is.
#[test]
fn forget_doubts_leaves_sound_statements_alone() {
    let stack = Stack::shared();
    stack.systempay(&Form::single("FORGET-2", "forg02", "CB", 500, "CAPTURED").body());
    let path = systempay_path("FORGET-2");
    let before = stack.sent_order(&path);
    on(&stack, &["orders", "forget-doubts", &key(&path)]).with(0);
    assert_eq!(stack.order(&path), before);
}

/// They decide about orders, or write what orders amount to.
#[test]
fn both_want_the_policy_said() {
    let aws = [
        ("AWS_REGION", "eu-west-3"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    for command in [
        &["orders", "expect", "systempay/1/test/A", "500"][..],
        &["orders", "forget-doubts", "systempay/1/test/A", "--yes"],
    ] {
        let done = super::run(command, &aws).with(2);
        assert!(done.errors.contains("QUITTANCE_RELEASE_ON"), "{}", done.errors);
    }
    let stack = Stack::shared();
    let secured = [("QUITTANCE_RELEASE_ON", "sometimes")];
    on_with(&stack, &["orders", "expect", "systempay/1/test/A", "500"], &secured).with(2);
}
