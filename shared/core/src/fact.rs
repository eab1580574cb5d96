//! What a PSP states: facts, and the words for them.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::crypto::sha256_hex;
use crate::money::Currency;

/// One thing that a genuine notification states about an order.
///
/// Its identity is what the PSP says of the payment, never a property of the envelope: re-sends of the
/// same event carry another signature, hash, id and body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The state of one share (a payment attempt, a voucher, a refund). An order and the notifications that it
    /// lists have it in common.
    Share(Arc<ShareFact>),
    /// What the whole order costs. Only a message about the whole states it, so an order without it is known
    /// by follow-ups alone.
    Total(Total),
}

impl Fact {
    /// What is stated about a share.
    pub fn share(share: ShareFact) -> Self {
        Self::Share(Arc::new(share))
    }

    /// What is stated about a share, if this is.
    pub fn as_share(&self) -> Option<&ShareFact> {
        match self {
            Self::Share(share) => Some(share),
            Self::Total(_) => None,
        }
    }

    /// How far this can be trusted when a message of this standing states it.
    pub fn standing(&self, told: Standing) -> Standing {
        self.as_share().map_or(told, |share| share.standing(told))
    }
}

/// The amount that a message states for the whole order, in minor units, and whose whole that is: another attempt
/// to pay the same order may be for more, and what was paid of that attempt is then only a part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Total {
    /// The whole amount; `None` when instalments are announced without their sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// The first instalment's amount, when the order is paid in instalments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_instalment: Option<u64>,
    /// The largest instalment's amount: no share of the plan is worth more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_instalment: Option<u64>,
    /// The payment that is for this amount ([`ShareFact::payment_name`]): of a plan that with which it began, whose name
    /// ends in what all its instalments have in common ([`ShareFact::series`]), or that alone where the payment is not told.
    /// `None` in what an earlier release stored: the amount is then taken for that of any payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The currency of the amounts.
    pub currency: Currency,
}

impl Total {
    /// That the payment of this name is for the amount, in minor units.
    pub fn new(amount: u64, currency: Currency, of: impl Into<String>) -> Self {
        Self {
            amount: Some(amount),
            first_instalment: None,
            largest_instalment: None,
            of: Some(of.into()),
            currency,
        }
    }

    /// The same of every payment that one of these debits is a part of.
    pub fn of_each<'s>(
        amount: u64,
        currency: Currency,
        shares: impl IntoIterator<Item = &'s ShareFact>,
    ) -> impl Iterator<Item = Self> {
        let debits = shares.into_iter().filter(|share| share.kind == Kind::Debit);
        let payments: BTreeSet<&str> = debits.map(ShareFact::payment_name).collect();
        payments.into_iter().map(move |payment| Self::new(amount, currency, payment))
    }
}

/// With what a share is paid, as far as that tells which of two came first: a voucher does, and its complement by
/// another method follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
pub enum Payer {
    /// A balance: a voucher or a gift card, which may pay a part.
    Voucher,
    /// What completes a voucher's share.
    Complement,
    /// A method that may be either.
    #[default]
    Unknown,
}

impl Payer {
    /// The same of several statements about one operation. Who does not say it contradicts nobody; where two say
    /// otherwise, nothing is known.
    pub(crate) fn of(payers: impl Iterator<Item = Self>) -> Self {
        let mut known = payers.filter(|payer| *payer != Self::Unknown);
        match known.next() {
            Some(first) if known.all(|payer| payer == first) => first,
            _ => Self::Unknown,
        }
    }
}

/// What is stated about one share, as it was told, and what the provider's tables make of it.
///
/// Only what was told is stored. What it means is worked out when an order is read, so that a changed row of a
/// provider's table reaches every order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ShareFact {
    /// What names the share among those of its provider.
    pub share: String,
    /// Another name of the same share, which joins a message that has only this one to those that have both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_name: Option<String>,
    /// The payment that the share is a part of, where its name is neither the share's nor that of the share
    /// which it gives back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    /// What all instalments of one plan have in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The id of the operation that it speaks of, where the provider tells the operations of a payment apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Which of the payment's operations that is, the first being 0; `None` where the payment alone is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Which way the money goes.
    pub kind: Kind,
    /// The provider's brand (`CVCO`, `CB`), or the name of its product.
    pub method: String,
    /// What the share or operation is for, in minor units.
    pub amount: u64,
    /// What the whole payment is to reach, in minor units, where it may come in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// How much was reached so far, in minor units, where that is told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<u64>,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The status in the provider's words.
    pub said: Said,
    /// The provider's number of this attempt or share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// When the attempt began, in a form that sorts; tells which of several failed attempts was last.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attempted: String,
    /// The share that a credit gives back, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What all that means: a function of the other fields.
    pub meaning: Meaning,
}

