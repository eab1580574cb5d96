//! From the set of facts to what it amounts to: a pure function, blind to order and repetition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Facts, Flag, Kind, Rank, ShareFact, Standing, State, Status, Total};
use crate::money::Currency;

/// When an order may be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// Which shares count.
    pub release_on: ReleaseOn,
    /// Which instalments are waited for.
    pub instalments: Instalments,
}

/// Which shares count towards a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReleaseOn {
    /// Only money that is really taken.
    #[default]
    Captured,
    /// Authorised money too, for merchants who ship on authorisation.
    Secured,
}

/// Which instalments a release waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Instalments {
    /// The first.
    #[default]
    First,
    /// All of them; their sum must have been stated.
    All,
}

/// What an order's facts amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Where the order stands.
    pub state: State,
    /// What a person should know.
    pub flags: BTreeSet<Flag>,
    /// The currency of the sums; `None` while no fact has one.
    pub currency: Option<Currency>,
    /// What the order costs, in minor units; `None` while no message about the whole is known.
    pub expected: Option<u64>,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Really taken, in minor units, also beyond what was expected.
    pub captured: u64,
    /// Given back for good, in minor units.
    pub refunded: u64,
    /// The shares, by kind and then in the order in which they were attempted.
    pub shares: Vec<Share>,
    /// Whether facts in good standing cover the expected amount under the policy, with nothing given
    /// back.
    #[serde(skip)]
    pub releasable: bool,
    /// Whether a voucher is captured while the order is not covered.
    #[serde(skip)]
    pub voucher_waits: bool,
}

/// One share of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its id; see [`ShareFact::share`].
    pub share: String,
    /// `CVCO`, `CB`, …; two names joined by `+` when one Worldline payment was paid with both.
    pub method: String,
    /// Which way the money goes.
    pub kind: Kind,
    /// Minor units.
    pub amount: u64,
    /// The status in Quittance's words.
    pub status: Status,
    /// The status in the PSP's words.
    pub psp_status: String,
    /// The PSP's number of this attempt.
    pub sequence: Option<u32>,
}

/// What the facts amount to under a policy.
pub fn fold(facts: &Facts, policy: Policy) -> Summary {
    let shown = Tally::of(facts, Standing::Contradictory, policy);
    let sound = Tally::of(facts, Standing::Sound, policy);
    let complete = sound.complete();
    // Shown and sound differ only by contradictory facts; the sums are the shown ones, because the
    // PSP did sign them, and the release looks at the sound ones alone.
    let currency = shown.currency(sound.currency_complete());
    let sums = currency.map(|c| shown.sums(c)).unwrap_or_default();

    let mut flags = BTreeSet::new();
    let mut set = |flag, on: bool| {
        if on {
            flags.insert(flag);
        }
    };
    set(
        Flag::Ambiguous,
        shown.undecided() && !complete || unsettled(facts, complete) || shown.whole_unknown(),
    );
    set(Flag::AmountMismatch, shown.amounts_disagree(currency));
    set(Flag::CurrencyMismatch, shown.by_currency.len() > 1);
    set(Flag::Overpaid, sums.ceiling.is_some_and(|most| sums.captured > most));
    set(Flag::UnknownStatus, unknown_status(facts, &shown.shares));

    let state = state(&sums, &shown.shares);
    let covered = sums.expected.is_some_and(|expected| sums.captured >= expected);
    let voucher_waits = !covered
        && shown.shares.iter().any(|s| s.status == Status::Captured && is_voucher(&s.method));
    let mut shares: Vec<Share> = shown.shares.iter().map(Joined::to_share).collect();
    shares.extend(only_respellable(facts, &shares));
    Summary {
        state,
        flags,
        currency,
        expected: sums.expected,
        authorised: sums.authorised,
        captured: sums.captured,
        refunded: sums.refunded,
        shares,
        releasable: complete && !shown.shares.iter().any(Joined::gives_back),
        voucher_waits,
    }
}

