//! The shares added up: what is expected, reserved, taken and given back in each currency, and what
//! the sums say together.

use std::collections::{BTreeMap, BTreeSet};

use super::acquired::{StatedAmount, UNKNOWN, certain, distinct};
use super::policy::{Instalments, Policy, ReleaseOn};
use super::share::{ShareState, join};
use super::summary::{Credit, Debit};
use crate::fact::{Fact, Facts, Kind, Rank, Standing, Status, Total};
use crate::money::Currency;
use crate::registered::Registered;

/// All facts of at least one standing, joined into shares and totals and added up.
pub(super) struct Tally<'a> {
    pub(super) shares: Vec<ShareState<'a>>,
    totals: BTreeSet<&'a Total>,
    registered: Option<Registered>,
    /// What was given back for good, by the debit that it gives back; `None` where that is not known.
    given_back: BTreeMap<(Currency, Option<&'a str>), u64>,
    /// Debits with a refund in a contradictory message: the refunded amount is unknown.
    void: BTreeSet<Option<&'a str>>,
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
    /// Parts of what was reserved that were cancelled while the rest stays reserved.
    pub(super) let_go: u64,
    /// The largest amount stated for the whole.
    largest: Option<u64>,
    /// Whether instalments are announced without their sum: then nobody knows what is too much.
    without_sum: bool,
    /// What counts towards the release under the policy, as it was taken.
    gross: Cover,
    /// The same, less what was given back.
    net: Cover,
    /// The first instalment, where the release waits for no more.
    first: Option<First>,
    /// What all instalments come to.
    whole: Option<u64>,
    /// Payments below their target.
    open_payments: usize,
    /// Whether something is expected, reserved or taken in this currency.
    at_stake: bool,
}

/// A first instalment in minor units, and whether its own payment covers it, before and after what was given
/// back.
#[derive(Clone, Copy, Debug)]
struct First {
    due: u64,
    gross: bool,
    net: bool,
}

/// How far the shares cover the order.
#[derive(Clone, Copy, Debug, Default)]
struct Cover {
    /// However the acquired amounts are read.
    certain: u64,
    /// If each states its own share.
    most: u64,
}

impl<'a> Tally<'a> {
    /// The facts that are at least as good as `lowest`.
    pub(super) fn of(
        facts: &'a Facts,
        registered: Option<Registered>,
        lowest: Standing,
        policy: Policy,
    ) -> Self {
        Self::of_those(facts, registered, &|_, standing| standing <= lowest, policy)
    }

