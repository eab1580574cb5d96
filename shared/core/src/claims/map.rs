//! Claims carried out in a map: what the adapter does in a table.

use super::items::{Astray, Item, Items};
use super::{Claims, End, Step};
use crate::fold::Policy;
use crate::key::OrderKey;
use crate::order::{AlreadyPaid, Outcome, Receipt};
use crate::registered::Registered;
use crate::statement::Statement;

impl Items {
    /// Carries one step out in a map. What became of the statement, once that is known; `None` too where it
    /// has to begin anew.
    pub fn carry_out(&mut self, claims: &mut Claims<'_>, step: Step) -> Option<End> {
        match step {
            Step::Load(keys) => keys.iter().for_each(|key| claims.loaded(self.load(key))),
            Step::Name(item) => self.write(claims, *item),
            Step::Settle(write) => self.write(claims, write.item),
            Step::Take(write) => {
                if self.save(write.item) {
                    claims.taken();
                } else {
                    claims.refused();
                }
            }
            Step::Again(_) => {}
            Step::End(end) => return Some(end),
        }
        None
    }

    fn write(&mut self, claims: &mut Claims<'_>, item: Item) {
        if self.save(item.clone()) {
            claims.written(item);
        } else {
            claims.refused();
        }
    }

    /// Takes a statement into a map. `None` where it leads round and round.
    pub fn take(&mut self, statement: &Statement, receipt: Receipt, policy: Policy) -> Option<End> {
        let mut claims = Claims::new(statement, receipt, policy);
        for _ in 0..MAX_STEPS {
            let step = claims.step();
            if let Some(end) = self.carry_out(&mut claims, step) {
                return Some(end);
            }
        }
        None
    }

    /// Registers what the order costs to which a key leads, as [`crate::order::Order::register`] does. Whether it is written.
    pub fn register(&mut self, key: &OrderKey, registered: Registered, policy: Policy) -> bool {
        while let Err(Astray::Unread(unread)) = self.follow(key) {
            self.put(Item::new(unread));
        }
        let Ok(way) = self.follow(key) else { return false };
        let Registered { amount, currency, at } = registered;
        let mut order = way.order().0;
        let item = way.end.clone();
        match order.register(amount, currency, at, policy) {
            Ok(Outcome::Changed(_) | Outcome::Retold(_)) => self.save(Item { order, ..item }),
            Ok(Outcome::Known) | Err(AlreadyPaid) => false,
        }
    }
}

/// Most steps of one statement where nobody else writes: some dozen are enough.
const MAX_STEPS: usize = 100;
