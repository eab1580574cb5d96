//! Which names stand for one share.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Kind, ShareFact};

/// The names of shares. A message may name one by its id or by its other name, and those that give both join
/// the two.
///
/// Debits with one other name are one payment even if the provider should name it by two ids: counting it
/// twice would give goods away. Refunds of one payment may share its other name, so there that leads to an
/// id only when no other has it.
pub(super) struct ShareNames<'a> {
    /// From each name of a debit to the one that stands for it.
    debits: BTreeMap<&'a str, &'a str>,
    /// From each other name to the ids that have it.
    others: BTreeMap<(Kind, &'a str), BTreeSet<&'a str>>,
}

impl<'a> ShareNames<'a> {
    pub(super) fn of(facts: &[&'a ShareFact]) -> Self {
        let mut debits = Vec::new();
        let mut others: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for fact in facts {
            match fact.other_name.as_deref() {
                Some(other) if fact.kind == Kind::Debit => {
                    debits.push((fact.share.as_str(), other));
                }
                Some(other) => {
                    others.entry((fact.kind, other)).or_default().insert(fact.share.as_str());
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
        // What has another name besides is named by its id, also where that looks like another name.
        let known = self.others.get(&(fact.kind, share)).filter(|_| fact.other_name.is_none());
        known
            .filter(|names| names.len() == 1)
            .and_then(|names| names.first())
            .copied()
            .unwrap_or(share)
    }
}

/// Joins pairs of id and other name that have one in common; the least id stands for them all.
fn joined<'a>(pairs: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (new, (id, other)) in pairs.iter().enumerate() {
        let group = *groups.entry(id).or_insert(new);
        let joined = *groups.entry(other).or_insert(group);
        if joined != group {
            groups.values_mut().filter(|g| **g == joined).for_each(|g| *g = group);
        }
    }
    let mut least: BTreeMap<usize, &str> = BTreeMap::new();
    for (id, group) in pairs.iter().filter_map(|(id, _)| Some((*id, groups.get(id)?))) {
        let known = least.entry(*group).or_insert(id);
        *known = id.min(known);
    }
    groups.iter().filter_map(|(name, group)| Some((*name, *least.get(group)?))).collect()
}
