//! What happened to an order, for a terminal.

use quittance_core::OrderView;
use quittance_core::registered::Registered;
use quittance_core::release::{Fulfilment, Reversal};

/// Notifications, what the merchant registered, and decisions by time.
pub fn timeline(order: &OrderView, registered: Option<Registered>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    if let Some(Registered { amount, currency, at }) = registered {
        entries.push((at.to_string(), format!("registered: {}", currency.display(amount))));
    }
    for received in order.notifications.iter().flatten() {
        entries.push((received.received_at.to_string(), received.about.clone()));
    }
    if let Some(Fulfilment { id, decided_at, sent_at }) = &order.fulfilment {
        entries.push((decided_at.to_string(), format!("released as {id}")));
        entries.extend(sent_at.map(|at| (at.to_string(), "release sent to the queue".to_owned())));
    }
    for Reversal { id, share, reason, decided_at, sent_at, .. } in &order.reversals {
        let why = word(reason);
        entries.push((decided_at.to_string(), format!("reversal {id} for {share}: {why}")));
        entries.extend(sent_at.map(|at| (at.to_string(), "reversal sent to the queue".to_owned())));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// An enum's JSON word with blanks.
fn word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.as_ref().and_then(|w| w.as_str()).unwrap_or("").replace('_', " ")
}
