//! The indexes of the order table: what their keys are.
//!
//! An index keeps the orders of one hash key in one partition, which takes a thousand writes a second. So each
//! hash key is spread over sixteen shards by a hash of the order's key, and a list merges them. The sort key is the
//! time of the last change with the beginning of that hash behind, so that no two orders are at the same place
//! and a page begins right behind the last order of the page before.

use quittance_core::crypto::sha256_hex;
use quittance_core::{OrderKey, Timestamp};

/// Index of orders by state.
pub const BY_STATE: &str = "by_state";

/// Sparse index of orders of which the queue has to be told something.
pub const BY_UNSENT: &str = "by_unsent";

/// Sparse index of orders about which the provider is to be asked, by when; and, apart from them, of desks.
pub const BY_DUE: &str = "by_due";

/// The shards of each hash key, by the first digit of an order's hash: sixteen partitions take 16,000 writes a
/// second, more than a table takes at AWS' default quotas.
pub(crate) const SHARDS: &str = "0123456789abcdef";

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
        self.0.chars().take(1).collect()
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
