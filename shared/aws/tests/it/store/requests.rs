//! What a notification costs at the wire: each request to the table and to the archive.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::support::{Message, Stack, positive};

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
