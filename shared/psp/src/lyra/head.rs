//! What a form says beside its shares: its own transaction, the order, the whole.

use super::cascade;
use super::details::Said;
use super::form::Form;
use super::payment_id::{TransDate, TransId, day_and_id};
use super::results::{Codes, is_success};
use super::transaction::{Transaction, is_occurrence};
use super::words;
use quittance_core::fact::{Kind, Total};
use quittance_core::key::{Account, BadReference, OrderKey, PaymentName};
use quittance_core::money::{Currency, amount_from_digits};
use quittance_core::statement::Unreadable;

/// The pseudo-brand of a cascade (not to be confused with `vads_payment_config=MULTI:`, instalments).
const CASCADE_BRAND: &str = "MULTI";

/// The fields of a form that decide, read once.
pub(super) struct Head<'a> {
    pub(super) amount: u64,
    pub(super) trans_id: TransId<'a>,
    pub(super) status: &'a str,
    /// What made the gateway call, in its word.
    pub(super) source: Option<&'a str>,
    /// `vads_payment_seq`.
    pub(super) list: Option<&'a str>,
    brand: &'a str,
    config: Option<&'a str>,
    currency: Currency,
    date: TransDate,
    kind: Kind,
    effective: Effective,
    occurrence: Option<&'a str>,
    /// Which payment of a subscription this is.
    recurrence: Option<&'a str>,
    subscription: Option<&'a str>,
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
        let (date, trans_id) = (need("vads_trans_date")?, need("vads_trans_id")?);
        let date = TransDate::parse(date).ok_or_else(|| bad("vads_trans_date"))?;
        let trans_id = TransId::of_form(trans_id).ok_or_else(|| bad("vads_trans_id"))?;
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
            effective: Effective::of(form),
            occurrence: form.text("vads_occurrence_type"),
            recurrence: form.text("vads_recurrence_number"),
            subscription: form.text("vads_subscription"),
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
            amount: self.own_amount(),
            currency: self.currency,
            kind: self.kind,
            status: self.status,
            // 00 is the only `vads_result` of what was done. (lyra.md 3.2) A cascade's own result is not
            // documented, nor is that of a partial authorisation.
            denied: form
                .text("vads_result")
                .filter(|result| !is_success(result) && self.status != "PARTIALLY_AUTHORISED")
                .map(|_| words::RESULT_DENIES),
            parent: None,
            said: Said {
                transaction_id: Some(self.trans_id.as_str()),
                authorisation_number: form.text("vads_auth_number"),
                codes: Codes {
                    auth: form.text("vads_auth_result"),
                    network: form.text("vads_acquirer_network"),
                    result: form.text("vads_result"),
                    extra: form.text("vads_extra_result"),
                    ..Codes::default()
                },
                capture_delay_days: days(form.text("vads_capture_delay")),
                capture_date: form.text("vads_presentation_date"),
                contract: form.text("vads_contract_used"),
                certificate: form.text("vads_payment_certificate"),
                acquirer_reference: form.text("vads_ext_trans_id"),
                token_status: form.text("vads_identifier_status"),
                ..Said::default()
            },
        }
    }

    /// One share of a cascade; it has no currency or date of its own.
    pub(super) fn share<'b>(&'b self, element: &'b cascade::Element<'_>) -> Transaction<'b> {
        let own = element.trans_id.as_deref().and_then(TransId::parse);
        let trans_id = own.unwrap_or(self.trans_id);
        Transaction {
            uuid: element.uuid.as_deref(),
            trans_id: Some(trans_id),
            date: Some(self.date),
            sequence: Some(element.sequence),
            brand: &element.brand,
            amount: element.amount,
            currency: self.currency,
            kind: element.kind,
            status: &element.status,
            denied: None,
            parent: None,
            said: Said {
                named: true,
                transaction_id: Some(trans_id.as_str()),
                authorisation_number: element.auth_number.as_deref(),
                codes: Codes {
                    auth: element.auth_result.as_deref(),
                    extra: element.extra_result.as_deref(),
                    ..Codes::default()
                },
                capture_delay_days: days(element.capture_delay.as_deref()),
                capture_date: element.presentation_date.as_deref(),
                contract: element.contract_used.as_deref(),
                certificate: element.payment_certificate.as_deref(),
                acquirer_reference: element.ext_trans_id.as_deref(),
                token_status: element.identifier_status.as_deref(),
                ..Said::default()
            },
        }
    }

    /// What the whole order costs, where this form says so: never a refund or a check, and of the
    /// follow-ups only a cascade, which lists all its shares.
    /// A plan is that of the payment with which it began.
    pub(super) fn total(&self) -> Option<Total> {
        if !(self.is_cascade() || self.is_whole()) || self.kind != Kind::Debit {
            return None;
        }
        match &self.plan {
            // A later instalment does not say of which day that payment was.
            Some(plan) if is_occurrence(self.occurrence) => Some(Total {
                of: Some(self.trans_id.as_str().to_ascii_lowercase()),
                ..plan.total(self.amount, self.currency)
            }),
            Some(plan) => {
                Some(Total { of: Some(self.payment()), ..plan.total(self.amount, self.currency) })
            }
            // What the plan of an instalment costs is not known from a re-send that leaves the plan out.
            None if self.may_lack_plan() => None,
            None => Some(Total::new(self.amount, self.currency, self.payment())),
        }
    }

    /// Whether it may be about one instalment, with the plan left out. (lyra.md 1.6) A later
    /// instalment is told with less than the whole as its effective amount.
    fn may_lack_plan(&self) -> bool {
        let resent = self.source == Some("RETRY") && self.config.is_none();
        let whole = self.effective == Effective::Same(self.amount) || self.is_of_subscription();
        match self.occurrence {
            Some("RECURRENT_INITIAL") => resent,
            _ => resent && is_occurrence(self.occurrence) && !whole,
        }
    }

    /// The order this form speaks of. A payment of a subscription is an order of its own, and only the id of a
    /// subscription or the number of a recurrence makes one: a payment by saved card is called an
    /// occurrence as well, but pays for the order that the shop named, and so does the sign-up. (The
    /// gateway's guide to tokens, "Payment by token".) Where it could be either, it is filed under the
    /// payment's name, which leads to the order that was told of it.
    pub(super) fn key(&self, account: &Account) -> Result<OrderKey, Unreadable> {
        let Some(reference) = self.order else { return self.by_payment(account) };
        let key = if self.is_of_subscription() {
            let occurrence = self.payment();
            account.order(format!("{reference}~{occurrence}"))
        } else if self.may_be_of_subscription() {
            return self.by_payment(account);
        } else {
            account.order(reference)
        };
        match key {
            // Whoever repeats the name that he was told of an order without a reference gives it none.
            Err(BadReference::Payment) if self.is_named(reference) => self.by_payment(account),
            Err(bad) => Err(Unreadable::new(format!("vads_order_id {bad}"))),
            Ok(key) => Ok(key),
        }
    }

    /// Whether a reference is the payment's own name.
    fn is_named(&self, reference: &str) -> bool {
        PaymentName::new(&self.payment()).is(reference)
    }

    /// Whether it is about a payment that a subscription has made by itself.
    fn is_of_subscription(&self) -> bool {
        let numbered = self.recurrence.is_some()
            || self.subscription.is_some() && is_occurrence(self.occurrence);
        self.plan.is_none()
            && (self.source == Some("REC") || numbered && self.source != Some("PAY"))
    }

    /// Whether it follows on a payment of a subscription without telling whether that is the sign-up.
    fn may_be_of_subscription(&self) -> bool {
        self.subscription.is_some() && self.occurrence.is_none() && !self.is_whole()
    }

    /// What identifies the payment.
    fn payment(&self) -> String {
        day_and_id(self.date, self.trans_id)
    }

    /// The payment's own name.
    pub(super) fn by_payment(&self, account: &Account) -> Result<OrderKey, Unreadable> {
        let payment = self.payment();
        let name = account.payment(PaymentName::new(&payment));
        name.map_err(|_| Unreadable::new("vads_trans_id too long"))
    }

    /// Whether it speaks of the whole: the end of a payment, its automatic re-send, an occurrence of a
    /// subscription, a telephone order, a collected form. A batch, the Back Office, a re-send by hand, or
    /// a source that no table knows, may speak of one share of a cascade. (lyra.md 1.4 and 1.5)
    fn is_whole(&self) -> bool {
        matches!(self.source, Some("PAY" | "RETRY" | "REC" | "DCF" | "VOICE_ORDER"))
    }

    /// Whether it follows on a payment that another message is about as a whole.
    pub(super) fn is_follow_up(&self) -> bool {
        !self.is_whole() && !self.is_cascade()
    }

    /// What the form's own transaction is worth: its effective amount, where that is in the order's
    /// currency, and never more than its part of a plan. A partial authorisation has to say what it
    /// reached.
    fn own_amount(&self) -> u64 {
        // Of two amounts of which nobody knows the relation, the smaller is taken and the larger given back.
        let effective = match self.effective {
            Effective::Same(amount) => Some(amount),
            Effective::Unknown(amount) if self.kind == Kind::Debit => Some(amount),
            Effective::Unknown(amount) => Some(amount.max(self.amount)),
            Effective::Foreign | Effective::Absent => None,
        };
        if self.kind != Kind::Debit {
            return effective.unwrap_or(self.amount);
        }
        if self.status == "PARTIALLY_AUTHORISED" && !matches!(self.effective, Effective::Same(_)) {
            return 0;
        }
        let part = self.plan.as_ref().map(|plan| plan.part(self.amount, self.instalment()));
        let part = match (part, effective) {
            (Some(part), Some(_)) => part.most,
            (Some(part), None) => part.least,
            (None, _) => self.amount,
        };
        self.amount.min(part).min(effective.unwrap_or(self.amount))
    }

    /// Which instalment of a plan it is about. The number of the attempt tells only of the first: a refusal
    /// shifts the others. (lyra.md 3.5, `vads_occurrence_type`)
    fn instalment(&self) -> Instalment {
        match (self.occurrence, self.sequence) {
            (Some("RECURRENT_INITIAL"), _) | (_, Some(0 | 1)) => Instalment::First,
            (Some("RECURRENT_INTERMEDIAIRE"), _) => Instalment::Middle,
            (Some("RECURRENT_FINAL"), _) => Instalment::Last,
            _ => Instalment::Unknown,
        }
    }
}

