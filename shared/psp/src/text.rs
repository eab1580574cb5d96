//! Lenient JSON values: text that borrows where it can, numbers that may be written as text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON string, borrowed from the message unless it has escapes. A number stands for its digits:
/// identifiers are written either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// A whole number that is not negative, written as a JSON number or as a string of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                number.map(Number).ok_or_else(|| E::custom("not a whole number"))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

/// The first elements of a JSON array, at most so many, and how many it has. What is beyond them is
/// skipped and takes no memory: an array of empty objects would otherwise take a hundred times its text.
#[derive(Clone, Debug)]
pub(crate) struct List<T, const MOST: usize> {
    pub(crate) kept: Vec<T>,
    pub(crate) count: usize,
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self { kept: Vec::new(), count: 0 }
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for ListVisitor<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < MOST {
                    match seq.next_element()? {
                        Some(element) => kept.push(element),
                        None => return Ok(List { count: kept.len(), kept }),
                    }
                }
                let mut count = kept.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(List { kept, count })
            }
        }

        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

/// Optional text for display. A value of another JSON type is ignored, and does not make the message unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint<'a>(Option<Text<'a>>);

impl<'a> Hint<'a> {
    /// The text; `None` for another type.
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The same, kept.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        self.0.map(|text| text.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Hint<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Raw first: a number beyond all bounds, or half a character, is no fault of the message either.
        let raw: &RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// Where and how a JSON text is wrong, without quoting it: it may hold personal data.
pub(crate) fn json_fault(what: &str, error: &serde_json::Error) -> quittance_core::Unreadable {
    let kind = match error.classify() {
        serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Data | serde_json::error::Category::Io => {
            "has a field of another type, or twice"
        }
    };
    quittance_core::Unreadable::new(format!(
        "{what} {kind} (line {}, column {})",
        error.line(),
        error.column()
    ))
}
