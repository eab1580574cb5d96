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
use quittance_psp::PROVIDERS;

use crate::engine::{DYNAMODB_ENDPOINT, SQS_ENDPOINT, endpoint, sdk_config};
use crate::event::Sender;
use crate::keys::{Rings, Secret, configured};
use crate::operate::deployed::Deployed;
use crate::output::Failure;

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
    /// The local stack at this address; the one on port 9000, unless --stack or variables name another
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) local: Option<String>,
}

/// Where a local stack is unless said otherwise.
const LOCAL: &str = "http://127.0.0.1:9000";

/// The variables that name an engine, and with it a stack of which nothing else is told.
const ENGINE: [&str; 2] = [DYNAMODB_ENDPOINT, "AWS_ENDPOINT_URL"];

/// The variable that names the order table.
const TABLE: &str = "QUITTANCE_TABLE";

/// The variable that names the queue.
const QUEUE: &str = "QUITTANCE_QUEUE_URL";

/// The variable that names the queue of what is posted to the shop.
const SHOP_QUEUE: &str = "QUITTANCE_SHOP_QUEUE_URL";

/// The variable that names the bus.
const BUS: &str = "QUITTANCE_EVENT_BUS";

/// The variable with the names of fields beyond the documented ones.
const FIELDS: &str = "QUITTANCE_SYSTEMPAY_FIELDS";

/// The variables that name a resource of a stack. One that was exported and forgotten must not make a
/// command act on another stack than the one that is named.
const RESOURCES: [&str; 7] =
    [TABLE, "QUITTANCE_ARCHIVE_TABLE", SECRET, QUEUE, SHOP_QUEUE, DYNAMODB_ENDPOINT, SQS_ENDPOINT];

/// What a command works on.
enum Target<'a> {
    /// The deployed stack of this name.
    Deployed(&'a str),
    /// What the variables name, in an engine that they name or in the account of the usual configuration.
    Variables { engine: bool },
    /// The local stack at this address.
    Local(&'a str),
}

impl Common {
    fn target(&self) -> Result<Target<'_>, Failure> {
        match (&self.stack, &self.local) {
            (Some(stack), Some(url)) => {
                Err(format!("--stack {stack} and --local {url} are two stacks: name one").into())
            }
            (Some(stack), None) => Ok(Target::Deployed(stack)),
            (None, Some(url)) => Ok(Target::Local(url)),
            (None, None) if ENGINE.iter().any(|name| configured(name).is_some()) => {
                Ok(Target::Variables { engine: true })
            }
            (None, None) if configured(TABLE).is_some() => Ok(Target::Variables { engine: false }),
            (None, None) => Ok(Target::Local(LOCAL)),
        }
    }

    /// Whether a local stack is meant.
    pub(crate) fn is_local(&self) -> Result<bool, Failure> {
        Ok(matches!(self.target()?, Target::Local(_)))
    }

    /// The address of the local stack that is meant.
    pub(crate) fn local_url(&self) -> Result<&str, Failure> {
        match self.target()? {
            Target::Local(url) => Ok(url),
            Target::Deployed(_) | Target::Variables { .. } => Err(
                "this command posts to a local stack: name it with --local. The routes of a deployed \
                 stack are for requests that are signed with IAM"
                    .into(),
            ),
        }
    }

    /// The secret with the keys of the stack, if one is named.
    pub(crate) fn secret(&self) -> Result<Option<String>, Failure> {
        self.target()?;
        secret_of(self.stack.as_deref())
    }
}

/// A stack, as far as its operator reaches it.
pub(crate) struct Context {
    pub(crate) json: bool,
    pub(crate) settings: Settings,
    /// The deployed stack, where CloudFormation knows it.
    pub(crate) deployed: Option<Deployed>,
    stack: Option<String>,
    /// Whether a local stack was asked: only that has the demo's keys.
    is_local: bool,
    /// What the stack itself says, where a variable of ours says nothing.
    told: BTreeMap<String, String>,
    sdk: SdkConfig,
}

impl Context {
    /// The stack that the arguments and variables name.
    pub(crate) async fn open(common: &Common) -> Result<Self, Failure> {
        let target = common.target()?;
        for name in ENGINE.into_iter().chain([SQS_ENDPOINT]) {
            endpoint(name)?;
        }
        let is_local = matches!(target, Target::Local(_));
        let mut deployed = None;
        let (told, sdk) = match target {
            Target::Deployed(stack) => {
                let names = of_stack(stack)?;
                let sdk = patient(&clients::sdk_config().await)?;
                deployed = Deployed::of(&sdk, stack).await?;
                match &deployed {
                    Some(deployed) => contradict(&deployed.variables, stack)?,
                    None => is_there(&sdk, stack, &names).await?,
                }
                let said = deployed.iter().flat_map(|deployed| deployed.variables.clone());
                (names.into_iter().chain(said).collect(), sdk)
            }
            Target::Variables { engine: true } => (BTreeMap::new(), sdk_config(None).await),
            Target::Variables { engine: false } => (BTreeMap::new(), clients::sdk_config().await),
            Target::Local(url) => {
                let told = ask(url).await?;
                let who = format!("the local stack at {url}");
                agree(&told, &who, configured)?;
                let engine = told.get(DYNAMODB_ENDPOINT).map(String::as_str);
                let sdk = sdk_config(engine).await;
                (told, sdk)
            }
        };
        let sdk = patient(&sdk)?;
        let mut settings =
            Settings::read(|name| configured(name).or_else(|| told.get(name).cloned()))?;
        if is_local {
            // Its queue is the one that it says.
            (settings.shop_queue_url, settings.event_bus) = (None, None);
        }
        let (json, stack) = (common.json, common.stack.clone());
        Ok(Self { json, settings, deployed, stack, is_local, told, sdk })
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
        Table::new(self.dynamodb(), &self.settings.table, PROVIDERS)
    }

