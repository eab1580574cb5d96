//! The keys of every provider, as the environment gives them.

use aws_config::SdkConfig;
use quittance_aws::clients;
use quittance_aws::keys::{KeyRing, SECRET, client};
use quittance_aws::webhook::{AnyKeys, parse};
use quittance_core::{Provider, ProviderId};
use quittance_psp::PROVIDERS;

/// A secret, and the account in which it is.
#[derive(Clone, Copy)]
pub(crate) struct Secret<'a> {
    pub(crate) id: &'a str,
    pub(crate) sdk: &'a SdkConfig,
}

/// The keys of every provider; empty where what is configured cannot be used.
pub(crate) struct Rings(Vec<(&'static dyn Provider, KeyRing<AnyKeys>)>);

impl Rings {
    /// For each provider the keys of its variable, else those in the secret, else with `demo` the demo's. As
    /// under Lambda, keys that cannot be used do not stop the start: their route answers 500, and the log
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
    let document = match (configured(variable), secret) {
        (Some(document), _) => document,
        (None, Some(Secret { id, sdk })) => {
            return KeyRing::from_secret(client(sdk), id, profile.id.as_str(), parse(provider))
                .await;
        }
        (None, None) if demo => profile.demo_keys.to_owned(),
        (None, None) => return KeyRing::fixed(None),
    };
    KeyRing::from_document(variable, &document, &parse(provider))
}

/// Where the local stack has the keys of a provider from.
pub(crate) fn origin(provider: &dyn Provider) -> String {
    let variable = provider.profile().keys_variable;
    match (configured(variable), configured(SECRET)) {
        (Some(_), _) => format!("the keys of {variable}"),
        (None, Some(secret)) => format!("the keys of the secret {secret}"),
        (None, None) => "the demo's keys".to_owned(),
    }
}

/// A variable's value, unless it is empty.
pub(crate) fn configured(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.trim().is_empty())
}
