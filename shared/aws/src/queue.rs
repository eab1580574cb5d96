//! Where messages go: the fulfilment queue (SQS FIFO, or a table for stacks without SQS), and what else is to have them.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::Client as EventBridge;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use quittance_core::OrderKey;
use quittance_core::crypto::sha256_hex;
use quittance_core::message::CloudEvent;
use quittance_core::notice::Notice;

use crate::clock::sortable_nanos;
use crate::error::{StoreError, written};
use crate::item::PAGE;
use crate::trace::Trace;

/// How a queue kept in a table is named in `QUITTANCE_QUEUE_URL`: `table:<name>`.
const TABLE_SCHEME: &str = "table:";

/// The `source` of what is on the bus; those that begin with `aws.` are AWS' own.
const BUS_SOURCE: &str = "quittance";

/// Longest `MessageGroupId` that SQS accepts.
const MAX_GROUP_BYTES: usize = 128;

/// Where released orders go.
#[derive(Clone, Debug)]
pub enum Queue {
    /// An SQS FIFO queue.
    Sqs {
        /// The client.
        client: Sqs,
        /// The queue's URL.
        url: String,
    },
    /// An EventBridge bus. It keeps no order and knows no repeats: the id is in the message.
    Bus {
        /// The client.
        client: EventBridge,
        /// The bus.
        name: String,
    },
    /// A table that keeps every message once and for ever.
    Table(TableQueue),
    /// One after the other; a message is sent when the last has taken it.
    Both(Box<Self>, Box<Self>),
}

impl Queue {
    /// The queue that `QUITTANCE_QUEUE_URL` names.
    pub fn from_url(url: &str, sqs: Sqs, dynamodb: DynamoDb) -> Self {
        match url.strip_prefix(TABLE_SCHEME) {
            Some(name) => Self::Table(TableQueue::new(dynamodb, name)),
            None => Self::Sqs { client: sqs, url: url.to_owned() },
        }
    }

    /// This one, and another after it.
    #[must_use]
    pub fn and(self, other: Option<Self>) -> Self {
        match other {
            Some(other) => Self::Both(Box::new(self), Box::new(other)),
            None => self,
        }
    }

    /// Sends a message. Its id deduplicates: within five minutes in SQS, for ever in a table.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the queue refuses or does not answer.
    pub async fn send(
        &self,
        key: &OrderKey,
        event: &CloudEvent,
        trace: Option<&Trace>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqs { client, url } => {
                let mut message = client
                    .send_message()
                    .queue_url(url)
                    .message_body(body(event)?)
                    .message_group_id(group(key, &event.kind))
                    .message_deduplication_id(&event.id);
                if let Some(header) = trace.and_then(trace_header) {
                    let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
                    message = message.message_system_attributes(name, header);
                }
                let sent = message.send().await;
                sent.map(|_| ()).map_err(|e| StoreError::unavailable("send message", &e))
            }
            Self::Bus { client, name } => {
                let entry = PutEventsRequestEntry::builder()
                    .event_bus_name(name)
                    .source(BUS_SOURCE)
                    .detail_type(&event.kind)
                    .resources(key.to_string())
                    .detail(body(event)?)
                    .set_trace_header(trace.map(Trace::xray))
                    .build();
                let put = client.put_events().entries(entry).send().await;
                let put = put.map_err(|e| StoreError::unavailable("put event", &e))?;
                // The call succeeds although the bus took nothing.
                match put.entries().iter().find_map(|entry| entry.error_code()) {
                    Some(code) => {
                        Err(StoreError::Unavailable { what: "put event", why: code.to_owned() })
                    }
                    None => Ok(()),
                }
            }
            Self::Table(table) => table.send(event).await,
            Self::Both(first, second) => {
                Box::pin(first.send(key, event, trace)).await?;
                Box::pin(second.send(key, event, trace)).await
            }
        }
    }
}

/// Whether there is a bus of this name. An event that is put on none is taken, and nobody is told.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where `EventBridge` refuses or does not answer.
pub async fn bus_is_there(sdk: &SdkConfig, name: &str) -> Result<bool, StoreError> {
    match EventBridge::new(sdk).describe_event_bus().name(name).send().await {
        Ok(_) => Ok(true),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
            Ok(false)
        }
        Err(error) => Err(StoreError::unavailable("describe event bus", &error)),
    }
}

/// A queue kept in a table.
#[derive(Clone, Debug)]
pub struct TableQueue {
    client: DynamoDb,
    name: String,
}

impl TableQueue {
    /// The queue in the table of this name.
    pub fn new(client: DynamoDb, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Every message, oldest first, as the JSON that was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where an item is no message; [`StoreError::Unavailable`] where the engine
    /// refuses or does not answer.
    pub async fn messages(&self) -> Result<Vec<String>, StoreError> {
        let mut items = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .limit(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut found: Vec<(String, String)> = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|e| StoreError::unavailable("scan queue", &e))?;
            let text = |name: &str| {
                let text = item.get(name).and_then(|value| value.as_s().ok()).cloned();
                text.ok_or_else(|| StoreError::Corrupt(format!("queue: no {name}")))
            };
            found.push((text("sent")?, text("event")?));
        }
        found.sort();
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    async fn send(&self, event: &CloudEvent) -> Result<(), StoreError> {
        let item = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(event.id.clone())),
            ("sent".to_owned(), AttributeValue::S(sortable_nanos())),
            ("event".to_owned(), AttributeValue::S(body(event)?)),
        ]);
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        written("put message", put.send().await).map(|_| ())
    }
}

/// SQS' own attribute for a trace, which X-Ray follows.
fn trace_header(trace: &Trace) -> Option<MessageSystemAttributeValue> {
    let value = MessageSystemAttributeValue::builder().data_type("String");
    value.string_value(trace.xray()).build().ok()
}

fn body(event: &CloudEvent) -> Result<String, StoreError> {
    Ok(serde_json::to_string(event)?)
}

/// The order's key where SQS accepts it (ASCII letters, digits and punctuation, as a key's text always is, up to 128),
/// else its digest. Notices have a group of their own: a consumer that does not know them yet keeps no release waiting.
fn group(key: &OrderKey, kind: &str) -> String {
    let text = if Notice::is_one(kind) { format!("notice/{key}") } else { key.to_string() };
    if text.len() <= MAX_GROUP_BYTES { text } else { sha256_hex(text.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use quittance_core::message::{
        FULFILMENT_REQUESTED, ORDER_HELD, ORDER_STRANDED, REVERSAL_REQUESTED,
    };

    use super::*;

    #[test]
    fn an_order_has_one_group_and_its_notices_another() {
        for length in [1, MAX_GROUP_BYTES] {
            let key: OrderKey = format!("worldline/M/test/{}", "A".repeat(length)).parse().unwrap();
            let groups = [FULFILMENT_REQUESTED, REVERSAL_REQUESTED, ORDER_HELD, ORDER_STRANDED]
                .map(|kind| group(&key, kind));
            assert_eq!(groups[0], groups[1]);
            assert_eq!(groups[2], groups[3]);
            assert_ne!(groups[0], groups[2]);
            assert!(groups.iter().all(|group| group.len() <= MAX_GROUP_BYTES), "{groups:?}");
        }
    }
}
