//! What a provider says of a share beyond what decides: authorisation number, capture date, contract and the
//! like, for a shop's accountant. (docs/interface.md, "Details of a share")
//!
//! Details never decide anything. They are joined like statuses: of each member the value that was stated with the
//! furthest status holds, so that a re-send which lacks a member takes none away, in any order of arrival.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::{Kind, Rank};
use crate::remark::Remark;
use crate::text::beginning;

/// Longest text of a member, in characters. What is longer is cut, and never refused: nothing depends on it.
pub const MAX_DETAIL_CHARACTERS: usize = 256;

/// Most shares of an order of which details are kept: those whose names come first, so that the same are kept in
/// any order of arrival. An order that is paid has a few; what is left out decides nothing.
pub const MAX_DETAILED_SHARES: usize = 64;

/// Most bytes of texts that are kept of an order: what decides nothing must not use up the room of facts. A usual
/// share takes about a hundred.
pub const MAX_DETAIL_BYTES: usize = 32 * 1024;

/// Room for the members of a usual share, so that it need not grow.
const USUAL_MEMBERS: usize = 8;

/// One thing that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Member {
    /// The provider's number of the transaction, as sent.
    TransactionId,
    /// The number that the issuer gave the authorisation.
    AuthorisationNumber,
    /// The issuer's code for the outcome.
    AuthorisationResult,
    /// What the issuer's code says, in words.
    AuthorisationResultText,
    /// What the risk checks found: a code or a word.
    RiskResult,
    /// What the risk checks found, in words.
    RiskResultText,
    /// Days from the payment to its remittance.
    CaptureDelayDays,
    /// When the remittance is due or was made, as the provider wrote it.
    CaptureDate,
    /// The merchant's contract with the acquirer.
    Contract,
    /// The payment's certificate.
    Certificate,
    /// The acquirer's or issuer's own reference.
    AcquirerReference,
    /// What became of a token for later payments: a word.
    TokenStatus,
    /// The provider's number of the product.
    Product,
    /// Minor units added to the price.
    Surcharge,
    /// The checkout in which the payment was made.
    Checkout,
}

impl Member {
    /// Whether its value is a number, and not a text.
    #[cfg(feature = "schema")]
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::CaptureDelayDays | Self::Product | Self::Surcharge)
    }

    /// The member that says the same in words.
    fn in_words(self) -> Option<Self> {
        match self {
            Self::AuthorisationResult => Some(Self::AuthorisationResultText),
            Self::RiskResult => Some(Self::RiskResultText),
            _ => None,
        }
    }
}

/// What it says, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Number(u64),
    /// A text of bounded length, without control characters.
    Text(String),
}

/// What it says, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// One value.
    Plain(Value),
    /// A code, which is the first argument, and what it says: two members where they are shown, and one where
    /// they are joined.
    Coded(Remark),
}

/// What is shown of one share; members that nobody stated are absent.
pub type Shown = BTreeMap<Member, Value>;

/// What one notification says of a share: a few members, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details(Vec<(Member, Detail)>);

impl Details {
    /// Adds a text; an empty one says nothing.
    pub fn text(&mut self, member: Member, text: Option<&str>) {
        if let Some(text) = text.and_then(cleaned) {
            self.put(member, Detail::Plain(Value::Text(text)));
        }
    }

    /// Adds a code with what it says.
    pub fn coded(&mut self, member: Member, code: Option<Remark>) {
        if let Some(said) = code.filter(|said| !said.argument(0).is_empty()) {
            self.put(member, Detail::Coded(said));
        }
    }

    /// Adds a number.
    pub fn number(&mut self, member: Member, number: Option<u64>) {
        if let Some(number) = number {
            self.put(member, Detail::Plain(Value::Number(number)));
        }
    }

