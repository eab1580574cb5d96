//! What a story comes to, and what may be gained on top of it: nothing.

use quittance_core::claims::{End, Items};
use quittance_core::fold::Share as FoldedShare;
use quittance_core::{
    Currency, Kind, Order, OrderKey, PaymentName, Policy, Reading, Standing, Statement, Status,
};
use quittance_psp::lyra;

use super::Fields;
use crate::read::{LYRA_KEYS, POLICIES, receipt};
use crate::{FORM_KEY, form_body};

/// What a form says when it is posted as a notification; `None` when it is refused or not to be read.
pub fn said(fields: &Fields) -> Option<Statement> {
    said_with(fields, &[])
}

/// The same at a shop whose forms carry these names too.
pub fn said_with(fields: &Fields, extra_names: &[String]) -> Option<Statement> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let body = form_body(FORM_KEY, &fields);
    let verified = lyra::verify(&LYRA_KEYS, body.as_bytes()).ok()?;
    match lyra::read(&verified, extra_names) {
        Reading::Order(statement) => Some(*statement),
        _ => None,
    }
}

/// The orders that the genuine notifications alone add up to.
#[derive(Debug)]
pub struct World {
    items: Items,
    told: Vec<Statement>,
}

impl World {
    /// After these notifications. One that is held is taken at its word here: the gateway did say it, and
    /// once it is asked, the order says so too.
    pub fn of(told: &[Fields]) -> Self {
        let mut world = Self { items: Items::default(), told: Vec::new() };
        for (fields, second) in told.iter().zip(0..) {
            let Some(mut statement) = said(fields) else { continue };
            let mut names = statement.aliases.clone();
            if statement.standing == Standing::Respellable {
                statement.standing = Standing::Sound;
                names.extend(payment(fields, &statement.key).filter(|name| *name != statement.key));
            }
            let named = Statement { aliases: names, ..statement.clone() };
            let end = world.items.take(&named, receipt(second), POLICIES[0]);
            let taken = matches!(end, Some(End::Stored(_) | End::Known(_)));
            assert!(taken, "a story is short: {end:?}");
            world.told.push(statement);
        }
        world
    }

    /// The order to which a name leads.
    fn resolve<'a>(&'a self, name: &'a OrderKey) -> &'a OrderKey {
        self.items.follow(name).map_or(name, |way| way.end.order.key())
    }

    /// Fails when a respelling of one of these forms gains anything. Whether it is believed at all: only
    /// then is the world asked for.
    #[track_caller]
    pub fn judge<'w>(world: impl FnOnce() -> &'w Self, original: &Fields, spelt: &Fields) -> bool {
        let Some(said) = said(spelt) else {
            return false;
        };
        if said.standing == Standing::Respellable {
            assert!(said.aliases.is_empty(), "a doubtful form joins names: {spelt:?}");
            return false;
        }
        world().believes(&said, original, spelt);
        true
    }

    /// Fails when what was believed of a respelling gains anything.
    #[track_caller]
    fn believes(&self, said: &Statement, original: &Fields, spelt: &Fields) {
        if self.told.contains(said) {
            return;
        }
        let show =
            || format!("\n{original:?}\nrespelt\n{spelt:?}\nsays\n{said:?}\ntold\n{:?}", self.told);
        let mut with = self.items.clone();
        let end = with.take(said, receipt(self.told.len() as i64), POLICIES[0]);
        let Some(End::Stored(place) | End::Known(place)) = end else {
            panic!("{end:?}{}", show());
        };
        for alias in &said.aliases {
            assert_eq!(self.resolve(alias), &place.order, "joins another name{}", show());
        }
        for after in with.iter().filter(|item| item.join.is_none()) {
            let Some(before) = self.items.get(after.order.key()) else {
                panic!("reaches another order{}", show());
            };
            for policy in POLICIES {
                let [before, after] = [before, after].map(|item| Gist::of(&item.order, policy));
                assert!(
                    after.gains_nothing_over(&before),
                    "{policy:?}{}\n{before:?}\n{after:?}",
                    show()
                );
            }
        }
    }
}

/// The name of the payment that a form is about.
fn payment(fields: &Fields, key: &OrderKey) -> Option<OrderKey> {
    let value = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let date = value("vads_trans_date").and_then(|date| date.get(..8))?;
    let id = format!("{date}-{}", value("vads_trans_id")?.to_ascii_lowercase());
    key.sibling(&PaymentName::new(&id).to_string()).ok()
}

/// Everything that money or goods depend on. Not what a share is called, because a gateway without
/// uuids may be given one, and no cancelled shares, which are worth nothing under any number.
#[derive(Debug)]
struct Gist {
    releasable: bool,
    currency: Option<Currency>,
    expected: Option<u64>,
    /// Captured and authorised.
    taken: [u64; 2],
    refunded: u64,
    /// Kind, status, sequence number and amount.
    shares: Vec<(Kind, Status, Option<u32>, u64)>,
}

impl Gist {
    fn of(order: &Order, policy: Policy) -> Self {
        let summary = order.summary(policy);
        let worth = |s: &&FoldedShare| !matches!(s.status, Status::Ambiguous | Status::Cancelled);
        let shares = summary.shares.iter().filter(worth);
        let mut shares: Vec<_> = shares.map(|s| (s.kind, s.status, s.sequence, s.amount)).collect();
        shares.sort_unstable();
        Self {
            releasable: summary.releasable,
            currency: summary.currency,
            expected: summary.expected,
            taken: [summary.captured, summary.authorised],
            refunded: summary.refunded,
            shares,
        }
    }

    /// Whether nothing is more than before, and what was given back no less. An effective amount can be made
    /// up that makes a payment worth less: buyers who do that harm themselves.
    fn gains_nothing_over(&self, before: &Self) -> bool {
        let no_more = |now: &[u64], then: &[u64]| now.iter().zip(then).all(|(n, t)| n <= t);
        let pairs = || self.shares.iter().zip(&before.shares);
        self.releasable <= before.releasable
            && (self.currency, self.expected) == (before.currency, before.expected)
            && no_more(&self.taken, &before.taken)
            && self.refunded == before.refunded
            && self.shares.len() == before.shares.len()
            && pairs().all(|(now, then)| {
                (now.0, now.1, now.2) == (then.0, then.1, then.2)
                    && (now.3 == then.3 || now.0 == Kind::Debit && now.3 < then.3)
            })
    }
}
