//! What is said to people of a Lyra notification: sentences for codes, and its line in the history.

use std::fmt::Write;

use quittance_core::{Remark, ShareFact};

use super::results;

/// `MULTI` without the sequence number 0.
pub(super) const MULTI_ALONE: &str = "multi_alone";
/// `vads_payment_seq` without `MULTI` and the sequence number 0.
pub(super) const LIST_ALONE: &str = "list_alone";
/// The cascade is lost, and its shares cover it.
pub(super) const LOST_BUT_COVERED: &str = "lost_but_covered";
/// A share has a transaction id that is not the cascade's.
pub(super) const FOREIGN_SHARE: &str = "foreign_share";
/// A share is listed twice.
pub(super) const SHARE_TWICE: &str = "share_twice";
/// `vads_result` says no, and the status says yes.
pub(super) const RESULT_DENIES: &str = "result_denies";
/// The REST order is unpaid, and its transactions cover it.
pub(super) const UNPAID_BUT_COVERED: &str = "unpaid_but_covered";
/// `status` says no, and `detailedStatus` says yes.
pub(super) const STATUS_DENIES: &str = "status_denies";
/// A partial authorisation does not say what it reached.
pub(super) const PART_UNKNOWN: &str = "part_unknown";
/// A form has more parts than can be checked.
pub(super) const PIECES: &str = "pieces";
/// A form has a `vads_` field that is not documented.
pub(super) const UNDOCUMENTED: &str = "undocumented";
/// The field of this name has another shape than documented.
pub(super) const SHAPE: &str = "shape";
/// A form lacks its operation.
pub(super) const NO_OPERATION: &str = "no_operation";
/// A recurrence number could belong to another field.
pub(super) const RECURRENCE: &str = "recurrence";
/// No documented form has this text.
pub(super) const NO_FORM: &str = "no_form";
/// The text can be a shop's request.
pub(super) const REQUEST: &str = "request";
/// The text can be the answer to a registration.
pub(super) const REGISTRATION: &str = "registration";
/// Another documented form has this text, and this differs there.
pub(super) const DIFFERS: &str = "differs";

/// The remark of a form's source and status.
pub(super) const FORM: &str = "form";
/// The remark of an answer's order status and cycle.
pub(super) const REST: &str = "rest";

/// The remark of what the API answered about an order: its status and cycle, where it has them.
pub(super) const API: &str = "lyra_api";

/// The sentence of a remark, in lower case and without a final stop.
pub(super) fn sentence(remark: &Remark) -> Option<String> {
    let about = remark.argument(0);
    let sentence = match remark.code() {
        MULTI_ALONE => "MULTI without sequence number 0",
        LIST_ALONE => "vads_payment_seq without MULTI and sequence number 0",
        LOST_BUT_COVERED => "the cascade ended without success although its shares cover it",
        FOREIGN_SHARE => "a share of the cascade has another trans_id",
        SHARE_TWICE => "a share of the cascade is listed twice with different contents",
        RESULT_DENIES => "vads_result and vads_trans_status disagree",
        UNPAID_BUT_COVERED => "the order is said to be unpaid although its transactions cover it",
        STATUS_DENIES => "status and detailedStatus of a transaction disagree",
        PART_UNKNOWN => "a partial authorisation without the authorised amount",
        PIECES => "the form has more parts than can be checked",
        UNDOCUMENTED => "an undocumented vads_ field",
        SHAPE => return Some(format!("{about} has another shape than documented")),
        NO_OPERATION => "vads_operation_type missing",
        RECURRENCE => "the recurrence could belong to another field",
        NO_FORM => "no documented form has these fields",
        REQUEST => "it could be a request for a payment",
        REGISTRATION => "it could be the answer to a registration",
        DIFFERS => return Some(format!("{} could belong to another field", differing(about))),
        FORM | REST => about,
        API => "the API was asked",
        _ => return results::sentence(remark),
    };
    Some(sentence.to_owned())
}

/// The code of the sentence about what denies a status.
pub(super) fn denial(code: &str) -> Option<&'static str> {
    [RESULT_DENIES, STATUS_DENIES].into_iter().find(|known| *known == code)
}

/// What two readings of a form differ in.
fn differing(word: &str) -> &'static str {
    match word {
        "amount" => "the amount",
        "currency" => "the currency",
        "occurrence" => "the occurrence",
        "operation" => "the operation",
        "order" => "the order's reference",
        "plan" => "the instalments",
        "sequence" => "the sequence number",
        "shares" => "the shares",
        "source" => "the source",
        "status" => "the status",
        "uuid" => "the transaction's uuid",
        _ => "the transaction",
    }
}

/// One line about a notification: its source, the shares with their statuses, and why they are so.
pub(super) fn line(
    event: &Remark,
    shares: &[&ShareFact],
    reason: &dyn Fn(&ShareFact) -> Option<String>,
) -> String {
    let mut line = String::with_capacity(USUAL_LINE_BYTES);
    let (first, second) = (event.argument(0), event.argument(1));
    if let REST | API = event.code() {
        line.push_str(if event.code() == API { "API" } else { "REST" });
        for word in [first, second].into_iter().filter(|word| !word.is_empty()) {
            line.extend([" ", word]);
        }
        line.push_str(": ");
    } else {
        line.extend([first, ": "]);
        if shares.len() != 1 {
            // A String takes everything.
            let _ = write!(line, "{second}, {} shares: ", shares.len());
        }
    }
    for (at, share) in shares.iter().take(MAX_SHARES_NAMED).enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let amount = share.currency.display(share.meaning.worth);
        let _ = write!(line, "{comma}{} {amount} {}", share.method, share.said.shown());
        if let Some(reason) = reason(share) {
            line.extend([": ", &reason]);
        }
    }
    if let more @ 1.. = shares.len().saturating_sub(MAX_SHARES_NAMED) {
        let _ = write!(line, " and {more} more");
    }
    line
}

/// Room for most lines.
const USUAL_LINE_BYTES: usize = 128;

/// Most shares named in the line about a notification: it is read by people.
const MAX_SHARES_NAMED: usize = 5;
