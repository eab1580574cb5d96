//! Keyed hashes and secrets.
//!
//! From a key that is held to the one bit that [`same`] tells, nothing branches on a secret byte or looks one up in a
//! table: `.ci/constant-time` holds the built code to it. An expected signature is as secret as its key, for that one
//! message.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A key shared with a PSP. It never prints itself, and blanks around it (the usual trace of copy and
/// paste) are dropped.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// HMAC-SHA-256 that has taken the key and nothing else: each message begins with a copy of it, and not with two blocks of
    /// hash.
    keyed: Hmac<Sha256>,
}

impl Secret {
    /// `None` when nothing is left after trimming: an empty key would accept anyone's signature.
    pub fn new(text: &str) -> Option<Self> {
        Self::of_bytes(text.trim().as_bytes())
    }

    /// A key that is no text. `None` when there is nothing.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let Ok(keyed) = Hmac::new_from_slice(bytes) else {
            // No other value may stand for it: whoever signed with that value would be believed.
            unreachable!("HMAC takes a key of any length")
        };
        (!bytes.is_empty()).then(|| Self { bytes: bytes.to_vec(), keyed })
    }

    /// Whether it is this one: not in constant time, for configuration alone.
    pub fn is(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// The key's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// HMAC-SHA-256 of the concatenated `parts` as standard Base64 with padding.
pub fn hmac_base64<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 44] {
    let mac = hmac(key, parts);
    let mut text = [b'='; 44];
    for (four, three) in text.chunks_mut(4).zip(mac.chunks(3)) {
        let mut bits = 0;
        for at in 0..3 {
            bits = bits << 8 | u32::from(three.get(at).copied().unwrap_or(0));
        }
        // So many digits as there are bytes, and one more: the rest is padding.
        for (digit, shift) in four.iter_mut().zip([18, 12, 6, 0]).take(three.len() + 1) {
            *digit = base64_digit((bits >> shift & 63) as u8);
        }
    }
    text
}

/// HMAC-SHA-256 of the concatenated `parts` as lowercase hex.
pub fn hmac_hex<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 64] {
    hex_array(&hmac(key, parts))
}

/// ASCII as text.
pub fn ascii(text: &[u8]) -> String {
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// SHA-1 of the concatenated `parts` as lowercase hex (40 characters). Only for Lyra shops that still
/// sign with it; it is not an HMAC, and is accepted only where a site's configuration says so.
pub fn sha1_hex<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 40] {
    let mut hash = sha1::Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hex_array(&hash.finalize())
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
    decided(a.ct_eq(b))
}

/// Where a secret ends: whether a signature is right is told to whoever sent it.
#[cfg(not(feature = "declassify"))]
fn decided(equal: Choice) -> bool {
    equal.into()
}

/// The same, with the one bit told to [`DECLASSIFY`] on its way.
#[cfg(feature = "declassify")]
fn decided(equal: Choice) -> bool {
    let bit = equal.unwrap_u8();
    DECLASSIFY.get().map_or(bit, |declassify| declassify(bit)) == 1
}

/// What `.ci/constant-time` declares to be no secret, and nothing else: called with the one bit that [`same`]
/// decides, and gives it back. Nothing that is deployed has it.
#[cfg(feature = "declassify")]
pub static DECLASSIFY: std::sync::OnceLock<fn(u8) -> u8> = std::sync::OnceLock::new();

/// Lowercase hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|byte| hex_digits(*byte)).map(char::from));
    text
}

/// Lowercase hexadecimal digits in an array of twice as many.
fn hex_array<const DIGITS: usize>(bytes: &[u8]) -> [u8; DIGITS] {
    let mut text = [0; DIGITS];
    let digits = bytes.iter().copied().flat_map(hex_digits);
    text.iter_mut().zip(digits).for_each(|(slot, digit)| *slot = digit);
    text
}

fn hex_digits(byte: u8) -> [u8; 2] {
    const TO_LETTERS: u8 = b'a' - 10 - b'0';
    [byte >> 4, byte & 15].map(|nibble| b'0' + nibble + (above(nibble, 9) & TO_LETTERS))
}

/// The character that stands for six bits in standard Base64. A table would be read at a place that the secret says.
fn base64_digit(six: u8) -> u8 {
    // From one run of characters to the next, what is to be added changes: 26 to `a`, 52 to `0`, 62 to `+`, 63 to `/`.
    const STEPS: [(u8, u8); 4] = [
        (25, (b'a' - 26).wrapping_sub(b'A')),
        (51, b'0'.wrapping_sub(52).wrapping_sub(b'a' - 26)),
        (61, b'+'.wrapping_sub(62).wrapping_sub(b'0'.wrapping_sub(52))),
        (62, (b'/' - 1) - b'+'),
    ];
    let start = six.wrapping_add(b'A');
    STEPS.iter().fold(start, |digit, (last, step)| digit.wrapping_add(above(six, *last) & step))
}

/// All ones if `value` is above `limit`, else nothing: both below 128, and without a branch.
fn above(value: u8, limit: u8) -> u8 {
    0u8.wrapping_sub(limit.wrapping_sub(value) >> 7)
}

fn hmac<'a>(key: &Secret, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut mac = key.keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

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
    fn digits_are_those_of_everybody_else() {
        for byte in 0..=u8::MAX {
            assert_eq!(hex(&[byte]), format!("{byte:02x}"));
        }
        for six in 0..64 {
            let whole = STANDARD.encode([six << 2, 0, 0]);
            assert_eq!(char::from(base64_digit(six)), whole.chars().next().unwrap(), "{six}");
        }
        for key in 0..200u8 {
            let key = Secret::of_bytes(&[key]).unwrap();
            let whole = STANDARD.encode(hmac(&key, [&b"text"[..]]));
            assert_eq!(ascii(&hmac_base64(&key, [&b"text"[..]])), whole);
        }
    }

    #[test]
    fn digests_match_fips_180() {
        assert_eq!(
            &ascii(&sha1_hex([&b"a"[..], b"bc"])),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert!(sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
