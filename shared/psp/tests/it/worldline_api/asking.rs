//! Asking: which calls, and what their answers come to.

use std::collections::BTreeSet;

use quittance_core::api::{Asked, Exchange, TroubleKind};
use quittance_core::plan;
use quittance_core::{Flag, Kind, Order, Policy, ReleaseOn, Standing, State, Summary};
use quittance_psp::{provider, worldline};
use quittance_testing::read::{read_worldline, statement};
use quittance_testing::worldline::{Payment, chargeback, refund};
use serde_json::{Value, json};

use super::talk::{
    PAYMENT, Platform, after, answered, confirmed, details, eur, operation, order, path, receipt,
    registered, take,
};

const CVCO: u64 = 5412;
const CB: u64 = 130;

fn summary(order: &Order) -> Summary {
    order.summary(Policy::default())
}

fn sums(order: &Order) -> (u64, u64, u64) {
    let summary = summary(order);
    (summary.captured, summary.authorised, summary.refunded)
}

fn event(id: &str, product: u64, code: u64, amount: u64) -> Payment {
    Payment::new("CMD-1", id, product, code, amount)
}

fn tell(order: &mut Order, event: &Value, at: i64) {
    let said = statement(read_worldline(&event.to_string()).remove(0));
    order.take(&said, &receipt("webhook", at), Policy::default()).unwrap();
}

/// The same answer in each layout that a split may have, and what was acquired: with the events that come with it.
fn layouts(acquired: u64) -> Vec<(&'static str, Platform, Vec<Value>)> {
    let is_whole = acquired == 14_000;
    let card_id = |second: bool| if second { "3254564398_0" } else { "3254564310_1" };
    let mut all = Vec::new();
    for (name, voucher, two_ids, long) in [
        ("A", 6_000, false, false),
        ("B", 6_000, true, false),
        ("C", 14_000, false, false),
        ("B and C", 14_000, true, false),
        ("long ids", 6_000, false, true),
    ] {
        let voucher_id = if long { "9000003254564310000" } else { "3254564310_0" };
        let card = if long { "9000003254564310001" } else { card_id(two_ids) };
        let mut operations = vec![operation(voucher_id, voucher, 9, "redirect")];
        let mut events = vec![event("3254564310_0", CVCO, 9, 14_000).acquired(6_000).json()];
        let whole = event("3254564310_0", CVCO, 9, 14_000).acquired(acquired).json();
        let own = event(card_id(two_ids), CB, 9, 8_000).json();
        let mut platform = Platform::default();
        if is_whole {
            operations.push(operation(card, 8_000, 9, "card"));
            events.push(own.clone());
            platform = platform.with(format!("payments/{}", card_id(two_ids)), &own["payment"]);
            if two_ids {
                let other = details(&own, &[operation(card, 8_000, 9, "card")]);
                platform = platform.details("3254564398", &other);
            }
        }
        all.push((name, platform.details(PAYMENT, &details(&whole, &operations)), events));
    }
    all
}

#[test]
fn a_split_that_is_paid_is_released_in_every_layout() {
    for (name, platform, events) in layouts(14_000) {
        for start in [order("CMD-1"), registered("CMD-1", 14_000)] {
            // With every choice of the events that came before the look, in either order.
            for told in 0..4 {
                for reversed in [false, true] {
                    let mut order = start.clone();
                    let chosen: Vec<&Value> = events
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| told & (1 << at) > 0)
                        .map(|(_, e)| e)
                        .collect();
                    let chosen: Vec<&Value> =
                        if reversed { chosen.into_iter().rev().collect() } else { chosen };
                    for (at, event) in (0..).zip(chosen) {
                        tell(&mut order, event, at);
                    }
                    let order = after(&platform, order, &[PAYMENT]);
                    let summary = summary(&order);
                    let shown = format!("{name} {told}: {summary:#?}");
                    assert!(order.fulfilment().is_some(), "{shown}");
                    assert_eq!(summary.state, State::Captured, "{shown}");
                    assert_eq!(sums(&order), (14_000, 0, 0), "{shown}");
                    assert!(summary.flags.is_empty(), "{shown}");
                }
            }
        }
    }
}

