//! Identifiers that are functions of what they name.

use crate::crypto::sha256_hex;
use crate::key::OrderKey;

/// The only fulfilment id this order can ever have: it is derived from the order's key, so a lost
/// table, a replay or two receivers at once cannot make a second one (I2).
pub(crate) fn fulfilment_id(key: &OrderKey) -> String {
    identifier(&format!("fulfilment\n{key}"))
}

/// The only reversal id this credit can ever have.
pub(crate) fn reversal_id(key: &OrderKey, share: &str) -> String {
    identifier(&format!("reversal\n{key}\n{share}"))
}

/// 128 bits of SHA-256 as lowercase hex: short enough for every queue's deduplication id.
pub(crate) fn identifier(text: &str) -> String {
    sha256_hex(text.as_bytes()).chars().take(32).collect()
}
