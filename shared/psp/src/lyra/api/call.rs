//! One call of a web service, as a request. (lyra.md 13.1)

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_core::api::{Call, Method};
use serde::Serialize;

use super::super::brands::REST_PATH;
use super::credentials::Login;

/// A call that can be made anew each time it is to be sent: nothing in it depends on when.
#[derive(Clone)]
pub(super) struct Prepared {
    service: &'static str,
    url: String,
    authorization: String,
    body: Vec<u8>,
}

impl Prepared {
    /// A call of a service with this request. What is written here is always JSON; an empty body would be
    /// refused by the gateway.
    pub(super) fn new(login: Login<'_>, service: &'static str, request: &impl Serialize) -> Self {
        let mut plain = format!("{}:", login.account.merchant).into_bytes();
        plain.extend_from_slice(login.password.bytes());
        Self {
            service,
            url: format!("{}{REST_PATH}{service}", login.origin),
            authorization: format!("Basic {}", STANDARD.encode(plain)),
            body: serde_json::to_vec(request).unwrap_or_default(),
        }
    }

    /// What the gateway calls it.
    pub(super) fn service(&self) -> &'static str {
        self.service
    }

    /// The request.
    pub(super) fn call(&self) -> Call {
        Call {
            name: self.service,
            method: Method::Post,
            url: self.url.clone(),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("authorization", self.authorization.clone()),
                ("content-type", "application/json".to_owned()),
            ],
            body: self.body.clone(),
        }
    }
}
