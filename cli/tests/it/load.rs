//! A sale, in which a hundred times as much comes within one second, and an order of which everything comes at once.
#![allow(clippy::print_stdout, reason = "figures for the documentation")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use quittance_core::crypto::sha256_hex;
use quittance_core::limits::MAX_FACTS_PER_ORDER;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, sent_again};
use serde_json::json;

use crate::support::{Request, Stack, asked, systempay_path, worldline_path};

/// Notifications in a second before the sale: what [`SALE`] makes of them is enough to be a crowd for a test's build.
const BASE: usize = 2;

/// How many times as many come in its first second.
const SALE: usize = 100;

/// How long it is quiet before.
const QUIET: Duration = Duration::from_secs(2);

/// The first pause before a notification is sent again; it doubles up to [`LONGEST_PAUSE`]. PSPs wait for minutes.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// How long a notification is sent again, and how long a message may take. PSPs go on for hours.
const PATIENCE: Duration = Duration::from_secs(600);

/// Notifications about the hot order.
const HOT: usize = 80;

/// Of so many notifications about it, three tell of a share and the others repeat them.
const TOLD_OF: usize = 8;

/// The path of an order of its own, and its only notification.
fn bought(n: usize) -> (String, Request) {
    let reference = format!("SALE-{n}");
    if n.is_multiple_of(2) {
        let payment = Payment::new(&reference, &format!("32550{n:05}_0"), 130, 9, 900);
        return (worldline_path(&reference), Request::worldline(payment.body()));
    }
    let form = Form::single(&reference, &format!("{n:06}"), "CB", 900, "CAPTURED");
    (systempay_path(&reference), Request::systempay(form.body()))
}

/// How one notification was answered.
struct Answered {
    /// The first answer, and that with 200.
    after: [Duration; 2],
    /// Answers with 503 before that.
    turned_away: usize,
}

