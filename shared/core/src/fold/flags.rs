//! What a person should know of an order, as far as its facts say it. What time says (a voucher that
//! is stranded) is added where the order is shown.

use std::collections::BTreeSet;

use super::tally::Tally;
use crate::fact::{Fact, Facts, Flag, Kind, Rank, Standing, Status};
use crate::money::Currency;

/// The flags of an order, whose sound facts may be `complete`.
pub(super) fn of(
    facts: &Facts,
    shown: &Tally<'_>,
    currency: Option<Currency>,
    complete: bool,
) -> BTreeSet<Flag> {
    let ambiguous =
        shown.undecided() && !complete || unsettled(facts, complete) || shown.whole_unknown();
    let overpaid = currency.is_some_and(|currency| shown.sums(currency).overpaid());
    [
        (Flag::Ambiguous, ambiguous),
        (Flag::AmountMismatch, shown.amounts_disagree(currency)),
        (Flag::CurrencyMismatch, shown.in_several_currencies()),
        (Flag::Overpaid, overpaid),
        (Flag::UnknownStatus, unknown_status(facts, shown)),
    ]
    .into_iter()
    .filter_map(|(flag, on)| on.then_some(flag))
    .collect()
}

/// Whether some doubtful fact still waits for a sound one. A doubt about a debit is settled when the
/// order is complete without it or its share is captured for certain; a doubt about a credit when the
/// same credit is final for certain.
fn unsettled(facts: &Facts, complete: bool) -> bool {
    let certain: BTreeSet<(Kind, &str)> = facts
        .shares()
        .filter(|(share, standing)| *standing == Standing::Sound && share.rank == Rank::FINAL)
        .map(|(share, _)| (share.kind, share.share.as_str()))
        .collect();
    facts.iter().filter(|(_, standing)| *standing != Standing::Sound).any(|(fact, _)| match fact {
        Fact::Share(s) if s.kind == Kind::Credit => !certain.contains(&(s.kind, s.share.as_str())),
        Fact::Share(s) => !complete && !certain.contains(&(s.kind, s.share.as_str())),
        Fact::Total(_) => !complete,
    })
}

/// Whether a share has a status that no table knows, and is not final all the same.
fn unknown_status(facts: &Facts, shown: &Tally<'_>) -> bool {
    facts
        .shares()
        .filter(|(fact, _)| fact.status == Status::Unknown)
        .any(|(fact, _)| !shown.is_final(fact.kind, &fact.share))
}
