//! For tests only: what a PSP would send.
//!
//! Signing is written here once more, from the PSPs' documentation and without the core's code, so
//! that a mistake in the core cannot hide in its own tests. Nothing here is part of a deployed stack.
//!
//! What is behind a feature does use the code: it is shared by tests of several crates, and who does without
//! it does not compile it. A crate's own unit tests cannot use it, because to them the crate's types are
//! others.

#[cfg(feature = "adversary")]
pub mod adversary;
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "fakes")]
pub mod fakes;
#[cfg(feature = "engine")]
pub mod gate;
pub mod json;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod lyra;
pub mod private;
#[cfg(feature = "read")]
pub mod read;
pub mod samples;
mod sign;
pub mod worldline;

pub use self::sign::{
    form_body, form_body_sha1, rest_body, rest_body_of_bytes, url_encode, worldline_signature,
};

/// The demo Worldline key's id, as in the local defaults.
pub const KEY_ID: &str = "demo-key";

/// The demo Worldline secret.
pub const SECRET: &str = "demo-secret";

/// The demo Lyra site.
pub const SITE: &str = "12345678";

/// The demo site's form key for test mode.
pub const FORM_KEY: &str = "demoformkey0000";

/// The demo site's REST password for test mode.
pub const REST_PASSWORD: &str = "testpassword_demo";
