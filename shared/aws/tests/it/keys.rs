//! Keys out of a secret: which versions are believed, and how often the secret is looked at.
//!
//! A server of our own stands for Secrets Manager, because nothing else lets a test count and change what
//! it answers. The deployment test holds the same code against moto.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use quittance_aws::StoreError;
use quittance_aws::apis::Apis;
use quittance_aws::keys::{KeyRing, Parse, Unverified, documents};
use quittance_core::provider;
use quittance_core::{Mode, Signed, Versioned};
use quittance_psp::worldline;
use quittance_testing::worldline_signature;
use serde_json::{Value, json};

const STAGES: [&str; 2] = ["AWSCURRENT", "AWSPREVIOUS"];

const DEADLINE: Duration = Duration::from_secs(20);

/// What the secret's versions are at the moment, and how often somebody asked.
#[derive(Default)]
struct Vault {
    current: Mutex<Option<String>>,
    previous: Mutex<Option<String>>,
    /// The stages that cannot be read.
    broken: Mutex<Vec<&'static str>>,
    looks: AtomicUsize,
}

impl Vault {
    /// Puts a new version, as `PutSecretValue` does.
    fn put(&self, key: &str) {
        self.put_text(&json!({"shop": key}).to_string());
    }

    fn put_text(&self, text: &str) {
        let mut current = self.current.lock().unwrap();
        *self.previous.lock().unwrap() = current.take();
        *current = Some(text.to_owned());
    }

