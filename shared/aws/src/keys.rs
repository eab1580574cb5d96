//! Keys that can change while the function runs.
//!
//! They come from a variable, or from a secret of AWS Secrets Manager, whose current and previous
//! versions are both accepted: whoever changes a key puts the new document, and what was signed with the
//! old key is still believed. A message that no version verifies may be signed with a key that is newer
//! than what is held, so it makes the secret be read once more, at most once in [`REFRESH_GAP`] whoever
//! asks.
//!
//! What a key looks like is the PSP's affair: a document is parsed by whoever holds the ring. Nothing of
//! a document is ever logged.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::error::StoreError;

/// How long keys are used before the secret is looked at again: a key that was taken out is refused
/// from then on.
const LIFETIME: Duration = Duration::from_secs(300);

/// Least time between two looks at the secret for messages that no key verifies. Forgers can ask as
/// often as they like; the secret is read once a minute.
const REFRESH_GAP: Duration = Duration::from_secs(60);

/// Least time between two looks while no usable key is held at all.
const RETRY_GAP: Duration = Duration::from_secs(1);

/// How long one look may take: what follows it must still be answered before the PSP gives up.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

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

/// Reads a document. An error must quote nothing of it.
pub type Parse<K> = fn(&str) -> Result<K, String>;

/// The keys of one PSP as they are now.
pub struct KeyRing<K> {
    held: Arc<RwLock<Held<K>>>,
    secret: Option<Arc<Secret<K>>>,
}

/// What a ring holds at a moment: the current version first.
struct Held<K> {
    versions: Arc<[K]>,
    since: Instant,
}

/// The secret that a ring is read from.
struct Secret<K> {
    client: Client,
    id: String,
    member: &'static str,
    parse: Parse<K>,
    /// Held while looking, so that one looks and the others wait for it.
    looks: Mutex<Looks>,
}

/// When a secret was looked at.
#[derive(Default)]
struct Looks {
    last: Option<Instant>,
    /// The last time for a message that no key verified.
    last_for_message: Option<Instant>,
}

/// Why the secret is looked at.
#[derive(Clone, Copy)]
enum Look {
    /// What is held is old, or there is nothing: unless somebody looked within `gap`.
    Due { gap: Duration },
    /// No key verified a message: unless that made somebody look within [`REFRESH_GAP`].
    ForMessage,
}

/// Why a message was not verified.
#[derive(Debug, PartialEq, Eq)]
pub enum Unverified<E> {
    /// There are no usable keys.
    NoKeys,
    /// No key verifies it.
    Refused(E),
}

impl<K> KeyRing<K> {
    /// Keys that never change; none refuses everything.
    pub fn fixed(keys: Option<K>) -> Self {
        Self::of(keys.into_iter().collect(), None)
    }