/// The state of an order: the first rule that fits, as the design lists them.
fn state(sums: &Sums, shares: &[Joined<'_>]) -> State {
    let Sums { captured, authorised, refunded, .. } = *sums;
    let expected = sums.expected.unwrap_or(0);
    if shares.iter().any(|s| s.status == Status::ChargedBack) {
        State::ChargedBack
    } else if refunded >= captured && captured > 0 {
        State::Refunded
    } else if refunded > 0 {
        State::PartiallyRefunded
    } else if captured >= expected && expected > 0 {
        State::Captured
    } else if captured > 0 {
        State::PartiallyCaptured
    } else if authorised >= expected && expected > 0 {
        State::Authorised
    } else {
        last_end(shares).filter(|_| expected > 0).unwrap_or(State::Pending)
    }
}

/// How the last attempt ended, when none is open.
fn last_end(shares: &[Joined<'_>]) -> Option<State> {
    let mut last = None;
    for share in shares.iter().filter(|s| s.kind == Kind::Debit) {
        last = Some(match share.status {
            Status::Refused => State::Refused,
            Status::Cancelled => State::Cancelled,
            Status::Expired => State::Expired,
            _ => return None,
        });
    }
    last
}

/// Brands and product names that are vouchers or gift cards: paid with a balance, so that a
/// complement by another method is usual. (systempay.md 3.5; worldline-direct.md 4, point 8.)
pub fn is_voucher(method: &str) -> bool {
    const BRANDS: [&str; 17] = [
        "CVCO",
        "E_CV",
        "CONECS",
        "APETIZ",
        "CHQ_DEJ",
        "SODEXO",
        "EDENRED",
        "EDENRED_TR",
        "EDENRED_EC",
        "EDENRED_SC",
        "EDENRED_TC",
        "EDENRED_CC",
        "ILLICADO",
        "CA_DO_CARTE",
        "MEAL_VOUCHER",
        "ONEY_GIFT_CARD",
        "INTERSOLVE",
    ];
    method.split('+').any(|brand| {
        let brand = brand.strip_suffix("_SB").unwrap_or(brand);
        BRANDS.contains(&brand) || brand.starts_with("KADEOS_") || brand.ends_with("_CDX")
    })
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

fn unknown_status(facts: &Facts, shares: &[Joined<'_>]) -> bool {
    let is_final = |fact: &ShareFact| {
        shares.iter().any(|s| s.kind == fact.kind && s.name == fact.share && s.rank == Rank::FINAL)
    };
    facts.shares().any(|(fact, _)| fact.status == Status::Unknown && !is_final(fact))
}

/// Shares that no trustworthy message has mentioned: listed, and worth nothing.
fn only_respellable(facts: &Facts, known: &[Share]) -> Vec<Share> {
    let mut listed = BTreeMap::new();
    for (fact, standing) in facts.shares() {
        if standing == Standing::Respellable
            && !known.iter().any(|s| s.kind == fact.kind && s.share == fact.share)
        {
            listed.insert(
                (fact.kind, fact.share.as_str()),
                Share {
                    share: fact.share.clone(),
                    method: fact.method.clone(),
                    kind: fact.kind,
                    amount: fact.amount,
                    status: Status::Ambiguous,
                    psp_status: fact.psp_status.clone(),
                    sequence: fact.sequence,
                },
            );
        }
    }
    listed.into_values().collect()
}

/// The sums of one currency.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    expected: Option<u64>,
    /// The most that may be captured before the order is overpaid.
    ceiling: Option<u64>,
    authorised: u64,
    captured: u64,
    refunded: u64,
    /// What counts towards a release under the policy.
    counted: u64,
    /// Payments that count with less than they are to reach.
    open_payments: usize,
    /// Whether one payment alone reaches the expected amount.
    one_covers: bool,
}

/// All facts of at least one standing, joined into shares and totals.
struct Tally<'a> {
    shares: Vec<Joined<'a>>,
    totals: BTreeSet<&'a Total>,
    /// Currencies in which something is expected, reserved or taken.
    by_currency: BTreeSet<Currency>,
    policy: Policy,
}

impl<'a> Tally<'a> {
    fn of(facts: &'a Facts, lowest: Standing, policy: Policy) -> Self {
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
        let mut by_currency: BTreeSet<Currency> = totals.iter().map(|t| t.currency).collect();
        for share in &shares {
            if share.kind == Kind::Debit && (share.captured > 0 || share.authorised > 0) {
                by_currency.insert(share.currency);
            }
            by_currency.extend(share.aims.keys());
        }
        Self { shares, totals, by_currency, policy }
    }

    fn sums(&self, currency: Currency) -> Sums {
        let mut sums = Sums::default();
        let mut ceiling_known = true;
        for total in self.totals.iter().filter(|t| t.currency == currency) {
            let due = match (self.policy.instalments, total.first_instalment) {
                (Instalments::First, Some(first)) => Some(first),
                _ => total.amount,
            };
            sums.expected = sums.expected.max(due);
            sums.ceiling = sums.ceiling.max(total.amount);
            ceiling_known &= total.amount.is_some();
        }
        for of in self.shares.iter().filter_map(|share| share.aims.get(&currency)) {
            sums.expected = sums.expected.max(Some(*of));
            sums.ceiling = sums.ceiling.max(Some(*of));
        }
        sums.ceiling = sums.ceiling.filter(|_| ceiling_known);
        for share in self.shares.iter().filter(|s| s.currency == currency) {
            match share.kind {
                Kind::Debit => {
                    let counted = match self.policy.release_on {
                        ReleaseOn::Captured => share.captured,
                        ReleaseOn::Secured => share.captured + share.authorised,
                    };
                    let open = counted > 0 && share.aim().is_some_and(|of| counted < of);
                    sums.captured += share.captured;
                    sums.authorised += share.authorised;
                    sums.counted += counted;
                    sums.open_payments += usize::from(open);
                    sums.one_covers |= sums.expected.is_some_and(|e| counted >= e);
                }
                Kind::Credit if share.status == Status::Refunded => sums.refunded += share.amount,
                Kind::Credit | Kind::Verification => {}
            }
        }
        sums
    }

    fn complete(&self) -> bool {
        self.currency_complete().is_some()
    }

    /// The currency in which the expected amount is covered, under the policy. Where amounts are
    /// expected in two, nobody knows which is right, and covering one of them is not enough.
    fn currency_complete(&self) -> Option<Currency> {
        let sums = |currency: &Currency| self.sums(*currency);
        let mut due =
            self.by_currency.iter().filter(|c| sums(c).expected.is_some_and(|amount| amount > 0));
        let (currency, None) = (due.next()?, due.next()) else {
            return None;
        };
        let sums = sums(currency);
        let covered = sums.expected.is_some_and(|expected| sums.counted >= expected);
        (covered && !sums.undecided()).then_some(*currency)
    }

    /// The currency of the order: the one it is complete in, else one it is expected in, else any.
    fn currency(&self, complete: Option<Currency>) -> Option<Currency> {
        complete
            .or_else(|| self.by_currency.iter().copied().find(|c| self.sums(*c).expected.is_some()))
            .or_else(|| self.by_currency.first().copied())
            .or_else(|| self.shares.iter().map(|s| s.currency).min())
    }

    fn undecided(&self) -> bool {
        self.by_currency.iter().any(|currency| self.sums(*currency).undecided())
    }

    /// Whether shares are known and what the whole order costs is not: a share of a cascade and a
    /// single payment look the same then.
    fn whole_unknown(&self) -> bool {
        !self.shares.is_empty()
            && self.totals.is_empty()
            && self.shares.iter().all(|s| s.aims.is_empty())
    }

    /// Whether different amounts are stated for the order while the largest is not covered. Amounts
    /// of several Worldline payments differ in every split; there it counts only when a payment is
    /// paid by its own account and none was left open.
    fn amounts_disagree(&self, currency: Option<Currency>) -> bool {
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

impl Sums {
    /// Whether the sum of several open payments goes beyond the expected amount while none covers it
    /// alone. `acquiredAmount` may then be cumulative, and adding it up would count money twice. A sum
    /// that meets the expected amount exactly can only be one of parts.
    fn undecided(&self) -> bool {
        self.open_payments > 1
            && !self.one_covers
            && self.expected.is_some_and(|expected| self.counted > expected)
    }
}

/// All facts about one share, joined.
#[derive(Debug)]
struct Joined<'a> {
    name: &'a str,
    kind: Kind,
    method: String,
    currency: Currency,
    amount: u64,
    /// Worldline: the amount that the payment is to reach, in each currency that was ever named.
    aims: BTreeMap<Currency, u64>,
    captured: u64,
    authorised: u64,
    /// Captured, and less than it is to reach.
    open: bool,
    status: Status,
    rank: Rank,
    psp_status: &'a str,
    sequence: Option<u32>,
    attempted: &'a str,
}

impl Joined<'_> {
    /// What the payment is to reach in the currency it was paid in.
    fn aim(&self) -> Option<u64> {
        self.aims.get(&self.currency).copied()
    }

    /// Whether it is money given back for good. That holds a release whatever the amount and its currency.
    fn gives_back(&self) -> bool {
        matches!(self.status, Status::Refunded | Status::ChargedBack)
    }

    fn to_share(&self) -> Share {
        Share {
            share: self.name.to_owned(),
            method: self.method.clone(),
            kind: self.kind,
            amount: self.amount,
            status: self.status,
            psp_status: self.psp_status.to_owned(),
            sequence: self.sequence,
        }
    }
}

/// Joins share facts by share, ordered by kind, then by attempt.
fn join<'a>(facts: impl Iterator<Item = &'a ShareFact>) -> Vec<Joined<'a>> {
    let facts: Vec<&ShareFact> = facts.collect();
    let names = Names::of(&facts);
    let mut groups: BTreeMap<(Kind, &str), Vec<&ShareFact>> = BTreeMap::new();
    for fact in facts {
        groups.entry((fact.kind, names.name(fact))).or_default().push(fact);
    }
    let mut shares: Vec<Joined<'_>> =
        groups.into_iter().filter_map(|((_, name), facts)| join_one(name, &facts)).collect();
    shares.sort_by(|a, b| {
        (a.kind, a.attempted, a.sequence, a.name).cmp(&(b.kind, b.attempted, b.sequence, b.name))
    });
    shares
}

