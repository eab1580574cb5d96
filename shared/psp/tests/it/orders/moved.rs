//! What an order takes over from another name of its payment, and what it gives up.

use quittance_core::claims::Items;
use quittance_core::release::{Basis, Cause};
use quittance_core::{Order, PaymentName};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, Message, SECURED, Story, capture, give_back, given, pay, under};
use quittance_testing::read::receipt;

/// The same, known under the payment's own name until now.
fn renamed(story: &Story) -> Order {
    let early = story.order().clone();
    let mut order = Order::new(early.key().clone());
    order.absorb(early);
    order
}

#[test]
fn what_was_released_under_another_name_can_still_be_lost() {
    let mut order = renamed(&under(SECURED).then(&pay("AUTHORISED")).released());
    order.take(&pay("CANCELLED").said(), &receipt(900), SECURED).unwrap();
    let lost: Vec<_> = order.reversals().iter().map(|r| (r.amount, r.reason)).collect();
    assert_eq!(lost, [(10_000, Cause::Lost)]);
    // What was gone before the release is no news under either name.
    let story = under(SECURED)
        .then(&give_back('c', 1_000, "CAPTURED"))
        .then(&Form::single("CMD-1", "def456", "CB", 1_000, "AUTHORISED"))
        .then(&pay("AUTHORISED"))
        .released();
    let mut order = renamed(&story);
    order.decide(receipt(900).received_at, SECURED);
    assert_eq!(order.reversals(), []);
}

/// A queue compares ids within a group: sent again by whoever holds the release by now, one id stays in one group.
#[test]
fn a_release_stays_in_the_group_of_the_name_under_which_it_was_decided() {
    let mut items = Items::default();
    let mut take = |payment: &Payment| {
        items.take(&payment.said(), receipt(0), CAPTURED).unwrap();
        let key = payment.said().key;
        items.order(&key).unwrap()
    };
    let alone = take(&capture("", 0));
    assert_eq!(alone.group(), *alone.key());
    let joined = take(&capture("CMD-1", 0));
    assert_eq!(joined.key().order, "CMD-1");
    assert_eq!(joined.fulfilment().unwrap().id, alone.fulfilment().unwrap().id);
    assert_eq!(joined.group(), *alone.key());
    // What was decided under the order's own name is in the order's group.
    let other = take(&Payment::new("CMD-2", "3254730001_0", 1, 9, 900).acquired(900));
    assert_eq!(other.group(), *other.key());
}

#[test]
fn a_refund_that_was_told_in_parts_is_taken_over_whole() {
    let story = given(&pay("CAPTURED"))
        .then(&give_back('c', 4_000, "CAPTURED"))
        .then(&give_back('c', 6_000, "CAPTURED"))
        .reversals(&[4_000, 2_000]);
    let told = story.order().reversals().to_vec();
    let mut order = renamed(&story);
    assert_eq!(order.reversals(), told);
    order.decide(receipt(900).received_at, CAPTURED);
    assert_eq!(order.reversals(), told);
    // What both have told is not told anew.
    order.absorb(story.order().clone());
    assert_eq!(order.reversals(), told);
}

#[test]
fn one_payment_can_move_to_the_order_it_belongs_to() {
    let other = Form::single("CMD-1", "def456", "CB", 10_000, "AUTHORISED");
    let both = given(&pay("CAPTURED")).then(&other);
    let name = PaymentName::new("20261122-abc123");
    let (alone, without) = (given(&pay("CAPTURED")), given(&other));

    let mut moved = Order::new(both.order().key().clone());
    moved.absorb_payment(both.order(), name);
    assert_eq!(moved.summary(CAPTURED).shares, alone.order().summary(CAPTURED).shares);
    assert_eq!(*moved.notifications(), both.order().notifications()[..1]);
    assert_eq!(moved.details(), alone.order().details());

    let mut left = both.order().clone();
    assert!(left.give_up_payment(name));
    assert_eq!(left.summary(CAPTURED).shares, without.order().summary(CAPTURED).shares);
    assert_eq!(*left.notifications(), both.order().notifications()[1..]);
    assert_eq!(left.details(), without.order().details());
    assert!(!left.give_up_payment(name), "nothing is left of it");
}

/// Of two notices of one statement the better stays, and of two that are as good the one that was here.
#[test]
fn a_notification_is_taken_over_once() {
    let sound = given(&pay("CAPTURED"));
    let later = given(&pay("AUTHORISED")).then(&pay("CAPTURED"));
    let doubtful = given(&pay("CAPTURED").with("vads_invented", "x"));
    let listed = |story: &Story| story.order().notifications().last().unwrap().clone();
    assert_ne!(listed(&sound).received_at, listed(&later).received_at);
    for (one, other, stays) in [
        (&sound, &doubtful, listed(&sound)),
        (&doubtful, &sound, listed(&sound)),
        (&sound, &later, listed(&sound)),
        (&later, &sound, listed(&later)),
    ] {
        let mut order = one.order().clone();
        order.absorb(other.order().clone());
        let same = order.notifications().iter().filter(|known| known.digest() == stays.digest());
        assert_eq!(same.collect::<Vec<_>>(), [&stays]);
    }
}

#[test]
fn an_order_that_gave_up_all_is_blank() {
    let order = Order::new(pay("CAPTURED").said().key);
    assert!(order.is_blank());
    for known in [given(&pay("REFUSED")), under(CAPTURED).registered(10_000)] {
        assert!(!known.order().is_blank());
    }
    // A release stays, whatever became of the facts.
    let mut released = given(&pay("CAPTURED")).order().clone();
    released.give_up_payment(PaymentName::new("20261122-abc123"));
    assert!(released.facts().shares().next().is_none() && !released.is_blank());
}

/// A message about two payments is listed where they were, and a fact of it is known where it moved.
#[test]
fn an_order_that_knows_a_fact_and_lists_nothing_is_not_blank() {
    let mut both = pay("CAPTURED").said();
    both.facts.extend(Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED").said().facts);
    let mut moved = Order::new(both.key.clone());
    moved.absorb_payment(given(&both).order(), PaymentName::new("20261122-abc123"));
    assert_eq!((moved.facts().shares().count(), moved.notifications()), (1, &[][..]));
    assert!(!moved.is_blank());
}

/// Most orders rest on captures: their items carry nothing of it.
#[test]
fn only_a_release_for_what_is_reserved_rests_on_a_share() {
    for story in [given(&pay("CAPTURED")), under(SECURED).then(&pay("CAPTURED"))] {
        assert_eq!(*story.released().order().basis(), Basis::default());
    }
    let secured = under(SECURED).then(&pay("AUTHORISED")).released();
    let reserved = secured.order().basis().reserved.values();
    assert_eq!(reserved.collect::<Vec<_>>(), [&10_000]);
}
