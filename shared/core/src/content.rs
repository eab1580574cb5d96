//! What the signature of a message covers: one signed text stays one, however its envelope is written.

use std::fmt;

use percent_encoding::utf8_percent_encode;

use crate::crypto::sha256_hex_of;
use crate::key::{Account, SEGMENT};

/// A verified message of any provider, as far as whoever keeps it has to know it.
pub trait Signed: fmt::Debug + Send + Sync {
    /// What was signed. Costs a hash of the text.
    fn content(&self) -> Content;
}

/// What was signed, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The account that the key vouches for. Its merchant is empty where neither key nor message names one.
    pub account: Account,
    /// How much of the message was signed.
    pub cover: Cover,
    /// SHA-256 of the provider, the key's mode, the cover and the signed text, lowercase hex. Not of the
    /// merchant: for one provider he depends on how the keys are configured, and one signed text must stay
    /// one when that changes. The mode is in it, so that nobody with a leaked test key can have a message
    /// counted as known before its production key has signed it.
    pub digest: String,
}

/// How much of a message its signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// Values without their names: whoever has seen one such message, as a buyer has, can write others.
    Values,
    /// The whole statement: it says what the provider wrote.
    Whole,
}

impl Cover {
    /// The word in the names of rooms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Values => "forms",
            Self::Whole => "signed-whole",
        }
    }
}

impl Content {
    /// The content of a text that was signed for this account.
    pub fn new(account: Account, cover: Cover, text: &[u8]) -> Self {
        let words = [account.psp.as_str(), account.mode.as_str(), cover.as_str(), ""].join("\n");
        let digest = sha256_hex_of([words.as_bytes(), text]);
        Self { account, cover, digest }
    }

    /// Which room a message of this kind takes where room is bounded: `<psp>/<merchant>/<mode>/<cover>`. What
    /// a buyer can write has a room apart from what only the provider can.
    pub fn room(&self) -> String {
        let Self { account, cover, .. } = self;
        let (psp, mode) = (account.psp.as_str(), account.mode.as_str());
        // No merchant is named so: an underscore stands for nobody in particular.
        let merchant = if account.merchant.is_empty() { NOBODY } else { &account.merchant };
        format!("{psp}/{}/{mode}/{}", utf8_percent_encode(merchant, SEGMENT), cover.as_str())
    }
}

impl Signed for Content {
    fn content(&self) -> Content {
        self.clone()
    }
}

/// The merchant in the name of the room for messages of which nobody knows whose they are.
const NOBODY: &str = "_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Mode, ProviderId};

    fn content(merchant: &str, mode: Mode, cover: Cover, text: &[u8]) -> Content {
        let merchant = merchant.to_owned();
        Content::new(Account { psp: ProviderId::new("systempay"), merchant, mode }, cover, text)
    }

    #[test]
    fn a_content_is_its_text_under_one_mode_and_cover() {
        let one = content("1", Mode::Test, Cover::Values, b"a+b");
        assert_eq!(one.digest, content("2", Mode::Test, Cover::Values, b"a+b").digest);
        for other in [
            content("1", Mode::Production, Cover::Values, b"a+b"),
            content("1", Mode::Test, Cover::Whole, b"a+b"),
            content("1", Mode::Test, Cover::Values, b"a+c"),
        ] {
            assert_ne!(one.digest, other.digest, "{other:?}");
        }
    }

    #[test]
    fn each_account_and_cover_has_a_room_of_its_own() {
        let room = |merchant, mode, cover| content(merchant, mode, cover, b"").room();
        assert_eq!(room("12345678", Mode::Test, Cover::Values), "systempay/12345678/test/forms");
        assert_eq!(room("a/b", Mode::Test, Cover::Whole), "systempay/a%2Fb/test/signed-whole");
        assert_eq!(room("", Mode::Production, Cover::Whole), "systempay/_/production/signed-whole");
    }
}
