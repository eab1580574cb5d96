//! The recipe against a real engine: what may happen twice, and what never.
//!
//! The messages are what `Order::take` decides and what the queue carries, not made by hand.

use std::sync::{Arc, Mutex};

use example_fulfilment::memory::{Claim, LEASE_SECONDS, Memory};
use example_fulfilment::{Function, Invocation, Refused, Warehouse};
use quittance_aws::batch::{Attributes, Batch, BatchResponse, Failure, Record};
use quittance_aws::schema;
use quittance_core::crypto::Secret;
use quittance_core::message::{CloudEvent, ORDER_HELD, ORDER_STRANDED};
use quittance_core::release::Reversal;
use quittance_core::{Mode, Order, OrderView, Policy, Reading, Receipt, Timestamp};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_testing::lyra::Form;
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE};
use serde_json::{Value, json};
use tokio::sync::Notify;

use quittance_testing::engine::Engine;

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);

/// A warehouse that writes down what it was told, and does what a test wants besides.
#[derive(Clone, Default)]
struct Notebook {
    told: Arc<Mutex<Vec<String>>>,
    refuses: Arc<Mutex<Option<&'static str>>>,
    /// Hangs after it has taken a message: we die before we can remember it.
    hangs: Option<Arc<Notify>>,
}

impl Notebook {
    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    async fn note(&self, line: String, order: &OrderView) -> Result<(), Refused> {
        if *self.refuses.lock().unwrap() == Some(order.order.as_str()) {
            return Err(Refused("closed".to_owned()));
        }
        self.told.lock().unwrap().push(line);
        if let Some(taken) = &self.hangs {
            taken.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Warehouse for Notebook {
    async fn ship(&self, id: &str, order: &OrderView) -> Result<(), Refused> {
        self.note(format!("ship {id}"), order).await
    }

    async fn take_back(
        &self,
        id: &str,
        reversal: &Reversal,
        order: &OrderView,
    ) -> Result<(), Refused> {
        self.note(format!("take back {id} {}", reversal.amount), order).await
    }
}

/// A consumer with a table of its own.
struct Consumer {
    function: Function<Notebook>,
    client: aws_sdk_dynamodb::Client,
    table: String,
    _engine: Engine,
}

impl Consumer {
    async fn start() -> Self {
        let engine = Engine::start().await;
        let (client, table) = (engine.client(), engine.table("remembered"));
        schema::create_queue(&client, &table).await.unwrap();
        let memory = Memory::new(client.clone(), &table);
        let function = Function { memory, warehouse: Notebook::default() };
        Self { function, client, table, _engine: engine }
    }

    /// Delivers messages, and returns which of them have to come again.
    async fn deliver(&self, at: &Invocation, records: Vec<Record>) -> Vec<String> {
        let response = self.function.handle(&Batch { records }, at).await;
        let names = response.batch_item_failures.into_iter();
        names.map(|Failure { item_identifier }| item_identifier).collect()
    }

    fn told(&self) -> Vec<String> {
        self.function.warehouse.told()
    }

    async fn states(&self) -> Vec<(String, String)> {
        let items = self.client.scan().table_name(&self.table).send().await.unwrap();
        let text =
            |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>, name| {
                item[name].as_s().unwrap().clone()
            };
        let mut found: Vec<_> =
            items.items().iter().map(|item| (text(item, "pk"), text(item, "state"))).collect();
        found.sort();
        found
    }
}

/// The n-th call of the function, so many seconds after the first.
fn call(n: u32, seconds: i64) -> Invocation {
    Invocation { id: format!("request-{n}"), began: at(seconds) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600 + seconds).unwrap()
}

/// The messages about an order after these statuses and refunds.
fn messages(reference: &str, mode: Mode, forms: &[Form]) -> Vec<CloudEvent> {
    let site = || SiteKeys {
        form: Secret::new(FORM_KEY),
        rest_password: Secret::new(REST_PASSWORD),
        allow_sha1: false,
    };
    let keys = [Mode::Test, Mode::Production].map(|mode| ((SITE.to_owned(), mode), site()));
    let keys = lyra::Keys::new(keys).unwrap();
    let word = if mode == Mode::Test { "TEST" } else { "PRODUCTION" };
    let mut order: Option<Order> = None;
    for form in forms {
        let body = form.clone().with("vads_ctx_mode", word).body();
        let Reading::Order(said) = lyra::read(&lyra::verify(&keys, body.as_bytes()).unwrap(), &[])
        else {
            panic!("{reference} is about an order");
        };
        let receipt = Receipt { received_at: at(0), source: "webhook", sha256: "0".repeat(64) };
        let order = order.get_or_insert_with(|| Order::new(said.key.clone()));
        order.take(&said, &receipt, Policy::default()).unwrap();
    }
    order.unwrap().unsent_messages(Policy::default(), at(0))
}

fn paid(reference: &str) -> Form {
    Form::single(reference, "abc123", "CB", 900, "CAPTURED")
}

/// Money given back under the order's reference.
fn refund(reference: &str, trans_id: &str, amount: u64) -> Form {
    Form::single(reference, trans_id, "CB", amount, "CAPTURED")
        .with("vads_operation_type", "CREDIT")
        .sent_again("MERCH_BO")
}

fn release(reference: &str) -> CloudEvent {
    let mut messages = messages(reference, Mode::Production, &[paid(reference)]);
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

/// The release and the reversal of an order, in the order in which the queue has them.
fn release_and_reversal(reference: &str, refunded: u64) -> [CloudEvent; 2] {
    let forms = [paid(reference), refund(reference, "ref001", refunded)];
    messages(reference, Mode::Production, &forms).try_into().expect("two messages")
}

/// A message as SQS delivers it.
fn record(name: &str, message: &CloudEvent) -> Record {
    raw(name, &message.subject, &serde_json::to_string(message).unwrap())
}

fn raw(name: &str, group: &str, body: &str) -> Record {
    Record {
        message_id: name.to_owned(),
        body: body.to_owned(),
        attributes: Attributes {
            message_group_id: Some(group.to_owned()),
            ..Attributes::default()
        },
        ..Record::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shipped_once_however_often_its_message_comes() {
    let consumer = Consumer::start().await;
    let message = release("CMD-1");
    let id = message.id.clone();
    // In one batch, in another one, and long after every window of the queue.
    for (n, seconds) in [(1, 0), (2, 1), (3, 400 * 86_400)] {
        let twice = vec![record("a", &message), record("b", &message)];
        assert_eq!(consumer.deliver(&call(n, seconds), twice).await, Vec::<String>::new());
    }
    assert_eq!(consumer.told(), [format!("ship {id}")]);
    assert_eq!(consumer.states().await, [(id, "done".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_invocations_at_once_one_hands_over() {
    let consumer = Arc::new(Consumer::start().await);
    let message = release("CMD-1");
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (consumer, record) = (Arc::clone(&consumer), record("a", &message));
        calls.spawn(async move { consumer.deliver(&call(n, 0), vec![record]).await });
    }
    let failed = calls.join_all().await;
    assert!(failed.iter().any(Vec::is_empty), "whoever handed over says so: {failed:?}");
    assert_eq!(consumer.told().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_claim_and_hand_over_loses_nothing() {
    let consumer = Consumer::start().await;
    let message = release("CMD-1");
    let memory = &consumer.function.memory;
    assert_eq!(memory.claim(&message, &call(1, 0)).await.unwrap(), Claim::Ours);
    // The lease keeps others away; they are not told that it is done.
    let early = consumer.deliver(&call(2, LEASE_SECONDS), vec![record("a", &message)]).await;
    assert_eq!((early, consumer.told()), (vec!["a".to_owned()], vec![]));
    let later = consumer.deliver(&call(3, LEASE_SECONDS + 1), vec![record("a", &message)]).await;
    assert_eq!((later, consumer.told()), (vec![], vec![format!("ship {}", message.id)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_hand_over_repeats_it_under_the_same_id() {
    let mut consumer = Consumer::start().await;
    let message = release("CMD-1");
    let taken = Arc::new(Notify::new());
    consumer.function.warehouse.hangs = Some(Arc::clone(&taken));
    let first = call(1, 0);
    tokio::select! {
        failed = consumer.deliver(&first, vec![record("a", &message)]) => panic!("{failed:?}"),
        result = tokio::time::timeout(DEADLINE, taken.notified()) => result.expect("handed over"),
    }
    assert_eq!(consumer.states().await, [(message.id.clone(), "claimed".to_owned())]);

    consumer.function.warehouse.hangs = None;
    let next = call(2, LEASE_SECONDS + 1);
    assert_eq!(consumer.deliver(&next, vec![record("a", &message)]).await, Vec::<String>::new());
    let line = format!("ship {}", message.id);
    assert_eq!(consumer.told(), [line.clone(), line], "which the warehouse takes once");
}

/// Our own claim, found because the SDK repeated a write whose answer was lost, is still ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_repeated_by_the_same_invocation_holds() {
    let consumer = Consumer::start().await;
    let (message, memory) = (release("CMD-1"), &consumer.function.memory);
    for _ in 0..2 {
        assert_eq!(memory.claim(&message, &call(1, 0)).await.unwrap(), Claim::Ours);
    }
    assert_eq!(memory.claim(&message, &call(2, 0)).await.unwrap(), Claim::Others);
    memory.settle(&message, at(5)).await.unwrap();
    for n in [1, 2] {
        let claim = memory.claim(&message, &call(n, 10 * LEASE_SECONDS)).await.unwrap();
        assert_eq!(claim, Claim::Done, "no lease and no name opens it again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_the_rest_of_its_group_waits_and_other_groups_go_on() {
    let consumer = Consumer::start().await;
    let [first, reversal] = release_and_reversal("CMD-1", 300);
    let other = release("CMD-2");
    *consumer.function.warehouse.refuses.lock().unwrap() = Some("CMD-1");
    let batch = || vec![record("a", &first), record("b", &reversal), record("c", &other)];
    assert_eq!(consumer.deliver(&call(1, 0), batch()).await, ["a", "b"]);
    assert_eq!(consumer.told(), [format!("ship {}", other.id)]);

    *consumer.function.warehouse.refuses.lock().unwrap() = None;
    let later = call(2, LEASE_SECONDS + 1);
    assert_eq!(consumer.deliver(&later, batch()[..2].to_vec()).await, Vec::<String>::new());
    let reversed = format!("take back {} 300", reversal.id);
    assert_eq!(consumer.told()[1..], [format!("ship {}", first.id), reversed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_went_back_before_the_message_was_written_ships_nothing() {
    let consumer = Consumer::start().await;
    let [first, reversal] = release_and_reversal("CMD-1", 900);
    let batch = vec![record("a", &first), record("b", &reversal)];
    assert_eq!(consumer.deliver(&call(1, 0), batch).await, Vec::<String>::new());
    assert_eq!(consumer.told(), [format!("take back {} 900", reversal.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_payment_is_remembered_and_ships_nothing() {
    let consumer = Consumer::start().await;
    let forms = [paid("CMD-1"), refund("CMD-1", "ref001", 300)];
    let messages = messages("CMD-1", Mode::Test, &forms);
    let batch = messages.iter().map(|message| record("a", message)).collect();
    assert_eq!(consumer.deliver(&call(1, 0), batch).await, Vec::<String>::new());
    assert_eq!(consumer.told(), Vec::<String>::new());
    assert_eq!(consumer.states().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_remembered_and_ships_nothing() {
    let consumer = Consumer::start().await;
    let release = release("CMD-1");
    for (number, kind) in [ORDER_HELD, ORDER_STRANDED].into_iter().enumerate() {
        let id = format!("{number:032}");
        let notice = CloudEvent { id, kind: kind.to_owned(), ..release.clone() };
        let batch = vec![record("a", &notice)];
        assert_eq!(consumer.deliver(&call(1, 0), batch).await, Vec::<String>::new());
    }
    assert_eq!(consumer.told(), Vec::<String>::new());
    assert_eq!(consumer.states().await.len(), 2);
}

/// Whatever is not understood comes again, and so ends in the dead-letter queue.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_neither_dropped_nor_acted_on() {
    let consumer = Consumer::start().await;
    let [first, reversal] = release_and_reversal("CMD-1", 300).map(|m| json!(m));
    let change = |message: &Value, path: &str, value: Value| {
        let mut message = message.clone();
        *message.pointer_mut(path).unwrap() = value;
        message.to_string()
    };
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "not JSON".to_owned(),
        first["data"].to_string(),
        change(&first, "/type", json!("quittance.order.something_new")),
        change(&first, "/specversion", json!("2.0")),
        change(&first, "/id", json!("")),
        change(&first, "/id", json!("another")),
        change(&first, "/subject", json!("CMD-2")),
        change(&first, "/source", json!("/quittance/systempay/12345678/test")),
        change(&first, "/data/mode", json!("test")),
        change(&first, "/data/fulfilment", Value::Null),
        change(&reversal, "/id", first["id"].clone()),
        change(&reversal, "/data/reversals", json!([])),
    ];
    for (n, body) in bodies.iter().enumerate() {
        let failed = consumer.deliver(&call(1, 0), vec![raw("a", "group", body)]).await;
        assert_eq!(failed, ["a"], "body {n}: {body}");
    }
    assert_eq!((consumer.told(), consumer.states().await), (vec![], vec![]));
    // As a check of the check: unchanged they are acted on.
    let good = vec![raw("a", "g", &first.to_string()), raw("b", "g", &reversal.to_string())];
    assert_eq!(consumer.deliver(&call(1, 0), good).await, Vec::<String>::new());
}

/// A table that is not there is a failure of every message and not of the function.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_memory_nothing_is_handed_over() {
    let consumer = Consumer::start().await;
    consumer.client.delete_table().table_name(&consumer.table).send().await.unwrap();
    let failed = consumer.deliver(&call(1, 0), vec![record("a", &release("CMD-1"))]).await;
    assert_eq!((failed, consumer.told()), (vec!["a".to_owned()], vec![]));
}

/// What Lambda sends and what it wants back, byte for byte.
#[test]
fn the_batch_and_its_answer_are_written_as_lambda_writes_them() {
    let event = json!({"Records": [{
        "messageId": "11111111-1111-4111-8111-111111111111",
        "receiptHandle": "handle",
        "body": "{}",
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": "1795341600000",
            "SequenceNumber": "18849496460467696128", "MessageGroupId": "systempay/12345678/test/CMD-1",
            "SenderId": "sender", "MessageDeduplicationId": "id",
            "ApproximateFirstReceiveTimestamp": "1795341600000"
        },
        "messageAttributes": {},
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-3:000000000000:quittance-fulfilment.fifo",
        "awsRegion": "eu-west-3"
    }]});
    let batch: Batch = serde_json::from_value(event).unwrap();
    let [record] = &batch.records[..] else { panic!("one record") };
    let group = record.attributes.message_group_id.as_deref();
    assert_eq!(group, Some("systempay/12345678/test/CMD-1"));
    let failures = vec![Failure { item_identifier: record.message_id.clone() }];
    let answer = json!(BatchResponse { batch_item_failures: failures });
    let expected =
        json!({"batchItemFailures": [{"itemIdentifier": "11111111-1111-4111-8111-111111111111"}]});
    assert_eq!(answer, expected);
}
