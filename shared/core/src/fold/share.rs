//! All facts about one share, joined into what it is worth.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::acquired::{StatedAmount, acquired};
use super::names::ShareNames;
use super::summary::Share;
use crate::fact::{Called, Facts, Kind, Payer, Rank, ShareFact, Standing, Status};
use crate::money::Currency;
use crate::registered::Registered;

/// All facts about one share, joined.
#[derive(Debug)]
pub(super) struct ShareState<'a> {
    pub(super) name: &'a str,
    /// Every name under which it is stated.
    pub(super) names: BTreeSet<&'a str>,
    pub(super) kind: Kind,
    pub(super) currency: Currency,
    pub(super) amount: u64,
    /// What the payment is to reach, in each currency that was ever named.
    pub(super) targets: BTreeMap<Currency, u64>,
    pub(super) captured: u64,
    pub(super) authorised: u64,
    /// Parts of what was reserved that were cancelled, by their operations.
    pub(super) let_go: BTreeMap<&'a str, u64>,
    pub(super) status: Status,
    pub(super) rank: Rank,
    /// Whether nothing more can be taken of what was reserved beyond what is captured: what has no operations
    /// is captured once, and a payment that has some may have been cancelled.
    rest_is_lost: bool,
    /// What all instalments of its plan have in common.
    pub(super) series: Option<&'a str>,
    /// The names of its payment, which the instalments of a plan do not share: one, unless messages contradict each other.
    pub(super) payments: BTreeSet<&'a str>,
    /// The share that a credit gives back, where the PSP says.
    pub(super) parent: Option<&'a str>,
    /// Whether it is told by the operations of its payment.
    pub(super) is_operation: bool,
    /// Whether more is known of it than later operations, which may carry another order's reference.
    pub(super) is_whole: bool,
    /// Whether a credit speaks of itself alone, and not of all that was given back of its payment.
    pub(super) is_part: bool,
    pub(super) method: String,
    payer: Payer,
    /// By which of its names all that is known of it calls it.
    called: Called,
    psp_status: Cow<'a, str>,
    sequence: Option<u32>,
    /// When the attempt began, in a form that sorts; empty where the provider does not say.
    pub(super) attempted: &'a str,
}

/// Joins share facts by share, ordered by kind, then by attempt.
pub(super) fn join<'a>(
    facts: impl Iterator<Item = &'a ShareFact>,
    registered: Option<Registered>,
) -> Vec<ShareState<'a>> {
    let facts: Vec<&ShareFact> = facts.collect();
    let names = ShareNames::of(&facts);
    let mut groups: BTreeMap<(Kind, &str), Vec<&ShareFact>> = BTreeMap::new();
    for fact in facts {
        groups.entry((fact.kind, names.name(fact))).or_default().push(fact);
    }
    let mut shares: Vec<ShareState<'_>> = groups
        .into_iter()
        .filter_map(|((_, name), facts)| ShareState::of(name, &facts, registered))
        .collect();
    shares.sort_by(|a, b| a.attempt().cmp(&b.attempt()));
    shares
}

