//! `trigger`.

use serde_json::Value;

use crate::support::{Stack, free_port, quittance, systempay_path, worldline_path};

/// Status and both outputs of a command on a stack.
fn trigger(to: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let done = quittance(&[&["trigger", "--to", to], args].concat()).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

/// Each story with a provider that has it.
fn stories() -> Vec<(String, String)> {
    let (status, listed, _) = trigger("http://127.0.0.1:1", &["--list", "--json"]);
    assert_eq!(status, Some(0));
    let all: Value = serde_json::from_str(&listed).expect("JSON");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let of = |story: &Value| -> Vec<(String, String)> {
        let psps = story["psps"].as_array().expect("a list").iter();
        psps.map(|psp| (word(&story["name"]), word(psp))).collect()
    };
    all.as_array().expect("a list").iter().flat_map(of).collect()
}

#[test]
fn every_story_ends_as_it_says_and_can_be_told_again() {
    let stack = Stack::start();
    let all = stories();
    assert!(all.len() > 40, "{}", all.len());
    for again in [false, true] {
        for (name, psp) in &all {
            let (status, said, errors) = trigger(&stack.url(), &[name, "--psp", psp]);
            assert_eq!(status, Some(0), "{name} {psp} {again}: {said}{errors}");
        }
    }
    // A forged one leaves nothing.
    let orders = stack.rows("quittance-orders");
    assert_eq!(trigger(&stack.url(), &["forged"]).0, Some(0));
    assert_eq!(stack.rows("quittance-orders"), orders);
}

#[test]
fn reference_and_amount_are_those_that_are_wished_for() {
    let stack = Stack::shared();
    for (psp, path) in
        [("systempay", systempay_path("MINE-1")), ("worldline", worldline_path("MINE-1"))]
    {
        let args = ["partial-refund", "--psp", psp, "--order", "MINE-1", "--amount", "9000"];
        let (status, said, errors) = trigger(&stack.url(), &args);
        assert_eq!(status, Some(0), "{said}{errors}");
        let order = stack.order(&path);
        let sums =
            ["expected", "captured", "refunded"].map(|name| order[name].as_u64().expect("a sum"));
        assert_eq!(sums, [9_000, 9_000, 3_000], "{order}");
        assert_eq!(order["state"], "partially_refunded");
    }
    let (status, said, _) = trigger(&stack.url(), &["cascade-complete", "--json"]);
    let lines: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((status, lines.len(), &lines[0]["status"]), (Some(0), 1, &200.into()));
}

#[test]
fn what_makes_no_story_is_told() {
    let stack = Stack::shared();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for (to, args, why) in [
        (stack.url(), &["nothing-like-it"][..], "there are card-captured"),
        (stack.url(), &[], "<SCENARIO|--list>"),
        (stack.url(), &["chargeback", "--psp", "systempay"], "no story of systempay"),
        (stack.url(), &["card-captured", "--amount", "9001"], "a multiple of 12"),
        (stack.url(), &["card-captured", "--amount", "90.00"], "minor units"),
        (stack.url(), &["card-captured", "--order", "a/b"], "letters, digits"),
        (stack.url(), &["card-captured", "--merchant", "87654321"], "no key for the site"),
        (nobody, &["card-captured"], "does not answer"),
    ] {
        let (status, said, errors) = trigger(&to, args);
        assert_eq!(status, Some(2), "{args:?}: {said}");
        assert!(errors.contains(why), "{why} in {errors}");
    }
}
