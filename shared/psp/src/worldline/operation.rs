//! One operation of a payment, as an event or an answer of the API tells it, and the statement that it is.
//! (worldline.md 4)

use super::body::{Method, Output, StatusOutput};
use super::payment_id::PaymentId;
use super::product_name;
use super::status::{Read, Side, meaning, meaning_of};
use crate::text::Text;
use quittance_core::details::{Details, Member, ShareDetails};
use quittance_core::fact::{Fact, Kind, Said, ShareFact, Standing, Status, Total};
use quittance_core::key::{Account, PaymentName};
use quittance_core::limits::MAX_WORD_BYTES;
use quittance_core::money::Currency;
use quittance_core::statement::{Statement, Unreadable};
use quittance_core::{OrderKey, Remark};

/// Which operation it is, and its status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    pub(super) id: PaymentId<'a>,
    /// The id as sent.
    pub(super) sent: &'a str,
    /// The hosted checkout in which the buyer paid.
    pub(super) checkout: Option<&'a str>,
    pub(super) word: Option<&'a str>,
    pub(super) code: Option<u64>,
    pub(super) category: Option<&'a str>,
}

impl<'a> Operation<'a> {
    pub(super) fn of(
        id: &'a Option<Text<'a>>,
        status: &'a Option<Text<'a>>,
        output: &'a Option<StatusOutput<'a>>,
    ) -> Result<Self, Unreadable> {
        let sent = id.as_deref().unwrap_or("");
        let id = PaymentId::parse(sent)
            .ok_or_else(|| Unreadable::new("payment id missing or too long"))?;
        let word = status.as_deref().map(|w| bounded("status", w, MAX_WORD_BYTES)).transpose()?;
        let output = output.as_ref();
        let category = output.and_then(|o| o.status_category.as_deref());
        let category =
            category.map(|c| bounded("statusCategory", c, MAX_WORD_BYTES)).transpose()?;
        let code = output.and_then(|o| o.status_code).map(|code| code.0);
        Ok(Self { id, sent, checkout: None, word, code, category })
    }

    /// What its status means.
    pub(super) fn read(&self) -> Read {
        meaning(self.word, self.code, self.category)
    }

    /// Whether it speaks of money on its way back.
    pub(super) fn is_credit(&self) -> bool {
        self.read().side == Side::Credit
    }

    fn said(&self) -> Said {
        let Self { word, code, category, .. } = *self;
        Said { word: word.map(str::to_owned), code, category: category.map(str::to_owned) }
    }
}

/// What is told of an operation.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) operation: Operation<'a>,
    pub(super) amounts: Amounts,
    /// How it was paid, in our words.
    pub(super) method: String,
    /// The merchant's reference that it carries; never empty.
    pub(super) reference: Option<&'a str>,
    /// What decides nothing.
    pub(super) details: Details,
}

impl<'a> Told<'a> {
    /// What stands in `paymentOutput` or `refundOutput`.
    pub(super) fn of(operation: Operation<'a>, output: &'a Output<'a>) -> Result<Self, Unreadable> {
        let references = output.references.as_ref();
        let reference = references.and_then(|r| r.merchant_reference.as_deref());
        Ok(Self {
            operation,
            amounts: Amounts::of(output)?,
            method: method(output.product(), output.payment_method.as_deref())?,
            reference: reference.filter(|r| !r.is_empty()),
            details: details(&operation, output),
        })
    }

    /// The statement that this is. A message about money on its way back says so by `of_credit`, or by the
    /// status itself.
    pub(super) fn statement(
        self,
        account: &Account,
        event: Remark,
        of_credit: bool,
    ) -> Result<Statement, Unreadable> {
        let credit = of_credit || self.operation.is_credit();
        let (share, total) = self.share(credit);
        let follows = credit || share.is_later_operation();
        let (key, aliases) = self.names(account, follows)?;
        let (kind, name, rank) = (share.kind, share.share.clone(), share.meaning.rank);
        let details = vec![ShareDetails { kind, share: name, rank, details: self.details }];
        let mut facts = Vec::with_capacity(2);
        facts.push(Fact::share(share));
        facts.extend(total.map(Fact::Total));
        Ok(Statement {
            key,
            aliases,
            follows,
            facts,
            standing: Standing::Sound,
            doubt: None,
            reasons: Vec::new(),
            details,
            session_seconds: super::SESSION_SECONDS,
            event,
        })
    }

    /// What is stated of the share, and of the whole.
    fn share(&self, credit: bool) -> (ShareFact, Option<Total>) {
        let (operation, amounts) = (&self.operation, &self.amounts);
        let target = amounts.target();
        // What was acquired in another currency covers nothing of what was to be paid: the two are stated
        // apart, each in its own currency.
        let is_foreign = amounts.acquired_currency != amounts.currency;
        let is_taken = matches!(operation.read().status, Status::Captured | Status::Authorised);
        let acquired = amounts.acquired.filter(|_| !credit && is_foreign && is_taken);
        let total = acquired.map(|_| Total::new(target, amounts.currency, operation.id.inner));
        let (id, direction) = match credit {
            true => (operation.id.operation(), Kind::Credit),
            false => (operation.id.inner.to_owned(), Kind::Debit),
        };
        let amount = acquired.unwrap_or(if credit { amounts.stated } else { target });
        let currency =
            if acquired.is_some() { amounts.acquired_currency } else { amounts.currency };
        let share = ShareFact {
            operation: Some(operation.id.operation()),
            number: operation.id.operation.map(str::to_owned),
            method: self.method.clone(),
            target: Some(target).filter(|_| !credit && acquired.is_none()),
            // In another currency it says nothing of the target, whatever the status will mean one day.
            reached: amounts.acquired.filter(|_| !credit && (acquired.is_some() || !is_foreign)),
            parent: credit.then(|| operation.id.inner.to_owned()),
            ..ShareFact::new(id, direction, amount, currency, operation.said())
        };
        (share.meaning(meaning_of), total)
    }

