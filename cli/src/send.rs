//! `quittance send`: an event of one's own, or a sample, signed with the configured keys.

use std::path::PathBuf;
use std::process::ExitCode;

use quittance_psp::worldline::{KEY_ID_HEADER, SIGNATURE_HEADER};
use serde_json::json;

use crate::args::Send;
use crate::event::{Event, Sender};
use crate::keys::Rings;
use crate::operate::context::secret_of;
use crate::operate::terminal::verdict;
use crate::stack::events;
use crate::{Failure, say};

/// Sends the event and prints the answer. The exit status is 1 when it was not accepted.
pub(crate) async fn run(args: &Send) -> Result<ExitCode, Failure> {
    let event = Event::read(&file(args))?;
    let event = if args.as_is { event } else { sign(event, &rings(args).await?).await? };
    let reply = Sender::new(&args.to)?.send(&event).await?;
    if args.json {
        say(&json!({"status": reply.status, "body": reply.body}).to_string());
    } else {
        say(&format!("{} {}", reply.status, reply.body));
    }
    Ok(verdict(reply.status == 200))
}

/// The file as named, else the sample of that name.
fn file(args: &Send) -> PathBuf {
    let sample = events(None).join(&args.file).with_extension("json");
    if !args.file.exists() && sample.is_file() { sample } else { args.file.clone() }
}

async fn rings(args: &Send) -> Result<Rings, Failure> {
    let secret = secret_of(args.stack.as_deref())?;
    Ok(Rings::with_secret(secret, args.stack.is_none()).await)
}

/// Signs the body with the key that the event names.
async fn sign(mut event: Event, rings: &Rings) -> Result<Event, Failure> {
    let body = event.body()?;
    if event.goes_to("/webhooks/systempay") {
        let signed = rings.lyra.verify(|keys| keys.sign(&body).ok_or(()), |()| false).await;
        let signed = signed.map_err(|_| "no key for the site and mode in the body")?;
        return Ok(event.with_body(&signed));
    }
    if event.goes_to("/webhooks/worldline") && !body.is_empty() {
        let key_id = event.headers.get(KEY_ID_HEADER).cloned().unwrap_or_default();
        let signed = |keys: &quittance_psp::worldline::Keys| keys.sign(&key_id, &body).ok_or(());
        let signature = rings.worldline.verify(signed, |()| false).await;
        let signature = signature.map_err(|_| "no key of the id in the header")?;
        event.headers.insert(SIGNATURE_HEADER.to_owned(), signature);
    }
    Ok(event)
}
