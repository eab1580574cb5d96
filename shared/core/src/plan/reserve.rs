//! How reserved money is taken, and how it is given up.

use std::collections::BTreeSet;

use super::line::{PlannedLine, Refusal};
use super::reach::{Piece, Reach, reach};
use super::reasons;
use super::stakes::{Pledge, Stake, due, stakes};
use crate::api::Verb;
use crate::money::Currency;
use crate::order::Order;
use crate::remark::Remark;
use crate::rules::{Preference, Rules, Stage};

/// A share with which nothing is done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The provider's id of it, or its name.
    pub target: String,
    /// The provider's brand, or the name of its product.
    pub method: String,
    /// How much of it, in minor units.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
    /// Why.
    pub reason: Remark,
}

/// Plans a capture of an amount, or of all that is authorised and waits for it.
pub fn capture(
    order: &Order,
    rules: &Rules,
    amount: Option<u64>,
    currency: Currency,
    pledges: &[Pledge],
) -> Result<Vec<PlannedLine>, Refusal> {
    if amount == Some(0) {
        return Err(Refusal::of(Remark::plain(reasons::ZERO)));
    }
    let all = stakes(order, rules, pledges);
    let is_held =
        |stake: &&Stake| stake.open > 0 && matches!(stake.stage, Stage::Held | Stage::HeldAgain);
    let currencies: BTreeSet<Currency> = all.iter().filter(is_held).map(|s| s.currency).collect();
    if !currencies.is_empty() && !currencies.contains(&currency) {
        let paid = currencies.first().map_or("", |currency| currency.code());
        return Err(Refusal::of(Remark::new(reasons::OTHER_CURRENCY, [currency.code(), paid])));
    }
    let own = || all.iter().filter(|stake| stake.currency == currency);
    let doubts: BTreeSet<Remark> =
        own().filter(|stake| stake.captured == 0).filter_map(|s| s.doubt.clone()).collect();
    let usable: Vec<&Stake> = own().filter(is_held).filter(|stake| stake.doubt.is_none()).collect();
    let shown = |amount: u64| currency.display(amount).to_string();
    let held = usable.iter().fold(0u64, |sum, stake| sum.saturating_add(stake.open));
    let mut reasons: Vec<Remark> = Vec::new();
    if held == 0 {
        reasons.push(Remark::plain(reasons::NOTHING_AUTHORISED));
        if own().any(|stake| stake.stage == Stage::Moving) {
            reasons.push(Remark::plain(reasons::MOVING));
        }
        reasons.extend(doubts);
        return Err(Refusal { reasons, below: None, above: None, voucher_deadline: None });
    }
    // Of two attempts that are both reserved the order costs one.
    let due = due(order, rules, pledges, currency);
    if amount.is_none() && due.is_some_and(|due| held > due) {
        let amounts = [shown(held), shown(due.unwrap_or(0))];
        let amounts = amounts.iter().map(String::as_str);
        return Err(Refusal::of(Remark::new(reasons::MORE_THAN_DUE, amounts)));
    }
    let whole = !rules.captures_parts;
    let piece = |stake: &&Stake| Piece { most: stake.open, whole, purse: stake.terms.purse };
    let pieces: Vec<Piece> = usable.iter().map(piece).collect();
    match reach(&pieces, amount.unwrap_or(held), Preference::FewestLines) {
        Reach::Exactly(parts) => {
            let line = |(at, amount): (usize, u64)| {
                let stake = usable.get(at)?;
                Some(PlannedLine {
                    target: stake.target.clone(),
                    method: stake.method.clone(),
                    purse: stake.terms.purse,
                    verb: Verb::Capture,
                    amount,
                    currency,
                    whole: amount == stake.open,
                    deadline: None,
                })
            };
            Ok(parts.into_iter().filter_map(line).collect())
        }
        Reach::TooMany => Err(Refusal::of(Remark::plain(reasons::TOO_MANY))),
        Reach::Nearest { below, above } => {
            if above.is_none() {
                let shown = shown(held);
                reasons.push(Remark::new(reasons::MORE_THAN_AUTHORISED, [shown.as_str()]));
            }
            reasons.extend(doubts);
            match (below.map(shown), above.map(shown)) {
                (Some(below), Some(above)) => {
                    reasons.push(Remark::new(reasons::BETWEEN, [below.as_str(), above.as_str()]));
                }
                (Some(only), None) | (None, Some(only)) => {
                    reasons.push(Remark::new(reasons::BELOW, [only.as_str()]));
                }
                (None, None) => {}
            }
            Err(Refusal { reasons, below, above, voucher_deadline: None })
        }
    }
}

/// Plans to give up all that is reserved and not taken. What cannot be given up is named with its reason.
pub fn cancel(
    order: &Order,
    rules: &Rules,
    pledges: &[Pledge],
) -> (Vec<PlannedLine>, Vec<Skipped>) {
    let (mut lines, mut skipped) = (Vec::new(), Vec::new());
    for stake in stakes(order, rules, pledges) {
        let mut skip = |amount, reason| {
            let Stake { target, method, currency, .. } = stake.clone();
            skipped.push(Skipped { target, method, amount, currency, reason });
        };
        if stake.captured > 0 {
            skip(stake.captured, Remark::plain(reasons::CAPTURED));
        }
        let is_open = stake.open > 0;
        match (&stake.doubt, is_open, stake.stage) {
            _ if stake.captured > 0 && !is_open => {}
            (Some(doubt), _, _) if stake.is_alive() => skip(stake.open, doubt.clone()),
            (None, true, _) if stake.is_pledged => {
                skip(stake.open, Remark::plain(reasons::ASKED_FOR));
            }
            (None, true, _) => lines.push(PlannedLine {
                target: stake.target.clone(),
                method: stake.method.clone(),
                purse: stake.terms.purse,
                verb: Verb::Cancel,
                amount: stake.open,
                currency: stake.currency,
                whole: true,
                deadline: None,
            }),
            (None, false, Stage::Moving) => skip(stake.open, Remark::plain(reasons::MOVING)),
            (None, false, _) if stake.is_alive() && stake.is_pledged => {
                skip(stake.open, Remark::plain(reasons::ASKED_FOR));
            }
            (None, false, _) if stake.is_alive() && stake.captured == 0 => {
                skip(stake.open, Remark::new(reasons::CLOSED, [stake.said.as_str()]));
            }
            _ => {}
        }
    }
    (lines, skipped)
}