    /// Those facts that are admitted.
    pub(super) fn of_those(
        facts: &'a Facts,
        registered: Option<Registered>,
        admits: &dyn Fn(&Fact, Standing) -> bool,
        policy: Policy,
    ) -> Self {
        let admitted = || facts.iter().filter(|(fact, standing)| admits(fact, *standing));
        let of_shares = admitted().filter_map(|(fact, _)| fact.as_share());
        let mut shares = join(of_shares, registered);
        let totals: BTreeSet<&Total> = admitted()
            .filter_map(|(fact, _)| match fact {
                Fact::Total(total) => Some(total),
                Fact::Share(_) => None,
            })
            .collect();
        // An instalment may be told with the amount of the whole plan.
        let capped = |share: &ShareState<'_>| {
            let plans = totals.iter().filter(|total| is_plan_of(total, share));
            let speaks_of_it = |plan: &&&Total| {
                began_with(plan, share) != Some(false) || !has_own_whole(share, &totals)
            };
            plans.filter(speaks_of_it).filter_map(|plan| plan.largest_instalment).max()
        };
        for share in shares.iter_mut().filter(|share| share.kind == Kind::Debit) {
            if let Some(most) = capped(share) {
                share.captured = share.captured.min(most);
                share.authorised = share.authorised.min(most);
            }
        }
        let given_back = given_back(&shares, &[Status::Refunded, Status::ChargedBack]);
        let void = void(facts, &shares);
        let mut tally =
            Self { shares, totals, registered, given_back, void, sums: BTreeMap::new() };
        tally.sums = tally.add_up(policy);
        tally
    }

    /// What is expected comes first: in which currency that is decides what is at stake.
    fn add_up(&self, policy: Policy) -> BTreeMap<Currency, Sums> {
        let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
        for total in &self.totals {
            sums.entry(total.currency).or_default().expect(total);
        }
        for (currency, target) in self.shares.iter().flat_map(|share| &share.targets) {
            sums.entry(*currency).or_default().expect_at_least(*target);
        }
        if let Some(registered) = self.registered {
            // What notifications state holds nothing any more.
            sums.values_mut().for_each(|sums| *sums = Sums::default());
            sums.entry(registered.currency).or_default().register(registered.amount);
        }
        for share in &self.shares {
            sums.entry(share.currency).or_default().count(share);
        }
        for ((currency, _), amount) in given_back(&self.shares, &[Status::Refunded]) {
            sums.entry(currency).or_default().refunded += amount;
        }
        for (currency, sums) in &mut sums {
            let debits = || self.debits(*currency);
            // A share that is told under two names is shown once.
            let shown = |amount: fn(&ShareState<'_>) -> u64| {
                let stated: Vec<_> = debits().map(|debit| debit.stating(amount(debit))).collect();
                distinct(&stated)
            };
            sums.captured = shown(|debit| debit.captured);
            sums.authorised = shown(|debit| debit.authorised);
            let net: Vec<_> = debits().map(|debit| self.left(debit, policy.release_on)).collect();
            let gross: Vec<_> = net.iter().map(StatedAmount::gross).collect();
            sums.open_payments = gross.iter().filter(|s| s.amount > 0 && s.open).count();
            sums.gross = self.cover(*currency, &gross);
            sums.net = self.cover(*currency, &net);
            sums.net.lose(self.given_back_of_unknown(*currency));
            if policy.instalments == Instalments::First {
                sums.whole = sums.expected;
                sums.first = self.first_instalment(*currency, sums.expected, policy);
                sums.expected = sums.first.map(|first| first.due).or(sums.expected);
            }
        }
        sums
    }

    /// How far the debits of a currency cover the order. What was paid of a payment whose whole nobody stated may be
    /// any part of that whole: it covers nothing for certain, and still may stand within what others state, or be one of
    /// them under another name.
    fn cover(&self, currency: Currency, stated: &[StatedAmount]) -> Cover {
        let each = self.debits(currency).zip(stated).map(|(debit, stated)| (debit, *stated));
        let (wholes, parts): (Vec<_>, Vec<_>) =
            each.partition(|(debit, _)| self.is_known_whole(debit));
        let parts_left: u64 = parts.iter().map(|(_, stated)| stated.most_left()).sum();
        let without_parts = certain(stated, true).saturating_sub(parts_left);
        let wholes: Vec<StatedAmount> = wholes.into_iter().map(|(_, stated)| stated).collect();
        // What went back of a part may have gone back of a whole that has another name.
        let gone = parts.iter().map(|(_, stated)| stated.gone).fold(0, u64::saturating_add);
        let alone = match stated.iter().any(|stated| stated.open) {
            true => 0,
            false => distinct(&wholes).saturating_sub(gone),
        };
        let most = stated.iter().map(|s| s.amount.saturating_sub(s.gone)).sum();
        Cover { certain: without_parts.max(alone), most }
    }

    /// Whether the whole of a debit's payment is known: it was registered, or a message about that very payment
    /// states it. The instalments of a plan are payments of other days, which its id alone joins: so the plan speaks of
    /// them where its own payment has money, and never of a voucher.
    fn is_known_whole(&self, debit: &ShareState<'_>) -> bool {
        let is_of = |total: &&Total| match (&total.of, total.first_instalment) {
            (_, Some(_)) => total.amount.is_some() && self.is_of_plan(total, debit),
            (Some(of), None) => total.amount.is_some() && debit.is_of(of),
            (None, None) => true,
        };
        self.registered.is_some() || !debit.targets.is_empty() || self.totals.iter().any(is_of)
    }

    /// Whether a debit is of the payment with which a plan began, or one of its instalments of other days, while the plan has
    /// money.
    fn is_of_plan(&self, plan: &Total, debit: &ShareState<'_>) -> bool {
        let began = |share: &ShareState<'_>| began_with(plan, share);
        let has_money = |share: &ShareState<'_>| share.captured > 0 || share.authorised > 0;
        let mut debits = self.shares.iter().filter(|share| share.kind == Kind::Debit);
        let mut is_alive = || debits.any(|share| began(share) == Some(true) && has_money(share));
        is_plan_of(plan, debit)
            && match began(debit) {
                Some(true) => true,
                Some(false) => {
                    !debit.is_by_voucher() && !has_own_whole(debit, &self.totals) && is_alive()
                }
                None => !debit.is_by_voucher(),
            }
    }

    /// The instalment for which the release waits: the first of a plan that comes to the `whole`, and that
    /// its own payment covers, or that is all there is. What another payment brings is no instalment, since a transaction id
    /// names a payment of its day alone, and a voucher never is one.
    fn first_instalment(
        &self,
        currency: Currency,
        whole: Option<u64>,
        policy: Policy,
    ) -> Option<First> {
        let plans = self.totals.iter().filter(|total| total.currency == currency);
        let plans = plans.filter(|total| match (total.amount, whole) {
            (_, None) => true,
            (sum, Some(_)) => sum >= whole,
        });
        let firsts = plans.filter_map(|plan| {
            let due = plan.first_instalment?;
            let of_plan = self.debits(currency).filter(|debit| is_plan_of(plan, debit));
            // Where the plan does not say with which payment it began, that is the one that was attempted first.
            let first = of_plan.min_by_key(|debit| debit.attempted);
            let is_first = |debit: &&ShareState<'_>| {
                let by_attempt = || first.is_some_and(|first| debit.payments == first.payments);
                is_plan_of(plan, debit)
                    && !debit.is_by_voucher()
                    && began_with(plan, debit).unwrap_or_else(by_attempt)
            };
            let (own, others): (Vec<_>, Vec<_>) = self.debits(currency).partition(is_first);
            let net: Vec<_> = own.iter().map(|debit| self.left(debit, policy.release_on)).collect();
            let gross: Vec<_> = net.iter().map(StatedAmount::gross).collect();
            let gross = distinct(&gross) >= due;
            let unknown = self.given_back_of_unknown(currency);
            let net = distinct(&net).saturating_sub(unknown) >= due;
            (gross || others.is_empty()).then_some(First { due, gross, net })
        });
        firsts.max_by_key(|first| (first.net, first.gross, first.due))
    }

    /// How much of a debit no longer counts: the refunded amount, or [`UNKNOWN`].
    fn gone(&self, debit: &ShareState<'_>) -> u64 {
        if self.is_void(debit) { UNKNOWN } else { self.given_back_of(debit) }
    }

    /// What of a debit counts towards a release, and what went back of it.
    fn left(&self, debit: &ShareState<'_>, release_on: ReleaseOn) -> StatedAmount {
        let in_parts = self.is_void(debit) || self.came_back_in_parts(debit);
        StatedAmount { gone: self.gone(debit), in_parts, ..debit.stated(release_on) }
    }

    /// Whether what went back of a debit may have gone in several parts: what speaks of all of it does not say.
    fn came_back_in_parts(&self, debit: &ShareState<'_>) -> bool {
        let mut credits = self.shares.iter().filter(|credit| {
            credit.is_final_credit() && credit.parent.is_some_and(|of| debit.names.contains(of))
        });
        credits.next().is_some_and(|credit| !credit.is_part) || credits.next().is_some()
    }

    fn debits(&self, currency: Currency) -> impl Iterator<Item = &ShareState<'a>> + Clone {
        let debits = self.shares.iter().filter(|share| share.kind == Kind::Debit);
        debits.filter(move |share| share.currency == currency)
    }

    /// What was given back of a debit for good, in its own currency.
    pub(super) fn given_back_of(&self, debit: &ShareState<'_>) -> u64 {
        let names = debit.names.iter();
        names.filter_map(|name| self.given_back.get(&(debit.currency, Some(*name)))).sum()
    }

    /// What was given back of payments that are not known here: it counts against the whole, and nobody
    /// knows how much that is in another currency.
    fn given_back_of_unknown(&self, currency: Currency) -> u64 {
        let known = |parent: &str| self.debit(parent).is_some();
        let unknown = self.given_back.iter().filter(|((_, of), _)| !of.is_some_and(known));
        let each = unknown.map(|((of, _), amount)| if *of == currency { *amount } else { UNKNOWN });
        each.fold(0, u64::saturating_add)
    }

    /// The debit of this name.
    fn debit(&self, name: &str) -> Option<&ShareState<'a>> {
        self.shares.iter().find(|s| s.kind == Kind::Debit && s.names.contains(name))
    }

    /// Whether nobody knows how much of a debit went back: a message that contradicts itself says that some
    /// did, or it went back in another currency.
    fn is_void(&self, debit: &ShareState<'_>) -> bool {
        let is_it = |name: &str| debit.names.contains(name);
        let may_be_it = |name: &str| is_it(name) || self.debit(name).is_none();
        let mut foreign = self.given_back.keys().filter(|(of, _)| *of != debit.currency);
        self.void.iter().any(|name| name.is_none_or(may_be_it))
            || foreign.any(|(_, name)| name.is_some_and(is_it))
    }

    /// Refunds and chargebacks that are final, those of one operation before what speaks of all.
    pub(super) fn final_credits(&self) -> impl Iterator<Item = Credit> {
        let mut credits: Vec<&ShareState<'_>> =
            self.shares.iter().filter(|share| share.is_final_credit()).collect();
        credits.sort_by_key(|credit| !credit.is_part);
        credits.into_iter().map(|credit| Credit {
            share: credit.name.to_owned(),
            amount: credit.amount,
            names: owned(&credit.names),
            parent: credit.parent.map(str::to_owned),
            of_parent: self.given_back.get(&(credit.currency, credit.parent)).copied().unwrap_or(0),
            is_part: credit.is_part,
            charged_back: credit.status == Status::ChargedBack,
            of_other: credit.is_operation
                && !credit
                    .parent
                    .and_then(|parent| self.debit(parent))
                    .is_some_and(|debit| debit.is_whole || self.registered.is_some()),
        })
    }

    /// What the debits are worth.
    pub(super) fn certain_debits(&self) -> impl Iterator<Item = Debit> {
        let debits = self.shares.iter().filter(|share| share.kind == Kind::Debit);
        debits.map(|debit| Debit {
            share: debit.name.to_owned(),
            names: owned(&debit.names),
            captured: debit.captured,
            authorised: debit.authorised,
            lost: debit.is_lost(),
            let_go: debit.let_go.iter().map(|(name, part)| ((*name).to_owned(), *part)).collect(),
        })
    }

    /// The currencies in which money was taken or is reserved.
    pub(super) fn paid_in(&self) -> BTreeSet<Currency> {
        let has_money = |sums: &Sums| sums.captured > 0 || sums.authorised > 0;
        let in_each = self.sums.iter().filter(|(_, sums)| has_money(sums));
        in_each.map(|(currency, _)| *currency).collect()
    }

    /// The currency in which a voucher's money was taken, was not given back, and waits for the rest.
    pub(super) fn voucher_waits(&self) -> Option<Currency> {
        let kept = |share: &ShareState<'_>| self.given_back_of(share) < share.captured;
        let waits = |currency| self.sums(currency).waits();
        let vouchers = self.shares.iter().filter(|share| share.is_captured_voucher());
        let mut waiting = vouchers.filter(|voucher| kept(voucher) && waits(voucher.currency));
        waiting.next().map(|voucher| voucher.currency)
    }

    /// The sums of a currency; nothing where it is not named.
    pub(super) fn sums(&self, currency: Currency) -> Sums {
        self.sums.get(&currency).copied().unwrap_or_default()
    }

    /// The currency in which the order was paid, under the policy, whatever was given back since. Where
    /// amounts are expected in two, nobody knows which is right, and covering one of them is not enough.
    pub(super) fn paid(&self) -> Option<Currency> {
        self.only_due()
            .filter(|(_, sums)| sums.is_covered(sums.gross, |first| first.gross))
            .map(|(currency, _)| currency)
    }

    /// The same, less what was given back for good.
    pub(super) fn complete(&self) -> Option<Currency> {
        self.only_due()
            .filter(|(_, sums)| sums.is_covered(sums.net, |first| first.net))
            .map(|(currency, _)| currency)
    }

    /// What is expected, in each currency.
    pub(super) fn expected_amounts(&self) -> Vec<(Currency, u64)> {
        let sums = self.sums.iter();
        sums.filter_map(|(currency, sums)| Some((*currency, sums.largest?))).collect()
    }

    fn only_due(&self) -> Option<(Currency, &Sums)> {
        let mut due = self.sums.iter().filter(|(_, sums)| sums.expected.is_some_and(|e| e > 0));
        let (Some((currency, sums)), None) = (due.next(), due.next()) else {
            return None;
        };
        Some((*currency, sums))
    }

    /// The currency of the order: the one it was paid in, else one it is expected in, of those one in which money was taken
    /// or reserved before others, else any, one at stake before others.
    pub(super) fn currency(&self, paid: Option<Currency>) -> Option<Currency> {
        let first = |test: fn(&Sums) -> bool| {
            self.sums.iter().find(|(_, sums)| test(sums)).map(|(currency, _)| *currency)
        };
        paid.or_else(|| first(|sums| sums.expected.is_some() && sums.captured > 0))
            .or_else(|| first(|sums| sums.expected.is_some() && sums.authorised > 0))
            .or_else(|| first(|sums| sums.expected.is_some()))
            .or_else(|| first(|sums| sums.at_stake))
            .or_else(|| first(|_| true))
    }

    /// Whether the share of this name is captured or given back for good.
    pub(super) fn is_final(&self, kind: Kind, name: &str) -> bool {
        self.shares.iter().any(|s| s.kind == kind && s.name == name && s.rank == Rank::FINAL)
    }

    /// Whether the amounts of several payments can be read in two ways, and only one covers the order.
    pub(super) fn undecided(&self) -> bool {
        self.sums.values().any(|sums| {
            let covers = |amount: u64| sums.expected.is_some_and(|e| amount >= e);
            covers(sums.net.most) && !covers(sums.net.certain)
        })
    }

    /// Whether something is at stake in more than one currency.
    pub(super) fn in_several_currencies(&self) -> bool {
        self.sums.values().filter(|sums| sums.at_stake).count() > 1
    }

    /// Whether shares are known and what the whole order costs is not, or money of a payment and not its whole: a
    /// share of a cascade and a single payment look the same then.
    pub(super) fn whole_unknown(&self) -> bool {
        let has_money = |share: &ShareState<'_>| share.captured > 0 || share.authorised > 0;
        let is_part =
            |s: &ShareState<'_>| s.kind == Kind::Debit && has_money(s) && !self.is_known_whole(s);
        let nothing_is_stated = self.registered.is_none()
            && self.totals.is_empty()
            && self.shares.iter().all(|share| share.targets.is_empty());
        nothing_is_stated && self.shares.iter().any(|share| share.kind != Kind::Verification)
            || self.shares.iter().any(is_part)
    }

    /// Whether different amounts are stated for the order while the largest, or the one that was
    /// registered, is not covered. Targets of several payments differ in every split; there it
    /// counts only when a payment is paid by its own account and none was left open.
    pub(super) fn amounts_disagree(&self, currency: Option<Currency>) -> bool {
        let Some(currency) = currency else {
            return false;
        };
        let sums = self.sums(currency);
        let uncovered = sums.expected.is_some_and(|e| sums.captured < e) && sums.captured > 0;
        let registered = self.registered.filter(|r| r.currency == currency).map(|r| Some(r.amount));
        let totals = self.totals.iter().filter(|t| t.currency == currency).map(|t| t.amount);
        let stated: BTreeSet<Option<u64>> = totals.chain(registered).collect();
        let paid_for_itself = self
            .debits(currency)
            .any(|s| s.captured > 0 && !s.stated(ReleaseOn::Captured).open && s.target().is_some());
        uncovered && (stated.len() > 1 || paid_for_itself && sums.open_payments == 0)
    }

    /// Whether more was given back than was taken, of the order or of one of its shares.
    pub(super) fn over_refunded(&self, currency: Option<Currency>) -> bool {
        let Some(currency) = currency else {
            return false;
        };
        let back = self.given_back.iter().filter(|((of, _), _)| *of == currency);
        let back: u64 = back.map(|(_, amount)| amount).sum();
        let captured = self.sums(currency).captured;
        captured > 0 && back > captured
            || self.debits(currency).any(|s| s.captured > 0 && self.given_back_of(s) > s.captured)
    }
}