#[test]
fn half_a_split_is_held_in_every_layout() {
    for (name, platform, events) in layouts(6_000) {
        for start in [order("CMD-1"), registered("CMD-1", 14_000)] {
            for told in [0, 1] {
                let mut order = start.clone();
                for event in &events[..told] {
                    tell(&mut order, event, 0);
                }
                let order = after(&platform, order, &[PAYMENT]);
                assert_eq!(sums(&order), (6_000, 0, 0), "{name}");
                assert!(order.fulfilment().is_none(), "{name}");
                assert_eq!(summary(&order).state, State::PartiallyCaptured, "{name}");
            }
        }
    }
}

/// A look that tells what events told is no news.
#[test]
fn what_events_told_is_known() {
    for (event, operations) in [
        (event("3254564310_0", CB, 9, 14_000), vec![operation("3254564310_0", 14_000, 9, "card")]),
        (
            event("3254564310_0", CVCO, 9, 14_000).acquired(6_000),
            vec![operation("3254564310_0", 6_000, 9, "redirect")],
        ),
        (event("3254564310_0", CB, 5, 14_000), vec![operation("3254564310_0", 14_000, 5, "card")]),
        (event("3254564310_0", CB, 2, 14_000), vec![operation("3254564310_0", 14_000, 2, "card")]),
        (
            event("3254564310_0", CB, 46, 14_000),
            vec![operation("3254564310_0", 14_000, 46, "card")],
        ),
    ] {
        let event = event.json();
        let mut told = order("CMD-1");
        tell(&mut told, &event, 0);
        let platform = Platform::default().details(PAYMENT, &details(&event, &operations));
        let mut asked = told.clone();
        take(&mut asked, &platform.tells(&told, &[]));
        assert_eq!(asked, told, "{event}");
    }
    // Refunds are one share, whoever tells of them.
    let paid = event("3254564310_0", CB, 9, 14_000).json();
    let mut told = order("CMD-1");
    tell(&mut told, &paid, 0);
    tell(&mut told, &refund("CMD-1", "3254564310_1", 8, 4_000), 1);
    let operations =
        [operation("3254564310_0", 14_000, 9, "card"), operation("3254564310_1", 4_000, 8, "card")];
    let refunds = json!({"refunds": [refund("CMD-1", "3254564310_1", 8, 4_000)["refund"]]});
    let listed = Platform::default().details(PAYMENT, &details(&paid, &operations));
    for platform in [listed.clone(), listed.with("payments/3254564310_0/refunds", &refunds)] {
        let mut asked = told.clone();
        take(&mut asked, &platform.tells(&told, &[]));
        assert_eq!(asked, told);
    }
}

#[test]
fn an_operation_that_waits_keeps_the_order_from_being_complete() {
    for code in [4, 91, 92, 99] {
        // What was acquired is short of the whole, or says that it is not.
        for acquired in [6_000, 14_000] {
            let level = event("3254564310_0", CVCO, 9, 14_000).acquired(acquired).json();
            let operations = [
                operation("3254564310_0", 6_000, 9, "redirect"),
                operation("3254564310_1", 8_000, code, "card"),
            ];
            let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
            let order = after(&platform, registered("CMD-1", 14_000), &[PAYMENT]);
            assert!(order.fulfilment().is_none(), "{code} {acquired}");
            let is_in_doubt = summary(&order).flags.contains(&Flag::Ambiguous);
            assert_eq!(is_in_doubt, acquired == 14_000, "{code} {acquired}");
        }
    }
    // Also where all of it shows as one operation.
    let level = event("3254564310_0", CVCO, 9, 14_000).json();
    let operations = [
        operation("3254564310_0", 14_000, 9, "redirect"),
        operation("3254564310_1", 8_000, 91, "card"),
    ];
    let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
    let order = after(&platform, order("CMD-1"), &[PAYMENT]);
    assert!(order.fulfilment().is_none());
    let doubt = order.notifications()[0].doubt.clone().unwrap();
    assert_eq!(doubt.code(), "still_waits");
}

