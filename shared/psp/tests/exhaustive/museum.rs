//! Folds as they are found in shops, each with one failure that was published ([docs/museum.md]): the oracle that judges
//! ours has to find it out in some sequence of at most four statements, in which the same fold without the failure does
//! what is right.
//!
//! [docs/museum.md]: ../../../../docs/museum.md

use std::collections::BTreeMap;

use quittance_core::fact::{Fact, ShareFact};
use quittance_core::{Currency, Kind, Policy, Standing, Status};

use crate::alphabet::{Act, LETTERS, Letter, World, lyra, worldline};
use crate::oracle::judge;

/// How long the sequences are at most.
const LONGEST: usize = 4;

/// What is wrong with a shop's fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Of a share the last word holds, whenever it was said.
    LastWordWins,
    /// Any money that was taken pays for the order.
    PartIsWhole,
    /// Whatever fails closes the order.
    FailureCloses,
    /// Every message is added up, whatever it is about.
    EachMessageCounts,
    /// What went back is not looked at.
    RefundsIgnored,
    /// Refunds of the same amount are one.
    RefundsByAmount,
    /// A refund is money that was taken.
    RefundPays,
    /// All currencies are one.
    OneCurrency,
    /// What is reserved is taken.
    ReservedIsTaken,
    /// What was asked for came.
    AskedIsTaken,
    /// A message that can be read in two ways is believed.
    RespeltBelieved,
    /// A message that contradicts itself is believed.
    ContradictionBelieved,
    /// What the merchant registered is not looked at.
    RegistrationIgnored,
}

/// How a shop fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// Goods leave, and less came than they cost.
    Early,
    /// All is paid, and nothing leaves.
    Late,
}

/// A fold as a careful shop would write it, unless something is wrong with it.
#[derive(Default)]
struct Shop {
    fault: Option<Fault>,
    /// What came, by what it is known by.
    came: BTreeMap<String, u64>,
    back: BTreeMap<String, u64>,
    stated: u64,
    registered: Option<u64>,
    is_closed: bool,
    messages: usize,
}

impl Shop {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn take(&mut self, letter: &Letter) {
        self.messages += 1;
        let said = match &letter.act {
            Act::Register(amount) => {
                self.registered = Some(*amount);
                return;
            }
            Act::Tell(said) => said,
        };
        let is_believed = match letter.standing {
            Standing::Respellable => self.has(Fault::RespeltBelieved),
            Standing::Contradictory => self.has(Fault::ContradictionBelieved),
            Standing::Sound | Standing::Confirmed => true,
        };
        if !is_believed {
            return;
        }
        let euro = Currency::from_alpha("EUR");
        for fact in &said.facts {
            match fact {
                Fact::Share(share) if Some(share.currency) == euro => self.add(share),
                Fact::Share(share) if self.has(Fault::OneCurrency) => self.add(share),
                Fact::Share(_) => {}
                Fact::Total(total) => {
                    self.stated = self.stated.max(total.amount.unwrap_or_default());
                }
            }
        }
    }

    fn add(&mut self, share: &ShareFact) {
        let is_taken = match share.meaning.status {
            Status::Captured | Status::Refunded | Status::ChargedBack => true,
            Status::Authorised => share.kind == Kind::Debit && self.has(Fault::ReservedIsTaken),
            _ => false,
        };
        if share.kind == Kind::Credit && !self.has(Fault::RefundPays) {
            let by_amount = self.has(Fault::RefundsByAmount);
            let name = if by_amount { share.amount.to_string() } else { share.share.clone() };
            if is_taken {
                self.back.insert(name, share.amount);
            }
            return;
        }
        self.stated = self.stated.max(share.target.unwrap_or_default());
        self.is_closed |=
            matches!(share.meaning.status, Status::Refused | Status::Cancelled | Status::Expired);
        let asked = share.target.unwrap_or(share.amount);
        let amount = if self.has(Fault::AskedIsTaken) { asked } else { share.meaning.worth };
        let amount = if is_taken { amount } else { 0 };
        let each = self.has(Fault::EachMessageCounts).then_some(self.messages);
        let name = format!("{each:?} {}", share.share);
        let is_last = self.has(Fault::LastWordWins);
        let known = self.came.entry(name).or_default();
        *known = if is_last { amount } else { amount.max(*known) };
    }

