//! What names a payment of the gateway: its day and its transaction id, which repeats every UTC day.
//! (lyra.md 3.5)

use quittance_core::crypto::ascii;

/// `vads_trans_date`: `YYYYMMDDHHMMSS` in UTC. It has fourteen digits, so there is always a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TransDate([u8; 14]);

impl TransDate {
    /// Reads fourteen digits; `None` where there are more, fewer, or others.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::from_digits(text.bytes())
    }

    /// The same from digits out of another spelling of the date.
    pub(super) fn from_digits(digits: impl IntoIterator<Item = u8>) -> Option<Self> {
        let mut digits = digits.into_iter();
        let mut date = [0; 14];
        for slot in &mut date {
            *slot = digits.next().filter(u8::is_ascii_digit)?;
        }
        digits.next().is_none().then_some(Self(date))
    }

    /// As a form writes it.
    pub(super) fn to_text(self) -> String {
        ascii(&self.0)
    }

    fn day(&self) -> &[u8] {
        let (day, _) = self.0.split_at(DAY_DIGITS);
        day
    }
}

/// Digits of a day.
const DAY_DIGITS: usize = 8;

/// A transaction id. It is never empty, and its case tells nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransId<'a>(&'a str);

impl<'a> TransId<'a> {
    /// An id as the lists of shares and the REST format write it.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// An id as a form writes it: six letters and digits.
    pub(super) fn of_form(text: &'a str) -> Option<Self> {
        let is_id = text.len() == 6 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        is_id.then_some(Self(text))
    }

    /// As it is written.
    pub(super) fn as_str(self) -> &'a str {
        self.0
    }
}

impl PartialEq for TransId<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

/// `<YYYYMMDD>-<transaction id in lower case>`: what names a payment that has no order reference.
pub(super) fn day_and_id(date: TransDate, id: TransId<'_>) -> String {
    // Room for a sequence number behind.
    let mut name = String::with_capacity(DAY_DIGITS + 1 + id.0.len() + 4);
    name.extend(date.day().iter().map(|digit| char::from(*digit)));
    name.push('-');
    name.extend(id.0.chars().map(|c| c.to_ascii_lowercase()));
    name
}

/// Whether a text has the shape of [`day_and_id`].
pub(super) fn is_day_and_id(text: &str) -> bool {
    let (day, id) = text.split_once('-').unwrap_or_default();
    day.len() == DAY_DIGITS && day.bytes().all(|b| b.is_ascii_digit()) && !id.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_fourteen_digits_and_nothing_else() {
        let date = TransDate::parse("20261122101500").unwrap();
        assert_eq!(date.to_text(), "20261122101500");
        let malformed = [
            "",
            "20261122",
            "2026112210150",
            "202611221015000",
            "2026-11-22 101",
            "2026112210150٣",
        ];
        for malformed in malformed {
            assert_eq!(TransDate::parse(malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn an_id_is_never_empty_and_a_forms_id_has_six_letters_and_digits() {
        assert!(TransId::parse("").is_none() && TransId::of_form("").is_none());
        for other in ["00001", "0000001", "0000-1", "00000é", "      "] {
            assert!(
                TransId::parse(other).is_some() && TransId::of_form(other).is_none(),
                "{other}"
            );
        }
        assert_eq!(TransId::of_form("a1B2c3"), TransId::parse("A1b2C3"));
    }

    #[test]
    fn a_name_is_the_day_and_the_id_in_lower_case() {
        let date = TransDate::parse("20261122101500").unwrap();
        assert_eq!(day_and_id(date, TransId::parse("A1B2C3").unwrap()), "20261122-a1b2c3");
    }
}
