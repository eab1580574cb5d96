//! Octroi's words for what became of a payment.

use quittance_core::fact::Rank;
use quittance_core::{Kind, Status};

/// What a word means: which way the money goes, where the payment stands, and how far along that is.
pub(super) fn meaning(word: &str) -> (Kind, Status, Rank) {
    match word {
        "OPEN" => (Kind::Debit, Status::Pending, Rank(10)),
        "RESERVED" => (Kind::Debit, Status::Authorised, Rank(30)),
        "DENIED" => (Kind::Debit, Status::Refused, Rank(50)),
        "PAID" => (Kind::Debit, Status::Captured, Rank::FINAL),
        "RETURNED" => (Kind::Credit, Status::Refunded, Rank::FINAL),
        _ => (Kind::Debit, Status::Unknown, Rank::UNKNOWN),
    }
}
