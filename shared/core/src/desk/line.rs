//! One line of a request: what is to be done with the money of one share, and how far that is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::api::{Action, Verb};
use crate::money::Currency;
use crate::plan::{PlannedLine, Pledge, Skipped, reasons};
use crate::remark::Remark;
use crate::rules::{Memory, Purse};
use crate::schedule::DAY;
use crate::time::Timestamp;

/// How long before a provider may forget the key of a call it is not used any more, in seconds: clocks differ,
/// and a call takes its time.
pub const KEY_MARGIN_SECONDS: u64 = 60 * 60;

/// How long after a call whose outcome is not known the provider may take to show it, in seconds: a call lasts
/// half a minute at most. Afterwards a person decides.
pub const DOUBT_SECONDS: u64 = 15 * 60;

/// How long a line may be taken without being shown, in seconds. Until then nothing more of the order is sent where each
/// line has to be seen before the next; a refund is shown within seconds, and a night's batch ends what waits for it.
pub const HIDDEN_SECONDS: u64 = DAY;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What names it until a call of it failed; the key of its call is made of it.
    pub intent: String,
    /// The provider's id of what is acted on.
    pub target: String,
    /// The provider's brand, or the name of its product.
    pub method: String,
    /// With what kind of method the money was paid.
    pub purse: Purse,
    /// What is done.
    pub verb: Verb,
    /// How much, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// Whether this is all there is of the target.
    pub whole: bool,
    /// The call may not be made from this moment on.
    pub deadline: Option<Timestamp>,
    /// How far it is.
    pub state: LineState,
    /// When its call was made first.
    pub called_at: Option<Timestamp>,
    /// What was known before that.
    pub before: Snapshot,
    /// The provider's id of what it made of it.
    pub psp_id: Option<String>,
    /// Whether the provider shows it.
    pub seen: bool,
    /// Why it is so.
    pub reason: Option<Remark>,
}

/// How far a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Nothing was sent, or what was sent surely had no effect.
    Planned,
    /// Its call may have been made, and nobody knows with what effect.
    InFlight,
    /// The provider took it, and it is not final.
    Sent,
    /// It is done.
    Done,
    /// The provider refused it, or it was not sent for a reason.
    Refused,
    /// Nobody knows what became of it, and a person has to decide.
    Uncertain,
    /// Nothing was to be done.
    Skipped,
}

/// What was known of a target before a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The credits.
    pub credits: BTreeSet<String>,
    /// Taken and not given back, in minor units.
    pub captured: u64,
    /// Given back or asked for, in minor units.
    pub gone: u64,
    /// Whether a capture or cancellation had failed before.
    pub had_failed: bool,
}

impl LineState {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Planned,
        Self::InFlight,
        Self::Sent,
        Self::Done,
        Self::Refused,
        Self::Uncertain,
        Self::Skipped,
    ];

    /// Its word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::InFlight => "running",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Uncertain => "uncertain",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it stays so.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Skipped)
    }
}

impl Line {
    /// A line as planned.
    pub(super) fn planned(line: PlannedLine, intent: String) -> Self {
        let PlannedLine { target, method, purse, verb, amount, currency, whole, deadline } = line;
        Self {
            intent,
            target,
            method,
            purse,
            verb,
            amount,
            currency,
            whole,
            deadline,
            state: LineState::Planned,
            called_at: None,
            before: Snapshot::default(),
            psp_id: None,
            seen: false,
            reason: None,
        }
    }

    /// A share with which nothing is done.
    pub(super) fn skipped(skipped: Skipped, intent: String) -> Self {
        let Skipped { target, method, amount, currency, reason } = skipped;
        let line = PlannedLine {
            target,
            method,
            purse: Purse::Card,
            verb: Verb::Cancel,
            amount,
            currency,
            whole: false,
            deadline: None,
        };
        let planned = Self::planned(line, intent);
        Self { state: LineState::Skipped, reason: Some(reason), ..planned }
    }

