//! The REST notification (V4): `kr-answer`. (lyra.md 5)

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::cascade;
use super::details::Said;
use super::payment_id::{TransDate, TransId, day_and_id};
use super::results::Codes;
use super::transaction::{Beside, Transaction, is_occurrence, secured, secured_beside};
use super::words;
use crate::text::{Hint, List, Number, Text, json_fault};
use quittance_core::Remark;
use quittance_core::fact::{Fact, Kind, ShareFact, Standing, Total};
use quittance_core::key::{Account, Mode, PaymentName};
use quittance_core::limits::{MAX_AMOUNT, MAX_SHARES_PER_NOTIFICATION};
use quittance_core::money::Currency;
use quittance_core::statement::{Statement, Unreadable};

pub(super) fn read(answer: &[u8], account: &Account) -> Result<Statement, Unreadable> {
    let text =
        std::str::from_utf8(answer).map_err(|_| Unreadable::new("kr-answer is not UTF-8"))?;
    let answer: Answer<'_> =
        serde_json::from_str(text).map_err(|error| json_fault("kr-answer", &error))?;
    let details = answer.order_details.as_ref();
    let details = details.ok_or_else(|| Unreadable::new("orderDetails missing"))?;
    agrees(&answer, details, account)?;
    if answer.transactions.count > MAX_SHARES_PER_NOTIFICATION {
        return Err(Unreadable::new(format!(
            "more than {MAX_SHARES_PER_NOTIFICATION} transactions"
        )));
    }
    let currency = known(details.order_currency.as_deref(), "orderCurrency")?;
    let amount = bounded(details.order_total_amount, "orderTotalAmount")?;
    let mut beside = Beside::default();
    let transactions = &answer.transactions.kept;
    let mut shares = Vec::with_capacity(transactions.len());
    let mut doubt = None;
    for transaction in transactions {
        let (share, own) = transaction.read(currency, &mut beside)?;
        shares.push(share);
        doubt = doubt.or(own);
    }
    let doubt = doubt.or_else(|| lost_although_covered(&answer, &shares, amount));
    let payment = transactions.iter().find_map(Answered::day_and_id);
    let payment = payment.as_deref().map(PaymentName::new);
    let by_payment = payment.map(|payment| account.payment(payment));
    let by_payment =
        by_payment.transpose().map_err(|_| Unreadable::new("transaction id too long"))?;
    // Whoever repeats the name that he was told of an order without a reference gives it none.
    let is_own_name = |id: &str| payment.is_some_and(|payment| payment.is(id));
    let key = match details.order_id.as_deref().filter(|id| !id.is_empty() && !is_own_name(id)) {
        Some(reference) => {
            // As in the form format, a payment of a subscription is not the sign-up's order.
            let reference = match transactions.iter().find(|t| t.is_of_subscription()) {
                Some(made) => {
                    let nameless = || Unreadable::new("an occurrence has no usable id");
                    format!("{reference}~{}", made.day_and_id().ok_or_else(nameless)?)
                }
                None => reference.to_owned(),
            };
            account.order(reference).map_err(|bad| Unreadable::new(format!("orderId {bad}")))?
        }
        None => {
            by_payment.clone().ok_or_else(|| Unreadable::new("neither orderId nor transaction"))?
        }
    };
    let Beside { reasons, details } = beside;
    let word = |word: &Option<Text<'_>>| word.as_deref().unwrap_or_default().to_owned();
    let said = [word(&answer.order_status), word(&answer.order_cycle)];
    let event = Remark::new(words::REST, said.iter().map(String::as_str));
    // A refund's or a check's total is its own, so only an answer with a debit states the whole. An
    // answer without transactions (an abandoned form) still says what was to be paid.
    // What a plan costs is not known from one of its instalments.
    // A payment by saved card is called an occurrence, too: beside others it pays the whole.
    let instalment = transactions
        .iter()
        .zip(&shares)
        .any(|(said, share)| said.recurs() && secured_beside(share, &shares) < amount);
    let whole = shares.is_empty() || shares.iter().any(|share| share.kind == Kind::Debit);
    let whole = whole && !instalment;
    // What names the order names no payment: what nobody tried to pay is the whole of none.
    let of_none = shares.is_empty().then(|| Total::new(amount, currency, key.order.as_str()));
    let of_each = Total::of_each(amount, currency, &shares);
    let totals: Vec<Total> = of_each.chain(of_none).filter(|_| whole).collect();
    let mut facts = Vec::with_capacity(shares.len() + totals.len());
    facts.extend(shares.into_iter().map(Fact::share));
    facts.extend(totals.into_iter().map(Fact::Total));
    let mut statement = Statement {
        aliases: by_payment.filter(|alias| *alias != key).into_iter().collect(),
        key,
        follows: false,
        facts,
        standing: Standing::Sound,
        doubt: None,
        reasons,
        details,
        session_seconds: super::SESSION_SECONDS,
        event,
    };
    if let Some(doubt) = doubt {
        statement.lower(Standing::Contradictory, Remark::plain(doubt));
    }
    // The name of a refund is its own and not that of the payment it gives back.
    if statement.is_credit() {
        statement.aliases.clear();
    }
    Ok(statement)
}

