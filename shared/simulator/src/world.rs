//! Everything that there is in a run, and how its parts are reached, with what goes wrong on the way.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use quittance_core::claims::Item;
use quittance_core::desk::Desk;
use quittance_core::registered::Registered;
use quittance_core::{Order, OrderKey, Statement};
use quittance_fakes::Notification;

use crate::agenda::{Agenda, Event};
use crate::dice::{Chance, Dice, Hit};
use crate::fault::Fault;
use crate::keys::{Held, Version};
use crate::mail::{Mail, PATIENCE};
use crate::plan::{CALM, DAY, MINUTE, Plan, Psp, RECEIVERS};
use crate::psp::{Psps, Sums, account, at, eur};
use crate::queue::{Queue, Sent};
use crate::situation::{Counts, Situation};
use crate::store::{Index, Saved, Store};
use crate::trace::Trace;

/// What the stack was truly told of a purchase, as far as it is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) by_mail: Sums,
    pub(crate) by_asking: Sums,
}

/// Who told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Mail,
    Asking,
}

/// What the consumer remembers of a message, and what its warehouse did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) claimed_until: i64,
    pub(crate) is_done: bool,
    /// How often the goods have left.
    pub(crate) acted: u32,
}

/// What was told and is stored, whatever became of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) statement: Statement,
    /// Whether somebody was answered that it is taken.
    pub(crate) is_promised: bool,
}

/// Everything that there is in a run.
#[derive(Debug)]
pub(crate) struct World {
    /// Virtual time, in milliseconds.
    pub(crate) now: i64,
    pub(crate) plan: Plan,
    pub(crate) fault: Fault,
    pub(crate) dice: Dice,
    pub(crate) trace: Trace,
    pub(crate) agenda: Agenda,
    pub(crate) psps: Psps,
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) mails: Vec<Mail>,
    pub(crate) held: [Held; RECEIVERS],
    /// What the operator has put.
    pub(crate) put: Version,
    /// Orders written since the stream brought something.
    pub(crate) records: Vec<OrderKey>,
    pub(crate) remembered: BTreeMap<String, Remembered>,
    /// The ids that the queue ever took, with their groups.
    pub(crate) sent: BTreeMap<String, OrderKey>,
    pub(crate) told: Vec<Told>,
    pub(crate) known: Vec<Known>,
    /// The page of each purchase that was opened last, and how many there were.
    pub(crate) pages: Vec<(Option<String>, u32)>,
    pub(crate) counts: Counts,
    /// The orders that were written in this step.
    pub(crate) written: BTreeSet<OrderKey>,
    /// What must not be.
    pub(crate) wrong: Option<String>,
}

/// How often others may be faster before somebody gives up.
pub(crate) const MOST_RACES: u32 = 20;

/// Most records that the stream keeps of what failed; what is more is for the sweep to find.
const MOST_RECORDS: usize = 4;

thread_local! {
    /// For a fault alone: a memory of the runs before.
    static RUNS: Cell<i64> = const { Cell::new(0) };
}

/// How many steps this thread has made, in all its runs, as milliseconds.
pub(crate) fn runs() -> i64 {
    RUNS.with(|runs| {
        runs.set(runs.get() + 1);
        runs.get() % 7
    })
}

