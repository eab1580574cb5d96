//! The tables, for engines that start empty (the local stack and tests). A deployment
//! declares the same.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
};

use crate::clock::Instant;
use crate::error::StoreError;
use crate::index::{BY_STATE, DUE};
use crate::lists::says_no_index;

/// How long an engine may take to make a table usable.
const CREATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a table that is being made is looked at. Engines on this machine take milliseconds; the SDK's
/// own waiter looks every 20 seconds.
const CREATION_POLL: Duration = Duration::from_millis(20);

/// A table as it is created.
struct Plan<'a> {
    hash: &'a str,
    range: Option<&'a str>,
    indexes: &'a [Index],
    stream: bool,
}

impl<'a> Plan<'a> {
    fn of_orders(indexes: &'a [Index], stream: bool) -> Self {
        Self { hash: "pk", range: None, indexes, stream }
    }
}

/// Name, hash and range of an index. An index holds keys alone.
type Index = (&'static str, &'static str, &'static str);

/// By what is to be done, and when: each order table has the index.
const DUE_INDEX: Index = (DUE, "due", "due_at");

/// By state.
const STATE_INDEX: Index = (BY_STATE, "state", "updated_at");

/// Creates the order table with its indexes and stream. Nothing happens if it exists.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the engine refuses or does not answer, or the table is not there in
/// time.
pub async fn create_orders(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name, &Plan::of_orders(&[DUE_INDEX, STATE_INDEX], true)).await
}

/// The same without the index of orders by state, as a deployment is made unless its owner wants that index.
///
/// # Errors
///
/// Those of [`create_orders`].
pub async fn create_lean_orders(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name, &Plan::of_orders(&[DUE_INDEX], true)).await
}

/// The same without a stream, for an engine whose writes a stream slows down.
///
/// # Errors
///
/// Those of [`create_orders`].
pub async fn create_orders_without_stream(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name, &Plan::of_orders(&[DUE_INDEX, STATE_INDEX], false)).await
}

/// An index that an order table has to have, and this one has not. A table that is there already keeps the indexes with which an
/// earlier version made it, and what is due is not found in them. The index of states is no such: lists do without.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the engine refuses or does not answer.
pub async fn missing_index(
    client: &Client,
    name: &str,
) -> Result<Option<&'static str>, StoreError> {
    let (index, hash, _) = DUE_INDEX;
    // Describing a table would say so too, but local engines count all that is in a table for it.
    let query = client
        .query()
        .table_name(name)
        .index_name(index)
        .limit(1)
        .key_condition_expression("#hash = :nothing")
        .expression_attribute_names("#hash", hash)
        .expression_attribute_values(":nothing", nothing());
    match query.send().await {
        Ok(_) => Ok(None),
        // An index that is being filled will be there.
        Err(error) if says_no_index(&error) && !is_filled(&error) => Ok(Some(index)),
        Err(error) => Err(StoreError::unavailable("query an index", &error)),
    }
}

/// Whether an engine says that it is filling the index.
fn is_filled(error: &impl ProvideErrorMetadata) -> bool {
    error.message().is_some_and(|message| message.contains("backfilling"))
}

/// A key that nothing has.
fn nothing() -> AttributeValue {
    AttributeValue::S("-".to_owned())
}

/// Creates the raw archive. Nothing happens if it exists.
///
/// # Errors
///
/// Those of [`create_orders`].
pub async fn create_archive(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name, &Plan { hash: "pk", range: Some("sk"), indexes: &[], stream: false }).await
}

/// Creates the table of a queue that is kept in a table. Nothing happens if it exists.
///
/// # Errors
///
/// Those of [`create_orders`].
pub async fn create_queue(client: &Client, name: &str) -> Result<(), StoreError> {
    create(client, name, &Plan { hash: "pk", range: None, indexes: &[], stream: false }).await
}

/// Fails where a table of one key cannot be written. Nothing is changed: what is deleted is not there.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the engine refuses or does not answer.
pub async fn try_to_write(client: &Client, name: &str) -> Result<(), StoreError> {
    let deleted = client.delete_item().table_name(name).key("pk", nothing()).send().await;
    deleted.map(drop).map_err(|error| StoreError::unavailable("delete nothing", &error))
}

async fn create(client: &Client, name: &str, plan: &Plan<'_>) -> Result<(), StoreError> {
    let request = request(client, name, plan).map_err(|error| StoreError::Unavailable {
        what: "describe table",
        why: error.to_string(),
    })?;
    match request.send().await {
        Ok(_) => {}
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {}
        Err(e) => return Err(StoreError::unavailable("create table", &e)),
    }
    usable(client, name, plan).await
}

/// Waits until a table can be used: until it is read. Local engines count all that is in a table before they describe it.
async fn usable(client: &Client, name: &str, plan: &Plan<'_>) -> Result<(), StoreError> {
    let began = Instant::now();
    loop {
        let mut read = client.get_item().table_name(name).key(plan.hash, nothing());
        if let Some(range) = plan.range {
            read = read.key(range, nothing());
        }
        match read.send().await {
            Ok(_) => return Ok(()),
            // A table may be made before everyone has heard of it.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            }
            Err(error) => return Err(StoreError::unavailable("read a table", &error)),
        }
        if began.elapsed() > CREATION_TIMEOUT {
            let why = format!("table {name} was not ready in time");
            return Err(StoreError::Unavailable { what: "wait for table", why });
        }
        tokio::time::sleep(CREATION_POLL).await;
    }
}

fn request(
    client: &Client,
    name: &str,
    plan: &Plan<'_>,
) -> Result<aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder, BuildError>
{
    let mut attributes = BTreeMap::new();
    let mut key = |name: &str, kind: KeyType| {
        attributes.insert(name.to_owned(), ());
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
    };
    let mut table = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(plan.hash, KeyType::Hash)?);
    if let Some(range) = plan.range {
        table = table.key_schema(key(range, KeyType::Range)?);
    }
    for (name, hash, range) in plan.indexes {
        let projection = Projection::builder().projection_type(ProjectionType::KeysOnly);
        let index = GlobalSecondaryIndex::builder()
            .index_name(*name)
            .key_schema(key(hash, KeyType::Hash)?)
            .key_schema(key(range, KeyType::Range)?)
            .projection(projection.build())
            .build()?;
        table = table.global_secondary_indexes(index);
    }
    for name in attributes.into_keys() {
        let text = ScalarAttributeType::S;
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(text);
        table = table.attribute_definitions(attribute.build()?);
    }
    if plan.stream {
        // So that a filter can leave out what has nothing to tell.
        let image = StreamViewType::NewImage;
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(image);
        table = table.stream_specification(stream.build()?);
    }
    Ok(table)
}

/// Creates an SQS FIFO queue, or finds the one of that name, and returns its URL.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where SQS refuses or does not answer.
pub async fn create_fifo_queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
) -> Result<String, StoreError> {
    let request = sqs
        .create_queue()
        .queue_name(name)
        .attributes(aws_sdk_sqs::types::QueueAttributeName::FifoQueue, "true");
    let reply = request.send().await.map_err(|e| StoreError::unavailable("create queue", &e))?;
    reply.queue_url.ok_or_else(|| StoreError::Corrupt("queue without a URL".to_owned()))
}