/// The password that verified names the site and the mode; an answer that says otherwise is nobody's.
fn agrees(
    answer: &Answer<'_>,
    details: &OrderDetails<'_>,
    account: &Account,
) -> Result<(), Unreadable> {
    let mode = match account.mode {
        Mode::Test => "TEST",
        Mode::Production => "PRODUCTION",
    };
    if details.mode.as_deref() != Some(mode) {
        return Err(Unreadable::new("orderDetails.mode is not the mode of the password"));
    }
    let shops = answer.transactions.kept.iter().filter_map(|t| t.shop_id.as_deref());
    let mut shops = answer.shop_id.as_deref().into_iter().chain(shops).peekable();
    if shops.peek().is_none() || shops.any(|shop| shop != account.merchant) {
        return Err(Unreadable::new("shopId is not the site of the password"));
    }
    Ok(())
}

/// The order is said to be lost while its transactions cover it: nobody knows, as with a form whose top
/// level and shares disagree.
fn lost_although_covered(
    answer: &Answer<'_>,
    shares: &[ShareFact],
    amount: u64,
) -> Option<&'static str> {
    let lost = matches!(answer.order_status.as_deref(), Some("UNPAID" | "ABANDONED"));
    (lost && secured(shares) >= amount).then_some(words::UNPAID_BUT_COVERED)
}

pub(super) fn known(code: Option<&str>, what: &str) -> Result<Currency, Unreadable> {
    let currency = code.and_then(Currency::from_alpha);
    currency.ok_or_else(|| Unreadable::new(format!("{what} is no known currency")))
}

pub(super) fn bounded(amount: Option<Number>, what: &str) -> Result<u64, Unreadable> {
    let amount = amount.map(|amount| amount.0).filter(|amount| *amount <= MAX_AMOUNT);
    amount.ok_or_else(|| Unreadable::new(format!("{what} missing or too large")))
}

/// A payment, or all transactions of an order: notifications and the API's answers have it in common.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) shop_id: Option<Text<'a>>,
    pub(super) order_status: Option<Text<'a>>,
    pub(super) order_cycle: Option<Text<'a>>,
    pub(super) order_details: Option<OrderDetails<'a>>,
    #[serde(default)]
    pub(super) transactions: List<Answered<'a>, MAX_SHARES_PER_NOTIFICATION>,
}

/// What is said of the order as a whole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderDetails<'a> {
    pub(super) order_total_amount: Option<Number>,
    #[serde(borrow)]
    pub(super) order_currency: Option<Text<'a>>,
    pub(super) mode: Option<Text<'a>>,
    pub(super) order_id: Option<Text<'a>>,
}

/// One transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered<'a> {
    #[serde(borrow)]
    pub(super) shop_id: Option<Text<'a>>,
    uuid: Option<Text<'a>>,
    amount: Option<Number>,
    currency: Option<Text<'a>>,
    payment_method_type: Option<Text<'a>>,
    status: Option<Text<'a>>,
    detailed_status: Option<Text<'a>>,
    operation_type: Option<Text<'a>>,
    error_code: Option<Hint<'a>>,
    detailed_error_code: Option<Hint<'a>>,
    transaction_details: Option<TransactionDetails<'a>>,
}

/// A number that is there and cannot be one must not make of a known share a nameless other.
fn sequence(number: Number) -> Result<u32, Unreadable> {
    let unusable = |_| Unreadable::new("a transaction has no usable sequenceNumber");
    u32::try_from(number.0).map_err(unusable)
}

