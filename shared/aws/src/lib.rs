//! Adapters between the core and the world: the order table, the raw archive, the fulfilment queue,
//! HTTP, sources, configuration. Nothing here knows a PSP; nothing here decides.

#![warn(clippy::missing_errors_doc)]

pub mod amend;
pub mod apis;
pub mod archive;
pub mod ask;
pub mod batch;
pub mod caller;
pub mod checkouts;
pub mod clients;
pub mod clock;
pub mod config;
pub mod desks;
mod due;
mod error;
pub mod http;
pub mod index;
mod item;
pub mod keys;
pub mod lists;
pub mod measure;
pub mod names;
pub mod notices;
pub mod outbox;
mod patience;
pub mod pay;
pub mod postbox;
pub mod posted;
pub mod queue;
pub mod receive;
pub mod room;
pub mod schema;
pub mod shop;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod sources;
pub mod start;
pub mod table;
pub mod telemetry;
pub mod trace;
pub mod turns;
pub mod unarchived;
pub mod webhook;

pub use crate::error::StoreError;
