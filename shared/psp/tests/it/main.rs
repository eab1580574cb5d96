//! The providers against what they send: one program, because each links the same code.

mod bad_input;
mod differential;
mod docs;
mod fuzzed;
mod interface;
mod lyra_api;
mod orders;
mod parsers;
mod plans;
mod properties;
mod single_reading;
mod vectors;
mod words;
mod worldline;
mod worldline_api;
