//! From a verified Worldline event to facts. (worldline.md 2 to 4)

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::payment_id::PaymentId;
use super::signature::Verified;
use super::status::{Side, meaning, meaning_of};
use super::{product_name, words};
use crate::text::{Hint, List, Number, Text, json_fault};
use quittance_core::Remark;
use quittance_core::details::{Details, Member, ShareDetails};
use quittance_core::fact::{Fact, Kind, Said, ShareFact, Standing, Status, Total};
use quittance_core::key::{Account, PaymentName};
use quittance_core::limits::{
    MAX_AMOUNT, MAX_EVENTS_PER_NOTIFICATION, MAX_REFERENCE_BYTES, MAX_WORD_BYTES,
};
use quittance_core::money::Currency;
use quittance_core::statement::{Reading, Statement, Unreadable};

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
    statement(&account, kind, &operation?, output, of_credit).map(|s| Reading::Order(Box::new(s)))
}

/// The operation that an event describes: its id and status.
struct Operation<'a> {
    id: PaymentId<'a>,
    /// The id as sent.
    sent: &'a str,
    /// The hosted checkout in which the buyer paid.
    checkout: Option<&'a str>,
    word: Option<&'a str>,
    code: Option<u64>,
    category: Option<&'a str>,
}

impl<'a> Operation<'a> {
    fn of(
        id: &'a Option<Text<'a>>,
        status: &'a Option<Text<'a>>,
        output: &'a Option<StatusOutput<'a>>,
    ) -> Result<Self, Unreadable> {
        let sent = id.as_deref().unwrap_or("");
        let id = PaymentId::parse(sent)
            .ok_or_else(|| Unreadable::new("payment id missing or too long"))?;
        let word = status.as_deref().map(|w| bounded("status", w, MAX_WORD_BYTES)).transpose()?;
        let output = output.as_ref();
        let category = output.and_then(|o| o.status_category.as_deref());
        let category =
            category.map(|c| bounded("statusCategory", c, MAX_WORD_BYTES)).transpose()?;
        Ok(Self {
            id,
            sent,
            checkout: None,
            word,
            code: output.and_then(|o| o.status_code).map(|code| code.0),
            category,
        })
    }

    fn said(&self) -> Said {
        let Self { word, code, category, .. } = *self;
        Said { word: word.map(str::to_owned), code, category: category.map(str::to_owned) }
    }
}

fn statement(
    account: &Account,
    kind: &str,
    operation: &Operation<'_>,
    output: &Output<'_>,
    of_credit: bool,
) -> Result<Statement, Unreadable> {
    let read = meaning(operation.word, operation.code, operation.category);
    let credit = of_credit || read.side == Side::Credit;
    let amounts = Amounts::of(output)?;
    let product = output.product();
    let target = amounts.stated + amounts.surcharge;
    // What was acquired in another currency covers nothing of what was to be paid: the two are stated
    // apart, each in its own currency.
    let is_foreign = amounts.acquired_currency != amounts.currency;
    let is_taken = matches!(read.status, Status::Captured | Status::Authorised);
    let acquired = amounts.acquired.filter(|_| !credit && is_foreign && is_taken);
    let total = acquired.map(|_| Total {
        amount: Some(target),
        first_instalment: None,
        largest_instalment: None,
        series: None,
        currency: amounts.currency,
    });
    let (id, direction) = match credit {
        true => (operation.id.operation(), Kind::Credit),
        false => (operation.id.inner.to_owned(), Kind::Debit),
    };
    let amount = acquired.unwrap_or(if credit { amounts.stated } else { target });
    let currency = if acquired.is_some() { amounts.acquired_currency } else { amounts.currency };
    let share = ShareFact {
        operation: Some(operation.id.operation()),
        number: operation.id.operation.map(str::to_owned),
        method: method(product, output.payment_method.as_deref())?,
        target: Some(target).filter(|_| !credit && acquired.is_none()),
        // In another currency it says nothing of the target, whatever the status will mean one day.
        reached: amounts.acquired.filter(|_| !credit && (acquired.is_some() || !is_foreign)),
        parent: credit.then(|| operation.id.inner.to_owned()),
        ..ShareFact::new(id, direction, amount, currency, operation.said())
    };
    let share = share.meaning(meaning_of);
    let details = vec![details(operation, output, &share)];
    let named = |payment: &str| {
        let name = account.payment(PaymentName::new(payment));
        name.map_err(|_| Unreadable::new("payment id too long"))
    };
    let by_payment = named(operation.id.inner)?;
    // The first payment of a checkout has the checkout's id; a complement may have another.
    let checkout = operation.checkout.and_then(PaymentId::parse).map(|checkout| checkout.inner);
    let by_checkout = checkout.filter(|inner| *inner != operation.id.inner);
    let by_checkout = by_checkout.map(named).transpose()?;
    let reference = output.references.as_ref().and_then(|r| r.merchant_reference.as_deref());
    let follows = credit || share.is_later_operation();
    let mut aliases = Vec::new();
    // Whoever repeats the name that he was told of an order without a reference gives it none.
    let is_own_name = |r: &str| {
        r == by_payment.order || by_checkout.as_ref().is_some_and(|checkout| r == checkout.order)
    };
    let key = match reference.filter(|r| !r.is_empty() && !is_own_name(r)) {
        Some(reference) => {
            let key = account.order(reference);
            aliases.push(by_payment);
            aliases.extend(by_checkout.filter(|_| !follows));
            key.map_err(|bad| Unreadable::new(format!("merchantReference {bad}")))?
        }
        None => match by_checkout {
            Some(by_checkout) => {
                aliases.push(by_payment);
                by_checkout
            }
            None => by_payment,
        },
    };
    let mut facts = Vec::with_capacity(2);
    facts.push(Fact::share(share));
    facts.extend(total.map(Fact::Total));
    Ok(Statement {
        key,
        aliases,
        follows,
        facts,
        standing: Standing::Sound,
        doubt: None,
        reasons: Vec::new(),
        details,
        session_seconds: super::SESSION_SECONDS,
        event: Remark::new(words::EVENT, [kind]),
    })
}

