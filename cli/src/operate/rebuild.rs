//! `quittance rebuild`: orders anew from the archived notifications, in empty tables in memory, by the
//! functions that received them. With `--verify` they are compared with what is stored (I8), else what is
//! missing is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use indicatif::ProgressBar;
use quittance_aws::StoreError;
use quittance_aws::archive::{Archive, Contents, Wanted};
use quittance_aws::clock::now;
use quittance_aws::table::{Stored, Table};
use quittance_core::{OrderKey, Timestamp};
use serde::Serialize;

use crate::Failure;
use crate::operate::compare::{self, Difference};
use crate::operate::context::{Common, Context};
use crate::operate::orders::key;
use crate::operate::rehearsal::Rehearsal;
use crate::operate::replay::{again, names, of_names, time};
use crate::operate::replayer::{Became, Replayer};
use crate::operate::restore;
use crate::operate::terminal::{self, NOT_ALL, bar, clean, count, counter, note, verdict};
use crate::say;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Most rounds in which the names of an order lead to more names. One is all that was ever needed.
const MAX_ROUNDS: usize = 5;

/// Rebuild orders from the archive, and compare them or store those that are missing
///
/// The archive is replayed into empty tables in memory, with the keys and the policy of the environment.
#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    common: Common,
    /// Only this order, under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: Option<OrderKey>,
    /// Compare each order with the stored one, and change nothing
    #[arg(long)]
    verify: bool,
    /// Only say what would be stored
    #[arg(long, conflicts_with = "verify")]
    dry_run: bool,
    /// Take messages decided before this time as sent: without it, all are sent once more under the ids
    /// they had (RFC 3339)
    #[arg(long, value_parser = time, value_name = "TIME", conflicts_with = "verify")]
    sent_before: Option<Timestamp>,
}

/// Orders made anew, and what is known of how complete they are.
pub(crate) struct Rebuilt {
    /// The tables that hold them.
    pub(crate) rehearsal: Rehearsal,
    /// Which bodies the archive has, and when they came.
    archived: Listed,
    /// Which bodies were deleted on request.
    erased: BTreeSet<String>,
    /// What could not be replayed.
    pub(crate) skipped: Vec<Skipped>,
}

/// A notification that is archived and was not taken.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    kept_for: String,
    sha256: String,
    why: String,
}

/// Notifications by the digests of their bodies, with the times at which they came.
type Listed = BTreeMap<String, BTreeSet<Timestamp>>;

/// Verifies or restores.
pub(crate) async fn run(args: &Rebuild) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    context.policy_is_known()?;
    if !args.verify {
        let rebuilt = match &args.key {
            Some(key) => one(&context, key).await?,
            None => all(&context).await?,
        };
        return restore::run(&context, &rebuilt, args.dry_run, args.sent_before).await;
    }
    let mut report = Report::default();
    match &args.key {
        Some(key) => verify_one(&context, key, &mut report).await?,
        None => verify_all(&context, &mut report).await?,
    }
    if report.verified() == 0 && report.skipped.is_empty() {
        note("nothing is stored or archived there");
        return Ok(ExitCode::from(NOT_ALL));
    }
    report.print(context.json)?;
    Ok(verdict(report.is_well()))
}

