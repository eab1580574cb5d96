//! An order as others see it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::explain::{Explanation, explain};
use crate::fact::{Fact, Flag, ShareFact};
use crate::fold::{Policy, Share, Summary};
use crate::key::{Mode, ProviderId};
use crate::limits::MAX_LINE_CHARACTERS;
use crate::money::Currency;
use crate::order::{NotificationEntry, Order};
use crate::provider::Providers;
use crate::release::{Fulfilment, Reversal};
use crate::text::beginning;
use crate::time::Timestamp;
use crate::words::Words;

/// How long after a payment its Chèque-Vacances Connect share can be given back (worldline.md 5).
/// No source says when this time begins.
pub const VOUCHER_REFUND_SECONDS: u64 = 4 * 60 * 60;

/// An order, with what was decided about it. (docs/interface.md, "An order")
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Order"))]
pub struct OrderView {
    /// The provider's word.
    pub psp: ProviderId,
    /// The merchant's account at the provider: PSPID or site id.
    pub merchant: String,
    /// Test or production.
    pub mode: Mode,
    /// The shop's reference of the order; the name of the payment (`tx:…`) where the shop gave none.
    pub order: String,
    /// Where the order stands.
    pub state: crate::fact::State,
    /// What a person should know; empty where there is nothing.
    pub flags: BTreeSet<Flag>,
    /// The currency of every amount here; `null` while no amount is known.
    pub currency: Option<Currency>,
    /// What the order costs, in minor units; `null` while unknown.
    pub expected: Option<u64>,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Really taken, in minor units, also beyond `expected`. What was given back is not deducted.
    pub captured: u64,
    /// Given back for good, in minor units, by refund or chargeback.
    pub refunded: u64,
    /// Why the order is not released, in words for the merchant; absent once it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explanation: Option<String>,
    /// Each payment, attempt and refund.
    pub shares: Vec<Share>,
    /// The release; `null` until it is decided.
    pub fulfilment: Option<Fulfilment>,
    /// What was given back, or lost, after the release, in the sequence in which it was decided.
    pub reversals: Vec<Reversal>,
    /// One for each notification that said something new; absent in messages and lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notifications: Option<Vec<NotificationView>>,
}

/// An order in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    psp: ProviderId,
    /// Reference, state, amount and flags.
    line: String,
    /// Why it is not released.
    why: Option<Explanation>,
}

impl Headline {
    /// The line.
    pub fn say(&self, providers: Providers) -> String {
        match &self.why {
            Some(why) => {
                format!("{}; {}", self.line, why.say(Words::of(providers, self.psp)))
            }
            None => self.line.clone(),
        }
    }
}

/// A notification that said something new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Notification"))]
pub struct NotificationView {
    /// When it arrived.
    pub received_at: Timestamp,
    /// `webhook`, or `api` for what the provider said when it was asked.
    pub source: String,
    /// One line for people, at most 512 characters.
    pub about: String,
    /// SHA-256 of the body as it came, in lowercase hex.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^[0-9a-f]{64}$")))]
    pub sha256: String,
}

impl Order {
    /// The order as others see it. `now` decides whether a waiting voucher is stranded.
    pub fn view(&self, policy: Policy, now: Timestamp, providers: Providers) -> OrderView {
        let words = Words::of(providers, self.key.psp);
        let mut view = self.shown(policy, now, providers);
        for share in &mut view.shares {
            let names = std::mem::take(&mut share.names);
            let names = names.iter().map(String::as_str);
            share.details = Some(self.details.of(share.kind, names, &|said| words.find(said)));
        }
        view.notifications = Some(self.notification_views(providers));
        view
    }

    /// The same without its notifications and the details of its shares, as messages and lists carry it.
    pub fn brief(&self, policy: Policy, now: Timestamp, providers: Providers) -> OrderView {
        let mut view = self.shown(policy, now, providers);
        // What a share is called besides is nobody's business outside.
        view.shares.iter_mut().for_each(|share| share.names.clear());
        view
    }

