//! Whether an order as stored is the one that its archived notifications make (I8).

use std::collections::{BTreeMap, BTreeSet};

use quittance_aws::table::Stored;
use quittance_core::claims::Alias;
use quittance_core::order::NotificationEntry;
use quittance_core::release::Reversal;
use quittance_core::{Fact, Order, Policy, Remark, Standing, Timestamp};
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

/// How two items compare.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Everything in which they are not the same.
    pub(crate) differences: Vec<Difference>,
    /// What the same facts would come to today, where that is not what was decided.
    pub(crate) today: Option<Today>,
}

/// The rules of an earlier release or policy may have decided otherwise: decisions once taken stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Today {
    /// The order was released, and today's rules would hold it.
    Held,
    /// The order was not released, and today's rules release it with the next news.
    Due,
}

impl Today {
    fn of(stored: &Order, rebuilt: &Order, policy: Policy) -> Option<Self> {
        let summary = stored.summary(policy);
        match (stored.fulfilment(), rebuilt.fulfilment()) {
            (Some(_), None) if !summary.is_paid => Some(Self::Held),
            (None, Some(_)) if summary.releasable => Some(Self::Due),
            _ => None,
        }
    }
}

/// Compares what two items lead to, their facts, notifications, and decisions. Not when messages were sent, nor
/// how often the item was written. Where the archive is `incomplete` only what it has and the table has not.
pub(crate) fn compare(
    stored: &Stored,
    rebuilt: &Stored,
    incomplete: bool,
    policy: Policy,
) -> Comparison {
    let mut all = Differences { found: Vec::new(), incomplete };
    all.values("leads to", lead(stored.joined.as_ref()), lead(rebuilt.joined.as_ref()));
    // What a name still holds beside that stands in the order it leads to, and depends on who was first.
    if stored.joined.is_some() && rebuilt.joined.is_some() {
        return Comparison { differences: all.found, today: None };
    }
    let (stored, rebuilt) = (&stored.order, &rebuilt.order);
    all.values("key", Some(stored.key().to_string()), Some(rebuilt.key().to_string()));
    all.values("registered", registered(stored), registered(rebuilt));
    all.maps("fact", &facts(stored, rebuilt), &facts(rebuilt, stored));
    // What a lost notification said of them nobody knows, nor what the provider did when it was asked.
    let was_asked = stored.facts().told().any(|(_, told)| told == Standing::Confirmed);
    if !incomplete && !was_asked {
        all.maps("detail", &details(stored), &details(rebuilt));
    }
    all.notifications(&notifications(stored, rebuilt), &notifications(rebuilt, stored));
    let names =
        |order: &Order| order.aliases().iter().map(|name| (name.clone(), String::new())).collect();
    all.maps("name", &names(stored), &names(rebuilt));
    let today = Today::of(stored, rebuilt, policy).filter(|_| all.found.is_empty());
    if today.is_none() {
        all.decisions(stored, rebuilt);
    }
    Comparison { differences: all.found, today }
}

/// The notifications of an order by what they state, without those in doubt that the other one does not list: a
/// form with more than one reading counts for nothing, and may have been forgotten, or have found no room.
fn notifications(order: &Order, other: &Order) -> BTreeMap<String, NotificationEntry> {
    let digests =
        |order: &Order| order.notifications().iter().map(NotificationEntry::digest).collect();
    let known: BTreeSet<String> = digests(other);
    let listed = order.notifications().iter().map(|told| (told.digest(), told.clone()));
    listed.filter(|(digest, told)| !told.standing.is_doubtful() || known.contains(digest)).collect()
}

/// Each member of what is said beyond the facts.
fn details(order: &Order) -> BTreeMap<String, String> {
    let known = order.details().iter();
    let known = known.map(|(kind, share, member, _, detail)| {
        (format!("{kind:?} {share} {member:?}").to_lowercase(), format!("{detail:?}"))
    });
    known.collect()
}

fn registered(order: &Order) -> Option<String> {
    order.registered().map(|r| format!("{} at {}", r.currency.display(r.amount), r.at))
}

fn lead(join: Option<&Alias>) -> Option<String> {
    join.map(|join| {
        format!(
            "{}{}",
            join.home,
            if join.weak { " (weak: claimed only by later operations)" } else { "" }
        )
    })
}

/// Each fact in words of its own, with the standing in which it was told, without those in doubt that the other
/// order does not have.
fn facts(order: &Order, other: &Order) -> BTreeMap<String, String> {
    let standing = |standing| match standing {
        Standing::Confirmed => "confirmed",
        Standing::Sound => "sound",
        Standing::Contradictory => "contradictory",
        Standing::Respellable => "respellable",
    };
    let facts = order.facts().told().filter(|(fact, told)| {
        !told.is_doubtful() || other.facts().knows(fact, Standing::Respellable)
    });
    facts.map(|(fact, told)| (words(fact), standing(told).to_owned())).collect()
}

