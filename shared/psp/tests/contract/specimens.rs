//! One specimen of each provider: its samples, and how its messages are made and broken.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quittance_core::provider::Outgoing;
use quittance_core::{Provider, Timestamp};
use quittance_psp::{lyra, worldline};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use quittance_testing::{KEY_ID, SECRET, samples, worldline_signature};
use serde_json::Value;

use crate::octroi;

/// A provider with what the suite needs of it.
pub(crate) struct Specimen {
    pub(crate) provider: &'static dyn Provider,
    pub(crate) samples: Vec<Sample>,
    /// When the samples arrive.
    pub(crate) arrived: Timestamp,
    /// A document of keys that have other secrets than the demo's.
    pub(crate) other_keys: &'static str,
    /// The secrets in it.
    pub(crate) secrets: &'static [&'static str],
    /// A message with its signature missing, repeated, and wrong in several ways.
    pub(crate) break_signature: fn(&Outgoing) -> Vec<(&'static str, Outgoing)>,
    /// A genuine message about a whole order, with this word as its status.
    pub(crate) with_word: fn(&str) -> Outgoing,
    /// The word of what is paid.
    pub(crate) paid_word: &'static str,
}

/// One message, and what must come of it.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) message: Outgoing,
    pub(crate) says: Says,
}

/// What a message says, as far as every provider's samples tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is not genuine.
    Refused,
    /// Something about the order of this reference.
    Order(String),
    /// Something else.
    Something,
}

impl Specimen {
    /// The samples that are genuine.
    pub(crate) fn genuine(&self) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| sample.says != Says::Refused).collect()
    }
}

/// Every provider of the registry, and the one that does not exist.
pub(crate) static SPECIMENS: LazyLock<Vec<Specimen>> =
    LazyLock::new(|| vec![worldline(), lyra(), octroi()]);

fn worldline() -> Specimen {
    Specimen {
        provider: &worldline::Worldline,
        samples: events("worldline"),
        arrived: at(0),
        other_keys: r#"{"demo-key": "hush-one", "other": {"secret": "hush-two", "mode": "production"}}"#,
        secrets: &["hush-one", "hush-two"],
        break_signature: |message| {
            let signature = worldline::SIGNATURE_HEADER;
            let mut broken = headers_broken(message);
            broken.push(("of another body", {
                let mut other = message.clone();
                other.set_header(signature, worldline_signature(SECRET, b"{}"));
                other
            }));
            broken.push(("of another secret", {
                let mut other = message.clone();
                other.set_header(signature, worldline_signature("another", &message.body));
                other
            }));
            broken
        },
        with_word: |word| {
            let event = Payment::new("CMD-1", "3254560001_0", 130, 9, 12_000).word(word);
            let body = event.body().into_bytes();
            let signature = worldline_signature(SECRET, &body);
            let headers =
                [(worldline::KEY_ID_HEADER, KEY_ID), (worldline::SIGNATURE_HEADER, &signature)];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Outgoing { headers: headers.into(), body }
        },
        paid_word: "CAPTURED",
    }
}

fn lyra() -> Specimen {
    Specimen {
        provider: &lyra::Lyra,
        samples: events("systempay"),
        arrived: at(0),
        other_keys: r#"{"12345678": {"test": {"form": "hush-one", "rest_password": "hush-two"}}}"#,
        secrets: &["hush-one", "hush-two"],
        break_signature: |message| {
            let body = String::from_utf8(message.body.clone()).unwrap();
            let name = if body.contains("kr-answer=") { "kr-hash" } else { "signature" };
            let is_it = |pair: &&str| pair.split('=').next() == Some(name);
            let signature = body.split('&').find(is_it).unwrap().to_owned();
            let without: Vec<&str> = body.split('&').filter(|pair| !is_it(pair)).collect();
            let without = without.join("&");
            [
                ("missing", without.clone()),
                ("empty", format!("{without}&{name}=")),
                ("repeated", format!("{body}&{signature}")),
                ("with another", format!("{body}&{name}=x")),
                ("wrong", format!("{without}&{name}=AAAA")),
                ("longer", format!("{without}&{signature}A")),
                ("without its end", format!("{without}&{}", &signature[..signature.len() - 1])),
            ]
            .map(|(how, body)| (how, Outgoing { headers: Vec::new(), body: body.into_bytes() }))
            .into()
        },
        with_word: |word| {
            let form = Form::single("CMD-1", "abc123", "CB", 12_000, word);
            Outgoing { headers: Vec::new(), body: form.body().into_bytes() }
        },
        paid_word: "CAPTURED",
    }
}

