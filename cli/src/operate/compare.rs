//! Whether an order as stored is the one that its archived notifications make (I8).

use std::collections::{BTreeMap, BTreeSet};

use quittance_aws::table::Stored;
use quittance_core::claims::Join;
use quittance_core::fact::Facts;
use quittance_core::order::{Received, Reversal};
use quittance_core::{Fact, Order, Standing, Timestamp};
use serde::Serialize;

/// Notifications that are handled at the same time may be stored in another order than they were
/// archived: the one that loses the race is stored up to so much later (a receiver gives up before the
/// PSP does, at ten seconds). What depends only on that is no difference.
const RACE_SECONDS: u64 = 10;

/// One thing that is not the same. Nothing here is personal data: facts hold none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Where.
    pub(crate) field: String,
    /// What the table has; `None` = nothing.
    pub(crate) stored: Option<String>,
    /// What the archive makes of it; `None` = nothing.
    pub(crate) rebuilt: Option<String>,
}

/// Collects differences.
#[derive(Default)]
struct Differences {
    found: Vec<Difference>,
    /// Whether the archive is known to hold less than it was: what only the table has is no surprise.
    incomplete: bool,
}

/// Everything in which two items are not the same: what they lead to, facts, notifications, decisions.
/// Not when messages were sent, nor how often the item was written. Where the archive is `incomplete`
/// only what it has and the table has not.
pub(crate) fn differences(stored: &Stored, rebuilt: &Stored, incomplete: bool) -> Vec<Difference> {
    let mut all = Differences { found: Vec::new(), incomplete };
    all.values("leads to", lead(stored.joined.as_ref()), lead(rebuilt.joined.as_ref()));
    // What a name still holds beside that stands in the order it leads to, and depends on who was first.
    if stored.joined.is_some() && rebuilt.joined.is_some() {
        return all.found;
    }
    let (stored, rebuilt) = (&stored.order, &rebuilt.order);
    let (stored, rebuilt) = (&without_lone_doubts(stored, rebuilt), rebuilt);
    let rebuilt = &without_lone_doubts(rebuilt, stored);
    all.values("key", Some(stored.key.to_string()), Some(rebuilt.key.to_string()));
    all.values("registered", registered(stored), registered(rebuilt));
    all.maps("fact", &facts(&stored.facts), &facts(&rebuilt.facts));
    // What a lost notification said of them nobody knows.
    if !incomplete {
        all.maps("detail", &details(stored), &details(rebuilt));
    }
    all.notifications(&stored.notifications, &rebuilt.notifications);
    all.decisions(stored, rebuilt);
    let names =
        |order: &Order| order.aliases.iter().map(|name| (name.clone(), String::new())).collect();
    all.maps("name", &names(stored), &names(rebuilt));
    all.found
}

/// An order without what rests on forms with more than one reading and the other one does not have. It
/// counts for nothing, and may have been forgotten, or have found no room.
fn without_lone_doubts(order: &Order, other: &Order) -> Order {
    let mut order = order.clone();
    let all = std::mem::take(&mut order.facts);
    for (fact, standing) in all.iter() {
        if !standing.is_doubtful() || other.facts.knows(fact, Standing::Respellable) {
            order.facts.add(fact.clone(), standing);
        }
    }
    let listed = |digest: &str| other.notifications.iter().any(|known| known.digest == digest);
    order.notifications.retain(|told| !told.standing.is_doubtful() || listed(&told.digest));
    order
}

/// Each member of what is said beyond the facts.
fn details(order: &Order) -> BTreeMap<String, String> {
    let known = order.details.iter();
    let known = known.map(|(kind, share, member, rank, detail)| {
        (
            format!("{kind:?} {share} {member:?}").to_lowercase(),
            format!("{detail:?} rank {}", rank.0),
        )
    });
    known.collect()
}

fn registered(order: &Order) -> Option<String> {
    order.registered.map(|r| format!("{} at {}", r.currency.display(r.amount), r.at))
}

fn lead(join: Option<&Join>) -> Option<String> {
    join.map(|join| {
        format!("{}{}", join.home, if join.weak { " (claimed by what follows only)" } else { "" })
    })
}

