//! The log of a deployed stack: what its functions wrote to CloudWatch, as the events that a local stack tells.
//! See [`crate::feed`].

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use quittance_aws::StoreError;
use quittance_aws::clock::unix_millis;
use quittance_core::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::operate::deployed::refusal;
use crate::output::{Failure, note};

/// The functions of every stack, in the order in which a payment passes them. The template names their log groups.
const FUNCTIONS: [&str; 11] = [
    "checkout",
    "worldline-webhook",
    "systempay-ipn",
    "returns",
    "ask",
    "expected",
    "dispatch",
    "reconcile",
    "refund",
    "orders",
    "report",
];

/// The functions that a parameter of the template adds. Without them nothing is missing.
const OPTIONAL: [&str; 2] = ["post", "example-fulfilment"];

/// The time between two calls. An account has five a second in each region, for everybody, and no more on request;
/// this is half of them.
const PACE: Duration = Duration::from_millis(400);

/// How old a line is before it is asked for. By then the groups have the lines of this moment, as a rule, and what
/// one function did after another is told after it.
const SETTLED_MS: u64 = 4_000;

/// How far back is looked again for what CloudWatch had not shown. It promises no time; most lines are there within
/// seconds, and few after a minute.
const LOOK_BACK_MS: u64 = 120_000;

/// The longest time that is read before it is told, so that a week is never in memory at once: at a million
/// notifications a month this is 10,000 of them. A shorter one would make a week take many minutes, at the pace above.
const WINDOW_MS: u64 = 6 * 3_600_000;

/// The pause after a call that failed, and the longest one: each is twice as long as the one before. The SDK has tried three
/// times then.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Reads the log groups of a stack on and on.
pub(crate) struct Logs {
    client: Client,
    stack: String,
    region: String,
    functions: Vec<&'static str>,
    /// Nothing from before is told. In milliseconds since 1970, as are the times below.
    begin: u64,
    /// Until when every group was read.
    read: u64,
    /// The ids of what was told and may be read again, with their times.
    told: BTreeMap<String, u64>,
    pace: Interval,
}

/// What one group had.
enum Found {
    Lines(Vec<FilteredLogEvent>),
    NoGroup,
}

/// What to do after an error.
enum Trouble {
    NoGroup,
    Again(String),
    End(String),
}

impl Logs {
    /// The log of a stack, from so long ago.
    pub(crate) fn new(sdk: &SdkConfig, stack: &str, ago: Duration) -> Self {
        let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        let begin = unix_millis().saturating_sub(ago);
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            client: Client::new(sdk),
            stack: stack.to_owned(),
            region: sdk.region().map_or("no region", |region| region.as_ref()).to_owned(),
            functions: FUNCTIONS.into_iter().chain(OPTIONAL).collect(),
            begin,
            read: begin,
            told: BTreeMap::new(),
            pace,
        }
    }

    /// Where the log is.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// What was written since the last time, in the order of its time. What CloudWatch shows late comes late. Every group is
    /// read until the same moment, so none is ahead.
    ///
    /// # Errors
    ///
    /// Where no call would succeed, and where the stack has no log.
    pub(crate) async fn next(&mut self) -> Result<Vec<Value>, Failure> {
        let from = self.read.saturating_sub(LOOK_BACK_MS).max(self.begin);
        let settled = unix_millis().saturating_sub(SETTLED_MS);
        let until = settled.clamp(self.read, self.read.saturating_add(WINDOW_MS));
        let mut found = Vec::new();
        for function in self.functions.clone() {
            match self.group(function, from, until).await? {
                Found::Lines(lines) => {
                    found.extend(lines.into_iter().filter_map(|line| self.untold(function, &line)));
                }
                Found::NoGroup => self.leave_out(function)?,
            }
        }
        self.read = until;
        let again = until.saturating_sub(LOOK_BACK_MS);
        self.told.retain(|_, at| *at >= again);
        // Stable: of one group's lines of the same moment the first stays the first.
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    /// A line that was not told yet, as an event, and what it is sorted by.
    fn untold(
        &mut self,
        function: &str,
        line: &FilteredLogEvent,
    ) -> Option<((u64, String), Value)> {
        let at = line.timestamp().and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
        if let Some(id) = line.event_id()
            && self.told.insert(id.to_owned(), at).is_some()
        {
            return None;
        }
        let event = event(function, at, line.message().unwrap_or_default())?;
        let exact = event["at"].as_str().unwrap_or_default().to_owned();
        Some(((at, exact), event))
    }

    fn leave_out(&mut self, function: &str) -> Result<(), Failure> {
        self.functions.retain(|each| *each != function);
        let (group, Self { stack, region, .. }) = (self.group_of(function), &*self);
        if !self.functions.iter().any(|function| FUNCTIONS.contains(function)) {
            return Err(format!(
                "no log of the stack {stack} in {region}: there is no log group {group}, nor one of its other functions. \
                 Look at the name, at AWS_REGION and at AWS_PROFILE"
            )
            .into());
        }
        if FUNCTIONS.contains(&function) {
            note(&format!(
                "the stack {stack} has no log group {group} in {region}: what {function} does is not told"
            ));
        }
        Ok(())
    }

    fn group_of(&self, function: &str) -> String {
        format!("/aws/lambda/{}-{function}", self.stack)
    }

    /// All lines of a group between these times, page by page. After an error from the first page on: a token may be
    /// what was wrong.
    async fn group(&mut self, function: &str, from: u64, until: u64) -> Result<Found, Failure> {
        let group = self.group_of(function);
        let millis = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        let (mut lines, mut token) = (Vec::new(), None::<String>);
        let mut pause = FIRST_PAUSE;
        loop {
            self.pace.tick().await;
            let call = self.client.filter_log_events().log_group_name(&group);
            let call = call.start_time(millis(from)).end_time(millis(until));
            match call.set_next_token(token.take()).send().await {
                Ok(page) => {
                    token = page.next_token;
                    lines.extend(page.events.unwrap_or_default());
                    // A page may be empty, and not the last.
                    if token.is_none() {
                        return Ok(Found::Lines(lines));
                    }
                }
                Err(error) => match self.trouble(&group, &error) {
                    Trouble::NoGroup => return Ok(Found::NoGroup),
                    Trouble::End(why) => return Err(why.into()),
                    Trouble::Again(why) => {
                        note(&format!("{why}; again in {} s", pause.as_secs()));
                        sleep(pause).await;
                        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                        lines.clear();
                    }
                },
            }
        }
    }

    fn trouble(&self, group: &str, error: &SdkError<FilterLogEventsError>) -> Trouble {
        if error
            .as_service_error()
            .is_some_and(FilterLogEventsError::is_resource_not_found_exception)
        {
            return Trouble::NoGroup;
        }
        if let Some(why) = refusal(error) {
            return Trouble::End(why);
        }
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        if code.starts_with("AccessDenied") || status == Some(403) {
            return Trouble::End(format!(
                "you may not read the log of the stack {}: you need logs:FilterLogEvents on {group} and on the groups of its \
                 other functions",
                self.stack
            ));
        }
        let why = StoreError::unavailable("read the log", error).to_string();
        // Without a code it is the network, or something on the way.
        let is_passing = code.is_empty()
            || code.contains("Throttl")
            || code.contains("LimitExceeded")
            || status.is_some_and(|status| status == 429 || status >= 500);
        if is_passing { Trouble::Again(why) } else { Trouble::End(why) }
    }
}

