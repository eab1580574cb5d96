//! What is to be said to people, as codes: sentences are made where they are shown.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::beginning;

/// Longest code or argument that is kept, in bytes.
const MAX_PART_BYTES: usize = 127;

/// Most arguments that are kept.
const MAX_ARGUMENTS: usize = 4;

/// Something that is said of an order, a share or a message: a code, and what it is said of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Remark {
    /// Names the sentence. A code once given is never used for another sentence: orders hold it.
    code: Cow<'static, str>,
    /// What stands in the sentence, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    arguments: Vec<String>,
}

impl Remark {
    /// A sentence without arguments.
    pub const fn plain(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), arguments: Vec::new() }
    }

    /// A sentence about something. What is too long for a code or a word is cut.
    pub fn new<'a>(
        code: impl Into<Cow<'static, str>>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let cut = |text: &str| beginning(text, MAX_PART_BYTES).to_owned();
        let arguments = arguments.into_iter().take(MAX_ARGUMENTS).map(cut).collect();
        Self { code: code.into(), arguments }
    }

    /// Names the sentence.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What stands in the sentence.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// One argument; empty where there is none.
    pub fn argument(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }
}

/// The code and what it is said of, where nobody has a sentence or none is wanted.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Why a payment counts for nothing in an order: another order has it.
pub const SECOND_REFERENCE: &str = "second_reference";
