//! Money that goes back: under each layout and strategy never more than was asked for, and never twice.

use quittance_core::api::{Action, Api, Effect, Verb};
use quittance_core::desk::{Answer, LineState, RequestKind, RequestState};
use serde_json::{Value, json};

use super::splits::paid;
use super::world::{ORDER, Psp, TOTAL, World, eur, merchants};

/// How Worldline may take the refund of a split.
fn ways() -> impl Iterator<Item = Value> {
    ["A", "B", "C"].into_iter().flat_map(|layout| {
        ["platform_splits", "per_payment"].into_iter().flat_map(move |strategy| {
            [true, false].into_iter().map(move |shows| {
                json!({"split_layout": layout, "refund_strategy": strategy,
                    "refund_shows_on_payment": shows})
            })
        })
    })
}

/// A split that is paid and known.
fn known(psp: Psp, settings: &Value) -> World {
    let mut world = paid(psp, settings);
    world.batch();
    world.deliver();
    world.ask();
    assert!(world.is_released());
    world
}

/// Lets what was asked for become final, and looks until nothing is left to do.
fn settle(world: &mut World) {
    for _ in 0..6 {
        world.batch();
        world.deliver();
        world.pass(60);
        world.look();
    }
}

#[test]
fn a_refund_gives_back_what_was_asked_for_in_parts_and_whole() {
    for settings in ways() {
        for tells in [true, false] {
            let how = format!("{settings} {tells}");
            let mut world = known(Psp::Worldline, &settings);
            world.control("settings", &json!({ "notify": tells }));
            let mut sum = 0;
            // Within the card, across both, and the rest of the vouchers.
            for (request, amount) in [("R-1", 3_000), ("R-2", 7_000), ("R-3", 4_000)] {
                let planned = world.refund(request, amount);
                assert_eq!(planned, Answer::Planned, "{how} {request} {:#?}", world.summary());
                settle(&mut world);
                sum += amount;
                let summary = world.summary();
                assert_eq!(world.given_back(), sum, "{how} {request}");
                assert_eq!(summary.refunded, sum, "{how} {request} {summary:#?}");
                let state = world.state_of(RequestKind::Refund, request);
                assert_eq!(state, RequestState::Done, "{how} {request} {summary:#?}");
            }
            assert!(matches!(world.refund("R-4", 1), Answer::Refused(_)), "{how}");
            assert_eq!(world.given_back(), TOTAL, "{how}");
        }
    }
}

/// Where the first operation of a payment stands for itself alone, the card's part is asked of the vouchers. No source
/// says so; then too little goes back, and never too much.
#[test]
fn a_first_operation_that_stands_for_itself_gives_no_more_than_was_asked_for() {
    for layout in ["A", "B", "C"] {
        let settings = json!({"split_layout": layout, "refund_strategy": "per_operation"});
        let mut world = known(Psp::Worldline, &settings);
        let mut most = 0;
        for (request, amount) in [("R-1", 3_000), ("R-2", 7_000), ("R-3", 4_000), ("R-4", 1_000)] {
            if world.refund(request, amount) == Answer::Planned {
                settle(&mut world);
                most += amount;
                assert!(world.given_back() <= most, "{layout} {request}");
                assert_eq!(world.summary().refunded, world.given_back(), "{layout} {request}");
                let state = world.state_of(RequestKind::Refund, request);
                assert_ne!(state, RequestState::Running, "{layout} {request} {:#?}", world.desk);
            }
        }
        assert!(world.given_back() <= TOTAL);
    }
}

#[test]
fn after_four_hours_only_the_card_gives_back() {
    for settings in ways() {
        let mut world = known(Psp::Worldline, &settings);
        world.pass(4 * 60 * 60);
        assert!(matches!(world.refund("R-1", 8_001), Answer::Refused(_)), "{settings}");
        assert_eq!(world.given_back(), 0);
        assert_eq!(world.refund("R-2", 8_000), Answer::Planned, "{settings}");
        settle(&mut world);
        assert_eq!(world.state_of(RequestKind::Refund, "R-2"), RequestState::Done);
        assert_eq!(world.given_back(), 8_000, "{settings}");
    }
}

#[test]
fn a_window_that_the_provider_closes_earlier_costs_no_more_than_the_card() {
    for settings in ways() {
        for outcome in ["refuses_all", "card_only"] {
            let mut world = known(Psp::Worldline, &settings);
            world.control("settings", &json!({ "voucher_window": outcome }));
            world.control("clock", &json!({"advance_seconds": 5 * 60 * 60}));
            assert_eq!(world.refund("R-1", TOTAL), Answer::Planned);
            settle(&mut world);
            let how = format!("{settings} {outcome}");
            assert_eq!(world.given_back(), 8_000, "{how}");
            assert_eq!(world.summary().refunded, 8_000, "{how}");
            let state = world.state_of(RequestKind::Refund, "R-1");
            assert_eq!(state, RequestState::Partial, "{how}");
        }
    }
}

