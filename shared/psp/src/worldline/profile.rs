//! What is fixed about Worldline Direct, and how it fills the seam.

use quittance_core::api::Api;
use quittance_core::crypto::Secret;
use quittance_core::key::Account;
use quittance_core::provider::{
    BadKeys, HeldKey, Incoming, NoKey, Options, Outgoing, PortalRule, Probe, Profile, Provider,
    Received, Refused,
};
use quittance_core::rules::Rules;
use quittance_core::{Meaning, ProviderId, Remark, ShareFact, provider};

use super::api::Merchants;
use super::{Key, Keys, portal, read, rules, status, verify, words};
use crate::STAND_IN;

/// The word of Worldline Direct in routes, keys and configuration.
pub const ID: ProviderId = ProviderId::new("worldline");

/// Header with the Base64 HMAC of the body.
pub const SIGNATURE_HEADER: &str = "x-gcs-signature";

/// Header with the id of the key that signed.
pub const KEY_ID_HEADER: &str = "x-gcs-keyid";

/// Header of the endpoint verification request; its value is echoed.
pub const ENDPOINT_VERIFICATION_HEADER: &str = "x-gcs-webhooks-endpoint-verification";

/// How long a hosted page lives by default (worldline.md 6): until then the complement of a
/// voucher may still come.
pub const SESSION_SECONDS: u64 = 180 * 60;

static PROFILE: Profile = Profile {
    id: ID,
    name: "Worldline Direct",
    route: "/webhooks/worldline",
    media_type: "application/json",
    kept_headers: &[SIGNATURE_HEADER, KEY_ID_HEADER],
    echoed_header: Some(ENDPOINT_VERIFICATION_HEADER),
    keys_variable: "QUITTANCE_WORLDLINE_KEYS",
    api_variable: Some("QUITTANCE_WORLDLINE_API"),
    sources_variable: None,
    fields_variable: None,
    demo_keys: r#"{"demo-key": "demo-secret"}"#,
    portal_rules: &portal::RULES,
};

/// Worldline Direct, the platform behind CAWL.
#[derive(Clone, Copy, Debug)]
pub struct Worldline;

impl Provider for Worldline {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn keys(&self, document: &str) -> Result<Box<dyn provider::Keys>, BadKeys> {
        Ok(Box::new(parse(document)?))
    }

    fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys> {
        let keys = parse(document)?;
        let keys = keys.held().map(|(id, mode, merchant)| HeldKey {
            id: id.to_owned(),
            mode,
            verifies: vec!["events"],
            of: merchant.map(|merchant| format!("only of merchant {merchant}")),
        });
        Ok(keys.collect())
    }

    fn api(&self, document: &str) -> Result<Box<dyn Api>, BadKeys> {
        Ok(Box::new(Merchants::from_json(document)?))
    }

    fn rules(&self) -> &'static Rules {
        &rules::RULES
    }

    fn meaning(&self, told: &ShareFact) -> Meaning {
        status::meaning_of(told)
    }

    fn sentence(&self, remark: &Remark) -> Option<String> {
        words::sentence(remark)
    }

    fn probe(&self, key: &HeldKey) -> Option<Probe> {
        Some(portal::probe(key))
    }

    fn portal_rule(&self, event: &Remark) -> Option<&'static PortalRule> {
        portal::rule(event)
    }

    fn stand_in(
        &self,
        account: &Account,
        message: &Outgoing,
    ) -> Result<Box<dyn provider::Keys>, NoKey> {
        let id = message.header(KEY_ID_HEADER).ok_or(NoKey("the header names no key"))?;
        let secret = Secret::new(STAND_IN).ok_or(NoKey("no key"))?;
        let key = Key { secret, mode: account.mode, merchant: None };
        Ok(Box::new(Keys::new([(id.to_owned(), key)])))
    }

    fn line(
        &self,
        event: &Remark,
        shares: &[&ShareFact],
        _: &dyn Fn(&ShareFact) -> Option<String>,
    ) -> String {
        words::line(event, shares)
    }
}

fn parse(document: &str) -> Result<Keys, BadKeys> {
    Keys::from_json(document).map_err(|error| BadKeys(error.to_string()))
}

impl provider::Keys for Keys {
    fn receive<'m>(&self, message: &Incoming<'m>, _: &Options) -> Result<Received<'m>, Refused> {
        let values = |name| message.values(name).collect::<Vec<_>>();
        let (signatures, key_ids) = (values(SIGNATURE_HEADER), values(KEY_ID_HEADER));
        let verified = verify(self, &signatures, &key_ids, message.body)?;
        let readings = read(&verified);
        let key = key_ids.first().map(|id| String::from_utf8_lossy(id).into_owned());
        let key = key.unwrap_or_default();
        Ok(Received { signed: Box::new(verified), readings, key })
    }

    fn sign(&self, message: &mut Outgoing) -> Result<(), NoKey> {
        let signature = self.signature(message.header(KEY_ID_HEADER).unwrap_or(""), &message.body);
        let signature = signature.ok_or(NoKey("no key of the id in the header"))?;
        message.set_header(SIGNATURE_HEADER, signature);
        Ok(())
    }

    fn beside(&self, newer: &dyn provider::Keys) -> (Box<dyn provider::Keys>, Vec<String>) {
        provider::kept_beside(self, newer)
    }
}
