//! What a decision carries from the notification that brings it to the message.

use quittance_aws::clock::now;
use quittance_aws::receive::Delivery;
use quittance_aws::trace::Trace;
use quittance_testing::lyra::Form;
use serde_json::Value;

use super::support::{Message, Stack, lyra, positive};

const TRACE: &str = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
const OTHER: &str = "00-5759e988bd862e3fe1be46a994272793-1111111111111111-01";

async fn take(stack: &Stack, message: &impl Message, trace: Option<&str>) {
    let body = message.bytes();
    let trace = trace.map(|text| text.parse::<Trace>().unwrap());
    let (psp, body, signed) = (message.psp(), body.as_bytes(), &message.content());
    let delivery =
        Delivery { psp, signed, body, headers: Vec::new(), arrived: now(), trace, is_probe: false };
    positive(stack.receiver.take(delivery, message.readings()).await);
}

fn form(order: &str, status: &str) -> Form {
    Form::single(order, "mark01", "CB", 900, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_the_trace_of_the_notification_that_released_the_order() {
    let stack = Stack::start().await;
    take(&stack, &form("MARK-1", "AUTHORISED"), Some(OTHER)).await;
    assert_eq!(stack.stored(&lyra("MARK-1")).await.mark, None, "nothing is to be told yet");
    take(&stack, &form("MARK-1", "CAPTURED"), Some(TRACE)).await;
    let mark = stack.stored(&lyra("MARK-1")).await.mark.expect("a release is to be told");
    assert_eq!(mark.trace.map(|trace| trace.to_string()).as_deref(), Some(TRACE));

    // News that come before the message is sent do not make the decision theirs.
    let second = Form::single("MARK-1", "mark02", "CB", 900, "CAPTURED");
    take(&stack, &second, Some(OTHER)).await;
    stack.sweep().await;
    let messages = stack.log.messages().await.unwrap();
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    assert_eq!(message["traceparent"], TRACE);
    assert_eq!(stack.stored(&lyra("MARK-1")).await.mark, None, "all is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trace_the_message_has_none() {
    let stack = Stack::start().await;
    take(&stack, &form("MARK-2", "CAPTURED"), None).await;
    assert!(stack.stored(&lyra("MARK-2")).await.mark.is_some_and(|mark| mark.trace.is_none()));
    stack.sweep().await;
    let messages = stack.log.messages().await.unwrap();
    let message: Value = serde_json::from_str(&messages[0]).unwrap();
    assert_eq!(message.get("traceparent"), None);
}