impl<'a> ShareState<'a> {
    /// Joins the facts of one share; `None` where there are none.
    fn of(name: &'a str, facts: &[&'a ShareFact], registered: Option<Registered>) -> Option<Self> {
        let targets = targets(facts);
        let is_part_let_go = |fact: &ShareFact| is_part_let_go(fact, &targets);
        let whole: Vec<&ShareFact> =
            facts.iter().copied().filter(|fact| !is_part_let_go(fact)).collect();
        let highest = top(&whole).or_else(|| top(facts))?;
        // A statement in another currency than the payment's does not count.
        let own: Vec<&'a ShareFact> =
            facts.iter().copied().filter(|fact| fact.currency == highest.currency).collect();
        // Where no operation states the whole, what was registered bounds what they add up to.
        let bound = registered.filter(|r| r.currency == highest.currency).map(|r| r.amount);
        let bound = bound.filter(|_| !targets.contains_key(&highest.currency));
        let most = own
            .iter()
            .filter_map(|fact| fact.target)
            .max()
            .map(|most| most.max(bound.unwrap_or(0)));
        let captured = match (highest.meaning.status, most) {
            (Status::Captured, Some(most)) => acquired(&own, most),
            (Status::Captured, None) => highest.meaning.worth,
            _ => 0,
        };
        let mut let_go: BTreeMap<&str, u64> = BTreeMap::new();
        for fact in own.iter().filter(|fact| is_part_let_go(fact)) {
            let operation = fact.operation.as_deref().unwrap_or(name);
            let part = let_go.entry(operation).or_default();
            *part = (*part).max(fact.target.unwrap_or(fact.meaning.worth));
        }
        // A payment that was cancelled itself has nothing left, whatever was captured of it.
        let over = own.iter().filter(|fact| fact.meaning.status == Status::Cancelled);
        let over = over.filter(|fact| !is_part_let_go(fact)).map(|fact| fact.meaning.rank).max();
        let left = authorised(highest, &own, over, captured + let_go.values().sum::<u64>());
        // When nothing is left of what was reserved, all of it was cancelled, one part after another.
        let cancelled =
            highest.meaning.status == Status::Authorised && left == 0 && !let_go.is_empty();
        let top = if cancelled { top(facts)? } else { highest };
        Some(Self {
            name,
            names: facts.iter().map(|fact| fact.share.as_str()).collect(),
            kind: top.kind,
            currency: top.currency,
            amount: match (captured, left) {
                (0, 0) => highest.meaning.worth,
                (0, left) => left,
                (captured, _) => captured,
            },
            captured,
            authorised: left,
            let_go,
            targets,
            status: top.meaning.status,
            rank: top.meaning.rank,
            rest_is_lost: top.meaning.status == Status::Captured
                && (top.operation.is_none() || over > highest_reserved(&own)),
            series: facts.iter().find_map(|fact| fact.series.as_deref()),
            payments: facts.iter().filter_map(|fact| fact.payment.as_deref()).collect(),
            parent: facts.iter().find_map(|fact| fact.parent.as_deref()),
            is_operation: facts.iter().any(|fact| fact.operation.is_some()),
            is_whole: facts.iter().any(|fact| !fact.is_later_operation()),
            is_part: facts.iter().any(|f| f.operation.is_none() || f.is_later_operation()),
            method: methods(
                facts.iter().copied().filter(|fact| fact.meaning.rank == top.meaning.rank),
            ),
            payer: payer(
                facts.iter().copied().filter(|fact| fact.meaning.rank == top.meaning.rank),
            ),
            called: facts.iter().map(|fact| fact.called()).min().unwrap_or_default(),
            psp_status: top.said.shown(),
            sequence: facts.iter().filter_map(|fact| fact.sequence).max(),
            attempted: facts.iter().map(|fact| fact.attempted.as_str()).max().unwrap_or(""),
        })
    }

    /// What tells which of several shares was attempted last: ids of payments with operations count up, so they
    /// are longer when they are later.
    fn attempt(&self) -> impl Ord + '_ {
        let digits = if self.is_operation { self.name.len() } else { 0 };
        (self.kind, self.attempted, self.sequence, digits, self.name)
    }

    /// What the payment is to reach in the currency it was paid in.
    pub(super) fn target(&self) -> Option<u64> {
        self.targets.get(&self.currency).copied()
    }

    /// The statement that this share is worth `amount` of the order.
    pub(super) fn stating(&self, amount: u64) -> StatedAmount {
        let open = self.target().is_some_and(|target| amount < target);
        StatedAmount {
            amount,
            open,
            payer: self.payer,
            called: self.called,
            ..StatedAmount::default()
        }
    }

    /// Whether money was taken that was paid with a balance.
    pub(super) fn is_captured_voucher(&self) -> bool {
        self.status == Status::Captured && self.is_by_voucher()
    }

    /// Whether what was reserved is lost: it can no longer be taken.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.status, Status::Refused | Status::Cancelled | Status::Expired)
            || self.rank == Rank::CAPTURE_FAILED
            || self.rest_is_lost
    }

    /// Whether a voucher pays it.
    pub(super) fn is_by_voucher(&self) -> bool {
        self.payer == Payer::Voucher
    }

    /// Whether the money of this credit is back with the buyer for good.
    pub(super) fn is_final_credit(&self) -> bool {
        self.kind == Kind::Credit && matches!(self.status, Status::Refunded | Status::ChargedBack)
    }

    /// As a share of an order in that currency.
    pub(super) fn to_share(&self, currency: Option<Currency>) -> Share {
        Share {
            share: self.name.to_owned(),
            method: self.method.clone(),
            kind: self.kind,
            amount: self.amount,
            currency: other_than(currency, self.currency),
            status: self.status,
            psp_status: self.psp_status.clone().into_owned(),
            sequence: self.sequence,
            details: None,
            names: self.names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// A share's own currency, where the order has another.
fn other_than(order: Option<Currency>, own: Currency) -> Option<Currency> {
    order.filter(|order| *order != own).map(|_| own)
}

/// Whether the fact cancels a part of the authorised amount, and not the whole payment.
fn is_part_let_go(fact: &ShareFact, targets: &BTreeMap<Currency, u64>) -> bool {
    let whole = targets.get(&fact.currency).copied();
    fact.meaning.status == Status::Cancelled
        && fact.is_later_operation()
        && fact.target.zip(whole).is_some_and(|(target, whole)| target < whole)
}

/// The fact that holds: the one with the highest rank, among equals a chargeback, which no refund hides, then
/// of a debit the smallest amount and of a credit the largest: too little of what is left holds an order, and
/// too much gives it away.
fn top<'a>(facts: &[&'a ShareFact]) -> Option<&'a ShareFact> {
    facts.iter().copied().max_by_key(|fact| {
        let charged_back = fact.meaning.status == Status::ChargedBack;
        let most_left = match fact.kind {
            Kind::Credit => fact.meaning.worth,
            Kind::Debit | Kind::Verification => u64::MAX - fact.meaning.worth,
        };
        (fact.meaning.rank, charged_back, most_left, fact.said.shown(), &fact.method)
    })
}

