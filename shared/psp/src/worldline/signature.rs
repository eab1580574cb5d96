//! Who signed a Worldline event: HMAC-SHA-256 of the raw body under the key that the header names.
//! (worldline.md 1, "Algorithm")

use std::collections::BTreeMap;

use super::ID;
use super::merchant::merchant_named;
use quittance_core::content::{Content, Cover, Signed};
use quittance_core::crypto::{Secret, ascii, hmac_base64, same};
use quittance_core::key::{Account, Mode};
use quittance_core::provider::Refused;

/// The webhook keys of a stack, by key id. Several are held at once during a rotation.
#[derive(Clone, Debug, Default)]
pub struct Keys(BTreeMap<String, Key>);

/// One webhook key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The secret as the portal shows it; its text is the HMAC key, also when it looks like Base64.
    pub secret: Secret,
    /// The mode that a signature by this key stands for: the events themselves carry none.
    pub mode: Mode,
    /// The only merchant this key may speak for, if bound.
    pub merchant: Option<String>,
}

impl Keys {
    /// The keys by id; blanks around an id are dropped.
    pub fn new(keys: impl IntoIterator<Item = (String, Key)>) -> Self {
        Self(keys.into_iter().map(|(id, key)| (id.trim().to_owned(), key)).collect())
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is held, without the secrets: id, mode and the merchant that the key is bound to.
    pub fn held(&self) -> impl Iterator<Item = (&str, Mode, Option<&str>)> {
        self.0.iter().map(|(id, key)| (id.as_str(), key.mode, key.merchant.as_deref()))
    }

    /// The keys by id.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.0.iter().map(|(id, key)| (id.as_str(), key))
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// The signature that the platform gives a body under this key id.
    /// `None` when no such key is held.
    pub fn signature(&self, key_id: &str, body: &[u8]) -> Option<String> {
        self.0.get(key_id).map(|key| ascii(&hmac_base64(&key.secret, [body])))
    }
}

/// A body whose signature holds. There is no other way to [`read`](super::read) an event. Outlives the
/// keys, which may be replaced while it is read.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    pub(super) body: &'a [u8],
    pub(super) mode: Mode,
    /// The only merchant that the key may speak for, if bound.
    pub(super) merchant: Option<String>,
}

impl Signed for Verified<'_> {
    /// A key that is bound to a merchant speaks for him alone, whatever the event says: a leaked one must not
    /// use up another's room.
    fn content(&self) -> Content {
        let merchant = self.merchant.clone().or_else(|| merchant_named(self.body));
        let merchant = merchant.unwrap_or_default();
        let account = Account { psp: ID, merchant, mode: self.mode };
        Content::new(account, Cover::Whole, self.body)
    }
}

/// Proves that `body` was signed with one of `keys`. `signatures` and `key_ids` are all values of the
/// two headers, in the order received.
///
/// # Errors
///
/// [`Refused`]: a header is missing or repeated, the key is not held, or the signature is another's.
pub fn verify<'a>(
    keys: &Keys,
    signatures: &[&[u8]],
    key_ids: &[&[u8]],
    body: &'a [u8],
) -> Result<Verified<'a>, Refused> {
    let signature = only(signatures)?;
    let key_id = only(key_ids)?;
    let key_id = std::str::from_utf8(key_id).map_err(|_| Refused::UnknownKey)?;
    let key = keys.0.get(key_id).ok_or(Refused::UnknownKey)?;
    let expected = hmac_base64(&key.secret, [body]);
    if !same(&expected, signature) {
        return Err(Refused::Mismatch);
    }
    Ok(Verified { body, mode: key.mode, merchant: key.merchant.clone() })
}

/// The single value of a header. Java's, Python's and Node's SDK refuse a repeated one too.
fn only<'a>(values: &[&'a [u8]]) -> Result<&'a [u8], Refused> {
    match values {
        [] => Err(Refused::Missing),
        [value] => Ok(value),
        _ => Err(Refused::Repeated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let key = |secret: &str| Key {
            secret: Secret::new(secret).unwrap(),
            mode: Mode::Test,
            merchant: None,
        };
        Keys::new([("old".to_owned(), key("first secret")), (" new ".to_owned(), key("c2Vjb25k"))])
    }

    fn check(signature: &[&[u8]], id: &[&[u8]], body: &[u8]) -> Result<(), Refused> {
        verify(&keys(), signature, id, body).map(|_| ())
    }

    // Made with `openssl dgst -sha256 -hmac`: the secret's text is the key, not what its Base64 means.
    const BODY: &[u8] = b"{\"a\":1}\r\n";

    fn signed(secret: &str) -> String {
        quittance_testing::worldline_signature(secret, BODY)
    }

    #[test]
    fn each_key_verifies_its_own_signature_only() {
        assert_eq!(check(&[signed("first secret").as_bytes()], &[b"old"], BODY), Ok(()));
        assert_eq!(check(&[signed("c2Vjb25k").as_bytes()], &[b"new"], BODY), Ok(()));
        let crossed = check(&[signed("first secret").as_bytes()], &[b"new"], BODY);
        assert_eq!(crossed, Err(Refused::Mismatch));
    }

    #[test]
    fn every_byte_of_the_body_is_signed() {
        let signature = signed("first secret");
        assert_eq!(
            check(&[signature.as_bytes()], &[b"old"], b"{\"a\":1}\n"),
            Err(Refused::Mismatch)
        );
        assert_eq!(check(&[signature.as_bytes()], &[b"old"], b""), Err(Refused::Mismatch));
    }

    #[test]
    fn whose_room_it_is_says_the_key_else_the_event() {
        let room = |merchant: Option<&str>, body: &str| {
            let merchant = merchant.map(str::to_owned);
            let verified = Verified { body: body.as_bytes(), mode: Mode::Production, merchant };
            let room = verified.content().room();
            let name = room.strip_prefix("worldline/").unwrap();
            name.strip_suffix("/production/signed-whole").unwrap().to_owned()
        };
        let event = r#"{"apiVersion": "v9", "merchantId": "M"}"#;
        assert_eq!(room(None, event), "M");
        assert_eq!(room(Some("Bound"), event), "Bound");
        assert_eq!(room(None, &format!("[{{}}, {event}]")), "M");
        let long = format!(r#"{{"merchantId": "{}"}}"#, "m".repeat(256));
        for unnamed in
            ["", "{", "[]", "{}", r#"{"merchantId": ""}"#, r#"{"merchantId": []}"#, &long]
        {
            assert_eq!(room(None, unnamed), "_", "{unnamed}");
        }
    }

    #[test]
    fn headers_must_be_there_once_and_exact() {
        let signature = signed("first secret");
        let s = signature.as_bytes();
        assert_eq!(check(&[], &[b"old"], BODY), Err(Refused::Missing));
        assert_eq!(check(&[s], &[], BODY), Err(Refused::Missing));
        assert_eq!(check(&[s, s], &[b"old"], BODY), Err(Refused::Repeated));
        assert_eq!(check(&[s], &[b"old", b"old"], BODY), Err(Refused::Repeated));
        assert_eq!(check(&[s], &[b"OLD"], BODY), Err(Refused::UnknownKey));
        assert_eq!(check(&[s], &[b"\xff"], BODY), Err(Refused::UnknownKey));
        let padded = format!("{signature} ");
        assert_eq!(check(&[padded.as_bytes()], &[b"old"], BODY), Err(Refused::Mismatch));
        let url_safe = signature.replace('+', "-").replace('/', "_").replace('=', "");
        assert_eq!(check(&[url_safe.as_bytes()], &[b"old"], BODY), Err(Refused::Mismatch));
    }
}
