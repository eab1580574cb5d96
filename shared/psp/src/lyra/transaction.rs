//! One transaction, as a form, a list of shares and the REST format alike describe it.

use std::fmt::Write;

use super::details::Said;
use super::payment_id::{TransDate, TransId, day_and_id};
use super::status::{counts, meaning, meaning_of};
use quittance_core::details::ShareDetails;
use quittance_core::fact::{Kind, Said as Word, ShareFact, Status};
use quittance_core::limits::{MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use quittance_core::money::Currency;
use quittance_core::statement::{Reason, Unreadable};

/// One transaction as either format describes it.
pub(super) struct Transaction<'a> {
    pub(super) uuid: Option<&'a str>,
    pub(super) trans_id: Option<TransId<'a>>,
    pub(super) date: Option<TransDate>,
    pub(super) sequence: Option<u32>,
    pub(super) brand: &'a str,
    pub(super) amount: u64,
    pub(super) currency: Currency,
    pub(super) kind: Kind,
    pub(super) status: &'a str,
    /// What beside the status denies that money moved: the code of the sentence about it.
    pub(super) denied: Option<&'static str>,
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
        let share = share.ok_or_else(|| Unreadable::new("a share has no usable id"))?;
        let payment = self.date.zip(self.trans_id).map(|(date, id)| day_and_id(date, id));
        let series = self.trans_id.map(|id| id.as_str().to_ascii_lowercase());
        let said = Word { category: self.denial(), ..Word::word(self.status) };
        let fact = ShareFact {
            other_name: slot,
            payment: payment.filter(|payment| fits(payment)),
            series: series.filter(|series| fits(series)),
            method: if self.brand.is_empty() { "unknown" } else { self.brand }.to_owned(),
            sequence: self.sequence,
            attempted: self.date.map(TransDate::to_text).unwrap_or_default(),
            parent: self.parent.filter(|parent| fits(parent)).map(str::to_owned),
            ..ShareFact::new(share, self.kind, self.amount, self.currency, said)
        };
        Ok(fact.meaning(meaning_of))
    }

    /// A denial matters where the status says that money moved, or may say so once a table has the word.
    fn denial(&self) -> Option<String> {
        let (status, _) = meaning(self.status, self.kind);
        let matters = counts(self.status, status) || status == Status::Unknown;
        self.denied.filter(|_| matters).map(str::to_owned)
    }

    fn slot(&self) -> Option<String> {
        let mut slot = day_and_id(self.date?, self.trans_id?);
        if let Some(sequence) = self.sequence {
            let _ = write!(slot, "-{sequence}");
        }
        Some(slot)
    }
}

/// What the debits among these shares have captured or reserved, in minor units.
pub(super) fn secured<'s>(shares: impl IntoIterator<Item = &'s ShareFact>) -> u64 {
    let counts = |share: &&ShareFact| {
        share.kind == Kind::Debit
            && matches!(share.meaning.status, Status::Captured | Status::Authorised)
    };
    let each = shares.into_iter().filter(counts).map(|share| share.meaning.worth);
    each.fold(0, u64::saturating_add)
}

/// What the payment of this debit has captured or reserved by these shares, and what the debit itself is worth at least, in
/// minor units.
pub(super) fn secured_beside<'s>(
    debit: &ShareFact,
    shares: impl IntoIterator<Item = &'s ShareFact>,
) -> u64 {
    let is_beside = |share: &&ShareFact| share.payment_name() == debit.payment_name();
    secured(shares.into_iter().filter(is_beside)).max(debit.meaning.worth)
}

/// Whether `vads_occurrence_type` (REST `occurrenceType`) is that of a later occurrence of a plan or
/// subscription. (lyra.md 3.5)
pub(super) fn is_occurrence(word: Option<&str>) -> bool {
    matches!(word, Some("RECURRENT_INTERMEDIAIRE" | "RECURRENT_FINAL"))
}
