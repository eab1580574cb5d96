//! When an order may be released.

/// When an order may be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// Which shares count.
    pub release_on: ReleaseOn,
    /// Which instalments are waited for.
    pub instalments: Instalments,
    /// Whose word is enough.
    pub confirm: Confirm,
}

/// Whose word is enough for a release or a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Confirm {
    /// A notification's.
    #[default]
    Off,
    /// The provider's own, when it is asked: whoever has a key for notifications ships nothing with it.
    Ask,
}

/// Which shares count towards a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReleaseOn {
    /// Only money that is really taken.
    #[default]
    Captured,
    /// Authorised money too, for merchants who ship on authorisation.
    Secured,
}

/// Which instalments a release waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Instalments {
    /// The first.
    #[default]
    First,
    /// All of them; their sum must have been stated.
    All,
}