    fn breaks(&self, stages: &[&'static str]) {
        *self.broken.lock().unwrap() = stages.to_vec();
    }

    /// How often the secret was looked at. One look asks for two versions, and this counts one of them.
    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

async fn answer(State(vault): State<Arc<Vault>>, body: String) -> (StatusCode, String) {
    let asked: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(asked["SecretId"], "shop/keys");
    let version = match asked["VersionStage"].as_str().unwrap() {
        "AWSCURRENT" => {
            vault.looks.fetch_add(1, Ordering::SeqCst);
            vault.current.lock().unwrap().clone()
        }
        "AWSPREVIOUS" => vault.previous.lock().unwrap().clone(),
        other => panic!("{other}"),
    };
    if vault.broken.lock().unwrap().iter().any(|stage| asked["VersionStage"] == *stage) {
        // Not one of those that the SDK tries again.
        return (StatusCode::BAD_REQUEST, r#"{"__type": "AccessDeniedException"}"#.to_owned());
    }
    match version {
        Some(text) => (StatusCode::OK, json!({"SecretString": text}).to_string()),
        None => (StatusCode::BAD_REQUEST, r#"{"__type": "ResourceNotFoundException"}"#.to_owned()),
    }
}

async fn serve(vault: &Arc<Vault>) -> Client {
    client(Router::new().route("/", post(answer)).with_state(Arc::clone(vault))).await
}

async fn client(router: Router) -> Client {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::new("eu-west-3"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// A document is the key itself, and a key that is empty cannot be used.
fn parse(document: &str) -> Result<Shop, String> {
    let key: String = serde_json::from_str(document).map_err(|_| "no key".to_owned())?;
    if key.is_empty() { Err("empty".to_owned()) } else { Ok(Shop(key)) }
}

/// One key, which contradicts none.
#[derive(Clone)]
struct Shop(String);

impl Versioned for Shop {
    fn beside(&self, _: &Self) -> (Self, Vec<String>) {
        (self.clone(), Vec::new())
    }
}

async fn ring(vault: &Arc<Vault>) -> KeyRing<Shop> {
    KeyRing::from_secret(serve(vault).await, "shop/keys", "shop", Parse::new(parse)).await
}

/// Whether a message that was signed with `key` is believed.
async fn believes(ring: &KeyRing<Shop>, key: &str) -> Result<(), Unverified<&'static str>> {
    let verify = |Shop(held): &Shop| if held == key { Ok(()) } else { Err("does not match") };
    ring.verify(verify, |_| true).await
}

const REFUSED: Result<(), Unverified<&str>> = Err(Unverified::Refused("does not match"));

#[tokio::test]
async fn the_current_and_the_previous_version_hold_and_no_older_one() {
    let vault = Arc::default();
    Vault::put(&vault, "first");
    vault.put("second");
    vault.put("third");
    let ring = ring(&vault).await;
    assert_eq!(ring.versions(), 2);
    assert_eq!(believes(&ring, "third").await, Ok(()));
    assert_eq!(believes(&ring, "second").await, Ok(()));
    assert_eq!(vault.looks(), 1, "what verifies asks nobody");
    assert_eq!(believes(&ring, "first").await, REFUSED);
}

#[tokio::test]
async fn a_new_key_is_believed_at_once_and_the_old_one_still() {
    let vault = Arc::default();
    Vault::put(&vault, "old");
    let ring = ring(&vault).await;
    assert_eq!(ring.versions(), 1, "there is no previous version yet");
    vault.put("new");
    assert_eq!(believes(&ring, "old").await, Ok(()));
    assert_eq!(vault.looks(), 1, "nothing made it look");
    assert_eq!(believes(&ring, "new").await, Ok(()));
    assert_eq!(believes(&ring, "old").await, Ok(()));
    assert_eq!(vault.looks(), 2);
}

#[tokio::test]
async fn forgers_make_the_secret_be_read_once() {
    let vault = Arc::default();
    Vault::put(&vault, "old");
    let ring = ring(&vault).await;
    let forged = (0..50).map(|_| {
        let ring = ring.clone();
        tokio::spawn(async move { believes(&ring, "forged").await })
    });
    for outcome in forged.collect::<Vec<_>>() {
        assert_eq!(outcome.await.unwrap(), REFUSED);
    }
    assert_eq!(vault.looks(), 2, "at the start, and once for all of them");
}

#[tokio::test]
async fn what_newer_keys_cannot_mend_asks_nobody() {
    let vault = Arc::default();
    Vault::put(&vault, "old");
    let ring = ring(&vault).await;
    let missing = ring.verify(|_| Err::<(), _>("signature missing"), |_| false).await;
    assert_eq!(missing, Err(Unverified::Refused("signature missing")));
    assert_eq!(vault.looks(), 1);
}

#[tokio::test]
async fn a_version_that_cannot_be_used_leaves_the_other_in_force() {
    for broken in ["not json", "[]", "{}", r#"{"shop": ""}"#, r#"{"another": "key"}"#, ""] {
        let vault = Arc::default();
        Vault::put(&vault, "old");
        vault.put_text(broken);
        let ring = ring(&vault).await;
        assert_eq!(ring.versions(), 1, "{broken}");
        assert_eq!(believes(&ring, "old").await, Ok(()), "{broken}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_tried_again_until_it_can() {
    let vault: Arc<Vault> = Arc::default();
    vault.put("key");
    vault.breaks(&STAGES);
    let ring = ring(&vault).await;
    assert_eq!(believes(&ring, "key").await, Err(Unverified::NoKeys));
    vault.breaks(&[]);
    let start = Instant::now();
    while believes(&ring, "key").await != Ok(()) {
        assert!(start.elapsed() < DEADLINE, "never read");
        tokio::task::yield_now().await;
    }
    assert!(vault.looks() <= 5, "not asked more often than once a second: {}", vault.looks());
}

#[tokio::test]
async fn a_version_that_cannot_be_read_at_the_moment_stays_in_force() {
    for broken in STAGES {
        let vault = Arc::default();
        Vault::put(&vault, "old");
        vault.put("new");
        let ring = ring(&vault).await;
        vault.breaks(&[broken]);
        assert_eq!(believes(&ring, "forged").await, REFUSED);
        assert_eq!(vault.looks(), 2, "it was looked at");
        assert_eq!(believes(&ring, "old").await, Ok(()), "{broken}");
        assert_eq!(believes(&ring, "new").await, Ok(()), "{broken}");
    }
}

#[tokio::test]
async fn whoever_waits_for_a_look_has_what_it_found() {
    let vault = Arc::default();
    Vault::put(&vault, "old");
    let ring = ring(&vault).await;
    vault.put("new");
    let genuine = (0..50).map(|_| {
        let ring = ring.clone();
        tokio::spawn(async move { believes(&ring, "new").await })
    });
    for outcome in genuine.collect::<Vec<_>>() {
        assert_eq!(outcome.await.unwrap(), Ok(()));
    }
    assert_eq!(vault.looks(), 2);
}

#[tokio::test]
async fn the_first_message_after_a_start_without_keys_looks_again() {
    let vault: Arc<Vault> = Arc::default();
    vault.put("key");
    vault.breaks(&STAGES);
    let ring = ring(&vault).await;
    vault.breaks(&[]);
    assert_eq!(believes(&ring, "key").await, Ok(()));
}

#[tokio::test]
async fn a_secret_about_others_refuses_and_asks_once_a_minute() {
    let vault = Arc::default();
    Vault::put_text(&vault, r#"{"another": "key"}"#);
    let ring = ring(&vault).await;
    for _ in 0..10 {
        assert_eq!(believes(&ring, "key").await, Err(Unverified::NotOurs));
    }
    assert_eq!(vault.looks(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let router = Router::new()
        .route("/", post(async || r#"{"SecretString": "hunter2", "CreatedDate": "hunter2"}"#));
    let client = client(router).await;
    let error = client.get_secret_value().secret_id("shop/keys").send().await.unwrap_err();
    let told = StoreError::unavailable("get secret", &error).to_string();
    assert!(told.starts_with("get secret: ") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_binary_secret_is_told_from_an_empty_one() {
    let router = Router::new().route("/", post(async || r#"{"SecretBinary": "aHVudGVyMg=="}"#));
    let error = documents(&client(router).await, "shop/keys", STAGES[0]).await.unwrap_err();
    assert!(error.to_string().contains("binary"), "{error}");
}

#[tokio::test]
async fn no_key_is_shown() {
    let vault = Arc::default();
    Vault::put(&vault, "hunter2");
    let shown = format!("{:?}", ring(&vault).await);
    assert!(shown.contains("shop/keys") && !shown.contains("hunter2"), "{shown}");
}

/// The ring of a provider's keys.
async fn worldline(vault: &Arc<Vault>) -> KeyRing<worldline::Keys> {
    let parse = |text: &str| worldline::Keys::from_json(text).map_err(|error| error.to_string());
    KeyRing::from_secret(serve(vault).await, "shop/keys", "worldline", Parse::new(parse)).await
}

/// The mode for which an event is believed that this secret signed and this key is said to have signed.
async fn mode(ring: &KeyRing<worldline::Keys>, id: &str, secret: &str) -> Option<Mode> {
    let signature = worldline_signature(secret, b"{}");
    let verify = |keys: &worldline::Keys| {
        let (signature, id) = (signature.as_bytes(), id.as_bytes());
        worldline::verify(keys, &[signature], &[id], b"{}").map(|v| v.content().account.mode)
    };
    ring.verify(verify, provider::Refused::may_be_stale).await.ok()
}

#[tokio::test]
async fn two_versions_give_one_secret_one_mode() {
    for warm in [true, false] {
        let vault: Arc<Vault> = Arc::default();
        vault.put_text(r#"{"worldline": {"old": "moved", "stays": "another"}}"#);
        let mut ring = worldline(&vault).await;
        assert_eq!(mode(&ring, "old", "moved").await, Some(Mode::Test));
        vault.put_text(r#"{"worldline": {"new": {"secret": " moved ", "mode": "production"}}}"#);
        if !warm {
            ring = worldline(&vault).await;
        }
        assert_eq!(mode(&ring, "new", "moved").await, Some(Mode::Production));
        assert_eq!(mode(&ring, "old", "moved").await, None, "not for the other mode as well");
        assert_eq!(mode(&ring, "stays", "another").await, Some(Mode::Test));
    }
}

#[tokio::test]
async fn a_mode_that_is_corrected_is_the_new_one() {
    let vault: Arc<Vault> = Arc::default();
    vault.put_text(r#"{"worldline": {"key": "one"}}"#);
    vault.put_text(r#"{"worldline": {"key": {"secret": "one", "mode": "production"}}}"#);
    assert_eq!(mode(&worldline(&vault).await, "key", "one").await, Some(Mode::Production));
}

#[tokio::test]
async fn a_version_with_one_secret_for_two_modes_leaves_what_was_in_force() {
    for warm in [true, false] {
        let vault: Arc<Vault> = Arc::default();
        vault.put_text(r#"{"worldline": {"old": "one"}}"#);
        let mut ring = worldline(&vault).await;
        vault.put_text(
            r#"{"worldline": {"old": "one", "new": {"secret": "one", "mode": "production"}}}"#,
        );
        if !warm {
            ring = worldline(&vault).await;
        }
        assert_eq!(mode(&ring, "new", "one").await, None);
        assert_eq!(mode(&ring, "old", "one").await, Some(Mode::Test));
    }
}

/// Whose API may be called with what the secret has.
async fn accesses(apis: &Apis, id: quittance_core::ProviderId) -> Vec<String> {
    let api = apis.of(id).await;
    api.map(|api| api.accesses().into_iter().map(|access| access.account.merchant).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn credentials_of_apis_are_in_the_secret_under_the_names_of_their_variables() {
    let vault: Arc<Vault> = Arc::default();
    let keys = json!({"key_id": "id", "secret": "api-secret"});
    let password = json!({"rest_password": "testpassword_demo"});
    let documents = json!({
        "worldline_api": {"PSPID": {"test": keys}},
        "systempay": {"12345678": {"test": password}},
        "worldline": {"key": "a key of notifications"},
    });
    vault.put_text(&documents.to_string());
    let (lyra, worldline) = (quittance_psp::lyra::ID, worldline::ID);
    let mut apis = Apis::default();
    assert_eq!(accesses(&apis, worldline).await, [""; 0], "none without a document");
    for provider in quittance_psp::PROVIDERS {
        apis.add_secret(*provider, serve(&vault).await, "shop/keys").await;
    }
    assert_eq!(accesses(&apis, worldline).await, ["PSPID"]);
    assert_eq!(accesses(&apis, lyra).await, ["12345678"]);
    // What a provider refuses is read anew, and not again and again.
    let looks = vault.looks();
    for _ in 0..3 {
        apis.refused(worldline).await;
    }
    assert_eq!(vault.looks(), looks, "it was read a moment ago");
    // A document that cannot be used is as if it were not there.
    vault.put_text(&json!({"worldline_api": {"PSPID": {"test": 1}}}).to_string());
    let mut apis = Apis::default();
    apis.add_secret(&worldline::Worldline, serve(&vault).await, "shop/keys").await;
    assert_eq!(accesses(&apis, worldline).await, [""; 0]);
}