    /// The keys that the environment gives: those of the variable, else those of the secret. Where they
    /// cannot be used, the log says what is wrong and the ring is empty: a function that starts and
    /// answers 500 tells more than one that does not start.
    pub async fn from_env(sdk: &SdkConfig, place: Place, parse: Parse<K>) -> Self {
        let set = |name| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let variable = place.variable;
        if let Some(document) = set(variable) {
            let keys = parse(&document);
            let keys =
                keys.inspect_err(|why| tracing::error!(variable, %why, "keys are not usable"));
            return Self::fixed(keys.ok());
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
        let looks = Mutex::default();
        let secret = Secret { client, id: id.into(), member, parse, looks };
        let ring = Self::of(Vec::new(), Some(Arc::new(secret)));
        ring.look(Look::Due { gap: Duration::ZERO }).await;
        ring
    }

    fn of(versions: Vec<K>, secret: Option<Arc<Secret<K>>>) -> Self {
        let held = Held { versions: versions.into(), since: Instant::now() };
        Self { held: Arc::new(RwLock::new(held)), secret }
    }

    /// What `verify` makes of a message under the first version of the keys that verifies it. Where none
    /// does and `may_be_stale` says that newer keys might, they are fetched and tried, once.
    pub async fn verify<T, E>(
        &self,
        verify: impl Fn(&K) -> Result<T, E>,
        may_be_stale: impl Fn(&E) -> bool,
    ) -> Result<T, Unverified<E>> {
        let (mut versions, age) = self.held();
        let gap = if versions.is_empty() { RETRY_GAP } else { LIFETIME };
        if age >= gap && self.look(Look::Due { gap }).await {
            versions = self.held().0;
        }
        match first(&versions, &verify) {
            Err(Unverified::Refused(why)) if may_be_stale(&why) => {
                if !self.look(Look::ForMessage).await {
                    return Err(Unverified::Refused(why));
                }
                first(&self.held().0, &verify)
            }
            settled => settled,
        }
    }

    /// How many versions of the keys are held.
    pub fn versions(&self) -> usize {
        self.held().0.len()
    }

    fn held(&self) -> (Arc<[K]>, Duration) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&held.versions), held.since.elapsed())
    }

    /// Looks at the secret, unless it is too early for that. Whether what is held may be other than
    /// before. What cannot be read leaves everything as it was.
    async fn look(&self, why: Look) -> bool {
        let Some(secret) = &self.secret else {
            return false;
        };
        let asked = Instant::now();
        let mut looks = secret.looks.lock().await;
        // Somebody looked while we waited for our turn.
        if looks.last.is_some_and(|at| at >= asked) {
            return true;
        }
        let (before, gap) = match why {
            Look::Due { gap } => (looks.last, gap),
            Look::ForMessage => (looks.last_for_message, REFRESH_GAP),
        };
        if before.is_some_and(|at| at.elapsed() < gap) {
            return false;
        }
        looks.last = Some(Instant::now());
        if matches!(why, Look::ForMessage) {
            looks.last_for_message = looks.last;
        }
        let versions = secret.read().await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.since = Instant::now();
        if versions.is_empty() {
            return false;
        }
        held.versions = versions.into();
        true
    }
}

/// The outcome under the first version that verifies, else what the current one says.
fn first<K, T, E>(versions: &[K], verify: impl Fn(&K) -> Result<T, E>) -> Result<T, Unverified<E>> {
    let mut refused = None;
    for keys in versions {
        match verify(keys) {
            Ok(verified) => return Ok(verified),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    Err(refused.map_or(Unverified::NoKeys, Unverified::Refused))
}

impl<K> Secret<K> {
    /// The usable versions, the current one first.
    async fn read(&self) -> Vec<K> {
        let (current, previous) =
            tokio::join!(self.version("AWSCURRENT"), self.version("AWSPREVIOUS"));
        [current, previous].into_iter().flatten().collect()
    }

    async fn version(&self, stage: &'static str) -> Option<K> {
        let secret = &self.id;
        let read = document(&self.client, secret, stage, self.member).await;
        let parsed = match read {
            Ok(Some(document)) => (self.parse)(&document),
            // Until the first change there is no previous version.
            Ok(None) if stage == "AWSPREVIOUS" => return None,
            Ok(None) => Err(format!("no {:?} in it", self.member)),
            Err(error) => Err(error.to_string()),
        };
        parsed.inspect_err(|why| tracing::error!(secret, stage, %why, "keys are not usable")).ok()
    }
}

/// One PSP's document in one version of the secret; `None` where the version or the document is not
/// there.
async fn document(
    client: &Client,
    id: &str,
    stage: &str,
    member: &str,
) -> Result<Option<String>, StoreError> {
    let reply = match client.get_secret_value().secret_id(id).version_stage(stage).send().await {
        Ok(reply) => reply,
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            return Ok(None);
        }
        Err(error) => return Err(StoreError::unavailable("get secret", &error)),
    };
    let text = reply.secret_string.unwrap_or_default();
    let mut documents: HashMap<String, Box<RawValue>> = serde_json::from_str(&text)
        // The parser's own words may quote a name, and a name may be a secret in the wrong place.
        .map_err(|_| {
            StoreError::Corrupt("secret: not a JSON object of key documents".to_owned())
        })?;
    Ok(documents.remove(member).map(|document| document.get().to_owned()))
}

/// A client whose calls end in time.
fn client(sdk: &SdkConfig) -> Client {
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
