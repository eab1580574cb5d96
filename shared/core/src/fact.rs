//! What a PSP states: facts, and the words for them.

use serde::{Deserialize, Serialize};

use crate::crypto::sha256_hex;
use crate::limits::MAX_AMOUNT;
use crate::money::Currency;

/// One thing that a genuine notification states about an order.
///
/// Its identity is what the PSP says of the payment, never a property of the envelope: re-sends of the
/// same event carry another signature, hash, id and body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The state of one share (a payment attempt, a voucher, a refund).
    #[serde(rename = "s")]
    Share(Box<ShareFact>),
    /// What the whole order costs. Only a message about the whole states it (`vads_url_check_src=PAY`
    /// and the like), so an order without it is known by follow-ups alone.
    #[serde(rename = "t")]
    Total(Total),
}

/// The amount an order is for, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Total {
    /// The whole amount; `None` when instalments are announced without their sum.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<u64>,
    /// The first instalment's amount, when the order is paid in instalments.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none", default)]
    pub first_instalment: Option<u64>,
    /// The largest instalment's amount: no share of the plan is worth more.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none", default)]
    pub largest_instalment: Option<u64>,
    /// The transaction id of the plan, which all its instalments have: it says nothing of other payments.
    #[serde(rename = "x", skip_serializing_if = "Option::is_none", default)]
    pub transaction: Option<String>,
    /// The currency of both.
    #[serde(rename = "c")]
    pub currency: Currency,
}

/// With what a share is paid, as far as that tells which of two came first: a voucher does, and its complement by
/// another method follows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub enum Payer {
    /// A balance: a voucher or a gift card, which may pay a part.
    #[serde(rename = "v")]
    Voucher,
    /// What completes a voucher's share.
    #[serde(rename = "c")]
    Complement,
    /// A method that may be either.
    #[default]
    #[serde(rename = "u")]
    Unknown,
}

impl Payer {
    /// The same of two statements about one operation.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }

    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// What is stated about one share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShareFact {
    /// `vads_trans_uuid` (else date, transaction id and sequence); Worldline: the inner payment id for
    /// a debit, the full operation id for a credit.
    #[serde(rename = "i")]
    pub share: String,
    /// The other name of a Lyra share (date, transaction id and sequence), which joins a message
    /// without uuid to the share whose uuid is known.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none", default)]
    pub slot: Option<String>,
    /// Worldline: the full id of the operation the event describes.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none", default)]
    pub operation: Option<String>,
    /// Which way the money goes.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// The PSP's brand (`CVCO`, `CB`), or for a Worldline product its name.
    #[serde(rename = "m")]
    pub method: String,
    /// What kind of method that is.
    #[serde(rename = "v", skip_serializing_if = "Payer::is_unknown", default)]
    pub payer: Payer,
    /// What this share or operation is worth, in minor units.
    #[serde(rename = "a", deserialize_with = "summable")]
    pub amount: u64,
    /// Worldline: the amount that the payment is to reach (amountOfMoney plus surcharge), in minor
    /// units, when `amount` is what was acquired of it.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    pub of: Option<u64>,
    /// The currency of the amounts.
    #[serde(rename = "c")]
    pub currency: Currency,
    /// The status in Quittance's words.
    #[serde(rename = "s")]
    pub status: Status,
    /// The status' place in the PSP's lattice: of two facts about one share the higher rank holds.
    #[serde(rename = "r")]
    pub rank: Rank,
    /// The status in the PSP's words.
    #[serde(rename = "p")]
    pub psp_status: String,
    /// The PSP's number of this attempt or share.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u32>,
    /// When the attempt began, in a form that sorts; tells which of several failed attempts was last.
    #[serde(rename = "b", skip_serializing_if = "String::is_empty", default)]
    pub attempted: String,
    /// The share that a credit gives back, where the PSP says.
    #[serde(rename = "g", skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
}

impl ShareFact {
    /// Whether it speaks of this payment: a Worldline payment by its inner id, a Lyra one by day and
    /// transaction id.
    pub fn is_of(&self, payment: &str) -> bool {
        let slot = self.slot.as_deref().unwrap_or(&self.share);
        let of_slot = slot.strip_prefix(payment).is_some_and(|rest| rest.starts_with('-'));
        self.share == payment || self.parent.as_deref() == Some(payment) || of_slot
    }

