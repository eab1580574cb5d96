//! The line to AWS: takes each request of the SDK where a socket would, and does with it what a network and a service may.

use std::time::Duration;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use crate::dice::Chance;
use crate::fault::Fault;
use crate::keys::secret;
use crate::plan::MINUTE;
use crate::sdk::engine::{Answer, MEMORY, ORDERS};
use crate::sdk::person::{self, Fate};
use crate::sdk::world::{Shared, World};

/// For how long an index may lack what was written, in milliseconds.
const LAG: i64 = 2_000;

/// How long a call takes at most where nothing is wrong, in milliseconds: long enough for whoever writes the same order to
/// meet.
const LONGEST: i64 = 150;

/// How many calls of a hundred fail while a service is out.
const FAIL_WHILE_OUT: i64 = 85;

/// Under which name all calls of AWS are counted.
pub(crate) const CALLS: &str = "calls of AWS";

/// The line to AWS.
#[derive(Clone, Debug)]
pub(crate) struct Line(pub(crate) Shared);

impl HttpClient for Line {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let line = self.clone();
        let call = Call::read(&request);
        HttpConnectorFuture::new(async move { line.carry(call).await })
    }
}

/// A request.
#[derive(Clone, Debug)]
struct Call {
    service: Service,
    operation: String,
    body: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    DynamoDb,
    Sqs,
    Secrets,
}

/// What comes of a request.
#[derive(Clone, Debug)]
enum Outcome {
    Answered(Answer),
    /// The connection is gone.
    Cut,
}

impl Call {
    fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (service, operation) = target.split_once('.').unwrap_or_default();
        let service = match service {
            "DynamoDB_20120810" => Service::DynamoDb,
            "AmazonSQS" => Service::Sqs,
            _ => Service::Secrets,
        };
        let body = request.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or_default();
        Self { service, operation: operation.to_owned(), body }
    }

    /// What it is about, for the trace.
    fn about(&self) -> &str {
        let body = &self.body;
        let key = [&body["Key"], &body["Item"]].into_iter().find_map(|at| at["pk"]["S"].as_str());
        key.or_else(|| body["IndexName"].as_str()).unwrap_or_default()
    }

    fn is_write(&self) -> bool {
        matches!(&*self.operation, "PutItem" | "UpdateItem" | "DeleteItem")
    }

    fn is_of(&self, table: &str) -> bool {
        self.body["TableName"] == table
    }
}

impl Line {
    async fn carry(self, call: Call) -> Result<HttpResponse, ConnectorError> {
        let fate = person::fate();
        if fate == Fate::DiesBefore {
            person::die().await;
        }
        let (pause, late, slow) = self.0.lock().way();
        tokio::time::sleep(pause).await;
        let outcome = match late {
            // Whoever waits may go: it is carried out all the same.
            Some(late) => {
                let world = self.0.clone();
                let later = tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    world.lock().arrives(call, "somebody, late")
                });
                later.await.unwrap_or(Outcome::Cut)
            }
            None => self.0.lock().arrives(call, &person::name()),
        };
        tokio::time::sleep(slow).await;
        if fate == Fate::DiesAfter {
            person::die().await;
        }
        match outcome {
            Outcome::Answered((status, text)) => {
                let status = status.try_into().map_err(|_| cut())?;
                Ok(HttpResponse::new(status, text.into()))
            }
            Outcome::Cut => Err(cut()),
        }
    }
}

fn cut() -> ConnectorError {
    ConnectorError::io("the connection is gone".into())
}

fn failed(status: u16, code: &str) -> Outcome {
    Outcome::Answered((status, json!({"__type": code, "message": "simulated"}).to_string()))
}

impl World {
    /// How long a request is under way, how much later it is carried out at times, and how late its answer is.
    fn way(&mut self) -> (Duration, Option<Duration>, Duration) {
        let machine = if self.fault == Fault::RemembersRuns { crate::world::runs() } else { 0 };
        let millis = |millis: i64| Duration::from_millis(millis.unsigned_abs());
        let pause = millis(self.dice.pace(1..LONGEST) + machine);
        let late = self.happens(Chance::Late).then(|| self.dice.how(Chance::Late, 1_000..30_000));
        let slow = match self.happens(Chance::Slow) {
            true => self.dice.how(Chance::Slow, 500..20_000),
            false => 0,
        };
        (pause, late.map(millis), millis(slow))
    }

