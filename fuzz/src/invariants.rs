//! What must hold of everything that a verified message says, and of the orders it adds up to.

use quittance_psp::PROVIDERS;
use std::collections::BTreeMap;

use quittance_core::fact::{Facts, Rank};
use quittance_core::fold::Instalments;
use quittance_core::limits::{MAX_AMOUNT, MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use quittance_core::message::CloudEvent;
use quittance_core::order::OrderFull;
use quittance_core::{
    Fact, Kind, Meaning, Order, OrderKey, OrderView, Outcome, Policy, Reading, Receipt, ReleaseOn,
    ShareFact, Standing, Statement, Status, Timestamp, stored,
};

pub use quittance_testing::read::POLICIES;

use crate::thorough;

/// Arrival so many seconds after the beginning of time here.
pub fn receipt(seconds: usize) -> Receipt {
    Receipt { received_at: moment(seconds), source: "webhook", sha256: format!("{seconds:064x}") }
}

/// So many seconds after the beginning of time here.
pub fn moment(seconds: usize) -> Timestamp {
    let seconds = i64::try_from(seconds).expect("a story is short");
    Timestamp::from_unix(1_795_341_600 + seconds).expect("a year of four digits")
}

/// Fails unless everything that was read of an input is in order, and every order it adds up to, whatever
/// the policy.
pub fn hold(input: &[u8], readings: &[Reading]) {
    let mut stories: BTreeMap<&OrderKey, Vec<&Statement>> = BTreeMap::new();
    for reading in readings {
        match reading {
            Reading::Order(statement) => {
                statement_holds(statement);
                stories.entry(&statement.key).or_default().push(statement);
            }
            Reading::Untracked { about } => assert!(about.len() <= MAX_WORD_BYTES, "{about:?}"),
            Reading::Unreadable(why) => assert!(!why.reason.is_empty()),
            Reading::Hint(hint) => panic!("what is signed is no hint: {hint:?}"),
        }
    }
    for story in stories.values() {
        let [usual, others @ ..] = POLICIES;
        if !thorough(input) {
            if let Ok(order) = told(story.iter().copied(), usual) {
                sums_hold(&order, usual);
            }
            continue;
        }
        if let Ok(order) = told_watched(story, usual) {
            order_holds(&order, usual);
            backwards_holds(story, &order, usual);
        }
        for policy in others {
            if let Ok(order) = told(story.iter().copied(), policy) {
                sums_hold(&order, policy);
            }
        }
    }
}

/// What one statement must be like.
fn statement_holds(statement: &Statement) {
    let Statement { key, aliases, facts, .. } = statement;
    let standing = statement.standing();
    assert!(!facts.is_empty(), "a statement about nothing");
    assert_eq!(statement.doubt().is_some(), standing != Standing::Sound, "{statement:?}");
    for name in aliases.iter().chain([key]) {
        assert!((1..=MAX_REFERENCE_BYTES).contains(&name.order.len()), "{name:?}");
        assert_eq!(name.to_string().parse().as_ref(), Ok(name));
        let account = |key: &OrderKey| (key.psp, key.merchant.clone(), key.mode);
        assert_eq!(account(name), account(key), "a name of another merchant's payment");
    }
    assert!(!aliases.contains(key), "its own name as another");
    if standing == Standing::Respellable {
        assert!(aliases.is_empty(), "a doubtful form joins names");
    }
    for fact in facts {
        match fact {
            Fact::Share(share) => share_holds(share),
            Fact::Total(total) => {
                assert!(total.first_instalment.is_none_or(|first| first <= MAX_AMOUNT));
            }
        }
    }
}

fn share_holds(share: &ShareFact) {
    let ShareFact { kind, amount, target, reached, meaning, .. } = share;
    let Meaning { status, rank, worth, .. } = meaning;
    // A Worldline payment is worth its amount and its surcharge together.
    for amount in target.iter().chain(reached).chain([amount, worth]) {
        assert!(*amount <= 2 * MAX_AMOUNT, "{share:?}");
    }
    for name in [Some(&share.share), share.operation.as_ref(), share.other_name.as_ref()] {
        let longest = MAX_REFERENCE_BYTES + "YYYYMMDD--4294967295".len();
        assert!(name.is_none_or(|name| (1..=longest).contains(&name.len())), "{share:?}");
    }
    for word in [&share.method, &share.said.shown().into_owned()] {
        assert!(word.len() <= MAX_WORD_BYTES, "{share:?}");
    }
    let is_final = matches!(status, Status::Captured | Status::Refunded | Status::ChargedBack);
    assert_eq!(is_final, *rank == Rank::FINAL, "{share:?}");
    match status {
        Status::Captured | Status::Authorised => assert_eq!(*kind, Kind::Debit),
        Status::Refunded | Status::ChargedBack => assert_eq!(*kind, Kind::Credit),
        Status::Ambiguous => panic!("only a fold makes a share ambiguous"),
        _ => {}
    }
}

/// The order that was told all of this.
fn told<'a>(
    story: impl Iterator<Item = &'a Statement>,
    policy: Policy,
) -> Result<Order, OrderFull> {
    let mut order: Option<Order> = None;
    for (second, statement) in story.enumerate() {
        let order = order.get_or_insert_with(|| Order::new(statement.key.clone()));
        order.take(statement, &receipt(second), policy)?;
    }
    Ok(order.expect("a story has a beginning"))
}

