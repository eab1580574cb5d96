//! The shape of the document in `QUITTANCE_SYSTEMPAY_KEYS`: what a site signs with, and its brand.

use std::collections::BTreeMap;

use quittance_core::limits::MAX_REST_PASSWORDS;
use serde::Deserialize;

/// Why a key document cannot be used. Quotes nothing of it: it holds secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Not the documented JSON.
    #[error(
        "not a JSON object of site ids with \"brand\", \"test\" and \"production\", the last two each with \"form\", \"rest_password\" and \"allow_sha1\""
    )]
    Json,
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
    /// A brand's host is something else than a host name.
    #[error(
        "a host of a \"brand\" is not a plain host name: no scheme, user, port, path or address"
    )]
    BadHost,
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
    pub(super) test: Option<RawKeys>,
    pub(super) production: Option<RawKeys>,
}

/// What a site signs with in one mode, as configured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeys {
    pub(super) form: Option<String>,
    pub(super) rest_password: Option<String>,
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
