//! What has to hold after every step, and what once nothing moves any more. The money is judged by what truly happened at
//! the providers, which nothing of the stack has counted.

use std::collections::BTreeSet;

use quittance_core::claims::Items;
use quittance_core::desk::Content;
use quittance_core::fold::Confirm;
use quittance_core::{Flag, Order, OrderKey, Receipt, ReleaseOn, stored};
use quittance_psp::PROVIDERS;

use crate::fault::Fault;
use crate::plan::Psp;
use crate::psp::at;
use crate::situation::Situation;
use crate::verdict::{
    Seen, Truth, Verdict, all_acted_on, covers, desk_ends, eventual_release, is_held,
    no_early_release, refund_bound, told_once,
};
use crate::world::{Known, World};

/// What was seen of a run until now.
#[derive(Debug, Default)]
pub(crate) struct Judge(Seen);

impl Judge {
    pub(crate) fn new(purchases: usize) -> Self {
        Self(Seen::new(purchases))
    }

    /// What has to hold after every step. Only what was written is looked at.
    pub(crate) fn always(&mut self, world: &mut World) -> Verdict {
        if let Some(wrong) = world.wrong.take() {
            return Err(wrong);
        }
        refund_bounds(world)?;
        let written = std::mem::take(&mut world.written);
        for key in &written {
            let Some(item) = world.store.items.get(key) else { continue };
            if item.join.is_some() {
                continue;
            }
            decided_by_what_it_holds(&item.order, world)?;
            told_once(&item.order)?;
            if let Some(purchase) = world.purchase(key) {
                self.0.one_fulfilment(purchase, &item.order)?;
                no_early_release(&item.order, truth(purchase, world))?;
                nothing_untold(purchase, &item.order, world)?;
                self.0.no_regress(purchase, &item.order, world.plan.policy)?;
            }
        }
        if !written.is_empty() || world.fault == Fault::AnswersFirst {
            durable_before_answer(world)?;
        }
        Ok(())
    }

    /// What has to hold once nothing moves any more.
    pub(crate) fn at_rest(&mut self, world: &mut World) -> Verdict {
        if let Some(key) = world.store.unsent().first() {
            return Err(format!("{key} has a decision that was never sent"));
        }
        for item in world.store.items.iter() {
            read_as_written(&item.order)?;
        }
        for purchase in 0..world.plan.purchases.len() {
            let order = world.order(&world.key(purchase));
            let is_done = |id: &str| {
                world.remembered.get(id).is_some_and(|known| known.acted == 1 && known.is_done)
            };
            all_acted_on(&order, is_done)?;
            // Of one that nobody ever heard of nothing can come.
            if !order.is_blank() {
                eventual_release(&order, truth(purchase, world))?;
            }
            let a_person_may = World::psp_of(order.key()) == Psp::Lyra;
            desk_ends(order.key(), &world.store.desk(order.key()).desk, a_person_may)?;
            sees(purchase, &order, world);
        }
        order_free(world)
    }
}

/// I7: a provider gives back no more than merchants asked for, and no more than it took.
fn refund_bounds(world: &World) -> Verdict {
    for (purchase, sums) in world.psps.sums().iter().enumerate() {
        if sums.back == 0 {
            continue;
        }
        let key = world.key(purchase);
        let asked: u64 = world
            .store
            .desks()
            .filter(|(of, _)| **of == key)
            .flat_map(|(_, desk)| desk.requests())
            .map(|request| match request.content {
                Content::Refund { amount, .. } => amount,
                Content::Capture { .. } | Content::Cancellation => 0,
            })
            .sum();
        refund_bound(&key, *sums, asked, world.plan.goes_back_by_itself)?;
    }
    Ok(())
}

/// I1: what was answered with 200 is stored.
fn durable_before_answer(world: &World) -> Verdict {
    let mut promised = world.told.iter().filter(|told| told.is_promised);
    promised.try_for_each(|told| is_held(&told.statement, &world.store.items))
}

/// What is true of a purchase.
fn truth(purchase: usize, world: &World) -> Truth {
    let cost = world.plan.purchases[purchase].cost();
    Truth { cost, policy: world.plan.policy, sums: world.psps.sums()[purchase] }
}

