//! `quittance listen`: what happens in the local stack, a line each, and its messages to an endpoint under development.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use quittance_aws::clock::now;
use quittance_aws::shop::{ShopKey, headers};
use quittance_core::crypto::sha256_hex;
use serde_json::{Value, json};

use crate::event::Sender;
use crate::operate::context::Common;
use crate::operate::terminal::clean;
use crate::output::{Failure, note, say};

/// What is answered by the local stack only.
pub(crate) const EVENTS: &str = "/local/events";

/// How often a message is given to an endpoint that does not take it, and the first pause; each next one is twice as long.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long a stack that is gone is waited for before it is asked again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Follow a local stack: a line for each delivery, refusal, message and call of a PSP
///
/// With --forward-to each message of the queue is posted to your shop's endpoint under development, signed as Standard
/// Webhooks says, so that their libraries verify it.
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
    /// End after so many events; for scripts
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Posts messages to a shop.
struct Forwarder {
    shop: Sender,
    path: String,
    key: ShopKey,
    /// What was on the queue before, or was given to the shop.
    known: BTreeSet<String>,
}

impl Listen {
    /// Follows until interrupted.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        if let Some(stack) = &self.common.stack {
            return Err(format!(
                "a deployed stack's log is in CloudWatch: aws logs tail --follow /aws/lambda/{stack}-worldline-webhook \
                 (or -systempay-ipn, -dispatch, -reconcile)"
            )
            .into());
        }
        let stack = Sender::new(self.common.local_url()?)?;
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
        let mut forwarder = match &self.forward_to {
            Some(url) => Some(self.forwarder(url, &stack).await?),
            None => None,
        };
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
                if self.common.json {
                    say(&event.to_string());
                } else if !is_told_otherwise(event) {
                    say(&line(event));
                }
                if let Some(forwarder) =
                    forwarder.as_mut().filter(|_| event["message"] == "message sent")
                {
                    forwarder.forward(&stack, self.common.json).await;
                }
                told += 1;
                if self.count.is_some_and(|count| told >= count) {
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    }

    async fn forwarder(&self, url: &str, stack: &Sender) -> Result<Forwarder, Failure> {
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
        let mut forwarder = Forwarder {
            shop: Sender::new(&format!("{scheme}://{host}"))?,
            path: format!("/{path}"),
            key,
            known: BTreeSet::new(),
        };
        // What was sent before is for whoever listened then.
        forwarder.known = queue(stack)
            .await?
            .iter()
            .filter_map(|message| Some(message["id"].as_str()?.to_owned()))
            .collect();
        Ok(forwarder)
    }
}

async fn queue(stack: &Sender) -> Result<Vec<Value>, Failure> {
    Ok(serde_json::from_str(&stack.get("/local/queue").await?.body)?)
}

impl Forwarder {
    /// Gives the shop what is new on the queue, oldest first.
    async fn forward(&mut self, stack: &Sender, as_json: bool) {
        let messages = match queue(stack).await {
            Ok(messages) => messages,
            Err(error) => return note(&format!("queue not read: {error}")),
        };
        for message in messages {
            let Some(id) = message["id"].as_str().map(str::to_owned) else { continue };
            if !self.known.insert(id.clone()) {
                continue;
            }
            let answer = self.deliver(&id, &message).await;
            let what = format!("{} {}", word(&message["type"]), word(&message["subject"]));
            say(&if as_json {
                json!({"forwarded": id, "type": message["type"], "answer": answer}).to_string()
            } else {
                format!("{}  forwarded     {what}: {answer}", clock(&json!(now())))
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

/// The time of day of an event, in UTC.
fn clock(at: &Value) -> String {
    at.as_str().and_then(|at| at.get(11..19)).unwrap_or_default().to_owned()
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
    const APART: [&str; 7] = ["at", "level", "number", "message", "order", "psp", "outcome"];
    let mut text = format!("{}  {:<13} ", clock(&event["at"]), word(&event["message"]));
    let whose = if event["order"].is_string() { &event["order"] } else { &event["psp"] };
    text.push_str(&word(whose));
    for (name, value) in event.as_object().into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // What is empty says nothing, and digests are for the log.
        let says_nothing =
            shown.is_empty() || shown == "None" || name == "sha256" || name == "traceparent";
        if name == "answer" {
            text.push_str(&format!("  {}", clean(&shown)));
        } else if !APART.contains(&name.as_str()) && !says_nothing {
            text.push_str(&format!("  {name}={}", clean(&shown)));
        }
    }
    text
}
