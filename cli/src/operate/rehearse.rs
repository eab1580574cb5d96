//! `quittance rehearse`: which orders another policy, or another version, would decide otherwise. The whole archive is read
//! and verified once, and folded in memory; nothing is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use clap::Args;
use quittance_aws::archive::supplement::Supplement;
use quittance_aws::archive::{ArchivePage, Kept};
use quittance_aws::clock::now;
use quittance_aws::receive::WEBHOOK;
use quittance_core::claims::{End, Items};
use quittance_core::fold::{Confirm, Instalments};
use quittance_core::{Order, Policy, Reading, Receipt, ReleaseOn, Statement, Timestamp};
use quittance_psp::PROVIDERS;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, spawn_blocking};

use crate::keys::Rings;
use crate::operate::arguments::{policy, time};
use crate::operate::context::{Common, Context};
use crate::operate::known::Known;
use crate::operate::supplements::words;
use crate::operate::terminal::{clean, count, counter, json, rows, table, verdict};
use crate::output::{Failure, note};

/// List the orders that another policy, or another version, would decide otherwise
///
/// The archive is verified, read and folded in memory, under the policy of the stack and under the other one. Nothing is
/// changed.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    #[command(flatten)]
    common: Common,
    /// The other policy: when an order is released
    #[arg(long, value_parser = policy(ReleaseOn::EACH.map(ReleaseOn::as_str), ReleaseOn::from_word))]
    release_on: Option<ReleaseOn>,
    /// The other policy: which instalment is waited for
    #[arg(long, value_parser = policy(Instalments::EACH.map(Instalments::as_str), Instalments::from_word))]
    instalments: Option<Instalments>,
    /// The other policy: whose word releases an order
    #[arg(long, value_parser = policy(Confirm::EACH.map(Confirm::as_str), Confirm::from_word))]
    confirm: Option<Confirm>,
    /// The other version: its program, which is given the same stack and policy
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["release_on", "instalments", "confirm", "verdicts"])]
    with: Option<PathBuf>,
    /// Print what is decided of each order, one JSON document each: what --with reads
    #[arg(long)]
    verdicts: bool,
    /// Leave out what came at that time or later; a minute ago unless said
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
}

/// What is decided of an order, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verdict {
    order: String,
    state: String,
    expected: Option<u64>,
    captured: u64,
    refunded: u64,
    released: Option<Timestamp>,
    reversals: BTreeSet<(String, u64)>,
}

/// Verdicts by their orders' keys.
type Verdicts = BTreeMap<String, Verdict>;

/// What the archive has, read once.
#[derive(Default)]
struct Readings {
    /// In the order of arrival.
    arrivals: Vec<Arrival>,
    /// What was answered and registered, in that order.
    supplements: Vec<Supplement>,
    /// Those that are damaged, or that no key verifies any more.
    skipped: usize,
}

/// What a policy decides.
struct Decided {
    verdicts: Verdicts,
    /// Statements that no order had room for, or whose names lead round and round.
    refused: usize,
}

/// How long ago what is rehearsed ends, in seconds: two programs that read one after the other must read the same, and a
/// notification is archived some seconds before its order is written.
const SETTLED_SECONDS: i64 = 60;

/// What one notification says.
struct Arrival {
    sort: String,
    at: Timestamp,
    sha256: String,
    statements: Vec<Statement>,
}

/// An order of which two verdicts differ.
#[derive(Serialize)]
struct Difference<'a> {
    order: &'a str,
    now: Option<&'a Verdict>,
    then: Option<&'a Verdict>,
}