/// A number of days.
fn days(digits: Option<&str>) -> Option<u64> {
    digits.and_then(amount_from_digits)
}

/// `vads_effective_amount`: what is remitted of a transaction, in the currency of the remittance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effective {
    /// In the order's currency.
    Same(u64),
    /// The currency is not said.
    Unknown(u64),
    /// In another currency, which says nothing of the order.
    Foreign,
    Absent,
}

impl Effective {
    fn of(form: &Form<'_>) -> Self {
        let amount = form.text("vads_effective_amount").and_then(amount_from_digits);
        match (amount, form.text("vads_effective_currency")) {
            (None, _) => Self::Absent,
            (Some(amount), None) => Self::Unknown(amount),
            (Some(amount), currency) if currency == form.text("vads_currency") => {
                Self::Same(amount)
            }
            (Some(_), Some(_)) => Self::Foreign,
        }
    }
}

/// A place in a plan.
#[derive(Clone, Copy)]
enum Instalment {
    First,
    Middle,
    Last,
    Unknown,
}

/// What an instalment is worth, in minor units: where its place in the plan is not known, at least and at
/// most.
struct Part {
    least: u64,
    most: u64,
}

/// A payment in instalments: `MULTI:first=5000;count=3;period=30`, or with every due date
/// `MULTI_EXT:20261201=5000;20270101=5000`. (lyra.md 0 and 3.5)
enum Plan {
    /// A first amount, and the rest in equal parts.
    Equal { first: u64, count: u64 },
    /// Every amount, by due date.
    Listed(Vec<u64>),
}