/// Sends at this moment, and again as long as the answer is 503, later each time, as PSPs do.
fn send_at(stack: &Stack, request: &Request, moment: Instant) -> Answered {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
    let (began, mut first, mut turned_away) = (Instant::now(), None, 0);
    let mut pause = FIRST_PAUSE;
    loop {
        let reply = stack.send(request);
        first.get_or_insert_with(|| began.elapsed());
        if reply.status == 200 {
            return Answered { after: [first.expect("answered"), began.elapsed()], turned_away };
        }
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(began.elapsed() < PATIENCE, "not taken in time");
        turned_away += 1;
        std::thread::sleep(pause.mul_f64(0.5 + fastrand::f64()));
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

/// Sends each at its moment. How they were answered is printed.
fn send_all(stack: &Stack, all: &[(Instant, &Request)]) {
    let answered: Vec<Answered> = std::thread::scope(|scope| {
        let sent: Vec<_> = all
            .iter()
            .map(|&(moment, request)| scope.spawn(move || send_at(stack, request, moment)))
            .collect();
        sent.into_iter().map(|thread| thread.join().expect("answered")).collect()
    });
    let turned_away: usize = answered.iter().map(|one| one.turned_away).sum();
    let at_once = answered.iter().filter(|one| one.turned_away == 0).count();
    println!("{}: {at_once} taken at once, {turned_away} answers 503", all.len());
    for (at, what) in ["first answer", "answer 200"].into_iter().enumerate() {
        let mut times: Vec<Duration> = answered.iter().map(|one| one.after[at]).collect();
        times.sort();
        let of = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("{what}: half in {:?}, 99 of 100 in {:?}, all in {:?}", of(50), of(99), of(100));
    }
}

/// `QUITTANCE_BASE=10 cargo test -p quittance --test it a_sale` is what docs/figures.md tells of.
#[test]
fn a_sale_is_kept_and_released_once() {
    let base = asked("QUITTANCE_BASE", BASE);
    let directory = tempfile::tempdir().expect("a directory");
    let stack = Stack::start_in(directory.path());
    let before = base * usize::try_from(QUIET.as_secs()).expect("short");
    let orders: Vec<(String, Request)> = (0..before + base * SALE).map(bought).collect();
    let start = Instant::now();
    let moment = |n: usize| {
        let second = Duration::from_secs(1);
        let spread = |n: usize, of: usize| {
            second * u32::try_from(n).expect("few") / u32::try_from(of).expect("few")
        };
        start
            + match n.checked_sub(before) {
                None => spread(n, base),
                Some(n) => QUIET + spread(n, base * SALE),
            }
    };
    let all: Vec<(Instant, &Request)> =
        orders.iter().enumerate().map(|(n, (_, request))| (moment(n), request)).collect();
    send_all(&stack, &all);
    let kept = start.elapsed() - QUIET;
    let ids = loop {
        let queue = stack.queue();
        if queue.len() >= orders.len() {
            break queue;
        }
        assert!(start.elapsed() < PATIENCE, "not released in time");
        // The list of the queue is long, and looking at it all the time would hold up what fills it.
        std::thread::sleep(FIRST_PAUSE);
    };
    let released = start.elapsed() - QUIET;
    let distinct: BTreeSet<&str> =
        ids.iter().filter_map(|message| message["id"].as_str()).collect();
    assert_eq!((ids.len(), distinct.len()), (orders.len(), orders.len()), "each order once");
    for (path, _) in &orders {
        let order = stack.sent_order(path);
        assert!(distinct.contains(order["fulfilment"]["id"].as_str().expect("released")), "{path}");
    }
    println!(
        "{before} before, {} in one second: kept after {kept:?}, released after {released:?}",
        base * SALE
    );
}

/// `QUITTANCE_HOT=1000 cargo test -p quittance --test it a_hot_order` is what docs/figures.md tells of.
#[test]
fn a_hot_order_keeps_everything_and_is_released_once() {
    let hot = asked("QUITTANCE_HOT", HOT);
    let shares = hot * 3 / TOLD_OF;
    assert!(shares <= MAX_FACTS_PER_ORDER, "more is for the next test");
    let stack = Stack::start();
    let total = 100 * u64::try_from(shares).expect("few");
    let event = |n: usize| {
        let id = format!("32551{n:05}_0");
        Payment::new("HOT", &id, 5412, 9, total).acquired(100).json()
    };
    let mut requests: Vec<Request> = (0..hot)
        .map(|n| match n < shares {
            true => Request::worldline(event(n).to_string()),
            false => Request::worldline(sent_again(event(n % shares)).to_string()),
        })
        .collect();
    fastrand::shuffle(&mut requests);
    at_once(&stack, &requests);
    let order = stack.sent_order(&worldline_path("HOT"));
    assert_eq!((&order["captured"], &order["state"]), (&json!(total), &json!("captured")));
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(shares));
    let messages = stack.queue_of(&["HOT"]);
    assert_eq!(messages.len(), 1, "one fulfilment");
    assert_eq!(messages[0]["data"]["captured"], total, "released with the last share only");
}

/// Sends all of them at the same moment.
fn at_once(stack: &Stack, requests: &[Request]) {
    let moment = Instant::now() + QUIET;
    let all: Vec<(Instant, &Request)> = requests.iter().map(|request| (moment, request)).collect();
    send_all(stack, &all);
}

/// What an order cannot hold is kept beside it, answered 200, and releases nothing.
#[test]
#[ignore = "takes a minute: more notifications than an order holds, all at once"]
fn beyond_the_limit_of_an_order_everything_is_kept_in_quarantine() {
    let hot = asked("QUITTANCE_HOT", MAX_FACTS_PER_ORDER + 10);
    let beyond = hot.checked_sub(MAX_FACTS_PER_ORDER).expect("more than an order holds");
    let stack = Stack::start();
    let total = 100 * u64::try_from(hot).expect("few");
    let bodies: Vec<String> = (0..hot)
        .map(|n| {
            Payment::new("FULL", &format!("32552{n:05}_0"), 5412, 9, total).acquired(100).body()
        })
        .collect();
    let requests: Vec<Request> = bodies.iter().map(Request::worldline).collect();
    at_once(&stack, &requests);
    let order = stack.order(&worldline_path("FULL"));
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(MAX_FACTS_PER_ORDER));
    assert!(order["fulfilment"].is_null() && stack.queue().is_empty(), "{order}");
    let kept = stack.get("/local/quarantine").json();
    let kept = kept.as_array().expect("a list").iter().filter_map(|one| one["sha256"].as_str());
    let kept: BTreeSet<&str> = kept.collect();
    let told: BTreeSet<String> = bodies.iter().map(|body| sha256_hex(body.as_bytes())).collect();
    assert_eq!((kept.len(), kept.iter().all(|sha256| told.contains(*sha256))), (beyond, true));
}
