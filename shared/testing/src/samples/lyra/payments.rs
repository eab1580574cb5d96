//! One payment, or one after the other.

use serde_json::json;

use super::super::expected::{Order, known, stored};
use super::{Case, card, case, paid, sent, share};
use crate::lyra::{Form, Share};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = single();
    cases.extend(in_steps());
    cases.extend(repeated());
    cases.extend(attempts());
    cases
}

/// An order of 120.00 EUR with one card attempt that took no money.
fn attempted(
    reference: &str,
    trans_id: &str,
    state: &'static str,
    status: &'static str,
    psp_status: &'static str,
) -> Order {
    Order::systempay(reference, state)
        .expected(12_000)
        .debit(&share(reference, trans_id, "1"), "CB", 12_000, status, psp_status)
        .sequence(1)
}

fn single() -> Vec<Case> {
    vec![
        case(
            "01-single-card-captured",
            "A card payment captured at once: paid and released.",
            sent(&card("CMD-2001", "2001aa", "CAPTURED")),
            stored(
                "CMD-2001 captured 120.00 EUR",
                paid("CMD-2001", "2001aa").details(json!({
                    "transaction_id": "2001aa",
                    "authorisation_number": "3fe85c",
                    "authorisation_result": "00",
                    "authorisation_result_text": "authorised",
                    "capture_delay_days": 0,
                    "capture_date": "20261122100005",
                    "contract": "5249685",
                })),
            ),
        ),
        case(
            "02-voucher-only-captured",
            "Vouchers cover the whole order; the platform hands the body over in Base64.",
            sent(&Form::single("CMD-2002", "2002aa", "CVCO", 6_000, "CAPTURED")).base64(),
            stored(
                "CMD-2002 captured 60.00 EUR",
                Order::systempay("CMD-2002", "captured")
                    .expected(6_000)
                    .captured(6_000)
                    .debit(&share("CMD-2002", "2002aa", "1"), "CVCO", 6_000, "captured", "CAPTURED")
                    .sequence(1)
                    .released(),
            ),
        ),
        case(
            "16-cancelled",
            "The payment is cancelled.",
            sent(&card("CMD-2016", "2016aa", "CANCELLED").with("vads_result", "17")),
            stored(
                "CMD-2016 cancelled",
                attempted("CMD-2016", "2016aa", "cancelled", "cancelled", "CANCELLED"),
            ),
        ),
        case(
            "17-abandoned",
            "The buyer leaves the payment page: counts as cancelled. Such a form has no sequence number.",
            sent(
                &card("CMD-2017", "2017aa", "ABANDONED")
                    .with("vads_result", "17")
                    .without("vads_sequence_number"),
            ),
            stored(
                "CMD-2017 cancelled",
                Order::systempay("CMD-2017", "cancelled").expected(12_000).debit(
                    &share("CMD-2017", "2017aa", "1"),
                    "CB",
                    12_000,
                    "cancelled",
                    "ABANDONED",
                ),
            ),
        ),
    ]
}

fn in_steps() -> Vec<Case> {
    let (uuid_03, uuid_18) = (share("CMD-2003", "2003aa", "1"), share("CMD-2018", "2018aa", "1"));
    vec![
        case(
            "03-authorised",
            "Authorised is not paid: the order waits.",
            sent(&card("CMD-2003", "2003aa", "AUTHORISED")),
            stored(
                "CMD-2003 authorised",
                attempted("CMD-2003", "2003aa", "authorised", "authorised", "AUTHORISED")
                    .authorised(12_000),
            ),
        ),
        case(
            "04-then-captured",
            "A batch tells of the capture and releases the order.",
            sent(&Form::follow_up(
                "CMD-2003",
                "2003aa",
                1,
                "BATCH",
                Share(&uuid_03, "CB", 12_000, "CAPTURED"),
            )),
            stored("CMD-2003 captured 120.00 EUR", paid("CMD-2003", "2003aa").notifications(2)),
        ),
        case(
            "05-captured-first",
            "A re-send carries the later status: the capture is known first.",
            sent(&card("CMD-2005", "2005aa", "CAPTURED").sent_again("RETRY")),
            stored("CMD-2005 captured 120.00 EUR", paid("CMD-2005", "2005aa")),
        ),
        case(
            "06-authorised-late",
            "The original message arrives late and changes nothing about the paid order.",
            sent(&card("CMD-2005", "2005aa", "AUTHORISED")),
            stored("CMD-2005 captured 120.00 EUR", paid("CMD-2005", "2005aa").notifications(2)),
        ),
        case(
            "18-to-be-validated",
            "Authorised, and the merchant must validate: pending.",
            sent(
                &card("CMD-2018", "2018aa", "AUTHORISED_TO_VALIDATE")
                    .with("vads_validation_mode", "1"),
            ),
            stored(
                "CMD-2018 pending",
                attempted("CMD-2018", "2018aa", "pending", "pending", "AUTHORISED_TO_VALIDATE"),
            ),
        ),
        case(
            "19-expired",
            "Nobody validated in time.",
            sent(&Form::follow_up(
                "CMD-2018",
                "2018aa",
                1,
                "BATCH",
                Share(&uuid_18, "CB", 12_000, "EXPIRED"),
            )),
            stored(
                "CMD-2018 expired",
                attempted("CMD-2018", "2018aa", "expired", "expired", "EXPIRED").notifications(2),
            ),
        ),
    ]
}

