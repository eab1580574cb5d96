//! The status table of the Lyra gateway. (lyra.md 3.1)

use quittance_core::fact::{Kind, Meaning, Rank, ShareFact, Status};

use super::methods::payer;
use super::words;

/// One value of `vads_trans_status` (form) and `detailedStatus` (REST).
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The gateway's word.
    pub word: &'static str,
    /// What it means for a debit.
    pub status: Status,
    /// Its place in the lattice: of several facts about one share the highest holds. A refusal
    /// outranks an authorisation (an acquirer's late answer), and nothing outranks a capture.
    pub rank: u8,
    /// What it is, for the generated documentation.
    pub meaning: &'static str,
}

macro_rules! rows {
    ($($word:ident $status:ident $rank:literal $meaning:literal;)*) => {
        &[$(Row { word: stringify!($word), status: Status::$status, rank: $rank, meaning: $meaning }),*]
    };
}

/// Every word with a known meaning. Others are kept as [`Status::Unknown`].
#[rustfmt::skip]
pub const ROWS: &[Row] = rows! {
    INITIAL                           Pending    10 "no answer from the acquirer yet";
    WAITING_FOR_PAYMENT               Pending    10 "buyer sent to a bank or wallet";
    PENDING                           Pending    10 "waiting";
    PRE_AUTHORISED                    Pending    12 "reserved provisionally";
    UNDER_VERIFICATION                Pending    14 "waiting for the acquirer's check";
    WAITING_AUTHORISATION             Pending    14 "to be authorised later";
    WAITING_AUTHORISATION_TO_VALIDATE Pending    14 "to be authorised and validated later";
    AUTHORISED_TO_VALIDATE            Pending    20 "authorised, the merchant must validate";
    AUTHORISED                        Authorised 30 "authorised, captured on the planned date";
    PARTIALLY_AUTHORISED              Authorised 30 "authorised for a part";
    CAPTURE_PENDING                   Pending    32 "capture under way";
    SUSPENDED                         Pending    34 "capture blocked by the acquirer";
    REFUND_TO_RETRY                   Pending    36 "refund to be tried again";
    ABANDONED                         Cancelled  45 "left by the buyer";
    NOT_CREATED                       Refused    45 "not created";
    EXPIRED                           Expired    48 "not validated in time";
    CANCELLED                         Cancelled  50 "cancelled";
    REFUSED                           Refused    50 "declined";
    CAPTURE_FAILED                    Pending    60 "capture failed: call the provider";
    ACCEPTED                          Accepted   90 "verification accepted: no money moves";
    CAPTURED                          Captured  100 "captured";
};

/// What a share means as it was told. Its amount is what it is worth, whatever its status.
pub(super) fn meaning_of(told: &ShareFact) -> Meaning {
    let word = told.said.word.as_deref().unwrap_or_default();
    let (status, rank) = meaning(word, told.kind);
    let payer = payer(&told.method);
    let doubt = told.said.category.as_deref().filter(|_| counts(word, status));
    let doubt = doubt.and_then(words::denial);
    Meaning { status, rank, worth: told.amount, payer, doubt }
}

/// Whether a word with this status says that money moved or is reserved.
pub(super) fn counts(word: &str, status: Status) -> bool {
    matches!(word, "CAPTURED" | "AUTHORISED")
        || matches!(status, Status::Captured | Status::Authorised | Status::Refunded)
}

/// What a word means for this kind of operation. A credit is final when captured; before that it is
/// only under way, also when authorised.
pub(super) fn meaning(word: &str, kind: Kind) -> (Status, Rank) {
    let Some(row) = ROWS.iter().find(|row| row.word == word) else {
        return (Status::Unknown, Rank::UNKNOWN);
    };
    match (kind, row.status) {
        (Kind::Credit, Status::Captured) => (Status::Refunded, Rank::FINAL),
        (Kind::Credit, Status::Authorised) => (Status::Pending, Rank(row.rank)),
        // A verification moves nothing, whatever the word: it can be neither reserved nor taken.
        (Kind::Verification, Status::Captured | Status::Authorised) => (Status::Accepted, Rank(90)),
        (_, status) => (status, Rank(row.rank)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_only_captured_reaches_the_top_of_the_lattice() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(ROWS[at + 1..].iter().all(|other| other.word != row.word), "{}", row.word);
            assert_eq!(
                Rank(row.rank) == Rank::FINAL,
                row.status == Status::Captured,
                "{}",
                row.word
            );
        }
    }

    #[test]
    fn a_failed_capture_has_the_place_at_which_money_is_lost() {
        assert_eq!(meaning("CAPTURE_FAILED", Kind::Debit).1, Rank::CAPTURE_FAILED);
        let lost = ROWS.iter().filter(|row| Rank(row.rank) == Rank::CAPTURE_FAILED);
        assert_eq!(lost.count(), 1);
    }

    #[test]
    fn the_operation_decides_what_a_word_is_worth() {
        assert_eq!(meaning("CAPTURED", Kind::Debit), (Status::Captured, Rank::FINAL));
        assert_eq!(meaning("CAPTURED", Kind::Credit), (Status::Refunded, Rank::FINAL));
        assert_eq!(meaning("AUTHORISED", Kind::Credit).0, Status::Pending);
        assert_eq!(meaning("CAPTURED", Kind::Verification).0, Status::Accepted);
        assert_eq!(meaning("ACCEPTED", Kind::Debit).0, Status::Accepted);
        assert_eq!(meaning("AUTHORIZED", Kind::Debit), (Status::Unknown, Rank::UNKNOWN));
    }
}
