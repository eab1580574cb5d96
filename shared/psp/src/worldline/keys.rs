//! The key document of `QUITTANCE_WORLDLINE_KEYS`.

use serde::Deserialize;

use super::signature::{Key, Keys};
use crate::spot::{Spot, is_placeholder};
use quittance_core::crypto::Secret;
use quittance_core::key::Mode;
use quittance_core::members::{Doubled, Members};
use quittance_core::versions::Versioned;

/// Why a key document cannot be used. Quotes nothing of it: it holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the documented JSON.
    #[error(
        "not a JSON object of key ids with a secret, or {{\"secret\", \"mode\", \"merchant\"}}, each ({0})"
    )]
    Json(Spot),
    /// Which of two keys counts would be chance.
    #[error(transparent)]
    Doubled(#[from] Doubled),
    /// A secret without content would accept anyone's signature.
    #[error("a secret is empty")]
    EmptySecret,
    /// An id or a secret is still what the documentation has in its place.
    #[error("an id or a key is a placeholder in angle brackets: put the real one")]
    Placeholder,
    /// Nothing to verify with.
    #[error("the document has no key")]
    NoKey,
    /// The id of the key is not signed: who has an event of one key could send it as one of the other.
    #[error("{one} and {other} have the same secret: the signature cannot tell them apart")]
    SameSecret {
        /// A key by its id, mode and merchant.
        one: String,
        /// The same of another key.
        other: String,
    },
}

impl Keys {
    /// Reads `{"<key id>": {"secret": "…", "mode": "test" | "production", "merchant": "…"}}`; a bare
    /// string is the secret of a key for test mode, `merchant` binds a key to one PSPID.
    ///
    /// # Errors
    ///
    /// [`BadKeys`]: another shape, one id twice, no key, an empty secret, or one secret for two keys.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let members: Members<Entry> =
            serde_json::from_str(text).map_err(|error| BadKeys::Json(Spot::of(&error)))?;
        let document = members.by_name()?;
        if document.is_empty() {
            return Err(BadKeys::NoKey);
        }
        let keys = document.into_iter().map(|(id, entry)| {
            let (secret, mode, merchant) = match entry {
                Entry::Secret(secret) => (secret, Mode::Test, None),
                Entry::Full(full) => (full.secret, full.mode, full.merchant),
            };
            if is_placeholder(&id) || is_placeholder(&secret) {
                return Err(BadKeys::Placeholder);
            }
            let secret = Secret::new(&secret).ok_or(BadKeys::EmptySecret)?;
            Ok((id, Key { secret, mode, merchant }))
        });
        let keys = Self::new(keys.collect::<Result<Vec<_>, BadKeys>>()?);
        if let Some((id, key, other)) = conflicts(&keys, &keys).next() {
            let (one, other) = (named(id, key), named(other.0, other.1));
            return Err(BadKeys::SameSecret { one, other });
        }
        Ok(keys)
    }
}

impl Versioned for Keys {
    fn beside(&self, newer: &Self) -> (Self, Vec<String>) {
        let mut kept = self.clone();
        let mut sentences = Vec::new();
        for (id, key, other) in conflicts(self, newer) {
            kept.remove(id);
            // Under one id the newer version has always the say: there is nothing to tell.
            if id != other.0 {
                let (one, other) = (named(id, key), named(other.0, other.1));
                sentences.push(format!("{one} has the secret of {other} in the newer version"));
            }
        }
        (kept, sentences)
    }
}

/// Each of `keys` with the first of `others` that has the same secret and speaks for another mode or merchant.
fn conflicts<'k>(
    keys: &'k Keys,
    others: &'k Keys,
) -> impl Iterator<Item = (&'k str, &'k Key, (&'k str, &'k Key))> {
    keys.each().filter_map(move |(id, key)| {
        let differs = |other: &Key| (other.mode, &other.merchant) != (key.mode, &key.merchant);
        let same = |other: &Key| other.secret.is(&key.secret) && differs(other);
        others.each().find(|(_, other)| same(other)).map(|other| (id, key, other))
    })
}

