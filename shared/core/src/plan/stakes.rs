//! The money of an order as far as it can be planned with: how much of which share, paid with what, on which
//! terms.

use std::collections::{BTreeMap, BTreeSet};

use super::reasons;
use crate::api::Verb;
use crate::fact::{Kind, ShareFact, Standing, Status};
use crate::fold::{Back, Doubt, Holding, Holdings, Way, holdings};
use crate::money::Currency;
use crate::order::Order;
use crate::remark::Remark;
use crate::rules::{Purse, Rules, Stage, Terms};
use crate::time::Timestamp;

/// How long before a window may close planning ends, in seconds: nobody says when it opened, and a call takes
/// its time.
pub const WINDOW_MARGIN_SECONDS: u64 = 15 * 60;

/// Something asked for that the facts do not show yet: it counts as done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pledge {
    /// What is done.
    pub verb: Verb,
    /// What the share is called in a call.
    pub target: String,
    /// With what it was paid.
    pub purse: Purse,
    /// How much, in minor units.
    pub amount: u64,
}

/// Money of one share that was paid with one kind of method.
#[derive(Clone, Debug)]
pub(super) struct Stake {
    /// What the share is called in a call, or its name.
    pub(super) target: String,
    pub(super) method: String,
    pub(super) currency: Currency,
    pub(super) terms: Terms,
    /// Surely taken, in minor units.
    pub(super) captured: u64,
    /// Taken, and neither given back nor asked for.
    pub(super) left: u64,
    /// All that was taken of the share, with whatever method.
    pub(super) of_share: u64,
    /// Reserved, and neither taken nor asked for: nothing where the stage lets nothing be done.
    pub(super) open: u64,
    /// What can be done with that.
    pub(super) stage: Stage,
    /// The status, in the provider's word.
    pub(super) said: String,
    pub(super) status: Status,
    /// When the time to give it back is over, less the margin.
    pub(super) deadline: Option<Timestamp>,
    /// Whether its terms have a window and nobody knows when that opened.
    pub(super) no_instant: bool,
    /// Why nothing is planned with it.
    pub(super) doubt: Option<Remark>,
    /// Whether something of the share is asked for that the facts do not show.
    pub(super) is_pledged: bool,
}

impl Stake {
    /// Whether notifications alone tell of it.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.doubt.as_ref().is_some_and(|doubt| doubt.code() == reasons::UNCONFIRMED)
    }

    /// Whether there is anything to be done with it, were it not in doubt.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(
            self.status,
            Status::Refused | Status::Cancelled | Status::Expired | Status::Accepted
        )
    }
}

/// Money that was taken, by the kind of method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The provider's brand, or the name of its product.
    pub method: String,
    /// With what kind of method it was paid.
    pub purse: Purse,
    /// How much, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
}

/// What was taken of an order, by share and kind of method, as far as that is certain.
pub fn taken(order: &Order, rules: &Rules) -> Vec<Taken> {
    let stakes = stakes(order, rules, &[]).into_iter().filter(|stake| stake.captured > 0);
    let taken = |Stake { method, terms, captured, currency, .. }| Taken {
        method,
        purse: terms.purse,
        amount: captured,
        currency,
    };
    stakes.map(taken).collect()
}

/// What is left of an order's money in a currency, in minor units, as the provider itself tells it; before it told of any that was
/// taken, as notifications do.
pub fn left(order: &Order, rules: &Rules, currency: Currency) -> u64 {
    let all = stakes(order, rules, &[]);
    let own = || all.iter().filter(|stake| stake.currency == currency);
    let is_told = own().any(|stake| !stake.is_unconfirmed() && stake.captured > 0);
    let counted = own().filter(|stake| !is_told || !stake.is_unconfirmed());
    counted.map(|stake| stake.left).fold(0, u64::saturating_add)
}

