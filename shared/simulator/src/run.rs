//! One run: what is to happen next, until nothing is.

use std::collections::{BTreeMap, BTreeSet};

use quittance_core::OrderKey;
use quittance_core::desk::Content;
use serde_json::json;

use crate::agenda::Event;
use crate::asking::{Asking, Line};
use crate::consuming::Consuming;
use crate::dice::{Chance, Hit};
use crate::fault::Fault;
use crate::judge::{Judge, outcome};
use crate::paying::{Paying, Wish};
use crate::plan::{DAY, END, FIRST_NIGHT, MINUTE, Move, Plan, RECEIVERS, SESSIONS};
use crate::psp::eur;
use crate::ran::Ran;
use crate::receive::{Flow, Receive};
use crate::sending::Sending;
use crate::situation::Situation;
use crate::store::Index;
use crate::world::World;

/// Most events of a run: hundreds are usual.
const MOST_EVENTS: usize = 200_000;

/// Most records of one batch of the stream.
const BATCH: usize = 10;

/// Somebody at work.
enum Process {
    Receive(Box<Receive>),
    Sending(Box<Sending>),
    Asking(Box<Asking>),
    Paying(Box<Paying>),
    Consuming(Consuming),
}

impl Process {
    fn step(&mut self, world: &mut World) -> Flow {
        match self {
            Self::Receive(receive) => receive.step(world),
            Self::Sending(sending) => sending.step(world),
            Self::Asking(asking) => asking.step(world),
            Self::Paying(paying) => paying.step(world),
            Self::Consuming(consuming) => consuming.step(world),
        }
    }

    fn dies(&self, world: &mut World) {
        match self {
            Self::Receive(receive) => receive.dies(world),
            Self::Sending(sending) => sending.dies(world),
            Self::Asking(asking) => asking.dies(world),
            Self::Paying(paying) => paying.dies(world),
            Self::Consuming(consuming) => consuming.dies(world),
        }
    }

    /// How long its next step takes.
    fn takes(&self, world: &mut World) -> i64 {
        match self {
            Self::Asking(_) | Self::Paying(_) => Line::takes(world),
            Self::Receive(_) | Self::Sending(_) | Self::Consuming(_) => world.pause(),
        }
    }
}

/// A run under way.
struct Run {
    world: World,
    judge: Judge,
    processes: BTreeMap<u64, Process>,
    begun: u64,
    /// The receiver whose turn it is.
    receiver: usize,
}

/// Runs a seed, without the accidents that are dropped.
pub(crate) fn run(seed: u64, fault: Fault, dropped: &BTreeSet<Hit>, tells: bool) -> Ran {
    let plan = Plan::of(seed);
    let judge = Judge::new(plan.purchases.len());
    let world = World::new(seed, plan, fault, dropped, tells);
    let mut run = Run { world, judge, processes: BTreeMap::new(), begun: 0, receiver: 0 };
    run.plan();
    let (steps, verdict) = run.go();
    let wrong = verdict.and_then(|()| run.judge.at_rest(&mut run.world)).err();
    let mut world = run.world;
    if let Some(wrong) = &wrong {
        world.note(format_args!("wrong: {wrong}"));
    }
    outcome(&mut world);
    let (digest, counts) = (world.trace.digest(), world.counts);
    let hits = world.dice.happened().to_vec();
    Ran { digest, counts, hits, steps, wrong, lines: world.trace.into_lines() }
}

impl Run {
    fn plan(&mut self) {
        let world = &mut self.world;
        for (nth, (at, _)) in world.plan.moves.clone().into_iter().enumerate() {
            if world.dice.hit(Chance::Move) {
                world.agenda.note(at, Event::Move(nth));
            }
        }
        for night in 0.. {
            let at = FIRST_NIGHT + night * DAY;
            if at >= END {
                break;
            }
            world.agenda.note(at, Event::Batch);
        }
    }

