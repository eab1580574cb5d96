//! What stops a deployment: parameters of the template, and quotas of AWS.

use saphyr::{LoadableYamlNode, Yaml};

/// What an order takes until its release is told, as `whole-function` counts it at the wire.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Notifications, of which the last releases it.
    pub notifications: usize,
    /// Write units of the order table: the payment's name, the order for each notification, and the mark that it is told.
    pub order_writes: f64,
    /// Write units of the index of what is to be done: an entry that comes, moves and goes.
    pub index_writes: f64,
    /// Write units of the archive.
    pub archive_writes: f64,
    /// Read units of the order table: order and name for each notification, and the order once more when it is told.
    pub reads: f64,
    /// Round trips of a first notification that follow each other.
    pub trips: f64,
}

impl Cost {
    /// A payment that is captured at once.
    pub const OF_ONE: Self = Self {
        notifications: 1,
        order_writes: 3.0,
        index_writes: 2.0,
        archive_writes: 1.0,
        reads: 3.0,
        trips: 3.0,
    };

    /// A payment that is authorised, asked to be captured, and captured.
    pub const OF_THREE: Self = Self {
        notifications: 3,
        order_writes: 5.0,
        index_writes: 4.0,
        archive_writes: 3.0,
        reads: 7.0,
        trips: 3.0,
    };
}

/// How long things take, in seconds. Assumptions, but for the processor time.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// A call of DynamoDB. AWS says milliseconds of one digit.
    pub table: f64,
    /// A call of SQS.
    pub queue: f64,
    /// The start of an environment, of which a hundredth is ours.
    pub start: f64,
    /// Processor time of an invocation on a whole processor (docs/figures.md).
    pub processor: f64,
    /// How often an idle event source looks at a shard.
    pub poll: f64,
}

impl Default for Times {
    fn default() -> Self {
        Self { table: 0.005, queue: 0.015, start: 0.15, processor: 0.001, poll: 0.25 }
    }
}

/// Something that can stop a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The API's throttle for one webhook.
    Route,
    /// The account's throttle for all APIs of a region.
    Api,
    /// Environments that run at once.
    Environments,
    /// New environments of a function.
    Starts,
    /// Invocations a second, ten for each environment that may run.
    Invocations,
    /// Write units of the order table.
    OrderWrites,
    /// Write units of its index.
    IndexWrites,
    /// Write units of the archive.
    ArchiveWrites,
    /// Read units of the order table.
    Reads,
    /// Batches of the stream that are worked on at once.
    Lanes,
    /// Calls of the queue.
    Calls,
}

impl Limit {
    /// In the order of a notification's way.
    pub const ALL: [Self; 11] = [
        Self::Route,
        Self::Api,
        Self::Environments,
        Self::Starts,
        Self::Invocations,
        Self::OrderWrites,
        Self::IndexWrites,
        Self::ArchiveWrites,
        Self::Reads,
        Self::Lanes,
        Self::Calls,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Route => "the API's throttle for one webhook",
            Self::Api => "the account's throttle for all APIs of the region",
            Self::Environments => "environments of Lambda that run at once, in the account",
            Self::Starts => "new environments of a function",
            Self::Invocations => "invocations a second, ten for each environment that may run",
            Self::OrderWrites => "write units of the order table",
            Self::IndexWrites => "write units of its index `due`",
            Self::ArchiveWrites => "write units of the archive",
            Self::Reads => "read units of the order table",
            Self::Lanes => "batches of the stream that are worked on at once",
            Self::Calls => "calls of the fulfilment queue",
        }
    }
}

/// What `template.yaml` says.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// `WebhookRateLimit`.
    pub route_rate: f64,
    /// `WebhookBurstLimit`.
    pub route_burst: f64,
    /// `MemorySize`, in MB.
    pub memory: f64,
    /// `WarmUnits`; 0 where AWS decides.
    pub warm: f64,
    /// `BatchSize` of the stream.
    pub batch: usize,
    /// `ParallelizationFactor` of the stream.
    pub lanes_of_a_shard: usize,
}

impl Template {
    /// Reads the text of the template.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn read(text: &str) -> Result<Self, String> {
        let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
        let template = documents.first().ok_or("no document")?;
        let parameter = |name: &str| at(template, &["Parameters", name, "Default"]);
        let stream = ["Resources", "Dispatch", "Properties", "Events", "Stream", "Properties"];
        let of_stream = |name: &str| at(template, &[&stream[..], &[name]].concat());
        Ok(Self {
            route_rate: parameter("WebhookRateLimit")?,
            route_burst: parameter("WebhookBurstLimit")?,
            memory: parameter("MemorySize")?,
            warm: parameter("WarmUnits")?,
            batch: of_stream("BatchSize")? as usize,
            lanes_of_a_shard: of_stream("ParallelizationFactor")? as usize,
        })
    }
}

/// The number at a path.
fn at(template: &Yaml<'_>, path: &[&str]) -> Result<f64, String> {
    let found = path.iter().try_fold(template, |node, name| node.as_mapping_get(name));
    let number = found.and_then(|node| {
        node.as_integer().map(|n| n as f64).or_else(|| node.as_str()?.parse().ok())
    });
    number.ok_or_else(|| format!("template.yaml has no number at {}", path.join(".")))
}

/// What AWS gives a table that is made on demand: write units, and read units. (DynamoDB, "warm throughput")
const NEW_TABLE: (f64, f64) = (4_000.0, 12_000.0);

/// What a partition takes: each is a shard of the stream. (DynamoDB, "partition keys")
const PARTITION_WRITES: f64 = 1_000.0;

