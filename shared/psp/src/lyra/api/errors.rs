//! The error codes of the web services, by what is to be done about them. (lyra.md 13.3)

/// What an error code means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sense {
    /// The password is not taken.
    Credentials,
    /// The shop may not use this: the offer, the mode or the contract lacks it.
    NotOffered,
    /// The request is wrong.
    Request,
    /// There is no such thing, or nothing yet.
    NotFound,
    /// There are more results than one answer holds.
    TooMany,
    /// What is asked for does not go with the transaction's state, or with what is left of it.
    State,
    /// A bank said no.
    Declined,
    /// There were too many requests.
    Busy,
    /// The platform or an acquirer is in trouble: what was asked for may have been done.
    Platform,
    /// No table has it.
    Unknown,
}

/// Every code that is told apart by itself.
#[rustfmt::skip]
pub const ROWS: &[(&str, Sense)] = &[
    ("INT_905", Sense::Credentials),
    ("PSP_100", Sense::NotOffered),
    ("PSP_109", Sense::NotOffered),
    ("PSP_610", Sense::NotOffered),
    ("PSP_010", Sense::NotFound),
    ("PSP_015", Sense::TooMany),
    ("PSP_011", Sense::State),
    ("PSP_043", Sense::State),
    ("PSP_075", Sense::State),
    ("PSP_076", Sense::State),
    ("PSP_083", Sense::State),
    ("PSP_104", Sense::State),
    ("PSP_105", Sense::State),
    ("PSP_503", Sense::State),
    ("PSP_510", Sense::State),
    ("PSP_511", Sense::State),
    ("PSP_101", Sense::Declined),
    ("ACQ_001", Sense::Declined),
    ("PSP_099", Sense::Busy),
    ("PSP_106", Sense::Busy),
    ("PSP_513", Sense::Platform),
    ("PSP_514", Sense::Platform),
    ("PSP_515", Sense::Platform),
    ("PSP_516", Sense::Platform),
    ("PSP_525", Sense::Platform),
    ("PSP_538", Sense::Platform),
    ("PSP_540", Sense::Platform),
    ("PSP_541", Sense::Platform),
    ("PSP_999", Sense::Platform),
    ("ACQ_999", Sense::Platform),
    ("AUTH_999", Sense::Platform),
];

impl Sense {
    /// What this code means. Codes that begin with `INT_` are about the request; of others that no row has,
    /// nothing is known.
    pub fn of(code: &str) -> Self {
        let row = ROWS.iter().find(|(known, _)| *known == code);
        match row {
            Some((_, sense)) => *sense,
            None if code.starts_with("INT_") => Self::Request,
            None => Self::Unknown,
        }
    }

    /// The same in words, with the code behind.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Credentials => "the provider does not take the password",
            Self::NotOffered => "the shop's offer or contract does not include this",
            Self::Request => "the provider does not take the request",
            Self::NotFound => "the provider does not know the transaction",
            Self::TooMany => "there are more results than one answer holds",
            Self::State => "the state of the transaction does not allow this",
            Self::Declined => "the bank declined it",
            Self::Busy => "the provider has enough of our requests",
            Self::Platform => "the provider or a bank is in trouble",
            Self::Unknown => "the provider says no in a way that is not known",
        }
    }
}
