//! Keys that can change while the function runs.
//!
//! They come from a variable, or from a secret of AWS Secrets Manager, whose current and previous
//! versions are both accepted: whoever changes a key puts the new document, and what was signed with the
//! old key is still believed. A message that no version verifies may be signed with a key that is newer
//! than what is held, so it makes the secret be read once more, at most once a minute whoever
//! asks.
//!
//! What a key looks like is the PSP's affair: a document is parsed by whoever holds the ring. Nothing of
//! a document is ever logged.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use quittance_core::Versioned;
use quittance_core::provider::Profile;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::clock::Moment;
use crate::error::StoreError;

/// How long keys are used before the secret is looked at again, so that a key which is in neither version
/// any more is refused from then on.
const LIFETIME: Duration = Duration::from_secs(300);

/// Least time between two looks at the secret for messages that no key verifies, and between two looks
/// at one that has something wrong or nothing for us. Forgers can ask as often as they like.
const REFRESH_GAP: Duration = Duration::from_secs(60);

/// Least time between two looks while a message waits and no look has succeeded yet.
const RETRY_GAP: Duration = Duration::from_secs(1);

/// How long one look may take: what follows it must still be answered before the PSP gives up.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// The versions of a secret that are in force, the current one first.
pub const STAGES: [&str; 2] = ["AWSCURRENT", "AWSPREVIOUS"];

/// The variable that names the secret.
pub const SECRET: &str = "QUITTANCE_KEYS_SECRET";

/// Where the document of one PSP's keys is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The variable that holds it; wins over the secret.
    pub variable: &'static str,
    /// Its name among the documents in the secret.
    pub member: &'static str,
}

impl From<&'static Profile> for Place {
    fn from(profile: &'static Profile) -> Self {
        Self { variable: profile.keys_variable, member: profile.id.as_str() }
    }
}

/// How a document is read. An error must quote nothing of it.
pub struct Parse<K>(Box<Reader<K>>);

type Reader<K> = dyn Fn(&str) -> Result<K, String> + Send + Sync;

impl<K> Parse<K> {
    /// Reads by this function.
    pub fn new(parse: impl Fn(&str) -> Result<K, String> + Send + Sync + 'static) -> Self {
        Self(Box::new(parse))
    }

    /// Reads a document.
    pub fn read(&self, document: &str) -> Result<K, String> {
        (self.0)(document)
    }
}

/// The keys of one PSP as they are now.
pub struct KeyRing<K> {
    held: Arc<RwLock<Arc<Held<K>>>>,
    secret: Option<Arc<Secret<K>>>,
}

/// What a ring holds at a moment.
struct Held<K> {
    /// By the version of [`STAGES`] that they come from.
    versions: [Option<Arc<K>>; STAGES.len()],
    /// Whether it was found out what there is, and not only what there was.
    certain: bool,
    /// Whether the secret can be read and is about other PSPs only.
    not_ours: bool,
    since: Moment,
}

/// The secret that a ring is read from.
struct Secret<K> {
    client: Client,
    id: String,
    member: &'static str,
    parse: Parse<K>,
    /// When it was last looked at for a message. Held while looking, so that one looks and the others
    /// wait for what comes of it.
    looked_for_message: Mutex<Option<Moment>>,
}

/// What one version of a secret has for us.
enum Version<K> {
    Keys(K),
    /// The version is not there, or empty.
    Nothing,
    /// It can be read and is about other PSPs only.
    NotOurs,
    /// It could not be read, or what it says cannot be used.
    Failed,
}

/// Why the secret is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The function starts.
    Start,
    /// What is held is old, or there is nothing.
    Due,
    /// No key verified a message.
    ForMessage,
}

/// Why a message was not verified.
#[derive(Debug, PartialEq, Eq)]
pub enum Unverified<E> {
    /// There are no usable keys.
    NoKeys,
    /// There are keys, and none of them is for this PSP.
    NotOurs,
    /// No key verifies it.
    Refused(E),
}

impl<K: Versioned> KeyRing<K> {
    /// Keys that never change; none refuses everything.
    pub fn fixed(keys: Option<K>) -> Self {
        Self::holding([keys.map(Arc::new), None], None)
    }

