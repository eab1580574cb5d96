//! Random messages about one order, and the stories they make.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use quittance_core::Statement;
use quittance_testing::lyra::{Form, Share, rest};
use quittance_testing::worldline::{Payment, refund};

use quittance_testing::read::{read_lyra, read_worldline, statement};

pub(crate) const UUIDS: [&str; 4] = [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccccccccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddddddddd",
];

pub(crate) fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("CAPTURED"),
        2 => Just("AUTHORISED"),
        2 => select(vec!["REFUSED", "CANCELLED", "EXPIRED", "ABANDONED"]),
        1 => select(vec!["WAITING_AUTHORISATION", "SUSPENDED", "CAPTURE_FAILED", "FUTURE_STATUS"]),
    ]
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(10_000), 2 => Just(6_000), 2 => Just(4_000), 1 => 0..20_000_u64]
}

fn share() -> impl Strategy<Value = Share<'static>> {
    (select(UUIDS.to_vec()), select(vec!["CVCO", "CB"]), amount(), word())
        .prop_map(|(uuid, brand, amount, word)| Share(uuid, brand, amount, word))
}

/// A field that changes what a form is worth, or nothing.
fn twist() -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    prop_oneof![
        8 => Just(None),
        1 => Just(Some(("vads_currency", "840"))),
        1 => Just(Some(("vads_invented", "x"))),
        1 => Just(Some(("vads_cust_name", "x+20261122100000+abc123+CAPTURED"))),
        1 => Just(Some(("vads_trans_uuid", ""))),
        1 => Just(Some(("vads_operation_type", "CREDIT"))),
        1 => Just(Some(("vads_payment_config", "MULTI:first=4000;count=3;period=30"))),
    ]
}

fn form() -> impl Strategy<Value = Statement> {
    let source = select(vec!["PAY", "PAY", "RETRY", "BO", "BATCH", "MERCH_BO"]);
    let trans_id = select(vec!["abc123", "ABC123", "def456"]);
    (source, trans_id, share(), vec(share(), 1..4), 0..4_u8, twist()).prop_map(
        |(source, trans_id, one, several, shape, twist)| {
            let form = match shape {
                0 => Form::single("CMD-1", trans_id, one.1, one.2, one.3),
                1 => Form::cascade("CMD-1", trans_id, 10_000, one.3, &several),
                2 => Form::follow_up("CMD-1", trans_id, 2, "BATCH", one),
                _ => Form::refund("CMD-1", trans_id, one.0, one.1, one.2, one.3),
            };
            let form = if source == "PAY" { form } else { form.sent_again(source) };
            let form = twist.into_iter().fold(form, |form, (name, value)| form.with(name, value));
            statement(read_lyra(&form.body()))
        },
    )
}

fn answer() -> impl Strategy<Value = Statement> {
    vec(share(), 1..4).prop_map(|shares| {
        statement(read_lyra(&rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares)))
    })
}

fn event() -> impl Strategy<Value = Statement> {
    let inner = select(vec!["3254564310", "3254564399", "3254564400"]);
    let code = select(vec![9, 9, 9, 9, 91, 93, 5, 2, 1, 6, 46, 83, 1000]);
    let product = select(vec![5412_u64, 130, 1]);
    let acquired =
        prop_oneof![2 => Just(Some(10_000)), 4 => amount().prop_map(Some), 1 => Just(None)];
    let currency = prop_oneof![12 => Just("EUR"), 1 => Just("USD")];
    (inner, 0..4_u8, code, product, acquired, currency, 0..8_u8).prop_map(
        |(inner, operation, code, product, acquired, currency, shape)| {
            let id = format!("{inner}_{operation}");
            let whole = if shape == 1 { 4_000 } else { 10_000 };
            let event = if shape == 0 {
                let code = if code == 9 { 8 } else { 81 };
                refund("CMD-1", &id, code, acquired.unwrap_or(whole))
            } else {
                let mut payment =
                    Payment::new("CMD-1", &id, product, code, whole).acquired(acquired);
                payment.currency = currency.to_owned();
                payment.json()
            };
            statement(read_worldline(&event.to_string()).remove(0))
        },
    )
}

/// Statements about one order, all of one PSP.
pub(crate) fn story() -> impl Strategy<Value = Vec<Statement>> {
    prop_oneof![
        vec(prop_oneof![4 => form().boxed(), 1 => answer().boxed()], 1..8),
        vec(event(), 1..8)
    ]
}

/// A story, and the same told in another order and with repeats.
pub(crate) fn retold() -> impl Strategy<Value = (Vec<Statement>, Vec<Statement>)> {
    (story(), vec(any::<Index>(), 0..6)).prop_flat_map(|(story, again)| {
        let repeats = again.iter().map(|at| story[at.index(story.len())].clone());
        let other: Vec<_> = story.iter().cloned().chain(repeats).collect();
        (Just(story), Just(other).prop_shuffle())
    })
}
