//! What an answer is that is not the one hoped for. (worldline.md 12)

use serde::Deserialize;

use crate::text::Hint;
use quittance_core::api::{Trouble, TroubleKind};
use quittance_core::text::beginning;

/// Most characters that are shown of one of the provider's own words.
const MAX_WORD_CHARACTERS: usize = 48;

/// Most errors that are looked at: one is usual.
const MAX_ERRORS: usize = 8;

/// The category of errors of the payment itself; others are of the platform or of the way there.
const OF_PAYMENT: &str = "PAYMENT_PLATFORM_ERROR";

/// How one call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Of which class.
    pub(super) class: Class,
    /// What the provider says, in lower case and without a final stop.
    pub(super) why: String,
}

/// What a failure means for whoever called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The key, or what it is for, is not taken. Nothing was done.
    Credentials,
    /// There is no such thing. Nothing was done.
    Missing,
    /// It is refused for good. Nothing was done.
    Refused,
    /// It failed for a technical reason, and nothing was done.
    Technical,
    /// A call of the same key is still running.
    Running,
    /// Too many calls. Nothing was done.
    Busy,
    /// It succeeded in words that are not understood: it was done, or something else answered.
    Garbled,
    /// The platform is in trouble, or something stands between: nobody knows what was done.
    Broken,
}

impl Failure {
    /// What an answer of this status, which is none of success, says. The status decides: the one in the body may
    /// be another.
    pub(super) fn of(name: &str, status: u16, body: &[u8]) -> Self {
        let told = serde_json::from_slice::<Envelope<'_>>(body).unwrap_or_default();
        let errors = || told.errors.kept.iter();
        let is_running = errors().any(Error::is_running);
        let is_technical = errors().any(|error| error.retriable == Some(Flag(true)));
        let is_of_payment = errors().any(|error| error.category() == Some(OF_PAYMENT));
        let class = match status {
            409 if is_running => Class::Running,
            401 => Class::Credentials,
            // What the payment itself is refused for is no fault of the key.
            403 if !is_of_payment => Class::Credentials,
            429 => Class::Busy,
            400..=499 if status == 408 || status == 425 => Class::Broken,
            400..=499 if is_technical => Class::Technical,
            404 | 410 => Class::Missing,
            400..=499 => Class::Refused,
            _ => Class::Broken,
        };
        let mut why = format!("{name} answered {status}");
        if let Some(error) = errors().next() {
            let words = [error.error_code.as_ref().or(error.code.as_ref()), error.id.as_ref()];
            for word in words.into_iter().flatten().filter_map(Hint::as_str).filter(|w| is_word(w))
            {
                why.extend([" ", beginning(word, MAX_WORD_CHARACTERS)]);
            }
        }
        Self { class, why }
    }

    /// What comes of it where nothing is to be learnt any more.
    pub(super) fn trouble(self) -> Trouble {
        let kind = match self.class {
            Class::Credentials => TroubleKind::Credentials,
            Class::Missing | Class::Refused | Class::Garbled => TroubleKind::Garbled,
            Class::Technical | Class::Running | Class::Busy | Class::Broken => {
                TroubleKind::Unreachable
            }
        };
        Trouble { kind, why: self.why }
    }
}

/// Whether a text is a code of the platform, and no sentence with something of the buyer in it.
fn is_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.chars().all(is_plain)
}

#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    errors: crate::text::List<Error<'a>, MAX_ERRORS>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Error<'a> {
    #[serde(borrow)]
    id: Option<Hint<'a>>,
    error_code: Option<Hint<'a>>,
    code: Option<Hint<'a>>,
    category: Option<Hint<'a>>,
    retriable: Option<Flag>,
}

impl Error<'_> {
    /// Whether a call of the same key is still running: the platform says so by an id, and the SDKs look for a
    /// number.
    fn is_running(&self) -> bool {
        let says =
            |hint: &Option<Hint<'_>>, word| hint.as_ref().and_then(Hint::as_str) == Some(word);
        says(&self.id, "DUPLICATE_REQUEST_IN_PROGRESS")
            || says(&self.error_code, "1409")
            || says(&self.code, "1409")
    }

    fn category(&self) -> Option<&str> {
        self.category.as_ref()?.as_str()
    }
}

/// A JSON boolean; a value of another type is neither.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &serde_json::value::RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(raw.get() == "true"))
    }
}
