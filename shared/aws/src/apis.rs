//! The credentials of the providers' APIs, as the environment or a secret gives them.
//!
//! Only functions that ask or move money hold them. A secret of their own ([`SECRET`]) keeps them from the functions
//! that take notifications: who takes notifications cannot refund.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use quittance_core::api::Api;
use quittance_core::provider::Profile;
use quittance_core::{Provider, ProviderId, Providers};
use tokio::sync::Mutex;

use crate::clock::Moment;
use crate::keys::{self, STAGES};

/// The variable that names the secret with the credentials. Without one, they are looked for in that of the keys.
pub const SECRET: &str = "QUITTANCE_API_SECRET";

/// How long credentials are used before the secret is read again.
const LIFETIME: Duration = Duration::from_secs(300);

/// Least time between two looks at the secret because a provider did not take what is held.
const REFRESH_GAP: Duration = Duration::from_secs(60);

/// What may be called, of each provider.
#[derive(Clone, Debug, Default)]
pub struct Apis(Vec<(ProviderId, Arc<Credentials>)>);

/// The credentials of one provider.
struct Credentials {
    secret: Option<Secret>,
    held: Mutex<Held>,
}

/// What is held from one look to the next.
struct Held {
    api: Option<Arc<dyn Api>>,
    read_at: Moment,
    /// Whether the last look brought nothing that can be used: the next one is soon.
    failed: bool,
}

/// Where credentials are read from.
struct Secret {
    client: Client,
    id: String,
    member: String,
    provider: &'static dyn Provider,
}

impl Apis {
    /// What the environment gives: the provider's own variable, else its member of the secret. What cannot be used
    /// is in the log, and is as if it were not there.
    pub async fn from_env(sdk: &SdkConfig, providers: Providers) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let secret = set(SECRET).or_else(|| set(keys::SECRET));
        let mut all = Self::default();
        for provider in providers {
            let Some(variable) = provider.profile().api_variable else { continue };
            match (set(variable), &secret) {
                (Some(document), _) => all.add(*provider, &document),
                (None, Some(id)) => all.add_secret(*provider, keys::client(sdk), id).await,
                (None, None) => {}
            }
        }
        all
    }

    /// Adds the credentials of a document, in place of others of the same provider.
    pub fn add(&mut self, provider: &'static dyn Provider, document: &str) {
        let api = read(provider, document).map(Arc::from);
        let held = Mutex::new(Held { api, read_at: Moment::now(), failed: false });
        self.put(provider.profile().id, Credentials { secret: None, held });
    }

    /// Adds those in a secret, which is read at once.
    pub async fn add_secret(&mut self, provider: &'static dyn Provider, client: Client, id: &str) {
        let Some(member) = member(provider.profile()) else { return };
        let secret = Secret { client, id: id.to_owned(), member, provider };
        let found = secret.read().await;
        let (failed, api) = (found.is_none(), found.unwrap_or_default());
        let held = Mutex::new(Held { api, read_at: Moment::now(), failed });
        self.put(provider.profile().id, Credentials { secret: Some(secret), held });
    }

    /// Adds what calls a provider, in place of others of the same provider.
    pub fn add_api(&mut self, id: ProviderId, api: Arc<dyn Api>) {
        let held = Mutex::new(Held { api: Some(api), read_at: Moment::now(), failed: false });
        self.put(id, Credentials { secret: None, held });
    }

    fn put(&mut self, id: ProviderId, credentials: Credentials) {
        self.0.retain(|(known, _)| *known != id);
        self.0.push((id, Arc::new(credentials)));
    }

    /// Whether nothing is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a provider, if there are any.
    pub async fn of(&self, id: ProviderId) -> Option<Arc<dyn Api>> {
        self.credentials(id)?.after(LIFETIME).await
    }

    /// Notes that a provider did not take what is held: there may be newer ones.
    pub async fn refused(&self, id: ProviderId) {
        if let Some(credentials) = self.credentials(id) {
            credentials.after(REFRESH_GAP).await;
        }
    }

    fn credentials(&self, id: ProviderId) -> Option<&Credentials> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, credentials)| &**credentials)
    }
}

impl Credentials {
    /// What is held, read anew where it is older than this. What cannot be read leaves what is held.
    async fn after(&self, age: Duration) -> Option<Arc<dyn Api>> {
        let mut held = self.held.lock().await;
        let age = if held.failed { age.min(REFRESH_GAP) } else { age };
        if let Some(secret) = &self.secret
            && Moment::now().since(held.read_at) >= age
        {
            held.read_at = Moment::now();
            let found = secret.read().await;
            held.failed = found.is_none();
            if let Some(api) = found {
                held.api = api;
            }
        }
        held.api.clone()
    }
}

impl Secret {
    /// What the secret has for the provider; `None` where it cannot be read, or what it has cannot be used.
    async fn read(&self) -> Option<Option<Arc<dyn Api>>> {
        let [current, _] = STAGES;
        match keys::documents(&self.client, &self.id, current).await {
            Ok(documents) => {
                let Some(document) = documents.get(&*self.member) else { return Some(None) };
                read(self.provider, document.get()).map(Arc::from).map(Some)
            }
            Err(error) => {
                tracing::error!(secret = self.id, %error, "API credentials not read");
                None
            }
        }
    }
}

/// The name of the document in the secret: that of its variable. Where one document is for keys and API alike, the
/// name of the keys.
fn member(profile: &Profile) -> Option<String> {
    let variable = profile.api_variable?;
    if variable == profile.keys_variable {
        return Some(profile.id.to_string());
    }
    Some(variable.strip_prefix("QUITTANCE_").unwrap_or(variable).to_lowercase())
}

fn read(provider: &'static dyn Provider, document: &str) -> Option<Box<dyn Api>> {
    let psp = provider.profile().id;
    let api = provider.api(document);
    api.inspect_err(|why| tracing::error!(%psp, %why, "API credentials are not usable")).ok()
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret.as_ref().map(|secret| &*secret.id);
        f.debug_struct("Credentials").field("secret", &secret).finish_non_exhaustive()
    }
}
