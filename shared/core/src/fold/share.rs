//! All facts about one share, joined into what it is worth.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::acquired::Acquired;
use super::names::Names;
use super::{Credit, Share, is_voucher};
use crate::fact::{Facts, Kind, Rank, ShareFact, Standing, Status};
use crate::money::Currency;

/// All facts about one share, joined.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    pub(super) name: &'a str,
    /// Every name under which it is stated.
    names: BTreeSet<&'a str>,
    pub(super) kind: Kind,
    pub(super) currency: Currency,
    pub(super) amount: u64,
    /// Worldline: the amount that the payment is to reach, in each currency that was ever named.
    pub(super) aims: BTreeMap<Currency, u64>,
    pub(super) captured: u64,
    pub(super) authorised: u64,
    /// Captured, and less than it is to reach.
    pub(super) open: bool,
    pub(super) status: Status,
    pub(super) rank: Rank,
    method: String,
    psp_status: &'a str,
    sequence: Option<u32>,
    attempted: &'a str,
}

/// Joins share facts by share, ordered by kind, then by attempt.
pub(super) fn join<'a>(facts: impl Iterator<Item = &'a ShareFact>) -> Vec<Joined<'a>> {
    let facts: Vec<&ShareFact> = facts.collect();
    let names = Names::of(&facts);
    let mut groups: BTreeMap<(Kind, &str), Vec<&ShareFact>> = BTreeMap::new();
    for fact in facts {
        groups.entry((fact.kind, names.name(fact))).or_default().push(fact);
    }
    let mut shares: Vec<Joined<'_>> =
        groups.into_iter().filter_map(|((_, name), facts)| Joined::of(name, &facts)).collect();
    shares.sort_by(|a, b| {
        (a.kind, a.attempted, a.sequence, a.name).cmp(&(b.kind, b.attempted, b.sequence, b.name))
    });
    shares
}

impl<'a> Joined<'a> {
    /// Joins the facts of one share; `None` where there are none.
    fn of(name: &'a str, facts: &[&'a ShareFact]) -> Option<Self> {
        let top = top(facts)?;
        let aims = aims(facts);
        // What it is to reach in another currency than it was paid in cannot be reached by it.
        let aim = aims.get(&top.currency).copied();
        let own: Vec<&ShareFact> =
            facts.iter().copied().filter(|fact| fact.currency == top.currency).collect();
        let acquired = Acquired::of(&own, aim);
        let captured = match top.status {
            Status::Captured if aim.is_some() => acquired.amount,
            Status::Captured => top.amount,
            _ => 0,
        };
        Some(Self {
            name,
            names: facts.iter().map(|fact| fact.share.as_str()).collect(),
            kind: top.kind,
            currency: top.currency,
            amount: if captured > 0 { captured } else { top.amount },
            captured,
            authorised: authorised(top, &own, aim, captured),
            open: captured > 0 && acquired.open,
            aims,
            status: top.status,
            rank: top.rank,
            method: methods(facts.iter().copied().filter(|fact| fact.rank == top.rank)),
            psp_status: &top.psp_status,
            sequence: facts.iter().filter_map(|fact| fact.sequence).max(),
            attempted: facts.iter().map(|fact| fact.attempted.as_str()).max().unwrap_or(""),
        })
    }

    /// What the payment is to reach in the currency it was paid in.
    pub(super) fn aim(&self) -> Option<u64> {
        self.aims.get(&self.currency).copied()
    }

    pub(super) fn is_captured_voucher(&self) -> bool {
        self.status == Status::Captured && is_voucher(&self.method)
    }

    pub(super) fn to_credit(&self) -> Credit {
        Credit {
            share: self.name.to_owned(),
            amount: self.amount,
            names: self.names.iter().copied().map(str::to_owned).collect(),
        }
    }

    pub(super) fn to_share(&self) -> Share {
        Share {
            share: self.name.to_owned(),
            method: self.method.clone(),
            kind: self.kind,
            amount: self.amount,
            status: self.status,
            psp_status: self.psp_status.to_owned(),
            sequence: self.sequence,
        }
    }
}

/// The fact that holds: the one with the highest rank, among equals the smallest amount, because too
/// little holds an order and too much gives it away.
fn top<'a>(facts: &[&'a ShareFact]) -> Option<&'a ShareFact> {
    facts.iter().copied().max_by(|a, b| {
        (a.rank, Reverse(a.amount), &a.psp_status, &a.method).cmp(&(
            b.rank,
            Reverse(b.amount),
            &b.psp_status,
            &b.method,
        ))
    })
}

/// The largest amount that the facts say it is to reach, in each currency.
fn aims(facts: &[&ShareFact]) -> BTreeMap<Currency, u64> {
    let mut aims = BTreeMap::new();
    for (of, currency) in facts.iter().filter_map(|fact| Some((fact.of?, fact.currency))) {
        let most = aims.entry(currency).or_default();
        *most = of.max(*most);
    }
    aims
}

/// What is reserved and not captured. Of a payment with an aim, what its own facts reserve at most,
/// less what is captured of it.
fn authorised(top: &ShareFact, own: &[&ShareFact], aim: Option<u64>, captured: u64) -> u64 {
    let reserved = || {
        let reserved = own.iter().filter(|fact| fact.status == Status::Authorised);
        reserved.map(|fact| fact.amount).max().unwrap_or(0)
    };
    match (top.status, aim) {
        (Status::Authorised, None) => top.amount,
        (Status::Authorised, Some(_)) => reserved(),
        (Status::Captured, Some(_)) => reserved().saturating_sub(captured),
        _ => 0,
    }
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

/// Shares that no trustworthy message has mentioned: listed, and worth nothing.
pub(super) fn only_respellable(facts: &Facts, known: &[Share]) -> Vec<Share> {
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
                    amount: fact.amount,
                    status: Status::Ambiguous,
                    psp_status: fact.psp_status.clone(),
                    sequence: fact.sequence,
                },
            );
        }
    }
    listed.into_values().collect()
}
