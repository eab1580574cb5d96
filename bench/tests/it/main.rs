//! What one message may cost. A program of its own, because its allocator counts in every test of it.

mod allocations;
mod memory;
