//! Random sets of facts, and what the fold makes of each, one a line: the model in `theory/` reads them and says the same, or
//! which line it reads otherwise. How to read a line: theory/compare.ml.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::{self, BufWriter, Write as _};

use quittance_core::fact::{Facts, Payer, Rank, Total};
use quittance_core::fold::{Confirm, Credit, Instalments, fold};
use quittance_core::registered::Registered;
use quittance_core::{
    Currency, Fact, Kind, Meaning, Order, OrderKey, Policy, ReleaseOn, Remark, Said, ShareFact,
    Standing, Statement, Status, Timestamp,
};
use quittance_testing::adversary::Dice;
use quittance_testing::read::receipt;

/// How many facts a set has at most. Most faults show in two or three.
const FACTS: usize = 7;

/// Of how many sets one is told fact by fact, too, which takes longer than the rest.
const STORIES: u64 = 4;

/// Few amounts, so that some are equal and some add up.
const AMOUNTS: [u64; 8] = [0, 10, 20, 30, 40, 50, 60, 100];

/// The number of the payment that every name can be a place in: behind the names of shares.
const THE_PAYMENT: usize = 10;

const CURRENCIES: [&str; 2] = ["EUR", "USD"];

/// Each status in its own order, with the rank that it mostly has.
const STATUSES: [(Status, u8); 10] = [
    (Status::Unknown, 0),
    (Status::Pending, 10),
    (Status::Authorised, 50),
    (Status::Refused, 20),
    (Status::Cancelled, 60),
    (Status::Expired, 20),
    (Status::Accepted, 50),
    (Status::Captured, 100),
    (Status::Refunded, 100),
    (Status::ChargedBack, 100),
];

const PAYERS: [Payer; 3] = [Payer::Voucher, Payer::Complement, Payer::Unknown];

const STANDINGS: [Standing; 4] =
    [Standing::Confirmed, Standing::Sound, Standing::Contradictory, Standing::Respellable];

/// Provider's habits, of which a set has some or all.
struct Habits {
    /// How many statements in a hundred are sound.
    sound: usize,
    targets: bool,
    operations: bool,
    other_names: bool,
    odd: bool,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        let word = arguments.next();
        word.map_or(Ok(default), |word| word.parse()).map_err(io::Error::other)
    };
    let (sets, seed) = (number(1)?, number(1)?);
    let mut out = BufWriter::new(io::stdout().lock());
    for set in 0..sets {
        let mut dice = Dice::seeded(seed.wrapping_mul(0x1_0000_0000).wrapping_add(set));
        writeln!(out, "{}", line(&mut dice, set % STORIES == 0).map_err(io::Error::other)?)?;
    }
    out.flush()
}

/// A set, and what the code says of it under each policy.
fn line(dice: &mut Dice, told: bool) -> Result<String, fmt::Error> {
    let habits = Habits {
        sound: *dice.pick(&[100, 90, 70]),
        targets: dice.below(2) == 0,
        operations: dice.below(2) == 0,
        other_names: dice.below(2) == 0,
        odd: dice.once_in(4),
    };
    let mut line = String::new();
    let registered = dice.once_in(2).then(|| (*dice.pick(&AMOUNTS), currency(dice)));
    match registered {
        Some((amount, of)) => write!(line, "R {amount} {of}")?,
        None => write!(line, "R")?,
    }
    let registered = registered.and_then(|(amount, of)| {
        let currency = Currency::from_alpha(CURRENCIES[of])?;
        Some(Registered { amount, currency, at: Timestamp::from_unix(0)? })
    });
    let (mut facts, mut all) = (Facts::default(), Vec::new());
    for _ in 0..1 + dice.below(FACTS) {
        let sound = dice.below(100) < habits.sound;
        let standing = dice.below(if sound { 2 } else { 4 });
        let total = dice.once_in(5) && (habits.odd || registered.is_none());
        let fact =
            if total { a_total(dice, &mut line)? } else { a_share(dice, &habits, &mut line)? };
        write!(line, " {standing}")?;
        facts.add(fact.clone(), STANDINGS[standing]);
        all.push((fact, STANDINGS[standing]));
    }
    write!(line, " =")?;
    for confirm in [Confirm::Off, Confirm::Ask] {
        for release_on in ReleaseOn::EACH {
            let policy = Policy { release_on, instalments: Instalments::First, confirm };
            let summary = fold(&facts, registered, policy);
            let (releasable, paid) = (u8::from(summary.releasable), u8::from(summary.is_paid));
            write!(line, " {releasable}{paid}")?;
            if release_on == ReleaseOn::Secured {
                continue;
            }
            let mut debits = summary.certain_debits;
            debits.sort_by(|a, b| a.share.cmp(&b.share));
            for debit in &debits {
                write!(
                    line,
                    " D{}:{}:{}",
                    name_of(&debit.share),
                    debit.captured,
                    debit.authorised
                )?;
                names(&mut line, debit.names.iter())?;
            }
            let mut credits = summary.certain_credits;
            credits.sort_by(|a, b| a.share.cmp(&b.share));
            credits.iter().try_for_each(|credit| a_credit(&mut line, credit))?;
            if told {
                story(&mut line, &all, registered, policy)?;
            }
        }
    }
    Ok(line)
}