/// The largest amount that the facts say it is to reach, in each currency. A later operation states only
/// its own.
fn targets(facts: &[&ShareFact]) -> BTreeMap<Currency, u64> {
    let mut targets = BTreeMap::new();
    let whole = facts.iter().filter(|fact| !fact.is_later_operation());
    for (target, currency) in whole.filter_map(|fact| Some((fact.target?, fact.currency))) {
        let most = targets.entry(currency).or_default();
        *most = target.max(*most);
    }
    targets
}

/// What is reserved and not `gone`, captured or let go. Of a payment with operations that is what these
/// reserve at most; nothing once the payment was cancelled, in the rank `over`.
fn authorised(top: &ShareFact, own: &[&ShareFact], over: Option<Rank>, gone: u64) -> u64 {
    match (top.meaning.status, &top.operation) {
        (Status::Authorised, None) => top.meaning.worth,
        (Status::Authorised | Status::Captured, Some(_)) => {
            let reserved = own.iter().filter(|fact| fact.meaning.status == Status::Authorised);
            let most = reserved.map(|fact| fact.meaning.worth).max().unwrap_or(0);
            if over > highest_reserved(own) { 0 } else { most.saturating_sub(gone) }
        }
        _ => 0,
    }
}

/// The highest rank in which something is reserved.
fn highest_reserved(own: &[&ShareFact]) -> Option<Rank> {
    let reserved = own.iter().filter(|fact| fact.meaning.status == Status::Authorised);
    reserved.map(|fact| fact.meaning.rank).max()
}

/// The methods of these facts, each once, in the order of their operations.
fn methods<'a>(facts: impl Iterator<Item = &'a ShareFact>) -> String {
    let by_operation: BTreeSet<(&Option<String>, &str)> =
        facts.map(|fact| (&fact.operation, fact.method.as_str())).collect();
    let mut methods: Vec<&str> = Vec::new();
    for (_, method) in by_operation {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods.join("+")
}

/// With what they were paid together: a voucher where one was, else what those say that say it.
fn payer<'a>(facts: impl Iterator<Item = &'a ShareFact> + Clone) -> Payer {
    let payers = facts.map(|fact| fact.meaning.payer);
    let has_voucher = payers.clone().any(|payer| payer == Payer::Voucher);
    if has_voucher { Payer::Voucher } else { Payer::of(payers) }
}

/// Shares that no trustworthy message has mentioned: listed, and worth nothing.
pub(super) fn only_respellable(
    facts: &Facts,
    known: &[Share],
    currency: Option<Currency>,
) -> Vec<Share> {
    let mut listed = BTreeMap::new();
    for (fact, standing) in facts.shares() {
        if standing == Standing::Respellable
            && !known.iter().any(|s| s.kind == fact.kind && s.share == fact.share)
        {
            listed.insert(
                (fact.kind, fact.share.as_str()),
                Share {
                    share: fact.share.clone(),
                    method: fact.method.clone(),
                    kind: fact.kind,
                    amount: fact.meaning.worth,
                    currency: other_than(currency, fact.currency),
                    status: Status::Ambiguous,
                    psp_status: fact.said.shown().into_owned(),
                    sequence: fact.sequence,
                    details: None,
                    names: BTreeSet::from([fact.share.clone()]),
                },
            );
        }
    }
    listed.into_values().collect()
}
