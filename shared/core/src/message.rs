//! What the fulfilment queue is told: CloudEvents 1.0.

use serde::{Deserialize, Serialize};

use crate::fold::Policy;
use crate::ids::fulfilment_id;
use crate::key::{Account, OrderKey};
use crate::order::Order;
use crate::time::Timestamp;
use crate::view::OrderView;

/// Type of the message that releases an order.
pub const FULFILMENT_REQUESTED: &str = "quittance.order.fulfilment_requested";

/// Type of the message that tells of money given back after the release.
pub const REVERSAL_REQUESTED: &str = "quittance.order.reversal_requested";

/// Type of the message that tells of an order that was paid for and is not released.
pub const ORDER_HELD: &str = "quittance.order.held";

/// Type of the message that tells of a voucher that was taken, and of which the complement does not come.
pub const ORDER_STRANDED: &str = "quittance.order.stranded";

/// A message of the fulfilment queue, in the structured JSON form of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Message"))]
pub struct CloudEvent {
    /// Always `1.0`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub specversion: String,
    /// That of the fulfilment, reversal or notice, the same in every delivery: a consumer that remembers it acts once.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::ID)))]
    pub id: String,
    /// Whose order: `/quittance/{psp}/{merchant}/{mode}`.
    pub source: String,
    /// `quittance.order.fulfilment_requested`: the order may be shipped. `quittance.order.reversal_requested`: money went
    /// back, or was lost, after that. Where notices are wanted: `quittance.order.held` and `quittance.order.stranded`,
    /// which ask for nothing but a person's look.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = [FULFILMENT_REQUESTED, REVERSAL_REQUESTED, ORDER_HELD, ORDER_STRANDED])))]
    #[serde(rename = "type")]
    pub kind: String,
    /// The order's reference.
    pub subject: String,
    /// When it was decided, or noticed.
    pub time: Timestamp,
    /// Always `application/json`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "application/json")))]
    pub datacontenttype: String,
    /// The trace of the notification that led to it (CloudEvents' extension for distributed tracing); absent where there
    /// is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The order without its notifications, as it is when the message is written.
    pub data: OrderView,
}

impl Order {
    /// The messages that the queue has not taken yet: the release first, then the reversals in the
    /// order in which they were decided.
    pub fn unsent_messages(&self, policy: Policy, now: Timestamp) -> Vec<CloudEvent> {
        self.messages(policy, now, |_, sent_at| sent_at.is_none())
    }

    /// The name under which the release was decided, whose messages keep their sequence: the order's key, or one that it
    /// took over. The release's id is made of that name, so one id is always in one group, whoever holds it by now.
    pub fn group(&self) -> OrderKey {
        let names = self.aliases.iter().filter_map(|name| self.key.sibling(name).ok());
        let id = self.fulfilment.as_ref().map(|release| &release.id);
        let decided = |name: &OrderKey| id.is_some_and(|id| *id == fulfilment_id(name));
        [self.key.clone()]
            .into_iter()
            .chain(names)
            .find(decided)
            .unwrap_or_else(|| self.key.clone())
    }

    /// The message of this id, sent or not, with the order as it is now.
    pub fn message(&self, id: &str, policy: Policy, now: Timestamp) -> Option<CloudEvent> {
        self.messages(policy, now, |of, _| of == id).pop()
    }

    fn messages(
        &self,
        policy: Policy,
        now: Timestamp,
        is_meant: impl Fn(&str, Option<Timestamp>) -> bool,
    ) -> Vec<CloudEvent> {
        let fulfilment = self
            .fulfilment
            .iter()
            .filter(|f| is_meant(&f.id, f.sent_at))
            .map(|f| (f.id.clone(), FULFILMENT_REQUESTED, f.decided_at));
        let reversals = self
            .reversals
            .iter()
            .filter(|r| is_meant(&r.id, r.sent_at))
            .map(|r| (r.id.clone(), REVERSAL_REQUESTED, r.decided_at));
        let mut meant = fulfilment.chain(reversals).peekable();
        if meant.peek().is_none() {
            return Vec::new();
        }
        // An order of which there is something to tell is released, so nothing has to be explained.
        let data = self.brief(policy, now, &[]);
        meant.map(|(id, kind, time)| self.event(id, kind, time, data.clone())).collect()
    }

    pub(crate) fn event(
        &self,
        id: String,
        kind: &str,
        time: Timestamp,
        data: OrderView,
    ) -> CloudEvent {
        let Account { psp, merchant, mode } = self.key.account();
        CloudEvent {
            specversion: "1.0".to_owned(),
            id,
            source: format!("/quittance/{psp}/{merchant}/{}", mode.as_str()),
            kind: kind.to_owned(),
            subject: self.key.order.clone(),
            time,
            datacontenttype: "application/json".to_owned(),
            traceparent: None,
            data,
        }
    }
}
