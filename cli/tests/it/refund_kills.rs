//! The process dies by `kill -9` while it gives money back, and is asked again: each share goes back at most once, in
//! the end exactly what was asked for, and what was answered is there.
#![allow(clippy::print_stdout, reason = "figures for the documentation")]

mod executioner;

use std::time::Duration;

use crate::psps::{Key, PRICE, Psps, assert_each_once};
use crate::refunds::{Refund, finish, post_all};
use crate::support::{Stack, asked, seed};
use executioner::Executioner;

/// How many kills that struck a refund.
const KILLS: usize = 3;

/// Refunds at the same time.
const TOGETHER: usize = 4;

/// How often the same refunds are asked for and killed, before they are let go on.
const TRIES: usize = 2;

/// The kill comes with one of so many steps at the PSPs: more than one try has, so that some tries end well.
const STEPS: usize = 48;

/// How much later at most, in microseconds: after the answer is on its way, the process stores what came of the call.
const LATER: u64 = 20_000;

/// What is asked for of each order by turns: all; the card and a part of the voucher, which at Lyra goes back whole or
/// not at all; the card alone.
const AMOUNTS: [u64; 3] = [PRICE, 9_000, 8_000];

/// `QUITTANCE_KILLS=100 cargo test -p quittance --test it refunds_are_killed` is what docs/figures.md tells of.
#[test]
fn refunds_are_killed_in_their_middle_and_go_back_once() {
    let mut random = seed("QUITTANCE_SEED");
    let directory = tempfile::tempdir().expect("a directory");
    let data = ["--data", directory.path().to_str().expect("UTF-8")];
    let executioner = Executioner::default();
    let psps = Psps::start_for({
        let executioner = executioner.clone();
        move || executioner.step()
    });
    let environment = psps.direct();
    let kills = asked("QUITTANCE_KILLS", KILLS);
    let (mut struck, mut made, mut by_hand) = (0, 0, 0);
    let mut stack = Stack::calling(&data, &environment);
    while struck < kills {
        let mut refunds: Vec<Refund> = (0..TOGETHER)
            .map(|n| {
                let key = Key::by_turns(n, format!("BACK-{}", made + n));
                psps.pays(&stack, &key);
                Refund::new(key, AMOUNTS[random.usize(..AMOUNTS.len())])
            })
            .collect();
        made += TOGETHER;
        stack.hears(&psps);
        psps.batch();
        for _ in 0..TRIES {
            let later = if random.bool() { 0 } else { random.u64(..LATER) };
            let later = Duration::from_micros(later);
            executioner.strikes(stack.process(), random.usize(1..=STEPS), later, random.bool());
            post_all(&stack, &mut refunds);
            struck += usize::from(executioner.has_struck());
            stack.kill();
            for refund in &refunds {
                assert_each_once(&psps.given_back(&refund.key), &refund.key);
            }
            stack = Stack::calling(&data, &environment);
            for refund in &refunds {
                refund.assert_known(&stack);
            }
        }
        by_hand += finish(&stack, &psps, &mut refunds);
        for refund in &refunds {
            refund.assert_given_back(&stack, &psps);
        }
    }
    println!("{struck} kills in the middle of {made} refunds, {by_hand} lines settled by hand");
    assert!(!stack.errors().contains("panicked"), "{}", stack.errors());
}
