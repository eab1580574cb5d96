//! What is right of the items that a stack holds: whoever is at work on them, and once nobody is. The money is judged by what
//! was noted of the messages by hand, the rest by what the story comes to when its messages are told one after the other.

use std::collections::{BTreeMap, BTreeSet};

use quittance_core::claims::{End, Item, Items};
use quittance_core::fact::Facts;
use quittance_core::registered::Registered;
use quittance_core::{Currency, Order, OrderKey, Standing, Summary};
use quittance_testing::read::payments_of;

use crate::stack::{POLICY, said};
use crate::stories::{Message, Registration, Story};

/// What orders come to: facts, messages, sums, decisions; and where names lead.
type OrderOutcome = (Facts, BTreeSet<String>, Summary, Option<String>, BTreeSet<(String, u64)>);
pub(super) type Outcomes = (BTreeMap<OrderKey, OrderOutcome>, BTreeMap<OrderKey, OrderKey>);

/// What is wrong with orders, whoever is at work on them.
pub(super) fn wrong(story: &Story, orders: &[&Order]) -> Option<String> {
    let released: Vec<&&Order> =
        orders.iter().filter(|order| order.fulfilment().is_some()).collect();
    let mut payments = BTreeSet::new();
    for order in orders {
        let mut anew = (*order).clone();
        anew.decide(said(0).received_at, POLICY);
        if anew != **order {
            return Some(format!("{} is not decided by what it holds", order.key()));
        }
        let mut ids = BTreeSet::new();
        if !order.reversals().iter().all(|reversal| ids.insert(&reversal.id)) {
            return Some(format!("{} has a reversal twice", order.key()));
        }
    }
    for order in &released {
        // By what was noted of the messages by hand.
        let told: Vec<&Message> = told(story, order).collect();
        let cost = story.cost_of(order);
        if story.money(&told) < cost {
            return Some(format!("{} is released below {cost}", order.key()));
        }
        let reversed: u64 = order.reversals().iter().map(|reversal| reversal.amount).sum();
        if reversed > story.back(&told) {
            return Some(format!("{} tells of {reversed} given back", order.key()));
        }
        for payment in payments_of(order) {
            if !payments.insert(payment.clone()) {
                return Some(format!("{payment} releases two orders"));
            }
        }
    }
    None
}

pub(super) fn wrong_at_rest(orders: &[&Order]) -> Option<String> {
    let mut payments = BTreeSet::new();
    for order in orders {
        let summary = order.summary(POLICY);
        if order.fulfilment().is_some() && !summary.is_paid && summary.refunded == 0 {
            return Some(format!("{} is released, and has no money", order.key()));
        }
        for payment in payments_of(order) {
            if !payments.insert(payment.clone()) {
                return Some(format!("{payment} is in two orders"));
            }
        }
    }
    None
}

/// The sound messages that an order lists.
fn told<'s>(story: &'s Story, order: &Order) -> impl Iterator<Item = &'s Message> {
    let sound = order.notifications().iter().filter(|known| known.standing == Standing::Sound);
    let listed: Vec<usize> =
        sound.map(|known| usize::from_str_radix(&known.sha256, 16).unwrap()).collect();
    story.messages.iter().enumerate().filter(move |(at, _)| listed.contains(at)).map(|(_, m)| m)
}

pub(super) fn outcome(items: &Items) -> Outcomes {
    let of = |item: &Item| items.order(item.order.key()).expect("a way to an order");
    let orders = items.iter().filter(|item| item.join.is_none()).map(of);
    let orders = orders.filter(|order| !order.is_blank()).map(|order| {
        let digests = order.notifications().iter().map(|known| known.digest()).collect();
        let id = order.fulfilment().map(|f| f.id.clone());
        let back = order.reversals().iter().map(|r| (r.id.clone(), r.amount)).collect();
        let seen = (order.facts().clone(), digests, order.summary(POLICY), id, back);
        (order.key().clone(), seen)
    });
    let names = items.iter().filter(|item| item.order.key().payment().is_some());
    let names = names.filter(|item| item.version.is_some());
    let names = names.map(|item| (item.order.key().clone(), of(item).key().clone()));
    (orders.collect(), names.collect())
}

/// What the story comes to where its messages come one after the other, in every order.
pub(super) fn outcomes(story: &'static Story) -> Vec<Outcomes> {
    let mut outcomes = Vec::new();
    let last = story.messages.len() + usize::from(story.registration.is_some());
    let mut order: Vec<usize> = (0..last).collect();
    permute(&mut order, 0, &mut |order| {
        let mut items = Items::default();
        for at in order {
            match story.messages.get(*at) {
                Some(message) => {
                    let end = items.take(&message.statement, said(*at), POLICY);
                    assert!(matches!(end, Some(End::Stored(_) | End::Known(_))), "{end:?}");
                }
                None => {
                    let Registration { key, amount } = story.registration.as_ref().unwrap();
                    let currency = Currency::from_alpha("EUR").unwrap();
                    let at = said(0).received_at;
                    let registered = Registered { amount: *amount, currency, at };
                    items.register(key, registered, POLICY);
                }
            }
        }
        let outcome = outcome(&items);
        if !outcomes.contains(&outcome) {
            outcomes.push(outcome);
        }
    });
    outcomes
}

/// The same after each message has come once more.
pub(super) fn told_again(story: &Story, items: &Items) -> Items {
    let mut items = items.clone();
    for (at, message) in story.messages.iter().enumerate() {
        items.take(&message.statement, said(at), POLICY);
    }
    items
}

fn permute(order: &mut Vec<usize>, fixed: usize, visit: &mut impl FnMut(&[usize])) {
    if fixed == order.len() {
        return visit(order);
    }
    for at in fixed..order.len() {
        order.swap(fixed, at);
        permute(order, fixed + 1, visit);
        order.swap(fixed, at);
    }
}

/// All items in few words.
pub(super) fn show(items: &Items) -> String {
    let line = |item: &Item| {
        let told: Vec<_> = item
            .order
            .notifications()
            .iter()
            .map(|n| (n.sha256.trim_start_matches('0'), n.standing))
            .collect();
        let join = item.join.as_ref().map(|join| (&join.home.order, join.weak));
        let former = item.former.as_ref().map(|former| &former.order);
        let key = &item.order.key().order;
        let released = item.order.fulfilment().map(|f| f.sent_at.is_some());
        let back = item.order.reversals().len();
        let unsent = item.order.has_unsent();
        format!(
            "\n{key} {join:?} from {former:?} released {released:?} reversed {back} unsent {unsent} {told:?}"
        )
    };
    items.iter().map(line).collect()
}
