//! The fakes, and whole stories between them and the clients of the providers' APIs.

mod cards;
mod controls;
mod door;
mod faults;
mod forms;
mod random;
mod refunds;
mod services;
mod splits;
mod starts;
mod world;
