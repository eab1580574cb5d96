//! Takes what is due of many merchants in turn: each has a turn of its own, and none waits for another's provider.

use futures_util::StreamExt;
use futures_util::stream;
use quittance_core::key::Account;
use quittance_core::schedule::UNREACHED_SECONDS;
use quittance_core::{OrderKey, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{Instant, now};
use crate::error::StoreError;
use crate::table::Saved;

/// How many merchants have their turn at once.
const ACCOUNTS_AT_ONCE: usize = 8;

/// After so many in a row that did not reach the provider, the merchant's others are left to the next look.
const MAX_UNREACHED: usize = 3;

/// What a look at what is due came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookReport {
    /// Orders that were looked at.
    pub looked: usize,
    /// Orders among them of which something new was learnt, or of whose requests something became.
    pub changed: usize,
    /// Orders of which nothing was learnt. The log says why.
    pub failed: usize,
    /// Orders that are due and were left to the next look.
    pub left: usize,
}

/// What looking at one order came to.
pub(crate) enum Looked {
    /// It was looked at, and changed or not.
    Done(bool),
    /// There is nothing to look with.
    Impossible,
    /// Nothing was learnt. Whether it would hardly be otherwise for another order of the same merchant.
    Failed { is_of_all: bool },
}

/// For how long orders are put off once the look is to end. Each takes two short calls, and what else a function does in its
/// minute comes behind.
const PUT_OFF_TIME: Duration = Duration::from_secs(5);

/// Looks at one order at a time.
pub(crate) trait Visitor: Sync {
    /// Looks at an order. By `until` the look is to end; who breaks nothing off takes longer with what has begun.
    fn visit(&self, order: &OrderKey, until: Instant) -> impl Future<Output = Looked> + Send;

    /// Puts an order off that is not looked at.
    fn put_off(
        &self,
        order: &OrderKey,
        due: Timestamp,
    ) -> impl Future<Output = Result<Saved, StoreError>> + Send;
}

/// How many orders are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// Of all merchants.
    pub(crate) of_all: usize,
    /// Of one.
    pub(crate) of_one: usize,
}

/// Looks at orders, those first that come first. An order that cannot be looked at keeps no other from its turn, and
/// what is not looked at by `until` is left to the next look.
pub(crate) async fn in_turn(
    orders: Vec<OrderKey>,
    most: Most,
    until: Instant,
    visitor: &impl Visitor,
) -> LookReport {
    let mut turns: BTreeMap<Account, Vec<OrderKey>> = BTreeMap::new();
    for key in orders {
        turns.entry(key.account()).or_default().push(key);
    }
    let each = most.of_all.checked_div(turns.len()).unwrap_or(0).clamp(1, most.of_one);
    let reports = stream::iter(turns.into_values())
        .map(|orders| turn(orders, each, until, visitor))
        .buffer_unordered(ACCOUNTS_AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    reports.into_iter().fold(LookReport::default(), LookReport::and)
}

/// Looks at the orders of one merchant, one after the other.
async fn turn(
    orders: Vec<OrderKey>,
    most: usize,
    until: Instant,
    visitor: &impl Visitor,
) -> LookReport {
    let (mut report, mut unreached) = (LookReport::default(), 0);
    for (at, order) in orders.iter().enumerate() {
        if unreached >= MAX_UNREACHED && Instant::now() < until + PUT_OFF_TIME {
            // They must not stand before those of other merchants the next time.
            if let Some(due) = now().later(UNREACHED_SECONDS)
                && let Err(error) = visitor.put_off(order, due).await
            {
                tracing::error!(%order, %error, "not put off");
            }
            report.left += 1;
            continue;
        }
        if at >= most || Instant::now() >= until {
            report.left = orders.len() - at;
            break;
        }
        match visitor.visit(order, until).await {
            Looked::Done(changed) => {
                report.looked += 1;
                report.changed += usize::from(changed);
                unreached = 0;
            }
            Looked::Impossible => {}
            Looked::Failed { is_of_all } => {
                report.looked += 1;
                report.failed += 1;
                unreached = if is_of_all { unreached + 1 } else { 0 };
            }
        }
    }
    report
}

impl LookReport {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            looked: self.looked + other.looked,
            changed: self.changed + other.changed,
            failed: self.failed + other.failed,
            left: self.left + other.left,
        }
    }
}
