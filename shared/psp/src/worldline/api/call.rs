//! One request, made anew each time it is sent: its signature holds for minutes. (worldline.md 11)

use quittance_core::api::{Access, Call, Method};
use quittance_core::crypto::sha256_hex;
use quittance_core::{OrderKey, Timestamp};

use super::credentials::Credentials;
use super::signing::{Signed, date};

/// The type of every body, exactly as it is sent and signed.
const JSON: &str = "application/json";

/// The header of the key that makes a repeated write the same write. (worldline.md 13)
const IDEMPOTENCE: &str = "x-gcs-idempotence-key";

/// The header that says whose program calls.
const META: &str = "x-gcs-servermetainfo";

/// Base64 of `{"platformIdentifier":"Quittance","sdkIdentifier":"QuittanceServerSDK/v1","sdkCreator":"Quittance"}`.
const META_INFO: &str = "eyJwbGF0Zm9ybUlkZW50aWZpZXIiOiJRdWl0dGFuY2UiLCJzZGtJZGVudGlmaWVyIjoiUXVpdHRhbmNlU2VydmVyU0RLL3YxIiwic2RrQ3JlYXRvciI6IlF1aXR0YW5jZSJ9";

/// What is to be asked or done. It prints no body: that may hold personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What the provider calls it.
    pub name: &'static str,
    /// Read or write.
    pub method: Method,
    /// The path behind the merchant's own, from a slash on.
    pub path: String,
    /// The key that makes a repeated write the same write.
    pub key: Option<String>,
    /// The body; empty for a read.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Request {
    /// A read.
    pub(super) fn get(name: &'static str, path: String) -> Self {
        Self { name, method: Method::Get, path, key: None, body: Vec::new() }
    }

    /// A write.
    pub(super) fn post(
        name: &'static str,
        path: String,
        key: Option<String>,
        body: &serde_json::Value,
    ) -> Self {
        Self { name, method: Method::Post, path, key, body: body.to_string().into_bytes() }
    }
}

/// The key of one write, at most 40 characters: the same for the same intent, and another for each other, also
/// where two refunds of an order have the same amount. (worldline.md 13)
pub fn idempotence_key(merchant: &str, order: &str, intent: &str, call: &str) -> String {
    // As JSON: what stands in one part cannot be taken for two.
    let named = serde_json::Value::from(vec![merchant, order, intent, call]).to_string();
    let digest = sha256_hex(named.as_bytes());
    ["q-", digest.get(..32).unwrap_or(&digest)].concat()
}

/// Adds a member to a body.
pub(super) fn put(object: &mut serde_json::Value, name: &str, value: impl Into<serde_json::Value>) {
    if let serde_json::Value::Object(members) = object {
        members.insert(name.to_owned(), value.into());
    }
}

/// Where a merchant's calls go, and what signs them.
#[derive(Clone, Debug)]
pub struct Endpoint(Credentials);

impl Endpoint {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self(credentials)
    }

    /// Whether it is the one of this order.
    pub(super) fn is_of(&self, order: &OrderKey) -> bool {
        let account = &self.0.account;
        (account.psp, &account.merchant, account.mode) == (order.psp, &order.merchant, order.mode)
    }

    /// Whose it is.
    pub(super) fn account(&self) -> &quittance_core::key::Account {
        &self.0.account
    }

    /// The same for people.
    pub(super) fn access(&self) -> Access {
        Access { account: self.0.account.clone(), origin: self.0.origin.clone(), asks: true }
    }

    /// The request, signed at this moment.
    pub fn call(&self, request: &Request, now: Timestamp) -> Call {
        let Credentials { account, origin, key_id, secret } = &self.0;
        let resource = ["/v2/", &account.merchant, &request.path].concat();
        let date = date(now);
        let mut signed_headers = vec![(META, META_INFO)];
        signed_headers.extend(request.key.as_deref().map(|key| (IDEMPOTENCE, key)));
        let content_type = match request.method {
            Method::Get => None,
            Method::Post => Some(JSON),
        };
        let signed = Signed {
            method: request.method,
            content_type,
            date: &date,
            headers: &signed_headers,
            resource: &resource,
        };
        let authorization = signed.authorization(key_id, secret);
        let mut headers = vec![("authorization", authorization)];
        headers.extend(content_type.map(|kind| ("content-type", kind.to_owned())));
        headers.extend(signed_headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        headers.push(("date", date));
        Call {
            name: request.name,
            method: request.method,
            url: [origin, &*resource].concat(),
            headers,
            body: request.body.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_names_one_write() {
        let key = idempotence_key("M", "CMD-1", "r-1", "refund");
        assert_eq!(key.len(), 34);
        assert!(key.len() <= 40 && key.is_ascii());
        assert_eq!(key, idempotence_key("M", "CMD-1", "r-1", "refund"));
        for (merchant, order, intent, call) in [
            ("N", "CMD-1", "r-1", "refund"),
            ("M", "CMD-2", "r-1", "refund"),
            ("M", "CMD-1", "r-2", "refund"),
            ("M", "CMD-1", "r-1", "cancel"),
            ("M", "CMD-1r", "-1", "refund"),
            ("M\",\"CMD-1", "", "r-1", "refund"),
        ] {
            assert_ne!(key, idempotence_key(merchant, order, intent, call));
        }
    }

    #[test]
    fn the_program_says_its_name() {
        use base64::Engine;
        let told = base64::engine::general_purpose::STANDARD.decode(META_INFO).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["sdkCreator"], "Quittance");
    }
}
