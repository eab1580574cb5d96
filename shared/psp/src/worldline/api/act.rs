//! Moving money: one refund, cancellation or capture, once. (worldline.md 12 to 14)

use serde::Deserialize;
use serde_json::json;

use super::super::body::Payment;
use super::super::operation::Operation;
use super::super::payment_id::PaymentId;
use super::call::{Endpoint, Request, idempotence_key, put};
use super::credentials::is_path_segment;
use super::write::{Next, Write, Written};
use quittance_core::Timestamp;
use quittance_core::api::{Action, Dialogue, Effect, Exchange, Turn, Verb};
use quittance_core::limits::MAX_AMOUNT;

/// Longest reference that an operation can carry, in characters. (worldline.md 14)
const MAX_REFERENCE_CHARACTERS: usize = 40;

/// The number of a cancellation that was refused: the payment stays authorised.
const CANCELLATION_REFUSED: u64 = 63;

/// The number of a capture that was refused: the payment stays authorised.
const CAPTURE_REFUSED: u64 = 93;

/// The talk about one action. Its key is that of its intent, and failures are answered again under one key: so what failed is
/// told apart from what was not sent, and is tried anew with another intent.
#[derive(Debug)]
pub(super) struct Act {
    verb: Verb,
    write: Write,
    end: Option<Effect>,
}

impl Act {
    pub(super) fn new(endpoint: Endpoint, action: &Action) -> Self {
        let merchant = endpoint.account().merchant.clone();
        let (request, end) = match request(&merchant, action) {
            Ok(request) => (request, None),
            Err(why) => {
                let nothing = Request::get("nothing", String::new());
                (nothing, Some(Effect::Refused { why: why.to_owned() }))
            }
        };
        Self { verb: action.verb, write: Write::new(endpoint, request), end }
    }

    /// What a success says: the operation that was made, and whether it is refused already.
    fn read(&mut self, body: &[u8]) -> Option<Effect> {
        match made(self.verb, body) {
            Ok(effect) => Some(effect),
            Err(why) => self.write.garbled(why).map(effect),
        }
    }
}

impl Dialogue<Effect> for Act {
    fn next(&mut self, now: Timestamp) -> Turn<Effect> {
        if let Some(end) = &self.end {
            return Turn::End(end.clone());
        }
        match self.write.next(now) {
            Next::Pause(pause) => Turn::Pause(pause),
            Next::Send(call) => Turn::Send(*call),
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        self.end = match self.write.heard(exchange) {
            Ok(body) => self.read(&body),
            Err(written) => written.map(effect),
        };
    }
}

fn effect(written: Written) -> Effect {
    match written {
        Written::Refused(why) => Effect::Refused { why },
        Written::Nothing(trouble) => Effect::Nothing(trouble),
        Written::Failed(trouble) => Effect::Failed(trouble),
        Written::Uncertain(trouble) => Effect::Uncertain(trouble),
    }
}

/// The request of an action, or why there can be none.
fn request(merchant: &str, action: &Action) -> Result<Request, &'static str> {
    if action.amount == 0 || action.amount > MAX_AMOUNT {
        return Err("the amount is nothing, or more than the platform takes");
    }
    let target = PaymentId::parse(&action.target).ok_or("the payment has no id to act on")?;
    // Operations take the id of the payment's first one.
    let id = [target.inner, "_", target.operation.unwrap_or("0")].concat();
    if !is_path_segment(&id) {
        return Err("the payment's id cannot stand in an address");
    }
    let money = json!({"amount": action.amount, "currencyCode": action.currency.code()});
    let (name, word, mut body) = match action.verb {
        Verb::Refund => ("RefundPayment", "refund", json!({"amountOfMoney": money})),
        Verb::Cancel => {
            ("CancelPayment", "cancel", json!({"amountOfMoney": money, "isFinal": action.whole}))
        }
        Verb::Capture => {
            ("CapturePayment", "capture", json!({"amount": action.amount, "isFinal": action.whole}))
        }
    };
    // The order's own reference: what is told of the operation then carries no other.
    if action.verb == Verb::Refund
        && !action.order.is_empty()
        && action.order.chars().count() <= MAX_REFERENCE_CHARACTERS
    {
        let references = json!({"merchantReference": action.order});
        put(&mut body, "operationReferences", references);
    }
    let key = idempotence_key(merchant, &action.order, &action.intent, word);
    Ok(Request::post(name, format!("/payments/{id}/{word}"), Some(key), &body))
}

/// What a success made. A refund whose answer says that it was refused counts as taken all the same: one request may
/// become several operations, and the answer names one of them. Of a cancellation and of a capture there is one.
fn made(verb: Verb, body: &[u8]) -> Result<Effect, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8")?;
    let wrapped: Cancelled<'_>;
    let plain: Payment<'_>;
    let payment = if verb == Verb::Cancel {
        wrapped = serde_json::from_str(text).map_err(|_| "it is not the expected JSON")?;
        wrapped.payment.as_ref().ok_or("it has no payment")?
    } else {
        plain = serde_json::from_str(text).map_err(|_| "it is not the expected JSON")?;
        &plain
    };
    let operation = Operation::of(&payment.id, &payment.status, &payment.status_output)
        .map_err(|_| "it names no operation")?;
    let refused = match verb {
        Verb::Refund => None,
        Verb::Cancel => Some(CANCELLATION_REFUSED),
        Verb::Capture => Some(CAPTURE_REFUSED),
    };
    let agrees = operation.read().contradiction.is_none();
    if refused.is_some() && operation.code == refused && agrees {
        let what = if verb == Verb::Cancel { "cancellation" } else { "capture" };
        let code = operation.code.unwrap_or_default();
        return Ok(Effect::Refused { why: format!("the {what} was refused ({code})") });
    }
    Ok(Effect::Taken { psp_id: Some(operation.id.operation()) })
}

#[derive(Deserialize)]
struct Cancelled<'a> {
    #[serde(borrow)]
    payment: Option<Payment<'a>>,
}
