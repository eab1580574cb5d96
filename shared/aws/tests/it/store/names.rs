//! Where the news of a payment goes, in whatever order they come.

use std::collections::BTreeSet;

use quittance_core::{Flag, OrderKey, Policy, State};
use quittance_testing::lyra::{Form, Share, rest};
use quittance_testing::worldline::{Payment, refund};

use super::support::{Stack, lyra, permutations, wl};

const AMOUNT: u64 = 1_000;

/// The first payment of a subscription: it names the order.
fn first(order: &str, trans_id: &str) -> Form {
    Form::single(order, trans_id, "CB", AMOUNT, "AUTHORISED")
        .with("vads_occurrence_type", "RECURRENT_INITIAL")
}

/// A later one. It carries the subscription's reference all the same, and nothing of a page, because no
/// buyer was there.
fn occurrence(order: &str, trans_id: &str, source: &str, status: &str) -> Form {
    Form::single(order, trans_id, "CB", AMOUNT, status)
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE")
        .with("vads_subscription", "20261122abc")
        .sent_again(source)
}

/// The subscription is authorised and not released; its occurrence is captured and released once.
async fn told_apart(stack: &Stack, subscription: &str, trans_id: &str) {
    let order = stack.order(&lyra(subscription)).await;
    assert_eq!(order.summary(Policy::default()).state, State::Authorised, "{order:#?}");
    assert!(order.fulfilment().is_none(), "{order:#?}");

    let name = format!("{subscription}~20261122-{trans_id}");
    let order = stack.order(&lyra(&name)).await;
    let summary = order.summary(Policy::default());
    assert_eq!((summary.state, summary.captured), (State::Captured, AMOUNT), "{order:#?}");
    assert_eq!(stack.order(&lyra(&format!("tx:20261122-{trans_id}"))).await, order);
    let id = &order.fulfilment().unwrap().id.clone();
    let queue = stack.queue().await;
    let mine = queue.iter().filter(|(told, subject)| told == id || subject.contains(trans_id));
    assert_eq!(mine.map(|(told, _)| told).collect::<Vec<_>>(), [id], "{queue:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_captured_never_releases_its_subscription() {
    let stack = Stack::start().await;
    let rec = occurrence("SUB", "recb01", "REC", "CAPTURED");
    stack.take(&first("SUB", "suba01")).await;
    stack.take(&rec).await;
    stack.sweep().await;
    told_apart(&stack, "SUB", "recb01").await;
    // The automatic re-send says RETRY, so nothing but the payment's name leads it there.
    let answer = stack.take(&rec.sent_again("RETRY")).await;
    assert!(answer.starts_with("OK SUB~20261122-recb01 captured 10.00 EUR"), "{answer}");
    assert!(answer.ends_with("(already known)"), "{answer}");
    stack.sweep().await;
    told_apart(&stack, "SUB", "recb01").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_whose_original_was_lost_is_the_occurrence_all_the_same() {
    for n in 0..2 {
        let told = |form: Form| match n {
            0 => form,
            // A number tells as well.
            _ => form
                .without("vads_subscription")
                .without("vads_occurrence_type")
                .with("vads_recurrence_number", "2"),
        };
        let stack = Stack::start().await;
        let trans_id = format!("recb0{n}");
        let rec = told(occurrence("SUB", &trans_id, "REC", "CAPTURED"));
        stack.take(&first("SUB", "suba01")).await;
        let answer = stack.take(&rec.clone().sent_again("RETRY")).await;
        let name = format!("SUB~20261122-{trans_id}");
        assert!(answer.starts_with(&format!("OK {name} captured 10.00 EUR")), "{answer}");
        stack.take(&rec).await;
        stack.sweep().await;
        told_apart(&stack, "SUB", &trans_id).await;
    }
}

/// What follows on a payment of a subscription may not tell whether that is the sign-up: the payment's name
/// leads it there, whichever it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_on_a_sign_up_or_on_an_occurrence_finds_it_in_any_order() {
    let stack = Stack::start().await;
    let of = |form: Form| form.with("vads_subscription", "20261122abc");
    for (n, order) in permutations(&[0, 1, 2, 3]).into_iter().enumerate() {
        let (subscription, club, rec) =
            (format!("CLUB-{n}"), format!("clu{n:03}"), format!("rec{n:03}"));
        let say = |trans_id: &str, source: &str, status: &str| {
            let form = of(Form::single(&subscription, trans_id, "CB", AMOUNT, status));
            if source == "PAY" { form } else { form.sent_again(source) }
        };
        let messages = [
            say(&club, "PAY", "AUTHORISED"),
            say(&club, "BATCH", "CAPTURED"),
            say(&rec, "REC", "AUTHORISED"),
            say(&rec, "BATCH", "CAPTURED"),
        ];
        for at in &order {
            stack.take(&messages[*at]).await;
            stack.sweep().await;
        }
        for key in [subscription.clone(), format!("{subscription}~20261122-{rec}")] {
            let found = stack.order(&lyra(&key)).await;
            let summary = found.summary(Policy::default());
            assert_eq!(
                (summary.captured, summary.flags.len()),
                (AMOUNT, 0),
                "{order:?}: {found:#?}"
            );
            assert!(found.fulfilment().is_some_and(|f| f.sent_at.is_some()), "{order:?}");
        }
    }
    assert_eq!(stack.queue().await.len(), 48);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_occurrence_come_in_any_order() {
    let stack = Stack::start().await;
    let stories: [fn(&str, &str) -> [Form; 2]; 3] = [
        |sub, trans_id| {
            let rec = occurrence(sub, trans_id, "REC", "CAPTURED");
            [rec.clone(), rec.sent_again("RETRY")]
        },
        |sub, trans_id| {
            let batch = occurrence(sub, trans_id, "BATCH", "CAPTURED");
            [occurrence(sub, trans_id, "REC", "AUTHORISED"), batch]
        },
        // The last one of a subscription says so.
        |sub, trans_id| {
            let last = |form: Form| form.with("vads_occurrence_type", "RECURRENT_FINAL");
            let batch = occurrence(sub, trans_id, "BATCH", "CAPTURED");
            [last(occurrence(sub, trans_id, "REC", "AUTHORISED")), last(batch)]
        },
    ];
    for (n, story) in stories.iter().enumerate() {
        for (m, order) in permutations(&[0, 1, 2]).into_iter().enumerate() {
            let (subscription, trans_id) = (format!("SUB-{n}-{m}"), format!("recb{n}{m}"));
            let [one, other] = story(&subscription, &trans_id);
            let messages = [first(&subscription, &format!("suba{n}{m}")), one, other];
            for at in order {
                stack.take(&messages[at]).await;
                stack.sweep().await;
            }
            told_apart(&stack, &subscription, &trans_id).await;
        }
    }
}

/// What follows on an instalment leaves the plan out, and then looks like an occurrence: its payment's
/// name leads it to the plan.
#[tokio::test(flavor = "multi_thread")]
async fn instalments_come_together_in_any_order() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1, 2]).into_iter().enumerate() {
        let (reference, trans_id) = (format!("PLAN-{n}"), format!("plan{n:02}"));
        let first = Form::single(&reference, &trans_id, "CB", 2_000, "CAPTURED")
            .with("vads_payment_config", "MULTI:first=2000;count=3;period=30")
            .with("vads_occurrence_type", "RECURRENT_INITIAL");
        let later = |sequence: u32, kind: &str| {
            let share = Share(&sequence.to_string().repeat(32), "CB", 4_000, "CAPTURED");
            Form::follow_up(&reference, &trans_id, sequence, "BATCH_AUTO", share)
                .with("vads_occurrence_type", kind)
        };
        let messages = [first, later(2, "RECURRENT_INTERMEDIAIRE"), later(3, "RECURRENT_FINAL")];
        for at in &order {
            stack.take(&messages[*at]).await;
            stack.sweep().await;
        }
        let found = stack.order(&lyra(&reference)).await;
        assert_eq!(found.summary(Policy::default()).captured, 10_000, "{order:?}: {found:#?}");
        assert!(found.fulfilment().is_some_and(|f| f.sent_at.is_some()));
    }
    assert_eq!(stack.queue().await.len(), 6);
}

