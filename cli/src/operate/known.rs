//! What the stored orders know, held against what is archived beside the notifications: what to take once more where, when
//! orders are made anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::slice;

use quittance_aws::archive::supplement::{Supplement, SupplementContent};
use quittance_aws::receive::API;
use quittance_aws::table::{Stored, Table};
use quittance_core::fact::digest;
use quittance_core::key::Account;
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{OrderKey, Timestamp};

use crate::operate::supplements::{Word, words};
use crate::operate::terminal::counter;
use crate::output::Failure;

/// Notifications and answers by the digests of their bodies, with the times at which they came.
pub(crate) type Listed = BTreeMap<String, BTreeSet<Timestamp>>;

/// What the stored orders know: which arrivals they list, and of what the merchant registered and providers answered what
/// the archive does not have (any more).
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) listed: Listed,
    /// The keys of all items.
    items: HashSet<OrderKey>,
    prices: Vec<Registrable>,
    told: Vec<Told>,
    unreadable: usize,
}

/// What was registered for an order, to be registered anew in its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registrable {
    pub(crate) key: OrderKey,
    /// The order that this is only a name of, if so.
    home: Option<OrderKey>,
    pub(crate) registered: Registered,
    /// Whether the order had been released before.
    after_release: bool,
}

impl Known {
    /// What all stored orders know, and what they list.
    pub(crate) async fn of_all(table: &Table) -> Result<Self, Failure> {
        let hear = |known: &mut Self, stored: &Stored| {
            known.list(stored);
            known.note(stored);
        };
        Self::by(table, hear).await
    }

    /// What all stored orders know, without what they list.
    pub(crate) async fn carried_by_all(table: &Table) -> Result<Self, Failure> {
        Self::by(table, Self::note).await
    }

    async fn by(table: &Table, hear: impl Fn(&mut Self, &Stored)) -> Result<Self, Failure> {
        let mut known = Self::default();
        let progress = counter("reading orders");
        table
            .each(async |page| {
                progress.inc(page.len() as u64);
                for (_, stored) in page {
                    // One that cannot be read is found when it is compared.
                    match stored {
                        Ok(stored) => hear(&mut known, &stored),
                        Err(_) => known.unreadable += 1,
                    }
                }
                Ok(())
            })
            .await?;
        progress.finish_and_clear();
        Ok(known)
    }

    /// The same without what was registered or told at that time or later.
    pub(crate) fn until(mut self, until: Timestamp) -> Self {
        self.prices.retain(|price| price.registered.at < until);
        self.told.retain(|told| told.at < until);
        self
    }

