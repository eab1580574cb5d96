//! The function itself.

mod logs;
mod sources;
