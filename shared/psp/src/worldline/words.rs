//! What is said to people of a Worldline event or answer: sentences for codes, and its line in the history.

use std::fmt::Write;

use quittance_core::{Remark, ShareFact};

/// `statusOutput.statusCode` is missing where money is said to have moved or to be reserved.
pub(super) const CODE_MISSING: &str = "code_missing";
/// The same of `status`.
pub(super) const WORD_MISSING: &str = "word_missing";
/// Number and word are not those of one status.
pub(super) const WORD_AND_CODE: &str = "word_and_code";
/// Number and category are not those of one status.
pub(super) const CODE_AND_CATEGORY: &str = "code_and_category";
/// The event announces money on its way back, and the status is that of a payment, or the other way round.
pub(super) const OTHER_SIDE: &str = "other_side";
/// Captured, and nobody says how much.
pub(super) const NO_ACQUIRED_AMOUNT: &str = "no_acquired_amount";

/// What the operations of a payment took is not what the payment says of itself.
pub(super) const SUMS: &str = "sums";
/// The payment says that all is taken, and one of its operations is still at work.
pub(super) const STILL_WAITS: &str = "still_waits";

/// The remark of an answer of the API, with the call.
pub(super) const ANSWER: &str = "answer";
/// The remark of an event's kind.
pub(super) const EVENT: &str = "event";

/// The sentence of a remark, in lower case and without a final stop.
pub(super) fn sentence(remark: &Remark) -> Option<String> {
    let sentence = match remark.code() {
        CODE_MISSING => "statusCode missing",
        WORD_MISSING => "status missing",
        WORD_AND_CODE => "status and statusCode disagree",
        CODE_AND_CATEGORY => "statusCode and statusCategory disagree",
        OTHER_SIDE => "a refund with the status of a payment",
        NO_ACQUIRED_AMOUNT => "CAPTURED without an acquiredAmount",
        SUMS => "acquiredAmount is not what the operations took",
        STILL_WAITS => "all is acquired while an operation is still waiting",
        ANSWER => return Some(format!("answer to {}", remark.argument(0))),
        EVENT => remark.argument(0),
        _ => return None,
    };
    Some(sentence.to_owned())
}

/// One line about an event: its kind, the operation, and its status.
pub(super) fn line(event: &Remark, shares: &[&ShareFact]) -> String {
    let mut line = event.argument(0).to_owned();
    for share in shares {
        let operation = share.operation.as_deref().unwrap_or(&share.share);
        line.extend([" ", operation, " ", share.said.word.as_deref().unwrap_or_default(), " "]);
        match share.said.code {
            // A String takes everything.
            Some(code) => drop(write!(line, "{code}")),
            None => line.push_str("without code"),
        }
    }
    line
}
