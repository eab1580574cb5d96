//! Authorisation as enough.

use quittance_core::{Flag, State};
use quittance_testing::lyra::{self, Share};
use serde_json::json;

use crate::story::{CARD, CVCO, SECURED, VISA, VOUCHER, cascade, now, pay, under, wl};

#[test]
fn secured_counts_what_is_reserved() {
    for (status, released) in [
        ("AUTHORISED", true),
        ("CAPTURED", true),
        ("SUSPENDED", false),
        ("AUTHORISED_TO_VALIDATE", false),
        ("CAPTURE_PENDING", false),
        ("PRE_AUTHORISED", false),
    ] {
        let story = under(SECURED).then(&pay(status));
        assert_eq!(story.order().fulfilment.is_some(), released, "{status}");
    }
    under(SECURED).then(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")])).released();
    let partly = now(Share(CARD.0, CARD.1, 3_000, ""), "PARTIALLY_AUTHORISED");
    under(SECURED)
        .then(&cascade("AUTHORISED", &[VOUCHER, partly]))
        .sums(10_000, 3_000, 6_000, 0)
        .held();
    let covering = Share(CARD.0, CARD.1, 4_000, "PARTIALLY_AUTHORISED");
    under(SECURED).then(&cascade("AUTHORISED", &[VOUCHER, covering])).released();
}

#[test]
fn a_partial_authorisation_secures_what_was_authorised_and_no_more() {
    let partly = |amount: &str, currency: &str| {
        pay("PARTIALLY_AUTHORISED")
            .with("vads_effective_amount", amount)
            .with("vads_effective_currency", currency)
    };
    for (form, authorised) in [
        (partly("4000", "978"), 4_000),
        (partly("9999", "978"), 9_999),
        // More than was asked for cannot have been authorised in part.
        (partly("20000", "978"), 10_000),
        (partly("10000", "840"), 0),
        (partly("0", "978"), 0),
        (partly("10000", "978").without("vads_effective_currency"), 0),
        (partly("10000", "978").without("vads_effective_amount"), 0),
    ] {
        let story = under(SECURED).then(&form).sums(10_000, authorised, 0, 0);
        assert_eq!(story.order().fulfilment.is_some(), authorised == 10_000, "{authorised}");
        // Once captured it counts for what the form says was captured.
        story.then(&pay("CAPTURED")).sums(10_000, 0, 10_000, 0).released();
    }
}

/// An answer states the amount that was asked for, and no source says where the authorised one stands.
#[test]
fn a_partial_authorisation_of_an_answer_secures_nothing() {
    let share = Share(CARD.0, CARD.1, 10_000, "PARTIALLY_AUTHORISED");
    let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
    answer["transactions"][0]["status"] = json!("PAID");
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    under(SECURED).then(&body).flagged([Flag::Ambiguous]).held();
}

#[test]
fn an_authorised_voucher_of_unknown_worth_secures_nothing() {
    under(SECURED).then(&wl("3254564310_0", CVCO, 5).acquired(None)).is(State::Pending).held();
    under(SECURED)
        .then(&wl("3254564310_0", VISA, 5).acquired(None))
        .is(State::Authorised)
        .released();
}
