//! Runs seeds and prints what was come across: `seeds FIRST COUNT`. `quittance simulate` does the same, and more.
#![expect(clippy::print_stdout, reason = "that is all it does")]

use quittance_simulator::{Counts, Fault, Situation, simulate};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let (first, count) = (arguments.next().unwrap_or(0), arguments.next().unwrap_or(1_000));
    let (mut counts, mut steps, mut wrong) = (Counts::default(), 0, 0);
    for seed in first..first + count {
        match simulate(seed, Fault::None) {
            Ok(ran) => {
                counts.add(&ran.counts);
                steps += ran.steps;
            }
            Err(why) => {
                wrong += 1;
                println!("seed {seed}: {why}");
            }
        }
    }
    for situation in Situation::ALL {
        println!("{:>9}  {}", counts.of(*situation), situation.words());
    }
    println!("{count} seeds, each twice, {steps} steps, {wrong} wrong");
}