    fn go(&mut self) -> (u64, Result<(), String>) {
        let mut steps = 0;
        while let Some((at, event)) = self.world.agenda.next() {
            if at >= END {
                break;
            }
            self.world.now = at;
            if self.world.is_calm() {
                self.world.dice.set_weather(0);
            }
            steps += 1;
            if steps as usize > MOST_EVENTS {
                return (steps, Err("it goes on for ever".to_owned()));
            }
            self.happen(event);
            if let Err(wrong) = self.judge.always(&mut self.world) {
                return (steps, Err(wrong));
            }
        }
        (steps, Ok(()))
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Move(nth) => self.moves(nth),
            Event::Arrives { mail, attempt, is_repeat } => self.arrives(mail, attempt, is_repeat),
            Event::Impatient { mail, attempt } => impatient(&mut self.world, mail, attempt),
            Event::Goes(number) => self.goes(number),
            Event::Stream => self.stream(),
            Event::Sweep => self.sweep(),
            Event::Ask(order) => {
                if self.world.is_due(&order, Index::Order) {
                    self.ask(order);
                }
            }
            Event::Look(order) => {
                let is_due = self.world.is_due(&order, Index::Desk);
                if is_due && self.world.store.desk(&order).desk.is_open() {
                    self.pay(order, None);
                }
            }
            Event::Queue => self.consume(),
            Event::Batch => {
                let now = self.world.now;
                self.world.note(format_args!("the night's batch"));
                self.world.psps.batch(now);
                self.world.collect();
            }
            Event::Tick => self.world.collect(),
        }
    }

    fn begin(&mut self, process: Process) {
        self.begun += 1;
        let pause = process.takes(&mut self.world);
        self.world.agenda.note(self.world.now + pause, Event::Goes(self.begun));
        self.processes.insert(self.begun, process);
    }

    fn goes(&mut self, number: u64) {
        let Some(mut process) = self.processes.remove(&number) else { return };
        let dies =
            if matches!(process, Process::Paying(_)) { Chance::DiesAtDesk } else { Chance::Dies };
        if self.world.dice.happens(dies) {
            process.dies(&mut self.world);
            self.again(&process);
            return;
        }
        match process.step(&mut self.world) {
            Flow::Goes => {
                let pause = process.takes(&mut self.world);
                self.world.agenda.note(self.world.now + pause, Event::Goes(number));
                self.processes.insert(number, process);
            }
            Flow::Ends => self.again(&process),
        }
    }

    /// What one process leaves to others.
    fn again(&mut self, process: &Process) {
        if matches!(process, Process::Consuming(_)) {
            self.look_at_queue();
        }
    }

    /// Looks at the queue when the next message can be handed out.
    fn look_at_queue(&mut self) {
        if let Some(at) = self.world.queue.next() {
            let at = at.max(self.world.now + 1);
            self.world.agenda.note(at, Event::Queue);
        }
    }

    fn arrives(&mut self, mail: usize, attempt: usize, is_repeat: bool) {
        if is_repeat {
            self.world.note(format_args!("notification {mail} arrives once more"));
        }
        self.receiver = (self.receiver + 1) % RECEIVERS;
        let receive = Receive::new(mail, attempt, self.receiver, &mut self.world);
        self.begin(Process::Receive(Box::new(receive)));
    }

    fn stream(&mut self) {
        if self.world.dice.happens(Chance::MissesRun) {
            self.world.agenda.note(self.world.now + 1_000, Event::Stream);
            return;
        }
        let most = self.world.records.len().min(BATCH);
        let batch: Vec<OrderKey> = self.world.records.drain(..most).collect();
        if !batch.is_empty() && self.world.dice.happens(Chance::ReplaysBatch) {
            self.world.note(format_args!("the stream will bring this batch once more"));
            self.world.records.extend(batch.iter().cloned());
            let pause = self.world.dice.how(Chance::ReplaysBatch, 1..5 * MINUTE);
            self.world.agenda.note(self.world.now + pause, Event::Stream);
        }
        for key in batch {
            let sending = Sending::new(key, &self.world);
            self.begin(Process::Sending(Box::new(sending)));
        }
    }

    fn sweep(&mut self) {
        let unsent = self.world.store.unsent();
        if unsent.is_empty() || self.world.fault == Fault::NoSweep {
            return;
        }
        self.world.sweep_later();
        if self.world.dice.happens(Chance::MissesRun) {
            return;
        }
        self.world.saw(Situation::SweptUp);
        for key in unsent {
            let sending = Sending::new(key, &self.world);
            self.begin(Process::Sending(Box::new(sending)));
        }
    }

    fn ask(&mut self, order: OrderKey) {
        if self.world.fault == Fault::NeverAsks {
            return;
        }
        if self.world.dice.happens(Chance::MissesRun) {
            self.world.ask_at(&order, self.world.now + MINUTE);
            return;
        }
        let asking = Asking::new(order, 1, &mut self.world);
        self.begin(Process::Asking(Box::new(asking)));
    }

    fn pay(&mut self, order: OrderKey, wish: Wish) {
        let paying = Paying::new(order, wish, &mut self.world);
        self.begin(Process::Paying(Box::new(paying)));
    }

    fn consume(&mut self) {
        let now = self.world.now;
        if let Some(id) = self.world.queue.receive(now) {
            if self.world.dice.happens(Chance::HandsOutTwice) {
                self.world.queue.show(&id);
                self.world.agenda.note(now + 100, Event::Queue);
            }
            let consuming = Consuming::new(id, &mut self.world);
            self.begin(Process::Consuming(consuming));
        } else {
            self.look_at_queue();
        }
    }

    fn moves(&mut self, nth: usize) {
        let Some((_, does)) = self.world.plan.moves.get(nth).cloned() else { return };
        self.world.note(format_args!("{does:?}"));
        match does {
            Move::Opens { purchase, vouchers, approval } => {
                opens(&mut self.world, purchase, vouchers, approval);
            }
            Move::Voucher { purchase, amount } => {
                pays(&mut self.world, purchase, json!({"voucher": amount}));
            }
            Move::Card { purchase, does } => pays(&mut self.world, purchase, json!({"card": does})),
            Move::Refunds { purchase, request, amount } => {
                let content = Content::Refund { amount, currency: eur() };
                let key = self.world.key(purchase);
                self.pay(key, Some((format!("R-{request}"), content)));
            }
            Move::Captures { purchase } => {
                let content = Content::Capture { amount: None, currency: eur() };
                let key = self.world.key(purchase);
                self.pay(key, Some(("T".to_owned(), content)));
            }
            Move::Cancels { purchase } => {
                let key = self.world.key(purchase);
                self.pay(key, Some(("C".to_owned(), Content::Cancellation)));
            }
            Move::SendsAgain { nth } => sends_again(&mut self.world, nth),
            Move::PutsKeys => self.world.put = 1,
            Move::ChangesKeys => self.world.psps.change_keys(),
        }
    }
}

