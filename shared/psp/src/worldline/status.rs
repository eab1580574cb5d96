//! The status table of Worldline Direct: the number, the words that may stand beside it, and what the
//! pair means. (worldline.md 3)

use quittance_core::fact::{Kind, Meaning, Rank, ShareFact, Status};

use super::{is_voucher, payer, words};

/// Which side of the order's money a status speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The payment.
    Debit,
    /// Money on its way back: a refund or a deleted payment.
    Credit,
}

/// One status number.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `statusOutput.statusCode`.
    pub code: u64,
    /// The `status` words that agree with it; empty where no source names one and nothing depends on
    /// it: then any word does that does not say that money moved.
    pub words: &'static [&'static str],
    /// The categories that agree with it; empty where nothing depends on it.
    pub categories: &'static [&'static str],
    /// Which money it speaks of.
    pub side: Side,
    /// What it means.
    pub status: Status,
    /// Its place in the lattice: of several facts about one payment the highest holds. A hosted page
    /// allows further attempts after a refusal, so an authorisation outranks a refusal (2) and a
    /// cancellation by the buyer (1), but not a cancellation after it (6).
    pub rank: u8,
    /// What it is, for the generated documentation.
    pub meaning: &'static str,
}

const COMPLETED: &[&str] = &["COMPLETED"];
const GIVEN_BACK: &[&str] = &["REFUNDED", "COMPLETED"];
const RESERVED: &[&str] = &["PENDING_MERCHANT", "PENDING_CONNECT_OR_3RD_PARTY"];
const NOT_TAKEN: &[&str] = &["PENDING_MERCHANT", "PENDING_CONNECT_OR_3RD_PARTY", "UNSUCCESSFUL"];
const NONE: &[&str] = &[];

macro_rules! rows {
    ($($code:literal $side:ident $status:ident $rank:literal $words:tt $categories:ident $meaning:literal;)*) => {
        &[$(Row {
            code: $code, words: &$words, categories: $categories, side: Side::$side,
            status: Status::$status, rank: $rank, meaning: $meaning,
        }),*]
    };
}

/// Every number with a known meaning. Others are kept as [`Status::Unknown`].
#[rustfmt::skip]
pub const ROWS: &[Row] = rows! {
     0 Debit  Pending    10 ["CREATED", "PAYMENT_CREATED"] NONE "created, not finished";
     1 Debit  Cancelled  20 ["CANCELLED"] NONE "cancelled by the buyer";
     2 Debit  Refused    20 ["REJECTED"] NONE "authorisation declined";
     4 Debit  Authorised 40 ["CAPTURE_REQUESTED"] RESERVED "capture asked for";
    40 Debit  Pending    12 [] NONE "waiting for an external result";
    41 Debit  Pending    12 [] NONE "waiting for the buyer's payment";
    46 Debit  Pending    12 ["REDIRECTED", "PENDING_PAYMENT"] NONE "buyer sent to authenticate or pay";
     5 Debit  Authorised 30 ["PENDING_CAPTURE", "PENDING_APPROVAL"] RESERVED "authorised";
    50 Debit  Pending    14 [] NONE "waiting for an external or fraud check";
    51 Debit  Pending    14 ["AUTHORIZATION_REQUESTED"] NONE "authorisation waiting";
    52 Debit  Pending    14 ["AUTHORIZATION_REQUESTED"] NONE "authorisation uncertain";
    55 Debit  Pending    14 [] NONE "standby";
    56 Debit  Pending    14 [] NONE "scheduled";
     6 Debit  Cancelled  50 ["CANCELLED"] NONE "authorised, then cancelled";
    61 Debit  Pending    16 ["CANCELLED"] NONE "cancellation waiting";
    62 Debit  Pending    16 ["CANCELLED"] NONE "cancellation uncertain";
    63 Debit  Authorised 30 ["CANCELLATION_REJECTED", "PENDING_CAPTURE"] NOT_TAKEN "cancellation refused: stays authorised";
     7 Credit Refunded  100 ["REFUNDED"] GIVEN_BACK "payment deleted";
    71 Credit Pending    10 [] NONE "deletion waiting";
    72 Credit Pending    10 [] NONE "deletion uncertain";
    73 Credit Refused    50 ["REJECTED"] NONE "deletion refused: stays captured";
     8 Credit Refunded  100 ["REFUNDED"] GIVEN_BACK "refunded";
    81 Credit Pending    10 ["REFUND_REQUESTED"] NONE "refund pending";
    82 Credit Pending    10 ["REFUND_REQUESTED"] NONE "refund uncertain";
    83 Credit Refused    50 ["REJECTED"] NONE "refund refused: stays captured";
    85 Credit Refunded  100 ["REFUNDED"] GIVEN_BACK "refunded by the merchant";
     9 Debit  Captured  100 ["CAPTURED"] COMPLETED "captured";
    91 Debit  Authorised 40 ["CAPTURE_REQUESTED"] RESERVED "capture processing";
    92 Debit  Authorised 40 ["CAPTURE_REQUESTED"] RESERVED "capture uncertain";
    93 Debit  Authorised 40 ["REJECTED_CAPTURE"] NOT_TAKEN "capture refused: stays authorised";
    99 Debit  Authorised 40 ["CAPTURE_REQUESTED"] RESERVED "capture being processed";
};

