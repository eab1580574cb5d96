//! The room of statements that can be read in more than one way: apart from that of all others, and bounded.

use crate::fact::{Fact, Standing};
use crate::limits::{
    MAX_DOUBTFUL_BYTES_PER_ORDER, MAX_DOUBTFUL_FACTS_PER_ORDER,
    MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER,
};
use crate::order::{NotificationEntry, Order};
use crate::stored;

impl Order {
    /// Drops everything that rests on forms with more than one reading. Whether there was any: no decision depends on it, but the
    /// provider may be asked for its sake ([`Order::is_asked_for_doubts`]).
    pub fn forget_doubts(&mut self) -> bool {
        let before = self.notifications.len();
        self.notifications.retain(|received| !received.standing.is_doubtful());
        let dropped = self.facts.drop_where(|_, standing| standing.is_doubtful());
        dropped || self.notifications.len() < before
    }

    /// How many bytes of the order, as it is stored, rest on forms with more than one reading.
    pub fn doubtful_bytes(&self) -> usize {
        stored_bytes(&self.doubts())
    }

    /// What rests on forms with more than one reading.
    fn doubts(&self) -> Self {
        let mut doubts = Self::new(self.key.clone());
        for (fact, told) in self.facts.told().filter(|(_, told)| told.is_doubtful()) {
            doubts.facts.add(fact.clone(), told);
        }
        let listed = self.notifications.iter().filter(|told| told.standing.is_doubtful());
        doubts.notifications.extend(listed.cloned());
        doubts
    }

    /// Whether what can be read in more than one way still fits into its own room.
    pub(crate) fn has_room_for(
        &self,
        facts: &[&Fact],
        received: Option<&NotificationEntry>,
    ) -> bool {
        let mut doubts = self.doubts();
        let unknown = |fact: &&&Fact| !self.facts.knows(fact, Standing::Respellable);
        for fact in facts.iter().filter(unknown) {
            doubts.facts.add((*fact).clone(), Standing::Respellable);
        }
        doubts.notifications.extend(received.cloned());
        doubts.facts.told().count() <= MAX_DOUBTFUL_FACTS_PER_ORDER
            && doubts.notifications.len() <= MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER
            && stored_bytes(&doubts) <= MAX_DOUBTFUL_BYTES_PER_ORDER
    }
}

/// How many bytes it takes in a table; nothing where there is nothing.
fn stored_bytes(order: &Order) -> usize {
    if order.is_blank() {
        return 0;
    }
    // What cannot be stored has no room.
    stored::encode(order).map_or(usize::MAX, |bytes| bytes.len())
}
