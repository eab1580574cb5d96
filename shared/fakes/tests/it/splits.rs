//! Vouchers and a card: told by webhooks, found by asking, or both, it is one order that is released once.

use quittance_core::api::Asked;
use quittance_core::fact::Flag;
use serde_json::{Value, json};

use super::world::{POLICY, Psp, TOTAL, World};

/// Every way in which a provider may list a split.
pub(crate) fn ways() -> Vec<(Psp, Value)> {
    let mut all = Vec::new();
    for layout in ["A", "B", "C"] {
        for ids in ["short", "long"] {
            all.push((Psp::Worldline, json!({"split_layout": layout, "payment_ids": ids})));
        }
    }
    for format in ["form", "rest", "both"] {
        for capture in ["at_once", "at_batch"] {
            let settings = json!({"notification_format": format, "voucher_capture": capture});
            all.push((Psp::Lyra, settings));
        }
    }
    all
}

/// Pays 60.00 by voucher and the rest by card, and lets the batch take what is reserved.
pub(crate) fn paid(psp: Psp, settings: &Value) -> World {
    let mut world = World::with(psp, settings);
    let checkout = world.open();
    world.pay(&checkout, Some(6_000), Some("accept"));
    world
}

#[track_caller]
fn is_paid(world: &World, how: &str) {
    let summary = world.summary();
    assert_eq!(summary.captured, TOTAL, "{how}: {summary:#?}");
    assert_eq!(summary.expected, Some(TOTAL), "{how}");
    assert!(world.is_released(), "{how}");
    let flags = world.order.flags(POLICY, world.at());
    assert_eq!(flags, [].into(), "{how}");
}

#[test]
fn a_split_is_released_when_the_webhooks_tell_of_it() {
    for (psp, settings) in ways() {
        let mut world = paid(psp, &settings);
        assert!(world.deliver() > 0);
        if psp == Psp::Lyra {
            // The card is reserved, and the batch tells nobody.
            assert!(!world.is_released());
            world.batch();
            assert_eq!(world.deliver(), 0);
            world.ask();
        }
        is_paid(&world, &format!("{psp:?} {settings}"));
    }
}

#[test]
fn a_split_is_released_by_asking_alone() {
    for (psp, settings) in ways() {
        let mut world = paid(psp, &settings);
        world.batch();
        assert!(matches!(world.ask(), Asked::Told(_)));
        is_paid(&world, &format!("{psp:?} {settings}"));
    }
}

#[test]
fn a_split_that_is_told_in_both_ways_counts_once() {
    for (psp, settings) in ways() {
        for twice in [false, true] {
            let how = format!("{psp:?} {settings} {twice}");
            let mut told_first = paid(psp, &settings);
            let more = json!({"notify_twice": twice, "notify_reversed": twice});
            told_first.control("settings", &more);
            told_first.deliver();
            told_first.ask();
            told_first.batch();
            told_first.deliver();
            told_first.ask();
            is_paid(&told_first, &how);
            let id = told_first.order.fulfilment().unwrap().id.clone();

            let mut asked_first = paid(psp, &settings);
            asked_first.control("settings", &more);
            asked_first.batch();
            asked_first.ask();
            asked_first.deliver();
            asked_first.ask();
            is_paid(&asked_first, &how);
            assert_eq!(asked_first.order.fulfilment().unwrap().id, id);
        }
    }
}

#[test]
fn half_a_split_is_never_released() {
    for (psp, settings) in ways() {
        let how = format!("{psp:?} {settings}");
        let mut world = World::with(psp, &settings);
        let checkout = world.open();
        world.pay(&checkout, Some(6_000), None);
        world.deliver();
        world.ask();
        let secured = |world: &World| {
            let summary = world.summary();
            summary.captured + summary.authorised
        };
        assert_eq!(secured(&world), 6_000, "{how}");
        world.pay(&checkout, None, Some("refuse"));
        world.deliver();
        world.ask();
        world.batch();
        world.ask();
        assert!(!world.is_released(), "{how}");
        assert_eq!(secured(&world), 6_000, "{how}");
        world.pay(&checkout, None, Some("accept"));
        world.deliver();
        world.batch();
        world.ask();
        is_paid(&world, &how);
    }
}

#[test]
fn a_complement_that_never_comes_leaves_a_stranded_voucher_or_none() {
    for (psp, settings, stays) in [
        (Psp::Worldline, json!({"auto_refund": false}), true),
        (Psp::Worldline, json!({"auto_refund": true}), false),
        (Psp::Worldline, json!({"auto_refund": true, "auto_refund_succeeds": false}), true),
        (Psp::Lyra, json!({"complement_failure": "stays"}), true),
        (
            Psp::Lyra,
            json!({"complement_failure": "cancelled", "voucher_capture": "at_batch"}),
            false,
        ),
        // What was told as captured stays so: no notification takes it back.
        (Psp::Lyra, json!({"complement_failure": "cancelled"}), true),
    ] {
        for ends in ["abandons", "expires"] {
            let how = format!("{psp:?} {settings} {ends}");
            let mut world = World::with(psp, &settings);
            let checkout = world.open();
            world.pay(&checkout, Some(6_000), None);
            world.ask();
            if ends == "abandons" {
                world.pay(&checkout, None, Some("abandon"));
            }
            world.pass(3 * 60 * 60 + 60);
            world.ask();
            world.batch();
            world.deliver();
            world.ask();
            assert!(!world.is_released(), "{how}");
            let summary = world.summary();
            let left = summary.captured - summary.refunded;
            assert_eq!(left, if stays { 6_000 } else { 0 }, "{how}: {summary:#?}");
            let is_stranded =
                world.order.flags(POLICY, world.at()).contains(&Flag::StrandedVoucher);
            assert_eq!(is_stranded, stays, "{how}");
        }
    }
}

#[test]
fn an_order_paid_by_vouchers_alone_is_released_at_once() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        for asks in [false, true] {
            let mut world = World::new(psp);
            let checkout = world.open();
            world.pay(&checkout, Some(TOTAL), None);
            if asks {
                world.ask();
            } else {
                world.deliver();
            }
            is_paid(&world, &format!("{psp:?} {asks}"));
        }
    }
}

#[test]
fn what_nobody_paid_is_unknown_or_pending() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open();
        assert_eq!(world.ask(), Asked::Unknown);
        world.pay(&checkout, None, Some("abandon"));
        let asked = world.ask();
        match psp {
            Psp::Worldline => {
                let Asked::Told(answer) = asked else { panic!("{asked:?}") };
                assert!(answer.ended && answer.statements.is_empty());
            }
            Psp::Lyra => assert_eq!(asked, Asked::Unknown),
        }
        assert!(!world.is_released());
    }
}
