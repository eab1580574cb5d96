//! Plays the sample events over HTTP and compares what comes of them with what is written beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use comfy_table::{Table, presets};
use quittance_core::OrderView;
use quittance_psp::PROVIDERS;
use serde::Deserialize;
use serde_json::Value;

use crate::event::{Event, Reply, Sender, files};
use crate::output::{Failure, say};
use crate::stack::Stack;

/// How long the stream may take to bring what was decided to the queue.
const DISPATCH_TIMEOUT: Duration = Duration::from_secs(20);

/// How often that is looked at.
const DISPATCH_POLL: Duration = Duration::from_millis(10);

/// What is written beside an event.
#[derive(Debug, Deserialize)]
struct Expected {
    answer: ExpectedAnswer,
    order: Option<ExpectedOrder>,
}

#[derive(Debug, Deserialize)]
struct ExpectedAnswer {
    status: u16,
    body_contains: String,
}

/// The resulting order: where it is, whether it is released, how many reversals and notifications it
/// has, and any fields of its JSON.
#[derive(Debug, Deserialize)]
struct ExpectedOrder {
    path: String,
    released: bool,
    reversals: usize,
    notifications: usize,
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

/// One event with its expectation.
struct Case {
    name: String,
    event: Event,
    expected: Expected,
}

/// Plays everything. Whether all expectations were met.
pub(crate) async fn all(
    url: &str,
    stack: &Stack,
    events: &Path,
    quiet: bool,
) -> Result<bool, Failure> {
    let sender = Sender::new(url)?;
    let mut cases = Vec::new();
    for provider in PROVIDERS {
        let psp = provider.profile().id.as_str();
        for file in files(&events.join(psp))? {
            cases.push(Case::read(psp, &file)?);
        }
    }
    // On a data directory that has seen these events, only how each order ends can be compared.
    let mut seen_before = BTreeSet::new();
    let mut last_of = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        if let Some(order) = &case.expected.order
            && last_of.insert(order.path.as_str(), at).is_none()
            && sender.get(&order.path).await?.status == 200
        {
            seen_before.insert(order.path.as_str());
        }
    }
    let mut unmet = Vec::new();
    let mut others = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let reply = sender.send(&case.event).await?;
        let order = case.expected.order.as_ref();
        let again = order.is_some_and(|order| seen_before.contains(order.path.as_str()));
        case.check_answer(&reply, again, &mut unmet);
        match order {
            None => others.push((case.name.as_str(), reply)),
            Some(order) if again && last_of.get(order.path.as_str()) != Some(&at) => {}
            Some(order) => {
                let found = sender.get(&order.path).await?;
                // Played before, what was an order of its own may be another's by now.
                if !again || found.is_at(&order.path) {
                    case.check_order(order, &found, &mut unmet);
                }
            }
        }
    }
    dispatched(stack, &mut unmet).await?;
    let paths: Vec<&str> = last_of.into_keys().collect();
    if !quiet {
        say(&orders_table(&sender, &paths).await?.to_string());
        say(&others_table(&others).to_string());
    }
    let (played, failed) = (cases.len(), unmet.len());
    say(&format!("{played} events played, {failed} expectations not met"));
    for line in &unmet {
        say(line);
    }
    Ok(unmet.is_empty())
}

impl Case {
    fn read(psp: &str, file: &Path) -> Result<Self, Failure> {
        let beside = file.with_extension("expected.json");
        let text = std::fs::read(&beside).map_err(|e| format!("{}: {e}", beside.display()))?;
        let expected =
            serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", beside.display()))?;
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("?");
        Ok(Self { name: format!("{psp}/{stem}"), event: Event::read(file)?, expected })
    }

    fn check_answer(&self, reply: &Reply, again: bool, unmet: &mut Vec<String>) {
        let ExpectedAnswer { status, body_contains } = &self.expected.answer;
        if reply.status != *status || !again && !reply.body.contains(body_contains.as_str()) {
            unmet.push(format!(
                "{}: expected {status} with {body_contains:?}, got {} {:?}",
                self.name, reply.status, reply.body
            ));
        }
    }

