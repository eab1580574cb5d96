//! The keys in the document of `QUITTANCE_SYSTEMPAY_KEYS`, and what of them stays beside newer ones.

use std::collections::BTreeMap;

use super::key_document::{BadKeys, RawKeys, Site, document};
use super::signature::{Keys, SiteKeys};
use crate::spot::is_placeholder;
use quittance_core::crypto::Secret;
use quittance_core::key::Mode;
use quittance_core::versions::Versioned;

impl Keys {
    /// Reads `{"<site id>": {"test": {"form": "…", "rest_password": "…", "allow_sha1": false},
    /// "production": {…}}}`; every part may be left
    /// out or empty, and is then refused as unknown. A site may also say its `"brand"`, which
    /// [`Sites::from_json`](super::brands::Sites::from_json) reads, and what its API needs, which
    /// [`Credentials::from_json`](super::api::Credentials::from_json) reads: they must be right here too.
    ///
    /// # Errors
    ///
    /// [`BadKeys`]: another shape, no key, one secret for two sites or modes, or a secret that is no secret from
    /// buyers.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let mut keys = Vec::new();
        let document = document(text)?;
        check(&document)?;
        for (id, site) in document {
            site.brand()?;
            site.cards()?;
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
        if keys.is_empty() {
            return Err(BadKeys::NoKey);
        }
        for kind in KINDS {
            if let Some((one, other)) = conflicts(&keys, &keys, kind).next() {
                let (one, other) = (named(one), named(other));
                return Err(BadKeys::SameSecret { what: kind.name, one, other });
            }
        }
        Ok(keys)
    }
}

/// Refuses what would make one secret do for another: a REST password of the other mode, a key of browser returns
/// that notifications are signed with, or that two sites or modes share.
pub(super) fn check(document: &BTreeMap<String, Site>) -> Result<(), BadKeys> {
    let modes = document.iter().flat_map(|(id, site)| {
        let modes = [(Mode::Test, &site.test), (Mode::Production, &site.production)];
        modes.into_iter().filter_map(move |(mode, raw)| Some((id.trim(), mode, raw.as_ref()?)))
    });
    let modes: Vec<(&str, Mode, &RawKeys)> = modes.collect();
    let is_unfilled = |(id, _, raw): &(&str, Mode, &RawKeys)| {
        let secrets = [&raw.form, &raw.rest_password, &raw.hmac].into_iter().flatten();
        is_placeholder(id) || secrets.into_iter().any(|secret| is_placeholder(secret))
    };
    if modes.iter().any(is_unfilled) {
        return Err(BadKeys::Placeholder);
    }
    let secret = |text: &Option<String>| text.as_deref().and_then(Secret::new);
    for (site, mode, raw) in &modes {
        let password = raw.rest_password.as_deref().map_or("", str::trim);
        let foreign = match mode {
            Mode::Test => PRODUCTION_PASSWORD,
            Mode::Production => TEST_PASSWORD,
        };
        if password.starts_with(foreign) {
            return Err(BadKeys::OtherMode { whose: named((site, *mode)), beginning: foreign });
        }
        let Some(hmac) = secret(&raw.hmac) else { continue };
        for (other, of, raw) in &modes {
            let (one, other) = ((*site, *mode), (*other, *of));
            let is = |text: &Option<String>| secret(text).is_some_and(|held| held.is(&hmac));
            if is(&raw.rest_password) {
                return Err(BadKeys::ReturnKey { one: named(one), other: named(other) });
            }
            if other != one && is(&raw.hmac) {
                let (one, other) = (named(one), named(other));
                return Err(BadKeys::SameSecret { what: "key of browser returns", one, other });
            }
        }
    }
    Ok(())
}

/// How the REST passwords of the test mode begin. (lyra.md 13.1)
const TEST_PASSWORD: &str = "testpassword_";

/// The same of those for real money.
const PRODUCTION_PASSWORD: &str = "prodpassword_";

impl Versioned for Keys {
    fn beside(&self, newer: &Self) -> (Self, Vec<String>) {
        let mut kept = self.clone();
        let mut sentences = Vec::new();
        for kind in KINDS {
            for (one, other) in conflicts(self, newer, kind) {
                if let Some(secret) = kept.of_mut(one).map(kind.of_mut) {
                    *secret = None;
                }
                let (one, other, what) = (named(one), named(other), kind.name);
                sentences.push(format!("{one} has the {what} of {other} in the newer version"));
            }
        }
        (kept, sentences)
    }
}

