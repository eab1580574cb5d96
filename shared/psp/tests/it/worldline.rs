//! What Worldline Direct sends beyond the plain payment, row by row of its facts
//! (worldline.md 1 to 5).

use std::collections::BTreeSet;

use quittance_core::{
    Fact, Flag, Kind, Order, Policy, Reading, ReleaseOn, Standing, State, Statement, Status,
};
use quittance_psp::worldline::PaymentId;
use quittance_testing::worldline::{Payment, envelope, refund};
use serde_json::{Value, json};

use quittance_testing::read::{read_worldline, receipt, statement, words};

const CARD: u64 = 130;
const CVCO: u64 = 5412;

/// A payment of 120.00 EUR of order CMD-1.
fn payment(id: &str, code: u64) -> Payment {
    Payment::new("CMD-1", id, CARD, code, 12_000)
}

/// What a single event turned out to be.
#[track_caller]
fn reading(event: &Value) -> Reading {
    let mut readings = read_worldline(&event.to_string());
    assert_eq!(readings.len(), 1);
    readings.remove(0)
}

#[track_caller]
fn said(event: &Value) -> Statement {
    statement(reading(event))
}

#[track_caller]
fn unreadable(event: &Value) -> String {
    match reading(event) {
        Reading::Unreadable(unreadable) => unreadable.reason,
        other => panic!("{other:?}"),
    }
}

/// The order after these events, under a policy.
#[track_caller]
fn after_under(policy: Policy, events: &[Value]) -> Order {
    let mut order: Option<Order> = None;
    for (at, event) in (0..).zip(events) {
        let statement = said(event);
        let order = order.get_or_insert_with(|| Order::new(statement.key.clone()));
        order.take(&statement, &receipt(at), policy).unwrap();
    }
    order.unwrap()
}

#[track_caller]
fn after(events: &[Value]) -> Order {
    after_under(Policy::default(), events)
}

/// Expected, authorised, captured, refunded, in cents.
fn sums(order: &Order) -> (Option<u64>, u64, u64, u64) {
    let s = order.summary(Policy::default());
    (s.expected, s.authorised, s.captured, s.refunded)
}

fn state(order: &Order) -> State {
    order.summary(Policy::default()).state
}

fn flags(order: &Order) -> BTreeSet<Flag> {
    order.summary(Policy::default()).flags
}

fn reversals(order: &Order) -> Vec<u64> {
    order.reversals().iter().map(|reversal| reversal.amount).collect()
}

// --- Names of a payment ------------------------------------------------------------------------

#[test]
fn every_spelling_of_an_id_gives_the_payment_and_its_operation() {
    for (text, inner, operation, why) in [
        ("3261218192_0", "3261218192", Some("0"), "the usual one"),
        ("3261218192_12", "3261218192", Some("12"), "a later operation"),
        ("3261218192", "3261218192", None, "bare"),
        ("10083980755_0", "10083980755", Some("0"), "eleven digits"),
        ("9000003261218192000", "3261218192", Some("0"), "long, ten digits inside"),
        ("9000003261218192012", "3261218192", Some("12"), "long, a later operation"),
        ("9000010083980755001", "10083980755", Some("1"), "long, 90000 and eleven digits"),
        ("90000010083980755001", "10083980755", Some("1"), "20 digits: 900000 and eleven digits"),
        ("9000003261218192000_0", "3261218192", Some("0"), "long, with the usual ending"),
        ("9000003261218192002_0", "3261218192", Some("2"), "the long form's operation is not lost"),
        ("9000003261218192000_3", "3261218192", Some("3"), "nor is the ending's"),
        ("900000326121819200", "900000326121819200", None, "18 digits are no long form"),
        ("900000032612181920000", "900000032612181920000", None, "nor are 21"),
        ("8000003261218192000", "8000003261218192000", None, "another prefix"),
        ("90000032612181920x0", "90000032612181920x0", None, "not all digits"),
        ("_0", "_0", None, "nothing before the operation"),
        ("9999_9", "9999", Some("9"), "the test event's"),
    ] {
        let id = PaymentId::parse(text).unwrap();
        assert_eq!((id.inner, id.operation), (inner, operation), "{why}");
    }
    assert_eq!(PaymentId::parse(""), None);
}

