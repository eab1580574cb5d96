//! Rooms of the quarantine: how much of it each merchant's messages may take.
//!
//! A room is one item that lists what is in it: an attribute for each signed content, named by its digest,
//! with the bytes that it takes. So counting a content twice changes nothing, and no transaction is needed:
//!
//! - A message is put into quarantine first and counted second. If we die in between, the room counts one too
//!   few, until the message comes again: it errs on the side of keeping more, never of turning away.
//! - What is taken out is uncounted first and deleted second, with the same error, until it is taken out again.
//! - Many at once may each find the last place free: the room then holds a few more than its bound.
//!
//! What is counted is also what may be repeated when the room is full.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use quittance_core::{Content, ProviderId};

use crate::error::StoreError;
use crate::item::{Item, text};

/// How the attributes begin that stand for a content.
const CONTENT: &str = "c:";

/// How much a room holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Messages.
    pub messages: u64,
    /// Bytes of their bodies, as they are stored.
    pub bytes: u64,
}

impl Default for Bound {
    /// A person decides about each message, so far more than anybody works through is no use; a format that
    /// nobody understands brings as many messages as a shop sells, which must last until somebody looks. A
    /// content takes about 80 bytes of the room's item, of which DynamoDB takes 400 KB. As bytes it is four times
    /// what as many notifications take (1 to 5 KiB, less when compressed), and the largest body fits 64 times.
    fn default() -> Self {
        Self { messages: 500, bytes: 16 * 1024 * 1024 }
    }
}

/// What a room holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes by the digest of the content.
    contents: HashMap<String, u64>,
}

impl Room {
    /// Whether this content is counted.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.contents.contains_key(digest)
    }

    /// Whether so many bytes more are within the bound.
    pub(crate) fn takes(&self, bytes: u64, bound: Bound) -> bool {
        let (messages, held) = self.size();
        messages < bound.messages && held.saturating_add(bytes) <= bound.bytes
    }

    /// The same with this content.
    pub(crate) fn with(mut self, digest: &str, bytes: u64) -> Self {
        self.contents.insert(digest.to_owned(), bytes);
        self
    }

    /// How full it is, in percent of the bound that is nearer.
    pub(crate) fn fill(&self, bound: Bound) -> f64 {
        let (messages, bytes) = self.size();
        let share = |of: u64, most: u64| of as f64 / most.max(1) as f64 * 100.0;
        share(messages, bound.messages).max(share(bytes, bound.bytes))
    }

    fn size(&self) -> (u64, u64) {
        (self.contents.len() as u64, self.contents.values().sum())
    }

    fn of(item: &Item) -> Self {
        let counted = item.iter().filter_map(|(name, bytes)| {
            let digest = name.strip_prefix(CONTENT)?;
            Some((digest.to_owned(), bytes.as_n().ok()?.parse().ok()?))
        });
        Self { contents: counted.collect() }
    }
}

/// The rooms in the archive table. The receivers may read and change these items and no other: the names of
/// their partitions are in `template.yaml`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rooms<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: &'a str,
}

impl Rooms<'_> {
    /// The room for messages of this kind, strongly consistent.
    pub(crate) async fn of(&self, content: &Content) -> Result<Room, StoreError> {
        let reply = self
            .client
            .get_item()
            .table_name(self.table)
            .key("pk", AttributeValue::S(rooms_of(content.account.psp)))
            .key("sk", AttributeValue::S(content.room()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::unavailable("get room of quarantine", &e))?;
        Ok(reply.item.as_ref().map(Room::of).unwrap_or_default())
    }

    /// Counts a content.
    pub(crate) async fn count(&self, content: &Content, bytes: u64) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(self.table)
            .key("pk", AttributeValue::S(rooms_of(content.account.psp)))
            .key("sk", AttributeValue::S(content.room()))
            .update_expression("SET #content = :bytes")
            .expression_attribute_names("#content", format!("{CONTENT}{}", content.digest))
            .expression_attribute_values(":bytes", AttributeValue::N(bytes.to_string()))
            .send()
            .await
            .map_err(|e| StoreError::unavailable("count in room of quarantine", &e))?;
        Ok(())
    }

    /// Uncounts a content, in whichever room of the provider it is: keys may have been bound to another
    /// merchant since.
    pub(crate) async fn uncount(&self, psp: ProviderId, digest: &str) -> Result<(), StoreError> {
        let mut rooms = self
            .client
            .query()
            .table_name(self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(rooms_of(psp)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = rooms.next().await {
            let item =
                item.map_err(|e| StoreError::unavailable("query rooms of quarantine", &e))?;
            if !Room::of(&item).has(digest) {
                continue;
            }
            self.client
                .update_item()
                .table_name(self.table)
                .key("pk", AttributeValue::S(rooms_of(psp)))
                .key("sk", AttributeValue::S(text(&item, "sk")?.to_owned()))
                .update_expression("REMOVE #content")
                .expression_attribute_names("#content", format!("{CONTENT}{digest}"))
                .send()
                .await
                .map_err(|e| StoreError::unavailable("uncount in room of quarantine", &e))?;
        }
        Ok(())
    }
}

fn rooms_of(psp: ProviderId) -> String {
    format!("quarantine/rooms/{}", psp.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_full_by_messages_or_by_bytes_and_tells_the_nearer() {
        let bound = Bound { messages: 4, bytes: 100 };
        let room = Room::default().with("a", 10).with("b", 10).with("a", 10);
        assert_eq!(room.fill(bound), 50.0);
        assert!(room.takes(80, bound) && !room.takes(81, bound));
        let large = room.clone().with("c", 80);
        assert_eq!(large.fill(bound), 100.0);
        assert!(!large.takes(1, bound));
        let many = room.with("c", 1).with("d", 1);
        assert!(!many.takes(0, bound));
        assert!(many.has("d") && !many.has("e"));
    }
}
