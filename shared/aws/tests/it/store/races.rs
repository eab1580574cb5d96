//! Two writers at exactly the moment that matters, and many at once.

use std::sync::Arc;

use quittance_aws::amend::{Forgotten, Registration};
use quittance_core::{Policy, State};
use quittance_testing::lyra::{Form, Share};
use quittance_testing::worldline::{Payment, refund};
use tokio::task::JoinSet;

use super::support::{Message, Stack, Tables, amender, lyra, positive, register, wl};

fn capture(reference: &str) -> Payment {
    Payment::new(reference, "3254730000_0", 1, 9, 900)
}

/// The release of a payment is on its way, or about to be marked as sent, when the payment turns out
/// to be an order's: still one order and one release, and nothing is left to be sent.
#[tokio::test(flavor = "multi_thread")]
async fn joined_while_its_release_is_sent_or_marked_as_sent() {
    for sending in [true, false] {
        let stack = Stack::start().await;
        let by_payment = wl("tx:3254730000");
        stack.take(&capture("")).await;
        let alone = stack.order(&by_payment).await;

        let Tables { orders, queue, .. } = &stack.tables;
        let (mut held, _, outbox) = stack.held(if sending { queue } else { orders });
        let key = by_payment.clone();
        let delivery = tokio::spawn(async move { outbox.deliver(&key).await });
        held.reached().await;
        stack.take(&capture("RACE-1")).await;
        held.release();
        assert_eq!(delivery.await.unwrap().unwrap(), 1);
        let order = stack.order(&by_payment).await;
        assert_eq!(*order.key(), wl("RACE-1"), "what was read before does not undo the joining");
        assert!(order.fulfilment().unwrap().sent_at.is_some(), "marked where the payment is now");

        stack.sweep().await;
        let order = stack.order(&wl("RACE-1")).await;
        assert_eq!(stack.order(&by_payment).await, order);
        let fulfilment = order.fulfilment().unwrap();
        assert_eq!(fulfilment.id, alone.fulfilment().unwrap().id);
        assert!(fulfilment.sent_at.is_some());
        let queue = stack.queue().await;
        assert_eq!(queue.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&fulfilment.id]);
        let page = stack.table.list(None, 10, None).await.unwrap();
        assert_eq!(page.orders.len(), 1, "{page:#?}");
    }
}

/// The other way round: the payment's own news are about to be stored under its name when the name
/// is given to an order.
#[tokio::test(flavor = "multi_thread")]
async fn joined_while_it_is_stored_under_its_own_name() {
    let stack = Stack::start().await;
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let late = tokio::spawn(async move { capture("").delivered_to(&receiver).await });
    held.reached().await;
    stack.take(&capture("RACE-1")).await;
    held.release();
    let answer = positive(late.await.unwrap());
    assert!(answer.starts_with("OK RACE-1 captured 9.00 EUR"), "{answer}");
    assert!(answer.ends_with("(already known)"), "{answer}");
    stack.sweep().await;
    assert_eq!(stack.queue().await.len(), 1);
}

/// A refund has looked its payment's name up, found it its own, and is about to be stored under its
/// own reference when the payment comes and takes the name over.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_stored_while_its_payment_takes_the_name_over() {
    let stack = Stack::start().await;
    stack.take(&refund("RFND-1", "3254730000_1", 8, 300)).await;
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let second = refund("RFND-1", "3254730000_2", 8, 600);
    let late = tokio::spawn(async move { second.delivered_to(&receiver).await });
    held.reached().await;
    stack.take(&capture("RACE-1")).await;
    held.release();
    positive(late.await.unwrap());
    let summary = stack.order(&wl("RACE-1")).await.summary(Policy::default());
    assert_eq!((summary.state, summary.refunded), (State::Refunded, 900));
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_writers_of_one_order_are_all_stored() {
    const WRITERS: u32 = 40;
    let stack = Arc::new(Stack::start_alone().await);
    let mut writers = JoinSet::new();
    for n in 1..=WRITERS {
        let stack = Arc::clone(&stack);
        writers.spawn(async move {
            let share = Share(&format!("{n:032x}"), "CB", 100, "CAPTURED");
            stack.take_among_many(&Form::follow_up("BUSY-1", "busy01", n, "BATCH", share)).await
        });
    }
    let answers = writers.join_all().await;
    assert!(answers.iter().all(|answer| answer.starts_with("OK BUSY-1")), "{answers:#?}");
    let order = stack.order(&lyra("BUSY-1")).await;
    assert_eq!(order.summary(Policy::default()).captured, 4_000);
    assert_eq!(order.notifications().len(), 40);
}

