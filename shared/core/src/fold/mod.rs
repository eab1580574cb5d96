//! From the set of facts to what it amounts to: a pure function, blind to order and repetition.
//!
//! Here: the policy, what comes out, and the state. `share` joins the facts about one share, `names`
//! says which names stand for the same one, `acquired` what was surely taken, `tally` adds
//! the shares up, and `flags` says what a person should know.

mod acquired;
mod flags;
mod names;
mod share;
mod tally;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::share::{Joined, only_respellable};
use self::tally::{Sums, Tally};
use crate::details::Shown;
use crate::fact::{Facts, Flag, Kind, Standing, State, Status};
use crate::money::Currency;
use crate::order::Registered;

/// When an order may be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// Which shares count.
    pub release_on: ReleaseOn,
    /// Which instalments are waited for.
    pub instalments: Instalments,
}

/// Which shares count towards a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReleaseOn {
    /// Only money that is really taken.
    #[default]
    Captured,
    /// Authorised money too, for merchants who ship on authorisation.
    Secured,
}

/// Which instalments a release waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Instalments {
    /// The first.
    #[default]
    First,
    /// All of them; their sum must have been stated.
    All,
}

/// What an order's facts amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Where the order stands.
    pub state: State,
    /// What a person should know.
    pub flags: BTreeSet<Flag>,
    /// The currency of the sums; `None` while no fact has one.
    pub currency: Option<Currency>,
    /// What the order costs, in minor units; `None` while no message about the whole is known.
    pub expected: Option<u64>,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Really taken, in minor units, also beyond what was expected.
    pub captured: u64,
    /// Given back for good, in minor units.
    pub refunded: u64,
    /// The shares, by kind and then in the order in which they were attempted.
    pub shares: Vec<Share>,
    /// Whether facts in good standing cover the expected amount under the policy, less what was given
    /// back.
    #[serde(skip)]
    pub releasable: bool,
    /// Whether facts in good standing cover the expected amount, whatever was given back since.
    #[serde(skip)]
    pub is_paid: bool,
    /// Refunds and chargebacks that facts in good standing say are final: after a release, each is a
    /// reversal.
    #[serde(skip)]
    pub certain_credits: Vec<Credit>,
    /// What the debits are worth by facts in good standing: a share that counted for a release and is
    /// lost is a reversal too.
    #[serde(skip)]
    pub certain_debits: Vec<Debit>,
    /// Whether a voucher is captured, and the rest of the order neither captured nor authorised.
    #[serde(skip)]
    pub voucher_waits: bool,
}

/// One share of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its id; see [`ShareFact::share`](crate::ShareFact::share).
    pub share: String,
    /// `CVCO`, `CB`, …; two names joined by `+` when one Worldline payment was paid with both.
    pub method: String,
    /// Which way the money goes.
    pub kind: Kind,
    /// Minor units.
    pub amount: u64,
    /// The status in Quittance's words.
    pub status: Status,
    /// The status in the PSP's words.
    pub psp_status: String,
    /// The PSP's number of this attempt.
    pub sequence: Option<u32>,
    /// What is said of it beyond that, where a single order is shown: never in lists and messages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<Shown>,
    /// Every name under which it is stated.
    #[serde(skip)]
    pub names: BTreeSet<String>,
}

/// A refund or chargeback that is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its share's id.
    pub share: String,
    /// Minor units.
    pub amount: u64,
    /// Every id under which it was stated: the first news of it may have lacked its uuid.
    pub names: BTreeSet<String>,
    /// What it gives back, where that is known.
    pub parent: Option<String>,
    /// How much was given back of that in all, in minor units: one refund may be told under the id of its
    /// operation and under that of its payment.
    pub of_parent: u64,
    /// Whether the buyer's bank took it.
    pub charged_back: bool,
    /// Whether it names a payment that is not known here as a whole, and may be another order's.
    pub of_other: bool,
}

/// A debit as far as a release may rest on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debit {
    /// Its share's id.
    pub share: String,
    /// Every id under which it was stated.
    pub names: BTreeSet<String>,
    /// Really taken, in minor units.
    pub captured: u64,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Whether what was reserved can no longer be taken.
    pub lost: bool,
    /// Parts of it that were cancelled: operation and minor units.
    pub let_go: Vec<(String, u64)>,
}

/// What the facts amount to under a policy, with what the merchant says the order costs.
pub fn fold(facts: &Facts, registered: Option<Registered>, policy: Policy) -> Summary {
    // Shown and sound differ only by contradictory facts; the sums are the shown ones, because the
    // PSP did sign them, and the release looks at the sound ones alone.
    let shown = Tally::of(facts, registered, Standing::Contradictory, policy);
    let sound = Tally::of(facts, registered, Standing::Sound, policy);
    let paid = sound.paid();
    let currency = shown.currency(paid);
    let sums = currency.map(|currency| shown.sums(currency)).unwrap_or_default();
    let state = state(&sums, &shown.shares);
    let mut shares: Vec<Share> = shown.shares.iter().map(Joined::to_share).collect();
    if paid.is_none() {
        shares.extend(only_respellable(facts, &shares));
    }
    let voucher_waits = sums.waits() && shown.has_captured_voucher();
    Summary {
        state,
        flags: flags::of(facts, &shown, currency, paid.is_some()),
        currency,
        expected: sums.expected,
        authorised: sums.authorised,
        captured: sums.captured,
        refunded: sums.refunded,
        shares,
        releasable: sound.complete().is_some(),
        is_paid: paid.is_some(),
        certain_credits: sound.final_credits().collect(),
        certain_debits: sound.certain_debits().collect(),
        voucher_waits,
    }
}

/// The state of an order: the first rule that fits. (docs/interface.md, "States")
fn state(sums: &Sums, shares: &[Joined<'_>]) -> State {
    let Sums { captured, authorised, refunded, let_go, .. } = *sums;
    let expected = sums.expected.unwrap_or(0);
    if shares.iter().any(|s| s.status == Status::ChargedBack) {
        State::ChargedBack
    } else if refunded >= captured && captured > 0 {
        State::Refunded
    } else if captured.saturating_sub(refunded) >= expected && expected > 0 {
        State::Captured
    } else if refunded > 0 {
        State::PartiallyRefunded
    } else if captured > 0 {
        State::PartiallyCaptured
    } else if authorised + let_go >= expected && expected > 0 {
        State::Authorised
    } else {
        last_end(shares).filter(|_| expected > 0).unwrap_or(State::Pending)
    }
}

/// How the last attempt ended, when none is open.
fn last_end(shares: &[Joined<'_>]) -> Option<State> {
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
