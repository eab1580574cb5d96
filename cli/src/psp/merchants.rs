//! Whom the fakes serve: the merchants for whom no API credentials are configured, with the keys in force.

use std::collections::BTreeMap;

use quittance_aws::apis::Apis;
use quittance_aws::keys::SECRET;
use quittance_core::{Mode, Provider};
use quittance_fakes::{LyraShop, WorldlineMerchant};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra;
use quittance_psp::worldline::{self, Keys};
use serde_json::{Value, json};

use crate::keys::configured;

/// The merchant of the sample events. Keys that are bound to nobody are his.
const DEMO_MERCHANT: &str = "DemoMerchant";

/// The id of the API key of every merchant of Worldline's fake.
const KEY_ID: &str = "local-key";

/// The secret of that key. It opens nothing but this process.
const KEY_SECRET: &str = "local-secret";

/// Both modes, each with its member of a site and the REST password of a site that has none.
const MODES: [(Mode, &str, &str); 2] = [
    (Mode::Test, "test", "testpassword_local"),
    (Mode::Production, "production", "prodpassword_local"),
];

/// Where the fakes are, and the stack.
#[derive(Clone, Copy)]
pub(super) struct Origins<'o> {
    pub(super) stack: &'o str,
    pub(super) api: &'o str,
}

/// Whom the fakes serve, and with what each provider is asked.
#[derive(Default)]
pub(super) struct Merchants {
    pub(super) worldline: Vec<WorldlineMerchant>,
    pub(super) lyra: Vec<LyraShop>,
    /// Each as its orders' keys begin, for people.
    pub(super) names: Vec<String>,
    /// The credentials that are configured and those of the fakes.
    pub(super) apis: Apis,
}

impl Merchants {
    /// As the environment has it.
    pub(super) fn from_env(origins: Origins<'_>) -> Self {
        let mut all = Self::default();
        for provider in PROVIDERS {
            let profile = provider.profile();
            let credentials = profile.api_variable.and_then(configured);
            let document = match (profile.id, in_force(*provider)) {
                (worldline::ID, Some(keys)) if credentials.is_none() => {
                    all.serve_worldline(&keys, origins)
                }
                (lyra::ID, Some(keys)) => all.serve_lyra(&keys, profile.demo_keys, origins),
                _ => credentials,
            };
            if let Some(document) = document {
                all.apis.add(*provider, &document);
            }
        }
        all
    }

    /// Adds the merchants to whom keys are bound, and the demo's for the others. Events do not say their mode, so
    /// who has keys of both is served in test mode. The document of the credentials, if there is anybody.
    fn serve_worldline(&mut self, document: &str, origins: Origins<'_>) -> Option<String> {
        let keys = Keys::from_json(document).ok()?;
        let secrets: Value = serde_json::from_str(document).ok()?;
        let mut by_merchant = BTreeMap::new();
        for (id, mode, merchant) in keys.held() {
            let key = by_merchant.entry(merchant.unwrap_or(DEMO_MERCHANT)).or_insert((mode, id));
            *key = (*key).min((mode, id));
        }
        let mut credentials = json!({});
        for (merchant, (mode, id)) in by_merchant {
            let (key, word) = (&secrets[id], mode.as_str());
            let secret = key.as_str().or_else(|| key["secret"].as_str()).unwrap_or_default();
            self.worldline.push(WorldlineMerchant {
                merchant: merchant.to_owned(),
                key_id: KEY_ID.to_owned(),
                secret: KEY_SECRET.to_owned(),
                webhook_key_id: id.to_owned(),
                webhook_secret: secret.trim().to_owned(),
                webhook_url: format!("{}/webhooks/worldline", origins.stack),
            });
            self.names.push(format!("{}/{merchant}/{word}", worldline::ID.as_str()));
            let own = json!({"key_id": KEY_ID, "secret": KEY_SECRET, "url": origins.api});
            credentials[merchant] = json!({ word: own });
        }
        Some(credentials.to_string())
    }

    /// Adds the sites that have no API credentials. The document, in which the fakes serve them.
    fn serve_lyra(
        &mut self,
        document: &str,
        demo_keys: &str,
        origins: Origins<'_>,
    ) -> Option<String> {
        let mut sites: Value = serde_json::from_str(document).ok()?;
        let demo: Value = serde_json::from_str(demo_keys).unwrap_or_default();
        for (id, site) in sites.as_object_mut()? {
            if !site.is_object() || has_credentials(site, &demo) {
                continue;
            }
            site["brand"] =
                json!({"name": "Local", "back_office": origins.api, "rest": origins.api});
            for (mode, word, made) in MODES {
                let (form_key, password) = (text(site, word, "form"), text(site, word, PASSWORD));
                if form_key.is_empty() && password.is_empty() {
                    continue;
                }
                let rest_password = if password.is_empty() { made.to_owned() } else { password };
                site[word][PASSWORD] = json!(rest_password);
                let (site, notification_url) =
                    (id.trim().to_owned(), format!("{}/webhooks/systempay", origins.stack));
                self.names.push(format!("{}/{site}/{word}", lyra::ID.as_str()));
                self.lyra.push(LyraShop { site, mode, form_key, rest_password, notification_url });
            }
        }
        Some(sites.to_string())
    }
}

