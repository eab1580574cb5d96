//! One payment, or one after the other.

use serde_json::json;

use super::super::expected::{Order, known, stored};
use super::{CVCO, Case, card, case, paid, sent};
use crate::worldline::{Payment, sent_again};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = single();
    cases.extend(in_steps());
    cases.extend(repeated());
    cases.extend(attempts());
    cases
}

fn single() -> Vec<Case> {
    vec![
        case(
            "01-single-card-captured",
            "A card payment captured at once: paid and released.",
            sent(&card("CMD-1001", "3254561001_0", 9)),
            stored(
                "CMD-1001 captured 120.00 EUR",
                paid("CMD-1001", "3254561001").details(json!({
                    "transaction_id": "3254561001_0",
                    "authorisation_number": "test123",
                    "product": 130,
                    "checkout": "3254561001",
                })),
            ),
        ),
        case(
            "02-voucher-only-captured",
            "Vouchers cover the whole order; the platform hands the body over in Base64.",
            sent(&Payment::new("CMD-1002", "3254561002_0", CVCO, 9, 6_000)).base64(),
            stored(
                "CMD-1002 captured 60.00 EUR",
                Order::worldline("CMD-1002", "captured")
                    .expected(6_000)
                    .captured(6_000)
                    .debit("3254561002", "CVCO", 6_000, "captured", "CAPTURED")
                    .released(),
            ),
        ),
        case(
            "16-cancelled",
            "The buyer cancels on the payment page.",
            sent(&card("CMD-1016", "3254561016_0", 1)),
            stored(
                "CMD-1016 cancelled",
                Order::worldline("CMD-1016", "cancelled").expected(12_000).debit(
                    "3254561016",
                    "CB",
                    12_000,
                    "cancelled",
                    "CANCELLED",
                ),
            ),
        ),
        case(
            "19-surcharge",
            "A surcharge of 2.40 EUR belongs to what must be acquired.",
            sent(&card("CMD-1019", "3254561019_0", 9).surcharge(240).acquired(12_240)),
            stored(
                "CMD-1019 captured 122.40 EUR",
                Order::worldline("CMD-1019", "captured")
                    .expected(12_240)
                    .captured(12_240)
                    .debit("3254561019", "CB", 12_240, "captured", "CAPTURED")
                    .released(),
            ),
        ),
    ]
}

fn in_steps() -> Vec<Case> {
    let reserved = |reference: &str, payment: &str, psp_status: &'static str| {
        Order::worldline(reference, "authorised").expected(12_000).authorised(12_000).debit(
            payment,
            "CB",
            12_000,
            "authorised",
            psp_status,
        )
    };
    vec![
        case(
            "03-authorised",
            "Authorised is not paid: the order waits.",
            sent(&card("CMD-1003", "3254561003_0", 5)),
            stored("CMD-1003 authorised", reserved("CMD-1003", "3254561003", "PENDING_CAPTURE")),
        ),
        case(
            "04-then-captured",
            "The capture of the authorised payment releases the order.",
            sent(&card("CMD-1003", "3254561003_1", 9)),
            stored("CMD-1003 captured 120.00 EUR", paid("CMD-1003", "3254561003").notifications(2)),
        ),
        case(
            "05-capture-requested",
            "A capture under way is still only an authorisation.",
            sent(&card("CMD-1005", "3254561005_0", 91)),
            stored("CMD-1005 authorised", reserved("CMD-1005", "3254561005", "CAPTURE_REQUESTED")),
        ),
        case(
            "06-capture-refused",
            "The capture is refused; the authorisation stands and nothing is released.",
            sent(&card("CMD-1005", "3254561005_0", 93)),
            stored(
                "CMD-1005 authorised",
                reserved("CMD-1005", "3254561005", "REJECTED_CAPTURE").notifications(2),
            ),
        ),
        case(
            "07-captured-first",
            "The capture overtakes the news of its authorisation: one operation does not state the whole.",
            sent(&card("CMD-1007", "3254561007_1", 9)),
            stored(
                "CMD-1007 partially_captured 120.00 EUR",
                Order::worldline("CMD-1007", "partially_captured")
                    .captured(12_000)
                    .debit("3254561007", "CB", 12_000, "captured", "CAPTURED")
                    .flag("ambiguous"),
            ),
        ),
        case(
            "08-authorised-late",
            "The late authorisation says what the order costs: it was paid.",
            sent(&card("CMD-1007", "3254561007_0", 5)),
            stored("CMD-1007 captured 120.00 EUR", paid("CMD-1007", "3254561007").notifications(2)),
        ),
    ]
}

