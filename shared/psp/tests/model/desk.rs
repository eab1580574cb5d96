//! A refund in small: its desk as a stored item, two processes that work on it, and a provider that refuses, loses calls and
//! loses answers. What comes next is said by the code that runs in production ([`Desk::request`], [`Round`]).

use std::collections::{BTreeMap, HashMap};

use quittance_core::api::{Action, Effect, Trouble, TroubleKind};
use quittance_core::desk::{Answer, Content, Desk, LineState, New, RequestKind, Round, Step};
use quittance_core::rules::{Memory, Rules};
use quittance_core::{Order, Provider, ShareFact, Timestamp};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;

use crate::explore::{Move, What, World};
use crate::intern::Interned;
use crate::purchase::{after, costs, credit, eur, operation, order, refund, transaction, uuid};

const WORKERS: usize = 2;

/// The seconds at which it is looked: at once, when a provider must have shown what it did, when it may have forgotten
/// a key, and when nobody waits any more.
const TIMES: [i64; 4] = [60, 1_000, 90_000, 300_000];

/// When the provider has forgotten every key.
const FORGOTTEN: usize = 2;

/// The id, the method and the cents of a share.
type Share = (&'static str, &'static str, u64);

/// A voucher of 6 cents and a card of 8, and two cards of 8: 10 cents take both, and less takes one.
const WORLDLINE: [Share; 2] = [("1_0", "CVCO", 6), ("2_0", "VISA", 8)];
const LYRA: [Share; 2] = [("a", "CB", 8), ("b", "CB", 8)];

/// What the merchant calls it.
const REQUEST: &str = "R";

/// What is changed, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Whoever writes, writes.
    NoConditions,
    /// An answer that does not come is taken for a call that was not made.
    TakesSilenceForNothing,
    /// The provider is thought to know calls by their keys, for ever.
    TrustsKeys,
    /// What is intended is not stored before the call.
    CallsFirst,
}

/// The provider: what it gave back, how often for each line, and the keys that it knows.
#[derive(Clone, Debug, Default)]
struct Bank {
    credits: Vec<Credit>,
    times: BTreeMap<String, u32>,
    keys: BTreeMap<String, Effect>,
}

#[derive(Clone, Debug)]
struct Credit {
    share: usize,
    amount: u64,
    is_shown: bool,
    /// Asked for, done, refused.
    state: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Worker {
    node: u32,
    /// Whether the desk was written since it was read.
    is_stale: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    desk: u32,
    bank: u32,
    workers: [Worker; WORKERS],
    time: u8,
    /// Whether somebody looked since anything happened at the provider.
    is_looked_at: bool,
}

/// Where a process is.
#[derive(Clone, Debug)]
enum At {
    Idle,
    /// It has read a desk that does not know the request.
    Asks(Desk),
    Works(Round<'static>, Box<Order>),
}

#[derive(Clone, Debug)]
struct Node {
    at: At,
    next: Step,
}

pub(crate) struct Refunds {
    is_lyra: bool,
    /// How much is given back.
    amount: u64,
    rules: &'static Rules,
    fault: Fault,
    desks: Interned<Desk>,
    banks: Interned<Bank>,
    nodes: Interned<Node>,
    orders: HashMap<u32, Order>,
}

impl Refunds {
    pub(crate) fn new(is_lyra: bool, amount: u64, fault: Fault) -> Self {
        let own = if is_lyra { Provider::rules(&Lyra) } else { Provider::rules(&Worldline) };
        let rules: &'static Rules = match fault {
            Fault::TrustsKeys => {
                let memory = Memory::Keys { seconds: u64::MAX };
                Box::leak(Box::new(Rules { memory, ..own.clone() }))
            }
            _ => own,
        };
        let idle = Node { at: At::Idle, next: Step::End };
        Self {
            is_lyra,
            amount,
            rules,
            fault,
            desks: Interned::new(Desk::default()),
            banks: Interned::new(Bank::default()),
            nodes: Interned::new(idle),
            orders: HashMap::new(),
        }
    }

    fn shares(&self) -> &'static [Share; 2] {
        if self.is_lyra { &LYRA } else { &WORLDLINE }
    }

