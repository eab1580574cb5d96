//! `quittance checkout` and `quittance ask`: a payment is started, or its provider asked, by the routes of a local stack. A
//! deployed stack's routes are for requests that are signed with IAM.

use std::process::ExitCode;

use clap::Args;
use quittance_core::{Currency, OrderKey};
use serde_json::{Value, json};

use crate::event::{Reply, Sender};
use crate::operate::arguments::{amount, currency, key, text};
use crate::operate::context::{Common, Context};
use crate::operate::show::show;
use crate::operate::terminal::{NOT_ALL, clean};
use crate::output::{Failure, note, say};

/// Start a payment, and print where the buyer pays
///
/// The amount is registered for the order before the buyer can pay. The same again shows the session that is open.
#[derive(Debug, Args)]
pub(crate) struct Checkout {
    #[command(flatten)]
    common: Common,
    /// The order: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// What it costs, in minor units: 14000 for 140.00 EUR
    #[arg(value_parser = amount)]
    amount: u64,
    /// The currency's code
    #[arg(long, value_name = "CODE", value_parser = currency, default_value = "EUR")]
    currency: Currency,
    /// With what the buyer may pay
    #[arg(long, default_value = "CVCO", value_parser = ["CVCO", "card", "any"])]
    method: String,
    /// How he gets to the PSP
    #[arg(long, default_value = "hosted", value_parser = ["hosted", "server", "link"])]
    flow: String,
    /// Reserve the money only, to be captured later
    #[arg(long)]
    approval: bool,
    /// Who has the vouchers, where no page asks: 11 digits or an e-mail address
    #[arg(long, value_name = "ID")]
    beneficiary: Option<String>,
    /// The language of the page: `fr_FR`
    #[arg(long)]
    locale: Option<String>,
    /// Where the shop wants the buyer afterwards; without it the orders of the stack
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,
}

/// Ask the PSP what it knows of an order, now
#[derive(Debug, Args)]
pub(crate) struct Ask {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
}

impl Checkout {
    /// Posts it. The status is 1 where it is refused.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        let orders = || format!("{}/orders", stack.url());
        let body = json!({
            "order": text(&self.key),
            "amount": self.amount,
            "currency": self.currency.code(),
            "method": self.method,
            "flow": self.flow,
            "approval": self.approval,
            "beneficiary": self.beneficiary,
            "locale": self.locale,
            "return_url": self.return_url.clone().unwrap_or_else(orders),
        });
        let reply = stack.post("/checkouts", &body).await?;
        let Some(started) = taken(&reply, self.common.json)? else {
            return Ok(ExitCode::from(NOT_ALL));
        };
        if !self.common.json {
            print(&started["checkout"]);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Ask {
    /// Posts it. The status is 1 where there is nothing to ask with, or nobody knows the order.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let stack = Sender::new(self.common.local_url()?)?;
        let context = Context::open(&self.common).await?;
        let reply = stack.post("/asks", &json!({"order": text(&self.key)})).await?;
        let Some(order) = taken(&reply, self.common.json)? else {
            return Ok(ExitCode::from(NOT_ALL));
        };
        if !self.common.json {
            // The answer does not say what was registered, and when.
            let registered = context.table().load_order(&self.key).await?.order.registered();
            show(&serde_json::from_value(order)?, &self.key, registered);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What was answered; `None` where it was refused, which is told.
fn taken(reply: &Reply, json: bool) -> Result<Option<Value>, Failure> {
    let body: Value = serde_json::from_str(&reply.body)
        .map_err(|_| format!("not the answer of a stack ({})", reply.status))?;
    let why = body["error"].as_str().map(clean).unwrap_or_default();
    match reply.status {
        200 | 201 => {
            if json {
                say(&body.to_string());
            }
            Ok(Some(body))
        }
        404 | 409 | 422 => {
            note(&why);
            Ok(None)
        }
        status => Err(format!("{why} ({status})").into()),
    }
}

/// Prints what the buyer gets.
fn print(checkout: &Value) {
    let said = |name: &str| checkout[name].as_str().map(clean);
    say(&format!("session  {}", said("id").unwrap_or_default()));
    for (name, what) in
        [("redirect_url", "pay at"), ("app_url", "in the app"), ("polling_url", "poll")]
    {
        if let Some(address) = said(name) {
            say(&format!("{what:<8} {address}"));
        }
    }
    if let Some(action) = checkout["form"]["action"].as_str() {
        say(&format!("post to  {}", clean(action)));
        for (name, value) in checkout["form"]["fields"].as_object().into_iter().flatten() {
            say(&format!("         {name}={}", clean(value.as_str().unwrap_or_default())));
        }
    }
}