    /// The same, as it was planned.
    pub(super) fn as_planned(&self) -> PlannedLine {
        PlannedLine {
            target: self.target.clone(),
            method: self.method.clone(),
            purse: self.purse,
            verb: self.verb,
            amount: self.amount,
            currency: self.currency,
            whole: self.whole,
            deadline: self.deadline,
        }
    }

    /// What is to be done.
    pub(super) fn action(&self, order: &str) -> Action {
        Action {
            verb: self.verb,
            intent: self.intent.clone(),
            order: order.to_owned(),
            target: self.target.clone(),
            amount: self.amount,
            currency: self.currency,
            whole: self.whole,
        }
    }

    /// What it asks for beyond what the facts show: also what a person says is done.
    pub(super) fn pledge(&self) -> Option<Pledge> {
        let is_asked_for = !self.state.is_final() || self.state == LineState::Done;
        (is_asked_for && !self.seen).then(|| Pledge {
            verb: self.verb,
            target: self.target.clone(),
            purse: self.purse,
            amount: self.amount,
        })
    }

    /// Whether a person may say what became of it: nobody knows, or nothing was sent yet, or a person said so and the
    /// provider shows nothing.
    pub fn is_open_to_decision(&self) -> bool {
        let is_said = self.reason.as_ref().is_some_and(|why| why.code() == reasons::DECIDED);
        matches!(self.state, LineState::Uncertain | LineState::Planned) || (is_said && !self.seen)
    }

    /// Whether its call may be made again with the same effect as once.
    pub(super) fn may_repeat(&self, memory: Memory, now: Timestamp) -> bool {
        match (memory, self.called_at) {
            (Memory::Keys { seconds }, Some(called)) => {
                // Before the first call there is no clock to trust. Nobody knows whether the first call arrived, so the next may
                // be the first, and has its deadline.
                called <= now
                    && self.deadline.is_none_or(|deadline| now < deadline)
                    && now.seconds_since(called) < seconds.saturating_sub(KEY_MARGIN_SECONDS)
            }
            _ => false,
        }
    }

    /// Whether the provider had time enough to show it.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        self.called_at.is_none_or(|called| now.seconds_since(called) >= DOUBT_SECONDS)
    }

    /// Whether the provider took it so long ago, and never showed it, that a person has to look.
    pub(super) fn is_hidden(&self, now: Timestamp) -> bool {
        let took = |called: Timestamp| now.seconds_since(called) >= HIDDEN_SECONDS;
        !self.seen && self.called_at.is_some_and(took)
    }

    /// Ends it, or takes it on.
    pub(super) fn become_so(&mut self, state: LineState, reason: Option<Remark>) {
        self.state = state;
        self.reason = reason;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_not_repeated_behind_its_deadline() {
        let at = |seconds| Timestamp::from_unix(1_795_341_600 + seconds).unwrap();
        let planned = |deadline| PlannedLine {
            target: "1_0".to_owned(),
            method: "CVCO".to_owned(),
            purse: Purse::Voucher,
            verb: Verb::Refund,
            amount: 2_000,
            currency: Currency::from_alpha("EUR").unwrap(),
            whole: false,
            deadline,
        };
        let called = |deadline| Line {
            called_at: Some(at(0)),
            ..Line::planned(planned(deadline), "intent".to_owned())
        };
        let memory = Memory::Keys { seconds: DAY };
        let may = |line: &Line, seconds| line.may_repeat(memory, at(seconds));
        let (free, bound) = (called(None), called(Some(at(600))));
        assert!(may(&free, 599) && may(&free, 600) && may(&free, DAY as i64 - 7_200));
        assert!(may(&bound, 599) && !may(&bound, 600) && !may(&bound, DAY as i64 - 7_200));
        assert!(!may(&free, DAY as i64) && !free.may_repeat(Memory::None, at(1)));
    }
}
