//! What has to hold after every write, and what once nothing moves any more. The money is judged by what truly happened at
//! the providers.

use std::collections::BTreeSet;

use quittance_core::desk::RequestState;
use quittance_core::release::Cause;
use quittance_core::{Flag, Order, Policy, ReleaseOn, Standing, Statement};

use crate::psp::Sums;
use crate::sdk::stored::Stored;

/// What is true of a purchase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    pub(crate) cost: u64,
    pub(crate) policy: Policy,
    pub(crate) sums: Sums,
}

/// What was seen of each purchase until now, where it must not change any more.
#[derive(Debug)]
pub(crate) struct Judge {
    releases: Vec<Option<String>>,
    captured: Vec<u64>,
    /// What was answered with 200.
    promised: Vec<Statement>,
}

type Verdict = Result<(), String>;

impl Judge {
    pub(crate) fn new(purchases: usize) -> Self {
        Self { releases: vec![None; purchases], captured: vec![0; purchases], promised: Vec::new() }
    }

    /// Something was written: what was answered is held all the same.
    pub(crate) fn is_kept(&self, stored: &Stored) -> Verdict {
        self.promised.iter().try_for_each(|statement| is_held(statement, stored))
    }

    /// An order was written.
    pub(crate) fn written(&mut self, purchase: usize, order: &Order, truth: Truth) -> Verdict {
        self.one_release(purchase, order)?;
        let captured = order.summary(truth.policy).captured;
        let before = std::mem::replace(&mut self.captured[purchase], captured);
        if captured < before {
            return Err(format!("of {} {before} were captured, and now {captured}", order.key()));
        }
        no_early_release(order, truth)
    }

    /// At most one release, for ever.
    fn one_release(&mut self, purchase: usize, order: &Order) -> Verdict {
        let id = order.fulfilment().map(|release| release.id.clone());
        let known = &mut self.releases[purchase];
        match (&known, &id) {
            (Some(known), Some(id)) if known != id => {
                return Err(format!("{} is released twice: {known}, {id}", order.key()));
            }
            (Some(known), None) => {
                return Err(format!("the release {known} of {} is lost", order.key()));
            }
            _ => *known = id,
        }
        let mut ids = BTreeSet::new();
        if !order.reversals().iter().all(|reversal| ids.insert(&reversal.id)) {
            return Err(format!("{} has a reversal twice", order.key()));
        }
        Ok(())
    }

    /// A notification was answered with 200: what it states is stored, and stays so.
    pub(crate) fn promised(&mut self, statements: &[Statement], stored: &Stored) -> Verdict {
        self.promised.extend_from_slice(statements);
        statements.iter().try_for_each(|statement| is_held(statement, stored))
    }

    /// What has to hold of an order once nothing moves any more. `acted` says whether the consumer acted on an id.
    pub(crate) fn at_rest(
        &self,
        order: &Order,
        truth: Truth,
        stored: &Stored,
        acted: impl Fn(&str) -> bool,
    ) -> Verdict {
        if let Some(key) = stored.unsent.first() {
            return Err(format!("{key} has a decision that was never sent"));
        }
        let release = order.fulfilment().map(|release| &release.id);
        for id in release.into_iter().chain(order.reversals().iter().map(|back| &back.id)) {
            if !acted(id) {
                return Err(format!("{} has a decision that nobody acted on: {id}", order.key()));
            }
        }
        eventual_release(order, truth)?;
        let Some(desk) = stored.desk(order) else { return Ok(()) };
        for request in desk.requests() {
            let is_over = match request.state() {
                RequestState::Planned | RequestState::Running => false,
                // Where nobody can tell any more whether a call was made, a person has to.
                RequestState::Uncertain => true,
                RequestState::Done | RequestState::Partial | RequestState::Refused => true,
            };
            if !is_over {
                let state = request.state();
                return Err(format!("{} of {} stays {state:?}", request.request, order.key()));
            }
        }
        Ok(())
    }
}

/// Whether what was stated is stored of some order.
fn is_held(Statement { facts, key, .. }: &Statement, stored: &Stored) -> Verdict {
    let has =
        |order: &Order| facts.iter().all(|fact| order.facts().knows(fact, Standing::Respellable));
    match stored.items.iter().any(|item| has(&item.order)) {
        true => Ok(()),
        false => Err(format!("what was answered is not held of {key}")),
    }
}

/// No release below what the order costs, and nothing is told as gone back that did not go.
fn no_early_release(order: &Order, truth: Truth) -> Verdict {
    let Truth { cost, policy, sums, .. } = truth;
    let back = order.reversals().iter().filter(|reversal| reversal.reason != Cause::Lost);
    let back: u64 = back.map(|reversal| reversal.amount).sum();
    if back > sums.back {
        return Err(format!("{} tells that {back} went back, of {}", order.key(), sums.back));
    }
    let taken = match policy.release_on {
        ReleaseOn::Captured => sums.taken,
        ReleaseOn::Secured => sums.secured,
    };
    if order.fulfilment().is_some() && taken < cost {
        return Err(format!("{} is released for {taken}, and costs {cost}", order.key()));
    }
    Ok(())
}

/// An order that is paid is released in the end, unless it is held in doubt and says so.
fn eventual_release(order: &Order, truth: Truth) -> Verdict {
    let Truth { cost, policy, sums: Sums { taken, back, .. }, .. } = truth;
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

/// A provider gives back no more than the merchant asked for, and no more than it took.
pub(crate) fn refund_bound(sums: Sums, asked: u64, by_itself: bool) -> Verdict {
    let Sums { taken, back, .. } = sums;
    let most = if by_itself { taken } else { asked.min(taken) };
    match back <= most {
        true => Ok(()),
        false => Err(format!("{back} went back, {asked} were asked for, {taken} taken")),
    }
}
