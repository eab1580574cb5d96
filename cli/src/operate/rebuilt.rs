//! Orders anew from the archived notifications, in empty tables in memory, by the functions that received them, with
//! what only the stored orders know in between: what was registered, and what providers said when they were asked. They are
//! compared with what is stored (I8); nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use quittance_aws::StoreError;
use quittance_aws::amend::{Amender, Price};
use quittance_aws::archive::{Archive, ArchiveFilter, ArchiveKey, Contents};
use quittance_aws::clock::now;
use quittance_aws::receive::{API, Receiver};
use quittance_aws::table::{Stored, Table};
use quittance_core::claims::Items;
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{OrderKey, Policy, Receipt, Timestamp};
use serde::Serialize;

use crate::operate::context::Context;
use crate::operate::names::{names, of_names};
use crate::operate::replayer::{ReplayStatus, Replayer};
use crate::operate::scratch::ScratchTables;
use crate::operate::terminal::{bar, counter};
use crate::output::Failure;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Most rounds in which the names of an order lead to more names. One is all that was ever needed.
const MAX_ROUNDS: usize = 5;

/// Orders made anew, and what is known of how complete they are.
pub(crate) struct Rebuilt {
    /// The tables that hold them.
    pub(crate) scratch: ScratchTables,
    /// Which bodies the archive has, and when they came.
    pub(crate) archived: Listed,
    /// Which bodies were deleted on request.
    pub(crate) erased: BTreeSet<String>,
    /// What could not be replayed.
    pub(crate) skipped: Vec<Skipped>,
    /// The arrivals that were replayed, in their order, those that could not be replayed among them.
    pub(crate) arrivals: Vec<ArchiveKey>,
    /// What was done anew in between.
    pub(crate) known: Known,
}

/// A notification that is archived and was not taken.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) kept_for: String,
    pub(crate) sha256: String,
    pub(crate) why: String,
}

/// Notifications by the digests of their bodies, with the times at which they came.
pub(crate) type Listed = BTreeMap<String, BTreeSet<Timestamp>>;