fn repeated() -> Vec<Case> {
    let payment = card("CMD-1009", "3254561009_0", 9);
    let order = || paid("CMD-1009", "3254561009");
    vec![
        case(
            "09-captured",
            "A card payment that will be announced three times.",
            sent(&payment),
            stored("CMD-1009 captured 120.00 EUR", order()),
        ),
        case(
            "10-retried",
            "The automatic retry brings the same bytes again: no second release.",
            sent(&payment).with_header("retry-count", "1"),
            known(order()),
        ),
        case(
            "11-sent-again",
            "The same event in another envelope (id and time): still the same statement.",
            super::Delivery::worldline(&sent_again(payment.json())),
            known(order()),
        ),
    ]
}

fn attempts() -> Vec<Case> {
    let refused_then_paid = |order: Order, refused: &str, paid: &str| {
        order
            .debit(refused, "CB", 12_000, "refused", "REJECTED")
            .debit(paid, "CB", 12_000, "captured", "CAPTURED")
            .expected(12_000)
            .captured(12_000)
            .released()
            .notifications(2)
    };
    vec![
        case(
            "12-refused",
            "The bank declines the first attempt.",
            sent(&card("CMD-1012", "3254561012_0", 2)),
            stored(
                "CMD-1012 refused",
                Order::worldline("CMD-1012", "refused").expected(12_000).debit(
                    "3254561012",
                    "CB",
                    12_000,
                    "refused",
                    "REJECTED",
                ),
            ),
        ),
        case(
            "13-paid-on-second-attempt",
            "A second payment for the same order succeeds.",
            sent(&card("CMD-1012", "3254561013_0", 9)),
            stored(
                "CMD-1012 captured 120.00 EUR",
                refused_then_paid(
                    Order::worldline("CMD-1012", "captured"),
                    "3254561012",
                    "3254561013",
                ),
            ),
        ),
        case(
            "14-captured",
            "The second attempt's success arrives first.",
            sent(&card("CMD-1014", "3254561015_0", 9)),
            stored("CMD-1014 captured 120.00 EUR", paid("CMD-1014", "3254561015")),
        ),
        case(
            "15-refused-attempt-late",
            "The older, refused attempt arrives late and does not undo the paid order.",
            sent(&card("CMD-1014", "3254561014_0", 2)),
            stored(
                "CMD-1014 captured 120.00 EUR",
                refused_then_paid(
                    Order::worldline("CMD-1014", "captured"),
                    "3254561014",
                    "3254561015",
                ),
            ),
        ),
        case(
            "17-captured",
            "A card payment whose buyer will pay once more.",
            sent(&card("CMD-1017", "3254561017_0", 9)),
            stored("CMD-1017 captured 120.00 EUR", paid("CMD-1017", "3254561017")),
        ),
        case(
            "18-paid-twice",
            "A second payment of the paid order: released once, flagged as overpaid.",
            sent(&card("CMD-1017", "3254561018_0", 9)),
            stored(
                "CMD-1017 captured 240.00 EUR",
                paid("CMD-1017", "3254561017")
                    .captured(24_000)
                    .debit("3254561018", "CB", 12_000, "captured", "CAPTURED")
                    .flag("overpaid")
                    .notifications(2),
            ),
        ),
    ]
}
