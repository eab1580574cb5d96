//! How desks stand beside orders in the table.

use std::slice::from_ref;

use aws_sdk_dynamodb::types::AttributeValue;
use quittance_aws::clock::{Instant, now};
use quittance_aws::desks::WriteMark;
use quittance_aws::table::{PendingWrite, Saved};
use quittance_core::desk::{Answer, Content, Desk, New};
use quittance_core::schedule::UNREACHED_SECONDS;
use quittance_core::{Provider, Timestamp};

use super::provider::{Paid, Psp, eur, key};
use super::stack::Stack;

fn in_a_minute() -> Timestamp {
    now().later(61).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_due_while_something_is_open_and_is_never_taken_for_an_order() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    let table = stack.table();
    stack.refund(&key, "R-1", 100).await.is(202, "running");
    assert_eq!(table.due_desks(Some(now()), 10).await.unwrap(), []);
    assert_eq!(table.due_desks(Some(in_a_minute()), 10).await.unwrap(), from_ref(&key));
    assert_eq!(table.due_desks(None, 10).await.unwrap(), from_ref(&key));
    let orders = table.due(None, 100).await.unwrap();
    assert!(orders.iter().all(|order| *order == key), "{orders:?}");
    let mut seen = Vec::new();
    table
        .each(async |page| {
            seen.extend(page.into_iter().map(|(name, order)| (name, order.is_ok())));
            Ok(())
        })
        .await
        .unwrap();
    assert!(seen.contains(&(key.to_string(), true)));
    assert!(seen.iter().all(|(name, is_ok)| *is_ok && !name.starts_with("refunds:")), "{seen:?}");
    assert_eq!(table.list(None, 100, None).await.unwrap().orders.len(), 1);
    assert_eq!(table.unsent().await.unwrap().len(), 1, "the order itself");
    stack.settle().await;
    assert_eq!(table.due_desks(None, 10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_learns_nothing_is_put_off_and_keeps_no_other_from_its_turn() {
    let (stack, lyra) = Stack::with(Psp::Lyra, Paid::Card).await;
    let worldline = stack.paid(Psp::Worldline, "CMD-2", Paid::Card).await;
    for key in [&lyra, &worldline] {
        stack.refund(key, "R-1", 100).await.is(202, "running");
    }
    stack.provider.batch();
    stack.provider.fault(Psp::Lyra, "*", "bad_credentials");
    let report = stack.sweep().await;
    assert_eq!((report.looked, report.changed, report.failed, report.left), (2, 1, 1, 0));
    assert_eq!(stack.table().due_desks(Some(in_a_minute()), 10).await.unwrap(), []);
    assert_eq!(stack.table().due_desks(None, 10).await.unwrap(), from_ref(&lyra));
    let report = stack.sweep().await;
    assert_eq!((report.looked, report.changed, report.failed, report.left), (1, 1, 0, 0));
}

/// The pauses between looks grow with the age of a request, not for a look that had no time.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_is_late_is_made_again_soon() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    let table = stack.table();
    let stored = table.load_order(&key).await.unwrap();
    let content = Content::Refund { amount: 100, currency: eur() };
    let new = New { request: "R-1", content };
    let a_day_ago = Timestamp::from_unix(now().unix() - 86_400).unwrap();
    let mut desk = Desk::default();
    let rules = quittance_psp::lyra::Lyra.rules();
    assert_eq!(desk.request(&stored.order, rules, new, a_day_ago), Answer::Planned);
    table.save_desk(&key, &desk, None, &WriteMark::new()).await.unwrap();
    let soon = || now().later(UNREACHED_SECONDS + 60);
    assert_eq!(table.due_desks(soon(), 10).await.unwrap(), []);
    assert!(!stack.function.payer.continue_open(&key, Instant::now()).await.unwrap());
    assert_eq!(table.due_desks(soon(), 10).await.unwrap(), from_ref(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_one_wins_also_where_both_write_the_same() {
    let stack = Stack::start().await;
    let (table, key) = (stack.table(), key(Psp::Lyra, "CMD-1"));
    let (one, two) = (WriteMark::new(), WriteMark::new());
    assert_ne!(one, two);
    let desk = Desk::default();
    assert_eq!(table.save_desk(&key, &desk, None, &one).await.unwrap(), Saved::Done);
    assert_eq!(table.save_desk(&key, &desk, None, &two).await.unwrap(), Saved::Conflict);
    let held = table.desk_at(&key).await.unwrap();
    assert_eq!((held.version, held.mark.as_ref()), (Some(1), Some(&one)));
    assert_eq!(table.save_desk(&key, &desk, Some(1), &two).await.unwrap(), Saved::Done);
    assert_eq!(table.save_desk(&key, &desk, Some(1), &one).await.unwrap(), Saved::Conflict);
}

/// The order became known under a reference after something was asked for under the name of its payment.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_stays_where_it_began_and_is_found_under_every_name() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    let table = stack.table();
    let stored = table.load_order(&key).await.unwrap();
    let alias = stored.order.aliases().iter().next().expect("the payment's name").clone();
    let place = key.sibling(&alias).unwrap();
    let mut desk = Desk::default();
    let content = Content::Refund { amount: 100, currency: eur() };
    let new = New { request: "R-1", content };
    let rules = quittance_psp::lyra::Lyra.rules();
    assert_eq!(desk.request(&stored.order, rules, new, now()), Answer::Planned);
    table.save_desk(&place, &desk, None, &WriteMark::new()).await.unwrap();
    assert_eq!(stack.refunds(&key).await.len(), 1);
    assert_eq!(stack.refunds(&place).await.len(), 1);
    stack.refund(&key, "R-1", 100).await.is(202, "running");
    stack.refund(&place, "R-2", 100).await.is(202, "running");
    stack.settle().await;
    stack.refund(&key, "R-2", 100).await.is(200, "done");
    assert_eq!(table.desk_at(&key).await.unwrap().version, None, "there is no second one");
    assert_eq!(stack.provider.given_back(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_only_registered_has_nothing_to_give_back() {
    let stack = Stack::start().await;
    let key = key(Psp::Lyra, "CMD-1");
    let mut order = quittance_core::Order::new(key.clone());
    let policy = quittance_core::Policy::default();
    order.register(100, eur(), now(), policy).unwrap();
    let summary = order.summary(policy);
    let draft = PendingWrite::new(&order, &summary, now()).unwrap();
    stack.table().save(draft, None).await.unwrap();
    let error = stack.refund(&key, "R-1", 100).await.fails(422);
    assert_eq!(error, "nothing of the order is captured");
    let done = stack.cancel(&key, "C-1").await.is(200, "done");
    assert_eq!(done["lines"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_cannot_be_read_is_not_written_over() {
    let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
    stack.refund(&key, "R-1", 100).await.is(202, "running");
    stack.spoil(&format!("refunds:{key}"), "desk", AttributeValue::S("{}".to_owned())).await;
    stack.refund(&key, "R-1", 100).await.fails(503);
    stack.refund(&key, "R-2", 100).await.fails(503);
    assert_eq!(stack.provider.given_back(), 100);
    let report = stack.sweep().await;
    assert_eq!((report.looked, report.failed), (1, 1));
}