    /// The order's key, and the other names of its payment.
    fn names(
        &self,
        account: &Account,
        follows: bool,
    ) -> Result<(OrderKey, Vec<OrderKey>), Unreadable> {
        let operation = &self.operation;
        let named = |payment: &str| {
            let name = account.payment(PaymentName::new(payment));
            name.map_err(|_| Unreadable::new("payment id too long"))
        };
        let by_payment = named(operation.id.inner)?;
        // The first payment of a checkout has the checkout's id; a complement may have another.
        let checkout = operation.checkout.and_then(PaymentId::parse).map(|checkout| checkout.inner);
        let by_checkout = checkout.filter(|inner| *inner != operation.id.inner);
        let by_checkout = by_checkout.map(named).transpose()?;
        let mut aliases = Vec::new();
        // Whoever repeats the name that he was told of an order without a reference gives it none.
        let is_own_name = |r: &str| {
            r == by_payment.order
                || by_checkout.as_ref().is_some_and(|checkout| r == checkout.order)
        };
        let key = match self.reference.filter(|r| !is_own_name(r)) {
            Some(reference) => {
                let key = account.order(reference);
                aliases.push(by_payment);
                aliases.extend(by_checkout.filter(|_| !follows));
                key.map_err(|bad| Unreadable::new(format!("merchantReference {bad}")))?
            }
            None => match by_checkout {
                Some(by_checkout) => {
                    aliases.push(by_payment);
                    by_checkout
                }
                None => by_payment,
            },
        };
        Ok((key, aliases))
    }
}

/// What is said of the share beyond what decides.
fn details(operation: &Operation<'_>, output: &Output<'_>) -> Details {
    let code = output.methods().find_map(|method| method.authorisation_code.as_ref()?.as_str());
    let risk = output.methods().find_map(Method::risk);
    let surcharge = output.surcharge_specific_output.as_ref();
    let surcharge = surcharge.and_then(|s| s.surcharge_amount.as_ref()?.amount);
    let mut details = Details::default();
    for (member, text) in [
        (Member::TransactionId, Some(operation.sent)),
        (Member::AuthorisationNumber, code),
        (Member::RiskResult, risk.as_deref()),
        (Member::Checkout, operation.checkout),
    ] {
        details.text(member, text);
    }
    details.number(Member::Product, output.product());
    details.number(Member::Surcharge, surcharge.map(|amount| amount.0));
    details
}

/// Amounts in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) stated: u64,
    pub(super) currency: Currency,
    /// `None` when absent or nothing.
    pub(super) acquired: Option<u64>,
    pub(super) acquired_currency: Currency,
    pub(super) surcharge: u64,
}

impl Amounts {
    /// What the payment is to reach.
    pub(super) fn target(&self) -> u64 {
        self.stated + self.surcharge
    }

    fn of(output: &Output<'_>) -> Result<Self, Unreadable> {
        let stated = output.amount_of_money.as_ref();
        let stated = stated.ok_or_else(|| Unreadable::new("amountOfMoney missing"))?;
        let (stated, currency) = stated.read("amountOfMoney")?;
        let acquired =
            output.acquired_amount.as_ref().map(|a| a.read("acquiredAmount")).transpose()?;
        let acquired = acquired.filter(|(amount, _)| *amount > 0);
        let surcharge = output.surcharge_specific_output.as_ref();
        let surcharge = surcharge.and_then(|s| s.surcharge_amount.as_ref());
        let surcharge = match surcharge.map(|s| s.read("surchargeAmount")).transpose()? {
            Some((_, other)) if other != currency => {
                return Err(Unreadable::new("surchargeAmount in another currency"));
            }
            Some((amount, _)) => amount,
            None => 0,
        };
        Ok(Self {
            stated,
            currency,
            acquired: acquired.map(|(amount, _)| amount),
            acquired_currency: acquired.map_or(currency, |(_, currency)| currency),
            surcharge,
        })
    }
}

/// How it was paid: the product by its name, else by its number, else the family that it is of.
pub(super) fn method(product: Option<u64>, family: Option<&str>) -> Result<String, Unreadable> {
    Ok(match (product, family) {
        (Some(product), _) => {
            product_name(product).map_or_else(|| format!("product {product}"), str::to_owned)
        }
        (None, Some(family)) => bounded("paymentMethod", family, MAX_WORD_BYTES)?.to_owned(),
        (None, None) => "unknown".to_owned(),
    })
}

/// A text of a message that is at most so long.
pub(super) fn bounded<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, Unreadable> {
    if text.len() > most {
        return Err(Unreadable::new(format!("{what} is longer than {most} bytes")));
    }
    Ok(text)
}
