//! The merchant's shop as an address to which messages are posted, signed as Standard Webhooks says
//! (<https://www.standardwebhooks.com>), so that its libraries verify them: HMAC-SHA-256 over id, time and body.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::Uri;
use quittance_core::api::{Call, Exchange, Method};
use quittance_core::crypto::{Secret, ascii, hmac_base64};
use quittance_core::text::is_loopback;
use quittance_core::{Timestamp, Versioned};

use crate::caller::Caller;
use crate::clock::now;
use crate::config::BadSetting;
use crate::keys::{KeyRing, KeySource};

/// Where the key of the signatures is.
pub const KEY: KeySource = KeySource { variable: "QUITTANCE_SHOP_KEY", member: "shop" };

/// The variable with the address.
pub const ADDRESS: &str = "QUITTANCE_SHOP_URL";

/// What a key begins with where it is written down. It may be left out.
const PREFIX: &str = "whsec_";

/// How long a key is. (Standard Webhooks, "Signature scheme")
const KEY_BYTES: RangeInclusive<usize> = 24..=64;

/// How long the shop may take over one message: its libraries advise to answer first and work afterwards, and the function
/// has ten seconds more.
pub const POST_TIMEOUT: Duration = Duration::from_secs(20);

/// A key of the signatures.
#[derive(Clone, Debug)]
pub struct ShopKey(Secret);

impl ShopKey {
    /// Reads a key: Base64 of 24 to 64 bytes, with `whsec_` before it or without, in quotes or without.
    ///
    /// # Errors
    ///
    /// What a key is, where the text is none. Nothing of the text is quoted.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_matches('"').trim();
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok();
        let key = bytes.filter(|bytes| KEY_BYTES.contains(&bytes.len()));
        let key = key.and_then(|bytes| Secret::of_bytes(&bytes));
        key.map(Self).ok_or_else(|| "it must be Base64 of 24 to 64 bytes (whsec_…)".to_owned())
    }
}

impl Versioned for ShopKey {
    /// Both sign while both are there: the shop may know either.
    fn beside(&self, _: &Self) -> (Self, Vec<String>) {
        (self.clone(), Vec::new())
    }
}

/// The headers of a message that is posted at that time: a signature by each key.
pub fn headers(
    id: &str,
    at: Timestamp,
    body: &[u8],
    keys: &[ShopKey],
) -> Vec<(&'static str, String)> {
    let at = at.unix().to_string();
    let sign = |ShopKey(key): &ShopKey| {
        let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body];
        format!("v1,{}", ascii(&hmac_base64(key, parts)))
    };
    let signatures: Vec<String> = keys.iter().map(sign).collect();
    vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", "Quittance".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// An address of the shop: over TLS, or on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`BadSetting`] for what is no `https` address and no `http` address of loopback, and where it holds a user's name: that
    /// would be in logs.
    pub fn parse(text: &str) -> Result<Self, BadSetting> {
        let text = text.trim();
        let uri: Option<Uri> = text.parse().ok();
        let is_good = uri.is_some_and(|uri| {
            let host = uri.host().unwrap_or_default();
            let is_named =
                uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            let is_safe = match uri.scheme_str() {
                Some("https") => !host.is_empty(),
                Some("http") => is_loopback(host.trim_matches(['[', ']'])),
                _ => false,
            };
            is_named && is_safe
        });
        let bad =
            BadSetting { variable: ADDRESS, expected: "an https:// address without a user's name" };
        is_good.then(|| Self(text.to_owned())).ok_or(bad)
    }
}

/// Posts messages.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Where to.
    pub address: Address,
    /// Signs.
    pub keys: KeyRing<ShopKey>,
    /// Sends. It follows no redirection: a signed message is for this address and for no other.
    pub caller: Caller,
}

/// What came of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The shop has the message: it answered 2xx.
    Taken,
    /// It answered otherwise.
    Refused(u16),
    /// It was not reached, or did not answer in time.
    Unreached,
    /// There is no key, so that nothing was sent.
    Unsigned,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("taken"),
            Self::Refused(status) => write!(f, "answered {status}"),
            Self::Unreached => f.write_str("no answer"),
            Self::Unsigned => f.write_str("no key to sign with"),
        }
    }
}

impl Shop {
    /// Posts a message under its id.
    pub async fn post(&self, id: &str, body: &[u8]) -> Reply {
        let keys = self.keys.each(ShopKey::clone).await;
        if keys.is_empty() {
            return Reply::Unsigned;
        }
        let call = Call {
            name: "shop",
            method: Method::Post,
            url: self.address.0.clone(),
            headers: headers(id, now(), body, &keys),
            body: body.to_vec(),
        };
        match self.caller.post(call, POST_TIMEOUT).await {
            Exchange::Answered { status: 200..=299, .. } => Reply::Taken,
            Exchange::Answered { status, .. } => Reply::Refused(status),
            Exchange::Unsent | Exchange::Lost => Reply::Unreached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_other_can_read_is_an_address() {
        for (text, is_good) in [
            ("https://shop.example/quittance", true),
            ("https://shop.example", true),
            (" https://shop.example/a?b=c ", true),
            ("http://localhost:3000/a", true),
            ("http://127.0.0.1:3000/a", true),
            ("http://[::1]:3000/a", true),
            ("http://shop.example/quittance", false),
            ("http://localhost.example/a", false),
            ("http://127.0.0.1.example/a", false),
            ("https://user:password@shop.example/a", false),
            ("http://localhost@shop.example/a", false),
            ("ftp://shop.example/a", false),
            ("shop.example/a", false),
            ("https:///a", false),
            ("", false),
        ] {
            assert_eq!(Address::parse(text).is_ok(), is_good, "{text}");
        }
    }

    #[test]
    fn a_key_is_long_enough_and_never_shown() {
        let text = |bytes: usize| STANDARD.encode(vec![7; bytes]);
        for (key, is_good) in [
            (format!("whsec_{}", text(24)), true),
            (text(64), true),
            (format!("\"{}\"", text(33)), true),
            (text(23), false),
            (text(65), false),
            ("whsec_".to_owned(), false),
            ("not Base64, and long enough to be a key".to_owned(), false),
        ] {
            let read = ShopKey::read(&key);
            assert_eq!(read.is_ok(), is_good, "{key}");
            assert!(!is_good || !format!("{read:?}").contains(&key), "{read:?}");
        }
    }
}
