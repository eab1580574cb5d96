//! Starting payments: what is asked for, held against the limits of the contract.

use serde_json::{Value, json};

use super::bodies::{Figures, payment, whole};
use super::state::{CB, CVCO, Operation, Owner, Purchase, Role, Session, SessionState};
use crate::clock::shifted;
use crate::context::Context;
use crate::settings::{ServerFlow, Settings};
use crate::signature::{dashed, uuid};

/// Most that can be asked for, in minor units.
const MAX_AMOUNT: u64 = 999_999_999_999;

/// How long a session lives where nothing is said, in minutes.
const SESSION_MINUTES: u64 = 180;

/// The longest it can live, in minutes.
const MAX_SESSION_MINUTES: u64 = 1440;

/// The cards that are offered.
const CARDS: [u64; 3] = [CB, 1, 3];

/// The name of a field that is not as it must be.
type Property = &'static str;

/// Opens a session.
pub(super) fn hosted(
    body: &Value,
    owner: &Owner,
    session: &str,
    context: Context<'_>,
) -> Result<Purchase, Property> {
    let page = &body["hostedCheckoutSpecificInput"];
    let mut purchase = common(body, owner, session, context)?;
    let url = text(&page["returnUrl"], 200, "hostedCheckoutSpecificInput.returnUrl")?;
    if !url.contains("://") {
        return Err("hostedCheckoutSpecificInput.returnUrl");
    }
    text_or_none(&page["locale"], 6, "hostedCheckoutSpecificInput.locale")?;
    let minutes = number(
        &page["sessionTimeout"],
        1..=MAX_SESSION_MINUTES,
        "hostedCheckoutSpecificInput.sessionTimeout",
    )?;
    let attempts = number(
        &page["allowedNumberOfPaymentAttempts"],
        1..=10,
        "hostedCheckoutSpecificInput.allowedNumberOfPaymentAttempts",
    )?;
    let first = Filter::of(&page["paymentProductFilters"])?;
    let second = Filter::of(&page["splitPaymentProductFilters"])?;
    let redirect = &body["redirectPaymentMethodSpecificInput"];
    let card = &body["cardPaymentMethodSpecificInput"];
    let mode = card["authorizationMode"].as_str().unwrap_or("FINAL_AUTHORIZATION");
    if !matches!(mode, "FINAL_AUTHORIZATION" | "PRE_AUTHORIZATION" | "SALE") {
        return Err("cardPaymentMethodSpecificInput.authorizationMode");
    }
    let own = &mut purchase.session;
    own.return_url = url;
    own.hosted = true;
    own.vouchers = first.takes(CVCO) && redirect["requiresApproval"] != true;
    own.cards = CARDS.iter().any(|card| first.takes(*card));
    own.complement = CARDS.iter().any(|card| first.takes(*card) && second.takes(*card));
    own.adjustable = adjustable(redirect)?;
    // A page for a card alone may say so by its mode; vouchers with a card are sold at once.
    own.approval = mode != "SALE";
    own.auto_refund = page["autoRefundSplitPayments"] == true;
    own.ends_at = shifted(own.opened_at, seconds(minutes.unwrap_or(SESSION_MINUTES)));
    if let Some(attempts) = attempts {
        own.attempts = u32::try_from(attempts).unwrap_or(1);
    }
    if purchase.currency != "EUR" {
        purchase.session.vouchers = false;
    }
    if !purchase.session.vouchers && !purchase.session.cards {
        return Err("hostedCheckoutSpecificInput.paymentProductFilters");
    }
    Ok(purchase)
}

/// Starts a payment from server to server.
pub(super) fn server(
    body: &Value,
    owner: &Owner,
    session: &str,
    context: Context<'_>,
) -> Result<Purchase, Property> {
    let redirect = &body["redirectPaymentMethodSpecificInput"];
    if redirect["paymentProductId"].as_u64() != Some(CVCO) {
        return Err("redirectPaymentMethodSpecificInput.paymentProductId");
    }
    if redirect["requiresApproval"] == true {
        return Err("redirectPaymentMethodSpecificInput.requiresApproval");
    }
    let mut purchase = common(body, owner, session, context)?;
    if purchase.currency != "EUR" {
        return Err("order.amountOfMoney.currencyCode");
    }
    let beneficiary = &redirect["paymentProduct5412SpecificInput"]["beneficiaryId"];
    if beneficiary.is_null() {
        return Err(
            "redirectPaymentMethodSpecificInput.paymentProduct5412SpecificInput.beneficiaryId",
        );
    }
    let own = &mut purchase.session;
    own.return_url = text_or_none(
        &redirect["redirectionData"]["returnUrl"],
        200,
        "redirectPaymentMethodSpecificInput.redirectionData.returnUrl",
    )?
    .unwrap_or_default();
    own.vouchers = true;
    own.complement = true;
    own.adjustable = adjustable(redirect)?;
    purchase.operations.push(Operation {
        inner: session.to_owned(),
        number: 0,
        role: Role::Sale,
        sale: 0,
        product: CVCO,
        amount: purchase.amount,
        code: 46,
        later: 46,
        is_final: true,
        at: context.now,
    });
    Ok(purchase)
}

