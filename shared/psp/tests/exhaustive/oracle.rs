//! What a set of letters comes to, worked out from what was noted of them by hand. It shares no code with the fold, and
//! sums in the payer's favour.

use quittance_core::fold::{Confirm, Instalments};
use quittance_core::{Policy, ReleaseOn, Standing};

use crate::alphabet::{Credit, Letter, Names, POTS, Pot, Says, World};

/// Where what is given back of who knows what is counted.
const UNKNOWN: Pot = POTS - 1;

const CURRENCIES: [&str; 2] = ["EUR", "USD"];

/// What a set of letters comes to under a policy.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Whether the money that could be there is as much as the order is said to cost.
    pub(crate) is_paid: bool,
    /// Whether the order may wait all the same.
    pub(crate) may_wait: bool,
    /// What is back with the buyer, by its pot.
    pub(crate) gone: [u64; POTS],
    /// Of which pots anybody is told that money is back.
    pub(crate) is_told: [bool; POTS],
    /// What counts while it is only reserved.
    pub(crate) reserved: [u64; POTS],
    /// What was taken, in whatever currency.
    pub(crate) taken: [u64; POTS],
    pub(crate) is_lost: [bool; POTS],
}

/// Judges the set of these letters.
pub(crate) fn judge(world: &World, letters: &[&Letter], policy: Policy) -> Judged {
    let sound = Purse::of(world, letters, Standing::Sound);
    let decisive = match policy.confirm {
        Confirm::Off => Standing::Sound,
        Confirm::Ask => Standing::Confirmed,
    };
    let decisive = Purse::of(world, letters, decisive);
    let counts_reserved = policy.release_on == ReleaseOn::Secured;
    let reserved = |pot: Pot| match decisive.reserved(pot) {
        left if counts_reserved && left > decisive.taken(pot, 0) => left,
        _ => 0,
    };
    Judged {
        is_paid: sound.is_paid(policy) && decisive.is_paid(policy),
        may_wait: letters.iter().any(|letter| letter.may_wait)
            || [&sound, &decisive].iter().any(|purse| purse.may_wait()),
        gone: std::array::from_fn(|pot| decisive.gone(pot)),
        is_told: std::array::from_fn(|pot| {
            !world.credits_wait
                || decisive.is_whole[pot]
                || decisive.is_seen[pot] && decisive.is_registered
        }),
        reserved: std::array::from_fn(reserved),
        taken: std::array::from_fn(|pot| decisive.taken(pot, 0).max(decisive.taken(pot, 1))),
        is_lost: decisive.is_lost,
    }
}

/// What letters of some standing say, added up by pot.
struct Purse<'a> {
    world: &'a World,
    took: [[u64; CURRENCIES.len()]; POTS],
    parts: [[u64; 4]; POTS],
    reserved: [u64; POTS],
    is_lost: [bool; POTS],
    is_seen: [bool; POTS],
    /// Whether the payment itself is known, and not only parts of it.
    is_whole: [bool; POTS],
    /// Whether anybody stated what the payment is for that it is a part of.
    has_cost: [bool; POTS],
    names: [Vec<Names>; POTS],
    back: Vec<usize>,
    /// Pots of which nobody knows how much is left.
    voids: Vec<Pot>,
    costs: [u64; CURRENCIES.len()],
    is_registered: bool,
    first: Option<(Pot, u64)>,
}

impl<'a> Purse<'a> {
    fn of(world: &'a World, letters: &[&Letter], lowest: Standing) -> Self {
        let mut purse = Self {
            world,
            took: Default::default(),
            parts: Default::default(),
            reserved: Default::default(),
            is_lost: Default::default(),
            is_seen: Default::default(),
            is_whole: Default::default(),
            has_cost: Default::default(),
            names: Default::default(),
            back: Vec::new(),
            voids: Vec::new(),
            costs: Default::default(),
            is_registered: false,
            first: None,
        };
        for letter in letters.iter().filter(|letter| letter.standing <= lowest) {
            letter.says.iter().for_each(|says| purse.add(says, letter.names));
            if letter.says.iter().any(|says| matches!(says, Says::Costs(..))) {
                let named = letter.says.iter().filter_map(|says| says.pot());
                let of = |pot: Pot| world.payments.iter().find(|payment| payment.contains(&pot));
                named
                    .filter_map(of)
                    .flat_map(|pots| *pots)
                    .for_each(|pot| purse.has_cost[*pot] = true);
            }
        }
        // What contradicts itself takes away, and adds nothing.
        for says in letters.iter().flat_map(|letter| &letter.says) {
            if let Says::BackUnknown(credit) = says
                && !purse.back.contains(credit)
            {
                purse.voids.extend(world.credits[*credit].of);
            }
        }
        if let Some(registered) = letters.iter().find_map(|letter| letter.registered()) {
            purse.costs = [registered, 0];
            purse.is_registered = true;
        }
        purse
    }

