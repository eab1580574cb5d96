//! `quittance`: the local stack, and what one needs to play with it.

mod args;
mod brands;
mod engine;
mod event;
mod play;
mod send;
mod serve;
mod stack;
mod stream;

use std::process::ExitCode;

use clap::Parser;
use lambda_http::tracing::subscriber::filter::LevelFilter;
use lambda_http::tracing::subscriber::fmt;

use crate::args::{Args, Command};

/// What stops the command: shown to the user as it is.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let level = if args.local.verbose { LevelFilter::INFO } else { LevelFilter::ERROR };
    // Standard output belongs to the table; logs go beside it.
    fmt().with_max_level(level).with_target(false).with_writer(std::io::stderr).init();
    let result = match args.command {
        Some(Command::Send(send)) => send::run(&send).await,
        Some(Command::Brands(args)) => brands::run(&args),
        None => stack::run(&args.local).await,
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::from(2)
        }
    }
}

/// Writes a line to standard output at once; a reader that has gone away is no failure of ours.
fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
