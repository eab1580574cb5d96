//! Amounts and currencies that do not fit.

use quittance_core::{Currency, Flag, State};
use quittance_testing::lyra::Form;
use quittance_testing::read::receipt;
use quittance_testing::worldline::Payment;
use serde_json::json;

use super::story::{CAPTURED, CARD, VISA, VOUCHER, cascade, follow_up, given, now, pay, wl};

#[test]
fn money_in_another_currency_does_not_count() {
    let dollars = follow_up(2, "BATCH", CARD).with("vads_currency", "840");
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .then(&dollars)
        .flagged([Flag::CurrencyMismatch])
        .held();
    let mut elsewhere = wl("3254564399_0", VISA, 9);
    elsewhere.currency = "USD".to_owned();
    let story = given(&wl("3254564310_0", VISA, 5))
        .then(&elsewhere)
        .flagged([Flag::CurrencyMismatch])
        .held();
    // A share that is not in the order's currency says what it is in. That of the order is the one in which money was taken.
    let summary = story.order().summary(CAPTURED);
    assert_eq!(summary.currency, Currency::from_alpha("USD"));
    let own: Vec<_> = summary.shares.iter().map(|share| share.currency).collect();
    assert!(own.contains(&None) && own.contains(&Currency::from_alpha("EUR")), "{own:?}");
    let view = serde_json::to_value(&summary.shares).unwrap();
    let named = view.as_array().unwrap().iter().filter(|share| share.get("currency").is_some());
    assert_eq!(named.count(), 1, "{view}");
}

/// An attempt in another currency hides nothing: the sums are those of what was taken, and the provider is asked.
#[test]
fn a_dead_attempt_in_another_currency_hides_no_money() {
    for code in ["CHF", "USD"] {
        let mut dead = wl("3254564399_0", VISA, 2);
        dead.currency = code.to_owned();
        let paid = wl("3254564310_0", VISA, 9);
        for (one, other) in [(&dead, &paid), (&paid, &dead)] {
            let story = given(one).then(other);
            let order = story.order();
            let summary = order.summary(CAPTURED);
            assert_eq!(summary.currency, Currency::from_alpha("EUR"), "{code}");
            assert_eq!(summary.captured, 140_000, "{code}");
            if order.fulfilment().is_none() {
                let at = receipt(120).received_at;
                assert_eq!(order.next_ask(&summary, 0, at), Some(at), "{code}");
            }
        }
    }
}

#[test]
fn what_was_acquired_in_another_currency_covers_nothing() {
    for acquired in [140_000, 200_000, 60_000] {
        let mut event = wl("3254564310_0", VISA, 9).acquired(acquired).json();
        event["payment"]["paymentOutput"]["acquiredAmount"]["currencyCode"] = json!("JPY");
        let euro = Currency::from_alpha("EUR");
        let story = given(&event).flagged([Flag::CurrencyMismatch]).sums(140_000, 0, 0, 0).held();
        assert_eq!(story.order().summary(CAPTURED).currency, euro);
        let story = given(&wl("3254564310_0", VISA, 46)).then(&event).held();
        story.flagged([Flag::CurrencyMismatch]).sums(140_000, 0, 0, 0);
    }
}

#[test]
fn one_payment_in_two_currencies_covers_nothing() {
    let dollars = |acquired| {
        let mut payment = wl("3254564310_0", VISA, 9).acquired(acquired);
        payment.currency = "USD".to_owned();
        payment
    };
    for acquired in [140_000, 200_000, 10_000] {
        given(&wl("3254564310_0", VISA, 9).acquired(60_000))
            .then(&dollars(acquired))
            .flagged([Flag::CurrencyMismatch])
            .held();
    }
}

#[test]
fn paid_twice_is_released_once_and_flagged() {
    let second = |status| Form::single("CMD-1", "def456", "CB", 10_000, status);
    given(&pay("CAPTURED"))
        .released()
        .then(&second("CAPTURED"))
        .is(State::Captured)
        .sums(10_000, 0, 20_000, 0)
        .flagged([Flag::Overpaid])
        .reversals(&[]);
    given(&wl("3254564310_0", VISA, 9))
        .then(&wl("3254564399_0", VISA, 9))
        .sums(140_000, 0, 280_000, 0)
        .flagged([Flag::Overpaid]);
}

#[test]
fn an_attempt_that_fails_late_never_undoes_a_paid_order() {
    for lost in ["REFUSED", "ABANDONED", "EXPIRED", "CANCELLED"] {
        given(&pay("CAPTURED"))
            .then(&Form::single("CMD-1", "def456", "CB", 10_000, lost))
            .is(State::Captured)
            .flagged([])
            .sums(10_000, 0, 10_000, 0)
            .released();
    }
    for (id, code) in [("3254564310_0", 2), ("3254564399_0", 2), ("3254564399_0", 1)] {
        given(&wl("3254564310_0", VISA, 9))
            .then(&wl(id, VISA, code))
            .is(State::Captured)
            .flagged([])
            .sums(140_000, 0, 140_000, 0);
    }
}

#[test]
fn of_two_amounts_for_one_order_the_larger_has_to_be_paid() {
    let dear = Form::single("CMD-1", "def456", "CB", 12_000, "REFUSED");
    given(&dear)
        .then(&pay("CAPTURED"))
        .is(State::PartiallyCaptured)
        .sums(12_000, 0, 10_000, 0)
        .flagged([Flag::AmountMismatch])
        .held();
    given(&wl("3254564310_0", VISA, 2))
        .then(&Payment::new("CMD-1", "3254564399_0", VISA, 9, 90_000))
        .sums(140_000, 0, 90_000, 0)
        .flagged([Flag::AmountMismatch])
        .held();
}
