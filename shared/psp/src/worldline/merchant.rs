//! Whose event it is, as its body says.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::{Hint, List};
use quittance_core::limits::{MAX_EVENTS_PER_NOTIFICATION, MAX_REFERENCE_BYTES};

/// The merchant that a verified body names: that of its event, or of the first event in an array that names
/// one. `None` where none can be read, or he is not one that an order's key can name.
pub(super) fn merchant_named(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(rename = "merchantId", borrow)]
        merchant: Option<Hint<'a>>,
    }
    let text = std::str::from_utf8(body).ok()?;
    let named = |text: &str| {
        let merchant = serde_json::from_str::<Named<'_>>(text).ok()?.merchant?.into_text()?;
        let fits = !merchant.is_empty() && merchant.len() <= MAX_REFERENCE_BYTES;
        fits.then(|| merchant.into_owned())
    };
    if !text.trim_ascii_start().starts_with('[') {
        return named(text);
    }
    let events: List<&RawValue, MAX_EVENTS_PER_NOTIFICATION> = serde_json::from_str(text).ok()?;
    events.kept.into_iter().find_map(|event| named(event.get()))
}