/// Were one spelling taken for another payment, a voucher told of twice would pay an order twice over.
#[test]
fn half_an_order_told_in_every_spelling_stays_half() {
    let spellings = [
        "10083980755_0",
        "10083980755",
        "9000010083980755000",
        "90000010083980755000",
        "90000010083980755000_0",
    ];
    let half = |id: &&str| Payment::new("CMD-1", id, CVCO, 9, 12_000).acquired(6_000).json();
    let order = after(&spellings.iter().map(half).collect::<Vec<_>>());
    assert_eq!(sums(&order), (Some(12_000), 0, 6_000, 0));
    assert!(order.fulfilment().is_none());
    assert_eq!(order.summary(Policy::default()).shares.len(), 1);
}

// --- The way of a payment ----------------------------------------------------------------------

/// A capture under way keeps its operation's id until it is decided (section 4, "Identifiers").
#[test]
fn a_capture_under_way_ends_captured_or_authorised() {
    for under_way in [4, 91, 92, 99] {
        let (first, way) = (payment("3254_0", 5).json(), payment("3254_1", under_way).json());
        let order = after(&[first.clone(), way.clone()]);
        assert_eq!((state(&order), sums(&order).1), (State::Authorised, 12_000), "{under_way}");

        let order = after(&[first.clone(), way.clone(), payment("3254_1", 9).json()]);
        assert_eq!((state(&order), sums(&order).2), (State::Captured, 12_000), "{under_way}");
        assert!(order.fulfilment().is_some() && flags(&order).is_empty(), "{under_way}");

        let order = after(&[first, way, payment("3254_1", 93).json()]);
        assert_eq!((state(&order), sums(&order).2), (State::Authorised, 0), "{under_way}");
        assert!(order.fulfilment().is_none() && flags(&order).is_empty(), "{under_way}");
    }
}

/// Section 3, "Partial refund/capture trap": each capture is an operation with an amount of its own.
#[test]
fn partial_captures_add_up_to_the_authorised_amount() {
    let part = |id, amount| Payment::new("CMD-1", id, CARD, 9, amount).json();
    let authorised = payment("3254_0", 5).json();
    let first = after(&[authorised.clone(), part("3254_1", 5_000)]);
    assert_eq!(
        (state(&first), sums(&first)),
        (State::PartiallyCaptured, (Some(12_000), 7_000, 5_000, 0))
    );
    assert!(first.fulfilment().is_none());
    let both = after(&[authorised, part("3254_1", 5_000), part("3254_2", 7_000)]);
    assert_eq!((state(&both), sums(&both)), (State::Captured, (Some(12_000), 0, 12_000, 0)));
    assert!(both.fulfilment().is_some() && flags(&both).is_empty());
}

