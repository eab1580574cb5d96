//! What sound facts say of the money of an order, share by share: what was taken, what is reserved, and what
//! went back or is on its way. Nothing is planned with money that is in doubt.

use std::collections::BTreeSet;

use super::policy::Policy;
use super::tally::Tally;
use crate::fact::{Fact, Facts, Kind, Rank, ShareFact, Standing, Status};
use crate::money::Currency;
use crate::registered::Registered;

/// The money of an order.
#[derive(Debug, Default)]
pub struct Holdings<'a> {
    /// The debits, in the order of their names.
    pub debits: Vec<Holding<'a>>,
    /// Credits whose debit is not known.
    pub orphans: Vec<Back<'a>>,
    /// Debits that only doubtful messages have mentioned.
    pub doubtful: Vec<&'a ShareFact>,
    /// What the order costs in each currency that it is expected in: as registered, or the largest stated.
    pub expected: Vec<(Currency, u64)>,
}

/// One debit.
#[derive(Debug)]
pub struct Holding<'a> {
    /// Its name.
    pub name: &'a str,
    /// Every id under which it is stated.
    pub ids: BTreeSet<&'a str>,
    /// Its currency.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
    /// The place of that.
    pub rank: Rank,
    /// Surely taken, in minor units.
    pub captured: u64,
    /// Reserved and neither taken nor given up, in minor units, where the status says so.
    pub reserved: u64,
    /// What the payment is to reach, in minor units.
    pub target: Option<u64>,
    /// The sound facts, in its currency.
    pub facts: Vec<&'a ShareFact>,
    /// What went back of it, or may.
    pub backs: Vec<Back<'a>>,
    /// Why nothing is sure about it.
    pub doubt: Option<Doubt>,
}

/// Money on its way back.
#[derive(Clone, Debug)]
pub struct Back<'a> {
    /// Its share's name.
    pub name: &'a str,
    /// Every id under which it is stated.
    pub ids: BTreeSet<&'a str>,
    /// How much, in minor units.
    pub amount: u64,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub way: Way,
    /// Whether it speaks of itself alone, and not of all that was given back of its payment.
    pub is_part: bool,
    /// The sound facts.
    pub facts: Vec<&'a ShareFact>,
}

/// How far money on its way back is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It stays with the merchant.
    Refused,
    /// It is asked for.
    Asked,
    /// It is back with the buyer.
    Back,
}

/// Why nothing is sure about a debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A genuine message about it contradicts itself.
    Contradiction,
    /// It, or money that goes back of it, has a status that no table knows.
    Status,
    /// Two amounts are stated for it.
    Amounts,
    /// Money goes back of it in another currency.
    Currency,
    /// Notifications alone tell of it: the provider itself did not name it when it was asked about the order. Whoever has
    /// a key for notifications could name a share of another order.
    Unconfirmed,
}

impl Holding<'_> {
    /// What went back of it or is asked for, in minor units. What speaks of all that went back is the same
    /// money as the parts; of what is only asked for the parts alone tell, once there are any.
    pub fn gone(&self) -> u64 {
        let on_its_way = || self.backs.iter().filter(|back| back.way != Way::Refused);
        let parts = on_its_way().filter(|back| back.is_part);
        let parts = parts.map(|back| back.amount).fold(0, u64::saturating_add);
        let has_parts = self.backs.iter().any(|back| back.is_part);
        let wholes = on_its_way().filter(|back| !back.is_part);
        let wholes = wholes.filter(|back| !has_parts || back.way != Way::Asked);
        wholes.map(|back| back.amount).max().unwrap_or(0).max(parts)
    }
}

