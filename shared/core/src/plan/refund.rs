//! How money is given back.

use std::collections::BTreeSet;

use super::line::{PlannedLine, Refusal};
use super::reach::{Piece, Reach, reach};
use super::reasons;
use super::stakes::{Pledge, Stake, costs, stakes};
use crate::api::Verb;
use crate::fact::Status;
use crate::money::Currency;
use crate::order::Order;
use crate::remark::Remark;
use crate::rules::{Preference, Purse, Refundable, Rules};
use crate::time::Timestamp;

/// How much is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
}

/// How an amount is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPlan {
    /// The lines, in the order in which they are carried out; together they are the amount.
    pub lines: Vec<PlannedLine>,
    /// When planning with vouchers ends, where any have a limit.
    pub voucher_deadline: Option<Timestamp>,
}

/// Plans a refund. What is pledged counts as given back already.
pub fn refund(
    order: &Order,
    rules: &Rules,
    wanted: Wanted,
    pledges: &[Pledge],
    now: Timestamp,
) -> Result<RefundPlan, Refusal> {
    let Wanted { amount, currency } = wanted;
    if amount == 0 {
        return Err(Refusal::of(Remark::plain(reasons::ZERO)));
    }
    let all = stakes(order, rules, pledges);
    let alive = || all.iter().filter(|stake| stake.is_alive());
    let has_money = |stake: &&Stake| stake.of_share > 0 || is_cancellable(stake, rules);
    let with_money: Vec<&Stake> = alive().filter(has_money).collect();
    let currencies: BTreeSet<Currency> = with_money.iter().map(|stake| stake.currency).collect();
    if !currencies.is_empty() && !currencies.contains(&currency) {
        let paid = currencies.first().map_or("", |currency| currency.code());
        return Err(Refusal::of(Remark::new(reasons::OTHER_CURRENCY, [currency.code(), paid])));
    }
    let own: Vec<&Stake> = alive().filter(|stake| stake.currency == currency).collect();
    let deadlines = own.iter().filter(|stake| stake.left > 0).filter_map(|stake| stake.deadline);
    let voucher_deadline = deadlines.min();
    let mut barred = BTreeSet::new();
    let mut usable: Vec<(&Stake, Verb)> = Vec::new();
    for stake in &own {
        match may_be_used(stake, rules, now) {
            Ok(Some(verb)) => usable.push((stake, verb)),
            Ok(None) => {}
            Err(why) => {
                barred.insert(why);
            }
        }
    }
    // Vouchers are given back for what exceeds the card's share, and how much that is must be certain.
    let card_in_doubt = own.iter().any(|stake| {
        stake.doubt.is_some() && !stake.is_unconfirmed() && stake.terms.purse == Purse::Card
    });
    // A card that is only being checked may come to nothing, and a voucher's time is short. What was taken without a card
    // that is reserved too was paid without it.
    let taken = own.iter().map(|stake| stake.captured).fold(0, u64::saturating_add);
    let lacks = costs(order, currency).is_none_or(|costs| taken < costs);
    let card_moves = lacks
        && own.iter().any(|stake| {
            let is_cancelled = |(used, verb): &(&Stake, Verb)| {
                used.target == stake.target && *verb == Verb::Cancel
            };
            stake.terms.purse == Purse::Card
                && stake.doubt.is_none()
                && stake.status == Status::Authorised
                && !usable.iter().any(is_cancelled)
        });
    let why = match (card_in_doubt, card_moves) {
        (true, _) => Some(reasons::CARD_IN_DOUBT),
        (false, true) => Some(reasons::CARD_MOVES),
        (false, false) => None,
    };
    if let Some(why) = why.filter(|_| rules.preference == Preference::CardFirst) {
        let before = usable.len();
        usable.retain(|(stake, _)| stake.terms.purse == Purse::Card);
        if usable.len() < before {
            barred.insert(Remark::plain(why));
        }
    }
    let refuse = |reasons: Vec<Remark>, below, above| {
        Err(Refusal { reasons, below, above, voucher_deadline })
    };
    if with_money.is_empty() {
        barred.insert(Remark::plain(reasons::NOTHING_CAPTURED));
        return refuse(barred.into_iter().collect(), None, None);
    }
    // The least first: cards before vouchers, then by name.
    usable.sort_by_key(|(stake, _)| (stake.terms.purse, stake.target.clone()));
    let pieces: Vec<Piece> = usable.iter().map(|(stake, verb)| piece(stake, *verb)).collect();
    match reach(&pieces, amount, rules.preference) {
        Reach::Exactly(parts) => {
            let line = |(at, amount): (usize, u64)| {
                let (stake, verb) = *usable.get(at)?;
                Some(PlannedLine {
                    target: stake.target.clone(),
                    method: stake.method.clone(),
                    purse: stake.terms.purse,
                    verb,
                    amount,
                    currency,
                    whole: verb == Verb::Cancel || amount == stake.of_share,
                    deadline: stake.deadline.filter(|_| verb == Verb::Refund),
                })
            };
            let lines = parts.into_iter().filter_map(line).collect();
            Ok(RefundPlan { lines, voucher_deadline })
        }
        Reach::TooMany => {
            barred.insert(Remark::plain(reasons::TOO_MANY));
            refuse(barred.into_iter().collect(), None, None)
        }
        Reach::Nearest { below, above } => {
            let left = left(&own, rules);
            let shown = |amount: u64| currency.display(amount).to_string();
            let mut reasons: Vec<Remark> = Vec::new();
            let certain = own.iter().all(|stake| stake.doubt.is_none());
            if left == 0 && barred.is_empty() {
                reasons.push(Remark::plain(reasons::NOTHING_LEFT));
            } else if certain && amount > left {
                reasons.push(Remark::new(reasons::MORE_THAN_LEFT, [shown(left).as_str()]));
            }
            reasons.extend(barred);
            match (below, above) {
                (Some(below), Some(above)) => {
                    let nearest = [shown(below), shown(above)];
                    let nearest = nearest.iter().map(String::as_str);
                    reasons.push(Remark::new(reasons::BETWEEN, nearest));
                }
                (Some(only), None) if reasons.is_empty() || only != left => {
                    reasons.push(Remark::new(reasons::BELOW, [shown(only).as_str()]));
                }
                (None, Some(only)) => {
                    reasons.push(Remark::new(reasons::BELOW, [shown(only).as_str()]));
                }
                _ => {}
            }
            if reasons.is_empty() {
                reasons.push(Remark::plain(reasons::NOTHING_LEFT));
            }
            refuse(reasons, below, above)
        }
    }
}

