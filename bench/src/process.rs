//! Processes of functions: what they are given, and what they take.

use std::fs;
use std::time::Duration;

use quittance_testing::lambda::Sandbox;
use quittance_testing::{KEY_ID, SECRET, worldline_signature};
use serde_json::json;

use crate::cloud::{ARCHIVE, Cloud, ORDERS};

/// An event of the HTTP API with a signed notification.
pub fn event(body: &str) -> String {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/webhooks/worldline", "rawQueryString": "",
        "isBase64Encoded": false, "body": body,
        "headers": {
            "content-type": "application/json; charset=utf-8", "content-length": body.len().to_string(),
            "host": "bench.execute-api.eu-west-3.amazonaws.com", "user-agent": "psp-webhooks/1.0",
            "x-forwarded-for": "192.0.2.10", "x-forwarded-port": "443", "x-forwarded-proto": "https",
            "x-gcs-keyid": KEY_ID, "x-gcs-signature": worldline_signature(SECRET, body.as_bytes()),
        },
        "requestContext": {
            "accountId": "anonymous", "apiId": "bench", "domainName": "bench", "domainPrefix": "bench",
            "requestId": "00000000-0000-4000-8000-000000000000", "routeKey": "$default", "stage": "$default",
            "time": "15/Jan/2026:09:00:00 +0000", "timeEpoch": 1_768_467_600_000_u64,
            "http": {
                "method": "POST", "path": "/webhooks/worldline", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.10", "userAgent": "psp-webhooks/1.0",
            },
        },
    })
    .to_string()
}

/// The environment of a function whose tables and queue are there.
pub fn environment(cloud: &Cloud) -> Vec<(&'static str, String)> {
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("AWS_ENDPOINT_URL_DYNAMODB", cloud.url.clone()),
        ("AWS_ENDPOINT_URL_SQS", cloud.url.clone()),
        ("QUITTANCE_TABLE", ORDERS.to_owned()),
        ("QUITTANCE_ARCHIVE_TABLE", ARCHIVE.to_owned()),
        ("QUITTANCE_QUEUE_URL", format!("{}/000000000000/fulfilment.fifo", cloud.url)),
        ("QUITTANCE_STACK", "bench".to_owned()),
        ("QUITTANCE_WORLDLINE_KEYS", json!({KEY_ID: SECRET}).to_string()),
        ("QUEUE_URL", format!("{}/000000000000/fulfilment", cloud.url)),
        ("PAYMENTS_TABLE", "payments".to_owned()),
        ("IDEMPOTENCY_TABLE", "idempotency".to_owned()),
        ("WEBHOOK_KEY_ID", KEY_ID.to_owned()),
        ("WEBHOOK_SECRET", SECRET.to_owned()),
    ]
}

/// Gives an event, which must be taken.
///
/// # Panics
///
/// Where the function answers anything but 200.
pub async fn take(sandbox: &mut Sandbox, event: String) {
    let answer = sandbox.invoke(event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

/// Processor time of a process, all its threads together.
pub fn cpu(pid: u32) -> Duration {
    let spent = |text: &str| text.split_whitespace().next()?.parse().ok();
    Duration::from_nanos(of_threads(pid, "schedstat", spent))
}

/// What a file of each of a process's threads says, together.
pub fn of_threads(pid: u32, file: &str, number: impl Fn(&str) -> Option<u64>) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let texts = threads.filter_map(|thread| fs::read_to_string(thread.path().join(file)).ok());
    texts.filter_map(|text| number(&text)).sum()
}