    pub(crate) fn archive(&self) -> Archive {
        let Settings { archive_table, raw_retention_days, .. } = &self.settings;
        Archive::new(self.dynamodb(), archive_table, *raw_retention_days)
    }

    /// What takes notifications, under the policy of the stack. Where neither CloudFormation nor a variable says that
    /// policy, nothing is taken: another one would decide otherwise.
    pub(crate) fn receiver(&self) -> Result<Receiver, Failure> {
        self.policy_is_known()?;
        Ok(Receiver::new(&self.dynamodb(), &self.settings, PROVIDERS))
    }

    /// An error where it would be a guess how long raw notifications are kept: on a stack that keeps none,
    /// buyers' data would be stored.
    pub(crate) fn retention_is_known(&self) -> Result<(), Failure> {
        if self.is_said(RETENTION) {
            return Ok(());
        }
        Err(format!(
            "{RETENTION} is not set. This command archives what it takes. Set the variable to the number of \
             days for which {} keeps them",
            self.name()
        )
        .into())
    }

    /// An error where the policy would be a guess.
    pub(crate) fn policy_is_known(&self) -> Result<(), Failure> {
        let Some(missing) = self.guessed() else { return Ok(()) };
        Err(format!(
            "{missing} is not set. This command needs the release policy of {}. Set the variables as its \
             functions have them: export {}=captured|secured {}=first|all",
            self.name(),
            POLICY[0],
            POLICY[1]
        )
        .into())
    }

    /// The policy variable that is not set, if any. A local stack answers with its own policy.
    pub(crate) fn guessed(&self) -> Option<&'static str> {
        POLICY.into_iter().find(|name| !self.is_said(name))
    }

    /// Whether a variable says it, if only that it is empty, or the stack itself.
    fn is_told(&self, variable: &str) -> bool {
        std::env::var_os(variable).is_some() || self.told.contains_key(variable)
    }

    /// The configuration of the engine's clients.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Whether a variable or the stack itself says it.
    fn is_said(&self, variable: &str) -> bool {
        configured(variable).is_some() || self.told.contains_key(variable)
    }

    fn name(&self) -> &str {
        self.stack.as_deref().unwrap_or("the stack")
    }

    /// The keys with which notifications are verified.
    pub(crate) async fn rings(&self) -> Rings {
        let secret = configured(SECRET).or_else(|| self.told.get(SECRET).cloned());
        if self.is_local {
            // As the local stack does: its engine is one of tables and holds no secret.
            return Rings::with_secret(secret, true).await;
        }
        let secret = secret.as_deref().map(|id| Secret { id, sdk: &self.sdk });
        Rings::open(secret, false).await
    }

    /// An SQS client.
    pub(crate) fn sqs(&self) -> Sqs {
        match self.told.get(SQS_ENDPOINT) {
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
        self.url_of(&queue_of(stack)).await
    }

    /// The URL of the queue of what is posted to the shop: as said, or found by the stack's name.
    pub(crate) async fn shop_queue_url(&self) -> Result<String, Failure> {
        match (&self.settings.shop_queue_url, &self.stack) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(stack)) => self.url_of(&posts_of(stack)).await,
            (None, None) => {
                Err(format!("no queue: set {SHOP_QUEUE}, or name a stack with --stack").into())
            }
        }
    }

    async fn url_of(&self, name: &str) -> Result<String, Failure> {
        let reply = self.sqs().get_queue_url().queue_name(name).send().await;
        let reply = reply.map_err(|e| StoreError::unavailable("find the queue", &e))?;
        reply.queue_url.ok_or_else(|| format!("the queue {name} has no URL").into())
    }

    /// The fulfilment queue, and what else is to have its messages.
    pub(crate) async fn queue(&self) -> Result<Queue, Failure> {
        // What is sent to one alone is marked as sent to all.
        if let Some(stack) = &self.stack
            && let Some(unsaid) = [SHOP_QUEUE, BUS].into_iter().find(|name| !self.is_told(name))
        {
            return Err(format!(
                "{unsaid} is not set, and CloudFormation does not say where the messages of {stack} go. Set the variable \
                 as its functions have it, empty where it is empty"
            )
            .into());
        }
        let queue = Queue::from_url(&self.queue_url().await?, self.sqs(), self.dynamodb());
        Ok(queue.and(self.settings.beside(&self.sdk)))
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
        (TABLE, format!("{stack}-orders")),
        ("QUITTANCE_ARCHIVE_TABLE", format!("{stack}-archive")),
        (SECRET, format!("{stack}/keys")),
    ];
    names.into_iter().map(|(variable, name)| (variable.to_owned(), name)).collect()
}

