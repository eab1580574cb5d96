//! What a form says beside its shares: its own transaction, the order, the whole.

use super::cascade;
use super::event::{Transaction, day_and_id, is_occurrence, named_payment};
use super::form::Form;
use super::results::{Codes, is_success};
use crate::fact::{Kind, Total};
use crate::key::{Account, OrderKey};
use crate::money::{Currency, amount_from_digits};
use crate::statement::Unreadable;

/// The pseudo-brand of a cascade (not to be confused with `vads_payment_config=MULTI:`, instalments).
const CASCADE_BRAND: &str = "MULTI";

/// The fields of a form that decide, read once.
pub(super) struct Head<'a> {
    pub(super) amount: u64,
    pub(super) trans_id: &'a str,
    pub(super) status: &'a str,
    /// What made the gateway call, in its word.
    pub(super) source: Option<&'a str>,
    /// `vads_payment_seq`.
    pub(super) list: Option<&'a str>,
    brand: &'a str,
    config: Option<&'a str>,
    currency: Currency,
    date: &'a str,
    kind: Kind,
    occurrence: Option<&'a str>,
    order: Option<&'a str>,
    plan: Option<Plan>,
    sequence: Option<u32>,
}

impl<'a> Head<'a> {
    pub(super) fn of(form: &'a Form<'_>) -> Result<Self, Unreadable> {
        let need = |name: &str| {
            form.text(name).ok_or_else(|| Unreadable::new(format!("{name} missing or not UTF-8")))
        };
        let bad = |name: &str| Unreadable::new(format!("{name} has another shape than documented"));
        // Without them another order would be meant, or another kind of payment.
        let text = |name: &str| match form.bytes(name).map(std::str::from_utf8) {
            Some(Err(_)) => Err(Unreadable::new(format!("{name} is not UTF-8"))),
            Some(Ok("")) | None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
        };
        let date = need("vads_trans_date")?;
        let trans_id = need("vads_trans_id")?;
        if date.len() != 14 || !date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("vads_trans_date"));
        }
        if trans_id.len() != 6 || !trans_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad("vads_trans_id"));
        }
        let config = form.text("vads_payment_config");
        Ok(Self {
            amount: amount_from_digits(need("vads_amount")?).ok_or_else(|| bad("vads_amount"))?,
            trans_id,
            status: need("vads_trans_status")?,
            source: form.text("vads_url_check_src"),
            list: text("vads_payment_seq")?,
            brand: form.text("vads_card_brand").unwrap_or(""),
            config,
            currency: Currency::from_numeric(need("vads_currency")?)
                .ok_or_else(|| bad("vads_currency"))?,
            date,
            kind: cascade::kind(form.text("vads_operation_type").unwrap_or("DEBIT"))?,
            occurrence: form.text("vads_occurrence_type"),
            order: text("vads_order_id")?,
            plan: config.and_then(Plan::parse),
            sequence: match form.text("vads_sequence_number") {
                Some(digits) => Some(digits.parse().map_err(|_| bad("vads_sequence_number"))?),
                None => None,
            },
        })
    }

    /// A cascade announces itself by brand and sequence number together.
    pub(super) fn is_cascade(&self) -> bool {
        self.brand == CASCADE_BRAND && self.sequence == Some(0)
    }

    /// Whether it has the brand of a cascade.
    pub(super) fn is_multi(&self) -> bool {
        self.brand == CASCADE_BRAND
    }

    /// The transaction of a form that lists no shares.
    pub(super) fn transaction(&self, form: &'a Form<'_>) -> Transaction<'a> {
        Transaction {
            uuid: form.text("vads_trans_uuid"),
            trans_id: Some(self.trans_id),
            date: Some(self.date),
            sequence: self.sequence,
            brand: self.brand,
            amount: self.own_amount(form),
            currency: self.currency,
            kind: self.kind,
            status: self.status,
            parent: None,
            codes: Codes {
                auth: form.text("vads_auth_result"),
                network: form.text("vads_acquirer_network"),
                result: form.text("vads_result"),
                extra: form.text("vads_extra_result"),
                ..Codes::default()
            },
        }
    }

    /// One share of a cascade; it has no currency or date of its own.
    pub(super) fn share<'b>(&'b self, element: &'b cascade::Element<'_>) -> Transaction<'b> {
        Transaction {
            uuid: element.uuid.as_deref(),
            trans_id: element.trans_id.as_deref().or(Some(self.trans_id)),
            date: Some(self.date),
            sequence: Some(element.sequence),
            brand: &element.brand,
            amount: element.amount,
            currency: self.currency,
            kind: element.kind,
            status: &element.status,
            parent: None,
            codes: Codes {
                auth: element.auth_result.as_deref(),
                extra: element.extra_result.as_deref(),
                ..Codes::default()
            },
        }
    }

    /// Why a form about one payment contradicts itself, if it does: 00 is the only `vads_result` of what
    /// was done. (systempay.md section 3.2.) A cascade's own result is not documented.
    pub(super) fn result_contradiction(&self, form: &Form<'_>) -> Option<&'static str> {
        let done = matches!(self.status, "CAPTURED" | "AUTHORISED");
        let denied = form.text("vads_result").is_some_and(|result| !is_success(result));
        (done && denied).then_some("vads_result and vads_trans_status disagree")
    }

    /// What the whole order costs, where this form says so: never a refund or a check, and of the
    /// follow-ups only a cascade, which lists all its shares.
    pub(super) fn total(&self) -> Option<Total> {
        if !(self.is_cascade() || self.is_whole()) || self.kind != Kind::Debit {
            return None;
        }
        // An occurrence whose plan a re-send has left out: the whole is not known from it.
        let resent = self.source == Some("RETRY") && self.config.is_none();
        match (&self.plan, self.occurrence) {
            (Some(plan), _) => Some(plan.total(self.amount, self.currency)),
            (None, Some("RECURRENT_INITIAL")) if resent => None,
            (None, _) => Some(Total {
                amount: Some(self.amount),
                first_instalment: None,
                currency: self.currency,
            }),
        }
    }

    /// The order this form speaks of. An occurrence of a subscription is an order of its own; what
    /// follows on it gives the subscription's reference, so it is filed under the payment's name, which
    /// leads to the occurrence (or to the plan, for an instalment of one).
    pub(super) fn key(&self, account: &Account) -> Result<OrderKey, Unreadable> {
        let too_long = |_| Unreadable::new("vads_order_id too long");
        match self.order {
            None => self.by_payment(account),
            Some(reference) if self.source == Some("REC") => {
                let occurrence = day_and_id(self.date, self.trans_id).unwrap_or_default();
                account.order(format!("{reference}~{occurrence}")).map_err(too_long)
            }
            Some(_) if is_occurrence(self.occurrence) && self.plan.is_none() => {
                self.by_payment(account)
            }
            Some(reference) => account.order(reference.to_owned()).map_err(too_long),
        }
    }

    /// The payment's own name.
    pub(super) fn by_payment(&self, account: &Account) -> Result<OrderKey, Unreadable> {
        let payment = named_payment(self.date, self.trans_id).unwrap_or_default();
        account.order(payment).map_err(|_| Unreadable::new("vads_trans_id too long"))
    }

    /// Whether it speaks of the whole: the end of a payment, its automatic re-send, an occurrence of a
    /// subscription, a telephone order, a collected form. A batch, the Back Office, a re-send by hand, or
    /// a source that no table knows, may speak of one share of a cascade. (systempay.md sections 1.4 and
    /// 1.5.)
    fn is_whole(&self) -> bool {
        matches!(self.source, Some("PAY" | "RETRY" | "REC" | "DCF" | "VOICE_ORDER"))
    }

    /// What the form's own transaction is worth. The first message of a plan may carry the whole amount;
    /// a partial authorisation counts with what was authorised, `vads_effective_amount`, where that is
    /// said in the same currency.
    fn own_amount(&self, form: &Form<'_>) -> u64 {
        let first = self.sequence.is_none_or(|number| number <= 1);
        if let Some(plan) = self.plan.as_ref().filter(|_| first) {
            return plan.share(self.amount);
        }
        if self.status == "PARTIALLY_AUTHORISED" {
            let same = form.text("vads_effective_currency") == form.text("vads_currency");
            let effective = form.text("vads_effective_amount").and_then(amount_from_digits);
            return effective.filter(|_| same).unwrap_or(0).min(self.amount);
        }
        self.amount
    }
}

