//! What a transaction is worth, and which order it pays for. Orders `CMD-M2nn`.

use serde_json::json;

use super::super::expected::{Order, known, stored};
use super::{Case, card, case, paid, sent, share};
use crate::lyra::{Form, Share, answer, uuid};
use crate::samples::delivery::Delivery;
use crate::{REST_PASSWORD, rest_body};

pub(super) fn cases() -> Vec<Case> {
    [effective(), rest(), subscription(), earlier_attempt(), doubts(), cascade_given_back()]
        .into_iter()
        .flatten()
        .collect()
}

fn effective() -> Vec<Case> {
    vec![case(
        "m01-captured-for-less",
        "The amount was lowered before the capture: the effective amount counts.",
        sent(&card("CMD-M201", "m201aa", "CAPTURED").with("vads_effective_amount", "9000")),
        stored(
            "CMD-M201 partially_captured 90.00 EUR of 120.00 EUR",
            Order::systempay("CMD-M201", "partially_captured")
                .expected(12_000)
                .captured(9_000)
                .debit(&share("CMD-M201", "m201aa", "1"), "CB", 9_000, "captured", "CAPTURED")
                .sequence(1),
        ),
    )]
}

fn rest() -> Vec<Case> {
    let said = |reference: &str, trans_id: &str| {
        let uuid = share(reference, trans_id, "1");
        let shares = [Share(&uuid, "CB", 12_000, "CAPTURED")];
        answer(reference, trans_id, 12_000, ("PAID", "CLOSED"), &shares)
    };
    let mut saved = said("CMD-M202", "m202aa");
    let details = &mut saved["transactions"][0]["transactionDetails"];
    details["occurrenceType"] = json!("RECURRENT_INTERMEDIAIRE");
    details["subscriptionDetails"] = json!({"subscriptionId": null});
    let mut converted = said("CMD-M203", "m203aa");
    converted["transactions"][0]["amount"] = json!(13_900);
    converted["transactions"][0]["currency"] = json!("USD");
    let body = |answer: &serde_json::Value| {
        Delivery::systempay(rest_body(REST_PASSWORD, &answer.to_string()))
    };
    vec![
        case(
            "m02-rest-saved-card",
            "A payment by saved card is called an occurrence and names no subscription: it pays for the \
             shop's order.",
            body(&saved),
            stored("CMD-M202 captured 120.00 EUR", paid("CMD-M202", "m202aa")),
        ),
        case(
            "m03-rest-converted",
            "The buyer's currency was converted: the amount in the order's currency counts.",
            body(&converted),
            stored("CMD-M203 captured 120.00 EUR", paid("CMD-M203", "m203aa")),
        ),
    ]
}

/// A month of a subscription whose automatic re-send comes before its first news.
fn subscription() -> Vec<Case> {
    let month = card("CMD-M204", "m204bb", "CAPTURED")
        .with("vads_subscription", "20261122abc")
        .with("vads_recurrence_number", "2");
    let order = || {
        Order::systempay("CMD-M204~20261122-m204bb", "captured")
            .expected(12_000)
            .captured(12_000)
            .debit(&share("CMD-M204", "m204bb", "1"), "CB", 12_000, "captured", "CAPTURED")
            .sequence(1)
            .released()
    };
    vec![
        case(
            "m04-subscription-month-resent",
            "The second month of a subscription, sent again by the gateway before its first news came.",
            sent(&month.clone().sent_again("RETRY")),
            stored("CMD-M204~20261122-m204bb captured 120.00 EUR", order()),
        ),
        case(
            "m05-subscription-month",
            "Its first news say nothing new.",
            sent(&month.sent_again("REC")),
            known(order()),
        ),
    ]
}

