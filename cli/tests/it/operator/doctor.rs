//! `doctor`.

use quittance_testing::lyra::Form;
use quittance_testing::worldline::MERCHANT;
use serde_json::{Value, json};

use super::{Done, on, on_with, run};
use crate::support::{Stack, WORLDLINE_DEMO, free_port};

/// How each check ended: what was checked, of whom, and how well it is.
fn findings(done: &Done) -> Vec<(String, String, String)> {
    let all = done.json();
    let word = |finding: &Value, name: &str| finding[name].as_str().expect("a word").to_owned();
    let all = all.as_array().expect("a list").iter();
    all.map(|one| (word(one, "check"), word(one, "of"), word(one, "health"))).collect()
}

fn health<'f>(findings: &'f [(String, String, String)], check: &str, of: &str) -> &'f str {
    let found = findings.iter().find(|(known, whose, _)| known == check && whose.contains(of));
    &found.unwrap_or_else(|| panic!("{check} of {of} in {findings:?}")).2
}

#[test]
fn a_stack_that_is_well_is_said_to_be() {
    let stack = Stack::start();
    let all = findings(&on(&stack, &["doctor", "--json"]).with(0));
    // Nothing has come yet, which is what somebody should look at.
    let is_of_what_came = |(check, of, _): &&(String, String, String)| {
        check == "orders" || check == "signed" && of.contains("systempay")
    };
    let (orders, rest): (Vec<_>, Vec<_>) = all.iter().partition(is_of_what_came);
    assert!(orders.iter().all(|(_, _, health)| health == "doubtful"), "{orders:?}");
    assert!(rest.iter().all(|(_, _, health)| health == "well"), "{rest:?}");
    for (check, of) in [
        ("keys", "worldline"),
        ("keys", "systempay"),
        ("store", "quittance-orders"),
        ("store", "quittance-archive"),
        ("queue", ""),
        ("api", "worldline"),
        ("webhook", "/webhooks/worldline"),
        ("webhook", "/webhooks/systempay"),
        ("forged", "/webhooks/worldline"),
        ("forged", "/webhooks/systempay"),
        ("signed", "/webhooks/worldline"),
        ("clock", "http"),
    ] {
        assert_eq!(health(&all, check, of), "well", "{check} {of}");
    }
    let shown = on(&stack, &["doctor"]).with(0).output;
    assert!(shown.contains("refuses what is not signed") && !shown.contains("WRONG"), "{shown}");
    // No order was stored by it, and nothing for a person to look at.
    assert_eq!(stack.rows("quittance-orders"), 0);
    assert_eq!(stack.get("/local/quarantine").text(), "[]");
    let silent = on(&stack, &["doctor", "--json", "--no-send"]).with(0);
    assert_eq!(health(&findings(&silent), "webhooks", ""), "doubtful");
    let form =
        Form::single("DOCTOR-1", "docto1", "CB", 500, "CAPTURED").with("vads_currency", "000");
    stack.systempay(&form.body());
    let all = findings(&on(&stack, &["doctor", "--json"]).with(0));
    assert_eq!(health(&all, "store", "quittance-archive"), "doubtful");
    stack.systempay(&Form::single("DOCTOR-2", "docto2", "CB", 500, "CAPTURED").body());
    let archived = stack.rows("quittance-archive");
    let all = findings(&on(&stack, &["doctor", "--json"]).with(0));
    assert_eq!(health(&all, "orders", "systempay"), "well");
    assert_eq!(health(&all, "orders", "worldline"), "doubtful");
    // The one that came, once more; nothing is archived of it, and of what is not tracked neither.
    assert_eq!(health(&all, "signed", "systempay"), "well");
    assert_eq!(stack.rows("quittance-archive"), archived);
    let kept = on(&stack, &["orders", "show", "DOCTOR-2", "--json"]).with(0).json();
    assert_eq!(kept["notifications"].as_array().map(Vec::len), Some(1), "{kept}");
}

/// Another stack with the same keys does not know the payment, and would release its order.
#[test]
fn nothing_genuine_is_posted_to_another_stack() {
    let (stack, other) = (Stack::start(), Stack::start());
    stack.systempay(&Form::single("DOCTOR-3", "docto3", "CB", 500, "CAPTURED").body());
    let url = other.url();
    let all = findings(&on(&stack, &["doctor", "--json", "--url", &url]).with(0));
    assert_eq!(health(&all, "forged", "systempay"), "well");
    assert_eq!(health(&all, "signed", "systempay"), "doubtful");
    assert_eq!(other.rows("quittance-orders"), 0);
    let open = on(&stack, &["doctor", "--url", "http://hooks.example.com"]).with(2);
    assert!(open.errors.contains("say https://"), "{}", open.errors);
}

