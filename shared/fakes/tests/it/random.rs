//! Any story: buyers, faults, notifications, questions, batches and refunds in any order.

use proptest::collection::vec;
use proptest::prelude::*;
use quittance_core::desk::{Answer, RequestState};
use serde_json::{Value, json};

use super::world::{Psp, TOTAL, World};

#[derive(Clone, Debug)]
enum Event {
    Voucher(u64),
    Card(&'static str),
    Deliver,
    Ask,
    Batch,
    Look,
    Refund(u64),
    Fault(&'static str, &'static str, u32),
    Pass(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let fault = prop::sample::select(vec![
        "timeout_before",
        "timeout_after",
        "502",
        "502_after",
        "html",
        "html_after",
        "truncated",
        "slow",
        "rate_limited",
        "platform_trouble",
        "platform_trouble_after",
        "in_progress",
        "wrong_order",
        "wrong_currency",
        "wrong_mode",
        "404_inner_500",
        "refuse_refund",
        "uncertain_refund",
        "batch_first",
        "bad_credentials",
    ]);
    let call = prop::sample::select(vec![
        "*",
        "RefundPayment",
        "GetPaymentDetails",
        "GetRefunds",
        "Order/Get",
        "Transaction/Get",
        "Transaction/Refund",
        "Transaction/Cancel",
    ]);
    let event = prop_oneof![
        3 => prop_oneof![Just(6_000), Just(TOTAL), 1..TOTAL].prop_map(Event::Voucher),
        4 => prop::sample::select(vec!["accept", "accept", "accept", "refuse", "abandon"])
            .prop_map(Event::Card),
        3 => Just(Event::Deliver),
        3 => Just(Event::Ask),
        2 => Just(Event::Batch),
        3 => Just(Event::Look),
        4 => prop_oneof![Just(8_000), Just(6_000), Just(TOTAL), 1..TOTAL].prop_map(Event::Refund),
        3 => (call, fault, 1..4_u32).prop_map(|(call, fault, times)| Event::Fault(call, fault, times)),
        1 => prop_oneof![Just(60), Just(1_000), Just(15_000)].prop_map(Event::Pass),
    ];
    vec(event, 4..24)
}

fn settings() -> impl Strategy<Value = Value> {
    let layout = prop::sample::select(vec!["A", "B", "C"]);
    let strategy = prop::sample::select(vec!["platform_splits", "per_payment", "per_operation"]);
    let window = prop::sample::select(vec!["refuses_all", "card_only"]);
    let card = prop::sample::select(vec!["at_once", "at_batch"]);
    let ids = prop::sample::select(vec!["short", "long"]);
    let bits = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (layout, strategy, window, (card, ids), bits).prop_map(
        |(layout, strategy, window, (card, ids), (shows, twice, back, auto, vouchers))| {
            json!({
                "split_layout": layout, "refund_strategy": strategy, "voucher_window": window,
                "card_capture": card, "payment_ids": ids,
                // What was told as captured cannot be taken back by a status: `splits` has that story.
                "complement_failure": "stays",
                "refund_shows_on_payment": shows, "notify_twice": twice, "notify_reversed": back,
                "auto_refund": auto, "auto_refund_succeeds": back,
                "voucher_capture": if vouchers { "at_once" } else { "at_batch" },
            })
        },
    )
}

/// A story under way.
struct Story {
    world: World,
    checkout: String,
    /// What was asked to be given back.
    asked: u64,
    requests: u32,
}

impl Story {
    fn happen(&mut self, event: &Event) {
        let Self { world, checkout, .. } = self;
        // What a page does not offer is refused there.
        let mut pay = |body: Value| {
            world.controlled("POST", "pay", &body);
        };
        match *event {
            Event::Voucher(amount) => pay(json!({"checkout": checkout, "voucher": amount})),
            Event::Card(card) => pay(json!({"checkout": checkout, "card": card})),
            Event::Deliver => {
                world.deliver();
            }
            Event::Ask => {
                world.ask();
            }
            Event::Batch => world.batch(),
            Event::Look => world.look(),
            Event::Refund(amount) => {
                self.requests += 1;
                if world.tries(&format!("R-{}", self.requests), amount) == Some(Answer::Planned) {
                    self.asked += amount;
                }
            }
            Event::Fault(call, fault, times) => world.fault(call, fault, times),
            Event::Pass(seconds) => world.pass(seconds),
        }
    }

    /// What holds at any time.
    fn holds(&mut self, automatic: u64) {
        let (taken, back) = (self.world.taken(), self.world.given_back());
        let summary = self.world.summary();
        assert!(back <= self.asked + automatic, "{back} went back of {}", self.asked);
        assert!(!self.world.is_released() || taken >= TOTAL, "released for {taken}");
        assert!(summary.captured <= taken, "{taken} {summary:#?}");
    }
}

fn run(psp: Psp, settings: &Value, events: &[Event]) {
    let mut world = World::with(psp, settings);
    let checkout = world.open();
    let mut story = Story { world, checkout, asked: 0, requests: 0 };
    // The platform itself gives back the vouchers of a session that fails.
    let is_automatic = psp == Psp::Worldline && settings["auto_refund"] == true;
    let automatic = if is_automatic { TOTAL } else { 0 };
    for event in events {
        story.happen(event);
        story.holds(automatic);
    }
    let world = &mut story.world;
    world.controlled("DELETE", "faults", &json!({}));
    for _ in 0..8 {
        world.batch();
        world.deliver();
        world.pass(10 * 60);
        world.ask();
        world.look();
    }
    story.holds(automatic);
    let world = &mut story.world;
    let (taken, back, summary) = (world.taken(), world.given_back(), world.summary());
    assert_eq!(summary.captured, taken, "{summary:#?}");
    assert_eq!(summary.refunded, back, "{summary:#?}");
    let states: Vec<RequestState> =
        world.desk.requests().iter().map(quittance_core::desk::Request::state).collect();
    let is_over = |state: &RequestState| match state {
        RequestState::Planned | RequestState::Running => false,
        RequestState::Uncertain => psp == Psp::Lyra,
        RequestState::Done | RequestState::Partial | RequestState::Refused => true,
    };
    assert!(states.iter().all(is_over), "{:#?}", world.desk);
    if taken >= TOTAL && back == 0 {
        assert!(world.is_released(), "{summary:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn worldline_moves_no_money_twice_and_releases_what_is_paid(
        settings in settings(), events in events(),
    ) {
        run(Psp::Worldline, &settings, &events);
    }

    #[test]
    fn lyra_moves_no_money_twice_and_releases_what_is_paid(
        settings in settings(), events in events(),
    ) {
        run(Psp::Lyra, &settings, &events);
    }
}
