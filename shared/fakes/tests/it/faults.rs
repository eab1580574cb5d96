//! Whatever goes wrong: nothing is released unpaid, nothing is lost, and no money moves twice.

use quittance_core::api::Asked;
use quittance_core::desk::{Answer, RequestKind, RequestState};
use serde_json::json;

use super::splits::paid;
use super::world::{Psp, TOTAL, World};

/// Faults under which an answer tells nothing.
const SILENT: [&str; 15] = [
    "timeout_before",
    "timeout_after",
    "502",
    "502_after",
    "html",
    "html_after",
    "truncated",
    "cut_off",
    "slow",
    "rate_limited",
    "platform_trouble",
    "platform_trouble_after",
    "bad_credentials",
    "wrong_order",
    "wrong_currency",
];

/// The call by which an order is learnt of.
fn question(psp: Psp) -> &'static str {
    if psp == Psp::Lyra { "Order/Get" } else { "GetPaymentDetails" }
}

#[test]
fn a_question_that_fails_releases_nothing_and_loses_nothing() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let own: &[&str] = match psp {
            Psp::Worldline => &["404_inner_500", "wrong_merchant", "wrong_payment"],
            Psp::Lyra => &["wrong_merchant", "wrong_mode"],
        };
        for fault in SILENT.iter().chain(own) {
            let mut world = paid(psp, &json!({}));
            world.batch();
            let before = world.order.clone();
            world.fault(question(psp), fault, 100);
            let asked = world.ask();
            assert!(!matches!(asked, Asked::Told(_)), "{psp:?} {fault} {asked:?}");
            assert_eq!(world.order, before, "{psp:?} {fault}");
            world.controlled("DELETE", "faults", &json!({}));
            world.ask();
            assert!(world.is_released(), "{psp:?} {fault}");
            assert_eq!(world.summary().captured, TOTAL);
        }
    }
}

#[test]
fn a_fault_that_passes_is_waited_out() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        for fault in ["timeout_before", "502", "platform_trouble", "rate_limited"] {
            let mut world = paid(psp, &json!({}));
            world.batch();
            world.fault(question(psp), fault, 2);
            assert!(matches!(world.ask(), Asked::Told(_)), "{psp:?} {fault}");
            assert!(world.is_released(), "{psp:?} {fault}");
        }
    }
}

#[test]
fn amounts_that_do_not_fit_release_nothing() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open();
        world.pay(&checkout, Some(6_000), None);
        world.fault("*", "wrong_amount", 100);
        world.ask();
        world.batch();
        world.ask();
        assert!(!world.is_released(), "{psp:?} {:#?}", world.summary());
    }
}

/// Lets what was asked for become final, and looks until nothing is left to do.
fn settle(world: &mut World) {
    for _ in 0..8 {
        world.batch();
        world.deliver();
        world.pass(10 * 60);
        world.look();
    }
}

#[test]
fn a_refund_whose_answer_is_lost_moves_money_once() {
    let ways = [
        (Psp::Worldline, json!({"split_layout": "A"})),
        (Psp::Worldline, json!({"split_layout": "B"})),
        (Psp::Worldline, json!({"split_layout": "B", "refund_strategy": "per_payment"})),
        (Psp::Lyra, json!({})),
    ];
    for (psp, settings) in ways {
        let call = if psp == Psp::Lyra { "Transaction/Refund" } else { "RefundPayment" };
        let own: &[&str] = match psp {
            Psp::Worldline => &["in_progress", "404_inner_500"],
            Psp::Lyra => &["wrong_mode", "wrong_payment"],
        };
        for fault in SILENT.iter().chain(own) {
            for times in [1, 5] {
                let how = format!("{psp:?} {settings} {fault} {times}");
                let mut world = paid(psp, &settings);
                world.batch();
                world.deliver();
                world.ask();
                world.fault(call, fault, times);
                assert_eq!(world.refund("R-1", 3_000), Answer::Planned, "{how}");
                settle(&mut world);
                world.controlled("DELETE", "faults", &json!({}));
                settle(&mut world);
                let (back, told) = (world.given_back(), world.summary().refunded);
                let state = world.state_of(RequestKind::Refund, "R-1");
                assert!(back <= 3_000, "{how}: {back}");
                assert_eq!(told, back, "{how} {state:?}");
                match state {
                    RequestState::Done => assert_eq!(back, 3_000, "{how}"),
                    RequestState::Refused => assert_eq!(back, 0, "{how}"),
                    // A person decides where the provider remembers no key and shows nothing.
                    RequestState::Uncertain => {
                        assert_eq!((psp, back), (Psp::Lyra, 0), "{how}");
                    }
                    other => panic!("{how} {other:?} {:#?}", world.desk),
                }
                // The request again sends nothing.
                assert_eq!(world.refund("R-1", 3_000), Answer::Known, "{how}");
                assert_eq!(world.given_back(), back, "{how}");
            }
        }
    }
}

#[test]
fn a_share_under_another_name_is_no_second_share() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open();
        world.pay(&checkout, Some(TOTAL / 2), None);
        world.ask();
        world.fault(question(psp), "wrong_payment", 5);
        let asked = world.ask();
        // The gateway's transactions are told apart by day, id and number, too.
        assert_eq!(matches!(asked, Asked::Failed(_)), psp == Psp::Worldline);
        assert_eq!(world.summary().captured, TOTAL / 2, "{psp:?} {:#?}", world.summary());
        assert!(!world.is_released());
    }
}
