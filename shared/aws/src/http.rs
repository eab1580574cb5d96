//! HTTP: the checks before anything is hashed, and the only place with status codes.
//!
//! The answers and their reasons: docs/interface.md, "Answers to a PSP". A webhook answers no 3xx: Lyra takes
//! a redirect for success. (lyra.md 1.3) Only a browser that comes back from a payment page is sent on.

use std::fmt::Display;

use lambda_http::http::{HeaderValue, Method, header};
use lambda_http::{Body, Request, Response};
use quittance_core::ProviderId;
use quittance_core::api::NoAccess;
use quittance_core::bodies::Failure;
use quittance_core::limits::MAX_BODY_BYTES;
use quittance_core::provider::Refused;

use crate::ask::AskError;
use crate::error::StoreError;
use crate::keys::Unverified;
use crate::measure::{self, Event};

/// How many characters of an answer Lyra shows to the merchant.
pub const MAX_ANSWER_CHARS: usize = 512;

/// The media type of JSON.
pub const JSON: &str = "application/json";

/// The answer to an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Durable: stored, known before, in quarantine, or about something that is not tracked.
    Taken(String),
    /// The endpoint verification's value, sent back.
    Echo(String),
    /// JSON of an order or a list.
    Json(String),
    /// The same, of what was not there before.
    Created(String),
    /// The same, of what is taken and not final.
    Accepted(String),
    /// Where a browser goes on. No webhook answers so.
    SeeOther(String),
    /// A page for a browser.
    Page(Page),
    /// The request itself makes no sense.
    Bad(&'static str),
    /// Verification failed; nothing was read or written. The reason is only logged, because it would tell a
    /// forger which keys exist.
    Refused,
    /// No such order or route.
    NotFound,
    /// It contradicts what is known.
    Contradicts(&'static str),
    /// A method that the route does not have; the ones it has.
    WrongMethod(&'static str),
    /// Larger than [`MAX_BODY_BYTES`].
    TooLarge,
    /// No media type, or another than the route's.
    WrongMediaType,
    /// A rule forbids it, as this JSON says.
    Forbidden(String),
    /// There are no usable keys: someone must mend the configuration.
    Misconfigured,
    /// The provider was not reached or not understood, as this sentence says. Nothing was changed.
    Unanswered(String),
    /// The store did not take it: the PSP is to send it again.
    TryAgain,
}

/// A page for a browser, and what it may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The page.
    pub html: String,
    /// The value of `Content-Security-Policy`.
    pub policy: &'static str,
}

impl Page {
    fn into_response(self) -> Response<Body> {
        let mut response = response(self.status, "text/html; charset=utf-8", self.html);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(self.policy));
        // The address of a page has the order's reference in it.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
        response
    }
}

impl Answer {
    /// The response.
    pub fn into_response(self) -> Response<Body> {
        const TEXT: &str = "text/plain; charset=utf-8";
        let (status, media, body) = match self {
            Self::Taken(line) => (200, TEXT, line.chars().take(MAX_ANSWER_CHARS).collect()),
            Self::Echo(value) => (200, TEXT, value),
            Self::Json(text) => (200, JSON, text),
            Self::Created(text) => (201, JSON, text),
            Self::Accepted(text) => (202, JSON, text),
            Self::SeeOther(url) => return see_other(&url),
            Self::Page(page) => return page.into_response(),
            Self::Bad(why) => (400, TEXT, why.to_owned()),
            Self::Refused => (401, TEXT, "refused".to_owned()),
            Self::NotFound => (404, TEXT, "not found".to_owned()),
            Self::Contradicts(what) => (409, TEXT, what.to_owned()),
            Self::WrongMethod(allowed) => return wrong_method(allowed),
            Self::TooLarge => (413, TEXT, format!("larger than {MAX_BODY_BYTES} bytes")),
            Self::WrongMediaType => (415, TEXT, "wrong or missing media type".to_owned()),
            Self::Forbidden(text) => (422, JSON, text),
            Self::Misconfigured => (500, TEXT, "not configured".to_owned()),
            Self::Unanswered(why) => (502, TEXT, why),
            Self::TryAgain => (503, TEXT, "not stored, try again".to_owned()),
        };
        response(status, media, body)
    }

