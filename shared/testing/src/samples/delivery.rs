//! An HTTP request as a Lambda Function URL hands it over (payload format 2.0).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::{KEY_ID, SECRET, worldline_signature};

const HOST: &str = "hooks.example.com";
const USER_AGENT: &str = "sample-sender/1.0";
const WORLDLINE_PATH: &str = "/webhooks/worldline";
const SYSTEMPAY_PATH: &str = "/webhooks/systempay";

/// A request about to be written as an event.
pub(super) struct Delivery {
    method: &'static str,
    path: String,
    query: BTreeMap<&'static str, &'static str>,
    headers: BTreeMap<&'static str, String>,
    body: Option<String>,
    base64: bool,
    source_ip: &'static str,
}

impl Delivery {
    /// A Worldline event, signed with the demo key.
    pub(super) fn worldline(event: &Value) -> Self {
        Self::worldline_text(event.to_string())
    }

    /// Any text, signed as a Worldline event with the demo key.
    pub(super) fn worldline_text(body: String) -> Self {
        Self::new("POST", WORLDLINE_PATH, "192.0.2.10")
            .with_header("content-type", "application/json")
            .with_header("x-gcs-keyid", KEY_ID)
            .with_header("x-gcs-signature", &worldline_signature(SECRET, body.as_bytes()))
            .with_header("retry-count", "0")
            .with_body(body)
    }

    /// The GET by which Worldline asks whether the endpoint is the merchant's.
    pub(super) fn endpoint_verification() -> Self {
        Self::new("GET", WORLDLINE_PATH, "192.0.2.10")
    }

    /// A Lyra notification of either format.
    pub(super) fn systempay(body: String) -> Self {
        Self::new("POST", SYSTEMPAY_PATH, "192.0.2.20")
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_body(body)
    }

    /// A question to the read API.
    pub(super) fn get(path: &str) -> Self {
        Self::new("GET", path, "192.0.2.30").with_header("accept", "application/json")
    }

    /// What the merchant says that an order costs.
    pub(super) fn expected(body: &Value) -> Self {
        Self::new("POST", "/expected", "192.0.2.30")
            .with_header("content-type", "application/json")
            .with_body(body.to_string())
    }

    /// With a query parameter.
    pub(super) fn with_query(mut self, name: &'static str, value: &'static str) -> Self {
        self.query.insert(name, value);
        self
    }

    /// With a header set or replaced.
    pub(super) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.to_owned());
        self
    }

    /// Without a header.
    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// With another method.
    pub(super) fn with_method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// With every `old` of the body changed into `new` after signing.
    pub(super) fn altered(self, old: &str, new: &str) -> Self {
        let body = self.body.clone().unwrap_or_default();
        assert!(body.contains(old), "nothing to alter: {old}");
        self.with_body(body.replace(old, new))
    }

    /// With the body in Base64, as Function URLs hand over what they take for binary.
    pub(super) fn base64(mut self) -> Self {
        self.base64 = true;
        self
    }

    /// The event; `name` goes where the platform puts the request's id.
    pub(super) fn event(&self, name: &str) -> Event {
        let query: Vec<String> =
            self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let encode = |body: &String| {
            if self.base64 { STANDARD.encode(body) } else { body.clone() }
        };
        Event {
            version: "2.0",
            route_key: "$default",
            raw_path: self.path.clone(),
            raw_query_string: query.join("&"),
            headers: self.headers.clone(),
            query_string_parameters: self.query.clone(),
            request_context: RequestContext {
                account_id: "anonymous",
                api_id: "sample",
                domain_name: HOST,
                domain_prefix: "hooks",
                http: Http {
                    method: self.method,
                    path: self.path.clone(),
                    protocol: "HTTP/1.1",
                    source_ip: self.source_ip,
                    user_agent: USER_AGENT,
                },
                request_id: name.to_owned(),
                route_key: "$default",
                stage: "$default",
                time: "22/Nov/2026:10:00:00 +0000",
                time_epoch: 1_795_341_600_000,
            },
            body: self.body.as_ref().map(encode),
            is_base64_encoded: self.base64,
        }
    }

    fn new(method: &'static str, path: &str, source_ip: &'static str) -> Self {
        let delivery = Self {
            method,
            path: path.to_owned(),
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            body: None,
            base64: false,
            source_ip,
        };
        delivery
            .with_header("host", HOST)
            .with_header("user-agent", USER_AGENT)
            .with_header("x-forwarded-for", source_ip)
            .with_header("x-forwarded-port", "443")
            .with_header("x-forwarded-proto", "https")
    }

    fn with_body(mut self, body: String) -> Self {
        self.headers.insert("content-length", body.len().to_string());
        self.body = Some(body);
        self
    }
}

/// The event in the platform's own field order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    version: &'static str,
    route_key: &'static str,
    raw_path: String,
    raw_query_string: String,
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<&'static str, &'static str>,
    request_context: RequestContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: &'static str,
    domain_prefix: &'static str,
    http: Http,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time: &'static str,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: &'static str,
    path: String,
    protocol: &'static str,
    source_ip: &'static str,
    user_agent: &'static str,
}