/// One of the secrets that a site has in a mode.
///
/// Each is compared with its own kind. A form key that is also a REST password is a slip, but no message of
/// one kind passes for one of the other: what a form key signs ends with that key, and no REST answer does. It
/// shows as refusals of one format, and must not stop the other.
#[derive(Clone, Copy)]
struct KindOfSecret {
    name: &'static str,
    of: fn(&SiteKeys) -> &Option<Secret>,
    of_mut: fn(&mut SiteKeys) -> &mut Option<Secret>,
}

const KINDS: [KindOfSecret; 2] = [
    KindOfSecret { name: "form key", of: |keys| &keys.form, of_mut: |keys| &mut keys.form },
    KindOfSecret {
        name: "REST password",
        of: |keys| &keys.rest_password,
        of_mut: |keys| &mut keys.rest_password,
    },
];

/// Whose a secret is.
type Owner<'k> = (&'k str, Mode);

/// Each owner of a secret of this kind in `keys` with the first in `others` that is another and has the same.
fn conflicts<'k>(
    keys: &'k Keys,
    others: &'k Keys,
    kind: KindOfSecret,
) -> impl Iterator<Item = (Owner<'k>, Owner<'k>)> {
    let secrets = move |keys: &'k Keys| {
        keys.held().filter_map(move |(site, mode, held)| {
            (kind.of)(held).as_ref().map(|secret| ((site, mode), secret))
        })
    };
    secrets(keys).filter_map(move |(owner, secret)| {
        let same = |(other, held): &(Owner<'_>, &Secret)| *other != owner && held.is(secret);
        secrets(others).find(same).map(|(other, _)| (owner, other))
    })
}

fn named((site, mode): Owner<'_>) -> String {
    format!("site {site:?} ({})", mode.as_str())
}

