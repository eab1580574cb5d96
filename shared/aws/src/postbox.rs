//! From the queue of posts to the shop: the messages of an order one after the other, each again after growing pauses.
//!
//! The queue remembers how often a message was handed out. A message that the shop does not take stays in the queue,
//! hidden for as long as [`PAUSES`] says; after the last attempt the queue's own policy moves it to the dead letters.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use serde::Deserialize;

use crate::batch::{Batch, BatchResponse, Progress, Record};
use crate::caller::Caller;
use crate::clients::sqs;
use crate::config::{BadSetting, Settings, variable};
use crate::error::StoreError;
use crate::keys::{KeyRing, Parse};
use crate::shop::{ADDRESS, Address, KEY, Reply, Shop, ShopKey};

/// Seconds until the next attempt, by the number of those that failed: close together while it may be a restart, then
/// through a night and a weekend, two days and 23 hours in all. SQS hides a message for twelve hours at most.
pub const PAUSES: [u32; 15] = [
    10, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 39_600, 39_600, 39_600, 39_600,
    39_600,
];

/// Posts what the queue hands out.
#[derive(Clone, Debug)]
pub struct Postbox {
    /// Where messages go.
    pub shop: Shop,
    /// Hides what was not taken.
    pub client: Client,
    /// The queue.
    pub queue: String,
}

/// As much of a message as is needed to post it.
#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    subject: String,
}

impl Postbox {
    /// The postbox that the environment describes.
    ///
    /// # Errors
    ///
    /// The errors of [`Settings::from_env`] and [`Address::parse`]; also where there is no queue. Unusable keys are in the
    /// log and no error here.
    pub async fn from_env(sdk: &SdkConfig) -> Result<Self, BadSetting> {
        let queue = Settings::from_env()?.shop_queue_url.ok_or(BadSetting {
            variable: "QUITTANCE_SHOP_QUEUE_URL",
            expected: "the URL of an SQS FIFO queue",
        })?;
        let address = Address::parse(&variable(ADDRESS).unwrap_or_default())?;
        let keys = KeyRing::from_env(sdk, KEY, Parse::new(ShopKey::read)).await;
        let shop = Shop { address, keys, caller: Caller::new() };
        Ok(Self { shop, client: sqs(sdk), queue })
    }

    /// Posts each message. Those that the shop did not take come again.
    pub async fn post(&self, batch: &Batch) -> BatchResponse {
        let mut progress = Progress::default();
        for record in &batch.records {
            let is_taken = progress.is_free(record) && self.post_one(record).await;
            progress.note(record, is_taken);
        }
        progress.response
    }

    async fn post_one(&self, record: &Record) -> bool {
        let message_id = &record.message_id;
        let Ok(Named { id, subject }) = serde_json::from_str(&record.body) else {
            tracing::error!(message_id, "not a message of Quittance");
            return false;
        };
        let reply = self.shop.post(&id, record.body.as_bytes()).await;
        if reply == Reply::Taken {
            tracing::info!(id, subject, "posted");
            return true;
        }
        let pause = pause(record);
        tracing::error!(id, subject, %reply, pause, "not posted");
        if let Some(seconds) = pause
            && let Err(error) = self.hide(record, seconds).await
        {
            // It comes again after the queue's own time.
            tracing::warn!(id, %error, "not put off");
        }
        false
    }

    async fn hide(&self, record: &Record, seconds: u32) -> Result<(), StoreError> {
        let hide = self.client.change_message_visibility().queue_url(&self.queue);
        let hide = hide.receipt_handle(&record.receipt_handle);
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let hidden = hide.visibility_timeout(seconds).send().await;
        hidden.map(|_| ()).map_err(|e| StoreError::unavailable("hide message", &e))
    }
}

/// How long a message waits that was not taken; `None` after the last attempt, and where SQS does not say which it was.
fn pause(record: &Record) -> Option<u32> {
    let received: usize = record.attributes.approximate_receive_count.as_ref()?.parse().ok()?;
    PAUSES.get(received.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Attributes;

    #[test]
    fn pauses_grow_to_three_days_and_are_ones_that_sqs_takes() {
        const HOUR: u32 = 3_600;
        assert!(PAUSES.is_sorted());
        let total: u32 = PAUSES.iter().sum();
        assert!((70 * HOUR..=72 * HOUR).contains(&total), "{total}");
        // Hidden from when it was received, and the attempt takes its time.
        assert!(PAUSES.iter().all(|pause| *pause < 12 * HOUR));
    }

    #[test]
    fn each_attempt_has_its_pause_and_the_last_has_none() {
        let after = |count: Option<&str>| {
            let attributes = Attributes {
                approximate_receive_count: count.map(str::to_owned),
                ..Attributes::default()
            };
            pause(&Record { attributes, ..Record::default() })
        };
        for (at, seconds) in PAUSES.iter().enumerate() {
            assert_eq!(after(Some(&(at + 1).to_string())), Some(*seconds));
        }
        let last = (PAUSES.len() + 1).to_string();
        for count in [Some(last.as_str()), Some("0"), Some("x"), None] {
            assert_eq!(after(count), None, "{count:?}");
        }
    }
}
