//! The evidence of one order: one file with every message as it came, what was decided, and why; and the check of such a
//! file, the same for the command line and for a page in a browser. `docs/evidence.md` says what it proves.
//!
//! Bytes go in, a [`Verdict`] comes out. Nothing here performs I/O, reads a clock or holds a key.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

mod check;
mod file;
mod finding;
mod layout;
mod reread;
mod seal;
mod words;

pub use self::check::{Absent, Event, Proof, Proofs, Verdict, check};
pub use self::file::{
    Absence, Decision, Entry, Evidence, Kind, Listed, PolicyWords, Released, Reversed, Unwritable,
};
pub use self::finding::{Finding, Problem};
pub use self::seal::SCHEMA;
pub use self::words::Language;

/// Largest file that is checked, in bytes: an order lists at most some 500 messages of at most 256 KiB each.
pub const MAX_BYTES: usize = 128 * 1024 * 1024;

/// Messages that are handled at the same time may be stored in another order than they were archived: the one that loses
/// the race is stored up to so much later (a receiver gives up before the provider does, at ten seconds). Times of
/// decisions that differ by no more are the same.
pub const RACE_SECONDS: u64 = 10;

/// Where a message came from, as an order lists it: the provider sent it.
pub(crate) const WEBHOOK: &str = "webhook";

/// The same where the provider was asked.
pub(crate) const API: &str = "api";
