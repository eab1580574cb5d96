//! Which orders a person has to look at.

use quittance_core::Timestamp;
use quittance_core::concern::Concern;
use quittance_core::schedule::GIVE_UP_SECONDS;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, Story, given};

/// The concerns about an order so many seconds after its last notification.
fn after(story: &Story, seconds: u64) -> Vec<Concern> {
    let order = story.order();
    let last: Timestamp = order.notifications().last().unwrap().received_at;
    order.concerns(CAPTURED, last.later(seconds).unwrap()).into_iter().collect()
}

fn card(status: u64) -> Payment {
    Payment::new("CMD-1", "3254800002_0", 130, status, 10_000)
}

#[test]
fn a_person_looks_where_money_and_goods_do_not_agree_or_nothing_is_settled() {
    const HOUR: u64 = 60 * 60;
    let voucher = || Payment::new("CMD-1", "3254800001_0", 5412, 9, 10_000).acquired(6_000);
    let lyra = |status: &str| Form::single("CMD-1", "111111", "CB", 10_000, status);
    let refund = |status: &str| Form::refund("CMD-1", "111111", "r1", "CB", 4_000, status);
    let table: [(&str, Story, u64, &[Concern]); 8] = [
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
    ];
    for (what, story, seconds, concerns) in table {
        assert_eq!(after(&story, seconds), concerns, "{what}");
    }
}
