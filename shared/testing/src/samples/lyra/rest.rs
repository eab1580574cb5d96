//! The REST format (`kr-answer`).

use serde_json::json;

use super::super::expected::{Order, stored};
use super::{Case, Delivery, case, paid, share};
use crate::lyra::{Share, answer, rest};
use crate::{REST_PASSWORD, rest_body};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = paid_at_once();
    cases.extend(attempts());
    cases.extend(statuses());
    cases.extend(names());
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
            stored(
                "CMD-2060 captured 120.00 EUR",
                paid("CMD-2060", "2060aa").details(json!({"transaction_id": "2060aa"})),
            ),
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

/// What the order as a whole is called.
fn statuses() -> Vec<Case> {
    let [wire, abandoned] =
        [("CMD-2065", "2065aa"), ("CMD-2066", "2066aa")].map(|(r, t)| share(r, t, "1"));
    let voucher = share("CMD-2067", "2067aa", "1");
    vec![
        case(
            "65-rest-running",
            "A bank transfer is under way. The cycle is closed, and closed does not mean paid.",
            Delivery::systempay(rest(
                "CMD-2065",
                "2065aa",
                12_000,
                ("RUNNING", "CLOSED"),
                &[Share(&wire, "IP_WIRE", 12_000, "WAITING_AUTHORISATION")],
            )),
            stored(
                "CMD-2065 pending",
                Order::systempay("CMD-2065", "pending")
                    .expected(12_000)
                    .debit(&wire, "IP_WIRE", 12_000, "pending", "WAITING_AUTHORISATION")
                    .sequence(1),
            ),
        ),
        case(
            "66-rest-abandoned",
            "The buyer left.",
            Delivery::systempay(rest(
                "CMD-2066",
                "2066aa",
                12_000,
                ("ABANDONED", "CLOSED"),
                &[Share(&abandoned, "CB", 12_000, "ABANDONED")],
            )),
            stored(
                "CMD-2066 cancelled",
                Order::systempay("CMD-2066", "cancelled")
                    .expected(12_000)
                    .debit(&abandoned, "CB", 12_000, "cancelled", "ABANDONED")
                    .sequence(1),
            ),
        ),
        case(
            "67-rest-partially-paid",
            "Vouchers paid half, and the complement may still come.",
            Delivery::systempay(rest(
                "CMD-2067",
                "2067aa",
                12_000,
                ("PARTIALLY_PAID", "OPEN"),
                &[Share(&voucher, "CVCO", 6_000, "CAPTURED")],
            )),
            stored(
                "CMD-2067 partially_captured 60.00 EUR",
                Order::systempay("CMD-2067", "partially_captured")
                    .expected(12_000)
                    .captured(6_000)
                    .debit(&voucher, "CVCO", 6_000, "captured", "CAPTURED")
                    .sequence(1),
            ),
        ),
    ]
}

/// Orders that the merchant did not name, or that are not the named one.
fn names() -> Vec<Case> {
    let [unnamed, last] =
        [("CMD-2068", "2068aa"), ("CMD-2069", "2069aa")].map(|(r, t)| share(r, t, "1"));
    let paid = ("PAID", "CLOSED");
    let shares = [Share(&unnamed, "CB", 12_000, "CAPTURED")];
    let mut without_order = answer("CMD-2068", "2068aa", 12_000, paid, &shares);
    without_order["orderDetails"]["orderId"] = json!(null);
    let shares = [Share(&last, "CB", 12_500, "CAPTURED")];
    let mut occurrence = answer("CMD-2069", "2069aa", 12_500, paid, &shares);
    occurrence["orderDetails"]["orderCurrency"] = json!("KWD");
    occurrence["transactions"][0]["currency"] = json!("KWD");
    occurrence["transactions"][0]["transactionDetails"]["occurrenceType"] =
        json!("RECURRENT_FINAL");
    occurrence["transactions"][0]["transactionDetails"]["subscriptionDetails"] =
        json!({"subscriptionId": "20261122abc"});
    let by_payment = |reference: &str| Order::systempay(reference, "captured").released();
    vec![
        case(
            "68-rest-without-order",
            "orderId may be null: the payment names the order, as in the form format.",
            Delivery::systempay(rest_body(REST_PASSWORD, &without_order.to_string())),
            stored(
                "tx:20261122-2068aa captured 120.00 EUR",
                by_payment("tx:20261122-2068aa")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&unnamed, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1),
            ),
        ),
        case(
            "69-rest-last-occurrence",
            "The last occurrence of a subscription, in a currency with three decimals, is not the \
             subscription's own order.",
            Delivery::systempay(rest_body(REST_PASSWORD, &occurrence.to_string())),
            stored(
                "CMD-2069~20261122-2069aa captured 12.500 KWD",
                by_payment("CMD-2069~20261122-2069aa")
                    .currency("KWD")
                    .expected(12_500)
                    .captured(12_500)
                    .debit(&last, "CB", 12_500, "captured", "CAPTURED")
                    .sequence(1),
            ),
        ),
    ]
}
