//! How many orders a second a deployment takes, and what stops it there: a discrete-event simulation of the way of a
//! notification, from the API to the message in the queue. What it says is in docs/scale.md.
//!
//! What is deployed is read from `template.yaml`, what AWS allows are its published quotas ([`Limits`]), and what an
//! order takes is counted at the wire ([`Cost`]). How long a call takes on AWS was not measured: [`Times`] are assumptions.

mod hot;
mod limits;
mod money;
mod run;

pub use hot::{Rush, rush};
pub use limits::{Cost, Limit, Limits, Template, Times};
pub use money::{Bill, bill, traces};
pub use run::{Outcome, Poisson, run, steadily};
