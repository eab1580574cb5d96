//! Money on its way back. A refund is an operation of the payment it gives back.

use serde_json::json;

use super::super::expected::{Order, stored};
use super::{Case, Delivery, array, card, case, paid, sent};
use crate::worldline::{chargeback, refund};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = finished();
    cases.extend(pending_and_refused());
    cases.extend(odd());
    cases.extend(numbers());
    cases.extend(doubtful());
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

/// Numbers of the status table that the others do not show.
fn numbers() -> Vec<Case> {
    let captured = |reference: &str, id: &str| card(reference, id, 9).json();
    let deleting = |code: u64| {
        let mut event = card("CMD-1044", "3254561044_1", 9).json();
        event["payment"]["statusOutput"] = json!({"isCancellable": false, "statusCode": code});
        event["payment"]["status"] = json!(null);
        event
    };
    let mut deleted = deleting(7);
    deleted["type"] = json!("payment.refunded");
    deleted["payment"]["status"] = json!("REFUNDED");
    let by_merchant = refund("CMD-1057", "3254561057_1", 8, 12_000);
    let by_merchant = crate::worldline::with_number(by_merchant, "refund", 85);
    let mut with_empty_refund = card("CMD-1058", "3254561058_2", 83).json();
    with_empty_refund["refund"] = json!({});
    let given_back = |reference: &str, payment: &str, method| {
        Order::worldline(reference, "refunded")
            .expected(12_000)
            .captured(12_000)
            .refunded(12_000)
            .debit(payment, "CB", 12_000, "captured", "CAPTURED")
            .credit(&format!("{payment}_1"), method, 12_000, "refunded", "REFUNDED")
            .released()
            .reversals(1)
    };
    vec![
        case(
            "44-payment-deleted",
            "Captured; the deletion waits (71), is uncertain (72) and is made (7): one reversal message.",
            array([captured("CMD-1044", "3254561044_0"), deleting(71), deleting(72), deleted]),
            stored(
                "CMD-1044 refunded",
                given_back("CMD-1044", "3254561044", "CB").notifications(4),
            ),
        ),
        case(
            "56-deletion-refused",
            "Captured; the deletion is refused (73): the capture stands.",
            array([
                captured("CMD-1056", "3254561056_0"),
                card("CMD-1056", "3254561056_1", 73).json(),
            ]),
            stored(
                "CMD-1056 captured 120.00 EUR",
                paid("CMD-1056", "3254561056")
                    .credit("3254561056_1", "CB", 12_000, "refused", "REJECTED")
                    .notifications(2),
            ),
        ),
        case(
            "57-refund-uncertain",
            "Captured; a refund is uncertain (82), then made by the merchant (85).",
            array([
                captured("CMD-1057", "3254561057_0"),
                refund("CMD-1057", "3254561057_1", 82, 12_000),
                by_merchant,
            ]),
            stored(
                "CMD-1057 refunded",
                given_back("CMD-1057", "3254561057", "card").notifications(3),
            ),
        ),
        case(
            "58-refunds-refused",
            "Captured; one refund is refused in an event of its own, another as payment.rejected with \
             an empty refund object: the capture stands.",
            array([
                captured("CMD-1058", "3254561058_0"),
                refund("CMD-1058", "3254561058_1", 83, 12_000),
                with_empty_refund,
            ]),
            stored(
                "CMD-1058 captured 120.00 EUR",
                paid("CMD-1058", "3254561058")
                    .credit("3254561058_1", "card", 12_000, "refused", "REJECTED")
                    .credit("3254561058_2", "CB", 12_000, "refused", "REJECTED")
                    .notifications(3),
            ),
        ),
    ]
}

/// Money that may be on its way back.
fn doubtful() -> Vec<Case> {
    let captured = |reference: &str, id: &str| card(reference, id, 9).json();
    let mut announced = chargeback("CMD-1043", "3254561043_1", 12_000);
    announced["type"] = json!("payment.chargeback_notification");
    announced["payment"]["status"] = json!("CHARGEBACK_NOTIFICATION");
    let requested = refund("CMD-1059", "3254561059_1", 81, 12_000);
    let requested = crate::worldline::with_number(requested, "refund", 8);
    vec![
        case(
            "43-chargeback-announced",
            "Captured; the buyer's bank announces a chargeback, which is not yet one.",
            array([captured("CMD-1043", "3254561043_0"), announced]),
            stored(
                "CMD-1043 captured 120.00 EUR",
                paid("CMD-1043", "3254561043")
                    .credit("3254561043_1", "CB", 12_000, "pending", "CHARGEBACK_NOTIFICATION")
                    .notifications(2),
            ),
        ),
        case(
            "59-refund-requested-with-the-number-of-a-made-one",
            "Captured; a refund's word says requested, its number made (8): not final, to be asked about.",
            array([captured("CMD-1059", "3254561059_0"), requested]),
            stored(
                "CMD-1059 captured 120.00 EUR",
                paid("CMD-1059", "3254561059")
                    .credit("3254561059_1", "card", 12_000, "pending", "REFUND_REQUESTED")
                    .flag("ambiguous")
                    .notifications(2),
            ),
        ),
    ]
}