/// All of it, in the order of the shares' names, cards before vouchers.
pub(super) fn stakes(order: &Order, rules: &Rules, pledges: &[Pledge]) -> Vec<Stake> {
    let held = holdings(order.facts(), order.registered());
    let mut stakes: Vec<Vec<Stake>> = Vec::new();
    // What went back of an unknown share: certain only where there is but one.
    let orphans = held.orphans.iter().filter(|back| back.way != Way::Refused);
    let orphaned = orphans.clone().map(|back| back.amount).fold(0, u64::saturating_add);
    let is_told = |debit: &&Holding<'_>| debit.doubt != Some(Doubt::Unconfirmed);
    let only_one =
        held.debits.iter().filter(is_told).filter(|debit| debit.captured > 0).count() <= 1;
    let is_foreign = |debit: &Holding<'_>| orphans.clone().any(|b| b.currency != debit.currency);
    for debit in &held.debits {
        let lost_orphan = orphaned > 0 && (!only_one || is_foreign(debit));
        let mut of_debit = split(order, debit, rules);
        let gone = if lost_orphan { 0 } else { orphaned };
        give_back(&mut of_debit, debit, gone, rules);
        let named = names(debit, rules);
        for stake in &mut of_debit {
            let doubt = debit.doubt.map(|doubt| of_doubt(doubt, debit.name));
            let doubt = doubt.or_else(|| lost_orphan.then(|| Remark::plain(reasons::ORPHAN)));
            stake.doubt = doubt.or_else(|| stake.doubt.take());
            match &named {
                Ok(target) => stake.target.clone_from(target),
                Err(why) => stake.doubt = Some(stake.doubt.take().unwrap_or_else(|| why.clone())),
            }
        }
        pledge(&mut of_debit, pledges);
        stakes.push(of_debit);
    }
    if rules.states_totals {
        untangle(&mut stakes, &expected(&held));
    }
    let mut stakes: Vec<Stake> = stakes.into_iter().flatten().collect();
    stakes.extend(held.doubtful.iter().map(|fact| doubtful(fact, rules)));
    stakes
}

/// What the order costs, in minor units. With a surcharge a payment may be to reach more than was registered.
fn expected(held: &Holdings<'_>) -> BTreeMap<Currency, u64> {
    let told = held.debits.iter().filter(|debit| debit.doubt != Some(Doubt::Unconfirmed));
    let targets = told.filter_map(|debit| Some((debit.currency, debit.target?)));
    let mut expected: BTreeMap<Currency, u64> = BTreeMap::new();
    for (currency, amount) in held.expected.iter().copied().chain(targets) {
        let most = expected.entry(currency).or_default();
        *most = amount.max(*most);
    }
    expected
}

/// What an order costs, in minor units; `None` where nobody knows.
pub(super) fn costs(order: &Order, currency: Currency) -> Option<u64> {
    expected(&holdings(order.facts(), order.registered())).get(&currency).copied()
}

/// What an order lacks, in minor units, beside what is taken and not given back, is being taken, or is asked for; `None` where
/// nobody knows what it costs.
pub(super) fn due(
    order: &Order,
    rules: &Rules,
    pledges: &[Pledge],
    currency: Currency,
) -> Option<u64> {
    let held = holdings(order.facts(), order.registered());
    let costs = expected(&held).get(&currency).copied()?;
    let all = stakes(order, rules, pledges);
    let own = || all.iter().filter(|stake| stake.currency == currency);
    // What is reserved and does not wait for the merchant is taken by itself, or by a capture that is under way.
    let waits = |stake: &&Stake| matches!(stake.stage, Stage::Held | Stage::HeldAgain);
    let moves = |debit: &Holding<'_>| {
        let target = names(debit, rules).ok();
        let waiting = own().filter(waits).filter(|stake| Some(&stake.target) == target.as_ref());
        let waiting = waiting.map(|stake| stake.open).fold(0, u64::saturating_add);
        debit.reserved.saturating_sub(waiting)
    };
    let moving = held.debits.iter().filter(|debit| debit.currency == currency).map(moves);
    let taken = own().map(|stake| stake.left).chain(moving).fold(0, u64::saturating_add);
    Some(costs.saturating_sub(taken))
}

/// The currencies in which money of an order may be taken without anything that the buyer does: it is reserved, or being
/// checked or taken.
pub fn under_way(order: &Order, rules: &Rules) -> BTreeSet<Currency> {
    let all = stakes(order, rules, &[]);
    let moves = |stake: &&Stake| stake.is_alive() && stake.stage != Stage::Closed;
    all.iter().filter(moves).map(|stake| stake.currency).collect()
}

