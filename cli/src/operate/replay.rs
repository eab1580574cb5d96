//! `quittance replay`: archived notifications once more through the functions, in the order of their
//! arrival, with what was answered and registered in between. What is known changes nothing.
//! Messages are not sent from here: what is newly decided is
//! unsent, and the table's stream wakes `dispatch` as ever.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use quittance_aws::StoreError;
use quittance_aws::archive::supplement::{Supplement, SupplementContent};
use quittance_aws::archive::{Archive, ArchiveFilter, ArchiveKey, Contents};
use quittance_aws::receive::Receiver;
use quittance_aws::table::Table;
use quittance_core::{OrderKey, Timestamp};
use serde_json::{Value, json};

use crate::operate::arguments::{key, time};
use crate::operate::context::{Common, Context};
use crate::operate::names::{all_names, of_names};
use crate::operate::rebuilt::Step;
use crate::operate::replayer::{ReplayResult, ReplayStatus, Replayer};
use crate::operate::scratch::ScratchTables;
use crate::operate::supplements::{self, words};
use crate::operate::terminal::{NOT_ALL, bar, clean, count, counter, verdict};
use crate::output::{Failure, note, say};

/// Process archived notifications again: those of one order, or of a range of time
///
/// Known facts change nothing, so a replay can be repeated. A replay sends no messages: the table's stream
/// does, as ever. Notifications that do not verify are listed and left out, and the status is 1.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["key", "from", "to"]).required(true).multiple(true)))]
pub(crate) struct Replay {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: Option<OrderKey>,
    /// Everything that arrived at this time or later (RFC 3339)
    #[arg(long, value_parser = time, conflicts_with = "key")]
    from: Option<Timestamp>,
    /// Everything that arrived before this time (RFC 3339)
    #[arg(long, value_parser = time, conflicts_with = "key")]
    to: Option<Timestamp>,
    /// Take also what nobody signed: what PSPs answered when they were asked, and what was registered. Whoever could write
    /// into the archive could have made it; where the order table was lost, there is nothing else
    #[arg(long)]
    unsigned: bool,
    /// Change nothing: show which verify, can be read, and add facts to their order
    #[arg(long)]
    dry_run: bool,
}

/// Replays. The status is 1 when one did not get where it belongs, or there was none.
pub(crate) async fn run(args: &Replay) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    let archive = context.archive();
    let mut contents = args.contents(&context, &archive).await?;
    if !args.unsigned && !contents.supplements.is_empty() {
        let left_out = contents.supplements.len();
        contents.supplements.clear();
        note(&format!(
            "{} left out (what PSPs answered, what was registered): --unsigned takes them",
            count(left_out, "unsigned item")
        ));
    }
    if contents.places.is_empty() && contents.supplements.is_empty() {
        note("there is nothing to replay");
        return Ok(ExitCode::from(NOT_ALL));
    }
    let scratch = ScratchTables::start(&context.settings).await?;
    let receiver = if args.dry_run { scratch.receiver.clone() } else { context.receiver()? };
    let replayer = Replayer::new(context.rings().await, receiver.clone());
    let (found, damaged) = supplements::read(&archive, &contents.supplements).await?;
    let found = supplements::without_known_prices(&context.table(), found).await?;
    let steps = Step::in_order(contents.places, found);
    let (json, dry_run, left) = (context.json, args.dry_run, steps.len());
    let mut report = Report { json, dry_run, left, ..Report::default() };
    for unreadable in contents.unreadable {
        report.failed(&unreadable, "the archived item cannot be read");
    }
    for place in damaged {
        report.failed(&place.partition, "the archived item cannot be read");
    }
    let bar = bar("replaying", left);
    let mut ended = Ok(());
    for step in &steps {
        let done = match step {
            Step::Arrival(place) => one(&context, &archive, &replayer, place, args.dry_run)
                .await
                .map(|(outcome, news)| bar.suspend(|| report.add(place, outcome, news))),
            Step::Supplement(supplement) => again(&context, &receiver, supplement, args.dry_run)
                .await
                .map(|is_news| bar.suspend(|| report.supplement(supplement, is_news))),
        };
        match done {
            Ok(()) => {}
            // Without a store there is no going on, but what was done is told.
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
        bar.inc(1);
        report.left -= 1;
    }
    bar.finish_and_clear();
    report.conclude();
    ended?;
    Ok(verdict(report.well))
}

impl Replay {
    async fn contents(&self, context: &Context, archive: &Archive) -> Result<Contents, Failure> {
        if let Some(key) = &self.key {
            let table = context.table();
            let order = table.load_order(key).await?.order;
            return Ok(of_names(archive, &all_names(&table, &order, key).await?).await?);
        }
        let bar = counter("searching the archive");
        let wanted = ArchiveFilter { from: self.from, to: self.to };
        let contents = archive.scan(&wanted, |seen| bar.set_position(seen)).await?;
        bar.finish_and_clear();
        Ok(contents)
    }
}

/// Replays one notification, and says whether it is news where nothing is to be changed.
async fn one(
    context: &Context,
    archive: &Archive,
    replayer: &Replayer,
    place: &ArchiveKey,
    dry_run: bool,
) -> Result<(ReplayResult, Option<bool>), StoreError> {
    let outcome = replayer.again(archive, place).await?;
    if !dry_run || !outcome.is_well() {
        return Ok((outcome, None));
    }
    match is_news(&context.table(), place).await {
        Ok(news) => Ok((outcome, news)),
        Err(StoreError::Corrupt(why)) => {
            let why = format!("its order cannot be read: {why}");
            Ok((ReplayResult::new(ReplayStatus::Failed, why), None))
        }
        Err(error) => Err(error),
    }
}