#[cfg(test)]
mod tests {
    use quittance_core::limits::MAX_REST_PASSWORDS;
    use quittance_core::members::Doubled;

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
            assert!(matches!(refused(text), BadKeys::Json(_)), "{text}");
        }
        for text in [r#"{"1": {}, "1": {}}"#, r#"{"1": {}, "2": {}, "\u0031": {}}"#] {
            assert_eq!(refused(text), BadKeys::Doubled(Doubled), "{text}");
        }
        let said = refused(r#"{"1": {"test": {"from": "hidden"}}}"#).to_string();
        assert!(said.ends_with("(line 1, column 22)") && !said.contains("hidden"), "{said}");
        for text in [
            r#"{"<site id>": {"test": {"form": "k"}}}"#,
            r#"{"1": {"test": {"form": "<key>"}}}"#,
            r#"{"1": {"production": {"form": "k", "rest_password": "<password>"}}}"#,
        ] {
            assert_eq!(refused(text), BadKeys::Placeholder, "{text}");
        }
        let with_brand =
            |brand| format!(r#"{{"1": {{"brand": {brand}, "test": {{"form": "k"}}}}}}"#);
        assert!(Keys::from_json(&with_brand(r#""scellius""#)).is_ok());
        assert!(matches!(refused(&with_brand(r#""scelius""#)), BadKeys::UnknownBrand { .. }));
        let host = r#"{"name": "osb", "rest": "http://secure.osb.pf"}"#;
        assert_eq!(refused(&with_brand(host)), BadKeys::BadHost);
        let many: Vec<String> = (0..=MAX_REST_PASSWORDS)
            .map(|n| format!(r#""{n}": {{"test": {{"rest_password": "p{n}"}}}}"#))
            .collect();
        assert_eq!(refused(&format!("{{{}}}", many.join(","))), BadKeys::TooManyPasswords);
    }

    #[test]
    fn a_password_of_the_other_mode_is_refused() {
        for (mode, password, right) in [
            ("test", "testpassword_x", true),
            ("test", " prodpassword_x", false),
            ("production", "prodpassword_x", true),
            ("production", "testpassword_x", false),
            ("production", "another", true),
            ("test", "another", true),
        ] {
            let text = format!("{{{}}}", site("1", mode, "rest_password", password));
            let read = Keys::from_json(&text);
            assert_eq!(read.is_ok(), right, "{text}");
            let Err(error) = read else { continue };
            assert!(matches!(error, BadKeys::OtherMode { .. }), "{error}");
            assert!(!error.to_string().contains("_x"), "{error}");
        }
    }

    #[test]
    fn a_key_of_browser_returns_is_for_nothing_else() {
        let document = |one: &str, other: &str| {
            format!(
                r#"{{"1": {{"test": {{"rest_password": "hush", "hmac": "{one}"}}}},
                    "2": {{"production": {{"form": "k", "hmac": "{other}", "ask": false}}}}}}"#
            )
        };
        assert!(Keys::from_json(&document("one", "other")).is_ok());
        for (one, other) in [("hush ", "other"), ("one", "hush")] {
            let error = Keys::from_json(&document(one, other)).unwrap_err();
            assert!(matches!(error, BadKeys::ReturnKey { .. }), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let error = Keys::from_json(&document("one", "one")).unwrap_err();
        assert!(matches!(error, BadKeys::SameSecret { .. }), "{error}");
    }

    fn site(id: &str, mode: &str, secret: &str, value: &str) -> String {
        format!(r#""{id}": {{"{mode}": {{"{secret}": "{value}"}}}}"#)
    }

    #[test]
    fn one_secret_speaks_for_one_site_and_mode() {
        for (secret, what) in [("form", "form key"), ("rest_password", "REST password")] {
            let sites = [
                (site("1", "test", secret, "hush"), site("2", "test", secret, " hush\\t")),
                (site("1", "production", secret, "hush "), site("2", "test", secret, "hush")),
            ];
            let sites = sites.map(|(one, other)| format!("{{{one}, {other}}}"));
            let modes = format!(
                r#"{{"1": {{"test": {{"{secret}": "hush"}}, "production": {{"{secret}": "\thush"}}}}}}"#
            );
            for text in sites.iter().chain([&modes]) {
                let error = Keys::from_json(text).unwrap_err();
                let said = format!("{error} {error:?}");
                assert!(said.contains(&format!("have the same {what}")), "{said}");
                assert!(said.contains("site \"1\" (") && !said.contains("hush"), "{said}");
            }
            assert_eq!(
                Keys::from_json(&modes).unwrap_err().to_string(),
                format!(
                    r#"site "1" (test) and site "1" (production) have the same {what}: the signature cannot tell them apart"#
                )
            );
        }
        for fine in [
            r#"{"1": {"test": {"form": "hush", "rest_password": "hush"}}}"#,
            r#"{"1": {"test": {"form": "hush"}, "production": {"rest_password": "hush"}}}"#,
            r#"{"1": {"test": {"form": "hush"}, "production": {"form": "HUSH"}}}"#,
            r#"{"1": {"test": {"form": ""}, "production": {"form": " "}}, "2": {"test": {"form": "k"}}}"#,
        ] {
            assert!(Keys::from_json(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn an_older_version_keeps_what_does_not_contradict_the_newer_one() {
        let read = |text: &str| Keys::from_json(text).unwrap();
        let older = read(
            r#"{"1": {"test": {"form": "f", "rest_password": "r"}, "production": {"form": "g"}}}"#,
        );
        for (newer, left, told) in [
            (r#"{"1": {"test": {"form": "f", "rest_password": "r"}}}"#, [true, true, true], 0),
            (r#"{"1": {"test": {"form": "new"}}, "2": {"test": {"form": "r"}}}"#, [true; 3], 0),
            (r#"{"1": {"production": {"form": "f"}}}"#, [false, true, true], 1),
            (r#"{"2": {"test": {"rest_password": "r"}}}"#, [true, false, true], 1),
            (
                r#"{"1": {"test": {"form": "g"}, "production": {"form": "f"}}}"#,
                [false, true, false],
                2,
            ),
        ] {
            let (kept, sentences) = older.beside(&read(newer));
            let held = |mode| kept.held().find(|(_, of, _)| *of == mode).map(|(.., held)| held);
            let test = held(Mode::Test).unwrap();
            let production = held(Mode::Production).unwrap();
            let found =
                [test.form.is_some(), test.rest_password.is_some(), production.form.is_some()];
            assert_eq!((found, sentences.len()), (left, told), "{newer}: {sentences:?}");
        }
    }
}