const CAPTURED: u64 = 9;
const REFUNDED: u64 = 8;

fn payment(reference: &str, inner: &str) -> Payment {
    Payment::new(reference, &format!("{inner}_0"), 1, CAPTURED, AMOUNT)
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_with_a_reference_of_their_own_find_the_order_they_give_back() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1, 2]).into_iter().enumerate() {
        let (reference, other) = (format!("CMD-{n}"), format!("RFND-{n}"));
        let inner = format!("325471100{n}");
        let messages = [
            payment(&reference, &inner).json(),
            refund(&other, &format!("{inner}_1"), REFUNDED, 300),
            refund(&other, &format!("{inner}_2"), REFUNDED, 700),
        ];
        for at in &order {
            stack.take(&messages[*at]).await;
            stack.sweep().await;
        }
        let found = stack.order(&wl(&reference)).await;
        let summary = found.summary(Policy::default());
        assert_eq!(
            (summary.state, summary.captured, summary.refunded),
            (State::Refunded, AMOUNT, AMOUNT),
            "{order:?}: {found:#?}"
        );
        assert_eq!(stack.order(&wl(&format!("tx:{inner}"))).await, found);
        // Released only where the payment came first; then each refund takes it back.
        let told: Vec<u64> = found.reversals().iter().map(|reversal| reversal.amount).collect();
        let mut given_back: Vec<u64> = if order[0] == 0 { vec![300, 700] } else { Vec::new() };
        if order == [0, 2, 1] {
            given_back.reverse();
        }
        assert_eq!(found.fulfilment().is_some(), order[0] == 0, "{order:?}");
        assert_eq!(told, given_back, "{order:?}");
        assert!(stack.order(&wl(&other)).await.fulfilment().is_none());
    }
    // Three messages for each of the two orders that were released, and none for the others.
    assert_eq!(stack.queue().await.len(), 6);
}