/// Which names stand for one Lyra share. A message may name it by uuid or by slot (day, transaction id,
/// sequence), and those that give both join the two.
///
/// Debits of one slot are one payment even if the gateway should name it by two uuids: counting it
/// twice would give goods away. Refunds of one payment may share its slot, so there a slot leads to a
/// uuid only when no other has it.
struct Names<'a> {
    debits: BTreeMap<&'a str, &'a str>,
    others: BTreeMap<(Kind, &'a str), BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    fn of(facts: &[&'a ShareFact]) -> Self {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        let mut others: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for (new, fact) in facts.iter().enumerate() {
            let Some(slot) = fact.slot.as_deref() else {
                continue;
            };
            if fact.kind != Kind::Debit {
                others.entry((fact.kind, slot)).or_default().insert(fact.share.as_str());
                continue;
            }
            let group = *groups.entry(&fact.share).or_insert(new);
            let other = *groups.entry(slot).or_insert(group);
            if other != group {
                groups.values_mut().filter(|g| **g == other).for_each(|g| *g = group);
            }
        }
        let mut uuids: BTreeMap<usize, &str> = BTreeMap::new();
        let named = facts.iter().filter(|f| f.kind == Kind::Debit && f.slot.is_some());
        for (name, group) in named.filter_map(|f| Some((&f.share, groups.get(f.share.as_str())?))) {
            let least = uuids.entry(*group).or_insert(name);
            *least = name.as_str().min(least);
        }
        let debits = groups.into_iter().filter_map(|(name, g)| Some((name, *uuids.get(&g)?)));
        Self { debits: debits.collect(), others }
    }

    /// The name that stands for this fact's share.
    fn name(&self, fact: &'a ShareFact) -> &'a str {
        let share = fact.share.as_str();
        if fact.kind == Kind::Debit {
            return self.debits.get(share).copied().unwrap_or(share);
        }
        let known = self.others.get(&(fact.kind, share));
        known
            .filter(|names| names.len() == 1)
            .and_then(|names| names.first())
            .copied()
            .unwrap_or(share)
    }
}

