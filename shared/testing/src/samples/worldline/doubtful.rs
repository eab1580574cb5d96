//! Genuine, and not enough to release anything: the order waits until the PSP has been asked.

use super::super::expected::{Order, stored};
use super::{CB, CVCO, Case, card, case, sent};
use crate::worldline::Payment;

pub(super) fn cases() -> Vec<Case> {
    let open = |reference: &str| Order::worldline(reference, "pending").expected(12_000);
    vec![
        case(
            "50-acquired-amount-missing",
            "CAPTURED without saying what was acquired: held.",
            sent(&card("CMD-1050", "3254561050_0", 9).acquired(None)),
            stored(
                "CMD-1050 pending",
                open("CMD-1050")
                    .debit("3254561050", "CB", 12_000, "pending", "CAPTURED")
                    .flag("ambiguous"),
            ),
        ),
        case(
            "51-code-and-word-disagree",
            "The word says CAPTURED, the number says authorised (5): held.",
            sent(&card("CMD-1051", "3254561051_0", 5).word("CAPTURED")),
            stored(
                "CMD-1051 pending",
                open("CMD-1051")
                    .debit("3254561051", "CB", 12_000, "pending", "CAPTURED")
                    .flag("ambiguous"),
            ),
        ),
        case(
            "52-unknown-status",
            "A number and a word that no table knows are kept and complete nothing.",
            sent(&card("CMD-1052", "3254561052_0", 777)),
            stored(
                "CMD-1052 pending",
                open("CMD-1052")
                    .debit("3254561052", "CB", 12_000, "unknown", "FUTURE_STATUS")
                    .flag("unknown_status"),
            ),
        ),
        case(
            "53-acquired-in-another-currency",
            "120.00 EUR were asked for and 120.00 USD acquired: these are not the order's euros.",
            sent(&card("CMD-1053", "3254561053_0", 9).acquired_currency("USD")),
            stored(
                "CMD-1053 pending",
                open("CMD-1053")
                    .debit("3254561053", "CB", 12_000, "captured", "CAPTURED")
                    .share_in("USD")
                    .flag("currency_mismatch"),
            ),
        ),
        case(
            "54-split-voucher-share",
            "Half paid by vouchers; the complement will come in another currency.",
            sent(&Payment::new("CMD-1054", "3254561054_0", CVCO, 9, 12_000).acquired(6_000)),
            stored(
                "CMD-1054 partially_captured 60.00 EUR",
                Order::worldline("CMD-1054", "partially_captured")
                    .expected(12_000)
                    .captured(6_000)
                    .debit("3254561054", "CVCO", 6_000, "captured", "CAPTURED"),
            ),
        ),
        case(
            "55-complement-in-another-currency",
            "60.00 USD do not complete an order of 120.00 EUR.",
            sent(&Payment::new("CMD-1054", "3254561055_0", CB, 9, 6_000).currency("USD")),
            stored(
                "CMD-1054 partially_captured 60.00 EUR",
                Order::worldline("CMD-1054", "partially_captured")
                    .expected(12_000)
                    .captured(6_000)
                    .debit("3254561054", "CVCO", 6_000, "captured", "CAPTURED")
                    .debit("3254561055", "CB", 6_000, "captured", "CAPTURED")
                    .share_in("USD")
                    .flag("currency_mismatch")
                    .notifications(2),
            ),
        ),
    ]
}