    fn releases(&self) -> bool {
        let registered = self.registered.filter(|_| !self.has(Fault::RegistrationIgnored));
        let cost = registered.unwrap_or(self.stated);
        let came: u64 = self.came.values().sum();
        let back: u64 = self.back.values().sum();
        let back = if self.has(Fault::RefundsIgnored) { 0 } else { back };
        if self.is_closed && self.has(Fault::FailureCloses) {
            return false;
        }
        if self.has(Fault::PartIsWhole) {
            return came > 0;
        }
        cost > 0 && came.saturating_sub(back) >= cost
    }
}

/// How a shop with this fault, or none, fails over a sequence.
fn failure(world: &World, letters: &[&Letter], fault: Option<Fault>) -> Option<Failure> {
    let policy = Policy::default();
    let mut shop = Shop { fault, ..Shop::default() };
    for (at, letter) in letters.iter().enumerate() {
        shop.take(letter);
        if shop.releases() {
            let judged = judge(world, &letters[..=at], policy);
            return (!judged.is_paid).then_some(Failure::Early);
        }
    }
    let judged = judge(world, letters, policy);
    (judged.is_paid && !judged.may_wait).then_some(Failure::Late)
}

/// The first sequence, of the shortest, in which the fault does harm and nothing else does.
fn found(world: &World, fault: Fault, as_what: Failure) -> Option<Vec<&'static str>> {
    for length in 1..=LONGEST {
        let mut at = vec![0; length];
        loop {
            let letters: Vec<&Letter> = at.iter().map(|at| &world.letters[*at]).collect();
            let registered = letters.iter().filter(|letter| letter.registered().is_some()).count();
            if registered < 2
                && failure(world, &letters, Some(fault)) == Some(as_what)
                && failure(world, &letters, None).is_none()
            {
                return Some(letters.iter().map(|letter| letter.name).collect());
            }
            let Some(last) = at.iter().rposition(|at| *at + 1 < LETTERS) else { break };
            at[last] += 1;
            at[last + 1..].fill(0);
        }
    }
    None
}

/// The oracle finds the fault in these worlds.
fn is_found(fault: Fault, as_what: Failure, worlds: &[World]) {
    for world in worlds {
        let Some(sequence) = found(world, fault, as_what) else {
            panic!("{fault:?} does no harm at {} that the oracle sees", world.name);
        };
        eprintln!("{fault:?} at {}: {as_what:?} after {sequence:?}", world.name);
    }
}

macro_rules! exhibits {
    ($($name:ident: $fault:ident $failure:ident [$($world:ident)*];)*) => {
        $(#[test]
        fn $name() {
            is_found(Fault::$fault, Failure::$failure, &[$($world()),*]);
        })*
    };
}

exhibits! {
    the_last_word_that_wins_is_found: LastWordWins Late [lyra];
    a_part_that_is_the_whole_is_found: PartIsWhole Early [lyra worldline];
    a_failure_that_closes_is_found: FailureCloses Late [lyra];
    messages_that_are_added_up_are_found: EachMessageCounts Early [lyra worldline];
    refunds_that_are_ignored_are_found: RefundsIgnored Early [lyra worldline];
    refunds_matched_by_their_amount_are_found: RefundsByAmount Early [worldline];
    a_refund_that_pays_is_found: RefundPays Early [lyra];
    currencies_that_are_one_are_found: OneCurrency Early [lyra];
    money_that_is_only_reserved_is_found: ReservedIsTaken Early [lyra worldline];
    money_that_was_only_asked_for_is_found: AskedIsTaken Early [worldline];
    a_respelt_message_that_is_believed_is_found: RespeltBelieved Early [lyra];
    a_contradiction_that_is_believed_is_found: ContradictionBelieved Early [lyra];
    a_registration_that_is_ignored_is_found: RegistrationIgnored Late [lyra];
}
