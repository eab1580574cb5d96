//! What has to hold after every write, and what once nothing moves any more.

use quittance_core::{Order, Statement};

use crate::sdk::stored::Stored;
use crate::verdict::{
    Seen, Truth, Verdict, all_acted_on, desk_ends, eventual_release, is_held, no_early_release,
    told_once,
};

/// What was seen of a run until now.
#[derive(Debug)]
pub(crate) struct Judge {
    seen: Seen,
    /// What was answered with 200.
    promised: Vec<Statement>,
}

impl Judge {
    pub(crate) fn new(purchases: usize) -> Self {
        Self { seen: Seen::new(purchases), promised: Vec::new() }
    }

    /// Something was written: what was answered is held all the same.
    pub(crate) fn is_kept(&self, stored: &Stored) -> Verdict {
        self.promised.iter().try_for_each(|statement| is_held(statement, &stored.items))
    }

    /// An order was written.
    pub(crate) fn written(&mut self, purchase: usize, order: &Order, truth: Truth) -> Verdict {
        told_once(order)?;
        self.seen.one_fulfilment(purchase, order)?;
        no_early_release(order, truth)?;
        self.seen.no_regress(purchase, order, truth.policy)
    }

    /// A notification was answered with 200: what it states is stored, and stays so.
    pub(crate) fn promised(&mut self, statements: &[Statement], stored: &Stored) -> Verdict {
        self.promised.extend_from_slice(statements);
        statements.iter().try_for_each(|statement| is_held(statement, &stored.items))
    }

    /// What has to hold of an order once nothing moves any more. `acted` says whether the consumer acted on an id.
    pub(crate) fn at_rest(
        &self,
        order: &Order,
        truth: Truth,
        stored: &Stored,
        acted: impl Fn(&str) -> bool,
    ) -> Verdict {
        if let Some(key) = stored.unsent.first() {
            return Err(format!("{key} has a decision that was never sent"));
        }
        all_acted_on(order, acted)?;
        eventual_release(order, truth)?;
        // Either provider may leave it to a person here.
        stored.desk(order).map_or(Ok(()), |desk| desk_ends(order.key(), desk, true))
    }
}
