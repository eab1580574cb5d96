//! `quittance ui`: the console of a deployed stack, served on this machine with the operator's own credentials.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Args;
use tokio::net::TcpListener;

use crate::console::Console;
use crate::operate::context::{Common, Context};
use crate::operate::replayer::Replayer;
use crate::output::{Failure, note, say};
use crate::serve;

/// Serve the console of a stack on this machine
///
/// The pages are read with the usual AWS configuration, so that a deployed stack needs no public page. They are served on
/// the loopback address alone. A local stack has them at its own address.
#[derive(Debug, Args)]
pub(crate) struct Ui {
    #[command(flatten)]
    common: Common,
    /// Port to listen on at 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 9010)]
    port: u16,
}

impl Ui {
    /// Serves until interrupted.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        if self.common.is_local()? {
            // Who answers there has to be a local stack.
            Context::open(&self.common).await?;
            say(&format!("{}/ is the console of the local stack", self.common.local_url()?));
            return Ok(ExitCode::SUCCESS);
        }
        let context = Context::open(&self.common).await?;
        context.policy_is_known()?;
        // What is processed again is archived again, for as long as the stack keeps it.
        let replayer = match context.retention_is_known() {
            Ok(()) => Some(Replayer::new(context.rings().await, context.receiver()?)),
            Err(why) => {
                note(&format!("nothing is released from quarantine here: {why}"));
                None
            }
        };
        let (table, archive) = (context.table(), context.archive());
        // Refunds are for the stack's own function, which has the API's credentials.
        let console =
            Console { table, archive, policy: context.settings.policy, payer: None, replayer };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen on {address}: {error} (try --port 0)"))?;
        say(&format!("the console is on http://{}/; press Ctrl-C to stop", listener.local_addr()?));
        serve::console_alone(listener, console).await;
        Ok(ExitCode::SUCCESS)
    }
}
