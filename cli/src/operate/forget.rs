//! `quittance orders forget-doubts`: drops what rests on forms with more than one reading. It counts for
//! nothing, but it takes room and is shown.

use std::process::ExitCode;

use clap::Args;
use quittance_aws::amend::{Amender, Forgotten};
use quittance_core::{Order, OrderKey};
use quittance_psp::PROVIDERS;
use serde_json::json;

use crate::operate::arguments::key;
use crate::operate::context::Context;
use crate::operate::terminal::{NOT_ALL, clean, confirm, count};
use crate::output::{Failure, note, say};

#[derive(Debug, Args)]
pub(crate) struct Forget {
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// You asked the provider, or looked into its Back Office, and nothing was paid that is not known
    #[arg(long)]
    unpaid: bool,
    /// Only show what would be forgotten
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What an order holds of them.
struct Doubts {
    notifications: Vec<String>,
    facts: usize,
}

/// Forgets, after asking. The status is 1 where no such order is known, the order may have been paid, or the answer was no.
pub(crate) async fn run(context: &Context, args: &Forget) -> Result<ExitCode, Failure> {
    // What an order amounts to is written beside it, as the policy sees it.
    context.policy_is_known()?;
    let table = context.table();
    let stored = table.load_order(&args.key).await?;
    if stored.order.is_blank() && !stored.repaired {
        note(&format!("no order is known as {}", args.key));
        return Ok(ExitCode::from(NOT_ALL));
    }
    let doubts = Doubts::of(&stored.order);
    if !context.json {
        doubts.notifications.iter().for_each(|about| say(&clean(about)));
    }
    let question = format!("Forget {} of {}?", doubts.words(), stored.order.key());
    let is_asked = stored.order.is_asked_for_doubts(context.settings.policy);
    if is_asked {
        note(&format!(
            "the order may have been paid: nothing else has the provider asked about it (quittance ask {})",
            stored.order.key()
        ));
        if !args.unpaid && !args.dry_run {
            note("say --unpaid once you know that it was not");
            return Ok(ExitCode::from(NOT_ALL));
        }
    }
    let ask = !doubts.is_empty() && !args.dry_run;
    if ask && !confirm(&question, args.yes)? {
        return Ok(ExitCode::from(NOT_ALL));
    }
    if ask {
        let amender =
            Amender { table, archive: context.archive(), policy: context.settings.policy };
        // What came in the meantime may need the provider's word.
        if let (_, Forgotten::Asked) = amender.forget_doubts(&args.key, args.unpaid).await? {
            note("the order changed meanwhile, and may have been paid");
            return Ok(ExitCode::from(NOT_ALL));
        }
    }
    if context.json {
        say(&json!({
            "order": stored.order.key().to_string(), "dry_run": args.dry_run,
            "notifications": doubts.notifications, "facts": doubts.facts, "asked": is_asked,
        })
        .to_string());
    } else {
        let become_of_them = if args.dry_run { "would be forgotten" } else { "forgotten" };
        say(&format!("{} {become_of_them}", doubts.words()));
    }
    Ok(ExitCode::SUCCESS)
}

impl Doubts {
    fn of(order: &Order) -> Self {
        let lines = order.lines(PROVIDERS).into_iter().zip(order.notifications());
        let doubtful = lines.filter(|(_, told)| told.standing.is_doubtful());
        Self {
            notifications: doubtful.map(|(line, _)| line).collect(),
            facts: order.facts().iter().filter(|(_, standing)| standing.is_doubtful()).count(),
        }
    }

    fn is_empty(&self) -> bool {
        self.notifications.is_empty() && self.facts == 0
    }

    fn words(&self) -> String {
        let statements = count(self.notifications.len(), "statement");
        format!("{statements} with more than one reading ({})", count(self.facts, "fact"))
    }
}
