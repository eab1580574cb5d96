//! Whom the fakes serve: whoever has no API credentials of his own, with the keys in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use quittance_aws::apis::{Apis, SECRET as API_SECRET};
use quittance_aws::clients;
use quittance_aws::keys::SECRET;
use quittance_core::api::Api;
use quittance_core::key::Account;
use quittance_core::{Mode, Provider};
use quittance_fakes::{LyraShop, WorldlineMerchant};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra;
use quittance_psp::worldline::{self, Keys};
use serde_json::{Value, json};

use super::everybody::{Everybody, KEY_SECRET, has, key_id};
use crate::keys::{Source, configured};

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
    /// Each as its orders' keys begin, for people; `*` is everybody.
    pub(super) names: Vec<String>,
    /// The credentials that are configured and those of the fakes.
    pub(super) apis: Apis,
}

/// Who has credentials for another place than the fakes', as their orders' keys begin.
pub(super) async fn called_for_real(apis: &Apis, fakes: &str) -> Vec<String> {
    let mut names = Vec::new();
    for provider in PROVIDERS {
        let Some(api) = apis.of(provider.profile().id).await else { continue };
        let real = api.accesses().into_iter().filter(|access| access.origin != fakes);
        names.extend(real.map(|access| {
            let Account { psp, merchant, mode } = access.account;
            [psp.as_str(), &merchant, mode.as_str()].join("/")
        }));
    }
    names
}

impl Merchants {
    /// As the environment has it.
    pub(super) async fn from_env(origins: Origins<'_>) -> Self {
        let secret = configured(API_SECRET).or_else(|| configured(SECRET));
        // Without a secret nobody looks for an account, which may take a second.
        let sdk = match secret {
            Some(_) => clients::sdk_config().await,
            None => SdkConfig::builder().build(),
        };
        let mut all = Self { apis: Apis::from_env(&sdk, PROVIDERS).await, ..Self::default() };
        for provider in PROVIDERS {
            let profile = provider.profile();
            let Some(keys) = in_force(*provider) else { continue };
            if profile.id == worldline::ID {
                let real = all.apis.of(profile.id).await;
                // Credentials that cannot be used are in the log. Whoever gives some does not mean the fake.
                let is_given = profile.api_variable.and_then(configured).is_some();
                if (real.is_some() || !is_given)
                    && let Some(api) = all.serve_worldline(&keys, real, origins)
                {
                    all.apis.add_api(profile.id, Arc::new(api));
                }
            } else if profile.id == lyra::ID
                && let Some(document) = all.serve_lyra(&keys, profile.demo_keys, origins)
            {
                all.apis.add(*provider, &document);
            }
        }
        all
    }

    /// Adds each merchant to whom keys are bound, and everybody where keys are bound to nobody: each with the first
    /// of the keys in each mode. What calls for them.
    fn serve_worldline(
        &mut self,
        document: &str,
        real: Option<Arc<dyn Api>>,
        origins: Origins<'_>,
    ) -> Option<Everybody> {
        let keys = Keys::from_json(document).ok()?;
        let secrets: Value = serde_json::from_str(document).ok()?;
        let mut first = BTreeMap::new();
        for (id, mode, merchant) in keys.held() {
            let key = first.entry((merchant, mode)).or_insert(id);
            *key = (*key).min(id);
        }
        let mut served = Vec::new();
        for ((who, mode), id) in first {
            let who = who.map(str::to_owned);
            let account =
                who.clone().map(|merchant| Account { psp: worldline::ID, merchant, mode });
            if account
                .is_some_and(|account| real.as_ref().is_some_and(|real| has(&**real, &account)))
            {
                continue;
            }
            let key = &secrets[id];
            let secret = key.as_str().or_else(|| key["secret"].as_str()).unwrap_or_default();
            let name = who.as_deref().unwrap_or("*");
            self.names.push([worldline::ID.as_str(), name, mode.as_str()].join("/"));
            self.worldline.push(WorldlineMerchant {
                merchant: who.clone(),
                key_id: key_id(mode).to_owned(),
                secret: KEY_SECRET.to_owned(),
                webhook_key_id: id.to_owned(),
                webhook_secret: secret.trim().to_owned(),
                webhook_url: format!("{}/webhooks/worldline", origins.stack),
            });
            served.push((who, mode));
        }
        Some(Everybody { real, fake: origins.api.to_owned(), served })
    }