/// The payment came without a reference first, and was released under its own name: a refund under
/// another reference belongs there, and everything moves to the order together.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_does_not_take_away_a_payment_that_is_known_by_its_name() {
    let stack = Stack::start().await;
    let (inner, by_payment) = ("3254712000", wl("tx:3254712000"));
    stack.take(&payment("", inner)).await;
    stack.take(&refund("RFND-9", "3254712000_1", REFUNDED, 300)).await;
    stack.sweep().await;
    let alone = stack.order(&by_payment).await;
    assert_eq!((alone.key().clone(), alone.reversals().len()), (by_payment.clone(), 1));
    assert!(stack.unknown(&wl("RFND-9")).await);

    stack.take(&payment("CMD-9", inner)).await;
    stack.sweep().await;
    let order = stack.order(&by_payment).await;
    assert_eq!(*order.key(), wl("CMD-9"));
    assert_eq!((&order.fulfilment(), order.reversals()), (&alone.fulfilment(), alone.reversals()));
    assert_eq!(stack.queue().await.len(), 2, "one release, one reversal");
}

/// A refund under way has claimed the payment's name for its own reference. The payment without a
/// reference is not released there, where the order could not find it.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_not_filed_under_the_reference_of_its_refund() {
    let stack = Stack::start().await;
    let (inner, by_payment) = ("3254713000", wl("tx:3254713000"));
    stack.take(&refund("RFND-9", "3254713000_1", 81, 300)).await;
    stack.take(&payment("", inner)).await;
    stack.sweep().await;
    assert_eq!(*stack.order(&by_payment).await.key(), by_payment);
    stack.take(&payment("CMD-9", inner)).await;
    stack.take(&refund("RFND-9", "3254713000_1", REFUNDED, 300)).await;
    stack.sweep().await;

    let order = stack.order(&wl("CMD-9")).await;
    assert_eq!(stack.order(&by_payment).await, order);
    assert_eq!(order.summary(Policy::default()).refunded, 300);
    let id = order.fulfilment().unwrap().id.clone();
    let told: Vec<String> = stack.queue().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(told, [id, order.reversals()[0].id.clone()]);
    assert!(stack.order(&wl("RFND-9")).await.fulfilment().is_none());
}

