//! Whether verifying a signature takes a time that tells nothing of the secret, asked in two ways: `poisoned` has
//! memcheck watch every branch and every index, `timing` looks at the clock. Both run what receives
//! notifications, and both have to notice what is [`planted`].
//!
//! `.ci/constant-time` runs them.

pub mod memcheck;
pub mod messages;
pub mod planted;
pub mod ring;
