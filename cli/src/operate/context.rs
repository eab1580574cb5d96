//! Which stack a command works on, and how it is reached.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_sqs::Client as Sqs;
use clap::Args;
use quittance_aws::StoreError;
use quittance_aws::archive::Archive;
use quittance_aws::clients;
use quittance_aws::config::Settings;
use quittance_aws::keys::SECRET;
use quittance_aws::queue::Queue;
use quittance_aws::receive::Receiver;
use quittance_aws::table::Table;

use crate::Failure;
use crate::engine::sdk_config;
use crate::event::Sender;
use crate::keys::{Rings, Secret, configured};

/// The variables without which nobody can say when an order is to be released.
const POLICY: [&str; 2] = ["QUITTANCE_RELEASE_ON", "QUITTANCE_INSTALMENTS"];

/// The variable that says how long raw notifications are kept.
const RETENTION: &str = "QUITTANCE_RAW_RETENTION_DAYS";

/// Where the local stack says which tables and engine it uses.
pub(crate) const LOCAL_SETTINGS: &str = "/local/settings";

/// What every operator's command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The deployed stack of this name, in the account and region of the usual AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// The local stack at this address, unless --stack or variables name another
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    pub(crate) local: String,
}

/// A stack, as far as its operator reaches it.
pub(crate) struct Context {
    pub(crate) json: bool,
    pub(crate) settings: Settings,
    stack: Option<String>,
    /// What the stack itself says, where a variable of ours says nothing.
    told: BTreeMap<String, String>,
    sdk: SdkConfig,
}

impl Context {
    /// The stack that the arguments and variables name.
    pub(crate) async fn open(common: &Common) -> Result<Self, Failure> {
        let elsewhere =
            ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL", "QUITTANCE_TABLE"].map(configured);
        let (told, sdk) = match &common.stack {
            Some(stack) => (names(stack), clients::sdk_config().await),
            None if elsewhere[..2].iter().any(Option::is_some) => {
                (BTreeMap::new(), sdk_config(None).await)
            }
            None if elsewhere[2].is_some() => (BTreeMap::new(), clients::sdk_config().await),
            None => {
                let told = ask(&common.local).await?;
                let engine = told.get("AWS_ENDPOINT_URL_DYNAMODB").map(String::as_str);
                let sdk = sdk_config(engine).await;
                (told, sdk)
            }
        };
        let sdk = patient(&sdk)?;
        let settings = Settings::read(|name| configured(name).or_else(|| told.get(name).cloned()))?;
        Ok(Self { json: common.json, settings, stack: common.stack.clone(), told, sdk })
    }

    /// The account that the usual AWS configuration names.
    pub(crate) async fn account(common: &Common) -> Result<SdkConfig, Failure> {
        let local = common.stack.is_none() && configured("AWS_ENDPOINT_URL").is_some();
        let sdk = if local { sdk_config(None).await } else { clients::sdk_config().await };
        patient(&sdk)
    }

    pub(crate) fn dynamodb(&self) -> DynamoDb {
        clients::dynamodb(&self.sdk)
    }

    pub(crate) fn table(&self) -> Table {
        Table::new(self.dynamodb(), &self.settings.table)
    }

    pub(crate) fn archive(&self) -> Archive {
        let Settings { archive_table, raw_retention_days, .. } = &self.settings;
        Archive::new(self.dynamodb(), archive_table, *raw_retention_days)
    }

    /// What takes notifications, under the policy of the stack. A deployed stack's policy is in its
    /// functions, where we do not look: it must be said, because another one would decide otherwise.
    pub(crate) fn receiver(&self) -> Result<Receiver, Failure> {
        self.policy_is_known()?;
        Ok(Receiver::new(&self.dynamodb(), &self.settings))
    }

