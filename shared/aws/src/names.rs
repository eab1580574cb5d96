//! The names of a payment, and the order they lead to.
//!
//! A message may name its payment only (`tx:…`): it has no reference, or one that is not the order's
//! own. So each payment has an item under its own name that points to the order of the first message that
//! had both, and messages that give the name alone go where it points.
//!
//! What follows on a payment (a capture, a refund, news of a batch) belongs where the payment is, whatever
//! reference it carries. Before the payment itself is known it stands under its own reference, and its
//! claim to the name is weak: the payment claims it anew, takes along what is known of it, and the
//! order where that stood gives it up.
//!
//! A payment pays for one order. Told once more under a second reference, it is kept there in doubt, and
//! releases nothing, unless all that the first order knows of it has failed: a shop may use a transaction
//! id again.
//!
//! There is one exception. A payment may be stated as a subscription's own and as an occurrence of it,
//! which is another order: then one of the two messages is a browser return respelt as the other, and
//! the order that was known first has the payment.
//!
//! The name is written before the order. If we die in between, the name holds what was known under it,
//! and whoever follows it takes that over ([`Table::load_order`]).

use quittance_core::{
    Fact, Kind, Order, OrderKey, Policy, ShareFact, Statement, Status, Timestamp,
};

use crate::clock::now;
use crate::error::StoreError;
use crate::receive::{count_decisions, decided};
use crate::table::{Draft, Join, Mark, Saved, Stored, Table};

/// What became of a statement's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// They lead to the order. Whether it has taken over something that is to be stored.
    Settled(bool),
    /// The payment is that of another order already: here it counts for nothing.
    Held,
    /// Someone else wrote one of them at the same time.
    Raced,
    /// It speaks of what this other order took.
    Elsewhere(OrderKey),
}

/// Makes names lead to orders.
#[derive(Clone, Debug)]
pub struct Registry<'a> {
    /// The orders and names.
    pub table: &'a Table,
    /// When an order is released: one that gives a refund up may be complete.
    pub policy: Policy,
    /// When the notification arrived.
    pub at: Timestamp,
}

