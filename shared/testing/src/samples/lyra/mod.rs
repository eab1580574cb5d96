//! Lyra deliveries of the demo site. Each order has the number of its first case: `CMD-20nn`, and the
//! transaction id `20nnaa`, with `bb` for another payment of the order and `rr` for a refund.

mod cascades;
mod doubtful;
mod identity;
mod money;
mod payments;
mod refunds;
mod refused;
mod rest;
mod statuses;

use super::delivery::Delivery;
use super::expected::Order;
use super::{Case, case};
use crate::lyra::{Form, uuid};

pub(super) fn cases() -> Vec<Case> {
    [
        payments::cases(),
        cascades::cases(),
        refunds::cases(),
        identity::cases(),
        doubtful::cases(),
        rest::cases(),
        refused::cases(),
        statuses::cases(),
        money::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A signed form.
fn sent(form: &Form) -> Delivery {
    Delivery::systempay(form.body())
}

/// The end of a payment of 120.00 EUR by card.
fn card(reference: &str, trans_id: &str, status: &str) -> Form {
    Form::single(reference, trans_id, "CB", 12_000, status)
}

/// The uuid of a payment's share: of the only one, or of the one with this sequence number.
fn share(reference: &str, trans_id: &str, sequence: &str) -> String {
    uuid(&[reference, trans_id, sequence])
}

/// An order of 120.00 EUR, paid by card with one payment and released.
fn paid(reference: &str, trans_id: &str) -> Order {
    Order::systempay(reference, "captured")
        .expected(12_000)
        .captured(12_000)
        .debit(&share(reference, trans_id, "1"), "CB", 12_000, "captured", "CAPTURED")
        .sequence(1)
        .released()
}
