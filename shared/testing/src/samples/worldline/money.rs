//! What is left of a payment, and whose it is. Orders `CMD-M1nn`, payments `32545620nn`.

use super::super::expected::{Order, stored};
use super::{CB, CVCO, Case, card, case, paid, sent};
use crate::samples::delivery::Delivery;
use crate::worldline::{Payment, refund};

pub(super) fn cases() -> Vec<Case> {
    [earlier_attempt(), part_cancelled(), one_operation(), whose(), split_given_back()]
        .into_iter()
        .flatten()
        .collect()
}

/// A voucher whose complement never came is given back, and the order is paid by card.
fn earlier_attempt() -> Vec<Case> {
    let voucher = Payment::new("CMD-M101", "3254562001_0", CVCO, 9, 12_000).acquired(6_000);
    let order = |state| {
        Order::worldline("CMD-M101", state).expected(12_000).captured(6_000).debit(
            "3254562001",
            "CVCO",
            6_000,
            "captured",
            "CAPTURED",
        )
    };
    vec![
        case(
            "m01-left-voucher",
            "Half paid by vouchers; the buyer leaves.",
            sent(&voucher),
            stored(
                "CMD-M101 partially_captured 60.00 EUR of 120.00 EUR",
                order("partially_captured"),
            ),
        ),
        case(
            "m02-left-voucher-refunded",
            "The voucher is given back.",
            Delivery::worldline(&refund("CMD-M101", "3254562001_1", 8, 6_000)),
            stored(
                "CMD-M101 refunded 60.00 EUR of 120.00 EUR",
                order("refunded")
                    .refunded(6_000)
                    .credit("3254562001_1", "card", 6_000, "refunded", "REFUNDED")
                    .notifications(2),
            ),
        ),
        case(
            "m03-paid-after-a-refund",
            "Paid in full by card: what was taken less what was given back covers the order.",
            sent(&card("CMD-M101", "3254562002_0", 9)),
            stored(
                "CMD-M101 captured 180.00 EUR",
                order("captured")
                    .captured(18_000)
                    .refunded(6_000)
                    .debit("3254562002", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254562001_1", "card", 6_000, "refunded", "REFUNDED")
                    .released()
                    .notifications(3),
            ),
        ),
    ]
}

fn part_cancelled() -> Vec<Case> {
    let order = |state| Order::worldline("CMD-M104", state).expected(12_000);
    let part = |number: u64, code, amount| {
        Payment::new("CMD-M104", &format!("3254562004_{number}"), CB, code, amount)
    };
    vec![
        case(
            "m04-authorised",
            "Authorised, to be captured in parts.",
            sent(&card("CMD-M104", "3254562004_0", 5)),
            stored(
                "CMD-M104 authorised",
                order("authorised").authorised(12_000).debit(
                    "3254562004",
                    "CB",
                    12_000,
                    "authorised",
                    "PENDING_CAPTURE",
                ),
            ),
        ),
        case(
            "m05-part-cancelled",
            "Part of it is cancelled: the rest stays authorised.",
            sent(&part(1, 6, 5_000)),
            stored(
                "CMD-M104 authorised",
                order("authorised")
                    .authorised(7_000)
                    .debit("3254562004", "CB", 7_000, "authorised", "PENDING_CAPTURE")
                    .notifications(2),
            ),
        ),
        case(
            "m06-rest-captured",
            "The rest is captured: 70.00 of 120.00.",
            sent(&part(2, 9, 7_000)),
            stored(
                "CMD-M104 partially_captured 70.00 EUR of 120.00 EUR",
                order("partially_captured")
                    .captured(7_000)
                    .debit("3254562004", "CB", 7_000, "captured", "CAPTURED")
                    .notifications(3),
            ),
        ),
    ]
}

/// One operation counts once, whatever its method and the spelling of its id.
fn one_operation() -> Vec<Case> {
    let half = |id: &str, product| Payment::new("CMD-M107", id, product, 9, 12_000).acquired(6_000);
    let order =
        |method| {
            Order::worldline("CMD-M107", "partially_captured")
                .expected(12_000)
                .captured(6_000)
                .debit("3254562007", method, 6_000, "captured", "CAPTURED")
        };
    vec![
        case(
            "m07-one-operation",
            "Half of the order is acquired.",
            sent(&half("3254562007_0", CVCO)),
            stored("CMD-M107 partially_captured 60.00 EUR of 120.00 EUR", order("CVCO")),
        ),
        case(
            "m08-one-operation-by-another-method",
            "The same operation, told with another method.",
            sent(&half("3254562007_0", CB)),
            stored("CMD-M107 partially_captured 60.00 EUR of 120.00 EUR", order("CB+CVCO")),
        ),
    ]
}

fn whose() -> Vec<Case> {
    let second = Order::worldline("CMD-M111", "captured")
        .expected(12_000)
        .captured(12_000)
        .debit("3254562010", "CB", 12_000, "captured", "CAPTURED")
        .flag("ambiguous");
    vec![
        case(
            "m09-scheduled",
            "Number 56, as its neighbours: not decided yet.",
            sent(&card("CMD-M109", "3254562009_0", 0).stating(
                "payment.pending_completion",
                "PENDING_COMPLETION",
                56,
                "PENDING_MERCHANT",
            )),
            stored(
                "CMD-M109 pending",
                Order::worldline("CMD-M109", "pending").expected(12_000).debit(
                    "3254562009",
                    "CB",
                    12_000,
                    "pending",
                    "PENDING_COMPLETION",
                ),
            ),
        ),
        case(
            "m10-captured",
            "A payment under its order's reference.",
            sent(&card("CMD-M110", "3254562010_0", 9)),
            stored("CMD-M110 captured 120.00 EUR", paid("CMD-M110", "3254562010")),
        ),
        case(
            "m11-refund-with-its-own-reference",
            "A refund goes where its payment is, whatever reference it carries.",
            Delivery::worldline(&refund("CMD-M111", "3254562010_1", 8, 5_000)),
            stored(
                "CMD-M110 partially_refunded 120.00 EUR",
                Order::worldline("CMD-M110", "partially_refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(5_000)
                    .debit("3254562010", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254562010_1", "card", 5_000, "refunded", "REFUNDED")
                    .released()
                    .reversals(1)
                    .notifications(2),
            ),
        ),
        case(
            "m12-second-reference",
            "The same payment under a second reference pays for nothing there.",
            sent(&card("CMD-M111", "3254562010_0", 9)),
            stored("CMD-M111 captured 120.00 EUR [ambiguous]", second),
        ),
    ]
}

/// A split payment that is given back in the order in which refunds go: the card share first.
fn split_given_back() -> Vec<Case> {
    let order = |state, captured| {
        let order = Order::worldline("CMD-M113", state).expected(12_000).captured(captured);
        order.debit("3254562013", "CVCO", 6_000, "captured", "CAPTURED")
    };
    let both = |state| {
        order(state, 12_000).debit("3254562014", "CB", 6_000, "captured", "CAPTURED").released()
    };
    let mut of_voucher = refund("CMD-M113", "3254562013_1", 8, 6_000);
    of_voucher["refund"]["refundOutput"]["paymentMethod"] = "redirect".into();
    vec![
        case(
            "m13-split-voucher-share",
            "The voucher share of a payment that will be given back.",
            sent(&Payment::new("CMD-M113", "3254562013_0", CVCO, 9, 12_000).acquired(6_000)),
            stored(
                "CMD-M113 partially_captured 60.00 EUR of 120.00 EUR",
                order("partially_captured", 6_000),
            ),
        ),
        case(
            "m14-split-card-complement",
            "The card complement covers the rest: released.",
            sent(&Payment::new("CMD-M113", "3254562014_0", CB, 9, 6_000)),
            stored("CMD-M113 captured 120.00 EUR", both("captured").notifications(2)),
        ),
        case(
            "m15-split-card-refunded",
            "The card share is given back first: a reversal.",
            Delivery::worldline(&refund("CMD-M113", "3254562014_1", 8, 6_000)),
            stored(
                "CMD-M113 partially_refunded 120.00 EUR",
                both("partially_refunded")
                    .refunded(6_000)
                    .credit("3254562014_1", "card", 6_000, "refunded", "REFUNDED")
                    .reversals(1)
                    .notifications(3),
            ),
        ),
        case(
            "m16-split-voucher-refunded",
            "Then the voucher share: a second reversal.",
            Delivery::worldline(&of_voucher),
            stored(
                "CMD-M113 refunded 120.00 EUR",
                both("refunded")
                    .refunded(12_000)
                    .credit("3254562013_1", "redirect", 6_000, "refunded", "REFUNDED")
                    .credit("3254562014_1", "card", 6_000, "refunded", "REFUNDED")
                    .reversals(2)
                    .notifications(4),
            ),
        ),
    ]
}
