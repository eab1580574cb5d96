//! One look, against a real engine: what is open is asked about, what was not sent is sent, and what is stranded is
//! found in time.

mod asking;
mod notices;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::Body;
use lambda_http::http::Request;
use quittance_aws::apis::Apis;
use quittance_aws::archive::Archive;
use quittance_aws::ask::{Asker, Wanted};
use quittance_aws::caller::Caller;
use quittance_aws::clock::now;
use quittance_aws::keys::KeyRing;
use quittance_aws::notices::Notifier;
use quittance_aws::outbox::Outbox;
use quittance_aws::pay::Payer;
use quittance_aws::queue::{Queue, TableQueue};
use quittance_aws::receive::Receiver;
use quittance_aws::schema;
use quittance_aws::table::Table;
use quittance_aws::webhook::Webhook;
use quittance_core::{Policy, Provider, Timestamp};
use quittance_psp::worldline::Worldline;
use quittance_testing::engine::Engine;
use quittance_testing::worldline::Payment;
use quittance_testing::{KEY_ID, SECRET, worldline_signature};
use reconcile::{Function, Report};

const MINUTE: i64 = 60;

/// How long a look may ask: as long as the deployed one.
const LOOK: Duration = reconcile::ASKING;

struct Stack {
    function: Function,
    receiver: Receiver,
    log: TableQueue,
    orders: String,
    engine: Engine,
}

impl Stack {
    async fn start() -> Self {
        Self::under(Policy::default()).await
    }

    async fn under(policy: Policy) -> Self {
        let engine = Engine::start().await;
        let client = engine.client();
        let [orders, archive, queue] =
            ["orders", "archive", "queue"].map(|name| engine.table(name));
        schema::create_orders(&client, &orders).await.unwrap();
        schema::create_archive(&client, &archive).await.unwrap();
        schema::create_queue(&client, &queue).await.unwrap();
        let table = Table::new(client.clone(), &orders, quittance_psp::PROVIDERS);
        let archive = Archive::new(client.clone(), archive, None);
        let log = TableQueue::new(client, queue);
        let queue = Queue::Table(log.clone());
        let receiver = Receiver { table: table.clone(), archive, policy, arrived: None };
        let (apis, caller) = (Apis::default(), Caller::new());
        let asker = Asker { receiver: receiver.clone(), apis, caller };
        Self {
            receiver,
            function: Function {
                payer: Payer { asker },
                stranded_refund_minutes: None,
                notifier: Notifier {
                    outbox: Outbox { table, queue, policy },
                    wanted: BTreeSet::new(),
                },
            },
            log,
            orders,
            engine,
        }
    }

