//! How arguments of the commands are read.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use quittance_core::fact::Flag;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::amount_from_digits;
use quittance_core::{Currency, OrderKey, State, Timestamp};
use quittance_psp::{PROVIDERS, provider};

/// Reads an order's key, also as the path of its resource.
pub(crate) fn key(text: &str) -> Result<OrderKey, String> {
    let key = text.trim_start_matches('/').trim_start_matches("orders/");
    let known = key.parse().ok().filter(|key: &OrderKey| provider(key.psp).is_some());
    known.ok_or_else(|| {
        let psps: Vec<&str> = PROVIDERS.iter().map(|psp| psp.profile().id.as_str()).collect();
        let psps = psps.join(" or ");
        format!(
            "not psp/merchant/mode/order, where a slash within a part is %2F ({psps}; test or production)"
        )
    })
}

/// Reads the word of a state; help and completions list them.
pub(crate) fn state() -> impl TypedValueParser<Value = State> {
    let words = PossibleValuesParser::new(State::ALL.map(State::as_str));
    words.try_map(|word| State::from_word(&word).ok_or("no state"))
}

/// Reads the word of a policy's part; help and completions list them.
pub(crate) fn policy<T: Clone + Send + Sync + 'static>(
    words: [&'static str; 2],
    read: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(move |word| read(&word).ok_or("no such word"))
}

/// Reads the word of a flag; help and completions list them.
pub(crate) fn flag() -> impl TypedValueParser<Value = Flag> {
    let words = PossibleValuesParser::new(Flag::ALL.map(Flag::as_str));
    words.try_map(|word| Flag::ALL.into_iter().find(|flag| flag.as_str() == word).ok_or("no flag"))
}

/// Reads a length of time as people say it, in seconds: `90s`, `30min`, `2h`, `7d`.
pub(crate) fn length(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let seconds = match unit {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 0,
    };
    let number: Option<u64> = digits.parse().ok().filter(|_| seconds > 0);
    let length = number.and_then(|number| number.checked_mul(seconds));
    length.ok_or_else(|| "a length of time as 90s, 30min, 2h, 7d".to_owned())
}

/// Reads an RFC 3339 time.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "not a time as in 2026-11-22T10:00:00Z".to_owned())
}

/// Reads minor units. Who writes a point means something else by the digits, and is told how to say it.
pub(crate) fn amount(text: &str) -> Result<u64, String> {
    if text.contains(['.', ',']) {
        return Err("amounts are in minor units, without a point: 12000 for 120.00 EUR, 12 for \
                    12 JPY, 1250 for 1.250 TND"
            .to_owned());
    }
    let amount = amount_from_digits(text).filter(|amount| *amount > 0);
    amount.ok_or_else(|| format!("not a whole number of minor units from 1 to {MAX_AMOUNT}"))
}

/// Reads the code of a currency.
pub(crate) fn currency(code: &str) -> Result<Currency, String> {
    Currency::from_alpha(code)
        .ok_or_else(|| "not the code of a currency with a known minor unit, as in EUR".to_owned())
}

/// A key as the merchant's programs write it, with its reference as it is.
pub(crate) fn text(key: &OrderKey) -> String {
    [key.psp.as_str(), &key.merchant, key.mode.as_str(), &key.order].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_whole_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1_800),
            ("30min", 1_800),
            ("12h", 43_200),
            ("7d", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(length(text), Ok(seconds), "{text}");
        }
        for text in ["", "h", "5", "-1h", "1.5h", "1 h", "1w", "18446744073709551615d"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
