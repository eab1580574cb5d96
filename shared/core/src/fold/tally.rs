//! The shares added up: what is expected, reserved, taken and given back in each currency, and what
//! the sums say together.

use std::collections::{BTreeMap, BTreeSet};

use super::share::{Joined, join};
use super::{Instalments, Policy, ReleaseOn};
use crate::fact::{Fact, Facts, Kind, Rank, Standing, Status, Total};
use crate::money::Currency;

/// All facts of at least one standing, joined into shares and totals and added up.
pub(super) struct Tally<'a> {
    pub(super) shares: Vec<Joined<'a>>,
    totals: BTreeSet<&'a Total>,
    /// The sums of every currency that is named.
    sums: BTreeMap<Currency, Sums>,
}

/// The sums of one currency, in minor units.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) expected: Option<u64>,
    pub(super) authorised: u64,
    pub(super) captured: u64,
    pub(super) refunded: u64,
    /// The largest amount stated for the whole.
    largest: Option<u64>,
    /// Whether instalments are announced without their sum: then nobody knows what is too much.
    without_sum: bool,
    /// What counts towards a release under the policy.
    counted: u64,
    /// Payments that count with less than they are to reach.
    open_payments: usize,
    /// Whether one payment alone reaches the expected amount.
    one_covers: bool,
    /// Whether something is expected, reserved or taken in this currency.
    at_stake: bool,
}

impl<'a> Tally<'a> {
    /// The facts that are at least as good as `lowest`.
    pub(super) fn of(facts: &'a Facts, lowest: Standing, policy: Policy) -> Self {
        let admitted = || facts.iter().filter(|(_, standing)| *standing <= lowest);
        let shares = join(admitted().filter_map(|(fact, _)| match fact {
            Fact::Share(share) => Some(share.as_ref()),
            Fact::Total(_) => None,
        }));
        let totals: BTreeSet<&Total> = admitted()
            .filter_map(|(fact, _)| match fact {
                Fact::Total(total) => Some(total),
                Fact::Share(_) => None,
            })
            .collect();
        let sums = add_up(&shares, &totals, policy);
        Self { shares, totals, sums }
    }

    /// The sums of a currency; nothing where it is not named.
    pub(super) fn sums(&self, currency: Currency) -> Sums {
        self.sums.get(&currency).copied().unwrap_or_default()
    }

    /// The currency in which the expected amount is covered, under the policy. Where amounts are
    /// expected in two, nobody knows which is right, and covering one of them is not enough.
    pub(super) fn currency_complete(&self) -> Option<Currency> {
        let mut due = self.sums.iter().filter(|(_, sums)| sums.expected.is_some_and(|e| e > 0));
        let (Some((currency, sums)), None) = (due.next(), due.next()) else {
            return None;
        };
        let enough = sums.expected.is_some_and(|expected| sums.counted >= expected);
        (enough && !sums.undecided()).then_some(*currency)
    }

    /// The currency of the order: the one it is complete in, else one it is expected in, else any, one
    /// at stake before others.
    pub(super) fn currency(&self, complete: Option<Currency>) -> Option<Currency> {
        let first = |test: fn(&Sums) -> bool| {
            self.sums.iter().find(|(_, sums)| test(sums)).map(|(currency, _)| *currency)
        };
        complete
            .or_else(|| first(|sums| sums.expected.is_some()))
            .or_else(|| first(|sums| sums.at_stake))
            .or_else(|| first(|_| true))
    }

