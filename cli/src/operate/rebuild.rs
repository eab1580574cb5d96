//! `quittance rebuild`: orders anew from the archive, compared with the stored ones (I8).

use std::process::ExitCode;

use clap::Args;
use quittance_core::OrderKey;

use crate::operate::arguments::key;
use crate::operate::context::{Common, Context};
use crate::operate::verify;
use crate::output::Failure;

/// Rebuild orders from the archive in memory, and compare them with the stored ones
///
/// The archive is replayed into empty tables in memory, with the keys and the policy of the environment.
/// Nothing is changed.
#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    common: Common,
    /// Only this order, under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: Option<OrderKey>,
    /// Compare each order with the stored one (required)
    #[arg(long = "verify", required = true)]
    _verify: bool,
}

/// Verifies.
pub(crate) async fn run(args: &Rebuild) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    context.policy_is_known()?;
    verify::run(&context, args.key.as_ref()).await
}
