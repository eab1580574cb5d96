//! The indexes of the order table: what their keys are.
//!
//! An index keeps what has one hash key in one partition, which takes a thousand writes a second. So each
//! hash key is spread over 32 shards by a hash of the order's key, and a list merges them. A sort key is a
//! time with the beginning of that hash behind, so that no two orders are at the same place
//! and a page begins right behind the last order of the page before.
//!
//! Each entry of an index is a write of its own, and an entry that moves is two. So an order stands in one index, under what
//! is to be done next, and in none once nothing is: see `Task`.

use quittance_core::crypto::sha256_hex;
use quittance_core::{Order, OrderKey, Summary, Timestamp};

/// Index of orders by state, which a table has where its owner wants lists at any size. Without it a list reads the
/// table.
pub const BY_STATE: &str = "by_state";

/// Sparse index of what is to be done, and when: see `Task`.
pub const DUE: &str = "due";

/// The shards of each hash key, by an order's hash: 32 partitions take 32,000 writes a second, and an order that is released
/// takes three. A table takes 40,000 at AWS' default quotas.
pub(crate) const SHARDS: &str = "0123456789abcdefghijklmnopqrstuv";

/// What is to be done with an order next, and the first part of its place in the index [`DUE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The queue is to be told a decision. Until it knows, nothing else is due: the provider is asked afterwards. Where that
    /// takes long, it is asked meanwhile, and the entry stays.
    Tell,
    /// The provider is to be asked.
    Ask,
    /// The provider is to be asked about an order whose captured voucher waits for its complement, and can be given back.
    Voucher,
    /// Refunds, captures or cancellations are to be gone on with: the entry of a desk.
    Pay,
}

impl Task {
    fn word(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Ask => "ask",
            Self::Voucher => "voucher",
            Self::Pay => "pay",
        }
    }

    /// Between which two sort keys stands what is due by then; all of it without a time.
    pub(crate) fn range(self, until: Option<Timestamp>) -> (String, String) {
        let word = self.word();
        // `$` is the character after `#`: whatever follows a time, or the word, is less.
        let end = until.map_or_else(|| format!("{word}$"), |until| format!("{word}#{until}$"));
        (format!("{word}#"), end)
    }
}

/// Where something stands in the index [`DUE`]: what is to be done, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(crate) task: Task,
    pub(crate) at: Timestamp,
}

impl Entry {
    /// Asking about an order at this time.
    pub(crate) fn ask(order: &Order, summary: &Summary, at: Timestamp, now: Timestamp) -> Self {
        let waits = order.fulfilment().is_none() && summary.voucher_waits.is_some();
        let can_go_back = order.voucher_is_lost_after().is_some_and(|lost| now < lost);
        Self { task: if waits && can_go_back { Task::Voucher } else { Task::Ask }, at }
    }

    /// Reads a sort key.
    pub(crate) fn read(sort_key: &str) -> Option<Self> {
        let (word, rest) = sort_key.split_once('#')?;
        let all = [Task::Tell, Task::Ask, Task::Voucher, Task::Pay];
        let task = all.into_iter().find(|task| task.word() == word)?;
        Some(Self { task, at: read_time(rest)? })
    }

    /// What stands in the index once this is to be done, in place of `before`. An ask that is planned already, and comes
    /// first, stays: an entry that moves is written twice, and the provider is asked a little earlier.
    pub(crate) fn instead_of(self, before: Option<Self>, now: Timestamp) -> Self {
        let stays =
            |before: &Self| before.task == self.task && (now..=self.at).contains(&before.at);
        before.filter(stays).unwrap_or(self)
    }
}

/// Digits of an order's hash behind the time of its last change.
const HASH_DIGITS: usize = 8;

/// Where an order stands in the indexes: the beginning of a hash of its key.
pub(crate) struct IndexPlace(String);

impl IndexPlace {
    pub(crate) fn of(key: &OrderKey) -> Self {
        let hash = sha256_hex(key.to_string().as_bytes());
        Self(hash.chars().take(HASH_DIGITS).collect())
    }

    /// The shard of the order.
    pub(crate) fn shard(&self) -> String {
        // Both numbers are small, and 32 divides 256: no shard has more than its part.
        let byte = self.0.get(..2).and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let shard = byte.and_then(|byte| SHARDS.chars().nth(byte % SHARDS.len()));
        shard.map(String::from).unwrap_or_default()
    }

    /// The sort key of an order that stands so in the index of what is due.
    pub(crate) fn due_at(&self, Entry { task, at }: Entry) -> String {
        format!("{}#{}", task.word(), self.updated_at(at))
    }

    /// The sort key of an order that was changed at this time.
    pub(crate) fn updated_at(&self, at: Timestamp) -> String {
        format!("{at}#{}", self.0)
    }
}

/// The time in a sort key.
pub(crate) fn read_time(sort_key: &str) -> Option<Timestamp> {
    let (at, hash) = sort_key.split_once('#')?;
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Timestamp::parse(at).filter(|_| is_hash)
}
