//! What is answered to the start of a payment.

use std::fmt;

use serde::Deserialize;

use super::super::super::payment_id::PaymentId;
use super::super::answer::{Fault, json};
use super::super::credentials::is_path_segment;
use crate::text::{Hint, Text};
use quittance_core::api::Trouble;

/// A session that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its id. It names the session and, where that is known by a payment, the first payment in it.
    pub checkout: String,
    /// What proves the buyer's return. It is a secret between the platform and us.
    pub return_mac: String,
    /// Where the buyer pays.
    pub redirect_url: String,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("checkout", &self.checkout).finish_non_exhaustive()
    }
}

/// A payment that was started from server to server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The payment's id, as `<payment>_<operation>`.
    pub payment: String,
    /// Whether it was declined at once.
    pub refused: bool,
    /// What the buyer does next; `None` where there is nothing to do.
    pub step: Option<Step>,
}

/// What the buyer does next.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// The shop shows this.
    Form(Form),
    /// The buyer is sent away, by GET.
    Redirect {
        /// Where to.
        url: String,
        /// What proves the return, where there is one. It is a secret.
        return_mac: Option<String>,
    },
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form(_) => "Form(..)",
            Self::Redirect { .. } => "Redirect(..)",
        })
    }
}

/// What the shop shows to a buyer who pays in an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Opens the app.
    pub app_url: Option<String>,
    /// A PNG in Base64, to be scanned by the app.
    pub qr_code: Option<String>,
    /// Tells how far the buyer is.
    pub polling_url: Option<String>,
    /// What that answers.
    pub polling: Option<Polling>,
}

/// What a polling address answers. None of it proves a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polling {
    /// `PRETRANSACTION`, `TRANSACTION`, then `FINALIZED`.
    Words,
    /// `false`, then `true`.
    Truth,
}

/// Reads the answer of `CreateHostedCheckout` about an order of this reference.
///
/// # Errors
///
/// The answer is not understood, or is about another order.
pub fn opened(body: &[u8], reference: &str) -> Result<Opened, Trouble> {
    read_opened(body, reference).map_err(|fault| fault.trouble("CreateHostedCheckout"))
}

fn read_opened(body: &[u8], reference: &str) -> Result<Opened, Fault> {
    let wire: OpenedBody<'_> = json(body)?;
    let other = wire.merchant_reference.as_ref().and_then(Hint::as_str);
    if other.is_some_and(|other| other != reference) {
        return Err(Fault::contradiction("it is about another order"));
    }
    let checkout = text(wire.hosted_checkout_id.as_ref(), "hostedCheckoutId")?;
    if !is_path_segment(&checkout) || PaymentId::parse(&checkout).is_none() {
        return Err(Fault::garbled("hostedCheckoutId is no id"));
    }
    let return_mac = text(wire.return_mac.as_ref(), "RETURNMAC")?;
    let redirect_url = address(wire.redirect_url.as_ref(), "redirectUrl")?;
    Ok(Opened { checkout, return_mac, redirect_url })
}

/// Reads the answer of `CreatePayment` about an order of this reference.
///
/// # Errors
///
/// The answer is not understood, or is about another order.
pub fn started(body: &[u8], reference: &str) -> Result<Started, Trouble> {
    read_started(body, reference).map_err(|fault| fault.trouble("CreatePayment"))
}

fn read_started(body: &[u8], reference: &str) -> Result<Started, Fault> {
    let wire: StartedBody<'_> = json(body)?;
    let payment = wire.payment.as_ref().ok_or_else(|| Fault::garbled("payment missing"))?;
    let output = payment.payment_output.as_ref();
    let other = output.and_then(|output| output.references.as_ref()?.merchant_reference.as_deref());
    if other.is_some_and(|other| other != reference) {
        return Err(Fault::contradiction("it is about another order"));
    }
    let id = PaymentId::parse(payment.id.as_deref().unwrap_or(""));
    let id = id.ok_or_else(|| Fault::garbled("payment id missing or too long"))?;
    let action = wire.merchant_action.as_ref();
    let kind = action.and_then(|action| action.action_type.as_ref()?.as_str());
    let step = match (kind, action) {
        (Some("SHOW_FORM"), Some(action)) => Some(Step::Form(form(action)?)),
        (Some("REDIRECT"), Some(action)) => Some(redirect(action)?),
        _ => None,
    };
    let refused = payment.status.as_deref() == Some("REJECTED");
    Ok(Started { payment: id.operation(), refused, step })
}

