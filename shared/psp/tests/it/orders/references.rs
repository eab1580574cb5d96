//! Which order a message speaks of.

use quittance_core::{Order, Reading, Standing, State};
use quittance_testing::lyra::{Share, rest};
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, Message, VISA, given, pay, wl};
use quittance_testing::read::{read_lyra, read_worldline, receipt};

#[test]
fn without_a_reference_the_payment_names_the_order() {
    let nameless = pay("CAPTURED").without("vads_order_id").with("vads_trans_id", "AbC123");
    let said = nameless.said();
    assert_eq!(said.key.order, "tx:20261122-abc123");
    assert!(said.aliases.is_empty());
    given(&nameless).released();
    let named = pay("CAPTURED").with("vads_trans_id", "ABC123").said();
    assert_eq!(named.aliases, [said.key]);
}

#[test]
fn an_occurrence_of_a_subscription_is_an_order_of_its_own() {
    let occurrence = pay("CAPTURED").sent_again("REC");
    assert_eq!(occurrence.said().key.order, "CMD-1~20261122-abc123");
    given(&occurrence).is(State::Captured).released();
}

/// The gateway calls it an occurrence, but the buyer was there and paid for what the shop named.
#[test]
fn a_payment_by_token_pays_for_the_order_that_the_shop_named() {
    let token = pay("CAPTURED")
        .with("vads_identifier", "d3b07384d113edec49eaa6238ad5ff00")
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
    let said = token.said();
    assert_eq!(said.key.order, "CMD-1");
    assert_eq!(said.aliases.len(), 1, "what follows on it comes under the payment's name");
    for source in ["BATCH", "RETRY", "BO", "MERCH_BO", "BATCH_AUTO"] {
        let followed = token.clone().with("vads_url_check_src", source).said();
        assert_eq!((&followed.key, &followed.aliases), (&said.key, &said.aliases), "{source}");
    }
    given(&pay("CAPTURED").with("vads_occurrence_type", "RECURRENT_FINAL")).released();
}

#[test]
fn what_was_known_by_payment_id_alone_is_joined_and_not_released_twice() {
    let nameless = Payment::new("", "3254564310_0", VISA, 9, 140_000).said();
    let mut early = Order::new(nameless.key.clone());
    early.take(&nameless, &receipt(0), CAPTURED).unwrap();
    let id = early.fulfilment().unwrap().id.clone();

    let named = wl("3254564310_0", VISA, 5).said();
    assert_eq!(named.aliases, [nameless.key]);
    let mut order = Order::new(named.key.clone());
    order.absorb(early.clone());
    order.take(&named, &receipt(60), CAPTURED).unwrap();
    assert_eq!(order.fulfilment().unwrap().id, id);
    assert_eq!(order.summary(CAPTURED).state, State::Captured);
    assert_eq!(order.notifications().len(), 2);

    let before = order.clone();
    order.absorb(early);
    assert_eq!(order, before, "absorbing twice changes nothing");
}

#[test]
fn a_respelt_form_joins_no_names() {
    assert!(pay("CAPTURED").with("vads_invented", "x").said().aliases.is_empty());
}

/// An order without a reference is shown under its payment's name. A shop that repeats this as the reference
/// of a refund, say, gives it none of its own.
#[test]
fn the_own_name_of_a_payment_is_no_reference() {
    let nameless = pay("CAPTURED").without("vads_order_id");
    let repeated = pay("CAPTURED").with("vads_order_id", "tx:20261122-abc123");
    let listed = [Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", 10_000, "CAPTURED")];
    let answer = |order| rest(order, "abc123", 10_000, ("PAID", "CLOSED"), &listed);
    let event = |order| Payment::new(order, "3254564310_0", VISA, 9, 140_000);
    for (nameless, repeated) in [
        (nameless.said(), repeated.said()),
        (answer("").said(), answer("tx:20261122-abc123").said()),
        (event("").said(), event("tx:3254564310").said()),
    ] {
        assert_eq!((&repeated.key, &repeated.aliases), (&nameless.key, &nameless.aliases));
        assert!(repeated.key.payment().is_some() && repeated.standing == Standing::Sound);
    }
}

/// A complement without a reference stands under the name of its checkout.
#[test]
fn nor_is_the_name_of_its_checkout() {
    let of = |reference: &str| {
        let mut event = Payment::new(reference, "3254564311_0", VISA, 9, 140_000).json();
        let checkout = serde_json::json!({"hostedCheckoutId": "3254564310"});
        event["payment"]["hostedCheckoutSpecificOutput"] = checkout;
        event.said()
    };
    let (nameless, repeated) = (of(""), of("tx:3254564310"));
    assert_eq!(nameless.key.order, "tx:3254564310");
    assert_eq!((&repeated.key, &repeated.aliases), (&nameless.key, &nameless.aliases));
}

/// Whoever gives his orders such names is told so, and his messages are kept: they must reach no payment.
#[test]
fn a_reference_like_the_name_of_a_payment_is_held_with_a_sentence() {
    let why = |reading: Reading| match reading {
        Reading::Unreadable(why) => why.reason,
        other => panic!("{other:?}"),
    };
    let reference = "tx:20261122-vic001";
    let said = "begins with tx:, as only the name of a payment does";
    let form = pay("CAPTURED").with("vads_order_id", reference);
    assert_eq!(why(read_lyra(&form.body())), format!("vads_order_id {said}"));
    let occurrence = form.sent_again("REC");
    assert_eq!(why(read_lyra(&occurrence.body())), format!("vads_order_id {said}"));
    let share = [Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", 10_000, "CAPTURED")];
    let answer = rest(reference, "abc123", 10_000, ("PAID", "CLOSED"), &share);
    assert_eq!(why(read_lyra(&answer)), format!("orderId {said}"));
    let event = Payment::new("tx:3254569999", "3254564310_0", VISA, 9, 140_000);
    let mut readings = read_worldline(&event.body());
    assert_eq!(why(readings.remove(0)), format!("merchantReference {said}"));
}