/// The same facts, told one after the other: when the order is released, and what is told of it then.
fn story(
    line: &mut String,
    all: &[(Fact, Standing)],
    registered: Option<Registered>,
    policy: Policy,
) -> fmt::Result {
    let Ok(key) = OrderKey::from_text("systempay/12345678/test/CMD-1") else {
        return Err(fmt::Error);
    };
    let mut order = Order::new(key.clone());
    if let Some(Registered { amount, currency, at }) = registered {
        order.register(amount, currency, at, policy).map_err(|_| fmt::Error)?;
    }
    let mut released = 0;
    for (number, (fact, standing)) in all.iter().enumerate() {
        let statement = Statement {
            key: key.clone(),
            aliases: Vec::new(),
            follows: false,
            facts: vec![fact.clone()],
            standing: *standing,
            doubt: None,
            reasons: Vec::new(),
            details: Vec::new(),
            session_seconds: 0,
            event: Remark::plain("message"),
        };
        order.take(&statement, &receipt(0), policy).map_err(|_| fmt::Error)?;
        if released == 0 && order.fulfilment().is_some() {
            released = number + 1;
        }
    }
    write!(line, " O{released}")?;
    for reversal in order.reversals() {
        write!(line, " V{}:{}", name_of(&reversal.share), reversal.amount)?;
    }
    let ids: BTreeSet<&str> = order.reversals().iter().map(|told| told.id.as_str()).collect();
    write!(line, " I{}", ids.len())
}

fn a_credit(line: &mut String, credit: &Credit) -> fmt::Result {
    let parent = credit.parent.as_deref().map_or(0, |parent| name_of(parent) + 1);
    let flags = [credit.is_part, credit.charged_back, credit.of_other].map(u8::from);
    let [part, back, other] = flags;
    let share = name_of(&credit.share);
    write!(line, " C{share}:{}:{parent}:{}:{part}{back}{other}", credit.amount, credit.of_parent)?;
    names(line, credit.names.iter())
}

fn names<'a>(line: &mut String, names: impl Iterator<Item = &'a String>) -> fmt::Result {
    for name in names {
        write!(line, ":{}", name_of(name))?;
    }
    Ok(())
}

fn currency(dice: &mut Dice) -> usize {
    usize::from(dice.once_in(12))
}

fn a_total(dice: &mut Dice, line: &mut String) -> Result<Fact, fmt::Error> {
    let amount = (!dice.once_in(8)).then(|| *dice.pick(&AMOUNTS));
    // Of a payment that goes by a share's own name, of the one that all names are places in, or of any.
    let payment = (!dice.once_in(3)).then(|| dice.below(THE_PAYMENT + 1));
    let of = currency(dice);
    let option = |number: Option<usize>| number.map_or(0, |number| number + 1);
    write!(line, " T {} {} {of}", amount.map_or(0, |amount| amount + 1), option(payment))?;
    Ok(Fact::Total(Total {
        amount,
        first_instalment: None,
        largest_instalment: None,
        of: payment.map(|number| if number == THE_PAYMENT { "n".to_owned() } else { name(number) }),
        currency: known(of),
    }))
}

