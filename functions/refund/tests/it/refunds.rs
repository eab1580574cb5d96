//! Money that goes back.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use quittance_aws::apis::Apis;
use quittance_aws::clock::Instant;
use quittance_aws::desks::WriteMark;
use quittance_core::OrderKey;
use quittance_core::desk::{Decision, Desk};
use quittance_psp::PROVIDERS;
use serde_json::json;

use super::provider::{BOTH, Paid, Psp, key};
use super::stack::{Stack, TOTAL, at_once, lines};

#[tokio::test(flavor = "multi_thread")]
async fn equal_parts_go_back_one_after_the_other_and_a_repeated_request_is_the_same() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Split(6_000)).await;
        let first = stack.refund(&key, "R-1", 3_000).await.is(202, "running");
        assert_eq!(stack.refund(&key, "R-1", 3_000).await.is(202, "running"), first);
        // What is only sent bars nothing, and counts.
        let second = stack.refund(&key, "R-2", 3_000).await.is(202, "running");
        assert_ne!(first["lines"][0]["psp_id"], second["lines"][0]["psp_id"]);
        assert_eq!(stack.provider.given_back(), 6_000, "{psp:?}");
        let error = stack.refund(&key, "R-1", 3_001).await.fails(409);
        assert!(error.contains("another content"), "{error}");
        stack.settle().await;
        for request in ["R-1", "R-2"] {
            let done = stack.refund(&key, request, 3_000).await.is(200, "done");
            assert_eq!(lines(&done), [("refund".to_owned(), 3_000, "done".to_owned())]);
        }
        let refunds = stack.refunds(&key).await;
        let ids: Vec<_> = refunds.iter().map(|one| one["request"].as_str().unwrap()).collect();
        assert_eq!(ids, ["R-1", "R-2"]);
        assert_eq!(refunds[0]["order"], key.to_string());
        assert_eq!(refunds[0]["amount"], 3_000);
        assert_eq!(stack.provider.given_back(), 6_000, "{psp:?}");
        // The rest, and not a cent more.
        let refused = stack.refund(&key, "R-3", 8_001).await;
        assert_eq!(refused.body["state"], "refused");
        assert_eq!(refused.body["refused"].as_array().unwrap().len(), 1, "{refused:?}");
        let error = refused.fails(422);
        assert!(error.contains("no more than 80.00 EUR"), "{error}");
        stack.refund(&key, "R-3", 8_000).await.is(202, "running");
        stack.settle().await;
        stack.refund(&key, "R-3", 8_000).await.is(200, "done");
        assert_eq!(stack.provider.given_back(), TOTAL, "{psp:?}");
        stack.refund(&key, "R-4", 1).await.fails(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_alone_sends_and_keeps_nothing() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Split(6_000)).await;
        let body = json!({
            "order": key.to_string(), "request": "R-1", "amount": TOTAL, "currency": "EUR",
            "plan_only": true,
        });
        for _ in 0..2 {
            let planned = stack.post("/refunds", &body).await.is(200, "planned");
            let sums: u64 = lines(&planned).iter().map(|(_, amount, _)| amount).sum();
            assert_eq!((lines(&planned).len(), sums), (2, TOTAL));
        }
        assert_eq!(stack.table().desk_at(&key).await.unwrap().version, None);
        assert_eq!(stack.provider.given_back(), 0);
        assert_eq!(stack.refunds(&key).await, [""; 0]);
        let mut more = body.clone();
        more["amount"] = (TOTAL + 1).into();
        stack.post("/refunds", &more).await.fails(422);
        // One that is known is shown as it stands, and does not go on.
        stack.refund(&key, "R-1", 3_000).await.is(202, "running");
        assert!(stack.post("/refunds", &body).await.fails(409).contains("content"));
        more["amount"] = 3_000.into();
        stack.provider.batch();
        stack.post("/refunds", &more).await.is(200, "running");
    }
}

/// A thief has a key for notifications, and names in his order what another one was paid with.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_order_was_paid_with_is_not_given_back() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Card).await;
        let other = stack.paid(psp, "CMD-2", Paid::Card).await;
        stack.forge(&key, &other).await;
        let error = stack.refund(&key, "R-1", TOTAL + 1).await.fails(422);
        assert!(error.contains("the provider does not name share"), "{error}");
        assert_eq!(stack.provider.given_back(), 0, "{psp:?}");
        stack.refund(&key, "R-2", TOTAL).await.is(202, "running");
        stack.settle().await;
        assert_eq!(stack.provider.given_back(), TOTAL, "{psp:?}");
        // What remains is the other one's.
        stack.refund(&key, "R-3", 1).await.fails(422);
        stack.refund(&other, "R-1", TOTAL).await.is(202, "running");
        // Where he paid nothing, there is nothing to plan with.
        let empty = self::key(psp, "CMD-3");
        stack.forge(&empty, &other).await;
        stack.refund(&empty, "R-1", 1).await.fails(502);
    }
}

