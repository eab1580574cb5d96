//! What the fulfilment queue is told: CloudEvents 1.0.

use serde::{Deserialize, Serialize};

use crate::fold::Policy;
use crate::order::Order;
use crate::time::Timestamp;
use crate::view::OrderView;

/// Type of the message that releases an order.
pub const FULFILMENT_REQUESTED: &str = "quittance.order.fulfilment_requested";

/// Type of the message that tells of money given back after the release.
pub const REVERSAL_REQUESTED: &str = "quittance.order.reversal_requested";

/// A message in the structured JSON form of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// Fulfilment or reversal id: a consumer that remembers it acts once.
    pub id: String,
    /// Whose order: `/quittance/{psp}/{merchant}/{mode}`.
    pub source: String,
    /// [`FULFILMENT_REQUESTED`] or [`REVERSAL_REQUESTED`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The order reference.
    pub subject: String,
    /// When it was decided.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The trace of the notification that brought the decision, where there is one (CloudEvents'
    /// extension for distributed tracing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The order without its notifications.
    pub data: OrderView,
}

impl Order {
    /// The messages that the queue has not taken yet: the release first, then the reversals in the
    /// order in which they were decided.
    pub fn unsent_messages(&self, policy: Policy, now: Timestamp) -> Vec<CloudEvent> {
        let fulfilment = self
            .fulfilment
            .iter()
            .filter(|f| f.sent_at.is_none())
            .map(|f| (f.id.clone(), FULFILMENT_REQUESTED, f.decided_at));
        let reversals = self
            .reversals
            .iter()
            .filter(|r| r.sent_at.is_none())
            .map(|r| (r.id.clone(), REVERSAL_REQUESTED, r.decided_at));
        let key = &self.key;
        let mut unsent = fulfilment.chain(reversals).peekable();
        if unsent.peek().is_none() {
            return Vec::new();
        }
        // An order of which there is something to tell is released, so nothing has to be explained.
        let data = self.brief(policy, now, &[]);
        unsent
            .map(|(id, kind, time)| CloudEvent {
                specversion: "1.0".to_owned(),
                id,
                source: format!(
                    "/quittance/{}/{}/{}",
                    key.psp.as_str(),
                    key.merchant,
                    key.mode.as_str()
                ),
                kind: kind.to_owned(),
                subject: key.order.clone(),
                time,
                datacontenttype: "application/json".to_owned(),
                traceparent: None,
                data: data.clone(),
            })
            .collect()
    }
}