/// Rehearses.
pub(crate) async fn run(args: &Rehearse) -> Result<ExitCode, Failure> {
    let context = Context::open(&args.common).await?;
    context.policy_is_known()?;
    let policy = context.settings.policy;
    let other = args.other(policy);
    if policy.confirm == Confirm::Off && other.confirm == Confirm::Ask {
        return Err("what the PSPs would have said is not known of orders about which they were not asked: --confirm ask \
                    cannot be rehearsed where the policy is off"
            .into());
    }
    if args.with.is_none() && !args.verdicts && other == policy {
        return Err("the other policy is that of the stack: say --release-on, --instalments, --confirm or --with".into());
    }
    let began = Instant::now();
    let settled = Timestamp::from_unix(now().unix() - SETTLED_SECONDS);
    let until = args.until.or(settled).ok_or("there is no such time")?;
    // Another program does its work meanwhile.
    let theirs = match &args.with {
        Some(program) => Some((program, args.other_program(program, until)?)),
        None => None,
    };
    // Both are read at once, each in a thread: what takes time is reading, not waiting.
    let (table, runtime) = (context.table(), Handle::current());
    let known = spawn_blocking(move || runtime.block_on(Known::carried_by_all(&table)));
    let mut readings = readings(&context, until).await?;
    let mut known = known.await??.until(until);
    readings.supplements = known.settle(readings.supplements);
    let arrivals = readings.arrivals.len();
    if args.verdicts {
        let Decided { verdicts, refused } = decided(&readings, &known, policy);
        for verdict in verdicts.values() {
            json(verdict)?;
        }
        return Ok(verdict(is_all(readings.skipped, known.unreadable(), refused)));
    }
    let (ours, others, is_all_of_theirs) = match theirs {
        Some((program, child)) => {
            let ours = decided(&readings, &known, policy);
            let output = child.wait_with_output()?;
            let others = read(&output)?;
            // To say nothing of any order is not to decide all of them otherwise.
            if others.is_empty() && !ours.verdicts.is_empty() {
                return Err(format!("{} printed no verdicts", program.display()).into());
            }
            (ours, others, output.status.success())
        }
        None => std::thread::scope(|scope| {
            let others = scope.spawn(|| decided(&readings, &known, other));
            let ours = decided(&readings, &known, policy);
            let others = others.join().map_err(|_| "the rehearsal ended early")?;
            let is_all = others.refused == 0;
            Ok::<_, Failure>((ours, others.verdicts, is_all))
        })?,
    };
    let Decided { verdicts: ours, refused } = ours;
    let differences = differences(&ours, &others);
    print(args.common.json, &differences)?;
    let is_all = is_all(readings.skipped, known.unreadable(), refused) && is_all_of_theirs;
    note(&format!(
        "{} of {}, {:.1} s: {} decided otherwise",
        count(arrivals, "notification"),
        count(ours.len(), "order"),
        began.elapsed().as_secs_f64(),
        count(differences.len(), "order")
    ));
    Ok(verdict(differences.is_empty() && is_all))
}

/// Whether nothing is left out; says what is.
fn is_all(skipped: usize, unreadable: usize, refused: usize) -> bool {
    let left_out = [
        (skipped, "archived message", "damaged, or no key verifies them any more"),
        (unreadable, "order", "cannot be read: see `rebuild --verify`"),
        (refused, "statement", "no order has room for them, or their names lead nowhere"),
    ];
    for (number, what, why) in left_out {
        if number > 0 {
            note(&format!("{} left out: {why}", count(number, what)));
        }
    }
    left_out.iter().all(|(number, ..)| *number == 0)
}

impl Rehearse {
    fn other(&self, policy: Policy) -> Policy {
        let Policy { release_on, instalments, confirm } = policy;
        Policy {
            release_on: self.release_on.unwrap_or(release_on),
            instalments: self.instalments.unwrap_or(instalments),
            confirm: self.confirm.unwrap_or(confirm),
        }
    }

    /// Starts the other version on the same stack. It reads the environment that we have.
    fn other_program(
        &self,
        program: &PathBuf,
        until: Timestamp,
    ) -> Result<std::process::Child, Failure> {
        let mut command = std::process::Command::new(program);
        command.args(["rehearse", "--verdicts", "--until", &until.to_string()]);
        let stack = self.common.stack.as_ref().map(|stack| ["--stack", stack]);
        let local = self.common.local.as_ref().map(|local| ["--local", local]);
        command.args(stack.into_iter().chain(local).flatten());
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        started.map_err(|error| format!("{}: {error}", program.display()).into())
    }
}

/// Verifies and reads the whole archive.
async fn readings(context: &Context, until: Timestamp) -> Result<Readings, Failure> {
    let (rings, progress) =
        (std::sync::Arc::new(context.rings().await), counter("reading the archive"));
    let mut pages = JoinSet::new();
    let mut read = Readings::default();
    context
        .archive()
        .each(async |page| {
            progress.inc(page.len() as u64);
            let rings = rings.clone();
            pages.spawn(async move { understood(page, until, &rings).await });
            // What is read is smaller than what is kept.
            while let Some(done) = pages.try_join_next() {
                read.add(done?);
            }
            Ok::<(), Failure>(())
        })
        .await?;
    while let Some(done) = pages.join_next().await {
        read.add(done?);
    }
    progress.finish_and_clear();
    read.arrivals.sort_by(|one, other| one.sort.cmp(&other.sort));
    read.supplements.sort_by(|one, other| one.place.sort.cmp(&other.place.sort));
    Ok(read)
}

impl Readings {
    fn add(&mut self, other: Self) {
        self.arrivals.extend(other.arrivals);
        self.supplements.extend(other.supplements);
        self.skipped += other.skipped;
    }
}