impl Registry<'_> {
    /// The order that `key` leads a statement to, and the order that still holds what was known of its
    /// payment. A name with a weak claim does not lead the payment itself on: it becomes the order where
    /// the money was taken, and takes along what followed.
    pub async fn open(
        &self,
        statement: &Statement,
        key: &OrderKey,
    ) -> Result<(Stored, Option<OrderKey>), StoreError> {
        let mut named = self.table.load(key).await?;
        let takes_over = |join: &mut Join| join.weak && !statement.is_follower();
        match named.joined.take_if(takes_over) {
            // It has no reference, and what follows on it has named the order.
            Some(join) if knows_capture(&self.table.load(&join.home).await?.order, key) => {
                named.joined = Some(join);
                Ok((self.table.follow(named).await?, None))
            }
            Some(join) => {
                let left = self.take_along(&mut named.order, &join.home).await?;
                named.repaired = true;
                Ok((named, left))
            }
            None => Ok((self.table.follow(named).await?, None)),
        }
    }

    /// Makes the statement's names lead to `order`, and takes over what was known under them.
    pub async fn claim(
        &self,
        statement: &Statement,
        order: &mut Order,
    ) -> Result<Names, StoreError> {
        let weak = statement.is_follower();
        let mut changed = false;
        for alias in &statement.aliases {
            if is_own(order, alias) {
                continue;
            }
            let mut named = self.table.load(alias).await?;
            // Its home may have become another name since: the payment's name is to lead to the end.
            if let Some(join) = &named.joined {
                let home = self.end_of(&join.home, &order.key).await?;
                if home != join.home {
                    let straight = Join { home, weak: join.weak, former: None };
                    if self.table.join(&named, &straight).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                    named = self.table.load(alias).await?;
                }
            }
            match named.joined.take() {
                Some(join) if join.home == order.key && (weak || !join.weak) => {
                    // Where we died before, the former home may hold what has been taken along.
                    if let Some(former) = &join.former
                        && !self.give_up(former, alias).await?
                    {
                        return Ok(Names::Raced);
                    }
                }
                Some(join) if weak => {
                    let home = self.table.load(&join.home).await?.order;
                    if !is_free(&home, alias, statement) {
                        return Ok(Names::Elsewhere(join.home));
                    }
                    let claimed = Join { home: order.key.clone(), weak, former: None };
                    if self.table.join(&named, &claimed).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                }
                // A failure takes nothing from the order that has the payment.
                Some(join) if join.home != order.key && has_failed(statement) => continue,
                // The name holds what followed from now on, so that it outlives us.
                Some(join) if join.weak => {
                    let mut former = None;
                    if join.home != order.key {
                        former = self.take_along(&mut named.order, &join.home).await?;
                    }
                    let claimed = Join { home: order.key.clone(), weak, former: former.clone() };
                    if self.table.join(&named, &claimed).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                    if let Some(former) = former
                        && !self.give_up(&former, alias).await?
                    {
                        return Ok(Names::Raced);
                    }
                }
                Some(join) => {
                    let (home, key) = (&join.home, &order.key);
                    // Whether or not the first message is stored already: its name is written before it.
                    if is_occurrence_by(alias, home, key) || is_occurrence_by(alias, key, home) {
                        return Ok(Names::Elsewhere(join.home));
                    }
                    if !is_about(statement, alias) {
                        // A checkout's name, and the reference says which order is meant.
                        continue;
                    }
                    if !is_free(&self.table.load(home).await?.order, alias, statement) {
                        tracing::warn!(%alias, %home, order = %key, "one payment under two references");
                        return Ok(Names::Held);
                    }
                    let claimed = Join { home: order.key.clone(), weak, former: None };
                    if self.table.join(&named, &claimed).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                }
                // A capture may be the first to name the order of a payment that has no reference; a refund
                // is not.
                None if statement.is_credit() && knows_debit(&named.order) => {
                    return Ok(Names::Elsewhere(alias.clone()));
                }
                None => {
                    let claimed = Join { home: order.key.clone(), weak, former: None };
                    if self.table.join(&named, &claimed).await? == Saved::Conflict {
                        return Ok(Names::Raced);
                    }
                }
            }
            let before = order.clone();
            order.absorb(named.order);
            // A weak claim may be overruled, so its order must look the name up each time.
            if !weak {
                order.aliases.insert(alias.order.clone());
            }
            changed |= *order != before;
        }
        Ok(Names::Settled(changed))
    }

    /// The order to which a name leads in the end. Where it leads to the one at hand no more is read.
    async fn end_of(&self, home: &OrderKey, at_hand: &OrderKey) -> Result<OrderKey, StoreError> {
        let mut home = home.clone();
        for _ in 0..MAX_ATTEMPTS {
            if home == *at_hand {
                break;
            }
            match self.table.load(&home).await?.joined {
                Some(join) => home = join.home,
                None => break,
            }
        }
        Ok(home)
    }

    /// Whether the names of a statement just stored still lead to its order. Only a weak claim can have been
    /// taken over meanwhile, by the payment itself, that may have looked for what follows too early. So the
    /// name is written anew: whoever claims it at the same time either finds the fact or is seen here.
    pub async fn confirm(&self, statement: &Statement, order: &Order) -> Result<bool, StoreError> {
        if !statement.is_follower() {
            return Ok(true);
        }
        for alias in statement.aliases.iter().filter(|alias| !is_own(order, alias)) {
            let named = self.table.load(alias).await?;
            let Some(join) = named.joined.as_ref().filter(|join| join.home == order.key) else {
                return Ok(false);
            };
            if self.table.join(&named, join).await? == Saved::Conflict {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes along what the order that a name pointed to knows of the name's payment. That order, if it is
    /// to give that up: not when it was released on the strength of it.
    async fn take_along(
        &self,
        named: &mut Order,
        former: &OrderKey,
    ) -> Result<Option<OrderKey>, StoreError> {
        let home = self.table.load(former).await?.order;
        if self.rests_on(&home, &named.key) {
            tracing::warn!(name = %named.key, home = %former, "an order was released by what follows on a payment");
            return Ok(None);
        }
        let name = named.key.order.clone();
        named.absorb_payment(&home, &name);
        Ok(Some(former.clone()))
    }

    /// Lets the order that held the news of a payment give them up, and decides anew: it may be complete
    /// without them. `false` where others wrote it each time.
    pub async fn give_up(&self, former: &OrderKey, name: &OrderKey) -> Result<bool, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let stored = self.table.load(former).await?;
            let mut order = stored.order;
            if self.rests_on(&order, name) || !order.give_up_payment(&name.order) {
                return Ok(true);
            }
            let before = decided(&order);
            let summary = order.decide(self.at, self.policy);
            let draft = Draft::new(&order, summary, self.policy, now())?;
            let mark = stored.mark.unwrap_or_else(|| Mark::now(None));
            if self.table.save(draft.marked(Some(mark)), stored.version).await? == Saved::Done {
                count_decisions(before, decided(&order));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an order was released, and would not have been without this payment.
    fn rests_on(&self, order: &Order, name: &OrderKey) -> bool {
        let mut without = order.clone();
        order.fulfilment.is_some()
            && without.give_up_payment(&name.order)
            && !without.summary(self.policy).is_paid
    }
}

/// Attempts at an order that others write at the same time. After these the whole notification is tried
/// again, with a pause.
const MAX_ATTEMPTS: usize = 3;

/// Whether the name is the order's own key, or known to lead to it for good.
fn is_own(order: &Order, name: &OrderKey) -> bool {
    *name == order.key || order.aliases.contains(&name.order)
}

/// Whether one of two orders is the occurrence of the other that this payment is.
fn is_occurrence_by(name: &OrderKey, one: &OrderKey, other: &OrderKey) -> bool {
    one.is_occurrence_of(other) && one.order.ends_with(payment_of(name))
}

/// Whether the statement is about the payment of this name, and not only about its checkout.
fn is_about(statement: &Statement, name: &OrderKey) -> bool {
    let payment = payment_of(name);
    statement.facts.iter().filter_map(as_share).any(|share| share.is_of(payment))
}

/// Whether a payment's name may be given to another order: all that its order knows of the payment is that
/// attempts at it failed, and this is another one. Nothing at all is no failure: the name is written before
/// the order.
fn is_free(home: &Order, name: &OrderKey, statement: &Statement) -> bool {
    let payment = payment_of(name);
    let debits = || home.facts.shares().map(|(share, _)| share).filter(|s| s.kind == Kind::Debit);
    // One that was left may be known by its uuid alone, which does not tell the payment.
    let known = debits().any(|share| share.is_of(payment));
    let of_payment = debits().filter(|share| !known || share.is_of(payment));
    let stated = || statement.facts.iter().filter_map(as_share);
    let is_same = |share: &ShareFact| stated().any(|other| other.share == share.share);
    debits().next().is_some() && { of_payment }.all(|s| is_failure(s.status) && !is_same(s))
}

/// Whether a statement tells of failed attempts alone.
fn has_failed(statement: &Statement) -> bool {
    statement.facts.iter().filter_map(as_share).all(|share| is_failure(share.status))
}

fn is_failure(status: Status) -> bool {
    matches!(status, Status::Refused | Status::Cancelled | Status::Expired)
}

fn as_share(fact: &Fact) -> Option<&ShareFact> {
    match fact {
        Fact::Share(share) => Some(share),
        Fact::Total(_) => None,
    }
}

/// Whether an order holds captures of a payment, and not only what was given back.
fn knows_capture(order: &Order, name: &OrderKey) -> bool {
    let payment = payment_of(name);
    let mut shares = order.facts.shares();
    shares.any(|(share, _)| share.kind == Kind::Debit && share.is_of(payment))
}

fn knows_debit(order: &Order) -> bool {
    order.facts.shares().any(|(share, _)| share.kind == Kind::Debit)
}

fn payment_of(name: &OrderKey) -> &str {
    name.order.strip_prefix("tx:").unwrap_or(&name.order)
}
