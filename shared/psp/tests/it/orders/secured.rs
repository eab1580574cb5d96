//! Authorisation as enough.

use quittance_core::{Flag, State};
use quittance_testing::lyra::{self, Share};
use serde_json::{Value, json};

use super::story::{CARD, CVCO, SECURED, VISA, VOUCHER, cascade, now, pay, under, wl};

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
        assert_eq!(story.order().fulfilment().is_some(), released, "{status}");
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
        assert_eq!(story.order().fulfilment().is_some(), authorised == 10_000, "{authorised}");
        // Once captured it counts for what the form says was captured.
        story.then(&pay("CAPTURED")).sums(10_000, 0, 10_000, 0).released();
    }
}

/// An answer states the amount that was asked for, and no source says where the authorised one stands: it
/// counts where the answer says in the order's currency that less was reached.
#[test]
fn a_partial_authorisation_of_an_answer_secures_what_it_says_it_reached() {
    let said = |amount, effective| {
        let share = Share(CARD.0, CARD.1, 10_000, "PARTIALLY_AUTHORISED");
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        let transaction = &mut answer["transactions"][0];
        transaction["status"] = json!("PAID");
        (transaction["amount"], transaction["currency"]) = amount;
        let details = &mut transaction["transactionDetails"];
        (details["effectiveAmount"], details["effectiveCurrency"]) = effective;
        quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string())
    };
    let euro = |amount: u64| (json!(amount), json!("EUR"));
    let dollars = |amount: u64| (json!(amount), json!("USD"));
    let nothing = (Value::Null, Value::Null);
    let less = under(SECURED).then(&said(euro(10_000), euro(4_000)));
    less.flagged([]).sums(10_000, 4_000, 0, 0).held();
    for (amount, effective) in [
        (euro(10_000), euro(10_000)),
        (euro(10_000), euro(12_000)),
        (euro(10_000), nothing),
        (euro(10_000), (json!(4_000), Value::Null)),
        (euro(10_000), dollars(4_000)),
        (dollars(11_500), euro(4_000)),
    ] {
        under(SECURED).then(&said(amount, effective)).flagged([Flag::Ambiguous]).held();
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
