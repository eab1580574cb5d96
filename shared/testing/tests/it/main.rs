//! The samples.

mod coverage;
mod current;
