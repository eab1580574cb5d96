//! Plays the sample events over HTTP and compares what comes of them with what is written beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use comfy_table::{ContentArrangement, Table, presets};
use quittance_aws::clock::now;
use quittance_aws::keys::KeyRing;
use quittance_aws::webhook::AnyKeys;
use quittance_core::provider::{Incoming, Options, Profile};
use quittance_core::{OrderView, Provider};
use quittance_psp::PROVIDERS;
use serde::Deserialize;
use serde_json::Value;

use crate::args::Play;
use crate::event::{Event, Reply, Sender, files};
use crate::keys::Rings;
use crate::operate::show::worth;
use crate::operate::terminal::{self, count, verdict};
use crate::output::{Failure, say};
use crate::samples::{sample, samples};
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

/// What came of events.
struct Played<'a> {
    /// The paths of the orders that they are about.
    orders: Vec<&'a str>,
    /// Those that touch none.
    others: Vec<(&'a str, Reply)>,
    /// Expectations that were not met.
    unmet: Vec<String>,
}

/// One event with its expectation.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) event: Event,
    expected: Expected,
}

/// Plays everything to the stack of this process, whose queue must have been told of it. Whether all
/// expectations were met.
pub(crate) async fn all(
    url: &str,
    stack: &Stack,
    keys: &Rings,
    events: &Path,
    quiet: bool,
) -> Result<bool, Failure> {
    let sender = Sender::new(url)?;
    let mut cases = Vec::new();
    for (provider, ring) in keys.each() {
        let own = cases_of(provider, events)?;
        if is_signed(provider, ring, &own).await {
            cases.extend(own);
            continue;
        }
        let Profile { name, keys_variable, .. } = provider.profile();
        if !quiet {
            say(&format!(
                "{} of {name} left out: the demo's keys signed them, and are not in force ({keys_variable})",
                count(own.len(), "sample")
            ));
        }
    }
    let mut played = play(&sender, &cases).await?;
    dispatched(stack, &mut played.unmet).await?;
    played.report(&sender, cases.len(), quiet).await
}

/// Whether the keys in force signed these samples: those that are taken tell.
async fn is_signed(provider: &dyn Provider, ring: &KeyRing<AnyKeys>, cases: &[Case]) -> bool {
    let Some(taken) = cases.iter().find(|case| case.status() == 200) else { return true };
    let Ok(body) = taken.event.body() else { return true };
    let kept = provider.profile().kept_headers.iter();
    let headers: Vec<(&'static str, &[u8])> =
        kept.filter_map(|name| Some((*name, taken.event.headers.get(*name)?.as_bytes()))).collect();
    let options = Options::default();
    let message = Incoming { headers: &headers, body: &body, arrived: now() };
    ring.verify(|keys| keys.receive(&message, &options).map(drop), |_| false).await.is_ok()
}

/// Plays events to any stack. The exit status is 1 when an expectation was not met.
pub(crate) async fn run(args: &Play) -> Result<ExitCode, Failure> {
    let sender = Sender::new(&args.against)?;
    let cases = match args.events.as_slice() {
        [] => cases(&samples(None)?)?,
        named => named.iter().map(|file| Case::read(&sample(file)?)).collect::<Result<_, _>>()?,
    };
    let played = play(&sender, &cases).await?;
    Ok(verdict(played.report(&sender, cases.len(), args.quiet).await?))
}

/// Plays a story, and says what came of it. Whether that is what should.
pub(crate) async fn tell(sender: &Sender, cases: &[Case]) -> Result<bool, Failure> {
    play(sender, cases).await?.report(sender, cases.len(), false).await
}

/// What of the last expectations of each order is not met.
pub(crate) async fn unmet(sender: &Sender, cases: &[Case]) -> Result<Vec<String>, Failure> {
    let mut unmet = Vec::new();
    let mut last = BTreeMap::new();
    for case in cases {
        if let Some(order) = &case.expected.order {
            last.insert(order.path.as_str(), (case, order));
        }
    }
    for (path, (case, order)) in last {
        case.check_order(order, &sender.get(path).await?, &mut unmet);
    }
    Ok(unmet)
}

/// Every sample that goes to a provider's route.
fn cases(events: &Path) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for provider in PROVIDERS {
        cases.extend(cases_of(*provider, events)?);
    }
    Ok(cases)
}