impl Plan {
    fn parse(config: &str) -> Option<Self> {
        let (kind, terms) = config.split_once(':')?;
        let terms = terms.split(';').filter_map(|term| {
            let (name, value) = term.split_once('=')?;
            Some((name, amount_from_digits(value)?))
        });
        let mut terms: Vec<(&str, u64)> = terms.collect();
        match kind {
            "MULTI" => {
                let term = |wanted| terms.iter().find(|(name, _)| *name == wanted);
                let count = term("count").map_or(1, |(_, count)| *count);
                Some(Self::Equal { first: term("first")?.1, count })
            }
            "MULTI_EXT" if !terms.is_empty() => {
                terms.sort_unstable();
                Some(Self::Listed(terms.into_iter().map(|(_, amount)| amount).collect()))
            }
            _ => None,
        }
    }

    /// The first, those between, and the last, of a plan for `amount` in all. No source says how the gateway
    /// rounds equal parts: what is left over is in the last. An `amount` that is no more than the first
    /// may be that of the instalment itself.
    fn parts(&self, amount: u64) -> (u64, Vec<u64>, u64) {
        match self {
            Self::Equal { first, count } => {
                let others = count.saturating_sub(1).max(1);
                let rest = amount.checked_sub(*first).filter(|rest| *rest > 0).unwrap_or(amount);
                let middle = rest / others;
                (*first, vec![middle], rest - middle * (others - 1))
            }
            Self::Listed(amounts) => {
                let edge = |amount: Option<&u64>| amount.copied().unwrap_or(0);
                let between = amounts.len().saturating_sub(2);
                let middle = amounts.iter().skip(1).take(between).copied().collect();
                (edge(amounts.first()), middle, edge(amounts.last()))
            }
        }
    }

    fn part(&self, amount: u64, place: Instalment) -> Part {
        let (first, middle, last) = self.parts(amount);
        let later = || middle.iter().copied().chain([last]);
        let most = |some: &mut dyn Iterator<Item = u64>| some.max().unwrap_or(0);
        let least = |some: &mut dyn Iterator<Item = u64>| some.min().unwrap_or(0);
        match place {
            Instalment::First => Part { least: first, most: first },
            // An odd cent may be in any of the equal parts.
            Instalment::Middle => Part { least: least(&mut later()), most: most(&mut later()) },
            Instalment::Last => Part { least: last, most: last },
            Instalment::Unknown => {
                let all = || later().chain([first]);
                Part { least: least(&mut all()), most: most(&mut all()) }
            }
        }
    }

    fn total(&self, amount: u64, currency: Currency) -> Total {
        let (first, ..) = self.parts(amount);
        let sum = match self {
            Self::Listed(amounts) => Some(amounts.iter().sum()),
            Self::Equal { .. } => (amount > first).then_some(amount),
        };
        let largest = sum.map(|_| self.part(amount, Instalment::Unknown).most);
        Total {
            amount: sum,
            first_instalment: Some(first),
            largest_instalment: largest,
            of: None,
            currency,
        }
    }
}
