//! `quittance refund`, `capture`, `cancel`: money goes back, is taken, or is given up, by the routes of a local stack. A
//! deployed stack's routes are for requests that are signed with IAM.

use std::process::ExitCode;

use clap::Args;
use quittance_core::{Currency, OrderKey};
use serde_json::{Value, json};

use crate::event::{Reply, Sender};
use crate::operate::arguments::{amount, currency, key, text};
use crate::operate::context::Common;
use crate::operate::terminal::{NOT_ALL, clean, rows, table, verdict};
use crate::output::{Failure, note, say};

/// The currency of an order of which nothing names one.
const DEFAULT_CURRENCY: &str = "EUR";

/// Give money of an order back: the plan, carried out
///
/// The PSP is asked first. The same request again goes on where it is, and sends nothing twice.
#[derive(Debug, Args)]
pub(crate) struct Refund {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// How much, in minor units: 4000 for 40.00 EUR
    #[arg(value_parser = amount)]
    amount: u64,
    /// Your id of this refund
    #[arg(long, value_name = "ID")]
    request: String,
    /// The currency's code; without it the order's
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
    /// Send and store nothing: show the plan
    #[arg(long)]
    plan_only: bool,
}

/// Take money that is authorised
///
/// The same request again sends nothing twice.
#[derive(Debug, Args)]
pub(crate) struct Capture {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// How much, in minor units; without it all that is authorised
    #[arg(value_parser = amount)]
    amount: Option<u64>,
    /// Your id of this capture
    #[arg(long, value_name = "ID")]
    request: String,
    /// The currency's code; without it the order's
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
}

/// Give up all that is authorised and not taken
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// Your id of this cancellation
    #[arg(long, value_name = "ID")]
    request: String,
}

impl Refund {
    /// Posts it. The status is 1 where it is refused, or not all of it was done.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        let body = json!({
            "order": text(&self.key),
            "request": self.request,
            "amount": self.amount,
            "currency": currency_of(&stack, &self.key, self.currency).await?,
            "plan_only": self.plan_only,
        });
        tell(&stack.post("/refunds", &body).await?, self.common.json)
    }
}

impl Capture {
    /// Posts it. The status is 1 where it is refused.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        let body = json!({
            "order": text(&self.key),
            "request": self.request,
            "amount": self.amount,
            "currency": currency_of(&stack, &self.key, self.currency).await?,
        });
        tell(&stack.post("/captures", &body).await?, self.common.json)
    }
}

impl Cancel {
    /// Posts it. The status is 1 where it is refused.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        let body = json!({"order": text(&self.key), "request": self.request});
        tell(&stack.post("/cancellations", &body).await?, self.common.json)
    }
}

async fn currency_of(
    stack: &Sender,
    key: &OrderKey,
    said: Option<Currency>,
) -> Result<String, Failure> {
    if let Some(said) = said {
        return Ok(said.code().to_owned());
    }
    let order = stack.get(&format!("/orders/{key}")).await?;
    let order: Value = serde_json::from_str(&order.body).unwrap_or_default();
    Ok(order["currency"].as_str().unwrap_or(DEFAULT_CURRENCY).to_owned())
}

/// Prints the answer.
fn tell(reply: &Reply, json: bool) -> Result<ExitCode, Failure> {
    let body: Value = serde_json::from_str(&reply.body)
        .map_err(|_| format!("not the answer of a stack ({})", reply.status))?;
    let error = body["error"].as_str().map(clean);
    match (reply.status, error) {
        (200 | 202 | 404 | 409 | 422, _) if json => say(&body.to_string()),
        (200 | 202, _) => show(&body),
        (404, _) => note("no order is known by this key"),
        (409 | 422, Some(why)) => note(&why),
        (status, why) => return Err(format!("{} ({status})", why.unwrap_or_default()).into()),
    }
    if reply.status >= 400 {
        return Ok(ExitCode::from(NOT_ALL));
    }
    let is_well = ["planned", "running", "done"].iter().any(|state| body["state"] == *state);
    Ok(verdict(is_well))
}

fn show(body: &Value) {
    let word = |value: &Value| clean(value.as_str().unwrap_or_default());
    say(&format!("{}  {}", word(&body["request"]), word(&body["state"])));
    let of_order = &body["order"]["currency"];
    let code = body["currency"].as_str().or_else(|| of_order.as_str()).unwrap_or_default();
    let currency = Currency::from_alpha(code);
    let mut lines = table(["action", "method", "amount", "state", "share", "reason"]);
    for line in body["lines"].as_array().into_iter().flatten() {
        let amount = line["amount"].as_u64().unwrap_or_default();
        let amount = currency
            .map_or_else(|| amount.to_string(), |currency| currency.display(amount).to_string());
        lines.add_row([
            word(&line["action"]),
            word(&line["method"]),
            amount,
            word(&line["state"]),
            word(&line["share"]),
            word(&line["reason"]),
        ]);
    }
    rows(&lines, "nothing to do");
    if let Some(deadline) = body["voucher_deadline"].as_str() {
        say(&format!("vouchers are planned with until {}", clean(deadline)));
    }
}
