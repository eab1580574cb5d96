//! What a person should know of an order, as far as its facts say it. What time says (a voucher that
//! is stranded) is added where the order is shown.

use std::collections::BTreeSet;

use super::tally::Tally;
use crate::fact::{Fact, Facts, Flag, Kind, Rank, Status};
use crate::money::Currency;

/// The flags of an order, whose sound facts may show that it was `paid`. Doubtful facts set none on an order
/// that was paid without them. `is_doubted` is [`is_doubted`] of the same.
pub(super) fn of(
    facts: &Facts,
    shown: &Tally<'_>,
    currency: Option<Currency>,
    paid: bool,
    is_doubted: bool,
) -> BTreeSet<Flag> {
    let ambiguous = shown.undecided() || is_doubted;
    let overpaid = currency.is_some_and(|currency| shown.sums(currency).overpaid());
    [
        (Flag::Ambiguous, ambiguous),
        (Flag::AmountMismatch, shown.amounts_disagree(currency)),
        (Flag::CurrencyMismatch, shown.in_several_currencies()),
        (Flag::Overpaid, overpaid),
        (Flag::UnknownStatus, unknown_status(facts, shown, paid)),
        (Flag::OverRefunded, shown.over_refunded(currency)),
    ]
    .into_iter()
    .filter_map(|(flag, on)| on.then_some(flag))
    .collect()
}

/// Whether the order is ambiguous for another reason than that amounts can be read in two ways.
pub(super) fn is_doubted(facts: &Facts, is_whole_unknown: bool, paid: bool) -> bool {
    unsettled(facts, paid) || is_whole_unknown
}

/// Whether some fact in doubt still waits for a sound one. A doubt about a debit is settled when the
/// order was paid without it or its share is captured for certain; a doubt about a credit when the
/// same credit is final for certain, or when nobody vouches for it and the order was paid.
fn unsettled(facts: &Facts, paid: bool) -> bool {
    let certain: BTreeSet<(Kind, &str)> = facts
        .shares()
        .filter(|(share, standing)| standing.is_sound() && share.meaning.rank == Rank::FINAL)
        .map(|(share, _)| (share.kind, share.share.as_str()))
        .collect();
    let in_doubt = facts.iter().filter(|(_, standing)| !standing.is_sound());
    in_doubt.filter(|(_, standing)| !(paid && standing.is_doubtful())).any(|(fact, _)| match fact {
        Fact::Share(s) if s.kind == Kind::Credit => !certain.contains(&(s.kind, s.share.as_str())),
        Fact::Share(s) => !paid && !certain.contains(&(s.kind, s.share.as_str())),
        Fact::Total(_) => !paid,
    })
}

/// Whether a share has a status that no table knows, and is not final all the same.
fn unknown_status(facts: &Facts, shown: &Tally<'_>, paid: bool) -> bool {
    facts
        .shares()
        .filter(|(fact, standing)| {
            fact.meaning.status == Status::Unknown && !(paid && standing.is_doubtful())
        })
        .any(|(fact, _)| !shown.is_final(fact.kind, &fact.share))
}
