//! The shape of the document in `QUITTANCE_SYSTEMPAY_KEYS`: what a site signs with, and its brand.

use std::collections::BTreeMap;

use quittance_core::limits::MAX_REST_PASSWORDS;
use quittance_core::members::{Doubled, Members};
use serde::Deserialize;

use crate::spot::Spot;

/// Why a key document cannot be used. Quotes nothing of it: it holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the documented JSON.
    #[error(
        "not a JSON object of site ids with \"brand\", \"cards\", \"test\" and \"production\", the last two each with \"form\", \"rest_password\", \"hmac\", \"ask\" and \"allow_sha1\" ({0})"
    )]
    Json(Spot),
    /// Which of two sites counts would be chance.
    #[error(transparent)]
    Doubled(#[from] Doubled),
    /// An id or a secret is still what the documentation has in its place.
    #[error("an id or a key is a placeholder in angle brackets: put the real one")]
    Placeholder,
    /// Nothing to verify with.
    #[error("the document has no key")]
    NoKey,
    /// Each is tried on every REST message, so their number is bounded.
    #[error("more than {MAX_REST_PASSWORDS} REST passwords")]
    TooManyPasswords,
    /// Site and mode of a form are what its key says they are, and those of a REST answer what the password
    /// that fits is for.
    #[error("{one} and {other} have the same {what}: the signature cannot tell them apart")]
    SameSecret {
        /// Which of a site's secrets.
        what: &'static str,
        /// A site and its mode.
        one: String,
        /// Another site or mode.
        other: String,
    },
    /// A site names a brand that the table does not have, and gives no hosts for it.
    #[error(
        "a site's \"brand\" is none of {known}, and no object with \"name\" and host names \"back_office\" or \"rest\""
    )]
    UnknownBrand {
        /// The ids in the table.
        known: String,
    },
    /// A brand's host is neither a host name nor an origin.
    #[error(
        "a host of a \"brand\" is neither a plain host name nor an origin: https://host[:port], or http://host[:port] on the loopback"
    )]
    BadHost,
    /// A REST password says by its beginning that it is for the other mode.
    #[error(
        "{whose} has a REST password that begins with {beginning}, as those of the other mode do"
    )]
    OtherMode {
        /// A site and its mode.
        whose: String,
        /// How it begins.
        beginning: &'static str,
    },
    /// What a browser brings is signed with the one and passes the buyer, and what the gateway sends is
    /// signed with the other.
    #[error(
        "{one} has as \"hmac\" what {other} has as \"rest_password\": a buyer could send notifications"
    )]
    ReturnKey {
        /// A site and its mode.
        one: String,
        /// A site and its mode, maybe the same.
        other: String,
    },
    /// The list of card brands is empty, or one of them is no card's brand.
    #[error("\"cards\" of a site is not a list of card brands, as CB or VISA")]
    BadCards,
}

/// The sites of a key document by their ids.
pub(super) fn document(text: &str) -> Result<BTreeMap<String, Site>, BadKeys> {
    let members: Members<Site> =
        serde_json::from_str(text).map_err(|error| BadKeys::Json(Spot::of(&error)))?;
    Ok(members.by_name()?)
}

/// One site of the key document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) brand: Option<Choice>,
    pub(super) cards: Option<Vec<String>>,
    pub(super) test: Option<RawKeys>,
    pub(super) production: Option<RawKeys>,
}

/// The card brands offered where a site names none: those of French contracts.
const USUAL_CARDS: [&str; 3] = ["CB", "VISA", "MASTERCARD"];

/// Longest name of a brand, in bytes.
const MAX_BRAND_BYTES: usize = 32;

impl Site {
    /// The card brands that it offers: none of them is a voucher or the mark of a cascade.
    pub(super) fn cards(&self) -> Result<Vec<String>, BadKeys> {
        let Some(named) = &self.cards else { return Ok(USUAL_CARDS.map(str::to_owned).to_vec()) };
        let is_card = |brand: &String| {
            let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_-".contains(&b);
            (1..=MAX_BRAND_BYTES).contains(&brand.len())
                && brand.bytes().all(fits)
                && !matches!(brand.as_str(), "CVCO" | "MULTI")
        };
        if named.is_empty() || !named.iter().all(is_card) {
            return Err(BadKeys::BadCards);
        }
        Ok(named.clone())
    }
}

/// What a site signs with in one mode, as configured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeys {
    pub(super) form: Option<String>,
    pub(super) rest_password: Option<String>,
    /// The key of what a browser brings back in the REST format.
    pub(super) hmac: Option<String>,
    /// Whether the REST password may be used for asking; so it is where nothing is said.
    pub(super) ask: Option<bool>,
    #[serde(default)]
    pub(super) allow_sha1: bool,
}

/// `"brand"` of a site in the key document.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Choice {
    Id(String),
    Hosts(Hosts),
}

/// A brand with hosts of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hosts {
    pub(super) name: String,
    pub(super) back_office: Option<String>,
    pub(super) rest: Option<String>,
}
