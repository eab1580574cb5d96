//! The platform's server API: asking it, and telling it to move money. Nothing here makes a call.

mod act;
mod answer;
mod ask;
mod call;
pub mod checkout;
mod connection;
mod credentials;
mod facts;
mod failure;
mod merchants;
mod read;
mod signing;
mod sums;
mod write;

pub use self::call::{Endpoint, Request, idempotence_key};
pub use self::merchants::Merchants;
pub use self::signing::{Signed, date};
