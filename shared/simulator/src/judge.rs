//! What has to hold after every step, and what once nothing moves any more. The money is judged by what truly happened at
//! the providers, which nothing of the stack has counted.

use std::collections::BTreeSet;

use quittance_core::claims::Items;
use quittance_core::desk::{Content, RequestState};
use quittance_core::fold::Confirm;
use quittance_core::release::Cause;
use quittance_core::{Flag, Order, OrderKey, Receipt, ReleaseOn, Standing, Statement, stored};
use quittance_psp::PROVIDERS;

use crate::fault::Fault;
use crate::plan::Psp;
use crate::psp::{Sums, at};
use crate::situation::Situation;
use crate::world::{Known, World};

/// What was seen of a run until now, where it must not change any more.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// The release of each purchase.
    releases: Vec<Option<String>>,
    /// What was captured of each, as the stack counts it.
    captured: Vec<u64>,
}

type Verdict = Result<(), String>;

impl Judge {
    pub(crate) fn new(purchases: usize) -> Self {
        Self { releases: vec![None; purchases], captured: vec![0; purchases] }
    }

    /// What has to hold after every step. Only what was written is looked at.
    pub(crate) fn always(&mut self, world: &mut World) -> Verdict {
        if let Some(wrong) = world.wrong.take() {
            return Err(wrong);
        }
        refund_bound(world)?;
        let written = std::mem::take(&mut world.written);
        for key in &written {
            let Some(item) = world.store.items.get(key) else { continue };
            if item.join.is_some() {
                continue;
            }
            decided_by_what_it_holds(&item.order, world)?;
            told_once(&item.order)?;
            if let Some(purchase) = world.purchase(key) {
                self.one_fulfilment(purchase, &item.order)?;
                no_early_release(purchase, &item.order, world)?;
                self.no_regress(purchase, &item.order, world)?;
            }
        }
        if !written.is_empty() || world.fault == Fault::AnswersFirst {
            durable_before_answer(world)?;
        }
        Ok(())
    }

