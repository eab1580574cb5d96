//! Vouchers and a card together: 60.00 EUR each of an order of 120.00 EUR.

use super::super::expected::{Order, stored};
use super::{CB, CVCO, Case, case, sent};
use crate::worldline::Payment;

/// Half of an order paid by another voucher product: not paid, whatever the product.
fn half_paid_by(
    name: &'static str,
    about: &'static str,
    (reference, payment): (&str, &str),
    (product, method): (u64, &'static str),
) -> Case {
    let share = Payment::new(reference, &format!("{payment}_0"), product, 9, 12_000);
    case(
        name,
        about,
        sent(&share.acquired(6_000)),
        stored(
            &format!("{reference} partially_captured 60.00 EUR of 120.00 EUR"),
            Order::worldline(reference, "partially_captured")
                .expected(12_000)
                .captured(6_000)
                .debit(payment, method, 6_000, "captured", "CAPTURED"),
        ),
    )
}

/// The voucher share: captured, although the payment is to reach the whole order.
fn voucher(reference: &str, id: &str) -> Payment {
    Payment::new(reference, id, CVCO, 9, 12_000).acquired(6_000)
}

fn half_paid(reference: &str, payment: &str) -> Order {
    Order::worldline(reference, "partially_captured")
        .expected(12_000)
        .captured(6_000)
        .debit(payment, "CVCO", 6_000, "captured", "CAPTURED")
}

fn both_paid(reference: &str, voucher: &str) -> Order {
    Order::worldline(reference, "captured")
        .expected(12_000)
        .captured(12_000)
        .debit(voucher, "CVCO", 6_000, "captured", "CAPTURED")
        .released()
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "20-split-voucher-share",
            "CAPTURED, but only half of the amount was acquired: not paid yet.",
            sent(&voucher("CMD-1020", "3254561020_0")),
            stored("CMD-1020 partially_captured 60.00 EUR", half_paid("CMD-1020", "3254561020")),
        ),
        case(
            "21-split-card-complement",
            "The card complement, a payment of its own, covers the rest.",
            sent(&Payment::new("CMD-1020", "3254561021_0", CB, 9, 6_000)),
            stored(
                "CMD-1020 captured 120.00 EUR",
                both_paid("CMD-1020", "3254561020")
                    .debit("3254561021", "CB", 6_000, "captured", "CAPTURED")
                    .notifications(2),
            ),
        ),
        case(
            "22-split-voucher-share",
            "Half paid by vouchers; the complement will come under the same payment id.",
            sent(&voucher("CMD-1022", "3254561022_0")),
            stored("CMD-1022 partially_captured 60.00 EUR", half_paid("CMD-1022", "3254561022")),
        ),
        case(
            "23-split-same-payment-id",
            "The card's operation of the same payment says that the whole is acquired now.",
            sent(&Payment::new("CMD-1022", "3254561022_1", CB, 9, 12_000)),
            stored(
                "CMD-1022 captured 120.00 EUR",
                Order::worldline("CMD-1022", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit("3254561022", "CVCO+CB", 12_000, "captured", "CAPTURED")
                    .released()
                    .notifications(2),
            ),
        ),
        case(
            "24-split-voucher-share",
            "Half paid by vouchers; the first complement will be declined.",
            sent(&voucher("CMD-1024", "3254561024_0")),
            stored("CMD-1024 partially_captured 60.00 EUR", half_paid("CMD-1024", "3254561024")),
        ),
        case(
            "25-split-complement-refused",
            "The declined complement leaves the order half paid.",
            sent(&Payment::new("CMD-1024", "3254561025_0", CB, 2, 6_000)),
            stored(
                "CMD-1024 partially_captured 60.00 EUR",
                half_paid("CMD-1024", "3254561024")
                    .debit("3254561025", "CB", 6_000, "refused", "REJECTED")
                    .notifications(2),
            ),
        ),
        case(
            "26-split-complement-second-attempt",
            "Another card pays the rest; the declined attempt counts for nothing.",
            sent(&Payment::new("CMD-1024", "3254561026_0", CB, 9, 6_000)),
            stored(
                "CMD-1024 captured 120.00 EUR",
                both_paid("CMD-1024", "3254561024")
                    .debit("3254561025", "CB", 6_000, "refused", "REJECTED")
                    .debit("3254561026", "CB", 6_000, "captured", "CAPTURED")
                    .notifications(3),
            ),
        ),
        case(
            "27-split-half-paid",
            "Half paid by vouchers, and the complement never comes.",
            sent(&voucher("CMD-1027", "3254561027_0")),
            stored("CMD-1027 partially_captured 60.00 EUR", half_paid("CMD-1027", "3254561027")),
        ),
        half_paid_by(
            "28-split-meal-vouchers",
            "Meal vouchers (5402) pay half.",
            ("CMD-1028", "3254561028"),
            (5402, "MEAL_VOUCHER"),
        ),
        half_paid_by(
            "29-split-older-vouchers",
            "The older product of Chèque-Vacances Connect (5403) pays half.",
            ("CMD-1029", "3254561029"),
            (5403, "CVCO"),
        ),
        half_paid_by(
            "98-split-gift-card",
            "An Illicado card (3112) pays half.",
            ("CMD-1098", "3254561098"),
            (3112, "ILLICADO"),
        ),
    ]
}
