//! Orders paid by card: taken at once, by the batch, or when the merchant says so.

use quittance_core::api::Asked;
use quittance_core::desk::{Answer, Content, LineState, RequestKind, RequestState};
use serde_json::json;

use super::world::{Psp, TOTAL, World, eur};

#[test]
fn what_the_batch_takes_is_found_by_asking() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::with(psp, &json!({"card_capture": "at_batch"}));
        let checkout = world.open_for(TOTAL, false, false);
        world.pay(&checkout, None, Some("accept"));
        world.deliver();
        world.ask();
        assert!(!world.is_released());
        assert_eq!(world.summary().authorised, TOTAL);
        world.batch();
        let sent = world.fakes.outbox().len();
        assert_eq!(sent, usize::from(psp == Psp::Worldline), "Lyra's batch tells nobody");
        world.ask();
        assert!(world.is_released(), "{psp:?}");
        assert_eq!((world.summary().captured, world.summary().authorised), (TOTAL, 0));
    }
}

#[test]
fn refused_attempts_count_for_nothing() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::new(psp);
        let checkout = world.open_for(TOTAL, false, false);
        world.pay(&checkout, None, Some("refuse"));
        world.deliver();
        world.ask();
        assert_eq!((world.summary().captured, world.is_released()), (0, false));
        world.pay(&checkout, None, Some("accept"));
        world.deliver();
        world.batch();
        world.ask();
        assert!(world.is_released(), "{psp:?} {:#?}", world.summary());
        assert_eq!(world.summary().captured, TOTAL);
    }
}

#[test]
fn after_enough_refused_attempts_the_page_has_ended() {
    for psp in [Psp::Worldline, Psp::Lyra] {
        let mut world = World::with(psp, &json!({"attempts": 2}));
        let checkout = world.open_for(TOTAL, false, false);
        assert_eq!(world.pay(&checkout, None, Some("refuse"))["ended"], false);
        assert_eq!(world.pay(&checkout, None, Some("refuse"))["ended"], true);
        let late = json!({"checkout": checkout, "card": "accept"});
        assert_eq!(world.controlled("POST", "pay", &late).status, 409);
        world.deliver();
        world.ask();
        assert_eq!((world.summary().captured, world.is_released()), (0, false));
    }
}

/// A payment of 140.00 that waits for the merchant.
fn reserved(psp: Psp, is_acquired: bool) -> World {
    let mut world = World::with(psp, &json!({"reserved_is_acquired": is_acquired}));
    let checkout = world.open_for(TOTAL, false, true);
    world.pay(&checkout, None, Some("accept"));
    world.deliver();
    world.batch();
    assert!(matches!(world.ask(), Asked::Told(_)));
    assert!(!world.is_released());
    world
}

#[test]
fn what_is_captured_is_released() {
    for (psp, is_acquired) in [(Psp::Worldline, true), (Psp::Worldline, false), (Psp::Lyra, false)]
    {
        let mut world = reserved(psp, is_acquired);
        let content = Content::Capture { amount: None, currency: eur() };
        assert_eq!(world.wants("T-1", content), Answer::Planned);
        world.batch();
        world.deliver();
        world.look();
        world.ask();
        assert!(world.is_released(), "{psp:?} {is_acquired} {:#?}", world.summary());
        assert_eq!(world.summary().captured, TOTAL);
        assert_eq!(world.state_of(RequestKind::Capture, "T-1"), RequestState::Done);
    }
}

#[test]
fn parts_are_captured_one_after_the_other() {
    for is_acquired in [true, false] {
        for tells in [true, false] {
            let how = format!("{is_acquired} {tells}");
            let mut world = reserved(Psp::Worldline, is_acquired);
            world.control("settings", &json!({ "notify": tells }));
            for (request, amount, sum) in [("T-1", 5_000, 5_000), ("T-2", 9_000, TOTAL)] {
                let content = Content::Capture { amount: Some(amount), currency: eur() };
                assert_eq!(world.wants(request, content), Answer::Planned, "{how}");
                world.deliver();
                world.batch();
                world.deliver();
                world.look();
                world.ask();
                let summary = world.summary();
                assert_eq!(summary.captured, sum, "{how} {request} {summary:#?}");
                assert_eq!(world.is_released(), sum == TOTAL, "{how} {request}");
                let state = world.state_of(RequestKind::Capture, request);
                assert_eq!(state, RequestState::Done, "{how} {request} {summary:#?}");
            }
        }
    }
}

#[test]
fn a_capture_that_is_refused_leaves_the_order_as_it_was() {
    let mut world = reserved(Psp::Worldline, true);
    world.fault("CapturePayment", "refuse_capture", 1);
    let content = Content::Capture { amount: None, currency: eur() };
    assert_eq!(world.wants("T-1", content), Answer::Planned);
    world.batch();
    world.deliver();
    world.look();
    assert!(!world.is_released());
    assert_eq!(world.state_of(RequestKind::Capture, "T-1"), RequestState::Refused);
    assert_eq!(world.wants("T-2", content), Answer::Planned);
    world.batch();
    world.look();
    assert!(world.is_released());
}

#[test]
fn what_is_cancelled_is_over() {
    for (psp, how) in [
        (Psp::Worldline, "done"),
        (Psp::Worldline, "waits"),
        (Psp::Worldline, "refused"),
        (Psp::Lyra, "done"),
    ] {
        for tells in [true, false] {
            let mut world = reserved(psp, true);
            world.control("settings", &json!({"cancellation": how, "notify": tells}));
            assert_eq!(world.wants("C-1", Content::Cancellation), Answer::Planned);
            world.deliver();
            world.look();
            world.batch();
            world.deliver();
            world.look();
            let summary = world.summary();
            let lines = world.lines(RequestKind::Cancellation, "C-1");
            let [(_, TOTAL, state)] = lines.as_slice() else { panic!("{lines:?}") };
            let (expected, left) = match how {
                "refused" => (LineState::Refused, TOTAL),
                _ => (LineState::Done, 0),
            };
            assert_eq!((*state, summary.authorised), (expected, left), "{psp:?} {how} {tells}");
            assert!(!world.is_released());
        }
    }
}
