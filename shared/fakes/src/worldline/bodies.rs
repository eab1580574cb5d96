//! What the platform answers, as JSON.

use serde_json::{Value, json};

use super::state::{Operation, Purchase, Role, words};
use crate::clock::fraction;
use crate::settings::{PaymentIds, Settings};

/// An operation's id as it is written.
pub(super) fn id(inner: &str, number: u32, settings: &Settings) -> String {
    match settings.payment_ids {
        PaymentIds::Short => format!("{inner}_{number}"),
        PaymentIds::Long => format!("900000{inner}{number:03}"),
    }
}

/// Payment and operation of an id in any spelling.
pub(super) fn parsed(id: &str) -> Option<(String, u32)> {
    if let Some((inner, number)) = id.split_once('_') {
        return Some((inner.to_owned(), number.parse().ok()?));
    }
    if id.len() == 19 && id.starts_with("900000") {
        let (inner, number) = (id.get(6..16)?, id.get(16..)?);
        return Some((inner.to_owned(), number.parse().ok()?));
    }
    Some((id.to_owned(), 0))
}

fn money(amount: u64, purchase: &Purchase) -> Value {
    json!({"amount": amount, "currencyCode": purchase.currency})
}

fn references(purchase: &Purchase) -> Value {
    json!({"merchantReference": purchase.reference})
}

fn status_output(code: u64) -> Value {
    json!({
        "isAuthorized": code == 5, "isCancellable": code == 5, "isRefundable": code == 9,
        "statusCategory": words(code).1, "statusCode": code,
    })
}

/// Amounts and status of a payment or sale as they are to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) amount: u64,
    pub(super) acquired: u64,
    pub(super) code: u64,
}

/// A payment, told by one of its operations.
pub(super) fn payment(
    purchase: &Purchase,
    by: &Operation,
    figures: Figures,
    settings: &Settings,
) -> Value {
    let Figures { amount, acquired, code } = figures;
    let mut output = json!({
        "amountOfMoney": money(amount, purchase),
        "acquiredAmount": money(acquired, purchase),
        "references": references(purchase),
        "customer": {"device": {"ipAddressCountryCode": "99"}},
        "paymentMethod": by.family(),
        "paymentCreationDate": fraction(by.at),
        "transactionDate": fraction(by.at),
    });
    if by.family() == "redirect" {
        output["redirectPaymentMethodSpecificOutput"] = json!({
            "paymentProductId": by.product, "fraudResults": {"fraudServiceResult": "no-advice"},
        });
    } else {
        output["cardPaymentMethodSpecificOutput"] = json!({
            "paymentProductId": by.product, "authorisationCode": "123456",
            "card": {"cardNumber": "************4675", "expiryDate": "1230", "bin": "433026",
                "countryCode": "FR"},
            "fraudResults": {"fraudServiceResult": "accepted"},
        });
    }
    let mut payment = json!({
        "paymentOutput": output,
        "status": words(code).0,
        "statusOutput": status_output(code),
        "id": id(&by.inner, by.number, settings),
    });
    if purchase.session.hosted {
        payment["hostedCheckoutSpecificOutput"] = json!({"hostedCheckoutId": purchase.session.id});
    }
    payment
}

/// The payment with this id as a whole.
pub(super) fn whole(purchase: &Purchase, inner: &str, settings: &Settings) -> Option<Value> {
    let level = purchase.level(inner, settings)?;
    let by = purchase.operations.get(level.sale)?;
    let figures = Figures { amount: level.amount, acquired: level.acquired, code: level.code };
    Some(payment(purchase, by, figures, settings))
}

/// The answer of `GetPaymentDetails`.
pub(super) fn details(purchase: &Purchase, inner: &str, settings: &Settings) -> Option<Value> {
    let mut body = whole(purchase, inner, settings)?;
    let listed = |one: &Operation| {
        json!({
            "id": id(&one.inner, one.number, settings),
            "amountOfMoney": money(purchase.shown(one, settings), purchase),
            "status": words(one.code).0,
            "statusOutput": status_output(one.code),
            "paymentMethod": one.family(),
            "references": references(purchase),
        })
    };
    body["Operations"] = purchase.scope(inner).map(listed).collect();
    Some(body)
}

/// The answer of `GetPayment` about one sale. Refunds and captures have lists of their own.
pub(super) fn sale(
    purchase: &Purchase,
    inner: &str,
    number: u32,
    settings: &Settings,
) -> Option<Value> {
    let is_it =
        |one: &Operation| one.role == Role::Sale && one.inner == inner && one.number == number;
    let at = purchase.operations.iter().position(is_it)?;
    if purchase.level(inner, settings).is_some_and(|level| level.sale == at) {
        return whole(purchase, inner, settings);
    }
    let one = purchase.operations.get(at)?;
    let figures = Figures { amount: one.amount, acquired: purchase.taken(at), code: one.code };
    Some(payment(purchase, one, figures, settings))
}

/// A refund.
pub(super) fn refund(purchase: &Purchase, one: &Operation, settings: &Settings) -> Value {
    let block = match one.family() {
        "redirect" => "redirectRefundMethodSpecificOutput",
        _ => "cardRefundMethodSpecificOutput",
    };
    let mut output = json!({
        "amountOfMoney": money(one.amount, purchase),
        "references": references(purchase),
        "operationReferences": references(purchase),
        "paymentMethod": one.family(),
    });
    output[block] = json!({
        "totalAmountPaid": purchase.taken(one.sale),
        "totalAmountRefunded": purchase.refunded(one.sale),
    });
    json!({
        "refundOutput": output,
        "status": words(one.code).0,
        "statusOutput": {"isCancellable": false, "statusCategory": words(one.code).1,
            "statusCode": one.code},
        "id": id(&one.inner, one.number, settings),
    })
}

/// A capture, which tells its number alone.
pub(super) fn capture(purchase: &Purchase, one: &Operation, settings: &Settings) -> Value {
    let acquired = if one.code == 9 { one.amount } else { 0 };
    json!({
        "captureOutput": {
            "amountOfMoney": money(one.amount, purchase),
            "acquiredAmount": money(acquired, purchase),
            "paymentMethod": one.family(),
            "references": references(purchase),
        },
        "status": words(one.code).0,
        "statusOutput": {"statusCode": one.code},
        "id": id(&one.inner, one.number, settings),
    })
}

/// The answer of `GetRefunds`.
pub(super) fn refunds(purchase: &Purchase, inner: &str, settings: &Settings) -> Value {
    let all = purchase.scope(inner).filter(|one| one.role == Role::Refund);
    let all: Value = all.map(|one| refund(purchase, one, settings)).collect();
    json!({ "refunds": all })
}

/// The answer of `GetCaptures`. A sale that was taken at once is a capture, too.
pub(super) fn captures(purchase: &Purchase, inner: &str, settings: &Settings) -> Value {
    let is_capture = |one: &&Operation| {
        one.role == Role::Capture || one.role == Role::Sale && matches!(one.code, 9 | 91)
    };
    let all = purchase.scope(inner).filter(is_capture);
    let all: Value = all.map(|one| capture(purchase, one, settings)).collect();
    json!({ "captures": all })
}