    /// The id of the Lyra transaction, in lower case: without the day, which differs between instalments.
    pub(crate) fn transaction(&self) -> Option<&str> {
        let slot = self.slot.as_deref().unwrap_or(&self.share);
        let (day, rest) = slot.split_once('-').filter(|_| self.operation.is_none())?;
        let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
        is_day.then(|| rest.split_once('-').map_or(rest, |(id, _)| id))
    }

    /// Which operation of its Worldline payment it speaks of (`1` of `3254564310_1`); `None` where the id is
    /// that of the payment alone.
    pub(crate) fn operation_number(&self) -> Option<&str> {
        let payment = self.parent.as_deref().unwrap_or(&self.share);
        self.operation.as_deref()?.strip_prefix(payment)?.strip_prefix('_')
    }

    /// Whether it speaks of a later operation of its payment alone (a capture, a cancellation), which says
    /// nothing of the whole. (worldline.md 4, "Identifiers")
    pub fn is_later_operation(&self) -> bool {
        self.operation_number().is_some_and(|number| number != "0")
    }
}

/// An amount as a message may state it: within [`MAX_AMOUNT`], and as much again in surcharge. An item that
/// says more was not written here, and its sums could not be trusted.
fn summable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let amount = u64::deserialize(deserializer)?;
    let too_large = || serde::de::Error::custom("amount too large");
    (amount <= 2 * MAX_AMOUNT).then_some(amount).ok_or_else(too_large)
}

/// Which way a share's money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// From the buyer to the merchant.
    Debit,
    /// Back to the buyer.
    Credit,
    /// Nowhere: a check of the payment method.
    Verification,
}

/// The status of one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A word or number that no table here knows. Kept, flagged, and never enough for a release.
    Unknown,
    /// Not decided yet, or decided in a way that the evidence does not settle.
    Pending,
    /// Reserved, not taken.
    Authorised,
    /// Declined.
    Refused,
    /// Ended by the merchant, or left by the buyer.
    Cancelled,
    /// Ended by time.
    Expired,
    /// A verification that succeeded: no money moves.
    Accepted,
    /// A debit whose money is really taken.
    Captured,
    /// A credit that is final.
    Refunded,
    /// A debit taken back through the buyer's bank.
    ChargedBack,
    /// Known only from messages that can be read in more than one way; counts for nothing.
    Ambiguous,
}

/// A place in a PSP's lattice of statuses; see the PSP's `status` module for the table.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub struct Rank(pub u8);

impl Rank {
    /// The place of statuses that no table knows: below all others.
    pub const UNKNOWN: Self = Self(0);
    /// The place of a capture that failed: what was reserved is lost, and what follows is open.
    pub const CAPTURE_FAILED: Self = Self(60);
    /// The place of captured and refunded, above all others: nothing undoes them (I6).
    pub const FINAL: Self = Self(100);
}

/// How far the message that states a fact can be trusted to mean only that.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// One reading, no contradiction: may release an order.
    #[default]
    #[serde(rename = "s")]
    Sound,
    /// Contradicts itself: counted for show, releases nothing.
    #[serde(rename = "c")]
    Contradictory,
    /// The same signed text can be read in another way: counts for nothing on its word alone.
    #[serde(rename = "r")]
    Respellable,
}

impl Standing {
    /// Whether nobody vouches that the message means what it says: whoever holds a signed text can have
    /// written it. Such statements have a room of their own, apart from all others.
    pub fn is_doubtful(self) -> bool {
        self == Self::Respellable
    }

    /// Whether it is that of most statements, which is not written down.
    pub(crate) fn is_sound(&self) -> bool {
        *self == Self::Sound
    }
}

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Something is still open, or what the order costs is not known.
    Pending,
    /// The whole amount is reserved.
    Authorised,
    /// Some of the amount is taken.
    PartiallyCaptured,
    /// The whole amount is taken.
    Captured,
    /// The last attempt was declined.
    Refused,
    /// The last attempt was cancelled or abandoned.
    Cancelled,
    /// The last attempt ran out of time.
    Expired,
    /// Some of the money was given back.
    PartiallyRefunded,
    /// All of the money was given back.
    Refunded,
    /// The buyer's bank took the money back.
    ChargedBack,
}