/// What an event says of its share beyond what decides.
fn details(operation: &Operation<'_>, output: &Output<'_>, share: &ShareFact) -> ShareDetails {
    let code = output.methods().find_map(|method| method.authorisation_code.as_ref()?.as_str());
    let risk = output.methods().find_map(Method::risk);
    let surcharge = output.surcharge_specific_output.as_ref();
    let surcharge = surcharge.and_then(|s| s.surcharge_amount.as_ref()?.amount);
    let mut details = Details::default();
    for (member, text) in [
        (Member::TransactionId, Some(operation.sent)),
        (Member::AuthorisationNumber, code),
        (Member::RiskResult, risk.as_deref()),
        (Member::Checkout, operation.checkout),
    ] {
        details.text(member, text);
    }
    details.number(Member::Product, output.product());
    details.number(Member::Surcharge, surcharge.map(|amount| amount.0));
    ShareDetails { kind: share.kind, share: share.share.clone(), rank: share.meaning.rank, details }
}

/// The amounts of an event, in minor units.
struct Amounts {
    stated: u64,
    currency: Currency,
    /// `None` when absent or nothing.
    acquired: Option<u64>,
    acquired_currency: Currency,
    surcharge: u64,
}

impl Amounts {
    fn of(output: &Output<'_>) -> Result<Self, Unreadable> {
        let stated = output.amount_of_money.as_ref();
        let stated = stated.ok_or_else(|| Unreadable::new("amountOfMoney missing"))?;
        let (stated, currency) = stated.read("amountOfMoney")?;
        let acquired =
            output.acquired_amount.as_ref().map(|a| a.read("acquiredAmount")).transpose()?;
        let acquired = acquired.filter(|(amount, _)| *amount > 0);
        let surcharge = output.surcharge_specific_output.as_ref();
        let surcharge = surcharge.and_then(|s| s.surcharge_amount.as_ref());
        let surcharge = match surcharge.map(|s| s.read("surchargeAmount")).transpose()? {
            Some((_, other)) if other != currency => {
                return Err(Unreadable::new("surchargeAmount in another currency"));
            }
            Some((amount, _)) => amount,
            None => 0,
        };
        Ok(Self {
            stated,
            currency,
            acquired: acquired.map(|(amount, _)| amount),
            acquired_currency: acquired.map_or(currency, |(_, currency)| currency),
            surcharge,
        })
    }
}

