//! `quittance quarantine`: genuine notifications that nobody could read.

use std::io::IsTerminal;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgGroup, Args, Subcommand};
use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, ArchivedNotification, Quarantined};
use quittance_aws::clock::now;
use quittance_core::Timestamp;
use quittance_psp::PROVIDERS;
use serde_json::{Value, json};

use crate::operate::context::{Common, Context};
use crate::operate::replayer::{ReplayResult, ReplayStatus, Replayer};
use crate::operate::scratch::ScratchTables;
use crate::operate::terminal::{
    self, NOT_ALL, bar, clean, confirm, rows, short, since, table, verdict,
};
use crate::output::{Failure, note, print, say};

/// Shortest beginning of a digest that may stand for it.
const MIN_PREFIX: usize = 8;

/// What is said of an entry that somebody else has taken out meanwhile.
const GONE: &str = "it is no longer in quarantine";

/// Look at genuine notifications that nobody could read, and decide what becomes of them
#[derive(Debug, Args)]
pub(crate) struct Quarantine {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them with the reason
    List,
    /// Show one: reason, time, headers, and on request its body
    Show(Show),
    /// Process one (or all) again: after an upgrade, or when keys were changed
    ///
    /// A notification leaves the quarantine only when it was stored.
    Release(Release),
    /// Delete one for good
    Discard(Discard),
}

#[derive(Debug, Args)]
struct Show {
    /// SHA-256 of the body, or digest of what was signed; its first 8 digits or more
    #[arg(value_parser = digest)]
    sha256: String,
    /// Print the body, and nothing else unless as JSON: it holds the buyer's personal data
    #[arg(long)]
    body: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").args(["sha256", "all"]).required(true)))]
struct Release {
    /// SHA-256 of the body, or digest of what was signed; its first 8 digits or more
    #[arg(value_parser = digest)]
    sha256: Option<String>,
    /// Try every one
    #[arg(long)]
    all: bool,
    /// Change nothing: show whether it can be read now
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct Discard {
    /// SHA-256 of the body, or digest of what was signed; its first 8 digits or more
    #[arg(value_parser = digest)]
    sha256: String,
    /// Only show what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs one of the commands.
pub(crate) async fn run(args: &Quarantine) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    let archive = context.archive();
    let entries = entries(&archive).await?;
    match &args.command {
        Command::List => list(&context, &entries),
        Command::Show(show) => match one(&entries, &show.sha256)? {
            Some(entry) => present(&context, &archive, entry, show.body).await,
            None => Ok(unknown(&show.sha256)),
        },
        Command::Release(args) => release(&context, &archive, &entries, args).await,
        Command::Discard(args) => match one(&entries, &args.sha256)? {
            Some(entry) => discard(&context, &archive, entry, args).await,
            None => Ok(unknown(&args.sha256)),
        },
    }
}

fn digest(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let is_digest =
        (MIN_PREFIX..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_digest { Ok(text) } else { Err(format!("not {MIN_PREFIX} to 64 hexadecimal digits")) }
}

async fn entries(archive: &Archive) -> Result<Vec<Quarantined>, Failure> {
    let mut entries = Vec::new();
    for provider in PROVIDERS {
        entries.extend(archive.quarantined(provider.profile().id).await?);
    }
    entries.sort_by(|a, b| a.received_at.cmp(&b.received_at));
    Ok(entries)
}

/// The one entry of which a digest begins so: that of the body which came first, or that of what was signed.
fn one<'a>(entries: &'a [Quarantined], digest: &str) -> Result<Option<&'a Quarantined>, Failure> {
    let begins = |entry: &&Quarantined| {
        entry.sha256.starts_with(digest) || entry.content.starts_with(digest)
    };
    let mut found = entries.iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(format!("more than one digest begins with {digest}").into()),
        (entry, _) => Ok(entry),
    }
}

fn unknown(sha256: &str) -> ExitCode {
    note(&format!("{sha256} is not in quarantine"));
    ExitCode::from(NOT_ALL)
}

