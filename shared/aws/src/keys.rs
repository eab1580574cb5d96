//! Keys that can change while the function runs.
//!
//! They come from a variable, or from a secret of AWS Secrets Manager, whose current and previous
//! versions are both accepted: whoever changes a key puts the new document, and what was signed with the
//! old key is still believed. A message that no version verifies may be signed with a key that is newer
//! than what is held, so it makes the secret be read once more, at most once a minute whoever
//! asks.
//!
//! `state` says when to look and what is held then; here are the calls.
//!
//! What a key looks like is the PSP's affair: a document is parsed by whoever holds the ring. Nothing of
//! a document is ever logged.

mod state;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use quittance_core::Versioned;
use quittance_core::members::Members;
use quittance_core::provider::Profile;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use self::state::{Both, Held, Next, State, Version, Why};
use crate::clock::Moment;
use crate::error::StoreError;

pub use self::state::Unverified;

/// How long one look may take: what follows it must still be answered before the PSP gives up.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// The versions of a secret that are in force, the current one first.
pub const STAGES: [&str; 2] = ["AWSCURRENT", "AWSPREVIOUS"];

/// The variable that names the secret.
pub const SECRET: &str = "QUITTANCE_KEYS_SECRET";

/// Where the document of one PSP's keys is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySource {
    /// The variable that holds it; wins over the secret.
    pub variable: &'static str,
    /// Its name among the documents in the secret.
    pub member: &'static str,
}

impl From<&'static Profile> for KeySource {
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
    ///
    /// # Errors
    ///
    /// Why the document cannot be used, in a sentence that quotes nothing of it.
    pub fn read(&self, document: &str) -> Result<K, String> {
        (self.0)(document)
    }
}

/// The keys of one PSP as they are now.
pub struct KeyRing<K> {
    state: Arc<RwLock<State<K>>>,
    secret: Option<Arc<Secret<K>>>,
}

/// The secret that a ring is read from.
struct Secret<K> {
    client: Client,
    id: String,
    member: &'static str,
    parse: Parse<K>,
    /// Held while looking, so that one looks and the others wait for what comes of it.
    looking: Mutex<()>,
}

impl<K: Versioned> KeyRing<K> {
    /// Keys that never change; none refuses everything.
    pub fn fixed(keys: Option<K>) -> Self {
        Self::holding(keys, None)
    }

    /// No keys, where other PSPs have some: what comes is not for us, and nothing is wrong here.
    pub fn of_others() -> Self {
        Self { state: Arc::new(RwLock::new(State::of_others(Moment::now()))), secret: None }
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
    pub async fn from_env(sdk: &SdkConfig, place: KeySource, parse: Parse<K>) -> Self {
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
        let secret = Secret { client, id: id.into(), member, parse, looking: Mutex::default() };
        let ring = Self::holding(None, Some(Arc::new(secret)));
        ring.look(&ring.held(), Why::Start).await;
        ring
    }

    fn holding(keys: Option<K>, secret: Option<Arc<Secret<K>>>) -> Self {
        Self { state: Arc::new(RwLock::new(State::holding(keys, Moment::now()))), secret }
    }

    /// What `verify` makes of a message under the first version of the keys that verifies it. Where none
    /// does and `may_be_stale` says that newer keys might, they are fetched and tried, once.
    ///
    /// # Errors
    ///
    /// [`Unverified`]: there are no keys, or none of them verifies the message.
    pub async fn verify<T, E>(
        &self,
        verify: impl Fn(&K) -> Result<T, E>,
        may_be_stale: impl Fn(&E) -> bool,
    ) -> Result<T, Unverified<E>> {
        let mut held = self.held();
        if held.is_due(Moment::now()) {
            held = self.look(&held, Why::Due).await;
        }
        match held.verify(&verify) {
            Err(Unverified::Refused(why)) if may_be_stale(&why) => {
                let newer = self.look(&held, Why::Refused).await;
                if Arc::ptr_eq(&held, &newer) {
                    return Err(Unverified::Refused(why));
                }
                newer.verify(&verify)
            }
            settled => settled,
        }
    }

    /// What becomes of every version that is held, the current one first. For keys that sign.
    pub async fn each<T>(&self, of: impl Fn(&K) -> T) -> Vec<T> {
        let mut held = self.held();
        if held.is_due(Moment::now()) {
            held = self.look(&held, Why::Due).await;
        }
        held.each().map(of).collect()
    }

    /// Looks at the secret, unless [`State::next`] says that there is no need. What is held then.
    async fn look(&self, seen: &Arc<Held<K>>, why: Why) -> Arc<Held<K>> {
        let Some(secret) = &self.secret else {
            return Arc::clone(seen);
        };
        let _alone = secret.looking.lock().await;
        match self.change(|state| state.next(seen, why, Moment::now())) {
            Next::Use(held) => held,
            Next::Read => {
                let found = secret.read().await;
                let told = self.change(|state| state.found(found, Moment::now()));
                secret.warn(&told);
                self.held()
            }
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State<K>) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K> KeyRing<K> {
    /// How many versions of the keys are held.
    pub fn versions(&self) -> usize {
        self.held().versions()
    }

    fn held(&self) -> Arc<Held<K>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).held()
    }
}

impl<K> Secret<K> {
    /// What there is now.
    async fn read(&self) -> Both<Version<K>> {
        let [current, previous] = STAGES.map(|stage| self.version(stage));
        tokio::join!(current, previous).into()
    }

    fn warn(&self, told: &[String]) {
        for why in told {
            let secret = &self.id;
            tracing::warn!(secret, %why, "a key of the previous version is not in force");
        }
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

/// The documents in one version of the secret; none where the version is not there.
///
/// # Errors
///
/// [`StoreError::Corrupt`] where the version is no JSON object of documents, each once; [`StoreError::Unavailable`]
/// where Secrets Manager refuses or does not answer.
pub async fn documents(
    client: &Client,
    id: &str,
    stage: &str,
) -> Result<BTreeMap<String, Box<RawValue>>, StoreError> {
    let reply = match client.get_secret_value().secret_id(id).version_stage(stage).send().await {
        Ok(reply) => reply,
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            return Ok(BTreeMap::new());
        }
        Err(error) => return Err(StoreError::unavailable("get secret", &error)),
    };
    let Some(text) = &reply.secret_string else {
        return Err(StoreError::Corrupt("secret: it is binary, and not text".to_owned()));
    };
    // The parser's own words may quote a name, and a name may be a secret in the wrong place.
    let members: Members<Box<RawValue>> = serde_json::from_str(text).map_err(|_| {
        StoreError::Corrupt("secret: not a JSON object of key documents".to_owned())
    })?;
    members.by_name().map_err(|doubled| StoreError::Corrupt(format!("secret: {doubled}")))
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
        Self { state: Arc::clone(&self.state), secret: self.secret.clone() }
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