/// What a line of a function's log says, in the shape of the local stack's events; nothing where it tells of nothing
/// that happened.
///
/// `at` is the line's time as CloudWatch has it, for a line that says none itself.
fn event(function: &str, at: u64, text: &str) -> Option<Value> {
    let mut event = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(line)) => of_json(line)?,
        _ => of_text(text)?,
    };
    let is_said =
        |event: &Map<String, Value>, name: &str| event.get(name).is_some_and(Value::is_string);
    if !is_said(&event, "at") {
        let at = i64::try_from(at / 1_000).ok().and_then(Timestamp::from_unix);
        event.insert("at".to_owned(), json!(at));
    }
    if !is_said(&event, "level") {
        event.insert("level".to_owned(), json!("info"));
    }
    event.insert("function".to_owned(), json!(function));
    Some(Value::Object(event))
}

fn of_json(mut line: Map<String, Value>) -> Option<Map<String, Value>> {
    if let Some(kind) =
        line.get("type").and_then(Value::as_str).filter(|kind| kind.starts_with("platform."))
    {
        return of_lambda(kind, &line);
    }
    // Metrics, in CloudWatch's embedded format.
    if line.contains_key("_aws") {
        return None;
    }
    let level = line.remove("level").and_then(|level| Some(level.as_str()?.to_lowercase()));
    if matches!(level.as_deref(), Some("debug" | "trace")) {
        return None;
    }
    let at = line.remove("timestamp");
    let mut event = match line.remove("fields") {
        Some(Value::Object(fields)) => fields,
        // Not by our own logger: all that it has is what it says.
        other => {
            line.extend(other.map(|other| ("fields".to_owned(), other)));
            line
        }
    };
    event.extend(at.map(|at| ("at".to_owned(), at)));
    event.extend(level.map(|level| ("level".to_owned(), json!(level))));
    Some(event)
}

/// What Lambda itself says of an invocation, where it did not end well.
fn of_lambda(kind: &str, line: &Map<String, Value>) -> Option<Map<String, Value>> {
    let record = line.get("record")?;
    let message = match kind {
        "platform.report" => "invocation failed",
        "platform.initReport" => "start failed",
        _ => return None,
    };
    let status = record["status"].as_str().filter(|status| *status != "success")?;
    let mut event = failure(message);
    event.insert("status".to_owned(), json!(status));
    event.extend(record.get("errorType").map(|what| ("error".to_owned(), what.clone())));
    event.extend(line.get("time").map(|at| ("at".to_owned(), at.clone())));
    Some(event)
}