/// The merchant's program registers the amount, then starts a payment.
fn opens(world: &mut World, purchase: usize, vouchers: bool, approval: bool) {
    world.register(purchase);
    world.pages[purchase].1 += 1;
    let (bought, now) = (world.plan.purchases[purchase].clone(), world.now);
    let with = (world.put, world.pages[purchase].1);
    let opened = world.psps.open(&bought, vouchers, approval, with, now);
    let Some((page, session)) = opened else {
        world.note(format_args!("the provider does not start it"));
        return;
    };
    let key = world.key(purchase);
    world.store.note_session(&key, session);
    world.pages[purchase].0 = Some(page);
    for ends in SESSIONS {
        world.agenda.note(now + ends, Event::Tick);
    }
    world.collect();
}

fn pays(world: &mut World, purchase: usize, does: serde_json::Value) {
    let Some(page) = world.pages[purchase].0.clone() else { return };
    let now = world.now;
    if !world.psps.pay(&page, does, now) {
        world.note(format_args!("the page does not take it"));
    }
    world.collect();
}

/// A notification is sent again by hand.
fn sends_again(world: &mut World, nth: usize) {
    if world.mails.is_empty() {
        return;
    }
    let mail = nth % world.mails.len();
    let arrival = world.now + 100;
    world.agenda.note(arrival, Event::Arrives { mail, attempt: usize::MAX, is_repeat: false });
}

/// The provider has waited long enough.
fn impatient(world: &mut World, mail: usize, attempt: usize) {
    let sent = &mut world.mails[mail];
    if sent.is_over || sent.attempt != attempt {
        return;
    }
    let next = sent.next_attempt(world.now);
    sent.attempt += 1;
    let is_forged = sent.is_forged;
    match next {
        _ if is_forged => {}
        Some(at) => {
            let attempt = world.mails[mail].attempt;
            world.agenda.note(at, Event::Arrives { mail, attempt, is_repeat: false });
            world.agenda.note(at + crate::mail::PATIENCE, Event::Impatient { mail, attempt });
        }
        None => {
            world.saw(Situation::GivenUpByProvider);
            world.note(format_args!("the provider gives notification {mail} up"));
        }
    }
}
