//! From the set of facts to what it amounts to: a pure function, blind to order and repetition.
//!
//! Here: the state. `policy` says when an order may be released, `summary` what comes out. `share` joins the facts
//! about one share, `names` says which names stand for the same one, `acquired` what was surely taken, `tally`
//! adds the shares up, `flags` says what a person should know, and `holdings` what can be planned with.

mod acquired;
mod flags;
mod holdings;
mod names;
mod policy;
mod share;
mod summary;
mod tally;

pub use self::holdings::{Back, Doubt, Holding, Holdings, Way, holdings};
pub use self::policy::{Confirm, Instalments, Policy, ReleaseOn};
pub use self::summary::{Credit, Debit, Share, Summary};

use self::share::{ShareState, only_respellable};
use self::tally::{Sums, Tally};
use crate::fact::{Facts, Flag, Kind, Standing, State, Status};
use crate::registered::Registered;

/// What the facts amount to under a policy, with what the merchant says the order costs.
pub fn fold(facts: &Facts, registered: Option<Registered>, policy: Policy) -> Summary {
    // Shown and sound differ only by contradictory facts; the sums are the shown ones, because the
    // PSP did sign them, and the release looks at the sound ones alone.
    let shown = Tally::of(facts, registered, Standing::Contradictory, policy);
    let sound = Tally::of(facts, registered, Standing::Sound, policy);
    let confirmed = match policy.confirm {
        Confirm::Off => None,
        Confirm::Ask => Some(Tally::of(facts, registered, Standing::Confirmed, policy)),
    };
    let decisive = confirmed.as_ref().unwrap_or(&sound);
    let paid = sound.paid();
    // Notifications that were not confirmed may hold an order, and not release it.
    let releasable = sound.complete().is_some() && decisive.complete().is_some();
    let currency = shown.currency(paid);
    let sums = currency.map(|currency| shown.sums(currency)).unwrap_or_default();
    let is_whole_unknown = paid.is_none() && shown.whole_unknown();
    let state = state(&sums, &shown.shares, is_whole_unknown);
    let mut shares: Vec<Share> =
        shown.shares.iter().map(|share| share.to_share(currency)).collect();
    if paid.is_none() {
        shares.extend(only_respellable(facts, &shares, currency));
    }
    let is_doubted = flags::is_doubted(facts, is_whole_unknown, paid.is_some());
    let mut flags = flags::of(facts, &shown, currency, paid.is_some(), is_doubted);
    if !releasable && sound.complete().is_some() {
        flags.insert(Flag::Unconfirmed);
    }
    let awaits_word = confirmed.as_ref().is_some_and(|confirmed| {
        !confirmed.final_credits().eq(sound.final_credits())
            || !confirmed.certain_debits().eq(sound.certain_debits())
    });
    let voucher_waits = shown.voucher_waits();
    Summary {
        state,
        flags,
        currency,
        expected: sums.expected,
        authorised: sums.authorised,
        captured: sums.captured,
        refunded: sums.refunded,
        shares,
        releasable,
        is_paid: paid.is_some(),
        certain_credits: decisive.final_credits().collect(),
        certain_debits: decisive.certain_debits().collect(),
        awaits_word,
        is_whole_unknown,
        voucher_waits,
        paid_in: shown.paid_in(),
        is_rest_unsure: paid.is_some() && !is_doubted,
    }
}

/// The state of an order: the first rule that fits. Money of a payment whose whole is unknown reaches no whole.
/// (docs/interface.md, "States")
fn state(sums: &Sums, shares: &[ShareState<'_>], is_whole_unknown: bool) -> State {
    let Sums { captured, authorised, refunded, let_go, .. } = *sums;
    let expected = sums.expected.unwrap_or(0);
    let reaches = |amount: u64| amount >= expected && expected > 0 && !is_whole_unknown;
    if shares.iter().any(|s| s.status == Status::ChargedBack) {
        State::ChargedBack
    } else if refunded >= captured && captured > 0 {
        State::Refunded
    } else if reaches(captured.saturating_sub(refunded)) {
        State::Captured
    } else if refunded > 0 {
        State::PartiallyRefunded
    } else if captured > 0 {
        State::PartiallyCaptured
    } else if reaches(authorised + let_go) {
        State::Authorised
    } else {
        last_end(shares).filter(|_| expected > 0).unwrap_or(State::Pending)
    }
}

/// How the last attempt ended, when none is open.
fn last_end(shares: &[ShareState<'_>]) -> Option<State> {
    let mut last = None;
    for share in shares.iter().filter(|s| s.kind == Kind::Debit) {
        last = Some(match share.status {
            Status::Refused => State::Refused,
            Status::Cancelled => State::Cancelled,
            Status::Expired => State::Expired,
            _ => return None,
        });
    }
    last
}
