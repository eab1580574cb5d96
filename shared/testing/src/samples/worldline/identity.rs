//! Which order a payment belongs to, and the spellings of a payment's id.

use super::super::expected::{Order, known, stored};
use super::{Case, card, case, paid, sent};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "45-no-order-reference",
            "A payment without merchantReference is an order of its own, under the payment's id.",
            sent(&card("", "3254561045_0", 9)),
            stored("tx:3254561045 captured 120.00 EUR", paid("tx:3254561045", "3254561045")),
        ),
        case(
            "46-authorised-without-reference",
            "The first event of a payment lacks the reference and is kept under the payment's id.",
            sent(&card("", "3254561046_0", 5)),
            stored(
                "tx:3254561046 authorised",
                Order::worldline("tx:3254561046", "authorised")
                    .expected(12_000)
                    .authorised(12_000)
                    .debit("3254561046", "CB", 12_000, "authorised", "PENDING_CAPTURE"),
            ),
        ),
        case(
            "47-reference-becomes-known",
            "The next event has the reference: both belong to that order.",
            sent(&card("CMD-1046", "3254561046_1", 9)),
            stored("CMD-1046 captured 120.00 EUR", paid("CMD-1046", "3254561046").notifications(2)),
        ),
        case(
            "48-long-payment-id",
            "The payment id in its 19-digit spelling.",
            sent(&card("CMD-1048", "9000003254561048000", 9)),
            stored("CMD-1048 captured 120.00 EUR", paid("CMD-1048", "3254561048")),
        ),
        case(
            "49-same-payment-usual-id",
            "The same payment in the usual spelling states nothing new.",
            sent(&card("CMD-1048", "3254561048_0", 9)),
            known(paid("CMD-1048", "3254561048")),
        ),
    ]
}