impl World {
    pub(crate) fn new(
        seed: u64,
        plan: Plan,
        fault: Fault,
        dropped: &BTreeSet<Hit>,
        tells: bool,
    ) -> Self {
        let mut dice = Dice::new(seed, dropped);
        dice.set_weather(plan.weather);
        let purchases = plan.purchases.len();
        Self {
            now: 0,
            psps: Psps::new(seed, &plan),
            plan,
            fault,
            dice,
            trace: Trace::new(tells),
            agenda: Agenda::default(),
            store: Store::default(),
            queue: Queue::default(),
            mails: Vec::new(),
            held: [Held::default(); RECEIVERS],
            put: 0,
            records: Vec::new(),
            remembered: BTreeMap::new(),
            sent: BTreeMap::new(),
            told: Vec::new(),
            known: vec![Known::default(); purchases],
            pages: vec![(None, 0); purchases],
            counts: Counts::default(),
            written: BTreeSet::new(),
            wrong: None,
        }
    }

    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.now, what);
    }

    pub(crate) fn saw(&mut self, situation: Situation) {
        self.counts.saw(situation);
    }

    /// Notes what must not be; the first counts.
    pub(crate) fn must_not(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }

    /// How long a step takes.
    pub(crate) fn pause(&mut self) -> i64 {
        if self.dice.happens(Chance::Slow) {
            return self.dice.how(Chance::Slow, 1_000..20_000);
        }
        let machine = match self.fault {
            Fault::RemembersRuns => runs(),
            _ => 0,
        };
        self.dice.pace(1..40) + machine
    }

    /// The key of a purchase's order.
    pub(crate) fn key(&self, purchase: usize) -> OrderKey {
        let Some(bought) = self.plan.purchases.get(purchase) else { unreachable!("a purchase") };
        let key = account(bought.psp).order(bought.reference.as_str());
        key.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// The purchase of an order, if its reference is one.
    pub(crate) fn purchase(&self, key: &OrderKey) -> Option<usize> {
        self.plan.purchases.iter().position(|one| one.reference == key.order)
    }

    /// Of which provider an order is.
    pub(crate) fn psp_of(key: &OrderKey) -> Psp {
        if key.psp.as_str() == "worldline" { Psp::Worldline } else { Psp::Lyra }
    }

    /// The order under a key, as whoever follows its names reads it.
    pub(crate) fn order(&self, key: &OrderKey) -> Order {
        self.store.items.order(key).unwrap_or_else(|| Order::new(key.clone()))
    }

    /// Reads an item. `None` where the store refuses.
    pub(crate) fn load(&mut self, key: &OrderKey) -> Option<Item> {
        self.load_all(std::slice::from_ref(key))?.pop()
    }

    /// Reads several items at once. `None` where the store refuses.
    pub(crate) fn load_all(&mut self, keys: &[OrderKey]) -> Option<Vec<Item>> {
        if self.dice.happens(Chance::RefusesRead) {
            self.note(format_args!("the store refuses to read {} items", keys.len()));
            return None;
        }
        Some(keys.iter().map(|key| self.store.items.load(key)).collect())
    }

    /// Writes an item on condition: what comes of it, and whether it is written.
    pub(crate) fn save(&mut self, mut item: Item) -> (Saved, bool) {
        let name = item.order.key().order.clone();
        if self.dice.happens(Chance::RefusesWrite) {
            self.note(format_args!("the store refuses to write {name}"));
            return (Saved::Failed, false);
        }
        if self.fault == Fault::ForgetsFacts && item.order.fulfilment().is_some() {
            forget(&mut item.order);
        }
        let (key, has_unsent) = (item.order.key().clone(), item.order.has_unsent());
        if !self.store.save(item, self.fault != Fault::NoConditions) {
            self.saw(Situation::Raced);
            self.note(format_args!("others wrote {name}"));
            return (Saved::Conflict, false);
        }
        self.note(format_args!("{name} is written"));
        self.written.insert(key.clone());
        if has_unsent {
            self.record(key);
        }
        if self.dice.happens(Chance::LosesWritten) {
            self.saw(Situation::OwnWrite);
            self.note(format_args!("whose writer finds his own write"));
            return (Saved::Conflict, true);
        }
        if self.dice.happens(Chance::ForgetsWritten) {
            self.saw(Situation::WriteDenied);
            self.note(format_args!("whose writer does not hear of it"));
            return (Saved::Failed, true);
        }
        (Saved::Done, true)
    }

    /// The stream has a record, and a sweep comes with the next minute.
    fn record(&mut self, key: OrderKey) {
        self.sweep_later();
        if self.dice.happens(Chance::LosesRecord) {
            self.note(format_args!("the stream loses the record"));
            return;
        }
        self.records.push(key);
        let late = match self.dice.happens(Chance::DelaysBatch) {
            true => self.dice.how(Chance::DelaysBatch, 1_000..10 * MINUTE),
            false => self.dice.pace(20..400),
        };
        self.agenda.note(self.now + late, Event::Stream);
    }

    /// Writes a desk on condition, with what goes wrong with writes.
    pub(crate) fn save_desk(&mut self, key: &OrderKey, desk: Desk, version: u64) -> Saved {
        if self.dice.happens(Chance::RefusesWrite) {
            return Saved::Failed;
        }
        let version = match self.fault {
            Fault::NoConditions => self.store.desk(key).version,
            _ => version,
        };
        if !self.store.save_desk(key, desk, version) {
            return Saved::Conflict;
        }
        self.note(format_args!("the desk of {} is written", key.order));
        // Each write of a desk has a mark of its own, by which its writer knows it again when its answer was lost.
        if self.dice.happens(Chance::ForgetsWritten) { Saved::Failed } else { Saved::Done }
    }

    /// The stream brings an order again of which dispatch failed.
    pub(crate) fn bring_again(&mut self, key: &OrderKey) {
        self.sweep_later();
        if self.records.len() < MOST_RECORDS {
            self.records.push(key.clone());
            let pause = self.dice.pace(1_000..12 * MINUTE);
            self.agenda.note(self.now + pause, Event::Stream);
        }
    }

    /// The schedule looks for what is unsent.
    pub(crate) fn sweep_later(&mut self) {
        let every = self.plan.sweeps_every;
        self.agenda.note((self.now / every + 1) * every, Event::Sweep);
    }

    /// What the merchant's program says that an order costs, before the buyer can pay.
    pub(crate) fn register(&mut self, purchase: usize) {
        let Some(amount) = self.plan.purchases[purchase].registered else { return };
        let amount = if self.fault == Fault::ReleasesAtHalf { amount / 2 } else { amount };
        let (key, at) = (self.key(purchase), at(self.now));
        let registered = Registered { amount, currency: eur(), at };
        if self.store.items.register(&key, registered, self.plan.policy) {
            self.note(format_args!("{} is registered at {amount}", key.order));
            self.written.insert(key.clone());
            self.plan_ask(&key, 0);
        }
    }

    /// Notes when an order is asked about next, that was asked about so often.
    pub(crate) fn plan_ask(&mut self, key: &OrderKey, asked: u32) {
        *self.store.asked(key) = asked;
        let order = self.order(key);
        let summary = order.summary(self.plan.policy);
        // Whoever marks the order as told notes it then.
        let due = order.next_ask(&summary, asked, at(self.now)).filter(|_| !order.has_unsent());
        if let Some(due) = due {
            let wait = i64::try_from(due.seconds_since(at(self.now))).unwrap_or(DAY) * 1_000;
            // The schedule runs each minute.
            let due = ((self.now + wait) / MINUTE + 1) * MINUTE;
            self.ask_at(order.key(), due);
        } else {
            self.store.due.remove(&(order.key().clone(), Index::Order));
        }
    }

    /// Puts an order off that is asked about at all.
    pub(crate) fn put_off(&mut self, key: &OrderKey, due: i64) {
        if !self.order(key).has_unsent() {
            self.ask_at(key, due);
        }
    }

    /// Asks about an order at this time, and not before.
    pub(crate) fn ask_at(&mut self, key: &OrderKey, due: i64) {
        self.store.due.insert((key.clone(), Index::Order), due);
        self.agenda.note(due, Event::Ask(key.clone()));
    }

    /// Looks at a desk at this time, and not before.
    pub(crate) fn look_at(&mut self, key: &OrderKey, due: i64) {
        self.store.due.insert((key.clone(), Index::Desk), due);
        self.agenda.note(due, Event::Look(key.clone()));
    }

    /// Whether it is due now, and not at another time. Whoever asks does it.
    pub(crate) fn is_due(&mut self, key: &OrderKey, index: Index) -> bool {
        let place = (key.clone(), index);
        let is_due = self.store.due.get(&place) == Some(&self.now);
        if is_due {
            self.store.due.remove(&place);
        }
        is_due
    }

    /// Sends a message. Whether the sender hears that the queue has it.
    pub(crate) fn send(&mut self, id: &str, group: &OrderKey) -> bool {
        if self.dice.happens(Chance::RefusesMessage) {
            self.note(format_args!("the queue refuses {}", short(id)));
            return false;
        }
        let is_decided = self.store.items.iter().any(|item| has_decided(&item.order, id));
        if !is_decided {
            self.must_not(format!("a message was sent whose decision is not stored: {id}"));
        }
        let sent = self.queue.send(id, group, self.now);
        match sent {
            Sent::New => {}
            Sent::Dropped => self.saw(Situation::SentTwice),
            Sent::AnewAfterAll => self.saw(Situation::SentMuchLater),
        }
        let first = self.sent.entry(id.to_owned()).or_insert_with(|| group.clone());
        if first != group {
            let first = first.clone();
            self.must_not(format!("{id} stands in two groups: {first}, {group}"));
        }
        self.note(format_args!("the queue has {}: {sent:?}", short(id)));
        let pause = self.dice.pace(5..200);
        self.agenda.note(self.now + pause, Event::Queue);
        !self.dice.happens(Chance::LosesTaken)
    }

    /// Takes what the providers have sent, and posts it.
    pub(crate) fn collect(&mut self) {
        for sent in self.psps.outbox(self.now) {
            let psp = if sent.url.ends_with("worldline") { Psp::Worldline } else { Psp::Lyra };
            self.post(psp, sent);
        }
    }

    fn post(&mut self, psp: Psp, sent: Notification) {
        let sums = self.psps.sums();
        self.mails.push(Mail::new(psp, sent.clone(), self.now, sums));
        let mail = self.mails.len() - 1;
        self.note(format_args!("{psp:?} sends notification {mail}"));
        self.deliver(mail);
        if self.dice.happens(Chance::Forges) {
            let mut forged = Mail::new(psp, sent, self.now, &[]);
            crate::forger::forge(&mut forged);
            self.mails.push(forged);
            self.note(format_args!("somebody sends notification {}", mail + 1));
            self.deliver(mail + 1);
        }
    }

    /// One attempt of a provider's.
    pub(crate) fn deliver(&mut self, mail: usize) {
        let attempt = self.mails[mail].attempt;
        self.agenda.note(self.now + PATIENCE, Event::Impatient { mail, attempt });
        if self.dice.happens(Chance::LosesDelivery) {
            self.note(format_args!("notification {mail} is lost on the way"));
            return;
        }
        let travels = match self.dice.happens(Chance::DelaysDelivery) {
            true => self.dice.how(Chance::DelaysDelivery, 100..DAY),
            false => self.dice.pace(5..500),
        };
        let arrival = self.now + travels;
        self.agenda.note(arrival, Event::Arrives { mail, attempt, is_repeat: false });
        if self.dice.happens(Chance::RepeatsDelivery) {
            let later = arrival + self.dice.how(Chance::RepeatsDelivery, 0..200);
            self.agenda.note(later, Event::Arrives { mail, attempt, is_repeat: true });
        }
    }

    /// Notes what was told and is stored, or promised to be.
    pub(crate) fn remember(&mut self, statement: &Statement, is_promised: bool) {
        match self.told.iter_mut().find(|told| told.statement == *statement) {
            Some(told) => told.is_promised |= is_promised,
            None => self.told.push(Told { statement: statement.clone(), is_promised }),
        }
    }

    /// Whether accidents have ceased.
    pub(crate) fn is_calm(&self) -> bool {
        self.now >= CALM
    }

    /// What is stored of a purchase may rest on this from now on.
    pub(crate) fn learns(&mut self, key: &OrderKey, source: Source, sums: Sums) {
        let Some(purchase) = self.purchase(key) else { return };
        let known = &mut self.known[purchase];
        match source {
            Source::Mail => known.by_mail = known.by_mail.max(sums),
            Source::Asking => known.by_asking = known.by_asking.max(sums),
        }
    }
}

/// An id in a trace.
pub(crate) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Whether an order has taken a decision.
pub(crate) fn has_decided(order: &Order, id: &str) -> bool {
    order.fulfilment().is_some_and(|release| release.id == id)
        || order.reversals().iter().any(|reversal| reversal.id == id)
}

/// Drops the facts of all payments of an order.
fn forget(order: &mut Order) {
    let names: Vec<OrderKey> =
        order.aliases().iter().filter_map(|name| order.key().sibling(name).ok()).collect();
    for name in names {
        if let Some(payment) = name.payment() {
            order.give_up_payment(payment);
        }
    }
}
