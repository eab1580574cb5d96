//! The operator's commands: look at a stack, and mend it. Against the local stack, a stack on AWS, or
//! whatever the environment names; see `docs/operations.md`.
//!
//! A command that handles notifications makes the functions of `functions/` handle them. Nothing here
//! verifies, reads or decides.

pub(crate) mod arguments;
pub(crate) mod compare;
pub(crate) mod context;
pub(crate) mod deployed;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod evidence;
pub(crate) mod expect;
pub(crate) mod finding;
pub(crate) mod forget;
pub(crate) mod keys;
pub(crate) mod known;
pub(crate) mod listen;
pub(crate) mod logs;
pub(crate) mod names;
pub(crate) mod orders;
pub(crate) mod quarantine;
pub(crate) mod rebuild;
pub(crate) mod rebuilt;
pub(crate) mod refund;
pub(crate) mod rehearse;
pub(crate) mod replay;
pub(crate) mod replayer;
pub(crate) mod report;
pub(crate) mod scratch;
pub(crate) mod seen;
pub(crate) mod settle;
pub(crate) mod show;
pub(crate) mod start;
pub(crate) mod supplements;
pub(crate) mod terminal;
pub(crate) mod tried;
pub(crate) mod ui;
pub(crate) mod unsent;
pub(crate) mod verify;
pub(crate) mod verify_file;
