//! How far a deployment goes, and what stops it: `cargo run --release -p quittance-bench --bin scale`.
//!
//! Writes the tables of docs/scale.md; `--check` says whether they are what it would write.

#![allow(clippy::print_stdout, reason = "tables are what it is for")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fastrand::Rng;
use quittance_bench::scale::{
    Cost, Limits, Poisson, Template, Times, bill, run, rush, steadily, traces,
};

/// The most that is looked at, in orders a second.
const MOST: f64 = 20_000.0;

/// How close a rate is found.
const CLOSE: f64 = 1.02;

/// Where the tables stand in the document.
const BEGIN: &str =
    "<!-- begin: cargo run --release -p quittance-bench --bin scale -- --write -->\n";
const END: &str = "<!-- end -->\n";

/// How far a deployment goes, and what stops it.
#[derive(Parser)]
struct Arguments {
    /// Milliseconds of a call of DynamoDB
    #[arg(long, default_value_t = 5.0)]
    table: f64,
    /// Milliseconds of a call of SQS
    #[arg(long, default_value_t = 15.0)]
    queue: f64,
    /// Milliseconds of the start of an environment
    #[arg(long, default_value_t = 150.0)]
    start: f64,
    /// `WebhookRateLimit` and `WebhookBurstLimit`, in place of the template's
    #[arg(long)]
    rate_limit: Option<f64>,
    /// `WarmUnits`, in place of the template's
    #[arg(long)]
    warm_units: Option<f64>,
    /// `MemorySize`, in place of the template's
    #[arg(long)]
    memory: Option<f64>,
    /// Write the tables into docs/scale.md
    #[arg(long)]
    write: bool,
    /// Fail where docs/scale.md says otherwise
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match told(&Arguments::parse()) {
        Ok(code) => code,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn told(arguments: &Arguments) -> Result<ExitCode, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let mut template = Template::read(&read("template.yaml")?)?;
    if let Some(rate) = arguments.rate_limit {
        (template.route_rate, template.route_burst) = (rate, rate);
    }
    template.warm = arguments.warm_units.unwrap_or(template.warm);
    template.memory = arguments.memory.unwrap_or(template.memory);
    let times = Times {
        table: arguments.table / 1_000.0,
        queue: arguments.queue / 1_000.0,
        start: arguments.start / 1_000.0,
        ..Times::default()
    };
    let tables = tables(&template, &times).map_err(|error| error.to_string())?;
    if !arguments.write && !arguments.check {
        println!("{tables}");
        return Ok(ExitCode::SUCCESS);
    }
    let document = read("docs/scale.md")?;
    let (before, rest) =
        document.split_once(BEGIN).ok_or("docs/scale.md has no place for tables")?;
    let (found, after) = rest.split_once(END).ok_or("docs/scale.md has no end of tables")?;
    if arguments.check {
        let is_same = found == tables;
        println!(
            "docs/scale.md: {}",
            if is_same { "as computed" } else { "not as computed: --write" }
        );
        return Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    std::fs::write(root.join("docs/scale.md"), format!("{before}{BEGIN}{tables}{END}{after}"))
        .map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn tables(template: &Template, times: &Times) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "\n### What stops a deployment, one after the other\n")?;
    for (words, cost) in [("one notification each", Cost::OF_ONE), ("three", Cost::OF_THREE)] {
        writeln!(text, "| orders a second, of {words} | what stops there | who raises it |")?;
        writeln!(text, "|---|---|---|")?;
        ladder(&mut text, Limits::new(template, times), times, cost)?;
        writeln!(text)?;
    }
    writeln!(text, "### A burst of a hundred times the usual rate, for a minute, at Worldline\n")?;
    bursts(&mut text, template, times)?;
    writeln!(text, "\n### Notifications of one order at once\n")?;
    hot(&mut text, times)?;
    writeln!(text, "\n### What a million orders cost in eu-west-3\n")?;
    costs(&mut text, template.memory)?;
    writeln!(text)?;
    Ok(text)
}

/// The highest rate that is kept up, and what stops the next.
fn ladder(text: &mut String, mut limits: Limits, times: &Times, cost: Cost) -> std::fmt::Result {
    loop {
        let (mut kept, mut lost) = (1.0, MOST);
        if steadily(&limits, times, cost, MOST).stopped_by().is_none() {
            writeln!(text, "| more than {MOST} | nothing that was looked at | |")?;
            return Ok(());
        }
        while lost / kept > CLOSE {
            let rate = f64::sqrt(kept * lost);
            match steadily(&limits, times, cost, rate).stopped_by() {
                None => kept = rate,
                Some(_) => lost = rate,
            }
        }
        let Some(by) = steadily(&limits, times, cost, lost).stopped_by() else { return Ok(()) };
        let how = limits.raise(by);
        writeln!(text, "| {} | {} | {how} |", rounded(kept), by.words())?;
    }
}

/// Two digits that count.
fn rounded(rate: f64) -> f64 {
    let unit = 10_f64.powf(rate.log10().floor() - 1.0);
    (rate / unit).round() * unit
}

fn bursts(text: &mut String, template: &Template, times: &Times) -> std::fmt::Result {
    writeln!(
        text,
        "| usual rate | parameters | orders | refusals, and what refused | told within: half, 99 %, all that were told | never heard of |\n|---|---|---|---|---|---|"
    )?;
    let raised =
        Template { route_rate: 2_000.0, route_burst: 2_000.0, warm: 12_000.0, ..*template };
    for usual in [0.1, 1.0, 10.0] {
        for (name, template) in [
            ("as they are", template),
            ("`WebhookRateLimit` and `WebhookBurstLimit` 2000, `WarmUnits` 12000", &raised),
        ] {
            let rates = vec![(60.0, usual), (120.0, usual * 100.0), (180.0, usual)];
            let arrivals = Poisson { rates, rng: Rng::with_seed(14), now: 0.0 };
            let outcome = run(&Limits::new(template, times), times, arrivals);
            let refused = outcome.refusals();
            let by = outcome.refused_by().map_or("", |by| by.words());
            writeln!(
                text,
                "| {usual} | {name} | {} | {refused}{}{by} | {}, {}, {} | {} |",
                outcome.notifications,
                if by.is_empty() { "" } else { ", " },
                time(outcome.within(0.5)),
                time(outcome.within(0.99)),
                time(outcome.within(1.0)),
                outcome.notifications - outcome.told.len(),
            )?;
        }
    }
    Ok(())
}

fn time(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.1} s"),
        120.0..7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}

