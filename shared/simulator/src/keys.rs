//! Keys: those of the providers before and after they are changed, and what a receiver holds of them.

use std::sync::LazyLock;

use quittance_core::provider::Keys;
use quittance_core::{Mode, Provider};
use quittance_fakes::{Config, LyraShop, WorldlineMerchant};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use serde_json::{Value, json};

use crate::plan::Psp;

/// The merchant at Worldline.
pub(crate) const MERCHANT: &str = "SimMerchant";

/// The site at Lyra.
pub(crate) const SITE: &str = "12345678";

/// Where the providers' APIs are.
pub(crate) const API: &str = "http://127.0.0.1:9010";

const PASSWORD: &str = "testpassword_sim";

/// Which of two keys, the older one first.
pub(crate) type Version = usize;

const FORM_KEYS: [&str; 2] = ["simformkey000000", "simformkey111111"];
const WEBHOOK_KEYS: [(&str, &str); 2] =
    [("sim-key-0", "sim-secret-0"), ("sim-key-1", "sim-secret-1")];

/// What a forger signs with.
const FORGED_FORM_KEY: &str = "forgedformkey000";
const FORGED_SECRET: &str = "forged-secret";

/// How long a receiver holds to what it has before it looks again by itself, in milliseconds.
const HOLDS: i64 = 60 * 60 * 1_000;

/// How long a refused message makes nobody look again, in milliseconds.
const LEAVES: i64 = 60 * 1_000;

/// The provider.
pub(crate) fn provider(psp: Psp) -> &'static dyn Provider {
    match psp {
        Psp::Worldline => &Worldline,
        Psp::Lyra => &Lyra,
    }
}

fn worldline_document(version: Version) -> Value {
    let (id, secret) = WEBHOOK_KEYS[version];
    json!({id: {"secret": secret, "mode": "test"}})
}

fn lyra_document(form_key: &str, password: &str) -> Value {
    json!({SITE: {"test": {"form": form_key, "rest_password": password}}})
}

/// The credentials with which a provider's API is called.
pub(crate) fn credentials(psp: Psp, version: Version) -> Value {
    let keys = json!({"form": FORM_KEYS[version], "rest_password": PASSWORD});
    let brand = json!({"name": "Sim", "back_office": API, "rest": API});
    match psp {
        Psp::Worldline => {
            json!({MERCHANT: {"test": {"key_id": "api-key", "secret": "api-secret", "url": API}}})
        }
        Psp::Lyra => json!({SITE: {"brand": brand, "test": keys}}),
    }
}

/// The keys of both providers: the older, the newer, what of the older stays beside the newer, and a forger's.
struct Rings {
    older: Box<dyn Keys>,
    newer: Box<dyn Keys>,
    beside: Box<dyn Keys>,
    forged: Box<dyn Keys>,
}

static RINGS: LazyLock<[Rings; 2]> = LazyLock::new(|| {
    let keys = |psp, document: Value| {
        provider(psp).keys(&document.to_string()).expect("a document of keys")
    };
    [Psp::Worldline, Psp::Lyra].map(|psp| {
        let document = |version: Version| match psp {
            Psp::Worldline => worldline_document(version),
            Psp::Lyra => lyra_document(FORM_KEYS[version], PASSWORD),
        };
        let forged = match psp {
            Psp::Worldline => json!({WEBHOOK_KEYS[0].0: {"secret": FORGED_SECRET, "mode": "test"}}),
            Psp::Lyra => lyra_document(FORGED_FORM_KEY, "forged_password"),
        };
        let (older, newer) = (keys(psp, document(0)), keys(psp, document(1)));
        let beside = older.beside(&*newer).0;
        Rings { older, newer, beside, forged: keys(psp, forged) }
    })
});

fn rings(psp: Psp) -> &'static Rings {
    &RINGS[psp as usize]
}

/// The keys that a forger has.
pub(crate) fn forged(psp: Psp) -> &'static dyn Keys {
    &*rings(psp).forged
}

/// Whom the providers serve, once they sign with this version.
pub(crate) fn config(seed: u64, version: Version) -> Config {
    let (webhook_key_id, webhook_secret) = WEBHOOK_KEYS[version];
    let merchant = WorldlineMerchant {
        merchant: Some(MERCHANT.to_owned()),
        key_id: "api-key".to_owned(),
        secret: "api-secret".to_owned(),
        webhook_key_id: webhook_key_id.to_owned(),
        webhook_secret: webhook_secret.to_owned(),
        webhook_url: "http://127.0.0.1:9000/webhooks/worldline".to_owned(),
    };
    let shop = LyraShop {
        site: SITE.to_owned(),
        mode: Mode::Test,
        form_key: FORM_KEYS[version].to_owned(),
        rest_password: PASSWORD.to_owned(),
        notification_url: "http://127.0.0.1:9000/webhooks/systempay".to_owned(),
    };
    Config {
        pages_origin: "http://127.0.0.1:9000".to_owned(),
        api_origin: API.to_owned(),
        seed,
        worldline: vec![merchant],
        lyra: vec![shop],
    }
}

/// The name of the secret with what notifications are proven with.
pub(crate) const KEYS_SECRET: &str = "keys";

/// The name of the secret with what the providers' APIs are called with.
pub(crate) const API_SECRET: &str = "apis";

/// What is in a secret once the operator has put this version.
pub(crate) fn secret(name: &str, version: Version) -> Option<Value> {
    let lyra = credentials(Psp::Lyra, version);
    match name {
        KEYS_SECRET => Some(json!({"worldline": worldline_document(version), "systempay": lyra})),
        API_SECRET => {
            Some(json!({"worldline_api": credentials(Psp::Worldline, version), "systempay": lyra}))
        }
        _ => None,
    }
}

/// What one receiver holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    version: Version,
    looked_at: i64,
}

impl Held {
    /// Whoever holds this version.
    pub(crate) fn of(version: Version) -> Self {
        Self { version, looked_at: 0 }
    }

    /// Those that are in force, the newest first.
    pub(crate) fn keys(self, psp: Psp) -> Vec<&'static dyn Keys> {
        let rings = rings(psp);
        match self.version {
            0 => vec![&*rings.older],
            _ => vec![&*rings.newer, &*rings.beside],
        }
    }

    /// Whether it looks again, by itself or because a message was refused.
    pub(crate) fn looks(self, now: i64, was_refused: bool) -> bool {
        now - self.looked_at >= if was_refused { LEAVES } else { HOLDS }
    }

    /// It has looked, and found this version or nothing.
    pub(crate) fn looked(&mut self, now: i64, found: Option<Version>) {
        self.looked_at = now;
        self.version = found.unwrap_or(self.version);
    }
}
