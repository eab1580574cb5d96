//! The kinds of form that the gateway writes.

use super::names::Shape;
use super::piece;

/// A kind of genuine form.
#[derive(Clone, Copy)]
pub(super) struct Original {
    pub(super) origin: Origin,
    pub(super) cascade: bool,
    pub(super) end: End,
    /// Whether the site names its orders.
    pub(super) named: bool,
    /// Whether it says which way the money goes: what failed need not.
    pub(super) operated: bool,
}

/// Who was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The browser, or the server by a `PAY` call, about the end of a payment at the hosted page.
    Page,
    /// The server alone, by any other call.
    Server,
}

/// How the payment stands, as far as the rest of the form follows from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Captured or authorised.
    Taken,
    /// Authorised for a part, which is the effective amount.
    Partly,
    /// The same without its amount. Not thought of where the form at hand has one.
    Bare,
    /// Declined.
    Refused,
    /// Left or cancelled: the only forms that may lack the sequence number.
    Ended,
    /// Anything else, known or not.
    Open,
}

impl End {
    /// Every way.
    pub(super) const ALL: [Self; 6] =
        [Self::Taken, Self::Partly, Self::Bare, Self::Refused, Self::Ended, Self::Open];

    /// Its status.
    pub(super) fn kind(self) -> u8 {
        match self {
            Self::Taken => piece::TAKEN,
            Self::Partly | Self::Bare => piece::PARTLY,
            Self::Refused => piece::REFUSED,
            Self::Ended => piece::ENDED,
            Self::Open => piece::OPEN,
        }
    }

    /// Its result. (lyra.md 3.2)
    pub(super) fn result(self) -> u8 {
        match self {
            Self::Taken => piece::DONE,
            Self::Partly | Self::Bare | Self::Open => piece::DONE_OR_NOT,
            Self::Refused => piece::DECLINED,
            Self::Ended => Shape::Result as u8,
        }
    }
}
