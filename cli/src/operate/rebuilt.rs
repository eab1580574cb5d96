//! Orders anew from the archive, in empty tables in memory, by the functions that received them: from notifications, and
//! from what providers answered and what was registered in between. What of the latter only the stored orders know is taken
//! from them. They are compared with what is stored (I8); nothing is stored.

use std::collections::BTreeSet;

use quittance_aws::StoreError;
use quittance_aws::archive::supplement::Supplement;
use quittance_aws::archive::{Archive, ArchiveFilter, ArchiveKey, Contents};
use quittance_aws::clock::now;
use quittance_aws::table::{Stored, Table};
use quittance_core::{OrderKey, Timestamp};
use serde::Serialize;

use crate::operate::context::Context;
use crate::operate::known::{Known, Listed};
use crate::operate::names::{names, of_names};
use crate::operate::replayer::{ReplayStatus, Replayer};
use crate::operate::scratch::ScratchTables;
use crate::operate::supplements::{self, words};
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
    /// What was replayed, in its order, and what could not be replayed among it.
    pub(crate) steps: Vec<Step>,
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

/// Everything, from the whole archive.
pub(crate) async fn all(context: &Context) -> Result<Rebuilt, Failure> {
    let progress = counter("reading the archive");
    let wanted = ArchiveFilter::default();
    let contents = context.archive().scan(&wanted, |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let known = Known::of_all(&context.table()).await?;
    Rebuilt::from(context, contents, known).await
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
    let kept = contents.places.iter().chain(&contents.supplements);
    let here: BTreeSet<&str> = kept.map(|place| &*place.sha256).collect();
    if listed.iter().all(|sha256| here.contains(sha256) || contents.erased.contains(*sha256)) {
        return Ok(contents);
    }
    let progress = counter("looking for notifications archived under other keys");
    let mut everywhere =
        archive.scan(&ArchiveFilter::default(), |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let elsewhere = everywhere.places.iter().filter(|place| listed.contains(&*place.sha256));
    family.extend(elsewhere.filter_map(|place| place.order()));
    everywhere.retain(|place| {
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

/// What is archived, in the order of its arrival.
pub(crate) enum Step {
    /// A notification, replayed or not.
    Arrival(ArchiveKey),
    /// What was answered or registered.
    Supplement(Supplement),
}

impl Step {
    /// All of them, in the order of their arrival.
    pub(crate) fn in_order(places: Vec<ArchiveKey>, supplements: Vec<Supplement>) -> Vec<Self> {
        let supplements = supplements.into_iter().map(Self::Supplement);
        let mut all: Vec<Self> = places.into_iter().map(Self::Arrival).chain(supplements).collect();
        all.sort_by(|one, other| one.place().sort.cmp(&other.place().sort));
        all
    }

    pub(crate) fn place(&self) -> &ArchiveKey {
        match self {
            Self::Arrival(place) | Self::Supplement(Supplement { place, .. }) => place,
        }
    }
}

impl Rebuilt {
    /// Replays in the order of arrival into empty tables.
    async fn from(
        context: &Context,
        contents: Contents,
        mut known: Known,
    ) -> Result<Self, Failure> {
        let scratch = ScratchTables::start(&context.settings).await?;
        let receiver = &scratch.receiver;
        let replayer = Replayer::new(context.rings().await, scratch.receiver.clone());
        let archive = context.archive();
        let (supplements, damaged) = supplements::read(&archive, &contents.supplements).await?;
        let unreadable = damaged.iter().map(|place| format!("{} {}", place.partition, place.sort));
        let mut skipped: Vec<Skipped> = contents
            .unreadable
            .iter()
            .cloned()
            .chain(unreadable)
            .map(|item| Skipped::new(&item, "", "the archived item cannot be read"))
            .collect();
        let mut archived = Listed::new();
        let with_bytes = supplements.iter().map(|supplement| &supplement.place);
        for place in contents.places.iter().chain(with_bytes) {
            archived.entry(place.sha256.clone()).or_default().insert(place.received_at);
        }
        let all = Step::in_order(contents.places, known.settle(supplements));
        let progress = bar("replaying", all.len());
        let (mut seen, mut steps) = (BTreeSet::new(), Vec::with_capacity(all.len()));
        let mut carried = known.carried().into_iter().peekable();
        for step in all {
            progress.inc(1);
            let at = step.place().received_at.unix();
            while let Some(next) = carried.next_if(|next| next.turn <= at) {
                next.word.again(receiver).await?;
            }
            let place = match &step {
                Step::Arrival(place) => place,
                Step::Supplement(supplement) => {
                    for word in words(supplement) {
                        word.again(receiver).await?;
                    }
                    steps.push(step);
                    continue;
                }
            };
            // One body may be kept for several orders.
            let arrival = (place.sha256.clone(), place.received_at);
            let times = (archived.get(&place.sha256), known.listed.get(&place.sha256));
            if seen.contains(&arrival) || was_never_stored(place.received_at, times) {
                continue;
            }
            let outcome = replayer.again(&archive, place).await?;
            // One event that nobody could read went into quarantine the first time too. What could be read
            // then and cannot now is missing in its order, and is found there.
            if outcome.is_well() || outcome.became == ReplayStatus::Quarantined {
                seen.insert(arrival);
            } else {
                skipped.push(Skipped::new(&place.partition, &place.sha256, &outcome.answer));
            }
            steps.push(step);
        }
        for next in carried {
            next.word.again(receiver).await?;
        }
        progress.finish_and_clear();
        Ok(Self { scratch, archived, erased: contents.erased, skipped, steps, known })
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