#[test]
fn sums_that_do_not_fit_are_a_doubt() {
    for (acquired, operations) in [
        (14_000, vec![operation("3254564310_0", 6_000, 9, "redirect")]),
        (14_000, vec![operation("3254564310_0", 14_000, 5, "redirect")]),
        (
            6_000,
            vec![
                operation("3254564310_0", 6_000, 9, "redirect"),
                operation("3254564310_1", 8_000, 9, "card"),
            ],
        ),
        (
            14_000,
            vec![
                operation("3254564310_0", 14_000, 9, "redirect"),
                operation("9000003254564310000", 6_000, 9, "redirect"),
            ],
        ),
    ] {
        let level = event("3254564310_0", CVCO, 9, 14_000).acquired(acquired).json();
        let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        let answer = platform.tells(&order("CMD-1"), &[PAYMENT]);
        assert!(answer.statements.iter().all(|said| said.standing == Standing::Contradictory));
        assert_eq!(answer.statements[0].doubt.as_ref().unwrap().code(), "sums");
        let order = after(&platform, registered("CMD-1", 14_000), &[PAYMENT]);
        assert!(order.fulfilment().is_none(), "{operations:?}");
        assert!(summary(&order).flags.contains(&Flag::Ambiguous));
    }
}

/// Parts of a capture and the payment's own sum are never added up.
#[test]
fn captures_in_parts_count_once() {
    for level_code in [5, 9] {
        let level = event("3254564310_0", CB, level_code, 14_000).acquired(7_000).json();
        let operations = [
            operation("3254564310_0", 14_000, 5, "card"),
            operation("3254564310_1", 4_000, 9, "card"),
            operation("3254564310_2", 3_000, 9, "card"),
        ];
        let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        for told in 0..4 {
            let mut order = order("CMD-1");
            if told & 1 > 0 {
                tell(&mut order, &event("3254564310_1", CB, 9, 4_000).json(), 0);
            }
            if told & 2 > 0 {
                tell(&mut order, &event("3254564310_0", CB, 5, 14_000).json(), 1);
            }
            let order = after(&platform, order, &[PAYMENT]);
            assert_eq!(sums(&order), (7_000, 7_000, 0), "{level_code} {told}");
            assert!(order.fulfilment().is_none());
        }
        // Without the list of operations nobody knows, and the smaller holds.
        let bare = Platform::default().details(PAYMENT, &details(&level, &[]));
        let captures = json!({"captures": [
            {"id": "3254564310_1", "status": "CAPTURED", "statusOutput": {"statusCode": 9},
             "captureOutput": {"amountOfMoney": {"amount": 7_000, "currencyCode": "EUR"},
                               "acquiredAmount": {"amount": 7_000, "currencyCode": "EUR"}}}]});
        let bare = bare.with("payments/3254564310_0/captures", &captures);
        assert_eq!(sums(&after(&bare, order("CMD-1"), &[PAYMENT])).0, 7_000, "{level_code}");
    }
}

/// What is reserved beside a part that was taken does not count twice either.
#[test]
fn a_part_taken_and_a_part_reserved_are_no_more_than_both() {
    let policy = Policy { release_on: ReleaseOn::Secured, ..Policy::default() };
    for acquired in [7_000, 10_000, 14_000] {
        let level = event("3254564310_0", CB, 5, 14_000).acquired(acquired).json();
        let operations = [
            operation("3254564310_0", 14_000, 5, "card"),
            operation("3254564310_1", 7_000, 9, "card"),
        ];
        let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        let order = after(&platform, order("CMD-1"), &[PAYMENT]);
        let summary = order.summary(policy);
        assert_eq!(summary.captured, 7_000, "{acquired}");
        assert_eq!(summary.captured + summary.authorised, 14_000, "{acquired}");
    }
}

