//! `quittance rebuild` without `--verify`: stores rebuilt orders where there are none, after a loss.

use std::process::ExitCode;

use quittance_aws::clock::now;
use quittance_aws::table::{Draft, Saved, Stored, Table};
use quittance_core::{Policy, Timestamp};
use serde_json::json;

use crate::operate::context::Context;
use crate::operate::rebuild::Rebuilt;
use crate::operate::terminal::{clean, count, counter, verdict};
use crate::{Failure, say};

/// What became of the rebuilt items.
#[derive(Default)]
struct Report {
    /// Stored, or to be stored.
    stored: Vec<String>,
    /// Left alone, because something is there.
    present: usize,
    /// Messages that the queue is told (again) of stored orders.
    unsent: usize,
}

/// Stores what is missing. The status is 1 when a notification could not be replayed.
pub(crate) async fn run(
    context: &Context,
    rebuilt: &Rebuilt,
    dry_run: bool,
    sent_before: Option<Timestamp>,
) -> Result<ExitCode, Failure> {
    let (table, policy) = (context.table(), context.settings.policy);
    let mut report = Report::default();
    let progress = counter(if dry_run { "looking" } else { "storing" });
    rebuilt
        .table()
        .each(async |page| {
            for (key, made) in page {
                let mut made = made?;
                made.version = None;
                mark(&mut made, sent_before);
                let absent = match dry_run {
                    true => table.load(&made.order.key).await?.version.is_none(),
                    false => store(&table, &made, policy).await? == Saved::Done,
                };
                report.add(key, &made, policy, absent);
                progress.inc(1);
            }
            Ok(())
        })
        .await?;
    progress.finish_and_clear();
    let skipped = rebuilt.skipped.len();
    if context.json {
        say(&json!({
            "dry_run": dry_run, "stored": report.stored, "present": report.present,
            "messages_to_send": report.unsent, "skipped": rebuilt.skipped,
        })
        .to_string());
    } else {
        report.show(dry_run, skipped);
    }
    Ok(verdict(skipped == 0))
}

/// Takes for sent what was decided before the loss, if told to.
fn mark(made: &mut Stored, sent_before: Option<Timestamp>) {
    let Some(before) = sent_before else {
        return;
    };
    let order = &mut made.order;
    let decisions = order.fulfilment.iter().map(|f| (&f.id, f.decided_at));
    let decisions = decisions.chain(order.reversals.iter().map(|r| (&r.id, r.decided_at)));
    let sent: Vec<(String, Timestamp)> = decisions
        .filter(|(_, decided_at)| *decided_at < before)
        .map(|(id, decided_at)| (id.clone(), decided_at))
        .collect();
    for (id, decided_at) in sent {
        order.mark_sent(&id, decided_at);
    }
}

/// Writes an item under the condition that there is none.
async fn store(
    table: &Table,
    made: &Stored,
    policy: Policy,
) -> Result<Saved, quittance_aws::StoreError> {
    match &made.joined {
        Some(join) => table.join(made, join).await,
        None => {
            let summary = made.order.summary(policy);
            let draft = Draft::new(&made.order, summary, policy, now())?;
            table.save(draft.marked(made.mark.clone()), None).await
        }
    }
}

impl Report {
    fn add(&mut self, key: String, made: &Stored, policy: Policy, absent: bool) {
        if !absent {
            self.present += 1;
            return;
        }
        if made.joined.is_none() {
            self.unsent += made.order.unsent_messages(policy, now()).len();
        }
        self.stored.push(key);
    }

    fn show(&self, dry_run: bool, skipped: usize) {
        for key in &self.stored {
            say(&clean(key));
        }
        let verb = if dry_run { "would be stored" } else { "stored" };
        say(&format!(
            "{} {verb}, {} there already and left alone; {} not replayed",
            count(self.stored.len(), "item"),
            self.present,
            count(skipped, "notification")
        ));
        if self.unsent > 0 {
            say(&format!(
                "{} for the queue: the table's stream sends them under the ids they had, and a consumer \
                 that remembers ids acts once. --sent-before takes older ones for sent",
                count(self.unsent, "message")
            ));
        }
    }
}
