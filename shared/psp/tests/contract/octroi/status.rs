//! Octroi's words for what became of a payment.

use quittance_core::fact::{Payer, Rank};
use quittance_core::{Kind, Meaning, ShareFact, Status};

/// Which way the money goes that a word speaks of.
pub(super) fn kind(word: &str) -> Kind {
    meaning(word).0
}

/// What a share means as it was told.
pub(super) fn meaning_of(told: &ShareFact) -> Meaning {
    let (_, status, rank) = meaning(told.said.word.as_deref().unwrap_or_default());
    Meaning { status, rank, worth: told.amount, payer: Payer::Unknown, doubt: None }
}

/// What a word means: which way the money goes, where the payment stands, and how far along that is.
fn meaning(word: &str) -> (Kind, Status, Rank) {
    match word {
        "OPEN" => (Kind::Debit, Status::Pending, Rank(10)),
        "RESERVED" => (Kind::Debit, Status::Authorised, Rank(30)),
        "DENIED" => (Kind::Debit, Status::Refused, Rank(50)),
        "PAID" => (Kind::Debit, Status::Captured, Rank::FINAL),
        "RETURNED" => (Kind::Credit, Status::Refunded, Rank::FINAL),
        _ => (Kind::Debit, Status::Unknown, Rank::UNKNOWN),
    }
}
