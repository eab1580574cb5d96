//! A payment that is known by its own id first and by the order's reference later, or the other way
//! round, is one order with one release.

use std::sync::Barrier;

use crate::support::{Reply, Request, Stack, systempay_path, wait_for, worldline_path};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};
use serde_json::Value;

/// The beginning of an answer; what may follow it is for people.
#[track_caller]
fn says(reply: &Reply, beginning: &str) {
    assert!(reply.text().starts_with(beginning), "{}", reply.text());
}

/// The order under both names, which must be the same, and its only message in the queue.
fn joined(stack: &Stack, paths: [&str; 2], subjects: [&str; 2]) -> (Value, Value) {
    let order = stack.sent_order(paths[0]);
    assert_eq!(order["order"], subjects[0]);
    assert_eq!(stack.order(paths[1]), order, "both names show the same order");
    let messages = stack.queue_of(&subjects);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!(messages[0]["id"], order["fulfilment"]["id"]);
    (order, messages[0].clone())
}

#[test]
fn first_without_a_reference_then_captured_with_one() {
    let stack = Stack::shared();
    let id = "3254710001_0";
    let reply = stack.worldline(&Payment::new("", id, 130, 5, 900).body());
    says(&reply, "OK tx:3254710001 authorised 9.00 EUR");
    let by_payment = worldline_path("tx:3254710001");
    assert_eq!(stack.order(&by_payment)["order"], "tx:3254710001");

    stack.worldline(&Payment::new("NAME-1", id, 130, 9, 900).body());
    let paths = [&*worldline_path("NAME-1"), &*by_payment];
    let (order, _) = joined(&stack, paths, ["NAME-1", "tx:3254710001"]);
    assert_eq!(order["notifications"].as_array().map(Vec::len), Some(2));
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(1));
    assert_eq!(order["captured"], 900);
}

#[test]
fn released_under_the_payment_and_not_again_under_the_reference() {
    let stack = Stack::shared();
    let id = "3254710002_0";
    stack.worldline(&Payment::new("", id, 130, 9, 900).body());
    let by_payment = worldline_path("tx:3254710002");
    let alone = stack.sent_order(&by_payment);

    stack.worldline(&Payment::new("NAME-2", id, 130, 9, 900).body());
    let paths = [&*worldline_path("NAME-2"), &*by_payment];
    let (order, message) = joined(&stack, paths, ["NAME-2", "tx:3254710002"]);
    assert_eq!(order["fulfilment"], alone["fulfilment"]);
    assert_eq!(message["subject"], "tx:3254710002");

    // What comes later under either name goes to the same order.
    stack.worldline(&refund("", "3254710002_1", 8, 300).to_string());
    stack.worldline(&refund("NAME-2", "3254710002_2", 8, 100).to_string());
    let order = wait_for("both reversals are sent", || {
        let order = stack.order(paths[1]);
        order["reversals"][1]["sent_at"].is_string().then_some(order)
    });
    assert_eq!((&order["order"], &order["refunded"]), (&"NAME-2".into(), &400.into()));
    assert_eq!(stack.queue_of(&["NAME-2", "tx:3254710002"]).len(), 3);
}

#[test]
fn first_with_a_reference_then_by_payment_only() {
    let stack = Stack::shared();
    let id = "3254710003_0";
    stack.worldline(&Payment::new("NAME-3", id, 130, 5, 900).body());
    let reply = stack.worldline(&Payment::new("", id, 130, 9, 900).body());
    says(&reply, "OK NAME-3 captured 9.00 EUR");
    let paths = [&*worldline_path("NAME-3"), &*worldline_path("tx:3254710003")];
    joined(&stack, paths, ["NAME-3", "tx:3254710003"]);
}

