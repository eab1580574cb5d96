//! The DynamoDB that a test runs on: one of its own, embedded in the test's process, or the one of
//! `QUITTANCE_TEST_DYNAMODB`, which all tests share. So each takes table names that no other has.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use dynoxide::Database;
use quittance_aws::clients::timeouts;
use quittance_aws::clock::sortable_nanos;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The variable with the endpoint of an engine that runs already.
const ENDPOINT: &str = "QUITTANCE_TEST_DYNAMODB";

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    url: String,
    /// What sets this test's tables apart.
    mark: String,
    /// Dropping it ends an embedded engine.
    _alive: Option<oneshot::Sender<()>>,
}

impl Engine {
    /// The engine that the environment names, else an embedded one.
    pub async fn start() -> Self {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{test}-{}", std::process::id(), sortable_nanos());
        let (url, alive) = match std::env::var(ENDPOINT) {
            Ok(url) if !url.is_empty() => (url, None),
            _ => embedded().await,
        };
        Self { url, mark, _alive: alive }
    }

    /// Whether it is the embedded one, which counts capacity as DynamoDB does.
    pub fn is_embedded(&self) -> bool {
        self._alive.is_some()
    }

    /// A table's name in this test.
    pub fn table(&self, name: &str) -> String {
        format!("{name}-{}", self.mark)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client.
    pub fn client(&self) -> Client {
        Client::from_conf(self.config().build())
    }

    /// What a client of this engine needs.
    pub fn config(&self) -> Builder {
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .timeout_config(timeouts())
            .endpoint_url(&self.url)
    }
}

async fn embedded() -> (String, Option<oneshot::Sender<()>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (alive, gone) = oneshot::channel();
    let database = Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
        // An error means that the sender was dropped, which is the signal.
        let _ = gone.await;
    }));
    (url, Some(alive))
}
