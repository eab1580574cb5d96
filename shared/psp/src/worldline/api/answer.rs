//! What is answered about a payment, checked against what was asked. (worldline.md 15)

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::body::{Money, Output, Payment, Refund, StatusOutput};
use super::super::operation::{Operation, Told, bounded};
use super::super::payment_id::PaymentId;
use crate::text::{Hint, List, Text};
use quittance_core::api::{Trouble, TroubleKind};
use quittance_core::fact::Kind;
use quittance_core::key::Account;
use quittance_core::limits::{MAX_SHARES_PER_NOTIFICATION, MAX_WORD_BYTES};
use quittance_core::money::Currency;
use quittance_core::{Order, OrderKey, Unreadable};

/// Most operations that one answer may list: as many as a notification may list shares.
const MAX_OPERATIONS: usize = MAX_SHARES_PER_NOTIFICATION;

/// The order that is asked about, as far as answers are held against it.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// Whose it is.
    pub(super) account: Account,
    /// Its key.
    pub(super) key: OrderKey,
    /// The currencies that its payments can have; empty where none is known.
    currencies: BTreeSet<Currency>,
    /// How its operations are known to be paid.
    methods: BTreeMap<(Kind, String), String>,
    /// What is known to be given back, by payment.
    credits: BTreeSet<(String, String)>,
}

impl About {
    pub(super) fn of(order: &Order) -> Self {
        let key = order.key().clone();
        let account = Account { psp: key.psp, merchant: key.merchant.clone(), mode: key.mode };
        let mut about = Self {
            account,
            key,
            currencies: order
                .registered()
                .map(|registered| registered.currency)
                .into_iter()
                .collect(),
            methods: BTreeMap::new(),
            credits: BTreeSet::new(),
        };
        for (share, _) in order.facts().shares() {
            if order.registered().is_none() && share.kind == Kind::Debit {
                about.currencies.insert(share.currency);
            }
            if let Some(operation) = &share.operation {
                about.methods.insert((share.kind, operation.clone()), share.method.clone());
            }
            if share.kind == Kind::Credit
                && let Some(parent) = &share.parent
            {
                about.credits.insert((parent.clone(), share.share.clone()));
            }
        }
        about
    }

    /// The merchant's reference, where the order is not called by its payment alone.
    pub(super) fn reference(&self) -> Option<&str> {
        self.key.payment().is_none().then_some(self.key.order.as_str())
    }

    /// How an operation is known to be paid.
    pub(super) fn method(&self, kind: Kind, operation: &str) -> Option<&str> {
        self.methods.get(&(kind, operation.to_owned())).map(String::as_str)
    }

    /// What is known to be given back of a payment.
    pub(super) fn credits<'s>(&'s self, payment: &'s str) -> impl Iterator<Item = &'s str> {
        self.credits.iter().filter(move |(of, _)| of == payment).map(|(_, credit)| credit.as_str())
    }

    /// A contradiction, where an operation belongs to another order or is paid in another currency.
    pub(super) fn check(&self, told: &Told<'_>) -> Result<(), Fault> {
        if let (Some(own), Some(other)) = (self.reference(), told.reference)
            && own != other
        {
            return Err(Fault::contradiction("it is about another order"));
        }
        let amounts = &told.amounts;
        let is_known = self.currencies.is_empty() || self.currencies.contains(&amounts.currency);
        if !is_known || amounts.acquired_currency != amounts.currency {
            return Err(Fault::contradiction("it is in another currency"));
        }
        Ok(())
    }
}

/// Why an answer states nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: TroubleKind,
    /// Without personal data.
    pub(super) why: String,
}

impl Fault {
    pub(super) fn contradiction(why: &str) -> Self {
        Self { kind: TroubleKind::Contradiction, why: why.to_owned() }
    }

    pub(super) fn garbled(why: impl Into<String>) -> Self {
        Self { kind: TroubleKind::Garbled, why: why.into() }
    }

    /// The same for whoever asked.
    pub(super) fn trouble(self, call: &str) -> Trouble {
        Trouble { kind: self.kind, why: format!("the answer of {call}: {}", self.why) }
    }
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Self {
        Self::garbled(unreadable.reason)
    }
}

