//! The functions, the tables and the queue of the local stack, wired once.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use quittance_aws::amend::Amender;
use quittance_aws::apis::Apis;
use quittance_aws::archive::Archive;
use quittance_aws::ask::Asker;
use quittance_aws::caller::Caller;
use quittance_aws::config::Settings;
use quittance_aws::notices::Notifier;
use quittance_aws::outbox::Outbox;
use quittance_aws::pay::Payer;
use quittance_aws::queue::{Queue, TableQueue};
use quittance_aws::receive::Receiver;
use quittance_aws::start::Starter;
use quittance_aws::webhook::Webhook;
use quittance_aws::{clients, schema};
use quittance_core::Policy;
use quittance_psp::PROVIDERS;

use crate::console::Console;
use crate::engine::{DYNAMODB_ENDPOINT, Engine, SQS_ENDPOINT, endpoint, sdk_config};
use crate::keys::{Rings, configured};
use crate::operate::replayer::Replayer;
use crate::output::Failure;

/// The table that lists every message ever released.
const QUEUE_TABLE: &str = "quittance-local-queue";

/// The FIFO queue that is made where `AWS_ENDPOINT_URL_SQS` is set and no queue is named.
const QUEUE_NAME: &str = "quittance-fulfilment.fifo";

/// Everything that answers requests.
pub(crate) struct Stack {
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) orders: orders::Function,
    pub(crate) console: Console,
    pub(crate) expected: expected::Function,
    pub(crate) ask: ask::Function,
    pub(crate) reconcile: reconcile::Function,
    pub(crate) checkout: checkout::Function,
    pub(crate) returns: returns::Function,
    pub(crate) refund: refund::Function,
    pub(crate) outbox: Outbox,
    pub(crate) archive: Archive,
    pub(crate) log: TableQueue,
    /// How another process reaches the same tables and queue: variables with their values.
    pub(crate) variables: BTreeMap<&'static str, String>,
}

impl Stack {
    /// Wires them, and makes the tables and the queue where they are missing.
    pub(crate) async fn build(
        engine: &Engine,
        settings: &Settings,
        rings: Rings,
        apis: Apis,
        url: &str,
    ) -> Result<Self, Failure> {
        let client = clients::dynamodb(&engine.config);
        let created = if engine.streams {
            schema::create_orders(&client, &settings.table).await
        } else {
            schema::create_orders_without_stream(&client, &settings.table).await
        };
        created.map_err(|error| format!("the engine at {} does not work: {error}", engine.url))?;
        is_of_this_version(engine, &client, &settings.table).await?;
        schema::create_archive(&client, &settings.archive_table).await?;
        schema::create_queue(&client, QUEUE_TABLE).await?;
        schema::try_to_write(&client, QUEUE_TABLE).await.map_err(|error| {
            format!(
                "the {} cannot be written: {error}. Let this user write there, or {}",
                engine.description, engine.begin_anew
            )
        })?;
        let log = TableQueue::new(client.clone(), QUEUE_TABLE);
        let receiver = Receiver::new(&client, settings, PROVIDERS);
        let (table, policy) = (receiver.table.clone(), settings.policy);
        let queue = queue(settings, &client, &log).await?;
        let outbox = Outbox { table: table.clone(), queue: queue.clone(), policy };
        let public_url = settings.public_url.clone().unwrap_or_else(|| url.to_owned());
        let asker = Asker { receiver: receiver.clone(), apis, caller: Caller::new() };
        let payer = Payer { asker: asker.clone() };
        Ok(Self {
            variables: variables(engine, settings, &queue),
            archive: receiver.archive.clone(),
            webhooks: rings
                .each()
                .map(|(provider, keys)| Webhook::new(provider, keys.clone(), receiver.clone()))
                .collect(),
            orders: orders::Function { table: table.clone(), policy },
            expected: expected::Function { amender: Amender::of(&receiver) },
            ask: ask::Function { asker: asker.clone() },
            checkout: checkout::Function {
                starter: Starter { asker: asker.clone(), public_url: Some(public_url) },
            },
            returns: returns::Function { asker },
            reconcile: reconcile::Function {
                payer: payer.clone(),
                stranded_refund_minutes: settings.stranded_refund_minutes,
                notifier: Notifier { outbox: outbox.clone(), wanted: settings.notices.clone() },
            },
            console: Console {
                table: table.clone(),
                archive: receiver.archive.clone(),
                policy,
                payer: Some(payer.clone()),
                replayer: Some(Replayer::new(rings, receiver)),
            },
            refund: refund::Function { payer },
            outbox,
            log,
        })
    }
}

/// Fails where an earlier version made the order table: it would take notifications, and no message would ever be sent.
async fn is_of_this_version(engine: &Engine, client: &Client, table: &str) -> Result<(), Failure> {
    match schema::missing_index(client, table).await? {
        None => Ok(()),
        Some(index) => Err(format!(
            "the table {table} ({}) was made by an earlier version: it has no index {index}; {}",
            engine.description, engine.begin_anew
        )
        .into()),
    }
}

/// What the operator's commands need to know of this stack.
fn variables(
    engine: &Engine,
    settings: &Settings,
    queue: &Queue,
) -> BTreeMap<&'static str, String> {
    let Policy { release_on, instalments, confirm } = settings.policy;
    let mut variables = BTreeMap::from([
        ("QUITTANCE_CONFIRM", confirm.as_str().to_owned()),
        (DYNAMODB_ENDPOINT, engine.url.clone()),
        ("QUITTANCE_TABLE", settings.table.clone()),
        ("QUITTANCE_ARCHIVE_TABLE", settings.archive_table.clone()),
        ("QUITTANCE_RELEASE_ON", release_on.as_str().to_owned()),
        ("QUITTANCE_INSTALMENTS", instalments.as_str().to_owned()),
        ("QUITTANCE_RAW_RETENTION_DAYS", settings.raw_retention_days.unwrap_or(0).to_string()),
        ("QUITTANCE_QUEUE_URL", format!("table:{QUEUE_TABLE}")),
    ]);
    if let Queue::Both(first, _) = queue
        && let Queue::Sqs { url, .. } = first.as_ref()
    {
        variables.insert("QUITTANCE_QUEUE_URL", url.clone());
        variables.extend(configured(SQS_ENDPOINT).map(|endpoint| (SQS_ENDPOINT, endpoint)));
    }
    variables
}

/// The queue: a table that lists every message, and before it SQS where an endpoint is configured.
async fn queue(settings: &Settings, client: &Client, log: &TableQueue) -> Result<Queue, Failure> {
    let log = Queue::Table(log.clone());
    let Some(endpoint) = endpoint(SQS_ENDPOINT)? else {
        return Ok(log);
    };
    let sqs = clients::sqs(&sdk_config(Some(&endpoint)).await);
    let url = match &settings.queue_url {
        Some(url) => url.clone(),
        None => schema::create_fifo_queue(&sqs, QUEUE_NAME).await?,
    };
    Ok(Queue::Both(Box::new(Queue::from_url(&url, sqs, client.clone())), Box::new(log)))
}