/// What the share is called in a call.
fn names(debit: &Holding<'_>, rules: &Rules) -> Result<String, Remark> {
    let mut targets = debit.ids.iter().filter_map(|id| rules.target.of(id));
    match (targets.next(), targets.next()) {
        (Some(target), None) => Ok(target),
        (None, _) => Err(Remark::new(reasons::NO_ID, [debit.name])),
        (Some(_), Some(_)) => Err(Remark::new(reasons::TWO_IDS, [debit.name])),
    }
}

fn of_doubt(doubt: Doubt, name: &str) -> Remark {
    let code = match doubt {
        Doubt::Contradiction => reasons::CONTRADICTION,
        Doubt::Status => reasons::UNKNOWN_STATUS,
        Doubt::Amounts => reasons::TWO_AMOUNTS,
        Doubt::Currency => reasons::FOREIGN,
        Doubt::Unconfirmed => reasons::UNCONFIRMED,
    };
    Remark::new(code, [name])
}

/// A share of which no trustworthy message is known.
fn doubtful(fact: &ShareFact, rules: &Rules) -> Stake {
    Stake {
        target: fact.share.clone(),
        method: fact.method.clone(),
        currency: fact.currency,
        terms: rules.terms(fact),
        captured: 0,
        left: 0,
        of_share: 0,
        open: 0,
        stage: Stage::Closed,
        said: fact.said.shown().into_owned(),
        status: Status::Pending,
        deadline: None,
        no_instant: false,
        doubt: Some(Remark::new(reasons::DOUBTFUL, [fact.share.as_str()])),
        is_pledged: false,
    }
}

/// A debit by the kinds of method that it was paid with: cards, then vouchers.
fn split(order: &Order, debit: &Holding<'_>, rules: &Rules) -> Vec<Stake> {
    let top: Vec<&ShareFact> =
        debit.facts.iter().filter(|fact| fact.meaning.rank == debit.rank).copied().collect();
    let speaking: Vec<&ShareFact> = match debit.captured {
        0 => top.clone(),
        _ => debit.facts.iter().filter(|f| f.meaning.status == Status::Captured).copied().collect(),
    };
    let (open, stage) = open(debit, &top, rules);
    let kind = Kinds::of(&speaking, rules);
    let operations = operations(&speaking, debit.target.unwrap_or(debit.captured), kind);
    let parts = match shares_of(&operations, debit) {
        Some(parts) => parts,
        None => {
            let mut all = BTreeMap::new();
            all.insert(Purse::Card, None);
            all.insert(Purse::Voucher, None);
            all
        }
    };
    let first = parts.keys().next().copied();
    let stake = |(purse, amount): (&Purse, &Option<u64>)| {
        let its: Vec<&ShareFact> =
            speaking.iter().filter(|fact| kind.purse(fact) == *purse).copied().collect();
        // The strictest terms of all methods that it may have been paid with.
        let named: Vec<_> = its.iter().filter(|fact| !rules.is_family(fact)).collect();
        let telling = if named.is_empty() { its.iter().collect() } else { named };
        let terms = telling.iter().map(|fact| rules.terms(fact));
        let terms = terms.min_by_key(|terms| {
            (std::cmp::Reverse(terms.refund as u8), terms.window_seconds.unwrap_or(u64::MAX))
        });
        let mut terms = terms.unwrap_or(match purse {
            Purse::Card => rules.others,
            Purse::Voucher => rules.vouchers,
        });
        terms.purse = *purse;
        let instant = earliest(order, debit);
        let closes = terms.window_seconds.map(|seconds| {
            let seconds = i64::try_from(seconds.saturating_sub(WINDOW_MARGIN_SECONDS)).ok()?;
            Timestamp::from_unix(instant?.unix().checked_add(seconds)?)
        });
        let captured = amount.unwrap_or(0);
        let is_first = first == Some(*purse);
        Stake {
            target: debit.name.to_owned(),
            method: method(&its, rules),
            currency: debit.currency,
            terms,
            captured,
            left: captured,
            of_share: debit.captured,
            open: if is_first { open } else { 0 },
            stage: if is_first { stage } else { Stage::Closed },
            said: top.iter().map(|fact| fact.said.shown()).min().unwrap_or_default().into_owned(),
            status: debit.status,
            deadline: closes.flatten(),
            no_instant: closes.is_some_and(|closes| closes.is_none()),
            doubt: amount.is_none().then(|| Remark::new(reasons::UNDECIDED, [debit.name])),
            is_pledged: false,
        }
    };
    parts.iter().map(stake).collect()
}