/// What an order costs is registered at the very moment at which it is paid, in either order: both are
/// stored, and it is released once.
#[tokio::test(flavor = "multi_thread")]
async fn registered_while_it_is_paid() {
    let paid = || Form::single("RACE-2", "race02", "CB", 8_000, "CAPTURED");
    for paying_is_held in [true, false] {
        let stack = Stack::start().await;
        let key = lyra("RACE-2");
        stack.take(&Form::single("RACE-2", "race01", "CB", 12_000, "REFUSED")).await;
        let (mut held, receiver, _) = stack.held(&stack.tables.orders);
        if paying_is_held {
            let late = tokio::spawn(async move { paid().delivered_to(&receiver).await });
            held.reached().await;
            stack.register(&key, 8_000).await;
            held.release();
            positive(late.await.unwrap());
        } else {
            let amender = amender(&receiver);
            let name = key.clone();
            let late = tokio::spawn(async move { register(&amender, &name, 8_000).await });
            held.reached().await;
            stack.take(&paid()).await;
            held.release();
            assert!(matches!(late.await.unwrap(), Registration::Done { released: true, .. }));
        }
        let order = stack.order(&key).await;
        assert_eq!(order.registered().unwrap().amount, 8_000);
        assert_eq!(order.notifications().len(), 2, "{order:#?}");
        assert!(order.fulfilment().is_some(), "{order:#?}");
        stack.sweep().await;
        assert_eq!(stack.queue().await.len(), 1);
    }
}

/// Both find nothing stored, and one of them has to write it first.
#[tokio::test(flavor = "multi_thread")]
async fn registered_while_its_first_notification_is_stored() {
    let stack = Stack::start().await;
    let key = wl("RACE-3");
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let amender = amender(&receiver);
    let name = key.clone();
    let late = tokio::spawn(async move { register(&amender, &name, 1_200).await });
    held.reached().await;
    stack.take(&capture("RACE-3")).await;
    held.release();
    assert!(matches!(late.await.unwrap(), Registration::Done { released: false, .. }));
    let summary = stack.order(&key).await.summary(Policy::default());
    assert_eq!((summary.captured, summary.expected), (900, Some(1_200)));
}

/// The second of two amounts that are registered at once sees the first.
#[tokio::test(flavor = "multi_thread")]
async fn two_amounts_registered_at_once() {
    let stack = Stack::start().await;
    let key = wl("RACE-4");
    stack.take(&capture("RACE-4")).await;
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let amender = amender(&receiver);
    let name = key.clone();
    let late = tokio::spawn(async move { register(&amender, &name, 1_200).await });
    held.reached().await;
    stack.register(&key, 1_000).await;
    held.release();
    assert!(matches!(late.await.unwrap(), Registration::Refused(_)));
    assert_eq!(stack.order(&key).await.registered().unwrap().amount, 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn doubts_forgotten_while_a_notification_is_stored() {
    let stack = Stack::start().await;
    let key = lyra("RACE+5");
    stack.take(&Form::single("RACE+5", "race05", "CB", 500, "CAPTURED")).await;
    assert!(stack.order(&key).await.doubtful_bytes() > 0);
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let amender = amender(&receiver);
    let name = key.clone();
    let late = tokio::spawn(async move { amender.forget_doubts(&name, true).await });
    held.reached().await;
    stack.register(&key, 700).await;
    held.release();
    let (order, forgotten) = late.await.unwrap().unwrap();
    assert!(forgotten == Forgotten::All && order.registered().is_some(), "{order:#?}");
    assert_eq!(order, stack.order(&key).await);
    assert_eq!((order.doubtful_bytes(), order.notifications().len()), (0, 0));
}