#[test]
fn lyra_forms_without_an_order_are_named_by_day_and_transaction() {
    let stack = Stack::shared();
    let form = Form::single("NAME-4", "Nam004", "CB", 900, "AUTHORISED");
    let reply = stack.systempay(&form.clone().without("vads_order_id").body());
    says(&reply, "OK tx:20261122-nam004 authorised 9.00 EUR");
    stack.systempay(&form.with("vads_trans_status", "CAPTURED").body());
    let paths = [&*systempay_path("NAME-4"), &*systempay_path("tx:20261122-nam004")];
    let (order, _) = joined(&stack, paths, ["NAME-4", "tx:20261122-nam004"]);
    assert_eq!(order["shares"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_name_alone_is_not_listed_as_an_order() {
    let stack = Stack::start();
    stack.worldline(&Payment::new("", "3254710005_0", 130, 5, 900).body());
    stack.worldline(&Payment::new("NAME-5", "3254710005_0", 130, 9, 900).body());
    for query in ["", "?state=captured"] {
        let page = stack.get(&format!("/orders{query}")).json();
        assert_eq!(page["orders"].as_array().map(Vec::len), Some(1), "{page}");
        assert_eq!(page["orders"][0]["order"], "NAME-5");
    }
    let page = stack.get("/orders?state=authorised").json();
    assert_eq!(page["orders"].as_array().map(Vec::len), Some(0), "{page}");
}

/// The two events of one payment at the same moment, while the first is being released: whoever is
/// first, both names lead to one order and the queue is told once.
#[test]
fn both_at_the_same_moment() {
    const PAYMENTS: usize = 40;
    let stack = Stack::shared();
    let subjects: Vec<[String; 2]> =
        (0..PAYMENTS).map(|n| [format!("RACE-{n}"), format!("tx:32547200{n:02}")]).collect();
    for (n, [reference, _]) in subjects.iter().enumerate() {
        let id = format!("32547200{n:02}_0");
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            for reference in ["", reference] {
                let (stack, barrier, id) = (&stack, &barrier, &id);
                scope.spawn(move || {
                    let request =
                        Request::worldline(Payment::new(reference, id, 130, 9, 900).body());
                    barrier.wait();
                    // Every other time the release of the unnamed order is well under way.
                    if n % 2 == 1 && !reference.is_empty() {
                        let queued =
                            || !stack.queue_of(&[&format!("tx:32547200{n:02}")]).is_empty();
                        wait_for("the unnamed payment is released", || queued().then_some(()));
                    }
                    let answered = || (stack.send(&request).status == 200).then_some(());
                    wait_for("answered with 200", answered);
                });
            }
        });
    }
    for [reference, by_payment] in &subjects {
        let paths = [&*worldline_path(reference), &*worldline_path(by_payment)];
        let (order, _) = joined(&stack, paths, [reference, by_payment]);
        assert_eq!(order["captured"], 900);
    }
}

/// An occurrence of a subscription is an order of its own, and its re-send, which gives the
/// subscription's reference and no longer says `REC`, is known there.
#[test]
fn an_occurrence_and_its_resend_never_release_the_subscription() {
    let stack = Stack::shared();
    let form = |trans_id, status| Form::single("SUB-1", trans_id, "CB", 900, status);
    stack.systempay(&form("suba01", "AUTHORISED").body());
    let rec = form("subb01", "CAPTURED")
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE")
        .sent_again("REC");
    let filed = |reply: &Reply| says(reply, "OK SUB-1~20261122-subb01 captured 9.00 EUR");
    filed(&stack.systempay(&rec.body()));
    let again = stack.systempay(&rec.sent_again("RETRY").body());
    filed(&again);
    assert!(again.text().ends_with("(already known)"), "{}", again.text());

    let names = ["SUB-1~20261122-subb01", "tx:20261122-subb01"];
    joined(&stack, [&systempay_path(names[0]), &systempay_path(names[1])], names);
    let subscription = stack.order(&systempay_path("SUB-1"));
    assert_eq!(subscription["state"], "authorised");
    assert!(subscription["fulfilment"].is_null());
    assert!(stack.queue_of(&["SUB-1"]).is_empty());
}

/// A refund may carry a reference of its own. Known before its payment, it keeps the order from being
/// released; known after it, it is told as a reversal of that order.
#[test]
fn a_refund_with_a_reference_of_its_own_belongs_to_its_payment() {
    let stack = Stack::shared();
    stack.worldline(&refund("RFND-6", "3254710006_1", 8, 900).to_string());
    stack.worldline(&Payment::new("NAME-6", "3254710006_0", 130, 9, 900).body());
    let order = stack.order(&worldline_path("NAME-6"));
    assert_eq!((&order["state"], &order["refunded"]), (&"refunded".into(), &900.into()));
    assert!(order["fulfilment"].is_null());
    assert!(stack.queue_of(&["NAME-6", "RFND-6", "tx:3254710006"]).is_empty());

    stack.worldline(&Payment::new("NAME-7", "3254710007_0", 130, 9, 900).body());
    let reply = stack.worldline(&refund("RFND-7", "3254710007_1", 8, 900).to_string());
    says(&reply, "OK NAME-7 refunded 9.00 EUR");
    let order = wait_for("the reversal is sent", || {
        let order = stack.order(&worldline_path("NAME-7"));
        order["reversals"][0]["sent_at"].is_string().then_some(order)
    });
    assert!(order["fulfilment"]["sent_at"].is_string());
    assert_eq!(stack.queue_of(&["NAME-7"]).len(), 2);
    assert_eq!(stack.get(&worldline_path("RFND-7")).status, 404);
}
