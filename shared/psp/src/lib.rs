//! The payment service providers: one folder each.
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
mod text;
pub mod worldline;
