//! Any text as each of the small things that are read from configuration, addresses and messages.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use quittance_core::limits::{MAX_AMOUNT, MAX_REFERENCE_BYTES, MAX_REST_PASSWORDS};
use quittance_core::money::amount_from_digits;
use quittance_core::{Currency, Mode, OrderKey, State, Timestamp};
use quittance_psp::worldline::PaymentId;
use quittance_psp::{lyra, worldline};
use quittance_testing::{form_body, rest_body, worldline_signature};
use serde_json::Value;

fuzz_target!(|text: &str| {
    worldline_keys(text);
    lyra_keys(text);
    order_key(text);
    payment_id(text);
    moment(text);
    money(text);
    if let Some(state) = State::from_word(text) {
        assert_eq!(state.as_str(), text);
    }
});

/// Every key of a document that is taken signs with the secret it has there.
fn worldline_keys(text: &str) {
    let Ok(keys) = worldline::Keys::from_json(text) else { return };
    assert!(!keys.is_empty());
    let document: Value = serde_json::from_str(text).expect("what was taken is JSON");
    redacted(&keys, &document, |text| worldline::Keys::from_json(text).ok());
    let mut secrets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, entry) in document.as_object().expect("keys by their ids") {
        let secret = entry.as_str().or_else(|| entry["secret"].as_str()).expect("a secret").trim();
        assert!(!secret.is_empty());
        secrets.entry(id.trim()).or_default().push(secret);
    }
    for (id, secrets) in secrets {
        let signature = keys.signature(id, b"{}").expect("a key of this id");
        assert!(secrets.iter().any(|secret| worldline_signature(secret, b"{}") == signature));
        let given = [signature.as_bytes()];
        assert!(worldline::verify(&keys, &given, &[id.as_bytes()], b"{}").is_ok());
    }
}

/// Every key of a document that is taken verifies what it signed, in its site and mode.
fn lyra_keys(text: &str) {
    let Ok(keys) = lyra::Keys::from_json(text) else { return };
    assert!(!keys.is_empty());
    let document: Value = serde_json::from_str(text).expect("what was taken is JSON");
    redacted(&keys, &document, |text| lyra::Keys::from_json(text).ok());
    let document = document.as_object().expect("sites by their ids");
    let mut passwords = 0;
    let mut seen = BTreeMap::new();
    for id in document.keys() {
        *seen.entry(id.trim()).or_insert(0) += 1;
    }
    for (id, site) in document {
        for (mode, word) in [("test", "TEST"), ("production", "PRODUCTION")] {
            let secret = |name: &str| {
                let secret = site.get(mode)?.get(name)?.as_str()?.trim();
                (!secret.is_empty()).then_some(secret)
            };
            // Of two spellings of one id either may hold.
            if seen.get(id.trim()) != Some(&1) {
                continue;
            }
            if let Some(key) = secret("form").filter(|_| !id.trim().is_empty()) {
                let fields =
                    [("vads_site_id", id.trim()), ("vads_ctx_mode", word), ("vads_hash", "00")];
                let body = form_body(key, &fields);
                assert!(lyra::verify(&keys, body.as_bytes()).is_ok(), "{id:?} {mode}");
            }
            if let Some(password) = secret("rest_password") {
                passwords += 1;
                let body = rest_body(password, "{}");
                assert!(lyra::verify(&keys, body.as_bytes()).is_ok(), "{id:?} {mode}");
            }
        }
    }
    assert!(passwords <= MAX_REST_PASSWORDS);
}

/// Keys print the same whatever the secrets are.
fn redacted<K: std::fmt::Debug>(keys: &K, document: &Value, read: impl Fn(&str) -> Option<K>) {
    let mut other = document.clone();
    let mut concealed = BTreeMap::new();
    for entry in other.as_object_mut().expect("an object").values_mut() {
        conceal(entry, &mut concealed);
    }
    let other = read(&other.to_string()).expect("the same with other secrets");
    assert_eq!(format!("{keys:?}"), format!("{other:?}"));
}

