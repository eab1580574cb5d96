//! What of a PSP has come, as far as the newest orders tell.

use std::collections::BTreeSet;

use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::lists::Found;
use quittance_core::provider::{PortalRule, Provider};
use quittance_core::{Order, Timestamp};
use quittance_psp::PROVIDERS;

use crate::operate::context::Context;
use crate::operate::finding::{Finding, Health};
use crate::operate::rebuilt::readable;
use crate::operate::terminal::{ago, count};

/// How many of its newest notifications tell which rules of a PSP are on. A rule that a shop needs sends one within so
/// many payments; each order is one read.
const NEWEST_NOTIFICATIONS: usize = 200;

/// The orders of one PSP that changed last, the newest first, as far as they were looked at.
pub(crate) struct Seen {
    pub(crate) provider: &'static dyn Provider,
    newest: Option<Timestamp>,
    pub(crate) orders: Vec<Order>,
}

/// Reads the newest orders of each PSP. An order that cannot be understood is for `rebuild --verify` to name.
pub(crate) async fn seen(context: &Context) -> Result<Vec<Seen>, StoreError> {
    let table = context.table();
    let newest = table.newest().await?.into_iter();
    let mut found: Vec<Found> = newest.flat_map(|of_state| of_state.orders).collect();
    found.sort_by_key(|found| std::cmp::Reverse(found.updated_at));
    let mut all = Vec::new();
    for provider in PROVIDERS.iter().copied() {
        let mut own =
            found.iter().filter(|found| found.key.psp == provider.profile().id).peekable();
        let newest = own.peek().map(|found| found.updated_at);
        let (mut orders, mut notifications) = (Vec::new(), 0);
        for found in own {
            if notifications >= NEWEST_NOTIFICATIONS {
                break;
            }
            let Some(stored) = readable(table.load_order(&found.key).await)? else { continue };
            notifications += stored.order.notifications().len();
            orders.push(stored.order);
        }
        all.push(Seen { provider, newest, orders });
    }
    Ok(all)
}

impl Seen {
    /// Whether notifications have come at all, and by which rules: an address that was never entered, or a rule that is
    /// off, is silent.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let of = self.provider.profile().id.as_str();
        let finding = |check, health, what| Finding { check, of: of.to_owned(), health, what };
        let Some(newest) = self.newest else {
            let what = "no order yet: is the address entered at the PSP, and are its rules on? See docs/portals.md";
            return vec![finding("orders", Health::Doubtful, what.to_owned())];
        };
        let what = format!("the newest order changed at {}", ago(newest, now()));
        let mut findings = vec![finding("orders", Health::Well, what)];
        let rules = self.rules().into_iter();
        findings.extend(rules.map(|(health, what)| finding("rules", health, what)));
        findings
    }

    /// Which rules of its portal have sent something.
    fn rules(&self) -> Vec<(Health, String)> {
        let rules = self.provider.profile().portal_rules;
        let events = self.orders.iter().flat_map(Order::notifications).map(|entry| &entry.event);
        let told: Vec<&PortalRule> =
            events.filter_map(|event| self.provider.portal_rule(event)).collect();
        let names: BTreeSet<&str> = told.iter().map(|rule| rule.name).collect();
        if rules.is_empty() {
            return Vec::new();
        }
        let among =
            format!("among the newest {} that tell their rule", count(told.len(), "notification"));
        if told.is_empty() {
            let what =
                "no notification tells by which rule of the portal it came: see docs/portals.md";
            return vec![(Health::Doubtful, what.to_owned())];
        }
        let never: Vec<_> = rules.iter().filter(|rule| !names.contains(rule.name)).collect();
        if never.is_empty() {
            return vec![(Health::Well, format!("all {} seen {among}", rules.len()))];
        }
        let sentence = |rule: &&PortalRule| {
            let PortalRule { name, without } = rule;
            let what = format!(
                "never seen {among}: \"{name}\". Where it is off, {without}. Is it on in the portal? See docs/portals.md"
            );
            (Health::Doubtful, what)
        };
        never.iter().map(sentence).collect()
    }
}
