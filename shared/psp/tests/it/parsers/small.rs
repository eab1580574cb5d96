//! Keys, ids, amounts, currencies and moments are read back as they are written.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use quittance_core::limits::MAX_AMOUNT;
use quittance_core::money::amount_from_digits;
use quittance_core::{Currency, Mode, OrderKey, Timestamp};
use quittance_psp::worldline::PaymentId;

use super::config;

#[test]
fn every_currency_is_read_by_its_code_and_by_its_number() {
    let letters = || 'A'..='Z';
    let mut by_code = BTreeMap::new();
    for code in
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])))
    {
        let code: String = code.iter().collect();
        if let Some(currency) = Currency::from_alpha(&code) {
            assert_eq!((currency.code(), currency.to_string()), (&*code, code.clone()));
            let text = serde_json::to_string(&currency).unwrap();
            assert_eq!(serde_json::from_str::<Currency>(&text).unwrap(), currency);
            by_code.insert(code, currency);
        }
    }
    let mut by_number = BTreeMap::new();
    for number in 0..=999 {
        if let Some(currency) = Currency::from_numeric(&format!("{number:03}")) {
            let other = by_number.insert(currency.code().to_owned(), currency);
            assert_eq!(other, None, "{currency} has two numbers");
        }
    }
    assert_eq!(by_code, by_number);
    assert!(by_code.len() > 150, "{} currencies", by_code.len());
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_amount_is_read_as_it_is_written(amount in 0..=MAX_AMOUNT, zeros in 0..20_usize) {
        let text = format!("{}{amount}", "0".repeat(zeros));
        prop_assert_eq!(amount_from_digits(&text), Some(amount));
    }

    #[test]
    fn an_amount_has_digits_only_and_a_bound(amount in MAX_AMOUNT + 1.., text in ".{0,12}") {
        prop_assert_eq!(amount_from_digits(&amount.to_string()), None);
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(amount_from_digits(&text).is_some(), digits);
    }

    #[test]
    fn a_moment_is_read_as_it_is_written(seconds in -62_167_219_200..=253_402_300_799_i64) {
        let moment = Timestamp::from_unix(seconds).unwrap();
        prop_assert_eq!(moment.unix(), seconds);
        prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        let text = serde_json::to_string(&moment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), moment);
    }

    #[test]
    fn what_can_be_read_at_all_is_read_as_it_is_written_again(text in text()) {
        if let Ok(key) = text.parse::<OrderKey>() {
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }
        if let Some(id) = PaymentId::parse(&text) {
            let again = id.operation();
            prop_assert_eq!(PaymentId::parse(&again), Some(id));
        }
        if let Some(moment) = Timestamp::parse(&text) {
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
    }

    #[test]
    fn an_order_key_is_read_as_it_is_written(
        psp in select(vec![quittance_psp::worldline::ID, quittance_psp::lyra::ID]), mode in select(vec![Mode::Test, Mode::Production]),
        merchant in key_part(), order in key_part(),
    ) {
        let key = OrderKey::new(psp, &merchant, mode, &order).unwrap();
        prop_assert_eq!(key.to_string().parse(), Ok(key.clone()));
        prop_assert_eq!(key.to_string().matches('/').count(), 3);
        let text = serde_json::to_string(&key).unwrap();
        prop_assert_eq!(serde_json::from_str::<OrderKey>(&text).unwrap(), key);
    }
}

/// A merchant's id or reference; also one that looks as if it were escaped already.
fn key_part() -> impl Strategy<Value = String> {
    prop_oneof!["(?s).{1,60}", "[A-F0-9%/+]{1,60}"]
}

/// Text of any kind, and such as is a key, an id or a moment, or nearly.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,30}",
        "(worldline|systempay|paypal)/[A-Z%0-9/]{0,8}/(test|production)/(?s).{0,12}",
        "(90000)?[0-9]{0,14}",
        "[0-9_]{0,24}",
        "[0-9]{4}-(0[1-9]|1[0-3])-([0-2][0-9]|3[01])[Tt ][0-2][0-9]:[0-5][0-9]:[0-5][0-9]\
         (\\.[0-9]{0,9})?(Z|z|[+-][01][0-9]:[0-6][0-9])",
    ]
}