/// The samples that go to this provider's route.
fn cases_of(provider: &dyn Provider, events: &Path) -> Result<Vec<Case>, Failure> {
    let files = files(&events.join(provider.profile().id.as_str()))?;
    files.iter().map(|file| Case::read(file)).collect()
}

/// Plays one after the other, and looks at the orders after each and in the end.
async fn play<'a>(sender: &Sender, cases: &'a [Case]) -> Result<Played<'a>, Failure> {
    // Of orders that have seen these events before, only how each ends can be compared.
    let mut seen_before = BTreeSet::new();
    let mut last_of = BTreeMap::new();
    for case in cases {
        if let Some(order) = &case.expected.order
            && last_of.insert(order.path.as_str(), (case, order)).is_none()
            && sender.get(&order.path).await?.status == 200
        {
            seen_before.insert(order.path.as_str());
        }
    }
    let mut unmet = Vec::new();
    let mut others = Vec::new();
    for case in cases {
        let reply = sender.send(&case.event).await?;
        let order = case.expected.order.as_ref();
        let again = order.is_some_and(|order| seen_before.contains(order.path.as_str()));
        case.check_answer(&reply, again, &mut unmet);
        match order {
            None => others.push((case.name.as_str(), reply)),
            Some(order) if !again => {
                let found = sender.get(&order.path).await?;
                case.check_order(order, &found, &mut unmet);
            }
            Some(_) => {}
        }
    }
    for (case, order) in last_of.values() {
        let found = sender.get(&order.path).await?;
        // What was an order of its own may be another's by now, which has its own expectation.
        if !found.is_of_another(&order.path) {
            let mut lines = Vec::new();
            case.check_order(order, &found, &mut lines);
            lines.retain(|line| !unmet.contains(line));
            unmet.extend(lines.iter().map(|line| format!("{line} in the end")));
        }
    }
    Ok(Played { orders: last_of.into_keys().collect(), others, unmet })
}

impl Played<'_> {
    /// Says what came of so many events. Whether all expectations were met.
    async fn report(&self, sender: &Sender, events: usize, quiet: bool) -> Result<bool, Failure> {
        if !quiet {
            show(&orders_table(sender, &self.orders).await?);
            show(&others_table(&self.others));
        }
        say(&format!("{events} events played, {} expectations not met", self.unmet.len()));
        self.unmet.iter().for_each(|line| say(line));
        Ok(self.unmet.is_empty())
    }
}

impl Case {
    /// An event with what is written beside it. Where amounts were changed, the answer is not compared by its words.
    pub(crate) fn new(
        name: String,
        event: Event,
        expected: &str,
        is_scaled: bool,
    ) -> Result<Self, Failure> {
        let mut expected: Expected = serde_json::from_str(expected)?;
        if is_scaled {
            expected.answer.body_contains.clear();
        }
        Ok(Self { name, event, expected })
    }

    /// The status that is expected.
    pub(crate) fn status(&self) -> u16 {
        self.expected.answer.status
    }

    fn read(file: &Path) -> Result<Self, Failure> {
        let beside = file.with_extension("expected.json");
        let text = std::fs::read(&beside).map_err(|e| format!("{}: {e}", beside.display()))?;
        let expected =
            serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", beside.display()))?;
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_stem).and_then(|stem| stem.to_str());
            name.unwrap_or("?").to_owned()
        };
        let name = format!("{}/{}", name(file.parent()), name(Some(file)));
        Ok(Self { name, event: Event::read(file)?, expected })
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

/// A table as wide as the terminal where there is one, else as its text.
fn fitted() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    if let Some(columns) = terminal::columns() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    table
}

/// Prints a table that has rows.
fn show(table: &Table) {
    if !table.is_empty() {
        say(&table.to_string());
    }
}

async fn orders_table(sender: &Sender, paths: &[&str]) -> Result<Table, Failure> {
    let mut table = fitted();
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
    let mut table = fitted();
    table.set_header(["deliveries that touch no order", "answer"]);
    for (name, reply) in others {
        table.add_row([(*name).to_owned(), format!("{} {}", reply.status, reply.body)]);
    }
    table
}

fn shares(order: &OrderView) -> String {
    let lines = order.shares.iter().map(|share| {
        let amount = worth(order, share);
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