    fn put(&mut self, member: Member, detail: Detail) {
        if self.0.is_empty() {
            self.0.reserve(USUAL_MEMBERS);
        }
        let at = self.0.partition_point(|(known, _)| *known < member);
        match self.0.get_mut(at) {
            Some((known, old)) if *known == member => *old = detail,
            _ => self.0.insert(at, (member, detail)),
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said, by member.
    pub fn iter(&self) -> impl Iterator<Item = (Member, &Detail)> {
        self.0.iter().map(|(member, detail)| (*member, detail))
    }
}

/// A text without what cannot be shown; `None` where nothing is left.
fn cleaned(text: &str) -> Option<String> {
    // Nearly every text is short and plain, and needs no look at its characters.
    let is_plain = |text: &str| text.bytes().all(|b| matches!(b, b' '..=b'~'));
    let printable: Cow<'_, str> = if text.len() <= MAX_DETAIL_CHARACTERS && is_plain(text) {
        text.into()
    } else {
        let printable: String = text.chars().filter(|c| !c.is_control()).collect();
        beginning(&printable, MAX_DETAIL_CHARACTERS).to_owned().into()
    };
    let text = printable.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What one notification says of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareDetails {
    /// Which way the money goes.
    pub kind: Kind,
    /// The share, as in [`ShareFact::share`](crate::ShareFact::share).
    pub share: String,
    /// How far the share was then.
    pub rank: Rank,
    /// What is said.
    pub details: Details,
}

/// What is known of the shares of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownDetails(BTreeMap<(Kind, String), BTreeMap<Member, (Rank, Detail)>>);

impl Serialize for KnownDetails {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl KnownDetails {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what a notification says. Whether that is news.
    pub fn learn<'a>(&mut self, said: impl IntoIterator<Item = &'a ShareDetails>) -> bool {
        let before = self.clone();
        for ShareDetails { kind, share, rank, details } in said {
            if details.is_empty() {
                continue;
            }
            let known = self.0.entry((*kind, share.clone())).or_default();
            for (member, detail) in details.iter() {
                join(known, member, (*rank, detail.clone()));
            }
        }
        self.keep_the_first();
        *self != before
    }

    /// Takes over what is known elsewhere of the shares that `which` names.
    pub fn absorb(&mut self, other: &Self, which: impl Fn(Kind, &str) -> bool) {
        for ((kind, share), members) in other.0.iter().filter(|((k, s), _)| which(*k, s)) {
            let known = self.0.entry((*kind, share.clone())).or_default();
            for (member, said) in members {
                join(known, *member, said.clone());
            }
        }
        self.keep_the_first();
    }

    /// Drops what is known of the shares that `which` names.
    pub fn drop_where(&mut self, which: impl Fn(Kind, &str) -> bool) {
        self.0.retain(|(kind, share), _| !which(*kind, share));
    }

    /// What is known of one share under any of its names, as it is shown.
    pub fn of<'n>(
        &self,
        kind: Kind,
        names: impl IntoIterator<Item = &'n str>,
        words: &dyn Fn(&Remark) -> Option<String>,
    ) -> Shown {
        let mut all = BTreeMap::new();
        let known = names.into_iter().filter_map(|name| self.0.get(&(kind, name.to_owned())));
        for (member, said) in known.flatten() {
            join(&mut all, *member, said.clone());
        }
        let mut shown = Shown::new();
        for (member, (_, detail)) in all {
            match detail {
                Detail::Plain(value) => {
                    shown.insert(member, value);
                }
                Detail::Coded(said) => {
                    let code = cleaned(said.argument(0));
                    shown.extend(code.map(|code| (member, Value::Text(code))));
                    let text = member.in_words().zip(words(&said));
                    shown.extend(text.map(|(member, text)| (member, Value::Text(text))));
                }
            }
        }
        shown
    }

    /// Notes one thing as it was known before.
    pub(crate) fn put(&mut self, kind: Kind, share: &str, member: Member, said: (Rank, Detail)) {
        self.0.entry((kind, share.to_owned())).or_default().insert(member, said);
    }

    /// Everything that is known, with the rank of the status in which it was said.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &str, Member, Rank, &Detail)> {
        self.0.iter().flat_map(|((kind, share), members)| {
            let each = members.iter();
            each.map(|(member, (rank, detail))| (*kind, share.as_str(), *member, *rank, detail))
        })
    }

    /// The same as messages say it: of each share what was said with one rank.
    pub(crate) fn said(&self) -> Vec<ShareDetails> {
        let mut all: BTreeMap<(Kind, &str, Rank), Details> = BTreeMap::new();
        for (kind, share, member, rank, detail) in self.iter() {
            let details = all.entry((kind, share, rank)).or_default();
            details.put(member, detail.clone());
        }
        let all = all.into_iter();
        all.map(|((kind, share, rank), details)| ShareDetails {
            kind,
            share: share.to_owned(),
            rank,
            details,
        })
        .collect()
    }

    fn keep_the_first(&mut self) {
        while self.0.len() > MAX_DETAILED_SHARES || self.bytes() > MAX_DETAIL_BYTES {
            self.0.pop_last();
        }
    }

    fn bytes(&self) -> usize {
        let length = |detail: &Detail| match detail {
            Detail::Plain(Value::Number(_)) => 0,
            Detail::Plain(Value::Text(text)) => text.len(),
            Detail::Coded(said) => {
                said.code().len() + said.arguments().iter().map(String::len).sum::<usize>()
            }
        };
        self.iter().map(|(_, share, .., detail)| share.len() + length(detail)).sum()
    }
}

