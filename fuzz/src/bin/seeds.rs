//! Writes the seed corpus: the sample events of `events/`, each in the spelling that a target takes.
//!
//! `.ci/fuzz` starts it. It is built with the targets, which is why it links the fuzzer that it does not
//! use.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use libfuzzer_sys as _;
use quittance_core::limits::MAX_FORM_FIELDS;
use quittance_fuzz::mutate;
use quittance_fuzz::seeds::{
    ANSWERS, EVENTS, FORGED, FORMS, LISTS, ORDERS, answer_stories, bodies, event_stories,
    form_stories,
};

fn main() -> io::Result<()> {
    let arrays = event_stories().into_iter().map(|story| format!("[{}]", story.join(",")));
    let forms = form_stories().into_iter().map(|story| story.join("\n"));
    let answers = answer_stories().into_iter().map(|story| story.join("\n"));
    // Besides, one field more than a form may have.
    let wide = "a&".repeat(MAX_FORM_FIELDS + 1);
    let whole = bodies("systempay/").into_iter();
    let whole = whole.enumerate().filter(|(at, body)| *at == 0 || body.contains("kr-answer="));
    let whole = whole.map(|(_, body)| body);

    write("worldline_event", EVENTS.iter().cloned().chain(arrays))?;
    write("lyra_notification", FORMS.iter().cloned().chain(forms))?;
    write("lyra_form", FORGED.iter().cloned().chain(whole).chain([wide]))?;
    write("lyra_cascade", LISTS.iter())?;
    write("lyra_answer", ANSWERS.iter().cloned().chain(answers))?;
    write("stored_order", ORDERS.iter())?;
    write("words", words())?;

    // These take decisions and not messages: any will do to begin with.
    for target in ["worldline_signature", "lyra_form_signature", "lyra_answer_signature"] {
        write(target, (0..16).map(|seed| mutate::chance(seed, 128)))?;
    }
    write("lyra_single_reading", (0..64).map(|seed| mutate::chance(seed, 600)))
}

/// Key documents, keys of orders, ids, moments, amounts, currencies.
fn words() -> Vec<String> {
    [
        r#"{"demo-key": "demo-secret"}"#,
        r#"{"a": {"secret": "s", "mode": "production", "merchant": "M"}, " b ": {"secret": " t ", "merchantId": "N"}}"#,
        r#"{"12345678": {"test": {"form": "k", "rest_password": "p", "allow_sha1": true}, "production": {"form": " "}}}"#,
        "systempay/12345678/test/CMD-1",
        "worldline/M%20N/production/tx:3254564310",
        "3254564310_0",
        "9000003254564310000",
        "9000032545643101002",
        "2026-11-22T10:00:00Z",
        "2026-11-22T11:00:00.5+01:00",
        "999999999999",
        "978",
        "EUR",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Writes a target's seeds into its corpus.
fn write<S: AsRef<[u8]> + Ord>(target: &str, seeds: impl IntoIterator<Item = S>) -> io::Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let seeds: BTreeSet<S> = seeds.into_iter().collect();
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}
