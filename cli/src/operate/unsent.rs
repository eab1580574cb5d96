//! `quittance unsent`: what is decided and has not reached the queue.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use quittance_aws::clock::now;
use quittance_aws::outbox::Outbox;
use quittance_core::OrderKey;
use quittance_core::message::CloudEvent;
use serde_json::{Value, json};

use crate::operate::arguments::key;
use crate::operate::context::{Common, Context};
use crate::operate::terminal::{NOT_ALL, bar, clean, count, rows, since, table, verdict};
use crate::output::{Failure, note, say};

/// List decisions that were not sent to the queue, and send them
#[derive(Debug, Args)]
pub(crate) struct Unsent {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, the oldest first
    List,
    /// Send them now, as `dispatch` does; sending again what was sent is harmless
    Resend(Resend),
}

#[derive(Debug, Args)]
struct Resend {
    /// Only of this order: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: Option<OrderKey>,
    /// Only show what would be sent
    #[arg(long)]
    dry_run: bool,
}

/// Runs one of the commands.
pub(crate) async fn run(args: &Unsent) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    match &args.command {
        Command::List => list(&context, &messages(&context, None).await?),
        Command::Resend(args) if args.dry_run => {
            if let Some(key) = &args.key
                && context.table().load_order(key).await?.version.is_none()
            {
                return Ok(unknown(key));
            }
            list(&context, &messages(&context, args.key.as_ref()).await?)
        }
        Command::Resend(args) => resend(&context, args.key.as_ref()).await,
    }
}

fn unknown(key: &OrderKey) -> ExitCode {
    note(&format!("no order is known as {key}"));
    ExitCode::from(NOT_ALL)
}

/// What is to be told, by the order that tells it.
async fn messages(
    context: &Context,
    key: Option<&OrderKey>,
) -> Result<Vec<(OrderKey, CloudEvent)>, Failure> {
    let table = context.table();
    let keys = match key {
        Some(key) => vec![key.clone()],
        None => table.unsent().await?.into_iter().map(|found| found.key).collect(),
    };
    let bar = bar("reading orders", keys.len());
    let mut found: Vec<(OrderKey, CloudEvent)> = Vec::new();
    for key in keys {
        let order = table.load_order(&key).await?.order;
        for message in order.unsent_messages(context.settings.policy, now()) {
            // An order and its name may both be marked.
            if !found.iter().any(|(_, known)| known.id == message.id) {
                found.push((order.key().clone(), message));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    found.sort_by_key(|(_, message)| message.time);
    Ok(found)
}

fn list(context: &Context, messages: &[(OrderKey, CloudEvent)]) -> Result<ExitCode, Failure> {
    let at = now();
    if context.json {
        let unsent: Vec<Value> = messages
            .iter()
            .map(|(key, message)| {
                json!({
                    "order": key.to_string(), "id": message.id, "type": message.kind,
                    "decided_at": message.time, "seconds": at.seconds_since(message.time),
                })
            })
            .collect();
        say(&Value::Array(unsent).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut listed = table(["decided", "since", "order", "message", "id"]);
    for (key, message) in messages {
        let kind = message.kind.rsplit('.').next().unwrap_or_default();
        let (decided, since) = (message.time.to_string(), since(message.time, at));
        listed.add_row([decided, since, key.to_string(), kind.to_owned(), message.id.clone()]);
    }
    rows(&listed, "nothing is unsent");
    Ok(ExitCode::SUCCESS)
}

/// Sends order by order: one that cannot be sent does not keep the others from it.
async fn resend(context: &Context, key: Option<&OrderKey>) -> Result<ExitCode, Failure> {
    // A message shows the order as the policy sees it.
    context.policy_is_known()?;
    let (table, policy) = (context.table(), context.settings.policy);
    let outbox = Outbox { table, queue: context.queue().await?, policy };
    let keys = match key {
        None => outbox.table.unsent().await?.into_iter().map(|found| found.key).collect(),
        Some(key) => {
            let stored = outbox.table.load_order(key).await?;
            if stored.version.is_none() {
                return Ok(unknown(key));
            }
            // A mere name may have something to tell as well as the order that it leads to.
            let home = stored.order.key();
            if home == key { vec![home.clone()] } else { vec![home.clone(), key.clone()] }
        }
    };
    let bar = bar("sending", keys.len());
    let (mut sent, mut failures) = (0, Vec::new());
    for key in &keys {
        match outbox.deliver(key).await {
            Ok(messages) => sent += messages,
            Err(error) => failures.push((key, error.to_string())),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if context.json {
        let failed =
            failures.iter().map(|(key, why)| json!({"order": key.to_string(), "why": why}));
        say(&json!({"sent": sent, "failed": failed.collect::<Vec<_>>()}).to_string());
    } else {
        say(&format!("{} sent", count(sent, "message")));
        for (key, why) in &failures {
            say(&format!("{key} not sent: {}", clean(why)));
        }
    }
    Ok(verdict(failures.is_empty()))
}
