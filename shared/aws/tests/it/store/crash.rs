//! A payment's name is written before its order, and an answer is archived before. What if the process
//! dies in between?

use quittance_aws::amend::Registration;
use quittance_aws::archive::supplement::{HeardAnswer, SupplementContent};
use quittance_aws::clock::now;
use quittance_aws::table::{PendingWrite, Stored};
use quittance_core::claims::Alias;
use quittance_core::limits::MAX_FACTS_PER_ORDER;
use quittance_core::told::Told;
use quittance_core::{Order, OrderKey, Outcome, Policy, Receipt, Standing, State, Statement};
use quittance_psp::PROVIDERS;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::support::{Message, Stack, amender, lyra, register, sha256, wl};

const INNER: &str = "3254720000";

fn capture(reference: &str) -> Payment {
    Payment::new(reference, "3254720000_0", 1, 9, 900)
}

fn by_payment() -> OrderKey {
    wl(&format!("tx:{INNER}"))
}

fn captured(order: &Order) -> (State, u64) {
    let summary = order.summary(Policy::default());
    (summary.state, summary.captured)
}

/// The name is written, the order is not. Everything sent so far has been told to the queue.
async fn died(stack: &Stack, sent: bool) -> Order {
    stack.take(&capture("")).await;
    if sent {
        stack.sweep().await;
    }
    let alone = stack.order(&by_payment()).await;
    stack.die_after_naming(&capture("CRASH-1")).await;
    alone
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_released_before_is_released_once_whoever_comes_next() {
    for resends in [["", "CRASH-1"], ["CRASH-1", ""]] {
        let stack = Stack::start().await;
        let alone = died(&stack, true).await;
        for reference in resends {
            let answer = stack.take(&capture(reference)).await;
            assert!(answer.starts_with("OK CRASH-1 captured 9.00 EUR"), "{answer}");
            stack.sweep().await;
            let order = stack.order(&wl("CRASH-1")).await;
            assert_eq!(order.fulfilment(), alone.fulfilment(), "after {reference:?}");
            assert_eq!(stack.order(&by_payment()).await, order);
        }
        let order = stack.stored(&wl("CRASH-1")).await.order;
        assert_eq!(captured(&order), (State::Captured, 900));
        assert_eq!((order.facts().trusted(), order.notifications().len()), (1, 1));
        assert_eq!(stack.queue().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_out_of_sight_meanwhile() {
    let stack = Stack::start().await;
    let alone = died(&stack, true).await;
    let seen = stack.stored(&by_payment()).await;
    assert_eq!((seen.version, seen.repaired), (None, true));
    assert_eq!((seen.order.key(), captured(&seen.order)), (&wl("CRASH-1"), (State::Captured, 900)));
    assert_eq!(seen.order.fulfilment(), alone.fulfilment());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_not_sent_yet_is_sent_once_and_settled() {
    let stack = Stack::start().await;
    let alone = died(&stack, false).await;
    let id = alone.fulfilment().unwrap().id.clone();
    assert_eq!(stack.swept().await, 1);
    assert_eq!(stack.queue().await, [(id.clone(), "CRASH-1".to_owned())]);
    assert_eq!(stack.unsent().await, [], "order and name are settled");
    assert_eq!(stack.swept().await, 0);
    assert_eq!(stack.outbox.deliver(&by_payment()).await.unwrap(), 0);

    // The sweep has stored the order: both names show the fact and the time of sending.
    let order = stack.order(&wl("CRASH-1")).await;
    assert_eq!(stack.order(&by_payment()).await, order);
    assert_eq!(captured(&order), (State::Captured, 900));
    assert!(order.fulfilment().is_some_and(|f| f.id == id && f.sent_at.is_some()));
    assert!(stack.take(&capture("CRASH-1")).await.ends_with("(already known)"));
    assert_eq!(stack.swept().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_not_sent_yet_is_sent_once_when_the_order_is_stored_first() {
    let stack = Stack::start().await;
    died(&stack, false).await;
    stack.take(&capture("CRASH-1")).await;
    stack.sweep().await;
    assert_eq!(stack.queue().await.len(), 1);
    let order = stack.order(&wl("CRASH-1")).await;
    assert!(order.fulfilment().is_some_and(|f| f.sent_at.is_some()));
}

/// The payment takes its name over from the refund that came first. The refund must not be forgotten
/// in between: the order would be released although its money is back with the buyer.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_came_first_is_not_forgotten() {
    for resend in ["CRASH-1", ""] {
        let stack = Stack::start().await;
        stack.take(&refund("RFND-1", "3254720000_1", 8, 900)).await;
        stack.die_after_naming(&capture("CRASH-1")).await;
        stack.take(&capture(resend)).await;
        let order = stack.order(&wl("CRASH-1")).await;
        assert_eq!(captured(&order), (State::Refunded, 900), "re-sent as {resend:?}: {order:#?}");
        assert!(order.fulfilment().is_none());
        stack.sweep().await;
        assert_eq!(stack.queue().await, []);
    }
}

/// A payment without a reference has taken along the refund that came first, and the process died before the
/// order that held the refund gave it up. Whoever writes the payment's order meanwhile does not forget that,
/// and the same message again finishes it.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_to_give_something_up_is_remembered() {
    for amended in [false, true] {
        let stack = Stack::start().await;
        let back = refund("RFND-2", "3254720000_1", 8, 900);
        stack.take(&back).await;
        let former = stack.stored(&wl("RFND-2")).await;
        let named = stack.table.load(&by_payment()).await.unwrap();
        let mut order = Order::new(by_payment());
        order.absorb(former.order.clone());
        let at = order.notifications()[0].received_at;
        let draft = PendingWrite::new(&order, &order.summary(Policy::default()), at);
        let draft = draft.unwrap().after(Some(former.order.key()));
        stack.table.save(draft, named.version).await.unwrap();
        if amended {
            stack.register(&by_payment(), 900).await;
        }
        let remembered = stack.stored(&by_payment()).await;
        assert_eq!(remembered.former, Some(wl("RFND-2")));

        stack.take(&capture("")).await;
        let order = stack.order(&by_payment()).await;
        assert_eq!(captured(&order), (State::Refunded, 900), "{order:#?}");
        assert!(stack.order(&wl("RFND-2")).await.is_blank());
        let settled = stack.stored(&by_payment()).await;
        assert_eq!(settled.former, None);
    }
}

/// The same where the payment's name was written, and its message comes again without the reference.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_written_has_the_refund_given_up_by_whoever_follows_it() {
    let stack = Stack::start().await;
    stack.take(&refund("RFND-3", "3254720000_1", 8, 900)).await;
    let named = stack.table.load(&by_payment()).await.unwrap();
    let former = stack.stored(&wl("RFND-3")).await;
    let mut held = Order::new(by_payment());
    held.absorb(former.order.clone());
    let taken = Stored { order: held, former: Some(former.order.key().clone()), ..named };
    let join = Alias { home: wl("CRASH-3"), weak: false };
    stack.table.join(&taken, &join).await.unwrap();
    stack.take(&capture("")).await;
    assert_eq!(captured(&stack.order(&wl("CRASH-3")).await), (State::Refunded, 900));
    assert!(stack.order(&wl("RFND-3")).await.is_blank());
}

/// An order with as many facts as it may hold.
fn full(reference: &str) -> Order {
    let attempt =
        |n: usize| Form::single(reference, &format!("{n:06}"), "CB", 900, "REFUSED").said();
    let mut order = Order::new(attempt(0).key);
    for n in 0..MAX_FACTS_PER_ORDER {
        let received_at = quittance_core::Timestamp::from_unix(1_795_341_600).unwrap();
        let receipt = Receipt { received_at, source: "webhook", sha256: "0".repeat(64) };
        let taken = order.take(&attempt(n), &receipt, Policy::default());
        assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_full_loses_nothing_that_a_name_holds() {
    let stack = Stack::start().await;
    let order = full("FULL-1");
    let at = order.notifications()[0].received_at;
    let draft = PendingWrite::new(&order, &order.summary(Policy::default()), at);
    stack.table.save(draft.unwrap(), None).await.unwrap();

    // Released under its own name; then it turns out to belong to the order that is full.
    let form = Form::single("FULL-1", "full01", "CB", 900, "CAPTURED");
    let bare = form.clone().without("vads_order_id");
    stack.take(&bare).await;
    let alone = stack.order(&lyra("tx:20261122-full01")).await;
    let news = form.clone().with("vads_trans_status", "AUTHORISED");
    let answer = stack.take(&news).await;
    assert!(
        answer.starts_with("KEPT in quarantine: the order is full: it holds as many facts"),
        "{answer}"
    );

    let reasons = stack.archive.quarantined(quittance_psp::lyra::ID).await.unwrap();
    assert_eq!(reasons.iter().map(|q| &*q.sha256).collect::<Vec<_>>(), [sha256(&news)]);
    let seen = stack.order(&lyra("tx:20261122-full01")).await;
    assert_eq!(captured(&seen), (State::Captured, 900));
    assert_eq!(seen.fulfilment(), alone.fulfilment());
    assert_eq!(seen.facts().trusted(), MAX_FACTS_PER_ORDER + 1);
    stack.sweep().await;
    assert_eq!(stack.queue().await.len(), 1, "and its release is sent");

    // What is known is still answered, under the order that is full.
    let answer = stack.take(&bare).await;
    assert!(answer.starts_with("OK FULL-1 captured 9.00 EUR"), "{answer}");
    assert_eq!(stack.order(&lyra("FULL-1")).await.facts().trusted(), MAX_FACTS_PER_ORDER + 1);
    assert_eq!(stack.queue().await.len(), 1);
}

/// An occurrence that is named and not stored, or the other way round: the payment is that order's all
/// the same, so nothing else is paid for with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_named_for_an_order_pays_for_no_occurrence_of_it() {
    for (n, forged_first) in [false, true].into_iter().enumerate() {
        let stack = Stack::start().await;
        let (reference, trans_id) = (format!("DIED-{n}"), format!("died0{n}"));
        let real = Form::single(&reference, &trans_id, "CB", 10_000, "CAPTURED");
        let forged = real.clone().with("vads_url_check_src", "REC");
        let (first, second) = if forged_first { (forged, real) } else { (real, forged) };
        stack.die_after_naming(&first).await;
        stack.take(&second).await;
        stack.take(&first).await;
        stack.sweep().await;
        let occurrence = format!("{reference}~20261122-{trans_id}");
        let orders = [stack.order(&lyra(&reference)).await, stack.order(&lyra(&occurrence)).await];
        let paid = orders.iter().map(|order| order.summary(Policy::default()).captured);
        assert_eq!(paid.sum::<u64>(), 10_000);
        assert_eq!(stack.queue().await.len(), 1);
    }
}

/// A payment as its provider tells of it when it is asked.
fn answer(reference: &str) -> HeardAnswer {
    let statement = Statement { standing: Standing::Confirmed, ..capture(reference).said() };
    let told = Told { statement, at: now(), sha256: "ab".repeat(32) };
    HeardAnswer {
        at: told.at,
        sha256: "ab".repeat(32),
        transcript: "[]".to_owned(),
        told: vec![told],
    }
}

/// An answer is archived before it is stored; a price when it is stored, and before anybody is told so.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_and_registered_can_be_rebuilt_once_somebody_is_told() {
    let stack = Stack::start().await;
    let key = wl("CRASH-8");
    // The payment's name is known: the next write is the order's.
    stack.take(&Payment::new("CRASH-8", "3254720000_0", 1, 5, 900)).await;
    let kept = async || stack.archive.of(&key).await.unwrap().supplements.len();
    let version = async || stack.stored(&key).await.version;
    let (mut held, receiver, _) = stack.held(&stack.tables.orders);
    let asked = tokio::spawn(async move { receiver.hear(&answer("CRASH-8")).await.is_ok() });
    held.reached().await;
    assert_eq!((kept().await, version().await), (1, Some(1)));
    asked.abort();
    let (mut held, receiver, _) = stack.held(&stack.tables.archive);
    let name = key.clone();
    let registered = tokio::spawn(async move { register(&amender(&receiver), &name, 900).await });
    held.reached().await;
    assert_eq!((kept().await, version().await), (1, Some(2)));
    registered.abort();
    // Whoever was told nothing says it again.
    assert!(matches!(stack.register(&key, 900).await, Registration::Known(_)));
    assert_eq!((kept().await, version().await), (2, Some(2)));
    assert!(stack.receiver.hear(&answer("CRASH-8")).await.unwrap());
    assert!(!stack.receiver.hear(&answer("CRASH-8")).await.unwrap(), "and is not archived again");
    assert_eq!(kept().await, 3);
    // What is refused is not archived.
    assert!(matches!(stack.register(&key, 800).await, Registration::Refused(_)));
    assert_eq!(kept().await, 3);
    let places = stack.archive.of(&key).await.unwrap().supplements;
    let found = stack.archive.supplement(&places[2], PROVIDERS).await.unwrap().unwrap();
    let SupplementContent::Answer { transcript, told } = found.content else { panic!("{found:?}") };
    assert_eq!((transcript.as_deref(), &told[0].statement.key), (Some(&b"[]"[..]), &key));
}

/// An answer that no item can hold is kept without its bytes.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_answer_that_is_too_large_what_was_read_is_kept() {
    let stack = Stack::start().await;
    let mut dice = 1_u64;
    let mut noise = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from(dice >> 57).unwrap() % 90)
    };
    let large =
        HeardAnswer { transcript: (0..600_000).map(|_| noise()).collect(), ..answer("CRASH-9") };
    assert!(stack.receiver.hear(&large).await.unwrap());
    let contents = stack.archive.of(&wl("CRASH-9")).await.unwrap();
    let place = &contents.supplements[0];
    let kept = stack.archive.supplement(place, PROVIDERS).await.unwrap().unwrap();
    assert_eq!(kept.content, SupplementContent::Answer { transcript: None, told: large.told });
}