fn earlier_attempt() -> Vec<Case> {
    let first = share("CMD-M206", "m206aa", "1");
    let back = uuid(&["CMD-M206", "back"]);
    let refund = Form::refund("CMD-M206", "m206rr", &back, "CB", 12_000, "CAPTURED");
    let order = |state| {
        Order::systempay("CMD-M206", state)
            .expected(12_000)
            .captured(12_000)
            .debit(&first, "CB", 12_000, "captured", "CAPTURED")
            .sequence(1)
    };
    vec![
        case(
            "m06-refund-first",
            "The refund of a payment that is not known yet.",
            sent(&refund),
            stored(
                "CMD-M206 partially_refunded",
                Order::systempay("CMD-M206", "partially_refunded")
                    .refunded(12_000)
                    .credit(&back, "CB", 12_000, "refunded", "CAPTURED")
                    .sequence(1)
                    .flag("ambiguous"),
            ),
        ),
        case(
            "m07-refunded-payment",
            "The payment: all of it went back.",
            sent(&card("CMD-M206", "m206aa", "CAPTURED")),
            stored(
                "CMD-M206 refunded 120.00 EUR",
                order("refunded")
                    .refunded(12_000)
                    .credit(&back, "CB", 12_000, "refunded", "CAPTURED")
                    .sequence(1)
                    .notifications(2),
            ),
        ),
        case(
            "m08-paid-again",
            "Paid again: 120.00 are left.",
            sent(&card("CMD-M206", "m206bb", "CAPTURED")),
            stored(
                "CMD-M206 captured 240.00 EUR",
                order("captured")
                    .captured(24_000)
                    .refunded(12_000)
                    .debit(&share("CMD-M206", "m206bb", "1"), "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .credit(&back, "CB", 12_000, "refunded", "CAPTURED")
                    .sequence(1)
                    .released()
                    .notifications(3),
            ),
        ),
    ]
}

fn doubts() -> Vec<Case> {
    let form = card("CMD-M209", "m209aa", "CAPTURED");
    let respelt = card("CMD-M209", "m209bb", "CAPTURED").with("vads_invented", "x");
    vec![
        case(
            "m09-captured",
            "A paid order.",
            sent(&form),
            stored("CMD-M209 captured 120.00 EUR", paid("CMD-M209", "m209aa")),
        ),
        case(
            "m10-doubt-about-a-paid-order",
            "A form with an undocumented field about the paid order: listed, and nothing else.",
            sent(&respelt),
            stored("CMD-M209 captured 120.00 EUR", paid("CMD-M209", "m209aa").notifications(2)),
        ),
    ]
}

/// A cascade that is given back in the order in which refunds go: the card share first.
fn cascade_given_back() -> Vec<Case> {
    let [voucher, paid_by_card] = ["1", "2"].map(|sequence| share("CMD-M211", "cascade", sequence));
    let [card_back, voucher_back] = ["card", "voucher"].map(|of| uuid(&["CMD-M211", of, "back"]));
    let refund = |trans_id: &str, uuid: &str, brand: &str| {
        Form::refund("CMD-M211", trans_id, uuid, brand, 6_000, "CAPTURED")
    };
    let order = |state| {
        Order::systempay("CMD-M211", state)
            .expected(12_000)
            .captured(12_000)
            .debit(&voucher, "CVCO", 6_000, "captured", "CAPTURED")
            .sequence(1)
            .debit(&paid_by_card, "CB", 6_000, "captured", "CAPTURED")
            .sequence(2)
            .released()
    };
    let back = |order: Order, uuid: &str, brand| {
        order.credit(uuid, brand, 6_000, "refunded", "CAPTURED").sequence(1)
    };
    let shares =
        [Share(&voucher, "CVCO", 6_000, "CAPTURED"), Share(&paid_by_card, "CB", 6_000, "CAPTURED")];
    // Credits are listed by their ids.
    let mut both = [(&card_back, "CB"), (&voucher_back, "CVCO")];
    both.sort();
    let all_back =
        both.into_iter().fold(order("refunded"), |order, (uuid, brand)| back(order, uuid, brand));
    vec![
        case(
            "m11-cascade-complete",
            "A cascade that will be given back: released.",
            sent(&Form::cascade("CMD-M211", "m211aa", 12_000, "CAPTURED", &shares)),
            stored("CMD-M211 captured 120.00 EUR", order("captured")),
        ),
        case(
            "m12-cascade-card-refunded",
            "The card share is given back first: a reversal.",
            sent(&refund("m211rr", &card_back, "CB")),
            stored(
                "CMD-M211 partially_refunded 120.00 EUR",
                back(order("partially_refunded"), &card_back, "CB")
                    .refunded(6_000)
                    .reversals(1)
                    .notifications(2),
            ),
        ),
        case(
            "m13-cascade-voucher-refunded",
            "Then the voucher share: a second reversal.",
            sent(&refund("m211rv", &voucher_back, "CVCO")),
            stored(
                "CMD-M211 refunded 120.00 EUR",
                all_back.refunded(12_000).reversals(2).notifications(3),
            ),
        ),
    ]
}
