//! Payments in instalments.

use std::collections::BTreeSet;

use quittance_core::fold::Instalments;
use quittance_core::{Fact, Order, Policy, State};
use quittance_testing::lyra::{Form, Share};

use super::story::{CAPTURED, CARD, Message, VOUCHER, cascade, follow_up, given, under};
use quittance_testing::read::receipt;

#[test]
fn instalments_are_released_as_the_merchant_chose() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let first = Form::single("CMD-1", "abc123", "CB", 15_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    under(CAPTURED).then(&first).sums(5_000, 0, 5_000, 0).flagged([]).released();
    under(all).then(&first).sums(15_000, 0, 5_000, 0).flagged([]).held();
    let next = |n: u32| {
        let uuid = n.to_string().repeat(32);
        follow_up(n, "BATCH_AUTO", Share(&uuid, "CB", 5_000, "CAPTURED"))
    };
    under(all)
        .then(&first)
        .then(&next(2))
        .held()
        .then(&next(3))
        .sums(15_000, 0, 15_000, 0)
        .released();
    // A re-send leaves the plan out: it must neither count the whole as paid nor raise what is due.
    let again = first.clone().sent_again("RETRY");
    under(all).then(&first).then(&again).sums(15_000, 0, 5_000, 0).held();
    under(all).then(&again).held();
    under(CAPTURED).then(&first).then(&again).sums(5_000, 0, 5_000, 0);
    // With each due date, the sum is stated.
    let dated = first.with("vads_payment_config", "MULTI_EXT:20270101=10000;20261122=5000");
    under(all).then(&dated).sums(15_000, 0, 5_000, 0).held();
}

/// A transaction id is one payment's for a day: a plan that took nothing says nothing of what comes under its id later, or
/// came before.
#[test]
fn a_dead_plan_releases_nothing_that_another_day_brings_under_its_id() {
    for status in ["REFUSED", "ABANDONED", "CANCELLED"] {
        let plan = |date: &str| {
            Form::single("CMD-1", "abc123", "CB", 10_000, status)
                .with("vads_payment_config", "MULTI:first=4000;count=2;period=30")
                .with("vads_trans_date", date)
                .with("vads_trans_uuid", &"f".repeat(32))
        };
        let shares =
            [Share(VOUCHER.0, "CVCO", 4_000, "CAPTURED"), Share(CARD.0, "CB", 6_000, "REFUSED")];
        let split = cascade("REFUSED", &shares);
        let told = follow_up(1, "BATCH_AUTO", Share(VOUCHER.0, "CVCO", 4_000, "CAPTURED"));
        for date in ["20200101100000", "20991231100000"] {
            let plan = plan(date);
            under(CAPTURED).registered(10_000).then(&plan).then(&split).held();
            under(CAPTURED).registered(10_000).then(&split).then(&plan).held();
            under(CAPTURED).then(&plan).then(&split).held();
            under(CAPTURED).then(&plan).then(&told).held();
        }
    }
}

#[test]
fn an_instalment_larger_than_the_first_counts_in_full() {
    const PLAN: &str = "MULTI:first=2000;count=2;period=30";
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let first = Form::single("CMD-1", "abc123", "CB", 6_000, "CAPTURED")
        .with("vads_payment_config", PLAN)
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    // It is told with the amount of the whole plan.
    let second = follow_up(2, "BATCH_AUTO", Share(CARD.0, "CB", 6_000, "CAPTURED"))
        .with("vads_effective_amount", "4000")
        .with("vads_occurrence_type", "RECURRENT_FINAL");
    // The plan may or may not be repeated with it.
    for second in [second.clone().with("vads_payment_config", PLAN), second] {
        let seconds = second.said();
        let [Fact::Share(share)] = &seconds.facts[..] else { panic!("{seconds:?}") };
        assert_eq!(share.amount, 4_000);
        let mut order = Order::new(first.said().key);
        order.take(&first.said(), &receipt(0), all).unwrap();
        assert!(order.fulfilment().is_none());
        order.take(&seconds, &receipt(60), all).unwrap();
        let summary = order.summary(all);
        assert_eq!((summary.captured, summary.expected), (6_000, Some(6_000)));
        assert_eq!((summary.state, &summary.flags), (State::Captured, &BTreeSet::new()));
        assert!(order.fulfilment().is_some());
    }
}