/// What number, word and category say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) side: Side,
    pub(super) status: Status,
    pub(super) rank: Rank,
    /// The code of the sentence that says why they do not agree, if so; the status is then pending.
    pub(super) contradiction: Option<&'static str>,
}

/// The place of what contradicts itself.
const UNDECIDED: Rank = Rank(11);

/// The place of a reservation of which nobody knows how much it is.
const UNMEASURED: Rank = Rank(14);

/// What a share means as it was told. CAPTURED alone is not paid: only `acquiredAmount` says what was really
/// obtained, and where it is missing the payment stays pending and in doubt. An authorised card without it is
/// worth its `amountOfMoney`; an authorised voucher, whose share is chosen by the buyer, is not known to be
/// worth anything yet.
pub(super) fn meaning_of(told: &ShareFact) -> Meaning {
    let said = &told.said;
    let read = meaning(said.word.as_deref(), said.code, said.category.as_deref());
    let payer = payer(&told.method);
    let meant = |status, rank, doubt| Meaning { status, rank, worth: told.amount, payer, doubt };
    let side = if told.kind == Kind::Credit { Side::Credit } else { Side::Debit };
    if read.side != side && read.status != Status::Unknown {
        // After a partial refund the payment stays captured (worldline.md 3, "trap"): how much of it went
        // back is not said here.
        return meant(Status::Pending, UNDECIDED, Some(words::OTHER_SIDE));
    }
    match (read.status, told.reached) {
        (Status::Captured | Status::Authorised, Some(reached)) => {
            Meaning { worth: reached, ..meant(read.status, read.rank, None) }
        }
        (Status::Captured, None) => {
            meant(Status::Pending, UNDECIDED, Some(words::NO_ACQUIRED_AMOUNT))
        }
        (Status::Authorised, None) if is_voucher(&told.method) => {
            meant(Status::Pending, UNMEASURED, None)
        }
        _ => meant(read.status, read.rank, read.contradiction),
    }
}

/// Reads a status. Money counts as moved or reserved only when the number and the word say so and no
/// category denies it; where they disagree the outcome is pending and the order waits.
pub(super) fn meaning(word: Option<&str>, code: Option<u64>, category: Option<&str>) -> Read {
    match word {
        // No number is documented for chargebacks, so the word decides. (worldline.md 3)
        Some("CHARGEBACKED") => return Read::of(Side::Credit, Status::ChargedBack, Rank::FINAL),
        Some("CHARGEBACK_NOTIFICATION") => {
            return Read::of(Side::Credit, Status::Pending, Rank(10));
        }
        // No source tells its number or whether money went back: kept apart from the payment, whose
        // capture would hide it.
        Some("REVERSED") => return Read::of(Side::Credit, Status::Unknown, Rank::UNKNOWN),
        _ => {}
    }
    let row = match code {
        Some(code) => ROWS.iter().find(|row| row.code == code),
        None => ROWS.iter().find(|row| word.is_some_and(|word| row.words.contains(&word))),
    };
    let Some(row) = row else {
        return Read::of(Side::Debit, Status::Unknown, Rank::UNKNOWN);
    };
    let decides = moves_money(row) || row.status == Status::Authorised;
    let contradiction = match (word, code, category) {
        (_, None, _) if decides => Some(words::CODE_MISSING),
        (None, ..) if decides => Some(words::WORD_MISSING),
        (Some(word), Some(_), _) if !agrees(row, word) => Some(words::WORD_AND_CODE),
        (_, _, Some(category))
            if !row.categories.is_empty() && !row.categories.contains(&category) =>
        {
            Some(words::CODE_AND_CATEGORY)
        }
        _ => None,
    };
    match contradiction {
        None => Read::of(row.side, row.status, Rank(row.rank)),
        Some(_) => Read { contradiction, ..Read::of(row.side, Status::Pending, UNDECIDED) },
    }
}

