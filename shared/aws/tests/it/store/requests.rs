//! What a notification, and a release, costs at the wire: each request to the table, to the archive and to the queue.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::extract::State;
use axum::{Json, Router};
use quittance_aws::queue::Queue;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::{Message, Stack, positive, wl};

/// Notes every operation, and adds up what the writes cost: those of the order table with its indexes, and those of the archive.
#[derive(Clone, Debug, Default)]
struct Wire {
    requests: Arc<Mutex<Vec<String>>>,
    units: Arc<Mutex<f64>>,
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let all = Some(ReturnConsumedCapacity::Indexes);
        let input = context.input_mut();
        if let Some(put) = input.downcast_mut::<PutItemInput>() {
            put.return_consumed_capacity = all;
        } else if let Some(update) = input.downcast_mut::<UpdateItemInput>() {
            update.return_consumed_capacity = all;
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = match target.rsplit('.').next().unwrap_or_default() {
            // One item, or several at once.
            "GetItem" | "BatchGetItem" => "read",
            operation => operation,
        };
        self.requests.lock().unwrap().push(operation.to_owned());
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        let put = output.downcast_ref::<PutItemOutput>().map(PutItemOutput::consumed_capacity);
        let update = output.downcast_ref::<UpdateItemOutput>();
        let used = put.or_else(|| update.map(UpdateItemOutput::consumed_capacity)).flatten();
        *self.units.lock().unwrap() +=
            used.and_then(ConsumedCapacity::capacity_units).unwrap_or(0.0);
        Ok(())
    }
}

impl Wire {
    /// The requests since the last look. What goes side by side is in no order.
    fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.requests.lock().unwrap());
        seen.sort();
        seen
    }

    /// The write units since the last look.
    fn units(&self) -> f64 {
        std::mem::take(&mut *self.units.lock().unwrap())
    }
}

/// What a message costs: the requests until it is answered, the write units with the archive's, and those of telling what was
/// decided.
type Cost = (&'static [&'static str], f64, f64);

/// The first of a payment. The order and the payment's name are read at once. The name and the archive are written side by side.
const FIRST: &[&str] = &["PutItem", "PutItem", "PutItem", "read"];

/// A later one. The archive, then the order.
const LATER: &[&str] = &["PutItem", "PutItem", "read"];

/// Holds what messages about one order cost, each told to the queue before the next one comes.
async fn life<M: Message, const N: usize>(stack: Stack, messages: [M; N], costs: [Cost; N]) {
    let wire = Wire::default();
    let (receiver, outbox) = (stack.seen_by(wire.clone()), stack.outbox_seen_by(wire.clone()));
    for (n, (message, (requests, written, told))) in messages.iter().zip(costs).enumerate() {
        positive(message.delivered_to(&receiver).await);
        assert_eq!(wire.seen(), requests, "message {n}");
        let units = wire.units();
        outbox.sweep().await.unwrap();
        wire.seen();
        if stack.counts_capacity() {
            assert_eq!((units, wire.units()), (written, told), "message {n}");
        }
    }
}

/// Authorised, captured, given back, and told once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_costs_one_read_and_what_it_writes() {
    let costs = [(FIRST, 4.0, 0.0), (LATER, 4.0, 2.0), (LATER, 3.0, 2.0), (&["read"], 0.0, 0.0)];
    let payment = |code| Payment::new("COST-1", "9000000001_0", 1, code, 900);
    let captured = || payment(9).acquired(900).json();
    let back = refund("COST-1", "9000000001_1", 8, 900);
    life(Stack::start_lean().await, [payment(5).json(), captured(), back, captured()], costs).await;

    let form = |status| Form::single("COST-2", "cost02", "CB", 900, status);
    let back = Form::refund("COST-2", "cost02", &"b".repeat(32), "CB", 900, "CAPTURED");
    let messages = [form("AUTHORISED"), form("CAPTURED"), back, form("CAPTURED")];
    life(Stack::start_lean().await, messages, costs).await;
}

/// Three notifications and their release cost nine write units, and three of the archive; one that releases at once five, and one
/// of the archive.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_told_costs_few_write_units() {
    let forms = |statuses: [&str; 3]| {
        statuses.map(|status| Form::single("COST-3", "cost03", "CB", 900, status))
    };
    let messages = forms(["WAITING_AUTHORISATION", "AUTHORISED", "CAPTURED"]);
    let costs = [(FIRST, 4.0, 0.0), (LATER, 2.0, 0.0), (LATER, 4.0, 2.0)];
    life(Stack::start_lean().await, messages, costs).await;

    let captured = Form::single("COST-4", "cost04", "CB", 900, "CAPTURED");
    life(Stack::start_lean().await, [captured.clone()], [(FIRST, 4.0, 2.0)]).await;
    // An index of states has an entry more, and one that moves with each change.
    life(Stack::start().await, [captured], [(FIRST, 5.0, 2.0)]).await;
}

