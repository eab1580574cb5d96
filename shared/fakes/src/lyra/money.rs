//! What can be done with a transaction, by its state.

use super::bodies::refunded;
use super::state::{Transaction, is_open};
use crate::settings::Settings;

/// What is to be done with a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Cancel,
    /// Of so much.
    Refund(u64),
    Validate,
    /// To so much.
    Update(u64),
}

/// `resolutionMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    Auto,
    Cancellation,
    Refund,
}

/// What comes of a cancellation or refund by resolution: a code where it is refused.
pub(super) fn resolved(
    mode: Resolution,
    of: &Transaction,
    amount: Option<u64>,
) -> Result<Deed, &'static str> {
    let refund = Deed::Refund(amount.unwrap_or(of.amount));
    match mode {
        Resolution::Cancellation => Ok(Deed::Cancel),
        Resolution::Refund => Ok(refund),
        Resolution::Auto if of.status == "CANCELLED" => Err("PSP_105"),
        // Whole, whatever amount was named.
        Resolution::Auto if is_open(of.status) && !of.is_credit => Ok(Deed::Cancel),
        Resolution::Auto => Ok(refund),
    }
}

/// Whether a deed goes with the transaction's state, or the code that says why not.
pub(super) fn allowed<'s>(
    deed: Deed,
    of: &Transaction,
    all: &[Transaction],
    settings: &'s Settings,
) -> Result<(), &'s str> {
    if of.is_credit {
        return Err("PSP_083");
    }
    match (deed, of.status) {
        (Deed::Cancel, "CAPTURED") => Err("PSP_075"),
        (Deed::Cancel, "CANCELLED") => Err("PSP_105"),
        (Deed::Cancel, status) if is_open(status) => Ok(()),
        (Deed::Refund(amount), "CAPTURED") => refundable(amount, of, all, settings),
        (Deed::Refund(_), status) if is_open(status) => Err("PSP_076"),
        (Deed::Refund(_), _) => Err("PSP_083"),
        (Deed::Validate, "AUTHORISED_TO_VALIDATE" | "WAITING_AUTHORISATION_TO_VALIDATE") => Ok(()),
        (Deed::Validate, status) if is_open(status) || status == "CAPTURED" => Err("PSP_503"),
        (Deed::Update(amount), status) if is_open(status) => {
            if amount > 0 && amount <= of.amount {
                Ok(())
            } else {
                Err("PSP_043")
            }
        }
        (Deed::Cancel | Deed::Validate | Deed::Update(_), _) => Err("PSP_011"),
    }
}

fn refundable<'s>(
    amount: u64,
    of: &Transaction,
    all: &[Transaction],
    settings: &'s Settings,
) -> Result<(), &'s str> {
    let left = of.amount.saturating_sub(refunded(of, all));
    match amount {
        _ if left == 0 => Err("PSP_104"),
        0 => Err("INT_009"),
        amount if amount > left => Err("PSP_511"),
        amount if of.is_voucher() && amount < of.amount => {
            Err(&settings.partial_voucher_refund_code)
        }
        _ => Ok(()),
    }
}

/// The state after validation.
pub(super) fn validated(status: &str) -> &'static str {
    match status {
        "WAITING_AUTHORISATION_TO_VALIDATE" => "WAITING_AUTHORISATION",
        _ => "AUTHORISED",
    }
}
