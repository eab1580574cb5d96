//! Signed forms with what a buyer typed, respelt: believed only with what the gateway said.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use quittance_testing::adversary::{Dice, Speller, Story, World, respelt, same_text};

fuzz_target!(|decisions: &[u8]| {
    let mut dice = Dice::of_bytes(decisions);
    let story = Story::roll(&mut dice);
    let original = &story.held[dice.below(story.held.len())];
    let way = dice.below(3);
    let spelt = respelt(original, &Speller::new(original), way, &mut dice);
    assert!(same_text(original, &spelt), "not the same signed text");
    let world = OnceCell::new();
    World::judge(|| world.get_or_init(|| World::of(&story.told)), original, &spelt);
});
