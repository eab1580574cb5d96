//! What the operations of a Worldline payment are worth together, where they can be read in two ways.

use quittance_core::{Flag, State};
use quittance_psp::PROVIDERS;
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::worldline::{Payment, refund};

use super::story::{
    CAPTURED, CARD, CVCO, SECURED, VISA, VOUCHER, cascade, follow_up, given, now, pay, under, wl,
};

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
    assert_eq!(story.order().reversals()[0].share, "3254564310");
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
fn only_a_voucher_that_is_kept_can_be_stranded() {
    let later = quittance_testing::read::receipt(40 * 24 * 3_600).received_at;
    let voucher = cascade("CAPTURED", &[VOUCHER, now(CARD, "REFUSED")]);
    let card = cascade("CAPTURED", &[now(VOUCHER, "REFUSED"), CARD]);
    let voucher_alone = given(&wl("3254564310_0", CVCO, 9).acquired(60_000));
    let given_back = refund("CMD-1", "3254564310_2", 8, 60_000);
    let other_card = Payment::new("CMD-1", "3254564399_0", VISA, 9, 30_000);
    let small_rest = Share(CARD.0, CARD.1, 1_000, "AUTHORISED");
    for (story, stranded) in [
        (given(&voucher), true),
        (given(&card), false),
        (given(&pay("REFUSED")), false),
        // Something is reserved, and not all of the rest.
        (given(&cascade("AUTHORISED", &[VOUCHER, small_rest])), true),
        (given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")])), false),
        (voucher_alone.then(&other_card).then(&given_back), false),
    ] {
        let view = story.held().order().view(CAPTURED, later, PROVIDERS);
        assert_eq!(view.flags.contains(&Flag::StrandedVoucher), stranded, "{view:#?}");
    }
}

/// What is final of one share settles nothing of another.
#[test]
fn an_unknown_status_is_flagged_beside_a_captured_share() {
    given(&cascade("CAPTURED", &[VOUCHER, now(CARD, "FUTURE_STATUS")]))
        .flagged([Flag::UnknownStatus])
        .held();
}

/// Amounts disagree once something was paid, and only where no payment still waits for its rest.
#[test]
fn amounts_that_differ_are_flagged_once_something_was_paid() {
    let other = |status| Form::single("CMD-1", "def456", "CB", 12_000, status);
    given(&pay("REFUSED")).then(&other("REFUSED")).flagged([]);
    given(&pay("CAPTURED")).then(&other("REFUSED")).flagged([Flag::AmountMismatch]);
    let own = |id: &str, amount| Payment::new("CMD-1", id, VISA, 9, amount);
    let open = wl("3254564310_0", CVCO, 9).acquired(60_000);
    given(&open).then(&own("3254564399_0", 50_000)).flagged([]).held();
    let pending = wl("3254564310_0", CVCO, 46);
    given(&pending).then(&operation(1, 50_000, 50_000)).flagged([]);
    // A payment of nothing is no part.
    let nothing = Payment::new("CMD-1", "3254564399_0", VISA, 46, 0);
    let other = wl("3254564400_0", VISA, 46);
    given(&operation(1, 50_000, 50_000)).then(&other).then(&nothing).flagged([Flag::Ambiguous]);
    given(&pending).then(&own("3254564399_0", 50_000)).flagged([Flag::AmountMismatch]);
}

/// Without their sum nobody knows how many instalments are too many.
#[test]
fn instalments_without_their_sum_are_not_too_much() {
    let first = pay("CAPTURED").with("vads_payment_config", "MULTI:first=10000;count=3;period=30");
    let second = Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED");
    for [one, two] in [[&first, &second], [&second, &first]] {
        given(one).then(two).sums(10_000, 0, 20_000, 0).flagged([]);
    }
}

#[test]
fn what_is_reserved_in_two_currencies_is_flagged() {
    let reserved = |sequence, share, currency| {
        follow_up(sequence, "BATCH", now(share, "AUTHORISED")).with("vads_currency", currency)
    };
    given(&reserved(1, VOUCHER, "978"))
        .then(&reserved(2, CARD, "840"))
        .flagged([Flag::Ambiguous, Flag::CurrencyMismatch]);
}