/// What goes back first depends on all shares. So nothing is planned while one of them cannot be read, whoever named it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_planned_beside_a_payment_that_cannot_be_read_now() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Split(10_000)).await;
    let other = stack.paid(Psp::Lyra, "CMD-2", Paid::Card).await;
    stack.forge(&key, &other).await;
    // As often as it is tried again.
    for _ in 0..8 {
        stack.provider.fault(Psp::Lyra, "Transaction/Get", "bad_gateway");
    }
    stack.refund(&key, "R-1", 10_000).await.fails(502);
    stack.provider.forgive();
    assert_eq!(stack.provider.given_back(), 0);
    stack.refund(&key, "R-1", 10_000).await.is(202, "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lyra_voucher_goes_back_whole_or_not_at_all() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Split(10_000)).await;
    let error = stack.refund(&key, "R-1", 7_000).await.fails(422);
    assert!(error.contains("40.00 EUR") && error.contains("100.00 EUR"), "{error}");
    assert_eq!(stack.provider.given_back(), 0);
    for (request, amount) in [("R-2", 10_000), ("R-3", 4_000)] {
        let sent = stack.refund(&key, request, amount).await.is(202, "running");
        assert_eq!(lines(&sent), [("refund".to_owned(), amount, "sent".to_owned())]);
        stack.settle().await;
    }
    assert_eq!(stack.provider.given_back(), TOTAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lyra_has_not_taken_yet_is_given_up() {
    let stack = Stack::start().await;
    let key = key(Psp::Lyra, "CMD-1");
    stack.provider.pays(&key, Psp::Lyra, TOTAL, Paid::Card);
    let done = stack.refund(&key, "R-1", TOTAL).await.is(200, "done");
    assert_eq!(lines(&done), [("cancel".to_owned(), TOTAL, "done".to_owned())]);
    stack.provider.batch();
    assert_eq!((stack.provider.taken(), stack.provider.given_back()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_providers_word_nothing_is_planned() {
    at_once([
        without_word(Psp::Worldline, &["bad_credentials", "wrong_currency"]).boxed(),
        without_word(Psp::Lyra, &["bad_credentials", "wrong_merchant", "wrong_currency"]).boxed(),
    ])
    .await;
}

async fn without_word(psp: Psp, faults: &'static [&str]) {
    let (mut stack, key) = Stack::with(psp, Paid::Card).await;
    for fault in faults {
        stack.provider.fault(psp, "*", fault);
        let error = stack.refund(&key, "R-1", 100).await.fails(502);
        assert!(!error.is_empty(), "{fault}");
    }
    // Nobody listens on port 1.
    let [worldline, lyra] = stack.provider.documents();
    let document = if psp == Psp::Lyra { lyra } else { worldline };
    let origin = stack.provider.origin().to_owned();
    let provider = PROVIDERS.iter().find(|one| one.profile().id == key.psp).unwrap();
    let mut apis = Apis::default();
    apis.add(*provider, &document.replace(&origin, "http://127.0.0.1:1"));
    let known = std::mem::replace(&mut stack.function.payer.asker.apis, apis);
    stack.refund(&key, "R-1", 100).await.fails(502);
    stack.function.payer.asker.apis = Apis::default();
    stack.refund(&key, "R-1", 100).await.fails(409);
    stack.function.payer.asker.apis = known;
    assert_eq!(stack.desk(&key).await, Desk::default());
    assert_eq!(stack.provider.given_back(), 0);
    stack.refund(&key, "R-1", 100).await.is(202, "running");
}

/// The names of the calls that give money back, and how they end.
fn call(psp: Psp) -> &'static str {
    if psp == Psp::Lyra { "Transaction/Refund" } else { "RefundPayment" }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_moves_once_whatever_becomes_of_the_answer() {
    let faults = ["timeout_before", "timeout_after", "cut_off", "502_after"];
    let cases = BOTH.into_iter().flat_map(|psp| faults.map(|fault| moves_once(psp, fault).boxed()));
    at_once(cases).await;
}

async fn moves_once(psp: Psp, fault: &'static str) {
    let (stack, key) = Stack::with(psp, Paid::Card).await;
    stack.provider.fault(psp, call(psp), fault);
    let first = stack.refund(&key, "R-1", 2_000).await.is(202, "running");
    if psp == Psp::Lyra && fault == "timeout_before" {
        // Nobody knows, so nothing is sent again, and nothing else may be asked for.
        assert_eq!(lines(&first)[0].2, "running");
        stack.refund(&key, "R-1", 2_000).await.is(202, "running");
        stack.sweep().await;
        stack.refund(&key, "R-2", 2_000).await.fails(409);
        assert_eq!((stack.provider.given_back(), stack.provider.calls(call(psp))), (0, 1));
        return;
    }
    assert_eq!(stack.provider.given_back(), 2_000, "{psp:?} {fault}");
    stack.settle().await;
    stack.refund(&key, "R-1", 2_000).await.is(200, "done");
    assert_eq!(stack.provider.given_back(), 2_000, "{psp:?} {fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_refuses_frees_its_amount() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Card).await;
        stack.provider.fault(psp, call(psp), "refuse_refund");
        stack.refund(&key, "R-1", TOTAL).await;
        stack.settle().await;
        let refused = stack.refund(&key, "R-1", TOTAL).await.is(200, "refused");
        assert!(refused["lines"][0]["reason"].is_string(), "{refused}");
        assert_eq!(stack.provider.given_back(), 0);
        stack.refund(&key, "R-2", TOTAL).await.is(202, "running");
        stack.settle().await;
        stack.refund(&key, "R-2", TOTAL).await.is(200, "done");
        assert_eq!(stack.provider.given_back(), TOTAL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_time_one_wins_and_the_same_one_is_one() {
    at_once(BOTH.into_iter().flat_map(|psp| [0; 3].map(|_| race(psp).boxed()))).await;
}

async fn race(psp: Psp) {
    let (stack, key) = Stack::with(psp, Paid::Card).await;
    let requests = ["R-1", "R-2", "R-3"].map(|request| stack.refund(&key, request, 6_000).boxed());
    let answers = join_all(requests).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    let barred = answers.iter().filter(|answer| matches!(answer.status, 409 | 422)).count();
    assert_eq!(taken + barred, 3, "{answers:?}");
    // The second comes after the first was taken, or is barred.
    assert!((1..=2).contains(&taken), "{answers:?}");
    let given_back = u64::try_from(taken).unwrap() * 6_000;
    assert_eq!(stack.provider.given_back(), given_back, "{answers:?}");

    let (stack, key) = Stack::with(psp, Paid::Card).await;
    let requests = [0; 4].map(|_| stack.refund(&key, "R-1", 3_000).boxed());
    for answer in join_all(requests).await {
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    stack.settle().await;
    stack.refund(&key, "R-1", 3_000).await.is(200, "done");
    assert_eq!(stack.provider.given_back(), 3_000);
}

/// Both store the same plan and the same intent at the same moment: only who stored it makes the call.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twins_one_calls() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    stack.gate.lets_writers_meet();
    let twin = |stack: Arc<Stack>, key: OrderKey| {
        tokio::spawn(async move { stack.refund(&key, "R-1", 3_000).await.status })
    };
    let stack = Arc::new(stack);
    let twins = [(); 2].map(|()| twin(Arc::clone(&stack), key.clone()));
    for status in join_all(twins).await {
        assert_eq!(status.unwrap(), 202);
    }
    assert_eq!(stack.provider.calls(call(Psp::Lyra)), 1);
    assert_eq!(stack.provider.given_back(), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_which_nothing_is_captured_gives_nothing_back() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Nothing).await;
        let error = stack.refund(&key, "R-1", 100).await.fails(422);
        assert_eq!(error, "nothing of the order is captured", "{psp:?}");
        stack.refund(&super::provider::key(psp, "CMD-404"), "R-1", 100).await.fails(404);
    }
}

/// A look may begin with other orders for less time than one call is given. What it begins with has its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_look_goes_on() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    stack.refund(&key, "R-1", 100).await.is(202, "running");
    stack.provider.batch();
    let look = stack.sweep().await;
    assert_eq!((look.looked, look.changed, look.left), (1, 1, 0), "{look:?}");
    assert!(!stack.desk(&key).await.is_open());
}

/// A look that has no time left does nothing, and leaves all to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_left() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    stack.refund(&key, "R-1", 100).await.is(202, "running");
    stack.provider.batch();
    assert!(!stack.function.payer.continue_open(&key, Instant::now()).await.unwrap());
    stack.refund(&key, "R-1", 100).await.is(200, "done");
}

/// The provider has enough of our calls, and the operator gives the money back by hand. So he withdraws what is planned.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_and_not_sent_is_withdrawn_by_a_person() {
    for psp in BOTH {
        let (stack, key) = Stack::with(psp, Paid::Card).await;
        for _ in 0..4 {
            stack.provider.fault(psp, call(psp), "rate_limited");
        }
        stack.refund(&key, "R-1", 4_000).await.is(202, "planned");
        let held = stack.table().desk_at(&key).await.unwrap();
        let (mut desk, intent) =
            (held.desk.clone(), held.desk.requests()[0].lines[0].intent.clone());
        assert!(desk.decide(&intent, Decision::NotDone));
        let mark = WriteMark::new();
        stack.table().save_desk(&held.place, &desk, held.version, &mark).await.unwrap();
        stack.provider.forgive();
        stack.settle().await;
        assert_eq!(stack.provider.given_back(), 0, "{psp:?}");
        stack.refund(&key, "R-2", 4_000).await.is(202, "running");
    }
}