/// Sections 3 and 4: decide by number and word, whichever is missing or denied holds. Under `secured`
/// reserved money releases, so it is read as strictly.
#[test]
fn only_an_undenied_reservation_secures_an_order() {
    let secured = Policy { release_on: ReleaseOn::Secured, ..Policy::default() };
    for (word, code, category, released, why) in [
        (json!("PENDING_CAPTURE"), json!(5), json!("PENDING_MERCHANT"), true, "authorised"),
        (json!("PENDING_APPROVAL"), json!(5), json!("PENDING_MERCHANT"), true, "its other word"),
        (json!("PENDING_CAPTURE"), json!(5), json!(null), true, "a category may be missing"),
        (
            json!("CAPTURE_REQUESTED"),
            json!(91),
            json!("PENDING_CONNECT_OR_3RD_PARTY"),
            true,
            "asked",
        ),
        (json!("REJECTED_CAPTURE"), json!(93), json!("UNSUCCESSFUL"), true, "stays authorised"),
        (
            json!("CANCELLATION_REJECTED"),
            json!(63),
            json!("UNSUCCESSFUL"),
            true,
            "stays authorised",
        ),
        (json!("PENDING_CAPTURE"), json!(null), json!("PENDING_MERCHANT"), false, "no number"),
        (json!(null), json!(5), json!("PENDING_MERCHANT"), false, "no word"),
        (json!("PENDING_CAPTURE"), json!(5), json!("UNSUCCESSFUL"), false, "denied"),
        (json!("PENDING_CAPTURE"), json!(5), json!("REVERSED"), false, "denied"),
        (json!("CANCELLED"), json!(63), json!("UNSUCCESSFUL"), false, "the word of a cancellation"),
        (json!("PENDING_CAPTURE"), json!(50), json!("PENDING_MERCHANT"), false, "awaits a check"),
        (json!("AUTHORIZATION_REQUESTED"), json!(52), json!(null), false, "uncertain"),
    ] {
        let mut event = payment("3254_0", 5).json();
        event["payment"]["status"] = word;
        event["payment"]["statusOutput"] = json!({"statusCode": code, "statusCategory": category});
        let order = after_under(secured, &[event]);
        assert_eq!(order.fulfilment().is_some(), released, "{why}");
    }
}

/// The deprecated `amountPaid` proves nothing: only `acquiredAmount` is what was really obtained.
#[test]
fn the_amount_of_the_old_field_is_not_acquired() {
    let mut event = payment("3254_0", 9).acquired(None).json();
    event["payment"]["paymentOutput"]["amountPaid"] = json!(12_000);
    let order = after(&[event]);
    assert!(order.fulfilment().is_none());
    assert_eq!(flags(&order), BTreeSet::from([Flag::Ambiguous]));
}

#[test]
fn a_surcharge_in_another_currency_cannot_be_read() {
    let mut event = payment("3254_0", 9).surcharge(240).acquired(12_240).json();
    let surcharge = "/payment/paymentOutput/surchargeSpecificOutput/surchargeAmount/currencyCode";
    *event.pointer_mut(surcharge).unwrap() = json!("USD");
    assert!(unreadable(&event).contains("surchargeAmount"));
}

