//! The key document of `QUITTANCE_WORLDLINE_KEYS`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::signature::{Key, Keys};
use crate::crypto::Secret;
use crate::key::Mode;

/// Why a key document cannot be used. Quotes nothing of it: it holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the documented JSON.
    #[error(
        "not a JSON object of key ids with a secret, or {{\"secret\", \"mode\", \"merchant\"}}, each"
    )]
    Json,
    /// A secret without content would accept anyone's signature.
    #[error("a secret is empty")]
    EmptySecret,
    /// Nothing to verify with.
    #[error("no key in it")]
    NoKey,
}

impl Keys {
    /// Reads `{"<key id>": {"secret": "…", "mode": "test" | "production", "merchant": "…"}}`; a bare
    /// string is the secret of a key for test mode, `merchant` binds a key to one PSPID.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let document: BTreeMap<String, Entry> =
            serde_json::from_str(text).map_err(|_| BadKeys::Json)?;
        if document.is_empty() {
            return Err(BadKeys::NoKey);
        }
        let keys = document.into_iter().map(|(id, entry)| {
            let (secret, mode, merchant) = match entry {
                Entry::Secret(secret) => (secret, Mode::Test, None),
                Entry::Full(full) => (full.secret, full.mode, full.merchant),
            };
            let secret = Secret::new(&secret).ok_or(BadKeys::EmptySecret)?;
            Ok((id, Key { secret, mode, merchant }))
        });
        Ok(Self::new(keys.collect::<Result<Vec<_>, BadKeys>>()?))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Secret(String),
    Full(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    secret: String,
    #[serde(default = "test")]
    mode: Mode,
    #[serde(alias = "merchantId", alias = "merchant_id")]
    merchant: Option<String>,
}

fn test() -> Mode {
    Mode::Test
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_and_refuses_the_rest() {
        assert!(
            Keys::from_json(r#"{"a": "s", "b": {"secret": "t", "mode": "production"}}"#).is_ok()
        );
        let refused = |text| Keys::from_json(text).map(|_| ()).unwrap_err();
        assert_eq!(refused("{}"), BadKeys::NoKey);
        assert_eq!(refused(r#"{"a": " "}"#), BadKeys::EmptySecret);
        for text in [
            "",
            "[]",
            r#"{"a": 1}"#,
            r#"{"a": {"mode": "test"}}"#,
            r#"{"a": {"secret": "s", "mode": "TEST"}}"#,
        ] {
            assert_eq!(refused(text), BadKeys::Json, "{text}");
        }
    }
}
