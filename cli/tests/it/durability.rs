//! What was answered with 200 is still there after `kill -9`, and is released once (I1, I2, I4).
#![allow(clippy::print_stdout, reason = "figures for the documentation")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{
    Request, Stack, asked, exchange, free_port, systempay_path, wait_for, worldline_path,
};
use quittance_testing::lyra::{Form, Share, uuid};
use quittance_testing::worldline::Payment;
use serde_json::Value;

#[test]
fn orders_and_queue_survive_a_kill() {
    let directory = tempfile::tempdir().expect("a directory");
    let stack = Stack::start_in(directory.path());
    let captured = Payment::new("DUR-1", "3254750001_0", 130, 9, 900).body();
    let form = Form::single("DUR-2", "dur002", "CB", 900, "CAPTURED").body();
    stack.worldline(&captured);
    stack.systempay(&form);
    stack.systempay(&Form::single("DUR-3", "dur003", "CB", 900, "REFUSED").body());
    stack.worldline("unreadable");
    let paths = [worldline_path("DUR-1"), systempay_path("DUR-2"), systempay_path("DUR-3")];
    let before = [stack.sent_order(&paths[0]), stack.sent_order(&paths[1]), stack.order(&paths[2])];
    let queue = stack.queue();
    assert_eq!(queue.len(), 2);
    let list = stack.get("/orders?state=captured").json();

    stack.kill();
    let stack = Stack::start_in(directory.path());
    assert_eq!(paths.each_ref().map(|path| stack.order(path)), before);
    assert_eq!(stack.queue(), queue);
    assert_eq!(stack.get("/orders?state=captured").json(), list);
    assert!(stack.quarantined(b"unreadable").is_some());
    assert!(stack.worldline(&captured).text().ends_with("(already known)"));
    assert!(stack.systempay(&form).text().ends_with("(already known)"));
    assert_eq!(paths.each_ref().map(|path| stack.order(path)), before);
}

/// The queue is out of reach until after the restart: the release is decided and cannot be sent.
#[test]
fn what_was_decided_before_a_kill_is_sent_after_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = ["--data", directory.path().to_str().expect("UTF-8")];
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let sqs = [
        ("AWS_ENDPOINT_URL_SQS", nowhere.as_str()),
        ("QUITTANCE_QUEUE_URL", "http://127.0.0.1/queue.fifo"),
    ];
    let stack = Stack::start_with(&data, &sqs);
    stack.worldline(&Payment::new("DEC-1", "3254760001_0", 130, 9, 900).body());
    stack.systempay(&Form::single("DEC-2", "dec002", "CB", 900, "CAPTURED").body());
    let paths = [worldline_path("DEC-1"), systempay_path("DEC-2")];
    let decided = paths.each_ref().map(|path| {
        let fulfilment = stack.order(path)["fulfilment"].clone();
        assert_eq!(fulfilment["sent_at"], Value::Null);
        fulfilment["id"].as_str().expect("decided").to_owned()
    });
    assert!(stack.queue().is_empty());

    stack.kill();
    let stack = Stack::start_with(&data, &[]);
    for (path, id) in paths.iter().zip(&decided) {
        assert_eq!(stack.sent_order(path)["fulfilment"]["id"], id.as_str());
    }
    let ids: BTreeSet<String> = ids(&stack).into_iter().collect();
    assert_eq!(ids, decided.into_iter().collect());
}

/// How often the process is killed.
const ROUNDS: usize = 4;

/// How many post at the same time.
const POSTERS: usize = 6;

/// Answers of a round before the kill.
const ANSWERS_PER_ROUND: usize = 35;

/// Orders there are to post about, three notifications each: enough for every round.
const ORDERS: usize = 60;

/// The notifications about one order, and where it is: a Lyra cascade told twice and share by share,
/// or a Worldline voucher with its complement in two payments.
pub(crate) fn order(word: &str, n: usize) -> (String, [Request; 3]) {
    let reference = format!("{word}-{n}");
    if n.is_multiple_of(2) {
        let id = |part: usize| format!("32548{n:05}{part:02}_0");
        let payment = |part, product, acquired| {
            let event = Payment::new(&reference, &id(part), product, 9, 1_000);
            Request::worldline(event.acquired(acquired).body())
        };
        let shares = [payment(1, 5412, 600), payment(2, 130, 300), payment(3, 130, 100)];
        return (worldline_path(&reference), shares);
    }
    let (first, second) = (uuid(&[&reference, "1"]), uuid(&[&reference, "2"]));
    let trans_id = format!("{n:06}");
    let shares = [Share(&first, "CVCO", 600, "CAPTURED"), Share(&second, "CB", 400, "AUTHORISED")];
    let whole = Form::cascade(&reference, &trans_id, 1_000, "AUTHORISED", &shares);
    let captured = Share(&second, "CB", 400, "CAPTURED");
    let requests = [
        Request::systempay(whole.body()),
        Request::systempay(whole.sent_again("RETRY").body()),
        Request::systempay(Form::follow_up(&reference, &trans_id, 2, "BATCH", captured).body()),
    ];
    (systempay_path(&reference), requests)
}

