//! Raw notifications as they came, so that every order can be rebuilt, and the quarantine for those
//! that nobody could read.
//!
//! | `pk` | `sk` | lives |
//! |---|---|---|
//! | the order's key | arrival in nanoseconds and digest: a replay keeps the order | as configured |
//! | `untracked/<psp>` | arrival and digest | as configured |
//! | `quarantine/<psp>` | digest | until a person decides |

use std::io::{Read, Write};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use quittance_core::{OrderKey, Psp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::sortable_nanos;
use crate::error::{StoreError, written};

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// The archive.
#[derive(Clone, Debug)]
pub struct Archive {
    client: Client,
    name: String,
    retention_days: Option<u32>,
}

/// A notification as it came.
#[derive(Clone, Debug)]
pub struct Raw<'a> {
    /// Who sent it.
    pub psp: Psp,
    /// The body, unmodified.
    pub body: &'a [u8],
    /// SHA-256 of the body, lowercase hex.
    pub sha256: &'a str,
    /// The headers that a later verification needs.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What is known of a notification in quarantine, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Who sent it.
    pub psp: Psp,
    /// SHA-256 of the body, lowercase hex.
    pub sha256: String,
    /// Why nobody could read it.
    pub reason: String,
    /// When it first came.
    pub received_at: String,
}

impl Archive {
    /// The archive in the table of this name; without retention only the quarantine is kept.
    pub fn new(client: Client, name: impl Into<String>, retention_days: Option<u32>) -> Self {
        Self { client, name: name.into(), retention_days }
    }

    /// The same, keeping nothing but the quarantine.
    pub fn without_retention(&self) -> Self {
        Self { retention_days: None, ..self.clone() }
    }

    /// Keeps a notification about an order.
    pub async fn keep(&self, key: &OrderKey, raw: &Raw<'_>) -> Result<(), StoreError> {
        self.keep_as(&key.to_string(), raw).await
    }

    /// Keeps a notification about something that is not tracked.
    pub async fn keep_untracked(&self, raw: &Raw<'_>) -> Result<(), StoreError> {
        self.keep_as(&format!("untracked/{}", raw.psp.as_str()), raw).await
    }

    /// Puts a notification into quarantine, whatever the retention. Sent again, it stays as it was.
    pub async fn quarantine(&self, raw: &Raw<'_>, reason: &str) -> Result<(), StoreError> {
        let partition = quarantine_of(raw.psp);
        let put = self.put(&partition, raw.sha256, raw)?;
        let put = put
            .item("reason", AttributeValue::S(reason.to_owned()))
            .condition_expression("attribute_not_exists(pk)");
        written("put into quarantine", put.send().await).map(|_| ())
    }

    /// What is in quarantine.
    pub async fn quarantined(&self, psp: Psp) -> Result<Vec<Quarantined>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(quarantine_of(psp)))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|e| StoreError::unavailable("query quarantine", &e))?;
            let text = |name: &str| {
                item.get(name).and_then(|v| v.as_s().ok()).cloned().unwrap_or_default()
            };
            found.push(Quarantined {
                psp,
                sha256: text("sk"),
                reason: text("reason"),
                received_at: text("received_at"),
            });
        }
        Ok(found)
    }

    async fn keep_as(&self, partition: &str, raw: &Raw<'_>) -> Result<(), StoreError> {
        let Some(days) = self.retention_days else {
            return Ok(());
        };
        let expires_at = raw.received_at.unix() + i64::from(days) * DAY;
        let sort = format!("{}/{}", sortable_nanos(), raw.sha256);
        self.put(partition, &sort, raw)?
            .item("expires_at", AttributeValue::N(expires_at.to_string()))
            .send()
            .await
            .map_err(|e| StoreError::unavailable("put into archive", &e))?;
        Ok(())
    }

    fn put(
        &self,
        partition: &str,
        sort: &str,
        raw: &Raw<'_>,
    ) -> Result<aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder, StoreError>
    {
        let body = deflate(raw.body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let headers = serde_json::to_string(&raw.headers)?;
        Ok(self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(partition.to_owned()))
            .item("sk", AttributeValue::S(sort.to_owned()))
            .item("sha256", AttributeValue::S(raw.sha256.to_owned()))
            .item("received_at", AttributeValue::S(raw.received_at.to_string()))
            .item("headers", AttributeValue::S(headers))
            .item("body", AttributeValue::B(Blob::new(body))))
    }
}

fn quarantine_of(psp: Psp) -> String {
    format!("quarantine/{}", psp.as_str())
}

/// Compresses a body (raw DEFLATE).
pub fn deflate(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Undoes [`deflate`], up to the largest accepted body.
pub fn inflate(compressed: &[u8]) -> std::io::Result<Vec<u8>> {
    let most = quittance_core::limits::MAX_BODY_BYTES as u64;
    let mut body = Vec::new();
    DeflateDecoder::new(compressed).take(most).read_to_end(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_unmodified() {
        for body in [&b""[..], b"vads_amount=1&signature=x", &[0xff; 4096]] {
            assert_eq!(inflate(&deflate(body).unwrap()).unwrap(), body);
        }
    }
}
