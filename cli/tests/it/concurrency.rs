//! Many notifications at once: nothing is lost, nothing is counted twice, everything is released once.

use std::collections::BTreeSet;
use std::sync::Barrier;

use crate::support::{Reply, Request, Stack, systempay_path, wait_for, worldline_path};
use quittance_testing::lyra::{self, Form, Share, uuid};
use quittance_testing::worldline::{Payment, sent_again};
use serde_json::{Value, json};

/// Sends requests all at once, each again after a 503 as a PSP would, and returns the last answers.
fn all_at_once(stack: &Stack, requests: &[Request]) -> Vec<Reply> {
    let barrier = Barrier::new(requests.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = requests
            .iter()
            .map(|request| {
                scope.spawn(|| {
                    barrier.wait();
                    wait_for("an answer other than 503", || {
                        let reply = stack.send(request);
                        (reply.status != 503).then_some(reply)
                    })
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("answered")).collect()
    })
}

fn assert_all_taken(replies: &[Reply]) {
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().starts_with("OK "), "{}", reply.text());
    }
}

fn shares_of(order: &Value) -> BTreeSet<&str> {
    order["shares"].as_array().into_iter().flatten().filter_map(|s| s["share"].as_str()).collect()
}

#[test]
fn forty_shares_of_one_order_with_repeats() {
    const SHARES: u64 = 40;
    let stack = Stack::shared();
    let mut requests = Vec::new();
    for n in 0..SHARES {
        let id = format!("325473{n:04}_0");
        let event = Payment::new("MANY", &id, 5412, 9, SHARES * 100).acquired(100).json();
        requests.push(Request::worldline(event.to_string()));
        if n % 2 == 0 {
            requests.push(Request::worldline(sent_again(event).to_string()));
        }
    }
    fastrand::shuffle(&mut requests);
    assert_all_taken(&all_at_once(&stack, &requests));

    let order = stack.sent_order(&worldline_path("MANY"));
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(40));
    assert_eq!(shares_of(&order).len(), 40);
    assert_eq!(order["notifications"].as_array().map(Vec::len), Some(40), "repeats add nothing");
    assert_eq!((&order["captured"], &order["expected"]), (&json!(4_000), &json!(4_000)));
    assert_eq!((&order["state"], &order["flags"]), (&json!("captured"), &json!([])));
    let messages = stack.queue_of(&["MANY"]);
    assert_eq!(messages.len(), 1, "one fulfilment");
    assert_eq!(messages[0]["id"], order["fulfilment"]["id"]);
    assert_eq!(messages[0]["data"]["captured"], 4_000, "released with the last share only");
}

#[test]
fn forty_messages_about_one_lyra_cascade() {
    let stack = Stack::shared();
    let uuids: Vec<String> = (0..20).map(|n| uuid(&["FORTY", &n.to_string()])).collect();
    let shares = |status| -> Vec<Share<'_>> {
        uuids.iter().map(|uuid| Share(uuid, "CVCO", 50, status)).collect()
    };
    let cascade = |status| Form::cascade("FORTY", "forty1", 1_000, status, &shares(status));
    let mut requests = vec![
        Request::systempay(cascade("AUTHORISED").body()),
        Request::systempay(cascade("AUTHORISED").sent_again("RETRY").body()),
    ];
    for (sequence, uuid) in (1..).zip(&uuids) {
        let share = Share(uuid, "CVCO", 50, "CAPTURED");
        for source in ["BATCH", "MERCH_BO"] {
            let form = Form::follow_up("FORTY", "forty1", sequence, source, share);
            requests.push(Request::systempay(form.body()));
        }
    }
    fastrand::shuffle(&mut requests);
    assert_all_taken(&all_at_once(&stack, &requests));

    let order = stack.sent_order(&systempay_path("FORTY"));
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(20));
    assert_eq!((&order["captured"], &order["state"]), (&json!(1_000), &json!("captured")));
    // The end of the payment once, each share's capture once, whoever brought the news.
    assert_eq!(order["notifications"].as_array().map(Vec::len), Some(21));
    let messages = stack.queue_of(&["FORTY"]);
    assert_eq!(messages.len(), 1, "one fulfilment");
    assert_eq!(messages[0]["data"]["captured"], 1_000, "released with the last share only");
}

#[test]
fn two_hundred_orders_at_once() {
    const ORDERS: usize = 200;
    let stack = Stack::start();
    let requests: Vec<Request> = (0..ORDERS)
        .map(|n| match n % 2 {
            0 => Request::worldline(
                Payment::new(&format!("O-{n}"), &format!("32547400{n:03}_0"), 130, 9, 100).body(),
            ),
            _ => Request::systempay(
                Form::single(&format!("O-{n}"), &format!("or{n:04}"), "CB", 100, "CAPTURED").body(),
            ),
        })
        .collect();
    assert_all_taken(&all_at_once(&stack, &requests));
    let queue = wait_for("the queue has every order", || {
        let queue = stack.queue();
        (queue.len() >= ORDERS).then_some(queue)
    });
    let distinct = |name: &str| -> BTreeSet<&str> {
        queue.iter().filter_map(|message| message[name].as_str()).collect()
    };
    assert_eq!((queue.len(), distinct("id").len()), (ORDERS, ORDERS));
    let expected: BTreeSet<String> = (0..ORDERS).map(|n| format!("O-{n}")).collect();
    assert!(distinct("subject").into_iter().eq(expected.iter().map(String::as_str)));
    for n in 0..ORDERS {
        let reference = format!("O-{n}");
        let path = if n % 2 == 0 { worldline_path(&reference) } else { systempay_path(&reference) };
        let order = stack.sent_order(&path);
        assert!(distinct("id").contains(order["fulfilment"]["id"].as_str().unwrap_or_default()));
    }
    assert_eq!(stack.queue().len(), ORDERS, "and no more");
}

#[test]
fn both_formats_of_one_payment_are_one_share() {
    let stack = Stack::shared();
    for n in 0..10 {
        let (reference, trans_id) = (format!("BOTH-{n}"), format!("both{n:02}"));
        let form = Form::single(&reference, &trans_id, "CB", 100, "CAPTURED");
        let uuid = form.get("vads_trans_uuid").unwrap_or_default().to_owned();
        let share = [Share(&uuid, "CB", 100, "CAPTURED")];
        let rest = lyra::rest(&reference, &trans_id, 100, ("PAID", "CLOSED"), &share);
        let form = Request::systempay(form.body());
        let rest = Request::systempay(rest);
        let replies = all_at_once(&stack, &[form.clone(), rest.clone(), form, rest]);
        assert_all_taken(&replies);
        let order = stack.sent_order(&systempay_path(&reference));
        assert_eq!(order["shares"].as_array().map(Vec::len), Some(1), "{order:#}");
        assert_eq!((&order["captured"], &order["flags"]), (&json!(100), &json!([])));
        assert_eq!(stack.queue_of(&[&reference]).len(), 1);
    }
}
