//! What has to hold of one order, whoever carries it: by what truly happened at the providers, which nothing of the stack has
//! counted.

use std::collections::BTreeSet;

use quittance_core::claims::Items;
use quittance_core::desk::{Desk, RequestState};
use quittance_core::release::Cause;
use quittance_core::{Flag, Order, OrderKey, Policy, ReleaseOn, Standing, Statement};

use crate::psp::Sums;

/// What is wrong, if anything.
pub(crate) type Verdict = Result<(), String>;

/// What is true of a purchase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    pub(crate) cost: u64,
    pub(crate) policy: Policy,
    pub(crate) sums: Sums,
}

/// What was seen of each purchase until now, where it must not change any more.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Its release.
    releases: Vec<Option<String>>,
    /// What was captured of it, as the stack counts it.
    captured: Vec<u64>,
}

impl Seen {
    pub(crate) fn new(purchases: usize) -> Self {
        Self { releases: vec![None; purchases], captured: vec![0; purchases] }
    }

    /// I2: at most one release, for ever.
    pub(crate) fn one_fulfilment(&mut self, purchase: usize, order: &Order) -> Verdict {
        let id = order.fulfilment().map(|release| release.id.clone());
        let known = &mut self.releases[purchase];
        match (&known, &id) {
            (Some(known), Some(id)) if known != id => {
                Err(format!("{} is released twice: {known}, {id}", order.key()))
            }
            (Some(known), None) => Err(format!("the release {known} of {} is lost", order.key())),
            _ => {
                *known = id;
                Ok(())
            }
        }
    }

    /// I6: what is captured stays so.
    pub(crate) fn no_regress(&mut self, purchase: usize, order: &Order, policy: Policy) -> Verdict {
        let captured = order.summary(policy).captured;
        let before = std::mem::replace(&mut self.captured[purchase], captured);
        if captured < before {
            return Err(format!("of {} {before} were captured, and now {captured}", order.key()));
        }
        Ok(())
    }
}

/// No reversal is there twice, and none before the release.
pub(crate) fn told_once(order: &Order) -> Verdict {
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
pub(crate) fn covers(sums: Sums, release_on: ReleaseOn) -> u64 {
    match release_on {
        ReleaseOn::Captured => sums.taken,
        ReleaseOn::Secured => sums.secured,
    }
}

/// I3: no release below what the order costs, and nothing is told as gone back that did not go.
pub(crate) fn no_early_release(order: &Order, truth: Truth) -> Verdict {
    let Truth { cost, policy, sums } = truth;
    let back = order.reversals().iter().filter(|reversal| reversal.reason != Cause::Lost);
    let back: u64 = back.map(|reversal| reversal.amount).sum();
    if back > sums.back {
        return Err(format!("{} tells that {back} went back, of {}", order.key(), sums.back));
    }
    let truth = covers(sums, policy.release_on);
    if order.fulfilment().is_some() && truth < cost {
        return Err(format!("{} is released for {truth}, and costs {cost}", order.key()));
    }
    Ok(())
}

/// I1: what was stated is stored of some order.
pub(crate) fn is_held(Statement { facts, key, .. }: &Statement, items: &Items) -> Verdict {
    let has =
        |order: &Order| facts.iter().all(|fact| order.facts().knows(fact, Standing::Respellable));
    match items.iter().any(|item| has(&item.order)) {
        true => Ok(()),
        false => Err(format!("what was answered is not held of {key}")),
    }
}

/// I4: what is decided is acted on. `acted` says whether it was.
pub(crate) fn all_acted_on(order: &Order, acted: impl Fn(&str) -> bool) -> Verdict {
    let release = order.fulfilment().map(|release| &release.id);
    for id in release.into_iter().chain(order.reversals().iter().map(|reversal| &reversal.id)) {
        if !acted(id) {
            return Err(format!("{} has a decision that nobody acted on: {id}", order.key()));
        }
    }
    Ok(())
}

/// I4: an order that is paid is released in the end, unless it is held in doubt and says so, for a person.
pub(crate) fn eventual_release(order: &Order, truth: Truth) -> Verdict {
    let Truth { cost, policy, sums: Sums { taken, back, .. } } = truth;
    let is_paid = taken.saturating_sub(back) >= cost;
    let summary = order.summary(policy);
    let (state, flags) = (summary.state, summary.flags);
    if is_paid && order.fulfilment().is_none() && !flags.contains(&Flag::Ambiguous) {
        return Err(format!(
            "{} is paid ({taken} of {cost}, {back} back) and never released: {state:?} {flags:?}",
            order.key()
        ));
    }
    Ok(())
}

/// Each refund, capture and cancellation comes to an end; where nobody can tell whether a call was made, a person may have
/// to decide.
pub(crate) fn desk_ends(key: &OrderKey, desk: &Desk, a_person_may: bool) -> Verdict {
    for request in desk.requests() {
        let is_over = match request.state() {
            RequestState::Planned | RequestState::Running => false,
            RequestState::Uncertain => a_person_may,
            RequestState::Done | RequestState::Partial | RequestState::Refused => true,
        };
        if !is_over {
            let state = request.state();
            return Err(format!("{} of {key} stays {state:?}", request.request));
        }
    }
    Ok(())
}

/// I7: a provider gives back no more than the merchant asked for, unless by itself, and no more than it took.
pub(crate) fn refund_bound(key: &OrderKey, sums: Sums, asked: u64, by_itself: bool) -> Verdict {
    let Sums { taken, back, .. } = sums;
    let most = if by_itself { taken } else { asked.min(taken) };
    match back <= most {
        true => Ok(()),
        false => Err(format!("of {key} {back} went back, {asked} were asked for, {taken} taken")),
    }
}
