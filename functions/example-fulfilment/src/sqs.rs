//! A batch of an SQS queue and the answer to it, as far as they are needed here.

use serde::{Deserialize, Serialize};

/// What Lambda hands over.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Batch {
    /// The messages, oldest first within a group.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Names this delivery to Lambda. It is SQS's own and differs from the id that is remembered.
    pub message_id: String,
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
}

/// What Lambda is to bring again; every other message of the batch is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The messages that failed.
    pub batch_item_failures: Vec<Failure>,
}

/// One message that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Its [`Record::message_id`].
    pub item_identifier: String,
}
