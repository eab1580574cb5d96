//! Which order a message belongs to, and whether it speaks of the whole of it.

use super::super::expected::{Order, known, stored};
use super::{Case, Delivery, card, case, paid, sent, share};
use crate::lyra::{Form, Share, rest};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = references();
    cases.extend(both_formats());
    cases.extend(plans());
    cases.extend(follow_up_first());
    cases
}

fn references() -> Vec<Case> {
    let (none, uuid_41) = (share("", "20A0aa", "1"), share("CMD-2041", "2041aa", "1"));
    let follow_up = Share(&uuid_41, "CB", 12_000, "CAPTURED");
    vec![
        case(
            "40-no-order-reference",
            "Without vads_order_id the payment's day and transaction id (case ignored) name the order.",
            sent(&card("", "20A0aa", "CAPTURED").without("vads_order_id")),
            stored(
                "tx:20261122-20a0aa captured 120.00 EUR",
                Order::systempay("tx:20261122-20a0aa", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&none, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .released(),
            ),
        ),
        case(
            "41-authorised",
            "An authorised payment whose capture will come without the order's reference.",
            sent(&card("CMD-2041", "2041aa", "AUTHORISED")),
            stored(
                "CMD-2041 authorised",
                Order::systempay("CMD-2041", "authorised")
                    .expected(12_000)
                    .authorised(12_000)
                    .debit(&uuid_41, "CB", 12_000, "authorised", "AUTHORISED")
                    .sequence(1),
            ),
        ),
        case(
            "42-capture-without-reference",
            "The follow-up names only the payment and is joined to the payment's order.",
            sent(
                &Form::follow_up("CMD-2041", "2041aa", 1, "BATCH", follow_up)
                    .without("vads_order_id"),
            ),
            stored("CMD-2041 captured 120.00 EUR", paid("CMD-2041", "2041aa").notifications(2)),
        ),
    ]
}

fn both_formats() -> Vec<Case> {
    let uuid = share("CMD-2043", "2043aa", "1");
    vec![
        case(
            "43-captured",
            "A shop may have both formats switched on; the form comes first.",
            sent(&card("CMD-2043", "2043aa", "CAPTURED")),
            stored("CMD-2043 captured 120.00 EUR", paid("CMD-2043", "2043aa")),
        ),
        case(
            "44-same-payment-by-rest",
            "The REST notification of the same payment states nothing new.",
            Delivery::systempay(rest(
                "CMD-2043",
                "2043aa",
                12_000,
                ("PAID", "CLOSED"),
                &[Share(&uuid, "CB", 12_000, "CAPTURED")],
            )),
            known(paid("CMD-2043", "2043aa")),
        ),
    ]
}

fn plans() -> Vec<Case> {
    let (first, second) = (share("CMD-2046", "2046aa", "1"), share("CMD-2046", "2046aa", "2"));
    let instalments = || {
        Order::systempay("CMD-2046", "captured")
            .expected(5_000)
            .captured(5_000)
            .debit(&first, "CB", 5_000, "captured", "CAPTURED")
            .sequence(1)
            .released()
    };
    vec![
        case(
            "45-subscription",
            "An occurrence of a subscription is an order of its own.",
            sent(&card("CMD-2045", "2045aa", "CAPTURED").with("vads_url_check_src", "REC")),
            stored(
                "CMD-2045~20261122-2045aa captured 120.00 EUR",
                Order::systempay("CMD-2045~20261122-2045aa", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&share("CMD-2045", "2045aa", "1"), "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .released(),
            ),
        ),
        case(
            "46-first-instalment",
            "150.00 EUR in three instalments (MULTI:, not a cascade): the first releases the order.",
            sent(
                &Form::single("CMD-2046", "2046aa", "CB", 15_000, "CAPTURED")
                    .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
                    .with("vads_occurrence_type", "RECURRENT_INITIAL"),
            ),
            stored("CMD-2046 captured 50.00 EUR", instalments()),
        ),
        case(
            "47-second-instalment",
            "The second instalment is taken: neither a second release nor too much.",
            sent(
                &Form::follow_up(
                    "CMD-2046",
                    "2046aa",
                    2,
                    "BATCH_AUTO",
                    Share(&second, "CB", 5_000, "CAPTURED"),
                )
                .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE"),
            ),
            stored(
                "CMD-2046 captured 100.00 EUR",
                instalments()
                    .captured(10_000)
                    .debit(&second, "CB", 5_000, "captured", "CAPTURED")
                    .sequence(2)
                    .notifications(2),
            ),
        ),
        case(
            "29-instalments-with-dates",
            "150.00 EUR in two instalments with their dates (MULTI_EXT:): the first releases the order.",
            sent(
                &Form::single("CMD-2029", "2029aa", "CB", 15_000, "CAPTURED")
                    .with("vads_payment_config", "MULTI_EXT:20261122=5000;20261222=10000")
                    .with("vads_occurrence_type", "RECURRENT_INITIAL"),
            ),
            stored(
                "CMD-2029 captured 50.00 EUR",
                Order::systempay("CMD-2029", "captured")
                    .expected(5_000)
                    .captured(5_000)
                    .debit(&share("CMD-2029", "2029aa", "1"), "CB", 5_000, "captured", "CAPTURED")
                    .sequence(1)
                    .released(),
            ),
        ),
    ]
}

fn follow_up_first() -> Vec<Case> {
    let uuid = share("CMD-2048", "2048aa", "1");
    vec![
        case(
            "48-follow-up-first",
            "The first news is a batch's follow-up: a share of a cascade looks the same, so it waits.",
            sent(&Form::follow_up(
                "CMD-2048",
                "2048aa",
                1,
                "BATCH",
                Share(&uuid, "CB", 12_000, "CAPTURED"),
            )),
            stored(
                "CMD-2048 partially_captured 120.00 EUR",
                Order::systempay("CMD-2048", "partially_captured")
                    .captured(12_000)
                    .debit(&uuid, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .flag("ambiguous"),
            ),
        ),
        case(
            "49-then-end-of-payment",
            "The end of the payment tells what the whole is: paid and released.",
            sent(&card("CMD-2048", "2048aa", "AUTHORISED")),
            stored("CMD-2048 captured 120.00 EUR", paid("CMD-2048", "2048aa").notifications(2)),
        ),
    ]
}
