//! A call that changes nothing: it may be repeated. (lyra.md 13.3)

use quittance_core::api::{Call, Exchange, Trouble, TroubleKind};
use quittance_core::key::Account;
use serde_json::value::RawValue;

use super::call::Prepared;
use super::envelope::{Failure, Heard, heard, trouble};
use super::errors::Sense;

/// How often one read is tried in all: a call takes up to half a minute, and whoever asks has minutes.
pub(super) const MAX_ATTEMPTS: u32 = 3;

/// How long to wait before a read is tried again, in milliseconds, by how often it was tried. Most troubles of a
/// network are over in a second.
const PAUSES: [u64; 2] = [500, 2_000];

/// The same after the gateway had enough of us, or was in trouble itself.
const LONG_PAUSES: [u64; 2] = [3_000, 10_000];

/// The pause after so many attempts, unless there were enough.
pub(super) fn pause(attempts: u32, is_long: bool) -> Option<u64> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let pauses = if is_long { LONG_PAUSES } else { PAUSES };
    pauses.get(usize::try_from(attempts.saturating_sub(1)).ok()?).copied()
}

/// A read under way.
pub(super) struct Read {
    prepared: Prepared,
    attempts: u32,
}

/// What one attempt of a read came to.
pub(super) enum Attempt<'e> {
    /// It is to be tried again after so many milliseconds.
    Again(u64),
    /// There is an answer.
    Answer(&'e RawValue),
    /// The gateway says that it has nothing, or too much.
    Nothing(Failure),
    /// It came to nothing.
    Failed(Trouble),
}

impl Read {
    pub(super) fn new(prepared: Prepared) -> Self {
        Self { prepared, attempts: 0 }
    }

    /// What is to be sent.
    pub(super) fn send(&mut self) -> Call {
        self.attempts += 1;
        self.prepared.call()
    }

    /// What the last call came to.
    pub(super) fn heard<'e>(&self, exchange: &'e Exchange, account: &Account) -> Attempt<'e> {
        let unreachable = |why: String| trouble(TroubleKind::Unreachable, why);
        let (is_long, why) = match heard(exchange, self.prepared.service(), account) {
            Heard::Success(answer) => return Attempt::Answer(answer),
            Heard::Failure(failure) => match failure.sense {
                Sense::NotFound | Sense::TooMany => return Attempt::Nothing(failure),
                Sense::Busy | Sense::Platform => (true, unreachable(failure.why())),
                Sense::Credentials | Sense::NotOffered => {
                    return Attempt::Failed(trouble(TroubleKind::Credentials, failure.why()));
                }
                Sense::Request | Sense::State | Sense::Declined | Sense::Unknown => {
                    return Attempt::Failed(trouble(TroubleKind::Garbled, failure.why()));
                }
            },
            Heard::Unsent => (false, unreachable("the provider cannot be reached".to_owned())),
            Heard::Lost => (false, unreachable("no answer of the provider came".to_owned())),
            Heard::Garbled(trouble) => (false, trouble),
        };
        pause(self.attempts, is_long).map_or(Attempt::Failed(why), Attempt::Again)
    }
}
