//! Looks on a schedule for what events alone do not bring: orders about which the provider is to be asked, refunds that
//! are not final, decisions that the queue was not told, and vouchers whose complement did not come.
//!
//! `dispatch` follows the table's stream, which keeps records for a day and gives up on one after some
//! attempts. The mark in the table stays until the queue knows, so that what the stream lost is found
//! here.

use std::time::Duration;

use quittance_aws::StoreError;
use quittance_aws::ask::Wanted;
use quittance_aws::clock::{Instant, now};
use quittance_aws::measure;
use quittance_aws::notices::Notifier;
use quittance_aws::outbox::{Outbox, SweepReport};
use quittance_aws::pay::{PayError, Payer, Progress};
use quittance_aws::table::Stored;
use quittance_aws::turns::LookReport;
use quittance_core::desk::{Content, New, RequestKind};
use quittance_core::plan::{left, under_way};
use quittance_core::{Flag, Order, OrderKey, Timestamp};

/// How long each part of a scheduled look may take to begin with another order: asking, refunds, stranded vouchers. What
/// they brought is sent in the same run, which has less than a minute.
pub const ASKING: Duration = Duration::from_secs(5);

/// What the ids of refunds begin with that nobody asked for.
const STRANDED: &str = "stranded-voucher-";

/// How often a stranded voucher is given back that the provider refuses to take back, and how long after the last
/// refusal, in seconds: a voucher can be given back for less than four hours.
const MAX_TRIES: u32 = 4;
const RETRY_SECONDS: u64 = 30 * 60;

/// What a running function holds.
#[derive(Clone, Debug)]
pub struct Function {
    /// Asks about what is open, and goes on with refunds, captures and cancellations.
    pub payer: Payer,
    /// How many minutes after the end of its session a stranded voucher is given back by itself; `None` = never.
    pub stranded_refund_minutes: Option<u32>,
    /// Where decisions come from and messages go, and what else is told.
    pub notifier: Notifier,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What asking came to.
    pub asked: LookReport,
    /// What going on with refunds, captures and cancellations came to.
    pub paid: LookReport,
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

/// What was looked at besides what is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What asking came to.
    pub asked: LookReport,
    /// What going on with refunds, captures and cancellations came to.
    pub paid: LookReport,
    /// Orders with a captured voucher whose complement did not come, while it can be given back.
    pub stranded: Vec<OrderKey>,
}

impl Function {
    fn outbox(&self) -> &Outbox {
        &self.notifier.outbox
    }

    /// Sends what is unsent, asks about the orders that are wanted, counts what is stranded, and sends what that brought.
    /// Asking takes so long at most, and going on with refunds as long again. An order that cannot be asked about, read
    /// or sent keeps no other from it: its age tells, and the next look is in a minute.
    pub async fn handle(&self, wanted: Wanted, asking: Duration) -> Result<Report, StoreError> {
        // What is decided comes first: nothing that is asked may keep it from the queue.
        let at = now();
        let before = self.outbox().sweep().await?;
        let unsent_age = before.oldest.map_or(0, |oldest| at.seconds_since(oldest));
        measure::unsent_age(unsent_age);
        let Look { asked, paid, stranded } = self.look(wanted, asking).await?;
        let after = self.outbox().sweep().await?;
        let sent = before.sent + after.sent;
        let SweepReport { failed, left, .. } = after;
        Ok(Report { asked, paid, sent, failed, left, unsent_age, stranded })
    }

    /// Asks, goes on with refunds, captures and cancellations, and looks for stranded vouchers.
    pub async fn look(&self, wanted: Wanted, each: Duration) -> Result<Look, StoreError> {
        // Each has a time of its own, and what was begun first: a voucher can be given back for some hours only.
        let paid = self.payer.sweep(wanted, Instant::now() + each).await;
        if let Err(error) = &paid {
            tracing::error!(%error, "refunds not looked at");
        }
        let asked = self.payer.asker.sweep(wanted, Instant::now() + each, &self.notifier).await;
        if let Err(error) = &asked {
            tracing::error!(%error, "not asked");
        }
        let stranded = self.stranded(now(), Instant::now() + each).await?;
        measure::stranded_vouchers(stranded.len());
        Ok(Look { asked: asked?, paid: paid?, stranded })
    }