    /// The response on a route for the merchant's own programs, which read an error as
    /// `{"error": "<sentence>"}`.
    pub fn into_json_response(self) -> Response<Body> {
        let is_json = matches!(self, Self::Forbidden(_));
        let mut response = self.into_response();
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        if is_error && !is_json {
            let error = String::from_utf8_lossy(response.body()).into_owned();
            *response.body_mut() = Body::Text(serde_json::json!(Failure { error }).to_string());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        response
    }
}

/// What is answered where nothing was learnt by asking.
impl From<AskError> for Answer {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NoAccess(NoAccess::Missing) => {
                Self::Contradicts("no API credentials are configured for this merchant and mode")
            }
            AskError::NoAccess(NoAccess::Forbidden) => {
                Self::Contradicts("this merchant's credentials may not be used for asking")
            }
            AskError::Provider(trouble) => Self::Unanswered(trouble.to_string()),
            AskError::Store(error) => error.into(),
        }
    }
}

/// What is answered where the store did not do its part, which the log says.
impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "not stored");
        Self::TryAgain
    }
}

/// The same where an answer cannot be written.
impl From<serde_json::Error> for Answer {
    fn from(error: serde_json::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// The answer to a message that is not verified; why goes to the log.
pub fn unverified(psp: ProviderId, why: &Unverified<Refused>) -> Answer {
    match why {
        Unverified::NoKeys => {
            measure::count(Event::Unstored);
            Answer::Misconfigured
        }
        Unverified::NotOurs => refuse(psp, &"no keys for this provider", "no_keys"),
        Unverified::Refused(why) => refuse(psp, why, why.word()),
    }
}

/// The answer to a message that is not genuine; why goes to the log, `word` for it is counted.
pub fn refuse(psp: ProviderId, why: &impl Display, word: &'static str) -> Answer {
    tracing::warn!(psp = psp.as_str(), %why, outcome = "refused", "refused");
    measure::rejected(psp, word);
    Answer::Refused
}

/// The `User-Agent` of whoever tries whether a webhook works. What it sends is verified like everything, and refusals are
/// counted; but an alarm about notifications that come and are not taken must neither ring for it nor be silenced by it.
pub const PROBE: &str = "quittance-doctor";

/// Whether a request only tries the webhook.
pub fn is_probe(request: &Request) -> bool {
    request
        .headers()
        .get(header::USER_AGENT)
        .is_some_and(|agent| agent.as_bytes() == PROBE.as_bytes())
}

/// The checks of a notification that need no key: method, size, media type. `methods` are those of the route.
///
/// # Errors
///
/// The answer to a request of another method, size or media type.
pub fn admit(request: &Request, methods: &'static str, media_type: &str) -> Result<(), Answer> {
    if request.method() == Method::POST && !is_probe(request) {
        measure::count(Event::Received);
    }
    posted(request, methods, media_type)
}

/// The checks of whatever is posted: method, size, media type.
///
/// # Errors
///
/// Those of [`admit`].
pub fn posted(request: &Request, methods: &'static str, media_type: &str) -> Result<(), Answer> {
    if request.method() != Method::POST {
        return Err(Answer::WrongMethod(methods));
    }
    if request.body().len() > MAX_BODY_BYTES {
        return Err(Answer::TooLarge);
    }
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next()).unwrap_or("").trim();
    if essence.eq_ignore_ascii_case(media_type) { Ok(()) } else { Err(Answer::WrongMediaType) }
}

fn see_other(url: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_str(url) else {
        return Answer::NotFound.into_response();
    };
    let mut response = response(303, "text/plain; charset=utf-8", String::new());
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn wrong_method(allowed: &'static str) -> Response<Body> {
    let mut response = response(405, "text/plain; charset=utf-8", format!("use {allowed}"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn response(status: u16, media_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = lambda_http::http::StatusCode::from_u16(status)
        .unwrap_or(lambda_http::http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
