//! Orders and names as they are stored, each under its key.

use std::collections::BTreeMap;

use crate::key::OrderKey;
use crate::order::Order;

/// Most names followed from an item to the order it names. One is all that is ever written.
const MAX_HOPS: usize = 3;

/// What is stored under one key: an order, or an alias of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The order; of a name what was known under it. Without facts where nothing is stored.
    pub order: Order,
    /// Counts the writes, and is the condition of the next one. `None` where nothing is stored.
    pub version: Option<u64>,
    /// The order that this item points to, if it is an alias.
    pub join: Option<Alias>,
    /// The order from which facts were moved here, while that order may still hold them.
    pub former: Option<OrderKey>,
}

impl Item {
    /// Nothing stored.
    pub fn new(key: OrderKey) -> Self {
        Self { order: Order::new(key), version: None, join: None, former: None }
    }

    /// The same once it is written.
    pub fn next(mut self) -> Self {
        self.version = Some(self.version.map_or(1, |version| version + 1));
        self
    }
}

/// The target of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The order it names.
    pub home: OrderKey,
    /// Whether only later operations have claimed the alias: the payment itself may still claim it.
    pub weak: bool,
}

/// Items by their keys: what a `Claims` has seen, or a table that is no more than a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items(BTreeMap<OrderKey, Item>);

/// Why a name leads to no order yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Astray {
    /// This item has not been read.
    Unread(OrderKey),
    /// From this item on there are more names than are ever written.
    TooFar(OrderKey),
}

/// An order, and the names that lead to it from where it was looked for.
#[derive(Clone, Debug)]
pub struct Way<'a> {
    /// The names, the nearest last.
    pub names: Vec<&'a Item>,
    /// The order.
    pub end: &'a Item,
    /// Whether every former order has given up the facts that were moved to the aliases.
    pub(super) is_settled: bool,
}

impl<'a> Way<'a> {
    /// The names that the order does not list.
    pub(super) fn unlisted(&self) -> Vec<&'a Item> {
        let aliases = &self.end.order.aliases;
        let names = self.names.iter().copied();
        names.filter(|name| !aliases.contains(&name.order.key.order)).collect()
    }

    /// The order with what is held under names that it does not list yet (we died between writing the name
    /// and the order), so that it is seen, sent and stored with the next write. Whether there was any.
    pub fn order(&self) -> (Order, bool) {
        let mut order = self.end.order.clone();
        let mut repaired = false;
        for name in self.unlisted() {
            // While another order has to give something up, that order has it: it may be released for it.
            // Whoever claims the name next sees to that.
            if name.former.is_some() && !self.is_settled {
                continue;
            }
            let text = &name.order.key.order;
            let before = order.clone();
            // A weak claim may be overruled, so its order does not list the name.
            if !name.join.as_ref().is_some_and(|join| join.weak) {
                order.aliases.insert(text.clone());
            }
            order.absorb(name.order.clone());
            repaired |= order != before;
        }
        (order, repaired)
    }
}

impl Items {
    /// What is known of a key.
    pub fn get(&self, key: &OrderKey) -> Option<&Item> {
        self.0.get(key)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.0.values()
    }

    /// Notes what is stored under a key.
    pub fn put(&mut self, item: Item) {
        self.0.insert(item.order.key.clone(), item);
    }

    /// The order to which a key leads.
    pub fn follow(&self, key: &OrderKey) -> Result<Way<'_>, Astray> {
        let mut names = Vec::new();
        let mut key = key;
        loop {
            let item = self.get(key).ok_or_else(|| Astray::Unread(key.clone()))?;
            let Some(join) = &item.join else {
                return Ok(Way { names, end: item, is_settled: false });
            };
            if names.len() == MAX_HOPS {
                return Err(Astray::TooFar(item.order.key.clone()));
            }
            names.push(item);
            key = &join.home;
        }
    }

    /// Reads from a map: what was never written is there without facts.
    pub fn load(&self, key: &OrderKey) -> Item {
        self.get(key).cloned().unwrap_or_else(|| Item::new(key.clone()))
    }

    /// Writes into a map on condition that nobody wrote since. Whether it is written.
    pub fn save(&mut self, item: Item) -> bool {
        let is_current = self.load(&item.order.key).version == item.version;
        if is_current {
            self.put(item.next());
        }
        is_current
    }

    /// The order under one of its names. `None` where there are more names than are ever written.
    pub fn order(&self, key: &OrderKey) -> Option<Order> {
        let mut read = Self::default();
        loop {
            match read.follow(key) {
                Ok(way) => return Some(way.order().0),
                Err(Astray::Unread(key)) => read.put(self.load(&key)),
                Err(Astray::TooFar(_)) => return None,
            }
        }
    }
}
