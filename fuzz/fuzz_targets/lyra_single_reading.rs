//! Signed forms with what a buyer typed, respelt: believed only with what the gateway said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::respell::{Dice, Speller, mutate, signed_text};
use quittance_fuzz::story::{Story, World};

/// Respellings of one story.
const ROUNDS: usize = 6;

fuzz_target!(|decisions: &[u8]| {
    let mut dice = Dice::new(decisions);
    let story = Story::roll(&mut dice);
    let world = World::of(&story);
    let original = &story.held[dice.below(story.held.len())];
    let text = signed_text(original);
    let speller = Speller::new(original);
    world.judge(original, original);
    for round in 0..ROUNDS {
        let spelt = match (&speller, round % 3) {
            (Some(speller), 1) => speller.any(&mut dice),
            (Some(speller), 2) => mutate(&speller.any(&mut dice), &mut dice),
            _ => mutate(original, &mut dice),
        };
        assert!(spelt.is_sorted() && signed_text(&spelt) == text, "not the same signed text");
        world.judge(original, &spelt);
    }
});
