//! From a verified Lyra notification to facts.

use super::cascade;
use super::form::Form;
use super::reading;
use super::rest;
use super::results::{Codes, is_success};
use super::signature::{Format, Verified};
use super::status::meaning;
use crate::fact::{Fact, Kind, ShareFact, Standing, Status, Total};
use crate::key::{Account, OrderKey};
use crate::limits::{MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use crate::money::{Currency, amount_from_digits};
use crate::statement::{Reading, Reason, Statement, Unreadable};

/// The pseudo-brand of a cascade (not to be confused with `vads_payment_config=MULTI:`, instalments).
const CASCADE_BRAND: &str = "MULTI";

/// Reads a verified notification of either format. `extra_names` are `vads_` fields beyond the
/// documented ones that this merchant's forms carry.
pub fn read(verified: &Verified<'_>, extra_names: &[String]) -> Reading {
    let Verified { form, format, account } = verified;
    match format {
        Format::Form => read_form(form, account, extra_names).into(),
        Format::Rest => rest::read(form.bytes("kr-answer").unwrap_or_default(), account).into(),
    }
}

/// One transaction as either format describes it.
pub(super) struct Transaction<'a> {
    pub(super) uuid: Option<&'a str>,
    pub(super) trans_id: Option<&'a str>,
    /// `YYYYMMDDHHMMSS`, UTC.
    pub(super) date: Option<&'a str>,
    pub(super) sequence: Option<u32>,
    pub(super) brand: &'a str,
    pub(super) amount: u64,
    pub(super) currency: Currency,
    pub(super) kind: Kind,
    pub(super) status: &'a str,
    pub(super) parent: Option<&'a str>,
    pub(super) codes: Codes<'a>,
}

impl Transaction<'_> {
    /// The fact about this share; why it is so goes to `reasons`.
    pub(super) fn stated(&self, reasons: &mut Vec<Reason>) -> Result<ShareFact, Unreadable> {
        let fact = self.fact()?;
        reasons.extend(self.codes.reason(&fact));
        Ok(fact)
    }

    /// The fact about this share. Its id is the uuid; a share without one is named by day,
    /// transaction id (which repeats every UTC day and ignores case) and sequence number.
    fn fact(&self) -> Result<ShareFact, Unreadable> {
        for (what, word) in [("status", self.status), ("brand", self.brand)] {
            if word.len() > MAX_WORD_BYTES {
                return Err(Unreadable::new(format!(
                    "{what} is longer than {MAX_WORD_BYTES} bytes"
                )));
            }
        }
        let slot = self.slot();
        let share = self.uuid.map(str::to_owned).or_else(|| slot.clone());
        let fits = |name: &str| name.len() <= MAX_REFERENCE_BYTES;
        let share = share.filter(|share| fits(share));
        let (status, rank) = meaning(self.status, self.kind);
        Ok(ShareFact {
            share: share.ok_or_else(|| Unreadable::new("a share has no usable id"))?,
            // Without the sequence number it names a payment's attempts together, not one of them.
            slot: slot.filter(|_| self.uuid.is_some() && self.sequence.is_some()),
            operation: None,
            kind: self.kind,
            method: if self.brand.is_empty() { "unknown" } else { self.brand }.to_owned(),
            amount: self.amount,
            of: None,
            currency: self.currency,
            status,
            rank,
            psp_status: self.status.to_owned(),
            sequence: self.sequence,
            attempted: self.date.unwrap_or("").to_owned(),
            parent: self.parent.filter(|parent| fits(parent)).map(str::to_owned),
        })
    }

    fn slot(&self) -> Option<String> {
        let base = day_and_id(self.date?, self.trans_id?)?;
        Some(match self.sequence {
            Some(sequence) => format!("{base}-{sequence}"),
            None => base,
        })
    }
}

/// `<YYYYMMDD>-<trans_id lower case>`: what names a payment that has no order reference.
pub(super) fn day_and_id(date: &str, trans_id: &str) -> Option<String> {
    let day = date.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("{day}-{}", trans_id.to_ascii_lowercase()))
}

/// What made the gateway call. (systempay.md sections 1.4 and 1.5.)
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It speaks of the whole: the end of a payment, its automatic re-send, an occurrence of a
    /// subscription, a telephone order, a collected form.
    Whole,
    /// It may speak of one share of a cascade: a batch, the Back Office, a re-send by hand, or a
    /// source that no table knows.
    FollowUp,
}

