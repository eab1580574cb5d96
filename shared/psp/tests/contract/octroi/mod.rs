//! **Octroi**: a provider that does not exist, with the troublesome traits of those that do. The template for a
//! new folder; `docs/providers/adding.md` walks through its files.
//!
//! Its messages are JSON batches. Each element has a signature of its own (as at Adyen), so the batch must be
//! parsed before anything can be verified; a time is signed and must be near the arrival (as at Stripe); some
//! fields of an element are not signed; and some elements are bare ids that nobody signed (as at Mollie).

mod event;
mod profile;
pub(crate) mod samples;
mod signature;
mod status;
mod words;

pub(crate) use self::profile::Octroi;