fn agrees(row: &Row, word: &str) -> bool {
    if row.words.is_empty() {
        let of_word = |other: &&Row| other.words.contains(&word);
        !ROWS.iter().filter(of_word).any(moves_money)
    } else {
        row.words.contains(&word)
    }
}

fn moves_money(row: &Row) -> bool {
    matches!(row.status, Status::Captured | Status::Refunded)
}

impl Read {
    fn of(side: Side, status: Status, rank: Rank) -> Self {
        Self { side, status, rank, contradiction: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_only_final_rows_reach_the_top_of_the_lattice() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(ROWS[at + 1..].iter().all(|other| other.code != row.code), "{}", row.code);
            let is_final = matches!(row.status, Status::Captured | Status::Refunded);
            assert_eq!(Rank(row.rank) == Rank::FINAL, is_final, "{}", row.code);
        }
    }

    /// Which of the two came last is told by the rank alone.
    #[test]
    fn no_cancellation_has_the_rank_of_a_reservation() {
        let ranks = |status| ROWS.iter().filter(move |row| row.status == status).map(|r| r.rank);
        for cancelled in ranks(Status::Cancelled) {
            assert!(ranks(Status::Authorised).all(|reserved| reserved != cancelled));
        }
    }

    #[test]
    fn each_row_reads_as_itself() {
        for row in ROWS {
            for word in row.words {
                let meant = meaning(Some(word), Some(row.code), row.categories.first().copied());
                assert_eq!((meant.status, meant.contradiction), (row.status, None), "{}", row.code);
            }
        }
    }

    #[test]
    fn captured_needs_the_number_and_the_word_and_no_other_category() {
        let status = |word, code, category| {
            let meant = meaning(word, code, category);
            (meant.status, meant.contradiction.is_some())
        };
        assert_eq!(status(Some("CAPTURED"), Some(9), Some("COMPLETED")), (Status::Captured, false));
        assert_eq!(status(Some("CAPTURED"), Some(9), None), (Status::Captured, false));
        for (word, code, category) in [
            (Some("CAPTURED"), Some(5), None),
            (Some("CAPTURED"), Some(91), None),
            (Some("CAPTURED"), None, None),
            (None, Some(9), None),
            (Some("REJECTED"), Some(9), None),
            (Some("FUTURE_WORD"), Some(9), None),
            (Some("CAPTURED"), Some(9), Some("UNSUCCESSFUL")),
            (Some("REFUND_REQUESTED"), Some(8), None),
            (Some("REFUND_REQUESTED"), Some(7), None),
            // Numbers whose word no source names: a word that says that money moved is none of theirs.
            (Some("CAPTURED"), Some(50), None),
            (Some("REFUNDED"), Some(71), None),
            // Reserved money may release an order too, where the merchant says so.
            (Some("PENDING_CAPTURE"), None, None),
            (None, Some(5), None),
            (Some("PENDING_CAPTURE"), Some(5), Some("UNSUCCESSFUL")),
            (Some("CANCELLED"), Some(63), None),
        ] {
            assert_eq!(status(word, code, category), (Status::Pending, true), "{word:?} {code:?}");
        }
        assert_eq!(
            status(Some("PENDING_FRAUD_APPROVAL"), Some(50), None),
            (Status::Pending, false)
        );
        assert_eq!(status(Some("PAID"), Some(1000), None), (Status::Unknown, false));
        assert_eq!(status(None, None, None), (Status::Unknown, false));
        assert_eq!(meaning(Some("REVERSED"), Some(9), None).side, Side::Credit);
    }
}