    /// An error where it would be a guess how long raw notifications are kept: on a stack that keeps none,
    /// buyers' data would be stored.
    pub(crate) fn retention_is_known(&self) -> Result<(), Failure> {
        match &self.stack {
            Some(stack) if configured(RETENTION).is_none() => Err(format!(
                "{RETENTION} is not set. This command archives what it takes, so say how many days \
                 {stack} keeps raw notifications"
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// An error where the policy would be a guess.
    pub(crate) fn policy_is_known(&self) -> Result<(), Failure> {
        match (self.guessed(), &self.stack) {
            (Some(missing), Some(stack)) => Err(format!(
                "{missing} is not set. This command decides about orders, so say what the functions of \
                 {stack} decide by: export {}=captured|secured {}=first|all",
                POLICY[0], POLICY[1]
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// The variable of a deployed stack's policy that is only guessed here, if any.
    pub(crate) fn guessed(&self) -> Option<&'static str> {
        let unset = || POLICY.into_iter().find(|name| configured(name).is_none());
        self.stack.as_ref().and_then(|_| unset())
    }

    /// The keys with which notifications are verified.
    pub(crate) async fn rings(&self) -> Rings {
        let secret = configured(SECRET).or_else(|| self.told.get(SECRET).cloned());
        let secret = secret.as_deref().map(|id| Secret { id, sdk: &self.sdk });
        Rings::open(secret, self.stack.is_none()).await
    }

    /// An SQS client.
    pub(crate) fn sqs(&self) -> Sqs {
        match self.told.get("AWS_ENDPOINT_URL_SQS") {
            Some(endpoint) => clients::sqs(&self.sdk.to_builder().endpoint_url(endpoint).build()),
            None => clients::sqs(&self.sdk),
        }
    }

    /// The URL of the fulfilment queue: as said, or found by the stack's name.
    pub(crate) async fn queue_url(&self) -> Result<String, Failure> {
        if let Some(url) = &self.settings.queue_url {
            return Ok(url.clone());
        }
        let Some(stack) = &self.stack else {
            return Err("no queue: set QUITTANCE_QUEUE_URL, or name a stack with --stack".into());
        };
        let name = format!("{stack}-fulfilment.fifo");
        let reply = self.sqs().get_queue_url().queue_name(&name).send().await;
        let reply = reply.map_err(|e| StoreError::unavailable("find the fulfilment queue", &e))?;
        reply.queue_url.ok_or_else(|| format!("the queue {name} has no URL").into())
    }

    /// The fulfilment queue.
    pub(crate) async fn queue(&self) -> Result<Queue, Failure> {
        Ok(Queue::from_url(&self.queue_url().await?, self.sqs(), self.dynamodb()))
    }
}

/// How long one attempt of a call may take. A function answers a PSP, who waits ten seconds; nobody waits
/// here but a person, whose network may be slow.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a call with all its attempts may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(40);

/// The configuration with a person's patience; an error without a region.
fn patient(sdk: &SdkConfig) -> Result<SdkConfig, Failure> {
    if sdk.region().is_none() {
        return Err("no AWS region: set AWS_REGION, or AWS_PROFILE to a profile with one".into());
    }
    let limits = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT);
    Ok(sdk.to_builder().timeout_config(limits.build()).build())
}

/// The names in a deployed stack. The template makes them so.
fn names(stack: &str) -> BTreeMap<String, String> {
    let names = [
        ("QUITTANCE_TABLE", format!("{stack}-orders")),
        ("QUITTANCE_ARCHIVE_TABLE", format!("{stack}-archive")),
        (SECRET, format!("{stack}/keys")),
    ];
    names.into_iter().map(|(variable, name)| (variable.to_owned(), name)).collect()
}

/// Asks the local stack.
async fn ask(url: &str) -> Result<BTreeMap<String, String>, Failure> {
    let reply = Sender::new(url)?.get(LOCAL_SETTINGS).await.map_err(|error| {
        format!(
            "{error}. Start a local stack, say where yours is with --local, or name a deployed one with \
             --stack"
        )
    })?;
    serde_json::from_str(&reply.body)
        .map_err(|_| format!("{url}{LOCAL_SETTINGS} does not answer as a local stack does").into())
}
