//! What of the sample deliveries no log may hold: secrets, signatures, card data, and who the buyer is.
//!
//! The texts are taken from the bodies by the names of their fields, so a sample that is added brings its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{FORM_KEY, REST_PASSWORD, SECRET, url_encode};

/// Forms: a field of one of these names, or whose name begins with one that ends in `_`.
const FORM_FIELDS: &[&str] = &[
    "vads_cust_",
    "vads_ship_",
    "vads_card_number",
    "vads_expiry_month",
    "vads_expiry_year",
    "signature",
    "kr-hash",
];

/// JSON: everything under one of these names, in lower case.
const JSON_FIELDS: &[&str] = &[
    "customer",
    "shipping",
    "card",
    "pan",
    "card_number",
    "cardnumber",
    "cardholdername",
    "bin",
    "expirydate",
    "expirymonth",
    "expiryyear",
    "expiry_month",
    "expiry_year",
    "iban",
];

/// Not private although it stands among what is: two letters that say where a card comes from.
const PUBLIC: &[&str] = &["countrycode"];

/// From here on a text is looked for inside other words too; a shorter one only by itself.
const LONG: usize = 10;

/// The shortest part of a name, a number or an address that is looked for by itself. Shorter ones (a month,
/// "rue") are everywhere.
const SHORTEST: usize = 4;

/// How much of a body in Base64 is looked for.
const BASE64_CHARS: usize = 48;

/// Texts that must not be found, and where each comes from.
#[derive(Clone, Debug, Default)]
pub struct Private(BTreeMap<String, String>);

impl Private {
    /// Those of every sample delivery, and the demo keys.
    pub fn of_samples() -> Self {
        let mut private = Self::default();
        for secret in [SECRET, FORM_KEY, REST_PASSWORD] {
            private.add(secret, "demo key");
        }
        for file in sample_files() {
            let text = std::fs::read_to_string(&file).expect("a readable sample");
            let event: Value = serde_json::from_str(&text).expect("a sample is JSON");
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or("").to_owned();
            let signature = event["headers"]["x-gcs-signature"].as_str().unwrap_or("");
            private.add(signature, &format!("{name} x-gcs-signature"));
            let mut body = event["body"].as_str().unwrap_or("").as_bytes().to_vec();
            if event["isBase64Encoded"] == true {
                body = STANDARD.decode(body).expect("Base64");
            }
            private.add_body(&body, &name);
        }
        private
    }

    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether this very text is among them.
    pub fn has(&self, text: &str) -> bool {
        self.0.contains_key(&text.to_lowercase())
    }

    /// Every text that is in `output`, where it comes from, and the line.
    pub fn found_in(&self, output: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in output.lines() {
            let lower = line.to_lowercase();
            let here = self.0.iter().filter(|(text, _)| occurs(&lower, text));
            found.extend(here.map(|(text, from)| format!("{text:?} of {from} in: {line}")));
        }
        found
    }

    fn add_body(&mut self, body: &[u8], name: &str) {
        let encoded: String = STANDARD.encode(body).chars().take(BASE64_CHARS).collect();
        self.add(&encoded, &format!("{name} body"));
        let text = String::from_utf8_lossy(body);
        if text.trim_start().starts_with(['{', '[']) {
            if let Ok(value) = serde_json::from_str(&text) {
                self.add_json(&value, false, name);
            }
            return;
        }
        for (field, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            if FORM_FIELDS
                .iter()
                .any(|known| field == *known || (known.ends_with('_') && field.starts_with(known)))
            {
                self.add_value(&value, &format!("{name} {field}"));
            }
            if let Ok(json) = serde_json::from_str::<Value>(&value) {
                self.add_json(&json, false, name);
            }
        }
    }

    fn add_json(&mut self, value: &Value, private: bool, from: &str) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let lower = name.to_lowercase();
                    let private = private || JSON_FIELDS.contains(&&*lower);
                    if !PUBLIC.contains(&&*lower) {
                        self.add_json(value, private, &format!("{from} {name}"));
                    }
                }
            }
            Value::Array(values) => {
                for value in values {
                    self.add_json(value, private, from);
                }
            }
            Value::String(text) if private => self.add_value(text, from),
            Value::Number(number) if private => self.add_value(&number.to_string(), from),
            _ => {}
        }
    }

    /// A value as it is, as a form has it, its digits and its words.
    fn add_value(&mut self, value: &str, from: &str) {
        self.add(value, from);
        self.add(&url_encode(value), from);
        let is_secret = from.ends_with("signature") || from.ends_with("kr-hash");
        // The words of a mail address are everybody's; its whole is not.
        if is_secret || value.contains('@') {
            return;
        }
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        self.add(&digits, from);
        for run in value.split(|c: char| !c.is_ascii_digit()) {
            self.add(run, from);
        }
        for word in value.split(|c: char| !c.is_alphabetic()) {
            // What masks a card number says nothing.
            if !word.chars().all(|c| c == 'X') {
                self.add(word, from);
            }
        }
    }

    fn add(&mut self, text: &str, from: &str) {
        if text.chars().count() >= SHORTEST {
            self.0.entry(text.to_lowercase()).or_insert_with(|| from.to_owned());
        }
    }
}

/// The files of the deliveries, without what is expected of them.
pub fn sample_files() -> Vec<PathBuf> {
    let events = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"));
    let mut files = Vec::new();
    for psp in ["worldline", "systempay"] {
        for entry in std::fs::read_dir(events.join(psp)).expect("the samples are there") {
            let path = entry.expect("a file").path();
            let name = path.to_string_lossy();
            if name.ends_with(".json") && !name.ends_with(".expected.json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn occurs(line: &str, text: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + text.len()..].chars().next();
        text.chars().count() >= LONG || ![before, after].into_iter().flatten().any(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is empty or blind would pass every log.
    #[test]
    fn every_kind_of_private_text_is_looked_for_and_found() {
        let private = Private::of_samples();
        assert!(private.count() > 300, "{}", private.count());
        for text in [
            "demo-secret",
            "demoformkey0000",
            "testpassword_demo",
            "497010XXXXXX0014",
            "497010",
            "0014",
            "************4675",
            "433026",
            "4675",
            "1230",
            "2028",
            "client@example.com",
            "client%40example.com",
            "Élodie Démo & Fils",
            "Élodie",
            "Fils",
            "+33 1 23 45 67 89",
            "33123456789",
            "1 rue de la Paix",
            "1+rue+de+la+Paix",
            "Paix",
            "peRZSPS6WzFrlPJxaRNEStvGdMo1c9evXmYz36ARjHw=",
        ] {
            assert!(private.has(text), "{text} is looked for");
            for line in [format!("stored {text}, done"), format!("who=\"{text}\"")] {
                assert!(!private.found_in(&line).is_empty(), "{text} is found in {line}");
            }
        }
        assert!(!private.found_in("a\nxdemo-secretx\nb").is_empty(), "inside a word too");
        for harmless in ["CMD-2028", "port 41230", "OK CMD-1 captured 120.00 EUR", "Demo, profils"]
        {
            assert_eq!(private.found_in(harmless), Vec::<String>::new());
        }
    }
}
