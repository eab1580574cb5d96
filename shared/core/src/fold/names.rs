//! Which names stand for one share.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Kind, ShareFact};

/// The names of Lyra shares. A message may name one by uuid or by slot (day, transaction id,
/// sequence), and those that give both join the two.
///
/// Debits of one slot are one payment even if the gateway should name it by two uuids: counting it
/// twice would give goods away. Refunds of one payment may share its slot, so there a slot leads to a
/// uuid only when no other has it.
pub(super) struct Names<'a> {
    /// From each name of a debit to the one that stands for it.
    debits: BTreeMap<&'a str, &'a str>,
    /// From each slot to the uuids that have it.
    others: BTreeMap<(Kind, &'a str), BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(facts: &[&'a ShareFact]) -> Self {
        let mut debits = Vec::new();
        let mut others: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for fact in facts {
            match fact.slot.as_deref() {
                Some(slot) if fact.kind == Kind::Debit => debits.push((fact.share.as_str(), slot)),
                Some(slot) => {
                    others.entry((fact.kind, slot)).or_default().insert(fact.share.as_str());
                }
                None => {}
            }
        }
        Self { debits: joined(&debits), others }
    }

    /// The name that stands for this fact's share.
    pub(super) fn name(&self, fact: &'a ShareFact) -> &'a str {
        let share = fact.share.as_str();
        if fact.kind == Kind::Debit {
            return self.debits.get(share).copied().unwrap_or(share);
        }
        // What has a slot besides is named by its uuid, also where that looks like a slot.
        let known = self.others.get(&(fact.kind, share)).filter(|_| fact.slot.is_none());
        known
            .filter(|names| names.len() == 1)
            .and_then(|names| names.first())
            .copied()
            .unwrap_or(share)
    }
}

/// Joins pairs of uuid and slot that have a name in common; the least uuid stands for them all.
fn joined<'a>(pairs: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (new, (uuid, slot)) in pairs.iter().enumerate() {
        let group = *groups.entry(uuid).or_insert(new);
        let other = *groups.entry(slot).or_insert(group);
        if other != group {
            groups.values_mut().filter(|g| **g == other).for_each(|g| *g = group);
        }
    }
    let mut least: BTreeMap<usize, &str> = BTreeMap::new();
    for (uuid, group) in pairs.iter().filter_map(|(uuid, _)| Some((*uuid, groups.get(uuid)?))) {
        let known = least.entry(*group).or_insert(uuid);
        *known = uuid.min(known);
    }
    groups.iter().filter_map(|(name, group)| Some((*name, *least.get(group)?))).collect()
}