/// The methods, those with a product's name before families.
fn method(facts: &[&ShareFact], rules: &Rules) -> String {
    let named: BTreeSet<&str> =
        facts.iter().filter(|f| !rules.is_family(f)).map(|f| f.method.as_str()).collect();
    let families: BTreeSet<&str> = facts.iter().map(|fact| fact.method.as_str()).collect();
    let all = if named.is_empty() { families } else { named };
    all.into_iter().collect::<Vec<_>>().join("+")
}

/// With what kind of method each fact of one debit says that it was paid.
#[derive(Clone, Copy)]
struct Kinds<'a> {
    rules: &'a Rules,
    /// Whether products are named, and none of them is a voucher: then no family stands for one.
    by_card_alone: bool,
}

impl<'a> Kinds<'a> {
    fn of(facts: &[&ShareFact], rules: &'a Rules) -> Self {
        let mut named = facts.iter().filter(|fact| !rules.is_family(fact)).peekable();
        let by_card_alone =
            named.peek().is_some() && named.all(|fact| rules.terms(fact).purse == Purse::Card);
        Self { rules, by_card_alone }
    }

    fn purse(&self, fact: &ShareFact) -> Purse {
        if self.by_card_alone { Purse::Card } else { self.rules.terms(fact).purse }
    }
}

/// What one operation of a payment took.
#[derive(Clone, Copy, Debug)]
struct Part {
    purse: Purse,
    amount: u64,
}

/// What each operation took, in minor units, of a payment that is to reach `whole`. Operations that a number
/// tells count; the bare name may stand for any of them.
fn operations(facts: &[&ShareFact], whole: u64, kinds: Kinds<'_>) -> Vec<Part> {
    let mut operations: BTreeMap<Option<&str>, Vec<&ShareFact>> = BTreeMap::new();
    for fact in facts {
        operations.entry(fact.number.as_deref()).or_default().push(fact);
    }
    let numbered = operations.keys().any(Option::is_some);
    let counted = operations.iter().filter(|(number, _)| number.is_some() || !numbered);
    let taken = |facts: &Vec<&ShareFact>| {
        let named: Vec<&&ShareFact> = facts.iter().filter(|f| !kinds.rules.is_family(f)).collect();
        let telling = if named.is_empty() { facts.iter().collect() } else { named };
        let purse = telling.iter().map(|fact| kinds.purse(fact)).max().unwrap_or(Purse::Card);
        let own = |fact: &&ShareFact| match fact.target {
            Some(target) if target < whole => fact.meaning.worth.min(target),
            _ => fact.meaning.worth,
        };
        Part { purse, amount: facts.iter().map(own).max().unwrap_or(0) }
    };
    counted.map(|(_, facts)| taken(facts)).collect()
}

/// How much of a payment each kind of method took. An amount is `None` where the statements of its operations can
/// be read in two ways: what one of them states may be what all took together.
fn shares_of(operations: &[Part], debit: &Holding<'_>) -> Option<BTreeMap<Purse, Option<u64>>> {
    let whole = debit.target.unwrap_or(debit.captured);
    let sum = |purse| {
        let own = operations.iter().filter(move |taken| taken.purse == purse);
        (own.clone().count(), own.map(|taken| taken.amount).fold(0, u64::saturating_add))
    };
    let ((cards, card), (vouchers, voucher)) = (sum(Purse::Card), sum(Purse::Voucher));
    let all = debit.captured;
    let (card, voucher) = match (cards, vouchers) {
        (_, 0) => return Some(BTreeMap::from([(Purse::Card, Some(all))])),
        (0, _) => return Some(BTreeMap::from([(Purse::Voucher, Some(all))])),
        _ if all == 0 => (0, 0),
        _ if card.saturating_add(voucher) == all => (card, voucher),
        // The voucher's operation shows the whole order.
        _ if voucher >= all && card < all => (card, all - card),
        // The card's operation states what both took.
        _ if card == all && voucher < all && card.saturating_add(voucher) > whole => {
            (all - voucher, voucher)
        }
        _ => return None,
    };
    Some(BTreeMap::from([(Purse::Card, Some(card)), (Purse::Voucher, Some(voucher))]))
}