impl ShareState<'_> {
    /// Whether it is a part of the payment of this name.
    fn is_of(&self, payment: &str) -> bool {
        self.payments.contains(payment) || self.names.contains(payment)
    }

    /// What of it counts towards a release.
    pub(super) fn stated(&self, release_on: ReleaseOn) -> StatedAmount {
        let amount = match release_on {
            ReleaseOn::Captured => self.captured,
            ReleaseOn::Secured => self.captured + self.authorised,
        };
        self.stating(amount)
    }
}

/// Whether a share may be an instalment of this plan: it has the id of the payment with which the plan began, of whatever day.
fn is_plan_of(plan: &Total, share: &ShareState<'_>) -> bool {
    let has_id = |of: &str, series: &str| {
        of == series || of.strip_suffix(series).is_some_and(|day| day.ends_with('-'))
    };
    plan.currency == share.currency
        && match (plan.of.as_deref(), share.series) {
            (Some(of), Some(series)) => has_id(of, series),
            (of, series) => of.is_none() && series.is_none(),
        }
}

/// Whether a plan began with the payment of this share; `None` where the plan does not say with which.
fn began_with(plan: &Total, share: &ShareState<'_>) -> Option<bool> {
    let of = plan.of.as_deref().filter(|of| Some(*of) != share.series)?;
    Some(share.is_of(of))
}

