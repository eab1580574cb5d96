//! What to do with the money of an order, before anything is done: a refund, a capture, a cancellation as lines,
//! or the reasons why there is none.
//!
//! Only what sound facts say is planned with, and nothing of a share that is in doubt. `stakes` says how much of
//! what there is, `reach` which shares come to an amount, `refund` and `reserve` make the lines, and `reasons` has
//! the sentences.

mod fits;
mod line;
mod reach;
pub mod reasons;
mod refund;
mod reserve;
mod stakes;

pub use self::fits::fits;
pub use self::line::{PlannedLine, Refusal};
pub use self::reach::MAX_WHOLE_PIECES;
pub use self::refund::{RefundPlan, Wanted, refund};
pub use self::reserve::{Skipped, cancel, capture};
pub use self::stakes::{Pledge, Taken, WINDOW_MARGIN_SECONDS, left, taken, under_way};