impl State {
    /// Every state, in the order of its rules. (docs/interface.md, "States")
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Authorised,
        Self::PartiallyCaptured,
        Self::Captured,
        Self::Refused,
        Self::Cancelled,
        Self::Expired,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::ChargedBack,
    ];

    /// The word used in JSON and in the list's `state` parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorised => "authorised",
            Self::PartiallyCaptured => "partially_captured",
            Self::Captured => "captured",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
        }
    }

    /// The state of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Something about an order that a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The evidence does not decide: the order waits until the PSP is asked.
    Ambiguous,
    /// Messages state different amounts for the order, and what is paid does not cover the largest.
    AmountMismatch,
    /// Money moved in another currency than the order's; it does not count.
    CurrencyMismatch,
    /// More was captured than the order costs.
    Overpaid,
    /// A voucher was taken, and its complement was neither taken nor reserved within the session.
    StrandedVoucher,
    /// A share has a status that no table knows.
    UnknownStatus,
    /// More was given back than was taken, of the order or of one of its shares.
    OverRefunded,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 7] = [
        Self::Ambiguous,
        Self::AmountMismatch,
        Self::CurrencyMismatch,
        Self::Overpaid,
        Self::StrandedVoucher,
        Self::UnknownStatus,
        Self::OverRefunded,
    ];

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::AmountMismatch => "amount_mismatch",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::Overpaid => "overpaid",
            Self::StrandedVoucher => "stranded_voucher",
            Self::UnknownStatus => "unknown_status",
            Self::OverRefunded => "over_refunded",
        }
    }
}

/// The facts of an order with the best standing in which each was stated. A set: adding twice, or in
/// another order, changes nothing (I5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(std::collections::BTreeMap<Fact, Standing>);

impl Facts {
    /// Adds a fact. Whether that changed anything: a fact already stated as well or better does not.
    pub fn add(&mut self, fact: Fact, standing: Standing) -> bool {
        let known = self.0.entry(fact);
        match known {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(standing);
                true
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                let better = standing < *slot.get();
                if better {
                    slot.insert(standing);
                }
                better
            }
        }
    }

    /// Whether this fact is known in this standing or a better one.
    pub fn knows(&self, fact: &Fact, standing: Standing) -> bool {
        self.0.get(fact).is_some_and(|known| *known <= standing)
    }

    /// All facts with their standings, in the facts' own order.
    pub fn iter(&self) -> impl Iterator<Item = (&Fact, Standing)> {
        self.0.iter().map(|(fact, standing)| (fact, *standing))
    }

    /// The share facts with their standings.
    pub fn shares(&self) -> impl Iterator<Item = (&ShareFact, Standing)> {
        self.iter().filter_map(|(fact, standing)| match fact {
            Fact::Share(share) => Some((share.as_ref(), standing)),
            Fact::Total(_) => None,
        })
    }

    /// How many trusted share facts there are: what [`crate::limits::MAX_FACTS_PER_ORDER`] bounds.
    pub fn trusted(&self) -> usize {
        self.shares().filter(|(_, standing)| !standing.is_doubtful()).count()
    }

    /// Drops the facts for which `drop` holds. Whether there were any.
    pub(crate) fn drop_where(&mut self, drop: impl Fn(&Fact, Standing) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|fact, standing| !drop(fact, *standing));
        self.0.len() < before
    }
}

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(Fact, Standing)>::deserialize(deserializer)?;
        Ok(Self(pairs.into_iter().collect()))
    }
}

/// Names what a set of facts states, whatever the envelope: two notifications with the same digest say
/// the same of the same shares. Totals are left out, so that a re-send by hand, which speaks of one
/// share without the whole, is still a repeat.
pub fn digest<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> String {
    // As JSON: what a provider wrote cannot be taken for two members.
    let mut lines: Vec<String> = facts
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Share(s) => {
                let share = (s.kind, &s.share, &s.operation, s.amount, s.of);
                serde_json::to_string(&(share, s.currency, s.status, &s.psp_status)).ok()
            }
            Fact::Total(_) => None,
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    sha256_hex(lines.join("\n").as_bytes()).chars().take(32).collect()
}