impl Source {
    fn of(word: Option<&str>) -> Self {
        match word {
            Some("PAY" | "RETRY" | "REC" | "DCF" | "VOICE_ORDER") => Self::Whole,
            _ => Self::FollowUp,
        }
    }
}

fn read_form(
    form: &Form<'_>,
    account: &Account,
    extra_names: &[String],
) -> Result<Statement, Unreadable> {
    let head = Head::of(form)?;
    let cascade = head.is_cascade(form);
    let pseudo = !cascade && form.text("vads_card_brand") == Some(CASCADE_BRAND);
    let mut doubt = pseudo.then_some("MULTI without sequence number 0");
    let transactions = if let Some(list) = form.text("vads_payment_seq") {
        if !cascade {
            doubt = doubt.or(Some("vads_payment_seq without MULTI and sequence number 0"));
        }
        cascade::read(list)?
    } else if cascade {
        return Err(Unreadable::new("MULTI without vads_payment_seq"));
    } else {
        Vec::new()
    };
    let mut reasons = Vec::new();
    let shares = if transactions.is_empty() {
        doubt = doubt.or_else(|| head.result_contradiction(form));
        vec![head.transaction(form).stated(&mut reasons)?]
    } else {
        let facts = transactions.iter().map(|element| head.share(element).stated(&mut reasons));
        facts.collect::<Result<Vec<_>, _>>()?
    };
    if form.bytes("vads_payment_seq").is_some_and(|v| std::str::from_utf8(v).is_err()) {
        return Err(Unreadable::new("vads_payment_seq is not UTF-8"));
    }
    if !transactions.is_empty() {
        doubt = doubt.or_else(|| cascade_contradiction(&head, &transactions, &shares));
    }
    let about = about(form, &shares, &reasons, head.status);
    let total = head.total(form, cascade);
    let facts = shares.into_iter().map(|share| Fact::Share(Box::new(share)));
    let mut statement = Statement {
        key: head.key(form, account)?,
        aliases: Vec::new(),
        facts: facts.chain(total.map(Fact::Total)).collect(),
        standing: Standing::Sound,
        doubt: None,
        reasons,
        about,
    };
    if let Some(doubt) = doubt {
        statement.doubt(Standing::Contradictory, doubt);
    }
    if let Err(why) = reading::single(form, extra_names) {
        statement.doubt(Standing::Respellable, why);
        // Whoever respelt it chose the codes too: they must not explain a share that others state.
        statement.reasons.clear();
    }
    // A respelt form may name another order's payment: only a sound one may join names. The name of a
    // refund is its own and not that of the payment it gives back.
    if statement.standing == Standing::Sound && !statement.is_credit() {
        let alias = head.by_payment(account)?;
        statement.aliases.extend((alias != statement.key).then_some(alias));
    }
    Ok(statement)
}

/// The fields that every form has, read once.
struct Head<'a> {
    amount: u64,
    currency: Currency,
    date: &'a str,
    trans_id: &'a str,
    status: &'a str,
    kind: Kind,
    sequence: Option<u32>,
}

