//! What a browser brings back. It is genuine or not, and says which order to show; it is never evidence, since it
//! stays in the buyer's hands. (lyra.md 12)

use quittance_core::key::{Account, PaymentName};
use serde::Deserialize;

use super::super::ID;
use super::super::form::Form;
use super::super::payment_id::{TransDate, TransId, day_and_id};
use super::super::signature::{is_signed, mode, signer};
use super::credentials::Credentials;
use super::envelope::word;
use crate::text::Text;

/// A genuine return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Whose shop it came to.
    pub account: Account,
    /// The order's reference, where it has one.
    pub order: Option<String>,
    /// The payment's own name (`tx:…`), where it has one.
    pub payment: Option<String>,
}

/// Why a return is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum NoReturn {
    /// The signature, or what is needed to check it, is missing.
    Missing,
    /// A part that must be there once is there more often.
    Repeated,
    /// More fields than a return can have.
    TooMany,
    /// No key is held for whom it names.
    UnknownKey,
    /// It is the gateway's own call, which no browser brings.
    Notification,
    /// It is what the shop itself signed, which the buyer sends to the gateway.
    Request,
    /// The signature is not this return's.
    Mismatch,
    /// It is genuine, and says of no order what was signed for.
    Unreadable,
}

impl NoReturn {
    /// The same for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "signature missing",
            Self::Repeated => "a signed part is repeated",
            Self::TooMany => "too many fields",
            Self::UnknownKey => "unknown key",
            Self::Notification => "a notification, and not a return",
            Self::Request => "a request, and not a return",
            Self::Mismatch => "signature does not match",
            Self::Unreadable => "the return is not to be read",
        }
    }
}

/// Proves that a browser brought this from the gateway: a form's fields or a `kr-answer`, as a body or as the query
/// of an address.
///
/// # Errors
///
/// [`NoReturn`].
pub fn verify(held: &Credentials, fields: &[u8]) -> Result<Returned, NoReturn> {
    let form = Form::parse(fields).map_err(|_| NoReturn::TooMany)?;
    match (form.beginning("kr-").len() > 0, form.bytes("signature").is_some()) {
        (true, false) => answer(held, &form),
        (false, true) => redirected(held, &form),
        _ => Err(NoReturn::Missing),
    }
}

fn redirected(held: &Credentials, form: &Form<'_>) -> Result<Returned, NoReturn> {
    if form.repeats("vads_") || form.repeats("signature") {
        return Err(NoReturn::Repeated);
    }
    // The gateway's own call alone carries it, under the same key.
    if form.bytes("vads_hash").is_some() {
        return Err(NoReturn::Notification);
    }
    let site = form.text("vads_site_id").ok_or(NoReturn::UnknownKey)?;
    let mode = form.text("vads_ctx_mode").and_then(mode).ok_or(NoReturn::UnknownKey)?;
    let account = Account { psp: ID, merchant: site.to_owned(), mode };
    let grant = held.of(&account).ok_or(NoReturn::UnknownKey)?;
    let key = grant.form.as_ref().ok_or(NoReturn::UnknownKey)?;
    let given = form.bytes("signature").ok_or(NoReturn::Missing)?;
    if !is_signed(key, grant.allow_sha1, form, given) {
        return Err(NoReturn::Mismatch);
    }
    // The shop's own request is signed with the same key, and the buyer has it in his hands. It tells no result.
    let is_status = |text: &str| {
        (3..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    let is_result = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    // Names are not signed: one of the request's own fields can be called so, and has another form.
    let tells = form.text("vads_trans_status").is_some_and(is_status)
        || form.text("vads_result").is_some_and(is_result);
    if !tells {
        return Err(NoReturn::Request);
    }
    let date = form.text("vads_trans_date").and_then(TransDate::parse);
    let id = form.text("vads_trans_id").and_then(TransId::of_form);
    let order = form.text("vads_order_id");
    returned(account, order, date.zip(id))
}

fn answer(held: &Credentials, form: &Form<'_>) -> Result<Returned, NoReturn> {
    if form.repeats("kr-") {
        return Err(NoReturn::Repeated);
    }
    let given = form.bytes("kr-hash").ok_or(NoReturn::Missing)?;
    let answer = form.bytes("kr-answer").ok_or(NoReturn::Missing)?;
    if form.bytes("kr-hash-algorithm") != Some(b"sha256_hmac") {
        return Err(NoReturn::Missing);
    }
    // The kind of key is fixed here, as it is for notifications: each refuses the other's.
    if form.bytes("kr-hash-key") != Some(b"sha256_hmac") {
        return Err(NoReturn::Notification);
    }
    let keys = held.iter().filter_map(|grant| Some((&grant.account, grant.hmac.as_ref()?)));
    let (account, text) = signer(keys, given, answer).ok_or(NoReturn::Mismatch)?;
    let answer: Answer<'_> = serde_json::from_slice(&text).map_err(|_| NoReturn::Unreadable)?;
    let details = answer.order_details.ok_or(NoReturn::Unreadable)?;
    if answer.shop_id.as_deref() != Some(&account.merchant)
        || details.mode.as_deref() != Some(word(account.mode))
    {
        return Err(NoReturn::Unreadable);
    }
    returned(account.clone(), details.order_id.as_deref(), None)
}

fn returned(
    account: Account,
    order: Option<&str>,
    payment: Option<(TransDate, TransId<'_>)>,
) -> Result<Returned, NoReturn> {
    let order = order.filter(|order| !order.is_empty()).map(str::to_owned);
    let payment = payment.map(|(date, id)| PaymentName::new(&day_and_id(date, id)).to_string());
    if order.is_none() && payment.is_none() {
        return Err(NoReturn::Unreadable);
    }
    Ok(Returned { account, order, payment })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    shop_id: Option<Text<'a>>,
    order_details: Option<OrderDetails<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderDetails<'a> {
    #[serde(borrow)]
    order_id: Option<Text<'a>>,
    mode: Option<Text<'a>>,
}
