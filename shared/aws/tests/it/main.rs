//! The adapters: one program, because linking the engine takes longer than running the tests.

mod caller;
mod keys;
mod posting;
mod store;
mod stream;
