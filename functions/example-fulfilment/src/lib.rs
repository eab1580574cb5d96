//! An example consumer of the fulfilment queue, to be copied: it remembers the ids that it acted on, so an
//! order is shipped once although messages come more than once. The recipe in words is in
//! `docs/consumer.md`.
//!
//! Put your own code where [`Warehouse`] is.

pub mod memory;
pub mod task;

use std::time::Duration;

use quittance_aws::StoreError;
use quittance_aws::batch::{Batch, BatchResponse, Progress, Record};
use quittance_aws::clock::now;
use quittance_core::release::Reversal;
use quittance_core::{OrderView, Timestamp};

use crate::memory::{Claim, Memory};
use crate::task::{BadMessage, Task, read, task};

/// How long the warehouse may take over one message. With a batch of five the function is done before its
/// own time (30 s) is up, and says which messages failed instead of failing as a whole.
pub const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Where orders are shipped from: the merchant's own code.
///
/// Every call carries the message's id and may come twice with the same one, when we died before we could
/// remember that the first had succeeded. So the warehouse has to take one id once: as the idempotency key
/// of its API, or as a unique column of its own table. It never sees two ids for one release.
pub trait Warehouse {
    /// Ship this order. Positive once the warehouse has it for good.
    fn ship(&self, id: &str, order: &OrderView)
    -> impl Future<Output = Result<(), Refused>> + Send;

    /// Money of this order went back to the buyer: stop the parcel, or expect it back.
    ///
    /// It may come for an order that was not shipped, or before it is: the release may still wait in the
    /// dead-letter queue. So remember it by the order's reference, and look there before shipping.
    fn take_back(
        &self,
        id: &str,
        reversal: &Reversal,
        order: &OrderView,
    ) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// The warehouse did not take it; the reason goes to the log, so it must hold no buyer's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the warehouse refused: {0}")]
pub struct Refused(pub String);

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function<W> {
    /// The ids that were acted on.
    pub memory: Memory,
    /// The merchant's own code.
    pub warehouse: W,
}

/// One call of the function by Lambda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Lambda's request id: another one each time.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Bad(#[from] BadMessage),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the warehouse did not answer in time")]
    TimedOut,
    #[error("another invocation is handling it")]
    Claimed,
}

impl<W: Warehouse> Function<W> {
    /// Acts on every message that was not acted on before; see [`Progress`] for the order.
    pub async fn handle(&self, batch: &Batch, invocation: &Invocation) -> BatchResponse {
        let mut progress = Progress::default();
        for record in &batch.records {
            let is_done = progress.is_free(record) && self.is_done(record, invocation).await;
            progress.note(record, is_done);
        }
        progress.response
    }

    async fn is_done(&self, record: &Record, invocation: &Invocation) -> bool {
        let Record { message_id, body, .. } = record;
        let acted = self.act(body, invocation).await;
        acted.inspect_err(|why| tracing::error!(message_id, %why, "not handled")).is_ok()
    }

    /// Claim, hand over, settle. Only what is settled is deleted from the queue.
    async fn act(&self, body: &str, invocation: &Invocation) -> Result<(), Failed> {
        let message = read(body)?;
        let task = task(&message)?;
        let (id, subject) = (&message.id, &message.subject);
        match self.memory.claim(&message, invocation).await? {
            Claim::Ours => {}
            Claim::Done => {
                tracing::info!(id, subject, "already handled");
                return Ok(());
            }
            Claim::Others => return Err(Failed::Claimed),
        }
        tokio::time::timeout(HAND_OVER_TIMEOUT, self.hand_over(id, &task, &message.data))
            .await
            .map_err(|_| Failed::TimedOut)??;
        self.memory.settle(&message, now()).await?;
        tracing::info!(id, subject, r#type = message.kind, "acted on");
        Ok(())
    }

    async fn hand_over(&self, id: &str, task: &Task<'_>, order: &OrderView) -> Result<(), Refused> {
        match task {
            Task::Ship => self.warehouse.ship(id, order).await,
            Task::TakeBack(reversal) => self.warehouse.take_back(id, reversal, order).await,
            Task::LookAt => {
                tracing::warn!(id, "the order waits for a person: nothing is shipped");
                Ok(())
            }
            Task::OnlyATest => {
                tracing::info!(id, "a test payment: nothing is shipped");
                Ok(())
            }
            Task::Withdrawn => {
                tracing::warn!(id, "the money went back before shipping: nothing is shipped");
                Ok(())
            }
        }
    }
}