impl<'a> Head<'a> {
    fn of(form: &'a Form<'_>) -> Result<Self, Unreadable> {
        let need = |name: &str| {
            form.text(name).ok_or_else(|| Unreadable::new(format!("{name} missing or not UTF-8")))
        };
        let bad = |name: &str| Unreadable::new(format!("{name} has another shape than documented"));
        let date = need("vads_trans_date")?;
        let trans_id = need("vads_trans_id")?;
        if date.len() != 14 || !date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("vads_trans_date"));
        }
        if trans_id.len() != 6 || !trans_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad("vads_trans_id"));
        }
        Ok(Self {
            amount: amount_from_digits(need("vads_amount")?).ok_or_else(|| bad("vads_amount"))?,
            currency: Currency::from_numeric(need("vads_currency")?)
                .ok_or_else(|| bad("vads_currency"))?,
            date,
            trans_id,
            status: need("vads_trans_status")?,
            kind: cascade::kind(form.text("vads_operation_type").unwrap_or("DEBIT"))?,
            sequence: match form.text("vads_sequence_number") {
                Some(digits) => Some(digits.parse().map_err(|_| bad("vads_sequence_number"))?),
                None => None,
            },
        })
    }

    /// A cascade announces itself by brand and sequence number together.
    fn is_cascade(&self, form: &Form<'_>) -> bool {
        form.text("vads_card_brand") == Some(CASCADE_BRAND) && self.sequence == Some(0)
    }

    /// The transaction of a form that lists no shares.
    fn transaction(&self, form: &'a Form<'_>) -> Transaction<'a> {
        Transaction {
            uuid: form.text("vads_trans_uuid"),
            trans_id: Some(self.trans_id),
            date: Some(self.date),
            sequence: self.sequence,
            brand: form.text("vads_card_brand").unwrap_or(""),
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

    /// Why a form about one payment contradicts itself, if it does: 00 is the only `vads_result` of what
    /// was done. (systempay.md section 3.2.) A cascade's own result is not documented, and neither is
    /// that of what follows on one of its shares, which cannot be told from what follows on a payment.
    fn result_contradiction(&self, form: &Form<'_>) -> Option<&'static str> {
        let done = matches!(self.status, "CAPTURED" | "AUTHORISED")
            && Source::of(form.text("vads_url_check_src")) == Source::Whole;
        let denied = form.text("vads_result").is_some_and(|result| !is_success(result));
        (done && denied).then_some("vads_result and vads_trans_status disagree")
    }

    /// What the form's own transaction is worth. The first message of a plan may carry the whole amount;
    /// a partial authorisation counts with what was authorised, `vads_effective_amount`, where that is
    /// said in the same currency.
    fn own_amount(&self, form: &Form<'_>) -> u64 {
        let first = self.sequence.is_none_or(|number| number <= 1);
        if let Some(plan) = self.instalments(form).filter(|_| first) {
            return plan.share(self.amount);
        }
        if self.status == "PARTIALLY_AUTHORISED" {
            let same = form.text("vads_effective_currency") == form.text("vads_currency");
            let effective = form.text("vads_effective_amount").and_then(amount_from_digits);
            return effective.filter(|_| same).unwrap_or(0).min(self.amount);
        }
        self.amount
    }

    /// One share of a cascade; it has no currency or date of its own.
    fn share<'b>(&'b self, element: &'b cascade::Element) -> Transaction<'b> {
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

    /// What the whole order costs, where this form says so: never a refund or a check, and of the
    /// follow-ups only a cascade, which lists all its shares.
    fn total(&self, form: &Form<'_>, cascade: bool) -> Option<Total> {
        let whole = cascade || Source::of(form.text("vads_url_check_src")) == Source::Whole;
        if !whole || self.kind != Kind::Debit {
            return None;
        }
        match (self.instalments(form), form.text("vads_occurrence_type")) {
            (Some(plan), _) => Some(plan.total(self.amount, self.currency)),
            // An occurrence whose plan a re-send has left out: the whole is not known from it.
            (None, Some("RECURRENT_INITIAL"))
                if form.text("vads_payment_config").is_none()
                    && form.text("vads_url_check_src") == Some("RETRY") =>
            {
                None
            }
            (None, _) => Some(Total {
                amount: Some(self.amount),
                first_instalment: None,
                currency: self.currency,
            }),
        }
    }

    fn instalments(&self, form: &Form<'_>) -> Option<Plan> {
        Plan::parse(form.text("vads_payment_config")?)
    }

    /// The order this form speaks of. An occurrence of a subscription is an order of its own; what
    /// follows on it gives the subscription's reference, so it is filed under the payment's name, which
    /// leads to the occurrence (or to the plan, for an instalment of one).
    fn key(&self, form: &Form<'_>, account: &Account) -> Result<OrderKey, Unreadable> {
        let too_long = |_| Unreadable::new("vads_order_id too long");
        if form.bytes("vads_order_id").is_some_and(|v| std::str::from_utf8(v).is_err()) {
            return Err(Unreadable::new("vads_order_id is not UTF-8"));
        }
        let occurrence = is_occurrence(form.text("vads_occurrence_type"));
        match form.text("vads_order_id") {
            None => self.by_payment(account),
            Some(reference) if form.text("vads_url_check_src") == Some("REC") => {
                let occurrence = day_and_id(self.date, self.trans_id).unwrap_or_default();
                account.order(&format!("{reference}~{occurrence}")).map_err(too_long)
            }
            Some(_) if occurrence && self.instalments(form).is_none() => self.by_payment(account),
            Some(reference) => account.order(reference).map_err(too_long),
        }
    }

    fn by_payment(&self, account: &Account) -> Result<OrderKey, Unreadable> {
        let payment = day_and_id(self.date, self.trans_id).unwrap_or_default();
        account
            .order(&format!("tx:{payment}"))
            .map_err(|_| Unreadable::new("vads_trans_id too long"))
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
        let term = |term: &str| {
            let (name, value) = term.split_once('=')?;
            Some((name.to_owned(), amount_from_digits(value)?))
        };
        let terms: Vec<(String, u64)> = terms.split(';').filter_map(term).collect();
        match kind {
            "MULTI" => {
                let first = terms.iter().find(|(name, _)| name == "first")?.1;
                Some(Self { first, sum: None })
            }
            "MULTI_EXT" => {
                let first = terms.iter().min_by(|a, b| a.0.cmp(&b.0))?.1;
                Some(Self { first, sum: Some(terms.iter().map(|(_, amount)| amount).sum()) })
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

/// What the debits among these shares have captured or reserved, in minor units.
pub(super) fn secured(shares: &[ShareFact]) -> u64 {
    let counts = |share: &&ShareFact| {
        share.kind == Kind::Debit && matches!(share.status, Status::Captured | Status::Authorised)
    };
    shares.iter().filter(counts).map(|share| share.amount).sum()
}

/// Why a cascade contradicts itself, if it does. The shares decide; the top level is a cross-check,
/// and when it says that all is lost while the shares say that all is paid, nobody knows.
/// (systempay.md section 4.4.)
fn cascade_contradiction(
    head: &Head<'_>,
    elements: &[cascade::Element],
    shares: &[ShareFact],
) -> Option<&'static str> {
    let lost = matches!(
        meaning(head.status, Kind::Debit).0,
        Status::Refused | Status::Cancelled | Status::Expired
    );
    let foreign = |element: &cascade::Element| {
        element.trans_id.as_deref().is_some_and(|id| !id.eq_ignore_ascii_case(head.trans_id))
    };
    let twice = |(at, share): (usize, &ShareFact)| {
        shares.iter().skip(at + 1).any(|other| other.share == share.share && other != share)
    };
    if lost && secured(shares) >= head.amount {
        Some("the cascade ended without success although its shares cover it")
    } else if elements.iter().any(foreign) {
        Some("a share of the cascade has another trans_id")
    } else if shares.iter().enumerate().any(twice) {
        Some("a share of the cascade is listed twice with different contents")
    } else {
        None
    }
}

fn about(form: &Form<'_>, shares: &[ShareFact], reasons: &[Reason], status: &str) -> String {
    let source = form.text("vads_url_check_src").unwrap_or("notification");
    let source: String = source.chars().take(MAX_WORD_BYTES).collect();
    let more = match shares.len().saturating_sub(MAX_SHARES_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match shares {
        [_] => format!("{source}: {}", listed(shares, reasons)),
        _ => {
            let listed = listed(shares, reasons);
            format!("{source}: {status}, {} shares: {listed}{more}", shares.len())
        }
    }
}

/// Most shares named in the line about a notification: it is read by people.
const MAX_SHARES_NAMED: usize = 5;

/// The first shares with amount, status and reason, for people.
pub(super) fn listed(shares: &[ShareFact], reasons: &[Reason]) -> String {
    let line = |s: &ShareFact| {
        let why = reasons.iter().find(|reason| reason.explains(s));
        let why = why.map_or_else(String::new, |reason| format!(": {}", reason.words));
        format!("{} {} {}{why}", s.method, s.currency.display(s.amount), s.psp_status)
    };
    shares.iter().take(MAX_SHARES_NAMED).map(line).collect::<Vec<_>>().join(", ")
}

/// Whether `vads_occurrence_type` (REST `occurrenceType`) is that of a later occurrence of a plan or
/// subscription. (systempay.md section 3.5.)
pub(super) fn is_occurrence(word: Option<&str>) -> bool {
    matches!(word, Some("RECURRENT_INTERMEDIAIRE" | "RECURRENT_FINAL"))
}
