//! What the fuzz targets share.
//!
//! Nothing here repeats the core's code: messages are decoded, signed and judged a second time, from the
//! PSPs' documentation, and what the core says is held against that.

pub mod gateway;
pub mod invariants;
pub mod mutate;
pub mod seeds;

use std::sync::LazyLock;

use quittance_core::Mode;
use quittance_core::crypto::Secret;
use quittance_psp::worldline;
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{KEY_ID, SECRET};

/// The id of a key that may speak for the demo merchant only, in production.
pub const BOUND_KEY_ID: &str = "bound-key";

/// That key's secret.
pub const BOUND_SECRET: &str = "bound-secret";

/// The demo key, and one that is bound to the demo merchant.
pub static WORLDLINE_KEYS: LazyLock<worldline::Keys> = LazyLock::new(|| {
    let key = |secret, mode, merchant| worldline::Key {
        secret: Secret::new(secret).expect("not empty"),
        mode,
        merchant,
    };
    worldline::Keys::new([
        (KEY_ID.to_owned(), key(SECRET, Mode::Test, None)),
        (BOUND_KEY_ID.to_owned(), key(BOUND_SECRET, Mode::Production, Some(MERCHANT.to_owned()))),
    ])
});

/// Whether this input is one of those that are looked at from every side: one in sixteen, by its bytes, so
/// that it is the same each time. What is quick is held of every input.
pub fn thorough(input: &[u8]) -> bool {
    let mixed = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| {
        (mixed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (mixed >> 32) % 16 == 0
}
