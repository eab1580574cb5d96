//! What a shop is told besides: that an order is held, or that a voucher is stranded. Once, and only where it is wanted.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use quittance_aws::clock::now;
use quittance_aws::queue::{Queue, TableQueue};
use quittance_core::Policy;
use quittance_core::message::{CloudEvent, FULFILMENT_REQUESTED, ORDER_HELD, ORDER_STRANDED};
use quittance_core::notice::Notice;
use quittance_core::schedule::DAY;
use quittance_psp::worldline::Worldline;
use quittance_testing::worldline::{MERCHANT, Payment};
use serde_json::json;

use crate::{MINUTE, Stack, card, voucher};

/// A stack that is to tell all of them.
async fn telling() -> Stack {
    let mut stack = Stack::start().await;
    stack.function.notifier.wanted = BTreeSet::from(Notice::ALL);
    stack
}

/// A payment whose status nobody knows.
async fn hold(stack: &Stack, reference: &str, minutes_ago: i64) {
    let odd =
        Payment::new(reference, &format!("32700{reference}_0"), 130, 9, 10_000).word("NEW_WORD");
    stack.take(minutes_ago * MINUTE, &odd).await;
}

impl Stack {
    async fn told(&self) -> Vec<CloudEvent> {
        let messages = self.log.messages().await.unwrap();
        messages.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    /// The types and subjects of what was told.
    async fn heads(&self) -> BTreeSet<(String, String)> {
        let told = self.told().await;
        let count = told.len();
        let heads: BTreeSet<_> =
            told.into_iter().map(|event| (event.kind, event.subject)).collect();
        assert_eq!(heads.len(), count, "each once");
        heads
    }
}

fn heads<const N: usize>(heads: [(&str, &str); N]) -> BTreeSet<(String, String)> {
    heads.map(|(kind, subject)| (kind.to_owned(), subject.to_owned())).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_for_a_quarter_of_an_hour_and_what_is_stranded_is_told_once() {
    let stack = telling().await;
    hold(&stack, "11111", 14).await;
    hold(&stack, "22222", 16).await;
    stack.take(20 * MINUTE, &card("33333")).await;
    stack.take(181 * MINUTE, &voucher("STRANDED", "3254800002_0")).await;
    stack.take(100 * MINUTE, &voucher("WAITS", "3254800003_0")).await;
    for _ in 0..3 {
        stack.look_at_all().await;
    }
    let expected = heads([
        (ORDER_HELD, "22222"),
        (ORDER_STRANDED, "STRANDED"),
        (FULFILMENT_REQUESTED, "33333"),
    ]);
    assert_eq!(stack.heads().await, expected);
    let told = stack.told().await;
    let held = told.iter().find(|event| event.kind == ORDER_HELD).unwrap();
    assert!(held.data.fulfilment.is_none());
    assert!(held.data.explanation.is_some(), "it says why: {:?}", held.data);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_that_is_not_wanted() {
    for (wanted, expected) in [
        (BTreeSet::new(), heads([])),
        (BTreeSet::from([Notice::Held]), heads([(ORDER_HELD, "22222")])),
        (BTreeSet::from([Notice::Stranded]), heads([(ORDER_STRANDED, "STRANDED")])),
    ] {
        let mut stack = Stack::start().await;
        stack.function.notifier.wanted = wanted;
        hold(&stack, "22222", 16).await;
        stack.take(181 * MINUTE, &voucher("STRANDED", "3254800002_0")).await;
        stack.look_at_all().await;
        assert_eq!(stack.heads().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_told_later_and_what_changes_is_told_anew() {
    let mut stack = telling().await;
    hold(&stack, "22222", 30).await;
    let reachable = stack.function.notifier.outbox.queue.clone();
    // Nobody listens on port 1.
    let config = stack.engine.config().endpoint_url("http://127.0.0.1:1");
    let gone = TableQueue::new(Client::from_conf(config.build()), "queue");
    stack.function.notifier.outbox.queue = Queue::Table(gone);
    stack.look_at_all().await;
    stack.function.notifier.outbox.queue = reachable;
    stack.look_at_all().await;
    assert_eq!(stack.heads().await, heads([(ORDER_HELD, "22222")]));
    // Money comes, and the doubt stays.
    let more = Payment::new("22222", "3280022222_0", 130, 9, 5_000);
    stack.take(16 * MINUTE, &more).await;
    stack.look_at_all().await;
    let told = stack.told().await;
    assert_eq!(told.len(), 2);
    assert_ne!(told[0].id, told[1].id);
    assert_ne!(told[0].data.captured, told[1].data.captured);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_held_is_told_while_the_provider_cannot_be_reached() {
    let mut stack = telling().await;
    // Nobody listens on port 1: after some orders the others are put off.
    let keys = json!({"key_id": "api-key", "secret": "api-secret", "url": "http://127.0.0.1:1"});
    let document = json!({MERCHANT: {"test": keys}}).to_string();
    stack.function.payer.asker.apis.add(&Worldline, &document);
    let references = ["11111", "22222", "33333", "44444", "55555"];
    for reference in references {
        hold(&stack, reference, 16).await;
    }
    let (asked, _) = stack.look_at_all().await;
    assert!(asked.left > 0, "{asked:?}");
    assert_eq!(stack.heads().await, heads(references.map(|reference| (ORDER_HELD, reference))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_that_of_what_an_order_holds() {
    let stack = telling().await;
    hold(&stack, "22222", 16).await;
    let key = "worldline/DemoMerchant/test/22222".parse().unwrap();
    let order = stack.receiver.table.load_order(&key).await.unwrap().order;
    let id = |notice, at| order.notice(notice, Policy::default(), at, &[]).id;
    let (first, later) = (now(), now().later(DAY).unwrap());
    assert_eq!(id(Notice::Held, first), id(Notice::Held, later), "whenever it is told");
    assert_ne!(id(Notice::Held, first), id(Notice::Stranded, first));
    // Money that is only reserved is news, too.
    let reserved = Payment::new("22222", "3290022222_0", 130, 5, 10_000);
    stack.take(16 * MINUTE, &reserved).await;
    let then = stack.receiver.table.load_order(&key).await.unwrap().order;
    assert_ne!(
        then.notice(Notice::Held, Policy::default(), first, &[]).id,
        id(Notice::Held, first)
    );
}