    fn wanted(&self) -> New<'static> {
        let content = Content::Refund { amount: self.amount, currency: eur() };
        New { request: REQUEST, content }
    }

    fn provider(&self) -> &'static dyn Provider {
        if self.is_lyra { &Lyra } else { &Worldline }
    }

    /// The order as the provider tells it.
    fn told(&mut self, bank: u32) -> Order {
        let (is_lyra, shares, provider) = (self.is_lyra, self.shares(), self.provider());
        let known = &self.banks.value(bank).credits;
        let all = shares.iter().map(|(.., amount)| amount).sum();
        let order = self.orders.entry(bank).or_insert_with(|| {
            let debit = |(id, method, amount): &Share| match (is_lyra, *method) {
                (true, _) => transaction(id, method, *amount, "CAPTURED"),
                (false, "CVCO") => operation(id, method, 9, all, *amount),
                (false, _) => operation(id, method, 9, *amount, *amount),
            };
            let back = |(at, back): (usize, &Credit)| -> ShareFact {
                let (id, method, _) = shares[back.share];
                let words = ["AUTHORISED", "CAPTURED", "REFUSED"];
                match is_lyra {
                    true => credit(&name(true, at, back), id, back.amount, words[back.state]),
                    false => {
                        let code = [81, 8, 83][back.state];
                        refund(&name(false, at, back), method, code, back.amount)
                    }
                }
            };
            let shown = known.iter().enumerate().filter(|(_, credit)| credit.is_shown);
            let facts: Vec<ShareFact> = shares.iter().map(debit).chain(shown.map(back)).collect();
            let mut order = order(provider, &facts);
            costs(&mut order, provider, all);
            order
        });
        order.clone()
    }

    fn node(&mut self, mut at: At, now: Timestamp) -> u32 {
        let next = match &mut at {
            At::Idle => return 0,
            At::Asks(_) => Step::Ask,
            At::Works(round, order) => round.next(order, now),
        };
        if next == Step::End { 0 } else { self.nodes.number(Node { at, next }) }
    }

    /// Whoever asks for the refund, or asks again, or looks at what is open.
    fn begin(&mut self, state: &State) -> u32 {
        let desk = self.desks.value(state.desk).clone();
        let now = after(TIMES[usize::from(state.time)]);
        match desk.find(RequestKind::Refund, REQUEST) {
            None => self.node(At::Asks(desk), now),
            Some(_) => {
                let order = Box::new(self.told(0));
                self.node(At::Works(Round::new(desk, self.rules, false), order), now)
            }
        }
    }

    /// What the provider does with a call.
    fn act(&self, bank: &mut Bank, action: &Action, is_refused: bool) -> Effect {
        if let Some(known) = bank.keys.get(&action.intent).filter(|_| !self.is_lyra) {
            return known.clone();
        }
        let is_it = |(id, ..): &Share| match self.is_lyra {
            true => uuid(id) == action.target,
            false => *id == action.target,
        };
        let share = self.shares().iter().position(is_it).expect("a share");
        let gone = bank.credits.iter().filter(|back| back.share == share && back.state < 2);
        let left = self.shares()[share].2 - gone.map(|back| back.amount).sum::<u64>();
        let effect = if is_refused || left < action.amount {
            Effect::Refused { why: "not allowed".to_owned() }
        } else {
            let credit = Credit { share, amount: action.amount, is_shown: false, state: 0 };
            let psp_id = name(self.is_lyra, bank.credits.len(), &credit);
            let psp_id = if self.is_lyra { uuid(&psp_id) } else { psp_id };
            bank.credits.push(credit);
            *bank.times.entry(action.intent.clone()).or_default() += 1;
            Effect::Taken { psp_id: Some(psp_id) }
        };
        bank.keys.insert(action.intent.clone(), effect.clone());
        effect
    }

    /// What may come of one step of a process.
    fn steps(&mut self, state: &State, at: usize, found: &mut Vec<(&'static str, State)>) {
        let worker = state.workers[at];
        let Node { at: place, next } = self.nodes.value(worker.node).clone();
        let now = after(TIMES[usize::from(state.time)]);
        let mut to = *state;
        match (place, next) {
            (At::Asks(mut desk), Step::Ask) => {
                let order = Box::new(self.told(state.bank));
                let node = match desk.request(&order, self.rules, self.wanted(), now) {
                    Answer::Planned => {
                        self.node(At::Works(Round::of_new_request(desk, self.rules), order), now)
                    }
                    _ => 0,
                };
                to.workers[at] = Worker { node, ..worker };
                found.push(("plans", to));
            }
            (At::Works(mut round, _), Step::Ask) => {
                round.asked(true);
                let order = Box::new(self.told(state.bank));
                to.workers[at] = Worker { node: self.node(At::Works(round, order), now), ..worker };
                found.push(("asks", to));
            }
            (At::Works(mut round, order), Step::Store) => {
                let is_first = self.fault == Fault::CallsFirst
                    && round
                        .desk()
                        .requests()
                        .iter()
                        .flat_map(|request| &request.lines)
                        .any(|line| line.state == LineState::InFlight && line.reason.is_none());
                if worker.is_stale && self.fault != Fault::NoConditions {
                    let newer = self.desks.value(state.desk).clone();
                    let is_rebased = round.rebase(newer);
                    to.workers[at] = Worker { node: 0, is_stale: false };
                    if is_rebased {
                        to.workers[at].node = self.node(At::Works(round, order), now);
                    }
                    found.push(("finds another desk", to));
                    return;
                }
                if !is_first {
                    to.desk = self.desks.number(round.desk().clone());
                    to.workers.iter_mut().for_each(|other| other.is_stale |= other.node != 0);
                }
                round.stored(true);
                let node = self.node(At::Works(round, order), now);
                to.workers[at] = Worker { node, is_stale: false };
                found.push(("stores", to));
            }
            (At::Works(round, order), Step::Call(action)) => {
                let trouble =
                    || Trouble { kind: TroubleKind::Unreachable, why: "no answer".to_owned() };
                let silence = || match self.fault {
                    Fault::TakesSilenceForNothing => Effect::Nothing(trouble()),
                    _ => Effect::Uncertain(trouble()),
                };
                let bank = self.banks.value(state.bank).clone();
                let (mut done, mut refused) = (bank.clone(), bank.clone());
                let is_done = self.act(&mut done, &action, false);
                let is_refused = self.act(&mut refused, &action, true);
                let ends = [
                    ("calls", done.clone(), is_done),
                    ("calls, and hears nothing", done, silence()),
                    ("calls, and nothing comes of it", bank.clone(), silence()),
                    ("calls nobody", bank, Effect::Nothing(trouble())),
                    ("calls, and is refused", refused, is_refused),
                ];
                for (what, bank, effect) in ends {
                    let mut round = round.clone();
                    round.called(&effect);
                    let mut to = *state;
                    to.bank = self.banks.number(bank);
                    to.is_looked_at = false;
                    let node = self.node(At::Works(round, order.clone()), now);
                    to.workers[at] = Worker { node, ..worker };
                    found.push((what, to));
                }
            }
            _ => unreachable!(),
        }
    }
}

