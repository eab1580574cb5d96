//! An order as others see it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decision::{Fulfilment, Reversal};
use crate::explain::explain;
use crate::fact::Flag;
use crate::fold::{Policy, Share, Summary};
use crate::key::{Mode, ProviderId};
use crate::money::Currency;
use crate::order::{Order, Received};
use crate::time::Timestamp;

/// How long after a payment its Chèque-Vacances Connect share can be given back (worldline.md 5).
/// No source says when this time begins.
pub const VOUCHER_REFUND_SECONDS: u64 = 4 * 60 * 60;

/// An order as JSON: the interface that others build on. (docs/interface.md, "An order")
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// Provider.
    pub psp: ProviderId,
    /// PSPID or site id.
    pub merchant: String,
    /// Test or production.
    pub mode: Mode,
    /// Order reference.
    pub order: String,
    /// Where the order stands.
    pub state: crate::fact::State,
    /// What a person should know.
    pub flags: BTreeSet<Flag>,
    /// Currency of every amount here.
    pub currency: Option<Currency>,
    /// Minor units; `null` while unknown.
    pub expected: Option<u64>,
    /// Minor units reserved and not captured.
    pub authorised: u64,
    /// Minor units really taken.
    pub captured: u64,
    /// Minor units given back for good.
    pub refunded: u64,
    /// Why the order is not released, in words; absent once it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explanation: Option<String>,
    /// The shares.
    pub shares: Vec<Share>,
    /// The release; `null` until decided.
    pub fulfilment: Option<Fulfilment>,
    /// What was given back after the release.
    pub reversals: Vec<Reversal>,
    /// The notifications; absent in messages and lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notifications: Option<Vec<NotificationView>>,
}

impl OrderView {
    /// The same without its notifications and the details of its shares, as messages and lists carry it.
    pub fn without_notifications(mut self) -> Self {
        self.notifications = None;
        self.shares.iter_mut().for_each(|share| share.details = None);
        self
    }
}

/// One notification as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationView {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Where it came from.
    pub source: String,
    /// One line for people.
    pub about: String,
    /// SHA-256 of the raw HTTP body, lowercase hex.
    pub sha256: String,
}

impl From<&Received> for NotificationView {
    fn from(received: &Received) -> Self {
        Self {
            received_at: received.received_at,
            source: received.source.clone(),
            about: received.about.clone(),
            sha256: received.sha256.clone(),
        }
    }
}

impl Order {
    /// The order as others see it. `now` decides whether a waiting voucher is stranded.
    pub fn view(&self, policy: Policy, now: Timestamp) -> OrderView {
        let mut summary = self.summary(policy);
        for share in &mut summary.shares {
            let names = share.names.iter().map(String::as_str);
            share.details = Some(self.details.of(share.kind, names));
        }
        self.view_of(summary, policy, now)
    }

    /// [`Order::view`] without the details of the shares, where what the facts amount to is at hand.
    pub fn view_of(&self, mut summary: Summary, policy: Policy, now: Timestamp) -> OrderView {
        if summary.voucher_waits && self.fulfilment.is_none() && self.session_is_over(now) {
            summary.flags.insert(Flag::StrandedVoucher);
        }
        let explanation = explain(self, &summary, policy);
        // What a share is called besides is nobody's business outside.
        summary.shares.iter_mut().for_each(|share| share.names.clear());
        OrderView {
            psp: self.key.psp,
            merchant: self.key.merchant.clone(),
            mode: self.key.mode,
            order: self.key.order.clone(),
            state: summary.state,
            flags: summary.flags,
            currency: summary.currency,
            expected: summary.expected,
            authorised: summary.authorised,
            captured: summary.captured,
            refunded: summary.refunded,
            explanation,
            shares: summary.shares,
            fulfilment: self.fulfilment.clone(),
            reversals: self.reversals.clone(),
            notifications: Some(self.notifications.iter().map(NotificationView::from).collect()),
        }
    }

    /// One line for the PSP's history: reference, state, amount, flags, and why it is not released.
    pub fn headline(&self, policy: Policy) -> String {
        self.headline_of(&self.summary(policy), policy)
    }

    /// [`Order::headline`] where what the facts amount to is at hand.
    pub fn headline_of(&self, summary: &Summary, policy: Policy) -> String {
        let amount = match (summary.currency, summary.captured, summary.expected) {
            (Some(currency), 0, Some(expected)) => format!(" {}", currency.display(expected)),
            (Some(currency), captured, Some(expected)) if captured < expected => {
                format!(" {} of {}", currency.display(captured), currency.display(expected))
            }
            (Some(currency), captured, _) if captured > 0 => {
                format!(" {}", currency.display(captured))
            }
            _ => String::new(),
        };
        let flags: Vec<&str> = summary.flags.iter().map(|flag| flag.as_str()).collect();
        let flags =
            if flags.is_empty() { String::new() } else { format!(" [{}]", flags.join(", ")) };
        let why = explain(self, summary, policy).map_or_else(String::new, |why| format!("; {why}"));
        format!("{} {}{amount}{flags}{why}", self.key.order, summary.state.as_str())
    }

    /// From when on a captured voucher of this order can certainly not be given back any more: counted from
    /// the last notification, because an order may have been known for long before its voucher was taken.
    /// The true limit may be earlier. `None` while nothing was received.
    pub fn voucher_is_lost_after(&self) -> Option<Timestamp> {
        let last = self.notifications.iter().map(|received| received.received_at).max()?;
        Timestamp::from_unix(last.unix() + i64::try_from(VOUCHER_REFUND_SECONDS).ok()?)
    }

    fn session_is_over(&self, now: Timestamp) -> bool {
        let first = self.notifications.iter().map(|received| received.received_at).min();
        first.is_some_and(|first| now.seconds_since(first) >= self.session_seconds)
    }
}
