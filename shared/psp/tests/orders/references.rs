//! Which order a message speaks of.

use quittance_core::{Order, State};
use quittance_testing::worldline::Payment;

use crate::common::receipt;
use crate::story::{CAPTURED, Message, VISA, given, pay, wl};

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
    let id = early.fulfilment.clone().unwrap().id;

    let named = wl("3254564310_0", VISA, 5).said();
    assert_eq!(named.aliases, [nameless.key]);
    let mut order = Order::new(named.key.clone());
    order.absorb(early.clone());
    order.take(&named, &receipt(60), CAPTURED).unwrap();
    assert_eq!(order.fulfilment.as_ref().unwrap().id, id);
    assert_eq!(order.summary(CAPTURED).state, State::Captured);
    assert_eq!(order.notifications.len(), 2);

    let before = order.clone();
    order.absorb(early);
    assert_eq!(order, before, "absorbing twice changes nothing");
}

#[test]
fn a_respelt_form_joins_no_names() {
    assert!(pay("CAPTURED").with("vads_invented", "x").said().aliases.is_empty());
}
