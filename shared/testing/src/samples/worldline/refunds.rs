//! Money on its way back. A refund is an operation of the payment it gives back.

use super::super::expected::{Order, stored};
use super::{Case, Delivery, card, case, paid, sent};
use crate::worldline::{chargeback, refund};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = finished();
    cases.extend(pending_and_refused());
    cases.extend(odd());
    cases
}

fn finished() -> Vec<Case> {
    vec![
        case(
            "30-captured",
            "A card payment that will be given back.",
            sent(&card("CMD-1030", "3254561030_0", 9)),
            stored("CMD-1030 captured 120.00 EUR", paid("CMD-1030", "3254561030")),
        ),
        case(
            "31-refund-full",
            "All is given back after the release: one reversal message.",
            Delivery::worldline(&refund("CMD-1030", "3254561030_1", 8, 12_000)),
            stored(
                "CMD-1030 refunded",
                Order::worldline("CMD-1030", "refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(12_000)
                    .debit("3254561030", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561030_1", "card", 12_000, "refunded", "REFUNDED")
                    .released()
                    .reversals(1)
                    .notifications(2),
            ),
        ),
    ]
}

fn pending_and_refused() -> Vec<Case> {
    vec![
        case(
            "32-captured",
            "A card payment of which a part will be given back.",
            sent(&card("CMD-1032", "3254561032_0", 9)),
            stored("CMD-1032 captured 120.00 EUR", paid("CMD-1032", "3254561032")),
        ),
        case(
            "33-refund-requested",
            "A refund that is only asked for does not count yet.",
            Delivery::worldline(&refund("CMD-1032", "3254561032_1", 81, 4_000)),
            stored(
                "CMD-1032 captured 120.00 EUR",
                paid("CMD-1032", "3254561032")
                    .credit("3254561032_1", "card", 4_000, "pending", "REFUND_REQUESTED")
                    .notifications(2),
            ),
        ),
        case(
            "34-refund-partial",
            "40.00 EUR are given back: one reversal message over that amount.",
            Delivery::worldline(&refund("CMD-1032", "3254561032_1", 8, 4_000)),
            stored(
                "CMD-1032 partially_refunded",
                Order::worldline("CMD-1032", "partially_refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(4_000)
                    .debit("3254561032", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561032_1", "card", 4_000, "refunded", "REFUNDED")
                    .released()
                    .reversals(1)
                    .notifications(3),
            ),
        ),
        case(
            "35-captured",
            "A card payment whose refund will be refused.",
            sent(&card("CMD-1035", "3254561035_0", 9)),
            stored("CMD-1035 captured 120.00 EUR", paid("CMD-1035", "3254561035")),
        ),
        case(
            "36-refund-refused",
            "A refused refund comes as payment.rejected with number 83: the capture stands.",
            sent(&card("CMD-1035", "3254561035_1", 83)),
            stored(
                "CMD-1035 captured 120.00 EUR",
                paid("CMD-1035", "3254561035")
                    .credit("3254561035_1", "CB", 12_000, "refused", "REJECTED")
                    .notifications(2),
            ),
        ),
    ]
}

fn odd() -> Vec<Case> {
    vec![
        case(
            "37-refund-before-capture",
            "The refund overtakes the capture: what the order costs is not known yet.",
            Delivery::worldline(&refund("CMD-1037", "3254561037_1", 8, 12_000)),
            stored(
                "CMD-1037 partially_refunded",
                Order::worldline("CMD-1037", "partially_refunded")
                    .refunded(12_000)
                    .credit("3254561037_1", "card", 12_000, "refunded", "REFUNDED")
                    .flag("ambiguous"),
            ),
        ),
        case(
            "38-captured-after-refund",
            "The capture of a payment already given back releases nothing and reverses nothing.",
            sent(&card("CMD-1037", "3254561037_0", 9)),
            stored(
                "CMD-1037 refunded",
                Order::worldline("CMD-1037", "refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(12_000)
                    .debit("3254561037", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561037_1", "card", 12_000, "refunded", "REFUNDED")
                    .notifications(2),
            ),
        ),
        case(
            "39-captured",
            "A card payment whose refund will come without the order's reference.",
            sent(&card("CMD-1039", "3254561039_0", 9)),
            stored("CMD-1039 captured 120.00 EUR", paid("CMD-1039", "3254561039")),
        ),
        case(
            "40-refund-by-payment-id",
            "A refund that names only the payment is joined to the payment's order.",
            Delivery::worldline(&refund("", "3254561039_1", 8, 4_000)),
            stored(
                "CMD-1039 partially_refunded",
                Order::worldline("CMD-1039", "partially_refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(4_000)
                    .debit("3254561039", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561039_1", "card", 4_000, "refunded", "REFUNDED")
                    .released()
                    .reversals(1)
                    .notifications(2),
            ),
        ),
        case(
            "41-captured",
            "A card payment that the buyer's bank will take back.",
            sent(&card("CMD-1041", "3254561041_0", 9)),
            stored("CMD-1041 captured 120.00 EUR", paid("CMD-1041", "3254561041")),
        ),
        case(
            "42-chargeback",
            "A chargeback after the release: one reversal message.",
            Delivery::worldline(&chargeback("CMD-1041", "3254561041_1", 12_000)),
            stored(
                "CMD-1041 charged_back",
                Order::worldline("CMD-1041", "charged_back")
                    .expected(12_000)
                    .captured(12_000)
                    .debit("3254561041", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561041_1", "CB", 12_000, "charged_back", "CHARGEBACKED")
                    .released()
                    .reversals(1)
                    .notifications(2),
            ),
        ),
    ]
}