/// What the provider calls a credit.
fn name(is_lyra: bool, at: usize, credit: &Credit) -> String {
    let (id, ..) = WORLDLINE[credit.share];
    match is_lyra {
        true => format!("d{at}"),
        false => format!("{}_{}", id.trim_end_matches("_0"), 5 + at),
    }
}

impl World for Refunds {
    type State = State;

    fn begin(&self) -> State {
        State { desk: 0, bank: 0, workers: <_>::default(), time: 0, is_looked_at: false }
    }

    fn moves(&mut self, state: &State, found: &mut Vec<Move<State>>) {
        let mut accidents = Vec::new();
        let mut push = |what, whose, is_forward, mut to: State| {
            to.workers.sort_unstable();
            let next = Move { what: What(what, whose), is_forward, to };
            if is_forward { found.push(next) } else { accidents.push(next) }
        };
        let is_late = usize::from(state.time) + 1 == TIMES.len();
        let is_idle = state.workers.iter().all(|worker| worker.node == 0);
        for at in (0..WORKERS).filter(|at| state.workers[*at].node != 0) {
            let mut ends = Vec::new();
            self.steps(state, at, &mut ends);
            // The first of them is without an accident, and in the end accidents cease.
            let most = if is_late { 1 } else { ends.len() };
            for (nth, (what, mut to)) in ends.into_iter().take(most).enumerate() {
                to.is_looked_at |= to.workers[at].node == 0;
                push(what, at, nth == 0, to);
            }
            if !is_late {
                let mut to = *state;
                to.workers[at] = Worker::default();
                push("dies", at, false, to);
            }
        }
        let desk = self.desks.value(state.desk);
        let is_asked = desk.find(RequestKind::Refund, REQUEST).is_some();
        let (is_open, is_uncertain) = (desk.is_open(), desk.is_uncertain());
        if let Some(at) = state.workers.iter().position(|worker| worker.node == 0)
            && (is_open || !is_asked)
        {
            let mut to = *state;
            to.workers[at] = Worker { node: self.begin(state), is_stale: false };
            push("begins", at, is_idle && (!is_asked || !state.is_looked_at), to);
        }
        let bank = self.banks.value(state.bank).clone();
        // In the end nothing happens there while somebody looks.
        for at in (0..bank.credits.len()).filter(|_| is_idle || !is_late) {
            let mut is_changed = |what, is_forward, change: fn(&mut Credit)| {
                let mut bank = bank.clone();
                change(&mut bank.credits[at]);
                let bank = self.banks.number(bank);
                push(what, at, is_forward, State { bank, is_looked_at: false, ..*state });
            };
            if !bank.credits[at].is_shown {
                is_changed("shows", is_idle, |credit| credit.is_shown = true);
            } else if bank.credits[at].state == 0 {
                is_changed("settles", is_idle, |credit| credit.state = 1);
                is_changed("refuses after all", false, |credit| credit.state = 2);
            }
        }
        // No process lives that long, and no provider needs as long to show what it did.
        let is_shown = bank.credits.iter().all(|credit| credit.is_shown);
        if !is_late && is_idle && is_shown && is_asked {
            let mut to = State { time: state.time + 1, is_looked_at: false, ..*state };
            let mut bank = bank;
            if usize::from(to.time) >= FORGOTTEN {
                bank.keys.clear();
            }
            to.bank = self.banks.number(bank);
            push("time passes", usize::from(to.time), is_open && !is_uncertain, to);
        }
        found.append(&mut accidents);
    }

