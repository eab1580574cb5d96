//! From a decision that is stored to its message in the queue, step by step, and what happens where somebody else writes.

use quittance_core::claims::{Alias, End, Item, Items};
use quittance_core::dispatch::{Dispatch, Step};
use quittance_core::{OrderKey, Timestamp};
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, Message, capture};
use quittance_testing::read::receipt;

fn now() -> Timestamp {
    receipt(900).received_at
}

fn told(payments: &[Payment]) -> Items {
    let mut items = Items::default();
    for payment in payments {
        let end = items.take(&payment.said(), receipt(0), CAPTURED);
        assert!(matches!(end, Some(End::Stored(_))), "{end:?}");
    }
    items
}

/// One step in a few words. What can be carried out in a map is carried out; a write is refused where somebody else wrote.
fn step(items: &mut Items, dispatch: &mut Dispatch) -> String {
    let mut write = |what: &str, item: Item, dispatch: &mut Dispatch| {
        let key = item.order.key().order.clone();
        assert!(!item.order.has_unsent());
        if items.save(item.clone()) {
            dispatch.written(item);
            format!("{what} {key}")
        } else {
            dispatch.refused();
            format!("{what} {key}: refused")
        }
    };
    match dispatch.step(now()) {
        Step::Load(key) => {
            dispatch.loaded(items.load(&key));
            format!("load {}", key.order)
        }
        Step::Send(message) => {
            dispatch.sent();
            let found = items.order(message.names.first().unwrap_or(&message.order)).unwrap();
            assert_eq!(message.event.id, found.fulfilment().unwrap().id);
            format!("send of {}", message.order.order)
        }
        Step::Mark(marked) => write("mark", marked.item, dispatch),
        Step::Name(item) => write("name", *item, dispatch),
        Step::End => "end".to_owned(),
        Step::Astray(key) => format!("astray {}", key.order),
    }
}

fn steps(items: &mut Items, dispatch: &mut Dispatch) -> Vec<String> {
    let mut all = Vec::new();
    while all.last().is_none_or(|last| last != "end") {
        assert!(all.len() < 10, "{all:?}");
        all.push(step(items, dispatch));
    }
    all
}

fn look(key: &OrderKey) -> Dispatch {
    Dispatch::new(key.clone(), CAPTURED)
}

#[test]
fn a_release_is_sent_and_then_marked() {
    let key = capture("CMD-1", 0).said().key;
    let mut items = told(&[capture("CMD-1", 0)]);
    let release = items.load(&key).order.fulfilment().cloned().unwrap();
    let mut dispatch = look(&key);
    assert_eq!((dispatch.told(), dispatch.unsent_since()), (None, None));
    step(&mut items, &mut dispatch);
    assert_eq!((dispatch.told(), dispatch.unsent_since()), (None, Some(release.decided_at)));
    // Until the queue has it, it is what to do next.
    for _ in 0..2 {
        let Step::Send(message) = dispatch.step(now()) else { panic!("{dispatch:?}") };
        assert_eq!((&message.event.id, message.names), (&release.id, vec![]));
        assert_eq!(dispatch.ids(), [""; 0]);
    }
    assert_eq!(steps(&mut items, &mut dispatch), ["send of CMD-1", "mark CMD-1", "end"]);
    assert_eq!(dispatch.ids(), [release.id]);
    // Whoever comes later finds nothing to tell.
    let mut later = look(&key);
    assert_eq!(steps(&mut items, &mut later), ["load CMD-1", "end"]);
    assert_eq!((later.told(), later.unsent_since()), (Some(&items.load(&key)), None));
}

#[test]
fn an_order_that_somebody_wrote_meanwhile_is_read_anew_and_marked() {
    let key = capture("CMD-1", 0).said().key;
    let mut items = told(&[capture("CMD-1", 0)]);
    let (mut first, mut second) = (look(&key), look(&key));
    for dispatch in [&mut first, &mut second] {
        step(&mut items, dispatch);
        step(&mut items, dispatch);
    }
    // Another message of the payment.
    let again = Payment::new("CMD-1", "3254730000_0", 1, 91, 900);
    items.take(&again.said(), receipt(1), CAPTURED);
    let all = steps(&mut items, &mut first);
    assert_eq!(all, ["mark CMD-1: refused", "load CMD-1", "mark CMD-1", "end"]);
    // What somebody else marked is not written again.
    let all = steps(&mut items, &mut second);
    assert_eq!(all, ["mark CMD-1: refused", "load CMD-1", "end"]);
}

