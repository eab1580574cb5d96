//! Signatures as the PSPs make them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// `X-GCS-Signature` of a body.
pub fn worldline_signature(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret, body))
}

/// A signed Lyra form body with HMAC-SHA-256. Fields stay in the order given.
pub fn form_body(key: &str, fields: &[(&str, &str)]) -> String {
    let text = format!("{}+{key}", signed_values(fields));
    with_signature(fields, &STANDARD.encode(hmac_sha256(key, text.as_bytes())))
}

/// A signed Lyra form body with the legacy SHA-1.
pub fn form_body_sha1(key: &str, fields: &[(&str, &str)]) -> String {
    let text = format!("{}+{key}", signed_values(fields));
    with_signature(fields, &hex(&Sha1::digest(text.as_bytes())))
}

/// A signed Lyra REST body around a `kr-answer`.
pub fn rest_body(password: &str, answer: &str) -> String {
    let hash = hex(&hmac_sha256(password, answer.as_bytes()));
    encode(&[
        ("kr-hash-key", "password"),
        ("kr-hash-algorithm", "sha256_hmac"),
        ("kr-answer-type", "V4/Payment"),
        ("kr-answer", answer),
        ("kr-hash", &hash),
    ])
}

/// What a form escapes besides the blank, which becomes `+`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// One value, encoded for a form.
pub fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string().replace("%20", "+")
}

/// The values of the `vads_` fields, by name, joined by `+`.
fn signed_values(fields: &[(&str, &str)]) -> String {
    let by_name: BTreeMap<&str, &str> =
        fields.iter().copied().filter(|(name, _)| name.starts_with("vads_")).collect();
    by_name.into_values().collect::<Vec<_>>().join("+")
}

fn with_signature(fields: &[(&str, &str)], signature: &str) -> String {
    format!("{}&signature={}", encode(fields), url_encode(signature))
}

fn encode(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", url_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn hmac_sha256(key: &str, text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes any key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
