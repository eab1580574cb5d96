//! From a verified Worldline event to facts. (worldline.md 2 to 4)

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{Payment, Refund};
use super::operation::{Operation, Told, bounded};
use super::signature::Verified;
use super::words;
use crate::text::{List, Text, json_fault};
use quittance_core::Remark;
use quittance_core::key::Account;
use quittance_core::limits::{MAX_EVENTS_PER_NOTIFICATION, MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use quittance_core::statement::{Reading, Unreadable};

/// The only version of the event format; the SDKs refuse any other.
const API_VERSION: &str = "v1";

/// Reads a verified body: one event, or an array of them, each standing for itself.
pub fn read(verified: &Verified<'_>) -> Vec<Reading> {
    let Ok(text) = std::str::from_utf8(verified.body) else {
        return vec![Reading::Unreadable(Unreadable::new("body is not UTF-8"))];
    };
    if !text.trim_ascii_start().starts_with('[') {
        return vec![read_one(text, verified)];
    }
    match serde_json::from_str::<List<&RawValue, MAX_EVENTS_PER_NOTIFICATION>>(text) {
        Ok(List { count: 0, .. }) => {
            vec![Reading::Unreadable(Unreadable::new("array of events is empty"))]
        }
        Ok(List { count, .. }) if count > MAX_EVENTS_PER_NOTIFICATION => {
            let most = MAX_EVENTS_PER_NOTIFICATION;
            let reason = format!("more than {most} events in one array, {count}");
            vec![Reading::Unreadable(Unreadable::new(reason))]
        }
        Ok(List { kept, .. }) => {
            kept.into_iter().map(|event| read_one(event.get(), verified)).collect()
        }
        Err(error) => vec![Reading::Unreadable(json_fault("event array", &error))],
    }
}

fn read_one(text: &str, verified: &Verified<'_>) -> Reading {
    match serde_json::from_str::<Event<'_>>(text) {
        Ok(event) => interpret(&event, verified).unwrap_or_else(Reading::Unreadable),
        Err(error) => Reading::Unreadable(json_fault("event", &error)),
    }
}

fn interpret(event: &Event<'_>, verified: &Verified<'_>) -> Result<Reading, Unreadable> {
    if event.api_version.as_deref() != Some(API_VERSION) {
        return Err(Unreadable::new("apiVersion is not v1"));
    }
    let kind = event.kind.as_deref().ok_or_else(|| Unreadable::new("type missing"))?;
    let kind = bounded("type", kind, MAX_WORD_BYTES)?;
    // All are named object.event.
    let family = match kind.split_once('.') {
        Some((object, event)) if !object.is_empty() && !event.is_empty() => object,
        _ => return Err(Unreadable::new("type is not the name of an event")),
    };
    let tracked = matches!(family, "payment" | "refund");
    if !tracked && (event.payment.is_some() || event.refund.is_some()) {
        return Err(Unreadable::new("a payment or refund in an event of another type"));
    }
    if kind == "payment.test" || !tracked {
        return Ok(Reading::Untracked { about: kind.to_owned() });
    }
    let merchant = event.merchant_id.as_deref().unwrap_or("");
    if merchant.is_empty() {
        return Err(Unreadable::new("merchantId missing"));
    }
    let merchant = bounded("merchantId", merchant, MAX_REFERENCE_BYTES)?;
    if verified.merchant.as_deref().is_some_and(|bound| bound != merchant) {
        return Err(Unreadable::new("merchantId is not the one this key is bound to"));
    }
    let account = Account { psp: super::ID, merchant: merchant.to_owned(), mode: verified.mode };
    // A finished refund comes as `payment.refunded` with the refund object, a refused one as
    // `payment.rejected`, which may have an empty refund object beside the payment.
    let told = |refund: &&Refund<'_>| {
        refund.id.is_some()
            && (family == "refund"
                || kind == "payment.refunded"
                || kind == "payment.rejected" && refund.is_refused()
                || event.payment.is_none())
    };
    let refund = event.refund.as_ref().filter(told);
    let (operation, output) = match (refund, &event.payment) {
        (Some(refund), _) => (
            Operation::of(&refund.id, &refund.status, &refund.status_output),
            &refund.refund_output,
        ),
        (None, Some(payment)) => (
            Operation::of(&payment.id, &payment.status, &payment.status_output)
                .map(|operation| Operation { checkout: payment.checkout(), ..operation }),
            &payment.payment_output,
        ),
        (None, None) => return Err(Unreadable::new("neither payment nor refund in the event")),
    };
    // What these announce is money on its way back, whichever object tells of it.
    let of_credit = refund.is_some()
        || family == "refund"
        || matches!(
            kind,
            "payment.refunded"
                | "payment.reversed"
                | "payment.chargebacked"
                | "payment.chargeback_notification"
        );
    let output = output.as_ref().ok_or_else(|| Unreadable::new("output with amounts missing"))?;
    let told = Told::of(operation?, output)?;
    let statement = told.statement(&account, Remark::new(words::EVENT, [kind]), of_credit)?;
    Ok(Reading::Order(Box::new(statement)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    api_version: Option<Text<'a>>,
    merchant_id: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    payment: Option<Payment<'a>>,
    refund: Option<Refund<'a>>,
}
