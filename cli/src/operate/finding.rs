//! What `quittance doctor` found.

use serde::Serialize;

use crate::operate::terminal::{rows, table};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    Well,
    /// It works, and somebody should look.
    Doubtful,
    Wrong,
}

/// One check.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) of: String,
    pub(crate) health: Health,
    /// In words.
    pub(crate) what: String,
}

/// Prints all of them.
pub(crate) fn show(findings: &[Finding]) {
    let mut shown = table(["", "check", "of", "finding"]);
    for Finding { check, of, health, what } in findings {
        let sign = match health {
            Health::Well => "ok",
            Health::Doubtful => "?",
            Health::Wrong => "WRONG",
        };
        shown.add_row([sign, *check, of, what]);
    }
    rows(&shown, "nothing was checked");
}