/// A key without its secret.
fn named(id: &str, key: &Key) -> String {
    let mode = key.mode.as_str();
    match &key.merchant {
        Some(merchant) => format!("key {id:?} ({mode}, merchant {merchant:?})"),
        None => format!("key {id:?} ({mode})"),
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
        assert_eq!(refused(r#"{"a": "s", "a": "t"}"#), BadKeys::Doubled(Doubled));
        for text in [
            "",
            "[]",
            r#"{"a": 1}"#,
            r#"{"a": {"mode": "test"}}"#,
            r#"{"a": {"secret": "s", "mode": "TEST"}}"#,
        ] {
            assert!(matches!(refused(text), BadKeys::Json(_)), "{text}");
        }
        // Where it stops being one, and nothing of what stands there.
        let said = refused("{\"a\": \"hidden\",\n}").to_string();
        assert!(said.ends_with("(line 2, column 1)") && !said.contains("hidden"), "{said}");
        for text in [r#"{"<key id>": "s"}"#, r#"{"a": {"secret": " <secret> "}}"#] {
            assert_eq!(refused(text), BadKeys::Placeholder, "{text}");
        }
    }

    /// Mode and merchant of two keys with one secret, and whether they may stand side by side.
    const PAIRS: [(&str, &str, bool); 7] = [
        (r#""mode": "test""#, r#""mode": "test""#, true),
        (r#""mode": "production""#, r#""mode": "production""#, true),
        (r#""merchant": "M""#, r#""merchant": "M""#, true),
        (r#""mode": "test""#, r#""mode": "production""#, false),
        (r#""merchant": "M""#, r#""merchant": "N""#, false),
        (r#""merchant": "M""#, r#""mode": "test""#, false),
        (r#""merchant": "M""#, r#""mode": "production", "merchant": "M""#, false),
    ];

    fn document(id: &str, secret: &str, rest: &str) -> String {
        format!(r#""{id}": {{"secret": "{secret}", {rest}}}"#)
    }

    #[test]
    fn one_secret_speaks_for_one_mode_and_merchant() {
        for (one, other, fine) in PAIRS {
            // Blanks around a secret are no part of it.
            for spelt in ["hush", " hush\\n"] {
                let (one, other) = (document("a", "hush", one), document("b", spelt, other));
                for text in [format!("{{{one}, {other}}}"), format!("{{{other}, {one}}}")] {
                    let read = Keys::from_json(&text);
                    assert_eq!(read.is_ok(), fine, "{text}");
                    if let Err(error) = read {
                        let said = format!("{error} {error:?}");
                        assert!(matches!(error, BadKeys::SameSecret { .. }), "{said}");
                        assert!(said.contains("key \"a\" (") && !said.contains("hush"), "{said}");
                    }
                }
            }
        }
        let text =
            r#"{"t": "hush", "p": {"secret": "hush", "mode": "production", "merchant": "M"}}"#;
        assert_eq!(
            Keys::from_json(text).unwrap_err().to_string(),
            r#"key "p" (production, merchant "M") and key "t" (test) have the same secret: the signature cannot tell them apart"#
        );
    }

    #[test]
    fn an_older_version_keeps_what_does_not_contradict_the_newer_one() {
        let read = |text: &str| Keys::from_json(text).unwrap();
        let ids =
            |keys: &Keys| keys.held().map(|(id, ..)| id.to_owned()).collect::<Vec<_>>().join(" ");
        for (one, other, fine) in PAIRS {
            let third = document("third", "another", r#""mode": "test""#);
            let older = read(&format!("{{{}, {third}}}", document("a", "hush", one)));
            let renamed = read(&format!("{{{}}}", document("b", "hush", other)));
            let (kept, sentences) = older.beside(&renamed);
            let (expected, told) = if fine { ("a third", 0) } else { ("third", 1) };
            assert_eq!((&*ids(&kept), sentences.len()), (expected, told), "{one} {other}");
            assert!(!sentences.concat().contains("hush"), "{sentences:?}");
            // A mode that is corrected is corrected.
            let corrected = read(&format!("{{{}}}", document("a", "hush", other)));
            let (kept, sentences) = older.beside(&corrected);
            assert_eq!((&*ids(&kept), sentences), (expected, Vec::new()));
        }
    }
}