/// A browser return that tells no source, into which `REC` was typed, can be posted as an occurrence: its
/// payment has an order already, or gets it now, and pays for that one only.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_does_not_pay_for_its_order_and_for_an_occurrence_of_it() {
    let stack = Stack::start().await;
    for (n, forged_first) in [false, true].into_iter().enumerate() {
        let (reference, trans_id) = (format!("TWICE-{n}"), format!("twice{n}"));
        let real = Form::single(&reference, &trans_id, "CB", 10_000, "CAPTURED");
        let forged = real.clone().with("vads_url_check_src", "REC");
        let mut messages = [real, forged];
        if forged_first {
            messages.reverse();
        }
        for message in &messages {
            stack.take(message).await;
            stack.sweep().await;
        }
        let occurrence = format!("{reference}~20261122-{trans_id}");
        let orders = [stack.order(&lyra(&reference)).await, stack.order(&lyra(&occurrence)).await];
        let released = orders.iter().map(|order| order.fulfilment().is_some());
        assert_eq!(released.collect::<Vec<_>>(), [!forged_first, forged_first]);
        let paid = orders.iter().map(|order| order.summary(Policy::default()).captured);
        assert_eq!(paid.sum::<u64>(), 10_000);
    }
    assert_eq!(stack.queue().await.len(), 2);

    // The first payment of a subscription and its occurrences are payments of their own.
    stack.take(&Form::single("CLUB", "club01", "CB", 500, "CAPTURED")).await;
    let later = Form::single("CLUB", "club02", "CB", 500, "CAPTURED");
    stack.take(&later.with("vads_url_check_src", "REC")).await;
    for order in ["CLUB", "CLUB~20261122-club02"] {
        assert!(stack.order(&lyra(order)).await.fulfilment().is_some(), "{order}");
    }
}

/// The reference is the order's key, and a payment pays for one order: told under a second reference it is
/// kept there in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_a_second_reference_is_held_there() {
    let stack = Stack::start().await;
    let card = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CB", AMOUNT, "CAPTURED");
    let answer = |order| rest(order, "rest01", AMOUNT, ("PAID", "CLOSED"), &[card]);
    let event = |order| payment(order, "3254714000").json();
    for _ in 0..2 {
        for order in ["CMD-1", "CMD-2"] {
            stack.take(&answer(order)).await;
            stack.take(&event(order)).await;
        }
    }
    stack.sweep().await;
    for (key, name) in [(lyra as fn(&str) -> OrderKey, "tx:20261122-rest01"), (wl, "tx:3254714000")]
    {
        let (first, second) = (stack.order(&key("CMD-1")).await, stack.order(&key("CMD-2")).await);
        assert_eq!(stack.order(&key(name)).await, first);
        assert!(first.fulfilment().is_some() && second.fulfilment().is_none());
        let flags = second.summary(Policy::default()).flags;
        assert_eq!(flags, BTreeSet::from([Flag::Ambiguous]), "{second:#?}");
    }
    assert_eq!(stack.queue().await.len(), 2);
    // What follows on it goes where the payment is.
    stack.take(&refund("CMD-2", "3254714000_1", REFUNDED, 300)).await;
    assert_eq!(stack.order(&wl("CMD-1")).await.reversals().len(), 1);
}

