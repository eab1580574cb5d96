//! `quittance send`: an event of one's own, signed with the configured keys.

use std::process::ExitCode;

use quittance_core::worldline::{KEY_ID_HEADER, SIGNATURE_HEADER};

use crate::args::Send;
use crate::event::{Event, Sender};
use crate::stack::Keys;
use crate::{Failure, say};

/// Sends the event and prints the answer. The exit status is 1 when it was not accepted.
pub(crate) async fn run(args: &Send) -> Result<ExitCode, Failure> {
    let event = Event::read(&args.file)?;
    let event = if args.as_is { event } else { sign(event)? };
    let reply = Sender::new(&args.to).send(&event).await?;
    say(&format!("{} {}", reply.status, reply.body));
    Ok(if reply.status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Signs the body with the key that the event names.
fn sign(mut event: Event) -> Result<Event, Failure> {
    let keys = Keys::from_env();
    let body = event.body()?;
    if event.goes_to("/webhooks/systempay") {
        let signed = keys.lyra.and_then(|keys| keys.sign(&body));
        let signed = signed.ok_or("no key for the site and mode in the body")?;
        return Ok(event.with_body(&signed));
    }
    if event.goes_to("/webhooks/worldline") && !body.is_empty() {
        let key_id = event.headers.get(KEY_ID_HEADER).cloned().unwrap_or_default();
        let signature = keys.worldline.and_then(|keys| keys.sign(&key_id, &body));
        let signature = signature.ok_or("no key of the id in the header")?;
        event.headers.insert(SIGNATURE_HEADER.to_owned(), signature);
    }
    Ok(event)
}
