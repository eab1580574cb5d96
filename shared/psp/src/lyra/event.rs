//! From a verified Lyra notification to facts.

use std::fmt::Write;

use super::cascade;
use super::details::Said;
use super::form::Form;
use super::head::Head;
use super::reading;
use super::rest;
use super::signature::{Format, Verified};
use super::status::{meaning, meaning_of};
use super::words;
use quittance_core::Remark;
use quittance_core::details::ShareDetails;
use quittance_core::fact::{Fact, Kind, Said as Word, ShareFact, Standing, Status};
use quittance_core::key::Account;
use quittance_core::limits::{MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use quittance_core::money::Currency;
use quittance_core::statement::{Reading, Reason, Statement, Unreadable};

/// Reads a verified notification of either format. `extra_names` are `vads_` fields beyond the
/// documented ones that this merchant's forms carry.
pub fn read(verified: &Verified<'_>, extra_names: &[String]) -> Reading {
    let Verified { form, format, account } = verified;
    match format {
        Format::Form => read_form(form, account, extra_names).into(),
        Format::Rest { .. } => {
            rest::read(form.bytes("kr-answer").unwrap_or_default(), account).into()
        }
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
    pub(super) said: Said<'a>,
}

/// What a message says beside its facts.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) reasons: Vec<Reason>,
    pub(super) details: Vec<ShareDetails>,
}

impl Transaction<'_> {
    /// The fact about this share; why it is so, and what decides nothing, goes to `beside`.
    pub(super) fn stated(&self, beside: &mut Beside) -> Result<ShareFact, Unreadable> {
        let fact = self.fact()?;
        beside.reasons.extend(self.said.codes.reason(&fact));
        beside.details.push(self.said.of(&fact));
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
        // Without the sequence number a slot names a payment's attempts together, not one of them.
        let (share, slot) = match self.uuid {
            Some(uuid) => (Some(uuid.to_owned()), self.sequence.and_then(|_| self.slot())),
            None => (self.slot(), None),
        };
        let fits = |name: &str| name.len() <= MAX_REFERENCE_BYTES;
        let share = share.filter(|share| fits(share));
        let slot = slot.filter(|slot| fits(slot));
        let payment = self.date.zip(self.trans_id).and_then(|(date, id)| day_and_id(date, id));
        let share = share.ok_or_else(|| Unreadable::new("a share has no usable id"))?;
        let said = Word::word(self.status);
        let fact = ShareFact {
            other_name: slot,
            payment: payment.filter(|payment| fits(payment)),
            series: self.trans_id.filter(|id| fits(id)).map(str::to_ascii_lowercase),
            method: if self.brand.is_empty() { "unknown" } else { self.brand }.to_owned(),
            sequence: self.sequence,
            attempted: self.date.unwrap_or("").to_owned(),
            parent: self.parent.filter(|parent| fits(parent)).map(str::to_owned),
            ..ShareFact::new(share, self.kind, self.amount, self.currency, said)
        };
        Ok(fact.meaning(meaning_of))
    }

    fn slot(&self) -> Option<String> {
        let mut slot = day_and_id(self.date?, self.trans_id?)?;
        if let Some(sequence) = self.sequence {
            let _ = write!(slot, "-{sequence}");
        }
        Some(slot)
    }
}

/// `<YYYYMMDD>-<trans_id lower case>`: what names a payment that has no order reference.
pub(super) fn day_and_id(date: &str, trans_id: &str) -> Option<String> {
    let day = date.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()))?;
    // Room for a sequence number behind.
    let mut name = String::with_capacity(day.len() + 1 + trans_id.len() + 4);
    name.extend([day, "-"]);
    name.extend(trans_id.chars().map(|c| c.to_ascii_lowercase()));
    Some(name)
}

fn read_form(
    form: &Form<'_>,
    account: &Account,
    extra_names: &[String],
) -> Result<Statement, Unreadable> {
    let head = Head::of(form)?;
    let cascade = head.is_cascade();
    let pseudo = !cascade && head.is_multi();
    let mut doubt = pseudo.then_some(words::MULTI_ALONE);
    let mut beside = Beside::default();
    let mut shares = Vec::new();
    if let Some(list) = head.list {
        let elements = cascade::read(list)?;
        for element in &elements {
            shares.push(head.share(element).stated(&mut beside)?);
        }
        doubt = doubt
            .or_else(|| (!cascade).then_some(words::LIST_ALONE))
            .or_else(|| cascade_contradiction(&head, &elements, &shares));
    } else if cascade {
        return Err(Unreadable::new("MULTI without vads_payment_seq"));
    } else {
        doubt = doubt.or_else(|| head.result_contradiction(form));
        shares.push(head.transaction(form).stated(&mut beside)?);
    }
    let Beside { reasons, details } = beside;
    let event = Remark::new(words::FORM, [head.source.unwrap_or("notification"), head.status]);
    let mut facts = Vec::with_capacity(shares.len() + 1);
    facts.extend(shares.into_iter().map(Fact::share));
    facts.extend(head.total().map(Fact::Total));
    let mut statement = Statement {
        key: head.key(account)?,
        aliases: Vec::new(),
        follows: head.is_follow_up(),
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
    if let Err(why) = reading::single(form, extra_names) {
        statement.lower(Standing::Respellable, why);
        // Whoever respelt it chose the codes too: they must not explain a share that others state.
        statement.reasons.clear();
        statement.details.clear();
    }
    // A respelt form may name another order's payment: only a sound one may join names. The name of a
    // refund is its own and not that of the payment it gives back.
    if statement.standing() == Standing::Sound && !statement.is_credit() {
        let alias = head.by_payment(account)?;
        statement.aliases.extend((alias != statement.key).then_some(alias));
    }
    Ok(statement)
}

/// What the debits among these shares have captured or reserved, in minor units.
pub(super) fn secured(shares: &[ShareFact]) -> u64 {
    let counts = |share: &&ShareFact| {
        share.kind == Kind::Debit
            && matches!(share.meaning.status, Status::Captured | Status::Authorised)
    };
    shares.iter().filter(counts).map(|share| share.meaning.worth).sum()
}

/// Why a cascade contradicts itself, if it does. The shares decide; the top level is a cross-check,
/// and when it says that all is lost while the shares say that all is paid, nobody knows.
/// (lyra.md 4.4)
fn cascade_contradiction(
    head: &Head<'_>,
    elements: &[cascade::Element<'_>],
    shares: &[ShareFact],
) -> Option<&'static str> {
    let lost = matches!(
        meaning(head.status, Kind::Debit).0,
        Status::Refused | Status::Cancelled | Status::Expired
    );
    let foreign = |element: &cascade::Element<'_>| {
        element.trans_id.as_deref().is_some_and(|id| !id.eq_ignore_ascii_case(head.trans_id))
    };
    let twice =
        |share: &ShareFact| shares.iter().any(|other| other.share == share.share && other != share);
    if lost && secured(shares) >= head.amount {
        Some(words::LOST_BUT_COVERED)
    } else if elements.iter().any(foreign) {
        Some(words::FOREIGN_SHARE)
    } else if shares.iter().any(twice) {
        Some(words::SHARE_TWICE)
    } else {
        None
    }
}

/// Whether `vads_occurrence_type` (REST `occurrenceType`) is that of a later occurrence of a plan or
/// subscription. (lyra.md 3.5)
pub(super) fn is_occurrence(word: Option<&str>) -> bool {
    matches!(word, Some("RECURRENT_INTERMEDIAIRE" | "RECURRENT_FINAL"))
}