/// What is reserved of a debit and can still be taken or given up, and which of the two.
fn open(debit: &Holding<'_>, top: &[&ShareFact], rules: &Rules) -> (u64, Stage) {
    let has_operations = debit.facts.iter().any(|fact| fact.operation.is_some());
    let is_over = matches!(
        debit.status,
        Status::Refused
            | Status::Cancelled
            | Status::Expired
            | Status::Refunded
            | Status::ChargedBack
            | Status::Accepted
    );
    if is_over {
        return (0, Stage::Closed);
    }
    if !has_operations {
        let stage = stage(top, rules);
        let open = stage > Stage::Moving;
        let worth = top.iter().map(|fact| fact.meaning.worth).min().unwrap_or(0);
        return (if open { worth } else { 0 }, stage);
    }
    // The first operation tells of the payment, the later ones of what is under way.
    let mut later: BTreeMap<&str, Vec<&ShareFact>> = BTreeMap::new();
    let mut first = Vec::new();
    for fact in &debit.facts {
        match fact.number.as_deref().filter(|_| fact.is_later_operation()) {
            Some(number) => later.entry(number).or_default().push(fact),
            None => first.push(*fact),
        }
    }
    let of_first = latest(&first);
    let is_taken = of_first.iter().any(|fact| fact.meaning.status == Status::Captured);
    // Where the payment is known by later operations alone, nobody knows what is reserved.
    let payment = match (of_first.is_empty(), is_taken) {
        (true, _) => Stage::Closed,
        (false, true) => Stage::Held,
        (false, false) => stage(&of_first, rules),
    };
    let moving = later.values().map(|facts| latest(facts.as_slice()));
    let moving = moving.filter(|facts| stage(facts, rules) == Stage::Moving);
    let moving = moving.map(|facts| facts.iter().map(|f| f.meaning.worth).max().unwrap_or(0));
    let moving = moving.fold(0, u64::saturating_add);
    match payment {
        Stage::Held | Stage::HeldAgain | Stage::Due => {
            let open = debit.reserved.saturating_sub(moving);
            let nothing = if moving > 0 { Stage::Moving } else { Stage::Closed };
            (open, if open > 0 { payment } else { nothing })
        }
        Stage::Moving | Stage::Closed => (0, payment),
    }
}

/// The facts of the highest rank.
fn latest<'a>(facts: &[&'a ShareFact]) -> Vec<&'a ShareFact> {
    let most = facts.iter().map(|fact| fact.meaning.rank).max();
    facts.iter().filter(|fact| Some(fact.meaning.rank) == most).copied().collect()
}

/// What can be done in the status that these facts of one rank state: as little as one of them says, unless one
/// says that what was under way failed.
fn stage(facts: &[&ShareFact], rules: &Rules) -> Stage {
    let stages: BTreeSet<Stage> = facts.iter().map(|fact| rules.stage(fact)).collect();
    if stages.contains(&Stage::HeldAgain) {
        return Stage::HeldAgain;
    }
    stages.first().copied().unwrap_or(Stage::Closed)
}

/// Takes what went back, or is asked for, off the stakes of a debit. A credit goes to the kind of method that it
/// names, and where it names none to the card first, as a provider that splits a refund itself does.
fn give_back(stakes: &mut [Stake], debit: &Holding<'_>, orphaned: u64, rules: &Rules) {
    let mut rest = debit.gone().saturating_add(orphaned);
    let parts = debit.backs.iter().filter(|back| back.is_part && back.way != Way::Refused);
    for (purse, amount) in parts.filter_map(|back| Some((purse_of(back, rules)?, back.amount))) {
        let own = stakes.iter_mut().filter(|stake| stake.terms.purse == purse);
        for stake in own {
            let part = stake.left.min(amount).min(rest);
            stake.left -= part;
            rest -= part;
        }
    }
    for stake in stakes {
        let part = stake.left.min(rest);
        stake.left -= part;
        rest -= part;
    }
}

/// What kind of method a credit names, if it names one.
fn purse_of(back: &Back<'_>, rules: &Rules) -> Option<Purse> {
    let known = back.facts.iter().filter(|fact| fact.method != "unknown");
    let named: Vec<_> = known.clone().filter(|fact| !rules.is_family(fact)).collect();
    let telling = if named.is_empty() { known.collect() } else { named };
    telling.iter().map(|fact| rules.terms(fact).purse).max()
}

