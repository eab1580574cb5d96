//! One payment's history, told by events and by answers: in any order it is the same order (I5), and its sums are
//! those of the history.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::{Order, Policy, Statement};
use quittance_testing::read::{read_worldline, statement};
use quittance_testing::worldline::{Payment, refund};
use serde_json::Value;

use super::talk::{PAYMENT, Platform, details, operation, order, receipt, registered, take, words};

/// What the order costs.
const WHOLE: u64 = 14_000;

const VOUCHER: u64 = 5412;
const CARD: u64 = 130;

/// How a payment goes.
#[derive(Clone, Debug)]
enum Course {
    /// One card, taken at once.
    Sale,
    /// One card, reserved and taken in these parts.
    Captures(Vec<u64>),
    /// A voucher of so much, and a card.
    Split { voucher: u64, two_ids: bool, shows_whole: bool, long: bool },
}

/// One operation at one moment.
#[derive(Clone, Debug)]
struct Step {
    id: String,
    /// As details list it.
    listed: u64,
    /// As an event states it, with what was acquired.
    stated: (u64, Option<u64>),
    code: u64,
    product: u64,
    /// What is taken by this operation then.
    taken: u64,
}

#[derive(Clone, Debug)]
struct History {
    course: Course,
    /// Amount and last number of each refund.
    refunds: Vec<(u64, u64)>,
    /// Whether the payment shows the number of its last refund.
    shows_refund: bool,
    /// How many steps have happened.
    cut: Index,
}

/// A moment: what an event told then, and what is answered from then on.
struct Moment {
    event: Value,
    platform: Platform,
    captured: u64,
    refunded: u64,
}

fn history() -> impl Strategy<Value = History> {
    let course = prop_oneof![
        Just(Course::Sale),
        vec(1_000..7_000_u64, 1..3).prop_map(|parts| {
            let rest = WHOLE - parts.iter().sum::<u64>();
            Course::Captures(parts.into_iter().chain(Some(rest).filter(|rest| *rest > 0)).collect())
        }),
        (6_000..13_000_u64, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(voucher, two_ids, shows_whole, long)| Course::Split {
                voucher,
                two_ids,
                shows_whole,
                long
            }
        ),
    ];
    let refund = (1..2_000_u64, select(vec![8, 83]));
    (course, vec(refund, 0..3), any::<bool>(), any::<Index>()).prop_map(
        |(course, refunds, shows_refund, cut)| History { course, refunds, shows_refund, cut },
    )
}

impl History {
    fn steps(&self) -> Vec<Step> {
        let step = |id: &str, listed, stated, code, product, taken| Step {
            id: id.to_owned(),
            listed,
            stated,
            code,
            product,
            taken,
        };
        let first = "3254564310_0";
        let mut steps = match &self.course {
            Course::Sale => vec![
                step(first, WHOLE, (WHOLE, None), 46, CARD, 0),
                step(first, WHOLE, (WHOLE, Some(WHOLE)), 9, CARD, WHOLE),
            ],
            Course::Captures(parts) => {
                let mut steps = vec![step(first, WHOLE, (WHOLE, None), 5, CARD, 0)];
                for (at, part) in (1..).zip(parts) {
                    let id = format!("3254564310_{at}");
                    steps.push(step(&id, *part, (*part, None), 91, CARD, 0));
                    steps.push(step(&id, *part, (*part, Some(*part)), 9, CARD, *part));
                }
                steps
            }
            Course::Split { voucher, two_ids, shows_whole, long } => {
                let listed = if *shows_whole { WHOLE } else { *voucher };
                let rest = WHOLE - voucher;
                let card = if *two_ids { "3254564398_0" } else { "3254564310_1" };
                let spelt = |id: &str| match (*long, id.split_once('_')) {
                    (true, Some((inner, operation))) => format!("900000{inner}00{operation}"),
                    _ => id.to_owned(),
                };
                vec![
                    step(&spelt(first), WHOLE, (WHOLE, None), 46, VOUCHER, 0),
                    step(&spelt(first), listed, (WHOLE, Some(*voucher)), 9, VOUCHER, *voucher),
                    step(&spelt(card), rest, (rest, None), 91, CARD, 0),
                    step(&spelt(card), rest, (rest, Some(rest)), 9, CARD, rest),
                ]
            }
        };
        for (at, (amount, last)) in (7..).zip(&self.refunds) {
            for code in [81, *last] {
                steps.push(step(
                    &format!("3254564310_{at}"),
                    *amount,
                    (*amount, None),
                    code,
                    CARD,
                    0,
                ));
            }
        }
        steps
    }

    fn moments(&self) -> Vec<Moment> {
        let steps = self.steps();
        (0..steps.len()).map(|at| self.moment(&steps[..=at])).collect()
    }

