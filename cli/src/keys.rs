//! The keys of both PSPs, as the environment gives them.

use aws_config::SdkConfig;
use quittance_aws::clients;
use quittance_aws::keys::{KeyRing, Parse, Place, client};
use quittance_core::Versioned;
use quittance_psp::{lyra, worldline};

/// The Worldline keys of the demo, used unless configured.
pub(crate) const DEMO_WORLDLINE_KEYS: &str = r#"{"demo-key": "demo-secret"}"#;

/// The Lyra keys of the demo, used unless configured.
pub(crate) const DEMO_LYRA_KEYS: &str =
    r#"{"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}"#;

/// A secret, and the account in which it is.
#[derive(Clone, Copy)]
pub(crate) struct Secret<'a> {
    pub(crate) id: &'a str,
    pub(crate) sdk: &'a SdkConfig,
}

/// The keys of both PSPs; empty where what is configured cannot be used.
pub(crate) struct Rings {
    pub(crate) worldline: KeyRing<worldline::Keys>,
    pub(crate) lyra: KeyRing<lyra::Keys>,
}

impl Rings {
    /// For each PSP the keys of its variable, else those in the secret, else with `demo` the demo's. As
    /// under Lambda, keys that cannot be used do not stop the start: their route answers 500, and the log
    /// says what is wrong.
    pub(crate) async fn open(secret: Option<Secret<'_>>, demo: bool) -> Self {
        let demo = |keys| demo.then_some(keys);
        let worldline = worldline_webhook::KEYS;
        let lyra = systempay_ipn::KEYS;
        let (parse_worldline, parse_lyra) =
            (worldline_webhook::parse_keys, systempay_ipn::parse_keys);
        Self {
            worldline: ring(secret, worldline, parse_worldline, demo(DEMO_WORLDLINE_KEYS)).await,
            lyra: ring(secret, lyra, parse_lyra, demo(DEMO_LYRA_KEYS)).await,
        }
    }
}

async fn ring<K: Versioned>(
    secret: Option<Secret<'_>>,
    place: Place,
    parse: Parse<K>,
    demo: Option<&str>,
) -> KeyRing<K> {
    let variable = place.variable;
    let document = match (configured(variable), secret, demo) {
        (Some(document), ..) => document,
        (None, Some(Secret { id, sdk }), _) => {
            return KeyRing::from_secret(client(sdk), id, place.member, parse).await;
        }
        (None, None, Some(demo)) => demo.to_owned(),
        (None, None, None) => return KeyRing::fixed(None),
    };
    KeyRing::from_document(variable, &document, parse)
}

impl Rings {
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
}

/// A variable's value, unless it is empty.
pub(crate) fn configured(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.trim().is_empty())
}
