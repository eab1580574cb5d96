//! Money given back.

use quittance_core::{Flag, State};
use quittance_testing::worldline::refund;

use super::story::{VISA, give_back, given, pay, wl};

#[test]
fn each_final_refund_is_one_reversal() {
    given(&pay("CAPTURED"))
        .then(&give_back('c', 3_000, "AUTHORISED"))
        .is(State::Captured)
        .sums(10_000, 0, 10_000, 0)
        .reversals(&[])
        .then(&give_back('c', 3_000, "CAPTURED"))
        .is(State::PartiallyRefunded)
        .sums(10_000, 0, 10_000, 3_000)
        .reversals(&[3_000])
        .repeats(&give_back('c', 3_000, "CAPTURED").sent_again("BO"))
        .then(&give_back('d', 7_000, "CAPTURED"))
        .is(State::Refunded)
        .reversals(&[3_000, 7_000])
        .flagged([]);
}

/// A refund may be named by its payment's slot before its uuid is known.
#[test]
fn a_refund_first_told_without_its_uuid_is_one_reversal() {
    let bare = give_back('c', 3_000, "CAPTURED").without("vads_trans_uuid");
    given(&pay("CAPTURED"))
        .then(&bare)
        .reversals(&[3_000])
        .then(&give_back('c', 3_000, "CAPTURED"))
        .sums(10_000, 0, 10_000, 3_000)
        .shares(2)
        .reversals(&[3_000]);
}

/// Two refunds are one as long as the slot that both are told under looks like the name of one. What is told of them afterwards
/// comes under ids of its own, or a queue would take it for what it had.
#[test]
fn a_refund_that_falls_apart_is_told_under_ids_of_its_own() {
    let bare = give_back('c', 3_000, "CAPTURED").without("vads_trans_uuid");
    given(&pay("CAPTURED"))
        .then(&bare)
        .then(&give_back('c', 3_001, "CAPTURED"))
        .reversals(&[3_000, 1])
        .then(&give_back('d', 3_000, "CAPTURED"))
        .reversals(&[3_000, 1, 3_000, 3_000]);
}

#[test]
fn worldline_refunds_add_up_by_operation() {
    given(&wl("3254564310_0", VISA, 9))
        .then(&refund("CMD-1", "3254564310_2", 81, 40_000))
        .is(State::Captured)
        .reversals(&[])
        .then(&refund("CMD-1", "3254564310_2", 8, 40_000))
        .is(State::PartiallyRefunded)
        .sums(140_000, 0, 140_000, 40_000)
        .then(&refund("CMD-1", "3254564310_3", 8, 100_000))
        .is(State::Refunded)
        .reversals(&[40_000, 100_000])
        .retells(&refund("CMD-1", "9000003254564310003", 8, 100_000));
}

/// The event of a finished refund may carry the payment beside the refund, the payment in a status that
/// says nothing of it: the refund is the news.
#[test]
fn a_refund_beside_its_payment_is_a_refund() {
    let paid = wl("3254564310_0", VISA, 9);
    for code in [9, 5] {
        let mut both = refund("CMD-1", "3254564310_1", 8, 40_000);
        both["payment"] = wl("3254564310_0", VISA, code).json()["payment"].clone();
        given(&paid)
            .released()
            .then(&both)
            .is(State::PartiallyRefunded)
            .sums(140_000, 0, 140_000, 40_000)
            .reversals(&[40_000])
            .repeats(&refund("CMD-1", "3254564310_1", 8, 40_000));
        given(&both).then(&paid).sums(140_000, 0, 140_000, 40_000).held();
    }
    // In the news of a payment it is the payment that counts.
    let mut both = paid.json();
    both["refund"] = refund("CMD-1", "3254564310_1", 8, 40_000)["refund"].clone();
    given(&both).is(State::Captured).sums(140_000, 0, 140_000, 0).released();
}

#[test]
fn a_refused_refund_undoes_nothing() {
    for code in [73, 83] {
        given(&wl("3254564310_0", VISA, 9))
            .then(&wl("3254564310_2", VISA, code))
            .is(State::Captured)
            .sums(140_000, 0, 140_000, 0)
            .flagged([])
            .reversals(&[]);
        given(&wl("3254564310_2", VISA, code)).then(&wl("3254564310_0", VISA, 9)).released();
    }
}

#[test]
fn an_order_refunded_before_its_capture_was_known_is_not_released() {
    given(&give_back('c', 10_000, "CAPTURED"))
        .then(&pay("CAPTURED"))
        .is(State::Refunded)
        .held()
        .reversals(&[]);
    given(&give_back('c', 1, "CAPTURED")).then(&pay("CAPTURED")).held().reversals(&[]);
    given(&refund("CMD-1", "3254564310_2", 8, 140_000))
        .then(&wl("3254564310_0", VISA, 9))
        .is(State::Refunded)
        .held()
        .reversals(&[]);
    // A refund that is only asked for, or was refused, is none.
    given(&give_back('c', 10_000, "AUTHORISED")).then(&pay("CAPTURED")).released();
    given(&give_back('c', 10_000, "REFUSED")).then(&pay("CAPTURED")).released();
}

#[test]
fn a_chargeback_is_told_once_and_outranks_the_rest() {
    let charged_back = |word: &str| {
        let mut payment = wl("3254564310_3", VISA, 9);
        payment.kind = "payment.chargebacked".to_owned();
        payment.status = (word.to_owned(), 9, "COMPLETED".to_owned());
        payment
    };
    given(&wl("3254564310_0", VISA, 9))
        .then(&charged_back("CHARGEBACK_NOTIFICATION"))
        .is(State::Captured)
        .reversals(&[])
        .then(&charged_back("CHARGEBACKED"))
        .is(State::ChargedBack)
        .reversals(&[140_000])
        .repeats(&charged_back("CHARGEBACKED"));
    given(&charged_back("CHARGEBACKED")).then(&wl("3254564310_0", VISA, 9)).held().reversals(&[]);
}

#[test]
fn a_refund_of_doubtful_standing_is_no_reversal() {
    let respelt = give_back('c', 10_000, "CAPTURED").with("vads_invented", "x");
    given(&pay("CAPTURED")).then(&respelt).is(State::Captured).flagged([]).reversals(&[]);
    given(&respelt).flagged([Flag::Ambiguous]).then(&pay("CAPTURED")).flagged([]).released();
}

/// Money that goes back in another currency, or in nothing but a message that contradicts itself, holds an
/// order whose capture becomes known later: a person decides.
#[test]
fn a_refund_in_doubt_known_before_the_capture_holds_the_order() {
    let foreign = give_back('c', 3_000, "CAPTURED").with("vads_currency", "840");
    let doubtful = give_back('c', 3_000, "CAPTURED").with("vads_result", "05");
    for refund in [foreign, doubtful] {
        given(&refund).then(&pay("CAPTURED")).held();
        given(&pay("CAPTURED")).released().then(&refund).released();
    }
}

/// A check of the payment method moves nothing, so there is nothing to ask about.
#[test]
fn an_order_known_by_a_check_alone_is_pending_and_in_no_doubt() {
    let check = pay("ACCEPTED").with("vads_operation_type", "VERIFICATION");
    given(&check).is(State::Pending).flagged([]).held();
}
