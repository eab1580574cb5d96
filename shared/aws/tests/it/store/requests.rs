//! What a notification, and a release, costs at the wire: each request to the table, to the archive and to the queue.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
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

/// Notes every operation.
#[derive(Clone, Debug, Default)]
struct Requests(Arc<Mutex<Vec<String>>>);

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "requests"
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
        self.0.lock().unwrap().push(operation.to_owned());
        Ok(())
    }
}

impl Requests {
    /// Those since the last look. What goes side by side is in no order.
    fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.0.lock().unwrap());
        seen.sort();
        seen
    }
}

/// A life of three notifications and a repetition: authorised, captured, given back, and told once more.
async fn life(messages: [impl Message; 4]) {
    let stack = Stack::start().await;
    let requests = Requests::default();
    let receiver = stack.seen_by(requests.clone());
    let mut costs = Vec::new();
    for message in &messages {
        positive(message.delivered_to(&receiver).await);
        costs.push(requests.seen());
    }
    let expected: [&[&str]; 4] = [
        // The order and the payment's name are read at once. The name and the archive are written side by side.
        &["PutItem", "PutItem", "PutItem", "read"],
        // The archive, then the order.
        &["PutItem", "PutItem", "read"],
        &["PutItem", "PutItem", "read"],
        &["read"],
    ];
    assert_eq!(costs, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_costs_one_read_and_what_it_writes() {
    let payment = |code| Payment::new("COST-1", "9000000001_0", 1, code, 900);
    let captured = || payment(9).acquired(900).json();
    let back = refund("COST-1", "9000000001_1", 8, 900);
    life([payment(5).json(), captured(), back, captured()]).await;

    let form = |status| Form::single("COST-2", "cost02", "CB", 900, status);
    let back = Form::refund("COST-2", "cost02", &"b".repeat(32), "CB", 900, "CAPTURED");
    life([form("AUTHORISED"), form("CAPTURED"), back, form("CAPTURED")]).await;
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
    let (requests, fifo) = (Requests::default(), Fifo::default());
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