    /// Refunds and chargebacks that are final.
    pub(super) fn final_credits(&self) -> impl Iterator<Item = &Joined<'a>> {
        self.shares.iter().filter(|share| {
            share.kind == Kind::Credit
                && matches!(share.status, Status::Refunded | Status::ChargedBack)
        })
    }

    /// Whether the share of this name is captured or given back for good.
    pub(super) fn is_final(&self, kind: Kind, name: &str) -> bool {
        self.shares.iter().any(|s| s.kind == kind && s.name == name && s.rank == Rank::FINAL)
    }

    /// Whether the amounts of several payments can be read in two ways.
    pub(super) fn undecided(&self) -> bool {
        self.sums.values().any(Sums::undecided)
    }

    /// Whether something is at stake in more than one currency.
    pub(super) fn in_several_currencies(&self) -> bool {
        self.sums.values().filter(|sums| sums.at_stake).count() > 1
    }

    /// Whether shares are known and what the whole order costs is not: a share of a cascade and a
    /// single payment look the same then.
    pub(super) fn whole_unknown(&self) -> bool {
        self.shares.iter().any(|share| share.kind != Kind::Verification)
            && self.totals.is_empty()
            && self.shares.iter().all(|share| share.aims.is_empty())
    }

    /// Whether different amounts are stated for the order while the largest is not covered. Amounts
    /// of several Worldline payments differ in every split; there it counts only when a payment is
    /// paid by its own account and none was left open.
    pub(super) fn amounts_disagree(&self, currency: Option<Currency>) -> bool {
        let Some(currency) = currency else {
            return false;
        };
        let sums = self.sums(currency);
        let uncovered = sums.expected.is_some_and(|e| sums.captured < e) && sums.captured > 0;
        let stated: BTreeSet<Option<u64>> =
            self.totals.iter().filter(|t| t.currency == currency).map(|t| t.amount).collect();
        let paid_for_itself = self.shares.iter().any(|s| {
            s.currency == currency
                && !s.open
                && s.captured > 0
                && s.aim().is_some()
                && s.aim() < sums.expected
        });
        uncovered && (stated.len() > 1 || paid_for_itself && sums.open_payments == 0)
    }
}

/// What is expected comes first: whether one payment covers it depends on the whole of it.
fn add_up(
    shares: &[Joined<'_>],
    totals: &BTreeSet<&Total>,
    policy: Policy,
) -> BTreeMap<Currency, Sums> {
    let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
    for total in totals {
        sums.entry(total.currency).or_default().expect(total, policy.instalments);
    }
    for (currency, aim) in shares.iter().flat_map(|share| &share.aims) {
        sums.entry(*currency).or_default().expect_at_least(*aim);
    }
    for share in shares {
        sums.entry(share.currency).or_default().count(share, policy.release_on);
    }
    sums
}

impl Sums {
    fn expect(&mut self, total: &Total, instalments: Instalments) {
        let due = match (instalments, total.first_instalment) {
            (Instalments::First, Some(first)) => Some(first),
            _ => total.amount,
        };
        self.at_stake = true;
        self.expected = self.expected.max(due);
        self.largest = self.largest.max(total.amount);
        self.without_sum |= total.amount.is_none();
    }

    fn expect_at_least(&mut self, aim: u64) {
        self.at_stake = true;
        self.expected = self.expected.max(Some(aim));
        self.largest = self.largest.max(Some(aim));
    }

    fn count(&mut self, share: &Joined<'_>, release_on: ReleaseOn) {
        match share.kind {
            Kind::Debit => {
                let counted = match release_on {
                    ReleaseOn::Captured => share.captured,
                    ReleaseOn::Secured => share.captured + share.authorised,
                };
                let open = counted > 0 && share.aim().is_some_and(|of| counted < of);
                self.at_stake |= share.captured > 0 || share.authorised > 0;
                self.captured += share.captured;
                self.authorised += share.authorised;
                self.counted += counted;
                self.open_payments += usize::from(open);
                self.one_covers |= self.expected.is_some_and(|e| counted >= e);
            }
            Kind::Credit if share.status == Status::Refunded => self.refunded += share.amount,
            Kind::Credit | Kind::Verification => {}
        }
    }

    /// Whether money that was taken waits for the rest: neither is the rest reserved, nor has all that was
    /// taken been given back.
    pub(super) fn waits(&self) -> bool {
        let secured = self.captured + self.authorised;
        self.captured > self.refunded && self.expected.is_none_or(|expected| secured < expected)
    }

    /// Whether more was taken than anybody said the order costs.
    pub(super) fn overpaid(&self) -> bool {
        !self.without_sum && self.largest.is_some_and(|most| self.captured > most)
    }

    /// Whether the sum of several open payments goes beyond the expected amount while none covers it
    /// alone. `acquiredAmount` may then be cumulative, and adding it up would count money twice. A sum
    /// that meets the expected amount exactly can only be one of parts.
    fn undecided(&self) -> bool {
        self.open_payments > 1
            && !self.one_covers
            && self.expected.is_some_and(|expected| self.counted > expected)
    }
}
