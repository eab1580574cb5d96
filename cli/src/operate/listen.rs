//! `quittance listen`: what happens in a stack, a line each, and its messages to an endpoint under development.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use quittance_aws::clock::now;
use quittance_aws::shop::{ShopKey, headers};
use quittance_core::OrderKey;
use quittance_core::crypto::sha256_hex;
use quittance_core::message::CloudEvent;
use quittance_core::notice::Notice;
use serde_json::{Value, json};

use crate::event::{Sender, is_here};
use crate::operate::arguments::length;
use crate::operate::context::{Common, Context};
use crate::operate::logs::Logs;
use crate::operate::terminal::{NOT_ALL, clean, confirm};
use crate::output::{Failure, note, say};

/// What is answered by the local stack only.
pub(crate) const EVENTS: &str = "/local/events";

/// The event that tells of a message.
const SENT: &str = "message sent";

/// How often a message is given to an endpoint that does not take it, and the first pause; each next one is twice as long.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long a stack that is gone is waited for before it is asked again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Follow a stack: a line for each delivery, refusal, message and call of a PSP
///
/// A deployed stack is followed by the log of its functions, some seconds late; that needs logs:FilterLogEvents.
///
/// With --forward-to each message of the queue is posted to your shop's endpoint under development, signed as Standard
/// Webhooks says, so that their libraries verify it. Nothing is taken from the queue.
#[derive(Debug, Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    common: Common,
    /// Where the shop takes messages, as <http://localhost:3000/fulfilment>
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// The secret of the signature (whsec_…); without it one is made and printed
    #[arg(long, value_name = "SECRET", requires = "forward_to")]
    secret: Option<String>,
    /// Begin so long ago, as 90s, 30min, 2h or 7d; for a deployed stack
    #[arg(long, value_name = "TIME", value_parser = length)]
    since: Option<u64>,
    /// Do not ask before messages that were sent before leave this machine
    #[arg(long)]
    yes: bool,
    /// End after so many events, at least 1; for scripts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Posts messages to a shop.
struct Forwarder {
    shop: Sender,
    path: String,
    key: ShopKey,
    as_json: bool,
    /// What was on the queue before, or was given to the shop.
    known: BTreeSet<String>,
}

