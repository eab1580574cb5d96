//! What is stored for an order, and how it changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::line::{Line, LineState};
use super::request::{Content, Request, RequestKind, RequestState};
use super::sight::{Sight, sight, snapshot};
use crate::api::{Action, Effect, Verb};
use crate::fold::holdings;
use crate::ids::identifier;
use crate::order::Order;
use crate::plan::{self, Pledge, Refusal, Wanted, reasons};
use crate::remark::Remark;
use crate::rules::{Memory, Preference, Purse, Rules};
use crate::schedule::DAY;
use crate::time::Timestamp;

/// The version that is written.
const VERSION: u8 = 1;

/// Most requests of one order, about half a kilobyte each: the table bounds an item at 400 KB, and an order of
/// thirty shares needs fewer.
pub const MAX_REQUESTS: usize = 128;

/// Least time between a call and the next look, in seconds: whoever made the call has stored by then what it came to.
const LEAST_PAUSE_SECONDS: u64 = 60;

/// The refunds, captures and cancellations of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    version: u8,
    requests: Vec<Request>,
}

/// A stored desk cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer release wrote it.
    #[error("the stored refunds have version {0}, which this release does not know")]
    Version(u8),
    /// It is damaged.
    #[error("the stored refunds are damaged")]
    Damaged,
}

/// What a merchant asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct New<'a> {
    /// The merchant's id of it.
    pub request: &'a str,
    /// What.
    pub content: Content,
}

/// What comes of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is planned, and the desk is to be stored.
    Planned,
    /// It is known already.
    Known,
    /// The same id was used for something else.
    Conflict,
    /// Another request is under way, or nobody knows what became of it.
    Busy,
    /// The order has as many requests as are allowed.
    Full,
    /// Rules forbid it.
    Refused(Refusal),
}

/// What a person found out about an uncertain line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It was done; this is the provider's id of it.
    Done(Option<String>),
    /// Nothing was done, and nothing will be.
    NotDone,
}

impl Default for Desk {
    fn default() -> Self {
        Self { version: VERSION, requests: Vec::new() }
    }
}