    fn always(&mut self, state: &State) -> Result<(), String> {
        let bank = self.banks.value(state.bank);
        let gone = bank.credits.iter().filter(|credit| credit.state < 2);
        let gone: u64 = gone.map(|credit| credit.amount).sum();
        if bank.times.values().any(|times| *times > 1) || gone > self.amount {
            return Err(format!("given back more than once: {bank:?}"));
        }
        Ok(())
    }

    fn show(&self, state: &State) -> String {
        let (desk, bank) = (self.desks.value(state.desk), self.banks.value(state.bank));
        let lines = desk.requests().iter().flat_map(|request| &request.lines);
        let lines: Vec<_> = lines.map(|line| (line.target.as_str(), line.state)).collect();
        format!(" {lines:?} {:?}", bank.credits)
    }

    fn at_rest(&mut self, state: &State) -> Result<(), String> {
        let (desk, bank) = (self.desks.value(state.desk), self.banks.value(state.bank));
        let mut lines = desk.requests().iter().flat_map(|request| &request.lines);
        let is_over = lines.clone().all(|line| line.state.is_final());
        if desk.requests().is_empty() || !is_over && !desk.is_uncertain() {
            return Err(format!("it comes to no end: {desk:?} {bank:?}"));
        }
        let went = |intent: &String| bank.times.contains_key(intent);
        if !lines.all(|line| line.state != LineState::Done || went(&line.intent)) {
            return Err(format!("done, and nothing was: {desk:?} {bank:?}"));
        }
        Ok(())
    }
}