/// Each fact in words of its own, with its standing.
fn facts(facts: &Facts) -> BTreeMap<String, String> {
    let standing = |standing| match standing {
        Standing::Sound => "sound",
        Standing::Contradictory => "contradictory",
        Standing::Respellable => "respellable",
    };
    facts.iter().map(|(fact, is)| (words(fact), standing(is).to_owned())).collect()
}

/// All that a fact says: two that differ read differently.
fn words(fact: &Fact) -> String {
    match fact {
        Fact::Total(total) => {
            let amount = |amount: Option<u64>| {
                amount.map_or_else(|| "?".to_owned(), |a| total.currency.display(a).to_string())
            };
            let first =
                total.first_instalment.map(|first| format!(", first {}", amount(Some(first))));
            format!("total {}{}", amount(total.amount), first.unwrap_or_default())
        }
        Fact::Share(share) => {
            let money = |amount| share.currency.display(amount).to_string();
            let kind = format!("{:?}", share.kind).to_lowercase();
            let status = format!("{:?} rank {}", share.status, share.rank.0).to_lowercase();
            let said = format!("{} ({status}), share {}", share.psp_status, share.share);
            let mut words = format!("{kind} {} {} {said}", share.method, money(share.amount));
            let attempted = Some(share.attempted.clone()).filter(|text| !text.is_empty());
            let more = [
                ("of", share.of.map(money)),
                ("slot", share.slot.clone()),
                ("operation", share.operation.clone()),
                ("gives back", share.parent.clone()),
                ("sequence", share.sequence.map(|number| number.to_string())),
                ("attempted", attempted),
            ];
            for (name, value) in more {
                words.extend(value.map(|value| format!(", {name} {value}")));
            }
            words
        }
    }
}

impl Differences {
    fn values(&mut self, field: &str, stored: Option<String>, rebuilt: Option<String>) {
        let lost = self.incomplete && rebuilt.is_none();
        if stored != rebuilt && !lost {
            self.found.push(Difference { field: field.to_owned(), stored, rebuilt });
        }
    }

    /// Compares by name; an empty value says that there is only the name.
    fn maps(
        &mut self,
        what: &str,
        stored: &BTreeMap<String, String>,
        rebuilt: &BTreeMap<String, String>,
    ) {
        let there =
            |value: &String| if value.is_empty() { "there".to_owned() } else { value.clone() };
        let names: BTreeSet<&String> = stored.keys().chain(rebuilt.keys()).collect();
        for name in names {
            let value = |map: &BTreeMap<String, String>| map.get(name).map(there);
            self.values(&format!("{what} {name}"), value(stored), value(rebuilt));
        }
    }

    fn notifications(&mut self, stored: &[Received], rebuilt: &[Received]) {
        let by_digest = |list: &[Received]| -> BTreeMap<String, Received> {
            list.iter().map(|received| (received.digest.clone(), received.clone())).collect()
        };
        let (stored, rebuilt) = (by_digest(stored), by_digest(rebuilt));
        let digests: BTreeSet<&String> = stored.keys().chain(rebuilt.keys()).collect();
        for digest in digests {
            match (stored.get(digest), rebuilt.get(digest)) {
                (Some(stored), Some(rebuilt)) => self.notification(stored, rebuilt),
                (stored, rebuilt) => {
                    let name = |received: Option<&Received>| received.map(|r| r.about.clone());
                    self.values(&format!("notification {digest}"), name(stored), name(rebuilt));
                }
            }
        }
    }

    fn notification(&mut self, stored: &Received, rebuilt: &Received) {
        // Of two bodies that say the same, the one that was stored first is listed.
        let raced = near(stored.received_at, rebuilt.received_at);
        let digest = &stored.digest;
        let mut field = |name: &str, stored: String, rebuilt: String| {
            self.values(&format!("notification {digest} {name}"), Some(stored), Some(rebuilt));
        };
        if !raced {
            field("received_at", stored.received_at.to_string(), rebuilt.received_at.to_string());
            field("sha256", stored.sha256.clone(), rebuilt.sha256.clone());
        }
        if stored.sha256 == rebuilt.sha256 {
            field("about", stored.about.clone(), rebuilt.about.clone());
            let doubt = |received: &Received| received.doubt.clone().unwrap_or_default();
            field("doubt", doubt(stored), doubt(rebuilt));
        }
    }

