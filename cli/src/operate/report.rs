//! `quittance report`: what a person has to look at.

use std::process::ExitCode;

use clap::Args;
use report::{Function, Report};

use crate::operate::context::{Common, Context};
use crate::operate::terminal::{count, json, table, verdict};
use crate::output::{Failure, say};

/// Look through all orders for those that a person has to look at
///
/// Paid and not released; released and not paid; a voucher without its complement; a refund of which nobody knows
/// whether it was carried out; given up after 35 days of asking. Nothing is changed. The status is 1 where there
/// is any.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    common: Common,
}

/// Reports.
pub(crate) async fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    context.policy_is_known()?;
    let function = Function { table: context.table(), policy: context.settings.policy };
    let report = function.handle().await?;
    if context.json {
        json(&report)?;
    } else {
        print(&report);
    }
    Ok(verdict(report.unsettled() == 0 && report.unreadable == 0))
}

fn print(report: &Report) {
    let mut listed = table(["what", "order"]);
    for (concern, concerned) in &report.concerns {
        for order in &concerned.orders {
            listed.add_row([concern.as_str().replace('_', " "), order.to_string()]);
        }
        let unnamed = concerned.count - concerned.orders.len();
        if unnamed > 0 {
            listed.add_row([concern.as_str().replace('_', " "), format!("and {unnamed} more")]);
        }
    }
    if !listed.is_empty() {
        say(&listed.trim_fmt());
    }
    let unreadable = match report.unreadable {
        0 => String::new(),
        items => format!("; {} could not be read", count(items, "item")),
    };
    let unsettled = count(report.unsettled(), "concern");
    say(&format!("{}, {unsettled}{unreadable}", count(report.orders, "order")));
}
