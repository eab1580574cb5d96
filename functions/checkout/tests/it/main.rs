//! Payments are started, paid and come back, with both providers' APIs on the loopback and an engine of its own.

mod paid;
mod returning;
mod stack;
mod starts;
mod unlucky;
