//! What orders and statements say of a payment.

use crate::fact::{Fact, Kind, ShareFact, Status};
use crate::fold::Policy;
use crate::key::OrderKey;
use crate::order::Order;
use crate::statement::Statement;

/// Whether one of two orders is the occurrence of the other that this payment is.
pub(super) fn is_occurrence_by(name: &OrderKey, one: &OrderKey, other: &OrderKey) -> bool {
    one.is_occurrence_of(other)
        && name.payment().is_some_and(|payment| one.order.ends_with(payment.id()))
}

/// Whether the statement is about the payment of this name, and not only about its checkout.
pub(super) fn is_about(statement: &Statement, name: &OrderKey) -> bool {
    statement.facts.iter().filter_map(Fact::as_share).any(|share| is_of(share, name))
}

/// Whether a payment's name may be given to another order: all that its order knows of the payment is that
/// attempts at it failed, and this is another one. Nothing at all is no failure: the name is written before
/// the order.
pub(super) fn is_free(home: &Order, name: &OrderKey, statement: &Statement) -> bool {
    let debits = || home.facts.shares().map(|(share, _)| share).filter(|s| s.kind == Kind::Debit);
    // One that was left may be known by its id alone, which does not tell the payment.
    let known = debits().any(|share| is_of(share, name));
    let of_payment = debits().filter(|share| !known || is_of(share, name));
    let stated = || statement.facts.iter().filter_map(Fact::as_share);
    let is_same = |share: &ShareFact| stated().any(|other| other.share == share.share);
    debits().next().is_some() && { of_payment }.all(|s| is_failure(s.meaning.status) && !is_same(s))
}

/// Whether a statement tells of failed attempts alone.
pub(super) fn has_failed(statement: &Statement) -> bool {
    statement.facts.iter().filter_map(Fact::as_share).all(|share| is_failure(share.meaning.status))
}

/// Whether an order holds captures of a payment, and not only what was given back.
pub(super) fn knows_capture(order: &Order, name: &OrderKey) -> bool {
    let mut shares = order.facts.shares();
    shares.any(|(share, _)| share.kind == Kind::Debit && is_of(share, name))
}

/// Whether an order holds money taken, or an attempt to take some.
pub(super) fn knows_debit(order: &Order) -> bool {
    order.facts.shares().any(|(share, _)| share.kind == Kind::Debit)
}

/// Whether an order was released, and would not have been without this payment.
pub(super) fn rests_on(order: &Order, name: &OrderKey, policy: Policy) -> bool {
    if order.fulfilment.is_none() {
        return false;
    }
    let mut without = order.clone();
    name.payment().is_some_and(|payment| without.give_up_payment(payment))
        && !without.summary(policy).is_paid
}

fn is_of(share: &ShareFact, name: &OrderKey) -> bool {
    name.payment().is_some_and(|payment| share.is_of(payment.id()))
}

fn is_failure(status: Status) -> bool {
    matches!(status, Status::Refused | Status::Cancelled | Status::Expired)
}
