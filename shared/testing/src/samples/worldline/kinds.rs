//! Events that the platform's documented list lacks, and that plugins or a sister platform know; and
//! amounts in other currencies.

use serde_json::{Value, json};

use super::super::expected::{Order, answered, stored};
use super::{Case, array, card, case, paid, sent};
use crate::worldline::{envelope, refund};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = payments();
    cases.extend(refunds());
    cases.extend(others());
    cases.extend(currencies());
    cases
}

/// The news of a payment whose status has no number.
fn numberless(mut event: Value) -> Value {
    if let Some(output) = event["payment"]["statusOutput"].as_object_mut() {
        output.remove("statusCode");
    }
    event
}

fn payments() -> Vec<Case> {
    let mut verified = card("CMD-1091", "3254561091_0", 0);
    verified.amount = 0;
    let verified =
        verified.stating("payment.account_verified", "ACCOUNT_VERIFIED", 0, "ACCOUNT_VERIFIED");
    let reversed = card("CMD-1092", "3254561092_1", 9);
    let reversed = reversed.stating("payment.reversed", "REVERSED", 0, "REVERSED");
    vec![
        case(
            "90-paid",
            "PAID with number 1000 belongs to another platform: kept, and not taken for a capture.",
            sent(&card("CMD-1090", "3254561090_0", 9).stating(
                "payment.paid",
                "PAID",
                1000,
                "COMPLETED",
            )),
            stored(
                "CMD-1090 pending",
                Order::worldline("CMD-1090", "pending")
                    .expected(12_000)
                    .debit("3254561090", "CB", 12_000, "unknown", "PAID")
                    .flag("unknown_status"),
            ),
        ),
        case(
            "91-account-verified",
            "A check of a card over nothing, without a number: kept, and no payment.",
            super::Delivery::worldline(&numberless(verified.json())),
            stored(
                "CMD-1091 pending",
                Order::worldline("CMD-1091", "pending")
                    .expected(0)
                    .debit("3254561091", "CB", 0, "unknown", "ACCOUNT_VERIFIED")
                    .flag("unknown_status"),
            ),
        ),
        case(
            "92-reversed",
            "Captured, then reversed, which no source explains: it stays visible beside the capture.",
            array([card("CMD-1092", "3254561092_0", 9).json(), numberless(reversed.json())]),
            stored(
                "CMD-1092 captured 120.00 EUR",
                paid("CMD-1092", "3254561092")
                    .credit("3254561092_1", "CB", 12_000, "unknown", "REVERSED")
                    .flag("unknown_status")
                    .notifications(2),
            ),
        ),
    ]
}

/// A refund's event of another type and status.
fn stating(mut event: Value, kind: &str, word: &str, code: u64, category: &str) -> Value {
    event["type"] = json!(kind);
    event["refund"]["status"] = json!(word);
    event["refund"]["statusOutput"] = json!({
        "isCancellable": false, "statusCategory": category, "statusCode": code,
    });
    event
}

fn refunds() -> Vec<Case> {
    let captured = |reference: &str, id: &str| card(reference, id, 9).json();
    let in_steps = || refund("CMD-1093", "3254561093_1", 8, 12_000);
    let odd = |id: &str| refund("CMD-1094", id, 8, 4_000);
    let told_by_payment = card("CMD-1099", "3254561099_1", 9).kind("payment.refunded");
    vec![
        case(
            "93-refund-in-steps",
            "A refund is created, waits for an approval and is made: it counts when it is made.",
            array([
                captured("CMD-1093", "3254561093_0"),
                stating(in_steps(), "refund.created", "CREATED", 0, "CREATED"),
                stating(
                    in_steps(),
                    "refund.pending_approval",
                    "PENDING_APPROVAL",
                    5,
                    "PENDING_MERCHANT",
                ),
                stating(in_steps(), "refund.refunded", "REFUNDED", 8, "REFUNDED"),
            ]),
            stored(
                "CMD-1093 refunded",
                Order::worldline("CMD-1093", "refunded")
                    .expected(12_000)
                    .captured(12_000)
                    .refunded(12_000)
                    .debit("3254561093", "CB", 12_000, "captured", "CAPTURED")
                    .credit("3254561093_1", "card", 12_000, "refunded", "REFUNDED")
                    .released()
                    .reversals(1)
                    .notifications(4),
            ),
        ),
        case(
            "94-refunds-with-a-payments-words",
            "Refunds that call themselves captured and cancelled: neither final nor lost, but asked about.",
            array([
                captured("CMD-1094", "3254561094_0"),
                stating(odd("3254561094_1"), "refund.captured", "CAPTURED", 9, "COMPLETED"),
                stating(odd("3254561094_2"), "refund.cancelled", "CANCELLED", 6, "UNSUCCESSFUL"),
            ]),
            stored(
                "CMD-1094 captured 120.00 EUR",
                paid("CMD-1094", "3254561094")
                    .credit("3254561094_1", "card", 4_000, "pending", "CAPTURED")
                    .credit("3254561094_2", "card", 4_000, "pending", "CANCELLED")
                    .flag("ambiguous")
                    .notifications(3),
            ),
        ),
        case(
            "99-refund-told-by-the-payment",
            "payment.refunded with the payment, which stays captured after a partial refund: how much \
             went back is not said, so the provider has to be asked.",
            array([captured("CMD-1099", "3254561099_0"), told_by_payment.json()]),
            stored(
                "CMD-1099 captured 120.00 EUR",
                paid("CMD-1099", "3254561099")
                    .credit("3254561099_1", "CB", 12_000, "pending", "CAPTURED")
                    .flag("ambiguous")
                    .notifications(2),
            ),
        ),
    ]
}

fn others() -> Vec<Case> {
    let id = || json!({"id": "demo-0095"});
    vec![case(
        "95-other-objects",
        "A payout, a dispute, a payment link and a file of a batch: acknowledged, and no orders. \
         The type of the last is a guess.",
        array([
            envelope("payout.account_credited", "payout", id()),
            envelope("dispute.created", "dispute", id()),
            envelope("paymentlink.paid", "paymentLink", id()),
            envelope("directbatch.processed", "directBatch", id()),
        ]),
        answered(
            200,
            "OK payout.account_credited is not tracked; OK dispute.created is not tracked; \
             OK paymentlink.paid is not tracked; OK directbatch.processed is not tracked",
        ),
    )]
}

fn currencies() -> Vec<Case> {
    let by = |reference: &str, id: &str, amount: u64, code: &str| {
        let mut payment = card(reference, id, 9).currency(code).acquired(amount);
        payment.amount = amount;
        sent(&payment)
    };
    vec![
        case(
            "96-yen",
            "A currency without decimals, and a payment id without its operation.",
            by("CMD-1096", "3254561096", 12_000, "JPY"),
            stored("CMD-1096 captured 12000 JPY", paid("CMD-1096", "3254561096").currency("JPY")),
        ),
        case(
            "97-dinars",
            "A currency with three decimals, and a payment id of eleven digits in its longest spelling.",
            by("CMD-1097", "90000032545610970000", 12_500, "TND"),
            stored(
                "CMD-1097 captured 12.500 TND",
                Order::worldline("CMD-1097", "captured")
                    .currency("TND")
                    .expected(12_500)
                    .captured(12_500)
                    .debit("32545610970", "CB", 12_500, "captured", "CAPTURED")
                    .released(),
            ),
        ),
    ]
}
