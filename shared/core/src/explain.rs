//! Why an order is not released, for a merchant.

use crate::fact::{Flag, Kind, State, Status};
use crate::fold::{Policy, ReleaseOn, Share, Summary};
use crate::money::Currency;
use crate::order::Order;
use crate::remark::Remark;
use crate::statement::{Reason, doubt_of};
use crate::words::Words;

/// Most shares named in one explanation: a merchant reads a line, not a list.
const MAX_SHARES_NAMED: usize = 4;

/// What an order waits for, or why it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// The buyer's bank took the money back.
    ChargedBack,
    /// Amounts are in more than one currency.
    Currencies,
    /// The evidence does not decide, and a message said why.
    Doubt(Remark),
    /// Only news of single shares has come.
    SharesAlone,
    /// Money was taken or reserved of a payment whose whole nobody stated.
    PartAlone,
    /// What its payments have reached can be read in two ways.
    Targets,
    /// Money was given back before the order could be released.
    GivenBack,
    /// Notifications cover it, and the provider itself has not said so yet.
    Unconfirmed,
    /// What it costs is not known.
    CostUnknown,
    /// Something is missing.
    Waiting {
        /// Minor units.
        missing: u64,
        /// What it costs, in minor units.
        whole: u64,
        /// The currency of both.
        currency: Currency,
        /// The first shares that do not count.
        shares: Vec<Waiting>,
        /// How many more there are.
        more: usize,
    },
}

/// A share that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// With what it is paid.
    pub method: String,
    /// Its status in Quittance's words.
    pub status: Status,
    /// Its status in the provider's words.
    pub psp_status: String,
    /// Why it is so.
    pub reason: Option<Remark>,
}

/// Says what the order waits for, or why it is held; `None` once it is released.
pub(crate) fn explain(order: &Order, summary: &Summary, policy: Policy) -> Option<Explanation> {
    if order.fulfilment.is_some() {
        return None;
    }
    if summary.state == State::ChargedBack {
        return Some(Explanation::ChargedBack);
    }
    if summary.flags.contains(&Flag::CurrencyMismatch) {
        return Some(Explanation::Currencies);
    }
    if summary.flags.contains(&Flag::Ambiguous) {
        return Some(doubt(order, summary));
    }
    if summary.flags.contains(&Flag::Unconfirmed) {
        return Some(Explanation::Unconfirmed);
    }
    if summary.is_paid && !summary.releasable {
        return Some(Explanation::GivenBack);
    }
    let (Some(currency), Some(whole)) = (summary.currency, summary.expected) else {
        return Some(Explanation::CostUnknown);
    };
    let counted = match policy.release_on {
        ReleaseOn::Captured => summary.captured,
        ReleaseOn::Secured => summary.captured + summary.authorised,
    };
    let kept = counted.saturating_sub(summary.refunded);
    let missing = whole.saturating_sub(kept);
    let waits = |share: &&Share| share.kind == Kind::Debit && !counts(share, policy);
    let waiting: Vec<&Share> = summary.shares.iter().filter(waits).collect();
    let named = waiting.iter().take(MAX_SHARES_NAMED);
    let shares = named.map(|share| Waiting {
        method: share.method.clone(),
        status: share.status,
        psp_status: share.psp_status.clone(),
        reason: reason(order, share),
    });
    let more = waiting.len().saturating_sub(MAX_SHARES_NAMED);
    Some(Explanation::Waiting { missing, whole, currency, shares: shares.collect(), more })
}

/// The reason of the last doubtful notification, or what is missing without any.
fn doubt(order: &Order, summary: &Summary) -> Explanation {
    let mut newest_first = order.notifications.iter().rev();
    let stated = newest_first.find_map(|told| told.doubt.clone().or_else(|| doubt_of(&told.facts)));
    match stated {
        Some(why) => Explanation::Doubt(why),
        None if summary.expected.is_none() => Explanation::SharesAlone,
        None if summary.is_whole_unknown => Explanation::PartAlone,
        None => Explanation::Targets,
    }
}

fn counts(share: &Share, policy: Policy) -> bool {
    match policy.release_on {
        ReleaseOn::Captured => share.status == Status::Captured,
        ReleaseOn::Secured => matches!(share.status, Status::Captured | Status::Authorised),
    }
}

/// Why a share is in its status, as the newest notification that gave a reason for it says.
fn reason(order: &Order, share: &Share) -> Option<Remark> {
    // A message that lacks the share's id names it by its other name.
    let is_other_name = |name: &str| {
        let mut facts = order.facts.shares().map(|(fact, _)| fact);
        facts.any(|fact| {
            fact.kind == share.kind
                && fact.share == share.share
                && fact.other_name.as_deref() == Some(name)
        })
    };
    let told = |reason: &&Reason| {
        reason.psp_status == share.psp_status
            && (reason.share == share.share || is_other_name(&reason.share))
    };
    let mut newest_first = order.notifications.iter().rev().flat_map(|told| &told.reasons);
    newest_first.find(told).map(|reason| reason.why.clone())
}

impl Order {
    /// What the order waits for, or why it is held; `None` once it is released.
    pub fn explanation(&self, policy: Policy) -> Option<Explanation> {
        explain(self, &self.summary(policy), policy)
    }
}

impl Explanation {
    /// The sentence, in lower case and without a final stop.
    pub fn say(&self, words: Words) -> String {
        match self {
            Self::ChargedBack => "not released: the money was charged back".to_owned(),
            Self::Currencies => "held: amounts in more than one currency".to_owned(),
            Self::Doubt(why) => held(&words.say(why)),
            Self::SharesAlone => held(
                "only messages about single shares have arrived, and the amount of the order is not known",
            ),
            Self::PartAlone => {
                held("of a payment with money only a part is told, and not what all of it comes to")
            }
            Self::Targets => held("the acquired amounts of its payments can be read in two ways"),
            Self::GivenBack => "not released: money was refunded before the release".to_owned(),
            Self::Unconfirmed => {
                held("notifications cover the order, and only the provider's own word releases it")
            }
            Self::CostUnknown => "waiting: the amount of the order is not known yet".to_owned(),
            Self::Waiting { missing, whole, currency, shares, more } => {
                let (missing, whole) = (currency.display(*missing), currency.display(*whole));
                let named: Vec<String> = shares.iter().map(|share| share.say(words)).collect();
                let shares = match (named.is_empty(), more) {
                    (true, _) => "no other payment is known".to_owned(),
                    (false, 0) => named.join(", "),
                    (false, more) => format!("{} and {more} more", named.join(", ")),
                };
                format!("waiting for {missing} of {whole}: {shares}")
            }
        }
    }
}

fn held(why: &str) -> String {
    format!("held until the provider is asked: {why}")
}

impl Waiting {
    fn say(&self, words: Words) -> String {
        let Self { method, psp_status, status, reason } = self;
        let note = match status {
            Status::Authorised => ", not captured",
            Status::Pending => ", not decided",
            Status::Unknown => ", which Quittance does not know",
            Status::Ambiguous => ", in a message with more than one reading",
            _ => "",
        };
        let why = reason.as_ref().map_or_else(String::new, |why| format!(": {}", words.say(why)));
        format!("{method} share {psp_status}{note}{why}")
    }
}
