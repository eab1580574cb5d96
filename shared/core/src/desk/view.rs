//! Requests as others see them.

use serde::Serialize;

use super::line::Line;
use super::request::{Request, RequestState};
use crate::api::Verb;
use crate::money::Currency;
use crate::order::Order;
use crate::plan::Refusal;
use crate::time::Timestamp;
use crate::view::OrderView;
use crate::words::Words;

/// A refund, planned or carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Refund"))]
pub struct RefundView {
    /// The order's key as text, `psp/merchant/mode/reference`, with nothing encoded.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ORDER)))]
    pub order: String,
    /// The merchant's id of the refund.
    pub request: String,
    /// What was asked for, in minor units.
    pub amount: u64,
    /// The currency of the amounts.
    pub currency: Option<Currency>,
    /// Where the refund stands.
    pub state: RequestState,
    /// The plan, and how far each line of it is.
    pub lines: Vec<LineView>,
    /// Why there is no plan, in sentences; empty where there is one.
    pub refused: Vec<String>,
    /// When planning with vouchers that can be given back for a limited time ends; `null` where there are none.
    pub voucher_deadline: Option<Timestamp>,
}

/// A capture or a cancellation, beside its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Reserve"))]
pub struct ReserveView {
    /// The order as it is now.
    pub order: OrderView,
    /// The merchant's id of the capture or cancellation.
    pub request: String,
    /// Where the capture or cancellation stands.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::reserve_state"))]
    pub state: RequestState,
    /// What is done with each share.
    pub lines: Vec<LineView>,
}

/// What is done with the money of one share: one call to the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Line"))]
pub struct LineView {
    /// The provider's id of what is acted on.
    pub share: String,
    /// As in the order.
    pub method: String,
    /// What is done.
    #[cfg_attr(feature = "schema", schemars(with = "Verb"))]
    pub action: &'static str,
    /// How much, in minor units.
    pub amount: u64,
    /// How far it is.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::line_state"))]
    pub state: &'static str,
    /// Why, in words; `null` where there is nothing to say.
    pub reason: Option<String>,
    /// The provider's id of what it made of it; `null` until it is known.
    pub psp_id: Option<String>,
}

impl RefundView {
    /// A refund that is planned or carried out.
    pub fn of(order: &Order, request: &Request, amount: u64, words: Words) -> Self {
        Self {
            order: named(order),
            request: request.request.clone(),
            amount,
            currency: request.currency,
            state: request.state(),
            lines: request.lines.iter().map(|line| LineView::of(line, words)).collect(),
            refused: Vec::new(),
            voucher_deadline: request.voucher_deadline,
        }
    }

    /// A refund that rules forbid.
    pub fn refused(
        order: &Order,
        request: &str,
        (amount, currency): (u64, Currency),
        refusal: &Refusal,
        words: Words,
    ) -> Self {
        Self {
            order: named(order),
            request: request.to_owned(),
            amount,
            currency: Some(currency),
            state: RequestState::Refused,
            lines: Vec::new(),
            refused: refusal.reasons.iter().map(|reason| words.say(reason)).collect(),
            voucher_deadline: refusal.voucher_deadline,
        }
    }
}

impl ReserveView {
    /// A capture or a cancellation, beside the order as it is now.
    pub fn of(order: OrderView, request: &Request, words: Words) -> Self {
        Self {
            order,
            request: request.request.clone(),
            state: match request.state() {
                RequestState::Done | RequestState::Partial => RequestState::Done,
                RequestState::Refused => RequestState::Refused,
                RequestState::Planned | RequestState::Running | RequestState::Uncertain => {
                    RequestState::Running
                }
            },
            lines: request.lines.iter().map(|line| LineView::of(line, words)).collect(),
        }
    }
}

/// The order's key as text, with the reference as it is.
fn named(order: &Order) -> String {
    let key = order.key();
    [key.psp.as_str(), &key.merchant, key.mode.as_str(), &key.order].join("/")
}

impl LineView {
    /// A line.
    pub fn of(line: &Line, words: Words) -> Self {
        Self {
            share: line.target.clone(),
            method: line.method.clone(),
            action: match line.verb {
                Verb::Refund => "refund",
                Verb::Cancel => "cancel",
                Verb::Capture => "capture",
            },
            amount: line.amount,
            state: line.state.as_str(),
            reason: line.reason.as_ref().map(|reason| words.say(reason)),
            psp_id: line.psp_id.clone(),
        }
    }
}
