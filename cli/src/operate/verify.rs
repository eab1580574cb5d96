//! `quittance rebuild --verify`: whether the stored orders are those that the archive makes (I8).

use std::collections::BTreeSet;
use std::process::ExitCode;

use indicatif::ProgressBar;
use quittance_aws::StoreError;
use quittance_aws::clock::now;
use quittance_aws::table::Stored;
use quittance_core::{OrderKey, Timestamp};
use serde::Serialize;

use crate::operate::compare::{Comparison, Difference, Today, compare};
use crate::operate::context::Context;
use crate::operate::names::names;
use crate::operate::rebuilt::{Rebuilt, Skipped, all, is_expired, one, readable};
use crate::operate::terminal::{self, NOT_ALL, clean, count, counter, verdict};
use crate::output::{Failure, note, say};

/// Compares one order, or all, and prints what was found.
pub(crate) async fn run(context: &Context, key: Option<&OrderKey>) -> Result<ExitCode, Failure> {
    let mut report = Report::default();
    match key {
        Some(key) => verify_one(context, key, &mut report).await?,
        None => verify_all(context, &mut report).await?,
    }
    if report.verified() == 0 && report.skipped.is_empty() {
        note("nothing is stored or archived for this key");
        return Ok(ExitCode::from(NOT_ALL));
    }
    report.print(context.json)?;
    Ok(verdict(report.is_well()))
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
    /// Those of which the same facts were decided otherwise than they would be today.
    decided_otherwise: Vec<Otherwise>,
    /// Archived notifications that could not be replayed.
    skipped: Vec<Skipped>,
}

/// An order that the rules of an earlier release or policy decided.
#[derive(Debug, Serialize)]
struct Otherwise {
    key: String,
    today: Today,
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
            let mut received =
                order.order.notifications().iter().map(|received| received.received_at);
            let registered = order.order.registered().map(|registered| registered.at);
            received.any(|at| at >= began) || registered.is_some_and(|at| at >= began)
        };
        if !stored.as_ref().is_some_and(is_new) {
            continue;
        }
        let name = key.to_string();
        report.different.retain(|different| different.key != name);
        report.incomplete.retain(|incomplete| incomplete.key != name);
        report.decided_otherwise.retain(|otherwise| otherwise.key != name);
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
    let policy = context.settings.policy;
    let mut compared = compare(&stored, &made, missing.is_some(), policy);
    if let (false, Some(join)) = (compared.differences.is_empty(), &stored.joined) {
        // A name is written for its order's notifications, which it does not list.
        let home = readable(context.table().load(&join.home).await)?;
        let of_home = home.and_then(|home| Incomplete::of(context, rebuilt, key, &home));
        missing = missing.or(of_home);
        compared = compare(&stored, &made, missing.is_some(), policy);
    }
    let Comparison { differences, today } = compared;
    report.decided_otherwise.extend(today.map(|today| Otherwise { key: key.to_owned(), today }));
    match (differences.is_empty(), missing) {
        (false, _) => report.different.push(Different { key: key.to_owned(), differences }),
        (true, Some(missing)) => report.incomplete.push(missing),
        (true, None) => report.identical += 1,
    }
    Ok(())
}

impl Incomplete {
    /// What the archive no longer has of what an order lists; `None` when it has everything.
    fn of(context: &Context, rebuilt: &Rebuilt, key: &str, stored: &Stored) -> Option<Self> {
        let notifications = stored.order.notifications();
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
        let due = self.decided_otherwise.iter().any(|order| order.today == Today::Due);
        self.different.is_empty() && self.skipped.is_empty() && !lost && !due
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
        for Otherwise { key, today } in &self.decided_otherwise {
            say(&match today {
                Today::Held => {
                    format!("earlier rules  {key}: released, but today's rules would hold it")
                }
                Today::Due => {
                    format!(
                        "EARLIER RULES  {key}: not released, but today's rules release it when a new fact arrives"
                    )
                }
            });
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