fn hot(text: &mut String, times: &Times) -> std::fmt::Result {
    writeln!(
        text,
        "| at once | stored | answered 503 | last one stored after | writes in vain for each |\n|---|---|---|---|---|"
    )?;
    for notifications in [2, 10, 30, 100, 300] {
        let outcome = rush(notifications, times);
        writeln!(
            text,
            "| {notifications} | {} | {} | {:.2} s | {:.1} |",
            outcome.stored, outcome.refused, outcome.last, outcome.conflicts
        )?;
    }
    Ok(())
}

fn costs(text: &mut String, memory: f64) -> std::fmt::Result {
    let [one, three] = [bill(1.0, memory), bill(3.0, memory)];
    writeln!(
        text,
        "| item | for an order of one notification | USD | of three | USD |\n|---|---|---|---|---|"
    )?;
    for ((name, amount, of, cost), (_, more, _, dearer)) in one.items.iter().zip(&three.items) {
        writeln!(text, "| {name} | {amount:.3} {of} | {cost:.2} | {more:.3} | {dearer:.2} |")?;
    }
    writeln!(text, "| **sum** | | **{:.2}** | | **{:.2}** |", one.sum(), three.sum())?;
    for rate in [1.0, 10.0, 50.0] {
        let [one, three] = [traces(1.0, rate), traces(3.0, rate)];
        writeln!(
            text,
            "| X-Ray besides, where {rate} come a second | | {one:.2} | | {three:.2} |"
        )?;
    }
    writeln!(
        text,
        "\nA million notifications cost {:.2} USD where each is an order of its own, and {:.2} where three make one, without X-Ray.",
        one.sum(),
        three.sum() / 3.0
    )
}