fn octroi() -> Specimen {
    let order = |name: &str| match name {
        "without reference" => "tx:p1",
        _ => "CMD-1",
    };
    let samples = octroi::samples::all().into_iter().map(|(name, message)| Sample {
        says: Says::Order(order(name).to_owned()),
        name: name.to_owned(),
        message,
    });
    Specimen {
        provider: &octroi::Octroi,
        samples: samples.collect(),
        arrived: octroi::samples::arrival(),
        other_keys: r#"{"SHOP-1": {"secret": "hush-one", "mode": "test"}, "SHOP-2": {"secret": "hush-two", "mode": "production"}}"#,
        secrets: &["hush-one", "hush-two"],
        break_signature: |message| {
            let mut broken = headers_broken(message);
            for (how, from, to) in [
                ("missing", "\"signature\":", "\"unsigned\":"),
                ("empty", "\"signature\":\"", "\"signature\":\"\",\"rest\":\""),
                ("wrong", "\"signature\":\"", "\"signature\":\"0"),
            ] {
                let body = String::from_utf8(message.body.clone()).unwrap().replace(from, to);
                let body = body.into_bytes();
                broken.push((how, Outgoing { headers: message.headers.clone(), body }));
            }
            broken
        },
        with_word: |word| octroi::samples::batch(&[octroi::samples::payment("p1", "CMD-1", word)]),
        paid_word: "PAID",
    }
}

/// The message with each of its headers missing and repeated.
fn headers_broken(message: &Outgoing) -> Vec<(&'static str, Outgoing)> {
    let mut broken = Vec::new();
    for at in 0..message.headers.len() {
        let mut missing = message.clone();
        let header = missing.headers.remove(at);
        let mut repeated = message.clone();
        repeated.headers.push(header.clone());
        let mut empty = missing.clone();
        empty.headers.push((header.0, String::new()));
        broken.extend([("missing", missing), ("repeated", repeated), ("empty", empty)]);
    }
    broken
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600 + second).unwrap()
}

/// The sample deliveries of a provider that reach its verification.
fn events(folder: &str) -> Vec<Sample> {
    let files: BTreeMap<String, String> = samples::files().into_iter().collect();
    let mut all = Vec::new();
    for (path, text) in &files {
        let Some(name) = path.strip_prefix(folder).and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let Some(expected) = files.get(&format!("{folder}{name}.expected.json")) else { continue };
        let (event, expected): (Value, Value) =
            (serde_json::from_str(text).unwrap(), serde_json::from_str(expected).unwrap());
        let says = match expected["answer"]["status"].as_u64() {
            Some(401) => Says::Refused,
            Some(200) if event["requestContext"]["http"]["method"] == "POST" => about(&expected),
            _ => continue,
        };
        let body = event["body"].as_str().unwrap_or("").as_bytes();
        let body = match event["isBase64Encoded"].as_bool() {
            Some(true) => {
                use base64::Engine;
                base64::engine::general_purpose::STANDARD.decode(body).unwrap()
            }
            _ => body.to_vec(),
        };
        let headers = event["headers"].as_object().unwrap().iter();
        let signs = |name: &str| name.starts_with("x-gcs-");
        let headers = headers
            .filter(|(name, _)| signs(name))
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let message = Outgoing { headers: headers.collect(), body };
        all.push(Sample { name: path.clone(), message, says });
    }
    all
}

/// The order that an answer speaks of.
fn about(expected: &Value) -> Says {
    let sentence = expected["answer"]["body_contains"].as_str().unwrap_or("");
    let path = expected["order"]["path"].as_str().unwrap_or("");
    let order = path.rsplit('/').next().unwrap_or("");
    let plain = order.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match sentence.split(' ').next() {
        Some(first) if !order.is_empty() && plain && first == order => {
            Says::Order(order.to_owned())
        }
        _ => Says::Something,
    }
}