    fn decisions(&mut self, stored: &Order, rebuilt: &Order) {
        let id = |order: &Order| order.fulfilment.as_ref().map(|f| f.id.clone());
        self.values("fulfilment id", id(stored), id(rebuilt));
        if let (Some(stored), Some(rebuilt)) = (&stored.fulfilment, &rebuilt.fulfilment) {
            self.times("fulfilment decided_at", stored.decided_at, rebuilt.decided_at);
        }
        self.basis(stored, rebuilt);
        let amounts = |order: &Order| -> BTreeMap<String, String> {
            let value = |r: &Reversal| {
                let reason = format!("{:?}", r.reason).to_lowercase();
                format!("{} for share {}, {reason}", r.amount, r.share)
            };
            order.reversals.iter().map(|r| (r.id.clone(), value(r))).collect()
        };
        self.maps("reversal", &amounts(stored), &amounts(rebuilt));
        for reversal in &stored.reversals {
            if let Some(other) = rebuilt.reversals.iter().find(|other| other.id == reversal.id) {
                let field = format!("reversal {} decided_at", reversal.id);
                self.times(&field, reversal.decided_at, other.decided_at);
            }
        }
    }

    /// What the release rests on. What became known at the very moment of the release may be on either side.
    fn basis(&mut self, stored: &Order, rebuilt: &Order) {
        let gone = |order: &Order| -> BTreeMap<String, String> {
            order.basis.gone.iter().map(|name| (name.clone(), String::new())).collect()
        };
        let reserved = |order: &Order| -> BTreeMap<String, String> {
            let amounts = order.basis.reserved.iter();
            amounts.map(|(share, amount)| (share.clone(), amount.to_string())).collect()
        };
        self.maps("given back before the release", &gone(stored), &gone(rebuilt));
        self.maps("reserved at the release", &reserved(stored), &reserved(rebuilt));
    }

    fn times(&mut self, field: &str, stored: Timestamp, rebuilt: Timestamp) {
        // With notifications missing, what completed the order may be missing too.
        if !near(stored, rebuilt) && !self.incomplete {
            self.values(field, Some(stored.to_string()), Some(rebuilt.to_string()));
        }
    }
}

fn near(one: Timestamp, other: Timestamp) -> bool {
    one.seconds_since(other).max(other.seconds_since(one)) <= RACE_SECONDS
}

#[cfg(test)]
mod tests {
    use quittance_core::OrderKey;
    use quittance_core::order::Fulfilment;

    use super::*;

    fn order(received_at: i64, sha256: &str, decided_at: i64) -> Stored {
        let key: OrderKey = "worldline/M/test/A".parse().unwrap();
        let at = |seconds| Timestamp::from_unix(1_795_341_600 + seconds).unwrap();
        let mut order = Order::new(key);
        order.notifications.push(Received {
            digest: "d".to_owned(),
            received_at: at(received_at),
            source: "webhook".to_owned(),
            about: "a".to_owned(),
            sha256: sha256.to_owned(),
            standing: Standing::Sound,
            doubt: None,
            reasons: Vec::new(),
        });
        order.fulfilment =
            Some(Fulfilment { id: "f".to_owned(), decided_at: at(decided_at), sent_at: None });
        let version = Some(1);
        Stored { order, version, joined: None, former: None, repaired: false, mark: None }
    }

    fn fields(stored: &Stored, rebuilt: &Stored) -> Vec<String> {
        differences(stored, rebuilt, false).into_iter().map(|found| found.field).collect()
    }

    #[test]
    fn only_what_a_race_can_have_done_is_no_difference() {
        let stored = order(0, "x", 0);
        assert!(fields(&stored, &order(10, "y", 10)).is_empty());
        assert_eq!(fields(&stored, &order(0, "x", 11)), ["fulfilment decided_at"]);
        assert_eq!(
            fields(&stored, &order(11, "y", 0)),
            ["notification d received_at", "notification d sha256"]
        );
    }
}