    /// How many stored orders could not be read.
    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable
    }

    pub(crate) fn list(&mut self, stored: &Stored) {
        for received in stored.order.notifications() {
            let times = self.listed.entry(received.sha256.clone()).or_default();
            times.insert(received.received_at);
        }
    }

    /// Notes what one item itself has.
    pub(crate) fn note(&mut self, stored: &Stored) {
        if stored.version.is_some() {
            self.items.insert(stored.order.key().clone());
        }
        self.note_price(stored);
        // What a name held is in the order that it leads to.
        if stored.joined.is_none() {
            self.told.extend(Told::when_asked(&stored.order, API));
        }
    }

    fn note_price(&mut self, stored: &Stored) {
        let Some(registered) = stored.order.registered() else { return };
        let home = stored.joined.as_ref().map(|join| join.home.clone());
        let released = stored.order.fulfilment().map(|release| release.decided_at);
        let after_release = released.is_some_and(|at| at <= registered.at);
        let key = stored.order.key().clone();
        self.prices.push(Registrable { key, home, registered, after_release });
    }

    /// Holds what is archived against what the orders know: what is archived is left out here, and returned is what counts of
    /// it. Of an answer that is what was stored, too: whoever dies in between hears the same once more. Of what was registered
    /// it is what the order does not know, because it is gone: an order has the price that counts, and its second.
    pub(crate) fn settle(&mut self, archived: Vec<Supplement>) -> Vec<Supplement> {
        // An order that took over what a name of its payment had registered does so once more.
        let of_names = self.prices.iter();
        let of_names = of_names.filter_map(|price| Some(price.under(price.home.as_ref()?)));
        let of_names: HashSet<Price> = of_names.collect();
        self.prices.retain(|price| !of_names.contains(&price.under(&price.key)));
        let told: HashMap<Statement, &Told> = self
            .told
            .iter()
            .filter(|told| !told.sha256.is_empty())
            .map(|told| (statement_of(told), told))
            .collect();
        let counts = archived.into_iter().filter_map(|it| self.what_counts(it, &told));
        let counts: Vec<Supplement> = counts.collect();
        let (mut answers, mut facts) = (HashSet::new(), HashSet::new());
        for word in counts.iter().flat_map(words) {
            if let Word::Told(told) = word {
                answers.insert((told.sha256.clone(), digest(&told.statement.facts)));
                let account = told.statement.key.account();
                let each = told.statement.facts.iter();
                facts.extend(each.map(|fact| (account.clone(), digest(slice::from_ref(fact)))));
            }
        }
        self.told.retain(|told| {
            let digest = digest(&told.statement.facts);
            !match told.sha256.as_str() {
                // One fact, of which the order does not list who confirmed it.
                "" => facts.contains(&(told.statement.key.account(), digest)),
                sha256 => answers.contains(&(sha256.to_owned(), digest)),
            }
        });
        counts
    }

    /// What counts of a supplement; `None` where nothing does.
    fn what_counts(
        &self,
        supplement: Supplement,
        told: &HashMap<Statement, &Told>,
    ) -> Option<Supplement> {
        let Supplement { place, content } = supplement;
        let content = match content {
            SupplementContent::Registration { ref key, .. } => {
                (!self.items.contains(key)).then_some(content)?
            }
            SupplementContent::Answer { transcript, told: mut said } => {
                // Where the order lists a later answer for the same, nothing came of this one.
                said.retain(|said| {
                    let listed = told.get(&statement_of(said));
                    listed.is_none_or(|it| it.sha256 == said.sha256 || it.at < said.at)
                });
                (!said.is_empty())
                    .then_some(SupplementContent::Answer { transcript, told: said })?
            }
        };
        Some(Supplement { place, content })
    }

    /// What is to be taken once more, in the order of its turns.
    pub(crate) fn carried(&self) -> Vec<Carried<'_>> {
        let prices = self.prices.iter().map(|price| Carried {
            turn: price.turn(),
            word: Word::Price(&price.key, price.registered),
        });
        // Of one second the notification was first, or it would have told nothing new.
        let told = self.told.iter();
        let told = told.map(|told| Carried { turn: told.at.unix() + 1, word: Word::Told(told) });
        let mut carried: Vec<_> = prices.chain(told).collect();
        carried.sort_by_key(|carried| carried.turn);
        carried
    }
}

/// Whose statement it is, and the digest of what is stated.
type Statement = (Account, String);

fn statement_of(told: &Told) -> Statement {
    (told.statement.key.account(), digest(&told.statement.facts))
}

/// What no archive has, to be taken once more in its turn.
pub(crate) struct Carried<'a> {
    /// The arrivals before which it is: those of this second or later.
    pub(crate) turn: i64,
    pub(crate) word: Word<'a>,
}