/// A rule that is off in the portal is silent: what has never come is named.
#[test]
fn rules_that_nothing_came_by_are_named() {
    let stack = Stack::start();
    let rules = || {
        let done = on(&stack, &["doctor", "--json", "--no-send"]).with(0).json();
        let all = done.as_array().expect("a list").clone().into_iter();
        let what = all.filter(|one| one["check"] == "rules").map(|one| one["what"].to_string());
        what.collect::<Vec<_>>()
    };
    assert!(rules().is_empty(), "nothing came at all");
    let sent = |at: usize, source: &str, status: &str| {
        let (order, payment) = (format!("RULES-{at}"), format!("rules{at}"));
        let form = Form::single(&order, &payment, "CB", 500, status);
        stack.systempay(&form.with("vads_url_check_src", source).body());
    };
    sent(1, "PAY", "CAPTURED");
    let named = rules();
    assert_eq!(named.len(), 4, "{named:?}");
    assert!(named.iter().all(|what| what.contains("never seen among the newest 1 notification ")));
    assert!(named.iter().any(|what| what.contains("on batch change")), "{named:?}");
    for (at, source, status) in [
        (2, "PAY", "ABANDONED"),
        (3, "BATCH_AUTO", "AUTHORISED"),
        (4, "BATCH", "EXPIRED"),
        (5, "MERCH_BO", "CANCELLED"),
    ] {
        sent(at, source, status);
    }
    let named = rules();
    assert!(named.len() == 1 && named[0].contains("all 5 seen"), "{named:?}");
}

#[test]
fn what_is_wrong_is_found() {
    let stack = Stack::start();
    let origin = stack.psps();
    let api = |secret: &str, url: &str| {
        json!({MERCHANT: {"test": {"key_id": "local-key", "secret": secret, "url": url}}})
            .to_string()
    };
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for (variable, value, check, of, status, expected) in [
        ("QUITTANCE_WORLDLINE_API", api("local-secret", &origin), "api", MERCHANT, 0, "well"),
        ("QUITTANCE_WORLDLINE_API", api("another", &origin), "api", MERCHANT, 1, "wrong"),
        ("QUITTANCE_WORLDLINE_API", api("local-secret", &nobody), "api", MERCHANT, 1, "wrong"),
        ("QUITTANCE_WORLDLINE_KEYS", "{".to_owned(), "keys", "worldline", 1, "wrong"),
    ] {
        let done = on_with(&stack, &["doctor", "--json"], &[(variable, &value)]).with(status);
        assert_eq!(health(&findings(&done), check, of), expected, "{variable} {value}");
    }
    // A password alone calls no bank's gateway: the local stack plays the site.
    let site = r#"{"1": {"test": {"form": "own", "rest_password": "testpassword_own"}}}"#;
    let done = on_with(&stack, &["doctor", "--json"], &[("QUITTANCE_SYSTEMPAY_KEYS", site)]);
    assert_eq!(health(&findings(&done), "api", "systempay"), "well");
    let done = on(&stack, &["doctor", "--json", "--url", &nobody]).with(1);
    assert_eq!(health(&findings(&done), "webhook", "/webhooks/worldline"), "wrong");
    // Webhooks without usable keys answer, and take nothing.
    let keyless = Stack::start_with(&[], &[("QUITTANCE_SYSTEMPAY_KEYS", "{"), WORLDLINE_DEMO]);
    let all = findings(&on(&keyless, &["doctor", "--json"]).with(1));
    assert_eq!(health(&all, "webhook", "/webhooks/systempay"), "wrong");
    assert_eq!(health(&all, "webhook", "/webhooks/worldline"), "well");
    // A stack that has another key than we have is found out.
    let other = [("QUITTANCE_WORLDLINE_KEYS", r#"{"demo-key": "another"}"#)];
    let done = on_with(&stack, &["doctor", "--json"], &other).with(1);
    assert_eq!(health(&findings(&done), "signed", "worldline"), "wrong");
    run(&["doctor", "--local", &nobody], &[]).with(2);
}
