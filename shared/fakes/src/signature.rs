//! Signatures and ids, made here without the code that is tested with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// HMAC-SHA-256.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA-256 in Base64.
pub(crate) fn hmac_base64(key: &str, text: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(key.as_bytes(), text))
}

/// HMAC-SHA-256 in lower-case hex.
pub(crate) fn hmac_hex(key: &str, text: &[u8]) -> String {
    hex(&hmac_sha256(key.as_bytes(), text))
}

/// SHA-1 in lower-case hex.
pub(crate) fn sha1_hex(text: &[u8]) -> String {
    hex(&Sha1::digest(text))
}

/// Base64 of a text, decoded; `None` where it is none.
pub(crate) fn base64_text(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// 32 hexadecimal digits that are a function of a name and a number.
pub(crate) fn uuid(name: &str, number: u64) -> String {
    hex(&Sha256::digest(format!("{name}/{number}").as_bytes())).chars().take(32).collect()
}

/// 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The same with the dashes of a UUID.
pub(crate) fn dashed(uuid: &str) -> String {
    let part = |from: usize, to: usize| uuid.get(from..to).unwrap_or("").to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_those_of_the_standards() {
        assert_eq!(sha1_hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac_hex("Jefe", b"what do ya want for nothing?"), expected);
        assert_eq!(hmac_base64("Jefe", b"what do ya want for nothing?").len(), 44);
        assert_eq!(base64_text("YTpi").as_deref(), Some("a:b"));
        assert_eq!(dashed(&uuid("x", 1)).len(), 36);
    }
}