    fn add(&mut self, says: &Says, names: Names) {
        let currency = |code| CURRENCIES.iter().position(|known| *known == code).unwrap();
        let raise = |most: &mut u64, amount: u64| *most = (*most).max(amount);
        match *says {
            Says::Costs(code, amount) => raise(&mut self.costs[currency(code)], amount),
            Says::First(pot, amount) => self.first = Some((pot, amount)),
            Says::Took(pot, code, amount) => raise(&mut self.took[pot][currency(code)], amount),
            Says::Within(pot, amount) => raise(&mut self.took[pot][0], amount),
            Says::Part(pot, number, amount) => {
                raise(&mut self.parts[pot][usize::from(number)], amount);
            }
            Says::Reserved(pot, amount) => raise(&mut self.reserved[pot], amount),
            Says::Lost(pot) => self.is_lost[pot] = true,
            Says::Back(credit) if !self.back.contains(&credit) => self.back.push(credit),
            Says::Is(_) | Says::Back(_) | Says::BackUnknown(_) => {}
        }
        match *says {
            Says::Part(pot, ..) => self.is_seen[pot] = true,
            Says::Took(pot, ..) | Says::Reserved(pot, _) | Says::Lost(pot) | Says::Is(pot) => {
                self.is_seen[pot] = true;
                self.is_whole[pot] = true;
                self.names[pot].push(names);
            }
            _ => {}
        }
    }

    fn taken(&self, pot: Pot, currency: usize) -> u64 {
        let parts = if currency == 0 { self.parts[pot].iter().sum() } else { 0 };
        self.took[pot][currency].max(parts)
    }

    fn reserved(&self, pot: Pot) -> u64 {
        if self.is_lost[pot] { 0 } else { self.reserved[pot] }
    }

    fn credits(&self, pot: Pot) -> impl Iterator<Item = &'a Credit> {
        let credits = self.back.iter().map(|credit| &self.world.credits[*credit]);
        credits.filter(move |credit| credit.of.unwrap_or(UNKNOWN) == pot)
    }

    /// What is back of a pot: what speaks of all of it is the same money as its parts.
    fn gone(&self, pot: Pot) -> u64 {
        let all =
            self.credits(pot).filter(|credit| credit.is_all).map(|credit| credit.amount).max();
        let parts =
            self.credits(pot).filter(|credit| !credit.is_all).map(|credit| credit.amount).sum();
        all.unwrap_or(0).max(parts)
    }

    /// What is left of a pot in a currency: nobody knows, and so nothing, if euros came back of other money.
    fn left(&self, pot: Pot, currency: usize, policy: Policy) -> u64 {
        if self.voids.contains(&pot) || currency != 0 && self.gone(pot) > 0 {
            return 0;
        }
        let reserved = match policy.release_on {
            ReleaseOn::Secured if currency == 0 => self.reserved(pot),
            _ => 0,
        };
        if !self.has_cost[pot] && !self.is_registered {
            // It may be a part of anything.
            return 0;
        }
        let gone = if self.is_seen[pot] { self.gone(pot) } else { 0 };
        self.taken(pot, currency).max(reserved).saturating_sub(gone)
    }

    fn is_paid(&self, policy: Policy) -> bool {
        let mut due = (0..CURRENCIES.len()).filter(|currency| self.costs[*currency] > 0);
        let (Some(currency), None) = (due.next(), due.next()) else {
            return false;
        };
        let cost = self.costs[currency];
        // What came back of money that nobody has seen may be any of it.
        let unseen = (0..POTS).filter(|pot| !self.is_seen[*pot]);
        let unseen: u64 = unseen.map(|pot| self.gone(pot)).sum();
        if self.voids.iter().any(|pot| !self.is_seen[*pot]) || currency != 0 && unseen > 0 {
            return false;
        }
        let left = |pot| self.left(pot, currency, policy);
        let all: u64 = (0..POTS).map(left).sum();
        let first = self.first.filter(|_| policy.instalments == Instalments::First);
        let by_first = first.is_some_and(|(pot, first)| {
            cost <= 10_000 && currency == 0 && left(pot).saturating_sub(unseen) >= first
        });
        by_first || all.saturating_sub(unseen) >= cost
    }

    /// Where evidence can be read in another way: a share that some messages call by its id alone and others by its slot
    /// alone, while no message joins them, or that a credit calls by its id.
    fn may_wait(&self) -> bool {
        self.has_parts_of_a_whole() || self.is_unjoined()
    }

    fn is_unjoined(&self) -> bool {
        (0..POTS).any(|pot| {
            let has = |name| self.names[pot].contains(&name);
            !has(Names::Both) && has(Names::Slot) && (has(Names::Id) || self.gone(pot) > 0)
        })
    }

    /// Whether parts of a payment are known, and not that they are all of it: they may be told of in running totals.
    fn has_parts_of_a_whole(&self) -> bool {
        let is_all = |pot: Pot| self.is_whole[pot] && self.taken(pot, 0) >= self.world.pots[pot].1;
        (0..POTS).any(|pot| self.parts[pot].iter().any(|part| *part > 0) && !is_all(pot))
    }
}
