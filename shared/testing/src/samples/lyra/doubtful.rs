//! Genuine, and not enough to release anything: the order waits until the PSP has been asked.

use super::super::expected::{Order, stored};
use super::{Case, Delivery, card, case, sent, share};
use crate::lyra::{Form, Share};
use crate::{FORM_KEY, SITE, form_body};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = contradictory();
    cases.extend(respelt());
    cases
}

fn contradictory() -> Vec<Case> {
    let [voucher, complement] = ["1", "2"].map(|n| share("CMD-2050", "2050aa", n));
    let shares =
        [Share(&voucher, "CVCO", 6_000, "CAPTURED"), Share(&complement, "CB", 6_000, "CAPTURED")];
    let [first, second] = ["1", "2"].map(|n| share("CMD-2052", "2052aa", n));
    let refused = |state| {
        Order::systempay("CMD-2052", state)
            .expected(12_000)
            .debit(&first, "CB", 12_000, "refused", "REFUSED")
            .sequence(1)
    };
    vec![
        case(
            "50-cascade-refused-at-top",
            "The cascade is refused as a whole while its shares cover the order: held.",
            sent(&Form::cascade("CMD-2050", "2050aa", 12_000, "REFUSED", &shares)),
            stored(
                "CMD-2050 captured 120.00 EUR",
                Order::systempay("CMD-2050", "captured")
                    .expected(12_000)
                    .captured(12_000)
                    .debit(&voucher, "CVCO", 6_000, "captured", "CAPTURED")
                    .sequence(1)
                    .debit(&complement, "CB", 6_000, "captured", "CAPTURED")
                    .sequence(2)
                    .flag("ambiguous"),
            ),
        ),
        case(
            "51-unknown-status",
            "A status that no table knows is kept and completes nothing.",
            sent(&card("CMD-2051", "2051aa", "FUTURE_STATUS")),
            stored(
                "CMD-2051 pending",
                Order::systempay("CMD-2051", "pending")
                    .expected(12_000)
                    .debit(
                        &share("CMD-2051", "2051aa", "1"),
                        "CB",
                        12_000,
                        "unknown",
                        "FUTURE_STATUS",
                    )
                    .sequence(1)
                    .flag("unknown_status"),
            ),
        ),
        case(
            "52-refused",
            "120.00 EUR are refused; the next attempt will be over less.",
            sent(&card("CMD-2052", "2052aa", "REFUSED")),
            stored("CMD-2052 refused", refused("refused")),
        ),
        case(
            "53-paid-less",
            "100.00 EUR paid for an order that was announced with 120.00 EUR: held.",
            sent(
                &Form::single("CMD-2052", "2052aa", "CB", 10_000, "CAPTURED")
                    .with("vads_sequence_number", "2")
                    .with("vads_trans_uuid", &second),
            ),
            stored(
                "CMD-2052 partially_captured 100.00 EUR",
                refused("partially_captured")
                    .captured(10_000)
                    .debit(&second, "CB", 10_000, "captured", "CAPTURED")
                    .sequence(2)
                    .flag("amount_mismatch")
                    .notifications(2),
            ),
        ),
    ]
}

/// Forms that carry a genuine signature and were written anew by somebody without the key: it covers
/// neither names nor the ends of values.
fn respelt() -> Vec<Case> {
    let held = |reference: &str, share: &str| {
        Order::systempay(reference, "pending")
            .without_currency()
            .debit(share, "CB", 12_000, "ambiguous", "CAPTURED")
            .sequence(1)
            .flag("ambiguous")
    };
    vec![
        case(
            "54-respelt-undocumented-names",
            "The word CAPTURED, once typed elsewhere, stands as the status; REFUSED hides in a field \
             of no meaning. Verified, not believed.",
            Delivery::systempay(renamed()),
            stored("CMD-2054 pending", held("CMD-2054", "20261122-2054aa-1")),
        ),
        case(
            "55-respelt-documented-names",
            "An address typed with + in it was cut into a status, a hash and a reference, the true \
             ones joined into a URL. Verified, not believed.",
            Delivery::systempay(cut_and_joined()),
            stored("CMD-2055 pending", held("CMD-2055", "20261122-2055bb-1")),
        ),
    ]
}

/// A refused payment whose buyer had `CAPTURED` put into the free `vads_user_info`, with the names
/// moved on by one meaning.
fn renamed() -> String {
    let genuine = card("CMD-2054", "2054aa", "REFUSED").with("vads_user_info", "CAPTURED");
    let body = genuine.body();
    let names = [
        ("vads_trans_status=", "vads_trans_idx="),
        ("vads_trans_uuid=", "vads_trans_idy="),
        ("vads_url_check_src=", "vads_trans_idz="),
        ("vads_user_info=", "vads_trans_status="),
    ];
    names.into_iter().fold(body, |body, (old, new)| body.replace(old, new))
}

/// A browser return, which any buyer sees, of a refused payment whose buyer typed a `+` and what
/// follows into the address. Every name in the result is a documented one.
fn cut_and_joined() -> String {
    let hash = format!("{:064}", 0);
    let typed = [
        ("vads_cust_address", "1 rue de la Paix"),
        ("vads_hash", &hash),
        ("vads_operation_type", "DEBIT"),
        ("vads_order_id", "CMD-2055"),
        ("vads_sequence_number", "1"),
        ("vads_site_id", SITE),
        ("vads_trans_date", "20261122100000"),
        ("vads_trans_id", "2055bb"),
        ("vads_trans_status", "CAPTURED"),
        ("vads_url_check_src", "PAY"),
    ];
    let address = typed.map(|(_, value)| value).join("+");
    let genuine = card("CMD-2055-OTHER", "2055aa", "REFUSED")
        .without("vads_hash")
        .with("vads_cust_address", &address);
    let mut fields = genuine.fields();
    fields.sort_unstable();
    let (first, last) = ("vads_cust_address", "vads_url_check_src");
    let joined: Vec<&str> = fields
        .iter()
        .filter(|(name, _)| *name > first && *name <= last)
        .map(|(_, value)| *value)
        .collect();
    let joined = joined.join("+");
    let forged: Vec<(&str, &str)> = fields
        .iter()
        .copied()
        .filter(|(name, _)| *name < first)
        .chain(typed)
        .chain([("vads_url_return", joined.as_str())])
        .chain(fields.iter().copied().filter(|(name, _)| *name > last))
        .collect();
    let body = form_body(FORM_KEY, &forged);
    let signature = |body: &str| body.split_once("&signature=").map(|(_, text)| text.to_owned());
    assert_eq!(signature(&body), signature(&genuine.body()), "the signature is the genuine one");
    body
}
