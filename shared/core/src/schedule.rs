//! When the provider is to be asked about an order again.
//!
//! An order is asked about while something about it is open: at once where the evidence does not decide, else after
//! growing pauses, and once more after the night in which a provider takes what was authorised without saying so.

use crate::fact::{Flag, Kind, Status};
use crate::fold::{Policy, Summary};
use crate::order::Order;
use crate::time::Timestamp;

/// Pauses between two asks, in seconds: five minutes, a quarter of an hour, an hour, four hours, then daily. Most
/// payments settle within a session of ten minutes to three hours, all others overnight.
const PAUSES: [u64; 5] = [5 * 60, 15 * 60, 60 * 60, 4 * 60 * 60, DAY];

/// Seconds of a day.
pub const DAY: u64 = 24 * 60 * 60;

/// How long after the provider could not be reached it is asked again, in seconds. The pauses do not grow then:
/// nothing was learnt.
pub const UNREACHED_SECONDS: u64 = 5 * 60;

/// How long an order is asked about after the last news of it, in seconds: authorisations live for at most 30 days,
/// and a capture may take some days to be told.
pub const GIVE_UP_SECONDS: u64 = 35 * DAY;

/// How long an order is asked about of which nothing is taken and nobody said what it costs, in seconds: the buyer may have
/// tried again, and a provider repeats what it says of that for 35 hours at most (lyra.md, worldline.md). What is not heard
/// by then comes no more.
pub const UNHEARD_SECONDS: u64 = 3 * DAY;

/// When the night's captures can be seen, in seconds after midnight UTC. The batch runs at 00:05 (lyra.md 4.4), in
/// a time zone that no source names: in Paris that is an hour or two before.
const AFTER_BATCH: u64 = 30 * 60;

impl Order {
    /// When the provider is to be asked about the order, who was asked `asked` times, at `now` the last time, and
    /// had no news. `None` once nothing is open, or for good after [`GIVE_UP_SECONDS`], or after [`UNHEARD_SECONDS`] where
    /// nothing but another attempt of the buyer's is looked for.
    pub fn next_ask(&self, summary: &Summary, asked: u32, now: Timestamp) -> Option<Timestamp> {
        let wait = self.open(summary)?;
        let last = self.last_news()?;
        if now.seconds_since(last) >= wait.ends() {
            return None;
        }
        if asked == 0 && wait == Wait::Urgent {
            return Some(now);
        }
        let step = usize::try_from(asked.saturating_sub(1)).unwrap_or(usize::MAX);
        let pause = PAUSES.get(step).copied().unwrap_or(DAY);
        let due = now.later(pause)?;
        let is_reserved = summary.shares.iter().any(|share| share.status == Status::Authorised);
        Some(if is_reserved { due.min(next_batch(now)?) } else { due })
    }

    /// Whether the provider was asked for so long without an answer that settles the order that it is not asked any
    /// more.
    pub fn is_given_up(&self, summary: &Summary, now: Timestamp) -> bool {
        self.open(summary).is_some_and(|wait| wait != Wait::Brief)
            && self.last_news().is_some_and(|last| now.seconds_since(last) >= GIVE_UP_SECONDS)
    }

    /// Whether it is what rests on forms with more than one reading that has the provider asked about the order, and nothing
    /// else would: the order may have been paid, and without them nobody looks.
    pub fn is_asked_for_doubts(&self, policy: Policy) -> bool {
        let mut without = self.clone();
        let is_asked = |order: &Self| match order.open(&order.summary(policy)) {
            Some(Wait::Urgent | Wait::Patient) => true,
            Some(Wait::Brief) | None => false,
        };
        is_asked(self) && without.forget_doubts() && !is_asked(&without)
    }

    /// When something was heard of it last.
    pub(crate) fn last_news(&self) -> Option<Timestamp> {
        let told = self.notifications.iter().map(|told| told.received_at);
        told.chain(self.registered.map(|registered| registered.at)).max()
    }

    /// How urgently the provider's word is waited for; `None` where the order is settled.
    fn open(&self, summary: &Summary) -> Option<Wait> {
        let is_doubtful = self.fulfilment.is_none() && is_doubtful(summary);
        let held = summary.captured.saturating_sub(summary.refunded);
        let is_covered = summary.expected.is_some_and(|expected| held >= expected);
        // Something was taken, and not all: the rest may have come without a word.
        let is_half_paid = self.fulfilment.is_none() && held > 0 && !is_covered;
        if is_doubtful || is_half_paid || summary.awaits_word {
            return Some(Wait::Urgent);
        }
        let is_open = |status: Status| {
            matches!(
                status,
                Status::Pending | Status::Authorised | Status::Unknown | Status::Ambiguous
            )
        };
        let tracked = |kind: Kind| kind != Kind::Verification;
        let waits = summary.shares.iter().any(|share| tracked(share.kind) && is_open(share.status));
        let is_unpaid = self.fulfilment.is_none() && held == 0 && summary.refunded == 0;
        // A buyer may try again without a word of it.
        let was_tried = summary.shares.iter().any(|share| share.kind == Kind::Debit);
        match (waits, is_unpaid, self.registered.is_some(), was_tried) {
            (true, ..) | (false, true, true, _) => Some(Wait::Patient),
            (false, true, false, true) => Some(Wait::Brief),
            _ => None,
        }
    }
}

/// Whether the evidence does not decide.
pub(crate) fn is_doubtful(summary: &Summary) -> bool {
    let doubtful = [
        Flag::Ambiguous,
        Flag::AmountMismatch,
        // The sums are those of one currency: what was taken in another is in none.
        Flag::CurrencyMismatch,
        Flag::UnknownStatus,
        Flag::Unconfirmed,
    ];
    doubtful.iter().any(|flag| summary.flags.contains(flag))
}

/// How urgently the provider's word is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Urgent,
    Patient,
    /// For something that is not likely.
    Brief,
}

impl Wait {
    /// How many seconds after the last news it ends.
    fn ends(self) -> u64 {
        match self {
            Self::Urgent | Self::Patient => GIVE_UP_SECONDS,
            Self::Brief => UNHEARD_SECONDS,
        }
    }
}

/// The next time at which a night's captures can be seen.
fn next_batch(now: Timestamp) -> Option<Timestamp> {
    let day = i64::try_from(DAY).ok()?;
    let midnight = now.unix().div_euclid(day) * day;
    let tonight = Timestamp::from_unix(midnight)?.later(AFTER_BATCH)?;
    if now < tonight { Some(tonight) } else { tonight.later(DAY) }
}