/// A plan that was refused says nothing of what another payment brings, and a plan for less says nothing of an
/// order that costs more.
#[test]
fn a_plan_speaks_of_its_own_payment_alone() {
    let plan = |first: u64, sum: u64, status: &str| {
        Form::single("CMD-1", "abc123", "CB", sum, status)
            .with("vads_payment_config", &format!("MULTI:first={first};count=3;period=30"))
            .with("vads_occurrence_type", "RECURRENT_INITIAL")
            .with("vads_effective_amount", &first.to_string())
    };
    let voucher = Form::single("CMD-1", "def456", "CVCO", 6_000, "CAPTURED").sent_again("BATCH");
    for messages in [
        [plan(5_000, 15_000, "REFUSED"), voucher.clone()],
        [voucher, plan(5_000, 15_000, "REFUSED")],
    ] {
        let [one, two] = &messages;
        given(one).then(two).sums(15_000, 0, 6_000, 0).is(State::PartiallyCaptured).held();
        under(CAPTURED).registered(15_000).then(one).then(two).sums(15_000, 0, 6_000, 0).held();
    }
    // Tried again with a new payment, the first instalment is enough.
    let again = plan(5_000, 15_000, "CAPTURED").with("vads_trans_id", "def456");
    let again = again.with("vads_trans_uuid", &"d".repeat(32));
    given(&plan(5_000, 15_000, "REFUSED")).then(&again).sums(5_000, 0, 5_000, 0).released();
    given(&again).then(&plan(5_000, 15_000, "REFUSED")).sums(5_000, 0, 5_000, 0).released();
    // Registered for more than the plan comes to.
    under(CAPTURED)
        .registered(15_000)
        .then(&plan(1_000, 3_000, "CAPTURED"))
        .sums(15_000, 0, 1_000, 0)
        .held();
    under(CAPTURED).registered(15_000).then(&plan(5_000, 15_000, "CAPTURED")).released();
}