/// The answer to an opened session.
pub(super) fn opened(purchase: &Purchase, context: Context<'_>) -> Value {
    let url = page_url(purchase, context);
    let partial = url.split_once("://").map_or("", |(_, rest)| rest);
    json!({
        "RETURNMAC": purchase.session.mac,
        "hostedCheckoutId": purchase.session.id,
        "merchantReference": purchase.reference,
        "redirectUrl": url,
        "partialRedirectUrl": partial,
    })
}

/// The answer to a payment that was started from server to server.
pub(super) fn started(purchase: &Purchase, context: Context<'_>) -> Value {
    let settings: &Settings = context.settings;
    let url = page_url(purchase, context);
    let polling =
        format!("{}/local/psp/polling/{}", context.config.pages_origin, purchase.session.id);
    let action = match settings.server_flow {
        ServerFlow::ShowForm => json!({"actionType": "SHOW_FORM", "showFormData": {
            "paymentProduct5412": {"appUrl": url, "pollingUrl": polling, "qrCode": "iVBORw0KGgo="},
        }}),
        ServerFlow::PendingAuthentication => json!({"actionType": "SHOW_FORM", "showFormData": {
            "paymentProduct5412": {"appUrl": url, "qrCode": "iVBORw0KGgo="},
            "pendingAuthentication": {"pollingUrl": polling},
        }}),
        ServerFlow::Redirect => json!({"actionType": "REDIRECT", "redirectData": {
            "RETURNMAC": purchase.session.mac, "redirectURL": url,
        }}),
    };
    let figures = Figures { amount: purchase.amount, acquired: 0, code: 46 };
    let told = purchase.operations.first().map(|one| payment(purchase, one, figures, settings));
    json!({
        "creationOutput": {"externalReference": purchase.reference},
        "merchantAction": action,
        "payment": told,
    })
}

/// Where the buyer pays.
fn page_url(purchase: &Purchase, context: Context<'_>) -> String {
    format!("{}/local/psp/pay/{}", context.config.pages_origin, purchase.session.id)
}

fn common(
    body: &Value,
    owner: &Owner,
    session: &str,
    context: Context<'_>,
) -> Result<Purchase, Property> {
    let money = &body["order"]["amountOfMoney"];
    let amount = number(&money["amount"], 0..=MAX_AMOUNT, "order.amountOfMoney.amount")?;
    let currency = text(&money["currencyCode"], 3, "order.amountOfMoney.currencyCode")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("order.amountOfMoney.currencyCode");
    }
    let references = &body["order"]["references"];
    let reference =
        text_or_none(&references["merchantReference"], 40, "order.references.merchantReference")?;
    text_or_none(&references["merchantParameters"], 1000, "order.references.merchantParameters")?;
    let mut webhooks = Vec::new();
    for url in body["feedbacks"]["webhooksUrls"].as_array().into_iter().flatten() {
        webhooks.push(text(url, 325, "feedbacks.webhooksUrls")?);
    }
    if webhooks.len() > 5 {
        return Err("feedbacks.webhooksUrls");
    }
    Ok(Purchase {
        owner: owner.clone(),
        // Where the merchant gives none, the platform makes one.
        reference: reference.unwrap_or_else(|| uuid("reference", context.config.seed)),
        amount: amount.ok_or("order.amountOfMoney.amount")?,
        currency,
        session: Session {
            id: session.to_owned(),
            return_url: String::new(),
            mac: dashed(&uuid(session, context.config.seed)),
            hosted: false,
            opened_at: context.now,
            ends_at: shifted(context.now, seconds(SESSION_MINUTES)),
            vouchers: false,
            cards: false,
            complement: false,
            adjustable: true,
            approval: false,
            auto_refund: false,
            state: SessionState::Open,
            refused: 0,
            attempts: context.settings.attempts.max(1),
        },
        webhooks,
        operations: Vec::new(),
    })
}