#[test]
fn what_was_captured_stays_while_it_is_given_back() {
    let paid = operation("3254564310_0", 14_000, 9, "card");
    for (code, amount, back) in
        [(81, 4_000, 0), (8, 4_000, 4_000), (83, 4_000, 0), (8, 14_000, 14_000)]
    {
        let mut level = event("3254564310_0", CB, 9, 14_000).json();
        let (word, category) = super::talk::words(code);
        level["payment"]["status"] = word.into();
        level["payment"]["statusOutput"] = json!({"statusCode": code, "statusCategory": category});
        let operations = [paid.clone(), operation("3254564310_1", amount, code, "card")];
        let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        let order = after(&platform, registered("CMD-1", 14_000), &[PAYMENT]);
        assert_eq!(sums(&order), (14_000, 0, back), "{code} {amount}");
        // What went back before the capture is known releases nothing.
        assert_eq!(order.fulfilment().is_none(), back > 0, "{code} {amount}");
        assert!(order.reversals().is_empty());
    }
}

#[test]
fn refunds_come_from_either_list() {
    let level = event("3254564310_0", CB, 9, 14_000).json();
    let refunds = json!({"refunds": [
        refund("CMD-1", "3254564310_1", 8, 3_000)["refund"],
        refund("OTHER", "3254564310_2", 81, 2_000)["refund"],
    ]});
    // The details list no operation at all, or not the refunds that are known already.
    let bare = Platform::default().details(PAYMENT, &details(&level, &[]));
    let bare = bare.with("payments/3254564310_0/refunds", &refunds);
    let order = after(&bare, registered("CMD-1", 14_000), &[PAYMENT]);
    assert_eq!(sums(&order), (14_000, 0, 3_000));
    let credits = summary(&order).shares.iter().filter(|s| s.kind == Kind::Credit).count();
    assert_eq!(credits, 2);
    let short = details(&level, &[operation("3254564310_0", 14_000, 9, "card")]);
    let short = Platform::default().details(PAYMENT, &short);
    let short = short.with("payments/3254564310_0/refunds", &refunds);
    let mut told = registered("CMD-1", 14_000);
    assert_eq!(sums(&after(&short, told.clone(), &[PAYMENT])).2, 0, "nobody knows of any");
    tell(&mut told, &refund("CMD-1", "3254564310_1", 81, 3_000), 0);
    assert_eq!(sums(&after(&short, told, &[PAYMENT])), (14_000, 0, 3_000));
}

#[test]
fn a_chargeback_is_money_back() {
    let level = chargeback("CMD-1", "3254564310_0", 14_000);
    let paid = operation("3254564310_0", 14_000, 9, "card");
    let mut back = operation("3254564310_1", 14_000, 9, "card");
    back["status"] = "CHARGEBACKED".into();
    back["statusOutput"] = json!({});
    for operations in [vec![], vec![paid.clone()], vec![paid, back]] {
        let mut told = registered("CMD-1", 14_000);
        tell(&mut told, &event("3254564310_0", CB, 9, 14_000).json(), 0);
        let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
        let order = after(&platform, told, &[]);
        assert_eq!(summary(&order).state, State::ChargedBack, "{operations:?}");
        let reversed: u64 = order.reversals().iter().map(|reversal| reversal.amount).sum();
        assert_eq!(reversed, 14_000);
    }
}

#[test]
fn every_payment_of_the_order_is_asked_about_once() {
    let mut told = order("CMD-1");
    tell(&mut told, &event("3254564310_0", CB, 2, 14_000).json(), 0);
    tell(&mut told, &event("9000003254564399000", CB, 2, 14_000).json(), 1);
    tell(&mut told, &refund("CMD-1", "3254564400_2", 81, 100), 2);
    let session = json!({"status": "IN_PROGRESS", "createdPaymentOutput": {"payment": {"id": "3254564310_0"}}});
    let said = Platform::default().with("hostedcheckouts/77", &session).ask(&told, &["77", "a/b"]);
    let mut paths: Vec<String> = said.calls.iter().map(path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "hostedcheckouts/77",
            "payments/3254564310_0/details",
            "payments/3254564399_0/details",
            "payments/3254564400_0/details",
        ]
    );
    assert_eq!(said.end, Asked::Unknown);
    assert!(said.pauses.is_empty(), "what is not there is believed at once");
    let nothing = Platform::default().ask(&order("CMD-1"), &[]);
    assert_eq!((nothing.end, nothing.calls.len()), (Asked::Unknown, 0));
}

