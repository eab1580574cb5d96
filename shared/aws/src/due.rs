//! What is to be done, and when: the entries of the index [`DUE`].
//!
//! The index holds keys alone.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use quittance_core::{OrderKey, Timestamp};

use crate::error::StoreError;
use crate::index::{DUE, Entry, SHARDS, Task};
use crate::item::PAGE;
use crate::lists::Found;
use crate::table::{Item, Table, read_key, text};

/// How many shards are read side by side. More take as many connections, each of which a small function has to open first.
const SHARDS_AT_ONCE: usize = 8;

/// How long the queue does not know of an order before the provider is asked about it all the same, and how long after that
/// again, in seconds. A queue takes most messages within a second; where it takes none for hours, the shop must not be the last
/// to hear of a refund.
const UNTOLD_SECONDS: u64 = 60 * 60;

/// How long such a turn lasts, in seconds. The entry stays as it is, so that only its age tells whose turn it is. A look comes
/// each minute: of two, one may come late. So an order is asked about once or twice an hour.
const TURN_SECONDS: u64 = 2 * 60;

impl Table {
    /// Orders with unsent messages, oldest first.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn unsent(&self) -> Result<Vec<Found>, StoreError> {
        let entries = self.entries(&[Task::Tell], None, u32::MAX).await?;
        let found =
            |(updated_at, pk): &(_, String)| Some(Found { key: key(pk)?, updated_at: *updated_at });
        Ok(entries.iter().filter_map(found).collect())
    }

    /// Orders about which the provider is to be asked, those first that wait longest; with `until` only what is due
    /// by then, at most `limit` of each shard.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn due(
        &self,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let entries = self.entries(&[Task::Voucher, Task::Ask], until, limit).await?;
        Ok(entries.iter().filter_map(|(_, pk)| key(pk)).collect())
    }

    /// Orders of which the queue has not been told for an hour and whose turn it is at this time, at most `limit` of them, those
    /// first that wait longest. The provider is asked about them, and they stay to be told.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn untold(&self, at: Timestamp, limit: usize) -> Result<Vec<OrderKey>, StoreError> {
        let since = i64::try_from(UNTOLD_SECONDS).ok().map(|seconds| at.unix() - seconds);
        let Some(until) = since.and_then(Timestamp::from_unix) else { return Ok(Vec::new()) };
        // Whose turn it is stands anywhere among them.
        let entries = self.entries(&[Task::Tell], Some(until), u32::MAX).await?;
        let has_turn = |since: Timestamp| at.seconds_since(since) % UNTOLD_SECONDS < TURN_SECONDS;
        let turns = entries.iter().filter(|(since, _)| has_turn(*since));
        Ok(turns.filter_map(|(_, pk)| key(pk)).take(limit).collect())
    }

    /// Orders whose captured voucher waits for its complement, as long as it can be given back, in no order. The provider is
    /// asked about each of them.
    ///
    /// # Errors
    ///
    /// Those of [`Table::list`].
    pub async fn waiting_vouchers(&self) -> Result<Vec<OrderKey>, StoreError> {
        let entries = self.entries(&[Task::Voucher], None, u32::MAX).await?;
        Ok(entries.iter().filter_map(|(_, pk)| key(pk)).collect())
    }

    /// What is due of these kinds, as times and keys of items, what waits longest first; with `until` only what is due by
    /// then, at most `limit` of each kind and shard.
    pub(crate) async fn entries(
        &self,
        tasks: &[Task],
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(Timestamp, String)>, StoreError> {
        let all = match self.all_entries().await? {
            Some(entries) => {
                let wanted = |entry: &Entry| {
                    tasks.contains(&entry.task) && until.is_none_or(|until| entry.at <= until)
                };
                let wanted = entries.into_iter().filter(|(entry, _)| wanted(entry));
                wanted.map(|(entry, pk)| (entry.at, pk)).collect()
            }
            None => {
                let shards = |task: Task| {
                    SHARDS
                        .chars()
                        .map(move |shard| self.entries_in(shard, task.range(until), limit))
                };
                let shards: Vec<_> = tasks.iter().copied().flat_map(shards).collect();
                stream::iter(shards).buffer_unordered(SHARDS_AT_ONCE).try_concat().await?
            }
        };
        Ok(once_each(all))
    }

    /// All that is due, where one page holds it. Most indexes are that small, and a page of them costs less than a query of each
    /// shard.
    async fn all_entries(&self) -> Result<Option<Vec<(Entry, String)>>, StoreError> {
        let page = self.client.scan().table_name(&self.name).index_name(DUE).limit(PAGE);
        let page = page.send().await;
        let page = page.map_err(|e| StoreError::unavailable("scan what is due", &e))?;
        if page.last_evaluated_key().is_some() {
            return Ok(None);
        }
        Ok(Some(page.items().iter().filter_map(read).collect()))
    }

    async fn entries_in(
        &self,
        shard: char,
        (from, to): (String, String),
        limit: u32,
    ) -> Result<Vec<(Timestamp, String)>, StoreError> {
        let page = i32::try_from(limit).unwrap_or(i32::MAX).min(PAGE);
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(DUE)
            .key_condition_expression("due = :due AND due_at BETWEEN :from AND :to")
            .expression_attribute_values(":due", AttributeValue::S(shard.into()))
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to))
            .limit(page);
        let mut items = query.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|e| StoreError::unavailable("query what is due", &e))?;
            all.extend(read(&item).map(|(entry, pk)| (entry.at, pk)));
            if all.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                break;
            }
        }
        Ok(all)
    }
}

/// What waits longest first. An entry that moves while the shards are read is found in both places, and stands where it
/// waits longer.
fn once_each(mut all: Vec<(Timestamp, String)>) -> Vec<(Timestamp, String)> {
    all.sort();
    let mut found = HashSet::new();
    all.retain(|(_, pk)| found.insert(pk.clone()));
    all
}

/// The order of an entry. One that nobody can read keeps none of the others from being found.
fn key(pk: &str) -> Option<OrderKey> {
    let key = read_key(pk);
    key.inspect_err(|error| tracing::error!(%error, "what is due cannot be read")).ok()
}

/// What an item stands for. One that nobody can read keeps none of the others from being found.
fn read(item: &Item) -> Option<(Entry, String)> {
    let pk = text(item, "pk").ok()?;
    let entry = text(item, "due_at").ok().and_then(Entry::read);
    if entry.is_none() {
        tracing::error!(order = pk, "what is due of an order cannot be read");
    }
    Some((entry?, pk.to_owned()))
}

#[cfg(test)]
mod tests {
    use quittance_core::Timestamp;

    use super::once_each;

    #[test]
    fn an_entry_that_moves_meanwhile_is_found_once() {
        let entry = |seconds, pk: &str| (Timestamp::from_unix(seconds).unwrap(), pk.to_owned());
        let read = vec![entry(3, "a"), entry(2, "b"), entry(1, "a"), entry(2, "c"), entry(1, "a")];
        assert_eq!(once_each(read), [entry(1, "a"), entry(2, "b"), entry(2, "c")]);
    }
}
