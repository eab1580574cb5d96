//! What payment notifications mean.
//!
//! Bytes go in, decisions come out: a [`Provider`] proves that a
//! notification is genuine and reads it into a [`Statement`]; an [`Order`] is the set of the facts
//! stated about it; [`fold`](fold::fold) says what that set amounts to; [`Order::take`] decides
//! whether the order is to be released. Nothing here performs I/O, reads a clock or looks at the
//! environment: keys, time and policy are arguments, and the dependency list has nothing that could
//! fetch them.
//!
//! Amounts are integers in the currency's minor unit throughout.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::float_arithmetic
    )
)]

pub mod api;
pub mod bodies;
pub mod checkout;
pub mod claims;
pub mod concern;
pub mod content;
pub mod crypto;
mod decision;
pub mod desk;
pub mod details;
pub mod dispatch;
mod doubts;
pub mod explain;
pub mod fact;
pub mod fold;
mod ids;
pub mod key;
pub mod limits;
pub mod members;
pub mod message;
pub mod money;
pub mod notice;
pub mod order;
pub mod plan;
pub mod provider;
pub mod registered;
pub mod release;
pub mod remark;
pub mod rules;
pub mod schedule;
#[cfg(feature = "schema")]
mod schema;
pub mod statement;
pub mod stored;
pub mod text;
pub mod time;
pub mod told;
pub mod transcript;
pub mod versions;
pub mod view;
pub mod words;

pub use crate::claims::Claims;
pub use crate::content::{Content, Cover, Signed};
pub use crate::fact::{Fact, Flag, Kind, Meaning, Said, ShareFact, Standing, State, Status};
pub use crate::fold::{Policy, ReleaseOn, Summary};
pub use crate::key::{Mode, OrderKey, PaymentName, ProviderId};
pub use crate::money::Currency;
pub use crate::order::{Order, Outcome, Receipt};
pub use crate::provider::{Keys, Provider, Providers};
pub use crate::remark::Remark;
pub use crate::statement::{Reading, Statement, Unreadable};
pub use crate::time::Timestamp;
pub use crate::versions::Versioned;
pub use crate::view::OrderView;
pub use crate::words::Words;
#[cfg(feature = "schema")]
pub use schemars;
