//! What became of a line, as the facts show it after the provider was asked.

use std::collections::BTreeSet;

use super::line::{Line, LineState, Snapshot};
use crate::api::Verb;
use crate::fact::{ShareFact, Status};
use crate::fold::{Back, Holding, Holdings, Way};
use crate::rules::{Rules, Stage};

/// What the facts show of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing.
    Unseen,
    /// It stands so.
    Seen(LineState, Option<String>),
    /// Several things may be it.
    Several,
}

/// What is known of the target before a call.
pub(super) fn snapshot(held: &Holdings<'_>, line: &Line, rules: &Rules) -> Snapshot {
    let Some(debit) = target(held, line, rules) else {
        return Snapshot::default();
    };
    let credits = debit.backs.iter().flat_map(|back| back.ids.iter().map(|id| (*id).to_owned()));
    Snapshot {
        credits: credits.collect(),
        captured: debit.captured,
        gone: debit.gone(),
        had_failed: stages(debit, rules).contains(&Stage::HeldAgain),
    }
}

/// What the facts show of a line. `taken` are the credits that other lines are known to have made.
pub(super) fn sight(
    held: &Holdings<'_>,
    line: &Line,
    rules: &Rules,
    taken: &BTreeSet<String>,
) -> Sight {
    match (line.verb, target(held, line, rules)) {
        (Verb::Refund, debit) => of_refund(held, debit, line, taken),
        (_, None) => Sight::Unseen,
        (Verb::Cancel, Some(debit)) => of_cancellation(debit, line, rules),
        (Verb::Capture, Some(debit)) => of_capture(debit, line, rules),
    }
}

fn target<'h, 'a>(held: &'h Holdings<'a>, line: &Line, rules: &Rules) -> Option<&'h Holding<'a>> {
    let is_it = |id: &&str| rules.target.of(id).as_deref() == Some(line.target.as_str());
    held.debits.iter().find(|debit| debit.ids.iter().any(is_it))
}

/// The credit that has the provider's id; where that is not known, the only new one of the amount.
fn of_refund(
    held: &Holdings<'_>,
    debit: Option<&Holding<'_>>,
    line: &Line,
    taken: &BTreeSet<String>,
) -> Sight {
    if let Some(psp_id) = &line.psp_id {
        let all = held.debits.iter().flat_map(|debit| &debit.backs).chain(&held.orphans);
        let found = all.filter(|back| back.ids.contains(psp_id.as_str())).map(|back| back.way);
        return match found.max() {
            Some(way) => Sight::Seen(state(way), None),
            None => Sight::Unseen,
        };
    }
    let is_new = |back: &&Back<'_>| {
        let mut ids = back.ids.iter();
        back.is_part
            && back.amount == line.amount
            && !ids.any(|id| line.before.credits.contains(*id) || taken.contains(*id))
    };
    let mut new = debit.into_iter().flat_map(|debit| &debit.backs).filter(is_new);
    match (new.next(), new.next()) {
        (None, _) => Sight::Unseen,
        (Some(back), None) => Sight::Seen(state(back.way), Some(back.name.to_owned())),
        (Some(_), Some(_)) => Sight::Several,
    }
}

fn state(way: Way) -> LineState {
    match way {
        Way::Back => LineState::Done,
        Way::Asked => LineState::Sent,
        Way::Refused => LineState::Refused,
    }
}

fn of_cancellation(debit: &Holding<'_>, line: &Line, rules: &Rules) -> Sight {
    if let Some(state) = of_own_operation(debit, line, rules, Status::Cancelled) {
        return Sight::Seen(state, None);
    }
    let stages = stages(debit, rules);
    match debit.status {
        Status::Cancelled | Status::Expired => Sight::Seen(LineState::Done, None),
        Status::Refused => Sight::Seen(LineState::Refused, None),
        // A capture came first, and left no room: one of another part of the share may land beside the cancellation.
        _ if debit.captured > line.before.captured && !has_room(debit, line) => {
            Sight::Seen(LineState::Refused, None)
        }
        Status::Captured if debit.reserved == 0 => Sight::Seen(LineState::Done, None),
        _ if stages.contains(&Stage::HeldAgain) && !line.before.had_failed => {
            Sight::Seen(LineState::Refused, None)
        }
        _ => Sight::Unseen,
    }
}

/// Whether what is taken of the share leaves as much as the line is to give up.
fn has_room(debit: &Holding<'_>, line: &Line) -> bool {
    debit.target.is_some_and(|target| debit.captured.saturating_add(line.amount) <= target)
}

fn of_capture(debit: &Holding<'_>, line: &Line, rules: &Rules) -> Sight {
    if let Some(state) = of_own_operation(debit, line, rules, Status::Captured) {
        return Sight::Seen(state, None);
    }
    let stages = stages(debit, rules);
    let more = debit.captured.saturating_sub(line.before.captured);
    // Where the provider tells operations apart, what another one took is not this one's.
    let is_first = |id: &String| {
        let mut firsts = debit.facts.iter().filter(|fact| !fact.is_later_operation());
        debit.ids.contains(id.as_str()) || firsts.any(|fact| fact.operation.as_ref() == Some(id))
    };
    let is_apart = line.psp_id.as_ref().is_some_and(|id| !is_first(id))
        && debit.facts.iter().any(|fact| fact.is_later_operation());
    match debit.status {
        _ if more >= line.amount && !is_apart => Sight::Seen(LineState::Done, None),
        // The provider takes it by itself from here on.
        _ if rules.capture_is_order && stages.iter().all(|stage| *stage == Stage::Due) => {
            Sight::Seen(LineState::Done, None)
        }
        Status::Cancelled | Status::Refused | Status::Expired => {
            Sight::Seen(LineState::Refused, None)
        }
        _ if stages.contains(&Stage::HeldAgain) && !line.before.had_failed => {
            Sight::Seen(LineState::Refused, None)
        }
        _ => Sight::Unseen,
    }
}

/// What the provider says of the very operation that it made of the line, which ends as `done`: nothing else that happens to
/// the share speaks of the line then. `None` where the provider named no operation of its own, or does not show it.
fn of_own_operation(
    debit: &Holding<'_>,
    line: &Line,
    rules: &Rules,
    done: Status,
) -> Option<LineState> {
    let is_its = |fact: &&&ShareFact| {
        fact.is_later_operation() && line.psp_id.is_some() && fact.operation == line.psp_id
    };
    let own: Vec<&ShareFact> = debit.facts.iter().filter(is_its).copied().collect();
    let failed = |fact: &&ShareFact| rules.stage(fact) == Stage::HeldAgain;
    if own.is_empty() {
        None
    } else if own.iter().any(|fact| fact.meaning.status == done) {
        Some(LineState::Done)
    } else if own.iter().any(failed) {
        Some(LineState::Refused)
    } else {
        Some(LineState::Sent)
    }
}

/// What can be done in the statuses that the debit's facts of the highest rank state.
fn stages(debit: &Holding<'_>, rules: &Rules) -> BTreeSet<Stage> {
    let top = debit.facts.iter().filter(|fact| fact.meaning.rank == debit.rank);
    top.map(|fact| rules.stage(fact)).collect()
}
