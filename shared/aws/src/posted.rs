//! The bodies that the merchant's own programs post, and the orders that they name.

use quittance_core::provider::{Providers, find};
use quittance_core::{Currency, OrderKey};
use serde::de::DeserializeOwned;

use crate::http::Answer;

/// What is said of an order that is named in another way.
const ORDER: &str =
    "order must be psp/merchant/mode/reference: a known psp, and test or production";

/// What is said of any other currency.
const CURRENCY: &str = "currency must be the code of a currency with a known minor unit, as in EUR";

/// Reads a body that is a JSON object; `shape` says what it has to be.
///
/// # Errors
///
/// The answer to any other body.
pub fn read<T: DeserializeOwned>(body: &[u8], shape: &'static str) -> Result<T, Answer> {
    // Members have names: a list of the right values is something else.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Answer::Bad(shape));
    }
    serde_json::from_slice(body).map_err(|_| Answer::Bad(shape))
}

/// The order that a text names, of a provider that there is.
///
/// # Errors
///
/// The answer to any other text.
pub fn order(text: &str, providers: Providers) -> Result<OrderKey, Answer> {
    let key = OrderKey::from_text(text).ok();
    key.filter(|key| find(providers, key.psp).is_some()).ok_or(Answer::Bad(ORDER))
}

/// The currency of a code.
///
/// # Errors
///
/// The answer to any other code.
pub fn currency(code: &str) -> Result<Currency, Answer> {
    Currency::from_alpha(code).ok_or(Answer::Bad(CURRENCY))
}
