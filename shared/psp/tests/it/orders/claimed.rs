//! To which order a statement goes, and what is read and written for it, step by step.

use quittance_core::claims::{Alias, Claims, Decisions, End, Item, Items, Step};
use quittance_core::limits::MAX_FACTS_PER_ORDER;
use quittance_core::registered::Registered;
use quittance_core::{Currency, Fact, Order, OrderKey, ShareFact, Standing, Statement};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::story::{self, CAPTURED, INNER, Message, pay};
use quittance_testing::read::receipt;

fn capture(reference: &str, number: u64) -> Statement {
    story::capture(reference, number).said()
}

fn back(reference: &str, number: u64) -> Statement {
    refund(reference, &format!("{INNER}_{number}"), 8, 300).said()
}

fn claims(statement: &Statement) -> Claims<'_> {
    Claims::new(statement, receipt(0), CAPTURED)
}

/// What came of it, what was written in its order, and what was decided with it.
fn take(items: &mut Items, statement: &Statement) -> (End, Vec<String>, Decisions) {
    let mut claims = claims(statement);
    let (mut wrote, mut decided) = (Vec::new(), Decisions::default());
    for _ in 0..100 {
        let step = claims.step();
        if let Step::Settle(write) | Step::Take(write) = &step {
            assert_eq!(write.two_references, None);
            decided.released += write.decisions.released;
            decided.reversed += write.decisions.reversed;
        }
        match &step {
            Step::Name(item) => wrote.push(format!("name {}", item.order.key().order)),
            Step::Settle(write) => wrote.push(format!("settle {}", write.item.order.key().order)),
            Step::Take(write) => wrote.push(format!("take {}", write.item.order.key().order)),
            _ => {}
        }
        if let Some(end) = items.carry_out(&mut claims, step) {
            return (end, wrote, decided);
        }
    }
    panic!("{claims:#?}")
}

fn stored(items: &mut Items, statement: &Statement) -> String {
    match take(items, statement).0 {
        End::Stored(place) => place.order.order,
        end => panic!("{end:?}"),
    }
}

#[test]
fn the_order_and_its_names_are_read_at_once() {
    let named = capture("CMD-1", 0);
    let name = &named.aliases[0];
    assert_eq!(claims(&named).step(), Step::Load(vec![named.key.clone(), name.clone()]));
    // What is under the name alone is read once.
    let alone = capture("", 0);
    assert_eq!(alone.key, *name);
    assert_eq!(claims(&alone).step(), Step::Load(vec![name.clone()]));
}

#[test]
fn each_decision_is_counted_with_the_write_that_makes_it() {
    let mut items = Items::default();
    for (statement, released, reversed) in [
        (capture("", 0), 1, 0),
        // The order takes the release over.
        (capture("CMD-1", 0), 0, 0),
        (back("CMD-1", 1), 0, 1),
        (back("CMD-1", 2), 0, 1),
        (back("CMD-1", 2), 0, 0),
    ] {
        assert_eq!(take(&mut items, &statement).2, Decisions { released, reversed });
    }
}

/// Told again nothing is written, except for what a name holds since somebody died between the name and its order.
#[test]
fn the_same_statement_again_stores_what_its_name_holds() {
    let (alone, named) = (capture("", 0), capture("CMD-1", 0));
    let confirmed = Statement { standing: Standing::Confirmed, ..alone.clone() };
    for again in [alone.clone(), confirmed.clone()] {
        let mut items = Items::default();
        take(&mut items, &alone);
        let mut dies = claims(&named);
        while items.load(&alone.key).join.is_none() {
            let step = dies.step();
            assert_eq!(items.carry_out(&mut dies, step), None);
        }
        assert!(items.load(&named.key).order.is_blank());
        let (end, wrote, decided) = take(&mut items, &again);
        let name = format!("name {}", alone.key.order);
        assert_eq!(wrote, [name.as_str(), "take CMD-1"]);
        assert!(matches!(end, End::Stored(place) if place.order == named.key));
        assert_eq!(decided, Decisions::default());
        assert!(items.load(&named.key).order.fulfilment().is_some());
        let before = items.clone();
        let (end, wrote, _) = take(&mut items, &again);
        assert!(matches!(end, End::Known(place) if place.order == named.key));
        assert_eq!((wrote, items), (vec![], before));
    }
    // The provider's own word for it is noted, and is no news.
    let mut items = Items::default();
    take(&mut items, &named);
    let (end, wrote, _) = take(&mut items, &Statement { key: named.key.clone(), ..confirmed });
    assert_eq!(wrote, ["take CMD-1"]);
    assert!(matches!(end, End::Known(_)), "{end:?}");
}

/// Whoever makes the name lead back at the same time has either written it before, or comes too late.
#[test]
fn an_order_gives_up_what_was_moved_only_after_the_name_is_written_anew() {
    let (first, payment) = (back("OTHER", 2), capture("CMD-1", 0));
    let mut items = Items::default();
    take(&mut items, &first);
    let name = first.aliases[0].clone();
    let mut dies = claims(&payment);
    while items.load(&name).former.is_none() {
        let step = dies.step();
        assert_eq!(items.carry_out(&mut dies, step), None);
    }
    let (end, wrote, _) = take(&mut items, &payment);
    assert!(matches!(end, End::Stored(place) if place.order == payment.key));
    let renamed = format!("name {}", name.order);
    assert_eq!(wrote, [renamed.as_str(), "settle OTHER", "take CMD-1"]);
    assert_eq!(items.load(&first.key).order.facts().shares().count(), 0);
}