fn method(product: Option<u64>, family: Option<&str>) -> Result<String, Unreadable> {
    Ok(match (product, family) {
        (Some(product), _) => {
            product_name(product).map_or_else(|| format!("product {product}"), str::to_owned)
        }
        (None, Some(family)) => bounded("paymentMethod", family, MAX_WORD_BYTES)?.to_owned(),
        (None, None) => "unknown".to_owned(),
    })
}

fn bounded<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, Unreadable> {
    if text.len() > most {
        return Err(Unreadable::new(format!("{what} is longer than {most} bytes")));
    }
    Ok(text)
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payment<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    status: Option<Text<'a>>,
    status_output: Option<StatusOutput<'a>>,
    payment_output: Option<Output<'a>>,
    hosted_checkout_specific_output: Option<Checkout<'a>>,
}

impl Payment<'_> {
    fn checkout(&self) -> Option<&str> {
        self.hosted_checkout_specific_output.as_ref()?.hosted_checkout_id.as_ref()?.as_str()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkout<'a> {
    #[serde(borrow)]
    hosted_checkout_id: Option<Hint<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refund<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    status: Option<Text<'a>>,
    status_output: Option<StatusOutput<'a>>,
    refund_output: Option<Output<'a>>,
}

impl Refund<'_> {
    /// Whether its number, or its word, is that of a refund or deletion that was refused.
    fn is_refused(&self) -> bool {
        let code = self.status_output.as_ref().and_then(|output| output.status_code);
        matches!(code, Some(Number(73 | 83))) || self.status.as_deref() == Some("REJECTED")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusOutput<'a> {
    status_code: Option<Number>,
    #[serde(borrow)]
    status_category: Option<Text<'a>>,
}

/// `paymentOutput` or `refundOutput`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    #[serde(borrow)]
    amount_of_money: Option<Money<'a>>,
    acquired_amount: Option<Money<'a>>,
    references: Option<References<'a>>,
    payment_method: Option<Text<'a>>,
    surcharge_specific_output: Option<Surcharge<'a>>,
    card_payment_method_specific_output: Option<Method<'a>>,
    redirect_payment_method_specific_output: Option<Method<'a>>,
    mobile_payment_method_specific_output: Option<Method<'a>>,
    sepa_direct_debit_payment_method_specific_output: Option<Method<'a>>,
    #[serde(rename = "customer")]
    _customer: Option<IgnoredAny>,
}

impl<'a> Output<'a> {
    fn methods(&self) -> impl Iterator<Item = &Method<'a>> {
        [
            &self.card_payment_method_specific_output,
            &self.redirect_payment_method_specific_output,
            &self.mobile_payment_method_specific_output,
            &self.sepa_direct_debit_payment_method_specific_output,
        ]
        .into_iter()
        .flatten()
    }

    fn product(&self) -> Option<u64> {
        self.methods().find_map(|method| method.payment_product_id).map(|product| product.0)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money<'a> {
    amount: Option<Number>,
    #[serde(borrow)]
    currency_code: Option<Text<'a>>,
}

impl Money<'_> {
    fn read(&self, what: &str) -> Result<(u64, Currency), Unreadable> {
        let amount = self.amount.map(|amount| amount.0).filter(|amount| *amount <= MAX_AMOUNT);
        let amount =
            amount.ok_or_else(|| Unreadable::new(format!("{what} missing or too large")))?;
        let currency = self.currency_code.as_deref().and_then(Currency::from_alpha);
        let currency =
            currency.ok_or_else(|| Unreadable::new(format!("{what} in no known currency")))?;
        Ok((amount, currency))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct References<'a> {
    #[serde(borrow)]
    merchant_reference: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Surcharge<'a> {
    #[serde(borrow)]
    surcharge_amount: Option<Money<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method<'a> {
    payment_product_id: Option<Number>,
    #[serde(borrow)]
    authorisation_code: Option<Hint<'a>>,
    fraud_results: Option<&'a RawValue>,
}

impl Method<'_> {
    /// What the risk checks found; nothing where they are told in another shape.
    fn risk(&self) -> Option<String> {
        let results: FraudResults<'_> = serde_json::from_str(self.fraud_results?.get()).ok()?;
        results.fraud_service_result?.as_str().map(str::to_owned)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FraudResults<'a> {
    #[serde(borrow)]
    fraud_service_result: Option<Hint<'a>>,
}
