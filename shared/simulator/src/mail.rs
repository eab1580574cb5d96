//! Notifications on their way, and when each provider sends one again.

use quittance_core::provider::{Incoming, Keys, Options, Refused};
use quittance_core::{Reading, Statement};
use quittance_fakes::Notification;

use crate::keys::provider;
use crate::plan::{HOUR, MINUTE, Psp};
use crate::psp::{Sums, at};

/// How long a provider waits for an answer, in milliseconds.
pub(crate) const PATIENCE: i64 = 10_000;

/// After which pauses Worldline sends an event again.
const WORLDLINE: [i64; 5] = [10 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR, 24 * HOUR];

/// How often Lyra sends a notification again, each time at the next quarter hour, where a shop has switched it on.
const LYRA_TIMES: usize = 4;

/// A quarter of an hour, in milliseconds.
const QUARTER: i64 = 15 * MINUTE;

/// One notification.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) psp: Psp,
    pub(crate) sent: Notification,
    pub(crate) sent_at: i64,
    /// What was true of each purchase when it was sent.
    pub(crate) sums: Vec<Sums>,
    /// Which of the provider's attempts is under way.
    pub(crate) attempt: usize,
    /// Whether the provider has heard that it was taken.
    pub(crate) is_over: bool,
    /// Whether anybody was answered that it is taken.
    pub(crate) is_answered: bool,
    /// Whether it is a forger's.
    pub(crate) is_forged: bool,
    /// How many receivers are at it.
    pub(crate) receivers: u32,
}

impl Mail {
    pub(crate) fn new(psp: Psp, sent: Notification, sent_at: i64, sums: &[Sums]) -> Self {
        Self {
            psp,
            sent,
            sent_at,
            sums: sums.to_vec(),
            attempt: 0,
            is_over: false,
            is_answered: false,
            is_forged: false,
            receivers: 0,
        }
    }

    /// When it is sent again that was not taken; `None` where the provider gives it up.
    pub(crate) fn next_attempt(&self, now: i64) -> Option<i64> {
        match self.psp {
            Psp::Worldline => WORLDLINE.get(self.attempt).map(|pause| now + pause),
            Psp::Lyra => (self.attempt < LYRA_TIMES).then(|| (now / QUARTER + 1) * QUARTER),
        }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.sent.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What it says under the first of these keys that verifies it, and which that is.
    pub(crate) fn verified(
        &self,
        keys: Vec<&'static dyn Keys>,
        now: i64,
    ) -> Result<(Vec<Reading>, usize), Refused> {
        let kept = provider(self.psp).profile().kept_headers.iter();
        let headers: Vec<(&'static str, &[u8])> =
            kept.filter_map(|name| Some((*name, self.header(name)?.as_bytes()))).collect();
        let message = Incoming { headers: &headers, body: &self.sent.body, arrived: at(now) };
        let mut why = Refused::UnknownKey;
        for (place, keys) in keys.into_iter().enumerate() {
            match keys.receive(&message, &Options::default()) {
                Ok(received) => return Ok((received.readings, place)),
                Err(refused) => why = refused,
            }
        }
        Err(why)
    }
}

/// What readings state of orders.
pub(crate) fn statements(readings: Vec<Reading>) -> Vec<Statement> {
    let statement = |reading| match reading {
        Reading::Order(statement) => Some(*statement),
        _ => None,
    };
    readings.into_iter().filter_map(statement).collect()
}