    /// The keys in a document that was found where `variable` says. One that cannot be used is in the log,
    /// and leaves the ring empty.
    pub fn from_document(variable: &str, document: &str, parse: &Parse<K>) -> Self {
        let keys = parse.read(document);
        let keys = keys.inspect_err(|why| tracing::error!(variable, %why, "keys are not usable"));
        Self::fixed(keys.ok())
    }

    /// The keys that the environment gives: those of the variable, else those of the secret. Where they
    /// cannot be used, the log says what is wrong and the ring is empty: a function that starts and
    /// answers 500 tells more than one that does not start.
    pub async fn from_env(sdk: &SdkConfig, place: Place, parse: Parse<K>) -> Self {
        let set = |name| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let variable = place.variable;
        if let Some(document) = set(variable) {
            return Self::from_document(variable, &document, &parse);
        }
        match set(SECRET) {
            Some(id) => Self::from_secret(client(sdk), id, place.member, parse).await,
            None => {
                tracing::error!(variable, "keys are missing");
                Self::fixed(None)
            }
        }
    }

    /// The keys in a secret, which is looked at at once.
    pub async fn from_secret(
        client: Client,
        id: impl Into<String>,
        member: &'static str,
        parse: Parse<K>,
    ) -> Self {
        let looked_for_message = Mutex::default();
        let secret = Secret { client, id: id.into(), member, parse, looked_for_message };
        let ring = Self::holding([None, None], Some(Arc::new(secret)));
        ring.look(&ring.held(), Look::Start).await;
        ring
    }

    fn holding(versions: [Option<Arc<K>>; STAGES.len()], secret: Option<Arc<Secret<K>>>) -> Self {
        let held = Held { versions, certain: false, not_ours: false, since: Moment::now() };
        Self { held: Arc::new(RwLock::new(Arc::new(held))), secret }
    }

    /// What `verify` makes of a message under the first version of the keys that verifies it. Where none
    /// does and `may_be_stale` says that newer keys might, they are fetched and tried, once.
    pub async fn verify<T, E>(
        &self,
        verify: impl Fn(&K) -> Result<T, E>,
        may_be_stale: impl Fn(&E) -> bool,
    ) -> Result<T, Unverified<E>> {
        let mut held = self.held();
        if held.is_due() {
            held = self.look(&held, Look::Due).await;
        }
        match held.verify(&verify) {
            Err(Unverified::Refused(why)) if may_be_stale(&why) => {
                let newer = self.look(&held, Look::ForMessage).await;
                if Arc::ptr_eq(&held, &newer) {
                    return Err(Unverified::Refused(why));
                }
                newer.verify(&verify)
            }
            settled => settled,
        }
    }

    /// Looks at the secret, unless it is too early for that, or somebody has looked since `seen` was
    /// taken. What is held then. What cannot be read stays as it was.
    async fn look(&self, seen: &Arc<Held<K>>, why: Look) -> Arc<Held<K>> {
        let Some(secret) = &self.secret else {
            return Arc::clone(seen);
        };
        let mut looked_for_message = secret.looked_for_message.lock().await;
        let held = self.held();
        if !Arc::ptr_eq(seen, &held) {
            return held;
        }
        let gap = match why {
            Look::ForMessage => Some(REFRESH_GAP),
            Look::Due if held.has_failed() => Some(RETRY_GAP),
            Look::Due | Look::Start => None,
        };
        if let Some(gap) = gap {
            if looked_for_message.as_ref().is_some_and(|at| at.elapsed() < gap) {
                return held;
            }
            *looked_for_message = Some(Moment::now());
        }
        let newer = Arc::new(secret.read(&held).await);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&newer);
        newer
    }
}

impl<K> KeyRing<K> {
    /// How many versions of the keys are held.
    pub fn versions(&self) -> usize {
        self.held().versions.iter().flatten().count()
    }