/// `QUITTANCE_KILLS=500 cargo test -p quittance --test it several_kills` is what docs/figures.md tells of.
#[test]
fn nothing_that_was_answered_is_lost_in_any_of_several_kills() {
    let directory = tempfile::tempdir().expect("a directory");
    let rounds = asked("QUITTANCE_KILLS", ROUNDS);
    let orders = ORDERS.max(rounds * (ANSWERS_PER_ROUND + 2 * POSTERS) / 3 + POSTERS);
    let orders: Vec<(String, [Request; 3])> = (0..orders).map(|n| order("KILL", n)).collect();
    // Every notification with the number of its order, in an order in which no two neighbours agree.
    let mut open: Vec<(usize, &Request)> = (0..3)
        .flat_map(|k| orders.iter().enumerate().map(move |(n, (_, requests))| (n, &requests[k])))
        .collect();
    let mut answered: Vec<(usize, &Request)> = Vec::new();
    let mut fulfilments: BTreeMap<usize, String> = BTreeMap::new();

    let mut kills = 0;
    for round in 0..=rounds {
        let stack = Stack::start_in(directory.path());
        let newest = answered.len().saturating_sub(NEWEST);
        assert_present(&stack, &orders, &answered[newest..], &mut fulfilments);
        let taken = if round < rounds && !open.is_empty() {
            kills += 1;
            post_and_kill(stack, &open)
        } else {
            post_all(&stack, &open)
        };
        for at in taken.into_iter().rev() {
            answered.push(open.remove(at));
        }
    }
    assert!(open.is_empty(), "every notification was answered in the end");
    println!("{kills} kills, {} notifications answered, all there", answered.len());

    let stack = Stack::start_in(directory.path());
    let mut expected = BTreeSet::new();
    for (path, _) in &orders {
        let order = stack.sent_order(path);
        assert_eq!(
            (&order["captured"], &order["state"]),
            (&1_000.into(), &"captured".into()),
            "{order:#}"
        );
        expected.insert(order["fulfilment"]["id"].as_str().expect("released").to_owned());
    }
    assert_present(&stack, &orders, &answered, &mut fulfilments);
    let ids = ids(&stack);
    assert_eq!(ids.len(), orders.len(), "each order once in the queue");
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), expected);
    assert!(!stack.errors().contains("panicked"), "{}", stack.errors());
}

/// How many of the newest answers are looked for after each kill; at the end all of them are.
const NEWEST: usize = 200;

/// Posts from several threads, kills the process in the middle, and returns which were answered 200.
fn post_and_kill(stack: Stack, open: &[(usize, &Request)]) -> BTreeSet<usize> {
    let port = stack.port();
    let next = AtomicUsize::new(0);
    let taken = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..POSTERS {
            scope.spawn(|| {
                while let Some((at, (_, request))) = take_next(&next, open) {
                    // A broken connection is the kill; a PSP would send again, and so does the next round.
                    let Ok(reply) = exchange(port, request) else {
                        return;
                    };
                    if reply.status == 200 {
                        taken.lock().expect("no poster failed").insert(at);
                    }
                }
            });
        }
        wait_for("enough answers", || {
            let answers = taken.lock().expect("no poster failed").len();
            (answers >= ANSWERS_PER_ROUND.min(open.len())).then_some(())
        });
        stack.kill();
    });
    taken.into_inner().expect("no poster failed")
}

/// Posts all that is left, each until it is taken.
fn post_all(stack: &Stack, open: &[(usize, &Request)]) -> BTreeSet<usize> {
    for (_, request) in open {
        wait_for("answered with 200", || (stack.send(request).status == 200).then_some(()));
    }
    (0..open.len()).collect()
}

fn take_next<'a, T>(next: &AtomicUsize, from: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    from.get(at).map(|element| (at, element))
}

/// Whether every notification answered so far is in its order, by the digest of its body or, where
/// another one said the same before, by nothing being new in it; and whether no order that was
/// released has another fulfilment now.
fn assert_present(
    stack: &Stack,
    orders: &[(String, [Request; 3])],
    answered: &[(usize, &Request)],
    fulfilments: &mut BTreeMap<usize, String>,
) {
    for (n, request) in answered {
        let again = stack.send(request).text();
        assert!(again.ends_with("(already known)"), "{}: {again}", orders[*n].0);
    }
    for n in answered.iter().map(|(n, _)| *n).collect::<BTreeSet<_>>() {
        let path = &orders[n].0;
        let reply = stack.get(path);
        let fulfilment = if reply.status == 200 {
            reply.json()["fulfilment"]["id"].clone()
        } else {
            Value::Null
        };
        match (fulfilments.get(&n), fulfilment.as_str()) {
            (Some(known), now) => assert_eq!(Some(known.as_str()), now, "{path}"),
            (None, Some(now)) => {
                fulfilments.insert(n, now.to_owned());
            }
            (None, None) => {}
        }
    }
    let ids = ids(stack);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "no id twice in the queue");
}

/// The ids in the queue.
fn ids(stack: &Stack) -> Vec<String> {
    stack.queue().iter().filter_map(|message| message["id"].as_str()).map(str::to_owned).collect()
}
