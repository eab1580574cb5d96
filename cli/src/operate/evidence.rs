//! `quittance evidence`: why an order was released, as one file that is checked without us. See `docs/evidence.md`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use quittance_aws::StoreError;
use quittance_aws::archive::supplement::{Supplement, SupplementContent};
use quittance_aws::archive::{Archive, ArchiveKey, ArchivedNotification};
use quittance_aws::clock::now;
use quittance_aws::receive::API;
use quittance_aws::webhook::options;
use quittance_core::registered::Registered;
use quittance_core::told::Told;
use quittance_core::{Order, OrderKey, Reading};
use quittance_evidence::{Absence, Entry, Evidence, Kind};
use quittance_psp::{PROVIDERS, provider};

use crate::keys::Rings;
use crate::operate::arguments::key;
use crate::operate::context::{Common, Context};
use crate::operate::rebuilt::{Rebuilt, Step, is_expired, one};
use crate::operate::supplements::Word;
use crate::operate::terminal::{NOT_ALL, count};
use crate::operate::verify_file::{print, proofs};
use crate::output::{Failure, note};

/// Which program makes the files.
const MADE_BY: &str = concat!("quittance ", env!("CARGO_PKG_VERSION"));

/// Write one file that says why an order was released, with every message as it came
///
/// It holds personal data: what the PSP sent of the buyer. `quittance verify` checks it, and so does the page
/// evidence.html of a release, offline.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    #[command(flatten)]
    common: Common,
    /// The order under any of its names: psp/merchant/mode/order
    #[arg(value_parser = key)]
    key: OrderKey,
    /// Where to write; without it beside you, under the order's reference. No file is written over
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl EvidenceArgs {
    /// Writes the file, and checks it. The status is 1 where there is no order, or the file does not hold.
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let context = Context::open(&self.common).await?;
        context.policy_is_known()?;
        let stored = context.table().load_order(&self.key).await?;
        if stored.version.is_none() {
            note(&format!("no order is stored for {}", self.key));
            return Ok(ExitCode::from(NOT_ALL));
        }
        let evidence = of_order(&context, &stored.order).await?;
        let bytes = evidence.to_bytes()?;
        let path = self.to.clone().unwrap_or_else(|| name_of(stored.order.key()));
        let mut file = std::fs::File::create_new(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        let proofs = proofs(&evidence, &context.rings().await).await;
        let verdict = quittance_evidence::check(&bytes, PROVIDERS, Some(&proofs));
        print(&verdict, context.json, Some(&path))
    }
}

/// The file's name where none is said: a reference may be anything, a file's name not.
fn name_of(order: &OrderKey) -> PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = order.order.chars().map(safe).collect();
    PathBuf::from(format!("{}.evidence.json", name.trim_start_matches('.')))
}

/// The evidence of a stored order.
async fn of_order(context: &Context, order: &Order) -> Result<Evidence, Failure> {
    let rebuilt = one(context, order.key()).await?;
    let (archive, rings) = (context.archive(), context.rings().await);
    let mut evidence = Evidence::new(MADE_BY, now(), context.settings.policy, order, PROVIDERS);
    if let Some(provider) = provider(order.key().psp) {
        evidence.fields = options(provider.profile()).fields;
    }
    let mut between = absent(context, &rebuilt, order)?;
    for carried in rebuilt.known.carried() {
        let entry = carried_entry(context, &rebuilt, carried.word)?;
        between.push(Between { turn: carried.turn, before: None, entry });
    }
    // What was first of one second is kept as it is.
    between.sort_by_key(|between| between.turn);
    let (mut seen, mut damaged, mut forgotten) = (BTreeSet::new(), 0, 0);
    for step in &rebuilt.steps {
        let place = step.place();
        if matches!(step, Step::Arrival(_)) && !seen.insert((&place.sha256, place.received_at)) {
            continue;
        }
        between.retain(|between| {
            let is_next = between.is_before(place);
            if is_next {
                evidence.push(between.entry.clone());
            }
            !is_next
        });
        let place = match step {
            Step::Arrival(place) => place,
            Step::Supplement(supplement) => {
                evidence.push(supplement_entry(&archive, supplement).await?);
                continue;
            }
        };
        match archived(&archive, &rings, place, order).await? {
            Archived::Entry(entry) => evidence.push(*entry),
            Archived::Forgotten => forgotten += 1,
            Archived::Damaged => damaged += 1,
        }
    }
    between.into_iter().for_each(|between| evidence.push(between.entry));
    if forgotten > 0 {
        let what = count(forgotten, "notification");
        note(&format!("{what} with more than one reading left out: the order does not have them"));
    }
    if damaged > 0 {
        note(&format!("{} left out: they cannot be read", count(damaged, "archived item")));
    }
    Ok(evidence.described(order.key(), PROVIDERS).sealed()?)
}

