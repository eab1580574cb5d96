//! From a decision that is stored to its message in the queue: what to read, send and write next, as values.
//!
//! A message is sent first, and marked as sent afterwards. Whoever dies in between leaves a decision that is unsent, and
//! the next look sends the same message under the same id. The order is read anew each time, so a look that comes late
//! or twice sends nothing that is marked.
//!
//! Nothing here reads, sends or writes: [`Dispatch`] says the next step, whoever has the table and the queue carries it
//! out, and says what came of it.

use crate::claims::{Astray, Decisions, Item, Items, Write};
use crate::fold::Policy;
use crate::key::OrderKey;
use crate::message::CloudEvent;
use crate::order::Order;
use crate::time::Timestamp;

/// What to do next. An item is written on condition that it is still at the version at which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read the item of this key, and say so by [`Dispatch::loaded`].
    Load(OrderKey),
    /// Send this message, then say [`Dispatch::sent`].
    Send(Box<Message>),
    /// Write the order whose messages are sent, then say [`Dispatch::written`] or [`Dispatch::refused`].
    Mark(Box<Write>),
    /// Write an item that is a name, then say the same.
    Name(Box<Item>),
    /// There is nothing more to do.
    End,
    /// The item under this alias points to another alias, which is never written.
    Astray(OrderKey),
}

/// A message about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The order.
    pub order: OrderKey,
    /// The names by which the order was found, the nearest last.
    pub names: Vec<OrderKey>,
    /// [`Order::group`]: messages of one group keep their sequence.
    pub group: OrderKey,
    /// What is sent.
    pub event: CloudEvent,
}

/// One look at what is to be sent of an order.
#[derive(Clone, Debug)]
pub struct Dispatch {
    key: OrderKey,
    policy: Policy,
    /// The item under the key as it was found first: it may be a mere name.
    named: Option<Item>,
    /// What was read of the order.
    seen: Items,
    /// What is to be sent yet, the next one last; `None` until the order was read.
    unsent: Option<Vec<CloudEvent>>,
    /// The ids of what was sent.
    sent: Vec<String>,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Sending, and marking what was sent.
    Order,
    /// The order is marked; the name may hold the same.
    Name,
    End,
}

impl Dispatch {
    /// A look at the order under one of its names.
    pub fn new(key: OrderKey, policy: Policy) -> Self {
        let (named, seen, unsent, sent) = (None, Items::default(), None, Vec::new());
        Self { key, policy, named, seen, unsent, sent, at: At::Order }
    }

    /// The ids of the messages that were sent.
    pub fn ids(&self) -> &[String] {
        &self.sent
    }

    /// What to do next.
    pub fn step(&mut self, now: Timestamp) -> Step {
        let Some(named) = &self.named else { return Step::Load(self.key.clone()) };
        if !named.order.has_unsent() || self.at == At::End {
            return Step::End;
        }
        let way = match self.seen.follow(&self.key) {
            Ok(way) => way,
            Err(Astray::Unread(key)) => return Step::Load(key),
            Err(Astray::TooFar(key)) => return Step::Astray(key),
        };
        let (mut order, is_repaired) = way.order();
        let names = || way.names.iter().map(|name| name.order.key.clone()).collect();
        let policy = self.policy;
        let unsent = self.unsent.get_or_insert_with(|| {
            let mut unsent = order.unsent_messages(policy, now);
            unsent.reverse();
            unsent
        });
        if let Some(event) = unsent.last().cloned() {
            let group = order.group();
            return Step::Send(Box::new(Message {
                order: order.key,
                names: names(),
                group,
                event,
            }));
        }
        if self.at == At::Order {
            let marked = self.sent.iter().filter(|id| order.mark_sent(id, now)).count();
            if marked > 0 || is_repaired {
                let summary = order.summary(policy);
                let Item { version, former, .. } = way.end.clone();
                return Step::Mark(Box::new(Write {
                    item: Item { order, version, join: None, former },
                    summary,
                    decisions: Decisions::default(),
                    names: names(),
                    two_references: None,
                }));
            }
            self.at = At::Name;
        }
        match is_taken_over(named, &order) {
            true => {
                let mut named = named.clone();
                named.order.mark_all_sent(now);
                Step::Name(Box::new(named))
            }
            false => Step::End,
        }
    }

    /// An item was read.
    pub fn loaded(&mut self, item: Item) {
        self.named.get_or_insert_with(|| item.clone());
        self.seen.put(item);
    }

    /// The order under the key as it was read, where it has nothing to tell. Whoever finds it among what is to be told takes it
    /// from there: a mark that nobody takes away keeps the provider from being asked.
    pub fn told(&self) -> Option<&Item> {
        self.named.as_ref().filter(|named| !named.order.has_unsent())
    }

    /// Since when something is unsent, as it was read.
    pub fn unsent_since(&self) -> Option<Timestamp> {
        self.named.as_ref()?.order.unsent_since()
    }

    /// The queue has the message that [`Step::Send`] gave.
    pub fn sent(&mut self) {
        if let Some(event) = self.unsent.as_mut().and_then(Vec::pop) {
            self.sent.push(event.id);
        }
    }

    /// The item of [`Step::Mark`] or [`Step::Name`] is written.
    pub fn written(&mut self, item: Item) {
        if item.join.is_some() {
            self.at = At::End;
        } else {
            self.seen.put(item.next());
            self.at = At::Name;
        }
    }

    /// It is not: someone else wrote it since it was read. An order is read anew and marked; a name is looked at again
    /// another time.
    pub fn refused(&mut self) {
        match self.at {
            At::Order => self.seen = Items::default(),
            At::Name | At::End => self.at = At::End,
        }
    }
}

/// Whether the order has taken over what a mere name holds. Not while another order has still to give something up: then the
/// order does not show what the name holds, and nobody was told of it.
fn is_taken_over(named: &Item, order: &Order) -> bool {
    let is_settled = named.former.is_none() || order.aliases.contains(&named.order.key.order);
    named.join.is_some() && is_settled
}
