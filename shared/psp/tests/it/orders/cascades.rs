//! Lyra cascades and their shares.

use quittance_psp::PROVIDERS;
use std::collections::BTreeSet;

use quittance_core::{Flag, Reading, State};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::{REST_PASSWORD, rest_body};
use serde_json::{Value, json};

use super::story::{
    CAPTURED, CARD, SECURED, VOUCHER, cascade, follow_up, give_back, given, now, pay, under, wl,
};
use quittance_testing::read::{read_lyra, receipt};

#[test]
fn a_cascade_is_paid_when_its_shares_cover_it() {
    given(&cascade("CAPTURED", &[VOUCHER, CARD]))
        .is(State::Captured)
        .flagged([])
        .sums(10_000, 0, 10_000, 0)
        .shares(2)
        .released();
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .is(State::PartiallyCaptured)
        .flagged([])
        .sums(10_000, 4_000, 6_000, 0)
        .held()
        .then(&follow_up(2, "BATCH", CARD))
        .is(State::Captured)
        .shares(2)
        .released();
}

#[test]
fn refused_tries_of_a_cascade_do_not_count() {
    let refused = Share("cccccccccccccccccccccccccccccccc", "CB", 4_000, "REFUSED");
    given(&cascade("CAPTURED", &[VOUCHER, refused, CARD])).sums(10_000, 0, 10_000, 0).released();
    given(&cascade("CAPTURED", &[VOUCHER, refused])).is(State::PartiallyCaptured).held();
}

#[test]
fn the_top_level_of_a_cascade_proves_nothing() {
    given(&cascade("CAPTURED", &[VOUCHER])).sums(10_000, 0, 6_000, 0).held();
    for lost in ["REFUSED", "CANCELLED", "ABANDONED", "EXPIRED"] {
        given(&cascade(lost, &[VOUCHER, CARD])).flagged([Flag::Ambiguous]).held();
        given(&cascade(lost, &[VOUCHER])).flagged([]).held();
    }
    // Asked anew, the gateway settles it.
    given(&cascade("REFUSED", &[VOUCHER, CARD]))
        .then(&cascade("CAPTURED", &[VOUCHER, CARD]))
        .flagged([])
        .released();
}

#[test]
fn the_pseudo_brand_alone_makes_no_payment() {
    // A cascade whose list or number is missing says nothing of what was paid with what.
    let whole = cascade("CAPTURED", &[VOUCHER, CARD]);
    assert!(matches!(
        read_lyra(&whole.clone().without("vads_payment_seq").body()),
        Reading::Unreadable(_)
    ));
    given(&whole.clone().with("vads_sequence_number", "1")).flagged([Flag::Ambiguous]).held();
    given(&whole.without("vads_payment_seq").without("vads_sequence_number"))
        .flagged([Flag::Ambiguous])
        .held();
}

#[test]
fn a_share_listed_twice_or_for_another_payment_is_no_proof() {
    given(&cascade("CAPTURED", &[VOUCHER, CARD, now(CARD, "REFUSED")]))
        .flagged([Flag::Ambiguous])
        .held();
    let foreign = cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_trans_id", "zzz999");
    given(&foreign).flagged([Flag::Ambiguous]).held();
    // The transaction id ignores case.
    given(&cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_trans_id", "ABC123")).released();
}

/// A transaction id of six digits may come as a JSON number.
#[test]
fn a_numeric_transaction_id_in_the_list_is_read() {
    let form = Form::cascade("CMD-1", "123456", 10_000, "CAPTURED", &[VOUCHER, CARD]);
    let list = form.get("vads_payment_seq").unwrap().replace("\"123456\"", "123456");
    assert!(list.contains("\"trans_id\":123456"), "{list}");
    given(&form.clone().with("vads_payment_seq", &list))
        .is(State::Captured)
        .flagged([])
        .released()
        .repeats(&form);
    let other = list.replace(":123456", ":654321");
    given(&form.with("vads_payment_seq", &other)).flagged([Flag::Ambiguous]).held();
}

#[test]
fn a_stranded_voucher_is_flagged_when_the_session_is_over() {
    let story = given(&cascade("REFUSED", &[VOUCHER]));
    let flags = |seconds: i64| {
        story.order().view(CAPTURED, receipt(60 + seconds).received_at, PROVIDERS).flags
    };
    assert!(flags(599).is_empty());
    assert_eq!(flags(600), BTreeSet::from([Flag::StrandedVoucher]));
    let story = given(&wl("3254564310_0", 5402, 9).acquired(60_000));
    let flags = |seconds: i64| {
        story.order().view(CAPTURED, receipt(60 + seconds).received_at, PROVIDERS).flags
    };
    assert!(flags(10_799).is_empty());
    assert_eq!(flags(10_800), BTreeSet::from([Flag::StrandedVoucher]));
}

#[test]
fn a_voucher_whose_complement_is_reserved_is_not_stranded() {
    for policy in [CAPTURED, SECURED] {
        let form = cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]);
        let story = under(policy).then(&form).is(State::PartiallyCaptured);
        let shown = story.order().view(policy, receipt(3_600).received_at, PROVIDERS);
        assert!(shown.flags.is_empty(), "{:?} {:?}", policy.release_on, shown.flags);
    }
}