/// A queue of SQS that takes no message about one order; each batch that came is noted, with what was taken of it.
#[derive(Clone, Default)]
struct Fifo {
    batches: Arc<Mutex<Vec<Vec<Value>>>>,
    refuses: Arc<Mutex<Option<&'static str>>>,
}

async fn fifo(State(fifo): State<Fifo>, body: String) -> Json<Value> {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let entries = asked["Entries"].as_array().unwrap();
    let refused = *fifo.refuses.lock().unwrap();
    let is_refused = |entry: &&Value| {
        let event: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
        event["subject"].as_str() == refused
    };
    let (failed, taken): (Vec<_>, Vec<_>) = entries.iter().partition(is_refused);
    let failed = failed
        .iter()
        .map(|entry| json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError"}));
    let failed: Vec<_> = failed.collect();
    let ids = taken.iter().map(|entry| {
        json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "00000000000000000000000000000000"})
    });
    let answer = json!({"Successful": ids.collect::<Vec<_>>(), "Failed": failed});
    fifo.batches.lock().unwrap().push(taken.into_iter().cloned().collect());
    Json(answer)
}

impl Fifo {
    async fn start(&self) -> Queue {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(fifo).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(&url);
        let client = Sqs::from_conf(config.build());
        Queue::Sqs { client, url: format!("{url}/000000000000/fulfilment.fifo") }
    }

    /// Groups and kinds of what each batch brought, since the last look.
    fn seen(&self) -> Vec<Vec<(String, String)>> {
        let of = |entry: Value| {
            let body = entry["MessageBody"].as_str().unwrap();
            let event: Value = serde_json::from_str(body).unwrap();
            assert_eq!(entry["MessageDeduplicationId"], event["id"]);
            let kind = event["type"].as_str().unwrap().rsplit('.').next().unwrap();
            (entry["MessageGroupId"].as_str().unwrap().to_owned(), kind.to_owned())
        };
        let batches = std::mem::take(&mut *self.batches.lock().unwrap());
        batches.into_iter().map(|batch| batch.into_iter().map(of).collect()).collect()
    }
}

/// Twelve orders, of which the last two were given back.
#[tokio::test(flavor = "multi_thread")]
async fn what_several_orders_have_to_tell_goes_to_the_queue_together() {
    let stack = Stack::start().await;
    let (requests, fifo) = (Wire::default(), Fifo::default());
    let outbox = stack.outbox_to(fifo.start().await, requests.clone());
    let reference = |n: usize| format!("BATCH-{n:02}");
    for n in 0..12 {
        let id = format!("90000000{n:02}");
        let payment = Payment::new(&reference(n), &format!("{id}_0"), 1, 9, 900);
        stack.take(&payment.acquired(900)).await;
        if n >= 10 {
            stack.take(&refund(&reference(n), &format!("{id}_1"), 8, 900)).await;
        }
    }
    *fifo.refuses.lock().unwrap() = Some("BATCH-11");
    let keys = || (0..12).map(|n| wl(&reference(n)));
    let told = outbox.deliver_each(keys()).await;
    let sent: Vec<Option<usize>> = told.iter().map(|told| told.as_ref().ok().copied()).collect();
    let mut expected = vec![Some(1); 10];
    expected.extend([Some(2), None]);
    assert_eq!(sent, expected);
    let said = |n: usize, kind: &str| (wl(&reference(n)).to_string(), kind.to_owned());
    let release = |n| said(n, "fulfilment_requested");
    let reversal = |n| said(n, "reversal_requested");
    // Ten at once; and a reversal after its release, not beside it.
    let batches = [(0..10).map(release).collect(), vec![release(10)], vec![reversal(10)]];
    assert_eq!(fifo.seen(), batches);
    let mut expected = vec!["UpdateItem"; 11];
    expected.extend(["read"; 12]);
    assert_eq!(requests.seen(), expected, "each is read once, and marked once when it was sent");

    // What was not taken comes the next time, from its first message on.
    *fifo.refuses.lock().unwrap() = None;
    let told = outbox.deliver_each(keys()).await;
    assert_eq!(told.into_iter().map(Result::unwrap).sum::<usize>(), 2);
    assert_eq!(fifo.seen(), [[release(11)], [reversal(11)]]);
}
