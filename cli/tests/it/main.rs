//! The stack and the operator's commands as processes: one program, because each links the same code.

mod answers;
mod bad_input;
mod cli;
mod concurrency;
mod console;
mod durability;
mod expected;
mod leaks;
mod load;
mod memory;
mod names;
mod network;
mod operator;
mod orders;
mod panics;
mod psp;
mod psps;
mod refund_kills;
mod refunds;
mod support;
mod torture;
mod trigger;
