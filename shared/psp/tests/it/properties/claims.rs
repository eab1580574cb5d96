//! Whose payment it is, in whatever order messages come, whoever else writes, and wherever a process dies.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::claims::{Claims, End, Item, Items, Step};
use quittance_core::fact::Facts;
use quittance_core::{Currency, Order, OrderKey, PaymentName, Policy, Statement, Summary};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::worldline::{Payment, refund};
use serde_json::json;

use super::{POLICIES, config};
use quittance_testing::read::{payments_of, read_lyra, read_worldline, receipt, statement};

const POLICY: Policy = POLICIES[0];
const AMOUNT: u64 = 1_000;
const CAPTURED: u64 = 9;
const AUTHORISED: u64 = 5;
const REFUNDED: u64 = 8;

/// The inner ids of two payments.
const FIRST: &str = "3254715000";
const SECOND: &str = "3254716000";

fn form(form: &Form) -> Statement {
    statement(read_lyra(&form.body()))
}

fn event(event: &serde_json::Value) -> Statement {
    statement(read_worldline(&event.to_string()).remove(0))
}

fn operation(reference: &str, inner: &str, number: u64, code: u64) -> Statement {
    event(&Payment::new(reference, &format!("{inner}_{number}"), 1, code, AMOUNT).json())
}

fn back(reference: &str, inner: &str, number: u64, amount: u64) -> Statement {
    event(&refund(reference, &format!("{inner}_{number}"), REFUNDED, amount))
}