/// What only the stored orders know: which arrivals they list, what the merchant registered, and what providers
/// said when they were asked. That is no notification, so the archive does not have it.
#[derive(Default)]
pub(crate) struct Known {
    listed: Listed,
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

/// Everything, from the whole archive.
pub(crate) async fn all(context: &Context) -> Result<Rebuilt, Failure> {
    let progress = counter("reading the archive");
    let wanted = ArchiveFilter::default();
    let contents = context.archive().scan(&wanted, |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let known = known(context).await?;
    Rebuilt::from(context, contents, known).await
}

/// What all stored orders know and no archive has, and which notifications they list.
async fn known(context: &Context) -> Result<Known, Failure> {
    let heard = |known: &mut Known, stored: &Stored| {
        known.list(stored);
        known.note(stored);
    };
    known_by(&context.table(), heard).await
}

/// What all stored orders know and no archive has, without what they list.
pub(crate) async fn carried(table: &Table) -> Result<Known, Failure> {
    known_by(table, Known::note).await
}

async fn known_by(table: &Table, hear: impl Fn(&mut Known, &Stored)) -> Result<Known, Failure> {
    let mut known = Known::default();
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

/// One order and whatever shares names or notifications with it.
pub(crate) async fn one(context: &Context, key: &OrderKey) -> Result<Rebuilt, Failure> {
    let (table, archive) = (context.table(), context.archive());
    let mut family = BTreeSet::from([key.clone()]);
    let mut rebuilt = None;
    for _ in 0..MAX_ROUNDS {
        let mut known = Known::default();
        for name in family.clone() {
            let Some(order) = readable(table.load_order(&name).await)? else {
                continue;
            };
            family.extend(names(&order.order, &name));
            known.list(&order);
        }
        // What is too old to be kept is not looked for.
        let looked_for: BTreeSet<&str> = known
            .listed
            .iter()
            .filter(|(_, times)| times.iter().any(|at| !is_expired(context, *at)))
            .map(|(sha256, _)| sha256.as_str())
            .collect();
        let contents = of_family(&archive, &mut family, &looked_for).await?;
        for name in &family {
            if let Some(item) = readable(table.load(name).await)? {
                known.note(&item);
            }
        }
        let made = Rebuilt::from(context, contents, known).await?;
        let before = family.len();
        made.scratch
            .receiver
            .table
            .each(async |page| {
                family.extend(page.iter().filter_map(|(key, _)| key.parse::<OrderKey>().ok()));
                Ok(())
            })
            .await?;
        rebuilt = Some(made);
        if family.len() == before {
            break;
        }
    }
    rebuilt.ok_or_else(|| "nothing was rebuilt".into())
}

/// What is archived under the names of a family. What its orders list and these do not have is looked for
/// everywhere: the first news of a refund may have been kept under a reference of its own.
async fn of_family(
    archive: &Archive,
    family: &mut BTreeSet<OrderKey>,
    listed: &BTreeSet<&str>,
) -> Result<Contents, Failure> {
    let contents = of_names(archive, family).await?;
    let here: BTreeSet<&str> = contents.places.iter().map(|place| &*place.sha256).collect();
    if listed.iter().all(|sha256| here.contains(sha256) || contents.erased.contains(*sha256)) {
        return Ok(contents);
    }
    let progress = counter("looking for notifications archived under other keys");
    let mut everywhere =
        archive.scan(&ArchiveFilter::default(), |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let elsewhere = everywhere.places.iter().filter(|place| listed.contains(&*place.sha256));
    family.extend(elsewhere.filter_map(|place| place.order()));
    everywhere.places.retain(|place| {
        listed.contains(&*place.sha256) || place.order().is_some_and(|key| family.contains(&key))
    });
    Ok(everywhere)
}

/// An item that can be read; one that cannot is for the comparison to find.
pub(crate) fn readable(stored: Result<Stored, StoreError>) -> Result<Option<Stored>, StoreError> {
    match stored {
        Ok(stored) => Ok(Some(stored)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Known {
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

    fn list(&mut self, stored: &Stored) {
        for received in stored.order.notifications().iter().filter(|told| told.source != API) {
            let times = self.listed.entry(received.sha256.clone()).or_default();
            times.insert(received.received_at);
        }
    }

    /// Notes what one item itself has.
    fn note(&mut self, stored: &Stored) {
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

    /// What is to be done anew, in the order of its turns. What an order took over from a name of its payment
    /// was registered under the name, and is taken over once more.
    pub(crate) fn carried(&self) -> Vec<Carried<'_>> {
        let taken_over = |price: &&Registrable| {
            let of_name = |other: &Registrable| {
                other.home.as_ref() == Some(&price.key) && other.registered == price.registered
            };
            self.prices.iter().any(of_name)
        };
        let prices = self.prices.iter().filter(|price| !taken_over(price)).map(Carried::Price);
        let mut carried: Vec<_> = prices.chain(self.told.iter().map(Carried::Told)).collect();
        carried.sort_by_key(Carried::turn);
        carried
    }
}

/// What no archive has, to be done anew in its turn.
pub(crate) enum Carried<'a> {
    Price(&'a Registrable),
    Told(&'a Told),
}

impl Carried<'_> {
    /// The arrivals before which it is done anew: those of this second or later.
    pub(crate) fn turn(&self) -> i64 {
        match self {
            Self::Price(price) => price.turn(),
            // Of one second the notification was first, or it would have told nothing new.
            Self::Told(told) => told.at.unix() + 1,
        }
    }

    /// The same in memory.
    pub(crate) fn again_in(&self, items: &mut Items, policy: Policy) {
        match self {
            Self::Price(Registrable { key, registered, .. }) => {
                items.register(key, *registered, policy);
            }
            Self::Told(Told { statement, at, sha256 }) => {
                let receipt = Receipt { received_at: *at, source: API, sha256: sha256.clone() };
                items.take(statement, receipt, policy);
            }
        }
    }

    async fn again(&self, receiver: &Receiver, amender: &Amender) -> Result<(), Failure> {
        match self {
            Self::Price(price) => price.again(amender).await,
            Self::Told(told) => {
                receiver.learn(&told.statement, told.at, &told.sha256).await?;
                Ok(())
            }
        }
    }
}

impl Registrable {
    /// The arrivals before which it is registered anew: those of this second or later. Of two things within
    /// a second nobody knows which was first, but an order that was released by then was so without it.
    fn turn(&self) -> i64 {
        self.registered.at.unix() + i64::from(self.after_release)
    }

    async fn again(&self, amender: &Amender) -> Result<(), Failure> {
        let Registered { amount, currency, at } = self.registered;
        // What is no price was never registered, and what is refused now is found when it is compared.
        if let Some(price) = Price::new(amount, currency) {
            amender.register(&self.key, price, at, None).await?;
        }
        Ok(())
    }
}

impl Rebuilt {
    /// Replays in the order of arrival into empty tables.
    async fn from(context: &Context, contents: Contents, known: Known) -> Result<Self, Failure> {
        let scratch = ScratchTables::start(&context.settings).await?;
        let receiver = &scratch.receiver;
        let Receiver { table, policy, .. } = receiver.clone();
        let amender = Amender { table, policy };
        let replayer = Replayer::new(context.rings().await, scratch.receiver.clone());
        let archive = context.archive();
        let mut skipped: Vec<Skipped> = contents
            .unreadable
            .iter()
            .map(|item| Skipped::new(item, "", "the archived item cannot be read"))
            .collect();
        let mut archived = Listed::new();
        for place in &contents.places {
            archived.entry(place.sha256.clone()).or_default().insert(place.received_at);
        }
        let progress = bar("replaying", contents.places.len());
        let (mut seen, mut arrivals) = (BTreeSet::new(), Vec::new());
        let mut carried = known.carried().into_iter().peekable();
        for place in &contents.places {
            progress.inc(1);
            let at = place.received_at.unix();
            while let Some(next) = carried.next_if(|next| next.turn() <= at) {
                next.again(receiver, &amender).await?;
            }
            // One body may be kept for several orders.
            let arrival = (&place.sha256, place.received_at);
            let times = (archived.get(&place.sha256), known.listed.get(&place.sha256));
            if seen.contains(&arrival) || was_never_stored(place.received_at, times) {
                continue;
            }
            arrivals.push(place.clone());
            let outcome = replayer.again(&archive, place).await?;
            // One event that nobody could read went into quarantine the first time too. What could be read
            // then and cannot now is missing in its order, and is found there.
            if outcome.is_well() || outcome.became == ReplayStatus::Quarantined {
                seen.insert(arrival);
            } else {
                skipped.push(Skipped::new(&place.partition, &place.sha256, &outcome.answer));
            }
        }
        for next in carried {
            next.again(receiver, &amender).await?;
        }
        progress.finish_and_clear();
        Ok(Self { scratch, archived, erased: contents.erased, skipped, arrivals, known })
    }

    pub(crate) fn table(&self) -> &Table {
        &self.scratch.receiver.table
    }
}

/// Whether an arrival at that time was archived and not stored: the PSP sent the same body once more, and
/// it is that arrival which the order lists. Given are the times at which the body was archived and those
/// that are listed.
fn was_never_stored(
    at: Timestamp,
    (archived, listed): (Option<&BTreeSet<Timestamp>>, Option<&BTreeSet<Timestamp>>),
) -> bool {
    let (Some(archived), Some(listed)) = (archived, listed) else {
        return false;
    };
    !listed.contains(&at) && listed.intersection(archived).next().is_some()
}

/// Whether what came then is older than anything is kept.
pub(crate) fn is_expired(context: &Context, at: Timestamp) -> bool {
    let kept = context.settings.raw_retention_days.map_or(0, |days| u64::from(days) * DAY);
    now().seconds_since(at) >= kept
}

impl Skipped {
    fn new(kept_for: &str, sha256: &str, why: &str) -> Self {
        Self { kept_for: kept_for.to_owned(), sha256: sha256.to_owned(), why: why.to_owned() }
    }
}