/// Takes off what is asked for and not shown by the facts: of its kind of method, and of the other what that does
/// not have, so that no more than all of the share is ever given away.
fn pledge(stakes: &mut [Stake], pledges: &[Pledge]) {
    for pledge in pledges {
        let mut rest = pledge.amount;
        let is_it = |stake: &&mut Stake| stake.target == pledge.target;
        let (own, others): (Vec<_>, Vec<_>) =
            stakes.iter_mut().filter(is_it).partition(|stake| stake.terms.purse == pledge.purse);
        for stake in own.into_iter().chain(others) {
            stake.is_pledged = true;
            let source = match pledge.verb {
                Verb::Refund => &mut stake.left,
                Verb::Cancel | Verb::Capture => &mut stake.open,
            };
            let part = rest.min(*source);
            *source -= part;
            rest -= part;
        }
    }
}

/// Where payments of one order, a voucher's among them, state more than the order costs, the largest statement may
/// be what all of them took together. Then it surely took what the others leave of it.
fn untangle(stakes: &mut [Vec<Stake>], expected: &BTreeMap<Currency, u64>) {
    for (currency, expected) in expected {
        let taken = |of_debit: &Vec<Stake>| -> u64 { of_debit.iter().map(|s| s.captured).sum() };
        let left = |of_debit: &Vec<Stake>| -> u64 { of_debit.iter().map(|s| s.left).sum() };
        let is_in = |of_debit: &&mut Vec<Stake>| {
            let is_own = |stake: &Stake| stake.currency == *currency && !stake.is_unconfirmed();
            // What nobody but a notification tells of takes nothing from what the provider told.
            taken(of_debit) > 0 && of_debit.iter().all(is_own)
        };
        let mut payments: Vec<&mut Vec<Stake>> = stakes.iter_mut().filter(is_in).collect();
        payments.sort_by_key(|payment| (std::cmp::Reverse(taken(payment)), left(payment)));
        // What is given back wholly was surely taken, and no statement that is not larger has it within. A larger one
        // may have: that it went back makes the rest no larger.
        let apart = payments.iter().take_while(|payment| left(payment) == 0).count();
        let mut payments = payments.split_off(apart);
        let sum = payments.iter().map(|payment| taken(payment)).fold(0, u64::saturating_add);
        let has_voucher =
            payments.iter().flat_map(|p| p.iter()).any(|s| s.terms.purse == Purse::Voucher);
        if payments.len() < 2 || sum <= *expected || !has_voucher {
            continue;
        }
        let largest = payments.first().map_or(0, |payment| taken(payment));
        let others = sum - largest;
        match payments.first_mut().map(|payment| payment.as_mut_slice()) {
            Some([stake]) if largest > others => {
                let given_back = stake.captured - stake.left;
                stake.captured = (largest - others).max(given_back);
                stake.left = stake.captured - given_back;
                stake.of_share = stake.captured;
            }
            _ => {
                for stake in payments.iter_mut().flat_map(|payment| payment.iter_mut()) {
                    let why = || Remark::new(reasons::UNDECIDED, [stake.target.as_str()]);
                    stake.doubt = Some(stake.doubt.clone().unwrap_or_else(why));
                }
            }
        }
    }
}

/// The earliest instant at which anything is known of a debit: when the first trustworthy message about it
/// arrived, or when a fact says that the attempt began.
fn earliest(order: &Order, debit: &Holding<'_>) -> Option<Timestamp> {
    let is_its = |fact: &ShareFact| {
        let called = debit.facts.iter().filter_map(|known| known.other_name.as_deref());
        fact.kind == Kind::Debit
            && (debit.ids.contains(fact.share.as_str())
                || called.into_iter().any(|name| name == fact.share))
    };
    let told = order.notifications().iter().filter(|told| {
        told.standing != Standing::Respellable
            && told.facts.iter().filter_map(|fact| fact.as_share()).any(is_its)
    });
    let arrived = told.map(|told| told.received_at);
    let began = debit.facts.iter().filter_map(|fact| Timestamp::parse(&fact.attempted));
    arrived.chain(began).min()
}