/// Puts another secret where there is one. Equal secrets stay equal and different ones different, because
/// two owners of one secret are refused.
fn conceal(entry: &mut Value, concealed: &mut BTreeMap<String, String>) {
    match entry {
        Value::String(secret) if !secret.trim().is_empty() => {
            let other = format!("another {}", concealed.len());
            *secret = concealed.entry(secret.trim().to_owned()).or_insert(other).clone();
        }
        Value::Object(parts) => {
            for (_, part) in parts.iter_mut().filter(|(name, _)| !SHOWN.contains(&name.as_str())) {
                conceal(part, concealed);
            }
        }
        _ => {}
    }
}

/// What is no secret in a key document.
const SHOWN: [&str; 4] = ["mode", "merchant", "merchantId", "merchant_id"];

fn order_key(text: &str) {
    if let Ok(key) = text.parse::<OrderKey>() {
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let parts = [&key.merchant, &key.order];
        assert!(parts.iter().all(|part| (1..=MAX_REFERENCE_BYTES).contains(&part.len())));
    }
    let fits = (1..=MAX_REFERENCE_BYTES).contains(&text.len());
    for psp in [worldline::ID, lyra::ID] {
        let key = OrderKey::new(psp, "M/1", Mode::Test, text);
        assert_eq!(key.is_ok(), fits);
        if let Ok(key) = key {
            let printed = key.to_string();
            assert_eq!(printed.split('/').count(), 4, "{printed}");
            assert!(printed.bytes().all(|byte| byte.is_ascii_graphic()));
            assert_eq!(printed.parse(), Ok(key.clone()));
            assert_eq!(key.sibling(text), Ok(key));
        }
    }
}

fn payment_id(text: &str) {
    let Some(id) = PaymentId::parse(text) else {
        assert!(text.is_empty() || text.len() > MAX_REFERENCE_BYTES - "tx:".len());
        return;
    };
    assert!(!id.inner.is_empty());
    assert_eq!(PaymentId::parse(&id.operation()).as_ref(), Some(&id), "canonical");
    // The three spellings of one payment. (worldline.md 4, "Identifiers")
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(operation) = id.operation.filter(|o| number(o) && number(id.inner)) {
        let (inner, long) = (&id.inner, operation.trim_start_matches('0'));
        let long = if long.is_empty() { "0" } else { long };
        let plain = long == operation && matches!(inner.len(), 10 | 11);
        if plain && operation.len() <= 3 && !(inner.len() == 11 && inner.starts_with('0')) {
            let zero = if inner.len() == 10 { "0" } else { "" };
            let spelt = format!("90000{zero}{inner}{operation:0>3}");
            assert_eq!(PaymentId::parse(&spelt).as_ref(), Some(&id), "{spelt}");
        }
    }
}

fn moment(text: &str) {
    if let Some(moment) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        assert_eq!(Timestamp::from_unix(moment.unix()), Some(moment));
        assert_eq!(moment.to_string().len(), "2026-11-22T10:00:00Z".len());
        assert_eq!(moment.seconds_since(moment), 0);
    }
    if let Some(moment) = text.parse().ok().and_then(Timestamp::from_unix) {
        assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
    }
}

fn money(text: &str) {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let amount = text.parse::<u64>().ok().filter(|amount| digits && *amount <= MAX_AMOUNT);
    assert_eq!(amount_from_digits(text), amount);
    for currency in [Currency::from_alpha(text), Currency::from_numeric(text)].into_iter().flatten()
    {
        assert_eq!(Currency::from_alpha(currency.code()), Some(currency));
        assert!(currency.exponent().is_none_or(|digits| digits <= 4));
        for amount in [0, 1, 99, MAX_AMOUNT, u64::MAX] {
            let shown = currency.display(amount).to_string();
            let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits.parse(), Ok(amount), "{shown}");
        }
    }
}