fn list(context: &Context, entries: &[Quarantined]) -> Result<ExitCode, Failure> {
    if context.json {
        terminal::json(&entries)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut listed = table(["received", "age", "psp", "sha256", "reason"]);
    let at = now();
    for entry in entries {
        let Quarantined { psp, sha256, reason, received_at, .. } = entry;
        let age = Timestamp::parse(received_at).map(|then| since(then, at)).unwrap_or_default();
        listed.add_row([received_at, &age, psp.as_str(), &short(sha256), &clean(reason)]);
    }
    rows(&listed, "the quarantine is empty");
    Ok(ExitCode::SUCCESS)
}

async fn read(archive: &Archive, entry: &Quarantined) -> Result<ArchivedNotification, Failure> {
    let kept = archive.read(&entry.place()?).await?;
    kept.ok_or_else(|| GONE.into())
}

async fn present(
    context: &Context,
    archive: &Archive,
    entry: &Quarantined,
    with_body: bool,
) -> Result<ExitCode, Failure> {
    let kept = read(archive, entry).await?;
    let headers: Vec<(String, String)> = kept.headers.iter().map(redacted).collect();
    if with_body {
        note(
            "the body holds the buyer's personal data: show it to nobody, and delete copies after use",
        );
    }
    if context.json {
        let mut shown = json!({
            "psp": entry.psp, "sha256": entry.sha256, "content": entry.content, "room": entry.room,
            "received_at": entry.received_at, "reason": entry.reason, "headers": headers, "bytes": kept.body.len(),
        });
        if with_body {
            let (name, body) = match String::from_utf8(kept.body) {
                Ok(text) => ("body", text),
                Err(bytes) => ("body_base64", STANDARD.encode(bytes.as_bytes())),
            };
            shown[name] = Value::String(body);
        }
        say(&shown.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    if with_body {
        print_body(&kept.body);
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("psp       {}", entry.psp.as_str()));
    say(&format!("sha256    {}", entry.sha256));
    say(&format!("content   {}", entry.content));
    say(&format!("room      {}", clean(&entry.room)));
    say(&format!("received  {}", entry.received_at));
    say(&format!("reason    {}", clean(&entry.reason)));
    for (name, value) in headers {
        say(&format!("header    {}: {}", clean(&name), clean(&value)));
    }
    say(&format!("body      {} bytes; see --body", kept.body.len()));
    Ok(ExitCode::SUCCESS)
}

/// A header whose value is worth nothing to whoever reads it over a shoulder.
fn redacted((name, value): &(String, String)) -> (String, String) {
    let is_signature = name.to_ascii_lowercase().contains("signature");
    let value = if is_signature { "(redacted)".to_owned() } else { value.clone() };
    (name.clone(), value)
}

/// As it came into a file; without what a terminal would obey on a terminal.
fn print_body(body: &[u8]) {
    if std::io::stdout().is_terminal() {
        say(&clean(&String::from_utf8_lossy(body)));
    } else {
        print(body);
    }
}

async fn release(
    context: &Context,
    archive: &Archive,
    entries: &[Quarantined],
    args: &Release,
) -> Result<ExitCode, Failure> {
    let chosen: Vec<&Quarantined> = match &args.sha256 {
        Some(sha256) => match one(entries, sha256)? {
            Some(entry) => vec![entry],
            None => return Ok(unknown(sha256)),
        },
        None => entries.iter().collect(),
    };
    let scratch = ScratchTables::start(&context.settings).await?;
    let receiver = if args.dry_run {
        scratch.receiver.clone()
    } else {
        context.retention_is_known()?;
        context.receiver()?
    };
    let replayer = Replayer::new(context.rings().await, receiver);
    let bar = bar("releasing", chosen.len());
    let (mut outcomes, mut ended) = (Vec::new(), Ok(()));
    for entry in chosen {
        let outcome = match take(archive, &replayer, entry, args.dry_run).await {
            Ok(outcome) => outcome,
            // Without a store there is no going on, but what was done is told.
            Err(error) => {
                ended = Err(error);
                break;
            }
        };
        if !context.json {
            bar.suspend(|| say(&sentence(entry, &outcome, args.dry_run)));
        }
        bar.inc(1);
        outcomes.push((entry, outcome));
    }
    bar.finish_and_clear();
    if context.json {
        let outcomes = outcomes.iter().map(|(entry, outcome)| {
            json!({
                "sha256": entry.sha256, "psp": entry.psp, "released": outcome.is_well() && !args.dry_run,
                "became": outcome.became, "answer": outcome.answer,
            })
        });
        terminal::json(&outcomes.collect::<Vec<_>>())?;
    } else if outcomes.is_empty() && ended.is_ok() {
        say("the quarantine is empty");
    }
    ended?;
    Ok(verdict(outcomes.iter().all(|(_, outcome)| outcome.is_well())))
}

/// Hands one to its function, and takes it out of the quarantine when that has taken it. An error is one of
/// the store: what is wrong with the entry itself is an outcome.
pub(crate) async fn take(
    archive: &Archive,
    replayer: &Replayer,
    entry: &Quarantined,
    dry_run: bool,
) -> Result<ReplayResult, StoreError> {
    let place = match entry.place() {
        Ok(place) => place,
        Err(error) => return Ok(ReplayResult::new(ReplayStatus::Refused, error.to_string())),
    };
    let outcome = match archive.read(&place).await {
        Ok(Some(kept)) => replayer.take(&kept).await,
        Ok(None) => ReplayResult::new(ReplayStatus::Failed, GONE),
        Err(StoreError::Corrupt(why)) => ReplayResult::new(ReplayStatus::Refused, why),
        Err(error) => return Err(error),
    };
    if !outcome.is_well() || dry_run {
        return Ok(outcome);
    }
    Ok(match archive.discard(entry).await {
        Ok(_) => outcome,
        Err(error) => {
            let ReplayResult { answer, .. } = outcome;
            let why = format!("it was stored ({answer}), but it is still in quarantine: {error}");
            ReplayResult::new(ReplayStatus::Failed, why)
        }
    })
}

fn sentence(entry: &Quarantined, outcome: &ReplayResult, dry_run: bool) -> String {
    let what = match (outcome.is_well(), dry_run) {
        (true, true) => "would be released",
        (true, false) => "released",
        (false, _) => "stays",
    };
    // What empty tables make of the order is no news of the order.
    let answer = outcome.reason.as_ref().unwrap_or(&outcome.answer);
    let answer = if outcome.is_well() && dry_run { "it can be read now" } else { answer };
    format!("{} {what}: {}", short(&entry.sha256), clean(answer))
}

async fn discard(
    context: &Context,
    archive: &Archive,
    entry: &Quarantined,
    args: &Discard,
) -> Result<ExitCode, Failure> {
    let Quarantined { psp, sha256, reason, received_at, .. } = entry;
    let what = format!("{sha256} ({}, received {received_at}: {})", psp.as_str(), clean(reason));
    let question = format!("Delete {what}? What it says about an order is lost.");
    if !args.dry_run && !confirm(&question, args.yes)? {
        return Ok(ExitCode::from(NOT_ALL));
    }
    let deleted = !args.dry_run && archive.discard(entry).await?;
    if context.json {
        terminal::json(&json!({"sha256": sha256, "deleted": deleted, "dry_run": args.dry_run}))?;
    } else if args.dry_run {
        say(&format!("{what} would be deleted"));
    } else {
        say(&format!("{what} deleted"));
    }
    Ok(verdict(deleted || args.dry_run))
}