    async fn stranded(&self, at: Timestamp, until: Instant) -> Result<Vec<OrderKey>, StoreError> {
        let mut stranded = Vec::new();
        for key in self.outbox().table.waiting_vouchers().await? {
            match self.stranded_order(&key, at).await {
                Ok(Some(stored)) => {
                    if let Err(error) = self.notifier.stranded(&stored.order).await {
                        tracing::error!(order = %key, %error, "not told that it is stranded");
                    }
                    if Instant::now() < until {
                        self.give_back(&stored, at).await;
                    }
                    stranded.push(key);
                }
                Ok(None) => {}
                Err(error) => tracing::error!(order = %key, %error, "order not checked"),
            }
        }
        Ok(stranded)
    }

    /// The order, if its voucher is stranded and can be given back.
    async fn stranded_order(
        &self,
        key: &OrderKey,
        at: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        let stored = self.outbox().table.load_order(key).await?;
        let is_stranded = self.is_stranded(&stored.order, stored.ended_at, at)
            && stored.order.voucher_is_lost_after().is_some_and(|end| at < end);
        // Another session may be open, in which the buyer is about to pay the rest.
        let is_busy = is_stranded && self.last_end(key).await?.is_some_and(|end| end > at);
        let is_stranded = is_stranded && !is_busy;
        if is_stranded {
            tracing::warn!(order = %key, outcome = "stranded", "voucher without complement");
        }
        Ok(is_stranded.then_some(stored))
    }

    /// When the last session ends, or has ended, that was opened for an order.
    async fn last_end(&self, key: &OrderKey) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.outbox().table.sessions_of(key).await?.sessions.last_end())
    }

    /// Whether the rest of the payment does not come: its session is over, or the provider says that it has ended.
    fn is_stranded(&self, order: &Order, ended_at: Option<Timestamp>, at: Timestamp) -> bool {
        let policy = self.outbox().policy;
        let waits = order.fulfilment().is_none() && order.summary(policy).voucher_waits.is_some();
        waits && (ended_at.is_some() || order.flags(policy, at).contains(&Flag::StrandedVoucher))
    }

    /// Gives a stranded voucher back where that is wanted and due. The provider is asked before: what has been paid
    /// meanwhile is not given back.
    async fn give_back(&self, stored: &Stored, at: Timestamp) {
        let (order, ended_at) = (&stored.order, stored.ended_at);
        let Some(minutes) = self.stranded_refund_minutes else { return };
        let end = match (ended_at, self.last_end(order.key()).await) {
            (Some(ended_at), _) => Some(ended_at),
            (None, Ok(last)) => order.session_ends_at().max(last),
            (None, Err(error)) => {
                tracing::error!(order = %order.key(), %error, "stranded voucher not given back");
                return;
            }
        };
        // What is reserved or being checked may complete the order yet.
        if !under_way(order, self.payer.rules(order.key().psp)).is_empty() {
            return;
        }
        let due = end.and_then(|end| end.later(u64::from(minutes) * 60));
        if due.is_none_or(|due| at < due) {
            return;
        }
        let summary = order.summary(self.outbox().policy);
        let Some(currency) = summary.voucher_waits else { return };
        let amount = left(order, self.payer.rules(order.key().psp), currency);
        // What was captured only grows: the next voucher of the order is another request.
        let stem = match summary.currency == Some(currency) {
            true => format!("{STRANDED}{}", summary.captured),
            false => format!("{STRANDED}{amount}-{}", currency.code()),
        };
        let request = match self.payer.requests(order.key()).await {
            Ok((_, desk)) => {
                desk.next_try(RequestKind::Refund, &stem, MAX_TRIES, RETRY_SECONDS, at)
            }
            Err(error) => {
                tracing::error!(order = %order.key(), %error, "stranded voucher not given back");
                return;
            }
        };
        let Some(request) = request else { return };
        let new = New { request: &request, content: Content::Refund { amount, currency } };
        let is_stranded = |told: &Order| {
            self.is_stranded(told, ended_at, at)
                && told.summary(self.outbox().policy) == summary
                && under_way(told, self.payer.rules(told.key().psp)).is_empty()
        };
        match self.payer.carry_out_if(order.key(), new, is_stranded).await {
            Ok(Progress { request, .. }) => {
                let state = request.state();
                tracing::info!(order = %order.key(), ?state, "stranded voucher is given back");
            }
            // It was asked for by an earlier look, or there is nothing to give back any more.
            Err(PayError::Conflict | PayError::Settled) => {}
            Err(error) => {
                tracing::error!(order = %order.key(), %error, "stranded voucher not given back");
            }
        }
    }
}