/// The money of an order whose facts these are.
pub fn holdings(facts: &Facts, registered: Option<Registered>) -> Holdings<'_> {
    let confirmed: Vec<&ShareFact> = shares_where(facts, |s| s == Standing::Confirmed).collect();
    let admits = |fact: &Fact, standing: Standing| {
        let speaks =
            |fact: &ShareFact| standing == Standing::Confirmed || !is_named(&confirmed, fact);
        standing.is_sound() && fact.as_share().is_none_or(speaks)
    };
    let tally = Tally::of_those(facts, registered, &admits, Policy::default());
    let admitted = facts.iter().filter(|(fact, standing)| admits(fact, *standing));
    let sound: Vec<&ShareFact> = admitted.filter_map(|(fact, _)| Fact::as_share(fact)).collect();
    let mut holdings = Holdings { expected: tally.expected_amounts(), ..Holdings::default() };
    for share in tally.shares.iter().filter(|share| share.kind == Kind::Debit) {
        let is_its = |fact: &&&ShareFact| {
            fact.kind == Kind::Debit && share.names.contains(fact.share.as_str())
        };
        let all: Vec<&ShareFact> = sound.iter().filter(is_its).copied().collect();
        let top = || all.iter().filter(|fact| fact.meaning.rank == share.rank);
        let worths: BTreeSet<u64> = top()
            .filter(|fact| fact.operation.is_none() && fact.currency == share.currency)
            .map(|fact| fact.meaning.worth)
            .collect();
        let is_unknown = |fact: &&ShareFact| fact.meaning.status == Status::Unknown;
        let doubt = if share.rank != Rank::FINAL && all.iter().any(is_unknown) {
            Some(Doubt::Status)
        } else if worths.len() > 1 {
            Some(Doubt::Amounts)
        } else if all.iter().any(|fact| fact.currency != share.currency) {
            Some(Doubt::Currency)
        } else if !confirmed.iter().any(|fact| is_its(&fact)) {
            Some(Doubt::Unconfirmed)
        } else {
            None
        };
        holdings.debits.push(Holding {
            name: share.name,
            ids: share.names.clone(),
            currency: share.currency,
            status: share.status,
            rank: share.rank,
            captured: share.captured,
            reserved: share.authorised,
            target: share.target(),
            facts: all.into_iter().filter(|fact| fact.currency == share.currency).collect(),
            backs: Vec::new(),
            doubt,
        });
    }
    for share in tally.shares.iter().filter(|share| share.kind == Kind::Credit) {
        let is_its = |fact: &&&ShareFact| {
            fact.kind == Kind::Credit && share.names.contains(fact.share.as_str())
        };
        let back = Back {
            name: share.name,
            ids: share.names.clone(),
            amount: share.amount,
            currency: share.currency,
            way: match way(share.status) {
                // That nothing goes back is for the provider itself to say: whoever has a key for notifications could
                // have the same money given back twice.
                Way::Refused
                    if !confirmed
                        .iter()
                        .any(|fact| is_its(&fact) && way(fact.meaning.status) == Way::Refused) =>
                {
                    Way::Asked
                }
                way => way,
            },
            is_part: share.is_part,
            facts: sound.iter().filter(is_its).copied().collect(),
        };
        let is_confirmed = confirmed.iter().any(|fact| is_its(&fact));
        let unknown = share.status == Status::Unknown;
        match holdings.debits.iter_mut().find(|debit| is_parent(debit, &back, share.parent)) {
            Some(debit) => {
                let foreign = back.currency != debit.currency && back.way != Way::Refused;
                let doubt = unknown.then_some(Doubt::Status);
                debit.suspect(doubt.or_else(|| foreign.then_some(Doubt::Currency)));
                debit.backs.push(back);
            }
            // What the provider did not tell beside its own debits is none of theirs.
            None if !is_confirmed && confirmed.iter().any(|fact| fact.kind == Kind::Debit) => {}
            None => holdings.orphans.push(back),
        }
    }
    for fact in shares_where(facts, |standing| standing == Standing::Contradictory) {
        doubt(&mut holdings, fact, &sound);
    }
    holdings.debits.sort_by(|a, b| a.name.cmp(b.name));
    holdings
}

fn shares_where(
    facts: &Facts,
    wanted: impl Fn(Standing) -> bool,
) -> impl Iterator<Item = &ShareFact> {
    let wanted = facts.iter().filter(move |(_, standing)| wanted(*standing));
    wanted.filter_map(|(fact, _)| Fact::as_share(fact))
}

