//! A network that throttles, delays, cuts, answers 500 and loses answers, between the stack and everything it calls:
//! DynamoDB, SQS, Secrets Manager and both PSPs. What was answered 200 is kept, nothing that is genuine is refused, each
//! order is released under one id, money goes back once; and when the network is well again all comes to its end.
#![allow(clippy::print_stdout, reason = "figures for the documentation")]

mod proxy;
mod services;
mod weather;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use quittance_testing::engine::Engine;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;
use serde_json::json;

use crate::durability::order;
use crate::psps::{Key, PRICE, Psps};
use crate::refunds::{Refund, finish, post_until_known};
use crate::support::{Request, Stack, WORLDLINE_DEMO, asked, seed, wait_for};
use proxy::{DYNAMODB, LYRA, SECRETS, SQS, WORLDLINE};
use services::{Fifo, Vault};
use weather::Weather;

/// How many orders; three notifications each, and for each fourth a refund of another order.
const ORDERS: usize = 16;

/// Of how many orders one is paid at the PSPs, and given back.
const REFUNDED_ONE_OF: usize = 4;

/// To how many of a hundred requests something happens.
const BAD: u32 = 25;

/// The same where nothing else is called.
const WORSE: u32 = 75;

/// How many post at the same time.
const POSTERS: usize = 6;

/// Services behind proxies, and a stack that reaches them through those alone.
struct Network {
    psps: Psps,
    weather: Weather,
    fifo: Fifo,
    stack: Stack,
    _engine: Engine,
}

impl Network {
    fn start(random: fastrand::Rng) -> Self {
        let psps = Psps::start_for(|| true);
        let (weather, fifo) = (Weather::calm(random), Fifo::default());
        let (engine, environment) = psps.runtime.block_on(async {
            let engine = Engine::start().await;
            let psp = &psps.providers.origin;
            let [worldline, lyra] = [
                proxy::start(WORLDLINE, psp, &weather).await,
                proxy::start(LYRA, psp, &weather).await,
            ];
            let mut environment = psps.environment([&worldline, &lyra]);
            environment.push((
                "AWS_ENDPOINT_URL_DYNAMODB",
                proxy::start(DYNAMODB, engine.url(), &weather).await,
            ));
            environment.push((
                "AWS_ENDPOINT_URL_SQS",
                proxy::start(SQS, &fifo.start().await, &weather).await,
            ));
            (engine, environment)
        });
        let stack = Stack::calling(&[], &environment);
        Self { psps, weather, fifo, stack, _engine: engine }
    }
}

/// Posts requests from several threads, each until it is answered 200. How often each status came.
fn post_until_taken(stack: &Stack, requests: &[Request], refused: &[u16]) -> BTreeMap<u16, usize> {
    let (next, statuses) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..POSTERS {
            scope.spawn(|| {
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wait_for("answered with 200", || {
                        let reply = stack.send(request);
                        *statuses
                            .lock()
                            .expect("nobody failed")
                            .entry(reply.status)
                            .or_default() += 1;
                        let is_known = reply.status == 200 || refused.contains(&reply.status);
                        assert!(is_known, "{}: {}", reply.status, reply.text());
                        (reply.status == 200).then_some(())
                    });
                }
            });
        }
    });
    statuses.into_inner().expect("nobody failed")
}

