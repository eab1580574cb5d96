//! What the operations of a Worldline payment are worth together, where they can be read in two ways.

use quittance_core::{Flag, State};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::Payment;

use crate::story::{CAPTURED, CARD, SECURED, VISA, VOUCHER, cascade, given, now, pay, under, wl};

/// An operation that is to reach `of` and took `acquired`.
fn operation(number: u64, of: u64, acquired: u64) -> Payment {
    Payment::new("CMD-1", &format!("3254564310_{number}"), VISA, 9, of).acquired(acquired)
}

#[test]
fn an_operation_is_worth_what_it_took() {
    let known = || given(&wl("3254564310_0", VISA, 46));
    // Less than its own amount, the same, and more, which can only be its own.
    for (acquired, captured) in [(30_000, 30_000), (60_000, 60_000), (90_000, 60_000)] {
        known().then(&operation(1, 60_000, acquired)).sums(140_000, 0, captured, 0).held();
    }
    // Parts add up, and what is taken beyond the whole is seen.
    known()
        .then(&operation(1, 20_000, 20_000))
        .then(&operation(2, 30_000, 30_000))
        .sums(140_000, 0, 50_000, 0)
        .held();
    given(&operation(0, 140_000, 200_000)).sums(140_000, 0, 200_000, 0).released();
    // Together beyond the whole they cannot all be parts: the largest alone is certain.
    known()
        .then(&operation(1, 90_000, 90_000))
        .then(&operation(2, 80_000, 80_000))
        .sums(140_000, 0, 90_000, 0)
        .held();
}

/// Told once as its own and once of the whole, an operation may be a running total like the next.
#[test]
fn an_operation_that_is_told_in_two_ways_is_not_certain() {
    let (own, whole, next) = (
        operation(1, 70_000, 70_000),
        operation(1, 140_000, 70_000),
        operation(2, 140_000, 70_000),
    );
    for [one, two, three] in [[&own, &whole, &next], [&next, &whole, &own], [&whole, &own, &next]] {
        let known = given(&wl("3254564310_0", VISA, 46));
        known.then(one).then(two).then(three).sums(140_000, 0, 70_000, 0).held();
    }
}

/// A page that was left before the payment was authorised takes nothing from it.
#[test]
fn an_earlier_end_takes_nothing_from_what_is_reserved() {
    for code in [1, 2] {
        let left = wl("3254564310_0", VISA, code);
        let reserved = wl("3254564310_0", VISA, 5);
        for [one, two] in [[&left, &reserved], [&reserved, &left]] {
            given(one).then(two).is(State::Authorised).sums(140_000, 140_000, 0, 0);
            let story = given(one).then(two).then(&operation(1, 50_000, 50_000));
            let story = story.sums(140_000, 90_000, 50_000, 0);
            let [debit] = &story.order().summary(CAPTURED).certain_debits[..] else { panic!() };
            assert!(!debit.lost, "the rest can still be taken");
        }
    }
}

#[test]
fn a_capture_of_all_that_was_reserved_loses_nothing() {
    for story in [given(&wl("3254564310_0", VISA, 9)), given(&operation(1, 50_000, 50_000))] {
        let [debit] = &story.order().summary(CAPTURED).certain_debits[..] else { panic!() };
        assert!(!debit.lost);
    }
}

/// An operation that cancels as much as the payment is to reach cancels the payment.
#[test]
fn the_whole_that_is_cancelled_is_lost_under_the_payments_name() {
    let story = under(SECURED)
        .then(&wl("3254564310_0", VISA, 5))
        .released()
        .then(&Payment::new("CMD-1", "3254564310_1", VISA, 6, 140_000))
        .is(State::Cancelled)
        .reversals(&[140_000]);
    assert_eq!(story.order().reversals[0].share, "3254564310");
}

/// A statement that contradicts itself, about another payment of an order that is paid, is no doubt about it.
#[test]
fn what_is_contradictory_holds_an_order_until_it_is_paid() {
    let unpaid = ("UNPAID", "CLOSED");
    let shares = [Share(&"d".repeat(32), "CB", 10_000, "CAPTURED")];
    let contradictory = lyra::rest("CMD-1", "def456", 10_000, unpaid, &shares);
    given(&contradictory).flagged_with(Flag::Ambiguous).held();
    given(&pay("CAPTURED")).then(&contradictory).flagged([Flag::Overpaid]);
    // What it says of the whole is in doubt even where its share is settled.
    let half = [Share(&"d".repeat(32), "CB", 4_000, "CAPTURED")];
    let contradictory = lyra::rest("CMD-1", "abc123", 4_000, unpaid, &half);
    given(&contradictory)
        .flagged_with(Flag::Ambiguous)
        .then(&cascade("CAPTURED", &half))
        .is(State::PartiallyCaptured)
        .flagged_with(Flag::Ambiguous);
}

#[test]
fn only_a_voucher_can_be_stranded() {
    let later = crate::common::receipt(40 * 24 * 3_600).received_at;
    let voucher = cascade("CAPTURED", &[VOUCHER, now(CARD, "REFUSED")]);
    let card = cascade("CAPTURED", &[now(VOUCHER, "REFUSED"), CARD]);
    let second = Form::single("CMD-1", "def456", "CB", 10_000, "REFUSED");
    for (form, stranded) in [(&voucher, true), (&card, false), (&second, false)] {
        let story = given(form).held();
        let flags = story.order().view(CAPTURED, later).flags;
        assert_eq!(flags.contains(&Flag::StrandedVoucher), stranded, "{flags:?}");
    }
}
