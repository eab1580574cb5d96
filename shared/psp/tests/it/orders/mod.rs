//! What orders come to, told as stories: these messages are given, this is where the order stands.
//! One file a theme; `story` has what they share.

mod amounts;
mod bounds;
mod cascades;
mod claimed;

mod concerns;
mod details;
mod dispatched;
mod doubts;
mod events;
mod instalments;
mod lost;
mod moved;
mod net;
mod parts;
mod payments;
mod references;
mod refunds;
mod registered;
mod repeats;
mod rest;
mod schedule;
mod secured;
mod shown;
mod sources;
mod spellings;
mod splits;
mod stored;
pub(crate) mod story;
mod told;
mod worth;
