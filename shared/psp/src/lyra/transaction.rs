//! One transaction, as a form, a list of shares and the REST format alike describe it.

use std::fmt::Write;

use super::details::Said;
use super::methods::payer;
use super::payment_id::{TransDate, TransId, day_and_id};
use super::status::meaning;
use quittance_core::details::ShareDetails;
use quittance_core::fact::{Kind, ShareFact, Status};
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
        let (status, rank) = meaning(self.status, self.kind);
        Ok(ShareFact {
            share: share.ok_or_else(|| Unreadable::new("a share has no usable id"))?,
            slot,
            operation: None,
            kind: self.kind,
            method: if self.brand.is_empty() { "unknown" } else { self.brand }.to_owned(),
            payer: payer(self.brand),
            amount: self.amount,
            of: None,
            currency: self.currency,
            status,
            rank,
            psp_status: self.status.to_owned(),
            sequence: self.sequence,
            attempted: self.date.map(TransDate::to_text).unwrap_or_default(),
            parent: self.parent.filter(|parent| fits(parent)).map(str::to_owned),
        })
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
pub(super) fn secured(shares: &[ShareFact]) -> u64 {
    let counts = |share: &&ShareFact| {
        share.kind == Kind::Debit && matches!(share.status, Status::Captured | Status::Authorised)
    };
    shares.iter().filter(counts).map(|share| share.amount).sum()
}

/// Most shares named in the line about a notification: it is read by people.
const MAX_SHARES_NAMED: usize = 5;

/// Adds the first shares with amount, status and reason, for people.
pub(super) fn list(line: &mut String, shares: &[ShareFact], reasons: &[Reason]) {
    for (at, share) in shares.iter().take(MAX_SHARES_NAMED).enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let amount = share.currency.display(share.amount);
        // A String takes everything.
        let _ = write!(line, "{comma}{} {amount} {}", share.method, share.psp_status);
        if let Some(reason) = reasons.iter().find(|reason| reason.explains(share)) {
            line.extend([": ", &reason.words]);
        }
    }
    if let more @ 1.. = shares.len().saturating_sub(MAX_SHARES_NAMED) {
        let _ = write!(line, " and {more} more");
    }
}

/// Whether `vads_occurrence_type` (REST `occurrenceType`) is that of a later occurrence of a plan or
/// subscription. (lyra.md 3.5)
pub(super) fn is_occurrence(word: Option<&str>) -> bool {
    matches!(word, Some("RECURRENT_INTERMEDIAIRE" | "RECURRENT_FINAL"))
}
