//! The committed samples are what the table makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use quittance_testing::samples::{files, folder};
use serde_json::Value;

/// The sample deliveries by path, without what must come of them.
fn events() -> Vec<(String, Value)> {
    let events = files().into_iter().filter(|(path, _)| !path.ends_with(".expected.json"));
    events.map(|(path, text)| (path, serde_json::from_str(&text).unwrap())).collect()
}

#[test]
fn committed_files_are_the_generated_ones() {
    let again = "run: cargo run -p quittance-testing --bin generate-events";
    for (path, contents) in files() {
        let committed = fs::read_to_string(folder().join(&path));
        let committed = committed.unwrap_or_else(|error| panic!("{path}: {error}; {again}"));
        assert!(committed == contents, "{path} is not current; {again}");
        assert!(contents.ends_with("}\n"), "{path}");
    }
}

#[test]
fn no_committed_file_is_stale() {
    let generated: BTreeSet<String> = files().into_iter().map(|(path, _)| path).collect();
    for part in ["worldline", "systempay", "orders", "dispatch"] {
        for file in fs::read_dir(folder().join(part)).unwrap() {
            let path = format!("{part}/{}", file.unwrap().file_name().to_str().unwrap());
            assert!(generated.contains(&path), "{path} is stale");
        }
    }
}

#[test]
fn every_event_is_another() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (path, mut event) in events() {
        // It holds the case's name, which differs by itself.
        if let Some(event) = event.as_object_mut() {
            event.remove("requestContext");
        }
        if let Some(other) = seen.insert(event.to_string(), path.clone()) {
            panic!("{path} repeats {other}");
        }
    }
}

#[test]
fn there_are_enough_of_both_providers_and_some_in_base64() {
    let events = events();
    let of = |psp: &str| events.iter().filter(|(path, _)| path.starts_with(psp)).count();
    assert!(of("worldline/") >= 18 && of("systempay/") >= 18);
    assert!(of("worldline/") + of("systempay/") >= 36);
    for psp in ["worldline/", "systempay/"] {
        let encoded = |(path, event): &&(String, Value)| {
            path.starts_with(psp) && event["isBase64Encoded"] == true
        };
        assert!(events.iter().any(|event| encoded(&event)), "{psp}");
    }
}

/// Whether a function is called by AWS and not over HTTP.
fn is_no_request(path: &str) -> bool {
    path.starts_with("dispatch/") || path.starts_with("reconcile/")
}

#[test]
fn every_case_has_a_number_and_an_expectation() {
    let paths: BTreeSet<String> = files().into_iter().map(|(path, _)| path).collect();
    let mut numbers = BTreeSet::new();
    for (path, _) in events() {
        let (folder, name) = path.split_once('/').unwrap();
        let (number, _) = name.split_once('-').unwrap();
        // The first hundred were used up; a letter begins the next.
        let digits = number.trim_start_matches(|c: char| c.is_ascii_lowercase());
        assert!(digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()), "{path}");
        assert!(number.len() <= 3, "{path}");
        assert!(numbers.insert((folder.to_owned(), number.to_owned())), "{path}: number taken");
        let expectation = path.replace(".json", ".expected.json");
        assert_eq!(paths.contains(&expectation), !is_no_request(&path), "{path}");
    }
}

#[test]
fn an_order_is_known_from_the_deliveries_that_follow_each_other() {
    let mut last = String::new();
    let mut closed = BTreeSet::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path.ends_with(".expected.json")) {
        let expected: Value = serde_json::from_str(&text).unwrap();
        let Some(order) = expected["order"]["path"].as_str() else {
            continue;
        };
        if order != last {
            assert!(!closed.contains(order), "{path}: {order} was left before");
            closed.insert(std::mem::replace(&mut last, order.to_owned()));
        }
    }
}

#[test]
fn every_request_is_one_for_lambda_http() {
    for (path, event) in events().into_iter().filter(|(path, _)| !is_no_request(path)) {
        let request = lambda_http::request::from_str(&event.to_string());
        let request = request.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(request.uri().path(), event["rawPath"].as_str().unwrap(), "{path}");
        assert_eq!(request.method().as_str(), event["requestContext"]["http"]["method"], "{path}");
        let (body, length) = (request.body(), request.headers().get("content-length"));
        let length = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        assert_eq!(body.len(), length, "{path}");
    }
}
