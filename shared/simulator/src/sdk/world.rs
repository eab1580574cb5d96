//! Everything that there is in a run: AWS, the providers, what goes wrong on the way to them, and the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Arguments;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quittance_core::{OrderKey, Statement};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::dice::{Chance, Dice, Hit};
use crate::fault::Fault;
use crate::forger::forge;
use crate::keys::{Held, Version};
use crate::mail::{Mail, statements};
use crate::plan::{Plan, Psp};
use crate::psp::{Psps, account};
use crate::sdk::count::Tally;
use crate::sdk::engine::Engine;
use crate::sdk::judge::Judge;
use crate::sdk::queue::Queue;
use crate::sdk::stored::Stored;
use crate::trace::Trace;
use crate::verdict::{Truth, refund_bound};

/// Rung where somebody waits for something.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// The stream has a record.
    pub(crate) stream: Notify,
    /// Something is due or unsent.
    pub(crate) schedule: Notify,
    /// The queue has a message.
    pub(crate) queue: Notify,
    /// A provider has sent a notification.
    pub(crate) post: Notify,
}

/// A notification, and what it states.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) mail: Mail,
    pub(crate) states: Vec<Statement>,
}

/// Everything that there is in a run.
pub(crate) struct World {
    began: Instant,
    pub(crate) plan: Plan,
    pub(crate) fault: Fault,
    pub(crate) dice: Dice,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    pub(crate) psps: Psps,
    pub(crate) engine: Engine,
    pub(crate) stored: Stored,
    pub(crate) queue: Queue,
    /// The keys of orders that the stream is to bring, with the numbers of the records.
    pub(crate) records: Vec<(u64, String)>,
    pub(crate) recorded: u64,
    pub(crate) letters: Vec<Letter>,
    /// How many of them are on their way.
    pub(crate) posted: usize,
    /// What the operator has put.
    pub(crate) put: Version,
    /// What the merchant asked to be given back of each purchase.
    pub(crate) asked_back: Vec<u64>,
    /// The page of each purchase that was opened last.
    pub(crate) pages: Vec<Option<String>>,
    pub(crate) outages: [i64; 3],
    pub(crate) bells: Arc<Bells>,
    pub(crate) judge: Judge,
    /// The ids of messages that were ever sent.
    pub(crate) sent: BTreeMap<String, String>,
    /// How often the consumer ran.
    pub(crate) runs: u32,
    /// What must not be.
    pub(crate) wrong: Option<String>,
}