/// The member with the password of the web services.
const PASSWORD: &str = "rest_password";

/// Whether a site is asked for real: it has a password of its own, or its document says where the gateway is. The
/// password of the demo is nobody's.
fn has_credentials(site: &Value, demo: &Value) -> bool {
    let is_own = |word: &str| {
        let password = text(site, word, PASSWORD);
        let demos = || demo.as_object().into_iter().flatten();
        !password.is_empty() && demos().all(|(_, known)| text(known, word, PASSWORD) != password)
    };
    site["brand"].is_object() || MODES.iter().any(|(_, word, _)| is_own(word))
}

/// A secret of a site; empty where it has none.
fn text(site: &Value, mode: &str, member: &str) -> String {
    site[mode][member].as_str().unwrap_or_default().trim().to_owned()
}

/// The document of the keys in force: that of the variable, else the demo's. `None` where it cannot be used, and
/// where the keys are in a secret, which is for deployed stacks.
fn in_force(provider: &dyn Provider) -> Option<String> {
    let profile = provider.profile();
    let demo = || configured(SECRET).is_none().then(|| profile.demo_keys.to_owned());
    let document = configured(profile.keys_variable).or_else(demo)?;
    provider.keys(&document).is_ok().then_some(document)
}

#[cfg(test)]
mod tests {
    use quittance_psp::lyra::Lyra;
    use quittance_psp::worldline::Worldline;

    use super::*;

    const ORIGINS: Origins<'_> =
        Origins { stack: "http://127.0.0.1:9000", api: "http://127.0.0.1:9001" };

    fn worldline(document: &str) -> (Merchants, Option<String>) {
        let mut all = Merchants::default();
        let document = all.serve_worldline(document, ORIGINS);
        (all, document)
    }

    fn lyra(document: &str) -> (Merchants, Value) {
        let mut all = Merchants::default();
        let document = all.serve_lyra(document, Lyra.profile().demo_keys, ORIGINS).unwrap();
        assert!(Lyra.api(&document).is_ok(), "{document}");
        (all, serde_json::from_str(&document).unwrap())
    }

    #[test]
    fn the_demo_merchant_is_that_of_the_samples() {
        assert_eq!(DEMO_MERCHANT, quittance_testing::worldline::MERCHANT);
        let (all, document) = worldline(Worldline.profile().demo_keys);
        assert_eq!(all.names, [format!("worldline/{DEMO_MERCHANT}/test")]);
        assert_eq!(all.worldline[0].webhook_secret, quittance_testing::SECRET);
        assert!(Worldline.api(&document.unwrap()).is_ok());
    }

    #[test]
    fn each_merchant_is_served_with_a_key_of_his_own() {
        let keys = r#"{"a": {"secret": " x ", "merchant": "M"}, "b": "y",
            "c": {"secret": "z", "merchant": "N", "mode": "production"},
            "0": {"secret": "w", "merchant": "M", "mode": "production"}}"#;
        let (all, document) = worldline(keys);
        let held = |one: &WorldlineMerchant| {
            [&*one.merchant, &*one.webhook_key_id, &*one.webhook_secret].join(" ")
        };
        let held: Vec<String> = all.worldline.iter().map(held).collect();
        assert_eq!(held, ["DemoMerchant b y", "M a x", "N c z"]);
        let expected = ["DemoMerchant/test", "M/test", "N/production"];
        assert_eq!(all.names, expected.map(|name| format!("worldline/{name}")));
        assert!(Worldline.api(&document.unwrap()).is_ok());
    }

    #[test]
    fn who_has_a_password_of_his_own_is_asked_for_real() {
        let keys = r#"{
            "1": {"test": {"form": "a"}},
            "2": {"test": {"form": "b", "rest_password": "testpassword_own"}, "production": {"form": "c"}},
            "3": {"brand": {"name": "Mine", "rest": "http://127.0.0.1:1"}, "test": {"form": "d"}},
            "4": {"brand": "scellius", "production": {"form": "e", "ask": false}},
            "5": {"test": {"rest_password": "testpassword_demo", "hmac": "f"}, "production": {"form": " "}}
        }"#;
        let (all, document) = lyra(keys);
        let expected = ["1/test", "4/production", "5/test"];
        assert_eq!(all.names, expected.map(|name| format!("systempay/{name}")));
        let before: Value = serde_json::from_str(keys).unwrap();
        for real in ["2", "3"] {
            assert_eq!(document[real], before[real]);
        }
        for (served, mode) in [("1", "test"), ("4", "production"), ("5", "test")] {
            assert_eq!(document[served]["brand"]["rest"], ORIGINS.api);
            let password = text(&document[served], mode, PASSWORD);
            assert!(
                all.lyra
                    .iter()
                    .any(|shop| (&*shop.site, &shop.rest_password) == (served, &password))
            );
        }
        assert_eq!(document["4"]["production"]["ask"], false);
        assert_eq!(document["5"]["test"]["hmac"], "f");
    }
}
