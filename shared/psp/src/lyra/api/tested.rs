//! Whether the credentials are taken. (lyra.md 13.2)

use quittance_core::Timestamp;
use quittance_core::api::{Dialogue, Exchange, Tested, TroubleKind, Turn};
use quittance_core::key::Account;
use serde::{Deserialize, Serialize};

use super::call::Prepared;
use super::credentials::Login;
use super::envelope::trouble;
use super::reads::{Attempt, Read};
use crate::text::Text;

/// What is sent to be sent back.
const VALUE: &str = "quittance";

#[derive(Serialize)]
struct Request {
    value: &'static str,
}

#[derive(Deserialize)]
struct Echo<'e> {
    #[serde(borrow)]
    value: Option<Text<'e>>,
}

/// The talk.
pub(super) struct Test {
    account: Account,
    read: Read,
    state: State,
}

enum State {
    Sending,
    Pausing(u64),
    Ended(Tested),
}

impl Test {
    pub(super) fn new(login: Login<'_>) -> Self {
        let prepared = Prepared::new(login, "Charge/SDKTest", &Request { value: VALUE });
        Self { account: login.account.clone(), read: Read::new(prepared), state: State::Sending }
    }
}

impl Dialogue<Tested> for Test {
    fn next(&mut self, _: Timestamp) -> Turn<Tested> {
        match &self.state {
            State::Sending => Turn::Send(self.read.send()),
            State::Pausing(milliseconds) => {
                let pause = Turn::Pause(*milliseconds);
                self.state = State::Sending;
                pause
            }
            State::Ended(tested) => Turn::End(tested.clone()),
        }
    }

    fn heard(&mut self, exchange: Exchange) {
        let tested = match self.read.heard(&exchange, &self.account) {
            Attempt::Again(milliseconds) => {
                self.state = State::Pausing(milliseconds);
                return;
            }
            Attempt::Failed(trouble) => Err(trouble),
            Attempt::Nothing(failure) => Err(trouble(TroubleKind::Garbled, failure.why())),
            Attempt::Answer(answer) => {
                let echo: Option<Echo<'_>> = serde_json::from_str(answer.get()).ok();
                let is_echo =
                    echo.and_then(|echo| echo.value).is_some_and(|value| &*value == VALUE);
                let why = "the answer is not what was sent";
                is_echo.then_some(()).ok_or_else(|| trouble(TroubleKind::Garbled, why))
            }
        };
        self.state = State::Ended(tested);
    }
}