/// A body as text.
pub(super) fn text(body: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(body).map_err(|_| Fault::garbled("it is not UTF-8"))
}

/// A body of the documented shape.
pub(super) fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_str(text(body)?).map_err(|error| crate::text::json_fault("it", &error).into())
}

/// What is told of one operation in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) operation: Operation<'a>,
    pub(super) amount: u64,
    /// `card`, `redirect` and the like.
    pub(super) family: Option<&'a str>,
}

impl Listed<'_> {
    fn says_the_same(&self, other: &Listed<'_>) -> bool {
        let (one, two) = (&self.operation, &other.operation);
        (self.amount, one.word, one.code) == (other.amount, two.word, two.code)
    }
}

/// One payment as `GetPaymentDetails` tells it.
#[derive(Debug)]
pub(super) struct Details<'a> {
    pub(super) told: Told<'a>,
    /// The family of its method.
    pub(super) family: Option<&'a str>,
    /// Its operations, those of other payments of the order among them; `None` where none are listed.
    pub(super) operations: Option<Vec<Listed<'a>>>,
    /// Whether one operation is listed twice, with different contents.
    pub(super) disagrees: bool,
}

impl<'a> Details<'a> {
    /// Reads an answer about the payment with this id.
    pub(super) fn of(
        wire: &'a (PaymentBody<'a>, Operations<'a>),
        payment: &str,
        about: &About,
    ) -> Result<Self, Fault> {
        let (body, listed) = (&wire.0, &wire.1);
        let told = body.told()?;
        if told.operation.id.inner != payment {
            return Err(Fault::contradiction("it is about another payment"));
        }
        about.check(&told)?;
        let family = body.0.payment_output.as_ref().and_then(|o| o.payment_method.as_deref());
        let (operations, disagrees) = listed.read(told.amounts.currency)?;
        Ok(Self { told, family, operations, disagrees })
    }
}

/// A payment that is answered, whatever else stands beside it.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct PaymentBody<'a>(#[serde(borrow)] pub(super) Payment<'a>);

impl<'a> PaymentBody<'a> {
    /// What is told of it.
    pub(super) fn told(&'a self) -> Result<Told<'a>, Fault> {
        let payment = &self.0;
        let operation = Operation::of(&payment.id, &payment.status, &payment.status_output)?;
        let output = payment.payment_output.as_ref();
        let output = output.ok_or_else(|| Fault::garbled("paymentOutput missing"))?;
        Ok(Told::of(Operation { checkout: payment.checkout(), ..operation }, output)?)
    }
}

/// `Operations` of `GetPaymentDetails`.
#[derive(Deserialize)]
pub(super) struct Operations<'a> {
    #[serde(borrow, rename = "Operations", alias = "operations")]
    operations: Option<List<OperationBody<'a>, MAX_OPERATIONS>>,
}