/// A transaction id of which nothing came may be given to another order.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_failed_gives_its_name_free() {
    let stack = Stack::start().await;
    for (n, status) in ["ABANDONED", "REFUSED", "CANCELLED", "EXPIRED"].into_iter().enumerate() {
        let (left, paid, trans_id) =
            (format!("LEFT-{n}"), format!("PAID-{n}"), format!("left0{n}"));
        stack.take(&Form::single(&left, &trans_id, "CB", AMOUNT, status)).await;
        let pay = |status| {
            Form::single(&paid, &trans_id, "CB", AMOUNT, status)
                .with("vads_trans_date", "20261122110000")
        };
        stack.take(&pay("AUTHORISED")).await;
        stack.take(&pay("CAPTURED").sent_again("BATCH")).await;
        stack.sweep().await;
        let order = stack.order(&lyra(&paid)).await;
        assert!(order.fulfilment().is_some(), "{order:#?}");
        assert!(stack.order(&lyra(&left)).await.fulfilment().is_none());
    }
    assert_eq!(stack.queue().await.len(), 4);
}

/// Captures and refunds may carry references of their own, even that of another order: each follows its
/// payment, and leaves nothing behind, whatever comes first.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_on_a_payment_goes_there_in_any_order() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1, 2, 3]).into_iter().enumerate() {
        let (reference, own, other) =
            (format!("CMD-{n}"), format!("CAP-{n}"), format!("OTHER-{n}"));
        let (inner, of_other) = (format!("32547150{n:02}"), format!("32547160{n:02}"));
        let capture = |reference: &str, id: String, code| {
            Payment::new(reference, &id, 1, code, AMOUNT).acquired(AMOUNT).json()
        };
        let messages = [
            capture(&reference, format!("{inner}_0"), 5),
            capture(&own, format!("{inner}_1"), CAPTURED),
            refund(&other, &format!("{inner}_2"), REFUNDED, 300),
            payment(&other, &of_other).json(),
        ];
        for at in &order {
            stack.take(&messages[*at]).await;
            stack.sweep().await;
        }
        let found = stack.order(&wl(&reference)).await;
        let summary = found.summary(Policy::default());
        assert_eq!(
            (summary.state, summary.expected, summary.captured, summary.refunded),
            (State::PartiallyRefunded, Some(AMOUNT), AMOUNT, 300),
            "{order:?}: {found:#?}"
        );
        assert_eq!(found.reversals().len(), usize::from(found.fulfilment().is_some()), "{order:?}");
        let beside = stack.order(&wl(&other)).await;
        let summary = beside.summary(Policy::default());
        assert_eq!(
            (summary.state, summary.captured, summary.refunded, summary.flags.len()),
            (State::Captured, AMOUNT, 0, 0),
            "{order:?}: {beside:#?}"
        );
        assert!(beside.fulfilment().is_some() && beside.reversals().is_empty(), "{order:?}");
        assert!(stack.order(&wl(&own)).await.is_blank(), "{order:?}");
    }
}

/// A transaction id of which nothing came is that of another order's payment, also where what follows on
/// that comes first, and where the failure is told late.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_payment_and_another_with_its_id_are_two_in_any_order() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1, 2]).into_iter().enumerate() {
        for (m, left) in ["REFUSED", "ABANDONED"].into_iter().enumerate() {
            let (dead, paid) = (format!("DEAD-{n}{m}"), format!("LIVE-{n}{m}"));
            let trans_id = format!("same{n}{m}");
            let attempt = Form::single(&dead, &trans_id, "CB", AMOUNT, left);
            // One that was left has no number, and may have a uuid all the same.
            let attempt = if m == 1 { attempt.without("vads_sequence_number") } else { attempt };
            let pay = |status| Form::single(&paid, &trans_id, "CB", AMOUNT, status);
            let messages = [attempt, pay("AUTHORISED"), pay("CAPTURED").sent_again("BATCH")];
            for at in &order {
                stack.take(&messages[*at]).await;
                stack.sweep().await;
            }
            let found = stack.order(&lyra(&paid)).await;
            let flags = found.summary(Policy::default()).flags;
            assert!(found.fulfilment().is_some() && flags.is_empty(), "{order:?}: {found:#?}");
            let found = stack.order(&lyra(&dead)).await;
            let summary = found.summary(Policy::default());
            assert_eq!((summary.captured, summary.flags.len()), (0, 0), "{order:?}: {found:#?}");
            assert!(found.fulfilment().is_none());
        }
    }
}

