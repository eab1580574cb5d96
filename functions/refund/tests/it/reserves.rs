//! Money that is authorised: taken, or given up.

use futures_util::FutureExt;

use super::provider::{BOTH, Paid, Psp, key};
use super::stack::{Stack, TOTAL, at_once, lines};

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_authorised_is_taken_once() {
    for psp in BOTH {
        for amount in [None, Some(TOTAL)] {
            let (stack, key) = Stack::with(psp, Paid::Reserved).await;
            let first = stack.capture(&key, "T-1", amount).await;
            assert!(matches!(first.status, 200 | 202), "{first:?}");
            assert_eq!(first.body["order"]["order"], "CMD-1");
            assert_eq!(first.body["request"], "T-1");
            stack.settle().await;
            let done = stack.capture(&key, "T-1", amount).await.is(200, "done");
            assert_eq!(lines(&done), [("capture".to_owned(), TOTAL, "done".to_owned())]);
            stack.function.payer.asker.ask(&key).await.unwrap();
            let done = stack.capture(&key, "T-1", amount).await.is(200, "done");
            assert_eq!(done["order"]["captured"], TOTAL, "{psp:?}");
            assert_eq!(stack.provider.taken(), TOTAL, "{psp:?}");
            let other = if amount.is_none() { Some(TOTAL) } else { None };
            stack.capture(&key, "T-1", other).await.fails(409);
            let error = stack.capture(&key, "T-2", None).await.fails(422);
            assert!(error.contains("nothing of the order is authorised"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_taken_where_the_provider_takes_parts() {
    let (stack, key) = Stack::with(Psp::Worldline, Paid::Reserved).await;
    stack.capture(&key, "T-1", Some(5_000)).await;
    stack.settle().await;
    let done = stack.capture(&key, "T-1", Some(5_000)).await.is(200, "done");
    assert_eq!(lines(&done), [("capture".to_owned(), 5_000, "done".to_owned())]);
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Reserved).await;
    stack.capture(&key, "T-1", Some(5_000)).await.fails(422);
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Reserved).await;
        let error = stack.capture(&key, "T-1", Some(TOTAL + 1)).await.fails(422);
        assert!(error.contains("no more than 140.00 EUR"), "{error}");
        stack.capture(&key, "T-1", Some(0)).await.fails(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_authorised_is_given_up_once_and_what_is_captured_is_named() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Reserved).await;
        let done = stack.cancel(&key, "C-1").await.is(200, "done");
        assert_eq!(lines(&done), [("cancel".to_owned(), TOTAL, "done".to_owned())]);
        assert_eq!(done["order"]["state"], "cancelled");
        assert_eq!(stack.cancel(&key, "C-1").await.is(200, "done"), done);
        stack.provider.batch();
        assert_eq!(stack.provider.taken(), 0);
        stack.capture(&key, "T-1", None).await.fails(422);

        let (stack, key) = Stack::with(psp, Paid::Split(6_000)).await;
        let done = stack.cancel(&key, "C-1").await.is(200, "done");
        assert_eq!(lines(&done).len(), 2, "{done}");
        for line in done["lines"].as_array().unwrap() {
            assert_eq!((&line["action"], &line["state"]), (&"cancel".into(), &"skipped".into()));
            assert!(line["reason"].as_str().unwrap().contains("captured already"), "{line}");
        }
        assert_eq!(stack.provider.taken(), TOTAL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_the_provider_refuses_leaves_the_order_as_it_was() {
    let (stack, key) = Stack::with(Psp::Worldline, Paid::Reserved).await;
    stack.provider.fault(Psp::Worldline, "CapturePayment", "refuse_capture");
    stack.capture(&key, "T-1", None).await;
    stack.settle().await;
    let refused = stack.capture(&key, "T-1", None).await;
    assert_eq!(refused.body["state"], "refused", "{refused:?}");
    assert_eq!(refused.body["order"]["state"], "authorised");
    assert!(!refused.fails(422).is_empty());
    assert_eq!(stack.provider.taken(), 0);
    stack.capture(&key, "T-2", None).await;
    stack.settle().await;
    stack.capture(&key, "T-2", None).await.is(200, "done");
    assert_eq!(stack.provider.taken(), TOTAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_takes_nothing_twice() {
    let calls = [(Psp::Worldline, "CapturePayment"), (Psp::Lyra, "Transaction/Validate")];
    let faults = ["timeout_after", "502_after"];
    let cases = calls.into_iter().flat_map(|call| faults.map(|fault| (call, fault)));
    at_once(cases.map(|((psp, call), fault)| takes_once(psp, call, fault).boxed())).await;
}

async fn takes_once(psp: Psp, call: &'static str, fault: &'static str) {
    let (stack, key) = Stack::with(psp, Paid::Reserved).await;
    stack.provider.fault(psp, call, fault);
    stack.capture(&key, "T-1", None).await;
    stack.settle().await;
    stack.capture(&key, "T-1", None).await.is(200, "done");
    assert_eq!(stack.provider.taken(), TOTAL, "{psp:?} {fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_knows_of_an_order_that_nobody_told_of() {
    let stack = Stack::start().await;
    for psp in BOTH {
        stack.capture(&key(psp, "CMD-404"), "T-1", None).await.fails(404);
        stack.cancel(&key(psp, "CMD-404"), "C-1").await.fails(404);
    }
}
