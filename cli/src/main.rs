//! `quittance`: the local stack, and the operator's commands.

mod args;
mod brands;
mod engine;
mod event;
mod keys;
mod operate;
mod play;
mod send;
mod serve;
mod stack;
mod stream;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use lambda_http::tracing::subscriber::filter::LevelFilter;
use lambda_http::tracing::subscriber::fmt;

use crate::args::{Args, Command};
use crate::operate::terminal::note;
use crate::operate::{dlq, orders, quarantine, rebuild, replay, unsent};

/// What stops the command: shown to the user as it is.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let level = if args.local.verbose { LevelFilter::INFO } else { LevelFilter::ERROR };
    // Standard output belongs to the table; logs go beside it.
    fmt().with_max_level(level).with_target(false).with_writer(std::io::stderr).init();
    let result = match args.command {
        Some(command) => run(&command).await,
        None => stack::run(&args.local).await,
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            note(&format!("error: {failure}"));
            ExitCode::from(2)
        }
    }
}

async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Orders(args) => orders::run(args).await,
        Command::Quarantine(args) => quarantine::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Rebuild(args) => rebuild::run(args).await,
        Command::Unsent(args) => unsent::run(args).await,
        Command::Dlq(args) => dlq::run(args).await,
        Command::Keys(args) => operate::keys::run(args).await,
        Command::Send(args) => send::run(args).await,
        Command::Brands(args) => brands::run(args),
        Command::Completions(args) => {
            let (mut command, out) = (Args::command(), &mut std::io::stdout());
            clap_complete::generate(args.shell, &mut command, "quittance", out);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes a line to standard output at once; a reader that has gone away is no failure of ours.
fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
