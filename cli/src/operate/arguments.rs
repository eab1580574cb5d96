//! How arguments of the commands are read.

use quittance_core::{OrderKey, State, Timestamp};
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

/// Reads the word of a state.
pub(crate) fn state(word: &str) -> Result<State, String> {
    State::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        format!("none of {}", words.join(", "))
    })
}

/// Reads an RFC 3339 time.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "not a time as in 2026-11-22T10:00:00Z".to_owned())
}
