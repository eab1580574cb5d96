//! What the commands say, and what they ask.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use quittance_core::Timestamp;
use serde::Serialize;

use crate::output::{Failure, say};

/// Exit status of a command that found something wrong or did not do all it was asked to.
pub(crate) const NOT_ALL: u8 = 1;

/// 0 when all is well, else [`NOT_ALL`].
pub(crate) fn verdict(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL) }
}

/// Prints one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    say(&serde_json::to_string(value)?);
    Ok(())
}

/// A table without lines between its rows. It is as wide as the text: digests and keys are there to be
/// copied, and a broken one cannot be.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header.map(str::to_uppercase));
    table
}

/// How wide the terminal is to which results go, if they go to one.
pub(crate) fn columns() -> Option<u16> {
    let terminal = console::Term::stdout();
    let (_, columns) = terminal.size_checked().filter(|_| terminal.is_term())?;
    // A terminal that does not know says 0.
    Some(columns).filter(|columns| *columns > 0)
}

/// Prints a table, or a sentence where it has no rows.
pub(crate) fn rows(table: &Table, none: &str) {
    if table.is_empty() {
        say(none);
    } else {
        say(&table.trim_fmt());
    }
}

/// Text that came from outside, without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}

/// Asks before what cannot be undone. Nobody at the terminal means no answer, and that is an error.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(format!("{question} There is no terminal to ask on: add --yes").into());
    }
    let mut errors = std::io::stderr().lock();
    write!(errors, "{question} [y/N] ")?;
    errors.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let agreed = matches!(answer.trim(), "y" | "Y" | "yes");
    if !agreed {
        writeln!(errors, "nothing was changed")?;
    }
    Ok(agreed)
}

/// The progress of work of known length; on a terminal only.
pub(crate) fn bar(what: &'static str, length: usize) -> ProgressBar {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    styled(ProgressBar::new(length), what, "{msg} [{bar:30}] {pos}/{len}, {eta} left")
}

/// The progress of work whose end is not known.
pub(crate) fn counter(what: &'static str) -> ProgressBar {
    styled(ProgressBar::no_length(), what, "{msg} {spinner} {pos}, {elapsed}")
}

fn styled(bar: ProgressBar, what: &'static str, template: &str) -> ProgressBar {
    // The templates above are right; a wrong one would only look plain.
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

/// How many digits of a digest lists show: more than a command needs to know which is meant.
const SHORT_DIGEST: usize = 12;

/// The beginning of a digest, for lists that people read. JSON has all of it.
pub(crate) fn short(digest: &str) -> String {
    digest.chars().take(SHORT_DIGEST).collect()
}

/// How long ago, in the largest unit that says enough.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> String {
    match now.seconds_since(then) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A time with how long ago that is.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{then} ({} ago)", since(then, now))
}

/// `1 order`, `2 orders`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_the_largest_unit_that_says_enough() {
        let at = |seconds| Timestamp::from_unix(seconds).unwrap();
        for (seconds, said) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(since(at(1_000_000), at(1_000_000 + seconds)), said);
        }
        assert_eq!(ago(at(0), at(240)), "1970-01-01T00:00:00Z (4 min ago)");
    }

    #[test]
    fn what_came_from_outside_cannot_steer_the_terminal() {
        assert_eq!(clean("CMD-1\u{1b}[2J\u{9b}1é\n"), "CMD-1\\u{1b}[2J\\u{9b}1é\\n");
    }
}
