//! What a run came to, and whether it comes to the same again.

use crate::dice::Hit;
use crate::situation::Counts;

/// What a run came to. `S` says what was come across.
#[derive(Clone, Debug)]
pub struct Ran<S = Counts> {
    /// Names all that happened: the same seed comes to the same.
    pub digest: u64,
    /// What was come across.
    pub counts: S,
    /// The accidents and moves that happened.
    pub hits: Vec<Hit>,
    /// How many steps there were, or calls of AWS.
    pub steps: u64,
    /// What was wrong, if anything.
    pub wrong: Option<String>,
    /// What happened, where it was asked for.
    pub lines: Vec<String>,
}

/// Runs twice, and compares.
pub(crate) fn twice<S>(run: impl Fn() -> Ran<S>) -> Result<Ran<S>, String> {
    let first = run();
    if let Some(wrong) = first.wrong {
        return Err(wrong);
    }
    if first.digest != run().digest {
        return Err("two runs of one seed differ".to_owned());
    }
    Ok(first)
}