    /// Takes an event that came so many seconds ago.
    async fn take(&self, seconds_ago: i64, payment: &Payment) {
        let arrived = Timestamp::from_unix(now().unix() - seconds_ago).unwrap();
        let document = format!(r#"{{"{KEY_ID}": "{SECRET}"}}"#);
        let keys = KeyRing::fixed(Some(Worldline.keys(&document).unwrap()));
        let webhook = Webhook::new(&Worldline, keys, self.receiver.replaying(arrived));
        let body = payment.body();
        let request = Request::post("/webhooks/worldline")
            .header("content-type", "application/json")
            .header("X-GCS-KeyId", KEY_ID)
            .header("X-GCS-Signature", worldline_signature(SECRET, body.as_bytes()))
            .body(Body::Text(body))
            .unwrap();
        let response = webhook.handle(&request).await;
        assert_eq!(response.status(), 200, "{:?}", response.body());
    }

    async fn look(&self) -> Report {
        self.function.handle(Wanted::Due, LOOK).await.unwrap()
    }

    /// Makes an order stand as unsent since this time.
    async fn unsent_since(&self, key: &str, since: Timestamp) {
        let (client, key) = (self.engine.client(), AttributeValue::S(key.to_owned()));
        let read = client.get_item().table_name(&self.orders).key("pk", key.clone());
        let item = read.send().await.unwrap().item.unwrap();
        let hash = item["due_at"].as_s().unwrap().rsplit('#').next().unwrap();
        let aged = AttributeValue::S(format!("tell#{since}#{hash}"));
        let update = client.update_item().table_name(&self.orders).key("pk", key);
        let update = update.update_expression("SET due_at = :at");
        update.expression_attribute_values(":at", aged).send().await.unwrap();
    }
}

fn card(reference: &str) -> Payment {
    Payment::new(reference, &format!("325470000{reference}_0"), 130, 9, 10_000)
}

/// 60.00 of 100.00 EUR taken from a voucher.
fn voucher(reference: &str, id: &str) -> Payment {
    Payment::new(reference, id, 5412, 9, 10_000).acquired(6_000)
}

/// The references of the orders that are stranded.
fn stranded(report: &Report) -> Vec<&str> {
    let mut found: Vec<&str> = report.stranded.iter().map(|key| key.order.as_str()).collect();
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stream_did_not_bring_is_sent_once_and_its_age_is_told() {
    let stack = Stack::start().await;
    assert_eq!(stack.look().await, Report::default(), "nothing to do");
    stack.take(0, &card("1")).await;
    stack.take(10 * MINUTE, &card("2")).await;
    let report = stack.look().await;
    assert_eq!(report.sent, 2);
    assert!((600..660).contains(&report.unsent_age), "the oldest one's: {}", report.unsent_age);
    assert_eq!(stack.look().await, Report::default(), "all is sent");
    assert_eq!(stack.log.messages().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_told_and_stays_to_be_sent() {
    let mut stack = Stack::start().await;
    stack.take(20 * MINUTE, &card("1")).await;
    stack.take(0, &card("2")).await;
    let reachable = stack.function.notifier.outbox.queue.clone();
    // Nobody listens on port 1.
    let config = stack.engine.config().endpoint_url("http://127.0.0.1:1");
    let gone = TableQueue::new(Client::from_conf(config.build()), "queue");
    stack.function.notifier.outbox.queue = Queue::Table(gone);
    let report = stack.look().await;
    assert_eq!((report.sent, report.failed), (0, 2));
    assert!(report.unsent_age >= 1200, "{}", report.unsent_age);
    stack.function.notifier.outbox.queue = reachable;
    let report = stack.look().await;
    assert_eq!((report.sent, report.failed), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_stranded_from_the_end_of_its_session_until_it_cannot_be_given_back() {
    let stack = Stack::start().await;
    stack.take(179 * MINUTE, &voucher("WAITS", "3254800001_0")).await;
    assert_eq!(stranded(&stack.look().await), [""; 0], "its session is not over");
    stack.take(181 * MINUTE, &voucher("STRANDED", "3254800002_0")).await;
    stack.take(239 * MINUTE, &voucher("LAST", "3254800003_0")).await;
    stack.take(241 * MINUTE, &voucher("LATE", "3254800004_0")).await;
    let report = stack.look().await;
    assert_eq!(stranded(&report), ["LAST", "STRANDED"]);
    assert_eq!((report.sent, report.unsent_age), (0, 0), "none of them is released");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_known_long_before_its_voucher_was_taken_is_stranded_all_the_same() {
    let stack = Stack::start().await;
    let refused = Payment::new("AGAIN", "3254800006_0", 130, 2, 10_000);
    stack.take(600 * MINUTE, &refused).await;
    stack.take(30 * MINUTE, &voucher("AGAIN", "3254800007_0")).await;
    assert_eq!(stranded(&stack.look().await), ["AGAIN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_whose_card_share_came_is_not_stranded() {
    let stack = Stack::start().await;
    stack.take(200 * MINUTE, &voucher("BOTH", "3254800005_0")).await;
    let whole = Payment::new("BOTH", "3254800005_0", 130, 9, 10_000).acquired(10_000);
    stack.take(190 * MINUTE, &whole).await;
    let report = stack.look().await;
    assert_eq!(stranded(&report), [""; 0]);
    assert_eq!(report.sent, 1, "it is released");
}