impl Desk {
    /// Reads what [`Desk::to_json`] writes.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        let Versioned { version } = serde_json::from_str(text).map_err(|_| Unreadable::Damaged)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        serde_json::from_str(text).map_err(|_| Unreadable::Damaged)
    }

    /// The desk as JSON.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written: no map has a key that is not a text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What was asked for, oldest first.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// One request.
    pub fn find(&self, kind: RequestKind, request: &str) -> Option<&Request> {
        self.requests.iter().find(|known| known.content.kind() == kind && known.request == request)
    }

    /// Whether a later look has something to do.
    pub fn is_open(&self) -> bool {
        self.lines().any(|line| !line.state.is_final())
    }

    /// Whether nobody knows what became of one of its lines: a person has to decide.
    pub fn is_uncertain(&self) -> bool {
        self.lines().any(|line| line.state == LineState::Uncertain)
    }

    /// When somebody is to look again at what is not final: after as much time as has passed since the last call or
    /// plan, a minute at least and a day at most. `None` where all is final. What is uncertain stays due: the provider
    /// may show it yet, and a person has to decide.
    pub fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let times = self.requests.iter().flat_map(|request| {
            let open = request.lines.iter().filter(|line| !line.state.is_final());
            open.map(|line| line.called_at.unwrap_or(request.planned_at))
        });
        let pause = now.seconds_since(times.max()?).clamp(LEAST_PAUSE_SECONDS, DAY);
        now.later(pause)
    }

    /// What is asked for beyond what the facts show: to be planned with as if it were done.
    pub fn pledges(&self) -> Vec<Pledge> {
        self.lines().filter_map(Line::pledge).collect()
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.requests.iter().flat_map(|request| &request.lines)
    }

    fn line_mut(&mut self, intent: &str) -> Option<&mut Line> {
        let mut lines = self.requests.iter_mut().flat_map(|request| &mut request.lines);
        lines.find(|line| line.intent == intent)
    }

    /// Takes a request, whose order was just asked about. Only [`Answer::Planned`] changes the desk.
    pub fn request(
        &mut self,
        order: &Order,
        rules: &Rules,
        new: New<'_>,
        now: Timestamp,
    ) -> Answer {
        if let Some(known) = self.find(new.content.kind(), new.request) {
            return if known.content == new.content { Answer::Known } else { Answer::Conflict };
        }
        // Lines that were only sent bar nothing.
        let bars = |line: &Line| !line.state.is_final() && line.state != LineState::Sent;
        if self.lines().any(bars) {
            return Answer::Busy;
        }
        if self.requests.len() >= MAX_REQUESTS {
            return Answer::Full;
        }
        match self.plan(order, rules, new, now) {
            Ok(request) => {
                self.requests.push(request);
                Answer::Planned
            }
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// Takes a request that nobody made, as [`Desk::request`] does: whoever takes it saw a reason for it just now.
    pub fn request_by_itself(
        &mut self,
        order: &Order,
        rules: &Rules,
        new: New<'_>,
        now: Timestamp,
    ) -> Answer {
        let answer = self.request(order, rules, new, now);
        if answer == Answer::Planned
            && let Some(taken) = self.requests.last_mut()
        {
            taken.by_itself = true;
            // It may have been planned under the same name before, and that failure is answered again under its key.
            for line in &mut taken.lines {
                line.intent = identifier(&format!("{}\n{now}", line.intent));
            }
        }
        answer
    }

    /// Drops requests that nobody made and of which nothing was sent when they were planned: there may be no reason for them any
    /// more. Of those that were begun nothing more is sent once the order was released. Whether anything changed.
    pub fn lapse(&mut self, order: &Order) -> bool {
        let before = self.clone();
        let is_released = order.fulfilment().is_some();
        self.requests.retain_mut(|request| !request.lapse(is_released));
        *self != before
    }

    /// What a request would come to now. It is not kept.
    pub fn plan(
        &self,
        order: &Order,
        rules: &Rules,
        new: New<'_>,
        now: Timestamp,
    ) -> Result<Request, Refusal> {
        // What the facts show by now is not asked for beside them.
        let mut looked = self.clone();
        looked.look(order, rules, now);
        let pledges = looked.pledges();
        let kind = new.content.kind();
        let intent = |at: usize| {
            let text = format!("{}\n{}\n{}\n{at}", kind.as_str(), order.key(), new.request);
            identifier(&text)
        };
        let held = holdings(order.facts(), order.registered());
        let numbered = |lines: Vec<plan::PlannedLine>| -> Vec<Line> {
            let lines = lines.into_iter().enumerate();
            let planned = lines.map(|(at, line)| Line::planned(line, intent(at)));
            // A person may say that he did it by hand before it is begun with.
            planned.map(|line| Line { before: snapshot(&held, &line, rules), ..line }).collect()
        };
        let (currency, lines, voucher_deadline) = match new.content {
            Content::Refund { amount, currency } => {
                let wanted = Wanted { amount, currency };
                let plan = plan::refund(order, rules, wanted, &pledges, now)?;
                (Some(currency), numbered(plan.lines), plan.voucher_deadline)
            }
            Content::Capture { amount, currency } => {
                let lines = plan::capture(order, rules, amount, currency, &pledges)?;
                (Some(currency), numbered(lines), None)
            }
            Content::Cancellation => {
                let (lines, skipped) = plan::cancel(order, rules, &pledges);
                let mut lines = numbered(lines);
                let first = lines.len();
                let skipped = skipped.into_iter().enumerate();
                lines.extend(skipped.map(|(at, skip)| Line::skipped(skip, intent(first + at))));
                (lines.first().map(|line| line.currency), lines, None)
            }
        };
        Ok(Request {
            request: new.request.to_owned(),
            content: new.content,
            currency,
            planned_at: now,
            lines,
            voucher_deadline,
            by_itself: false,
        })
    }

    /// Looks what became of the lines, in an order that was just asked about. Whether anything changed.
    pub fn look(&mut self, order: &Order, rules: &Rules, now: Timestamp) -> bool {
        let before = self.clone();
        let held = holdings(order.facts(), order.registered());
        let mut taken: BTreeSet<String> =
            self.lines().filter_map(|line| line.psp_id.clone()).collect();
        for line in self.requests.iter_mut().flat_map(|request| &mut request.lines) {
            // What a person says is done may be shown only later.
            let is_told = line.state == LineState::Done && !line.seen;
            if (line.state.is_final() && !is_told) || line.state == LineState::Planned {
                continue;
            }
            // Whoever remembers the call tells what it did.
            if line.state == LineState::InFlight && line.may_repeat(rules.memory, now) {
                continue;
            }
            let mut seen = sight(&held, line, rules, &taken);
            // A person may have typed an id that is another, or meant one of several.
            if is_told && seen == Sight::Unseen {
                let nameless = Line { psp_id: None, ..line.clone() };
                seen = sight(&held, &nameless, rules, &taken);
            }
            match seen {
                Sight::Several if is_told => line.seen = true,
                Sight::Seen(_, psp_id) if is_told => {
                    taken.extend(psp_id.clone());
                    line.psp_id = line.psp_id.take().or(psp_id);
                    line.seen = true;
                }
                Sight::Seen(state, psp_id) => {
                    taken.extend(psp_id.clone());
                    line.psp_id = line.psp_id.take().or(psp_id);
                    line.seen = true;
                    let why = Remark::plain(reasons::REFUSED_LATER);
                    line.become_so(state, (state == LineState::Refused).then_some(why));
                }
                Sight::Several => {
                    let why = Remark::plain(reasons::SEVERAL);
                    line.become_so(LineState::Uncertain, Some(why));
                }
                Sight::Unseen if line.state == LineState::InFlight && line.is_overdue(now) => {
                    let why = Remark::plain(reasons::NOT_SEEN);
                    line.become_so(LineState::Uncertain, Some(why));
                }
                Sight::Unseen if line.state == LineState::Sent && line.is_hidden(now) => {
                    let why = Remark::plain(reasons::NOT_SHOWN);
                    line.become_so(LineState::Uncertain, Some(why));
                }
                Sight::Unseen => {}
            }
        }
        *self != before
    }

    /// The next line whose call is to be made, in an order that was just asked about. It is under way from here
    /// on: the desk is stored before the call is made. Lines that cannot be carried out any more are ended.
    pub fn intend(&mut self, order: &Order, rules: &Rules, now: Timestamp) -> Option<String> {
        if self.lines().any(|line| line.state == LineState::Uncertain) {
            return None;
        }
        if let Some(line) = self.lines().find(|line| line.state == LineState::InFlight) {
            return line.may_repeat(rules.memory, now).then(|| line.intent.clone());
        }
        let is_hidden =
            |line: &Line| line.verb == Verb::Refund && line.state == LineState::Sent && !line.seen;
        if rules.waits_for_sight && self.lines().any(is_hidden) {
            return None;
        }
        loop {
            let (card_failed, line) = self.requests.iter().find_map(|request| {
                let line = request.lines.iter().find(|line| line.state == LineState::Planned)?;
                let failed =
                    |line: &Line| line.purse == Purse::Card && line.state == LineState::Refused;
                Some((request.lines.iter().any(failed), line.clone()))
            })?;
            let others: Vec<Pledge> = self
                .lines()
                .filter(|other| other.intent != line.intent)
                .filter_map(Line::pledge)
                .collect();
            let is_after_card = rules.preference == Preference::CardFirst
                && line.purse == Purse::Voucher
                && card_failed;
            let fits = if is_after_card {
                Err((LineState::Skipped, Remark::plain(reasons::CARD_REFUSED)))
            } else {
                plan::fits(order, rules, &line.as_planned(), &others, now)
                    .map_err(|why| (LineState::Refused, why))
            };
            let held = holdings(order.facts(), order.registered());
            let before = snapshot(&held, &line, rules);
            let own = self.line_mut(&line.intent)?;
            match fits {
                Ok(()) => {
                    own.become_so(LineState::InFlight, None);
                    own.called_at = Some(now);
                    own.before = before;
                    return Some(line.intent);
                }
                Err((state, why)) => own.become_so(state, Some(why)),
            }
        }
    }

    /// What is to be done for a line that is under way.
    pub fn action(&self, order: &Order, intent: &str) -> Option<Action> {
        self.requests.iter().find_map(|request| {
            let mut lines = request.lines.iter();
            let line = lines.find(|line| line.intent == intent)?;
            (line.state == LineState::InFlight).then(|| line.action(&order.key().order))
        })
    }

    /// Notes what a call came to. `is_first` says that no call of the line was made before it.
    pub fn effect(&mut self, intent: &str, effect: &Effect, is_first: bool, rules: &Rules) {
        let Some(line) = self.line_mut(intent) else { return };
        if line.state != LineState::InFlight {
            return;
        }
        match effect {
            Effect::Taken { psp_id } => {
                line.psp_id.clone_from(psp_id);
                let is_over = line.verb == Verb::Capture && rules.capture_is_order;
                line.seen |= is_over;
                line.become_so(if is_over { LineState::Done } else { LineState::Sent }, None);
            }
            // What one call refuses another of the same line may have done, unless the provider knows both.
            Effect::Refused { why } if is_first || rules.memory != Memory::None => {
                let why = Remark::new(reasons::REFUSED, [why.as_str()]);
                line.become_so(LineState::Refused, Some(why));
            }
            Effect::Nothing(trouble) | Effect::Failed(trouble) if is_first => {
                let why = Remark::new(reasons::TROUBLE, [trouble.why.as_str()]);
                line.become_so(LineState::Planned, Some(why));
                line.called_at = None;
                if matches!(effect, Effect::Failed(_)) {
                    line.intent = identifier(&format!("{}\nagain", line.intent));
                }
            }
            Effect::Refused { why } => {
                line.reason = Some(Remark::new(reasons::TROUBLE, [why.as_str()]));
            }
            Effect::Nothing(trouble) | Effect::Failed(trouble) | Effect::Uncertain(trouble) => {
                line.reason = Some(Remark::new(reasons::TROUBLE, [trouble.why.as_str()]));
            }
        }
    }

    /// The id of the next request that is made without anybody's asking: `stem`, and once that or a part of it was
    /// refused, the same with a number, each planned so many seconds after the one before. `None` where it is too early or `most` were refused.
    pub fn next_try(
        &self,
        kind: RequestKind,
        stem: &str,
        most: u32,
        pause: u64,
        now: Timestamp,
    ) -> Option<String> {
        let mut free_from = now;
        for number in 1..=most {
            let id = if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
            match self.find(kind, &id) {
                Some(known)
                    if matches!(known.state(), RequestState::Refused | RequestState::Partial) =>
                {
                    free_from = known.planned_at.later(pause)?;
                }
                Some(_) => return Some(id),
                None => return (free_from <= now).then_some(id),
            }
        }
        None
    }

    /// Notes what a person found out about an uncertain line, or decided about one of which nothing was sent, or corrects what
    /// one said. Whether there is such a line.
    pub fn decide(&mut self, intent: &str, decision: Decision) -> bool {
        let line = self.line_mut(intent).filter(|line| line.is_open_to_decision());
        let Some(line) = line else { return false };
        let why = Some(Remark::plain(reasons::DECIDED));
        match decision {
            Decision::Done(psp_id) => {
                line.psp_id = psp_id.or_else(|| line.psp_id.take());
                line.become_so(LineState::Done, why);
            }
            Decision::NotDone => line.become_so(LineState::Refused, why),
        }
        true
    }
}
