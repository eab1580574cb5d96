//! The gateway's web services (REST V4) and its payment form, as calls that somebody else sends. (lyra.md 13)
//!
//! `ask` and `act` are the dialogues, `listed` makes facts of what is answered, `envelope` and `errors` tell how a
//! call went. [`checkout`] starts payments, and [`returns`] says whether what a browser brings back is genuine.

mod act;
mod ask;
mod call;
pub mod checkout;
mod client;
mod credentials;
mod envelope;
pub mod errors;
mod listed;
mod once;
mod open;
mod reads;
mod refusal;
pub mod returns;
mod tested;

pub use self::credentials::Credentials;
