//! The local stack as a command: engine, functions, PSPs, server and stream, until it is interrupted.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use quittance_aws::ask::Wanted;
use quittance_aws::config::Settings;
use quittance_aws::keys::{KeyRing, SECRET};
use quittance_aws::webhook::AnyKeys;
use quittance_core::Provider;
use quittance_core::fold::{Confirm, Instalments, Policy, ReleaseOn};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Local;
use crate::engine::Engine;
use crate::keys::{Rings, Source, configured, origin};
use crate::operate::terminal::verdict;
use crate::output::{Failure, say};
use crate::psp::Psps;
use crate::samples::samples;
use crate::stack::Stack;
use crate::{play, serve, stream};

/// How often orders are looked for about which a provider is to be asked.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Starts the stack, plays, and stays up until interrupted.
pub(crate) async fn run(args: &Local) -> Result<ExitCode, Failure> {
    let settings = Settings::from_env()?;
    let rings = Rings::with_secret(configured(SECRET), true).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error} (try --port 0)"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let keys = rings.clone();
    let engine = Engine::start(args.data.as_deref(), args.dynamodb_port).await?;
    let (psps, psp_listener) = Psps::open(&url, args.psp_port).await?;
    let apis = psps.apis.clone();
    let stack = Arc::new(Stack::build(&engine, &settings, rings, apis, &url).await?);

    let dispatcher = dispatch::Function { outbox: stack.outbox.clone() };
    let follower = stream::Follower::start(&engine, &settings.table, dispatcher).await;
    tokio::spawn(follower.follow());
    tokio::spawn(serve::run(listener, Arc::clone(&stack), psps.controls()));
    tokio::spawn(Arc::clone(&psps).run(psp_listener));
    tokio::spawn(Arc::clone(&psps).tick());
    tokio::spawn(ask_when_due(Arc::clone(&stack)));

    say(&format!("listening on {url}"));
    if !args.quiet {
        say(&engine.description);
        say(&psps.description);
        for (provider, ring) in keys.each() {
            let route = provider.profile().route;
            say(&format!("{url}{route} {}", origin(provider, ring)));
        }
        say(&policy(settings.policy));
    }
    let mut well = keys.each().all(|(provider, ring)| is_usable(provider, ring));
    if !args.no_play {
        let events = samples(args.events.as_deref())?;
        well &= play::all(&url, &stack, &keys, &events, args.quiet).await?;
    }
    if !args.exit {
        if !args.quiet {
            say(&format!("staying up; the console is on {url}/; press Ctrl-C to stop"));
        }
        interrupted().await?;
    }
    Ok(verdict(well))
}

/// Whether the keys of a provider can be used. Whoever gave no keys wants none; whoever gave some that cannot be used has to
/// hear of it.
fn is_usable(provider: &dyn Provider, ring: &KeyRing<AnyKeys>) -> bool {
    ring.versions() > 0 || Source::of(provider, configured(SECRET).is_some()) == Source::Nowhere
}

/// What decides about a release.
fn policy(policy: Policy) -> String {
    let release = match policy.release_on {
        ReleaseOn::Captured => "is captured",
        ReleaseOn::Secured => "is captured or reserved",
    };
    let instalments = match policy.instalments {
        Instalments::First => "the first instalment of a plan is enough",
        Instalments::All => "all instalments of a plan are waited for",
    };
    let confirm = match policy.confirm {
        Confirm::Off => "a notification is enough",
        Confirm::Ask => "the PSP itself has to say so",
    };
    format!("an order is released once its amount {release}: {confirm}; {instalments}")
}

/// Asks about the orders whose time has come, for ever. What asking brings is sent by the one who follows the stream.
async fn ask_when_due(stack: Arc<Stack>) {
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        if let Err(error) = stack.reconcile.look(Wanted::Due, reconcile::ASKING).await {
            tracing::warn!(%error, "not reconciled");
        }
        stream::ANSWERED.notify_one();
    }
}

async fn interrupted() -> Result<(), Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminated.recv() => {}
    }
    Ok(())
}
