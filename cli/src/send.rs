//! `quittance send`: an event of one's own, or a sample, signed with the configured keys.

use std::process::ExitCode;

use quittance_aws::keys::Unverified;
use quittance_aws::webhook::AnyKeys;
use quittance_core::provider::Outgoing;
use serde_json::json;

use crate::args::Send;
use crate::event::{Event, Sender};
use crate::keys::Rings;
use crate::operate::context::{address, secret_of};
use crate::operate::terminal::verdict;
use crate::output::{Failure, say};
use crate::samples::sample;

/// Sends the event and prints the answer. The exit status is 1 when it was not accepted.
pub(crate) async fn run(args: &Send) -> Result<ExitCode, Failure> {
    let event = Event::read(&sample(&args.file)?)?;
    let event = if args.as_is { event } else { sign(event, &rings(args).await?).await? };
    let to = address(args.to.as_deref(), args.stack.as_deref()).await?;
    let reply = Sender::new(&to)?.send(&event).await?;
    if args.json {
        say(&json!({"status": reply.status, "body": reply.body}).to_string());
    } else {
        say(&format!("{} {}", reply.status, reply.body));
    }
    Ok(verdict(reply.status == 200))
}

async fn rings(args: &Send) -> Result<Rings, Failure> {
    let secret = secret_of(args.stack.as_deref())?;
    Ok(Rings::with_secret(secret, args.stack.is_none()).await)
}

/// Signs the message with the key that it names. What goes to no provider, or has nothing to sign, is sent as
/// it is.
pub(crate) async fn sign(mut event: Event, rings: &Rings) -> Result<Event, Failure> {
    let body = event.body()?;
    let to = rings.each().find(|(provider, _)| event.goes_to(provider.profile().route));
    let Some((provider, keys)) = to.filter(|_| !body.is_empty()) else {
        return Ok(event);
    };
    let headers = event.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let message = Outgoing { headers: headers.collect(), body };
    let sign = |keys: &AnyKeys| {
        let mut message = message.clone();
        keys.sign(&mut message).map(|()| message)
    };
    let signed = keys.verify(sign, |_| false).await.map_err(|why| match why {
        Unverified::Refused(why) => why.to_string(),
        Unverified::NoKeys | Unverified::NotOurs => {
            let profile = provider.profile();
            format!("no usable keys of {}: set {}", profile.name, profile.keys_variable)
        }
    })?;
    event.headers = signed.headers.into_iter().collect();
    Ok(event.with_body(&signed.body))
}
