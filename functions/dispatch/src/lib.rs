//! Carries decisions from the order table's stream to the fulfilment queue.
//!
//! The stream only says which orders were written; each is read anew, so a record that comes twice or
//! late sends nothing twice that is marked as sent.

use std::collections::BTreeMap;

use quittance_aws::batch::BatchResponse;
use quittance_aws::outbox::Outbox;
use quittance_core::OrderKey;
use serde::Deserialize;

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Where decisions come from and messages go.
    pub outbox: Outbox,
}

/// A batch of a DynamoDB stream, as far as it is read here.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StreamEvent {
    /// The records, oldest first within an order.
    #[serde(rename = "Records", default)]
    pub records: Vec<StreamRecord>,
}

/// One change of an item.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamRecord {
    /// What changed.
    pub dynamodb: Change,
}

/// The key of a changed item.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// Names the record within its shard.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
    /// The item's key.
    #[serde(rename = "Keys")]
    pub keys: Keys,
}

/// The key of an order's item.
#[derive(Clone, Debug, Deserialize)]
pub struct Keys {
    /// The hash key.
    pub pk: Text,
}

/// A DynamoDB string.
#[derive(Clone, Debug, Deserialize)]
pub struct Text {
    /// Its value.
    #[serde(rename = "S")]
    pub s: String,
}

impl Function {
    /// Sends what the changed orders have to tell, each once however often it changed. A failure does not keep later orders
    /// from being sent: going over them again costs one read each.
    pub async fn handle(&self, event: StreamEvent) -> BatchResponse {
        let mut changes: BTreeMap<OrderKey, Vec<String>> = BTreeMap::new();
        for record in event.records {
            let Change { sequence_number, keys } = record.dynamodb;
            match keys.pk.s.parse() {
                Ok(key) => changes.entry(key).or_default().push(sequence_number),
                Err(_) => tracing::error!(pk = keys.pk.s, "not the key of an order"),
            }
        }
        let mut response = BatchResponse::default();
        let delivered = self.outbox.deliver_each(changes.keys().cloned()).await;
        for ((key, numbers), delivered) in changes.into_iter().zip(delivered) {
            if let Err(error) = delivered {
                tracing::error!(order = %key, %error, "not sent");
                numbers.into_iter().for_each(|number| response.failed(number));
            }
        }
        response
    }
}
