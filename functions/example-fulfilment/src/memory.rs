//! The ids that were acted on.
//!
//! One item per message id, for ever:
//!
//! ```text
//! (nothing) ── claim ──> claimed, until its lease ends ── settle ──> done
//!                          └── claim by another, once the lease has ended
//! ```
//!
//! Both steps are single writes, so `dynamodb:PutItem` is all that the function may do.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use quittance_aws::StoreError;
use quittance_core::Timestamp;
use quittance_core::message::CloudEvent;

use crate::Invocation;

/// How long a claim keeps others away, from the start of the invocation that made it.
///
/// Longer than the function may run (30 s), so that nobody takes over from an invocation that is still at
/// work; shorter than the queue's visibility timeout (180 s), so that the lease of one that died has ended
/// when the message comes again.
pub const LEASE_SECONDS: i64 = 60;

/// Remembers ids in a table of its own.
#[derive(Clone, Debug)]
pub struct Memory {
    client: Client,
    table: String,
}

/// What became of an attempt to claim an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is ours until the lease ends.
    Ours,
    /// It was acted on before: nothing is left to do.
    Done,
    /// Another invocation is at work on it, or died less than a lease ago.
    Others,
}

impl Memory {
    /// Remembers in the table of this name: hash key `pk`, a string.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Claims a message's id. Of all who try at the same time one succeeds.
    ///
    /// The claim names the invocation: when the SDK repeats a write whose answer was lost, we find our own
    /// claim and not a stranger's.
    pub async fn claim(&self, message: &CloudEvent, by: &Invocation) -> Result<Claim, StoreError> {
        let lease_ends = by.began.unix() + LEASE_SECONDS;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(message, "claimed")))
            .item("claimed_by", text(&by.id))
            .item("lease_ends", number(lease_ends))
            .condition_expression(
                "attribute_not_exists(pk) OR \
                 (#state = :claimed AND (lease_ends < :now OR claimed_by = :me))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":now", number(by.began.unix()))
            .expression_attribute_values(":me", text(&by.id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else {
            return Ok(Claim::Ours);
        };
        let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error()
        else {
            return Err(StoreError::unavailable("claim message", &error));
        };
        // Whoever does not say what is there leaves us without proof that it is done: it comes again.
        let state = refused.item().and_then(|item| item.get("state")?.as_s().ok());
        Ok(if state.is_some_and(|state| state == "done") { Claim::Done } else { Claim::Others })
    }

    /// Remembers for ever that a message was acted on.
    ///
    /// Without a condition, because it is true whoever says it: also when our lease has ended and another
    /// invocation is handing the same message over under the same id.
    pub async fn settle(&self, message: &CloudEvent, at: Timestamp) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(message, "done")))
            .item("done_at", text(&at.to_string()));
        put.send().await.map_err(|error| StoreError::unavailable("settle message", &error))?;
        Ok(())
    }
}

/// What both states have: enough to see in the table which order an id belongs to.
fn item(message: &CloudEvent, state: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), text(&message.id)),
        ("state".to_owned(), text(state)),
        ("type".to_owned(), text(&message.kind)),
        ("source".to_owned(), text(&message.source)),
        ("subject".to_owned(), text(&message.subject)),
    ])
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