/// The same, every step of it watched and taken twice.
fn told_watched(story: &[&Statement], policy: Policy) -> Result<Order, OrderFull> {
    let mut order = Order::new(story[0].key.clone());
    for (second, statement) in story.iter().enumerate() {
        let before = order.clone();
        let outcome = order.take(statement, &receipt(second), policy);
        match outcome {
            Ok(Outcome::Changed(ref summary)) => {
                assert_ne!(before, order);
                assert_eq!(*summary, order.summary(policy));
            }
            // What decides nothing may be news all the same.
            Ok(Outcome::Retold(ref summary)) => {
                assert_eq!(*summary, before.summary(policy));
                assert_eq!(order.notifications(), before.notifications());
                let told = |order: &Order| (order.details().clone(), order.facts().clone());
                assert_ne!(told(&order), told(&before));
            }
            Ok(Outcome::Known) | Err(_) => assert_eq!(before, order),
        }
        outcome?;
        let mut again = order.clone();
        assert_eq!(again.take(statement, &receipt(second + 1), policy), Ok(Outcome::Known));
        again.decide(moment(second + 1), policy);
        assert_eq!(again, order, "taken and decided twice");
        match (&before.fulfilment(), &order.fulfilment()) {
            (None, None) => {}
            (None, Some(_)) => released(&order, policy),
            (before, after) => assert_eq!(before, after, "I2"),
        }
        assert!(before.reversals().len() <= order.reversals().len());
    }
    Ok(order)
}

/// The same story told backwards ends in the same state.
fn backwards_holds(story: &[&Statement], order: &Order, policy: Policy) {
    if story.len() < 2 {
        return;
    }
    let Ok(backwards) = told(story.iter().rev().copied(), policy) else { return };
    assert_eq!(backwards.facts(), order.facts(), "I5");
    assert_eq!(backwards.summary(policy), order.summary(policy), "I5");
    let id = |order: &Order| order.fulfilment().map(|fulfilment| fulfilment.id.clone());
    if let (Some(one), Some(other)) = (id(order), id(&backwards)) {
        assert_eq!(one, other, "I2");
    }
}

/// No sum is more than what was stated, and nothing is released that is not proven paid.
fn sums_hold(order: &Order, policy: Policy) {
    let summary = order.summary(policy);
    let stated = Stated::by(order.facts(), Standing::Contradictory, policy);
    let currency = summary.currency.map_or("", |currency| currency.code());
    let of = |sums: &BTreeMap<&str, u64>| sums.get(currency).copied().unwrap_or(0);
    assert!(summary.captured <= of(&stated.captured), "{summary:?}");
    assert!(summary.authorised <= of(&stated.authorised), "{summary:?}");
    assert!(summary.refunded <= of(&stated.refunded), "{summary:?}");
    if summary.releasable {
        released(order, policy);
    }
    if order.facts().iter().all(|(_, standing)| standing == Standing::Respellable) {
        let sums = (summary.captured, summary.authorised, summary.refunded);
        assert_eq!(sums, (0, 0, 0), "a doubtful word is worth nothing");
        assert!(order.fulfilment().is_none());
    }
}

/// What must hold of any order, under the policy it was decided with.
fn order_holds(order: &Order, policy: Policy) {
    sums_hold(order, policy);
    reads_back(order);
    assert!(order.headline(policy).say(PROVIDERS).starts_with(&order.key().order));
    let mut absorbed = order.clone();
    absorbed.absorb(order.clone());
    assert_eq!(&absorbed, order, "an order has nothing to learn from itself");

    let now = moment(1_000_000);
    let view = order.view(policy, now, PROVIDERS);
    assert_eq!(view.explanation.is_none(), order.fulfilment().is_some());
    let text = serde_json::to_string(&view).expect("a view is JSON");
    assert_eq!(serde_json::from_str::<OrderView>(&text).expect("a view reads back"), view);
    let unsent = order.unsent_messages(policy, now);
    let due = order.fulfilment().iter().filter(|f| f.sent_at.is_none()).count()
        + order.reversals().iter().filter(|r| r.sent_at.is_none()).count();
    assert_eq!(unsent.len(), due);
    for message in unsent {
        assert!(message.data.notifications.is_none());
        let text = serde_json::to_string(&message).expect("a message is JSON");
        assert_eq!(serde_json::from_str::<CloudEvent>(&text).ok(), Some(message));
    }
}

/// An order is what its item says.
pub fn reads_back(order: &Order) {
    let bytes = stored::encode(order).expect("an order can be stored");
    let read = stored::decode(&bytes, order.key().clone(), PROVIDERS);
    assert_eq!(read.as_ref(), Ok(order));
}

