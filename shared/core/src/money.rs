//! Amounts and currencies.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_AMOUNT;

/// An ISO 4217 currency whose exponent is known, written as its three-letter code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The currency with this three-letter code (`EUR`), as Worldline and Lyra's REST format write it.
    pub fn from_alpha(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code).and_then(Self::with_exponent)
    }

    /// The currency with this three-digit number (`978`), as Lyra's form format writes it. A leading
    /// zero is part of the number (`036`).
    pub fn from_numeric(digits: &str) -> Option<Self> {
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number = digits.parse().ok()?;
        iso_currency::Currency::from_numeric(number).and_then(Self::with_exponent)
    }

    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for TND. `None` where sources differ, so
    /// that nobody can say what an amount in minor units is worth: IDR and KHR have 2 in ISO 4217 and 0
    /// in Lyra's plugins (lyra.md 3.5; plugin-magento's currency table).
    pub fn exponent(self) -> Option<u32> {
        let disputed = matches!(self.code(), "IDR" | "KHR");
        self.0.exponent().map(u32::from).filter(|_| !disputed)
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The three-digit number (`978`), as Lyra's form format writes it.
    pub fn numeric(self) -> String {
        format!("{:03}", self.0.numeric())
    }

    /// `amount` minor units for a person to read: `120.00 EUR`, `12 JPY`, `1.250 TND`; without a
    /// decimal point, and saying so, where the exponent is not certain: `1200 IDR (minor units)`.
    pub fn display(self, amount: u64) -> impl fmt::Display {
        Amount { currency: self, amount }
    }

    /// Metals and test codes have no minor unit: an amount in them cannot be read.
    fn with_exponent(currency: iso_currency::Currency) -> Option<Self> {
        currency.exponent().map(|_| Self(currency))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

struct Amount {
    currency: Currency,
    amount: u64,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { currency, amount } = self;
        let Some(digits) = currency.exponent() else {
            return write!(f, "{amount} {currency} (minor units)");
        };
        let unit = 10u64.pow(digits);
        let (major, minor) = (amount / unit, amount % unit);
        match digits {
            0 => write!(f, "{major} {currency}"),
            digits => write!(f, "{major}.{minor:0width$} {currency}", width = digits as usize),
        }
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_alpha(&code).ok_or_else(|| serde::de::Error::custom("unknown currency"))
    }
}

/// An amount in minor units, written as plain digits. `None` for a sign, a fraction, an empty text
/// or more than [`MAX_AMOUNT`].
pub fn amount_from_digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|amount| *amount <= MAX_AMOUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_have_the_order_of_their_codes() {
        let of = |code| Currency::from_alpha(code).unwrap();
        assert!(of("CHF") < of("EUR") && of("USD") > of("EUR"));
        assert!(of("EUR") <= of("EUR"));
    }

    #[test]
    fn amounts_are_plain_digits_within_the_bound() {
        assert_eq!(amount_from_digits("0"), Some(0));
        assert_eq!(amount_from_digits("000120"), Some(120));
        assert_eq!(amount_from_digits("999999999999"), Some(MAX_AMOUNT));
        for bad in ["", "-1", "+1", "1.0", "1e3", " 1", "1000000000000", "99999999999999999999999"]
        {
            assert_eq!(amount_from_digits(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn display_follows_the_exponent() {
        let shown = |code, amount| Currency::from_alpha(code).unwrap().display(amount).to_string();
        assert_eq!(shown("EUR", 12_000), "120.00 EUR");
        assert_eq!(shown("EUR", 5), "0.05 EUR");
        assert_eq!(shown("JPY", 12), "12 JPY");
        assert_eq!(shown("TND", 1_250), "1.250 TND");
        assert_eq!(shown("IDR", 1_200), "1200 IDR (minor units)");
    }

    #[test]
    fn numeric_codes_keep_their_leading_zero() {
        assert_eq!(Currency::from_numeric("978"), Currency::from_alpha("EUR"));
        assert_eq!(Currency::from_numeric("036"), Currency::from_alpha("AUD"));
        for code in ["EUR", "AUD", "XPF"] {
            let currency = Currency::from_alpha(code);
            assert_eq!(Currency::from_numeric(&currency.unwrap().numeric()), currency);
        }
        assert_eq!(Currency::from_numeric("36"), None);
        assert_eq!(Currency::from_numeric("000"), None);
        assert_eq!(Currency::from_numeric("XAU"), None);
        assert_eq!(Currency::from_alpha("eur"), None);
    }

    #[test]
    fn a_code_without_minor_units_is_no_currency_to_be_paid_in() {
        assert_eq!(Currency::from_alpha("XAU"), None);
        assert_eq!(Currency::from_alpha("XTS"), None);
    }
}
