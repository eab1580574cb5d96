//! What comes out of a fold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::details::Shown;
use crate::fact::{Flag, Kind, State, Status};
use crate::money::Currency;

/// What an order's facts amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Where the order stands.
    pub state: State,
    /// What a person should know.
    pub flags: BTreeSet<Flag>,
    /// The currency of the sums; `None` while no fact has one.
    pub currency: Option<Currency>,
    /// What the order costs, in minor units; `None` while no message about the whole is known.
    pub expected: Option<u64>,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Really taken, in minor units, also beyond what was expected.
    pub captured: u64,
    /// Given back for good, in minor units.
    pub refunded: u64,
    /// The shares, by kind and then in the order in which they were attempted.
    pub shares: Vec<Share>,
    /// Whether facts in good standing cover the expected amount under the policy, less what was given
    /// back.
    #[serde(skip)]
    pub releasable: bool,
    /// Whether facts in good standing cover the expected amount, whatever was given back since.
    #[serde(skip)]
    pub is_paid: bool,
    /// Refunds and chargebacks that facts in good standing say are final: after a release, each is a
    /// reversal.
    #[serde(skip)]
    pub certain_credits: Vec<Credit>,
    /// What the debits are worth by facts in good standing: a share that counted for a release and is
    /// lost is a reversal too.
    #[serde(skip)]
    pub certain_debits: Vec<Debit>,
    /// Whether more was told of what is taken or given back than the provider itself has said, where its own word is
    /// waited for.
    #[serde(skip)]
    pub awaits_word: bool,
    /// Whether the order was paid, and where it is [`Flag::Ambiguous`], that is only about what is left since money was
    /// given back: it says nothing of a release that came before.
    #[serde(skip)]
    pub is_rest_unsure: bool,
    /// Whether nobody knows how much of the order some money is: the whole of the payment that it is a part of was not stated.
    #[serde(skip)]
    pub is_whole_unknown: bool,
    /// The currency of a voucher that is captured while the rest of the order is neither captured nor authorised.
    #[serde(skip)]
    pub voucher_waits: Option<Currency>,
    /// The currencies in which money was taken or is reserved: in each of them the order was paid, or a part of it.
    #[serde(skip)]
    pub paid_in: BTreeSet<Currency>,
}

impl Summary {
    /// The debit of this name.
    pub(crate) fn debit(&self, name: &str) -> Option<&Debit> {
        self.certain_debits.iter().find(|debit| debit.names.contains(name))
    }
}

/// One share of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share {
    /// What names it among the shares of its provider.
    pub share: String,
    /// The provider's brand (`CVCO`, `CB`, `VISA`) or the name of its product; two with `+` where one payment was paid by
    /// both.
    pub method: String,
    /// Which way the money goes.
    pub kind: Kind,
    /// What it is worth, in minor units.
    pub amount: u64,
    /// Of what, where that is not the currency of the order: then it is in none of the order's sums.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<Currency>,
    /// The status in Quittance's words.
    pub status: Status,
    /// The status in the provider's word.
    pub psp_status: String,
    /// The provider's number of the attempt or share; `null` where it gives none.
    pub sequence: Option<u32>,
    /// What the provider says of it beyond that; absent in messages and lists.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::details"))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<Shown>,
    /// Every name under which it is stated.
    #[serde(skip)]
    pub names: BTreeSet<String>,
}

/// A refund or chargeback that is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its share's id.
    pub share: String,
    /// Minor units.
    pub amount: u64,
    /// Every id under which it was stated: the first news of it may have lacked its uuid.
    pub names: BTreeSet<String>,
    /// What it gives back, where that is known.
    pub parent: Option<String>,
    /// How much was given back of that in all, in minor units: one refund may be told under the id of its
    /// operation and under that of its payment.
    pub of_parent: u64,
    /// Whether it speaks of itself alone, and not of all that was given back of its payment.
    pub is_part: bool,
    /// Whether the buyer's bank took it.
    pub charged_back: bool,
    /// Whether it names a payment that is not known here as a whole, and may be another order's.
    pub of_other: bool,
}

/// A debit as far as a release may rest on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debit {
    /// Its share's id.
    pub share: String,
    /// Every id under which it was stated.
    pub names: BTreeSet<String>,
    /// Really taken, in minor units.
    pub captured: u64,
    /// Reserved and not captured, in minor units.
    pub authorised: u64,
    /// Whether what was reserved can no longer be taken.
    pub lost: bool,
    /// Parts of it that were cancelled: operation and minor units.
    pub let_go: Vec<(String, u64)>,
}
