//! What is decided about an order: one release, and what is told after it.

use crate::fold::{Credit, Debit, Policy, Summary};
use crate::ids::{fulfilment_id, reversal_id};
use crate::order::Order;
use crate::release::{Basis, Cause, Fulfilment, Reversal};
use crate::time::Timestamp;

impl Order {
    /// Whether the order has unsent messages.
    pub fn has_unsent(&self) -> bool {
        self.unsent_since().is_some()
    }

    /// When the oldest unsent decision was made.
    pub fn unsent_since(&self) -> Option<Timestamp> {
        let fulfilment = self.fulfilment.iter().map(|f| (f.decided_at, f.sent_at));
        let reversals = self.reversals.iter().map(|r| (r.decided_at, r.sent_at));
        let unsent = fulfilment.chain(reversals).filter(|(_, sent)| sent.is_none());
        unsent.map(|(decided, _)| decided).min()
    }

    /// Notes that the queue has the message with this id. False where that was noted before.
    pub fn mark_sent(&mut self, id: &str, at: Timestamp) -> bool {
        let fulfilment = self.fulfilment.iter_mut().map(|f| (&f.id, &mut f.sent_at));
        let reversals = self.reversals.iter_mut().map(|r| (&r.id, &mut r.sent_at));
        let unsent =
            fulfilment.chain(reversals).find(|(known, sent)| *known == id && sent.is_none());
        if let Some((_, sent)) = unsent {
            *sent = Some(at);
            return true;
        }
        false
    }

    /// Notes that the queue has every message of this order.
    pub fn mark_all_sent(&mut self, at: Timestamp) {
        let fulfilment = self.fulfilment.iter_mut().map(|f| &mut f.sent_at);
        for sent in fulfilment.chain(self.reversals.iter_mut().map(|r| &mut r.sent_at)) {
            sent.get_or_insert(at);
        }
    }

    /// Decides anew from the facts: a release when they cover the order, a reversal for each credit that
    /// became final after it, and for what it rested on and is lost. Deciding twice changes nothing.
    /// Returns what the facts amount to.
    pub fn decide(&mut self, at: Timestamp, policy: Policy) -> Summary {
        let summary = self.summary(policy);
        match &self.fulfilment {
            None if summary.releasable => {
                let id = fulfilment_id(&self.key);
                self.fulfilment = Some(Fulfilment { id, decided_at: at, sent_at: None });
                self.basis = Basis::of(&summary, policy);
            }
            None => {}
            Some(_) => {
                for credit in &summary.certain_credits {
                    self.reverse_credit(credit, &summary.certain_credits, at);
                }
                for debit in &summary.certain_debits {
                    self.reverse_loss(debit, at);
                }
            }
        }
        summary
    }

    /// A reversal for a credit, unless it is known; never beyond what was given back of its payment.
    fn reverse_credit(&mut self, credit: &Credit, all: &[Credit], at: Timestamp) {
        let told = |credit: &Credit| -> u64 {
            if credit.names.iter().any(|name| self.basis.gone.contains(name)) {
                return credit.amount;
            }
            let told = self.reversals.iter().filter(|known| credit.names.contains(&known.share));
            told.map(|reversal| reversal.amount).sum()
        };
        // A refund may carry the reference of another order: it is told once its payment is known here.
        if credit.of_other {
            return;
        }
        let of_same = all.iter().filter(|c| credit.parent.is_some() && c.parent == credit.parent);
        let before: u64 = of_same.map(told).sum();
        let own = credit.amount.saturating_sub(told(credit));
        let left = match credit.parent {
            Some(_) => credit.of_parent.saturating_sub(before).min(own),
            None => own,
        };
        let reason = if credit.charged_back { Cause::Chargeback } else { Cause::Refund };
        let again = self.reversals.iter().any(|known| credit.names.contains(&known.share));
        // More of it became known after it was told: that is told under an id of its own.
        let named = if again {
            format!("{}+{}", credit.share, credit.amount)
        } else {
            credit.share.clone()
        };
        self.push_reversal(&named, &credit.share, left, reason, at);
    }

    /// A reversal for each part of a share that counted while only authorised, and is lost.
    fn reverse_loss(&mut self, debit: &Debit, at: Timestamp) {
        let counted = |name: &String| self.basis.reserved.get(name).copied();
        let Some(counted) = debit.names.iter().find_map(counted) else {
            return;
        };
        let mut left = counted.saturating_sub(debit.captured);
        for (operation, part) in &debit.let_go {
            if self.basis.gone.contains(operation) {
                continue;
            }
            let amount = left.min(*part);
            left -= amount;
            self.reverse(operation, amount, Cause::Lost, at);
        }
        if debit.lost {
            self.reverse(&debit.share, left, Cause::Lost, at);
        }
    }

    /// A reversal, unless there is one under this name or nothing to tell.
    fn reverse(&mut self, share: &str, amount: u64, reason: Cause, at: Timestamp) {
        if !self.reversals.iter().any(|known| known.share == share) {
            self.push_reversal(share, share, amount, reason, at);
        }
    }

    /// A reversal under the id of this name, unless there is nothing to tell.
    fn push_reversal(
        &mut self,
        named: &str,
        share: &str,
        amount: u64,
        reason: Cause,
        at: Timestamp,
    ) {
        if amount > 0 {
            self.reversals.push(Reversal {
                id: reversal_id(&self.key, named),
                share: share.to_owned(),
                amount,
                reason,
                decided_at: at,
                sent_at: None,
            });
        }
    }
}
