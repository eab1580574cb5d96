//! What was decided, and what the queue knows of it.

use quittance_core::{Order, Timestamp};

use super::story::{give_back, given, pay};
use quittance_testing::read::receipt;

/// A release and a reversal, decided one after the other.
fn reversed() -> Order {
    given(&pay("CAPTURED")).then(&give_back('c', 4_000, "CAPTURED")).order().clone()
}

fn at(second: i64) -> Timestamp {
    receipt(second).received_at
}

#[test]
fn a_message_is_unsent_until_the_queue_took_it() {
    let mut order = reversed();
    let (released, gave_back) =
        (order.fulfilment().cloned().unwrap(), order.reversals()[0].clone());
    assert!(released.decided_at < gave_back.decided_at);
    assert_eq!(order.unsent_since(), Some(released.decided_at));
    assert!(!order.mark_sent("another", at(900)) && order.has_unsent());

    assert!(order.mark_sent(&released.id, at(900)));
    assert_eq!(order.fulfilment().unwrap().sent_at, Some(at(900)));
    assert_eq!(order.reversals()[0].sent_at, None);
    assert_eq!(order.unsent_since(), Some(gave_back.decided_at));
    // Once more is no news, and the first time stands.
    assert!(!order.mark_sent(&released.id, at(950)));
    assert_eq!(order.fulfilment().unwrap().sent_at, Some(at(900)));

    assert!(order.mark_sent(&gave_back.id, at(960)));
    assert_eq!(order.reversals()[0].sent_at, Some(at(960)));
    assert!(!order.has_unsent());
    assert_eq!(order.unsent_since(), None);
}

#[test]
fn an_order_that_decided_nothing_has_nothing_unsent() {
    let held = given(&pay("AUTHORISED"));
    assert!(!held.order().has_unsent());
}

#[test]
fn all_can_be_marked_at_once_and_the_first_time_stands() {
    let mut order = reversed();
    let released = order.fulfilment().cloned().unwrap();
    order.mark_sent(&released.id, at(900));
    order.mark_all_sent(at(950));
    assert_eq!(order.fulfilment().unwrap().sent_at, Some(at(900)));
    assert_eq!(order.reversals()[0].sent_at, Some(at(950)));
}
