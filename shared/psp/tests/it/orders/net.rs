//! What was taken, less what was given back.

use quittance_core::release::Cause;
use quittance_core::{Flag, State};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, chargeback, refund, with_number};
use serde_json::{Value, json};

use super::story::{CARD, CVCO, Message, VISA, VOUCHER, cascade, give_back, given, now, pay, wl};
use quittance_testing::read::reread;

/// A voucher's share of a payment of its own, of which nothing more came.
fn left(id: &str) -> Payment {
    wl(&format!("{id}_0"), CVCO, 9).acquired(60_000)
}

#[test]
fn an_earlier_attempt_that_was_given_back_bars_nothing() {
    let back = refund("CMD-1", "3254564310_1", 8, 60_000);
    let deleted = with_number(back.clone(), "refund", 7);
    for back in [back, deleted] {
        let paid = wl("3254564399_0", VISA, 9);
        given(&left("3254564310"))
            .then(&back)
            .is(State::Refunded)
            .then(&paid)
            .is(State::Captured)
            .sums(140_000, 0, 200_000, 60_000)
            .flagged([])
            .released()
            .reversed(&[]);
        // With the refund last the same is left, and fulfilment hears of what was given back since.
        given(&left("3254564310"))
            .then(&paid)
            .released()
            .then(&back)
            .is(State::Captured)
            .reversed(&[(60_000, Cause::Refund)]);
        // A second split of which the voucher states more than was given back: 60,000 of its 80,000 may be what was
        // given back, and 80,000 may be all that is left.
        let card = Payment::new("CMD-1", "3254564400_0", VISA, 9, 60_000);
        given(&left("3254564310"))
            .then(&back)
            .then(&wl("3254564399_0", CVCO, 9).acquired(80_000))
            .then(&card)
            .flagged([Flag::Ambiguous])
            .held();
        // One that states less than that can have nothing of it within.
        given(&left("3254564310"))
            .then(&back)
            .then(&wl("3254564399_0", CVCO, 9).acquired(50_000))
            .then(&Payment::new("CMD-1", "3254564400_0", VISA, 9, 90_000))
            .released();
    }
    let shares = [VOUCHER, now(CARD, "REFUSED")];
    given(&cascade("REFUSED", &shares))
        .then(&give_back('c', 6_000, "CAPTURED"))
        .then(&Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED"))
        .is(State::Captured)
        .sums(10_000, 0, 16_000, 6_000)
        .released()
        .reversed(&[]);
}

/// A payment that is more than a running total may be within as what was left of it.
#[test]
fn a_total_may_have_within_what_a_refund_left() {
    // 10,000 beside the 70,000 that are left.
    given(&refund("CMD-1", "3254564310_1", 8, 70_000))
        .then(&wl("3254564310_0", CVCO, 9))
        .then(&wl("3254564399_0", CVCO, 9).acquired(80_000))
        .flagged_with(Flag::Ambiguous)
        .held();
}

/// Two that state as much may both be running totals when something went back in between.
#[test]
fn equal_totals_around_a_refund_may_be_one() {
    // 60,000 and 30,000; then 40,000 beside what is left after 40,000 went back.
    given(&refund("CMD-1", "3254564310_1", 8, 40_000))
        .then(&Payment::new("CMD-1", "3254564310_0", CVCO, 9, 60_000))
        .then(&wl("3254564398_0", CVCO, 9).acquired(90_000))
        .then(&wl("3254564399_0", CVCO, 9).acquired(90_000))
        .flagged_with(Flag::Ambiguous)
        .held();
}

/// What went back of a running total is missing from a smaller one, which may have its own share within.
#[test]
fn what_went_back_of_a_total_is_missing_from_a_later_one() {
    // 60,000 and 40,000 are back; 10,000 were paid while the 40,000 were there.
    given(&refund("CMD-1", "3254564310_1", 8, 60_000))
        .then(&refund("CMD-1", "3254564398_1", 8, 40_000))
        .then(&Payment::new("CMD-1", "3254564310_0", CVCO, 9, 60_000))
        .then(&wl("3254564398_0", CVCO, 9).acquired(100_000))
        .then(&wl("3254564399_0", CVCO, 9).acquired(50_000))
        .then(&Payment::new("CMD-1", "3254564400_0", VISA, 9, 90_000))
        .flagged_with(Flag::Ambiguous)
        .held();
}

/// Of one that went back in two parts the first may have gone before the total was stated.
#[test]
fn a_total_may_have_within_a_part_of_what_went_back() {
    given(&refund("CMD-1", "3254564310_1", 8, 20_000))
        .then(&refund("CMD-1", "3254564310_2", 8, 40_000))
        .then(&Payment::new("CMD-1", "3254564310_0", CVCO, 9, 60_000))
        .then(&wl("3254564399_0", CVCO, 9).acquired(50_000))
        .then(&Payment::new("CMD-1", "3254564400_0", VISA, 9, 90_000))
        .flagged_with(Flag::Ambiguous)
        .held();
}

/// What went back of another payment is no second part of it.
#[test]
fn of_two_payments_that_went_back_wholly_a_smaller_total_has_nothing_within() {
    let attempt = |id: &str| Payment::new("CMD-1", &format!("{id}_0"), CVCO, 9, 60_000);
    let back = |id: &str| refund("CMD-1", &format!("{id}_1"), 8, 60_000);
    given(&back("3254564310"))
        .then(&back("3254564320"))
        .then(&attempt("3254564310"))
        .then(&attempt("3254564320"))
        .then(&wl("3254564399_0", CVCO, 9).acquired(50_000))
        .held()
        .then(&Payment::new("CMD-1", "3254564400_0", VISA, 9, 90_000))
        .released();
}

#[test]
fn what_was_given_back_of_the_paying_payment_is_missing() {
    for (back, state) in [(40_000, State::PartiallyRefunded), (140_000, State::Refunded)] {
        let back = refund("CMD-1", "3254564310_1", 8, back);
        let paid = wl("3254564310_0", VISA, 9);
        given(&back).then(&paid).is(state).held().reversed(&[]);
        given(&wl("3254564310_0", VISA, 5)).then(&back).then(&paid).held();
    }
    for (back, state) in [(4_000, State::PartiallyRefunded), (10_000, State::Refunded)] {
        given(&give_back('c', back, "CAPTURED")).then(&pay("CAPTURED")).is(state).held();
    }
}

/// Which payment a refund gives back may not be known: then it counts against the whole.
#[test]
fn a_refund_of_an_unknown_payment_counts_against_the_whole() {
    let back = refund("CMD-1", "3254564310_1", 8, 40_000);
    given(&back).then(&wl("3254564399_0", VISA, 9)).held();
    given(&back)
        .then(&wl("3254564399_0", VISA, 9))
        .then(&wl("3254564400_0", VISA, 9))
        .sums(140_000, 0, 280_000, 40_000)
        .released()
        .reversed(&[]);
    // Nothing is told of it either: its payment may be another order's.
    given(&wl("3254564399_0", VISA, 9))
        .released()
        .then(&back)
        .reversed(&[])
        .then(&wl("3254564310_0", VISA, 9))
        .reversed(&[(40_000, Cause::Refund)]);
}

#[test]
fn a_chargeback_of_an_earlier_attempt_bars_nothing() {
    given(&wl("3254564310_0", VISA, 9))
        .released()
        .then(&chargeback("CMD-1", "3254564310_1", 140_000))
        .is(State::ChargedBack)
        .reversed(&[(140_000, Cause::Chargeback)]);
    given(&chargeback("CMD-1", "3254564310_1", 140_000))
        .then(&wl("3254564310_0", VISA, 9))
        .held()
        .then(&wl("3254564399_0", VISA, 9))
        .released()
        .reversed(&[]);
}

/// A refund that is told under the same id does not hide it.
#[test]
fn a_chargeback_is_seen_beside_a_refund_of_the_same_id() {
    let refunded = refund("CMD-1", "3254564310_1", 8, 140_000);
    let taken = chargeback("CMD-1", "3254564310_1", 140_000);
    for (one, other) in [(&refunded, &taken), (&taken, &refunded)] {
        let story = given(&wl("3254564310_0", VISA, 9)).then(one).then(other);
        story.is(State::ChargedBack).reversals(&[140_000]);
    }
}

/// What speaks of all that went back is told less its parts.
#[test]
fn parts_of_a_refund_are_told_before_the_whole() {
    let part = refund("CMD-1", "3254564310_1", 8, 40_000);
    let whole = refund("CMD-1", "3254564310_0", 8, 100_000);
    for [one, two] in [[&part, &whole], [&whole, &part]] {
        given(&wl("3254564399_0", VISA, 9))
            .released()
            .then(one)
            .then(two)
            .reversed(&[])
            .then(&wl("3254564310_0", VISA, 9))
            .reversed(&[(40_000, Cause::Refund), (60_000, Cause::Refund)]);
    }
}

/// More of one credit may become known: the difference is told.
#[test]
fn a_credit_that_grows_is_told_in_full() {
    let back = |amount| refund("CMD-1", "3254564310_0", 8, amount);
    let paid = wl("3254564310_0", VISA, 9);
    for story in [
        given(&paid).then(&back(20_000)).then(&back(140_000)),
        given(&paid).then(&back(140_000)).then(&back(20_000)),
    ] {
        let told: u64 = story.order().reversals().iter().map(|reversal| reversal.amount).sum();
        assert_eq!(told, 140_000);
        let ids: std::collections::BTreeSet<_> =
            story.order().reversals().iter().map(|r| &r.id).collect();
        assert_eq!(ids.len(), story.order().reversals().len());
        story.sums(140_000, 0, 140_000, 140_000).is(State::Refunded);
    }
    given(&back(20_000)).then(&back(140_000)).then(&paid).held();
}

/// What had gone back before the release is not told, and what goes back of the same payment later is, under
/// whatever ids the two are told.
#[test]
fn a_credit_that_grows_after_the_release_is_told() {
    let part = |id, amount| refund("CMD-1", id, 8, amount);
    let all = |amount| part("3254564310_0", amount);
    let one = part("3254564310_2", 40_000);
    let other = part("3254564310_3", 60_000);
    let paid = || wl("3254564310_0", VISA, 9);
    let whole = || wl("3254564399_0", VISA, 9);
    for before in [vec![all(40_000)], vec![one.clone()], vec![all(40_000), one.clone()]] {
        let story =
            before.iter().fold(given(&paid().acquired(100_000)), |story, back| story.then(back));
        let story = story.held().then(&whole()).released().reversed(&[]);
        for after in [vec![all(100_000)], vec![other.clone()], vec![other.clone(), all(100_000)]] {
            let is_told_in_parts = after.contains(&other) && !before.contains(&one);
            let story = after.iter().fold(story.clone(), |story, back| story.then(back));
            let told: u64 = story.order().reversals().iter().map(|reversal| reversal.amount).sum();
            // Of a part that is told for the first time nobody knows whether the whole had it within.
            let least =
                if is_told_in_parts && !after.contains(&all(100_000)) { 20_000 } else { 60_000 };
            assert_eq!(told, least, "{before:?} {after:?}");
            assert_eq!(reread(story.order()), *story.order());
        }
    }
}

/// A message about money given back that carries the payment in a payment's words does not say how much:
/// that payment counts for nothing until one does.
#[test]
fn a_refund_told_in_a_payments_words_holds_its_payment() {
    let told = |kind: &str, code: u64, id: &str| -> Value {
        let mut event = wl(id, VISA, code).kind(kind).json();
        event["id"] = json!("another envelope");
        event
    };
    for kind in [
        "payment.refunded",
        "payment.reversed",
        "payment.chargebacked",
        "payment.chargeback_notification",
        "refund.refund_requested",
    ] {
        for code in [9, 5] {
            let paid = wl("3254564310_0", VISA, 9);
            let early = told(kind, code, "3254564310_0");
            given(&early).then(&paid).flagged([Flag::Ambiguous]).held();
            // It says nothing of another payment.
            let other = wl("3254564399_0", VISA, 9);
            given(&early).then(&paid).then(&other).released().reversed(&[]);
            given(&early).then(&other).held();
        }
    }
    // A sound one about the same credit settles how much went back.
    let settled = refund("CMD-1", "3254564310_1", 8, 40_000);
    given(&told("payment.refunded", 9, "3254564310_1"))
        .then(&wl("3254564310_0", VISA, 9))
        .held()
        .then(&wl("3254564399_0", VISA, 9))
        .released()
        .then(&settled)
        .flagged([Flag::Overpaid])
        .reversed(&[(40_000, Cause::Refund)]);
}

/// One refund may be told under the id of its operation and under that of its payment.
#[test]
fn money_given_back_is_told_once_under_whatever_id() {
    let part = refund("CMD-1", "3254564310_1", 8, 40_000);
    for whole in ["3254564310_0", "3254564310"] {
        let whole = refund("CMD-1", whole, 8, 40_000);
        for (one, other) in [(&part, &whole), (&whole, &part)] {
            given(&wl("3254564310_0", VISA, 9))
                .then(one)
                .then(other)
                .sums(140_000, 0, 140_000, 40_000)
                .flagged([])
                .reversed(&[(40_000, Cause::Refund)]);
        }
        // What goes beyond is told.
        let second = refund("CMD-1", "3254564310_2", 8, 30_000);
        let story = given(&wl("3254564310_0", VISA, 9)).then(&whole).then(&part).then(&second);
        story
            .sums(140_000, 0, 140_000, 70_000)
            .reversed(&[(40_000, Cause::Refund), (30_000, Cause::Refund)]);
    }
}

#[test]
fn more_given_back_than_taken_is_flagged() {
    given(&wl("3254564310_0", VISA, 9))
        .then(&refund("CMD-1", "3254564310_1", 8, 140_000))
        .flagged([])
        .then(&refund("CMD-1", "3254564310_2", 8, 1))
        .is(State::Refunded)
        .flagged([Flag::OverRefunded]);
    given(&pay("CAPTURED"))
        .then(&give_back('c', 6_000, "CAPTURED"))
        .then(&give_back('d', 6_000, "CAPTURED"))
        .flagged([Flag::OverRefunded]);
    // Of one share, although the order has taken more.
    given(&left("3254564310"))
        .then(&Payment::new("CMD-1", "3254564399_0", VISA, 9, 80_000))
        .then(&refund("CMD-1", "3254564310_1", 8, 70_000))
        .flagged([Flag::OverRefunded]);
    // Where no capture is known nothing can be compared.
    given(&pay("AUTHORISED")).then(&give_back('c', 10_000, "CAPTURED")).flagged([]);
}

/// REST says which transaction a refund gives back.
#[test]
fn a_rest_refund_gives_back_its_parent() {
    let rest = |answer: &Value| {
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    let back = |parent: &str, amount: u64| {
        let share = Share("cccccccccccccccccccccccccccccccc", "CB", amount, "CAPTURED");
        let mut answer = lyra::answer("CMD-1", "ccc123", amount, ("PAID", "CLOSED"), &[share]);
        answer["transactions"][0]["operationType"] = json!("CREDIT");
        answer["transactions"][0]["transactionDetails"]["parentTransactionUuid"] = json!(parent);
        rest(&answer)
    };
    let first = pay("CAPTURED");
    let uuid = first.fields().iter().find(|(n, _)| *n == "vads_trans_uuid").unwrap().1.to_owned();
    let second = Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED");
    given(&back(&uuid, 10_000)).then(&first).is(State::Refunded).held().then(&second).released();
    given(&back(&uuid, 12_000)).then(&first).then(&second).flagged([Flag::OverRefunded]).released();
    // Of a transaction that is not known here, it counts against the whole.
    given(&back("ffffffffffffffffffffffffffffffff", 1)).then(&first).held();
    assert!(back(&uuid, 1).said().is_credit());
}

/// A refund of a payment lowers that payment by what it gave back; in another currency nobody knows by how much.
#[test]
fn a_refund_lowers_its_payment_by_as_much() {
    let back = |currency: &str| {
        let mut back = refund("CMD-1", "3254564310_2", 8, 40_000);
        back["refund"]["refundOutput"]["amountOfMoney"]["currencyCode"] = json!(currency);
        back
    };
    let rest = Payment::new("CMD-1", "3254564399_0", VISA, 9, 40_000);
    let paid = wl("3254564310_0", VISA, 9);
    given(&back("EUR")).then(&paid).held().then(&rest).released();
    given(&back("USD")).then(&paid).held().then(&rest).held();
}

/// Money said to go back by a message that contradicts itself is not settled by another refund.
#[test]
fn another_refund_settles_no_contradiction() {
    let contradictory = give_back('c', 1_000, "CAPTURED").with("vads_result", "05");
    let other = Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED");
    given(&contradictory)
        .then(&give_back('d', 1, "CAPTURED"))
        .then(&pay("CAPTURED"))
        .then(&other)
        .held()
        // The same refund, told without a contradiction, does.
        .then(&give_back('c', 1_000, "CAPTURED"))
        .released();
}

/// What was given back is compared with what was taken of the same payment, where that is known.
#[test]
fn a_refund_of_a_payment_of_which_no_capture_is_known_is_not_too_much() {
    given(&wl("3254564310_0", VISA, 9))
        .then(&wl("3254564399_0", VISA, 5))
        .then(&refund("CMD-1", "3254564399_1", 8, 10_000))
        .flagged([]);
}
