//! Signed forms with what a buyer typed, respelt: believed only with what the gateway said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quittance_fuzz::respell::{Dice, Speller, mutate, signed_text};
use quittance_fuzz::story::{Story, judge};

fuzz_target!(|decisions: &[u8]| {
    let mut dice = Dice::new(decisions);
    let story = Story::roll(&mut dice);
    let original = &story.held[dice.below(story.held.len())];
    let text = signed_text(original);
    let speller = Speller::new(original);
    let spelt = match (&speller, dice.below(3)) {
        (Some(speller), 1) => speller.any(&mut dice),
        (Some(speller), 2) => mutate(&speller.any(&mut dice), &mut dice),
        _ => mutate(original, &mut dice),
    };
    assert!(spelt.is_sorted() && signed_text(&spelt) == text, "not the same signed text");
    judge(&story, original, &spelt);
});