/// A status as a provider tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Said {
    /// The word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// The number beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u64>,
    /// The group of statuses that it is said to be of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl Said {
    /// A status that is a word alone.
    pub fn word(word: &str) -> Self {
        Self { word: Some(word.to_owned()), ..Self::default() }
    }

    /// What people are shown: the word, or else the number.
    pub fn shown(&self) -> Cow<'_, str> {
        match (&self.word, self.code) {
            (Some(word), _) => word.into(),
            (None, Some(code)) => code.to_string().into(),
            (None, None) => "".into(),
        }
    }
}

/// What a provider's tables make of a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Meaning {
    /// The status in Quittance's words.
    pub status: Status,
    /// The status' place in the provider's lattice: of two facts about one share the higher rank holds.
    pub rank: Rank,
    /// What the share or operation is worth, in minor units.
    pub worth: u64,
    /// What kind of method it is paid with.
    pub payer: Payer,
    /// The code of the sentence that says how the fact contradicts itself, if it does: then it releases nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<&'static str>,
}

impl ShareFact {
    /// A share of which only that is told, and whose meaning is not worked out.
    pub fn new(share: String, kind: Kind, amount: u64, currency: Currency, said: Said) -> Self {
        Self {
            share,
            other_name: None,
            payment: None,
            series: None,
            operation: None,
            number: None,
            kind,
            method: "unknown".to_owned(),
            amount,
            target: None,
            reached: None,
            currency,
            said,
            sequence: None,
            attempted: String::new(),
            parent: None,
            meaning: Meaning::default(),
        }
    }

    /// With what the provider's tables make of it.
    pub fn meaning(self, of: impl FnOnce(&Self) -> Meaning) -> Self {
        Self { meaning: of(&self), ..self }
    }

    /// Whether it speaks of the payment of this name.
    pub fn is_of(&self, payment: &str) -> bool {
        let named = |name: &Option<String>| name.as_deref() == Some(payment);
        self.share == payment || named(&self.parent) || named(&self.payment)
    }

    /// The name of the payment that a debit is a part of: its own, where that is told apart from no other.
    pub fn payment_name(&self) -> &str {
        self.payment.as_deref().unwrap_or(&self.share)
    }

    /// By which of its names it calls the share.
    pub(crate) fn called(&self) -> Called {
        if self.other_name.is_some() {
            return Called::Both;
        }
        let payment = self.payment.as_deref().and_then(|name| self.share.strip_prefix(name));
        match payment {
            Some("") => Called::Payment,
            Some(place) if place.starts_with('-') => Called::Place,
            _ => Called::Id,
        }
    }

    /// Whether it speaks of a later operation of its payment alone (a capture, a cancellation), which says
    /// nothing of the whole.
    pub fn is_later_operation(&self) -> bool {
        self.number.as_deref().is_some_and(|number| number != "0")
    }

    /// How far this can be trusted when a message of this standing states it.
    pub fn standing(&self, told: Standing) -> Standing {
        if self.meaning.doubt.is_some() { told.max(Standing::Contradictory) } else { told }
    }

    /// The identity of a statement about one share, whatever message carries it. Another number beside the same
    /// word with the same meaning is not a new statement.
    fn stated(&self) -> impl Ord + Serialize + '_ {
        let share = (self.kind, &self.share, &self.operation, self.meaning.worth, self.target);
        let status = (self.said.shown(), self.meaning.status, self.meaning.doubt.is_some());
        (share, self.currency, status)
    }

    /// Whether another fact says the same with another number or group beside its word, or says besides how much
    /// was reached.
    pub(crate) fn rewords(&self, other: &Self) -> bool {
        let reworded = || Self { said: other.said.clone(), reached: other.reached, ..self.clone() };
        self.said.shown() == other.said.shown() && reworded() == *other
    }
}

