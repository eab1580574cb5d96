//! The names of a payment, and the order they lead to.
//!
//! A message may name its payment only (`tx:…`), or give a reference that is not the order's own: a
//! batch names the subscription and not the occurrence, a refund may carry a reference of its own. So
//! each payment has an item under its own name that points to the order of the first message that had
//! both, and later messages go where it points. A name that only a credit has claimed is weak: a debit
//! claims it anew and takes the credit along, because the order is where the money was taken.
//!
//! The name is written before the order. If we die in between, the name holds what was known under it,
//! and whoever follows it takes that over ([`Table::load_order`]).

use quittance_core::{Order, OrderKey, Statement};

use crate::error::StoreError;
use crate::table::{Join, Saved, Stored, Table};

/// What became of a statement's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// They lead to the order. Whether it has taken over something that is to be stored.
    Settled(bool),
    /// Someone else wrote one of them at the same time.
    Raced,
    /// The payment belongs to this other order.
    Elsewhere(OrderKey),
}

/// Makes the statement's names lead to `order`, and takes over what was known under them.
pub async fn claim(
    table: &Table,
    statement: &Statement,
    order: &mut Order,
) -> Result<Names, StoreError> {
    let weak = statement.is_credit();
    let mut changed = false;
    for alias in &statement.aliases {
        if *alias == order.key || order.aliases.contains(&alias.order) {
            continue;
        }
        let named = table.load(alias).await?;
        let claimed = Join { home: order.key.clone(), weak };
        match &named.joined {
            Some(join) if join.home == order.key && (!join.weak || weak) => {}
            Some(join) if join.home != order.key && (!join.weak || weak) => {
                return Ok(Names::Elsewhere(join.home.clone()));
            }
            _ => {
                if table.join(&named, &claimed).await? == Saved::Conflict {
                    return Ok(Names::Raced);
                }
            }
        }
        changed |= take_over(table, order, named, alias).await?;
        // A credit's claim may be overruled, so its order must look the name up each time.
        if !weak {
            order.aliases.insert(alias.order.clone());
            changed = true;
        }
    }
    Ok(Names::Settled(changed))
}

/// Takes over what the name holds, and what the order it pointed to knows of this payment.
async fn take_over(
    table: &Table,
    order: &mut Order,
    named: Stored,
    alias: &OrderKey,
) -> Result<bool, StoreError> {
    let before = order.clone();
    if let Some(Join { home, .. }) = named.joined.filter(|join| join.home != order.key) {
        order.absorb_payment(&table.load(&home).await?.order, &alias.order);
    }
    order.absorb(named.order);
    Ok(*order != before)
}
