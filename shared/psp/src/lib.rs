//! The payment service providers: one folder each, with the same files, and [`PROVIDERS`], the only list of
//! them. No I/O, no clock, no environment.
//!
//! `docs/providers/adding.md` walks through a new folder.
#![warn(clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

pub mod lyra;
pub mod spot;
mod text;
pub mod worldline;

use quittance_core::provider::find;
use quittance_core::{Provider, ProviderId};

/// The secret of [`Provider::stand_in`]: everybody has it, so what it signs is signed by nobody.
const STAND_IN: &str = "everybody has this key";

/// Every provider. Whatever loops over the providers loops over this list.
pub static PROVIDERS: &[&dyn Provider] = &[&worldline::Worldline, &lyra::Lyra];

/// The provider with this word, if there is one.
pub fn provider(id: ProviderId) -> Option<&'static dyn Provider> {
    find(PROVIDERS, id)
}