/// An answer of one instalment tells its own amount beside the whole order's.
#[test]
fn a_plan_told_in_both_formats_is_released_in_any_order() {
    let form = Form::single("CMD-1", "abc123", "CB", 15_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
        .with("vads_occurrence_type", "RECURRENT_INITIAL")
        .with("vads_trans_uuid", CARD.0)
        .with("vads_effective_amount", "5000");
    let share = Share(CARD.0, "CB", 15_000, "CAPTURED");
    let mut answer =
        quittance_testing::lyra::answer("CMD-1", "abc123", 15_000, ("PAID", "CLOSED"), &[share]);
    let details = &mut answer["transactions"][0]["transactionDetails"];
    details["effectiveAmount"] = serde_json::json!(5_000);
    details["occurrenceType"] = serde_json::json!("RECURRENT_INITIAL");
    let rest = quittance_testing::rest_body(quittance_testing::REST_PASSWORD, &answer.to_string());
    given(&form).then(&rest).sums(5_000, 0, 5_000, 0).released();
    given(&rest).held().then(&form).sums(5_000, 0, 5_000, 0).released();
}

/// A plan of which something was given back bars no other payment of the whole.
#[test]
fn a_second_attempt_pays_beside_a_plan_that_was_given_back() {
    let first = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
        .with("vads_payment_config", "MULTI:first=5000;count=2;period=30")
        .with("vads_occurrence_type", "RECURRENT_INITIAL");
    let back = Form::refund(
        "CMD-1",
        "abc123",
        "cccccccccccccccccccccccccccccccc",
        "CB",
        5_000,
        "CAPTURED",
    );
    let second = |amount| Form::single("CMD-1", "def456", "CB", amount, "CAPTURED");
    given(&back).then(&first).held().then(&second(10_000)).released();
    given(&back).then(&first).then(&second(9_000)).held();
}

/// What a plan says holds while its own payment waits, or was given up: a later instalment that is told with the amount of
/// the whole plan is no more than an instalment.
#[test]
fn an_instalment_is_no_more_than_one_whatever_became_of_the_first() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let told = |status| {
        Form::single("CMD-1", "abc123", "CB", 15_000, status)
            .with("vads_payment_config", "MULTI:first=5000;count=3;period=30")
            .with("vads_occurrence_type", "RECURRENT_INITIAL")
            .without("vads_effective_amount")
            .without("vads_effective_currency")
    };
    let second = told("CAPTURED")
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE")
        .with("vads_sequence_number", "2")
        .with("vads_trans_uuid", &"2".repeat(32))
        .with("vads_trans_date", "20261222100000")
        .with("vads_url_check_src", "BATCH_AUTO")
        .without("vads_payment_config");
    for status in [
        "WAITING_AUTHORISATION",
        "AUTHORISED_TO_VALIDATE",
        "UNDER_VERIFICATION",
        "AUTHORISED",
        "CANCELLED",
        "EXPIRED",
        "REFUSED",
    ] {
        let first = told(status);
        under(all).registered(15_000).then(&first).then(&second).held();
        under(all).then(&first).then(&second).held();
    }
    let given_up = told("CANCELLED").sent_again("BO");
    under(all).registered(15_000).then(&told("AUTHORISED")).then(&given_up).then(&second).held();
}

/// Another payment of the same sum under a dead plan's id is not the plan's, whether all of it was paid or a part.
#[test]
fn a_payment_of_the_same_sum_is_not_a_dead_plans() {
    let all = Policy { instalments: Instalments::All, ..CAPTURED };
    let single = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED");
    let less = single.clone().with("vads_effective_amount", "4000");
    let split = |brand, status| {
        let voucher = Share(VOUCHER.0, brand, 6_000, status);
        cascade(status, &[voucher, Share(CARD.0, "CB", 4_000, "CAPTURED")])
    };
    let gift =
        [Share(VOUCHER.0, "NEW_GIFT", 4_000, "CAPTURED"), Share(CARD.0, "CB", 6_000, "REFUSED")];
    let parts = [less, split("CVCO", "REFUSED"), cascade("REFUSED", &gift)];
    for (status, date) in [
        ("REFUSED", "20200101100000"),
        ("ABANDONED", "20991231100000"),
        ("CANCELLED", "20200101100000"),
    ] {
        let dead = Form::single("CMD-1", "abc123", "CB", 10_000, status)
            .with("vads_payment_config", "MULTI:first=4000;count=2;period=30")
            .with("vads_trans_date", date)
            .with("vads_trans_uuid", &"f".repeat(32));
        for policy in [CAPTURED, all] {
            for part in &parts {
                under(policy).registered(10_000).then(&dead).then(part).held();
                under(policy).then(part).then(&dead).held();
            }
            under(policy)
                .registered(10_000)
                .then(&dead)
                .then(&single)
                .sums(10_000, 0, 10_000, 0)
                .released();
            under(policy).then(&single).then(&dead).released();
            under(policy).then(&dead).then(&split("CVCO", "CAPTURED")).released();
        }
        // Nor is another plan's first instalment the dead one's.
        let other = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
            .with("vads_payment_config", "MULTI:first=5000;count=2;period=30")
            .with("vads_occurrence_type", "RECURRENT_INITIAL")
            .with("vads_effective_amount", "4000");
        under(CAPTURED).then(&dead).then(&other).held();
        let other = other.with("vads_effective_amount", "5000");
        under(CAPTURED).then(&dead).then(&other).released();
    }
}