#[test]
fn a_refund_that_is_refused_later_frees_its_amount() {
    for settings in ways() {
        for fault in ["refuse_refund", "uncertain_refund"] {
            let how = format!("{settings} {fault}");
            let mut world = known(Psp::Worldline, &settings);
            world.fault("RefundPayment", fault, 1);
            assert_eq!(world.refund("R-1", 8_000), Answer::Planned);
            settle(&mut world);
            let is_refused = fault == "refuse_refund";
            let expected = if is_refused { RequestState::Refused } else { RequestState::Done };
            assert_eq!(world.state_of(RequestKind::Refund, "R-1"), expected, "{how}");
            let rest = if is_refused { TOTAL } else { 6_000 };
            let planned = world.refund("R-2", rest);
            assert_eq!(planned, Answer::Planned, "{how} {:#?}", world.summary());
            settle(&mut world);
            assert_eq!(world.state_of(RequestKind::Refund, "R-2"), RequestState::Done, "{how}");
            assert_eq!(world.given_back(), TOTAL, "{how}");
            assert_eq!(world.summary().refunded, TOTAL, "{how}");
        }
    }
}

#[test]
fn lyra_gives_each_share_back_by_itself() {
    let mut world = known(Psp::Lyra, &json!({}));
    // Nothing but the whole voucher, and any part of the card.
    assert_eq!(world.refund("R-1", 3_000), Answer::Planned);
    settle(&mut world);
    assert_eq!((world.given_back(), world.summary().refunded), (3_000, 3_000));
    assert_eq!(world.refund("R-2", 6_000), Answer::Planned);
    settle(&mut world);
    assert!(matches!(world.refund("R-3", 5_001), Answer::Refused(_)));
    assert_eq!(world.refund("R-4", 5_000), Answer::Planned);
    settle(&mut world);
    assert_eq!((world.given_back(), world.summary().refunded), (TOTAL, TOTAL));
    for request in ["R-1", "R-2", "R-4"] {
        assert_eq!(world.state_of(RequestKind::Refund, request), RequestState::Done);
    }
}

#[test]
fn lyra_cancels_what_is_not_captured_yet() {
    for batch_comes in [false, true] {
        let mut world = paid(Psp::Lyra, &json!({}));
        world.deliver();
        if batch_comes {
            world.fault("Transaction/Cancel", "batch_first", 1);
        }
        assert_eq!(world.refund("R-1", TOTAL), Answer::Planned);
        settle(&mut world);
        let state = world.state_of(RequestKind::Refund, "R-1");
        let summary = world.summary();
        if batch_comes {
            // The cancellation came too late; what is left is asked for anew.
            assert_eq!(state, RequestState::Partial, "{summary:#?}");
            assert_eq!((world.given_back(), summary.captured), (6_000, TOTAL));
            assert_eq!(world.refund("R-2", 8_000), Answer::Planned);
            settle(&mut world);
            assert_eq!(world.given_back(), TOTAL);
        } else {
            assert_eq!(state, RequestState::Done, "{summary:#?}");
            assert_eq!((world.given_back(), summary.authorised), (6_000, 0));
        }
    }
}

#[test]
fn what_the_gateway_refuses_is_refused_and_what_stays_open_stays_sent() {
    let mut world = known(Psp::Lyra, &json!({}));
    world.fault("Transaction/Refund", "refuse_refund", 1);
    assert_eq!(world.refund("R-1", 2_000), Answer::Planned);
    assert_eq!(world.state_of(RequestKind::Refund, "R-1"), RequestState::Refused);
    assert_eq!(world.given_back(), 0);
    world.fault("Transaction/Refund", "uncertain_refund", 1);
    assert_eq!(world.refund("R-2", 2_000), Answer::Planned);
    let lines = world.lines(RequestKind::Refund, "R-2");
    assert_eq!(lines, [("CB".to_owned(), 2_000, LineState::Sent)]);
    settle(&mut world);
    assert_eq!(world.state_of(RequestKind::Refund, "R-2"), RequestState::Done);
    assert_eq!(world.given_back(), 2_000);
}

#[test]
fn one_cent_too_many_is_refused_at_once_and_the_last_one_is_not() {
    for settings in ways() {
        let mut world = known(Psp::Worldline, &settings);
        let splits = settings["refund_strategy"] == "platform_splits";
        // Two ids have a payment each, where the platform does not split by itself.
        let all = if splits || settings["split_layout"] != "B" { TOTAL } else { 6_000 };
        let mut act = |intent: &str, amount: u64| {
            let action = Action {
                verb: Verb::Refund,
                intent: intent.to_owned(),
                order: ORDER.to_owned(),
                target: format!("{}_0", world.checkouts[0]),
                amount,
                currency: eur(),
                whole: false,
            };
            let talk = merchants().act(&world.account(), &action).unwrap();
            world.hold(talk)
        };
        assert!(matches!(act("i-1", all + 1), Effect::Refused { .. }), "{settings}");
        assert!(matches!(act("i-2", all), Effect::Taken { .. }), "{settings}");
        assert!(matches!(act("i-3", 1), Effect::Refused { .. }), "{settings}");
        // The same intent is the same refund.
        assert!(matches!(act("i-2", all), Effect::Taken { .. }), "{settings}");
        assert_eq!(world.given_back(), all, "{settings}");
    }
}
