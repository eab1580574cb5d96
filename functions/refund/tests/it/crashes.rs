//! A process that dies at any step: whoever comes next goes on, and no money moves twice.

use futures_util::FutureExt;

use super::provider::{BOTH, Paid, Psp};
use super::stack::{Stack, TOTAL, at_once};

/// Most steps of one request.
const MAX_STEPS: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_goes_on_wherever_it_was_left() {
    at_once(BOTH.map(|psp| goes_on(psp).boxed())).await;
}

async fn goes_on(psp: Psp) {
    let (mut open, mut steps) = (0, 0);
    loop {
        let (stack, key) = Stack::with(psp, Paid::Card).await;
        let request = async { stack.refund(&key, "R-1", 2_000).await.status };
        let ended = stack.gate.dies_during(steps, request).await;
        let known = stack.desk(&key).await.is_open();
        // The same again goes on; so does a look, for what is stored.
        let again = stack.refund(&key, "R-1", 2_000).await;
        assert_eq!(again.status, 202, "{psp:?} {steps} {again:?}");
        stack.settle().await;
        let state = stack.refund(&key, "R-1", 2_000).await.body["state"].clone();
        let given_back = stack.provider.given_back();
        match state.as_str().unwrap() {
            "done" => assert_eq!(given_back, 2_000, "{psp:?} {steps}"),
            // The intent was stored, and nobody knows whether the call was made: it was not.
            "running" => {
                open += 1;
                assert_eq!((psp, given_back), (Psp::Lyra, 0), "{steps}");
                assert!(known);
            }
            state => panic!("{psp:?} {steps} {state}"),
        }
        if ended.is_some() {
            break;
        }
        steps += 1;
        assert!(steps < MAX_STEPS);
    }
    assert!(steps > 10, "{psp:?}: the steps are counted: {steps}");
    assert_eq!(open > 0, psp == Psp::Lyra, "{open}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_and_a_cancellation_go_on_wherever_they_were_left() {
    let cases = BOTH.into_iter().flat_map(|psp| [(psp, true), (psp, false)]);
    at_once(cases.map(|(psp, captures)| reserve_goes_on(psp, captures).boxed())).await;
}

async fn reserve_goes_on(psp: Psp, captures: bool) {
    for steps in 0..MAX_STEPS {
        let (stack, key) = Stack::with(psp, Paid::Reserved).await;
        let ask = || match captures {
            true => stack.capture(&key, "Q-1", None).boxed(),
            false => stack.cancel(&key, "Q-1").boxed(),
        };
        let ended = stack.gate.dies_during(steps, async { ask().await.status }).await;
        ask().await;
        stack.settle().await;
        let state = ask().await.body["state"].clone();
        let expected = if captures { TOTAL } else { 0 };
        match state.as_str().unwrap() {
            "done" => assert_eq!(stack.provider.taken(), expected, "{psp:?} {steps}"),
            "running" => assert_eq!((psp, stack.provider.taken()), (Psp::Lyra, 0), "{steps}"),
            state => panic!("{psp:?} {steps} {state}"),
        }
        if ended.is_some() {
            return;
        }
    }
    panic!("it has no end");
}
