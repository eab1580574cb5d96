//! `quittance orders`: look at orders; the commands that change one are in files of their own.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use lambda_http::http::Request;
use lambda_http::{Body, Response};
use orders::Function;
use quittance_core::order::Registered;
use quittance_core::{Kind, OrderKey, OrderView, State};
use quittance_psp::{PROVIDERS, provider};
use serde::Serialize;
use serde_json::{Value, json};

use crate::operate::context::{Common, Context};
use crate::operate::erase::{self, Erase};
use crate::operate::expect::{self, Expect};
use crate::operate::forget::{self, Forget};
use crate::operate::terminal::{NOT_ALL, clean, note, rows, table};
use crate::{Failure, say};

/// Look at orders, say what one costs, or erase what identifies the buyer of one.
#[derive(Debug, Args)]
pub(crate) struct Orders {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List orders; those in one state newest first
    List(List),
    /// Show one order: state, what it waits for, shares, and what happened when
    Show(Show),
    /// Register what an order costs: from then on that is what has to be paid, whatever else was stated
    ///
    /// What is registered wins over what notifications state: over attempts that ended, earlier sessions, a
    /// cart that changed. An order that is paid by it is released. Another amount is refused once something
    /// was paid.
    Expect(Expect),
    /// Drop what rests on forms with more than one reading: it counts for nothing, and takes room
    ForgetDoubts(Forget),
    /// Delete the raw notifications of one order: they hold the buyer's personal data
    Erase(Erase),
}

#[derive(Debug, Args)]
struct List {
    /// Only orders in this state
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
struct Show {
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
}

/// Runs one of the commands.
pub(crate) async fn run(args: &Orders) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    match &args.command {
        Command::List(list) => many(&context, list).await,
        Command::Show(show) => one(&context, &show.key).await,
        Command::Expect(args) => expect::run(&context, args).await,
        Command::ForgetDoubts(args) => forget::run(&context, args).await,
        Command::Erase(erase) => erase::run(&context, erase).await,
    }
}

/// Reads an order's key, also as the path of its resource.
pub(crate) fn key(text: &str) -> Result<OrderKey, String> {
    let key = text.trim_start_matches('/').trim_start_matches("orders/");
    let known = key.parse().ok().filter(|key: &OrderKey| provider(key.psp).is_some());
    known.ok_or_else(|| {
        let psps: Vec<&str> = PROVIDERS.iter().map(|psp| psp.profile().id.as_str()).collect();
        let psps = psps.join(" or ");
        format!(
            "not psp/merchant/mode/order, where a slash within a part is %2F ({psps}; test or production)"
        )
    })
}

fn state(word: &str) -> Result<State, String> {
    State::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        format!("none of {}", words.join(", "))
    })
}

