//! The keys of every provider, as the environment gives them.

use aws_config::SdkConfig;
use quittance_aws::archive::ArchivedNotification;
use quittance_aws::clients;
use quittance_aws::keys::{KeyRing, SECRET, client};
use quittance_aws::sources::Sources;
use quittance_aws::webhook::{AnyKeys, options, parse};
use quittance_core::Reading;
use quittance_core::crypto::sha256_hex;
use quittance_core::provider::{Incoming, Received};
use quittance_core::{Provider, ProviderId};
use quittance_evidence::Proof;
use quittance_psp::PROVIDERS;

/// A secret, and the account in which it is.
#[derive(Clone, Copy)]
pub(crate) struct Secret<'a> {
    pub(crate) id: &'a str,
    pub(crate) sdk: &'a SdkConfig,
}

/// Where a local stack has the keys of a provider from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The provider's variable, with this document.
    Variable(String),
    /// The secret.
    Secret,
    /// The samples': nobody configured keys of any provider.
    Demo,
    /// Nowhere: somebody has keys of his own, and none of this provider. The demo's are public, and whoever knows
    /// them could release orders of a stack that is not a demo any more.
    Nowhere,
}

impl Source {
    /// Where those of `provider` are from, beside a secret or not.
    pub(crate) fn of(provider: &dyn Provider, has_secret: bool) -> Self {
        Self::among(provider, has_secret, configured)
    }

    fn among(
        provider: &dyn Provider,
        has_secret: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let document = |provider: &dyn Provider| variable(provider.profile().keys_variable);
        match document(provider) {
            Some(document) => Self::Variable(document),
            None if has_secret => Self::Secret,
            None if PROVIDERS.iter().any(|other| document(*other).is_some()) => Self::Nowhere,
            None => Self::Demo,
        }
    }
}

/// The keys of every provider; empty where what is configured cannot be used.
#[derive(Clone)]
pub(crate) struct Rings(Vec<(&'static dyn Provider, KeyRing<AnyKeys>)>);

impl Rings {
    /// For each provider the keys of its variable, else those in the secret, else with `demo` the demo's as long as
    /// no provider has keys of its own. As under Lambda, keys that cannot be used do not stop the start: their route answers 500, and the log
    /// says what is wrong.
    pub(crate) async fn open(secret: Option<Secret<'_>>, demo: bool) -> Self {
        let mut rings = Vec::with_capacity(PROVIDERS.len());
        for provider in PROVIDERS {
            rings.push((*provider, ring(*provider, secret, demo).await));
        }
        Self(rings)
    }

    /// The same with the secret of this name in the account of the usual AWS configuration, which is only
    /// looked at where there is a secret: without one it may take a second to find that there is no account.
    pub(crate) async fn with_secret(id: Option<String>, demo: bool) -> Self {
        match id {
            None => Self::open(None, demo).await,
            Some(id) => {
                let sdk = clients::sdk_config().await;
                Self::open(Some(Secret { id: &id, sdk: &sdk }), demo).await
            }
        }
    }

    /// Each provider with its keys.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static dyn Provider, &KeyRing<AnyKeys>)> {
        self.0.iter().map(|(provider, ring)| (*provider, ring))
    }

    /// What a kept notification says, verified anew. `None` where it is damaged, or where no key verifies it.
    pub(crate) async fn read(&self, kept: &ArchivedNotification) -> Option<Vec<Reading>> {
        Some(self.prove(kept).await?.readings)
    }

    /// The same with the key that verifies it.
    pub(crate) async fn prove(&self, kept: &ArchivedNotification) -> Option<Proof> {
        let (provider, ring) = self.of(kept.psp)?;
        if sha256_hex(&kept.body) != kept.sha256 {
            return None;
        }
        let profile = provider.profile();
        let headers = kept.headers.iter().filter_map(|(name, value)| {
            let known = profile.kept_headers.iter().find(|known| **known == name.as_str())?;
            Some((*known, value.as_bytes()))
        });
        let headers: Vec<(&'static str, &[u8])> = headers.collect();
        let message = Incoming { headers: &headers, body: &kept.body, arrived: kept.received_at };
        let options = options(profile);
        let receive = |keys: &AnyKeys| keys.receive(&message, &options);
        let Received { key, readings, .. } =
            ring.verify(receive, |why| why.may_be_stale()).await.ok()?;
        Some(Proof { key, readings })
    }

    /// A provider with its keys; `None` where there is no such provider.
    pub(crate) fn of(&self, id: ProviderId) -> Option<(&'static dyn Provider, &KeyRing<AnyKeys>)> {
        self.each().find(|(provider, _)| provider.profile().id == id)
    }
}

async fn ring(
    provider: &'static dyn Provider,
    secret: Option<Secret<'_>>,
    demo: bool,
) -> KeyRing<AnyKeys> {
    let profile = provider.profile();
    let variable = profile.keys_variable;
    let document = match (Source::of(provider, secret.is_some()), secret) {
        (Source::Variable(document), _) => document,
        (Source::Secret, Some(Secret { id, sdk })) => {
            return KeyRing::from_secret(client(sdk), id, profile.id.as_str(), parse(provider))
                .await;
        }
        (Source::Demo, _) if demo => profile.demo_keys.to_owned(),
        (Source::Nowhere, _) if demo => return KeyRing::of_others(),
        (Source::Secret | Source::Demo | Source::Nowhere, _) => return KeyRing::fixed(None),
    };
    KeyRing::from_document(variable, &document, &parse(provider))
}

/// What the route of a provider does with notifications on the local stack, and under whose keys.
pub(crate) fn origin(provider: &dyn Provider, ring: &KeyRing<AnyKeys>) -> String {
    let variable = provider.profile().keys_variable;
    let secret = configured(SECRET);
    let whose = match Source::of(provider, secret.is_some()) {
        Source::Variable(_) => format!("the keys of {variable}"),
        Source::Secret => format!("the keys of the secret {}", secret.unwrap_or_default()),
        Source::Demo => "the demo's keys".to_owned(),
        Source::Nowhere => {
            return format!(
                "refuses notifications: there are no keys in {variable}, and the demo's are not in force beside your own"
            );
        }
    };
    let unread =
        |variable: &&str| Sources::parse(&configured(variable).unwrap_or_default()).is_err();
    match (ring.versions(), provider.profile().sources_variable.filter(unread)) {
        (0, _) => format!("takes no notifications: {whose} cannot be used"),
        (_, Some(list)) => {
            format!("takes no notifications: the addresses in {list} cannot be read")
        }
        _ => format!("takes notifications under {whose}"),
    }
}

/// A variable's value, unless it is empty.
pub(crate) fn configured(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use quittance_psp::lyra::Lyra;
    use quittance_psp::worldline::Worldline;

    use super::*;

    #[test]
    fn the_demo_keys_are_in_force_while_nobody_has_keys_of_his_own() {
        let own = |name: &str| (name == "QUITTANCE_SYSTEMPAY_KEYS").then(|| "{}".to_owned());
        let nothing = |_: &str| None;
        assert_eq!(Source::among(&Worldline, false, nothing), Source::Demo);
        assert_eq!(Source::among(&Worldline, true, nothing), Source::Secret);
        assert_eq!(Source::among(&Worldline, false, own), Source::Nowhere);
        assert_eq!(Source::among(&Worldline, true, own), Source::Secret);
        assert_eq!(Source::among(&Lyra, false, own), Source::Variable("{}".to_owned()));
    }
}