/// Requests a second, and at once, for all APIs of an account in one region. (API Gateway, "quotas")
const API: (f64, f64) = (10_000.0, 5_000.0);

/// Environments that run at once. New accounts have ten. (Lambda, "quotas")
const ENVIRONMENTS: f64 = 1_000.0;

/// New environments of a function: a thousand in ten seconds. (Lambda, "scaling behavior")
const STARTS: (f64, f64) = (100.0, 1_000.0);

/// Invocations a second for each environment that may run. (Lambda, "quotas")
const INVOCATIONS: f64 = 10.0;

/// Calls a second of a FIFO queue with high throughput in eu-west-3, for each kind of call, and the messages in one.
/// (SQS, "message quotas": regions without a figure of their own)
const QUEUE: (f64, usize) = (2_400.0, 10);

/// Write units, or read units, of a table or an index that an account may have without asking. (DynamoDB, "quotas")
const TABLE_QUOTA: f64 = 40_000.0;

/// Memory that comes with a whole processor, in MB. (Lambda, "memory")
const WHOLE_PROCESSOR: f64 = 1_769.0;

/// What was raised until it stops nothing.
const NO_LIMIT: f64 = 1e9;

/// What stops a deployment, in what it takes a second.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Notifications, and as many at once.
    pub route: (f64, f64),
    /// Requests, and as many at once.
    pub api: (f64, f64),
    /// Environments at once, of all functions.
    pub environments: f64,
    /// New environments, and as many at once, of each function.
    pub starts: (f64, f64),
    /// Invocations of all functions.
    pub invocations: f64,
    /// Write units of the order table.
    pub order_writes: f64,
    /// Write units of its index.
    pub index_writes: f64,
    /// Write units of the archive.
    pub archive_writes: f64,
    /// Read units of the order table.
    pub reads: f64,
    /// Shards of the stream.
    pub shards: usize,
    /// Batches of one shard at once.
    pub lanes_of_a_shard: usize,
    /// Orders of a batch.
    pub batch: usize,
    /// Calls of the queue.
    pub calls: f64,
    /// Seconds of an invocation that are ours, at this memory.
    pub processor: f64,
}

impl Limits {
    /// Those of a deployment with AWS' default quotas.
    pub fn new(template: &Template, times: &Times) -> Self {
        let (writes, reads) =
            if template.warm > 0.0 { (template.warm, template.warm) } else { NEW_TABLE };
        Self {
            route: (template.route_rate, template.route_burst),
            api: API,
            environments: ENVIRONMENTS,
            starts: STARTS,
            invocations: INVOCATIONS * ENVIRONMENTS,
            order_writes: writes,
            index_writes: writes,
            archive_writes: writes,
            reads,
            shards: (writes / PARTITION_WRITES).ceil() as usize,
            lanes_of_a_shard: template.lanes_of_a_shard,
            batch: template.batch.min(QUEUE.1),
            calls: QUEUE.0,
            processor: times.processor * (WHOLE_PROCESSOR / template.memory).max(1.0),
        }
    }

    /// What one takes in a second.
    pub(super) fn takes(&self, limit: Limit) -> f64 {
        match limit {
            Limit::Route => self.route.0,
            Limit::Api => self.api.0,
            Limit::Environments => self.environments,
            Limit::Starts => self.starts.0,
            Limit::Invocations => self.invocations,
            Limit::OrderWrites => self.order_writes,
            Limit::IndexWrites => self.index_writes,
            Limit::ArchiveWrites => self.archive_writes,
            Limit::Reads => self.reads,
            Limit::Lanes => (self.shards * self.lanes_of_a_shard) as f64,
            Limit::Calls => self.calls,
        }
    }

    /// Raises one as its owner would next. Returns how.
    pub fn raise(&mut self, limit: Limit) -> &'static str {
        let is_new = self.order_writes < TABLE_QUOTA;
        match limit {
            Limit::Route => {
                self.route = (NO_LIMIT, NO_LIMIT);
                "parameters `WebhookRateLimit`, `WebhookBurstLimit`"
            }
            Limit::Api => {
                self.api = (NO_LIMIT, NO_LIMIT);
                "ask AWS"
            }
            Limit::Environments | Limit::Invocations => {
                self.environments = NO_LIMIT;
                self.invocations = NO_LIMIT;
                "ask AWS for concurrency"
            }
            Limit::Starts => {
                self.starts = (NO_LIMIT, NO_LIMIT);
                "nobody can: begin with fewer"
            }
            Limit::OrderWrites | Limit::IndexWrites | Limit::ArchiveWrites | Limit::Reads => {
                let (most, how) = if is_new {
                    (TABLE_QUOTA, "parameter `WarmUnits=40000`")
                } else {
                    (NO_LIMIT, "ask AWS for more units a table, then `WarmUnits`")
                };
                self.order_writes = most;
                self.index_writes = most;
                self.archive_writes = most;
                self.reads = most;
                self.shards = (most.min(TABLE_QUOTA * 5.0) / PARTITION_WRITES) as usize;
                how
            }
            Limit::Lanes => {
                self.shards *= 10;
                "more partitions: `WarmUnits`"
            }
            Limit::Calls => {
                self.calls = NO_LIMIT;
                "ask AWS, or another region"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_read_and_what_it_lacks_is_named() {
        let text = include_str!("../../../template.yaml");
        let template = Template::read(text).unwrap();
        assert!(template.route_rate > 0.0 && template.batch > 0, "{template:?}");
        let without = text.replace("ParallelizationFactor", "Other");
        assert!(Template::read(&without).unwrap_err().contains("ParallelizationFactor"));
    }
}