#[test]
fn a_refund_whose_payment_is_unknown_stands_under_its_own_reference() {
    let mut items = Items::default();
    assert_eq!(stored(&mut items, &back("RFND", 1)), "RFND");
    assert_eq!(stored(&mut items, &capture("CMD-1", 0)), "CMD-1");
    assert_eq!(items.order(&back("RFND", 1).key).unwrap().facts().shares().count(), 0);
}

/// A payment names the checkout that it came from, whose first payment is of another order.
#[test]
fn a_payment_belongs_to_its_own_order_whatever_checkout_it_names() {
    let mut complement = Payment::new("CMD-2", "3254739999_0", 1, 9, 900).acquired(900).json();
    complement["payment"]["hostedCheckoutSpecificOutput"] =
        serde_json::json!({ "hostedCheckoutId": INNER });
    let complement = complement.said();
    let mut items = Items::default();
    assert_eq!(stored(&mut items, &capture("CMD-1", 0)), "CMD-1");
    assert!(complement.aliases.contains(&capture("", 0).key));
    assert_eq!(stored(&mut items, &complement), "CMD-2");
    assert!(items.order(&complement.key).unwrap().fulfilment().is_some());
}

/// A browser return may be respelt as an occurrence of the subscription, or the other way round.
#[test]
fn a_payment_of_a_subscription_and_of_its_occurrence_is_one() {
    let form = |source: &str| {
        let form = Form::single("SUB", "same01", "CB", 900, "CAPTURED");
        let form = if source == "PAY" { form } else { form.sent_again(source) };
        form.with("vads_subscription", "20261122abc").said()
    };
    let (own, occurrence) = (form("PAY"), form("REC"));
    assert!(occurrence.key.is_occurrence_of(&own.key));
    assert_eq!(own.aliases, occurrence.aliases);
    for [first, second] in [[&own, &occurrence], [&occurrence, &own]] {
        let mut items = Items::default();
        take(&mut items, first);
        take(&mut items, second);
        assert_eq!(items.order(&first.aliases[0]).unwrap().key(), &first.key);
        assert!(items.order(&first.key).unwrap().fulfilment().is_some());
        assert!(items.order(&second.key).unwrap().is_blank());
    }
    // An order that merely ends like the payment's name is no occurrence.
    let mut items = Items::default();
    let payment = |order: &str| Form::single(order, "same01", "CB", 900, "CAPTURED").said();
    let named = payment("SHOP-20261122-same01");
    assert!(named.key.order.ends_with(named.aliases[0].payment().unwrap().id()));
    take(&mut items, &payment("CMD-1"));
    let end = items.take(&named, receipt(0), CAPTURED);
    assert!(matches!(end, Some(End::Stored(place)) if place.order == named.key));
    let held = items.order(&named.key).unwrap();
    assert!(held.fulfilment().is_none());
    assert_eq!(held.notifications()[0].standing, Standing::Contradictory);
}

#[test]
fn what_an_order_costs_is_noted_where_its_name_leads() {
    let (payment, other) = (capture("CMD-1", 0), capture("CMD-2", 0).key);
    let mut items = Items::default();
    take(&mut items, &payment);
    let (currency, at) = (Currency::from_alpha("EUR").unwrap(), receipt(1).received_at);
    let costs = |amount| Registered { amount, currency, at };
    // Once, and no other amount once it is paid.
    for (amount, is_written) in [(900, true), (900, false), (800, false)] {
        assert_eq!(items.register(&payment.aliases[0], costs(amount), CAPTURED), is_written);
        assert_eq!(items.load(&payment.key).order.registered(), Some(costs(900)));
    }
    // Before anything is told of it.
    assert!(items.register(&other, costs(500), CAPTURED));
    assert_eq!(items.load(&other).order.registered(), Some(costs(500)));
}

/// What is archived beside a name is archived for the order where the statement will be stored.
#[test]
fn a_name_tells_the_order_that_has_room_for_the_statement() {
    let sound = pay("REFUSED").said();
    let doubtful = Statement { standing: Standing::Respellable, ..sound.clone() };
    let key = &sound.key;
    let name = |home: &OrderKey| {
        let join = Some(Alias { home: home.clone(), weak: false });
        Item { join, ..Item::new(sound.aliases[0].clone()) }
    };
    let home = |statement: &Statement, known: usize, name: &Item| {
        let share = |n: usize| {
            let fact = sound.facts.iter().find_map(Fact::as_share).unwrap().clone();
            Fact::share(ShareFact { share: format!("{n:032}"), ..fact })
        };
        let crowd = Statement { facts: (0..known).map(share).collect(), ..sound.clone() };
        let mut order = Order::new(key.clone());
        order.take(&crowd, &receipt(0), CAPTURED).unwrap();
        assert_eq!(order.facts().trusted(), known);
        let mut claims = claims(statement);
        claims.loaded(Item { order, ..Item::new(key.clone()) });
        claims.home(name).cloned()
    };
    for known in [0, MAX_FACTS_PER_ORDER - 2] {
        assert_eq!(home(&sound, known, &name(key)).as_ref(), Some(key));
        assert_eq!(home(&doubtful, known, &name(key)), None);
    }
    assert_eq!(home(&sound, MAX_FACTS_PER_ORDER, &name(key)), None);
    // Nothing is said where the name leads elsewhere or nowhere, or where the order was not read.
    assert_eq!(home(&sound, 0, &name(&key.sibling("CMD-2").unwrap())), None);
    assert_eq!(home(&sound, 0, &Item::new(sound.aliases[0].clone())), None);
    assert_eq!(claims(&sound).home(&name(key)), None);
}