/// I3: what sound facts prove to be paid, less what was given back of it, covers what they say is due, which
/// is one amount in one currency and not nothing.
fn released(order: &Order, policy: Policy) {
    let proof = Stated::by(order.facts(), Standing::Sound, policy);
    let due: Vec<_> = proof.due.iter().filter(|(_, due)| **due > 0).collect();
    let [(currency, due)] = due.as_slice() else {
        panic!("released for {due:?}: {order:?}");
    };
    let kept = proof.kept.get(*currency).copied().unwrap_or(0);
    assert!(kept >= **due, "released for {kept} of {due}: {order:?}");
}

/// What facts of some standing state at most, by currency: worked out without the fold, and in the payer's
/// favour wherever there is a choice.
struct Stated<'a> {
    captured: BTreeMap<&'a str, u64>,
    authorised: BTreeMap<&'a str, u64>,
    refunded: BTreeMap<&'a str, u64>,
    /// What counts under the policy, less the largest credit of each share.
    kept: BTreeMap<&'a str, u64>,
    due: BTreeMap<&'a str, u64>,
}

impl<'a> Stated<'a> {
    fn by(facts: &'a Facts, lowest: Standing, policy: Policy) -> Self {
        let mut parts = Parts::new();
        let mut due: BTreeMap<&str, u64> = BTreeMap::new();
        let mut plans = Vec::new();
        for (fact, _) in facts.iter().filter(|(_, standing)| *standing <= lowest) {
            match fact {
                Fact::Total(total) => {
                    let currency = total.currency.code();
                    let most = due.entry(currency).or_default();
                    *most = (*most).max(total.amount.unwrap_or(0));
                    if policy.instalments == Instalments::First {
                        plans.extend(
                            total.first_instalment.map(|first| (currency, total.amount, first)),
                        );
                    }
                }
                Fact::Share(share) => {
                    let part = (
                        (share.kind, share.meaning.status, share.currency.code()),
                        (&share.share, &share.operation, &share.method),
                    );
                    let most = parts.entry(part).or_default();
                    *most = (*most).max(share.meaning.worth);
                    // A later operation of a payment says nothing of the whole.
                    let operation = share.operation.as_ref();
                    let whole = operation.is_none_or(|o| *o == share.share || o.ends_with("_0"));
                    if let Some(of) = share.target.filter(|_| whole) {
                        let most = due.entry(share.currency.code()).or_default();
                        *most = (*most).max(of);
                    }
                }
            }
        }
        for (currency, due) in &mut due {
            // The first instalment of a plan for all of it is enough.
            let all =
                plans.iter().filter(|(of, sum, _)| of == currency && sum.is_none_or(|s| s >= *due));
            let first = all.map(|(.., first)| *first).min();
            *due = first.unwrap_or(*due);
        }
        let sums = |wanted: (Kind, Status)| {
            let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
            for (((kind, status, currency), _), part) in &parts {
                if (*kind, *status) == wanted {
                    *sums.entry(*currency).or_default() += part;
                }
            }
            sums
        };
        Self {
            kept: kept(facts, &parts, policy),
            captured: sums((Kind::Debit, Status::Captured)),
            authorised: sums((Kind::Debit, Status::Authorised)),
            refunded: sums((Kind::Credit, Status::Refunded)),
            due,
        }
    }
}

/// The largest amount of each part: what it is, and which.
type Parts<'a> =
    BTreeMap<((Kind, Status, &'a str), (&'a String, &'a Option<String>, &'a String)), u64>;

/// What counts under a policy, less what was given back of it: two credits of one share may be one, and a
/// credit of a share that is not named counts against all.
fn kept<'a>(facts: &'a Facts, parts: &Parts<'a>, policy: Policy) -> BTreeMap<&'a str, u64> {
    // Of conflicting amounts of one credit the smallest holds.
    let mut credits: BTreeMap<_, u64> = BTreeMap::new();
    for (share, _) in facts.shares().filter(|(_, standing)| *standing == Standing::Sound) {
        if matches!(share.meaning.status, Status::Refunded | Status::ChargedBack) {
            let of = (share.currency.code(), share.parent.as_ref(), &share.share);
            let least = credits.entry(of).or_insert(share.meaning.worth);
            *least = share.meaning.worth.min(*least);
        }
    }
    let (mut taken, mut gone) = (BTreeMap::new(), BTreeMap::new());
    for ((currency, parent, _), amount) in credits {
        let most = gone.entry((currency, parent)).or_insert(0);
        *most = amount.max(*most);
    }
    for (((kind, status, currency), (share, ..)), part) in parts {
        let counts = *status == Status::Captured
            || *status == Status::Authorised && policy.release_on == ReleaseOn::Secured;
        if *kind == Kind::Debit && counts {
            *taken.entry((*currency, *share)).or_insert(0) += part;
        }
    }
    let mut kept: BTreeMap<&str, u64> = BTreeMap::new();
    for ((currency, share), amount) in taken {
        let back = gone.get(&(currency, Some(share))).copied().unwrap_or(0);
        *kept.entry(currency).or_default() += amount.saturating_sub(back);
    }
    kept
}