impl Listen {
    /// Follows until interrupted.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        match &self.common.stack {
            Some(stack) => self.follow_deployed(stack).await,
            None => self.follow_local().await,
        }
    }

    async fn follow_local(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        if self.since.is_some() {
            return Err(
                "--since is for a deployed stack: a local one tells what happens from now on"
                    .into(),
            );
        }
        let mut last = {
            let reply = stack.get(&format!("{EVENTS}?last")).await?;
            let reply: Value = serde_json::from_str(&reply.body).map_err(|_| {
                format!(
                    "{} is no local stack of this version",
                    self.common.local_url().unwrap_or_default()
                )
            })?;
            reply["last"].as_u64().unwrap_or_default()
        };
        let mut forwarder = self.forwarder()?;
        if let Some(forwarder) = &mut forwarder {
            // What was sent before is for whoever listened then.
            forwarder.known = queue(&stack)
                .await?
                .iter()
                .filter_map(|message| Some(message["id"].as_str()?.to_owned()))
                .collect();
        }
        note(&format!("listening to {}; press Ctrl-C to stop", self.common.local_url()?));
        let mut told = 0;
        loop {
            let events = match stack.get(&format!("{EVENTS}?after={last}")).await {
                Ok(reply) => serde_json::from_str::<Vec<Value>>(&reply.body).unwrap_or_default(),
                Err(error) => {
                    note(&format!("{error}: trying again"));
                    // Another process may have taken its place, and counts anew.
                    last = 0;
                    tokio::time::sleep(RECONNECT).await;
                    continue;
                }
            };
            for event in &events {
                last = event["number"].as_u64().unwrap_or(last);
                if self.common.json || !is_told_otherwise(event) {
                    self.tell(event);
                }
                if let Some(forwarder) = forwarder.as_mut().filter(|_| event["message"] == SENT) {
                    match queue(&stack).await {
                        Ok(messages) => forwarder.forward(&messages).await,
                        Err(error) => note(&format!("queue not read: {error}")),
                    }
                }
                told += 1;
                if self.is_enough(told) {
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    }

    async fn follow_deployed(&self, stack: &str) -> Result<ExitCode, Failure> {
        let context = Context::open(&self.common).await?;
        let mut forwarder = self.forwarder()?;
        if let Some(url) = &self.forward_to {
            // A message says what may still be given back.
            context.policy_is_known()?;
            if !is_here(url) {
                let to = clean(url);
                note(&format!(
                    "warning: messages of the stack {stack} leave this machine for {to}; they have references, amounts and \
                     means of payment of its orders"
                ));
                // What was released long ago must not be shipped again by a shop that forgets ids.
                if self.since.is_some()
                    && !confirm(
                        "Messages that were sent before are posted there once more. Go on?",
                        self.yes,
                    )?
                {
                    return Ok(ExitCode::from(NOT_ALL));
                }
            }
        }
        let mut logs =
            Logs::new(context.sdk(), stack, Duration::from_secs(self.since.unwrap_or_default()));
        // Before it is said that it listens: without the log there is nothing to listen to.
        let mut events = logs.next().await?;
        note(&format!("listening to {stack} in {}; press Ctrl-C to stop", logs.region()));
        let mut told = 0;
        loop {
            for event in &events {
                self.tell(event);
                if let Some(forwarder) = forwarder.as_mut().filter(|_| event["message"] == SENT) {
                    match message(&context, event).await {
                        Ok(message) => forwarder.forward(&[message]).await,
                        Err(error) => note(&clean(&format!("not forwarded: {error}"))),
                    }
                }
                told += 1;
                if self.is_enough(told) {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            events = logs.next().await?;
        }
    }

    fn tell(&self, event: &Value) {
        say(&if self.common.json { json_line(event) } else { line(event) });
    }

    fn is_enough(&self, told: u64) -> bool {
        self.count.is_some_and(|count| told >= count)
    }

    fn forwarder(&self) -> Result<Option<Forwarder>, Failure> {
        let Some(url) = &self.forward_to else { return Ok(None) };
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
            .ok_or("--forward-to wants http:// or https://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let secret = match &self.secret {
            Some(secret) => secret.clone(),
            None => {
                // Worth nothing beyond this machine, and another one each time.
                let seed = sha256_hex(
                    format!("{url} {} {:?}", std::process::id(), std::time::SystemTime::now())
                        .as_bytes(),
                );
                let secret = format!("whsec_{}", STANDARD.encode(seed.get(..24).unwrap_or(&seed)));
                note(&format!("messages are signed with {secret}"));
                secret
            }
        };
        let key = ShopKey::read(&secret).map_err(|why| format!("--secret: {why}"))?;
        Ok(Some(Forwarder {
            shop: Sender::new(&format!("{scheme}://{host}"))?,
            path: format!("/{path}"),
            key,
            as_json: self.common.json,
            known: BTreeSet::new(),
        }))
    }
}

async fn queue(stack: &Sender) -> Result<Vec<Value>, Failure> {
    Ok(serde_json::from_str(&stack.get("/local/queue").await?.body)?)
}

/// A message that a deployed stack has sent, made again from the order. That on the queue is for its consumer.
async fn message(context: &Context, event: &Value) -> Result<Value, Failure> {
    let said = |name: &str| event[name].as_str().ok_or_else(|| format!("the log names no {name}"));
    let (id, order) = (said("id")?, said("order")?);
    let key: OrderKey = order.parse().map_err(|_| format!("{order} is no order"))?;
    let (table, policy) = (context.table(), context.settings.policy);
    let stored = table.load_order(&key).await?;
    let notice = Notice::ALL.into_iter().find(|notice| event["kind"] == notice.kind());
    let message = match notice.filter(|_| stored.version.is_some()) {
        // Its id is of what the order held then.
        Some(notice) => Some(CloudEvent {
            id: id.to_owned(),
            ..stored.order.notice(notice, policy, now(), table.providers())
        }),
        None => stored.order.message(id, policy, now()),
    };
    let mut message = message.ok_or_else(|| format!("{order} has no message {id}"))?;
    message.traceparent = event["traceparent"].as_str().map(str::to_owned);
    Ok(serde_json::to_value(message)?)
}

impl Forwarder {
    /// Gives the shop what is new of these, one by one.
    async fn forward(&mut self, messages: &[Value]) {
        for message in messages {
            let Some(id) = message["id"].as_str().map(str::to_owned) else { continue };
            if !self.known.insert(id.clone()) {
                continue;
            }
            let answer = self.deliver(&id, message).await;
            let what = format!("{} {}", word(&message["type"]), word(&message["subject"]));
            say(&if self.as_json {
                json_line(&json!({"forwarded": id, "type": message["type"], "answer": answer}))
            } else {
                format!("{}  forwarded     {what}: {}", clock(&json!(now())), clean(&answer))
            });
        }
    }

    /// Posts one message until the shop takes it, or was asked often enough.
    async fn deliver(&self, id: &str, message: &Value) -> String {
        let body = message.to_string();
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=TRIES {
            let headers = headers(id, now(), body.as_bytes(), std::slice::from_ref(&self.key));
            let headers: Vec<_> =
                headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let answer =
                match self.shop.deliver(&self.path, &headers, body.clone().into_bytes()).await {
                    Ok(reply) if (200..300).contains(&reply.status) => {
                        return reply.status.to_string();
                    }
                    Ok(reply) => reply.status.to_string(),
                    Err(error) => error.to_string(),
                };
            if attempt == TRIES {
                return format!("{answer}, given up after {TRIES} attempts");
            }
            note(&format!("{id}: {answer}; again in {} s", pause.as_secs()));
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        String::new()
    }
}

fn word(value: &Value) -> String {
    clean(value.as_str().unwrap_or_default())
}

/// A document on one line, without what a terminal would obey: JSON lets some of it stand as it is.
fn json_line(value: &Value) -> String {
    let escape = |c: char| {
        if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    value.to_string().chars().map(escape).collect()
}

/// The time of day of an event, in UTC.
fn clock(at: &Value) -> String {
    clean(at.as_str().and_then(|at| at.get(11..19)).unwrap_or_default())
}

/// Whether another event tells the same for people: what a delivery came to, by its answer, and why it was refused.
fn is_told_otherwise(event: &Value) -> bool {
    match event["message"].as_str().unwrap_or_default() {
        "stored" | "already known" | "not tracked" | "quarantined" => true,
        "answered" => event["status"] == 401,
        _ => false,
    }
}

/// An event as a line: when, what, whose, and the rest as it is in the log.
fn line(event: &Value) -> String {
    const APART: [&str; 8] =
        ["at", "level", "number", "message", "order", "psp", "outcome", "function"];
    let mut text = format!("{}  {:<13} ", clock(&event["at"]), word(&event["message"]));
    let whose = if event["order"].is_string() { &event["order"] } else { &event["psp"] };
    text.push_str(&word(whose));
    for (name, value) in event.as_object().into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // What is empty says nothing, and digests are for the log.
        let says_nothing = shown.is_empty()
            || shown == "None"
            || matches!(name.as_str(), "sha256" | "fact" | "content" | "traceparent");
        if name == "answer" {
            text.push_str(&format!("  {}", clean(&shown)));
        } else if !APART.contains(&name.as_str()) && !says_nothing {
            text.push_str(&format!("  {}={}", clean(name), clean(&shown)));
        }
    }
    // Of a deployed stack: whose log to read.
    if event["level"] == "error" && event["function"].is_string() {
        text.push_str(&format!("  function={}", word(&event["function"])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_without_what_a_terminal_would_obey() {
        let event = json!({
            "at": "2026-11-27T2\u{9b}:55:32Z", "level": "error", "message": "not \u{1b}[2Jsent", "function": "dis\u{7}patch",
            "order": "systempay/1/test/A\u{9b}1", "a\u{1b}b": "c\u{9b}d", "n": 7, "sha256": "0", "doubt": "",
        });
        assert_eq!(
            line(&event),
            r"2\u{9b}:55:3  not \u{1b}[2Jsent systempay/1/test/A\u{9b}1  a\u{1b}b=c\u{9b}d  n=7  function=dis\u{7}patch"
        );
        let printed = json_line(&event);
        assert!(!printed.contains(char::is_control), "{printed}");
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), event);
    }
}
