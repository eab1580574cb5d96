//! Whether what was planned can still be done.

use super::line::PlannedLine;
use super::reasons;
use super::stakes::{Pledge, stakes};
use crate::api::Verb;
use crate::order::Order;
use crate::remark::Remark;
use crate::rules::{Rules, Stage};
use crate::time::Timestamp;

/// Whether a line can still be carried out, where `others` are asked for beside it; if not, why.
pub fn fits(
    order: &Order,
    rules: &Rules,
    line: &PlannedLine,
    others: &[Pledge],
    now: Timestamp,
) -> Result<(), Remark> {
    if line.deadline.is_some_and(|deadline| now >= deadline) {
        let until = line.deadline.map(|deadline| deadline.to_string()).unwrap_or_default();
        let amount = line.currency.display(line.amount).to_string();
        let arguments = [line.method.as_str(), amount.as_str(), until.as_str()];
        return Err(Remark::new(reasons::WINDOW_CLOSED, arguments));
    }
    let all = stakes(order, rules, others);
    let mut own = all.iter().filter(|stake| stake.target == line.target);
    let stale = || Remark::plain(reasons::STALE);
    let stake = match line.verb {
        Verb::Refund => own.find(|stake| stake.terms.purse == line.purse),
        Verb::Cancel | Verb::Capture => own.find(|stake| stake.open > 0),
    };
    let stake = stake.ok_or_else(stale)?;
    if let Some(doubt) = &stake.doubt {
        return Err(doubt.clone());
    }
    let is_there = match (line.verb, stake.stage) {
        (Verb::Refund, _) => line.amount <= stake.left,
        (Verb::Cancel, Stage::Due) => line.amount == stake.open,
        (Verb::Cancel, Stage::Held | Stage::HeldAgain) => line.amount == stake.open,
        (Verb::Capture, Stage::Held | Stage::HeldAgain) => line.amount <= stake.open,
        _ => false,
    };
    if is_there { Ok(()) } else { Err(stale()) }
}
