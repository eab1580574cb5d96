//! One call that is sent again only where surely nothing of it was sent.

use quittance_core::api::{Call, Exchange, Turn};

use super::reads::pause;

/// How far such a call is.
pub(super) struct Once<T> {
    attempts: u32,
    state: State<T>,
}

enum State<T> {
    /// To be sent.
    Due,
    /// Given out to be sent, and nothing heard of it.
    Sent,
    Pausing(u64),
    Ended(T),
}

impl<T: Clone> Once<T> {
    /// A call that is to be made.
    pub(super) fn new() -> Self {
        Self { attempts: 0, state: State::Due }
    }

    /// One that is not made: this is what comes of it.
    pub(super) fn over(end: T) -> Self {
        Self { attempts: 0, state: State::Ended(end) }
    }

    /// What comes next. `read` says what an exchange comes to.
    pub(super) fn next(
        &mut self,
        call: impl FnOnce() -> Call,
        read: impl FnOnce(&Exchange) -> T,
    ) -> Turn<T> {
        match &self.state {
            State::Due => {
                self.attempts += 1;
                self.state = State::Sent;
                Turn::Send(call())
            }
            // Whoever asks again without saying how it ended does not know, and must not send it again.
            State::Sent => {
                let end = read(&Exchange::Lost);
                self.state = State::Ended(end.clone());
                Turn::End(end)
            }
            State::Pausing(milliseconds) => {
                let pause = Turn::Pause(*milliseconds);
                self.state = State::Due;
                pause
            }
            State::Ended(end) => Turn::End(end.clone()),
        }
    }

    /// How the call ended.
    pub(super) fn heard(&mut self, exchange: &Exchange, read: impl FnOnce(&Exchange) -> T) {
        if !matches!(self.state, State::Sent) {
            return;
        }
        let again = matches!(exchange, Exchange::Unsent).then(|| pause(self.attempts, false));
        self.state = match again.flatten() {
            Some(milliseconds) => State::Pausing(milliseconds),
            None => State::Ended(read(exchange)),
        };
    }
}