async fn one(context: &Context, key: &OrderKey) -> Result<ExitCode, Failure> {
    if let Some(variable) = context.guessed() {
        note(&format!("{variable} is not set: shown as by its default"));
    }
    let response = get(context, &format!("/orders/{key}")).await?;
    let body = String::from_utf8_lossy(response.body()).into_owned();
    match response.status().as_u16() {
        200 if context.json => say(&body),
        200 => {
            let registered = context.table().load_order(key).await?.order.registered();
            show(&serde_json::from_str(&body)?, key, registered);
        }
        404 => {
            note(&format!("no order is known as {key}"));
            return Ok(ExitCode::from(NOT_ALL));
        }
        status => return Err(format!("order not read ({status})").into()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn many(context: &Context, list: &List) -> Result<ExitCode, Failure> {
    let mut found: Vec<Value> = Vec::new();
    let mut next = None::<String>;
    let wanted = usize::try_from(list.limit)?;
    while found.len() < wanted {
        let mut query = format!("/orders?limit={}", wanted - found.len());
        if let Some(state) = list.state {
            query.push_str(&format!("&state={}", state.as_str()));
        }
        if let Some(cursor) = &next {
            query.push_str(&format!("&cursor={cursor}"));
        }
        let response = get(context, &query).await?;
        if response.status() != 200 {
            return Err(format!("orders not read ({})", response.status().as_u16()).into());
        }
        let mut page: Value = serde_json::from_slice(response.body())?;
        found.extend(page["orders"].as_array_mut().map(std::mem::take).unwrap_or_default());
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    if context.json {
        say(&json!({"orders": found, "next": next}).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut listed = table(["order", "state", "captured", "expected", "released", "flags"]);
    for order in found {
        listed.add_row(row(&serde_json::from_value(order)?)?);
    }
    rows(&listed, "no orders");
    if next.is_some() {
        note(&format!("there are more than {wanted}: raise --limit"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the function that answers `GET /orders…`.
async fn get(context: &Context, path: &str) -> Result<Response<Body>, Failure> {
    let function = Function { table: context.table(), policy: context.settings.policy };
    let request = Request::get(path).header("accept", "application/json").body(Body::Empty)?;
    Ok(function.handle(&request).await)
}

fn row(order: &OrderView) -> Result<[String; 6], Failure> {
    let key = OrderKey::new(order.psp, &order.merchant, order.mode, &order.order)?;
    let released = match &order.fulfilment {
        None => "-".to_owned(),
        Some(fulfilment) => match fulfilment.sent_at {
            Some(_) => fulfilment.decided_at.to_string(),
            None => format!("{} UNSENT", fulfilment.decided_at),
        },
    };
    Ok([
        key.to_string(),
        order.state.as_str().to_owned(),
        money(order, order.captured),
        order.expected.map_or_else(|| "?".to_owned(), |amount| money(order, amount)),
        released,
        flags(order),
    ])
}

fn flags(order: &OrderView) -> String {
    order.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>().join(" ")
}

fn money(order: &OrderView, amount: u64) -> String {
    match order.currency {
        Some(currency) => currency.display(amount).to_string(),
        None => amount.to_string(),
    }
}

/// Prints an order for a person.
pub(crate) fn show(order: &OrderView, asked: &OrderKey, registered: Option<Registered>) {
    let name = clean(&order.order);
    say(&format!(
        "{name}  {} merchant {}, {}",
        order.psp.as_str(),
        clean(&order.merchant),
        order.mode.as_str()
    ));
    if asked.order != order.order {
        say(&format!("  asked for as {}, one of its names", clean(&asked.order)));
    }
    let flags = flags(order);
    say(&format!(
        "state       {}{}{flags}",
        order.state.as_str(),
        if flags.is_empty() { "" } else { "  ! " }
    ));
    if let Some(why) = &order.explanation {
        say(&format!("            {}", clean(why)));
    }
    let expected = order.expected.map_or_else(|| "not known".to_owned(), |e| money(order, e));
    let since = registered.map_or_else(String::new, |r| format!("  registered {}", r.at));
    say(&format!("expected    {expected}{since}"));
    for (what, amount) in [
        ("authorised", order.authorised),
        ("captured", order.captured),
        ("refunded", order.refunded),
    ] {
        say(&format!("{what:<11} {}", money(order, amount)));
    }
    say(&format!("release     {}", release(order)));
    for reversal in &order.reversals {
        let (id, amount) = (&reversal.id, money(order, reversal.amount));
        let (why, sent) = (word(&reversal.reason), sent(reversal.sent_at.is_some()));
        say(&format!("reversal    {id} {amount} {why} {sent}"));
    }
    say("\nshares");
    rows(&shares(order), "none");
    say("\ntimeline");
    let mut times = table(["at", "what"]);
    for (at, what) in orders::timeline(order, registered) {
        times.add_row([at, clean(&what)]);
    }
    rows(&times, "nothing");
}

fn release(order: &OrderView) -> String {
    match &order.fulfilment {
        None => "not decided".to_owned(),
        Some(f) => format!("{} decided {} {}", f.id, f.decided_at, sent(f.sent_at.is_some())),
    }
}

/// Whether the queue was told.
fn sent(sent: bool) -> &'static str {
    if sent { "sent" } else { "UNSENT (the stream sends it, or `unsent resend`)" }
}

/// The word that an enum has in JSON.
fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn shares(order: &OrderView) -> comfy_table::Table {
    let mut shares = table(["method", "amount", "status", "provider's word", "share"]);
    for share in &order.shares {
        let sign = if share.kind == Kind::Credit { "-" } else { "" };
        shares.add_row([
            clean(&share.method),
            format!("{sign}{}", money(order, share.amount)),
            word(&share.status),
            clean(&share.psp_status),
            clean(&share.share),
        ]);
    }
    shares
}