/// Joins the facts of one share: the highest rank holds; among equals the smallest amount, because too
/// little holds an order and too much gives it away.
fn join_one<'a>(name: &'a str, facts: &[&'a ShareFact]) -> Option<Joined<'a>> {
    let top = facts.iter().max_by(|a, b| {
        (a.rank, std::cmp::Reverse(a.amount), &a.psp_status, &a.method).cmp(&(
            b.rank,
            std::cmp::Reverse(b.amount),
            &b.psp_status,
            &b.method,
        ))
    })?;
    let mut aims = BTreeMap::new();
    for (of, currency) in facts.iter().filter_map(|f| Some((f.of?, f.currency))) {
        let most = aims.entry(currency).or_default();
        *most = of.max(*most);
    }
    // What it is to reach in another currency than it was paid in cannot be reached by it.
    let whole = aims.get(&top.currency).copied();
    let own: Vec<&ShareFact> =
        facts.iter().copied().filter(|fact| fact.currency == top.currency).collect();
    let acquired = Acquired::of(&own, whole);
    let captured = match top.status {
        Status::Captured if whole.is_some() => acquired.amount,
        Status::Captured => top.amount,
        _ => 0,
    };
    let reserved = own.iter().filter(|f| f.status == Status::Authorised).map(|f| f.amount);
    let authorised = match top.status {
        Status::Authorised => {
            if whole.is_some() {
                reserved.max().unwrap_or(0)
            } else {
                top.amount
            }
        }
        Status::Captured if whole.is_some() => reserved.max().unwrap_or(0).saturating_sub(captured),
        _ => 0,
    };
    let methods: BTreeSet<(&Option<String>, &str)> = facts
        .iter()
        .filter(|f| f.rank == top.rank)
        .map(|f| (&f.operation, f.method.as_str()))
        .collect();
    let mut method: Vec<&str> = Vec::new();
    for (_, name) in methods {
        if !method.contains(&name) {
            method.push(name);
        }
    }
    Some(Joined {
        name,
        kind: top.kind,
        method: method.join("+"),
        currency: top.currency,
        amount: if captured > 0 { captured } else { top.amount },
        aims,
        captured,
        authorised,
        open: captured > 0 && acquired.open,
        status: top.status,
        rank: top.rank,
        psp_status: &top.psp_status,
        sequence: facts.iter().filter_map(|f| f.sequence).max(),
        attempted: facts.iter().map(|f| f.attempted.as_str()).max().unwrap_or(""),
    })
}

/// What one Worldline payment has acquired, from all its captured operations.
///
/// `acquiredAmount` is "what was really obtained" of the payment, so within one method the largest
/// holds; an operation whose `amountOfMoney` is its own (less than the payment's) adds to its
/// siblings, as partial captures do; and two methods under one payment id are the parts of a split.
/// (worldline-direct.md section 4.)
#[derive(Default)]
struct Acquired {
    amount: u64,
    open: bool,
}

impl Acquired {
    fn of(facts: &[&ShareFact], whole: Option<u64>) -> Self {
        let Some(whole) = whole else {
            return Self::default();
        };
        let mut own: BTreeMap<(&str, &Option<String>), u64> = BTreeMap::new();
        let mut cumulative: BTreeMap<&str, u64> = BTreeMap::new();
        for fact in facts.iter().filter(|f| f.status == Status::Captured) {
            let of = fact.of.unwrap_or(whole);
            if fact.amount >= of && of < whole {
                let part = own.entry((&fact.method, &fact.operation)).or_default();
                *part = (*part).max(of);
            }
            let most = cumulative.entry(&fact.method).or_default();
            *most = (*most).max(fact.amount);
        }
        let most = cumulative.values().copied().max().unwrap_or(0);
        if most >= whole {
            return Self { amount: most, open: false };
        }
        let sum: u64 = cumulative
            .iter()
            .map(|(method, most)| {
                let parts =
                    own.iter().filter(|((m, _), _)| m == method).map(|(_, part)| part).sum();
                (*most).max(parts)
            })
            .sum();
        // Beyond the whole, the parts cannot all be parts: the largest alone is certain.
        let amount = if sum > whole { most } else { sum };
        Self { amount, open: amount < whole }
    }
}
