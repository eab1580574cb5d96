//! Receives one kind of message so many times, for a profiler: `receive "lyra form" 1000`.

use std::process::ExitCode;

use quittance_bench::{Receiver, messages};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(Ok(times))) =
        (arguments.next(), arguments.next().map(|n| n.parse::<u32>()))
    else {
        return ExitCode::FAILURE;
    };
    let Some(message) = messages().into_iter().find(|message| message.name == name) else {
        return ExitCode::FAILURE;
    };
    let receiver = Receiver::default();
    let believed = (0..times).all(|_| receiver.receive(&message).is_some());
    if believed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
