//! What is fixed about Octroi, and how it fills the seam.

use quittance_core::provider::{
    BadKeys, HeldKey, Incoming, NoKey, Options, Outgoing, Profile, Provider, Received, Refused,
};
use quittance_core::{Meaning, ProviderId, Remark, ShareFact, provider};

use super::event::read;
use super::signature::{Keys, verify};
use super::{status, words};

/// The word of Octroi in routes, keys and configuration.
pub(crate) const ID: ProviderId = ProviderId::new("octroi");

/// How long the rest of a payment may follow.
pub(super) const SESSION_SECONDS: u64 = 30 * 60;

/// Header with the time of the signatures, in seconds since 1970.
pub(super) const TIME_HEADER: &str = "x-octroi-time";

static PROFILE: Profile = Profile {
    id: ID,
    name: "Octroi",
    route: "/webhooks/octroi",
    media_type: "application/json",
    kept_headers: &[TIME_HEADER],
    echoed_header: None,
    keys_variable: "QUITTANCE_OCTROI_KEYS",
    api_variable: None,
    sources_variable: None,
    fields_variable: None,
    portal_rules: &[],
    demo_keys: r#"{"SHOP-1": {"secret": "octroi-secret", "mode": "test"}}"#,
};

/// The provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Octroi;

impl Provider for Octroi {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn keys(&self, document: &str) -> Result<Box<dyn provider::Keys>, BadKeys> {
        Ok(Box::new(Keys::from_json(document)?))
    }

    fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys> {
        Ok(Keys::from_json(document)?.held().collect())
    }

    fn meaning(&self, told: &ShareFact) -> Meaning {
        status::meaning_of(told)
    }

    fn sentence(&self, remark: &Remark) -> Option<String> {
        words::sentence(remark)
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

impl provider::Keys for Keys {
    fn receive<'m>(&self, message: &Incoming<'m>, _: &Options) -> Result<Received<'m>, Refused> {
        let verified = verify(self, message)?;
        let readings = read(&verified);
        Ok(Received { signed: Box::new(verified), readings, key: "octroi".to_owned() })
    }

    fn sign(&self, message: &mut Outgoing) -> Result<(), NoKey> {
        let time = message.header(TIME_HEADER).unwrap_or("").to_owned();
        message.body = self.signed(&time, &message.body)?;
        Ok(())
    }

    fn beside(&self, newer: &dyn provider::Keys) -> (Box<dyn provider::Keys>, Vec<String>) {
        provider::kept_beside(self, newer)
    }
}
