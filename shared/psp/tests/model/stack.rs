//! The stack in small: the table with its conditional writes, receivers, the merchant's program that registers, dispatch,
//! the queue and its consumer. What each writes, sends and reads next is said by the code that runs in production
//! ([`Claims`], [`Dispatch`], [`Order::register`]); here it is carried out, one step of one process at a time.
//!
//! A version tells one thing alone: whether an item was written since it was read. So the world keeps that, for each
//! process and item, instead of a number that would grow without an end.

mod moves;

use std::collections::HashMap;

use quittance_core::claims::{Astray, Claims, End, Item, Items, Step};
use quittance_core::dispatch::{Dispatch, Step as Sending};
use quittance_core::message::FULFILMENT_REQUESTED;
use quittance_core::{Currency, Order, OrderKey, Outcome, Policy, Receipt, Standing};
use quittance_testing::read::{POLICIES, receipt};

use crate::intern::Interned;
use crate::judge::{Outcomes, outcome, outcomes, show, told_again, wrong, wrong_at_rest};
use crate::stories::{Ends, Message, Registration, Story};

pub(crate) const POLICY: Policy = POLICIES[0];

/// Most items of a story; one bit more says that a name is stale that was read before its order.
const KEYS: usize = 7;
const NAMED: u8 = 1 << KEYS;

const MOST_RECEIVERS: usize = 3;
const MOST_DISPATCHERS: usize = 2;
const MOST_MESSAGES: usize = 7;

/// Most messages that wait in the queue: of each id two are kept, since a third is as the second.
const QUEUE: usize = 6;

/// Most ids of messages, each with two bits.
const IDS: usize = 8;

/// Where the registration's bit is among those of the messages that were answered.
const REGISTERED: u8 = 1 << MOST_MESSAGES;

/// What is changed, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Whoever writes, writes.
    NoConditions,
    /// Dispatch does, and nobody else.
    MarksBlindly,
    /// A message is answered before it is stored.
    AnswersFirst,
    /// A decision is marked as sent before it is sent.
    MarksFirst,
    /// What is sent again has another id.
    FreshIds,
    /// Nothing looks for what is unsent.
    NoSweep,
    /// The consumer remembers nothing.
    NoMemory,
    /// The consumer deletes the message before it acts.
    DeletesFirst,
    /// The consumer notes that it acted before it does.
    SettlesFirst,
    /// A claim of the consumer never ends.
    NoLease,
}

/// How many of each there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) receivers: usize,
    pub(crate) dispatchers: usize,
    /// Whether the queue and its consumer take their time; otherwise a message is acted on as soon as it is sent.
    pub(crate) has_queue: bool,
}

/// A process at work: where it is, and which items were written since it read them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Task {
    node: u32,
    stale: u8,
}

/// The queue's consumer: the message that it holds, one more than its place among ids, and how far it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Consumer {
    holds: u8,
    stage: u8,
}

const GOT: u8 = 0;
const CLAIMED: u8 = 1;
const HANDED: u8 = 2;
const SETTLED: u8 = 3;

/// What the consumer's table holds of an id.
const CLAIM: u16 = 1;
const DONE: u16 = 2;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    items: [u32; KEYS],
    receivers: [Task; MOST_RECEIVERS],
    registrar: Task,
    dispatchers: [Task; MOST_DISPATCHERS],
    /// The messages that were answered with 200, and whether the registration was.
    answered: u8,
    /// Those that come again until they are answered: at first all, and each of which a delivery died.
    open: u8,
    queue: [u8; QUEUE],
    /// The ids that the queue still knows.
    remembered: u8,
    /// The ids that it ever took.
    sent: u8,
    consumer: Consumer,
    /// What its table holds, two bits an id.
    noted: u16,
    /// How often it acted on an id, two bits each; the warehouse takes an id once.
    acted: u16,
    /// Whether it acted on an id that it had noted as done.
    acted_again: bool,
    /// Whether what the stream brought is lost, and nothing else looks.
    lost: bool,
}

/// Where a process is.
#[derive(Clone, Debug)]
enum At {
    Idle,
    Claims { message: usize, claims: Claims<'static> },
    Register { key: OrderKey, seen: Items },
    Dispatch { key: u8, dispatch: Dispatch },
}

/// What it does next.
#[derive(Clone, Copy, Debug)]
enum Do {
    Nothing,
    /// Read one of these items, a bit each.
    Load(u8),
    Write {
        key: u8,
        item: u32,
    },
    Send(u8),
    End,
}

#[derive(Debug)]
struct Node {
    at: At,
    next: Do,
    /// The item of [`Do::Write`].
    item: Option<Item>,
    /// The items that it has read, and holds.
    seen: u8,
    /// Why it must not be.
    wrong: Option<String>,
}

/// What happens to a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    /// The item of this key, by its number.
    Loaded(u8, u32),
    Done,
    Refused,
}

