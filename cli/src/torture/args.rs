//! What `quittance torture` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Show the failures of others to a receiver on this machine, and say which of them it has
///
/// Sends signed, forged, repeated and broken notifications about orders that do not exist, and asks the command given with
/// --count-effects how often the goods of each order have left. The status is 1 where a failure was found, 2 where the
/// receiver does not even take a genuine message.
#[derive(Debug, Args)]
pub(crate) struct Torture {
    /// The receiver's whole address: http, and on this machine
    #[arg(required_unless_present = "list")]
    pub(crate) url: Option<String>,
    /// Whose notifications
    #[arg(long, value_enum, required_unless_present = "list")]
    pub(crate) scheme: Option<SchemeName>,
    /// A shell command that prints how often the goods of the order $1 have left: a number
    #[arg(long, value_name = "CMD", required_unless_present = "list")]
    pub(crate) count_effects: Option<String>,
    /// A file with the receiver's keys: the document of `QUITTANCE_…_KEYS`, or the endpoint's secret `whsec_…`
    ///
    /// Without it: the keys of the provider's variable, else the demo's
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Whose orders: Worldline's PSPID; without it the demo's
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<String>,
    /// A shell command that makes the order $1 of $2 minor units of EUR known, before anything is sent about it
    #[arg(long, value_name = "CMD")]
    pub(crate) prepare: Option<String>,
    /// A shell command that restarts the receiver, and ends when it listens again
    #[arg(long, value_name = "CMD")]
    pub(crate) restart: Option<String>,
    /// Only this exhibit; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Not this exhibit; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) except: Vec<String>,
    /// How long to wait for goods that should leave, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) wait: u64,
    /// List the exhibits, and which scheme has them
    #[arg(long)]
    pub(crate) list: bool,
    /// Write what was found into this file, too, as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose way to sign and to word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeName {
    /// Worldline Direct and CAWL: `X-GCS-Signature`
    Worldline,
    /// Systempay and its sister brands: signed forms
    #[value(alias = "systempay")]
    Lyra,
    /// `webhook-signature`, with `payment.succeeded` and the like
    StandardWebhooks,
    /// `Stripe-Signature`, with `payment_intent.succeeded` and the like
    Stripe,
}

impl SchemeName {
    pub(crate) const ALL: [Self; 4] =
        [Self::Worldline, Self::Lyra, Self::StandardWebhooks, Self::Stripe];

    /// As it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Worldline => "worldline",
            Self::Lyra => "lyra",
            Self::StandardWebhooks => "standard-webhooks",
            Self::Stripe => "stripe",
        }
    }
}
