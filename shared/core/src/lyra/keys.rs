//! The key document of `QUITTANCE_SYSTEMPAY_KEYS`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::brands::{BRANDS, Choice};
use super::signature::{Keys, SiteKeys};
use crate::crypto::Secret;
use crate::key::Mode;
use crate::limits::MAX_REST_PASSWORDS;

/// Why a key document cannot be used. Quotes nothing of it: it holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the documented JSON.
    #[error(
        "not a JSON object of site ids with \"brand\", \"test\" and \"production\", the last two each with \"form\", \"rest_password\" and \"allow_sha1\""
    )]
    Json,
    /// Nothing to verify with.
    #[error("no key in it")]
    NoKey,
    /// Each is tried on every REST message, so their number is bounded.
    #[error("more than {MAX_REST_PASSWORDS} REST passwords")]
    TooManyPasswords,
    /// A site names a brand that the table does not have, and gives no hosts for it.
    #[error(
        "a site's \"brand\" is none of {}, and no object with \"name\" and host names \"back_office\" or \"rest\"",
        known_brands()
    )]
    UnknownBrand,
    /// A brand's host is something else than a host name.
    #[error(
        "a host of a \"brand\" is not a plain host name: no scheme, user, port, path or address"
    )]
    BadHost,
}

fn known_brands() -> String {
    let ids: Vec<&str> = BRANDS.iter().map(|brand| brand.id).collect();
    ids.join(", ")
}

impl Keys {
    /// Reads `{"<site id>": {"test": {"form": "…", "rest_password": "…", "allow_sha1": false},
    /// "production": {…}}}`; every part may be left
    /// out or empty, and is then refused as unknown. A site may also say its `"brand"`, which
    /// [`Sites::from_json`](super::brands::Sites::from_json) reads: it must be right here too.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let mut keys = Vec::new();
        for (id, site) in document(text)? {
            site.brand()?;
            for (mode, raw) in [(Mode::Test, site.test), (Mode::Production, site.production)] {
                let Some(raw) = raw else { continue };
                let secret = |text: Option<String>| text.and_then(|text| Secret::new(&text));
                let held = SiteKeys {
                    form: secret(raw.form),
                    rest_password: secret(raw.rest_password),
                    allow_sha1: raw.allow_sha1,
                };
                keys.push(((id.clone(), mode), held));
            }
        }
        let keys = Self::new(keys).map_err(|_| BadKeys::TooManyPasswords)?;
        if keys.is_empty() { Err(BadKeys::NoKey) } else { Ok(keys) }
    }
}

/// The sites of a key document by their ids.
pub(super) fn document(text: &str) -> Result<BTreeMap<String, Site>, BadKeys> {
    serde_json::from_str(text).map_err(|_| BadKeys::Json)
}

/// One site of the key document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) brand: Option<Choice>,
    test: Option<Raw>,
    production: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    form: Option<String>,
    rest_password: Option<String>,
    #[serde(default)]
    allow_sha1: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sites_and_modes_and_refuses_the_rest() {
        assert!(Keys::from_json(r#"{"1": {"test": {"form": "k"}}}"#).is_ok());
        assert!(
            Keys::from_json(r#"{"1": {"production": {"rest_password": "p", "allow_sha1": true}}}"#)
                .is_ok()
        );
        let refused = |text: &str| Keys::from_json(text).map(|_| ()).unwrap_err();
        for text in
            ["{}", r#"{"1": {}}"#, r#"{"1": {"test": {}}}"#, r#"{"1": {"test": {"form": " "}}}"#]
        {
            assert_eq!(refused(text), BadKeys::NoKey, "{text}");
        }
        for text in ["", "[]", r#"{"1": {"TEST": {}}}"#, r#"{"1": {"test": {"from": "k"}}}"#] {
            assert_eq!(refused(text), BadKeys::Json, "{text}");
        }
        let with_brand =
            |brand| format!(r#"{{"1": {{"brand": {brand}, "test": {{"form": "k"}}}}}}"#);
        assert!(Keys::from_json(&with_brand(r#""scellius""#)).is_ok());
        assert_eq!(refused(&with_brand(r#""scelius""#)), BadKeys::UnknownBrand);
        let host = r#"{"name": "osb", "rest": "http://secure.osb.pf"}"#;
        assert_eq!(refused(&with_brand(host)), BadKeys::BadHost);
        let many: Vec<String> = (0..=MAX_REST_PASSWORDS)
            .map(|n| format!(r#""{n}": {{"test": {{"rest_password": "p{n}"}}}}"#))
            .collect();
        assert_eq!(refused(&format!("{{{}}}", many.join(","))), BadKeys::TooManyPasswords);
    }
}
