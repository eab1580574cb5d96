//! One payment: where each status and number leads.

use quittance_core::{Flag, State};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;

use super::story::{CVCO, VISA, given, pay, wl};

#[test]
fn a_single_payment_ends_as_its_status_says() {
    for (status, state, authorised, captured, released) in [
        ("CAPTURED", State::Captured, 0, 10_000, true),
        ("AUTHORISED", State::Authorised, 10_000, 0, false),
        ("AUTHORISED_TO_VALIDATE", State::Pending, 0, 0, false),
        ("WAITING_AUTHORISATION", State::Pending, 0, 0, false),
        ("UNDER_VERIFICATION", State::Pending, 0, 0, false),
        ("SUSPENDED", State::Pending, 0, 0, false),
        ("CAPTURE_FAILED", State::Pending, 0, 0, false),
        ("REFUSED", State::Refused, 0, 0, false),
        ("NOT_CREATED", State::Refused, 0, 0, false),
        ("CANCELLED", State::Cancelled, 0, 0, false),
        ("ABANDONED", State::Cancelled, 0, 0, false),
        ("EXPIRED", State::Expired, 0, 0, false),
    ] {
        let story = given(&pay(status)).is(state).flagged([]).sums(10_000, authorised, captured, 0);
        assert_eq!(story.order().fulfilment().is_some(), released, "{status}");
    }
}

#[test]
fn a_worldline_payment_ends_as_its_number_says() {
    for (code, state, authorised, captured) in [
        (0, State::Pending, 0, 0),
        (46, State::Pending, 0, 0),
        (51, State::Pending, 0, 0),
        (1, State::Cancelled, 0, 0),
        (6, State::Cancelled, 0, 0),
        (2, State::Refused, 0, 0),
        (5, State::Authorised, 140_000, 0),
        (4, State::Authorised, 140_000, 0),
        (91, State::Authorised, 140_000, 0),
        (92, State::Authorised, 140_000, 0),
        (99, State::Authorised, 140_000, 0),
        (93, State::Authorised, 140_000, 0),
        (9, State::Captured, 0, 140_000),
    ] {
        let story = given(&wl("3254564310_0", VISA, code))
            .is(state)
            .flagged([])
            .sums(140_000, authorised, captured, 0);
        assert_eq!(story.order().fulfilment().is_some(), code == 9, "{code}");
    }
}

#[test]
fn a_voucher_that_covers_the_order_releases_it() {
    given(&Form::single("CMD-1", "abc123", "CVCO", 10_000, "CAPTURED"))
        .is(State::Captured)
        .released();
    given(&wl("3254564310_0", CVCO, 9)).is(State::Captured).released();
}

#[test]
fn an_amount_of_nothing_pays_for_nothing() {
    given(&Form::single("CMD-1", "abc123", "CB", 0, "CAPTURED")).held();
    given(&Payment::new("CMD-1", "3254564310_0", VISA, 9, 0)).held();
}

#[test]
fn a_verification_moves_no_money() {
    for status in ["ACCEPTED", "CAPTURED", "AUTHORISED"] {
        given(&pay(status).with("vads_operation_type", "VERIFICATION")).sums(None, 0, 0, 0).held();
    }
}

#[test]
fn later_news_of_the_same_payment_move_it_on_and_never_back() {
    given(&pay("AUTHORISED"))
        .held()
        .then(&pay("CAPTURED"))
        .is(State::Captured)
        .released()
        .shares(1);
    given(&pay("CAPTURED")).then(&pay("AUTHORISED")).is(State::Captured).flagged([]);
    given(&pay("AUTHORISED")).then(&pay("REFUSED")).is(State::Refused).held();
    let wl = |code| wl(if code == 5 { "3254564310_0" } else { "3254564310_1" }, VISA, code);
    given(&wl(5)).then(&wl(91)).is(State::Authorised).then(&wl(9)).is(State::Captured).released();
    // A capture refused for good stays authorised, and may be tried again.
    given(&wl(5)).then(&wl(91)).then(&wl(93)).is(State::Authorised).held().then(&wl(9)).released();
    given(&wl(5)).then(&wl(9)).then(&wl(93)).is(State::Captured);
}

#[test]
fn a_cancellation_under_way_is_not_yet_one() {
    let cancelling = |code| {
        let mut payment = wl("3254564310_1", VISA, 6);
        payment.status.1 = code;
        payment
    };
    for code in [61, 62] {
        given(&wl("3254564310_0", VISA, 5)).then(&cancelling(code)).is(State::Authorised).held();
    }
    given(&wl("3254564310_0", VISA, 5)).then(&cancelling(6)).is(State::Cancelled).held();
}

#[test]
fn an_unknown_status_is_kept_and_flagged_and_never_enough() {
    given(&pay("FUTURE_STATUS")).is(State::Pending).flagged([Flag::UnknownStatus]).held();
    given(&wl("3254564310_0", VISA, 1000)).is(State::Pending).flagged([Flag::UnknownStatus]).held();
    given(&pay("FUTURE_STATUS")).then(&pay("CAPTURED")).flagged([]).released();
}
