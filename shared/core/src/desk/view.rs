//! Requests as others see them.

use serde::Serialize;

use super::line::{Line, LineState};
use super::request::{Request, RequestState};
use crate::api::Verb;
use crate::money::Currency;
use crate::order::Order;
use crate::plan::Refusal;
use crate::time::Timestamp;
use crate::view::OrderView;
use crate::words::Words;

/// A refund as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundView {
    /// The order's key as text.
    pub order: String,
    /// The merchant's id of the refund.
    pub request: String,
    /// Minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Option<Currency>,
    /// Where it stands.
    pub state: RequestState,
    /// The lines.
    pub lines: Vec<LineView>,
    /// Why there is no plan.
    pub refused: Vec<String>,
    /// When planning with vouchers ends.
    pub voucher_deadline: Option<Timestamp>,
}

/// A capture or a cancellation as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReserveView {
    /// The order as it is now.
    pub order: OrderView,
    /// The merchant's id of it.
    pub request: String,
    /// `done`, `running` or `refused`.
    pub state: RequestState,
    /// The lines.
    pub lines: Vec<LineView>,
}

/// One line as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// The provider's id of what is acted on.
    pub share: String,
    /// The provider's brand, or the name of its product.
    pub method: String,
    /// `refund`, `cancel` or `capture`.
    pub action: &'static str,
    /// Minor units.
    pub amount: u64,
    /// How far it is.
    pub state: &'static str,
    /// Why, in words.
    pub reason: Option<String>,
    /// The provider's id of what it made of it.
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
            state: match line.state {
                LineState::Planned => "planned",
                LineState::InFlight => "running",
                LineState::Sent => "sent",
                LineState::Done => "done",
                LineState::Refused => "refused",
                LineState::Uncertain => "uncertain",
                LineState::Skipped => "skipped",
            },
            reason: line.reason.as_ref().map(|reason| words.say(reason)),
            psp_id: line.psp_id.clone(),
        }
    }
}
