//! Which orders a person has to look at.

use quittance_core::Timestamp;
use quittance_core::concern::Concern;
use quittance_core::notice::HELD_SECONDS;
use quittance_core::schedule::GIVE_UP_SECONDS;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, SECURED, Story, given, under};

/// So many seconds after the last notification of an order.
fn later(story: &Story, seconds: u64) -> Timestamp {
    let last = story.order().notifications().last().unwrap().received_at;
    last.later(seconds).unwrap()
}

/// The concerns about an order then.
fn after(story: &Story, seconds: u64) -> Vec<Concern> {
    story.order().concerns(CAPTURED, later(story, seconds)).into_iter().collect()
}

fn card(status: u64) -> Payment {
    Payment::new("CMD-1", "3254800002_0", 130, status, 10_000)
}

fn lyra(status: &str) -> Form {
    Form::single("CMD-1", "111111", "CB", 10_000, status)
}

#[test]
fn a_person_looks_where_money_and_goods_do_not_agree_or_nothing_is_settled() {
    const HOUR: u64 = 60 * 60;
    let voucher = || Payment::new("CMD-1", "3254800001_0", 5412, 9, 10_000).acquired(6_000);
    let refund = |status: &str| Form::refund("CMD-1", "111111", "r1", "CB", 4_000, status);
    let costs_more = |amount| Form::single("CMD-1", "222222", "CB", amount, "REFUSED");
    let table: [(&str, Story, u64, &[Concern]); 12] = [
        ("open", given(&card(51)), HOUR, &[]),
        ("open for too long", given(&card(51)), GIVE_UP_SECONDS, &[Concern::GivenUp]),
        ("refused", given(&card(2)), GIVE_UP_SECONDS, &[]),
        ("captured", given(&card(9)), GIVE_UP_SECONDS, &[]),
        ("half paid", given(&voucher()), HOUR, &[]),
        ("stranded", given(&voucher()), 4 * HOUR, &[Concern::Stranded]),
        ("given back and told", given(&lyra("CAPTURED")).then(&refund("CAPTURED")), HOUR, &[]),
        (
            "paid, and held for a doubt",
            given(&lyra("CAPTURED").with("vads_result", "05")),
            HOUR,
            &[Concern::PaidNotReleased],
        ),
        ("of nothing", given(&Payment::new("CMD-1", "3254800002_0", 130, 9, 0)), HOUR, &[]),
        (
            "released, and costs more by a later message",
            given(&lyra("CAPTURED")).then(&costs_more(10_001)),
            HOUR,
            &[Concern::ReleasedNotPaid],
        ),
        (
            "the same as it was given back and told in part",
            given(&lyra("CAPTURED")).then(&costs_more(10_001)).then(&refund("CAPTURED")),
            HOUR,
            &[Concern::ReleasedNotPaid],
        ),
        ("costs less", given(&lyra("CAPTURED")).then(&costs_more(9_999)), HOUR, &[]),
    ];
    for (what, story, seconds, concerns) in table {
        assert_eq!(after(&story, seconds), concerns, "{what}");
    }
}

#[test]
fn what_is_reserved_is_enough_for_an_order_that_was_released_for_it() {
    let story = under(SECURED).then(&lyra("AUTHORISED")).released();
    let concerns = |policy| story.order().concerns(policy, later(&story, 60));
    assert_eq!(concerns(SECURED), [].into());
    assert_eq!(concerns(CAPTURED), [Concern::ReleasedNotPaid].into());
}

#[test]
fn an_order_is_held_for_long_once_nothing_was_heard_of_money_in_doubt() {
    let denied = |status: &str| lyra(status).with("vads_result", "05");
    let other = |status: &str| Form::single("CMD-1", "222222", "CB", 9_000, status);
    let table = [
        ("open", given(&card(51)), false),
        ("half paid", given(&card(9).acquired(6_000)), false),
        ("released", given(&lyra("CAPTURED")), false),
        ("taken in doubt", given(&denied("CAPTURED")), true),
        ("reserved in doubt", given(&denied("AUTHORISED")), true),
        ("of two amounts, and refused", given(&lyra("REFUSED")).then(&other("REFUSED")), false),
        ("of two amounts, and reserved", given(&lyra("AUTHORISED")).then(&other("REFUSED")), false),
        ("of an unknown status", given(&lyra("HALF_DONE")), true),
    ];
    for (what, story, is_held) in table {
        let held = |seconds| story.order().is_held_for_long(CAPTURED, later(&story, seconds));
        assert_eq!(held(HELD_SECONDS), is_held, "{what}");
        assert!(!held(HELD_SECONDS - 1), "{what}");
    }
}