    /// Adds the sites that are not at a gateway that their document names. The document, in which the fakes serve
    /// them.
    fn serve_lyra(
        &mut self,
        document: &str,
        demo_keys: &str,
        origins: Origins<'_>,
    ) -> Option<String> {
        let mut sites: Value = serde_json::from_str(document).ok()?;
        let demo: Value = serde_json::from_str(demo_keys).unwrap_or_default();
        for (id, site) in sites.as_object_mut()? {
            if !site.is_object() || is_real(site, &demo) {
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

/// Whether a site is asked for real: its document says at which gateway it is, and it has a password there. A password
/// alone may be any that signs notifications, and the demo's is nobody's.
fn is_real(site: &Value, demo: &Value) -> bool {
    let is_own = |word: &str| {
        let password = text(site, word, PASSWORD);
        let demos = || demo.as_object().into_iter().flatten();
        !password.is_empty() && demos().all(|(_, known)| text(known, word, PASSWORD) != password)
    };
    let brand = &site["brand"];
    brand.is_object() || brand.is_string() && MODES.iter().any(|(_, word, _)| is_own(word))
}

/// A secret of a site; empty where it has none.
fn text(site: &Value, mode: &str, member: &str) -> String {
    site[mode][member].as_str().unwrap_or_default().trim().to_owned()
}

/// The document of the keys in force: that of the variable, else the demo's. `None` where it cannot be used, where
/// there is none, and where the keys are in a secret, which is for deployed stacks.
fn in_force(provider: &dyn Provider) -> Option<String> {
    let profile = provider.profile();
    let document = match Source::of(provider, configured(SECRET).is_some()) {
        Source::Variable(document) => document,
        Source::Demo => profile.demo_keys.to_owned(),
        Source::Secret | Source::Nowhere => return None,
    };
    provider.keys(&document).is_ok().then_some(document)
}

#[cfg(test)]
mod tests {
    use quittance_psp::lyra::Lyra;
    use quittance_psp::worldline::Worldline;

    use super::*;

    const ORIGINS: Origins<'_> =
        Origins { stack: "http://127.0.0.1:9000", api: "http://127.0.0.1:9001" };

    fn worldline(document: &str, real: Option<&str>) -> (Merchants, Everybody) {
        let mut all = Merchants::default();
        let real = real.map(|document| Arc::from(Worldline.api(document).unwrap()));
        let api = all.serve_worldline(document, real, ORIGINS).unwrap();
        (all, api)
    }

    fn lyra(document: &str) -> (Merchants, Value) {
        let mut all = Merchants::default();
        let document = all.serve_lyra(document, Lyra.profile().demo_keys, ORIGINS).unwrap();
        assert!(Lyra.api(&document).is_ok(), "{document}");
        (all, serde_json::from_str(&document).unwrap())
    }

    #[test]
    fn the_demo_key_serves_everybody() {
        let (all, api) = worldline(Worldline.profile().demo_keys, None);
        assert_eq!(all.names, ["worldline/*/test"]);
        assert_eq!(all.worldline[0].webhook_secret, quittance_testing::SECRET);
        assert_eq!(api.served, [(None, Mode::Test)]);
    }

    #[test]
    fn each_merchant_is_served_in_each_mode_with_a_key_of_his_own() {
        let keys = r#"{"a": {"secret": " x ", "merchant": "M"}, "b": "y", "bb": "yy",
            "c": {"secret": "z", "merchant": "N", "mode": "production"},
            "0": {"secret": "w", "merchant": "M", "mode": "production"}}"#;
        let held = |one: &WorldlineMerchant| {
            let who = one.merchant.as_deref().unwrap_or("*");
            [who, &*one.key_id, &*one.webhook_key_id, &*one.webhook_secret].join(" ")
        };
        let served = |all: &Merchants| all.worldline.iter().map(held).collect::<Vec<String>>();
        let (all, api) = worldline(keys, None);
        let everybody = [
            "* local-key b y",
            "M local-key a x",
            "M local-production-key 0 w",
            "N local-production-key c z",
        ];
        assert_eq!(served(&all), everybody);
        let names = ["*/test", "M/test", "M/production", "N/production"];
        assert_eq!(all.names, names.map(|name| format!("worldline/{name}")));
        assert_eq!(api.accesses().len(), 3);
        // Credentials win, for the account that they are for.
        let own = r#"{"M": {"test": {"key_id": "key-1", "secret": "secret-1", "url": "http://127.0.0.1:1"}}}"#;
        let (all, api) = worldline(keys, Some(own));
        assert_eq!(served(&all), [everybody[0], everybody[2], everybody[3]]);
        assert_eq!(api.accesses().len(), 3);
    }

    #[test]
    fn who_has_a_password_at_a_gateway_is_asked_for_real() {
        let keys = r#"{
            "1": {"test": {"form": "a"}},
            "2": {"brand": "systempay", "test": {"form": "b", "rest_password": "testpassword_own"}, "production": {"form": "c"}},
            "3": {"brand": {"name": "Mine", "rest": "http://127.0.0.1:1"}, "test": {"form": "d"}},
            "4": {"brand": "scellius", "production": {"form": "e", "ask": false}},
            "5": {"test": {"rest_password": "testpassword_demo", "hmac": "f"}, "production": {"form": " "}},
            "6": {"test": {"rest_password": "testpassword_other"}, "production": {"form": "g"}}
        }"#;
        let (all, document) = lyra(keys);
        let expected = ["1/test", "4/production", "5/test", "6/test", "6/production"];
        assert_eq!(all.names, expected.map(|name| format!("systempay/{name}")));
        let before: Value = serde_json::from_str(keys).unwrap();
        for real in ["2", "3"] {
            assert_eq!(document[real], before[real]);
        }
        for (served, mode) in
            [("1", "test"), ("4", "production"), ("5", "test"), ("6", "test"), ("6", "production")]
        {
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
