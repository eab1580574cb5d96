//! What a stack may use of the gateway's API, by site and mode: out of the same document as its keys.

use std::collections::BTreeMap;
use std::fmt;

use quittance_core::api::Access;
use quittance_core::crypto::Secret;
use quittance_core::key::{Account, Mode};

use super::super::ID;
use super::super::key_document::{BadKeys, document};
use super::super::keys::check;

/// The credentials of a stack.
#[derive(Clone, Debug, Default)]
pub struct Credentials(BTreeMap<Account, Grant>);

/// What one site may use in one mode.
#[derive(Clone)]
pub(super) struct Grant {
    /// Whose it is.
    pub(super) account: Account,
    /// Where the web services are, where that is known.
    pub(super) rest: Option<String>,
    /// Where the buyer's browser sends the payment form, where that is known.
    pub(super) form_url: Option<String>,
    /// The card brands that are offered.
    pub(super) cards: Vec<String>,
    /// The key of forms.
    pub(super) form: Option<Secret>,
    /// Whether returning forms may be signed with SHA-1.
    pub(super) allow_sha1: bool,
    /// The password of the web services.
    pub(super) password: Option<Secret>,
    /// The key of browser returns in the REST format.
    pub(super) hmac: Option<Secret>,
    /// Whether orders may be asked about.
    pub(super) asks: bool,
}

/// Without secrets.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("account", &self.account)
            .field("rest", &self.rest)
            .field("asks", &self.asks)
            .finish_non_exhaustive()
    }
}

/// A password and where it is for.
#[derive(Clone, Copy)]
pub(super) struct Login<'g> {
    /// Whose it is.
    pub(super) account: &'g Account,
    /// The origin that is called.
    pub(super) origin: &'g str,
    /// What proves it.
    pub(super) password: &'g Secret,
}

impl Credentials {
    /// Reads the document that [`Keys::from_json`](super::super::Keys::from_json) reads. A site without a REST
    /// password, or of a brand whose host is not known, has none for the web services.
    ///
    /// # Errors
    ///
    /// [`BadKeys`] of a document of another shape, an unknown brand, a host that is none, or a secret that does
    /// for another.
    pub fn from_json(text: &str) -> Result<Self, BadKeys> {
        let document = document(text)?;
        check(&document)?;
        let mut grants = BTreeMap::new();
        for (id, site) in document {
            let brand = site.brand()?;
            let cards = site.cards()?;
            for (mode, raw) in [(Mode::Test, site.test), (Mode::Production, site.production)] {
                let Some(raw) = raw else { continue };
                let secret = |text: Option<String>| text.and_then(|text| Secret::new(&text));
                let account = Account { psp: ID, merchant: id.trim().to_owned(), mode };
                let grant = Grant {
                    account: account.clone(),
                    rest: brand.rest_origin(),
                    form_url: brand.form_url(),
                    cards: cards.clone(),
                    form: secret(raw.form),
                    allow_sha1: raw.allow_sha1,
                    password: secret(raw.rest_password),
                    hmac: secret(raw.hmac),
                    asks: raw.ask.unwrap_or(true),
                };
                grants.insert(account, grant);
            }
        }
        Ok(Self(grants))
    }

    /// What this merchant may use.
    pub(super) fn of(&self, account: &Account) -> Option<&Grant> {
        self.0.get(account)
    }

    /// All of them, by account.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.values()
    }
}

impl Grant {
    /// The password with where it is for, where both are known.
    pub(super) fn login(&self) -> Option<Login<'_>> {
        Some(Login {
            account: &self.account,
            origin: self.rest.as_deref()?,
            password: self.password.as_ref()?,
        })
    }

    /// The same for people.
    pub(super) fn access(&self) -> Option<Access> {
        let login = self.login()?;
        Some(Access {
            account: login.account.clone(),
            origin: login.origin.to_owned(),
            asks: self.asks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(merchant: &str, mode: Mode) -> Account {
        Account { psp: ID, merchant: merchant.to_owned(), mode }
    }

    #[test]
    fn a_site_with_a_password_and_a_known_host_has_an_access() {
        let text = r#"{
            " 1 ": {"test": {"rest_password": "testpassword_a", "hmac": "h"},
                    "production": {"rest_password": "prodpassword_b", "ask": false}},
            "2": {"test": {"form": "k"}},
            "3": {"brand": "sogecommerce", "test": {"rest_password": "c"}},
            "4": {"brand": {"name": "osb", "rest": "http://127.0.0.1:9000"}, "test": {"rest_password": "d"}}
        }"#;
        let held = Credentials::from_json(text).unwrap();
        let found: Vec<_> = held.iter().filter_map(Grant::access).collect();
        let access = |merchant: &str, mode, origin: &str, asks| Access {
            account: account(merchant, mode),
            origin: origin.to_owned(),
            asks,
        };
        assert_eq!(
            found,
            [
                access("1", Mode::Test, "https://api.systempay.fr", true),
                access("1", Mode::Production, "https://api.systempay.fr", false),
                access("4", Mode::Test, "http://127.0.0.1:9000", true),
            ]
        );
        let shown = format!("{held:?}");
        assert!(!shown.contains("password_") && !shown.contains("Secret"), "{shown}");
    }

    #[test]
    fn card_brands_are_those_named_or_the_usual_ones() {
        let read = |cards: &str| {
            Credentials::from_json(&format!(
                r#"{{"1": {{"cards": {cards}, "test": {{"form": "k"}}}}}}"#
            ))
            .map(|held| held.of(&account("1", Mode::Test)).unwrap().cards.clone())
        };
        assert_eq!(read("null").unwrap(), ["CB", "VISA", "MASTERCARD"]);
        assert_eq!(read(r#"["CB", "E-CARTEBLEUE"]"#).unwrap(), ["CB", "E-CARTEBLEUE"]);
        for bad in ["[]", r#"[""]"#, r#"["CVCO"]"#, r#"["MULTI"]"#, r#"["CB;VISA"]"#, r#"["cb"]"#] {
            assert_eq!(read(bad).unwrap_err(), BadKeys::BadCards, "{bad}");
        }
    }

    #[test]
    fn what_the_keys_refuse_is_refused_here_too() {
        for text in [
            "[]",
            r#"{"1": {"brand": "nobody"}}"#,
            r#"{"1": {"test": {"rest_password": "prodpassword_x"}}}"#,
            r#"{"1": {"test": {"rest_password": "x", "hmac": "x"}}}"#,
            r#"{"1": {"test": {"hmca": "x"}}}"#,
        ] {
            assert!(Credentials::from_json(text).is_err(), "{text}");
        }
    }
}
