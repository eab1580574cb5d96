//! Whether the credentials are taken: a call without effect.

use serde::Deserialize;

use super::call::{Endpoint, Request};
use super::read::{Heard, Read};
use crate::text::Hint;
use quittance_core::Timestamp;
use quittance_core::api::{Dialogue, Exchange, Tested, Trouble, TroubleKind, Turn};

/// The talk.
#[derive(Debug)]
pub(super) struct Test {
    endpoint: Endpoint,
    read: Read,
    pause: Option<u64>,
    end: Option<Tested>,
}

impl Test {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let request = Request::get("TestConnection", "/services/testconnection".to_owned());
        Self { endpoint, read: Read::of(request), pause: None, end: None }
    }
}

impl Dialogue<Tested> for Test {
    fn next(&mut self, now: Timestamp) -> Turn<Tested> {
        if let Some(pause) = self.pause.take() {
            return Turn::Pause(pause);
        }
        match self.end.clone() {
            Some(end) => Turn::End(end),
            None => Turn::Send(self.endpoint.call(self.read.request(), now)),
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        let heard = match self.read.heard(exchange) {
            Heard::Body(body) if is_ok(&body) => {
                self.end = Some(Ok(()));
                return;
            }
            Heard::Body(_) => self.read.garbled("the result is not OK"),
            heard => heard,
        };
        match heard {
            Heard::Again(pause) => self.pause = Some(pause),
            Heard::Failed(trouble) => self.end = Some(Err(trouble)),
            // The merchant's own path is not there.
            Heard::Missing | Heard::Body(_) => {
                let why = "TestConnection answered that there is no such merchant".to_owned();
                self.end = Some(Err(Trouble { kind: TroubleKind::Credentials, why }));
            }
        }
    }
}

fn is_ok(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Result<'a> {
        #[serde(borrow)]
        result: Option<Hint<'a>>,
    }
    let told = serde_json::from_slice::<Result<'_>>(body).ok();
    told.is_some_and(|told| told.result.is_some_and(|result| result.as_str() == Some("OK")))
}
