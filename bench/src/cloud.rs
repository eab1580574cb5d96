//! What a function talks to, in this process: the tables on the embedded engine, and a queue that takes everything. Each
//! request is counted, with the capacity that DynamoDB would count.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use quittance_aws::schema;
use quittance_simulator::sdk::engine::Engine;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The order table.
pub const ORDERS: &str = "orders";

/// The raw archive.
pub const ARCHIVE: &str = "archive";

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Used {
    /// Requests, by operation.
    pub requests: BTreeMap<String, u32>,
    /// Write units by table, those of its indexes included.
    pub writes: BTreeMap<String, f64>,
    /// Read units.
    pub reads: f64,
    /// Messages that the queue took.
    pub messages: u32,
}

impl Used {
    /// All requests.
    pub fn calls(&self) -> u32 {
        self.requests.values().sum()
    }

    /// Write units of all tables.
    pub fn units(&self) -> f64 {
        self.writes.values().sum()
    }
}

struct Inner {
    engine: Engine,
    used: Mutex<Used>,
}

/// The tables and the queue.
pub struct Cloud {
    /// Where they listen.
    pub url: String,
    inner: Arc<Inner>,
}

impl Cloud {
    /// Empty tables: those of a deployment as it is unless its owner wants more indexes, and those of `others` with their keys.
    ///
    /// # Panics
    ///
    /// Where this machine has no free port.
    pub async fn start(others: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner { engine: Engine::new(), used: Mutex::default() });
        let routes = Router::new().fallback(carry_out).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(&url);
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        schema::create_lean_orders(&client, ORDERS).await.expect("an order table");
        schema::create_archive(&client, ARCHIVE).await.expect("an archive");
        for (name, key) in others {
            inner.engine.carry_out("CreateTable", &table(name, key));
        }
        Self { url, inner }
    }

    /// What was used since the last look.
    ///
    /// # Panics
    ///
    /// Where a request failed in the middle.
    pub fn used(&self) -> Used {
        std::mem::take(&mut *self.inner.used.lock().expect("whole"))
    }

    /// Bytes of the largest order, as DynamoDB counts them.
    pub fn largest_order(&self) -> usize {
        let (_, text) = self.inner.engine.carry_out("Scan", &json!({"TableName": ORDERS}));
        let page: Value = serde_json::from_str(&text).unwrap_or_default();
        let items = page["Items"].as_array().into_iter().flatten();
        let bytes = |value: &Value| match value.as_object().and_then(|value| value.iter().next()) {
            // Base64 takes four characters for three bytes.
            Some((kind, value)) if kind == "B" => {
                let text = value.as_str().unwrap_or_default();
                text.trim_end_matches('=').len() * 3 / 4
            }
            // Two digits a byte, and one for the exponent.
            Some((kind, value)) if kind == "N" => {
                value.as_str().unwrap_or_default().len().div_ceil(2) + 1
            }
            Some((_, value)) => value.as_str().map_or(1, str::len),
            None => 0,
        };
        let item = |item: &Value| {
            let members = item.as_object().into_iter().flatten();
            members.map(|(name, value)| name.len() + bytes(value)).sum()
        };
        items.map(item).max().unwrap_or(0)
    }
}

fn table(name: &str, key: &str) -> Value {
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
    })
}

async fn carry_out(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let (service, operation) = target.unwrap_or_default().split_once('.').unwrap_or_default();
    let mut body: Value = serde_json::from_str(&body).unwrap_or_default();
    let mut used = inner.used.lock().expect("whole");
    *used.requests.entry(operation.to_owned()).or_default() += 1;
    let (status, answer) = if service == "AmazonSQS" {
        let (answer, taken) = sent(&body);
        used.messages += taken;
        (200, answer)
    } else {
        if !matches!(operation, "CreateTable" | "DescribeTable") {
            body["ReturnConsumedCapacity"] = json!("INDEXES");
        }
        let (status, text) = inner.engine.carry_out(operation, &body);
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_default();
        count(&mut used, operation, &answer["ConsumedCapacity"]);
        // The function did not ask for it.
        if let Some(members) = answer.as_object_mut() {
            members.remove("ConsumedCapacity");
        }
        (status, answer)
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", "application/x-amz-json-1.0")], answer.to_string()).into_response()
}

fn count(used: &mut Used, operation: &str, capacity: &Value) {
    let all = capacity.as_array().map_or_else(|| std::slice::from_ref(capacity), Vec::as_slice);
    for table in all {
        let units = table["CapacityUnits"].as_f64().unwrap_or(0.0);
        if matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan") {
            used.reads += units;
        } else if let Some(name) = table["TableName"].as_str() {
            *used.writes.entry(name.to_owned()).or_default() += units;
        }
    }
}

/// The answer to messages, and how many there are.
fn sent(body: &Value) -> (Value, u32) {
    let told = |message: &Value| {
        let text = message["MessageBody"].as_str().unwrap_or_default();
        // Some SDKs hold it against what they sent.
        let md5 = format!("{:x}", md5::compute(text));
        json!({"Id": message["Id"], "MessageId": "message", "MD5OfMessageBody": md5})
    };
    match body["Entries"].as_array() {
        Some(entries) => {
            let taken: Vec<Value> = entries.iter().map(told).collect();
            let number = u32::try_from(taken.len()).unwrap_or(u32::MAX);
            (json!({"Successful": taken, "Failed": []}), number)
        }
        None => (told(body), 1),
    }
}