/// `QUITTANCE_FAULTS=2000 cargo test -p quittance --test it a_bad_network` is what docs/figures.md tells of.
#[test]
fn a_bad_network_loses_nothing_and_pays_nothing_twice() {
    let mut random = seed("QUITTANCE_SEED");
    let network = Network::start(random.fork());
    let Network { psps, weather, fifo, stack, .. } = &network;
    let orders = asked("QUITTANCE_FAULTS", ORDERS);
    let told: Vec<(String, [Request; 3])> = (0..orders).map(|n| order("NET", n)).collect();
    let paid: Vec<Key> = (0..orders.div_ceil(REFUNDED_ONE_OF))
        .map(|n| Key::by_turns(n, format!("PAID-{n}")))
        .collect();
    for key in &paid {
        psps.pays(stack, key);
    }
    let mut requests: Vec<Request> = told.iter().flat_map(|(_, all)| all.clone()).collect();
    requests.extend(psps.said());
    psps.batch();
    random.shuffle(&mut requests);
    let mut refunds: Vec<Refund> = paid.iter().map(|key| Refund::new(key.clone(), PRICE)).collect();

    weather.turns(BAD);
    let statuses = post_until_taken(stack, &requests, &[503]);
    let next = Mutex::new(refunds.iter_mut());
    std::thread::scope(|scope| {
        for _ in 0..POSTERS {
            scope.spawn(|| {
                let take = || next.lock().expect("nobody failed").next();
                while let Some(refund) = take() {
                    post_until_known(stack, refund);
                }
            });
        }
    });
    weather.turns(0);

    let by_hand = finish(stack, psps, &mut refunds);
    let mut released = BTreeSet::new();
    for path in told.iter().map(|(path, _)| path.clone()).chain(paid.iter().map(Key::path)) {
        let order = stack.sent_order(&path);
        assert_eq!((&order["flags"], order["captured"] == order["expected"]), (&json!([]), true));
        released.insert(order["fulfilment"]["id"].as_str().expect("released").to_owned());
    }
    assert_eq!(released.len(), told.len() + paid.len(), "an id for each order");
    for request in &requests {
        let again = stack.send(request);
        assert!(again.status == 200 && again.text().ends_with("(already known)"), "{again:?}");
    }
    for refund in &refunds {
        refund.assert_given_back(stack, psps);
    }
    let messages = fifo.messages();
    let sent: BTreeSet<String> = messages
        .iter()
        .filter(|(_, message)| message["type"] == "quittance.order.fulfilment_requested")
        .map(|(id, message)| {
            assert_eq!(message["id"], id.as_str());
            id.clone()
        })
        .collect();
    assert_eq!(sent, released, "what is released was sent, and nothing else");
    assert!(!stack.errors().contains("panicked"), "{}", stack.errors());

    println!(
        "{} notifications: {statuses:?}; {} refunds, {by_hand} lines settled by hand; {} messages of {} orders",
        requests.len(),
        refunds.len(),
        messages.len(),
        released.len()
    );
    let counts = weather.counts();
    println!("{counts:?}");
    // The others are called seldom.
    for services in [&[DYNAMODB][..], &[SQS, WORLDLINE, LYRA]] {
        let is_hit = |(of, fate): &(&str, &str)| {
            services.iter().any(|service| service.name == *of) && *fate != "passed"
        };
        assert!(counts.keys().any(is_hit), "nothing happened to {services:?}");
    }
}

/// The keys cannot be read at first. Whoever sends meanwhile is told to come again, and not that he is a forger.
#[test]
fn keys_out_of_reach_refuse_nobody() {
    let random = seed("QUITTANCE_SEED");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (weather, vault) = (Weather::calm(random), Vault::default());
    vault.put(&json!({
        "worldline": serde_json::from_str::<serde_json::Value>(WORLDLINE_DEMO.1).expect("JSON"),
        "systempay": {"12345678": {"test": {"form": "demoformkey0000"}}},
    }));
    let origin =
        runtime.block_on(async { proxy::start(SECRETS, &vault.start().await, &weather).await });
    weather.turns(WORSE);
    let stack = Stack::start_with(
        &[],
        &[
            ("QUITTANCE_KEYS_SECRET", "quittance/keys"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &origin),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_REGION", "eu-west-3"),
        ],
    );
    let requests = [
        Request::worldline(Payment::new("KEYS-1", "3254760001_0", 130, 9, 900).body()),
        Request::systempay(Form::single("KEYS-2", "keys02", "CB", 900, "CAPTURED").body()),
    ];
    let statuses = post_until_taken(&stack, &requests, &[500, 503]);
    println!("{statuses:?} {:?}", weather.counts());
}