/// Of two values that of the furthest status holds; of one status the larger, so that the order of arrival does
/// not matter.
fn join(known: &mut BTreeMap<Member, (Rank, Detail)>, member: Member, said: (Rank, Detail)) {
    let best = known.entry(member).or_insert_with(|| said.clone());
    if said > *best {
        *best = said;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(share: &str, rank: u8, texts: &[(Member, &str)]) -> ShareDetails {
        let mut details = Details::default();
        for (member, text) in texts {
            details.text(*member, Some(text));
        }
        ShareDetails { kind: Kind::Debit, share: share.to_owned(), rank: Rank(rank), details }
    }

    #[test]
    fn a_text_is_cut_and_never_refused() {
        let mut details = Details::default();
        details.text(Member::Contract, Some(&"é".repeat(1_000)));
        details.text(Member::Certificate, Some(" a\u{0}b\nc "));
        details.text(Member::TokenStatus, Some(" \u{7}"));
        details.text(Member::CaptureDate, None);
        let texts: Vec<_> = details.iter().collect();
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[0].1, &Detail::Plain(Value::Text("é".repeat(MAX_DETAIL_CHARACTERS))));
        assert_eq!(texts[1].1, &Detail::Plain(Value::Text("abc".to_owned())));
    }

    #[test]
    fn the_furthest_status_holds_and_nothing_is_taken_away() {
        use Member::{AuthorisationNumber, CaptureDate, Contract};
        let mut known = KnownDetails::default();
        assert!(known.learn(&[said("a", 30, &[(AuthorisationNumber, "1"), (CaptureDate, "x")])]));
        assert!(known.learn(&[said("a", 100, &[(CaptureDate, "y"), (Contract, "c")])]));
        assert!(!known.learn(&[said("a", 30, &[(CaptureDate, "z")])]), "less far");
        assert!(!known.learn(&[said("a", 100, &[])]), "says nothing");
        let json = serde_json::to_value(known.of(Kind::Debit, ["a"], &|_| None)).unwrap();
        let expected =
            serde_json::json!({"authorisation_number": "1", "capture_date": "y", "contract": "c"});
        assert_eq!(json, expected);
        assert!(known.of(Kind::Credit, ["a"], &|_| None).is_empty());
    }

    fn shares(known: &KnownDetails) -> Vec<&str> {
        known.0.keys().map(|(_, share)| share.as_str()).collect()
    }

    #[test]
    fn the_first_shares_are_kept_as_long_as_they_fit() {
        let name = |number: usize| format!("{number:03}");
        let mut known = KnownDetails::default();
        for number in 1..=MAX_DETAILED_SHARES {
            known.learn(&[said(&name(number), 30, &[(Member::Contract, "c")])]);
        }
        assert_eq!(known.0.len(), MAX_DETAILED_SHARES);
        assert!(known.learn(&[said(&name(0), 30, &[(Member::Contract, "c")])]));
        assert_eq!(known.0.len(), MAX_DETAILED_SHARES);
        assert_eq!((shares(&known)[0], *shares(&known).last().unwrap()), ("000", "063"));
        // The name of the share and its text: as much as there may be, and a byte more.
        let kept = |more: usize| {
            let mut known = KnownDetails::default();
            let long = "x".repeat(MAX_DETAIL_BYTES - 3 + more);
            known.learn(&[
                said("a", 30, &[(Member::Contract, "c")]),
                said(&long, 30, &[(Member::Contract, "")]),
            ]);
            known.learn(&[said(&long, 30, &[(Member::Contract, "c")])]);
            known.0.len()
        };
        assert_eq!((kept(0), kept(1)), (2, 1));
    }

    #[test]
    fn a_code_takes_as_much_room_as_its_name_and_its_arguments() {
        let kept = |more: usize| {
            let mut coded = said("a", 30, &[]);
            coded.details.coded(Member::RiskResult, Some(Remark::new("code", ["x", "yz"])));
            let long = "x".repeat(MAX_DETAIL_BYTES - "a".len() - 7 - "c".len() + more);
            let mut known = KnownDetails::default();
            known.learn(&[coded, said(&long, 30, &[(Member::Contract, "c")])]);
            known.0.len()
        };
        assert_eq!((kept(0), kept(1)), (2, 1));
    }

    #[test]
    fn what_is_dropped_is_known_no_more() {
        let mut known = KnownDetails::default();
        assert!(known.is_empty());
        known.learn(&["a", "b"].map(|share| said(share, 30, &[(Member::Contract, "c")])));
        known.drop_where(|kind, share| kind == Kind::Debit && share == "a");
        assert_eq!(shares(&known), ["b"]);
        assert!(!known.is_empty());
    }

    proptest! {
        #[test]
        fn details_are_blind_to_order_and_repetition(
            all in proptest::collection::vec((0..90_u8, 0..4_u8, 0..4_u8, 0..3_u8), 0..120),
            turn in 0..120_usize,
        ) {
            let said: Vec<_> = all
                .iter()
                .map(|(share, rank, member, text)| {
                    let member = [Member::Contract, Member::CaptureDate, Member::Product, Member::Checkout]
                        [usize::from(*member)];
                    said(&format!("{share:02}"), *rank, &[(member, &text.to_string())])
                })
                .collect();
            let mut one = KnownDetails::default();
            one.learn(&said);
            let mut other = KnownDetails::default();
            let at = turn % said.len().max(1);
            other.learn(said.iter().rev().skip(at));
            other.learn(&said[said.len().saturating_sub(at)..]);
            other.learn(&said);
            prop_assert_eq!(&one, &other);
        }
    }
}
