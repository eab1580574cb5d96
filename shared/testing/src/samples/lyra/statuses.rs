//! Every word of the status table and every source of a call that no other case shows, and amounts in
//! other currencies.

use super::super::expected::{Order, stored};
use super::{Case, card, case, paid, sent, share};
use crate::lyra::{Form, Share};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = open();
    cases.extend(deferred());
    cases.extend(capture());
    cases.extend(ended());
    cases.extend(no_whole_payment());
    cases.extend(sources());
    cases.extend(currencies());
    cases
}

/// The end of a payment of 120.00 EUR that is neither done nor declined.
fn undecided(reference: &str, trans_id: &str, status: &str) -> Form {
    card(reference, trans_id, status).with("vads_result", "00").with("vads_auth_result", "")
}

/// What a batch or the Back Office says of such a payment.
fn later(reference: &str, trans_id: &str, source: &str, status: &str) -> Form {
    let uuid = share(reference, trans_id, "1");
    Form::follow_up(reference, trans_id, 1, source, Share(&uuid, "CB", 12_000, status))
        .with("vads_result", "00")
        .with("vads_auth_result", "")
}

/// An order of 120.00 EUR with one card payment.
fn order(
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

fn pending(reference: &str, trans_id: &str, psp_status: &'static str) -> Order {
    order(reference, trans_id, "pending", "pending", psp_status)
}

fn open() -> Vec<Case> {
    let order = |psp_status| pending("CMD-2085", "2085aa", psp_status);
    vec![
        case(
            "85-initial",
            "The acquirer has not answered yet.",
            sent(&undecided("CMD-2085", "2085aa", "INITIAL")),
            stored("CMD-2085 pending", order("INITIAL")),
        ),
        case(
            "86-waiting-for-payment",
            "Sent by hand meanwhile: the buyer is with a bank or wallet.",
            sent(&later("CMD-2085", "2085aa", "BO", "WAITING_FOR_PAYMENT")),
            stored("CMD-2085 pending", order("WAITING_FOR_PAYMENT").notifications(2)),
        ),
        case(
            "87-under-verification",
            "The acquirer checks the payment.",
            sent(&later("CMD-2085", "2085aa", "BATCH", "UNDER_VERIFICATION")),
            stored("CMD-2085 pending", order("UNDER_VERIFICATION").notifications(3)),
        ),
        case(
            "93-pending",
            "A word that only plugins list.",
            sent(&undecided("CMD-2093", "2093aa", "PENDING")),
            stored("CMD-2093 pending", pending("CMD-2093", "2093aa", "PENDING")),
        ),
    ]
}

fn deferred() -> Vec<Case> {
    let to_validate = undecided("CMD-2089", "2089aa", "WAITING_AUTHORISATION_TO_VALIDATE");
    vec![
        case(
            "88-waiting-authorisation",
            "A payment in a month: it will be authorised then.",
            sent(
                &undecided("CMD-2088", "2088aa", "WAITING_AUTHORISATION")
                    .with("vads_capture_delay", "30"),
            ),
            stored("CMD-2088 pending", pending("CMD-2088", "2088aa", "WAITING_AUTHORISATION")),
        ),
        case(
            "89-waiting-authorisation-to-validate",
            "The same, and the merchant has to validate as well.",
            sent(&to_validate.with("vads_capture_delay", "30").with("vads_validation_mode", "1")),
            stored(
                "CMD-2089 pending",
                pending("CMD-2089", "2089aa", "WAITING_AUTHORISATION_TO_VALIDATE"),
            ),
        ),
    ]
}

fn capture() -> Vec<Case> {
    let order = |psp_status| pending("CMD-2090", "2090aa", psp_status);
    vec![
        case(
            "90-pre-authorised",
            "Reserved provisionally: not even authorised.",
            sent(&undecided("CMD-2090", "2090aa", "PRE_AUTHORISED")),
            stored("CMD-2090 pending", order("PRE_AUTHORISED")),
        ),
        case(
            "91-capture-pending",
            "The capture is under way: not taken yet.",
            sent(&later("CMD-2090", "2090aa", "BATCH", "CAPTURE_PENDING")),
            stored("CMD-2090 pending", order("CAPTURE_PENDING").notifications(2)),
        ),
        case(
            "92-suspended",
            "The acquirer blocks the capture for now.",
            sent(&later("CMD-2090", "2090aa", "BATCH", "SUSPENDED")),
            stored("CMD-2090 pending", order("SUSPENDED").notifications(3)),
        ),
        case(
            "94-capture-failed",
            "The capture failed and the provider says to call: held, neither paid nor lost.",
            sent(&undecided("CMD-2094", "2094aa", "CAPTURE_FAILED")),
            stored("CMD-2094 pending", pending("CMD-2094", "2094aa", "CAPTURE_FAILED")),
        ),
    ]
}

fn ended() -> Vec<Case> {
    vec![case(
        "95-not-created",
        "The transaction was not created: counts as refused.",
        sent(&card("CMD-2095", "2095aa", "NOT_CREATED")),
        stored(
            "CMD-2095 refused",
            order("CMD-2095", "2095aa", "refused", "refused", "NOT_CREATED"),
        ),
    )]
}

fn no_whole_payment() -> Vec<Case> {
    let refund = share("CMD-2039", "2039rr", "1");
    let verified = share("CMD-2096", "2096aa", "1");
    vec![
        case(
            "39-refund-to-retry",
            "The first news of an order is a refund that has to be tried again: nothing is given back, \
             and what the order costs is not known.",
            sent(
                &Form::refund("CMD-2039", "2039rr", &refund, "CB", 4_000, "REFUND_TO_RETRY")
                    .with("vads_result", "00")
                    .with("vads_auth_result", ""),
            ),
            stored(
                "CMD-2039 pending",
                Order::systempay("CMD-2039", "pending")
                    .credit(&refund, "CB", 4_000, "pending", "REFUND_TO_RETRY")
                    .sequence(1)
                    .flag("ambiguous"),
            ),
        ),
        case(
            "96-verification-accepted",
            "A card is checked over its amount: no money moves, and there is nothing to ask about.",
            sent(
                &undecided("CMD-2096", "2096aa", "ACCEPTED")
                    .with("vads_operation_type", "VERIFICATION")
                    .with("vads_page_action", "REGISTER"),
            ),
            stored(
                "CMD-2096 pending",
                Order::systempay("CMD-2096", "pending")
                    .verification(&verified, "CB", 12_000, "accepted", "ACCEPTED")
                    .sequence(1),
            ),
        ),
        case(
            "97-partially-authorised",
            "40.00 EUR of 120.00 EUR are authorised: that much is reserved, and no more.",
            sent(
                &undecided("CMD-2097", "2097aa", "PARTIALLY_AUTHORISED")
                    .with("vads_effective_amount", "4000"),
            ),
            stored(
                "CMD-2097 pending",
                Order::systempay("CMD-2097", "pending")
                    .expected(12_000)
                    .authorised(4_000)
                    .debit(
                        &share("CMD-2097", "2097aa", "1"),
                        "CB",
                        4_000,
                        "authorised",
                        "PARTIALLY_AUTHORISED",
                    )
                    .sequence(1),
            ),
        ),
    ]
}

fn sources() -> Vec<Case> {
    let unknown = share("CMD-2059", "2059aa", "1");
    let from = |reference: &str, trans_id: &str, source: &str| {
        sent(&card(reference, trans_id, "CAPTURED").with("vads_url_check_src", source))
    };
    vec![
        case(
            "98-voice-order",
            "A payment by telephone speaks of the whole: paid and released.",
            sent(
                &card("CMD-2098", "2098aa", "CAPTURED")
                    .with("vads_url_check_src", "VOICE_ORDER")
                    .with("vads_occurrence_type", "UNITAIRE"),
            ),
            stored("CMD-2098 captured 120.00 EUR", paid("CMD-2098", "2098aa")),
        ),
        case(
            "99-data-collection-form",
            "So does a payment by a data collection form.",
            from("CMD-2099", "2099aa", "DCF"),
            stored("CMD-2099 captured 120.00 EUR", paid("CMD-2099", "2099aa")),
        ),
        case(
            "59-unknown-source",
            "A source that no table knows may speak of one share only: it waits.",
            from("CMD-2059", "2059aa", "FILE"),
            stored(
                "CMD-2059 partially_captured 120.00 EUR",
                Order::systempay("CMD-2059", "partially_captured")
                    .captured(12_000)
                    .debit(&unknown, "CB", 12_000, "captured", "CAPTURED")
                    .sequence(1)
                    .flag("ambiguous"),
            ),
        ),
    ]
}

fn currencies() -> Vec<Case> {
    let by = |reference: &str, trans_id: &str, amount: u64, number: &str| {
        let payment = Form::single(reference, trans_id, "CB", amount, "CAPTURED");
        sent(&payment.with("vads_currency", number).with("vads_effective_currency", number))
    };
    let paid_in = |reference: &str, trans_id: &str, amount: u64, code| {
        Order::systempay(reference, "captured")
            .currency(code)
            .expected(amount)
            .captured(amount)
            .debit(&share(reference, trans_id, "1"), "CB", amount, "captured", "CAPTURED")
            .sequence(1)
            .released()
    };
    vec![
        case(
            "56-yen",
            "A currency without decimals.",
            by("CMD-2056", "2056aa", 12_000, "392"),
            stored("CMD-2056 captured 12000 JPY", paid_in("CMD-2056", "2056aa", 12_000, "JPY")),
        ),
        case(
            "57-dinars",
            "A currency with three decimals.",
            by("CMD-2057", "2057aa", 12_500, "788"),
            stored("CMD-2057 captured 12.500 TND", paid_in("CMD-2057", "2057aa", 12_500, "TND")),
        ),
        case(
            "58-rupiahs",
            "A currency of whose decimals sources say different things: paid, and shown without a point.",
            by("CMD-2058", "2058aa", 150_000, "360"),
            stored(
                "CMD-2058 captured 150000 IDR (minor units)",
                paid_in("CMD-2058", "2058aa", 150_000, "IDR"),
            ),
        ),
    ]
}