/// What no archive has, in its turn.
struct Between {
    /// It comes before the arrivals of this second or later.
    turn: i64,
    /// The arrival before which the order lists it: within a second nothing else tells.
    before: Option<String>,
    entry: Entry,
}

impl Between {
    fn is_before(&self, place: &ArchiveKey) -> bool {
        match &self.before {
            Some(sha256) => *sha256 == place.sha256,
            None => self.turn <= place.received_at.unix(),
        }
    }
}

/// What the order lists and the archive lacks.
fn absent(context: &Context, rebuilt: &Rebuilt, order: &Order) -> Result<Vec<Between>, Failure> {
    let is_kept = |sha256: &String| rebuilt.archived.contains_key(sha256);
    let listed = Told::listed(order, |told| told.source != API);
    let mut all = Vec::new();
    for (at, told) in listed.iter().enumerate().filter(|(_, told)| !is_kept(&told.sha256)) {
        let why = why_absent(context, rebuilt, told);
        let next = listed.iter().skip(at).map(|told| &told.sha256).find(|sha256| is_kept(sha256));
        let entry = Entry::told(Kind::Notification, told, why, PROVIDERS)?;
        all.push(Between { turn: told.at.unix() + 1, before: next.cloned(), entry });
    }
    Ok(all)
}

fn why_absent(context: &Context, rebuilt: &Rebuilt, told: &Told) -> Absence {
    match () {
        () if rebuilt.erased.contains(&told.sha256) => Absence::Erased,
        () if is_expired(context, told.at) => Absence::Expired,
        () => Absence::Lost,
    }
}

/// What only the stored orders know.
fn carried_entry(context: &Context, rebuilt: &Rebuilt, word: Word<'_>) -> Result<Entry, Failure> {
    Ok(match word {
        Word::Price(key, registered) => price_entry(key, registered),
        Word::Told(told) => {
            Entry::told(Kind::Answer, told, why_absent(context, rebuilt, told), PROVIDERS)?
        }
    })
}

fn price_entry(key: &OrderKey, Registered { amount, currency, at }: Registered) -> Entry {
    Entry::registered(at, key, amount, currency.code())
}

async fn supplement_entry(archive: &Archive, supplement: &Supplement) -> Result<Entry, Failure> {
    let Supplement { place, content } = supplement;
    Ok(match content {
        SupplementContent::Registration { key, registered } => price_entry(key, *registered),
        SupplementContent::Answer { told, .. } => {
            let whole = archive.supplement(place, PROVIDERS).await?;
            let absence = if whole.is_some() { Absence::TooLarge } else { Absence::Lost };
            let transcript = whole.and_then(Supplement::transcript);
            let bytes = transcript.as_deref().ok_or(absence);
            Entry::answer(&place.partition, bytes, told, PROVIDERS)?
        }
    })
}

/// A notification as it is archived.
enum Archived {
    Entry(Box<Entry>),
    /// It counts for nothing, and the order has forgotten it or found no room for it.
    Forgotten,
    /// The item is not as it was written, or is gone.
    Damaged,
}

async fn archived(
    archive: &Archive,
    rings: &Rings,
    place: &ArchiveKey,
    order: &Order,
) -> Result<Archived, Failure> {
    let kept: ArchivedNotification = match archive.read(place).await {
        Ok(Some(kept)) => kept,
        Ok(None) | Err(StoreError::Corrupt(_)) => return Ok(Archived::Damaged),
        Err(error) => return Err(error.into()),
    };
    let mut entry = Entry::notification(kept.received_at, &place.partition, &kept.body);
    // As it was written down when it came: another digest of the body shows.
    entry.sha256 = Some(kept.sha256.clone());
    if let Some(proof) = rings.prove(&kept).await {
        let is_listed = order.notifications().iter().any(|told| told.sha256 == kept.sha256);
        if !is_listed && counts_for_nothing(&proof.readings) {
            return Ok(Archived::Forgotten);
        }
        entry.verified_by = Some(proof.key);
    }
    entry.headers = kept.headers;
    Ok(Archived::Entry(Box::new(entry)))
}

/// Whether all that a message states can be read in another way.
fn counts_for_nothing(readings: &[Reading]) -> bool {
    let is_doubtful =
        |reading: &Reading| matches!(reading, Reading::Order(said) if said.standing.is_doubtful());
    readings.iter().all(is_doubtful)
}
