//! `quittance orders erase`: what identifies a buyer is in the raw messages (notifications, and what PSPs answered), so these
//! are deleted.
//! The order stays, because a notification that comes again must not release it a second time; it holds
//! amounts, statuses and ids of payments.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use quittance_aws::archive::{Archive, ArchiveFilter, ArchiveKey};
use quittance_aws::clock::now;
use quittance_core::OrderKey;
use serde_json::json;

use crate::operate::arguments::key;
use crate::operate::context::Context;
use crate::operate::names::{names, of_names};
use crate::operate::terminal::{
    NOT_ALL, bar, clean, confirm, count, counter, rows, short, table, verdict,
};
use crate::output::{Failure, note, say};

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// Only show what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What is to be deleted.
struct Found {
    /// Every copy of every notification of the order, wherever it was kept.
    places: Vec<ArchiveKey>,
    /// Digests of their bodies.
    sha256s: BTreeSet<String>,
    /// Those that are in quarantine too.
    quarantined: Vec<String>,
    /// Items of the order that cannot be read, so that nobody knows what is in them: partition and sort key.
    unreadable: BTreeSet<String>,
}

/// Deletes, after asking. The status is 1 when there was nothing or something is left.
pub(crate) async fn run(context: &Context, args: &Erase) -> Result<ExitCode, Failure> {
    let archive = context.archive();
    let stored = context.table().load_order(&args.key).await?;
    let (known, order) = (stored.version.is_some(), stored.order);
    let listed = order.notifications().iter().map(|listed| listed.sha256.clone()).collect();
    let names = names(&order, &args.key);
    let found = Found::of(&archive, &names, listed).await?;
    if found.places.is_empty() && found.unreadable.is_empty() && !known {
        note(&format!("no order or notification is stored for {}", args.key));
        return Ok(ExitCode::from(NOT_ALL));
    }
    if !context.json {
        found.show();
    }
    let question = format!(
        "Delete {} of {}? This cannot be undone, and the order cannot be rebuilt without them.",
        count(found.places.len(), "raw message"),
        order.key()
    );
    let nothing = found.places.is_empty();
    if !nothing && !args.dry_run && !confirm(&question, args.yes)? {
        return Ok(ExitCode::from(NOT_ALL));
    }
    let deleted = if args.dry_run { 0 } else { found.delete(&archive, order.key()).await? };
    if context.json {
        say(&found.json(order.key(), deleted, args.dry_run).to_string());
    } else {
        found.conclude(deleted, args.dry_run);
    }
    Ok(verdict(found.quarantined.is_empty() && found.unreadable.is_empty()))
}

impl Found {
    /// What is kept under the order's names, and copies of it that were kept elsewhere: for another order
    /// in the same notification, or under the reference of a refund.
    async fn of(
        archive: &Archive,
        names: &BTreeSet<OrderKey>,
        mut sha256s: BTreeSet<String>,
    ) -> Result<Self, Failure> {
        let mut here = of_names(archive, names).await?;
        let kept = here.places.iter().chain(&here.supplements);
        sha256s.extend(kept.map(|place| place.sha256.clone()));
        // What was registered holds no personal data, and has no digest.
        sha256s.remove("");
        let bar = counter("searching the archive");
        let mut everything =
            archive.scan(&ArchiveFilter::default(), |seen| bar.set_position(seen)).await?;
        bar.finish_and_clear();
        // The scan may have missed what the consistent query saw, and the other way round.
        let unreadable_elsewhere = std::mem::take(&mut everything.unreadable);
        here.extend(everything);
        here.retain(|place| sha256s.contains(&place.sha256));
        let places: BTreeSet<ArchiveKey> =
            here.places.into_iter().chain(here.supplements).collect();
        let of_order =
            |item: &String| names.iter().any(|name| item.starts_with(&format!("{name} ")));
        let mut unreadable: BTreeSet<String> =
            unreadable_elsewhere.into_iter().filter(of_order).collect();
        unreadable.extend(here.unreadable);
        let mut quarantined = Vec::new();
        for name in names.iter().take(1) {
            let of_psp = archive.quarantined(name.psp).await?;
            let copies = of_psp.into_iter().map(|entry| entry.sha256);
            quarantined.extend(copies.filter(|sha256| sha256s.contains(sha256)));
        }
        let sha256s = places.iter().map(|place| place.sha256.clone()).collect();
        Ok(Self { places: places.into_iter().collect(), sha256s, quarantined, unreadable })
    }

    async fn delete(&self, archive: &Archive, order: &OrderKey) -> Result<usize, Failure> {
        if self.places.is_empty() {
            return Ok(0);
        }
        // First: who dies in between has at least said why something is missing.
        archive.note_erasure(order, &self.sha256s, now()).await?;
        let bar = bar("deleting", self.places.len());
        let mut deleted = 0;
        for place in &self.places {
            deleted += usize::from(archive.delete(place).await?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(deleted)
    }

    fn show(&self) {
        let mut listed = table(["received", "kept for", "sha256"]);
        for place in &self.places {
            listed.add_row([
                place.received_at.to_string(),
                clean(&place.partition),
                short(&place.sha256),
            ]);
        }
        rows(&listed, "no raw messages of this order are kept");
    }

    fn json(&self, order: &OrderKey, deleted: usize, dry_run: bool) -> serde_json::Value {
        let places = self.places.iter().map(|place| {
            json!({
                "received_at": place.received_at, "kept_for": place.partition, "sha256": place.sha256,
            })
        });
        json!({
            "order": order.to_string(), "dry_run": dry_run, "deleted": deleted,
            "notifications": places.collect::<Vec<_>>(), "still_in_quarantine": self.quarantined,
            "unreadable": self.unreadable,
        })
    }

    fn conclude(&self, deleted: usize, dry_run: bool) {
        if dry_run {
            say(&format!("{} would be deleted", count(self.places.len(), "raw message")));
        } else {
            say(&format!("{} deleted", count(deleted, "raw message")));
        }
        say("kept: the order's amounts, prices, statuses and payment ids, which hold no names");
        say("not searched: notifications in quarantine, which name no order");
        for item in &self.unreadable {
            say(&format!("NOT DELETED, the item cannot be read: {}", clean(item)));
        }
        for sha256 in &self.quarantined {
            say(&format!("still in quarantine, the same body: {sha256}; see `quarantine show`"));
        }
    }
}
