//! Authorisation as enough.

use quittance_core::{Standing, State};
use quittance_testing::lyra::Share;

use crate::story::{CARD, CVCO, Message, SECURED, VISA, VOUCHER, cascade, now, pay, under, wl};

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

/// The amount that it reached may be one that the buyer typed: no field of a form without it tells.
#[test]
fn a_partial_authorisation_secures_nothing_on_the_word_of_a_form() {
    let partly = |amount: &str, currency: &str| {
        pay("PARTIALLY_AUTHORISED")
            .with("vads_effective_amount", amount)
            .with("vads_effective_currency", currency)
    };
    for (form, standing) in [
        (partly("4000", "978"), Standing::Respellable),
        (partly("9999", "978"), Standing::Respellable),
        (partly("20000", "978"), Standing::Respellable),
        (partly("10000", "840"), Standing::Respellable),
        (partly("10000", "978").without("vads_effective_currency"), Standing::Sound),
        (partly("10000", "978").without("vads_effective_amount"), Standing::Sound),
    ] {
        assert_eq!(form.said().standing, standing);
        let story = under(SECURED).then(&form).held();
        assert_eq!(story.order().summary(SECURED).authorised, 0);
        // Once captured it counts for what the form says was captured.
        story.then(&pay("CAPTURED")).sums(10_000, 0, 10_000, 0).released();
    }
}

#[test]
fn an_authorised_voucher_of_unknown_worth_secures_nothing() {
    under(SECURED).then(&wl("3254564310_0", CVCO, 5).acquired(None)).is(State::Pending).held();
    under(SECURED)
        .then(&wl("3254564310_0", VISA, 5).acquired(None))
        .is(State::Authorised)
        .released();
}