    fn held(&self) -> Arc<Held<K>> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K> Held<K> {
    /// The outcome under the first version that verifies, else what the current one says.
    fn verify<T, E>(&self, verify: impl Fn(&K) -> Result<T, E>) -> Result<T, Unverified<E>> {
        let mut refused = None;
        for keys in self.versions.iter().flatten() {
            match verify(keys) {
                Ok(verified) => return Ok(verified),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        let without = if self.not_ours { Unverified::NotOurs } else { Unverified::NoKeys };
        Err(refused.map_or(without, Unverified::Refused))
    }

    /// Whether there are no keys although there should be.
    fn has_failed(&self) -> bool {
        self.versions.iter().all(Option::is_none) && !self.not_ours
    }

    /// Whether the secret should be looked at before a message is verified.
    fn is_due(&self) -> bool {
        let lifetime = if self.certain && !self.not_ours { LIFETIME } else { REFRESH_GAP };
        self.has_failed() || self.since.elapsed() >= lifetime
    }
}

impl<K: Versioned> Secret<K> {
    /// What there is now; what cannot be read stays as it is `held`.
    async fn read(&self, held: &Held<K>) -> Held<K> {
        let [current, previous] = STAGES.map(|stage| self.version(stage));
        let (current, previous) = tokio::join!(current, previous);
        let not_ours = matches!(current, Version::NotOurs);
        let failed = |version: &Version<K>| matches!(version, Version::Failed);
        let certain = !failed(&current) && !failed(&previous);
        let [held_current, held_previous] = &held.versions;
        let current = current.or_held(held_current);
        let previous =
            previous.or_held(held_previous).map(|keys| self.beside(keys, current.as_deref()));
        let versions = [current, previous];
        Held { versions, certain, not_ours, since: Moment::now() }
    }

    /// What of the previous version stays in force: a secret that has moved to another mode or merchant is
    /// what the current version says, and not both.
    fn beside(&self, previous: Arc<K>, current: Option<&K>) -> Arc<K> {
        let Some(current) = current else {
            return previous;
        };
        let (kept, sentences) = previous.beside(current);
        for why in sentences {
            let secret = &self.id;
            tracing::warn!(secret, %why, "a key of the previous version is not in force");
        }
        Arc::new(kept)
    }

    async fn version(&self, stage: &'static str) -> Version<K> {
        let secret = &self.id;
        let why = match documents(&self.client, secret, stage).await {
            Ok(documents) => match documents.get(self.member) {
                Some(document) => match self.parse.read(document.get()) {
                    Ok(keys) => return Version::Keys(keys),
                    Err(why) => why,
                },
                None if documents.is_empty() => return Version::Nothing,
                None => return Version::NotOurs,
            },
            Err(error) => error.to_string(),
        };
        tracing::error!(secret, stage, %why, "keys are not usable");
        Version::Failed
    }
}

impl<K> Version<K> {
    /// The keys to hold, where so far `held` were.
    fn or_held(self, held: &Option<Arc<K>>) -> Option<Arc<K>> {
        match self {
            Self::Keys(keys) => Some(Arc::new(keys)),
            Self::Nothing | Self::NotOurs => None,
            Self::Failed => held.clone(),
        }
    }
}

/// The documents in one version of the secret; none where the version is not there.
pub async fn documents(
    client: &Client,
    id: &str,
    stage: &str,
) -> Result<HashMap<String, Box<RawValue>>, StoreError> {
    let reply = match client.get_secret_value().secret_id(id).version_stage(stage).send().await {
        Ok(reply) => reply,
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            return Ok(HashMap::new());
        }
        Err(error) => return Err(StoreError::unavailable("get secret", &error)),
    };
    serde_json::from_str(reply.secret_string.as_deref().unwrap_or(""))
        // The parser's own words may quote a name, and a name may be a secret in the wrong place.
        .map_err(|_| StoreError::Corrupt("secret: not a JSON object of key documents".to_owned()))
}

/// A client whose calls end in time.
pub fn client(sdk: &SdkConfig) -> Client {
    let limits = TimeoutConfig::builder()
        .connect_timeout(LOOK_TIMEOUT)
        .operation_attempt_timeout(LOOK_TIMEOUT)
        .operation_timeout(LOOK_TIMEOUT);
    let config = aws_sdk_secretsmanager::config::Builder::from(sdk);
    Client::from_conf(config.timeout_config(limits.build()).build())
}

impl<K> Clone for KeyRing<K> {
    fn clone(&self) -> Self {
        Self { held: Arc::clone(&self.held), secret: self.secret.clone() }
    }
}

impl<K> Debug for KeyRing<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret.as_ref().map(|secret| secret.id.as_str());
        f.debug_struct("KeyRing")
            .field("versions", &self.versions())
            .field("secret", &secret)
            .finish_non_exhaustive()
    }
}
