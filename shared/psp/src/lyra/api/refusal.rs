//! What people are told of a transaction that was declined, as the gateway answers it.

use super::super::rest::Answered;
use super::envelope::is_code;

/// Why a transaction is in this status, with the gateway's codes.
pub(super) fn declined(status: &str, transaction: &Answered<'_>) -> String {
    let codes = transaction.error().into_iter().flatten().filter(|code| is_code(code));
    let codes: Vec<&str> = [status].into_iter().filter(|word| is_code(word)).chain(codes).collect();
    format!("the bank or the provider declined it ({})", codes.join(", "))
}