/// All that a fact says: two that differ read differently.
fn words(fact: &Fact) -> String {
    match fact {
        Fact::Total(total) => {
            let amount = |amount: Option<u64>| {
                amount.map_or_else(|| "?".to_owned(), |a| total.currency.display(a).to_string())
            };
            let mut words = format!("total {}", amount(total.amount));
            let more = [
                ("first", total.first_instalment.map(|first| amount(Some(first)))),
                ("at most", total.largest_instalment.map(|most| amount(Some(most)))),
                ("of", total.of.clone()),
            ];
            for (name, value) in more {
                words.extend(value.map(|value| format!(", {name} {value}")));
            }
            words
        }
        Fact::Share(share) => {
            let money = |amount| share.currency.display(amount).to_string();
            let kind = format!("{:?}", share.kind).to_lowercase();
            let said = [share.said.word.clone(), share.said.code.map(|code| code.to_string())];
            let said = said.into_iter().flatten().chain(share.said.category.clone());
            let said = said.collect::<Vec<_>>().join("/");
            let mut words = format!(
                "{kind} {} {} {said}, share {}",
                share.method,
                money(share.amount),
                share.share
            );
            let attempted = Some(share.attempted.clone()).filter(|text| !text.is_empty());
            let more = [
                ("of", share.target.map(money)),
                ("reached", share.reached.map(money)),
                ("also named", share.other_name.clone()),
                ("of payment", share.payment.clone()),
                ("of series", share.series.clone()),
                ("operation", share.operation.clone()),
                ("number", share.number.clone()),
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

    fn notifications(
        &mut self,
        stored: &BTreeMap<String, NotificationEntry>,
        rebuilt: &BTreeMap<String, NotificationEntry>,
    ) {
        let digests: BTreeSet<&String> = stored.keys().chain(rebuilt.keys()).collect();
        for digest in digests {
            match (stored.get(digest), rebuilt.get(digest)) {
                (Some(stored), Some(rebuilt)) => self.notification(digest, stored, rebuilt),
                (stored, rebuilt) => {
                    let name = |received: Option<&NotificationEntry>| {
                        received.map(|r| r.event.to_string())
                    };
                    self.values(&format!("notification {digest}"), name(stored), name(rebuilt));
                }
            }
        }
    }

    fn notification(
        &mut self,
        digest: &str,
        stored: &NotificationEntry,
        rebuilt: &NotificationEntry,
    ) {
        // Of two bodies that say the same, the one that was stored first is listed.
        let raced = near(stored.received_at, rebuilt.received_at);
        let mut field = |name: &str, stored: String, rebuilt: String| {
            self.values(&format!("notification {digest} {name}"), Some(stored), Some(rebuilt));
        };
        if !raced {
            field("received_at", stored.received_at.to_string(), rebuilt.received_at.to_string());
            field("sha256", stored.sha256.clone(), rebuilt.sha256.clone());
        }
        if stored.sha256 == rebuilt.sha256 {
            field("event", stored.event.to_string(), rebuilt.event.to_string());
            let doubt = |received: &NotificationEntry| {
                received.doubt.as_ref().map_or_else(String::new, Remark::to_string)
            };
            field("doubt", doubt(stored), doubt(rebuilt));
        }
    }

    fn decisions(&mut self, stored: &Order, rebuilt: &Order) {
        let id = |order: &Order| order.fulfilment().map(|f| f.id.clone());
        self.values("fulfilment id", id(stored), id(rebuilt));
        if let (Some(stored), Some(rebuilt)) = (&stored.fulfilment(), &rebuilt.fulfilment()) {
            self.times("fulfilment decided_at", stored.decided_at, rebuilt.decided_at);
        }
        self.basis(stored, rebuilt);
        let amounts = |order: &Order| -> BTreeMap<String, String> {
            let value = |r: &Reversal| {
                let reason = format!("{:?}", r.reason).to_lowercase();
                format!("{} for share {}, {reason}", r.amount, r.share)
            };
            order.reversals().iter().map(|r| (r.id.clone(), value(r))).collect()
        };
        self.maps("reversal", &amounts(stored), &amounts(rebuilt));
        for reversal in stored.reversals() {
            if let Some(other) = rebuilt.reversals().iter().find(|other| other.id == reversal.id) {
                let field = format!("reversal {} decided_at", reversal.id);
                self.times(&field, reversal.decided_at, other.decided_at);
            }
        }
    }

    /// What the release rests on. What became known at the very moment of the release may be on either side.
    fn basis(&mut self, stored: &Order, rebuilt: &Order) {
        let gone = |order: &Order| -> BTreeMap<String, String> {
            order.basis().gone.keys().map(|name| (name.clone(), String::new())).collect()
        };
        let reserved = |order: &Order| -> BTreeMap<String, String> {
            let amounts = order.basis().reserved.iter();
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
    use quittance_core::fact::Total;
    use quittance_core::provider::{BadKeys, HeldKey, Keys, Profile};
    use quittance_core::{
        Currency, Kind, Meaning, Provider, Receipt, Said, ShareFact, Statement, stored,
    };
    use quittance_psp::lyra::Lyra;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_341_600 + seconds).unwrap()
    }

    fn captured() -> Statement {
        let currency = Currency::from_alpha("EUR").unwrap();
        let (share, said) = ("20261122-abc123-1".to_owned(), Said::word("CAPTURED"));
        let share = ShareFact::new(share, Kind::Debit, 500, currency, said);
        let total = Total::new(500, currency, &share.share);
        Statement {
            key: "systempay/12345678/test/A".parse().unwrap(),
            aliases: Vec::new(),
            follows: false,
            facts: vec![Fact::share(share.meaning(|told| Lyra.meaning(told))), Fact::Total(total)],
            standing: Standing::Sound,
            doubt: None,
            reasons: Vec::new(),
            details: Vec::new(),
            session_seconds: 600,
            event: Remark::plain("form"),
        }
    }

    /// An order that was told of the capture then, in a message of these bytes.
    fn order(received_at: i64, sha256: &str) -> Order {
        let statement = captured();
        let mut order = Order::new(statement.key.clone());
        let sha256 = sha256.to_owned();
        let receipt = Receipt { received_at: at(received_at), source: "webhook", sha256 };
        order.take(&statement, &receipt, Policy::default()).unwrap();
        order
    }

    fn item(order: Order) -> Stored {
        let version = Some(1);
        Stored {
            order,
            version,
            joined: None,
            former: None,
            repaired: false,
            mark: None,
            entry: None,
            asked: 0,
            ended_at: None,
        }
    }

    fn compared(stored: Order, rebuilt: Order) -> (Vec<String>, Option<Today>) {
        let Comparison { differences, today } =
            compare(&item(stored), &item(rebuilt), false, Policy::default());
        (differences.into_iter().map(|found| found.field).collect(), today)
    }

    #[test]
    fn only_what_a_race_can_have_done_is_no_difference() {
        let stored = || order(0, "x");
        assert_eq!(compared(stored(), order(10, "y")), (Vec::new(), None));
        let (fields, today) = compared(stored(), order(11, "y"));
        let names: Vec<_> = fields.iter().filter_map(|field| field.rsplit(' ').next()).collect();
        assert_eq!((names, today), (vec!["received_at", "sha256", "decided_at"], None));
    }

    /// Lyra, with a capture that is none.
    #[derive(Debug)]
    struct Stricter;

    impl Provider for Stricter {
        fn profile(&self) -> &'static Profile {
            Lyra.profile()
        }
        fn keys(&self, document: &str) -> Result<Box<dyn Keys>, BadKeys> {
            Lyra.keys(document)
        }
        fn describe(&self, document: &str) -> Result<Vec<HeldKey>, BadKeys> {
            Lyra.describe(document)
        }
        fn meaning(&self, told: &ShareFact) -> Meaning {
            Meaning { worth: told.amount, ..Meaning::default() }
        }
        fn sentence(&self, remark: &Remark) -> Option<String> {
            Lyra.sentence(remark)
        }
        fn line(
            &self,
            event: &Remark,
            shares: &[&ShareFact],
            reason: &dyn Fn(&ShareFact) -> Option<String>,
        ) -> String {
            Lyra.line(event, shares, reason)
        }
    }

    /// The order as a release with other tables reads it.
    fn read_by(order: &Order, provider: &'static dyn Provider) -> Order {
        let providers = Box::leak(Box::new([provider]));
        let bytes = stored::encode(order).unwrap();
        stored::decode(&bytes, order.key().clone(), providers).unwrap()
    }

    #[test]
    fn a_decision_by_other_rules_stays_and_is_no_difference() {
        let released = order(0, "x");
        let held = read_by(&released, &Stricter);
        let mut rebuilt = Order::new(released.key().clone());
        let mut statement = captured();
        let stricter = |fact: &Fact| match fact {
            Fact::Share(share) => {
                Fact::share(share.as_ref().clone().meaning(|told| Stricter.meaning(told)))
            }
            Fact::Total(_) => fact.clone(),
        };
        statement.facts = statement.facts.iter().map(stricter).collect();
        let receipt = Receipt { received_at: at(0), source: "webhook", sha256: "x".to_owned() };
        rebuilt.take(&statement, &receipt, Policy::default()).unwrap();
        assert!(held.fulfilment().is_some() && rebuilt.fulfilment().is_none());
        assert_eq!(compared(held, rebuilt.clone()), (Vec::new(), Some(Today::Held)));
        let due = read_by(&rebuilt, &Lyra);
        assert_eq!(compared(due, released), (Vec::new(), Some(Today::Due)));
    }
}