#[test]
fn a_voucher_that_was_given_back_is_not_stranded() {
    let story = given(&cascade("REFUSED", &[VOUCHER])).then(&give_back('a', 6_000, "CAPTURED"));
    assert_eq!(story.order().summary(CAPTURED).refunded, 6_000);
    assert!(story.order().view(CAPTURED, receipt(3_600).received_at, PROVIDERS).flags.is_empty());
}

#[test]
fn a_follow_up_alone_says_nothing_of_the_whole() {
    for source in ["BATCH", "BATCH_AUTO", "BO", "MERCH_BO", "FILE"] {
        given(&follow_up(2, source, CARD))
            .is(State::PartiallyCaptured)
            .sums(None, 0, 4_000, 0)
            .flagged([Flag::Ambiguous])
            .held()
            .then(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
            .is(State::Captured)
            .flagged([])
            .released();
    }
    given(&follow_up(1, "BO", Share(VOUCHER.0, "CB", 10_000, "REFUSED")))
        .is(State::Pending)
        .flagged([Flag::Ambiguous]);
}

#[test]
fn a_share_without_uuid_is_joined_to_its_uuid() {
    let bare =
        follow_up(2, "BATCH", CARD).without("vads_trans_uuid").with("vads_trans_id", "ABC123");
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .then(&bare)
        .sums(10_000, 0, 10_000, 0)
        .shares(2)
        .released();
    given(&bare).then(&cascade("CAPTURED", &[VOUCHER, CARD])).sums(10_000, 0, 10_000, 0).shares(2);
    given(&pay("CAPTURED")).then(&pay("CAPTURED").without("vads_trans_uuid")).flagged([]).shares(1);
}

/// Told by its uuid alone and by its slot alone, a share may be one or two: it counts once until a message has both.
#[test]
fn a_share_under_two_names_that_nothing_joins_counts_once() {
    let by_uuid = |share: Share<'_>| {
        let mut answer = lyra::answer("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &[share]);
        answer["transactions"][0]["transactionDetails"]["sequenceNumber"] = Value::Null;
        rest_body(REST_PASSWORD, &answer.to_string())
    };
    let by_slot = |n, share| follow_up(n, "BATCH", share).without("vads_trans_uuid");
    let voucher_twice =
        given(&by_uuid(VOUCHER)).then(&by_slot(1, VOUCHER)).then(&by_slot(1, VOUCHER));
    voucher_twice.clone().sums(10_000, 0, 6_000, 0).held();
    // The voucher told by both names, and the card by one.
    voucher_twice.clone().then(&by_slot(2, CARD)).sums(10_000, 0, 10_000, 0).released();
    voucher_twice
        .clone()
        .then(&by_uuid(CARD))
        .released()
        .then(&cascade("CAPTURED", &[VOUCHER, CARD]))
        .sums(10_000, 0, 10_000, 0)
        .flagged([])
        .shares(2);
    // What went back of one name went back of both.
    let mut back = lyra::answer("CMD-1", "abc123", 6_000, ("PAID", "CLOSED"), &[VOUCHER]);
    let transaction = &mut back["transactions"][0];
    transaction["uuid"] = json!("cccccccccccccccccccccccccccccccc");
    transaction["operationType"] = json!("CREDIT");
    transaction["transactionDetails"]["parentTransactionUuid"] = json!(VOUCHER.0);
    transaction["transactionDetails"]["sequenceNumber"] = json!(3);
    let back = rest_body(REST_PASSWORD, &back.to_string());
    voucher_twice.then(&back).then(&by_slot(2, CARD)).held();
    // Nor does the payment's name alone add to its shares.
    let bare = by_slot(1, VOUCHER).without("vads_sequence_number");
    given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")])).then(&bare).held();
}

#[test]
fn one_slot_is_one_payment_whatever_it_is_called() {
    // Should the gateway give one transaction two uuids, its money counts once.
    let twin = Share("cccccccccccccccccccccccccccccccc", "CVCO", 6_000, "CAPTURED");
    given(&cascade("CAPTURED", &[VOUCHER]))
        .then(&follow_up(1, "BATCH", twin))
        .then(&follow_up(1, "BATCH", twin).without("vads_trans_uuid"))
        .sums(10_000, 0, 6_000, 0)
        .held();
    // Two refunds of one payment are two all the same.
    given(&pay("CAPTURED"))
        .then(&give_back('c', 1_000, "CAPTURED"))
        .then(&give_back('d', 1_000, "CAPTURED"))
        .sums(10_000, 0, 10_000, 2_000);
}
