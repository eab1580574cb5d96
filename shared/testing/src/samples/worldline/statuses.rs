//! Every number of the status table that no other case shows, mostly as the life of one payment.

use super::super::expected::{Order, known, stored};
use super::{Case, array, card, case, paid, sent};
use crate::worldline::Payment;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = open();
    cases.extend(authorisation());
    cases.extend(capture());
    cases.extend(cancellation());
    cases
}

/// An order of 120.00 EUR with one open payment by card.
fn pending(reference: &str, payment: &str, psp_status: &'static str) -> Order {
    Order::worldline(reference, "pending")
        .expected(12_000)
        .debit(payment, "CB", 12_000, "pending", psp_status)
}

/// An order of 120.00 EUR that is reserved with one payment by card.
fn reserved(reference: &str, payment: &str, psp_status: &'static str) -> Order {
    Order::worldline(reference, "authorised").expected(12_000).authorised(12_000).debit(
        payment,
        "CB",
        12_000,
        "authorised",
        psp_status,
    )
}

fn open() -> Vec<Case> {
    let waiting = |id: &str, code| {
        let category = "PENDING_CONNECT_OR_3RD_PARTY";
        let payment = card("CMD-1078", id, 46);
        payment.stating("payment.redirected", "REDIRECTED", code, category).json()
    };
    let mut created = card("CMD-1074", "3254561074_0", 0).json();
    created["created"] = "2026-11-22T10:00:00.040+0100".into();
    vec![
        case(
            "74-created",
            "Number 0: created, not finished. The time is in the other shape that has been seen.",
            super::Delivery::worldline(&created),
            stored("CMD-1074 pending", pending("CMD-1074", "3254561074", "CREATED")),
        ),
        case(
            "75-created-other-word",
            "Number 0 with the other word that a plugin lists for it.",
            sent(&card("CMD-1075", "3254561075_0", 0).word("PAYMENT_CREATED")),
            stored("CMD-1075 pending", pending("CMD-1075", "3254561075", "PAYMENT_CREATED")),
        ),
        case(
            "76-redirected",
            "Number 46: the buyer is with the bank.",
            sent(&card("CMD-1076", "3254561076_0", 46)),
            stored("CMD-1076 pending", pending("CMD-1076", "3254561076", "REDIRECTED")),
        ),
        case(
            "77-pending-payment",
            "Number 46 with its other word, in an event that the documented list lacks.",
            sent(&card("CMD-1077", "3254561077_0", 46).stating(
                "payment.pending_payment",
                "PENDING_PAYMENT",
                46,
                "PENDING_PAYMENT",
            )),
            stored("CMD-1077 pending", pending("CMD-1077", "3254561077", "PENDING_PAYMENT")),
        ),
        case(
            "78-waiting-for-others",
            "Numbers 40 and 41, of older lists: two attempts that wait for somebody else.",
            array([waiting("3254561078_0", 40), waiting("3254561178_0", 41)]),
            stored(
                "CMD-1078 pending",
                pending("CMD-1078", "3254561078", "REDIRECTED")
                    .debit("3254561178", "CB", 12_000, "pending", "REDIRECTED")
                    .notifications(2),
            ),
        ),
        case(
            "79-fraud-check",
            "Number 50: reserved or waiting for a check, sources differ. It waits.",
            sent(&card("CMD-1079", "3254561079_0", 0).stating(
                "payment.pending_fraud_approval",
                "PENDING_FRAUD_APPROVAL",
                50,
                "PENDING_MERCHANT",
            )),
            stored("CMD-1079 pending", pending("CMD-1079", "3254561079", "PENDING_FRAUD_APPROVAL")),
        ),
    ]
}

fn authorisation() -> Vec<Case> {
    let requested = |code| sent(&card("CMD-1080", "3254561080_0", code));
    let order = || pending("CMD-1080", "3254561080", "AUTHORIZATION_REQUESTED");
    vec![
        case(
            "80-authorisation-requested",
            "Number 51: the authorisation is asked for.",
            requested(51),
            stored("CMD-1080 pending", order()),
        ),
        case(
            "81-authorisation-uncertain",
            "Number 52: it may have been given or not, which is no news after 51.",
            requested(52),
            known(order()),
        ),
        case(
            "82-pending-completion",
            "Number 55, standby, with a word whose number no source names.",
            sent(&card("CMD-1082", "3254561082_0", 0).stating(
                "payment.pending_completion",
                "PENDING_COMPLETION",
                55,
                "PENDING_MERCHANT",
            )),
            stored("CMD-1082 pending", pending("CMD-1082", "3254561082", "PENDING_COMPLETION")),
        ),
    ]
}

fn capture() -> Vec<Case> {
    let capture = |code| card("CMD-1083", "3254561083_1", code);
    let order = |psp_status| reserved("CMD-1083", "3254561083", psp_status);
    let approval = card("CMD-1083", "3254561083_0", 5);
    vec![
        case(
            "83-pending-approval",
            "Number 5 with its other word: authorised, the merchant has to approve.",
            sent(&approval.kind("payment.pending_approval").word("PENDING_APPROVAL")),
            stored("CMD-1083 authorised", order("PENDING_APPROVAL")),
        ),
        case(
            "84-capture-asked-for",
            "Number 4: the capture is asked for, the money not taken yet.",
            sent(&capture(4)),
            stored("CMD-1083 authorised", order("CAPTURE_REQUESTED").notifications(2)),
        ),
        case(
            "85-capture-uncertain",
            "Numbers 92 and 99 of the same operation: still under way, nothing new.",
            array([capture(92).json(), capture(99).json()]),
            known(order("CAPTURE_REQUESTED").notifications(2)),
        ),
        case(
            "86-then-captured",
            "The operation that was under way ends with number 9: paid and released.",
            sent(&capture(9)),
            stored("CMD-1083 captured 120.00 EUR", paid("CMD-1083", "3254561083").notifications(3)),
        ),
    ]
}

fn cancellation() -> Vec<Case> {
    let cancelling = |code| -> Payment {
        let payment = card("CMD-1087", "3254561087_1", 6);
        payment.stating("payment.cancelled", "CANCELLED", code, "UNSUCCESSFUL")
    };
    let refused = |word: &str, category: &str| {
        let payment = card("CMD-1087", "3254561087_1", 5);
        payment.stating("payment.pending_capture", word, 63, category).json()
    };
    let order = || reserved("CMD-1087", "3254561087", "PENDING_CAPTURE");
    vec![
        case(
            "87-cancellation-waiting",
            "Authorised, then numbers 61 and 62: a cancellation that is asked for is not yet one.",
            array([
                card("CMD-1087", "3254561087_0", 5).json(),
                cancelling(61).json(),
                cancelling(62).json(),
            ]),
            stored("CMD-1087 authorised", order().notifications(2)),
        ),
        case(
            "88-cancellation-refused",
            "Number 63, whose word is not certain: the cancellation is refused, the payment stays \
             authorised.",
            array([
                refused("CANCELLATION_REJECTED", "UNSUCCESSFUL"),
                refused("PENDING_CAPTURE", "PENDING_MERCHANT"),
            ]),
            stored("CMD-1087 authorised", order().notifications(4)),
        ),
        case(
            "89-cancelled",
            "Number 6: a second cancellation succeeds.",
            sent(&card("CMD-1087", "3254561087_2", 6)),
            stored(
                "CMD-1087 cancelled",
                Order::worldline("CMD-1087", "cancelled")
                    .expected(12_000)
                    .debit("3254561087", "CB", 12_000, "cancelled", "CANCELLED")
                    .notifications(5),
            ),
        ),
    ]
}
