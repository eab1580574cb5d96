//! Processes of functions: what they are given, and what they take.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

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

/// Processor time of a process, all its threads together.
pub fn cpu(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let spent = |path: PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.filter_map(|task| spent(task.path())).sum())
}