/// A payment in instalments: `MULTI:first=5000;count=3;period=30`, or with every due date
/// `MULTI_EXT:20261201=5000;20270101=5000`. (systempay.md section 0, point 3, and 3.5.)
struct Plan {
    first: u64,
    sum: Option<u64>,
}

impl Plan {
    fn parse(config: &str) -> Option<Self> {
        let (kind, terms) = config.split_once(':')?;
        let terms = terms.split(';').filter_map(|term| {
            let (name, value) = term.split_once('=')?;
            Some((name, amount_from_digits(value)?))
        });
        match kind {
            "MULTI" => {
                let (_, first) = { terms }.find(|(name, _)| *name == "first")?;
                Some(Self { first, sum: None })
            }
            "MULTI_EXT" => {
                let (_, first) = terms.clone().min_by_key(|(date, _)| *date)?;
                Some(Self { first, sum: Some(terms.map(|(_, amount)| amount).sum()) })
            }
            _ => None,
        }
    }

    /// `vads_amount` may be the whole or the instalment; of a larger one the first instalment counts.
    fn share(&self, amount: u64) -> u64 {
        if amount > self.first { self.first } else { amount }
    }

    fn total(&self, amount: u64, currency: Currency) -> Total {
        Total {
            amount: self.sum.or_else(|| (amount > self.first).then_some(amount)),
            first_instalment: Some(self.first),
            currency,
        }
    }
}
