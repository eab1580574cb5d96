//! The local stack: the functions, the engine, the server and the stream, wired once.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use quittance_aws::archive::Archive;
use quittance_aws::config::{Settings, list};
use quittance_aws::keys::KeyRing;
use quittance_aws::outbox::Outbox;
use quittance_aws::queue::{Queue, TableQueue};
use quittance_aws::receive::Receiver;
use quittance_aws::sources::Sources;
use quittance_aws::{clients, schema};
use quittance_core::{lyra, worldline};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Local;
use crate::engine::{Engine, sdk_config};
use crate::{Failure, play, say, serve, stream};

/// The Worldline keys of the demo, used unless configured.
const DEMO_WORLDLINE_KEYS: &str = r#"{"demo-key": "demo-secret"}"#;

/// The Lyra keys of the demo, used unless configured.
pub(crate) const DEMO_LYRA_KEYS: &str =
    r#"{"12345678": {"test": {"form": "demoformkey0000", "rest_password": "testpassword_demo"}}}"#;

/// The variable with the Lyra keys and brands.
pub(crate) const LYRA_KEYS: &str = "QUITTANCE_SYSTEMPAY_KEYS";

/// The table that lists every message ever released.
const QUEUE_TABLE: &str = "quittance-local-queue";

/// The FIFO queue that is made where `AWS_ENDPOINT_URL_SQS` is set and no queue is named.
const QUEUE_NAME: &str = "quittance-fulfilment.fifo";

/// Everything that answers requests.
pub(crate) struct Stack {
    pub(crate) worldline: worldline_webhook::Function,
    pub(crate) lyra: systempay_ipn::Function,
    pub(crate) orders: orders::Function,
    pub(crate) outbox: Outbox,
    pub(crate) archive: Archive,
    pub(crate) log: TableQueue,
}

/// Starts the stack, plays, and stays up until interrupted.
pub(crate) async fn run(args: &Local) -> Result<ExitCode, Failure> {
    let settings = Settings::from_env()?;
    let keys = Keys::from_env();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error} (try --port 0)"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let engine = Engine::start(args.data.as_deref(), args.dynamodb_port).await?;
    let stack = Arc::new(Stack::build(&engine, &settings, keys).await?);

    let dispatcher = dispatch::Function { outbox: stack.outbox.clone() };
    let follower = stream::Follower::start(&engine.config, &settings.table, dispatcher).await;
    tokio::spawn(follower.follow());
    tokio::spawn(serve::run(listener, Arc::clone(&stack)));

    say(&format!("listening on {url}"));
    if !args.quiet {
        say(&engine.description);
    }
    let mut met = true;
    if !args.no_play {
        met = play::all(&url, &stack, &events(args), args.quiet).await?;
    }
    if !args.exit {
        if !args.quiet {
            say("staying up; press Ctrl-C to stop");
        }
        interrupted().await?;
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The keys of both PSPs; none where what is configured cannot be used.
pub(crate) struct Keys {
    pub(crate) worldline: Option<worldline::Keys>,
    pub(crate) lyra: Option<lyra::Keys>,
}

impl Keys {
    /// Reads the variables, or takes the demo's keys where they are not set. As under Lambda, keys that
    /// cannot be used do not stop the start: their route answers 500, and the log says what is wrong.
    pub(crate) fn from_env() -> Self {
        Self {
            worldline: keys("QUITTANCE_WORLDLINE_KEYS", DEMO_WORLDLINE_KEYS, |text| {
                worldline::Keys::from_json(text)
            }),
            lyra: keys(LYRA_KEYS, DEMO_LYRA_KEYS, lyra::Keys::from_json),
        }
    }
}

fn keys<K, E: Display>(
    variable: &'static str,
    demo: &str,
    parse: impl Fn(&str) -> Result<K, E>,
) -> Option<K> {
    let text = configured(variable);
    let parsed = parse(text.as_deref().unwrap_or(demo));
    parsed.inspect_err(|error| tracing::error!("{variable}: {error}; its route answers 500")).ok()
}

/// A variable's value, unless it is empty.
pub(crate) fn configured(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

impl Stack {
    async fn build(engine: &Engine, settings: &Settings, keys: Keys) -> Result<Self, Failure> {
        let client = clients::dynamodb(&engine.config);
        schema::create_orders(&client, &settings.table).await?;
        schema::create_archive(&client, &settings.archive_table).await?;
        schema::create_queue(&client, QUEUE_TABLE).await?;
        let log = TableQueue::new(client.clone(), QUEUE_TABLE);
        let receiver = Receiver::new(&client, settings);
        let (table, policy) = (receiver.table.clone(), settings.policy);
        Ok(Self {
            archive: receiver.archive.clone(),
            worldline: worldline_webhook::Function {
                keys: KeyRing::fixed(keys.worldline),
                receiver: receiver.clone(),
            },
            lyra: systempay_ipn::Function {
                keys: KeyRing::fixed(keys.lyra),
                sources: Sources::from_env("QUITTANCE_SYSTEMPAY_SOURCES"),
                extra_names: list("QUITTANCE_SYSTEMPAY_FIELDS"),
                receiver,
            },
            orders: orders::Function { table: table.clone(), policy },
            outbox: Outbox { table, queue: queue(settings, &client, &log).await?, policy },
            log,
        })
    }
}

/// The queue: a table that lists every message, and before it SQS where an endpoint is configured.
async fn queue(settings: &Settings, client: &Client, log: &TableQueue) -> Result<Queue, Failure> {
    let log = Queue::Table(log.clone());
    let endpoint = std::env::var("AWS_ENDPOINT_URL_SQS").ok().filter(|url| !url.is_empty());
    let Some(endpoint) = endpoint else {
        return Ok(log);
    };
    let sqs = clients::sqs(&sdk_config(Some(&endpoint)).await);
    let url = match &settings.queue_url {
        Some(url) => url.clone(),
        None => schema::create_fifo_queue(&sqs, QUEUE_NAME).await?,
    };
    Ok(Queue::Both(Box::new(Queue::from_url(&url, sqs, client.clone())), Box::new(log)))
}

/// The sample events: as said, else beside us, else where this was built.
fn events(args: &Local) -> PathBuf {
    let here = PathBuf::from("events");
    match &args.events {
        Some(directory) => directory.clone(),
        None if here.is_dir() => here,
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")),
    }
}

async fn interrupted() -> Result<(), Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminated.recv() => {}
    }
    Ok(())
}