/// Whether a share's payment states a whole of its own: then it is none of a plan's instalments.
fn has_own_whole(share: &ShareState<'_>, totals: &BTreeSet<&Total>) -> bool {
    let mut plain = totals.iter().filter(|total| total.first_instalment.is_none());
    plain.any(|total| total.of.as_deref().is_some_and(|of| share.is_of(of)))
}

/// What was given back for good, by payment. A credit of an operation without a number of its own, or with that
/// of the payment, speaks of all that was given back of it: the same money as its refunds.
fn given_back<'a>(
    shares: &[ShareState<'a>],
    ended: &[Status],
) -> BTreeMap<(Currency, Option<&'a str>), u64> {
    let credits = || {
        let credits = shares.iter().filter(|s| s.kind == Kind::Credit && ended.contains(&s.status));
        credits.map(|credit| ((credit.currency, credit.parent), credit))
    };
    let mut sums: BTreeMap<_, u64> = BTreeMap::new();
    for (of, credit) in credits().filter(|(_, credit)| credit.is_part) {
        *sums.entry(of).or_default() += credit.amount;
    }
    for (of, credit) in credits().filter(|(_, credit)| !credit.is_part) {
        let sum = sums.entry(of).or_default();
        *sum = (*sum).max(credit.amount);
    }
    sums
}