/// Takes a supplement once more, or says whether it would be news.
async fn again(
    context: &Context,
    receiver: &Receiver,
    supplement: &Supplement,
    dry_run: bool,
) -> Result<bool, StoreError> {
    let mut is_news = false;
    for word in words(supplement) {
        is_news |= match dry_run {
            true => word.is_news(&context.table()).await?,
            false => word.again(receiver).await?,
        };
    }
    Ok(is_news)
}

/// Whether the order does not list this notification yet; `None` for what is about no order.
async fn is_news(table: &Table, place: &ArchiveKey) -> Result<Option<bool>, StoreError> {
    let Some(key) = place.order() else {
        return Ok(None);
    };
    let order = table.load_order(&key).await?.order;
    Ok(Some(!order.notifications().iter().any(|listed| listed.sha256 == place.sha256)))
}

/// What came of all of them.
#[derive(Default)]
struct Report {
    json: bool,
    dry_run: bool,
    messages: Vec<Value>,
    counts: BTreeMap<ReplayStatus, usize>,
    /// Of answers and registered amounts by whether they are news.
    supplements: BTreeMap<bool, usize>,
    ill: usize,
    /// Those that are not reached yet.
    left: usize,
    well: bool,
}

impl Report {
    fn add(&mut self, place: &ArchiveKey, outcome: ReplayResult, news: Option<bool>) {
        let ReplayResult { became, answer, .. } = outcome;
        // What empty tables make of it is no news of its order.
        let (became, answer) = match news {
            Some(true) => {
                (ReplayStatus::Stored, "verified and read; its order gains facts".to_owned())
            }
            Some(false) => {
                (ReplayStatus::Known, "verified and read; its order knows them".to_owned())
            }
            None => (became, answer),
        };
        *self.counts.entry(became).or_default() += 1;
        self.ill += usize::from(!became.is_well());
        if self.json {
            self.messages.push(json!({
                "received_at": place.received_at, "kept_for": place.partition,
                "sha256": place.sha256, "became": became, "answer": answer, "news": news,
            }));
        } else {
            let short: String = place.sha256.chars().take(12).collect();
            let ArchiveKey { received_at, partition, .. } = place;
            say(&format!("{received_at}  {short}  {}  {}", clean(partition), clean(&answer)));
        }
    }

    fn supplement(&mut self, supplement: &Supplement, is_news: bool) {
        *self.supplements.entry(is_news).or_default() += 1;
        let ArchiveKey { received_at, partition, sha256, .. } = &supplement.place;
        let what = match supplement.content {
            SupplementContent::Answer { .. } => "what the PSP answered",
            SupplementContent::Registration { .. } => "what was registered",
        };
        let answer = format!("{what}: {}", if is_news { "news" } else { "known" });
        let became = if is_news { ReplayStatus::Stored } else { ReplayStatus::Known };
        if self.json {
            self.messages.push(json!({
                "received_at": received_at, "kept_for": partition, "sha256": sha256,
                "became": became, "answer": answer, "news": is_news,
            }));
        } else {
            let short: String = sha256.chars().take(12).collect();
            say(&format!("{received_at}  {short:12}  {}  {answer}", clean(partition)));
        }
    }

    fn failed(&mut self, what: &str, why: &str) {
        self.ill += 1;
        if self.json {
            self.messages
                .push(json!({"kept_for": what, "became": ReplayStatus::Refused, "answer": why}));
        } else {
            say(&format!("{}  {why}", clean(what)));
        }
    }

    fn conclude(&mut self) {
        self.well = self.ill == 0;
        let count_of = |became| self.counts.get(&became).copied().unwrap_or(0);
        let supplements = |is_news| self.supplements.get(&is_news).copied().unwrap_or(0);
        if self.json {
            say(&json!({
                "dry_run": self.dry_run, "messages": self.messages,
                "stored": count_of(ReplayStatus::Stored), "known": count_of(ReplayStatus::Known),
                "untracked": count_of(ReplayStatus::Untracked), "not_taken": self.ill,
                "supplements": {"stored": supplements(true), "known": supplements(false)},
                "not_reached": self.left,
            })
            .to_string());
            return;
        }
        let total: usize = self.counts.values().sum();
        let total = count(total, "notification");
        if self.dry_run {
            note("nothing was changed");
        }
        if self.left > 0 {
            say(&format!("ended early: {} not reached", count(self.left, "archived message")));
        }
        say(&format!(
            "{total} {}replayed: {} news, {} known, {} untracked, {} not taken",
            if self.dry_run { "to be " } else { "" },
            count_of(ReplayStatus::Stored),
            count_of(ReplayStatus::Known),
            count_of(ReplayStatus::Untracked),
            self.ill
        ));
        if !self.supplements.is_empty() {
            let (news, known) = (supplements(true), supplements(false));
            say(&format!("answers and registered amounts: {news} news, {known} known"));
        }
        let is_news = count_of(ReplayStatus::Stored) + supplements(true) > 0;
        if is_news && !self.dry_run {
            say("dispatch sends the new decisions; `unsent list` shows those that are not sent");
        }
    }
}