fn known(of: usize) -> Currency {
    #[expect(clippy::expect_used, reason = "both are in the table")]
    Currency::from_alpha(CURRENCIES[of]).expect("a currency")
}

/// Names are words in the order of their numbers; each can be a place in the payment `n`.
fn name(number: usize) -> String {
    format!("n-{number}")
}

fn name_of(word: &str) -> u64 {
    word.strip_prefix("n-").and_then(|digits| digits.parse().ok()).unwrap_or(99)
}

fn a_share(dice: &mut Dice, habits: &Habits, line: &mut String) -> Result<Fact, fmt::Error> {
    let kind = match dice.below(if habits.odd { 8 } else { 7 }) {
        0..=4 => Kind::Debit,
        5 | 6 => Kind::Credit,
        _ => Kind::Verification,
    };
    // Ids of debits and credits, and other names of both, now and then mixed up.
    let ids = if kind == Kind::Credit { 5 } else { 0 };
    let share = if dice.once_in(15) { dice.below(10) } else { ids + dice.below(4) };
    let other = (habits.other_names && dice.once_in(2))
        .then(|| if dice.once_in(4) { dice.below(10) } else { ids + 2 + dice.below(3) });
    let alone = if habits.other_names { dice.below(3) } else { 0 };
    let operation = (habits.operations && !dice.once_in(5)).then(|| dice.below(3));
    let number = (operation.is_some() && !dice.once_in(4)).then(|| dice.below(3));
    let worth = *dice.pick(&AMOUNTS);
    let target = (habits.targets && !dice.once_in(4))
        .then(|| if dice.once_in(2) { worth } else { *dice.pick(&AMOUNTS) });
    let of = currency(dice);
    let (status, usual) = if dice.once_in(3) {
        STATUSES[dice.below(STATUSES.len())]
    } else {
        let usual = if kind == Kind::Credit { [8, 8, 9] } else { [7, 7, 2] };
        STATUSES[*dice.pick(&usual)]
    };
    let rank = if habits.odd && dice.once_in(6) { *dice.pick(&[0, 50, 60, 100]) } else { usual };
    let said = if habits.odd { dice.below(10) } else { status as usize };
    let parent = (kind == Kind::Credit && !dice.once_in(6)).then(|| dice.below(5));
    let payer = if habits.targets { dice.below(3) } else { 2 };
    let doubt = dice.once_in(20);
    let option = |number: Option<usize>| number.map_or(0, |number| number + 1);
    write!(
        line,
        " S {share} {} {} {} {}",
        option(other),
        alone + 1,
        option(operation),
        option(number)
    )?;
    let goal = target.map_or(0, |target| target + 1);
    write!(line, " {} {goal} {of} {said} {}", kind as u8, option(parent))?;
    write!(line, " {} {rank} {worth} {payer} {}", status as u8, u8::from(doubt))?;
    let words = Said { word: Some(format!("s{said}")), ..Said::default() };
    let fact = ShareFact::new(name(share), kind, 0, known(of), words);
    let meaning = Meaning {
        status,
        rank: Rank(rank),
        worth,
        payer: PAYERS[payer],
        doubt: doubt.then_some("it contradicts itself"),
    };
    let fact = ShareFact {
        other_name: other.map(name),
        payment: [None, Some("n".to_owned()), Some(name(share))][alone].clone(),
        operation: operation.map(|operation| format!("o{operation}")),
        number: number.map(|number| number.to_string()),
        target,
        parent: parent.map(name),
        ..fact
    };
    Ok(Fact::share(fact.meaning(|_| meaning)))
}