/// By which of its names a share is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Called {
    /// By its id and by its place in its payment: messages with either of them are joined.
    #[default]
    Both,
    /// By its id alone.
    Id,
    /// By its payment and its place there alone.
    Place,
    /// By its payment alone: it may be any share of the payment.
    Payment,
}

/// Which way a share's money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// From the buyer to the merchant.
    Debit,
    /// Back to the buyer.
    Credit,
    /// Nowhere: a check of the payment method.
    Verification,
}

/// The status of one share.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Status {
    /// A word or number that no table here knows. Kept, flagged, and never enough for a release.
    Unknown,
    /// Not decided yet, or decided in a way that the evidence does not settle.
    #[default]
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

/// How far the message that states a fact can be trusted to mean only that. The better one is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// One reading, no contradiction: may release an order.
    #[default]
    Sound,
    /// Contradicts itself: counted for show, releases nothing.
    Contradictory,
    /// The same signed text can be read in another way: counts for nothing on its word alone.
    Respellable,
    /// Sound, and the provider itself said so when it was asked: whoever has a key for notifications cannot have
    /// written it. Declared last, because a stored order holds the number of the variant.
    Confirmed,
}

impl Ord for Standing {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Standing {
    fn place(self) -> u8 {
        match self {
            Self::Confirmed => 0,
            Self::Sound => 1,
            Self::Contradictory => 2,
            Self::Respellable => 3,
        }
    }

    /// What it is once the provider itself says the same: see [`crate::api::Answer::confirmed`].
    pub(crate) fn confirmed(self) -> Self {
        if self.is_sound() { Self::Confirmed } else { self }
    }

    /// Whether the fact may release an order.
    pub fn is_sound(self) -> bool {
        self <= Self::Sound
    }

    /// Whether nobody vouches that the message means what it says: whoever holds a signed text can have
    /// written it. Such statements have a room of their own, apart from all others.
    pub fn is_doubtful(self) -> bool {
        self == Self::Respellable
    }
}

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Notifications cover the order, and the provider itself has not said so yet, as the policy wants.
    Unconfirmed,
    /// Nothing was settled for so long that the provider is not asked any more.
    GivenUp,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 9] = [
        Self::Ambiguous,
        Self::AmountMismatch,
        Self::CurrencyMismatch,
        Self::Overpaid,
        Self::StrandedVoucher,
        Self::UnknownStatus,
        Self::OverRefunded,
        Self::Unconfirmed,
        Self::GivenUp,
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
            Self::Unconfirmed => "unconfirmed",
            Self::GivenUp => "given_up",
        }
    }
}

/// The facts of an order, each with the best standing of the messages that state it. A set: adding twice, or in
/// another order, changes nothing (I5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<Fact, Standing>);

impl Facts {
    /// Adds a fact that a message of this standing states. Whether that changed anything: a fact already stated
    /// as well or better does not.
    pub fn add(&mut self, fact: Fact, told: Standing) -> bool {
        match self.0.entry(fact) {
            Entry::Vacant(slot) => {
                slot.insert(told);
                true
            }
            Entry::Occupied(mut slot) => {
                let better = told < *slot.get();
                if better {
                    slot.insert(told);
                }
                better
            }
        }
    }

    /// Whether this fact is known from a message of this standing or a better one.
    pub fn knows(&self, fact: &Fact, told: Standing) -> bool {
        self.0.get(fact).is_some_and(|known| *known <= told)
    }

    /// All facts, each with how far it can be trusted, in the facts' own order.
    pub fn iter(&self) -> impl Iterator<Item = (&Fact, Standing)> {
        self.told().map(|(fact, told)| (fact, fact.standing(told)))
    }

    /// All facts, each with the best standing of the messages that state it.
    pub fn told(&self) -> impl Iterator<Item = (&Fact, Standing)> {
        self.0.iter().map(|(fact, told)| (fact, *told))
    }

