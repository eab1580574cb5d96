//! Looks on a schedule for what events alone do not bring: orders about which the provider is to be asked, decisions
//! that the queue was not told, and vouchers whose complement did not come.
//!
//! `dispatch` follows the table's stream, which keeps records for a day and gives up on one after some
//! attempts. The mark in the table stays until the queue knows, so that what the stream lost is found
//! here.

use std::time::{Duration, Instant};

use quittance_aws::StoreError;
use quittance_aws::ask::{AskReport, Asker, Wanted};
use quittance_aws::clock::now;
use quittance_aws::lists::{Found, MAX_PAGE};
use quittance_aws::measure;
use quittance_aws::outbox::{Outbox, SweepReport};
use quittance_core::view::VOUCHER_REFUND_SECONDS;
use quittance_core::{Flag, OrderKey, State, Timestamp};

/// Most pages of partially captured orders that are looked at: more at once within four hours is beyond
/// any merchant in scope, and a function has an end.
const MAX_PAGES: usize = 20;

/// How long a scheduled look may ask: what it released is sent in the same run, which has less than a minute.
pub const ASKING: Duration = Duration::from_secs(15);

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Asks about what is open.
    pub asker: Asker,
    /// Where decisions come from and messages go.
    pub outbox: Outbox,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What asking came to.
    pub asked: AskReport,
    /// Messages sent that the stream did not bring.
    pub sent: usize,
    /// Orders with something to tell that could not be sent.
    pub failed: usize,
    /// Orders that were left to the next look.
    pub left: usize,
    /// Seconds since the oldest decision that the queue had not been told; 0 where it knew all.
    pub unsent_age: u64,
    /// Orders with a captured voucher whose complement did not come, while it can be given back.
    pub stranded: Vec<OrderKey>,
}

impl Function {
    /// Asks about the orders that are wanted, for so long at most, counts what is stranded, then sends what is
    /// unsent, which may take long. An order that cannot be asked about, read or sent keeps no other from it: its
    /// age tells, and the next look is in a minute.
    pub async fn handle(&self, wanted: Wanted, asking: Duration) -> Result<Report, StoreError> {
        let at = now();
        let asked = self.asker.sweep(wanted, Instant::now() + asking).await;
        if let Err(error) = &asked {
            tracing::error!(%error, "not asked");
        }
        let stranded = self.stranded(now()).await;
        if let Ok(stranded) = &stranded {
            measure::stranded_vouchers(stranded.len());
        }
        let SweepReport { sent, failed, left, oldest } = self.outbox.sweep().await?;
        let unsent_age = oldest.map_or(0, |oldest| at.seconds_since(oldest));
        measure::unsent_age(unsent_age);
        Ok(Report { asked: asked?, sent, failed, left, unsent_age, stranded: stranded? })
    }

    async fn stranded(&self, at: Timestamp) -> Result<Vec<OrderKey>, StoreError> {
        let mut stranded = Vec::new();
        for state in [State::PartiallyCaptured, State::PartiallyRefunded] {
            for key in self.recent(state, at).await? {
                match self.is_stranded(&key, at).await {
                    Ok(true) => stranded.push(key),
                    Ok(false) => {}
                    Err(error) => tracing::error!(order = %key, %error, "order not checked"),
                }
            }
        }
        Ok(stranded)
    }

    /// The orders in a state that changed while a voucher taken by the change could be given back.
    async fn recent(&self, state: State, at: Timestamp) -> Result<Vec<OrderKey>, StoreError> {
        let mut recent = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = self.outbox.table.updated(state, MAX_PAGE, cursor).await?;
            // Newest first: the rest is older still.
            for Found { key, updated_at } in page.orders {
                if at.seconds_since(updated_at) > VOUCHER_REFUND_SECONDS {
                    return Ok(recent);
                }
                recent.push(key);
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(recent);
            }
        }
        tracing::error!(
            state = state.as_str(),
            pages = MAX_PAGES,
            "more orders than one run checks"
        );
        Ok(recent)
    }

    async fn is_stranded(&self, key: &OrderKey, at: Timestamp) -> Result<bool, StoreError> {
        let order = self.outbox.table.load_order(key).await?.order;
        let waits = order.flags(self.outbox.policy, at).contains(&Flag::StrandedVoucher);
        let stranded = waits && order.voucher_is_lost_after().is_some_and(|end| at < end);
        if stranded {
            tracing::warn!(order = %key, outcome = "stranded", "voucher without complement");
        }
        Ok(stranded)
    }
}
