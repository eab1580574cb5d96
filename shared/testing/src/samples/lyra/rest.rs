//! The REST format (`kr-answer`).

use super::super::expected::{Order, stored};
use super::{Case, Delivery, case, paid, share};
use crate::lyra::{Share, rest};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = paid_at_once();
    cases.extend(attempts());
    cases
}

fn paid_at_once() -> Vec<Case> {
    let [uuid_60, uuid_62] = [("CMD-2060", "2060aa"), ("CMD-2062", "2062aa")]
        .map(|(reference, trans_id)| share(reference, trans_id, "1"));
    let [voucher, complement] = ["1", "2"].map(|n| share("CMD-2061", "2061aa", n));
    let by_card = |reference, trans_id, uuid| {
        let shares = [Share(uuid, "CB", 12_000, "CAPTURED")];
        Delivery::systempay(rest(reference, trans_id, 12_000, ("PAID", "CLOSED"), &shares))
    };
    let cascade =
        [Share(&voucher, "CVCO", 6_000, "CAPTURED"), Share(&complement, "CB", 6_000, "CAPTURED")];
    vec![
        case(
            "60-rest-paid",
            "A card payment in the REST format.",
            by_card("CMD-2060", "2060aa", &uuid_60),
            stored("CMD-2060 captured 120.00 EUR", paid("CMD-2060", "2060aa")),
        ),
        case(
            "61-rest-cascade",
            "Vouchers and card together in the REST format.",
            Delivery::systempay(rest("CMD-2061", "2061aa", 12_000, ("PAID", "CLOSED"), &cascade)),
            stored(
                "CMD-2061 captured 120.00 EUR",
                Order::systempay("CMD-2061", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&voucher, "CVCO", 6_000, "captured", "CAPTURED")
                    .sequence(1)
                    .debit(&complement, "CB", 6_000, "captured", "CAPTURED")
                    .sequence(2)
                    .released(),
            ),
        ),
        case(
            "62-rest-escaped-slashes",
            "Some senders escape the slashes of the JSON after signing it.",
            by_card("CMD-2062", "2062aa", &uuid_62)
                .altered("V4%2FPayment%22", "V4%5C%2FPayment%22"),
            stored("CMD-2062 captured 120.00 EUR", paid("CMD-2062", "2062aa")),
        ),
    ]
}

fn attempts() -> Vec<Case> {
    let [first, second] = ["1", "2"].map(|n| share("CMD-2063", "2063aa", n));
    let refused = Share(&first, "CB", 12_000, "REFUSED");
    let captured = Share(&second, "CB", 12_000, "CAPTURED");
    let order = |state| {
        Order::systempay("CMD-2063", state)
            .expected(12_000)
            .debit(&first, "CB", 12_000, "refused", "REFUSED")
            .sequence(1)
    };
    vec![
        case(
            "63-rest-refused",
            "Refused, and the cycle is open: another attempt may follow.",
            Delivery::systempay(rest("CMD-2063", "2063aa", 12_000, ("UNPAID", "OPEN"), &[refused])),
            stored("CMD-2063 refused", order("refused")),
        ),
        case(
            "64-rest-paid-on-second-attempt",
            "The answer lists both attempts; the second is paid.",
            Delivery::systempay(rest(
                "CMD-2063",
                "2063aa",
                12_000,
                ("PAID", "CLOSED"),
                &[refused, captured],
            )),
            stored(
                "CMD-2063 captured 120.00 EUR",
                order("captured")
                    .captured(12_000)
                    .debit(&second, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(2)
                    .released()
                    .notifications(2),
            ),
        ),
    ]
}