#[test]
fn a_payment_that_was_just_made_is_looked_for_again() {
    let session = json!({"status": "PAYMENT_CREATED", "createdPaymentOutput": {"payment": {"id": "3254564310_0"}}});
    let said =
        Platform::default().with("hostedcheckouts/77", &session).ask(&order("CMD-1"), &["77"]);
    assert_eq!((said.calls.len(), said.pauses.len()), (4, 2));
    assert_eq!(said.end, Asked::Unknown);
}

/// A session can be read for hours, its payment for ever.
#[test]
fn a_session_that_is_gone_leads_to_its_payment() {
    let level = event("3254564310_0", CB, 9, 14_000).json();
    let operations = [operation("3254564310_0", 14_000, 9, "card")];
    let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
    let order = after(&platform, registered("CMD-1", 14_000), &[PAYMENT]);
    assert!(order.fulfilment().is_some());
    assert_eq!(order.notifications()[0].source, "api");
}

#[test]
fn the_session_tells_whether_more_may_come() {
    let session = |word: &str| json!({"status": word});
    for (words, ended, over) in [
        (&["CANCELLED_BY_CONSUMER"][..], true, &["71"][..]),
        (&["IN_PROGRESS", "CANCELLED_BY_CONSUMER"], false, &[]),
        (&["CANCELLED_BY_CONSUMER", "IN_PROGRESS"], false, &[]),
        (&["CANCELLED_BY_CONSUMER", "PAYMENT_CREATED"], false, &[]),
        (&["PAYMENT_CREATED", "CANCELLED_BY_CONSUMER"], true, &["72"]),
        (&["IN_PROGRESS"], false, &[]),
    ] {
        let ids = ["71", "72"];
        let mut platform = Platform::default();
        for (id, word) in ids.iter().zip(words) {
            platform = platform.with(format!("hostedcheckouts/{id}"), &session(word));
        }
        let said = platform.ask(&order("CMD-1"), &ids[..words.len()]);
        let told = match said.end {
            Asked::Told(answer) => (answer.ended && answer.statements.is_empty(), answer.over),
            Asked::Unknown => (false, Vec::new()),
            Asked::Failed(trouble) => panic!("{trouble}"),
        };
        let over = over.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(told, (ended, over), "{words:?}");
    }
}

/// An order without a reference takes the one that is answered, under its payment's name as before.
#[test]
fn an_order_that_is_called_by_its_payment_learns_its_reference() {
    let nameless = Payment::new("", "3254564310_0", CB, 46, 14_000).json();
    let said = statement(read_worldline(&nameless.to_string()).remove(0));
    let mut order = Order::new(said.key.clone());
    order.take(&said, &receipt("webhook", 0), Policy::default()).unwrap();
    let level = event("3254564310_0", CB, 9, 14_000).json();
    let operations = [operation("3254564310_0", 14_000, 9, "card")];
    let platform = Platform::default().details(PAYMENT, &details(&level, &operations));
    let answer = platform.tells(&order, &[]);
    for said in &answer.statements {
        assert_eq!(said.key.order, "CMD-1");
        assert!(said.aliases.contains(order.key()));
    }
    let nameless = details(&Payment::new("", "3254564310_0", CB, 9, 14_000).json(), &operations);
    let platform = Platform::default().details(PAYMENT, &nameless);
    let mut taken = order.clone();
    take(&mut taken, &platform.tells(&order, &[]));
    assert!(taken.fulfilment().is_some());
    // What is asked about by its reference belongs to it, also where none comes back.
    assert!(after(&platform, registered("CMD-1", 14_000), &[PAYMENT]).fulfilment().is_some());
}

