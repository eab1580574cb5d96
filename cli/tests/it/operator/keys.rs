//! `keys check`: what is configured and whether it can be used, and never a secret.

use serde_json::{Value, json};

use super::{Done, run};

const SECRET: &str = "hunter2-hunter2";

/// Runs the check, and looks for secrets in all that it says.
fn check(args: &[&str], environment: &[(&str, &str)]) -> Done {
    let done = run(&[&["keys", "check"], args].concat(), environment);
    for said in [&done.output, &done.errors] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    done
}

fn document(text: &str) -> String {
    text.replace("SECRET", SECRET)
}

#[test]
fn check_says_which_keys_can_verify_what() {
    let worldline = document(
        r#"{"k1": {"secret": "SECRET", "mode": "production", "merchant": "Shop"}, "k2": "SECRET2"}"#,
    );
    let systempay = document(
        r#"{"87654321": {"brand": "scellius", "test": {"form": "SECRET", "allow_sha1": true},
            "production": {"form": "SECRET2", "rest_password": "SECRET"}}}"#,
    );
    let keys = [
        ("QUITTANCE_WORLDLINE_KEYS", worldline.as_str()),
        ("QUITTANCE_SYSTEMPAY_KEYS", systempay.as_str()),
    ];
    let found = check(&["--json"], &keys).with(0).json();
    let keys_of = |at: usize| found["found"][at]["keys"].clone();
    assert_eq!(found["found"][0]["from"], "QUITTANCE_WORLDLINE_KEYS");
    let key = |id: &str, mode: &str, verifies: &[&str], of: Option<&str>| json!({"id": id, "mode": mode, "verifies": verifies, "of": of});
    assert_eq!(
        keys_of(0),
        json!([
            key("k1", "production", &["events"], Some("only of merchant Shop")),
            key("k2", "test", &["events"], None),
        ])
    );
    let brand = keys_of(1)[0]["of"].as_str().map(str::to_owned);
    assert!(brand.as_deref().is_some_and(|brand| brand.contains("Scellius")), "{found}");
    assert_eq!(
        keys_of(1),
        json!([
            key("87654321", "test", &["form", "form with SHA-1"], brand.as_deref()),
            key("87654321", "production", &["form", "REST"], brand.as_deref()),
        ])
    );
    let table = check(&[], &keys).with(0).output;
    for part in ["k1", "production", "form with SHA-1", "QUITTANCE_SYSTEMPAY_KEYS"] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn unusable_keys_are_1_with_the_reason() {
    let broken = document(r#"{"k1": {"secret": "SECRET", "mode": "TEST"}}"#);
    let done = check(&[], &[("QUITTANCE_WORLDLINE_KEYS", &broken)]).with(1);
    assert!(done.output.contains("UNUSABLE  worldline"), "{}", done.output);
}

#[test]
fn one_secret_for_two_modes_or_merchants_is_1_with_the_keys_that_have_it() {
    let worldline =
        document(r#"{"k1": {"secret": " SECRET", "mode": "production"}, "k2": "SECRET"}"#);
    let systempay = document(
        r#"{"1": {"test": {"rest_password": "SECRET"}}, "2": {"test": {"rest_password": "SECRET "}}}"#,
    );
    let keys = [
        ("QUITTANCE_WORLDLINE_KEYS", worldline.as_str()),
        ("QUITTANCE_SYSTEMPAY_KEYS", systempay.as_str()),
    ];
    let found = check(&["--json"], &keys).with(1).json();
    for (at, says) in [
        (0, r#"key "k1" (production) and key "k2" (test) have the same secret"#),
        (1, r#"site "1" (test) and site "2" (test) have the same REST password"#),
    ] {
        let unusable = found["found"][at]["unusable"].as_str().expect("a sentence");
        assert!(unusable.starts_with(says), "{unusable}");
    }
}

/// Without configuration the local stack has the demo's keys.
#[test]
fn the_demo_keys_are_named_as_such() {
    let found = run(&["keys", "check", "--json"], &[]).with(0).json();
    assert_eq!(found["found"][0]["from"], "the demo");
    // Whatever else the variables name has none: everybody knows the demo's keys.
    let found = run(&["keys", "check", "--json"], &[("QUITTANCE_TABLE", "shop-orders")]);
    assert_eq!(found.with(1).json()["missing"], json!(["worldline", "systempay"]));
}

#[test]
fn a_document_is_checked_before_it_becomes_the_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("keys.json");
    let name = file.to_str().expect("UTF-8");
    let check_file = |text: &str| {
        std::fs::write(&file, document(text)).expect("written");
        check(&["--file", name, "--json"], &[])
    };
    let fine = check_file(r#"{"worldline": {"k1": "SECRET"}}"#).with(0).json();
    assert_eq!(fine["missing"], json!(["systempay"]));
    let count = |report: &Value, what: &str| report[what].as_array().map(Vec::len);
    for (text, unusable, missing, remarks) in [
        (r#"{"worldline": {"k1": "SECRET"}, "systempay": {"1": "SECRET"}}"#, 1, 0, 0),
        (r#"{"worldline": {"k1": "SECRET"}, "sytempay": {"1": "SECRET"}}"#, 0, 1, 1),
        (r#"{"worldline": {"k1": "SECRET"}, "SECRET": {}}"#, 0, 1, 1),
        (r#"{"k1": "SECRET"}"#, 0, 2, 1),
        // Which of the two counted would be chance.
        (r#"{"worldline": {"k1": "SECRET", "k1": "SECRET"}}"#, 1, 1, 0),
        (r#"{"worldline": {"k1": "SECRET"}, "worldline": {"k2": "SECRET"}}"#, 2, 0, 0),
        ("{}", 0, 2, 0),
        (r#"["SECRET"]"#, 2, 0, 0),
        ("SECRET", 2, 0, 0),
    ] {
        let report = check_file(text).with(1).json();
        let found = report["found"].as_array().expect("a list");
        let bad = found.iter().filter(|found| !found["unusable"].is_null()).count();
        assert_eq!(bad, unusable, "{report}");
        assert_eq!(count(&report, "missing"), Some(missing), "{report}");
        assert_eq!(count(&report, "remarks"), Some(remarks), "{report}");
    }
    check(&["--file", "/no/such/file"], &[]).with(2);
}