/// What was registered under a name: how much of what, and when.
type Price = (OrderKey, u64, &'static str, i64);

impl Registrable {
    fn under(&self, key: &OrderKey) -> Price {
        let Registered { amount, currency, at } = self.registered;
        (key.clone(), amount, currency.code(), at.unix())
    }

    /// The arrivals before which it is registered anew: those of this second or later. Of two things within
    /// a second nobody knows which was first, but an order that was released by then was so without it.
    fn turn(&self) -> i64 {
        self.registered.at.unix() + i64::from(self.after_release)
    }
}

#[cfg(test)]
mod tests {
    use quittance_aws::archive::ArchiveKey;
    use quittance_core::{Currency, Standing, Statement as Said};
    use quittance_testing::lyra::Form;
    use quittance_testing::read::{read_lyra, statement};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_341_600 + seconds).unwrap()
    }

    fn place(seconds: i64, sha256: &str) -> ArchiveKey {
        ArchiveKey {
            sort: format!("{seconds:020}/{sha256}"),
            partition: "systempay/12345678/test/CMD-1".to_owned(),
            sha256: sha256.to_owned(),
            received_at: at(seconds),
        }
    }

    fn told(seconds: i64, sha256: &str, status: &str) -> Told {
        let form = Form::single("CMD-1", "abc123", "CB", 500, status);
        let said = statement(read_lyra(&form.body()));
        let statement = Said { standing: Standing::Confirmed, ..said };
        Told { statement, at: at(seconds), sha256: sha256.to_owned() }
    }

    fn answer(seconds: i64, sha256: &str, status: &str) -> Supplement {
        let told = vec![told(seconds, sha256, status)];
        let content = SupplementContent::Answer { transcript: None, told };
        Supplement { place: place(seconds, sha256), content }
    }

    fn price(seconds: i64, amount: u64) -> Supplement {
        let currency = Currency::from_alpha("EUR").unwrap();
        let registered = Registered { amount, currency, at: at(seconds) };
        let key = "systempay/12345678/test/CMD-1".parse().unwrap();
        let content = SupplementContent::Registration { key, registered };
        Supplement { place: place(seconds, ""), content }
    }

    fn known(told: Vec<Told>) -> Known {
        Known { told, ..Known::default() }
    }

    #[test]
    fn of_two_answers_for_the_same_the_one_counts_that_the_order_lists() {
        let archived = vec![answer(0, "aa", "CAPTURED"), answer(60, "bb", "CAPTURED")];
        let mut orders = known(vec![told(60, "bb", "CAPTURED")]);
        assert_eq!(orders.settle(archived.clone()), archived[1..]);
        assert!(orders.carried().is_empty(), "what is archived is not carried");
        // The order lists the first: the second confirmed it, or told nothing.
        let mut orders = known(vec![told(0, "aa", "CAPTURED")]);
        assert_eq!(orders.settle(archived.clone()), archived);
        // Nothing is known of an order that is gone.
        assert_eq!(known(Vec::new()).settle(archived.clone()), archived);
        // An answer for something else is none for the same.
        let other = vec![answer(0, "aa", "AUTHORISED")];
        let mut orders = known(vec![told(60, "bb", "CAPTURED")]);
        assert_eq!(orders.settle(other.clone()), other);
        assert_eq!(orders.carried().len(), 1, "what is not archived is carried");
    }

    #[test]
    fn what_was_confirmed_and_listed_for_nobody_is_carried_unless_an_archived_answer_says_it() {
        let confirmed = || {
            let mut told = told(60, "", "CAPTURED");
            told.statement.facts.truncate(1);
            told
        };
        let mut orders = known(vec![confirmed()]);
        orders.settle(vec![answer(30, "aa", "CAPTURED")]);
        assert!(orders.carried().is_empty());
        let mut orders = known(vec![confirmed()]);
        orders.settle(vec![answer(30, "aa", "AUTHORISED")]);
        assert_eq!(orders.carried().len(), 1);
    }

    #[test]
    fn an_order_knows_its_price_and_one_that_is_gone_has_those_of_the_archive() {
        let archived = vec![price(0, 500), price(0, 700), price(60, 600)];
        assert_eq!(Known::default().settle(archived.clone()), archived);
        let items = ["systempay/12345678/test/CMD-1".parse().unwrap()].into();
        assert_eq!(Known { items, ..Known::default() }.settle(archived), []);
    }
}