/// Messages that come to the same orders in whatever order they come. The last of them only one after the
/// other: a failure that is named and not stored yet holds the payment that has its id.
fn settled() -> Vec<Vec<Statement>> {
    let say = |order: &str, trans_id: &str, source: &str, status: &str| {
        let form = Form::single(order, trans_id, "CB", AMOUNT, status);
        if source == "PAY" { form } else { form.sent_again(source) }
    };
    let subscribed = |form: Form| form.with("vads_subscription", "20261122abc");
    let occurs = |form: Form, word: &str| form.with("vads_occurrence_type", word);
    let rec = |source: &str, status: &str| {
        let form = subscribed(say("SUB", "recb01", source, status));
        occurs(form, "RECURRENT_INTERMEDIAIRE")
    };
    let instalment = |n: u32, word: &str| {
        let share = Share(&n.to_string().repeat(32), "CB", 4_000, "CAPTURED");
        occurs(Form::follow_up("PLAN", "plan01", n, "BATCH_AUTO", share), word)
    };
    let plan = Form::single("PLAN", "plan01", "CB", 2_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=2000;count=3;period=30");
    let sign_up = say("SUB", "suba01", "PAY", "AUTHORISED");
    let mut complement = Payment::new("", &format!("{SECOND}_0"), 130, AUTHORISED, 400).json();
    complement["payment"]["hostedCheckoutSpecificOutput"] = json!({"hostedCheckoutId": FIRST});
    let voucher = Payment::new("HOP", &format!("{FIRST}_0"), 5412, CAPTURED, AMOUNT);
    vec![
        // Captures and refunds with references of their own, even that of another order.
        vec![
            operation("CMD", FIRST, 0, AUTHORISED),
            operation("CAP", FIRST, 1, CAPTURED),
            back("OTHER", FIRST, 2, 300),
            back("RFND", FIRST, 3, 100),
            operation("OTHER", SECOND, 0, CAPTURED),
        ],
        vec![
            operation("CMD", FIRST, 0, CAPTURED),
            back("RFND", FIRST, 1, 300),
            back("RFND", FIRST, 2, 700),
        ],
        // Without a reference.
        vec![operation("", FIRST, 0, AUTHORISED), operation("NAMED", FIRST, 1, CAPTURED)],
        vec![
            operation("", FIRST, 0, CAPTURED),
            back("RFND", FIRST, 1, 300),
            back("RFND", FIRST, 2, 200),
            operation("RFND", SECOND, 0, CAPTURED),
        ],
        vec![
            operation("", FIRST, 0, CAPTURED),
            operation("CMD", FIRST, 0, CAPTURED),
            back("RFND", FIRST, 1, 300),
        ],
        // In a checkout.
        vec![
            event(&complement),
            event(&voucher.acquired(600).json()),
            event(&Payment::new("HOP", &format!("{SECOND}_1"), 130, CAPTURED, 400).json()),
            back("HOP", SECOND, 2, 100),
        ],
        // A subscription, and a plan.
        vec![
            form(&occurs(sign_up, "RECURRENT_INITIAL")),
            form(&rec("REC", "AUTHORISED")),
            form(&rec("BATCH", "CAPTURED")),
            form(&rec("RETRY", "AUTHORISED")),
        ],
        vec![
            form(&subscribed(say("CLUB", "club01", "PAY", "AUTHORISED"))),
            form(&subscribed(say("CLUB", "club01", "BATCH", "CAPTURED"))),
            form(&subscribed(say("CLUB", "recb02", "REC", "AUTHORISED"))),
            form(&subscribed(say("CLUB", "recb02", "BATCH", "CAPTURED"))),
        ],
        vec![
            form(&occurs(plan, "RECURRENT_INITIAL")),
            form(&instalment(2, "RECURRENT_INTERMEDIAIRE")),
            form(&instalment(3, "RECURRENT_FINAL")),
        ],
        // A transaction id that was used before.
        vec![
            form(&say("DEAD", "same01", "PAY", "REFUSED")),
            form(&say("LIVE", "same01", "PAY", "AUTHORISED")),
            form(&say("LIVE", "same01", "BATCH", "CAPTURED")),
        ],
    ]
}

/// Messages about two payments under any references: who comes first may have them.
fn contested() -> impl Strategy<Value = Vec<Statement>> {
    let reference = || select(vec!["", "CMD", "CMD-2", "OTHER"]);
    let inner = || select(vec![FIRST, SECOND]);
    let worldline = prop_oneof![
        3 => (reference(), inner(), select(vec![AUTHORISED, CAPTURED, 2, 1]))
            .prop_map(|(reference, inner, code)| operation(reference, inner, 0, code)),
        2 => (reference(), inner()).prop_map(|(reference, inner)| operation(reference, inner, 1, CAPTURED)),
        2 => (reference(), inner(), 2..4_u64)
            .prop_map(|(reference, inner, number)| back(reference, inner, number, 300)),
    ];
    let order = select(vec!["", "CMD", "CMD-2"]);
    let status = select(vec!["AUTHORISED", "CAPTURED", "REFUSED", "ABANDONED"]);
    let source = select(vec!["PAY", "RETRY", "BATCH", "REC", "BO"]);
    let lyra = (order, select(vec!["same01", "same02"]), status, source).prop_map(
        |(order, trans_id, status, source)| {
            let told = Form::single(order, trans_id, "CB", AMOUNT, status);
            let told = if source == "PAY" { told } else { told.sent_again(source) };
            form(&if order.is_empty() { told.without("vads_order_id") } else { told })
        },
    );
    prop_oneof![vec(worldline, 1..8), vec(lyra, 1..8)]
}

/// What happens to one of several deliveries.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// It goes on by one step.
    Step,
    /// What it would write is refused.
    Refused,
    /// Its process dies, and the message is sent again.
    Dies,
}

fn turns() -> impl Strategy<Value = Vec<(Index, Turn)>> {
    let turn = prop_oneof![12 => Just(Turn::Step), 1 => Just(Turn::Refused), 1 => Just(Turn::Dies)];
    vec((any::<Index>(), turn), 0..160)
}

/// Everything that deliveries have written.
#[derive(Default)]
struct Table {
    items: Items,
}

/// Most steps until a delivery that is alone has ended.
const ENOUGH: usize = 200;

