//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;

use crate::operate::dlq::Dlq;
use crate::operate::doctor::Doctor;
use crate::operate::evidence::EvidenceArgs;
use crate::operate::keys::Keys;
use crate::operate::listen::Listen;
use crate::operate::orders::Orders;
use crate::operate::quarantine::Quarantine;
use crate::operate::rebuild::Rebuild;
use crate::operate::refund::{Cancel, Capture, Refund};
use crate::operate::rehearse::Rehearse;
use crate::operate::replay::Replay;
use crate::operate::report::ReportArgs;
use crate::operate::settle::Settle;
use crate::operate::start::{Ask, Checkout};
use crate::operate::ui::Ui;
use crate::operate::unsent::Unsent;
use crate::operate::verify_file::VerifyFile;
use crate::simulate::Simulate;
use crate::story::Trigger;
use crate::torture::args::Torture;

/// Receive payment notifications on this machine, and look after a stack on AWS.
///
/// Without a command: starts the local stack with the handlers that run under Lambda, plays the sample
/// events, prints what happened and stays up. The commands work on the local stack, or with --stack on a
/// deployed one.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXIT)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) local: Local,
}

/// What the exit status means, for every command.
const EXIT: &str = "Exit status: 0 done; 1 something is wrong, or only a part was done; 2 the command could not run.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Orders(Orders),
    Refund(Refund),
    Capture(Capture),
    Cancel(Cancel),
    Settle(Settle),
    Quarantine(Quarantine),
    Replay(Replay),
    Rebuild(Rebuild),
    Rehearse(Rehearse),
    Evidence(EvidenceArgs),
    Verify(VerifyFile),
    Unsent(Unsent),
    Dlq(Dlq),
    Report(ReportArgs),
    Ui(Ui),
    Listen(Listen),
    Checkout(Checkout),
    Ask(Ask),
    Keys(Keys),
    Doctor(Doctor),
    /// Send an event file to a stack, signed anew with the configured keys
    Send(Send),
    /// Play the sample events to a stack, and compare the results with the expectations beside them
    Play(Play),
    Trigger(Trigger),
    Torture(Torture),
    Simulate(Simulate),
    /// List the brands of the Lyra gateway with their hosts, and those of the configured sites
    Brands(Brands),
    /// Print a script that completes this command in a shell
    Completions(Completions),
}

/// For which shell.
#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
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
    /// Exit after playing; the exit status is 1 when an expectation was not met, or keys cannot be used
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
    /// Port of the PSPs' APIs that are played here, at 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub(crate) psp_port: u16,
}

/// How to list.
#[derive(Debug, ClapArgs)]
pub(crate) struct Brands {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to play, and to whom.
#[derive(Debug, ClapArgs)]
pub(crate) struct Play {
    /// Event files, or names of samples (systempay/01-single-card-captured); without any, every sample
    /// that goes to a provider's route
    pub(crate) events: Vec<PathBuf>,
    /// Where the stack is: http or https; the routes are in the events
    #[arg(long, default_value = "http://127.0.0.1:9000", value_name = "URL")]
    pub(crate) against: String,
    /// Print the result only
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// What to send, and where.
#[derive(Debug, ClapArgs)]
pub(crate) struct Send {
    /// A Lambda Function URL event, or the name of a sample (systempay/01-single-card-captured)
    pub(crate) file: PathBuf,
    /// Where to send it: http or https; the route is in the event
    ///
    /// Without it: the deployed stack that --stack names, else the local stack on port 9000
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Send the signature in the file as it is
    #[arg(long)]
    pub(crate) as_is: bool,
    /// Sign with the keys of the deployed stack of this name
    #[arg(long, value_name = "NAME", conflicts_with = "as_is")]
    pub(crate) stack: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_nothing_is_told_every_way_to_name_it() {
        for (command, ways) in [
            (&["replay"][..], "<KEY|--from <FROM>|--to <TO>>"),
            (&["quarantine", "release"], "<SHA256|--all>"),
            (&["trigger"], "<SCENARIO|--list>"),
        ] {
            let told = Args::try_parse_from([&["quittance"], command].concat()).unwrap_err();
            assert!(told.to_string().contains(ways), "{ways} in {told}");
        }
        let both = ["quittance", "quarantine", "release", "0123abcd", "--all"];
        assert!(Args::try_parse_from(both).is_err());
        for range in [
            &["--from", "2026-11-22T10:00:00Z", "--to", "2026-11-22T11:00:00Z"][..],
            &["--to", "2026-11-22T11:00:00Z"],
        ] {
            assert!(Args::try_parse_from([&["quittance", "replay"], range].concat()).is_ok());
        }
    }
}