/// Whether the provider itself told of the debit that this fact is about, under any of its names. Then its own word
/// alone counts: a notification could name another share or amount beside it.
fn is_named(confirmed: &[&ShareFact], fact: &ShareFact) -> bool {
    let names = [Some(fact.share.as_str()), fact.other_name.as_deref()];
    let is_it = |known: &&ShareFact| {
        let own = [Some(known.share.as_str()), known.other_name.as_deref()];
        known.kind == Kind::Debit && names.iter().flatten().any(|name| own.contains(&Some(*name)))
    };
    fact.kind == Kind::Debit && confirmed.iter().any(is_it)
}

fn way(status: Status) -> Way {
    match status {
        Status::Refunded | Status::ChargedBack | Status::Captured => Way::Back,
        Status::Refused | Status::Cancelled | Status::Expired => Way::Refused,
        _ => Way::Asked,
    }
}

/// Whether a credit gives this debit back: it may be named by its id, or by its other name.
fn is_parent(debit: &Holding<'_>, back: &Back<'_>, parent: Option<&str>) -> bool {
    let parents = back.facts.iter().filter_map(|fact| fact.parent.as_deref()).chain(parent);
    let mut parents = parents.filter(|parent| !parent.is_empty());
    parents.any(|parent| debit.is_called(parent))
}

impl Holding<'_> {
    /// Notes a doubt, unless there is one that says as much.
    fn suspect(&mut self, doubt: Option<Doubt>) {
        let known = self.doubt.filter(|known| *known != Doubt::Unconfirmed);
        self.doubt = known.or(doubt).or(self.doubt);
    }

    /// Whether it goes by this name.
    fn is_called(&self, name: &str) -> bool {
        self.ids.contains(name)
            || self.facts.iter().any(|fact| fact.other_name.as_deref() == Some(name))
    }
}

/// Whether a debit is surely taken: what contradicts itself takes nothing of that away.
fn is_taken(fact: &ShareFact) -> bool {
    fact.kind == Kind::Debit && fact.meaning.rank == Rank::FINAL
}

/// Notes what a message in contradiction says, unless a sound one says the same or more of the same share.
fn doubt<'a>(holdings: &mut Holdings<'a>, fact: &'a ShareFact, sound: &[&ShareFact]) {
    let settles = |known: &&ShareFact| {
        (known.kind, known.share.as_str()) == (fact.kind, fact.share.as_str())
            && (known.operation == fact.operation || is_taken(known))
            && known.meaning.rank >= fact.meaning.rank
            && known.meaning.status != Status::Unknown
            && (fact.meaning.status != Status::Unknown || known.meaning.rank == Rank::FINAL)
    };
    if fact.kind == Kind::Verification || sound.iter().any(settles) {
        return;
    }
    let name = match fact.kind {
        Kind::Credit => fact.parent.as_deref(),
        _ => Some(fact.share.as_str()),
    };
    let is_named = |debit: &Holding<'_>| name.is_some_and(|name| debit.is_called(name));
    match (holdings.debits.iter_mut().find(|debit| is_named(debit)), fact.kind) {
        // That something went back of the whole payment is told apart by its parts, where there are any.
        (Some(debit), Kind::Credit) if is_of_whole(fact) && has_parts(debit) => {}
        (Some(debit), _) => {
            debit.suspect(Some(Doubt::Contradiction));
        }
        // Of whatever debit that may be.
        (None, Kind::Credit) => {
            for debit in &mut holdings.debits {
                debit.suspect(Some(Doubt::Contradiction));
            }
        }
        (None, _) => holdings.doubtful.push(fact),
    }
}

/// Whether a credit speaks of all that went back of its payment.
fn is_of_whole(fact: &ShareFact) -> bool {
    fact.operation.is_some() && !fact.is_later_operation()
}

fn has_parts(debit: &Holding<'_>) -> bool {
    debit.backs.iter().any(|back| back.is_part)
}