impl Table {
    fn delivery<'a>(&self, story: &'a [Statement], at: usize) -> Claims<'a> {
        Claims::new(&story[at], receipt(at as i64), POLICY)
    }

    /// One step; whether it was the last.
    fn turn(&mut self, claims: &mut Claims<'_>, refused: bool) -> bool {
        let step = claims.step();
        let writes = matches!(step, Step::Name(..) | Step::Settle(_) | Step::Take(_));
        if writes && refused {
            claims.refused();
            return false;
        }
        let end = self.items.carry_out(claims, step);
        assert!(!matches!(end, Some(End::Full(_) | End::Astray(_))), "{end:?}");
        end.is_some()
    }

    fn finish(&mut self, claims: &mut Claims<'_>) {
        let ended = (0..ENOUGH).any(|_| self.turn(claims, false));
        assert!(ended, "{claims:#?}");
    }

    /// The merchant says what an order costs.
    fn register(&mut self, key: &OrderKey) {
        let Item { version, join: None, former, .. } = self.items.load(key) else { return };
        let mut order = self.items.order(key).unwrap();
        order
            .register(AMOUNT, Currency::from_alpha("EUR").unwrap(), receipt(99).received_at, POLICY)
            .unwrap();
        assert!(self.items.save(Item { order, version, join: None, former }));
    }

    /// All in their order, each alone.
    fn tell(&mut self, story: &[Statement], order: impl IntoIterator<Item = usize>) {
        for at in order {
            self.finish(&mut self.delivery(story, at));
        }
    }

    /// All at once, with accidents.
    fn race(&mut self, story: &[Statement], turns: &[(Index, Turn)]) {
        let mut open: Vec<_> = (0..story.len()).map(|at| (at, self.delivery(story, at))).collect();
        for (who, turn) in turns.iter().filter(|_| !story.is_empty()) {
            if open.is_empty() {
                break;
            }
            let who = who.index(open.len());
            let (at, claims) = &mut open[who];
            match turn {
                Turn::Dies => *claims = self.delivery(story, *at),
                Turn::Step | Turn::Refused => {
                    if self.turn(claims, matches!(turn, Turn::Refused)) {
                        open.remove(who);
                    }
                }
            }
        }
        for (_, mut claims) in open {
            self.finish(&mut claims);
        }
    }

    /// All items in few words.
    fn show(&self) -> String {
        let line = |item: &Item| {
            let about = item
                .order
                .notifications()
                .iter()
                .map(|n| format!("{:?} ({:?})", n.event, n.standing));
            let (key, join, former) = (&item.order.key().order, &item.join, &item.former);
            let join = join.as_ref().map(|join| (&join.home.order, join.weak));
            let former = former.as_ref().map(|former| &former.order);
            let released = item.order.fulfilment().is_some();
            format!("{key} {join:?} {former:?} {released} {:?}\n", about.collect::<Vec<_>>())
        };
        self.items.iter().map(line).collect()
    }

    /// The orders under their keys, and what names lead to.
    fn outcome(&self) -> Outcome {
        let orders = self.items.iter().filter(|item| item.join.is_none());
        let orders = orders.map(|item| self.items.order(item.order.key()).unwrap());
        let orders = orders.filter(|order| !order.is_blank());
        let orders = orders.map(|order| (order.key().clone(), seen(&order))).collect();
        let names = self.items.iter().filter(|item| item.order.key().payment().is_some());
        let names = names.map(|item| {
            let home = self.items.order(item.order.key()).unwrap().key().clone();
            (item.order.key().clone(), home)
        });
        Outcome { orders, names: names.collect() }
    }

    /// One payment is held by one order, whatever was told, and what was released for a payment keeps it: so
    /// nothing else is released for that.
    fn holds(&self) {
        let mut holders: BTreeMap<String, BTreeSet<&OrderKey>> = BTreeMap::new();
        for item in self.items.iter().filter(|item| item.join.is_none()) {
            let summary = item.order.summary(POLICY);
            let is_kept = summary.is_paid || summary.refunded > 0;
            assert!(item.order.fulfilment().is_none() || is_kept, "{}", self.show());
            for payment in payments_of(&item.order) {
                holders.entry(payment).or_default().insert(item.order.key());
            }
        }
        for (payment, holders) in holders {
            assert_eq!(holders.len(), 1, "{payment} is held by {holders:?}\n{}", self.show());
        }
    }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    orders: BTreeMap<OrderKey, (Facts, BTreeSet<String>, Summary)>,
    names: BTreeMap<OrderKey, OrderKey>,
}

fn seen(order: &Order) -> (Facts, BTreeSet<String>, Summary) {
    let digests = order.notifications().iter().map(|received| received.digest());
    (order.facts().clone(), digests.collect(), order.summary(POLICY))
}