#[test]
fn what_is_about_something_else_states_nothing() {
    let level = event("3254564310_0", CB, 9, 14_000);
    let one = [operation("3254564310_0", 14_000, 9, "card")];
    let foreign = |mut listed: Value| {
        listed["amountOfMoney"]["currencyCode"] = "USD".into();
        listed
    };
    let other = Payment::new("CMD-2", "3254564310_0", CB, 9, 14_000).json();
    for body in [
        details(&other, &one),
        details(&event("3254564311_0", CB, 9, 14_000).json(), &one),
        details(&level.clone().currency("USD").json(), &[foreign(one[0].clone())]),
        details(&level.clone().acquired_currency("USD").json(), &one),
        details(&level.json(), &[foreign(one[0].clone())]),
    ] {
        let platform = Platform::default().details(PAYMENT, &body);
        match platform.ask(&registered("CMD-1", 14_000), &[PAYMENT]).end {
            Asked::Failed(trouble) => {
                assert_eq!(trouble.kind, TroubleKind::Contradiction, "{trouble}");
                assert!(!trouble.to_string().contains("CMD-2"), "{trouble}");
            }
            end => panic!("{body}: {end:?}"),
        }
    }
}

/// Whoever has a key for notifications can name a payment of another order. That neither keeps the order's own from being
/// told nor is told as the order's, however many he names.
#[test]
fn what_a_notification_alone_names_is_told_only_if_it_is_the_orders() {
    const FOREIGN: &str = "3254564999";
    let of = |reference: &str, payment: &str| {
        let id = format!("{payment}_0");
        let level = Payment::new(reference, &id, CB, 9, 14_000).json();
        details(&level, &[operation(&id, 14_000, 9, "card")])
    };
    let platform = || Platform::default().details(FOREIGN, &of("CMD-2", FOREIGN));
    let mut forged = order("CMD-1");
    tell(&mut forged, &event(&format!("{FOREIGN}_0"), CB, 9, 14_000).json(), 0);
    let alone = platform().ask(&forged, &[]).end;
    assert!(
        matches!(&alone, Asked::Failed(t) if t.kind == TroubleKind::Contradiction),
        "{alone:?}"
    );
    for more in 0..40 {
        tell(&mut forged, &event(&format!("42545649{more}_0"), CB, 9, 100).json(), more);
    }
    let session = json!({"status": "PAYMENT_CREATED", "createdPaymentOutput": {"payment": {"id": "3254564310_0"}}});
    let own =
        platform().details(PAYMENT, &of("CMD-1", PAYMENT)).with("hostedcheckouts/77", &session);
    let answer = own.tells(&forged, &["77"]);
    let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
    let shares: Vec<&str> = facts.filter_map(|fact| Some(&*fact.as_share()?.share)).collect();
    assert_eq!(shares, [PAYMENT]);
    // What the platform itself had named before comes first, and is not let go.
    take(&mut forged, &confirmed(answer));
    assert_eq!(
        own.ask(&forged, &[]).calls.iter().map(path).next().unwrap(),
        format!("payments/{PAYMENT}_0/details")
    );
    let moved = Platform::default().details(PAYMENT, &of("CMD-2", PAYMENT)).ask(&forged, &[]).end;
    assert!(
        matches!(&moved, Asked::Failed(t) if t.kind == TroubleKind::Contradiction),
        "{moved:?}"
    );
}

