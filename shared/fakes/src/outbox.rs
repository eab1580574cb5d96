//! What the providers send by themselves.

use crate::http::FORM;
use crate::signature::{hmac_base64, hmac_hex};

/// One notification that is to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Where to.
    pub url: String,
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Notification {
    /// A Worldline event, signed over its raw body.
    pub(crate) fn event(url: &str, key_id: &str, secret: &str, body: String) -> Self {
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-gcs-signature", hmac_base64(secret, body.as_bytes())),
            ("x-gcs-keyid", key_id.to_owned()),
            ("retry-count", "0".to_owned()),
        ];
        Self::new(url, headers, body)
    }

    /// A Lyra form, which is signed already, or a REST answer.
    pub(crate) fn form(url: &str, body: String) -> Self {
        Self::new(url, [("content-type", FORM.to_owned())], body)
    }

    fn new<const N: usize>(url: &str, headers: [(&str, String); N], body: String) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { url: url.to_owned(), headers, body: body.into_bytes() }
    }
}

/// The fields of a Lyra REST notification around an answer.
pub(crate) fn rest_fields(password: &str, answer: &str) -> Vec<(String, String)> {
    let fields = [
        ("kr-hash-key", "password"),
        ("kr-hash-algorithm", "sha256_hmac"),
        ("kr-answer-type", "V4/Payment"),
        ("kr-answer", answer),
        ("kr-hash", &hmac_hex(password, answer.as_bytes())),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