/// What a page of the archive says that came before then.
async fn understood(page: ArchivePage, until: Timestamp, rings: &Rings) -> Readings {
    let mut read = Readings { arrivals: Vec::with_capacity(page.len()), ..Readings::default() };
    let is_meant = |kept: &Kept| !kept.as_ref().is_ok_and(|(place, _)| place.received_at >= until);
    for kept in page.kept().filter(is_meant) {
        match arrival(kept, rings).await {
            Some(arrival) => read.arrivals.push(arrival),
            None => read.skipped += 1,
        }
    }
    for supplement in page.supplements(PROVIDERS) {
        match supplement {
            Ok(supplement) if supplement.place.received_at >= until => {}
            Ok(supplement) => read.supplements.push(supplement.without_bytes()),
            Err(_) => read.skipped += 1,
        }
    }
    read
}

async fn arrival(kept: Kept, rings: &Rings) -> Option<Arrival> {
    let (place, kept) = kept.ok()?;
    let statements = rings.read(&kept).await?.into_iter().filter_map(|reading| match reading {
        Reading::Order(statement) => Some(*statement),
        Reading::Hint(_) | Reading::Untracked { .. } | Reading::Unreadable(_) => None,
    });
    let statements = statements.collect();
    Some(Arrival { sort: place.sort, at: kept.received_at, sha256: kept.sha256, statements })
}

/// What a policy decides of all that has come, with what was registered and told when asked in between.
fn decided(readings: &Readings, known: &Known, policy: Policy) -> Decided {
    let (mut items, mut refused) = (Items::default(), 0);
    let mut carried = known.carried().into_iter().peekable();
    let mut supplements = readings.supplements.iter().peekable();
    for Arrival { sort, at, sha256, statements } in &readings.arrivals {
        while let Some(next) = carried.next_if(|next| next.turn <= at.unix()) {
            next.word.again_in(&mut items, policy);
        }
        while let Some(next) = supplements.next_if(|next| next.place.sort < *sort) {
            words(next).into_iter().for_each(|word| word.again_in(&mut items, policy));
        }
        for statement in statements {
            let receipt = Receipt { received_at: *at, source: WEBHOOK, sha256: sha256.clone() };
            match items.take(statement, receipt, policy) {
                Some(End::Stored(_) | End::Known(_)) => {}
                Some(End::Full(_) | End::Astray(_)) | None => refused += 1,
            }
        }
    }
    supplements.flat_map(words).for_each(|word| word.again_in(&mut items, policy));
    carried.for_each(|next| next.word.again_in(&mut items, policy));
    let orders = items.iter().filter(|item| item.join.is_none() && !item.order.is_blank());
    let verdicts =
        orders.map(|item| (item.order.key().to_string(), Verdict::of(&item.order, policy)));
    Decided { verdicts: verdicts.collect(), refused }
}

impl Verdict {
    fn of(order: &Order, policy: Policy) -> Self {
        let summary = order.summary(policy);
        let reversals = order.reversals().iter();
        Self {
            order: order.key().to_string(),
            state: summary.state.as_str().to_owned(),
            expected: summary.expected,
            captured: summary.captured,
            refunded: summary.refunded,
            released: order.fulfilment().map(|release| release.decided_at),
            reversals: reversals.map(|reversal| (reversal.id.clone(), reversal.amount)).collect(),
        }
    }

    /// In words.
    fn say(&self) -> String {
        let released = match self.released {
            Some(at) => format!("released {at}"),
            None => "not released".to_owned(),
        };
        let of = self.expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
        let sums =
            format!("{}, {}{of} captured, {} refunded", self.state, self.captured, self.refunded);
        match self.reversals.len() {
            0 => format!("{released}; {sums}"),
            reversals => format!("{released}, {}; {sums}", count(reversals, "reversal")),
        }
    }
}

/// What another program printed.
fn read(output: &std::process::Output) -> Result<Verdicts, Failure> {
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err("the other program did not rehearse: see what it said above".into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read = text.lines().map(|line| {
        let verdict: Verdict = serde_json::from_str(line).map_err(|error| {
            format!("the other program prints no verdicts that are understood: {error}")
        })?;
        Ok((verdict.order.clone(), verdict))
    });
    read.collect()
}

fn differences<'a>(ours: &'a Verdicts, others: &'a Verdicts) -> Vec<Difference<'a>> {
    let orders: BTreeSet<&String> = ours.keys().chain(others.keys()).collect();
    let both = orders.into_iter().map(|order| Difference {
        order,
        now: ours.get(order),
        then: others.get(order),
    });
    both.filter(|difference| difference.now != difference.then).collect()
}

fn print(as_json: bool, differences: &[Difference<'_>]) -> Result<(), Failure> {
    if as_json {
        return json(&differences);
    }
    let mut shown = table(["order", "now", "then"]);
    let say_of =
        |verdict: Option<&Verdict>| verdict.map_or_else(|| "no order".to_owned(), Verdict::say);
    for Difference { order, now, then } in differences {
        shown.add_row([clean(order), say_of(*now), say_of(*then)]);
    }
    rows(&shown, "no order is decided otherwise");
    Ok(())
}