fn repeated() -> Vec<Case> {
    let payment = card("CMD-2007", "2007aa", "CAPTURED");
    let order = || paid("CMD-2007", "2007aa");
    vec![
        case(
            "07-captured",
            "A card payment that will be announced three times.",
            sent(&payment),
            stored("CMD-2007 captured 120.00 EUR", order()),
        ),
        case(
            "08-sent-again-automatically",
            "RETRY: another vads_hash, other fields, the same statement. No second release.",
            sent(&payment.clone().sent_again("RETRY")),
            known(order()),
        ),
        case(
            "09-sent-again-by-hand",
            "The merchant sends it again from the Back Office (BO): still the same statement.",
            sent(&payment.sent_again("BO")),
            known(order()),
        ),
    ]
}

fn attempts() -> Vec<Case> {
    let second = |reference: &str| share(reference, "second attempt", "2");
    let (second_10, second_12) = (second("CMD-2010"), second("CMD-2012"));
    let two_attempts = |reference: &str, trans_id: &str| {
        Order::systempay(reference, "captured")
            .expected(12_000)
            .captured(12_000)
            .debit(&share(reference, trans_id, "1"), "CB", 12_000, "refused", "REFUSED")
            .sequence(1)
            .debit(&second(reference), "CB", 12_000, "captured", "CAPTURED")
            .sequence(2)
            .released()
    };
    let attempt_2 = |reference: &str, trans_id: &str, uuid: &str| {
        card(reference, trans_id, "CAPTURED")
            .with("vads_sequence_number", "2")
            .with("vads_trans_uuid", uuid)
    };
    vec![
        case(
            "10-refused",
            "The bank declines the first attempt.",
            sent(&card("CMD-2010", "2010aa", "REFUSED")),
            stored(
                "CMD-2010 refused",
                attempted("CMD-2010", "2010aa", "refused", "refused", "REFUSED"),
            ),
        ),
        case(
            "11-paid-on-second-attempt",
            "The second attempt on the same page succeeds.",
            sent(&attempt_2("CMD-2010", "2010aa", &second_10)),
            stored(
                "CMD-2010 captured 120.00 EUR",
                two_attempts("CMD-2010", "2010aa").notifications(2),
            ),
        ),
        case(
            "12-captured",
            "The second attempt's success arrives first.",
            sent(&attempt_2("CMD-2012", "2012aa", &second_12)),
            stored(
                "CMD-2012 captured 120.00 EUR",
                Order::systempay("CMD-2012", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&second_12, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(2)
                    .released(),
            ),
        ),
        case(
            "13-refused-attempt-late",
            "The older, refused attempt arrives late and does not undo the paid order.",
            sent(&card("CMD-2012", "2012aa", "REFUSED")),
            stored(
                "CMD-2012 captured 120.00 EUR",
                two_attempts("CMD-2012", "2012aa").notifications(2),
            ),
        ),
        case(
            "14-captured",
            "A card payment whose buyer will pay once more.",
            sent(&card("CMD-2014", "2014aa", "CAPTURED")),
            stored("CMD-2014 captured 120.00 EUR", paid("CMD-2014", "2014aa")),
        ),
        case(
            "15-paid-twice",
            "A second payment of the paid order: released once, flagged as overpaid.",
            sent(
                &card("CMD-2014", "2014bb", "CAPTURED")
                    .with("vads_trans_date", "20261122100500")
                    .with("vads_presentation_date", "20261122100505"),
            ),
            stored(
                "CMD-2014 captured 240.00 EUR",
                paid("CMD-2014", "2014aa")
                    .captured(24_000)
                    .debit(&share("CMD-2014", "2014bb", "1"), "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .flag("overpaid")
                    .notifications(2),
            ),
        ),
    ]
}
