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

impl ReleaseOn {
    /// Both of them.
    pub const EACH: [Self; 2] = [Self::Captured, Self::Secured];

    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Secured => "secured",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|known| known.as_str() == word)
    }
}

impl Instalments {
    /// Both of them. Not `ALL`, which would read as the variant; its neighbours follow it.
    pub const EACH: [Self; 2] = [Self::First, Self::All];

    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::All => "all",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|known| known.as_str() == word)
    }
}

impl Confirm {
    /// Both of them.
    pub const EACH: [Self; 2] = [Self::Off, Self::Ask];

    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "ask",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|known| known.as_str() == word)
    }
}