impl<'a> Operations<'a> {
    fn read(&'a self, currency: Currency) -> Result<(Option<Vec<Listed<'a>>>, bool), Fault> {
        let Some(list) = self.operations.as_ref().filter(|list| list.count > 0) else {
            return Ok((None, false));
        };
        bound(list)?;
        let mut known: BTreeMap<String, Listed<'a>> = BTreeMap::new();
        let (mut all, mut disagrees) = (Vec::new(), false);
        for body in &list.kept {
            let listed = body.read(currency)?;
            match known.get(&listed.operation.id.operation()) {
                // In two spellings, for example.
                Some(one) => disagrees |= !one.says_the_same(&listed),
                None => {
                    known.insert(listed.operation.id.operation(), listed);
                    all.push(listed);
                }
            }
        }
        Ok((Some(all), disagrees))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationBody<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    amount_of_money: Option<Money<'a>>,
    status: Option<Text<'a>>,
    status_output: Option<StatusOutput<'a>>,
    payment_method: Option<Text<'a>>,
}

impl<'a> OperationBody<'a> {
    fn read(&'a self, currency: Currency) -> Result<Listed<'a>, Fault> {
        let operation = Operation::of(&self.id, &self.status, &self.status_output)?;
        let money = self.amount_of_money.as_ref();
        let money = money.ok_or_else(|| Fault::garbled("amountOfMoney of an operation missing"))?;
        let (amount, of) = money.read("amountOfMoney of an operation")?;
        if of != currency {
            return Err(Fault::contradiction("an operation is in another currency"));
        }
        let family = self.payment_method.as_deref();
        let family = family.map(|f| bounded("paymentMethod", f, MAX_WORD_BYTES)).transpose()?;
        Ok(Listed { operation, amount, family })
    }
}

/// What `GetRefunds` answers.
#[derive(Deserialize)]
pub(super) struct Refunds<'a> {
    #[serde(borrow)]
    refunds: Option<List<Refund<'a>, MAX_OPERATIONS>>,
}

impl<'a> Refunds<'a> {
    /// Each of them.
    pub(super) fn told(&'a self) -> Result<Vec<Told<'a>>, Fault> {
        let list = self.refunds.as_ref().ok_or_else(|| Fault::garbled("refunds missing"))?;
        bound(list)?;
        let each = list.kept.iter().map(|refund| {
            let operation = Operation::of(&refund.id, &refund.status, &refund.status_output)?;
            told(operation, refund.refund_output.as_deref())
        });
        each.collect()
    }
}

/// What `GetCaptures` answers.
#[derive(Deserialize)]
pub(super) struct Captures<'a> {
    #[serde(borrow)]
    captures: Option<List<Capture<'a>, MAX_OPERATIONS>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capture<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    status: Option<Text<'a>>,
    status_output: Option<StatusOutput<'a>>,
    capture_output: Option<Output<'a>>,
}

impl<'a> Captures<'a> {
    /// Each of them.
    pub(super) fn told(&'a self) -> Result<Vec<Told<'a>>, Fault> {
        let list = self.captures.as_ref().ok_or_else(|| Fault::garbled("captures missing"))?;
        bound(list)?;
        let each = list.kept.iter().map(|capture| {
            let operation = Operation::of(&capture.id, &capture.status, &capture.status_output)?;
            told(operation, capture.capture_output.as_ref())
        });
        each.collect()
    }
}

fn told<'a>(operation: Operation<'a>, output: Option<&'a Output<'a>>) -> Result<Told<'a>, Fault> {
    let output = output.ok_or_else(|| Fault::garbled("the output of an operation missing"))?;
    Ok(Told::of(operation, output)?)
}

fn bound<T>(list: &List<T, MAX_OPERATIONS>) -> Result<(), Fault> {
    if list.count > MAX_OPERATIONS {
        return Err(Fault::garbled(format!("more than {MAX_OPERATIONS} operations")));
    }
    Ok(())
}

/// What `GetHostedCheckout` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Whether the buyer left it, or its time is over.
    pub(super) cancelled: bool,
    /// Whether the buyer may still pay in it.
    pub(super) open: bool,
    /// The inner id of the payment that was made in it.
    pub(super) payment: Option<String>,
}

impl Session {
    pub(super) fn of(body: &[u8]) -> Result<Self, Fault> {
        let wire: SessionBody<'_> = json(body)?;
        let word = wire.status.as_ref().and_then(Hint::as_str);
        let word = word.ok_or_else(|| Fault::garbled("status missing"))?;
        let payment = wire.created_payment_output.and_then(|output| output.payment);
        let payment = match payment.as_ref().and_then(|payment| payment.id.as_deref()) {
            None => None,
            Some(id) => {
                let id = PaymentId::parse(id);
                Some(id.ok_or_else(|| Fault::garbled("payment id missing or too long"))?)
            }
        };
        Ok(Self {
            cancelled: word == "CANCELLED_BY_CONSUMER",
            open: word == "IN_PROGRESS",
            payment: payment.map(|id| id.inner.to_owned()),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody<'a> {
    #[serde(borrow)]
    status: Option<Hint<'a>>,
    created_payment_output: Option<CreatedPayment<'a>>,
}

#[derive(Deserialize)]
struct CreatedPayment<'a> {
    #[serde(borrow)]
    payment: Option<PaymentName<'a>>,
}

#[derive(Deserialize)]
struct PaymentName<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
}
