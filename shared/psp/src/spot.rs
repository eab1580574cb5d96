//! What is wrong with a document of secrets, without anything of the secrets: where it stops being what it should be, and
//! what was never filled in.

use std::fmt;

/// A place in a text, counted from 1. Prints as `line 1, column 57`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line.
    pub line: usize,
    /// The column, in bytes.
    pub column: usize,
}

impl Spot {
    /// Where reading stopped.
    pub fn of(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Whether a text is a name in angle brackets, as the documentation has them in place of real ids and keys.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('<') && text.ends_with('>')
}