/// The name of the queue of what a deployed stack posts to the shop.
fn posts_of(stack: &str) -> String {
    format!("{stack}-post.fifo")
}

/// The name of a deployed stack's fulfilment queue.
fn queue_of(stack: &str) -> String {
    format!("{stack}-fulfilment.fifo")
}

/// Where the routes are: as said, those of a deployed stack, else those of the local stack.
pub(crate) async fn address(said: Option<&str>, stack: Option<&str>) -> Result<String, Failure> {
    let stack = match (said, stack) {
        (Some(url), _) => return Ok(url.to_owned()),
        (None, None) => return Ok(LOCAL.to_owned()),
        (None, Some(stack)) => stack,
    };
    let sdk = patient(&clients::sdk_config().await)?;
    let deployed = Deployed::of(&sdk, stack).await?.unwrap_or_default();
    deployed.base_url.ok_or_else(|| {
        format!("CloudFormation does not say where the routes of {stack} are: give the address")
            .into()
    })
}

/// The secret of a deployed stack, else the one that the variable names.
pub(crate) fn secret_of(stack: Option<&str>) -> Result<Option<String>, Failure> {
    match stack {
        Some(stack) => Ok(of_stack(stack)?.remove(SECRET)),
        None => Ok(configured(SECRET)),
    }
}

/// An error where a variable says something else than the stack: it was exported for another one.
fn contradict(told: &BTreeMap<String, String>, stack: &str) -> Result<(), Failure> {
    for (name, value) in told {
        let said = configured(name);
        if let Some(said) = said.as_ref().filter(|said| said.trim() != value.trim()) {
            return Err(format!(
                "{name} is {said}, and --stack {stack} has {value}: unset the variable"
            )
            .into());
        }
        // Forms are read with what the variable says.
        if name == FIELDS && said.is_none() && !value.trim().is_empty() {
            return Err(format!(
                "--stack {stack} has fields of its own: export {FIELDS}='{value}'"
            )
            .into());
        }
    }
    Ok(())
}

/// An error where there is no order table either of a stack that CloudFormation says nothing of.
async fn is_there(
    sdk: &SdkConfig,
    stack: &str,
    names: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let Some(table) = names.get(TABLE) else { return Ok(()) };
    let described = clients::dynamodb(sdk).describe_table().table_name(table).send().await;
    let is_missing = described
        .as_ref()
        .err()
        .and_then(|error| error.as_service_error())
        .is_some_and(|error| error.is_resource_not_found_exception());
    if !is_missing {
        // Whoever may not describe the table may still read orders.
        return Ok(());
    }
    let region = sdk.region().map_or("no region", |region| region.as_ref());
    Err(format!(
        "no stack {stack} in {region}: there is no table {table}. Look at the name, at AWS_REGION and at AWS_PROFILE"
    )
    .into())
}

/// The names in a deployed stack; an error where a variable names something of another one.
fn of_stack(stack: &str) -> Result<BTreeMap<String, String>, Failure> {
    let (names, who) = (names(stack), format!("--stack {stack}"));
    agree(&names, &who, configured)?;
    // Account and region are in the URL too: they are those of the usual configuration.
    let queue = BTreeMap::from([
        (QUEUE.to_owned(), queue_of(stack)),
        (SHOP_QUEUE.to_owned(), posts_of(stack)),
    ]);
    let last = |url: String| url.rsplit('/').next().map(str::to_owned);
    agree(&queue, &who, |variable| configured(variable).and_then(last))?;
    Ok(names)
}

/// An error where a variable names another resource than `who` means.
fn agree(
    told: &BTreeMap<String, String>,
    who: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), Failure> {
    for name in RESOURCES {
        let (Some(said), Some(meant)) = (variable(name), told.get(name)) else { continue };
        if said.trim() != meant {
            return Err(format!("{name} is {said}, and {who} means {meant}: unset one").into());
        }
    }
    Ok(())
}

/// Asks the local stack.
async fn ask(url: &str) -> Result<BTreeMap<String, String>, Failure> {
    let reply = Sender::new(url)?.get(LOCAL_SETTINGS).await.map_err(|error| {
        format!(
            "{error}. Start a local stack, give its address with --local, or name a deployed stack with \
             --stack"
        )
    })?;
    serde_json::from_str(&reply.body)
        .map_err(|_| format!("{url}{LOCAL_SETTINGS} is not the answer of a local stack").into())
}