/// A payment was released under its own name before its order was known. The name holds the same release, which is marked
/// after the order; where somebody else wrote the name, it is looked at again another time.
#[test]
fn a_name_that_holds_the_same_is_marked_after_its_order() {
    for number in [0, 1] {
        // What follows on a payment has a weak claim, and its order does not list the name.
        let mut items = told(&[capture("", 0), capture("CMD-1", number)]);
        let name = capture("", 0).said().key;
        let called = &name.order;
        let order = items.order(&name).unwrap();
        assert_eq!(order.key().order, "CMD-1");
        assert_eq!(order.aliases().contains(called), number == 0);
        let mut before = items.clone();
        let mut dispatch = look(&name);
        let mut all = vec![step(&mut items, &mut dispatch), step(&mut items, &mut dispatch)];
        let Step::Send(message) = dispatch.step(now()) else { panic!("{dispatch:?}") };
        assert_eq!((&message.order, &message.names), (order.key(), &vec![name.clone()]));
        all.extend(steps(&mut items, &mut dispatch));
        let load = format!("load {called}");
        let mark_name = format!("name {called}");
        let send = ["load CMD-1", "send of CMD-1", "mark CMD-1"];
        assert_eq!(all, [&[load.as_str()], &send[..], &[mark_name.as_str(), "end"]].concat());
        assert!(items.iter().all(|item| !item.order.has_unsent()));
        // Nobody reads it again for that.
        assert_eq!(steps(&mut items, &mut look(&name)), [load.as_str(), "end"]);

        let mut dispatch = look(&name);
        for _ in 0..4 {
            step(&mut before, &mut dispatch);
        }
        assert!(before.save(before.load(&name)));
        let refused = format!("{mark_name}: refused");
        assert_eq!(steps(&mut before, &mut dispatch), [refused.as_str(), "end"]);
        // The order is marked, so the next look marks the name alone.
        let all = steps(&mut before, &mut look(&name));
        assert_eq!(all, [load.as_str(), "load CMD-1", mark_name.as_str(), "end"]);
    }
}

/// The name was written before its order, and whoever wrote it died: the order is sent with what the name holds, and stored.
#[test]
fn what_a_name_holds_for_its_order_is_sent_and_stored() {
    let name = capture("", 0).said().key;
    let home = capture("CMD-1", 0).said().key;
    for (weak, former) in [(false, None), (true, None), (false, Some(home.sibling("OLD").unwrap()))]
    {
        let mut items = told(&[capture("", 0)]);
        let join = Some(Alias { home: home.clone(), weak });
        let is_moved = former.is_some();
        assert!(items.save(Item { join, former, ..items.load(&name) }));
        let all = steps(&mut items, &mut look(&name));
        let loads = [format!("load {}", name.order), "load CMD-1".to_owned()];
        assert_eq!(all[..2], loads);
        let stored = items.load(&home).order;
        if is_moved {
            // While the order from which it was moved has not given it up, that order tells of it.
            assert_eq!(all[2..], ["end"]);
            assert!(stored.is_blank() && items.load(&name).order.has_unsent());
            continue;
        }
        let marked = format!("name {}", name.order);
        assert_eq!(all[2..], ["send of CMD-1", "mark CMD-1", marked.as_str(), "end"]);
        assert!(!stored.is_blank() && !stored.has_unsent());
        assert_eq!(stored.aliases().contains(&name.order), !weak);
    }
}

/// The order was released by itself and that is sent: only what the name holds beyond that is to be stored.
#[test]
fn an_order_that_takes_something_over_is_stored_though_nothing_is_to_be_sent() {
    let name = capture("", 0).said().key;
    let other = Payment::new("CMD-1", "3254739999_0", 1, 9, 900).acquired(900);
    let mut items = told(&[capture("", 0), other.clone()]);
    let home = other.said().key;
    steps(&mut items, &mut look(&home));
    let join = Some(Alias { home: home.clone(), weak: true });
    assert!(items.save(Item { join, ..items.load(&name) }));
    let all = steps(&mut items, &mut look(&name));
    let (load, marked) = (format!("load {}", name.order), format!("name {}", name.order));
    assert_eq!(all, [load.as_str(), "load CMD-1", "mark CMD-1", marked.as_str(), "end"]);
    assert_eq!(items.load(&home).order.summary(CAPTURED).captured, 1_800);
}