/// Our functions write JSON. What else is in their log is what a process says that dies, and what Lambda says of it.
fn of_text(text: &str) -> Option<Map<String, Value>> {
    const OF_LAMBDA: [&str; 6] = [
        "START RequestId:",
        "END RequestId:",
        "REPORT RequestId:",
        "INIT_START ",
        "XRAY TraceId:",
        "EXTENSION\t",
    ];
    let text = text.trim();
    if text.is_empty() || OF_LAMBDA.iter().any(|beginning| text.starts_with(beginning)) {
        return None;
    }
    let mut event = failure("printed");
    event.insert("text".to_owned(), json!(text));
    Some(event)
}

fn failure(message: &str) -> Map<String, Value> {
    [("message", message), ("level", "error")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a function's own run.
    const REFUSED: &str = r#"{"timestamp":"2026-11-27T23:55:32.157993Z","level":"WARN","fields":{"message":"refused","psp":"systempay","why":"signature does not match","outcome":"refused"},"target":"quittance_aws::http","span":{"requestId":"8476a536","name":"Lambda runtime invoke"},"spans":[{"requestId":"8476a536","name":"Lambda runtime invoke"}]}"#;

    #[test]
    fn a_line_of_a_functions_log_is_an_event_or_nothing() {
        const AT: &str = "2026-11-27T23:55:32Z";
        let table = [
            (
                REFUSED,
                json!({"at": "2026-11-27T23:55:32.157993Z", "level": "warn", "message": "refused", "psp": "systempay",
                    "why": "signature does not match", "outcome": "refused"}),
            ),
            // What is told must not depend on the level that the stack is set to.
            (r#"{"timestamp":"t","level":"DEBUG","fields":{"message":"no stream"}}"#, Value::Null),
            (r#"{"timestamp":"t","level":"TRACE","fields":{"message":"bytes"}}"#, Value::Null),
            // Not by our logger.
            (
                r#"{"timestamp":"2026-11-27T23:55:33Z","level":"ERROR","message":"out of memory"}"#,
                json!({"at": "2026-11-27T23:55:33Z", "level": "error", "message": "out of memory"}),
            ),
            (
                r#"{"message":"no level"}"#,
                json!({"at": AT, "level": "info", "message": "no level"}),
            ),
            (
                r#"{"level":7,"timestamp":8,"fields":9}"#,
                json!({"at": AT, "level": "info", "fields": 9}),
            ),
            // Metrics.
            (r#"{"_aws":{"Timestamp":1795823732158},"stack":"shop","Received":1}"#, Value::Null),
            // Lambda's own.
            (
                r#"{"time":"t","type":"platform.start","record":{"requestId":"1","version":"1"}}"#,
                Value::Null,
            ),
            (
                r#"{"time":"t","type":"platform.runtimeDone","record":{"requestId":"1","status":"timeout"}}"#,
                Value::Null,
            ),
            (r#"{"time":"t","type":"platform.report","record":{"status":"success"}}"#, Value::Null),
            (r#"{"time":"t","type":"platform.report"}"#, Value::Null),
            (
                r#"{"time":"2026-11-27T23:55:34Z","type":"platform.report","record":{"requestId":"1","status":"timeout"}}"#,
                json!({"at": "2026-11-27T23:55:34Z", "level": "error", "message": "invocation failed", "status": "timeout"}),
            ),
            (
                r#"{"type":"platform.initReport","record":{"status":"error","errorType":"Runtime.ExitError"}}"#,
                json!({"at": AT, "level": "error", "message": "start failed", "status": "error",
                    "error": "Runtime.ExitError"}),
            ),
            ("START RequestId: 8476a536 Version: $LATEST\n", Value::Null),
            ("REPORT RequestId: 8476a536\tDuration: 1 ms\n", Value::Null),
            (" \n", Value::Null),
            // A process that dies.
            (
                "thread 'main' panicked at src/main.rs:1:1:\n",
                json!({"at": AT, "level": "error", "message": "printed",
                    "text": "thread 'main' panicked at src/main.rs:1:1:"}),
            ),
            ("[1]", json!({"at": AT, "level": "error", "message": "printed", "text": "[1]"})),
            (
                r#"{"cut off"#,
                json!({"at": AT, "level": "error", "message": "printed", "text": "{\"cut off"}),
            ),
        ];
        for (line, mut expected) in table {
            if let Some(expected) = expected.as_object_mut() {
                expected.insert("function".to_owned(), json!("dispatch"));
            }
            assert_eq!(
                event("dispatch", 1_795_823_732_158, line).unwrap_or_default(),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn every_function_of_the_template_is_followed() {
        const TEMPLATE: &str = include_str!("../../../template.yaml");
        const GROUP: &str = "LogGroupName: !Sub /aws/lambda/${AWS::StackName}-";
        let mut functions: Vec<&str> =
            TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix(GROUP)).collect();
        let mut followed: Vec<&str> = FUNCTIONS.into_iter().chain(OPTIONAL).collect();
        functions.sort_unstable();
        followed.sort_unstable();
        assert_eq!(followed, functions);
    }
}