fn adjustable(redirect: &Value) -> Result<bool, Property> {
    let input = &redirect["paymentProduct5412SpecificInput"];
    match &input["adjustableAmount"] {
        Value::Null => Ok(true),
        Value::Bool(is_adjustable) => Ok(*is_adjustable),
        _ => Err(
            "redirectPaymentMethodSpecificInput.paymentProduct5412SpecificInput.adjustableAmount",
        ),
    }
}

/// Which products a page offers.
struct Filter<'b> {
    only: Option<Vec<u64>>,
    only_cards: bool,
    not: Vec<u64>,
    filter: &'b Value,
}

impl<'b> Filter<'b> {
    fn of(filter: &'b Value) -> Result<Self, Property> {
        let products = |of: &str| -> Vec<u64> {
            let all = filter[of]["products"].as_array();
            all.into_iter().flatten().filter_map(Value::as_u64).collect()
        };
        let groups = filter["restrictTo"]["groups"].as_array();
        let only_cards = groups.into_iter().flatten().any(|group| group == "cards");
        let only = filter["restrictTo"]["products"].is_array().then(|| products("restrictTo"));
        let mut distinct = only.clone().unwrap_or_default();
        distinct.sort_unstable();
        distinct.dedup();
        if only.as_ref().is_some_and(|only| only.len() != distinct.len()) {
            return Err("hostedCheckoutSpecificInput.paymentProductFilters.restrictTo.products");
        }
        Ok(Self { only, only_cards, not: products("exclude"), filter })
    }

    /// Exclusion wins.
    fn takes(&self, product: u64) -> bool {
        let is_card = CARDS.contains(&product);
        let is_in = match &self.only {
            _ if self.filter["restrictTo"].is_null() => true,
            Some(only) => only.contains(&product) || self.only_cards && is_card,
            None => self.only_cards && is_card,
        };
        is_in && !self.not.contains(&product)
    }
}

fn text(value: &Value, most: usize, property: Property) -> Result<String, Property> {
    text_or_none(value, most, property)?.ok_or(property)
}

fn text_or_none(
    value: &Value,
    most: usize,
    property: Property,
) -> Result<Option<String>, Property> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= most && !text.is_empty() => {
            Ok(Some(text.clone()))
        }
        _ => Err(property),
    }
}

fn number(
    value: &Value,
    within: std::ops::RangeInclusive<u64>,
    property: Property,
) -> Result<Option<u64>, Property> {
    match value.as_u64() {
        Some(number) if within.contains(&number) => Ok(Some(number)),
        None if value.is_null() => Ok(None),
        _ => Err(property),
    }
}

fn seconds(minutes: u64) -> i64 {
    i64::try_from(minutes.saturating_mul(60)).unwrap_or(i64::MAX)
}

/// The polling address' answer: a word for the product's own, else whether it has ended.
pub(super) fn polled(purchase: &Purchase, settings: &Settings) -> String {
    let is_over = purchase.session.state != SessionState::Open;
    match (settings.server_flow, is_over) {
        (ServerFlow::PendingAuthentication, is_over) => is_over.to_string(),
        (_, true) => "FINALIZED".to_owned(),
        (_, false) if purchase.voucher().is_some() => "TRANSACTION".to_owned(),
        (_, false) => "PRETRANSACTION".to_owned(),
    }
}

/// The answer of `GetHostedCheckout`.
pub(super) fn session(purchase: &Purchase, settings: &Settings) -> Value {
    let own = &purchase.session;
    let (status, category) = match own.state {
        SessionState::Open => ("IN_PROGRESS", "STATUS_UNKNOWN"),
        SessionState::Paid => ("PAYMENT_CREATED", "SUCCESSFUL"),
        SessionState::Cancelled => ("CANCELLED_BY_CONSUMER", "STATUS_UNKNOWN"),
    };
    let mut body = json!({ "status": status });
    // After refused attempts the payment that was made last is named.
    let mut sales = purchase.operations.iter().filter(|one| one.role == Role::Sale);
    let named = match purchase.voucher() {
        Some(voucher) => Some(voucher),
        None => sales.next_back(),
    };
    let payment = named.and_then(|one| whole(purchase, &one.inner, settings));
    if let Some(payment) = payment {
        body["createdPaymentOutput"] =
            json!({ "payment": payment, "paymentStatusCategory": category });
    }
    body
}