/// Nor does a name that the platform cannot read, or of which it reads a part, keep the order's own from being told: the
/// names are not the platform's. Refused credentials are, and so is what the platform named itself.
#[test]
fn what_a_notification_alone_names_and_cannot_be_read_is_left_out() {
    const STRANGE: &str = "3254564999";
    let answer = |status| answered(status, &json!({"errorId": "x", "errors": []}));
    let own = event("3254564310_0", CB, 9, 14_000).json();
    let paid = details(&own, &[operation("3254564310_0", 14_000, 9, "card")]);
    let refunded = {
        let level = event("3254564999_0", CB, 9, 14_000).json();
        details(
            &level,
            &[
                operation("3254564999_0", 14_000, 9, "card"),
                operation("3254564999_1", 1_000, 8, "card"),
            ],
        )
    };
    let whole = format!("payments/{STRANGE}_0/details");
    let part = format!("payments/{STRANGE}_0/refunds");
    let read = || Platform::default().details(PAYMENT, &paid);
    let cases = [
        ("refused", read().failing(&whole, answer(400))),
        ("gone", read().failing(&whole, answer(404))),
        ("in trouble", read().failing(&whole, answer(503))),
        ("too many", read().failing(&whole, answer(429))),
        ("lost", read().failing(&whole, Exchange::Lost)),
        ("not reached", read().failing(&whole, Exchange::Unsent)),
        ("garbled", read().with(&whole, &json!([]))),
        ("in parts", read().details(STRANGE, &refunded).failing(&part, answer(503))),
    ];
    let mut order = order("CMD-1");
    tell(&mut order, &own, 0);
    tell(&mut order, &event("3254564999_0", CB, 9, 14_000).json(), 1);
    for (what, platform) in cases {
        let answer = platform.tells(&order, &[]);
        let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
        let shares: BTreeSet<&str> =
            facts.filter_map(|fact| Some(&*fact.as_share()?.share)).collect();
        assert_eq!(shares, [PAYMENT].into(), "{what}");
        let is_missed =
            ["in trouble", "too many", "lost", "not reached", "in parts"].contains(&what);
        assert_eq!(answer.missed.is_some(), is_missed, "{what}: another time it may be read");
        // Once the platform itself has named it.
        let mut known = order.clone();
        take(&mut known, &confirmed(read().details(STRANGE, &refunded).tells(&order, &[])));
        let end = platform.ask(&known, &[]).end;
        assert!(matches!(&end, Asked::Failed(_)) || what == "gone", "{what}: {end:?}");
    }
    for status in [401, 403] {
        let end = read().failing(&whole, answer(status)).ask(&order, &[]).end;
        assert!(matches!(&end, Asked::Failed(t) if t.kind == TroubleKind::Credentials), "{end:?}");
    }
}

#[test]
fn a_method_that_cannot_be_looked_up_holds_nothing() {
    for (_, platform, _) in layouts(14_000) {
        for lost in [Exchange::Lost, answered(400, &json!({})), answered(200, &json!([]))] {
            let platform = platform.clone().failing("payments/3254564310_1", lost);
            let order = after(&platform, registered("CMD-1", 14_000), &[PAYMENT]);
            assert!(order.fulfilment().is_some());
        }
    }
}

#[test]
fn what_a_capture_leaves_can_be_taken_whatever_was_seen_of_it_under_way() {
    // While the capture is under way the payment shows its number, and afterwards that of the reservation.
    for (ended, left) in [(93, 14_000), (9, 9_000)] {
        let level = |code, acquired: u64| {
            let event = Payment::new("CMD-1", &format!("{PAYMENT}_0"), 130, code, 14_000);
            event.acquired(Some(acquired).filter(|amount| *amount > 0)).json()
        };
        let sale = operation(&format!("{PAYMENT}_0"), 14_000, 5, "card");
        let capture = |code| operation(&format!("{PAYMENT}_1"), 5_000, code, "card");
        let taken = if ended == 9 { 5_000 } else { 0 };
        let mut order = registered("CMD-1", 14_000);
        for (code, acquired, of_capture) in [(91, 0, 91), (5, taken, ended)] {
            let told = details(&level(code, acquired), &[sale.clone(), capture(of_capture)]);
            order = after(&Platform::default().details(PAYMENT, &told), order, &[PAYMENT]);
        }
        let rules = provider(worldline::ID).unwrap().rules();
        let lines = plan::capture(&order, rules, None, eur(), &[]).unwrap();
        let amounts: Vec<u64> = lines.iter().map(|line| line.amount).collect();
        assert_eq!(amounts, [left], "{ended}");
    }
}
