//! What the gateway knows: sessions, and the transactions that were made in them.

use quittance_core::{Mode, Timestamp};

/// A payment page, a link or a token.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// 32 hexadecimal digits: also the id of a link.
    pub(super) id: String,
    pub(super) kind: SessionKind,
    pub(super) site: String,
    pub(super) mode: Mode,
    pub(super) order: String,
    /// Minor units.
    pub(super) amount: u64,
    /// Three letters.
    pub(super) currency: String,
    pub(super) trans_id: String,
    pub(super) trans_date: Timestamp,
    /// The brand of the cards that are offered; `None` where none are.
    pub(super) card: Option<String>,
    pub(super) vouchers: bool,
    pub(super) validation: bool,
    pub(super) opened_at: Timestamp,
    pub(super) ends_at: Timestamp,
    pub(super) state: SessionState,
    pub(super) refused: u32,
    pub(super) back: Return,
    /// Where its notification goes instead of the shop's own address.
    pub(super) notification_url: Option<String>,
    /// The fields of the form, which notifications repeat.
    pub(super) fields: Vec<(String, String)>,
}

/// How a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    Form,
    Link,
    Token,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionState {
    Open,
    Paid,
    Failed,
    Abandoned,
    Expired,
}

/// How the browser goes back.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) mode: ReturnMode,
    pub(super) url: String,
    /// Where it goes instead after this: success, refused, cancel.
    pub(super) success: Option<String>,
    pub(super) refused: Option<String>,
    pub(super) cancel: Option<String>,
}

/// `vads_return_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReturnMode {
    None,
    Get,
    Post,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) uuid: String,
    /// The session that it was made in.
    pub(super) session: String,
    pub(super) site: String,
    pub(super) mode: Mode,
    pub(super) order: String,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) brand: String,
    /// `detailedStatus`.
    pub(super) status: &'static str,
    pub(super) sequence: u32,
    pub(super) is_credit: bool,
    /// Whether it is one of a cascade's shares.
    pub(super) cascade: bool,
    pub(super) parent: Option<String>,
    /// What the platform will make of it by the next batch, beside capturing it.
    pub(super) doomed: bool,
    pub(super) trans_id: String,
    pub(super) trans_date: Timestamp,
    pub(super) at: Timestamp,
}

impl Transaction {
    pub(super) fn is_voucher(&self) -> bool {
        self.brand == "CVCO"
    }

    /// Whether it takes or reserves money.
    pub(super) fn secures(&self) -> bool {
        !self.is_credit && matches!(self.status, "AUTHORISED" | "CAPTURED")
    }

    /// Whether it takes, reserves or may reserve money.
    pub(super) fn holds(&self) -> bool {
        self.secures() || !self.is_credit && is_open(self.status)
    }
}

/// Whether a transaction can still be cancelled.
pub(super) fn is_open(status: &str) -> bool {
    matches!(
        status,
        "AUTHORISED_TO_VALIDATE"
            | "WAITING_AUTHORISATION_TO_VALIDATE"
            | "WAITING_AUTHORISATION"
            | "AUTHORISED"
    )
}

/// `status` of a `detailedStatus`.
pub(super) fn class(status: &str) -> &'static str {
    match status {
        "AUTHORISED" | "CAPTURED" => "PAID",
        "REFUSED" | "EXPIRED" | "CANCELLED" => "UNPAID",
        "ABANDONED" => "ABANDONED",
        _ => "RUNNING",
    }
}

/// The numbers of the currencies that the fakes know.
const NUMBERS: [(&str, &str); 5] =
    [("EUR", "978"), ("USD", "840"), ("GBP", "826"), ("CHF", "756"), ("JPY", "392")];

/// Three letters of three digits.
pub(super) fn letters(digits: &str) -> Option<&'static str> {
    NUMBERS.iter().find(|(_, number)| *number == digits).map(|(code, _)| *code)
}

/// Three digits of three letters.
pub(super) fn numeric(code: &str) -> &'static str {
    NUMBERS.iter().find(|(known, _)| *known == code).map_or("978", |(_, number)| number)
}
