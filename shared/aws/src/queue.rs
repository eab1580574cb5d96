//! Where messages go: the fulfilment queue (SQS FIFO, or a table for stacks without SQS), and what else is to have them.

use std::collections::{BTreeMap, HashMap};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::Client as EventBridge;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use futures_util::future::join_all;
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

/// Most messages that SQS and EventBridge take in one call.
const MAX_BATCH: usize = 10;

/// Most bytes of the bodies in one call: the least that either took ever, 256 KiB, less what names and headers take.
const MAX_BATCH_BYTES: usize = 240 * 1024;

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

    /// Sends one message: see [`Queue::send_each`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where the queue refuses or does not answer.
    pub async fn send(&self, message: &Outgoing) -> Result<(), StoreError> {
        let sent = self.send_each(&[message]).await.pop();
        sent.unwrap_or_else(|| unreachable!("each message has its end"))
    }

    /// Sends messages, as many in one call as the queue takes, and says of each whether the queue has it. A message's id
    /// deduplicates: in SQS within its group and five minutes, in a table for ever. What has to keep its sequence must not be
    /// sent together: the first may fail alone.
    pub async fn send_each(&self, messages: &[&Outgoing]) -> Vec<Result<(), StoreError>> {
        let mut sent = Vec::with_capacity(messages.len());
        for batch in batches(messages) {
            sent.extend(match self {
                Self::Sqs { client, url } => ends(batch, send_batch(client, url, batch).await),
                Self::Bus { client, name } => ends(batch, put_batch(client, name, batch).await),
                Self::Table(table) => {
                    join_all(batch.iter().map(|message| table.send(message))).await
                }
                Self::Both(first, second) => {
                    let mut sent = Box::pin(first.send_each(batch)).await;
                    let taken = sent.iter_mut().zip(batch).filter(|(sent, _)| sent.is_ok());
                    let (taken, left): (Vec<_>, Vec<_>) = taken.map(|(at, of)| (at, *of)).unzip();
                    let also = Box::pin(second.send_each(&left)).await;
                    taken.into_iter().zip(also).for_each(|(sent, also)| *sent = also);
                    sent
                }
            });
        }
        sent
    }
}

/// A message on its way to a queue.
#[derive(Clone, Debug)]
pub struct Outgoing {
    order: String,
    group: String,
    id: String,
    kind: String,
    body: String,
    trace: Option<Trace>,
}

impl Outgoing {
    /// A message about an order; messages of one group keep their sequence.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] where the message cannot be written as JSON, which none ever was.
    pub fn new(
        order: &OrderKey,
        of: &OrderKey,
        event: &CloudEvent,
        trace: Option<Trace>,
    ) -> Result<Self, StoreError> {
        let CloudEvent { id, kind, .. } = event.clone();
        let body = serde_json::to_string(event)?;
        Ok(Self { order: order.to_string(), group: group(of, &kind), id, kind, body, trace })
    }

    /// Says in the log that it was sent.
    pub(crate) fn log(&self) {
        let Self { order, id, kind, trace, .. } = self;
        let traceparent = trace.as_ref().map(Trace::to_string);
        tracing::info!(order, id, kind, traceparent, "message sent");
    }
}

/// What a service did not take of a batch, by its place, and why.
type Refused = BTreeMap<usize, String>;

/// Messages so many at once as SQS and EventBridge take in one call. One that is too large by itself is tried by itself.
fn batches<'a, 'm>(mut left: &'a [&'m Outgoing]) -> Vec<&'a [&'m Outgoing]> {
    let mut batches = Vec::new();
    while let [first, more @ ..] = left {
        let mut bytes = first.body.len();
        let more = more.iter().take(MAX_BATCH - 1).take_while(|message| {
            bytes += message.body.len();
            bytes <= MAX_BATCH_BYTES
        });
        let (batch, rest) = left.split_at(1 + more.count());
        batches.push(batch);
        left = rest;
    }
    batches
}

/// What became of each message of a batch.
fn ends(batch: &[&Outgoing], sent: Result<Refused, StoreError>) -> Vec<Result<(), StoreError>> {
    let of = |why: Option<String>| match why {
        None => Ok(()),
        Some(why) => Err(StoreError::Unavailable { what: "send message", why }),
    };
    match sent {
        Ok(mut refused) => (0..batch.len()).map(|at| of(refused.remove(&at))).collect(),
        Err(error) => batch.iter().map(|_| of(Some(error.to_string()))).collect(),
    }
}

/// Sends a batch. What is not in the answer was not taken.
async fn send_batch(client: &Sqs, url: &str, batch: &[&Outgoing]) -> Result<Refused, StoreError> {
    let entry = |(at, message): (usize, &&Outgoing)| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(at.to_string())
            .message_body(&message.body)
            .message_group_id(&message.group)
            .message_deduplication_id(&message.id);
        let header = message.trace.as_ref().and_then(trace_header);
        let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
        let headers = header.map(|header| HashMap::from([(name, header)]));
        let entry = entry.set_message_system_attributes(headers).build();
        entry.map_err(|error| StoreError::Corrupt(error.to_string()))
    };
    let entries = batch.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
    let sent = client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
    let sent = sent.map_err(|e| StoreError::unavailable("send messages", &e))?;
    let unsaid = (0..batch.len()).map(|at| (at, "not answered".to_owned()));
    let mut refused: Refused = unsaid.collect();
    for taken in sent.successful() {
        taken.id().parse().ok().and_then(|at: usize| refused.remove(&at));
    }
    let whys = sent.failed().iter().map(|failed| (failed.id(), failed.code()));
    for (at, why) in whys.filter_map(|(at, why)| Some((at.parse::<usize>().ok()?, why))) {
        refused.insert(at, why.to_owned());
    }
    Ok(refused)
}

/// Puts a batch on a bus: the call succeeds although the bus took nothing.
async fn put_batch(
    client: &EventBridge,
    name: &str,
    batch: &[&Outgoing],
) -> Result<Refused, StoreError> {
    let entries = batch.iter().map(|message| {
        PutEventsRequestEntry::builder()
            .event_bus_name(name)
            .source(BUS_SOURCE)
            .detail_type(&message.kind)
            .resources(&message.order)
            .detail(&message.body)
            .set_trace_header(message.trace.as_ref().map(Trace::xray))
            .build()
    });
    let put = client.put_events().set_entries(Some(entries.collect())).send().await;
    let put = put.map_err(|e| StoreError::unavailable("put events", &e))?;
    let answers = (0..batch.len()).map(|at| (at, put.entries().get(at)));
    let refused = answers.filter_map(|(at, answer)| match answer {
        Some(answer) => Some((at, answer.error_code()?.to_owned())),
        None => Some((at, "not answered".to_owned())),
    });
    Ok(refused.collect())
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

    async fn send(&self, message: &Outgoing) -> Result<(), StoreError> {
        let item = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(message.id.clone())),
            ("sent".to_owned(), AttributeValue::S(sortable_nanos())),
            ("event".to_owned(), AttributeValue::S(message.body.clone())),
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

/// The key where SQS accepts it (ASCII letters, digits and punctuation, as a key's text always is, up to 128),
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
