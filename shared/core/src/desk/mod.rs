//! How refunds, captures and cancellations of an order are carried out: what is asked for, how far each line is,
//! and what to do next. Nothing here makes a call.
//!
//! A [`Desk`] is stored beside its order. Each line is stored as under way before its call is made, so that after a
//! crash at any point the next look knows that the call may have been made. What the provider then shows, or
//! its memory of the call's key, tells whether it was; money is never sent twice.
//!
//! `line` and `request` are what is stored, `sight` finds what a line did among the facts, `book` changes the desk,
//! `round` says what to do next, and `view` is the JSON.

mod book;
mod line;
mod request;
mod round;
mod sight;
mod view;

pub use self::book::{Answer, Decision, Desk, MAX_REQUESTS, New, Unreadable};
pub use self::line::{DOUBT_SECONDS, HIDDEN_SECONDS, KEY_MARGIN_SECONDS, Line, LineState};
pub use self::request::{Content, Request, RequestKind, RequestState};
pub use self::round::{Round, Step};
pub use self::view::{LineView, RefundView, ReserveView};
