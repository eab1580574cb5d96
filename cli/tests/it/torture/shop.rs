//! A shop that is told of payments, with the failures that are asked for. What leaves is a line in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long its work takes where it leaves others room meanwhile: longer than a sender without patience stays.
const WORK: Duration = Duration::from_millis(200);

/// A failure of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// What has no signature is believed.
    SignatureOptional,
    /// As many characters of the signature are compared as came.
    ComparesWhatCame,
    /// The signature is checked over JSON that was read and written again.
    WritesAgain,
    /// Of two signatures the first alone is looked at.
    FirstSignature,
    /// The time of the signature is not looked at.
    AnyTime,
    /// What the provider signed for the browser is believed.
    BrowserReturn,
    /// The last of repeated fields counts, whatever was signed.
    LastField,
    /// An event that it does not know is answered with 400.
    RefusesUnknown,
    /// The word of the type or the status counts, and no other member.
    OneWord,
    /// Money that is reserved counts as taken.
    ReservedIsTaken,
    /// What came is not compared with what was to be paid.
    AnyAmount,
    /// Currencies are not compared.
    AnyCurrency,
    /// A refund is a payment: its status says captured, too.
    RefundPays,
    /// What it remembers are ids of deliveries, not orders.
    ByDelivery,
    /// It remembers in memory alone.
    InMemory,
    /// It looks, works, and remembers afterwards.
    LooksThenActs,
    /// It remembers, works afterwards, and gives up where the sender goes away.
    RemembersFirst,
    /// A refusal closes the order.
    RefusalCloses,
}

/// The failures of one receiver.
pub(crate) type Faults = BTreeSet<Fault>;

/// What a message says, in the words of no provider.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The id of the delivery, of the payment, and of the order.
    pub(crate) delivery: String,
    pub(crate) payment: String,
    pub(crate) order: String,
    pub(crate) what: What,
    /// What came, and what was to be paid.
    pub(crate) amount: u64,
    pub(crate) due: u64,
    pub(crate) currency: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Paid,
    Reserved,
    Refused,
    GivenBack,
    Other,
}

/// What the shop knows.
#[derive(Debug, Default)]
struct Known {
    seen: BTreeSet<String>,
    closed: BTreeSet<String>,
    orders: BTreeMap<String, Account>,
    /// The order that each payment was first told for.
    payments: BTreeMap<String, String>,
}

/// What came for an order and went back by payment, in which currencies, and the most that was to be paid.
#[derive(Debug, Default)]
struct Account {
    came: BTreeMap<String, u64>,
    back: BTreeMap<String, u64>,
    currencies: BTreeSet<String>,
    due: u64,
}

pub(crate) struct Shop {
    faults: Faults,
    effects: PathBuf,
    restarted: PathBuf,
    known: Mutex<Known>,
}

impl Shop {
    /// A shop whose files are in this folder.
    pub(crate) fn new(faults: &Faults, folder: &Path) -> Self {
        let effects = folder.join("effects");
        std::fs::write(&effects, "").expect("a file");
        let (faults, restarted) = (faults.clone(), folder.join("restarted"));
        Self { faults, effects, restarted, known: Mutex::default() }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Takes what a genuine message says.
    pub(crate) async fn take(&self, told: Told) {
        if self.restarted.exists() {
            std::fs::remove_file(&self.restarted).expect("it was there");
            if self.has(Fault::InMemory) {
                self.known().seen.clear();
            }
        }
        let Some(key) = self.due(&told) else { return };
        if self.has(Fault::LooksThenActs) && !self.known().seen.contains(&key) {
            tokio::time::sleep(WORK).await;
            self.release(&told.order);
            self.known().seen.insert(key);
        } else if self.has(Fault::RemembersFirst) {
            if self.known().seen.insert(key) {
                tokio::time::sleep(WORK).await;
                self.release(&told.order);
            }
        } else {
            let mut known = self.known();
            if known.seen.insert(key) {
                self.release(&told.order);
            }
        }
    }

    /// Under which name a release is remembered that is due now.
    fn due(&self, told: &Told) -> Option<String> {
        let mut guard = self.known();
        let known = &mut *guard;
        let first = known.payments.entry(told.payment.clone());
        if *first.or_insert_with(|| told.order.clone()) != told.order {
            return None;
        }
        let account = known.orders.entry(told.order.clone()).or_default();
        account.due = told.due.max(account.due);
        account.currencies.insert(told.currency.clone());
        let is_paid = match told.what {
            What::Paid => true,
            What::Reserved => self.has(Fault::ReservedIsTaken),
            What::Refused => {
                known.closed.insert(told.order.clone());
                false
            }
            What::GivenBack => {
                account.back.insert(told.payment.clone(), told.amount);
                false
            }
            What::Other => false,
        };
        if !is_paid || self.has(Fault::RefusalCloses) && known.closed.contains(&told.order) {
            return None;
        }
        account.came.insert(told.payment.clone(), told.amount);
        let sum = |amounts: &BTreeMap<String, u64>| amounts.values().sum::<u64>();
        let kept = sum(&account.came).saturating_sub(sum(&account.back));
        let is_any = self.has(Fault::AnyAmount) && account.back.is_empty();
        let is_whole = is_any || kept >= account.due && account.due > 0;
        let is_one = self.has(Fault::AnyCurrency) || account.currencies.len() == 1;
        let key = if self.has(Fault::ByDelivery) { &told.delivery } else { &told.order };
        (is_whole && is_one).then(|| key.clone())
    }

    fn release(&self, order: &str) {
        let file = std::fs::OpenOptions::new().append(true).open(&self.effects);
        writeln!(file.expect("the file"), "{order}").expect("written");
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