/// What is to be said of what the table holds.
struct Verdict {
    /// The messages whose facts are found under their names.
    held: u8,
    wrong: Option<String>,
    /// The ids of all that is decided.
    decided: u8,
    /// What is wrong where nothing moves any more.
    wrong_at_rest: Option<String>,
}

pub(crate) struct Stack {
    story: &'static Story,
    fault: Fault,
    scope: Scope,
    keys: Vec<OrderKey>,
    ids: Vec<String>,
    /// The order of each id.
    groups: Vec<OrderKey>,
    /// Which of the ids are releases.
    releases: u8,
    items: Interned<Item>,
    nodes: Vec<Node>,
    /// The places of nodes.
    places: Interned<At>,
    leads: HashMap<(u32, Input), u32>,
    verdicts: HashMap<[u32; KEYS], Verdict>,
    outcomes: Vec<Outcomes>,
}

pub(crate) fn said(message: usize) -> Receipt {
    // One time for all: what matters is what was told, and not when.
    Receipt { sha256: format!("{message:064x}"), ..receipt(0) }
}

fn written(item: Item) -> Item {
    Item { version: Some(1), ..item }
}

impl Stack {
    pub(crate) fn new(story: &'static Story, scope: Scope, fault: Fault) -> Self {
        assert!(story.messages.len() <= MOST_MESSAGES);
        assert!(scope.receivers <= MOST_RECEIVERS && scope.dispatchers <= MOST_DISPATCHERS);
        let first = story.messages[0].statement.key.clone();
        let idle = Node { at: At::Idle, next: Do::Nothing, item: None, seen: 0, wrong: None };
        Self {
            story,
            fault,
            scope,
            keys: Vec::new(),
            ids: Vec::new(),
            groups: Vec::new(),
            releases: 0,
            items: Interned::new(Item::new(first)),
            nodes: vec![idle],
            places: Interned::new(At::Idle),
            leads: HashMap::new(),
            verdicts: HashMap::new(),
            outcomes: outcomes(story),
        }
    }

    fn key(&mut self, key: &OrderKey) -> u8 {
        let known = self.keys.iter().position(|known| known == key);
        let at = known.unwrap_or_else(|| {
            self.keys.push(key.clone());
            self.keys.len() - 1
        });
        assert!(at < KEYS, "{:?}", self.keys);
        at as u8
    }

