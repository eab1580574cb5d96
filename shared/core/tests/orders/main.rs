//! What orders come to, told as stories: these messages are given, this is where the order stands.
//! One file a theme; `story` has what they share.

#[path = "../common/mod.rs"]
mod common;

mod amounts;
mod bounds;
mod cascades;
mod events;
mod instalments;
mod payments;
mod references;
mod refunds;
mod repeats;
mod rest;
mod secured;
mod spellings;
mod splits;
mod story;
