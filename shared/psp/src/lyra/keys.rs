//! The keys in the document of `QUITTANCE_SYSTEMPAY_KEYS`, and what of them stays beside newer ones.

use super::key_document::{BadKeys, document};
use super::signature::{Keys, SiteKeys};
use quittance_core::crypto::Secret;
use quittance_core::key::Mode;
use quittance_core::versions::Versioned;

impl Keys {
    /// Reads `{"<site id>": {"test": {"form": "…", "rest_password": "…", "allow_sha1": false},
    /// "production": {…}}}`; every part may be left
    /// out or empty, and is then refused as unknown. A site may also say its `"brand"`, which
    /// [`Sites::from_json`](super::brands::Sites::from_json) reads: it must be right here too.
    ///
    /// # Errors
    ///
    /// [`BadKeys`]: another shape, no key, or one secret for two sites or modes.
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
        assert!(matches!(refused(&with_brand(r#""scelius""#)), BadKeys::UnknownBrand { .. }));
        let host = r#"{"name": "osb", "rest": "http://secure.osb.pf"}"#;
        assert_eq!(refused(&with_brand(host)), BadKeys::BadHost);
        let many: Vec<String> = (0..=MAX_REST_PASSWORDS)
            .map(|n| format!(r#""{n}": {{"test": {{"rest_password": "p{n}"}}}}"#))
            .collect();
        assert_eq!(refused(&format!("{{{}}}", many.join(","))), BadKeys::TooManyPasswords);
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