    fn moment(&self, steps: &[Step]) -> Moment {
        // Of each operation the last step.
        let mut now: Vec<&Step> = Vec::new();
        for step in steps {
            now.retain(|known| known.id != step.id);
            now.push(step);
        }
        let captured: u64 = now.iter().map(|step| step.taken).sum();
        let back = now.iter().filter(|step| step.code == 8);
        let refunded: u64 = back.map(|step| step.listed).sum();
        let last = steps.last().unwrap();
        let is_back = |step: &Step| matches!(step.code, 8 | 81 | 83);
        let event = if is_back(last) {
            refund("CMD-1", &last.id, last.code, last.stated.0)
        } else {
            let event = Payment::new("CMD-1", &last.id, last.product, last.code, last.stated.0);
            event.acquired(last.stated.1).json()
        };
        let code = match &self.course {
            _ if self.shows_refund && is_back(last) => last.code,
            Course::Captures(_) if captured < WHOLE => 5,
            _ if captured > 0 => 9,
            _ => 46,
        };
        let product = if matches!(self.course, Course::Split { .. }) { VOUCHER } else { CARD };
        let (word, category) = words(code);
        let level = Payment::new("CMD-1", "3254564310_0", product, 46, WHOLE)
            .stating("payment.created", word, code, category)
            .acquired(captured)
            .json();
        let family = |step: &Step| if step.product == VOUCHER { "redirect" } else { "card" };
        let listed = |step: &&Step| operation(&step.id, step.listed, step.code, family(step));
        let operations: Vec<Value> = now.iter().map(listed).collect();
        let mut platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        for step in now.iter().filter(|step| step.product == CARD && !is_back(step)) {
            let own = Payment::new("CMD-1", &step.id, CARD, step.code, step.stated.0);
            let own = own.acquired(step.stated.1).json();
            let (inner, number) = match step.id.strip_prefix("900000") {
                Some(rest) => (&rest[..10], rest[10..].trim_start_matches('0')),
                None => step.id.split_once('_').unwrap(),
            };
            let number = if number.is_empty() { "0" } else { number };
            platform = platform.with(format!("payments/{inner}_{number}"), &own["payment"]);
            if inner != PAYMENT {
                platform = platform.details(inner, &details(&own, &[listed(step)]));
            }
        }
        Moment { event, platform, captured, refunded }
    }
}

fn event(moment: &Moment) -> Statement {
    statement(read_worldline(&moment.event.to_string()).remove(0))
}

fn told<'a>(statements: impl IntoIterator<Item = &'a Statement>, mut order: Order) -> Order {
    for (at, statement) in (0..).zip(statements) {
        order.take(statement, &receipt("any", at), Policy::default()).unwrap();
    }
    order
}

fn sums(order: &Order) -> (u64, u64) {
    let summary = order.summary(Policy::default());
    (summary.captured, summary.refunded)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_and_events_in_any_order_are_one_order(
        history in history(),
        picked in vec((any::<Index>(), any::<bool>()), 0..10),
        swaps in vec((any::<Index>(), any::<Index>()), 0..20),
        is_registered in any::<bool>(),
    ) {
        let moments = history.moments();
        let moments = &moments[..=history.cut.index(moments.len())];
        let last = moments.last().unwrap();
        let start = || if is_registered { registered("CMD-1", WHOLE) } else { order("CMD-1") };
        let asked = |moment: &Moment| moment.platform.tells(&order("CMD-1"), &[PAYMENT]).statements;
        let mut statements = asked(last);
        for (at, by_event) in &picked {
            let moment = &moments[at.index(moments.len())];
            if *by_event {
                statements.push(event(moment));
            } else {
                statements.extend(asked(moment));
            }
        }
        let one = told(&statements, start());
        for (a, b) in &swaps {
            let (a, b) = (a.index(statements.len()), b.index(statements.len()));
            statements.swap(a, b);
        }
        let other = told(&statements, start());
        prop_assert_eq!(one.facts(), other.facts());
        prop_assert_eq!(one.summary(Policy::default()), other.summary(Policy::default()));
        prop_assert_eq!(sums(&one), (last.captured, last.refunded));
        for order in [&one, &other] {
            prop_assert!(order.fulfilment().is_none() || last.captured == WHOLE);
        }
        if last.captured == WHOLE && last.refunded == 0 {
            prop_assert!(one.fulfilment().is_some(), "{:#?}", one.summary(Policy::default()));
        }
    }

    /// Looks at any moments, between any events: each asks with what is known by then.
    #[test]
    fn looks_between_events_never_release_what_is_not_paid(
        history in history(),
        picked in vec((any::<Index>(), any::<bool>()), 0..10),
    ) {
        let moments = history.moments();
        let moments = &moments[..=history.cut.index(moments.len())];
        let last = moments.last().unwrap();
        let mut order = registered("CMD-1", WHOLE);
        for (at, by_event) in &picked {
            let moment = &moments[at.index(moments.len())];
            if *by_event {
                order = told(&[event(moment)], order);
            } else {
                let answer = moment.platform.tells(&order, &[PAYMENT]);
                take(&mut order, &answer);
            }
            prop_assert!(order.fulfilment().is_none() || last.captured == WHOLE);
        }
        let answer = last.platform.tells(&order, &[PAYMENT]);
        take(&mut order, &answer);
        prop_assert_eq!(sums(&order), (last.captured, last.refunded));
        // Asked once more, nothing is news.
        let once = order.clone();
        let answer = last.platform.tells(&order, &[PAYMENT]);
        take(&mut order, &answer);
        prop_assert_eq!(once, order);
    }
}
