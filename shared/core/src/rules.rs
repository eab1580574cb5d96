//! What a provider lets a merchant do with the money of a payment: data, each row with its source.

use crate::fact::{Payer, ShareFact};

/// What a provider lets a merchant do with the money of a payment.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The methods that differ from the rest.
    pub methods: &'static [MethodRule],
    /// What the test platform appends to a method's name; empty where it appends nothing.
    pub test_suffix: &'static str,
    /// What holds for vouchers that are not listed.
    pub vouchers: Terms,
    /// What holds for all other methods.
    pub others: Terms,
    /// What can be done with money that is reserved, by what the provider says of it. What is not listed can be
    /// neither taken nor given up.
    pub stages: &'static [StageRule],
    /// What a share is called in a call.
    pub target: Target,
    /// Which way is taken where several lead to one amount.
    pub preference: Preference,
    /// Whether giving back cancels what is not taken yet.
    pub cancels_uncaptured: bool,
    /// Whether a part of what is reserved can be taken.
    pub captures_parts: bool,
    /// Whether an accepted capture is over for the merchant: the provider takes the money by itself then.
    pub capture_is_order: bool,
    /// Whether what a payment states as taken may be what all payments of the order took together.
    pub states_totals: bool,
    /// Whether the next line waits until the provider shows the one before it.
    pub waits_for_sight: bool,
    /// How the provider knows a call that it was given before.
    pub memory: Memory,
}

/// What holds for one method.
#[derive(Debug)]
pub struct MethodRule {
    /// The method, as facts name it.
    pub method: &'static str,
    /// Whether it names a family of methods: it counts only where nothing better is told of the same operation.
    pub is_family: bool,
    /// What holds for it.
    pub terms: Terms,
}

/// On which terms a method gives money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What kind of method it is.
    pub purse: Purse,
    /// How much of a share can be given back.
    pub refund: Refundable,
    /// For how long after the payment it can be given back, in seconds; `None` where no limit is known.
    pub window_seconds: Option<u64>,
    /// Where that is said.
    pub source: &'static str,
}

/// The kinds of method, as far as they tell what is given back first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Purse {
    /// A card, an account, a wallet.
    Card,
    /// A voucher's balance.
    Voucher,
}

/// How much of a share can be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refundable {
    /// Any part, also one after the other.
    Parts,
    /// All of it or nothing.
    Whole,
    /// Nothing, once it is taken.
    Never,
}

/// What can be done with money that is reserved in one status.
#[derive(Debug)]
pub struct StageRule {
    /// The provider's number; `None` where the word decides.
    pub code: Option<u64>,
    /// The provider's word; `None` where the number decides.
    pub word: Option<&'static str>,
    /// What can be done.
    pub stage: Stage,
    /// Where that is said.
    pub source: &'static str,
}

/// What can be done with money that is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing, as far as is known.
    Closed,
    /// Nothing now: it is being checked, taken or given up.
    Moving,
    /// It can be given up, and is taken by itself otherwise.
    Due,
    /// It can be taken or given up.
    Held,
    /// The same, after taking it or giving it up failed.
    HeldAgain,
}

/// What a share is called in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// What follows the share's name.
    pub suffix: &'static str,
    /// How many hexadecimal digits the name has; `None` where any name is one.
    pub hex_digits: Option<usize>,
}

/// Which way is taken where several lead to one amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// As little as possible by voucher, then the fewest lines.
    CardFirst,
    /// The fewest lines, then as little as possible by voucher.
    FewestLines,
}

/// How a provider knows a call that it was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// A call carries a key, and within so many seconds the same key has the effect of one call.
    Keys {
        /// How long a key is kept at least, in seconds.
        seconds: u64,
    },
    /// It does not: the same call twice moves the money twice.
    None,
}

impl Rules {
    /// A provider with which nothing can be given back, taken or given up.
    pub const NONE: Self = Self {
        methods: &[],
        test_suffix: "",
        vouchers: Terms::NEVER,
        others: Terms::NEVER,
        stages: &[],
        target: Target { suffix: "", hex_digits: None },
        preference: Preference::CardFirst,
        cancels_uncaptured: false,
        captures_parts: false,
        capture_is_order: false,
        states_totals: true,
        waits_for_sight: true,
        memory: Memory::None,
    };

    /// What holds for the method of this fact.
    pub fn terms(&self, fact: &ShareFact) -> Terms {
        match (self.row(&fact.method), fact.meaning.payer) {
            (Some(row), _) => row.terms,
            (None, Payer::Voucher) => self.vouchers,
            (None, _) => self.others,
        }
    }

    /// Whether the fact names no more than a family of methods.
    pub fn is_family(&self, fact: &ShareFact) -> bool {
        self.row(&fact.method).is_some_and(|row| row.is_family)
    }

    fn row(&self, method: &str) -> Option<&MethodRule> {
        let plain = match self.test_suffix {
            "" => method,
            suffix => method.strip_suffix(suffix).unwrap_or(method),
        };
        self.methods.iter().find(|row| row.method == plain)
    }

    /// What can be done with the money in the status of this fact.
    pub fn stage(&self, fact: &ShareFact) -> Stage {
        let is = |row: &&StageRule| {
            row.code.is_none_or(|code| fact.said.code == Some(code))
                && row.word.is_none_or(|word| fact.said.word.as_deref() == Some(word))
        };
        self.stages.iter().find(is).map_or(Stage::Closed, |row| row.stage)
    }
}

impl Terms {
    /// Nothing is given back.
    const NEVER: Self = Self {
        purse: Purse::Card,
        refund: Refundable::Never,
        window_seconds: None,
        source: "the provider has no rules",
    };
}

impl Target {
    /// What a share of this name is called in a call; `None` where the provider would not know it.
    pub fn of(&self, name: &str) -> Option<String> {
        let is_hex = |digits| name.len() == digits && name.bytes().all(|b| b.is_ascii_hexdigit());
        let fits = !name.is_empty() && self.hex_digits.is_none_or(is_hex);
        fits.then(|| [name, self.suffix].concat())
    }
}
