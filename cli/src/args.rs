//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Receive payment notifications on this machine, with the handlers that run under Lambda.
///
/// Without a command: starts the local stack, plays the sample events, prints what happened and stays
/// up.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) local: Local,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send an event file to a running stack, signed anew with the configured keys
    Send(Send),
    /// List the brands of the Lyra gateway with their hosts, and those of the configured sites
    Brands(Brands),
}

/// The local stack.
#[derive(Debug, ClapArgs)]
pub(crate) struct Local {
    /// Port to listen on at 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 9000)]
    pub(crate) port: u16,
    /// Keep everything in this directory: it survives restarts and kills
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    pub(crate) data: Option<PathBuf>,
    /// Keep everything in memory (the default)
    #[arg(long)]
    pub(crate) memory: bool,
    /// Do not play the sample events
    #[arg(long)]
    pub(crate) no_play: bool,
    /// Leave after playing; the exit status is 1 when an expectation was not met
    #[arg(long)]
    pub(crate) exit: bool,
    /// Print the address and the result only
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Log every notification to standard error
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Where the sample events are
    #[arg(long, value_name = "DIR")]
    pub(crate) events: Option<PathBuf>,
    /// Port of the embedded DynamoDB at 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub(crate) dynamodb_port: u16,
}

/// How to list.
#[derive(Debug, ClapArgs)]
pub(crate) struct Brands {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to send, and where.
#[derive(Debug, ClapArgs)]
pub(crate) struct Send {
    /// A Lambda Function URL event, like those under events/
    pub(crate) file: PathBuf,
    /// The stack to send it to
    #[arg(long, default_value = "http://127.0.0.1:9000", value_name = "URL")]
    pub(crate) to: String,
    /// Send the signature in the file as it is
    #[arg(long)]
    pub(crate) as_is: bool,
}