/// Deciding again changes nothing.
fn decided_by_what_it_holds(order: &Order, world: &World) -> Verdict {
    let mut anew = order.clone();
    anew.decide(at(world.now), world.plan.policy);
    if anew == *order {
        return Ok(());
    }
    Err(format!("{} is not decided by what it holds", order.key()))
}

/// I3: a release rests on what was true of the order when it was told what is stored.
fn nothing_untold(purchase: usize, order: &Order, world: &World) -> Verdict {
    if order.fulfilment().is_none() {
        return Ok(());
    }
    let Truth { cost, policy, .. } = truth(purchase, world);
    let Known { by_mail, by_asking } = world.known[purchase];
    let known = match policy.confirm {
        Confirm::Off => by_mail.max(by_asking),
        Confirm::Ask => by_asking,
    };
    let known = covers(known, policy.release_on);
    if known < cost {
        return Err(format!("{} is released, and {known} of {cost} were told of", order.key()));
    }
    Ok(())
}

/// What is read is what was written.
fn read_as_written(order: &Order) -> Verdict {
    let again = stored::encode(order)
        .ok()
        .and_then(|bytes| stored::decode(&bytes, order.key().clone(), PROVIDERS).ok());
    if again.as_ref() == Some(order) {
        return Ok(());
    }
    Err(format!("{} is not read as it was written", order.key()))
}

/// I5 and I8: what was told comes to the same when it is told anew, backwards.
fn order_free(world: &mut World) -> Verdict {
    let policy = world.plan.policy;
    let mut anew = Items::default();
    for told in world.told.iter().rev() {
        let receipt = Receipt { received_at: at(0), source: "webhook", sha256: String::new() };
        anew.take(&told.statement, receipt, policy);
    }
    for purchase in 0..world.plan.purchases.len() {
        let key = world.key(purchase);
        let own = world.order(&key);
        let other = anew.order(&key).unwrap_or_else(|| Order::new(key.clone()));
        if own.facts() != other.facts() {
            return Err(format!("{key} comes to something else when it is told backwards"));
        }
    }
    Ok(())
}

/// What was come across with a purchase.
fn sees(purchase: usize, order: &Order, world: &mut World) {
    let policy = world.plan.policy;
    let bought = world.plan.purchases[purchase].clone();
    let (sums, summary) = (world.psps.sums()[purchase], order.summary(policy));
    let has = |flag| summary.flags.contains(&flag);
    let is_released = order.fulfilment().is_some();
    let methods: BTreeSet<&str> =
        summary.shares.iter().map(|share| share.method.as_str()).collect();
    let is_cascade = methods.iter().any(|method| method.contains("CVCO")) && methods.len() > 1;
    let was_refused = summary.shares.iter().any(|share| share.psp_status.contains("REJECTED"))
        || summary.shares.iter().any(|share| share.psp_status == "REFUSED");
    let mut found = Vec::new();
    let mut note = |is_so: bool, situation| found.extend(is_so.then_some(situation));
    note(is_released && policy.release_on == ReleaseOn::Secured, Situation::ReleasedReserved);
    note(is_released && is_cascade, Situation::ReleasedCascade);
    note(is_released && bought.registered.is_none(), Situation::ReleasedUnregistered);
    note(is_released && sums.taken >= 2 * bought.cost(), Situation::PaidTwice);
    note(!is_released && sums.taken > 0 && sums.taken < bought.cost(), Situation::PaidShort);
    note(summary.voucher_waits.is_some() && !is_released, Situation::Stranded);
    note(is_released && was_refused, Situation::PaidAfterRefusal);
    note(!is_released && sums.taken >= bought.cost() && has(Flag::Ambiguous), Situation::ForPerson);
    note(is_released && !order.reversals().is_empty(), Situation::Reversed);
    note(!is_released && sums.back > 0, Situation::BackBeforeRelease);
    for situation in found {
        world.saw(situation);
    }
}

/// What is stored, for the digest of a run.
pub(crate) fn outcome(world: &mut World) {
    let items: Vec<(OrderKey, Vec<u8>)> = world
        .store
        .items
        .iter()
        .filter_map(|item| Some((item.order.key().clone(), stored::encode(&item.order).ok()?)))
        .collect();
    for (key, bytes) in items {
        world.trace.add(key.order.as_bytes());
        world.trace.add(&bytes);
    }
}
