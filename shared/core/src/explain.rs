//! Why an order is not released, in words for a merchant.

use crate::fact::{Flag, Kind, State, Status};
use crate::fold::{Policy, ReleaseOn, Share, Summary};
use crate::order::Order;
use crate::statement::Reason;

/// Most shares named in one explanation: a merchant reads a line, not a list.
const MAX_SHARES_NAMED: usize = 4;

/// Says what the order waits for, or why it is held; `None` once it is released.
pub(crate) fn explain(order: &Order, summary: &Summary, policy: Policy) -> Option<String> {
    if order.fulfilment.is_some() {
        return None;
    }
    if summary.state == State::ChargedBack {
        return Some("not released: the money was charged back".to_owned());
    }
    if summary.flags.contains(&Flag::CurrencyMismatch) {
        return Some("held: amounts in more than one currency".to_owned());
    }
    if summary.flags.contains(&Flag::Ambiguous) {
        return Some(format!("held until the provider is asked: {}", doubt(order, summary)));
    }
    if summary.is_paid && !summary.releasable {
        return Some("not released: money was given back before".to_owned());
    }
    let (Some(currency), Some(expected)) = (summary.currency, summary.expected) else {
        return Some("waiting: what the order costs is not known yet".to_owned());
    };
    let counted = match policy.release_on {
        ReleaseOn::Captured => summary.captured,
        ReleaseOn::Secured => summary.captured + summary.authorised,
    };
    let kept = counted.saturating_sub(summary.refunded);
    let missing = currency.display(expected.saturating_sub(kept));
    let whole = currency.display(expected);
    Some(format!("waiting for {missing} of {whole}: {}", shares(order, summary, policy)))
}

/// The reason of the last doubtful notification, or what is missing without any.
fn doubt(order: &Order, summary: &Summary) -> String {
    let stated = order.notifications.iter().rev().find_map(|received| received.doubt.clone());
    stated.unwrap_or_else(|| {
        if summary.expected.is_none() {
            "only news of single shares has come, and what the order costs is not known".to_owned()
        } else {
            "the acquired amounts of its payments can be read in two ways".to_owned()
        }
    })
}

/// The shares that do not count, each with its status and why.
fn shares(order: &Order, summary: &Summary, policy: Policy) -> String {
    let waiting: Vec<String> = summary
        .shares
        .iter()
        .filter(|share| share.kind == Kind::Debit && !counts(share, policy))
        .map(|share| format!("{}{}", name(share), reason(order, share)))
        .collect();
    let more = match waiting.len().saturating_sub(MAX_SHARES_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<String> = waiting.into_iter().take(MAX_SHARES_NAMED).collect();
    if named.is_empty() {
        "no other payment is known".to_owned()
    } else {
        format!("{}{more}", named.join(", "))
    }
}

fn counts(share: &Share, policy: Policy) -> bool {
    match policy.release_on {
        ReleaseOn::Captured => share.status == Status::Captured,
        ReleaseOn::Secured => matches!(share.status, Status::Captured | Status::Authorised),
    }
}

fn name(share: &Share) -> String {
    let Share { method, psp_status, .. } = share;
    let note = match share.status {
        Status::Authorised => ", not captured",
        Status::Pending => ", not decided",
        Status::Unknown => ", which no table knows",
        Status::Ambiguous => ", in a message with more than one reading",
        _ => "",
    };
    format!("{method} share {psp_status}{note}")
}

/// Why a share is in its status, as the newest notification that gave a reason for it says.
fn reason(order: &Order, share: &Share) -> String {
    // A message without uuid names the share by its slot.
    let is_slot = |name: &str| {
        order.facts.shares().any(|(fact, _)| {
            fact.kind == share.kind
                && fact.share == share.share
                && fact.slot.as_deref() == Some(name)
        })
    };
    let told = |reason: &&Reason| {
        reason.psp_status == share.psp_status
            && (reason.share == share.share || is_slot(&reason.share))
    };
    let mut newest_first = order.notifications.iter().rev().flat_map(|told| &told.reasons);
    newest_first.find(told).map_or_else(String::new, |reason| format!(": {}", reason.words))
}