    fn check_order(&self, expected: &ExpectedOrder, reply: &Reply, unmet: &mut Vec<String>) {
        let order: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let mut compare = |field: &str, expected: &Value, got: Value| {
            if *expected != got {
                unmet.push(format!("{}: {field}: expected {expected}, got {got}", self.name));
            }
        };
        for (field, value) in &expected.fields {
            compare(field, value, told(value, order[field].clone()));
        }
        let count = |field: &str| order[field].as_array().map_or(0, Vec::len);
        compare("released", &expected.released.into(), order["fulfilment"].is_object().into());
        compare("reversals", &expected.reversals.into(), count("reversals").into());
        compare("notifications", &expected.notifications.into(), count("notifications").into());
    }
}

/// What an expectation compares: the details of a share only where it names them.
fn told(expected: &Value, mut got: Value) -> Value {
    let shares = got.as_array_mut().into_iter().flatten().enumerate();
    for (at, share) in shares {
        if let Some(share) = share.as_object_mut().filter(|_| expected[at].get("details").is_none())
        {
            share.remove("details");
        }
    }
    got
}

/// Waits until the queue has been told everything.
async fn dispatched(stack: &Stack, unmet: &mut Vec<String>) -> Result<(), Failure> {
    let start = Instant::now();
    while !stack.outbox.table.unsent().await?.is_empty() {
        if start.elapsed() > DISPATCH_TIMEOUT {
            unmet.push("released orders did not reach the queue in time".to_owned());
            break;
        }
        tokio::time::sleep(DISPATCH_POLL).await;
    }
    Ok(())
}

async fn orders_table(sender: &Sender, paths: &[&str]) -> Result<Table, Failure> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["order", "shares", "state", "fulfilment"]);
    let mut listed = BTreeSet::new();
    for path in paths {
        let reply = sender.get(path).await?;
        let Ok(order) = serde_json::from_str::<OrderView>(&reply.body) else {
            continue;
        };
        // An order with two names is one order.
        if !listed.insert((order.psp, order.order.clone())) {
            continue;
        }
        table.add_row([
            format!("{} {}", order.psp.as_str(), order.order),
            shares(&order),
            state(&order),
            fulfilment(&order),
        ]);
    }
    Ok(table)
}

fn others_table(others: &[(&str, Reply)]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(["deliveries that touch no order", "answer"]);
    for (name, reply) in others {
        table.add_row([(*name).to_owned(), format!("{} {}", reply.status, reply.body)]);
    }
    table
}

fn shares(order: &OrderView) -> String {
    let lines = order.shares.iter().map(|share| {
        let amount =
            order.currency.map_or_else(String::new, |c| c.display(share.amount).to_string());
        let sign = if share.kind == quittance_core::Kind::Credit { "-" } else { "" };
        format!("{} {sign}{amount} {}", share.method, share.psp_status)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn state(order: &OrderView) -> String {
    let flags = order.flags.iter().map(|flag| {
        let word = serde_json::to_value(flag).ok();
        format!("\n! {}", word.as_ref().and_then(Value::as_str).unwrap_or(""))
    });
    format!("{}{}", order.state.as_str(), flags.collect::<String>())
}

fn fulfilment(order: &OrderView) -> String {
    let sent = |sent: bool| if sent { "sent" } else { "decided" };
    let mut lines = match &order.fulfilment {
        Some(fulfilment) => {
            let id: String = fulfilment.id.chars().take(8).collect();
            vec![format!("{} {id}", sent(fulfilment.sent_at.is_some()))]
        }
        None => vec!["-".to_owned()],
    };
    lines.extend(order.reversals.iter().map(|r| format!("reversal {}", sent(r.sent_at.is_some()))));
    lines.join("\n")
}
