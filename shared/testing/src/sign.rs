//! Signatures as the PSPs make them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// `X-GCS-Signature` of a body.
pub fn worldline_signature(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret, body))
}

/// A signed Lyra form body with HMAC-SHA-256. Fields stay in the order given; a value may be bytes that
/// are no text.
pub fn form_body(key: &str, fields: &[(&str, impl AsRef<[u8]>)]) -> String {
    let signature = hmac_sha256(key, &signed_text(key, fields));
    with_signature(fields, &STANDARD.encode(signature))
}

/// A signed Lyra form body with the legacy SHA-1.
pub fn form_body_sha1(key: &str, fields: &[(&str, impl AsRef<[u8]>)]) -> String {
    with_signature(fields, &hex(&Sha1::digest(signed_text(key, fields))))
}

/// A signed Lyra REST body around a `kr-answer`.
pub fn rest_body(password: &str, answer: &str) -> String {
    rest_body_of_bytes(password, answer.as_bytes())
}

/// The same around bytes that need be no text.
pub fn rest_body_of_bytes(password: &str, answer: &[u8]) -> String {
    let hash = hex(&hmac_sha256(password, answer));
    encode(&[
        ("kr-hash-key", &b"password"[..]),
        ("kr-hash-algorithm", b"sha256_hmac"),
        ("kr-answer-type", b"V4/Payment"),
        ("kr-answer", answer),
        ("kr-hash", hash.as_bytes()),
    ])
}

/// What a form escapes besides the blank, which becomes `+`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// One value, encoded for a form.
pub fn url_encode(text: &str) -> String {
    url_encode_bytes(text.as_bytes())
}

fn url_encode_bytes(value: &[u8]) -> String {
    percent_encode(value, ESCAPED).to_string().replace("%20", "+")
}

/// The values of the `vads_` fields, by name, joined by `+`, and the key after them.
fn signed_text(key: &str, fields: &[(&str, impl AsRef<[u8]>)]) -> Vec<u8> {
    let signed = fields.iter().filter(|(name, _)| name.starts_with("vads_"));
    let by_name: BTreeMap<&str, &[u8]> =
        signed.map(|(name, value)| (*name, value.as_ref())).collect();
    let parts: Vec<&[u8]> = by_name.into_values().chain([key.as_bytes()]).collect();
    parts.join(&b'+')
}

fn with_signature(fields: &[(&str, impl AsRef<[u8]>)], signature: &str) -> String {
    format!("{}&signature={}", encode(fields), url_encode(signature))
}

fn encode(fields: &[(&str, impl AsRef<[u8]>)]) -> String {
    let pairs =
        fields.iter().map(|(name, value)| format!("{name}={}", url_encode_bytes(value.as_ref())));
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
