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
                    self.reverse_credit(credit, &summary, at);
                }
                for debit in &summary.certain_debits {
                    self.reverse_loss(debit, &summary, at);
                }
            }
        }
        summary
    }

    /// A reversal for a credit, unless it is known; never beyond what was given back of its payment since the release,
    /// nor beyond what its payment brought.
    fn reverse_credit(&mut self, credit: &Credit, summary: &Summary, at: Timestamp) {
        // A refund may carry the reference of another order: it is told once its payment is known here.
        if credit.of_other {
            return;
        }
        let own =
            credit.amount.saturating_sub(self.gone_of(credit)).saturating_sub(self.told_of(credit));
        let left = match &credit.parent {
            Some(parent) => {
                let before = self.gone_and_told_of(parent, summary);
                let room =
                    summary.debit(parent).map_or(u64::MAX, |debit| self.room(debit, summary));
                credit.of_parent.saturating_sub(before).min(own).min(room)
            }
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
    fn reverse_loss(&mut self, debit: &Debit, summary: &Summary, at: Timestamp) {
        let Some(counted) = self.counted(debit) else {
            return;
        };
        let mut left = counted.saturating_sub(debit.captured);
        for (operation, part) in &debit.let_go {
            if self.basis.gone.contains_key(operation) {
                continue;
            }
            let amount = left.min(*part);
            left -= amount;
            self.reverse(operation, amount.min(self.room(debit, summary)), Cause::Lost, at);
        }
        if debit.lost {
            self.reverse(&debit.share, left.min(self.room(debit, summary)), Cause::Lost, at);
        }
    }

    /// How much of a credit had gone back before the release.
    fn gone_of(&self, credit: &Credit) -> u64 {
        let gone = credit.names.iter().filter_map(|name| self.basis.gone.get(name));
        gone.max().map_or(0, |gone| credit.amount.min(*gone))
    }

    /// How much of a credit was told.
    fn told_of(&self, credit: &Credit) -> u64 {
        let told = self.reversals.iter().filter(|known| credit.names.contains(&known.share));
        told.map(|reversal| reversal.amount).sum()
    }

    /// What of a debit had gone back before the release, or was told after it. What speaks of all that went back is the
    /// same money as its parts; of what was told each has its own.
    fn gone_and_told_of(&self, debit: &str, summary: &Summary) -> u64 {
        let credits = summary.certain_credits.iter();
        let its = || credits.clone().filter(|credit| credit.parent.as_deref() == Some(debit));
        let parts = its().filter(|credit| credit.is_part).map(|credit| self.gone_of(credit)).sum();
        let all = its().filter(|credit| !credit.is_part).map(|credit| self.gone_of(credit)).max();
        all.unwrap_or(0).max(parts) + its().map(|credit| self.told_of(credit)).sum::<u64>()
    }

    /// What a debit counted for the release without being captured then.
    fn counted(&self, debit: &Debit) -> Option<u64> {
        debit.names.iter().find_map(|name| self.basis.reserved.get(name)).copied()
    }

    /// How much can still be told of a debit that counted while only reserved: it brought what it counted, or what was
    /// captured of it since. A loss may be told before the capture is known, and a refund of that after it.
    fn room(&self, debit: &Debit, summary: &Summary) -> u64 {
        let Some(counted) = self.counted(debit) else {
            return u64::MAX;
        };
        let is_its = |lost: &str| {
            debit.names.contains(lost)
                || debit.let_go.iter().any(|(operation, _)| operation == lost)
        };
        let lost = self.reversals.iter().filter(|r| r.reason == Cause::Lost && is_its(&r.share));
        let lost: u64 = lost.map(|reversal| reversal.amount).sum();
        let back = debit.names.iter().map(|name| self.gone_and_told_of(name, summary)).sum::<u64>();
        counted.max(debit.captured).saturating_sub(lost).saturating_sub(back)
    }

    /// A reversal, unless there is one under this name or nothing to tell.
    fn reverse(&mut self, share: &str, amount: u64, reason: Cause, at: Timestamp) {
        if !self.reversals.iter().any(|known| known.share == share) {
            self.push_reversal(share, share, amount, reason, at);
        }
    }

    /// A reversal under the id of this name, or of another one where that id is known, unless there is nothing to tell.
    fn push_reversal(
        &mut self,
        named: &str,
        share: &str,
        amount: u64,
        reason: Cause,
        at: Timestamp,
    ) {
        if amount > 0 {
            let mut named = named.to_owned();
            let mut id = reversal_id(&self.key, &named);
            // Two credits that share a name are one until the name turns out to be of both: what was told of the one under this
            // id is told, and the rest is news. A queue and a consumer take an id once.
            while self.reversals.iter().any(|known| known.id == id) {
                named.push('+');
                id = reversal_id(&self.key, &named);
            }
            self.reversals.push(Reversal {
                id,
                share: share.to_owned(),
                amount,
                reason,
                decided_at: at,
                sent_at: None,
            });
        }
    }
}