    fn id(&mut self, id: &str, group: &OrderKey) -> u8 {
        let known = self.ids.iter().position(|known| known == id);
        let at = known.unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.groups.push(group.clone());
            self.ids.len() - 1
        });
        assert!(at < IDS, "{:?}", self.ids);
        at as u8
    }

    fn item(&self, state: &State, key: usize) -> Item {
        match state.items[key] {
            0 => Item::new(self.keys[key].clone()),
            item => self.items.value(item).clone(),
        }
    }

    /// The number of a process that is here, with what it does next.
    fn node(&mut self, mut at: At, seen: u8) -> u32 {
        let mut seen = seen;
        let (mut next, mut pending, mut wrong) = (Do::End, None, None);
        match &mut at {
            At::Idle => return 0,
            At::Claims { claims, .. } => loop {
                match claims.step() {
                    Step::Load(keys) => {
                        next = Do::Load(keys.iter().fold(0, |all, key| all | 1 << self.key(key)));
                    }
                    Step::Name(item) => pending = Some(*item),
                    Step::Settle(write) | Step::Take(write) => pending = Some(write.item),
                    Step::Again(_) => {
                        seen = 0;
                        continue;
                    }
                    Step::End(End::Stored(_) | End::Known(_)) => {}
                    Step::End(end) => wrong = Some(format!("{end:?}")),
                }
                break;
            },
            At::Register { key, seen } => match seen.follow(key) {
                Err(Astray::Unread(key)) => next = Do::Load(1 << self.key(&key)),
                Err(astray) => wrong = Some(format!("{astray:?}")),
                Ok(way) => {
                    let Registration { amount, .. } = self.story.registration.as_ref().unwrap();
                    let euro = Currency::from_alpha("EUR").unwrap();
                    let (mut order, item) = (way.order().0, way.end.clone());
                    let at = said(0).received_at;
                    if let Ok(Outcome::Changed(_) | Outcome::Retold(_)) =
                        order.register(*amount, euro, at, POLICY)
                    {
                        pending = Some(Item { order, ..item });
                    }
                }
            },
            At::Dispatch { dispatch, .. } => match dispatch.step(said(0).received_at) {
                Sending::Load(key) => next = Do::Load(1 << self.key(&key)),
                Sending::Send(message) => {
                    let id = self.id(&message.event.id, &message.order);
                    self.releases |= u8::from(message.event.kind == FULFILMENT_REQUESTED) << id;
                    next = Do::Send(id);
                }
                Sending::Mark(write) => pending = Some(write.item),
                Sending::Name(item) => pending = Some(*item),
                Sending::End => {}
                Sending::Astray(key) => wrong = Some(format!("{key} leads to a name")),
            },
        }
        if let Some(item) = &pending {
            let key = self.key(item.order.key());
            next = Do::Write { key, item: self.items.number(written(item.clone())) };
        }
        let number = self.places.number(at.clone());
        if number as usize == self.nodes.len() {
            self.nodes.push(Node { at, next, item: pending, seen, wrong });
        }
        number
    }

    /// Where a process goes from here.
    fn lead(&mut self, from: u32, input: Input) -> u32 {
        if let Some(known) = self.leads.get(&(from, input)) {
            return *known;
        }
        let Node { at, item, seen, .. } = &self.nodes[from as usize];
        let (mut at, mut seen, item) = (at.clone(), *seen, item.clone());
        // As it is read by others from now on.
        let stored = item.clone().map(written);
        match (&mut at, input) {
            (_, Input::Loaded(key, number)) => {
                let loaded = match number {
                    0 => Item::new(self.keys[usize::from(key)].clone()),
                    number => self.items.value(number).clone(),
                };
                match &mut at {
                    At::Idle => unreachable!(),
                    At::Claims { claims, .. } => claims.loaded(loaded),
                    At::Register { seen, .. } => seen.put(loaded),
                    At::Dispatch { dispatch, .. } => {
                        // What it reads first it keeps as the name too.
                        seen |= NAMED;
                        dispatch.loaded(loaded);
                    }
                }
                seen |= 1 << key;
            }
            (At::Claims { claims, .. }, Input::Done) => {
                let item = item.unwrap();
                let is_taken = matches!(claims.step(), Step::Take(_));
                if is_taken {
                    claims.taken();
                } else {
                    claims.written(item);
                    claims.loaded(stored.unwrap());
                }
            }
            (At::Claims { claims, .. }, Input::Refused) => {
                claims.refused();
                seen = 0;
            }
            (At::Register { seen: read, .. }, Input::Done) => read.put(stored.unwrap()),
            (At::Register { seen: read, .. }, Input::Refused) => {
                *read = Items::default();
                seen = 0;
            }
            (At::Dispatch { dispatch, .. }, Input::Done) => match item {
                Some(item) => {
                    dispatch.written(item);
                    dispatch.loaded(stored.unwrap());
                }
                None => dispatch.sent(),
            },
            (At::Dispatch { dispatch, .. }, Input::Refused) => {
                dispatch.refused();
                seen &= NAMED;
            }
            (At::Idle, _) => unreachable!(),
        }
        let to = self.node(at, seen);
        self.leads.insert((from, input), to);
        to
    }

    fn begin_claims(&mut self, message: usize) -> u32 {
        let statement: &'static _ = &self.story.messages[message].statement;
        self.node(At::Claims { message, claims: Claims::new(statement, said(message), POLICY) }, 0)
    }

    /// Whether an item that a process wants to write was written since it read it.
    fn is_stale(&self, task: Task, key: u8) -> bool {
        let is_dispatch = matches!(self.nodes[task.node as usize].at, At::Dispatch { .. });
        if self.fault == Fault::NoConditions || self.fault == Fault::MarksBlindly && is_dispatch {
            return false;
        }
        let bit = match &self.nodes[task.node as usize] {
            Node { at: At::Dispatch { key: named, .. }, item: Some(item), .. }
                if item.join.is_some() && *named == key =>
            {
                NAMED
            }
            _ => 1 << key,
        };
        task.stale & bit != 0
    }

    /// Notes for everybody who has read an item that it is written.
    fn outdate(&self, state: &mut State, key: u8) {
        let tasks = state.receivers.iter_mut().chain([&mut state.registrar]);
        for task in tasks.chain(&mut state.dispatchers) {
            let node = &self.nodes[task.node as usize];
            task.stale |= node.seen & 1 << key;
            if matches!(node.at, At::Dispatch { key: named, .. } if named == key) {
                task.stale |= node.seen & NAMED;
            }
        }
    }

    /// One step of a process. Where its answer is lost, what it wrote is there, and it is told otherwise.
    fn step(&mut self, state: &mut State, task: Task, is_lost: bool) -> Task {
        match self.nodes[task.node as usize].next {
            Do::Nothing => task,
            Do::Load(keys) => self.load(state, task, keys.trailing_zeros() as u8),
            Do::Write { key, item } => {
                if self.is_stale(task, key) {
                    let to = self.lead(task.node, Input::Refused);
                    return self.went(to, task.stale);
                }
                state.items[usize::from(key)] = item;
                self.outdate(state, key);
                let mut stale = task.stale;
                // It holds what it wrote now; a name that it read before is another matter.
                stale &= !(1 << key);
                let node = &self.nodes[task.node as usize];
                if matches!(node.at, At::Dispatch { key: named, .. } if named == key) {
                    stale |= node.seen & NAMED;
                }
                let to = self.lead(task.node, if is_lost { Input::Refused } else { Input::Done });
                self.went(to, stale)
            }
            Do::Send(id) => {
                if self.fault != Fault::MarksFirst {
                    self.send(state, id);
                }
                let to = self.lead(task.node, Input::Done);
                self.went(to, task.stale)
            }
            Do::End => {
                if self.fault == Fault::MarksFirst {
                    let At::Dispatch { dispatch, .. } = &self.nodes[task.node as usize].at else {
                        return Task::default();
                    };
                    for id in dispatch.ids().to_vec() {
                        let at = self.ids.iter().position(|known| *known == id).unwrap();
                        self.send(state, at as u8);
                    }
                }
                Task::default()
            }
        }
    }

    /// One of the items is read that a process waits for.
    fn load(&mut self, state: &State, task: Task, key: u8) -> Task {
        let Node { at, seen, .. } = &self.nodes[task.node as usize];
        let is_name = matches!(at, At::Dispatch { .. }) && seen & NAMED == 0;
        let bits = 1 << key | if is_name { NAMED } else { 0 };
        let to = self.lead(task.node, Input::Loaded(key, state.items[usize::from(key)]));
        self.went(to, task.stale & !bits)
    }

    /// The items of which one is read next.
    fn awaited(&self, task: Task) -> Vec<u8> {
        match self.nodes[task.node as usize].next {
            Do::Load(keys) => (0..KEYS as u8).filter(|key| keys & 1 << key != 0).collect(),
            _ => Vec::new(),
        }
    }

    fn went(&self, to: u32, stale: u8) -> Task {
        Task { node: to, stale: stale & self.nodes[to as usize].seen }
    }

    /// The queue takes a message, unless it still knows the id.
    fn send(&mut self, state: &mut State, id: u8) {
        let mut id = id;
        if self.fault == Fault::FreshIds && state.sent & 1 << id != 0 {
            let (text, group) =
                (format!("{}!", self.ids[usize::from(id)]), self.groups[usize::from(id)].clone());
            let again = self.id(&text, &group);
            self.releases |= (self.releases >> id & 1) << again;
            id = again;
        }
        state.sent |= 1 << id;
        if !self.scope.has_queue {
            state.acted |= 1 << (2 * id);
            return;
        }
        if state.remembered & 1 << id == 0 {
            let waits = state.queue.iter().filter(|waiting| **waiting == id + 1).count();
            if waits < 2 {
                let free = state.queue.iter().position(|waiting| *waiting == 0);
                state.queue[free.expect("room in the queue")] = id + 1;
            }
        }
        state.remembered |= 1 << id;
    }

    fn delete(state: &mut State, holds: u8) {
        let at = state.queue.iter().position(|waiting| *waiting == holds).unwrap();
        state.queue.copy_within(at + 1.., at);
        state.queue[QUEUE - 1] = 0;
    }

    /// One step of the consumer, as docs/consumer.md asks for it: claim, act, settle, delete.
    fn consume(&self, state: &mut State) {
        let Consumer { holds, stage } = state.consumer;
        let id = u16::from(holds - 1);
        let noted = state.noted >> (2 * id) & 3;
        let note = |state: &mut State, what: u16| {
            state.noted = state.noted & !(3 << (2 * id)) | what << (2 * id);
        };
        let act = |state: &mut State, knows_ids: bool| {
            state.acted_again |= noted == DONE;
            let times = state.acted >> (2 * id) & 3;
            let times = if knows_ids { 1 } else { (times + 1).min(3) };
            state.acted = state.acted & !(3 << (2 * id)) | times << (2 * id);
        };
        match (self.fault, stage) {
            (Fault::NoMemory, GOT) => {
                act(state, false);
                state.consumer.stage = SETTLED;
            }
            (Fault::DeletesFirst, GOT) => {
                Self::delete(state, holds);
                state.consumer.stage = CLAIMED;
            }
            (Fault::DeletesFirst, _) => {
                if noted != DONE {
                    act(state, true);
                }
                note(state, DONE);
                state.consumer = Consumer::default();
            }
            (_, GOT) if noted == DONE => state.consumer.stage = SETTLED,
            // Somebody else's claim runs: the message comes again.
            (_, GOT) if noted == CLAIM => state.consumer = Consumer::default(),
            (_, GOT) => {
                note(state, CLAIM);
                state.consumer.stage = CLAIMED;
            }
            (Fault::SettlesFirst, CLAIMED) => {
                note(state, DONE);
                state.consumer.stage = HANDED;
            }
            (Fault::SettlesFirst, HANDED) => {
                // Not again in its own eyes: it noted it for itself.
                state.acted |= 1 << (2 * id);
                state.consumer.stage = SETTLED;
            }
            (_, CLAIMED) => {
                act(state, true);
                state.consumer.stage = HANDED;
            }
            (_, HANDED) => {
                note(state, DONE);
                state.consumer.stage = SETTLED;
            }
            (_, _) => {
                Self::delete(state, holds);
                state.consumer = Consumer::default();
            }
        }
    }

    /// The items whose decisions the queue was not told.
    fn unsent(&self, state: &State) -> Vec<u8> {
        let is = |key: &usize| {
            let item = state.items[*key];
            item != 0 && self.items.value(item).order.has_unsent()
        };
        (0..self.keys.len()).filter(is).map(|key| key as u8).collect()
    }

    fn message_of(&self, task: Task) -> Option<usize> {
        match self.nodes[task.node as usize].at {
            At::Claims { message, .. } => Some(message),
            _ => None,
        }
    }

    fn writes(&self, task: Task) -> bool {
        matches!(self.nodes[task.node as usize].next, Do::Write { .. })
    }

    fn ends(&self, task: Task) -> bool {
        matches!(self.nodes[task.node as usize].next, Do::End)
    }

    fn verdict(&mut self, state: &State) -> &Verdict {
        if !self.verdicts.contains_key(&state.items) {
            let mut items = Items::default();
            (0..self.keys.len()).for_each(|key| items.put(self.item(state, key)));
            let verdict = self.judge(&items);
            self.verdicts.insert(state.items, verdict);
        }
        &self.verdicts[&state.items]
    }

    fn judge(&mut self, items: &Items) -> Verdict {
        let story = self.story;
        let (mut held, mut shown) = (0, 0);
        for (at, Message { statement, .. }) in story.messages.iter().enumerate() {
            let has = |order: &Order| {
                let mut facts = statement.facts.iter();
                facts.all(|fact| order.facts().knows(fact, Standing::Respellable))
            };
            let names = || [&statement.key].into_iter().chain(&statement.aliases);
            let is_shown = names().filter_map(|name| items.order(name)).any(|order| has(&order));
            // A name holds what its order is about to take, also where another name leads past it for now.
            let is_held = is_shown || items.iter().any(|item| has(&item.order));
            shown |= u8::from(is_shown) << at;
            held |= u8::from(is_held) << at;
        }
        if let Some(Registration { key, .. }) = &story.registration
            && items.order(key).is_some_and(|order| order.registered().is_some())
        {
            held |= REGISTERED;
            shown |= REGISTERED;
        }
        let orders: Vec<&Order> =
            items.iter().filter(|item| item.join.is_none()).map(|item| &item.order).collect();
        let mut decided = 0;
        for order in &orders {
            let ids = order.fulfilment().map(|f| &f.id).into_iter();
            for id in ids.chain(order.reversals().iter().map(|r| &r.id)) {
                decided |= 1 << self.id(id, order.key());
            }
        }
        let wrong = wrong(story, &orders);
        let wrong_at_rest = wrong_at_rest(&orders).or_else(|| {
            if shown != story.all() {
                return Some(format!("shown {shown:b} alone: {}", show(items)));
            }
            let is_one = |items: &Items| self.outcomes.contains(&outcome(items));
            let is_right = match story.ends {
                Ends::Anyhow => true,
                Ends::AsToldInTurn => is_one(items),
                Ends::AsToldOnceMore => is_one(items) || is_one(&told_again(story, items)),
            };
            (!is_right).then(|| format!("no order of arrival comes to this: {}", show(items)))
        });
        Verdict { held, wrong, decided, wrong_at_rest }
    }
}
