//! Writing calls: what is sent again under the same key, and when nobody knows what was done. (worldline.md 12)

use quittance_core::Timestamp;
use quittance_core::api::{Call, Exchange, Trouble};

use super::call::{Endpoint, Request};
use super::failure::{Class, Failure};

/// The pauses between the attempts at one write, in milliseconds: four attempts within the half minute that a
/// caller may wait.
const PAUSES: [u64; 3] = [1_000, 3_000, 8_000];

/// One write under one key, until it is answered or given up. Every attempt has the key of the first, so that the
/// provider takes all of them for one.
#[derive(Debug)]
pub(super) struct Write {
    endpoint: Endpoint,
    request: Request,
    failed: usize,
    pause: Option<u64>,
    /// The first thing that left it open whether something was done.
    doubt: Option<Trouble>,
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The provider refused it for good, and nothing was done.
    Refused(String),
    /// Surely nothing was done.
    Nothing(Trouble),
    /// It was answered as failed, and would be again under its key.
    Failed(Trouble),
    /// Nobody knows.
    Uncertain(Trouble),
}

/// What comes next.
pub(super) enum Next {
    Pause(u64),
    Send(Box<Call>),
}

impl Write {
    pub(super) fn new(endpoint: Endpoint, request: Request) -> Self {
        Self { endpoint, request, failed: 0, pause: None, doubt: None }
    }

    pub(super) fn next(&mut self, now: Timestamp) -> Next {
        match self.pause.take() {
            Some(pause) => Next::Pause(pause),
            None => Next::Send(Box::new(self.endpoint.call(&self.request, now))),
        }
    }

    /// The body of a success that is answered, or how the write ended; nothing where it goes on.
    pub(super) fn heard(&mut self, exchange: Exchange) -> Result<Vec<u8>, Option<Written>> {
        let name = self.request.name;
        let failure = match exchange {
            Exchange::Answered { status: 200..=299, body } => return Ok(body),
            Exchange::Answered { status, body } => Failure::of(name, status, &body),
            Exchange::Unsent => {
                let why = format!("{name} was not sent: the host is not reached");
                Failure { class: Class::Busy, why }
            }
            Exchange::Lost => {
                Failure { class: Class::Broken, why: format!("{name} got no whole answer") }
            }
        };
        Err(self.failed(failure))
    }

    /// The same of a success whose body is not understood: it was done, or the edge answered.
    pub(super) fn garbled(&mut self, why: &str) -> Option<Written> {
        let why = format!("the answer of {} is not understood: {why}", self.request.name);
        self.failed(Failure { class: Class::Garbled, why })
    }

    fn failed(&mut self, failure: Failure) -> Option<Written> {
        let class = failure.class;
        let is_open = matches!(class, Class::Broken | Class::Garbled | Class::Running);
        if is_open && self.doubt.is_none() {
            self.doubt = Some(failure.clone().trouble());
        }
        let goes_on = is_open || class == Class::Busy;
        if goes_on && let Some(pause) = PAUSES.get(self.failed) {
            self.failed += 1;
            self.pause = Some(*pause);
            return None;
        }
        // Once it may have been done, no later answer says that it was not: the refusal may be of a second try.
        let ended = match self.doubt.take() {
            Some(doubt) => Written::Uncertain(doubt),
            None => match class {
                Class::Refused | Class::Missing => Written::Refused(failure.why),
                Class::Busy => Written::Nothing(failure.trouble()),
                Class::Credentials | Class::Technical => Written::Failed(failure.trouble()),
                Class::Broken | Class::Garbled | Class::Running => {
                    Written::Uncertain(failure.trouble())
                }
            },
        };
        Some(ended)
    }
}
