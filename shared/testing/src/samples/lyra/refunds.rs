//! Money on its way back: refunds made in the Back Office, each a transaction of its own.

use super::super::expected::{Order, stored};
use super::{Case, card, case, paid, sent, share};
use crate::lyra::Form;

/// A refund of a card payment.
fn refund(reference: &str, trans_id: &str, amount: u64, status: &str) -> Form {
    let uuid = share(reference, trans_id, "1");
    Form::refund(reference, trans_id, &uuid, "CB", amount, status)
        .with("vads_trans_date", "20261122110000")
        .with("vads_presentation_date", "20261122110005")
}

/// The order of 120.00 EUR after its refund.
fn after(
    order: Order,
    (reference, trans_id): (&str, &str),
    amount: u64,
    status: &'static str,
    psp_status: &'static str,
) -> Order {
    let uuid = share(reference, trans_id, "1");
    order.credit(&uuid, "CB", amount, status, psp_status).sequence(1)
}

/// The paid order in another state.
fn paid_and(reference: &str, trans_id: &str, state: &'static str) -> Order {
    Order::systempay(reference, state)
        .expected(12_000)
        .captured(12_000)
        .debit(&share(reference, trans_id, "1"), "CB", 12_000, "captured", "CAPTURED")
        .sequence(1)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = after_release();
    cases.extend(refused());
    cases.extend(before_payment());
    cases
}

fn after_release() -> Vec<Case> {
    let (full, part) = (("CMD-2030", "2030rr"), ("CMD-2032", "2032rr"));
    let given_back = |state| paid_and("CMD-2030", "2030aa", state).refunded(12_000).released();
    let partly = |state| paid_and("CMD-2032", "2032aa", state).released();
    vec![
        case(
            "30-captured",
            "A card payment that will be given back.",
            sent(&card("CMD-2030", "2030aa", "CAPTURED")),
            stored("CMD-2030 captured 120.00 EUR", paid("CMD-2030", "2030aa")),
        ),
        case(
            "31-refund-full",
            "All is given back after the release: one reversal message.",
            sent(&refund(full.0, full.1, 12_000, "CAPTURED")),
            stored(
                "CMD-2030 refunded",
                after(given_back("refunded"), full, 12_000, "refunded", "CAPTURED")
                    .reversals(1)
                    .notifications(2),
            ),
        ),
        case(
            "32-captured",
            "A card payment of which a part will be given back.",
            sent(&card("CMD-2032", "2032aa", "CAPTURED")),
            stored("CMD-2032 captured 120.00 EUR", paid("CMD-2032", "2032aa")),
        ),
        case(
            "33-refund-authorised",
            "A refund that is not final yet does not count.",
            sent(&refund(part.0, part.1, 4_000, "AUTHORISED")),
            stored(
                "CMD-2032 captured 120.00 EUR",
                after(partly("captured"), part, 4_000, "pending", "AUTHORISED").notifications(2),
            ),
        ),
        case(
            "34-refund-partial",
            "40.00 EUR are given back: one reversal message over that amount.",
            sent(&refund(part.0, part.1, 4_000, "CAPTURED")),
            stored(
                "CMD-2032 partially_refunded",
                after(partly("partially_refunded"), part, 4_000, "refunded", "CAPTURED")
                    .refunded(4_000)
                    .reversals(1)
                    .notifications(3),
            ),
        ),
    ]
}

fn refused() -> Vec<Case> {
    vec![
        case(
            "35-captured",
            "A card payment whose refund will be refused.",
            sent(&card("CMD-2035", "2035aa", "CAPTURED")),
            stored("CMD-2035 captured 120.00 EUR", paid("CMD-2035", "2035aa")),
        ),
        case(
            "36-refund-refused",
            "A refused refund leaves the capture as it is.",
            sent(&refund("CMD-2035", "2035rr", 12_000, "REFUSED")),
            stored(
                "CMD-2035 captured 120.00 EUR",
                after(
                    paid("CMD-2035", "2035aa"),
                    ("CMD-2035", "2035rr"),
                    12_000,
                    "refused",
                    "REFUSED",
                )
                .notifications(2),
            ),
        ),
    ]
}

fn before_payment() -> Vec<Case> {
    let early = ("CMD-2037", "2037rr");
    vec![
        case(
            "37-refund-before-capture",
            "The refund overtakes the payment: what the order costs is not known yet.",
            sent(&refund(early.0, early.1, 12_000, "CAPTURED")),
            stored(
                "CMD-2037 partially_refunded",
                after(
                    Order::systempay("CMD-2037", "partially_refunded"),
                    early,
                    12_000,
                    "refunded",
                    "CAPTURED",
                )
                .refunded(12_000)
                .flag("ambiguous"),
            ),
        ),
        case(
            "38-captured-after-refund",
            "The capture of a payment already given back releases nothing and reverses nothing.",
            sent(&card("CMD-2037", "2037aa", "CAPTURED")),
            stored(
                "CMD-2037 refunded",
                after(
                    paid_and("CMD-2037", "2037aa", "refunded"),
                    early,
                    12_000,
                    "refunded",
                    "CAPTURED",
                )
                .refunded(12_000)
                .notifications(2),
            ),
        ),
    ]
}
