//! `quittance orders`: look at orders; the commands that change one are in files of their own.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use lambda_http::http::Request;
use lambda_http::{Body, Response};
use orders::{Function, find};
use quittance_aws::clock::now;
use quittance_aws::table::Stored;
use quittance_core::fact::Flag;
use quittance_core::{OrderKey, OrderView, State, stored};
use quittance_pages::Filter;
use serde_json::{Value, json};

use crate::operate::arguments::{flag, key, length, state};
use crate::operate::context::{Common, Context};
use crate::operate::erase::{self, Erase};
use crate::operate::expect::{self, Expect};
use crate::operate::forget::{self, Forget};
use crate::operate::show::{flags, money, show};
use crate::operate::terminal::{NOT_ALL, rows, table};
use crate::output::{Failure, note, say};

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
    /// List orders; those in one state newest first, without an index of states within each page only
    List(List),
    /// Show one order: state, what it waits for, shares, and what happened when
    Show(Show),
    /// Register what an order costs: from then on that is what has to be paid, whatever else was stated
    ///
    /// What is registered wins over what notifications state: over attempts that ended, earlier sessions, a
    /// cart that changed. An order that is paid by it is released. Another amount is refused once something
    /// was paid.
    Expect(Expect),
    /// Drop statements with more than one reading: they never count for a release, and they use room
    ForgetDoubts(Forget),
    /// Delete the raw notifications of one order: they hold the buyer's personal data
    Erase(Erase),
}

#[derive(Debug, Args)]
struct List {
    /// Only orders in this state
    #[arg(long, value_parser = state())]
    state: Option<State>,
    /// The largest number of orders to list
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only orders with this in their reference, with this payment, or of this amount
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only orders with this flag
    #[arg(long, value_parser = flag())]
    flag: Option<Flag>,
    /// Only orders that are not released
    #[arg(long)]
    unreleased: bool,
    /// Only orders that changed so long ago at most: 90s, 30min, 2h, 7d
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    since: Option<u64>,
}

impl List {
    /// What is wanted beyond a state, newest first; `None` where that is nothing.
    fn filter(&self) -> Option<Filter> {
        let filter = Filter {
            search: self.search.clone().unwrap_or_default(),
            state: None,
            flag: self.flag,
            psp: None,
            unreleased: self.unreleased,
            within: self.since,
        };
        (!filter.is_empty()).then_some(Filter { state: self.state, ..filter })
    }
}

#[derive(Debug, Args)]
struct Show {
    /// The order under any of its names: psp/merchant/mode/order, or its reference alone
    key: String,
    /// The stored item: facts and decisions, and their meaning by today's status tables
    #[arg(long)]
    raw: bool,
}

/// Runs one of the commands.
pub(crate) async fn run(args: &Orders) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    match &args.command {
        Command::List(list) => many(&context, list).await,
        Command::Show(Show { key, raw: is_raw }) => match (named(&context, key).await?, is_raw) {
            (None, _) => Ok(ExitCode::from(NOT_ALL)),
            (Some(key), true) => raw(&context, &key).await,
            (Some(key), false) => one(&context, &key).await,
        },
        Command::Expect(args) => expect::run(&context, args).await,
        Command::ForgetDoubts(args) => forget::run(&context, args).await,
        Command::Erase(erase) => erase::run(&context, erase).await,
    }
}

/// The key that a text is, else the one order that has this reference. Where there is none, or several have it, that is
/// said.
async fn named(context: &Context, text: &str) -> Result<Option<OrderKey>, Failure> {
    if text.contains('/') {
        return Ok(Some(key(text)?));
    }
    let filter = Filter { search: text.to_owned(), ..Filter::default() };
    let found = find(&context.table(), context.settings.policy, &filter, now()).await?;
    let keys = found.orders.into_iter().map(|(order, _)| order.key().clone());
    let keys: Vec<OrderKey> = keys.filter(|key| key.order == text).collect();
    match keys.as_slice() {
        [one] => return Ok(Some(one.clone())),
        [] => note(&format!(
            "no order has the reference {text}. An order of a merchant of whom no other is known is found by its \
             whole key: psp/merchant/mode/order"
        )),
        several => {
            let keys: Vec<String> = several.iter().map(OrderKey::to_string).collect();
            note(&format!("several orders have the reference {text}: {}", keys.join(", ")));
        }
    }
    Ok(None)
}

/// Shows the item under this key itself, which may be a mere name.
async fn raw(context: &Context, key: &OrderKey) -> Result<ExitCode, Failure> {
    let Stored { order, version, joined, former, mark, .. } = context.table().load(key).await?;
    if version.is_none() {
        note(&format!("nothing is stored as {key}"));
        return Ok(ExitCode::from(NOT_ALL));
    }
    let item = json!({
        "version": version,
        "joined": joined.as_ref().map(|join| join.home.to_string()),
        "weak": joined.is_some_and(|join| join.weak),
        "former": former.map(|former| former.to_string()),
        "unsent_since": mark.map(|mark| mark.since),
        "bytes": stored::encode(&order)?.len(),
        "order": order,
    });
    let text = if context.json { item.to_string() } else { serde_json::to_string_pretty(&item)? };
    say(&text);
    Ok(ExitCode::SUCCESS)
}

async fn one(context: &Context, key: &OrderKey) -> Result<ExitCode, Failure> {
    if let Some(variable) = context.guessed() {
        note(&format!("{variable} is not set: the default is shown"));
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

/// Those that a filter wants among the newest, as the console finds them.
async fn wanted(context: &Context, list: &List, filter: &Filter) -> Result<ExitCode, Failure> {
    let (table, policy, now) = (context.table(), context.settings.policy, now());
    let found = find(&table, policy, filter, now).await?;
    let views = found.orders.iter().map(|(order, _)| order.brief(policy, now, table.providers()));
    let limit = usize::try_from(list.limit)?;
    let is_cut = found.orders.len() > limit;
    let views: Vec<OrderView> = views.take(limit).collect();
    if context.json {
        say(&json!({"orders": views, "next": null}).to_string());
    } else {
        let mut listed = table_of_orders();
        for order in &views {
            listed.add_row(row(order)?);
        }
        rows(&listed, "no orders");
    }
    if is_cut {
        note(&format!("there are more than {limit}: raise --limit"));
    } else if found.is_partial {
        note("not all orders were looked at: the exact reference finds any");
    }
    Ok(ExitCode::SUCCESS)
}

fn table_of_orders() -> comfy_table::Table {
    table(["order", "state", "captured", "expected", "released", "flags"])
}

async fn many(context: &Context, list: &List) -> Result<ExitCode, Failure> {
    if let Some(filter) = list.filter() {
        return wanted(context, list, &filter).await;
    }
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
    let mut listed = table_of_orders();
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
