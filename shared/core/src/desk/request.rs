//! A refund, a capture or a cancellation that a merchant asked for.

use serde::{Deserialize, Serialize};

use super::line::{Line, LineState};
use crate::money::Currency;
use crate::plan::reasons;
use crate::remark::Remark;
use crate::time::Timestamp;

/// What a merchant asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The merchant's id of it, among those of its kind.
    pub request: String,
    /// What was asked.
    pub content: Content,
    /// The currency of the amounts; `None` where there are none.
    pub currency: Option<Currency>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// The lines, in their order.
    pub lines: Vec<Line>,
    /// When planning with vouchers ended.
    pub voucher_deadline: Option<Timestamp>,
    /// Whether nobody asked for it: it is carried out at once, or planned anew while there is still a reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_itself: bool,
}

/// What is asked: asking the same again is the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Give an amount back.
    Refund {
        /// Minor units.
        amount: u64,
        /// Of what.
        currency: Currency,
    },
    /// Take an amount, or all that is authorised.
    Capture {
        /// Minor units.
        amount: Option<u64>,
        /// Of what.
        currency: Currency,
    },
    /// Give up all that is authorised.
    Cancellation,
}

/// The kinds of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// Money goes back.
    Refund,
    /// Reserved money is taken.
    Capture,
    /// Reserved money is given up.
    Cancellation,
}

impl RequestKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Cancellation => "cancellation",
        }
    }
}

impl Content {
    /// Of which kind it is.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::Refund { .. } => RequestKind::Refund,
            Self::Capture { .. } => RequestKind::Capture,
            Self::Cancellation => RequestKind::Cancellation,
        }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RequestState {
    /// Nothing was sent.
    Planned,
    /// Some line is under way.
    Running,
    /// All is done.
    Done,
    /// Some of it is done, and the rest was refused.
    Partial,
    /// Nothing is done, and nothing more will be.
    Refused,
    /// Nobody knows what became of a line.
    Uncertain,
}

impl Request {
    /// Ends what is not to be sent any more of a request that nobody made. Whether nothing of it is worth keeping, since
    /// nothing was sent.
    pub(super) fn lapse(&mut self, is_released: bool) -> bool {
        let mut waiting = self.lines.iter().filter(|line| line.state == LineState::Planned);
        if !self.by_itself || waiting.next().is_none() {
            return false;
        }
        if self.lines.iter().all(|line| line.called_at.is_none()) {
            return true;
        }
        let waits = |line: &&mut Line| is_released && line.state == LineState::Planned;
        for line in self.lines.iter_mut().filter(waits) {
            line.become_so(LineState::Refused, Some(Remark::plain(reasons::STALE)));
        }
        false
    }

    /// Where it stands.
    pub fn state(&self) -> RequestState {
        let has = |state| self.lines.iter().any(|line| line.state == state);
        let is_open = self.lines.iter().any(|line| !line.state.is_final());
        let has_begun = self.lines.iter().any(|line| line.called_at.is_some());
        // What is skipped in a refund was asked for; in a cancellation there was nothing to do.
        let is_refused = |line: &Line| match line.state {
            LineState::Refused => true,
            LineState::Skipped => self.content.kind() == RequestKind::Refund,
            _ => false,
        };
        let refused = self.lines.iter().any(is_refused);
        match (is_open, has(LineState::Done)) {
            _ if has(LineState::Uncertain) => RequestState::Uncertain,
            (true, _) if has_begun => RequestState::Running,
            (true, _) => RequestState::Planned,
            (false, true) if refused => RequestState::Partial,
            (false, false) if refused => RequestState::Refused,
            (false, _) => RequestState::Done,
        }
    }
}