/// A world that many are at work in.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world, as long as nobody waits.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl World {
    pub(crate) fn new(seed: u64, fault: Fault, dropped: &BTreeSet<Hit>, tells: bool) -> Self {
        let mut plan = Plan::of(seed);
        // The shop starts all payments here, and so says what each costs.
        plan.purchases.iter_mut().for_each(|one| one.registered = Some(one.amount));
        let mut dice = Dice::new(seed, dropped);
        dice.set_weather(0);
        let purchases = plan.purchases.len();
        Self {
            began: Instant::now(),
            psps: Psps::new(seed, &plan),
            plan,
            fault,
            dice,
            trace: Trace::new(tells),
            tally: Tally::default(),
            engine: Engine::new(),
            stored: Stored::default(),
            queue: Queue::default(),
            records: Vec::new(),
            recorded: 0,
            letters: Vec::new(),
            posted: 0,
            put: 0,
            asked_back: vec![0; purchases],
            pages: vec![None; purchases],
            outages: [0; 3],
            bells: Arc::default(),
            judge: Judge::new(purchases),
            sent: BTreeMap::new(),
            runs: 0,
            wrong: None,
        }
    }

    /// Virtual time, in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The moment of a virtual time.
    pub(crate) fn moment(&self, at: i64) -> Instant {
        self.began + std::time::Duration::from_millis(at.unsigned_abs())
    }

    pub(crate) fn note(&mut self, what: Arguments<'_>) {
        let now = self.now();
        self.trace.note(now, what);
    }

    /// Whether an accident happens here, which is counted.
    pub(crate) fn happens(&mut self, chance: Chance) -> bool {
        let happens = self.dice.happens(chance);
        if happens {
            self.tally.saw(&format!("accident {chance:?}"));
        }
        happens
    }

    /// At which call a function dies, of so many, if it does.
    pub(crate) fn dies_at(&mut self, calls: i64) -> Option<i64> {
        let dies = self.happens(Chance::DiesAtCall);
        dies.then(|| self.dice.how(Chance::DiesAtCall, 2..2 * calls + 2))
    }

    pub(crate) fn died(&mut self, who: &str) {
        self.note(format_args!("{who} dies"));
        self.tally.saw(&format!("death of {who}"));
    }

    /// Notes what must not be; the first counts.
    pub(crate) fn check(&mut self, verdict: Result<(), String>) {
        if let Err(wrong) = verdict
            && self.wrong.is_none()
        {
            self.note(format_args!("wrong: {wrong}"));
            self.wrong = Some(wrong);
        }
    }

    /// The key of a purchase's order.
    pub(crate) fn key(&self, purchase: usize) -> OrderKey {
        let bought = &self.plan.purchases[purchase];
        let key = account(bought.psp).order(bought.reference.as_str());
        key.unwrap_or_else(|error| unreachable!("{error}"))
    }

    pub(crate) fn truth(&self, purchase: usize) -> Truth {
        let bought = &self.plan.purchases[purchase];
        let cost = bought.cost();
        Truth { cost, policy: self.plan.policy, sums: self.psps.sums()[purchase] }
    }

    /// An item of the order table was written.
    pub(crate) fn written(&mut self, pk: &str, item: &serde_json::Value) {
        let now = self.now();
        match self.stored.put(pk, item, now) {
            Ok(key) => {
                let purchases = 0..self.plan.purchases.len();
                let purchase =
                    key.and_then(|key| purchases.into_iter().find(|at| self.key(*at) == key));
                if let Some(purchase) = purchase {
                    let (order, truth) =
                        (self.stored.order(&self.key(purchase)), self.truth(purchase));
                    let verdict = self.judge.written(purchase, &order, truth);
                    self.check(verdict);
                }
            }
            Err(wrong) => self.check(Err(wrong)),
        }
        let verdict = self.judge.is_kept(&self.stored);
        self.check(verdict);
        if self.stored.unsent.contains(pk) {
            self.recorded += 1;
            if self.happens(Chance::LosesRecord) {
                self.note(format_args!("the stream loses the record of {pk}"));
            } else {
                self.records.push((self.recorded, pk.to_owned()));
                self.bells.stream.notify_one();
            }
        }
        self.bells.schedule.notify_one();
    }

    /// Takes what the providers have sent, and judges what they did.
    pub(crate) fn collect(&mut self) {
        let now = self.now();
        for sent in self.psps.outbox(now) {
            let psp = if sent.url.ends_with("worldline") { Psp::Worldline } else { Psp::Lyra };
            let mail = Mail::new(psp, sent, now, self.psps.sums());
            let readings = mail.verified(Held::of(self.psps.version).keys(psp), now);
            let states = readings.map_or_else(|_| Vec::new(), |(said, _)| statements(said));
            let number = self.letters.len();
            self.note(format_args!("{psp:?} sends notification {number}"));
            if self.happens(Chance::Forges) {
                let mut mail = mail.clone();
                forge(&mut mail);
                self.note(format_args!("somebody forges it"));
                self.letters.push(Letter { mail, states: Vec::new() });
            }
            self.letters.push(Letter { mail, states });
            self.bells.post.notify_one();
        }
        for purchase in 0..self.plan.purchases.len() {
            let (sums, asked) = (self.psps.sums()[purchase], self.asked_back[purchase]);
            let key = self.key(purchase);
            self.check(refund_bound(&key, sums, asked, self.plan.goes_back_by_itself));
        }
    }

    /// A notification was answered.
    pub(crate) fn answered(&mut self, letter: usize, status: u16) {
        self.note(format_args!("notification {letter} is answered with {status}"));
        self.tally.saw(&format!("answer {status}"));
        if status != 200 {
            return;
        }
        let Letter { mail, states } = &self.letters[letter];
        let verdict = match mail.is_forged {
            true => Err(format!("a forged notification was taken: {letter}")),
            false => self.judge.promised(states, &self.stored),
        };
        self.check(verdict);
    }

    /// What has to hold once nothing moves any more.
    pub(crate) fn rests(&mut self) {
        for purchase in 0..self.plan.purchases.len() {
            let (key, truth) = (self.key(purchase), self.truth(purchase));
            let order = self.stored.order(&key);
            let engine = &self.engine;
            let verdict =
                self.judge.at_rest(&order, truth, &self.stored, |id| engine.is_settled(id));
            if order.fulfilment().is_some() {
                self.tally.saw("order released");
            }
            if !order.reversals().is_empty() {
                self.tally.saw("order reversed");
            }
            self.check(verdict);
        }
        let items: Vec<_> = self.stored.items.iter().map(|item| item.order.clone()).collect();
        for order in items {
            let bytes = quittance_core::stored::encode(&order).unwrap_or_default();
            self.trace.add(&bytes);
        }
    }
}
