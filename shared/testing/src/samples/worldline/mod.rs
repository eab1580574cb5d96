//! Worldline Direct deliveries. Each order has the number of its first case: `CMD-10nn`, and the
//! payment id `32545610nn`.

mod doubtful;
mod identity;
mod kinds;
mod money;
mod payments;
mod refunds;
mod refused;
mod splits;
mod statuses;

use serde_json::Value;

use super::delivery::Delivery;
use super::expected::Order;
use super::{Case, case};
use crate::worldline::Payment;

pub(super) fn cases() -> Vec<Case> {
    [
        payments::cases(),
        splits::cases(),
        refunds::cases(),
        identity::cases(),
        doubtful::cases(),
        refused::cases(),
        statuses::cases(),
        kinds::cases(),
        money::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Product id of the French card scheme.
const CB: u64 = 130;

/// Product id of Chèque-Vacances Connect.
const CVCO: u64 = 5412;

/// A signed payment event.
fn sent(payment: &Payment) -> Delivery {
    Delivery::worldline(&payment.json())
}

/// Several events in one array, in this order.
fn array(events: impl IntoIterator<Item = Value>) -> Delivery {
    Delivery::worldline(&Value::Array(events.into_iter().collect()))
}

/// A payment of 120.00 EUR by card.
fn card(reference: &str, id: &str, code: u64) -> Payment {
    Payment::new(reference, id, CB, code, 12_000)
}

/// An order of 120.00 EUR, paid by card with one payment and released.
fn paid(reference: &str, payment: &str) -> Order {
    Order::worldline(reference, "captured")
        .expected(12_000)
        .captured(12_000)
        .debit(payment, "CB", 12_000, "captured", "CAPTURED")
        .released()
}
