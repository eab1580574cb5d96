//! Any story of requests, faults, deaths and looks: no more goes back than was asked for, each request once.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use proptest::collection::vec;
use proptest::prelude::*;
use quittance_core::OrderKey;
use quittance_core::desk::RequestState;
use tokio::runtime::Runtime;

use super::provider::{Paid, Psp};
use super::stack::{Stack, TOTAL};

#[derive(Clone, Debug)]
enum Event {
    /// Requests of these ids and hundreds of minor units, all at once.
    Refunds(Vec<(u8, u64)>),
    /// One, whose process dies after so many steps.
    Dies(u8, u64, i64),
    /// The next call of this name ends like this.
    Fault(&'static str),
    Look,
    Batch,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let refund = || (0..4u8, 1..80u64);
    let faults = prop_oneof![Just("timeout_before"), Just("timeout_after"), Just("refuse_refund")];
    let event = prop_oneof![
        4 => vec(refund(), 1..4).prop_map(Event::Refunds),
        2 => (refund(), 0..16i64).prop_map(|((id, amount), steps)| Event::Dies(id, amount, steps)),
        1 => faults.prop_map(Event::Fault),
        2 => Just(Event::Look),
        2 => Just(Event::Batch),
    ];
    vec(event, 1..8)
}

struct Story {
    stack: Stack,
    key: OrderKey,
    /// What was accepted, by request.
    accepted: BTreeMap<String, u64>,
}

impl Story {
    async fn refund(&self, id: u8, hundreds: u64) -> (String, u64, u16) {
        let (request, amount) = (format!("R-{id}"), hundreds * 100);
        let answer = self.stack.refund(&self.key, &request, amount).await;
        assert!([200, 202, 409, 422, 502, 503].contains(&answer.status), "{answer:?}");
        (request, amount, answer.status)
    }

    async fn happen(&mut self, event: &Event) {
        match event {
            Event::Refunds(all) => {
                let all = all.iter().map(|(id, amount)| self.refund(*id, *amount).boxed());
                futures_util::future::join_all(all).await;
            }
            Event::Dies(id, amount, steps) => {
                let gate = self.stack.gate.clone();
                gate.dies_during(*steps, self.refund(*id, *amount)).await;
            }
            Event::Fault(fault) => {
                self.stack.provider.fault(Psp::Lyra, "Transaction/Refund", fault);
            }
            Event::Look => {
                self.stack.sweep().await;
            }
            Event::Batch => self.stack.provider.batch(),
        }
        self.check().await;
    }

    /// What is stored is what was accepted, and no more than that went back.
    async fn check(&mut self) {
        let mut most = 0;
        for refund in self.stack.refunds(&self.key).await {
            let request = refund["request"].as_str().unwrap().to_owned();
            let amount = refund["amount"].as_u64().unwrap();
            assert_eq!(*self.accepted.entry(request).or_insert(amount), amount, "{refund}");
            let lines = refund["lines"].as_array().unwrap().iter();
            assert_eq!(lines.map(|line| line["amount"].as_u64().unwrap()).sum::<u64>(), amount);
            if refund["state"] != "refused" {
                most += amount;
            }
        }
        let given_back = self.stack.provider.given_back();
        assert!(given_back <= most && most <= TOTAL, "{given_back} of {most}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_more_goes_back_than_was_asked_for(events in events()) {
        Runtime::new().unwrap().block_on(async {
            let (stack, key) = Stack::with(Psp::Lyra, Paid::Card).await;
            let mut story = Story { stack, key, accepted: BTreeMap::new() };
            for event in &events {
                story.happen(event).await;
            }
            story.stack.provider.forgive();
            story.stack.settle().await;
            story.check().await;
            let desk = story.stack.desk(&story.key).await;
            let done = desk.requests().iter().filter(|one| one.state() == RequestState::Done);
            let done: u64 = done.map(|one| story.accepted[&one.request]).sum();
            // Of a call whose fate nobody knows, nothing went back: it would have been seen.
            assert_eq!(story.stack.provider.given_back(), done, "{desk:#?}");
        });
    }
}