impl Answered<'_> {
    /// The fact about this transaction, and why it contradicts itself, if so. Why it went as it did goes
    /// to `reasons`.
    pub(super) fn read(
        &self,
        of_order: Currency,
        beside: &mut Beside,
    ) -> Result<(ShareFact, Option<&'static str>), Unreadable> {
        let word = self.detailed_status.as_deref();
        let details = self.transaction_details.as_ref();
        let card = self.card();
        let brand = card.and_then(|c| c.effective_brand.as_deref());
        let kind = cascade::kind(self.operation_type.as_deref().unwrap_or("DEBIT"))?;
        let (amount, currency) = self.worth(of_order, kind)?;
        let transaction = Transaction {
            uuid: self.uuid(),
            trans_id: self.trans_id(),
            date: self.date(),
            sequence: details.and_then(|d| d.sequence_number).map(sequence).transpose()?,
            brand: brand.or(self.payment_method_type.as_deref()).unwrap_or(""),
            amount,
            currency,
            kind,
            status: word.ok_or_else(|| Unreadable::new("a transaction has no detailedStatus"))?,
            denied: self
                .status
                .as_deref()
                .filter(|status| *status != "PAID")
                .map(|_| words::STATUS_DENIES),
            parent: details.and_then(|d| d.parent_transaction_uuid.as_deref()),
            said: self.said(),
        };
        let fact = transaction.stated(beside)?;
        let unmeasured = word == Some("PARTIALLY_AUTHORISED") && !self.reached_less(of_order);
        Ok((fact, unmeasured.then_some(words::PART_UNKNOWN)))
    }

    /// What it is worth. Of the two pairs of amount and currency the one in the order's currency counts:
    /// where the buyer's currency was converted they are the other way round than in the form format. Where
    /// both are in it, what is effective counts, and never more than was asked for. (lyra.md 5)
    fn worth(&self, of_order: Currency, kind: Kind) -> Result<(u64, Currency), Unreadable> {
        let amount = bounded(self.amount, "amount of a transaction")?;
        let currency = known(self.currency.as_deref(), "currency of a transaction")?;
        Ok(match self.effective() {
            // The currency of the second need not be said. Then the smaller of the two is taken, and the larger
            // given back.
            Some((effective, of)) if currency == of_order && of.is_none_or(|of| of == of_order) => {
                let worth = match (kind, of) {
                    (Kind::Debit, _) => effective.min(amount),
                    (_, Some(_)) => effective,
                    (_, None) => effective.max(amount),
                };
                (worth, currency)
            }
            Some((effective, Some(of))) if of == of_order => (effective, of),
            _ => (amount, currency),
        })
    }

    /// Whether it says that less was reached than was asked for.
    fn reached_less(&self, of_order: Currency) -> bool {
        let asked = self.amount.map(|amount| amount.0);
        let same = self.currency.as_deref().and_then(Currency::from_alpha) == Some(of_order);
        let effective = self.effective().filter(|(_, of)| *of == Some(of_order) && same);
        effective.zip(asked).is_some_and(|((effective, _), asked)| effective < asked)
    }

    fn effective(&self) -> Option<(u64, Option<Currency>)> {
        let details = self.transaction_details.as_ref()?;
        let amount = details.effective_amount.map(|amount| amount.0);
        let currency = details.effective_currency.as_deref().and_then(Currency::from_alpha);
        Some((amount.filter(|amount| *amount <= MAX_AMOUNT)?, currency))
    }

    /// What names the payment where the merchant gave no reference: day and transaction id, or the uuid for
    /// methods that have none.
    pub(super) fn day_and_id(&self) -> Option<String> {
        let legacy = self.date().zip(self.trans_id()).map(|(date, id)| day_and_id(date, id));
        legacy.or_else(|| self.uuid().map(str::to_owned))
    }

    /// `None` also where it is empty, as in the form format: nothing names no payment.
    pub(super) fn uuid(&self) -> Option<&str> {
        self.uuid.as_deref().filter(|uuid| !uuid.is_empty())
    }

    /// `None` also where it is empty.
    fn trans_id(&self) -> Option<TransId<'_>> {
        self.card()?.legacy_trans_id.as_deref().and_then(TransId::parse)
    }

    fn said(&self) -> Said<'_> {
        let details = self.transaction_details.as_ref();
        let card = self.card();
        let response = card.and_then(|card| card.authorization_response.as_ref());
        let number = response.and_then(|response| response.authorization_number.as_ref());
        Said {
            named: true,
            transaction_id: card.and_then(|card| card.legacy_trans_id.as_deref()),
            authorisation_number: number.and_then(Hint::as_str),
            codes: self.codes(),
            risk_word: details.and_then(|d| d.fraud_management).and_then(verdict),
            capture_date: card
                .and_then(|card| card.expected_capture_date.as_ref())
                .and_then(Hint::as_str),
            contract: details.and_then(|d| d.mid.as_ref()).and_then(Hint::as_str),
            acquirer_reference: details
                .and_then(|d| d.external_transaction_id.as_ref())
                .and_then(Hint::as_str),
            ..Said::default()
        }
    }

    fn codes(&self) -> Codes<'_> {
        let response = self.card().and_then(|card| card.authorization_response.as_ref());
        Codes {
            auth: response.and_then(|r| r.authorization_result.as_ref()).and_then(Hint::as_str),
            error: self.error_code.as_ref().and_then(Hint::as_str),
            detail: self.detailed_error_code.as_ref().and_then(Hint::as_str),
            ..Codes::default()
        }
    }

    /// The uuid of what it gives back, if it is a refund that says so.
    pub(super) fn gives_back(&self) -> Option<&str> {
        let is_credit = matches!(cascade::kind(self.operation_type.as_deref()?), Ok(Kind::Credit));
        let parent = self.transaction_details.as_ref()?.parent_transaction_uuid.as_deref();
        parent.filter(|_| is_credit)
    }

    /// Whether a subscription has made it by itself. A payment by saved card is called an occurrence too, and
    /// names no subscription.
    pub(super) fn is_of_subscription(&self) -> bool {
        self.transaction_details.as_ref().is_some_and(|details| {
            let subscription = details.subscription_details.as_ref();
            let id = subscription.and_then(|s| s.subscription_id.as_deref());
            is_occurrence(details.occurrence_type.as_deref()) && id.is_some_and(|id| !id.is_empty())
        })
    }

    /// Whether it is one payment of a plan, of a subscription, or by saved card.
    pub(super) fn recurs(&self) -> bool {
        let details = self.transaction_details.as_ref();
        let word = details.and_then(|details| details.occurrence_type.as_deref());
        word.is_some_and(|word| word.starts_with("RECURRENT_"))
    }

    /// `sequenceType`: whether one transaction pays the order, or several share it.
    pub(super) fn sequence_type(&self) -> Option<&str> {
        self.card()?.sequence_type.as_ref()?.as_str()
    }

    /// Why it went as it did, as codes.
    pub(super) fn error(&self) -> [Option<&str>; 2] {
        [&self.error_code, &self.detailed_error_code].map(|code| code.as_ref()?.as_str())
    }

    fn card(&self) -> Option<&CardDetails<'_>> {
        self.transaction_details.as_ref()?.card_details.as_ref()
    }

    /// `legacyTransDate` in the form format's spelling (14 digits), which must be in UTC.
    fn date(&self) -> Option<TransDate> {
        let text = self.card()?.legacy_trans_date.as_deref()?;
        let utc = text.strip_suffix("+00:00").or_else(|| text.strip_suffix('Z'))?;
        TransDate::from_digits(utc.bytes().filter(u8::is_ascii_digit).take(14))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionDetails<'a> {
    sequence_number: Option<Number>,
    #[serde(borrow)]
    parent_transaction_uuid: Option<Text<'a>>,
    occurrence_type: Option<Text<'a>>,
    effective_amount: Option<Number>,
    effective_currency: Option<Text<'a>>,
    mid: Option<Hint<'a>>,
    external_transaction_id: Option<Hint<'a>>,
    fraud_management: Option<&'a RawValue>,
    subscription_details: Option<SubscriptionDetails<'a>>,
    card_details: Option<CardDetails<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionDetails<'a> {
    #[serde(borrow)]
    subscription_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CardDetails<'a> {
    #[serde(borrow)]
    effective_brand: Option<Text<'a>>,
    legacy_trans_id: Option<Text<'a>>,
    legacy_trans_date: Option<Text<'a>>,
    sequence_type: Option<Hint<'a>>,
    expected_capture_date: Option<Hint<'a>>,
    authorization_response: Option<AuthorizationResponse<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationResponse<'a> {
    #[serde(borrow)]
    authorization_result: Option<Hint<'a>>,
    authorization_number: Option<Hint<'a>>,
}

/// `fraudManagement`: what the risk checks came to. Its shape is not documented, so the first word that calls
/// itself a result is taken, wherever it stands. What cannot be read says nothing.
fn verdict(checks: &RawValue) -> Option<String> {
    let checks: Value = serde_json::from_str(checks.get()).ok()?;
    word(&checks, MAX_VERDICT_DEPTH).map(str::to_owned)
}

fn word(checks: &Value, depth: usize) -> Option<&str> {
    match checks {
        Value::String(word) => Some(word),
        Value::Object(members) if depth > 0 => {
            let names = ["result", "resultCode", "status"];
            let own = names.iter().find_map(|name| members.get(*name)?.as_str());
            let nested = || members.values().filter(|value| !value.is_string());
            own.or_else(|| nested().find_map(|value| word(value, depth - 1)))
        }
        Value::Array(all) if depth > 0 => all.iter().find_map(|value| word(value, depth - 1)),
        _ => None,
    }
}

/// How deep the word is looked for: risk checks are a list of objects at most.
const MAX_VERDICT_DEPTH: usize = 3;
