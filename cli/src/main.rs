//! `quittance`: the local stack, and the operator's commands.

mod args;
mod brands;
mod console;
mod engine;
mod event;
mod examples;
mod feed;
mod keys;
mod local;
mod operate;
mod output;
mod play;
mod psp;
mod rewriting;
mod samples;
mod send;
mod serve;
mod simulate;
mod stack;
mod story;
mod stream;
mod torture;
mod trigger;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use lambda_http::tracing::subscriber::filter::LevelFilter;
use lambda_http::tracing::subscriber::layer::SubscriberExt;
use lambda_http::tracing::subscriber::util::SubscriberInitExt;
use lambda_http::tracing::subscriber::{Layer, fmt, registry};
use mimalloc::MiMalloc;

use crate::args::{Args, Command};
use crate::examples::with_examples;
use crate::feed::FeedLayer;
use crate::operate::{dlq, orders, quarantine, rebuild, rehearse, replay, unsent};
use crate::output::{Failure, note, print};

/// What goes over a whole archive, or over many seeds, allocates most of the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = arguments();
    let level = if args.local.verbose { LevelFilter::INFO } else { LevelFilter::ERROR };
    // Standard output belongs to the table; logs go beside it.
    let log = fmt::layer().with_target(false).with_writer(std::io::stderr).with_filter(level);
    // Only the local stack has somebody who listens to it.
    let feed = args.command.is_none().then(|| FeedLayer.with_filter(LevelFilter::INFO));
    registry().with(log).with(feed).init();
    let result = match args.command {
        Some(command) => run(&command).await,
        None => local::run(&args.local).await,
    };
    match result {
        Ok(_) if !output::is_written() => ExitCode::from(2),
        Ok(code) => code,
        Err(failure) => {
            note(&format!("error: {failure}"));
            ExitCode::from(2)
        }
    }
}

/// The arguments; ends the program where they ask for help, or are none that it understands.
fn arguments() -> Args {
    let matches = with_examples(Args::command()).get_matches();
    Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

async fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Orders(args) => orders::run(args).await,
        Command::Refund(args) => args.run().await,
        Command::Capture(args) => args.run().await,
        Command::Cancel(args) => args.run().await,
        Command::Settle(args) => args.run().await,
        Command::Quarantine(args) => quarantine::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Rebuild(args) => rebuild::run(args).await,
        Command::Rehearse(args) => rehearse::run(args).await,
        Command::Evidence(args) => args.run().await,
        Command::Verify(args) => args.run().await,
        Command::Unsent(args) => unsent::run(args).await,
        Command::Dlq(args) => dlq::run(args).await,
        Command::Checkout(args) => args.run().await,
        Command::Ask(args) => args.run().await,
        Command::Report(args) => operate::report::run(args).await,
        Command::Ui(args) => args.run().await,
        Command::Listen(args) => args.run().await,
        Command::Keys(args) => operate::keys::run(args).await,
        Command::Doctor(args) => args.run().await,
        Command::Send(args) => send::run(args).await,
        Command::Play(args) => play::run(args).await,
        Command::Trigger(args) => trigger::run(args).await,
        Command::Torture(args) => torture::run(args).await,
        Command::Simulate(args) => args.run(),
        Command::Brands(args) => brands::run(args),
        Command::Completions(args) => {
            // It panics where it cannot write, so it writes into memory.
            let (mut command, mut script) = (Args::command(), Vec::new());
            clap_complete::generate(args.shell, &mut command, "quittance", &mut script);
            print(&script);
            Ok(ExitCode::SUCCESS)
        }
    }
}
