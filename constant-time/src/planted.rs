//! What must not get into the verification, to see that it would be noticed.

use std::hint::black_box;

use quittance_core::crypto::{Secret, hmac_base64, hmac_hex, same};

/// Whether this is the text's signature in hex under the first key, in a way that tells something of the secret.
pub type Verify = fn(&[Secret], &[u8], &[u8]) -> bool;

/// Each fault, by name.
pub const FAULTS: [(&str, Verify); 6] = [
    ("equals", equals),
    ("early-exit", early_exit),
    ("table", table),
    ("base64-table", base64_table),
    ("branch", branch),
    ("choice", choice),
];

/// Compared by `==`, which ends at the first difference.
#[inline(never)]
pub fn equals(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    keys.first().is_some_and(|key| black_box(hmac_hex(key, [text])) == given)
}

/// Compared by a loop that ends at the first difference.
#[inline(never)]
pub fn early_exit(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    let Some(key) = keys.first() else { return false };
    for (own, other) in black_box(hmac_hex(key, [text])).iter().zip(given) {
        if black_box(own) != other {
            return false;
        }
    }
    given.len() == 64
}

/// Reads a table where a byte of the key says.
#[inline(never)]
fn table(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    let table = black_box([0x5a_u8; 256]);
    let read = |key: &Secret| key.bytes().iter().fold(0, |sum, at| sum ^ table[usize::from(*at)]);
    keys.first().is_some_and(|key| {
        black_box(read(key));
        same(&hmac_hex(key, [text]), given)
    })
}

/// Reads the alphabet of Base64 where the expected signature says, as most encoders do.
#[inline(never)]
fn base64_table(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    let alphabet = black_box(*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    keys.first().is_some_and(|key| {
        let mac = hmac_base64(key, [text]);
        black_box(mac.map(|byte| alphabet[usize::from(byte & 63)]));
        same(&hmac_hex(key, [text]), given)
    })
}

/// Does more work for some keys than for others.
#[inline(never)]
fn branch(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    keys.first().is_some_and(|key| {
        if key.bytes().first().is_some_and(|byte| byte & 1 == 0) {
            black_box(hmac_hex(key, [text]));
        }
        same(&hmac_hex(key, [text]), given)
    })
}

/// Looks among several for the key by what is in it.
#[inline(never)]
fn choice(keys: &[Secret], text: &[u8], given: &[u8]) -> bool {
    let key = keys.iter().max_by(|one, other| one.bytes().cmp(other.bytes()));
    key.is_some_and(|key| same(&hmac_hex(key, [text]), given))
}
