//! What of SQS and Secrets Manager the stack uses, in the test's process.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::proxy::{json_reply, serve};

/// A FIFO queue: every message that was taken, in order, with its deduplication id.
#[derive(Clone, Default)]
pub(super) struct Fifo(Arc<Mutex<Vec<(String, Value)>>>);

impl Fifo {
    /// Where it answers.
    pub(super) async fn start(&self) -> String {
        serve(Router::new().fallback(queue).with_state(self.clone())).await
    }

    /// Every message that was taken, repeats among them.
    pub(super) fn messages(&self) -> Vec<(String, Value)> {
        self.0.lock().expect("nobody failed").clone()
    }
}

fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit_once('.')).map_or("", |(_, operation)| operation)
}

async fn queue(State(fifo): State<Fifo>, headers: HeaderMap, body: String) -> Response {
    let asked: Value = serde_json::from_str(&body).expect("JSON");
    let text = |name: &str| asked[name].as_str().expect("a text").to_owned();
    match operation(&headers) {
        // The name is in the address; the client goes on calling its endpoint.
        "CreateQueue" | "GetQueueUrl" => {
            json_reply(200, &json!({"QueueUrl": format!("http://127.0.0.1/{}", text("QueueName"))}))
        }
        "SendMessageBatch" => {
            let mut taken = fifo.0.lock().expect("nobody failed");
            let take = |entry: &Value| {
                let text = |name: &str| entry[name].as_str().expect("a text").to_owned();
                let message = serde_json::from_str(&text("MessageBody")).expect("JSON");
                taken.push((text("MessageDeduplicationId"), message));
                let id = format!("m-{}", taken.len());
                // Nobody looks at the digest.
                json!({"Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "0".repeat(32)})
            };
            let entries = asked["Entries"].as_array().expect("a list");
            let successful: Vec<Value> = entries.iter().map(take).collect();
            json_reply(200, &json!({"Successful": successful, "Failed": []}))
        }
        other => panic!("SQS: {other}"),
    }
}

/// Secrets Manager with one secret: its current and its previous version.
#[derive(Clone, Default)]
pub(super) struct Vault(Arc<Mutex<[Option<String>; 2]>>);

impl Vault {
    /// Where it answers.
    pub(super) async fn start(&self) -> String {
        serve(Router::new().fallback(secret).with_state(self.clone())).await
    }

    /// Puts a new version.
    pub(super) fn put(&self, document: &Value) {
        let mut versions = self.0.lock().expect("nobody failed");
        let current = versions[0].take();
        *versions = [Some(document.to_string()), current];
    }
}

async fn secret(State(vault): State<Vault>, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.expect("a body");
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    let at = usize::from(asked["VersionStage"] == "AWSPREVIOUS");
    match vault.0.lock().expect("nobody failed")[at].clone() {
        Some(text) => json_reply(200, &json!({"SecretString": text})),
        None => json_reply(400, &json!({"__type": "ResourceNotFoundException"})),
    }
}