/// Whose a payment without a reference is, a capture that has one may be the first to tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_without_a_reference_is_named_by_its_capture_in_any_order() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1]).into_iter().enumerate() {
        let (reference, inner) = (format!("NAMED-{n}"), format!("325471900{n}"));
        let operation = |reference: &str, number: u64, code| {
            Payment::new(reference, &format!("{inner}_{number}"), 1, code, AMOUNT)
        };
        let messages = [operation("", 0, 5), operation(&reference, 1, CAPTURED)];
        for at in &order {
            stack.take(&messages[*at]).await;
        }
        stack.sweep().await;
        let found = stack.order(&wl(&reference)).await;
        assert!(found.fulfilment().is_some(), "{order:?}: {found:#?}");
        assert_eq!(stack.order(&wl(&format!("tx:{inner}"))).await, found);
    }
    assert_eq!(stack.queue().await.len(), 2);
}

/// A checkout's name may lead to a payment's name, and that to an order: what follows finds the order.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_to_a_name_leads_to_the_order_in_any_order() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1, 2, 3]).into_iter().enumerate() {
        let reference = format!("HOP-{n}");
        let (first, second) = (format!("32547200{n:02}"), format!("32547210{n:02}"));
        let in_checkout = |payment: Payment| {
            let mut event = payment.json();
            event["payment"]["hostedCheckoutSpecificOutput"] =
                serde_json::json!({"hostedCheckoutId": first});
            event
        };
        let voucher = Payment::new(&reference, &format!("{first}_0"), 5412, CAPTURED, AMOUNT);
        let complement = |reference: &str, number: u64, code| {
            Payment::new(reference, &format!("{second}_{number}"), 130, code, 400)
        };
        let messages = [
            in_checkout(complement("", 0, 5)),
            voucher.acquired(600).json(),
            complement(&reference, 1, CAPTURED).json(),
            refund(&reference, &format!("{second}_2"), REFUNDED, 100),
        ];
        for at in &order {
            stack.take(&messages[*at]).await;
        }
        stack.sweep().await;
        let found = stack.order(&wl(&reference)).await;
        let summary = found.summary(Policy::default());
        assert_eq!(
            (summary.expected, summary.captured, summary.refunded),
            (Some(AMOUNT), AMOUNT, 100),
            "{order:?}: {found:#?}"
        );
        assert_eq!(found.reversals().len(), usize::from(found.fulfilment().is_some()), "{order:?}");
    }
}

/// A complement without a reference names the checkout of its voucher.
#[tokio::test(flavor = "multi_thread")]
async fn a_complement_without_a_reference_follows_its_checkout() {
    let stack = Stack::start().await;
    for (n, order) in permutations(&[0, 1]).into_iter().enumerate() {
        let (reference, inner) = (format!("CMD-{n}"), format!("325471700{n}"));
        let voucher = Payment::new(&reference, &format!("{inner}_0"), 5412, CAPTURED, AMOUNT);
        let complement = Payment::new("", &format!("325471800{n}_0"), 130, CAPTURED, 400);
        let mut complement = complement.json();
        complement["payment"]["hostedCheckoutSpecificOutput"] =
            serde_json::json!({"hostedCheckoutId": inner});
        let messages = [voucher.acquired(600).json(), complement];
        for at in &order {
            stack.take(&messages[*at]).await;
        }
        let found = stack.order(&wl(&reference)).await;
        assert_eq!(found.summary(Policy::default()).captured, AMOUNT, "{order:?}: {found:#?}");
    }
}