/// A story's messages, some of them twice.
fn case(stories: Vec<Vec<Statement>>) -> impl Strategy<Value = Vec<Statement>> {
    (select(stories), vec(any::<Index>(), 0..3)).prop_map(|(story, again)| {
        let twice = again.iter().map(|at| story[at.index(story.len())].clone());
        story.iter().cloned().chain(twice.collect::<Vec<_>>()).collect()
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (story, order) in case(settled()).prop_flat_map(|story| {
            let order: Vec<usize> = (0..story.len()).collect();
            (Just(story), Just(order).prop_shuffle())
        })
    ) {
        let (mut one, mut other) = (Table::default(), Table::default());
        one.tell(&story, 0..story.len());
        other.tell(&story, order);
        prop_assert!(one.outcome() == other.outcome(), "{}\nother\n{}", one.show(), other.show());
        one.holds();
        // Told once more nothing changes.
        other.tell(&story, 0..story.len());
        other.holds();
        prop_assert!(one.outcome() == other.outcome(), "{}\nagain\n{}", one.show(), other.show());
    }

    #[test]
    fn nor_do_lost_races_and_crashes(
        story in case(settled().split_last().unwrap().1.to_vec()), turns in turns(),
    ) {
        let (mut alone, mut raced) = (Table::default(), Table::default());
        alone.tell(&story, 0..story.len());
        raced.race(&story, &turns);
        prop_assert!(alone.outcome() == raced.outcome(), "{}\nraced\n{}", alone.show(), raced.show());
        raced.holds();
    }

    /// Whoever has a payment that several claim: it is one order, and one release.
    #[test]
    fn one_payment_pays_once(story in contested(), turns in turns()) {
        let (mut alone, mut raced) = (Table::default(), Table::default());
        alone.tell(&story, 0..story.len());
        alone.holds();
        raced.race(&story, &turns);
        raced.holds();
    }

    /// A process dies after so many steps, and the same message comes again: all is as if it had not.
    #[test]
    fn the_same_message_again_finishes_what_a_crash_left(story in contested(), at in any::<Index>()) {
        let last = story.len() - 1;
        let mut whole = Table::default();
        whole.tell(&story, 0..last);
        let mut claims = whole.delivery(&story, last);
        let mut steps = 1;
        while !whole.turn(&mut claims, false) {
            steps += 1;
        }
        let mut died = Table::default();
        died.tell(&story, 0..last);
        let mut claims = died.delivery(&story, last);
        for _ in 0..at.index(steps) {
            died.turn(&mut claims, false);
        }
        died.tell(&story, [last]);
        prop_assert!(whole.outcome() == died.outcome(), "{}\ndied\n{}", whole.show(), died.show());
    }
}

/// A capture came first, under the reference of another order, which is complete as soon as a failed attempt or
/// the merchant says what it costs. That happens after each number of steps of the payment itself.
#[test]
fn an_order_that_is_completed_while_a_payment_is_led_away_keeps_it() {
    let capture = operation("OTHER", SECOND, 1, CAPTURED);
    let payment = operation("CMD", SECOND, 0, AUTHORISED);
    let attempt = operation("OTHER", FIRST, 0, 2);
    let story = [capture, payment, attempt];
    let mut outcomes = BTreeSet::new();
    for is_registered in [false, true] {
        for steps in 0..ENOUGH {
            let mut table = Table::default();
            table.tell(&story, [0]);
            let mut claims = table.delivery(&story, 1);
            let ended = (0..steps).any(|_| table.turn(&mut claims, false));
            match is_registered {
                false => table.tell(&story, [2]),
                true => table.register(&story[0].key),
            }
            if !ended {
                table.finish(&mut claims);
            }
            table.holds();
            outcomes.insert(table.items.load(&story[0].key).order.fulfilment().is_some());
            if ended {
                break;
            }
        }
    }
    assert_eq!(outcomes, [false, true].into());
}

#[test]
fn a_name_is_a_name_of_the_payment() {
    for story in settled() {
        for name in story.iter().flat_map(|statement| &statement.aliases) {
            let payment = name.payment().expect("a payment's name");
            assert_eq!(PaymentName::new(payment.id()), payment);
        }
    }
}
