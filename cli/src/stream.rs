//! Follows the order table's stream, as Lambda's event source mapping does, and hands its records to
//! `dispatch`. Where there is none, whatever was answered is the occasion to look for what is unsent.

use std::time::{Duration, Instant};

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use dispatch::{Change, Function, Keys, StreamEvent, StreamRecord, Text};
use quittance_core::OrderKey;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::engine::Engine;
use crate::output::Failure;

/// How long an empty stream is left alone.
const IDLE: Duration = Duration::from_millis(25);

/// How often orders with something unsent are looked for besides the stream: after a restart, after a
/// failed send, and on engines without streams.
const SWEEP: Duration = Duration::from_secs(2);

/// How often they are looked for where there is no stream to read, besides each time that something was answered.
const SWEEP_WITHOUT_STREAM: Duration = Duration::from_millis(250);

/// Records read at once.
const BATCH: i32 = 100;

/// Tells that something was answered: it may have left something unsent.
pub(crate) static ANSWERED: Notify = Notify::const_new();

/// A place in the stream, and who is told of what follows.
pub(crate) struct Follower {
    function: Function,
    client: Client,
    table: String,
    /// Whether there may be a stream.
    has_stream: bool,
    /// Iterators of the stream's shards; none where there is no stream to read.
    shards: Vec<String>,
}

impl Follower {
    /// Takes its place at the end of the stream. What was written before is found by sweeping.
    pub(crate) async fn start(engine: &Engine, table: &str, function: Function) -> Self {
        let mut builder = aws_sdk_dynamodbstreams::config::Builder::from(&engine.config);
        if let Ok(url) = std::env::var("AWS_ENDPOINT_URL_DYNAMODB_STREAMS") {
            builder = builder.endpoint_url(url);
        }
        let client = Client::from_conf(builder.build());
        let (table, has_stream, shards) = (table.to_owned(), engine.streams, Vec::new());
        let mut follower = Self { function, client, table, has_stream, shards };
        follower.place().await;
        follower
    }

    /// Follows for ever.
    pub(crate) async fn follow(mut self) {
        let (mut swept, mut is_told): (Option<Instant>, bool) = (None, false);
        loop {
            let every = if self.shards.is_empty() { SWEEP_WITHOUT_STREAM } else { SWEEP };
            if is_told || swept.is_none_or(|at| at.elapsed() >= every) {
                // An order that cannot be sent is in the log, and tried again the next time.
                if let Err(error) = self.function.outbox.sweep().await {
                    tracing::warn!(%error, "unsent orders not sent");
                }
                if self.shards.is_empty() {
                    self.place().await;
                }
                swept = Some(Instant::now());
            }
            let seen = self.read().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "stream not read");
                self.shards.clear();
                0
            });
            is_told = false;
            if self.shards.is_empty() {
                is_told = timeout(SWEEP_WITHOUT_STREAM, ANSWERED.notified()).await.is_ok();
            } else if seen == 0 {
                tokio::time::sleep(IDLE).await;
            }
        }
    }

    /// Reads the next records of every shard. Returns how many there were.
    async fn read(&mut self) -> Result<usize, Failure> {
        let mut seen = 0;
        let mut next = Vec::new();
        for iterator in std::mem::take(&mut self.shards) {
            let reply =
                self.client.get_records().shard_iterator(iterator).limit(BATCH).send().await?;
            let records: Vec<StreamRecord> = reply.records().iter().filter_map(record).collect();
            seen += records.len();
            if !records.is_empty() {
                // What failed stays marked as unsent, and the sweep tries it again.
                let _ = self.function.handle(StreamEvent { records }).await;
            }
            next.extend(reply.next_shard_iterator);
        }
        self.shards = next;
        Ok(seen)
    }

    async fn place(&mut self) {
        if !self.has_stream {
            return;
        }
        match self.latest().await {
            Ok(shards) => self.shards = shards,
            Err(error) => tracing::debug!(%error, "no stream: sweeping instead"),
        }
    }

    async fn latest(&self) -> Result<Vec<String>, Failure> {
        let streams = self.client.list_streams().table_name(&self.table).send().await?;
        let arn = streams.streams().first().and_then(|stream| stream.stream_arn());
        let arn = arn.ok_or("the table has no stream")?;
        let stream = self.client.describe_stream().stream_arn(arn).send().await?;
        let shards = stream.stream_description().map(|stream| stream.shards()).unwrap_or_default();
        let mut iterators = Vec::new();
        for shard in shards.iter().filter_map(|shard| shard.shard_id()) {
            let request = self.client.get_shard_iterator().stream_arn(arn).shard_id(shard);
            let reply = request.shard_iterator_type(ShardIteratorType::Latest).send().await?;
            iterators.extend(reply.shard_iterator);
        }
        Ok(iterators)
    }
}

/// A record as Lambda passes it on; one without an order's key is none of ours.
fn record(record: &Record) -> Option<StreamRecord> {
    let change = record.dynamodb()?;
    let pk = change.keys()?.get("pk")?.as_s().ok()?;
    pk.parse::<OrderKey>().ok()?;
    Some(StreamRecord {
        dynamodb: Change {
            sequence_number: change.sequence_number()?.to_owned(),
            keys: Keys { pk: Text { s: pk.clone() } },
        },
    })
}