    /// What a person should know. `now` decides whether a waiting voucher is stranded.
    pub fn flags(&self, policy: Policy, now: Timestamp) -> BTreeSet<Flag> {
        self.flags_of(&self.summary(policy), now)
    }

    fn flags_of(&self, summary: &Summary, now: Timestamp) -> BTreeSet<Flag> {
        let is_stranded = summary.voucher_waits.is_some()
            && self.fulfilment.is_none()
            && self.session_is_over(now);
        let stranded = is_stranded.then_some(Flag::StrandedVoucher);
        let given_up = self.is_given_up(summary, now).then_some(Flag::GivenUp);
        let flags = summary.flags.iter().copied().chain(stranded).chain(given_up);
        // Once released, an order waits for nobody's word.
        let is_over = |flag: &Flag| match flag {
            Flag::Unconfirmed => true,
            Flag::Ambiguous => summary.is_rest_unsure,
            _ => false,
        };
        flags.filter(|flag| self.fulfilment.is_none() || !is_over(flag)).collect()
    }

    fn shown(&self, policy: Policy, now: Timestamp, providers: Providers) -> OrderView {
        let mut summary = self.summary(policy);
        summary.flags = self.flags_of(&summary, now);
        let words = Words::of(providers, self.key.psp);
        let explanation = explain(self, &summary, policy).map(|why| why.say(words));
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
            notifications: None,
        }
    }

    fn notification_views(&self, providers: Providers) -> Vec<NotificationView> {
        let lines = self.lines(providers).into_iter().zip(&self.notifications);
        let view = |(about, told): (String, &NotificationEntry)| NotificationView {
            received_at: told.received_at,
            source: told.source.clone(),
            about,
            sha256: told.sha256.clone(),
        };
        lines.map(view).collect()
    }

    /// One line about each notification.
    pub fn lines(&self, providers: Providers) -> Vec<String> {
        let words = Words::of(providers, self.key.psp);
        let all = self.notifications.iter().enumerate();
        all.map(|(at, told)| self.line(at, told, words)).collect()
    }

    /// One line about a notification. A reason that was told before it is not listed with it again.
    fn line(&self, at: usize, told: &NotificationEntry, words: Words) -> String {
        let shares: Vec<&ShareFact> = told.facts.iter().filter_map(Fact::as_share).collect();
        let why = |share: &ShareFact| {
            let until = self.notifications.iter().take(at + 1).rev();
            let mut reasons = until.flat_map(|told| &told.reasons);
            let reason = reasons.find(|reason| reason.explains(share));
            reason.map(|reason| words.say(&reason.why))
        };
        let line = words.line(&told.event, &shares, &why);
        beginning(&line, MAX_LINE_CHARACTERS).to_owned()
    }

    /// One line for the provider's history: reference, state, amount, flags, and why it is not released.
    pub fn headline(&self, policy: Policy) -> Headline {
        self.headline_of(&self.summary(policy), policy)
    }

    /// [`Order::headline`] where what the facts amount to is at hand.
    pub fn headline_of(&self, summary: &Summary, policy: Policy) -> Headline {
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
        let line = format!("{} {}{amount}{flags}", self.key.order, summary.state.as_str());
        Headline { psp: self.key.psp, line, why: explain(self, summary, policy) }
    }

    /// From when on a captured voucher of this order can certainly not be given back any more: counted from
    /// the last notification, because an order may have been known for long before its voucher was taken.
    /// The true limit may be earlier. `None` while nothing was received.
    pub fn voucher_is_lost_after(&self) -> Option<Timestamp> {
        let last = self.notifications.iter().map(|received| received.received_at).max()?;
        Timestamp::from_unix(last.unix() + i64::try_from(VOUCHER_REFUND_SECONDS).ok()?)
    }

    /// When the payment session ends, counted from the first notification: what has not come by then does not come.
    /// `None` while nothing was received.
    pub fn session_ends_at(&self) -> Option<Timestamp> {
        let first = self.notifications.iter().map(|received| received.received_at).min()?;
        first.later(self.session_seconds)
    }

    fn session_is_over(&self, now: Timestamp) -> bool {
        self.session_ends_at().is_some_and(|end| now >= end)
    }
}
