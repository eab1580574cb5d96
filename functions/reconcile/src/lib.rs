//! Looks on a schedule for what events alone do not bring: decisions that the queue was not told, and
//! vouchers whose complement did not come.
//!
//! `dispatch` follows the table's stream, which keeps records for a day and gives up on one after some
//! attempts. The mark in the table stays until the queue knows, so that what the stream lost is found
//! here.

use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::measure;
use quittance_aws::outbox::Outbox;
use quittance_aws::table::MAX_PAGE;
use quittance_core::order::VOUCHER_REFUND_SECONDS;
use quittance_core::{Flag, OrderKey, State, Timestamp};

/// Most pages of partially captured orders that are looked at: more at once within four hours is beyond
/// any merchant in scope, and a function has an end.
const MAX_PAGES: usize = 20;

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Where decisions come from and messages go.
    pub outbox: Outbox,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages sent that the stream did not bring.
    pub sent: usize,
    /// Orders with something to tell that could not be sent.
    pub failed: usize,
    /// Seconds since the oldest decision that the queue had not been told; 0 where it knew all.
    pub unsent_age: u64,
    /// Orders with a captured voucher whose complement did not come, while it can be given back.
    pub stranded: Vec<OrderKey>,
}

impl Function {
    /// Sends what is unsent, counts what is stranded. An order that cannot be sent is no failure of the
    /// look: its age tells, and the next look is in a minute.
    pub async fn handle(&self) -> Result<Report, StoreError> {
        let at = now();
        let swept = self.outbox.sweep().await;
        let stranded = self.stranded(at).await;
        let swept = swept?;
        let unsent_age = swept.oldest.map_or(0, |oldest| at.seconds_since(oldest));
        measure::unsent_age(unsent_age);
        let stranded = stranded?;
        measure::stranded_vouchers(stranded.len());
        Ok(Report { sent: swept.sent, failed: swept.failed, unsent_age, stranded })
    }

    /// Newest first, so that all that can still be given back are found before those that cannot.
    async fn stranded(&self, at: Timestamp) -> Result<Vec<OrderKey>, StoreError> {
        let Outbox { table, policy, .. } = &self.outbox;
        let mut stranded = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let page = table.updated(State::PartiallyCaptured, MAX_PAGE, cursor).await?;
            for (key, updated_at) in page.orders {
                if at.seconds_since(updated_at) > VOUCHER_REFUND_SECONDS {
                    return Ok(stranded);
                }
                let order = table.load_order(&key).await?.order;
                let waits = order.view(*policy, at).flags.contains(&Flag::StrandedVoucher);
                if waits && order.voucher_refund_deadline().is_some_and(|deadline| at < deadline) {
                    tracing::warn!(order = %order.key, outcome = "stranded", "voucher without complement");
                    stranded.push(order.key);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(stranded);
            }
        }
        tracing::error!(pages = MAX_PAGES, "more partially captured orders than are looked at");
        Ok(stranded)
    }
}
