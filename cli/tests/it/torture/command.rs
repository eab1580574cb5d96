//! What the command says, refuses and writes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::naive::{Naive, Whose};
use super::shop::{Fault, Faults};
use super::torture;
use crate::support::quittance;

/// Status and both outputs of a command.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let done = quittance(args).env("PATH", "/usr/bin:/bin").output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

#[test]
fn what_cannot_be_tried_is_said_and_the_status_is_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let naive = Naive::start(Whose::Stripe, &Faults::new(), folder.path());
    std::fs::write(folder.path().join("secret"), "whsec_another").expect("a file");
    let secret = folder.path().join("secret").display().to_string();
    let none = ["--count-effects", "echo some"];
    for (url, scheme, more, why) in [
        ("http://shop.example/hook", "stripe", &[][..], "is not on this machine"),
        ("https://127.0.0.1/hook", "stripe", &[], "only http"),
        (naive.url.as_str(), "stripe", &["--only", "nothing"], "no exhibit is called nothing"),
        (&naive.url, "stripe", &["--keys", &secret], "answered with 401"),
        (&naive.url, "standard-webhooks", &[], "answered with 401"),
        (&naive.url, "standard-webhooks", &["--keys", &secret], "not whsec_ and Base64"),
        (&naive.url, "worldline", &["--keys", &secret], "error: "),
        ("http://127.0.0.1:1/hook", "stripe", &[], "no answer"),
    ] {
        let done = torture(url, scheme, folder.path(), &[&["--wait", "1"], more].concat());
        assert_eq!(done.status, Some(2), "{url} {scheme} {more:?}: {}", done.errors);
        assert!(done.errors.contains(why), "{why}: {}", done.errors);
    }
    let args = [&["torture", &naive.url, "--scheme", "stripe"], &none[..]].concat();
    let (status, _, errors) = run(&args);
    assert_eq!(status, Some(2));
    assert!(errors.contains("\"some\\n\"") && errors.contains("is no number"), "{errors}");
}

#[test]
fn failures_stand_first_and_the_page_needs_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let naive = Naive::start(Whose::Stripe, &Faults::from([Fault::AnyTime]), folder.path());
    let page = folder.path().join("page.html").display().to_string();
    let count = format!("grep -cxe \"$1\" '{}/effects'", folder.path().display());
    let mut args = vec!["torture", &naive.url, "--scheme", "stripe", "--count-effects", &count];
    args.extend(["--page", &page, "--only", "old-signature", "--only", "refused"]);
    let (status, said, errors) = run(&args);
    assert_eq!(status, Some(1), "{said}{errors}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "1 failure of 3 exhibits found, 2 right, 0 left out");
    assert!(lines[2].starts_with("old-signature  TORTURE-"), "{said}");
    assert!(said.contains("seen   released once, and nothing may leave"), "{said}");
    assert!(said.ends_with("right     genuine-payment refused\n"), "{said}");
    let written = std::fs::read_to_string(&page).expect("a page");
    assert!(written.contains("old-signature") && written.contains("released once"), "{written}");
    for loaded in ["<script", "src=", "@import", "url("] {
        assert!(!written.contains(loaded), "{loaded}");
    }
    // Without the exhibit that fails nothing is found.
    args.extend(["--except", "old-signature"]);
    assert_eq!(run(&args).0, Some(0));
}

/// Each exhibit with its schemes, as the command lists them.
fn listed() -> BTreeMap<String, Vec<String>> {
    let (status, said, errors) = run(&["torture", "--list", "--json"]);
    assert_eq!(status, Some(0), "{errors}");
    let all: Vec<Value> = serde_json::from_str(&said).expect("JSON");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let schemes =
        |each: &Value| each["schemes"].as_array().expect("a list").iter().map(word).collect();
    all.iter().map(|each| (word(&each["name"]), schemes(each))).collect()
}

#[test]
fn the_documented_table_is_that_of_the_command() {
    let page = include_str!("../../../../docs/museum.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let mut documented = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let (Some(name), 6) = (cells[0].strip_suffix('`'), cells.len()) else { continue };
        let schemes = ["worldline", "lyra", "standard-webhooks", "stripe"];
        let has = schemes.iter().zip(&cells[2..]).filter(|(_, cell)| cell.trim() == "yes");
        documented.insert(name.to_owned(), has.map(|(name, _)| (*name).to_owned()).collect());
    }
    assert_eq!(documented, listed());
}

#[test]
fn each_test_that_the_museum_names_is_there() {
    let page = include_str!("../../../../docs/museum.md");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cited = 0;
    for (at, _) in page.match_indices(".rs`: `") {
        let file = page[..at].rsplit('`').next().expect("a path");
        let name = page[at + ".rs`: `".len()..].split('`').next().expect("a name");
        let text = std::fs::read_to_string(root.join(format!("{file}.rs")));
        let text = text.unwrap_or_else(|error| panic!("{file}.rs: {error}"));
        // Some are made by a macro, which has their names in a table.
        let is_there =
            text.contains(&format!("fn {name}(")) || text.contains(&format!(" {name}: "));
        assert!(is_there, "{file}.rs has no test {name}");
        cited += 1;
    }
    assert!(cited > 30, "{cited}");
    let listed = listed();
    for part in page.split("exhibit `").skip(1).chain(page.split("exhibits `").skip(1)) {
        let name = part.split('`').next().expect("a name");
        assert!(listed.contains_key(name), "no exhibit is called {name}");
    }
}
