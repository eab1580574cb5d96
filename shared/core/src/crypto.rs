//! Keyed hashes and secrets.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A key shared with a PSP. It never prints itself, and blanks around it (the usual trace of copy and
/// paste) are dropped.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// `None` when nothing is left after trimming: an empty key would accept anyone's signature.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.as_bytes().to_vec()))
    }

    /// A key that is no text. `None` when there is nothing.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self(bytes.to_vec()))
    }

    /// Whether it is this one: not in constant time, for configuration alone.
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The key's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// HMAC-SHA-256 of the concatenated `parts` as standard Base64 with padding.
pub fn hmac_base64<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 44] {
    let mut text = [0; 44];
    match STANDARD.encode_slice(hmac(key, parts), &mut text) {
        Ok(44) => text,
        // No other value may stand for it: whoever sent that value would be believed.
        _ => unreachable!("32 bytes are 44 characters"),
    }
}

/// HMAC-SHA-256 of the concatenated `parts` as lowercase hex.
pub fn hmac_hex<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 64] {
    let mut text = [0; 64];
    let digits = hmac(key, parts).into_iter().flat_map(hex_digits);
    text.iter_mut().zip(digits).for_each(|(slot, digit)| *slot = digit);
    text
}

/// ASCII as text.
pub fn ascii(text: &[u8]) -> String {
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// SHA-1 of the concatenated `parts` as lowercase hex (40 characters). Only for Lyra shops that still
/// sign with it; it is not an HMAC, and is accepted only where a site's configuration says so.
pub fn sha1_hex<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = sha1::Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// SHA-256 of `bytes` as lowercase hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    sha256_hex_of([bytes])
}

/// SHA-256 of the concatenated `parts` as lowercase hex.
pub fn sha256_hex_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Whether two texts are equal, in a time that depends on their lengths only.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Lowercase hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|byte| hex_digits(*byte)).map(char::from));
    text
}

fn hex_digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15]
        .map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble })
}

fn hmac<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.bytes()) else {
        // No other value may stand for it: whoever sent that value would be believed.
        unreachable!("HMAC takes a key of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_trimmed_redacted_and_never_empty() {
        let secret = Secret::new(" \tabc\n").unwrap();
        assert_eq!(secret.bytes(), b"abc");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(Secret::new(" \n").is_none());
    }

    #[test]
    fn hmac_matches_rfc_4231_case_2() {
        let key = Secret::new("Jefe").unwrap();
        assert_eq!(
            ascii(&hmac_hex(&key, [&b"what do ya want "[..], b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_key_of_any_length_has_a_mac_of_its_own() {
        let mut seen = Vec::new();
        for length in [1, 31, 32, 63, 64, 65, 128, 4096] {
            let key = Secret::new(&"k".repeat(length)).unwrap();
            let mac = hmac_base64(&key, [&b"text"[..]]);
            assert!(mac.iter().all(u8::is_ascii_graphic) && !seen.contains(&mac), "{length}");
            seen.push(mac);
        }
    }

    #[test]
    fn digests_match_fips_180() {
        assert_eq!(sha1_hex([&b"a"[..], b"bc"]), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