fn form(action: &Action<'_>) -> Result<Form, Fault> {
    let data = action.show_form_data.as_ref();
    let data = data.ok_or_else(|| Fault::garbled("showFormData missing"))?;
    let plain = |hint: Option<&Hint<'_>>| hint.and_then(Hint::as_str).map(str::to_owned);
    // Either member may have the polling address: which of them, no source says.
    let product = data.payment_product5412.as_ref();
    let words = product.and_then(|product| plain(product.polling_url.as_ref()));
    let truth = data.pending_authentication.as_ref();
    let truth = truth.and_then(|pending| plain(pending.polling_url.as_ref()));
    let polling = match (&words, &truth) {
        (Some(_), _) => Some(Polling::Words),
        (None, Some(_)) => Some(Polling::Truth),
        (None, None) => None,
    };
    Ok(Form {
        app_url: product.and_then(|product| plain(product.app_url.as_ref())),
        qr_code: product.and_then(|product| plain(product.qr_code.as_ref())),
        polling_url: words.or(truth),
        polling,
    })
}

fn redirect(action: &Action<'_>) -> Result<Step, Fault> {
    let data = action.redirect_data.as_ref();
    let data = data.ok_or_else(|| Fault::garbled("redirectData missing"))?;
    let url = address(data.redirect_url.as_ref(), "redirectURL")?;
    let return_mac = data.return_mac.as_ref().and_then(Hint::as_str).map(str::to_owned);
    Ok(Step::Redirect { url, return_mac })
}

/// A text that must be there.
fn text(hint: Option<&Hint<'_>>, what: &str) -> Result<String, Fault> {
    let text = hint.and_then(Hint::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Fault::garbled(format!("{what} missing")))
}

/// Where a browser is sent: over TLS, or to this machine.
fn address(hint: Option<&Hint<'_>>, what: &str) -> Result<String, Fault> {
    let url = text(hint, what)?;
    let is_web = ["https://", "http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_web = is_web.iter().any(|start| url.starts_with(start));
    if !is_web || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::garbled(format!("{what} is no address")));
    }
    Ok(url)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenedBody<'a> {
    #[serde(borrow, rename = "RETURNMAC")]
    return_mac: Option<Hint<'a>>,
    hosted_checkout_id: Option<Hint<'a>>,
    merchant_reference: Option<Hint<'a>>,
    redirect_url: Option<Hint<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartedBody<'a> {
    #[serde(borrow)]
    payment: Option<PaymentStart<'a>>,
    merchant_action: Option<Action<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentStart<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    status: Option<Text<'a>>,
    payment_output: Option<StartOutput<'a>>,
}

#[derive(Deserialize)]
struct StartOutput<'a> {
    #[serde(borrow)]
    references: Option<References<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct References<'a> {
    #[serde(borrow)]
    merchant_reference: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action<'a> {
    #[serde(borrow)]
    action_type: Option<Hint<'a>>,
    show_form_data: Option<FormData<'a>>,
    redirect_data: Option<RedirectData<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FormData<'a> {
    #[serde(borrow, rename = "paymentProduct5412")]
    payment_product5412: Option<ProductForm<'a>>,
    pending_authentication: Option<ProductForm<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductForm<'a> {
    #[serde(borrow)]
    app_url: Option<Hint<'a>>,
    qr_code: Option<Hint<'a>>,
    polling_url: Option<Hint<'a>>,
}

#[derive(Deserialize)]
struct RedirectData<'a> {
    #[serde(borrow, rename = "RETURNMAC")]
    return_mac: Option<Hint<'a>>,
    #[serde(rename = "redirectURL")]
    redirect_url: Option<Hint<'a>>,
}
