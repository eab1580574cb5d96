//! What is fixed about the Lyra gateway, and how it fills the seam.

use quittance_core::api::Api;
use quittance_core::crypto::Secret;
use quittance_core::key::Account;
use quittance_core::provider::{
    BadKeys, HeldKey, Incoming, NoKey, Options, Outgoing, PortalRule, Probe, Profile, Provider,
    Received, Refused,
};
use quittance_core::rules::Rules;
use quittance_core::{Meaning, ProviderId, Remark, ShareFact, provider};

use super::api::Credentials;
use super::brands::Sites;
use super::{Keys, SiteKeys, portal, read, rules, status, verify, words};
use crate::STAND_IN;

/// The word of this family in routes, keys and configuration: that of its first brand here.
pub const ID: ProviderId = ProviderId::new("systempay");

/// How long a payment session lives (lyra.md 1.4).
pub const SESSION_SECONDS: u64 = 10 * 60;

static PROFILE: Profile = Profile {
    id: ID,
    name: "Systempay (Lyra)",
    route: "/webhooks/systempay",
    media_type: "application/x-www-form-urlencoded",
    kept_headers: &[],
    echoed_header: None,
    keys_variable: "QUITTANCE_SYSTEMPAY_KEYS",
    api_variable: Some("QUITTANCE_SYSTEMPAY_KEYS"),
    sources_variable: Some("QUITTANCE_SYSTEMPAY_SOURCES"),
    fields_variable: Some("QUITTANCE_SYSTEMPAY_FIELDS"),
    demo_keys: r#"{"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}"#,
    portal_rules: &portal::RULES,
};

/// The Lyra gateway under any of its brands (Systempay, PayZen, Scellius ...).
#[derive(Clone, Copy, Debug)]
pub struct Lyra;

impl Provider for Lyra {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn keys(&self, document: &str) -> Result<Box<dyn provider::Keys>, BadKeys> {
        Ok(Box::new(parse(document)?))
    }

    fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys> {
        let keys = parse(document)?;
        let sites = Sites::from_json(document).map_err(|error| BadKeys(error.to_string()))?;
        let brand = |id: &str| {
            let found = sites.iter().find(|(site, _)| *site == id);
            found.map(|(_, brand)| brand.name.clone().into_owned())
        };
        let keys = keys.held().map(|(site, mode, held)| {
            let formats = [
                (held.form.is_some(), "form"),
                (held.form.is_some() && held.allow_sha1, "form with SHA-1"),
                (held.rest_password.is_some(), "REST"),
            ];
            let verifies = formats.into_iter().filter(|(held, _)| *held).map(|(_, name)| name);
            HeldKey { id: site.to_owned(), mode, verifies: verifies.collect(), of: brand(site) }
        });
        Ok(keys.collect())
    }

    fn rules(&self) -> &'static Rules {
        &rules::RULES
    }

    fn api(&self, document: &str) -> Result<Box<dyn Api>, BadKeys> {
        let held = Credentials::from_json(document).map_err(|error| BadKeys(error.to_string()))?;
        Ok(Box::new(held))
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

    fn stand_in(&self, account: &Account, _: &Outgoing) -> Result<Box<dyn provider::Keys>, NoKey> {
        let site = SiteKeys {
            form: Secret::new(STAND_IN),
            rest_password: Secret::new(STAND_IN),
            allow_sha1: false,
        };
        let keys = Keys::new([((account.merchant.clone(), account.mode), site)]);
        Ok(Box::new(keys.map_err(|_| NoKey("no key"))?))
    }

    fn line(
        &self,
        event: &Remark,
        shares: &[&ShareFact],
        reason: &dyn Fn(&ShareFact) -> Option<String>,
    ) -> String {
        words::line(event, shares, reason)
    }
}

fn parse(document: &str) -> Result<Keys, BadKeys> {
    Keys::from_json(document).map_err(|error| BadKeys(error.to_string()))
}

impl provider::Keys for Keys {
    fn receive<'m>(
        &self,
        message: &Incoming<'m>,
        options: &Options,
    ) -> Result<Received<'m>, Refused> {
        let verified = verify(self, message.body)?;
        let readings = vec![read(&verified, &options.fields)];
        let Account { merchant, mode, .. } = &verified.account;
        let key = format!("{merchant} ({})", mode.as_str());
        Ok(Received { signed: Box::new(verified), readings, key })
    }

    fn sign(&self, message: &mut Outgoing) -> Result<(), NoKey> {
        let signed = self.signed(&message.body);
        message.body = signed.ok_or(NoKey("no key for the site and mode in the body"))?;
        Ok(())
    }

    fn beside(&self, newer: &dyn provider::Keys) -> (Box<dyn provider::Keys>, Vec<String>) {
        provider::kept_beside(self, newer)
    }
}