/// Section 2: `created` is seen in several shapes, the order of names varies, recorded bodies have
/// fields that no SDK knows.
#[test]
fn what_surrounds_a_payment_does_not_matter() {
    let event = payment("3254_0", 9).json();
    let plain = reading(&event);
    for created in [
        json!("2023-01-23T09:51:27.9529667+01:00"),
        json!("2017-02-02T11:24:14.040+0100"),
        json!("2026-08-21T10:16:19.344422Z"),
        json!("yesterday"),
        json!(1_795_341_600),
        json!(null),
        json!({"at": []}),
    ] {
        let mut other = event.clone();
        other["created"] = created.clone();
        other["payment"]["paymentOutput"]["paymentCreationDate"] = created;
        assert_eq!(reading(&other), plain);
    }
    let (id, last) = (r#""id":"3254_0","#, r#""statusCode":9}"#);
    let text = event.to_string();
    assert!(text.contains(id) && text.contains(last), "{text}");
    let id_last = text.replace(id, "").replace(last, r#""statusCode":9},"id":"3254_0""#);
    assert_eq!(read_worldline(&id_last), [plain]);
}

// --- Money on its way back ---------------------------------------------------------------------

/// Section 5: one request may come back as a refund of each share.
#[test]
fn the_refunds_of_a_split_add_up() {
    let voucher = Payment::new("CMD-1", "3254_0", CVCO, 9, 12_000).acquired(6_000).json();
    let card = Payment::new("CMD-1", "3255_0", CARD, 9, 6_000).json();
    let order = after(&[
        voucher,
        card,
        refund("CMD-1", "3255_1", 8, 6_000),
        refund("CMD-1", "3254_1", 8, 2_000),
    ]);
    assert_eq!(sums(&order), (Some(12_000), 0, 12_000, 8_000));
    assert_eq!((state(&order), reversals(&order)), (State::PartiallyRefunded, vec![6_000, 2_000]));
}

/// Section 3: 81 and 82 are under way, 8 and 85 given back, 83 refused: of one operation.
#[test]
fn a_refund_under_way_ends_given_back_or_refused() {
    let paid = payment("3254_0", 9).json();
    for under_way in [81, 82] {
        for (end, state_after, given_back) in
            [(8, State::Refunded, 12_000), (85, State::Refunded, 12_000), (83, State::Captured, 0)]
        {
            let way = refund("CMD-1", "3254_1", under_way, 12_000);
            let mut done = refund("CMD-1", "3254_1", if end == 85 { 8 } else { end }, 12_000);
            done["refund"]["statusOutput"]["statusCode"] = json!(end);
            let order = after(&[paid.clone(), way.clone()]);
            assert_eq!((state(&order), order.reversals().len()), (State::Captured, 0));
            let order = after(&[paid.clone(), way, done]);
            assert_eq!((state(&order), sums(&order).3), (state_after, given_back), "{end}");
            assert_eq!(order.reversals().len(), usize::from(given_back > 0), "{end}");
            assert!(flags(&order).is_empty(), "{end}");
        }
    }
}

/// Section 3, "Flags": a stub of the vendor's own plugin carries `REFUND_REQUESTED` with the number of a
/// finished refund. Where they disagree it is not final.
#[test]
fn a_requested_refund_with_the_number_of_a_finished_one_is_not_final() {
    let mut requested = refund("CMD-1", "3254_1", 81, 12_000);
    for code in [7, 8, 85] {
        requested["refund"]["statusOutput"]["statusCode"] = json!(code);
        let order = after(&[payment("3254_0", 9).json(), requested.clone()]);
        assert_eq!(
            (state(&order), sums(&order).3, order.reversals().len()),
            (State::Captured, 0, 0)
        );
        assert_eq!(flags(&order), BTreeSet::from([Flag::Ambiguous]));
        let settled = after(&[
            payment("3254_0", 9).json(),
            requested.clone(),
            refund("CMD-1", "3254_1", 8, 12_000),
        ]);
        assert_eq!((state(&settled), flags(&settled)), (State::Refunded, BTreeSet::new()));
    }
}

/// Section 2: a refused refund comes as `payment.rejected`: with the refund object, with the payment
/// alone, or with an empty refund object beside it.
#[test]
fn a_refused_refund_is_one_in_each_of_its_shapes() {
    let paid = payment("3254_0", 9).json();
    for code in [73, 83] {
        let alone = payment("3254_1", code).json();
        let mut empty = alone.clone();
        empty["refund"] = json!({});
        let mut object = refund("CMD-1", "3254_1", 83, 12_000);
        object["type"] = json!("payment.rejected");
        object["refund"]["statusOutput"]["statusCode"] = json!(code);
        let mut beside = object.clone();
        beside["payment"] = paid["payment"].clone();
        for (event, shape) in
            [(alone, "payment"), (empty, "empty refund"), (object, "refund"), (beside, "both")]
        {
            let statement = said(&event);
            assert_eq!(statement.standing(), Standing::Sound, "{shape}");
            let order = after(&[paid.clone(), event.clone()]);
            let shares = order.summary(Policy::default()).shares;
            let refused = shares.iter().find(|share| share.kind == Kind::Credit).unwrap();
            assert_eq!(
                (refused.share.as_str(), refused.status),
                ("3254_1", Status::Refused),
                "{shape}"
            );
            assert_eq!((state(&order), reversals(&order)), (State::Captured, vec![]), "{shape}");
            assert!(order.fulfilment().is_some() && flags(&order).is_empty(), "{shape}");
            // In the other order the refused refund holds nothing back.
            assert!(after(&[event, paid.clone()]).fulfilment().is_some(), "{shape}");
        }
    }
    // With nothing to tell which payment it is about, a person has to look.
    let nothing = envelope("payment.rejected", "refund", json!({}));
    assert!(unreadable(&nothing).contains("neither payment nor refund"));
}

/// The payment stays captured after a partial refund (section 3, "trap"), so the payment object of such
/// an event tells that money went back and not how much. It releases nothing, and it is not lost behind
/// the capture.
#[test]
fn news_of_money_given_back_is_never_read_as_a_capture() {
    for kind in [
        "payment.refunded",
        "payment.chargebacked",
        "payment.chargeback_notification",
        "payment.reversed",
        "refund.refund_requested",
        "refund.refunded",
    ] {
        let mut event = payment("3254_0", 9).json();
        event["type"] = json!(kind);
        let order = after(std::slice::from_ref(&event));
        assert!(order.fulfilment().is_none(), "{kind}");
        assert_eq!(flags(&order), BTreeSet::from([Flag::Ambiguous]), "{kind}");

        let order = after(&[payment("3254_0", 9).json(), event]);
        assert_eq!((state(&order), sums(&order).2), (State::Captured, 12_000), "{kind}");
        assert_eq!(
            (flags(&order), reversals(&order)),
            (BTreeSet::from([Flag::Ambiguous]), vec![]),
            "{kind}"
        );
        assert_eq!(order.notifications().len(), 2, "{kind}: kept");
    }
}

/// A word that no source explains stays visible beside a capture of the same payment.
#[test]
fn a_reversed_payment_is_flagged_however_it_arrives() {
    let mut reversed = payment("3254_0", 9).json();
    reversed["type"] = json!("payment.reversed");
    reversed["payment"]["status"] = json!("REVERSED");
    reversed["payment"]["statusOutput"] = json!({"statusCategory": "REVERSED"});
    let paid = payment("3254_0", 9).json();
    for events in [[paid.clone(), reversed.clone()], [reversed, paid]] {
        let order = after(&events);
        assert_eq!((state(&order), sums(&order).2), (State::Captured, 12_000));
        assert_eq!(flags(&order), BTreeSet::from([Flag::UnknownStatus]));
    }
}

#[test]
fn a_deleted_payment_is_given_back() {
    let mut deleted = payment("3254_1", 9).json();
    deleted["type"] = json!("payment.refunded");
    deleted["payment"]["status"] = json!("REFUNDED");
    deleted["payment"]["statusOutput"] = json!({"statusCode": 7, "statusCategory": "REFUNDED"});
    let order = after(&[payment("3254_0", 9).json(), deleted]);
    assert_eq!((state(&order), reversals(&order)), (State::Refunded, vec![12_000]));
    for under_way in [71, 72] {
        let mut event = payment("3254_1", 9).json();
        event["payment"]["status"] = json!(null);
        event["payment"]["statusOutput"] = json!({"statusCode": under_way});
        let order = after(&[payment("3254_0", 9).json(), event]);
        assert_eq!((state(&order), order.reversals().len()), (State::Captured, 0), "{under_way}");
    }
}

// --- Events about something else ---------------------------------------------------------------

#[test]
fn what_is_not_about_a_payment_is_kept_apart_and_named() {
    for (kind, object) in [
        ("payment.test", "payment"),
        ("paymentlink.paid", "paymentLink"),
        ("paymentlink.cancelled", "paymentLink"),
        ("payout.account_credited", "payout"),
        ("payout.reversed", "payout"),
        ("token.created", "token"),
        ("token.expired", "token"),
        ("dispute.created", "dispute"),
        ("directbatch.processed", "directBatch"),
        ("something.else", "something"),
    ] {
        let event = envelope(kind, object, json!({"id": "1"}));
        assert_eq!(reading(&event), Reading::Untracked { about: kind.to_owned() });
    }
}

/// Money must not pass as something that is not tracked, because nobody looks at that.
#[test]
fn money_in_an_event_of_another_kind_is_kept_for_a_person() {
    for (kind, why) in [
        ("Payment.captured", "not the type's name"),
        ("dispute.created", "a dispute with its payment"),
        ("paymentlink.paid", "a link with its payment"),
        ("future.event", "no known type"),
    ] {
        let mut event = payment("3254_0", 9).json();
        event["type"] = json!(kind);
        assert!(unreadable(&event).contains("another type"), "{why}");
        let mut event = refund("CMD-1", "3254_1", 8, 12_000);
        event["type"] = json!(kind);
        assert!(unreadable(&event).contains("another type"), "{why}");
    }
}

#[test]
fn a_type_that_names_no_event_is_kept_for_a_person() {
    for kind in ["", "payment", "payment.", ".captured", "token"] {
        let event = envelope(kind, "token", json!({"id": "1"}));
        assert!(unreadable(&event).contains("type"), "{kind:?}");
    }
}

/// A refund that stands beside a payment is told only by the events that say so.
#[test]
fn an_event_about_a_payment_is_read_as_one_whatever_refund_stands_beside_it() {
    for (kind, code, refund_code, side) in [
        ("payment.captured", 9, 83, Kind::Debit),
        ("payment.rejected", 2, 8, Kind::Debit),
        ("payment.rejected", 9, 83, Kind::Credit),
        ("payment.refunded", 9, 8, Kind::Credit),
    ] {
        let mut event = payment("3254564310_0", code).kind(kind).json();
        event["refund"] = refund("CMD-1", "3254564310_1", refund_code, 4_000)["refund"].clone();
        let read = said(&event);
        let Fact::Share(share) = &read.facts[0] else { panic!("{read:?}") };
        assert_eq!(share.kind, side, "{kind} {refund_code}");
    }
}

/// Its number or its word says that a refund was refused.
#[test]
fn a_refund_is_refused_by_number_or_word() {
    let beside = |refund_of: &dyn Fn(&mut Value)| {
        let mut event = payment("3254564310_0", 9).kind("payment.rejected").json();
        event["refund"] = refund("CMD-1", "3254564310_1", 83, 4_000)["refund"].clone();
        refund_of(&mut event["refund"]);
        let read = said(&event);
        let Fact::Share(share) = &read.facts[0] else { panic!("{read:?}") };
        share.kind
    };
    let without = |number| {
        move |refund: &mut Value| match number {
            true => refund["statusOutput"]["statusCode"] = Value::Null,
            false => refund["status"] = Value::Null,
        }
    };
    assert_eq!(beside(&without(true)), Kind::Credit);
    assert_eq!(beside(&without(false)), Kind::Credit);
    let neither = |refund: &mut Value| {
        without(true)(refund);
        without(false)(refund);
    };
    assert_eq!(beside(&neither), Kind::Debit);
}

/// Later operations and credits follow on a payment that its own events are about.
#[test]
fn what_follows_on_a_payment_says_so() {
    for (event, follows) in [
        (payment("3254564310_0", 9).json(), false),
        (payment("3254564310", 9).json(), false),
        (payment("3254564310_1", 9).json(), true),
        (refund("CMD-1", "3254564310_0", 8, 4_000), true),
        (refund("CMD-1", "3254564310_1", 8, 4_000), true),
    ] {
        assert_eq!(said(&event).follows, follows, "{event}");
    }
}

#[test]
fn an_event_is_told_in_one_line() {
    let mut without_code = payment("3254564310", 9).json();
    without_code["payment"]["statusOutput"]["statusCode"] = Value::Null;
    for (event, line) in [
        (payment("3254564310_0", 9).json(), "payment.captured 3254564310_0 CAPTURED 9"),
        (without_code, "payment.captured 3254564310 CAPTURED without code"),
    ] {
        assert_eq!(words(quittance_psp::worldline::ID).line_of(&said(&event)), line);
    }
}
