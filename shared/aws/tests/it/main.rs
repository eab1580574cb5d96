//! The adapters: one program, because linking the engine takes longer than running the tests.

mod keys;
mod store;
