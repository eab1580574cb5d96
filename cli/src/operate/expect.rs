//! `quittance orders expect`: what an order costs, as the merchant says. Nothing is decided here: the order
//! is changed as `POST /expected` changes it.

use std::process::ExitCode;

use clap::Args;
use quittance_aws::amend::{Amender, Price, Registration};
use quittance_aws::clock::now;
use quittance_core::{Currency, Order, OrderKey};
use quittance_psp::PROVIDERS;
use serde_json::json;

use crate::operate::arguments::{amount, currency, key};
use crate::operate::context::Context;
use crate::operate::show::show;
use crate::operate::terminal::NOT_ALL;
use crate::output::{Failure, note, say};

/// The currency of an order of which nothing names one.
const DEFAULT_CURRENCY: &str = "EUR";

#[derive(Debug, Args)]
pub(crate) struct Expect {
    /// The order under any of its names, also before its first notification: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// What it costs, in minor units: 12000 for 120.00 EUR
    #[arg(value_parser = amount)]
    amount: u64,
    /// The currency's code; without it the one that the order's notifications name, else EUR
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
    /// Change nothing: show the order as it would be
    #[arg(long)]
    dry_run: bool,
}

/// Registers. The status is 1 where another amount is registered and something was paid.
pub(crate) async fn run(context: &Context, args: &Expect) -> Result<ExitCode, Failure> {
    context.policy_is_known()?;
    context.retention_is_known()?;
    let (table, policy) = (context.table(), context.settings.policy);
    let currency = match args.currency {
        Some(currency) => currency,
        None => {
            let known = table.load_order(&args.key).await?.order.summary(policy).currency;
            let usual = Currency::from_alpha(DEFAULT_CURRENCY);
            known.or(usual).ok_or("no currency is known: add --currency")?
        }
    };
    let price = Price::new(args.amount, currency).ok_or("not an amount")?;
    let (amender, at) = (Amender { table, archive: context.archive(), policy }, now());
    let registration = if args.dry_run {
        amender.rehearse(&args.key, price, at).await?
    } else {
        amender.register(&args.key, price, at, None).await?
    };
    match &registration {
        Registration::Done { order, released } => {
            let done = if args.dry_run { "would be registered" } else { "registered" };
            tell(context, args, order, done, *released);
        }
        Registration::Known(order) => tell(context, args, order, "already registered", false),
        Registration::Refused(why) => {
            note(&format!("{}: {why}", args.key));
            return Ok(ExitCode::from(NOT_ALL));
        }
        Registration::Busy => {
            note(&format!("{}: a payment of another amount is open", args.key));
            return Ok(ExitCode::from(NOT_ALL));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the order as it is now, and what was done.
fn tell(context: &Context, args: &Expect, order: &Order, done: &str, released: bool) {
    let view = order.view(context.settings.policy, now(), PROVIDERS);
    if context.json {
        let done = done.replace(' ', "_");
        say(&json!({
            "done": done, "released": released, "dry_run": args.dry_run, "order": view,
        })
        .to_string());
        return;
    }
    show(&view, &args.key, order.registered());
    let amount = view.currency.map(|currency| currency.display(args.amount).to_string());
    let released = match (released, args.dry_run) {
        (false, _) => "",
        (true, false) => "; the order is released now",
        (true, true) => "; the order would be released",
    };
    say(&format!("\n{} {done}{released}", amount.unwrap_or_default()));
}
