//! A batch of an event source and the answer to it, as far as they are needed here.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// What Lambda hands over of an SQS queue.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Batch {
    /// The messages, oldest first within a group.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Names this delivery to Lambda. It is SQS's own and differs from the id that is remembered.
    pub message_id: String,
    /// Names this delivery to SQS.
    #[serde(default)]
    pub receipt_handle: String,
    /// What Quittance sent.
    pub body: String,
    /// What SQS says about it.
    #[serde(default)]
    pub attributes: Attributes,
}

/// What SQS says about a message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// The order that the message is about; a standard queue has none.
    #[serde(default)]
    pub message_group_id: Option<String>,
    /// How often the message was handed out so far, this time included. Digits.
    #[serde(default)]
    pub approximate_receive_count: Option<String>,
}

/// What Lambda is to bring again (`ReportBatchItemFailures`). Of a queue every other message is deleted; in a stream
/// Lambda goes back to the first that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The messages or records that failed.
    pub batch_item_failures: Vec<Failure>,
}

/// One that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its [`Record::message_id`], or its sequence number in a stream.
    pub item_identifier: String,
}

/// How far a batch is carried out. Once a message of a group has failed the later ones of that group fail too, untried: a
/// reversal must not overtake its release. Other groups go on.
#[derive(Debug, Default)]
pub struct Progress<'a> {
    /// The answer so far.
    pub response: BatchResponse,
    stuck: HashSet<&'a str>,
}

impl<'a> Progress<'a> {
    /// Whether a message may be carried out: nothing before it in its group has failed.
    pub fn is_free(&self, record: &Record) -> bool {
        !record.group().is_some_and(|group| self.stuck.contains(group))
    }

    /// Notes whether a message was carried out.
    pub fn note(&mut self, record: &'a Record, is_done: bool) {
        if !is_done {
            self.stuck.extend(record.group());
            self.response.failed(&record.message_id);
        }
    }
}

impl Record {
    fn group(&self) -> Option<&str> {
        self.attributes.message_group_id.as_deref()
    }
}

impl BatchResponse {
    /// Adds one that failed.
    pub fn failed(&mut self, identifier: impl Into<String>) {
        self.batch_item_failures.push(Failure { item_identifier: identifier.into() });
    }
}