    /// I2: at most one release, for ever.
    fn one_fulfilment(&mut self, purchase: usize, order: &Order) -> Verdict {
        let id = order.fulfilment().map(|release| release.id.clone());
        let known = &mut self.releases[purchase];
        match (&known, id) {
            (Some(known), Some(id)) if *known != id => {
                Err(format!("{} is released twice: {known}, {id}", order.key()))
            }
            (Some(known), None) => Err(format!("the release {known} of {} is lost", order.key())),
            (None, Some(id)) => {
                *known = Some(id);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// I6: what is captured stays so.
    fn no_regress(&mut self, purchase: usize, order: &Order, world: &World) -> Verdict {
        let captured = order.summary(world.plan.policy).captured;
        let before = std::mem::replace(&mut self.captured[purchase], captured);
        if captured < before {
            return Err(format!("of {} {before} were captured, and now {captured}", order.key()));
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
            all_acted_on(&order, world)?;
            eventual_release(purchase, &order, world)?;
            desks_end(&order, world)?;
            sees(purchase, &order, world);
        }
        order_free(world)
    }
}

/// I7: a provider gives back no more than merchants asked for, and no more than it took.
fn refund_bound(world: &World) -> Verdict {
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
        let by_itself = if world.plan.goes_back_by_itself { sums.taken } else { 0 };
        if sums.back > (asked + by_itself).min(sums.taken) {
            let Sums { back, taken, .. } = sums;
            return Err(format!(
                "of {key} {back} went back, {asked} were asked for, {taken} taken"
            ));
        }
    }
    Ok(())
}

/// I1: what was answered with 200 is stored.
fn durable_before_answer(world: &World) -> Verdict {
    for told in world.told.iter().filter(|told| told.is_promised) {
        let Statement { facts, key, .. } = &told.statement;
        let has = |order: &Order| {
            facts.iter().all(|fact| order.facts().knows(fact, Standing::Respellable))
        };
        if !world.store.items.iter().any(|item| has(&item.order)) {
            return Err(format!("what was answered is not held of {key}"));
        }
    }
    Ok(())
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

/// No reversal is there twice, and none before the release.
fn told_once(order: &Order) -> Verdict {
    let mut ids = BTreeSet::new();
    let is_new = order.reversals().iter().all(|reversal| ids.insert(&reversal.id));
    if !is_new {
        return Err(format!("{} has a reversal twice", order.key()));
    }
    if order.fulfilment().is_none() && !order.reversals().is_empty() {
        return Err(format!("{} has a reversal without a release", order.key()));
    }
    Ok(())
}

/// What of the truth a release may rest on.
fn covers(sums: Sums, release_on: ReleaseOn) -> u64 {
    match release_on {
        ReleaseOn::Captured => sums.taken,
        ReleaseOn::Secured => sums.secured,
    }
}

/// I3: no release below what the order costs, by the truth, and by what was true of it when it was told what is stored.
fn no_early_release(purchase: usize, order: &Order, world: &World) -> Verdict {
    let policy = world.plan.policy;
    let sums = world.psps.sums()[purchase];
    let back: u64 = order
        .reversals()
        .iter()
        .filter(|reversal| reversal.reason != Cause::Lost)
        .map(|reversal| reversal.amount)
        .sum();
    if back > sums.back {
        return Err(format!("{} tells that {back} went back, of {}", order.key(), sums.back));
    }
    if order.fulfilment().is_none() {
        return Ok(());
    }
    let cost = world.plan.purchases[purchase].cost();
    let truth = covers(sums, policy.release_on);
    if truth < cost {
        return Err(format!("{} is released for {truth}, and costs {cost}", order.key()));
    }
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

/// I4: what is decided is acted on, once.
fn all_acted_on(order: &Order, world: &World) -> Verdict {
    let release = order.fulfilment().map(|release| &release.id);
    for id in release.into_iter().chain(order.reversals().iter().map(|reversal| &reversal.id)) {
        if !world.remembered.get(id).is_some_and(|known| known.acted == 1 && known.is_done) {
            return Err(format!("{} has a decision that nobody acted on: {id}", order.key()));
        }
    }
    Ok(())
}

/// I4: an order that is paid is released in the end, unless nobody ever heard of it, or it is held in doubt and says so.
fn eventual_release(purchase: usize, order: &Order, world: &World) -> Verdict {
    let sums = world.psps.sums()[purchase];
    let cost = world.plan.purchases[purchase].cost();
    let is_paid = sums.taken.saturating_sub(sums.back) >= cost;
    let is_unheard = order.is_blank();
    if is_paid && order.fulfilment().is_none() && !is_unheard {
        let Sums { taken, back, .. } = sums;
        let summary = order.summary(world.plan.policy);
        let (state, flags) = (summary.state, summary.flags);
        // Held for a person, which is counted as a situation.
        if flags.contains(&Flag::Ambiguous) {
            return Ok(());
        }
        return Err(format!(
            "{} is paid ({taken} of {cost}, {back} back) and never released: {state:?} {flags:?}",
            order.key()
        ));
    }
    Ok(())
}

/// Each refund, capture and cancellation comes to an end; at Lyra a person may have to decide.
fn desks_end(order: &Order, world: &World) -> Verdict {
    let desk = world.store.desk(order.key()).desk;
    for request in desk.requests() {
        let is_over = match request.state() {
            RequestState::Planned | RequestState::Running => false,
            RequestState::Uncertain => World::psp_of(order.key()) == Psp::Lyra,
            RequestState::Done | RequestState::Partial | RequestState::Refused => true,
        };
        if !is_over {
            let state = request.state();
            return Err(format!("{} of {} stays {state:?}", request.request, order.key()));
        }
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
    note(summary.voucher_waits && !is_released, Situation::Stranded);
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