    /// A request reaches its service.
    fn arrives(&mut self, call: Call, who: &str) -> Outcome {
        let Call { service, operation, .. } = &call;
        let (service, now) = (*service, self.now());
        self.tally.saw(CALLS);
        self.tally.saw(&format!("call {operation}"));
        self.note(format_args!("{who}: {operation} {}", call.about()));
        let text = call.body.to_string();
        self.trace.add(text.as_bytes());
        let out = self.outages[service as usize] > now
            && self.dice.how(Chance::Outage, 0..100) < FAIL_WHILE_OUT;
        if out {
            return self.refusal(service);
        }
        if self.happens(Chance::Outage) {
            self.outage(service);
            return self.refusal(service);
        }
        if self.happens(Chance::RefusesCall) {
            return self.refusal(service);
        }
        if self.happens(Chance::CutsBefore) {
            self.note(format_args!("which is cut off before"));
            return Outcome::Cut;
        }
        let answer = self.carry_out(call);
        self.tally.saw(&format!("status {}", answer.0));
        if self.happens(Chance::CutsAfter) {
            self.note(format_args!("which is cut off after"));
            let how = self.dice.how(Chance::CutsAfter, 0..4);
            if how == 0 {
                self.outage(service);
            }
            return if how == 1 { failed(500, "InternalServerError") } else { Outcome::Cut };
        }
        Outcome::Answered(answer)
    }

    fn outage(&mut self, service: Service) {
        let until = self.now() + self.dice.how(Chance::Outage, 1_000..3 * MINUTE);
        self.outages[service as usize] = until;
        self.note(format_args!("{service:?} is out"));
    }

