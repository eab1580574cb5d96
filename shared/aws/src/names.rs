//! The names of a payment, and the order they lead to.
//!
//! A message may name its payment only (`tx:…`): it has no reference, or one that is not the order's
//! own, as what follows on an occurrence of a subscription. So each payment has an item under its own
//! name that points to the order of the first message that had both, and messages that give the name
//! alone go where it points. A debit with a reference goes to its reference, always.
//!
//! There is one exception. A payment may be stated as a subscription's own and as an occurrence of it,
//! which is another order: then one of the two messages is a browser return respelt as the other, and
//! the order that was known first has the payment. Nothing is paid for twice with it.
//!
//! A refund may carry a reference of its own. It belongs where the money was taken, so a credit goes
//! to the order that the name leads to, unless the order of its reference knows the payment. A name
//! that only a credit has claimed is weak: a debit claims it anew and takes the credit along.
//!
//! The name is written before the order. If we die in between, the name holds what was known under it,
//! and whoever follows it takes that over ([`Table::load_order`]).

use quittance_core::{Fact, Kind, Order, OrderKey, ShareFact, Statement};

use crate::error::StoreError;
use crate::table::{Join, Saved, Stored, Table};

/// What became of a statement's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// They lead to the order. Whether it has taken over something that is to be stored.
    Settled(bool),
    /// Someone else wrote one of them at the same time.
    Raced,
    /// It speaks of what this other order took.
    Elsewhere(OrderKey),
}

/// The order that `key` leads a statement to. A name that only a credit has claimed does not lead a
/// debit on: it becomes the order where the money was taken, and takes the credits along.
pub async fn open(
    table: &Table,
    statement: &Statement,
    key: &OrderKey,
) -> Result<Stored, StoreError> {
    let mut named = table.load(key).await?;
    match named.joined.take_if(|join| join.weak && !statement.is_credit()) {
        Some(join) => {
            take_along(table, &mut named.order, &join).await?;
            named.repaired = true;
            Ok(named)
        }
        None => table.follow(named).await,
    }
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
        if is_own(order, alias) {
            continue;
        }
        let mut named = table.load(alias).await?;
        match &named.joined {
            Some(join) if (weak || !join.weak) && join.home == order.key => {}
            // The reference says which order is meant.
            Some(_) if weak && knows_payment(order, alias) => continue,
            Some(join) if weak => return Ok(Names::Elsewhere(join.home.clone())),
            Some(join) if !join.weak => {
                if is_twice_one_occurrence(table, statement, &join.home, &order.key).await? {
                    return Ok(Names::Elsewhere(join.home.clone()));
                }
                let (home, order) = (&join.home, &order.key);
                tracing::warn!(%alias, %home, %order, "one payment under two references");
                continue;
            }
            None if weak && knows_debit(&named.order) && !knows_payment(order, alias) => {
                return Ok(Names::Elsewhere(alias.clone()));
            }
            _ => {
                // The name holds the credits from now on, so that they outlive us.
                if let Some(join) = named.joined.take().filter(|join| join.home != order.key) {
                    take_along(table, &mut named.order, &join).await?;
                }
                let claimed = Join { home: order.key.clone(), weak };
                if table.join(&named, &claimed).await? == Saved::Conflict {
                    return Ok(Names::Raced);
                }
            }
        }
        let before = order.clone();
        order.absorb(named.order);
        // A credit's claim may be overruled, so its order must look the name up each time.
        if !weak {
            order.aliases.insert(alias.order.clone());
        }
        changed |= *order != before;
    }
    Ok(Names::Settled(changed))
}

/// Whether the names of a statement just stored still lead to its order. Only a credit's can have been
/// taken over meanwhile, by a debit that may have looked for the credit too early. So the name is
/// written anew: whoever claims it at the same time either finds the credit or is seen here.
pub async fn confirm(
    table: &Table,
    statement: &Statement,
    order: &Order,
) -> Result<bool, StoreError> {
    if !statement.is_credit() {
        return Ok(true);
    }
    for alias in &statement.aliases {
        if is_own(order, alias) {
            continue;
        }
        let named = table.load(alias).await?;
        let Some(join) = named.joined.as_ref().filter(|join| join.home == order.key) else {
            return Ok(false);
        };
        if table.join(&named, join).await? == Saved::Conflict {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the name is the order's own key, or known to lead to it for good.
fn is_own(order: &Order, name: &OrderKey) -> bool {
    *name == order.key || order.aliases.contains(&name.order)
}

/// Whether the statement's payment is one that `home` has, of two orders that are a subscription and an
/// occurrence of it.
async fn is_twice_one_occurrence(
    table: &Table,
    statement: &Statement,
    home: &OrderKey,
    order: &OrderKey,
) -> Result<bool, StoreError> {
    if !home.is_occurrence_of(order) && !order.is_occurrence_of(home) {
        return Ok(false);
    }
    let home = table.load(home).await?.order;
    let stated = |known: &ShareFact| {
        statement.facts.iter().any(|fact| match fact {
            Fact::Share(share) => known.is_same_share(share),
            Fact::Total(_) => false,
        })
    };
    Ok(home.facts.shares().any(|(known, _)| stated(known)))
}

/// Takes along what the order that a name pointed to knows of the name's payment.
async fn take_along(table: &Table, named: &mut Order, former: &Join) -> Result<(), StoreError> {
    let home = table.load(&former.home).await?.order;
    let name = named.key.order.clone();
    named.absorb_payment(&home, &name);
    Ok(())
}

/// Whether the order took the money of the payment with this name.
fn knows_payment(order: &Order, name: &OrderKey) -> bool {
    let payment = name.order.strip_prefix("tx:").unwrap_or(&name.order);
    order.facts.shares().any(|(share, _)| share.kind == Kind::Debit && share.is_of(payment))
}

fn knows_debit(order: &Order) -> bool {
    order.facts.shares().any(|(share, _)| share.kind == Kind::Debit)
}