    /// The share facts, each with how far it can be trusted.
    pub fn shares(&self) -> impl Iterator<Item = (&ShareFact, Standing)> {
        self.iter().filter_map(|(fact, standing)| Some((fact.as_share()?, standing)))
    }

    /// How many trusted share facts there are: what [`crate::limits::MAX_FACTS_PER_ORDER`] bounds.
    pub fn trusted(&self) -> usize {
        self.shares().filter(|(_, standing)| !standing.is_doubtful()).count()
    }

    /// Drops the facts for which `drop` holds. Whether there were any.
    pub(crate) fn drop_where(&mut self, drop: impl Fn(&Fact, Standing) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|fact, told| !drop(fact, fact.standing(*told)));
        self.0.len() < before
    }
}

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Whether two messages say the same of the same shares, whatever else they are. Totals are left out, so that a
/// re-send by hand, which speaks of one share without the whole, is still a repeat.
pub fn say_the_same(one: &[Fact], other: &[Fact]) -> bool {
    // Most messages of an order differ in their first or last share, and need not be sorted to be told apart.
    let mut shares = one.iter().filter_map(Fact::as_share);
    let ends = [shares.next(), shares.next_back()];
    let is_there = |share: &ShareFact| {
        other.iter().filter_map(Fact::as_share).any(|told| told.stated() == share.stated())
    };
    ends.into_iter().flatten().all(is_there) && statements(one) == statements(other)
}

fn statements(facts: &[Fact]) -> Vec<impl Ord + Serialize + '_> {
    let mut all: Vec<_> = facts.iter().filter_map(|fact| Some(fact.as_share()?.stated())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Names what a message says of its shares: two for which [`say_the_same`] holds have one digest.
pub fn digest(facts: &[Fact]) -> String {
    // As JSON: what a provider wrote cannot be taken for two members.
    let lines = statements(facts).into_iter().filter_map(|said| serde_json::to_string(&said).ok());
    let lines: Vec<String> = lines.collect();
    sha256_hex(lines.join("\n").as_bytes()).chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur() -> Currency {
        Currency::from_alpha("EUR").unwrap()
    }

    #[test]
    fn who_pays_is_known_where_nobody_says_otherwise() {
        use Payer::{Complement, Unknown, Voucher};
        for (said, payer) in [
            (vec![], Unknown),
            (vec![Unknown], Unknown),
            (vec![Voucher, Unknown, Voucher], Voucher),
            (vec![Unknown, Complement], Complement),
            (vec![Voucher, Complement], Unknown),
            (vec![Voucher, Voucher, Complement], Unknown),
        ] {
            assert_eq!(Payer::of(said.iter().copied()), payer, "{said:?}");
        }
    }

    #[test]
    fn a_share_is_called_by_its_id_its_place_or_its_payment() {
        let called = |share: &str, payment: Option<&str>, other: Option<&str>| {
            let fact =
                ShareFact::new(share.to_owned(), Kind::Debit, 1, eur(), Said::word("CAPTURED"));
            let payment = payment.map(str::to_owned);
            ShareFact { payment, other_name: other.map(str::to_owned), ..fact }.called()
        };
        let payment = Some("20261122-abc123");
        assert_eq!(called("20261122-abc123", payment, None), Called::Payment);
        assert_eq!(called("20261122-abc123-2", payment, None), Called::Place);
        assert_eq!(called("20261122-abc1232", payment, None), Called::Id);
        assert_eq!(called("0a1b", payment, None), Called::Id);
        assert_eq!(called("20261122-abc123-2", None, None), Called::Id);
        assert_eq!(called("0a1b", payment, Some("20261122-abc123-2")), Called::Both);
    }

    #[test]
    fn a_fact_that_is_told_again_is_no_news_unless_it_is_told_better() {
        use Standing::{Confirmed, Contradictory, Sound};
        let said = Said::word("CAPTURED");
        let fact = Fact::share(ShareFact::new("a".to_owned(), Kind::Debit, 1, eur(), said));
        let mut facts = Facts::default();
        let news = [Sound, Sound, Contradictory, Confirmed, Confirmed, Sound]
            .map(|told| facts.add(fact.clone(), told));
        assert_eq!(news, [true, false, false, true, false, false]);
    }
}
