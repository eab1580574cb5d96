//! What a check finds wrong.

use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where: a member of the file as `entries[3].body`, or a line of it.
    pub place: String,
    /// What.
    #[serde(flatten)]
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// The file is larger than any evidence.
    TooLarge,
    /// It is not the JSON of evidence.
    NotEvidence {
        /// What the reader of JSON says.
        why: String,
    },
    /// It has a version that this program does not know.
    OtherVersion,
    /// From this line on, the bytes are another spelling of what is read.
    OtherSpelling,
    /// The member is not the one that was sealed.
    Altered,
    /// The member was sealed, and is gone.
    Removed,
    /// The member was not there when the file was sealed.
    Added,
    /// The seal is not that of its member, which is unaltered.
    SealAltered,
    /// Another entry stands here: one is missing, there twice, or moved.
    Moved {
        /// The number of the entry that stands here.
        index: usize,
    },
    /// There are more or fewer entries than there were.
    Count {
        /// How many there were.
        stated: usize,
        /// How many there are.
        found: usize,
    },
    /// The link does not follow from the one before and from the entry.
    Unlinked,
    /// The bytes of the message have another digest.
    OtherBytes,
    /// It cannot be read.
    Unread {
        /// Why.
        why: String,
    },
    /// The message says something else than the file says of it.
    SaysOtherwise,
    /// The messages come to something else.
    ComesToOtherwise {
        /// What the file says.
        stated: String,
        /// What the messages come to.
        found: String,
    },
    /// The provider's keys do not verify the message.
    NotSigned,
    /// Another key verifies it than the file says.
    OtherKey {
        /// Which.
        found: String,
    },
    /// It is not the head that was noted.
    OtherHead {
        /// The one that was noted.
        noted: String,
    },
}

impl Finding {
    pub(crate) fn at(entry: usize, member: &str, problem: Problem) -> Self {
        Self { place: format!("entries[{entry}].{member}"), problem }
    }

    pub(crate) fn of(place: impl Into<String>, problem: Problem) -> Self {
        Self { place: place.into(), problem }
    }
}
