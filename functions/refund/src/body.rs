//! What is asked for, as it is written.

use percent_encoding::percent_decode_str;
use quittance_aws::http::Answer;
use quittance_aws::posted::{currency, order, read};
use quittance_core::OrderKey;
use quittance_core::bodies::{CancellationBody, CaptureBody, RefundBody};
use quittance_core::desk::{Content, New, RequestKind};
use quittance_core::limits::MAX_REFERENCE_BYTES;
use quittance_core::provider::Providers;

/// What the body of a refund has to be.
const REFUND: &str = "the body must be JSON with order, request (text), amount (a whole number), currency \
                      (text), perhaps plan_only (true or false), and nothing else";

/// What the body of a capture has to be.
const CAPTURE: &str = "the body must be JSON with order, request, currency (text), perhaps amount (a whole \
                       number), and nothing else";

/// What the body of a cancellation has to be.
const CANCELLATION: &str = "the body must be JSON with order and request (text), and nothing else";

/// What the id of a request has to be.
const REQUEST: &str = "request must be a text of 1 to 255 bytes without control characters";

/// What the query of a list has to be.
const QUERY: &str = "the query must be order=psp/merchant/mode/reference, and nothing else";

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    order: String,
    /// The merchant's id of it.
    pub(crate) request: String,
    /// What.
    pub(crate) content: Content,
    /// Whether it is planned alone.
    pub(crate) plan_only: bool,
}

impl Wanted {
    /// Reads a body of this kind.
    pub(crate) fn read(kind: RequestKind, body: &[u8]) -> Result<Self, Answer> {
        match kind {
            RequestKind::Refund => {
                let RefundBody { order, request, amount, currency: code, plan_only } =
                    read(body, REFUND)?;
                let content = Content::Refund { amount, currency: currency(&code)? };
                Ok(Self { plan_only, ..Self::new(order, request, content)? })
            }
            RequestKind::Capture => {
                let CaptureBody { order, request, amount, currency: code } = read(body, CAPTURE)?;
                let content = Content::Capture { amount, currency: currency(&code)? };
                Self::new(order, request, content)
            }
            RequestKind::Cancellation => {
                let CancellationBody { order, request } = read(body, CANCELLATION)?;
                Self::new(order, request, Content::Cancellation)
            }
        }
    }

    fn new(order: String, request: String, content: Content) -> Result<Self, Answer> {
        let is_id = !request.is_empty()
            && request.len() <= MAX_REFERENCE_BYTES
            && !request.chars().any(char::is_control);
        if !is_id {
            return Err(Answer::Bad(REQUEST));
        }
        Ok(Self { order, request, content, plan_only: false })
    }

    /// The order's key.
    pub(crate) fn order(&self, providers: Providers) -> Result<OrderKey, Answer> {
        order(&self.order, providers)
    }

    /// As the desk takes it.
    pub(crate) fn asked(&self) -> New<'_> {
        New { request: &self.request, content: self.content }
    }
}

/// The order that a query names, percent-encoded as a whole.
pub(crate) fn named(query: &str, providers: Providers) -> Result<OrderKey, Answer> {
    let text = query.strip_prefix("order=").filter(|text| !text.contains('&'));
    let text = text.ok_or(Answer::Bad(QUERY))?;
    let text = percent_decode_str(text).decode_utf8().map_err(|_| Answer::Bad(QUERY))?;
    order(&text, providers)
}
