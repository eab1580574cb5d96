//! Worldline's server API: what is sent, and what is made of each answer.

mod acting;
mod asking;
mod errors;
mod hostile;
mod order_free;
mod talk;
mod vectors;
