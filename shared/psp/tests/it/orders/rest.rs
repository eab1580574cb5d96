//! Lyra's REST answers.

use quittance_core::{Flag, Kind, Reading, State, Status};
use quittance_testing::lyra::{self, Share};
use serde_json::{Value, json};

use super::story::{CAPTURED, CARD, SECURED, VOUCHER, cascade, given, now, under};
use quittance_testing::read::read_lyra;

#[test]
fn a_rest_answer_must_agree_with_its_password() {
    let sent = |change: fn(&mut Value)| {
        let mut answer =
            lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]);
        change(&mut answer);
        read_lyra(&quittance_testing::rest_body(
            quittance_testing::REST_PASSWORD,
            &answer.to_string(),
        ))
    };
    assert!(matches!(sent(|_| ()), Reading::Order(_)));
    let changes: [fn(&mut Value); 5] = [
        |answer| answer["orderDetails"]["mode"] = json!("PRODUCTION"),
        |answer| answer["orderDetails"]["mode"] = json!(null),
        |answer| answer["shopId"] = json!("99999999"),
        |answer| answer["transactions"][1]["shopId"] = json!("99999999"),
        |answer| answer["orderDetails"]["orderCurrency"] = json!("XXX"),
    ];
    for change in changes {
        assert!(matches!(sent(change), Reading::Unreadable(_)));
    }
}

#[test]
fn a_rest_transaction_that_contradicts_itself_waits() {
    let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[VOUCHER, CARD]);
    answer["transactions"][1]["status"] = json!("UNPAID");
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    given(&body).flagged([Flag::Ambiguous]).held();
}

#[test]
fn a_rest_answer_that_calls_a_covered_order_lost_waits() {
    let answer = |paid, shares: &[Share<'_>]| lyra::rest("CMD-1", "abc123", 10_000, paid, shares);
    for word in ["UNPAID", "ABANDONED"] {
        let lost = (word, "CLOSED");
        for shares in [[VOUCHER, CARD], [VOUCHER, now(CARD, "AUTHORISED")]] {
            under(SECURED).then(&answer(lost, &shares)).flagged([Flag::Ambiguous]).held();
        }
        given(&answer(lost, &[VOUCHER, CARD]))
            .flagged([Flag::Ambiguous])
            .held()
            .then(&answer(("PAID", "CLOSED"), &[VOUCHER, CARD]))
            .flagged([])
            .released();
        // A voucher whose complement did not come is lost and no contradiction.
        given(&answer(lost, &[VOUCHER, now(CARD, "REFUSED")]))
            .is(State::PartiallyCaptured)
            .flagged([])
            .held();
    }
}

#[test]
fn a_rest_answer_with_a_refund_is_a_credit() {
    let mut answer = lyra::answer("CMD-1", "abc123", 4_000, ("PAID", "CLOSED"), &[CARD]);
    answer["transactions"][0]["operationType"] = json!("CREDIT");
    answer["transactions"][0]["transactionDetails"]["parentTransactionUuid"] = json!(VOUCHER.0);
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    let story = given(&cascade("CAPTURED", &[VOUCHER, Share("d", "CB", 4_000, "CAPTURED")]))
        .then(&body)
        .sums(10_000, 0, 10_000, 4_000)
        .is(State::PartiallyRefunded)
        .reversals(&[4_000]);
    let credit = story.order().summary(CAPTURED).shares.pop().unwrap();
    assert_eq!((credit.kind, credit.status), (Kind::Credit, Status::Refunded));
}

/// An empty uuid names nothing: the share goes by day, transaction id and sequence number.
#[test]
fn a_rest_transaction_with_an_empty_uuid_is_named_by_its_slot() {
    let mut answer = lyra::answer("CMD-1", "abc123", 6_000, ("PAID", "CLOSED"), &[VOUCHER]);
    answer["transactions"][0]["uuid"] = json!("");
    let body = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    let story = given(&body).released();
    let (share, _) = story.order().facts().shares().next().unwrap();
    assert_eq!((share.share.as_str(), &share.other_name), ("20261122-abc123-1", &None));
}