/// Everything, from the whole archive.
async fn all(context: &Context) -> Result<Rebuilt, Failure> {
    let progress = counter("reading the archive");
    let wanted = Wanted::default();
    let contents = context.archive().scan(&wanted, |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let mut listed = Listed::new();
    let progress = counter("reading orders");
    context
        .table()
        .each(async |page| {
            progress.inc(page.len() as u64);
            for (_, stored) in page {
                // One that cannot be read is found when it is compared.
                if let Ok(stored) = stored {
                    list(&stored, &mut listed);
                }
            }
            Ok(())
        })
        .await?;
    progress.finish_and_clear();
    Rebuilt::from(context, contents, &listed).await
}

/// One order and whatever shares names or notifications with it.
async fn one(context: &Context, key: &OrderKey) -> Result<Rebuilt, Failure> {
    let (table, archive) = (context.table(), context.archive());
    let mut family = BTreeSet::from([key.clone()]);
    let mut rebuilt = None;
    for _ in 0..MAX_ROUNDS {
        let mut listed = Listed::new();
        for name in family.clone() {
            let Some(order) = readable(table.load_order(&name).await)? else {
                continue;
            };
            family.extend(names(&order.order, &name));
            list(&order, &mut listed);
        }
        // What is too old to be kept is not looked for.
        let looked_for: BTreeSet<&str> = listed
            .iter()
            .filter(|(_, times)| times.iter().any(|at| !is_expired(context, *at)))
            .map(|(sha256, _)| sha256.as_str())
            .collect();
        let contents = of_family(&archive, &mut family, &looked_for).await?;
        let made = Rebuilt::from(context, contents, &listed).await?;
        let before = family.len();
        made.rehearsal
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
    let progress = counter("looking for notifications kept elsewhere");
    let mut everywhere =
        archive.scan(&Wanted::default(), |seen| progress.set_position(seen)).await?;
    progress.finish_and_clear();
    let elsewhere = everywhere.places.iter().filter(|place| listed.contains(&*place.sha256));
    family.extend(elsewhere.filter_map(|place| place.order()));
    everywhere.places.retain(|place| {
        listed.contains(&*place.sha256) || place.order().is_some_and(|key| family.contains(&key))
    });
    Ok(everywhere)
}

/// An item that can be read; one that cannot is for the comparison to find.
fn readable(stored: Result<Stored, StoreError>) -> Result<Option<Stored>, StoreError> {
    match stored {
        Ok(stored) => Ok(Some(stored)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn list(stored: &Stored, listed: &mut Listed) {
    for received in &stored.order.notifications {
        listed.entry(received.sha256.clone()).or_default().insert(received.received_at);
    }
}

impl Rebuilt {
    /// Replays in the order of arrival into empty tables.
    async fn from(context: &Context, contents: Contents, listed: &Listed) -> Result<Self, Failure> {
        let rehearsal = Rehearsal::start(&context.settings).await?;
        let replayer = Replayer::new(context.rings().await, rehearsal.receiver.clone());
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
        let mut seen = BTreeSet::new();
        for place in &contents.places {
            progress.inc(1);
            // One body may be kept for several orders.
            let arrival = (&place.sha256, place.received_at);
            let times = (archived.get(&place.sha256), listed.get(&place.sha256));
            if seen.contains(&arrival) || was_never_stored(place.received_at, times) {
                continue;
            }
            let outcome = again(&archive, &replayer, place).await?;
            // One event that nobody could read went into quarantine the first time too. What could be read
            // then and cannot now is missing in its order, and is found there.
            if outcome.is_well() || outcome.became == Became::Quarantined {
                seen.insert(arrival);
            } else {
                skipped.push(Skipped::new(&place.partition, &place.sha256, &outcome.answer));
            }
        }
        progress.finish_and_clear();
        Ok(Self { rehearsal, archived, erased: contents.erased, skipped })
    }

    pub(crate) fn table(&self) -> &Table {
        &self.rehearsal.receiver.table
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
fn is_expired(context: &Context, at: Timestamp) -> bool {
    let kept = context.settings.raw_retention_days.map_or(0, |days| u64::from(days) * DAY);
    now().seconds_since(at) >= kept
}

impl Skipped {
    fn new(kept_for: &str, sha256: &str, why: &str) -> Self {
        Self { kept_for: kept_for.to_owned(), sha256: sha256.to_owned(), why: why.to_owned() }
    }
}

/// What the comparison found.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Orders and names of payments that are the same.
    identical: usize,
    /// Those of which part is known to be missing in the archive, and which do not contradict it.
    incomplete: Vec<Incomplete>,
    /// Those that are not the same.
    different: Vec<Different>,
    /// Archived notifications that could not be replayed.
    skipped: Vec<Skipped>,
}

/// An order that cannot be rebuilt whole.
#[derive(Debug, Serialize)]
struct Incomplete {
    key: String,
    /// How many notifications the order lists.
    listed: usize,
    /// How many of them are older than the retention.
    expired: usize,
    /// How many were deleted on request.
    erased: usize,
    /// How many are missing for no known reason.
    lost: usize,
}

#[derive(Debug, Serialize)]
struct Different {
    key: String,
    differences: Vec<Difference>,
}

async fn verify_one(context: &Context, key: &OrderKey, report: &mut Report) -> Result<(), Failure> {
    let rebuilt = one(context, key).await?;
    let mut keys = BTreeSet::new();
    rebuilt
        .table()
        .each(async |page| {
            keys.extend(page.into_iter().map(|(key, _)| key));
            Ok(())
        })
        .await?;
    keys.insert(key.to_string());
    if let Some(home) = readable(context.table().load_order(key).await)? {
        keys.extend(names(&home.order, key).iter().map(ToString::to_string));
    }
    for key in keys {
        let Ok(key) = key.parse::<OrderKey>() else { continue };
        let stored = context.table().load(&key).await;
        verify_item(context, &rebuilt, &key.to_string(), stored, report).await?;
    }
    report.skipped = rebuilt.skipped;
    Ok(())
}

async fn verify_all(context: &Context, report: &mut Report) -> Result<(), Failure> {
    let began = now();
    let mut rebuilt = all(context).await?;
    report.skipped = std::mem::take(&mut rebuilt.skipped);
    let progress = counter("comparing");
    let mut stored = BTreeSet::new();
    context
        .table()
        .each(async |page| {
            for (key, item) in page {
                verify_item(context, &rebuilt, &key, item, report).await?;
                stored.insert(key);
                progress.inc(1);
            }
            Ok(())
        })
        .await?;
    let mut missing = Vec::new();
    rebuilt
        .table()
        .each(async |page| {
            missing
                .extend(page.into_iter().map(|(key, _)| key).filter(|key| !stored.contains(key)));
            Ok(())
        })
        .await?;
    for key in missing.iter().filter_map(|key| key.parse::<OrderKey>().ok()) {
        let item = context.table().load(&key).await;
        verify_item(context, &rebuilt, &key.to_string(), item, report).await?;
    }
    progress.finish_and_clear();
    look_again(context, began, report, &progress).await
}

/// Verifies anew, each by itself, orders that changed while all were compared.
async fn look_again(
    context: &Context,
    began: Timestamp,
    report: &mut Report,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let suspects =
        report.different.iter().map(|d| &d.key).chain(report.incomplete.iter().map(|i| &i.key));
    let suspects: BTreeSet<OrderKey> = suspects.filter_map(|key| key.parse().ok()).collect();
    for key in suspects {
        let stored = readable(context.table().load_order(&key).await)?;
        let is_new = |order: &Stored| {
            order.order.notifications.iter().any(|received| received.received_at >= began)
        };
        if !stored.as_ref().is_some_and(is_new) {
            continue;
        }
        let name = key.to_string();
        report.different.retain(|different| different.key != name);
        report.incomplete.retain(|incomplete| incomplete.key != name);
        let rebuilt = one(context, &key).await?;
        verify_item(context, &rebuilt, &name, context.table().load(&key).await, report).await?;
        progress.inc(1);
    }
    Ok(())
}

/// Compares one item with what the archive makes of it.
async fn verify_item(
    context: &Context,
    rebuilt: &Rebuilt,
    key: &str,
    stored: Result<Stored, StoreError>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let different = |field: &str, stored: Option<String>, rebuilt: Option<String>| Different {
        key: key.to_owned(),
        differences: vec![Difference { field: field.to_owned(), stored, rebuilt }],
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(StoreError::Corrupt(why)) => {
            report.different.push(different("item", Some(why), None));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let Ok(name) = key.parse::<OrderKey>() else {
        report.different.push(different(
            "item",
            Some("not under the key of an order".to_owned()),
            None,
        ));
        return Ok(());
    };
    let made = rebuilt.table().load(&name).await?;
    if stored.version.is_none() {
        if made.version.is_some() {
            report.different.push(different("item", None, Some("an order".to_owned())));
        }
        return Ok(());
    }
    let mut missing = Incomplete::of(context, rebuilt, key, &stored);
    let mut differences = compare::differences(&stored, &made, missing.is_some());
    if let (false, Some(join)) = (differences.is_empty(), &stored.joined) {
        // A name is written for its order's notifications, which it does not list.
        let home = readable(context.table().load(&join.home).await)?;
        let of_home = home.and_then(|home| Incomplete::of(context, rebuilt, key, &home));
        missing = missing.or(of_home);
        differences = compare::differences(&stored, &made, missing.is_some());
    }
    match (differences.is_empty(), missing) {
        (false, _) => report.different.push(Different { key: key.to_owned(), differences }),
        (true, Some(missing)) => report.incomplete.push(missing),
        (true, None) => report.identical += 1,
    }
    Ok(())
}

impl Incomplete {
    /// What the archive no longer has of an order; `None` when it has everything.
    fn of(context: &Context, rebuilt: &Rebuilt, key: &str, stored: &Stored) -> Option<Self> {
        let notifications = &stored.order.notifications;
        let (listed, key) = (notifications.len(), key.to_owned());
        let mut missing = Self { key, listed, expired: 0, erased: 0, lost: 0 };
        for received in notifications {
            let sha256 = &received.sha256;
            let why = match () {
                () if rebuilt.archived.contains_key(sha256) => continue,
                () if rebuilt.erased.contains(sha256) => &mut missing.erased,
                () if is_expired(context, received.received_at) => &mut missing.expired,
                () => &mut missing.lost,
            };
            *why += 1;
        }
        (missing.expired + missing.erased + missing.lost > 0).then_some(missing)
    }
}

impl Report {
    fn verified(&self) -> usize {
        self.identical + self.incomplete.len() + self.different.len()
    }

    /// What is missing for a known reason is as it should be.
    fn is_well(&self) -> bool {
        let lost = self.incomplete.iter().any(|incomplete| incomplete.lost > 0);
        self.different.is_empty() && self.skipped.is_empty() && !lost
    }

    fn print(&self, json: bool) -> Result<(), Failure> {
        if json {
            return terminal::json(self);
        }
        for Skipped { kept_for, sha256, why } in &self.skipped {
            say(&format!("NOT REPLAYED  {} {sha256}: {}", clean(kept_for), clean(why)));
        }
        for Incomplete { key, listed, expired, erased, lost } in &self.incomplete {
            let mark = if *lost > 0 { "INCOMPLETE" } else { "incomplete" };
            let listed = count(*listed, "notification");
            say(&format!(
                "{mark}  {key}: of {listed} the archive lacks {expired} by age, {erased} erased on request, \
                 {lost} for no known reason; what it has agrees"
            ));
        }
        for Different { key, differences } in &self.different {
            say(&format!("DIFFERENT  {key}"));
            for Difference { field, stored, rebuilt } in differences {
                let value = |value: &Option<String>| {
                    value.as_deref().map_or_else(|| "nothing".to_owned(), clean)
                };
                say(&format!(
                    "    {}: stored {}, rebuilt {}",
                    clean(field),
                    value(stored),
                    value(rebuilt)
                ));
            }
        }
        say(&format!(
            "{} verified: {} identical, {} incomplete in the archive, {} different; {} not replayed",
            count(self.verified(), "item"),
            self.identical,
            self.incomplete.len(),
            self.different.len(),
            count(self.skipped.len(), "notification")
        ));
        Ok(())
    }
}