/// Whether money that is not taken yet is given back by giving it up.
fn is_cancellable(stake: &Stake, rules: &Rules) -> bool {
    rules.cancels_uncaptured && stake.captured == 0 && stake.open > 0
}

/// How a stake is given back, if there is anything of it, or why it is not.
fn may_be_used(stake: &Stake, rules: &Rules, now: Timestamp) -> Result<Option<Verb>, Remark> {
    if let Some(doubt) = &stake.doubt {
        return Err(doubt.clone());
    }
    if is_cancellable(stake, rules) {
        // What is asked for of it may still be under way.
        return Ok(Some(Verb::Cancel).filter(|_| !stake.is_pledged));
    }
    if stake.left == 0 {
        return Ok(None);
    }
    let shown = stake.currency.display(stake.left).to_string();
    let of_method = |code| Remark::new(code, [stake.method.as_str(), shown.as_str()]);
    match stake.terms.refund {
        Refundable::Never => return Err(of_method(reasons::NEVER)),
        Refundable::Whole if stake.left < stake.captured => {
            return Err(Remark::new(reasons::WHOLE_GONE, [stake.method.as_str()]));
        }
        Refundable::Whole | Refundable::Parts => {}
    }
    let is_over = stake.deadline.is_some_and(|deadline| now >= deadline);
    if is_over || stake.no_instant {
        let until = stake.deadline.map(|deadline| deadline.to_string()).unwrap_or_default();
        let arguments = [stake.method.as_str(), shown.as_str(), until.as_str()];
        return Err(Remark::new(reasons::WINDOW_CLOSED, arguments));
    }
    Ok(Some(Verb::Refund))
}

fn piece(stake: &Stake, verb: Verb) -> Piece {
    let purse = stake.terms.purse;
    match verb {
        Verb::Cancel | Verb::Capture => Piece { most: stake.open, whole: true, purse },
        Verb::Refund => {
            Piece { most: stake.left, whole: stake.terms.refund == Refundable::Whole, purse }
        }
    }
}

/// What could be given back, were nothing barred, in minor units.
fn left(stakes: &[&Stake], rules: &Rules) -> u64 {
    let each = stakes.iter().map(|stake| {
        let uncaptured = is_cancellable(stake, rules) && !stake.is_pledged;
        stake.left.saturating_add(if uncaptured { stake.open } else { 0 })
    });
    each.fold(0, u64::saturating_add)
}