    fn refusal(&mut self, service: Service) -> Outcome {
        let codes: [(u16, &str); 4] = match service {
            Service::DynamoDb => [
                (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
                (400, "com.amazon.coral.availability#ThrottlingException"),
                (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
                (503, "ServiceUnavailable"),
            ],
            Service::Sqs => [
                (400, "com.amazonaws.sqs#RequestThrottled"),
                (403, "AccessDeniedException"),
                (500, "InternalFailure"),
                (503, "ServiceUnavailable"),
            ],
            Service::Secrets => [
                (400, "ThrottlingException"),
                (400, "AccessDeniedException"),
                (500, "InternalServiceError"),
                (503, "ServiceUnavailable"),
            ],
        };
        let which = self.dice.how(Chance::RefusesCall, 0..4);
        let (status, code) = codes[usize::try_from(which).unwrap_or(0)];
        self.note(format_args!("which is refused: {code}"));
        failed(status, code)
    }

    fn carry_out(&mut self, mut call: Call) -> Answer {
        match (call.service, &*call.operation) {
            (Service::DynamoDb, _) => {
                self.plant(&mut call);
                self.dynamodb(call)
            }
            (Service::Sqs, "SendMessageBatch") => self.send(&call.body["Entries"]),
            (Service::Secrets, "GetSecretValue") => self.secret(&call.body),
            (_, other) => (400, json!({"__type": "InvalidAction", "message": other}).to_string()),
        }
    }

    fn dynamodb(&mut self, mut call: Call) -> Answer {
        let body = &mut call.body;
        let mut over = Value::Null;
        match &*call.operation {
            // The table's stream is made here of what is written.
            "CreateTable" => {
                body.as_object_mut().map(|body| body.remove("StreamSpecification"));
            }
            "BatchGetItem" if self.happens(Chance::LeavesOver) => {
                over = leave_over(&mut body["RequestItems"]);
            }
            "Query" | "Scan" if self.happens(Chance::TurnsPage) => body["Limit"] = json!(1),
            _ => {}
        }
        if self.fault == Fault::AnswersFirst && is_nth(&call, 3) {
            return (200, "{}".to_owned());
        }
        let before = match self.fault {
            Fault::NoMemory => self.engine.item(MEMORY, &json!({"pk": call.body["Item"]["pk"]})),
            _ => Value::Null,
        };
        let (status, text) = self.engine.carry_out(&call.operation, &call.body);
        if status != 200 {
            let is_condition = text.contains("ConditionalCheckFailedException");
            if !is_condition && !text.contains("ResourceNotFoundException") {
                self.check(Err(format!("DynamoDB does not take {call:?}: {text}")));
            }
            return (status, text);
        }
        if call.is_write() && call.is_of(ORDERS) {
            let key = [&call.body["Key"]["pk"], &call.body["Item"]["pk"]];
            let key = key.into_iter().find(|key| !key.is_null()).unwrap_or(&Value::Null);
            let item = self.engine.item(ORDERS, &json!({"pk": key}));
            self.written(key["S"].as_str().unwrap_or_default(), &item);
        }
        if call.is_of(MEMORY) && before["state"]["S"] == "done" {
            self.check(Err("what the consumer has settled is claimed again".to_owned()));
        }
        if !over.is_null() {
            return (200, with(&text, "UnprocessedKeys", over));
        }
        if call.operation == "Query"
            && !call.body["IndexName"].is_null()
            && self.happens(Chance::LagsIndex)
        {
            return (200, self.lagging(&text));
        }
        (200, text)
    }

    /// The answer of an index that lacks what was written last.
    fn lagging(&self, text: &str) -> String {
        let mut answer: Value = serde_json::from_str(text).unwrap_or_default();
        let since = self.now() - LAG;
        if let Some(items) = answer["Items"].as_array_mut() {
            items.retain(|item| {
                !self.stored.is_written_since(item["pk"]["S"].as_str().unwrap_or_default(), since)
            });
            answer["Count"] = json!(items.len());
        }
        answer.to_string()
    }

    /// What is wrong with the stack, to see that it is noticed: what a client of ours would send that was wrong so.
    fn plant(&self, call: &mut Call) {
        let drops = match self.fault {
            Fault::NoConditions => call.operation == "PutItem" && call.is_of(ORDERS),
            Fault::NoMemory => call.operation == "PutItem" && call.is_of(MEMORY),
            _ => false,
        };
        if let Some(body) = call.body.as_object_mut().filter(|_| drops) {
            for part in
                ["ConditionExpression", "ExpressionAttributeValues", "ExpressionAttributeNames"]
            {
                body.remove(part);
            }
            body.remove("ReturnValuesOnConditionCheckFailure");
        }
    }

    /// Takes a batch of messages; each by itself may be refused.
    fn send(&mut self, entries: &Value) -> Answer {
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for entry in entries.as_array().into_iter().flatten() {
            let id = &entry["Id"];
            if self.happens(Chance::RefusesMessage) {
                refused.push(json!({"Id": id, "SenderFault": false, "Code": "InternalError"}));
                continue;
            }
            self.take(entry);
            taken.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "0".repeat(32)}));
        }
        self.bells.queue.notify_one();
        (200, json!({"Successful": taken, "Failed": refused}).to_string())
    }

    fn take(&mut self, message: &Value) {
        let now = self.now();
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let body: Value = serde_json::from_str(&text("MessageBody")).unwrap_or_default();
        let id = body["id"].as_str().unwrap_or_default();
        let is_decided =
            self.stored.items.iter().any(|item| crate::world::has_decided(&item.order, id));
        if !is_decided {
            self.check(Err(format!("a message was sent whose decision is not stored: {id}")));
        }
        let group = text("MessageGroupId");
        let known = self.sent.insert(id.to_owned(), group.clone());
        if known.as_ref().is_some_and(|known| *known != group) {
            self.check(Err(format!("{id} stands in two groups: {known:?}, {group}")));
        }
        let is_taken = self.fault != Fault::MarksFirst && self.queue.send(message, now);
        if known.is_some() {
            let again = if is_taken { "message taken again" } else { "message sent again" };
            self.tally.saw(again);
        }
    }

    fn secret(&self, body: &Value) -> Answer {
        let version = match body["VersionStage"].as_str() {
            Some("AWSPREVIOUS") => self.put.checked_sub(1),
            _ => Some(self.put),
        };
        let name = body["SecretId"].as_str().unwrap_or_default();
        match version.and_then(|version| secret(name, version)) {
            Some(text) => {
                (200, json!({"Name": name, "SecretString": text.to_string()}).to_string())
            }
            None => (400, json!({"__type": "ResourceNotFoundException"}).to_string()),
        }
    }
}

/// Whether this write of an order is one of every so many.
fn is_nth(call: &Call, every: usize) -> bool {
    let is_order = call.operation == "PutItem" && call.is_of(ORDERS);
    is_order && call.body.to_string().len().is_multiple_of(every)
}

/// Takes the later half of the keys away, and returns it.
fn leave_over(tables: &mut Value) -> Value {
    let mut over = json!({});
    for (name, table) in tables.as_object_mut().into_iter().flatten() {
        let Some(keys) = table["Keys"].as_array_mut() else { continue };
        let left = keys.split_off(keys.len().div_ceil(2));
        if !left.is_empty() {
            over[name] = table.clone();
            over[name]["Keys"] = Value::Array(left);
        }
    }
    over
}

fn with(text: &str, name: &str, value: Value) -> String {
    let mut answer: Value = serde_json::from_str(text).unwrap_or_default();
    answer[name] = value;
    answer.to_string()
}
