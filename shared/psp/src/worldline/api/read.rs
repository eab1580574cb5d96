//! Reading calls: what is asked again, after which pause, and what is given up.

use quittance_core::api::{Exchange, Trouble, TroubleKind};

use super::call::Request;
use super::failure::{Class, Failure};

/// The pauses between the attempts at one read, in milliseconds: three attempts. Whoever asks does so again by his
/// schedule, so long waits are none of this talk's.
const PAUSES: [u64; 2] = [500, 2_000];

/// One read, until it is answered or given up.
#[derive(Debug)]
pub(super) struct Read {
    request: Request,
    /// How often it failed.
    failed: usize,
    /// Whether what is not there may be there in a moment: the provider has just named it.
    is_fresh: bool,
}

/// What an exchange is to a read.
#[derive(Debug)]
pub(super) enum Heard {
    /// The body of a success.
    Body(Vec<u8>),
    /// There is no such thing.
    Missing,
    /// It is to be asked again after so many milliseconds.
    Again(u64),
    /// It is given up.
    Failed(Trouble),
}

impl Read {
    pub(super) fn of(request: Request) -> Self {
        Self { request, failed: 0, is_fresh: false }
    }

    /// A read of what the provider has named a moment ago.
    pub(super) fn fresh(request: Request) -> Self {
        Self { is_fresh: true, ..Self::of(request) }
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// How its call ended.
    pub(super) fn heard(&mut self, exchange: Exchange) -> Heard {
        let failure = match exchange {
            Exchange::Answered { status: 200..=299, body } => return Heard::Body(body),
            Exchange::Answered { status, body } => Failure::of(self.request.name, status, &body),
            Exchange::Unsent => self.unreachable("was not sent: the host is not reached"),
            Exchange::Lost => self.unreachable("got no whole answer"),
        };
        match failure.class {
            Class::Missing if !self.is_fresh => Heard::Missing,
            Class::Credentials | Class::Refused => Heard::Failed(failure.trouble()),
            class => match self.pause() {
                Some(pause) => Heard::Again(pause),
                None if class == Class::Missing => Heard::Missing,
                None => Heard::Failed(failure.trouble()),
            },
        }
    }

    /// What comes of a body of success that is not understood: the edge may have answered.
    pub(super) fn garbled(&mut self, why: &str) -> Heard {
        let why = format!("the answer of {} is not understood: {why}", self.request.name);
        let trouble = Trouble { kind: TroubleKind::Garbled, why };
        self.pause().map_or(Heard::Failed(trouble), Heard::Again)
    }

    fn pause(&mut self) -> Option<u64> {
        let pause = PAUSES.get(self.failed).copied();
        self.failed += 1;
        pause
    }

    fn unreachable(&self, what: &str) -> Failure {
        Failure { class: Class::Broken, why: format!("{} {what}", self.request.name) }
    }
}