/// The debits of which money is said to go back by a genuine message that contradicts itself, unless a
/// sound one settles how much.
fn void<'a>(facts: &'a Facts, shares: &[ShareState<'a>]) -> BTreeSet<Option<&'a str>> {
    let credits = facts.shares().filter(|(fact, _)| fact.kind == Kind::Credit);
    let doubted = credits.filter(|(_, standing)| *standing == Standing::Contradictory);
    doubted
        .filter(|(fact, _)| {
            !shares.iter().any(|s| s.is_final_credit() && s.names.contains(fact.share.as_str()))
        })
        .map(|(fact, _)| fact.parent.as_deref())
        .collect()
}

fn owned(names: &BTreeSet<&str>) -> BTreeSet<String> {
    names.iter().copied().map(str::to_owned).collect()
}

impl Cover {
    fn lose(&mut self, amount: u64) {
        self.certain = self.certain.saturating_sub(amount);
        self.most = self.most.saturating_sub(amount);
    }
}

impl Sums {
    fn expect(&mut self, total: &Total) {
        self.at_stake = true;
        self.expected = self.expected.max(total.amount);
        self.largest = self.largest.max(total.amount);
        self.without_sum |= total.amount.is_none();
    }

    fn expect_at_least(&mut self, target: u64) {
        self.at_stake = true;
        self.expected = self.expected.max(Some(target));
        self.largest = self.largest.max(Some(target));
    }

    fn register(&mut self, amount: u64) {
        self.at_stake = true;
        self.expected = Some(amount);
        self.largest = Some(amount);
    }

    fn count(&mut self, share: &ShareState<'_>) {
        if share.kind != Kind::Debit {
            return;
        }
        self.at_stake |= share.captured > 0 || share.authorised > 0;
        if share.authorised > 0 {
            self.let_go += share.let_go.values().sum::<u64>();
        }
    }

    /// Whether the expected amount is covered: by a first instalment, where the release waits for no more, or by
    /// whatever was paid.
    fn is_covered(&self, cover: Cover, by_first: fn(First) -> bool) -> bool {
        let whole = if self.first.is_some() { self.whole } else { self.expected };
        self.first.is_some_and(by_first) || whole.is_some_and(|whole| cover.certain >= whole)
    }

    /// Whether money that was taken waits for the rest: neither is the rest reserved, nor has all that was
    /// taken been given back.
    fn waits(&self) -> bool {
        let secured = (self.captured + self.authorised).saturating_sub(self.refunded);
        self.captured > self.refunded && self.expected.is_none_or(|expected| secured < expected)
    }

    /// Whether more was taken, and not given back, than anybody said the order costs.
    pub(super) fn overpaid(&self) -> bool {
        let kept = self.captured.saturating_sub(self.refunded);
        !self.without_sum && self.largest.is_some_and(|most| kept > most)
    }
}
