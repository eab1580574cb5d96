//! Which orders a page shows: the newest, or those that a filter wants among the newest, or the one of exactly this
//! reference.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use quittance_aws::StoreError;
use quittance_aws::lists::{Found, MAX_PAGE};
use quittance_aws::table::Table;
use quittance_core::key::Account;
use quittance_core::{Order, OrderKey, PaymentName, Policy, State, Timestamp};
use quittance_pages::{Filter, Row};

/// Most orders on a page.
const MAX_ROWS: usize = 100;

/// Most merchants under whom a reference is looked up exactly.
const MAX_ACCOUNTS: usize = 16;

/// The orders of a page.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The orders, as they are, and when they were changed.
    pub orders: Vec<(Order, Option<Timestamp>)>,
    /// How many there are in each state, and whether there are more than were counted.
    pub counts: Vec<(State, usize, bool)>,
    /// Whether not all orders were looked at.
    pub is_partial: bool,
}

impl Finding {
    /// The rows of a page.
    pub fn rows(&self, table: &Table, policy: Policy, now: Timestamp) -> Vec<Row> {
        let row = |(order, updated_at): &(Order, Option<Timestamp>)| Row {
            view: order.brief(policy, now, table.providers()),
            updated_at: *updated_at,
        };
        self.orders.iter().map(row).collect()
    }
}

/// Looks at the newest orders of each state, and at those that go by exactly what is searched for.
pub async fn find(
    table: &Table,
    policy: Policy,
    filter: &Filter,
    now: Timestamp,
) -> Result<Finding, StoreError> {
    let pages = table.newest().await?;
    let counts = pages.iter().map(|of| (of.state, of.orders.len(), of.has_more));
    let (counts, is_partial) = (counts.collect(), pages.iter().any(|of| of.has_more));
    let wanted = |state: State| filter.state.is_none_or(|only| only == state);
    let mut newest: Vec<Found> =
        pages.into_iter().filter(|of| wanted(of.state)).flat_map(|of| of.orders).collect();
    newest.sort_by(Found::newest_first);
    if let Some(seconds) = filter.within {
        newest.retain(|found| now.seconds_since(found.updated_at) <= seconds);
    }
    let mut orders = exactly(table, filter, &newest).await?;
    for found in newest.chunks(MAX_PAGE as usize) {
        if orders.len() >= MAX_ROWS {
            break;
        }
        let keys: Vec<OrderKey> = found.iter().map(|found| found.key.clone()).collect();
        for order in table.load_all(&keys).await? {
            let is_there = orders.iter().any(|(known, _): &(Order, _)| known.key() == order.key());
            if !is_there && filter.takes(&order.brief(policy, now, table.providers())) {
                let at = found.iter().find(|found| found.key == *order.key());
                orders.push((order, at.map(|found| found.updated_at)));
            }
        }
    }
    orders.truncate(MAX_ROWS);
    Ok(Finding { orders, counts, is_partial })
}

/// The orders that have exactly this reference, or a payment of exactly this name, of any merchant that is seen.
async fn exactly(
    table: &Table,
    filter: &Filter,
    newest: &[Found],
) -> Result<Vec<(Order, Option<Timestamp>)>, StoreError> {
    if filter.search.is_empty() {
        return Ok(Vec::new());
    }
    let names = |account: &Account| {
        let payment = account.payment(PaymentName::new(&filter.search));
        let Account { psp, merchant, mode } = account;
        let order = OrderKey::new(*psp, merchant, *mode, &filter.search);
        order.into_iter().chain(payment).collect::<Vec<_>>()
    };
    let mut accounts: Vec<Account> = Vec::new();
    for found in newest {
        let account = found.key.account();
        if !accounts.contains(&account) && accounts.len() < MAX_ACCOUNTS {
            accounts.push(account);
        }
    }
    let keys: BTreeSet<OrderKey> = accounts.iter().flat_map(names).collect();
    let load = keys.iter().map(|key| table.load_order(key));
    let mut orders: Vec<(Order, Option<Timestamp>)> = Vec::new();
    for stored in try_join_all(load).await? {
        let is_new = orders.iter().all(|(known, _)| known.key() != stored.order.key());
        if !stored.order.is_blank() && is_new {
            orders.push((stored.order, None));
        }
    }
    Ok(orders)
}
