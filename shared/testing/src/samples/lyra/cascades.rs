//! Vouchers and a card together (`MULTI`): 60.00 EUR each of an order of 120.00 EUR.

use serde_json::json;

use super::super::expected::{Order, known, stored};
use super::{Case, case, sent, share};
use crate::lyra::{Form, Share};

/// Uuids of the voucher share, the card share and a further card share.
struct Uuids([String; 3]);

impl Uuids {
    fn of(reference: &str) -> Self {
        Self(["1", "2", "3"].map(|sequence| share(reference, "cascade", sequence)))
    }

    /// The voucher, captured.
    fn voucher(&self) -> Share<'_> {
        Share(&self.0[0], "CVCO", 6_000, "CAPTURED")
    }

    /// The first card share.
    fn card<'a>(&'a self, status: &'a str) -> Share<'a> {
        Share(&self.0[1], "CB", 6_000, status)
    }

    /// The second card share.
    fn other_card<'a>(&'a self, status: &'a str) -> Share<'a> {
        Share(&self.0[2], "CB", 6_000, status)
    }

    /// The order with its voucher share.
    fn order(&self, reference: &str, state: &'static str) -> Order {
        Order::systempay(reference, state)
            .expected(12_000)
            .captured(6_000)
            .debit(&self.0[0], "CVCO", 6_000, "captured", "CAPTURED")
            .sequence(1)
    }

    /// The order with its voucher share and a captured card share.
    fn paid(&self, reference: &str) -> Order {
        self.order(reference, "captured")
            .captured(12_000)
            .debit(&self.0[1], "CB", 6_000, "captured", "CAPTURED")
            .sequence(2)
            .released()
    }

    /// The order with its voucher share, a refused card share and a captured one.
    fn paid_after_refusal(&self, reference: &str) -> Order {
        self.order(reference, "captured")
            .captured(12_000)
            .debit(&self.0[1], "CB", 6_000, "refused", "REFUSED")
            .sequence(2)
            .debit(&self.0[2], "CB", 6_000, "captured", "CAPTURED")
            .sequence(3)
            .released()
    }
}

fn cascade(reference: &str, trans_id: &str, status: &str, shares: &[Share<'_>]) -> Form {
    Form::cascade(reference, trans_id, 12_000, status, shares)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = at_once();
    cases.extend(in_steps());
    cases
}

fn at_once() -> Vec<Case> {
    let (u20, u22, u28) = (Uuids::of("CMD-2020"), Uuids::of("CMD-2022"), Uuids::of("CMD-2028"));
    let complete =
        cascade("CMD-2020", "2020aa", "CAPTURED", &[u20.voucher(), u20.card("CAPTURED")]);
    // The field reference calls the list `transaction`; numbers may be numbers, and most fields are
    // optional.
    let other_spelling = json!({"trans_id": "2028aa", "transaction": [
        {"amount": 6_000, "card_brand": "CVCO", "sequence_number": 1, "trans_status": "CAPTURED",
         "trans_uuid": u28.0[0]},
        {"amount": 6_000, "card_brand": "CB", "sequence_number": 2, "trans_status": "CAPTURED",
         "trans_uuid": u28.0[1], "wallet": null},
    ]});
    vec![
        case(
            "20-cascade-complete",
            "Vouchers and card together cover the order.",
            sent(&complete),
            stored(
                "CMD-2020 captured 120.00 EUR",
                u20.paid("CMD-2020").details(json!({
                    "transaction_id": "2020aa",
                    "authorisation_result": "0",
                    "authorisation_result_text": "authorised",
                    "capture_delay_days": 0,
                    "capture_date": "2026-11-22T10:00:05Z",
                })),
            ),
        ),
        case(
            "21-cascade-sent-again",
            "The same cascade by automatic re-send: no second release.",
            sent(&complete.sent_again("RETRY")),
            known(u20.paid("CMD-2020")),
        ),
        case(
            "22-cascade-with-refused-try",
            "The list holds a refused card attempt too; it counts for nothing.",
            sent(&cascade(
                "CMD-2022",
                "2022aa",
                "CAPTURED",
                &[u22.voucher(), u22.card("REFUSED"), u22.other_card("CAPTURED")],
            )),
            stored("CMD-2022 captured 120.00 EUR", u22.paid_after_refusal("CMD-2022")),
        ),
        case(
            "28-cascade-other-spelling",
            "The list under its other name, with numbers as numbers and optional fields missing.",
            sent(
                &cascade("CMD-2028", "2028aa", "CAPTURED", &[u28.voucher()])
                    .with("vads_payment_seq", &other_spelling.to_string()),
            ),
            stored("CMD-2028 captured 120.00 EUR", u28.paid("CMD-2028")),
        ),
    ]
}

fn in_steps() -> Vec<Case> {
    let (u23, u25, u27) = (Uuids::of("CMD-2023"), Uuids::of("CMD-2025"), Uuids::of("CMD-2027"));
    let half_paid = |uuids: &Uuids, reference: &str| {
        uuids
            .order(reference, "partially_captured")
            .debit(&uuids.0[1], "CB", 6_000, "refused", "REFUSED")
            .sequence(2)
    };
    vec![
        case(
            "23-cascade-half-paid",
            "The voucher is taken, the complement refused: half paid, not released.",
            sent(&cascade("CMD-2023", "2023aa", "REFUSED", &[u23.voucher(), u23.card("REFUSED")])),
            stored("CMD-2023 partially_captured 60.00 EUR", half_paid(&u23, "CMD-2023")),
        ),
        case(
            "24-then-complement",
            "Another card pays the rest.",
            sent(&cascade(
                "CMD-2023",
                "2023aa",
                "CAPTURED",
                &[u23.voucher(), u23.card("REFUSED"), u23.other_card("CAPTURED")],
            )),
            stored(
                "CMD-2023 captured 120.00 EUR",
                u23.paid_after_refusal("CMD-2023").notifications(2),
            ),
        ),
        case(
            "25-cascade-card-authorised",
            "The voucher is captured, the card only authorised: not paid yet.",
            sent(&cascade(
                "CMD-2025",
                "2025aa",
                "AUTHORISED",
                &[u25.voucher(), u25.card("AUTHORISED")],
            )),
            stored(
                "CMD-2025 partially_captured 60.00 EUR",
                u25.order("CMD-2025", "partially_captured")
                    .authorised(6_000)
                    .debit(&u25.0[1], "CB", 6_000, "authorised", "AUTHORISED")
                    .sequence(2),
            ),
        ),
        case(
            "26-card-share-captured",
            "A follow-up about the card share alone completes the order.",
            sent(&Form::follow_up("CMD-2025", "2025aa", 2, "BATCH", u25.card("CAPTURED"))),
            stored("CMD-2025 captured 120.00 EUR", u25.paid("CMD-2025").notifications(2)),
        ),
        case(
            "27-cascade-complement-abandoned",
            "The voucher is taken and the buyer leaves before the complement.",
            sent(&cascade("CMD-2027", "2027aa", "ABANDONED", &[u27.voucher()])),
            stored(
                "CMD-2027 partially_captured 60.00 EUR",
                u27.order("CMD-2027", "partially_captured"),
            ),
        ),
    ]
}
