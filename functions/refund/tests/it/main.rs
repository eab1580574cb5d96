//! The routes on a real engine, against the fakes of both providers behind a socket.

mod crashes;
mod provider;
mod refunds;
mod reserves;
mod routes;
mod stack;
mod store;
mod stories;
