//! Events: what the platform sends about one operation.

use serde_json::{Value, json};

use super::bodies::{Figures, payment, refund};
use super::state::{Operation, Purchase, Role};
use crate::clock::offset;
use crate::context::Context;
use crate::outbox::Notification;
use crate::signature::uuid;

/// The events about an operation as it stands, one for each address.
pub(super) fn about(
    purchase: &Purchase,
    at: usize,
    number: u64,
    context: Context<'_>,
) -> Vec<Notification> {
    let owner = &purchase.owner;
    let merchant = context.config.worldline_of(&owner.merchant, &owner.key_id);
    let (Some(merchant), Some(one)) = (merchant, purchase.operations.get(at)) else {
        return Vec::new();
    };
    let Some(kind) = kind(one) else { return Vec::new() };
    let mut event = json!({
        "apiVersion": "v1",
        "created": offset(context.now).replace("+00:00", ".0000000+00:00"),
        "id": uuid("event", number),
        "merchantId": owner.merchant,
        "type": kind,
    });
    let (object, value) = object(purchase, one, context);
    event[object] = value;
    let body = event.to_string();
    let own = std::slice::from_ref(&merchant.webhook_url);
    let urls = if purchase.webhooks.is_empty() { own } else { &purchase.webhooks };
    let send = |url: &String| {
        Notification::event(url, &merchant.webhook_key_id, &merchant.webhook_secret, body.clone())
    };
    urls.iter().map(send).collect()
}

fn kind(one: &Operation) -> Option<&'static str> {
    Some(match (one.role, one.code) {
        (Role::Refund, 8) => "payment.refunded",
        (Role::Refund, 83) => "payment.rejected",
        (Role::Refund, _) => "refund.refund_requested",
        (_, 2) => "payment.rejected",
        (_, 5) => "payment.pending_capture",
        (_, 6) => "payment.cancelled",
        (_, 9) => "payment.captured",
        (_, 46) => "payment.redirected",
        (_, 91 | 92) => "payment.capture_requested",
        (_, 93) => "payment.rejected_capture",
        _ => return None,
    })
}

fn object(purchase: &Purchase, one: &Operation, context: Context<'_>) -> (&'static str, Value) {
    let settings = context.settings;
    if one.role == Role::Refund {
        return ("refund", refund(purchase, one, settings));
    }
    // Where several operations share in a payment, each tells what is acquired of the whole by then.
    let level = purchase.level(&one.inner, settings);
    let of_whole = level.filter(|_| one.role == Role::Sale);
    let mut figures = match of_whole {
        Some(level) => Figures { amount: level.amount, acquired: level.acquired, code: one.code },
        None => {
            let acquired = if one.code == 9 { one.amount } else { 0 };
            Figures { amount: one.amount, acquired, code: one.code }
        }
    };
    if one.inner != purchase.session.id && one.role == Role::Sale && one.code == 2 {
        (figures.amount, figures.acquired) = (one.amount, 0);
    }
    ("payment", payment(purchase, one, figures, settings))
}
