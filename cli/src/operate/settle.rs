//! `quittance settle`: what a person found out about a call of which nobody knows what became. What it means is for
//! [`quittance_core::desk`] to say.

use std::process::ExitCode;

use clap::Args;
use quittance_aws::desks::WriteMark;
use quittance_aws::table::Saved;
use quittance_core::desk::{Decision, Line, LineState, LineView, Request};
use quittance_core::{Order, OrderKey, Words};
use quittance_psp::PROVIDERS;
use serde::Serialize;

use crate::operate::arguments::key;
use crate::operate::context::{Common, Context};
use crate::operate::terminal::{NOT_ALL, clean, confirm, count, json, rows, table, verdict};
use crate::output::{Failure, note, say};

/// Say what became of a refund, capture or cancellation that is uncertain, or withdraw one that is planned
///
/// Without --done and --not-done: list the lines of an order's requests, with their numbers. Look into the PSP's portal
/// first: what is said to be not done can be asked for again.
#[derive(Debug, Args)]
pub(crate) struct Settle {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// The number of the line; without it the only one that is uncertain
    line: Option<usize>,
    /// It was done
    #[arg(long, conflicts_with = "not_done")]
    done: bool,
    /// It was not done, and will not be
    #[arg(long)]
    not_done: bool,
    /// The PSP's id of what was done
    #[arg(long, value_name = "ID", requires = "done", conflicts_with = "not_done")]
    psp_id: Option<String>,
    /// Do not ask; the number of the line has to be said then
    #[arg(long, short)]
    yes: bool,
}

/// A line with what it is of.
#[derive(Serialize)]
struct Listed<'a> {
    number: usize,
    kind: &'static str,
    request: &'a str,
    #[serde(flatten)]
    line: LineView,
}

impl Settle {
    /// Lists or settles. The status is 1 where a line is uncertain, there is none to be settled, or nobody knows the order.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        // Whoever runs an old command again must not settle what has become uncertain since.
        if (self.done || self.not_done) && self.yes && self.line.is_none() {
            return Err("with --yes the number of the line is wanted".into());
        }
        let context = Context::open(&self.common).await?;
        let table = context.table();
        let stored = table.load_order(&self.key).await?;
        let held = table.desk_of(&stored.order).await?;
        // What was asked for is an item of its own, and may be there without the order.
        if stored.order.is_blank() && !stored.repaired && held.version.is_none() {
            note(&format!("no order is known as {}", self.key));
            return Ok(ExitCode::from(NOT_ALL));
        }
        let order = stored.order;
        let lines: Vec<(&Request, &Line)> =
            held.desk.requests().iter().flat_map(|r| r.lines.iter().map(move |l| (r, l))).collect();
        let decision = match (self.done, self.not_done) {
            (true, _) => Decision::Done(self.psp_id.clone()),
            (false, true) => Decision::NotDone,
            (false, false) => return list(context.json, &order, &lines),
        };
        let line = match self.chosen(&lines) {
            Ok(line) => line,
            Err(why) => {
                note(&why);
                return Ok(ExitCode::from(NOT_ALL));
            }
        };
        let (amount, verb) = (
            line.currency.display(line.amount),
            LineView::of(line, Words::of(PROVIDERS, order.key().psp)).action,
        );
        let what = if self.done { "was done" } else { "was not done" };
        let when = line.called_at.map_or_else(String::new, |at| format!(", called {at}"));
        let question =
            format!("The {verb} of {amount} of share {}{when}: {what}?", clean(&line.target));
        if !confirm(&question, self.yes)? {
            return Ok(ExitCode::from(NOT_ALL));
        }
        let mut desk = held.desk.clone();
        desk.decide(&line.intent, decision);
        match table.save_desk(&held.place, &desk, held.version, &WriteMark::new()).await? {
            Saved::Done => {
                say(&format!("{amount} of share {} {what}", clean(&line.target)));
                Ok(ExitCode::SUCCESS)
            }
            Saved::Conflict => {
                Err("something became of the order's requests meanwhile: look again".into())
            }
        }
    }

    /// The line that is meant.
    fn chosen<'l>(&self, lines: &[(&Request, &'l Line)]) -> Result<&'l Line, String> {
        let uncertain = |line: &&'l Line| line.state == LineState::Uncertain;
        match self.line {
            Some(number) => {
                let line = number.checked_sub(1).and_then(|at| lines.get(at));
                let (_, line) = line.ok_or_else(|| {
                    format!(
                        "there is no line {number}: the order has {}",
                        count(lines.len(), "line")
                    )
                })?;
                // What a person said before can be corrected, where its number is said.
                Some(*line)
                    .filter(|line| line.is_open_to_decision())
                    .ok_or_else(|| format!("line {number} is neither uncertain nor planned"))
            }
            None => {
                let mut all = lines.iter().map(|(_, line)| *line).filter(uncertain);
                match (all.next(), all.next()) {
                    (Some(line), None) => Ok(line),
                    (None, _) => Err("no line is uncertain".to_owned()),
                    (Some(_), Some(_)) => Err("several lines are uncertain: name one".to_owned()),
                }
            }
        }
    }
}

fn list(as_json: bool, order: &Order, lines: &[(&Request, &Line)]) -> Result<ExitCode, Failure> {
    let words = Words::of(PROVIDERS, order.key().psp);
    let listed = lines.iter().enumerate().map(|(at, (request, line))| Listed {
        number: at + 1,
        kind: request.content.kind().as_str(),
        request: &request.request,
        line: LineView::of(line, words),
    });
    if as_json {
        json(&listed.collect::<Vec<_>>())?;
    } else {
        let mut shown = table([
            "line", "request", "action", "method", "amount", "state", "share", "psp id", "reason",
        ]);
        for (listed, (_, line)) in listed.zip(lines) {
            shown.add_row([
                listed.number.to_string(),
                clean(listed.request),
                listed.line.action.to_owned(),
                clean(&listed.line.method),
                line.currency.display(line.amount).to_string(),
                listed.line.state.to_owned(),
                clean(&listed.line.share),
                clean(listed.line.psp_id.as_deref().unwrap_or_default()),
                clean(listed.line.reason.as_deref().unwrap_or_default()),
            ]);
        }
        rows(&shown, "nothing was asked for");
    }
    Ok(verdict(lines.iter().all(|(_, line)| line.state != LineState::Uncertain)))
}
