//! DynamoDB in this process: what a request asks for is carried out, without a socket between.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The order table.
pub(crate) const ORDERS: &str = "orders";

/// The raw archive.
pub(crate) const ARCHIVE: &str = "archive";

/// The table of the consumer.
pub(crate) const MEMORY: &str = "memory";

/// An answer: the status, and the body.
pub type Answer = (u16, String);

/// DynamoDB in this process.
#[allow(missing_debug_implementations, reason = "a database shows nothing of itself")]
pub struct Engine(Database);

impl Engine {
    /// An engine whose tables are gone with it.
    ///
    /// # Panics
    ///
    /// Where there is no memory for it.
    #[allow(clippy::new_without_default, reason = "each is a database of its own")]
    pub fn new() -> Self {
        Self(Database::memory().expect("a database in memory"))
    }

    /// Carries an operation out.
    pub fn carry_out(&self, operation: &str, body: &Value) -> Answer {
        let database = &self.0;
        match operation {
            "CreateTable" => answer(body, |request| database.create_table(request)),
            "DescribeTable" => answer(body, |request| database.describe_table(request)),
            "GetItem" => answer(body, |request| database.get_item(request)),
            "PutItem" => answer(body, |request| database.put_item(request)),
            "UpdateItem" => answer(body, |request| database.update_item(request)),
            "DeleteItem" => answer(body, |request| database.delete_item(request)),
            "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
            "Query" => answer(body, |request| database.query(request)),
            "Scan" => answer(body, |request| database.scan(request)),
            _ => (
                400,
                format!(r#"{{"__type":"UnknownOperationException","message":"{operation}"}}"#),
            ),
        }
    }

    /// The item of a table under a key.
    pub(crate) fn item(&self, table: &str, key: &Value) -> Value {
        let body = json!({"TableName": table, "Key": key, "ConsistentRead": true});
        let (_, text) = self.carry_out("GetItem", &body);
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_default();
        answer["Item"].take()
    }

    /// Whether the consumer has settled a message.
    pub(crate) fn is_settled(&self, id: &str) -> bool {
        self.item(MEMORY, &json!({"pk": {"S": id}}))["state"]["S"] == "done"
    }
}

fn answer<Q: DeserializeOwned, R: Serialize>(
    body: &Value,
    carry_out: impl FnOnce(Q) -> Result<R, DynoxideError>,
) -> Answer {
    let request = serde_json::from_value(body.clone());
    let request = request.map_err(|e| DynoxideError::SerializationException(e.to_string()));
    let done = request.and_then(carry_out).and_then(|answer| {
        serde_json::to_string(&answer)
            .map_err(|e| DynoxideError::InternalServerError(e.to_string()))
    });
    match done {
        Ok(text) => (200, text),
        Err(error) => (error.status_code(), error.to_json()),
    }
}
