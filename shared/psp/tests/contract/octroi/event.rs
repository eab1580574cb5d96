//! From a verified batch to what its elements say.

use quittance_core::key::Account;
use quittance_core::limits::{MAX_AMOUNT, MAX_REFERENCE_BYTES, MAX_WORD_BYTES};
use quittance_core::money::Currency;
use quittance_core::statement::{Hint, Unreadable};
use quittance_core::{
    Fact, Kind, PaymentName, Reading, Remark, Said, ShareFact, Standing, Statement,
};

use super::profile::{ID, SESSION_SECONDS};
use super::signature::{Element, Verified, Word};
use super::status::{kind, meaning_of};
use super::words::NEWS;

/// What each element says, in the order of the batch.
pub(super) fn read(verified: &Verified) -> Vec<Reading> {
    let read = |word: &Word| match word {
        Word::Evidence(element) => statement(verified, element).into(),
        Word::Hint(element) => hint(verified, element),
    };
    verified.words.iter().map(read).collect()
}

fn account(verified: &Verified, element: &Element) -> Account {
    Account { psp: ID, merchant: element.merchant.clone(), mode: verified.mode }
}

/// A bare id states nothing: it says about which payment to ask.
fn hint(verified: &Verified, element: &Element) -> Reading {
    match account(verified, element).payment(PaymentName::new(&element.payment)) {
        Ok(order) => Reading::Hint(Hint { order, about: "something happened".to_owned() }),
        Err(_) => Reading::Unreadable(Unreadable::new("payment missing or too long")),
    }
}

fn statement(verified: &Verified, element: &Element) -> Result<Statement, Unreadable> {
    let account = account(verified, element);
    let word = element.status.as_deref().unwrap_or("");
    if word.len() > MAX_WORD_BYTES || element.payment.len() > MAX_REFERENCE_BYTES {
        return Err(Unreadable::new("a word is longer than documented"));
    }
    if element.amount > MAX_AMOUNT {
        return Err(Unreadable::new("amount is larger than any payment"));
    }
    let currency = Currency::from_alpha(&element.currency)
        .ok_or_else(|| Unreadable::new("currency is not known"))?;
    let kind = kind(word);
    let by_payment = account.payment(PaymentName::new(&element.payment));
    let by_payment = by_payment.map_err(|_| Unreadable::new("payment missing or too long"))?;
    let key = match element.order.as_str() {
        "" => by_payment.clone(),
        order => account.order(order).map_err(|bad| Unreadable::new(format!("order {bad}")))?,
    };
    // The field that names the method is not signed, and a method may decide.
    let share = ShareFact {
        method: "octroi".to_owned(),
        target: (kind == Kind::Debit).then_some(element.amount),
        attempted: verified.time.to_string(),
        parent: (kind == Kind::Credit).then(|| element.payment.clone()),
        ..ShareFact::new(element.payment.clone(), kind, element.amount, currency, Said::word(word))
    };
    Ok(Statement {
        aliases: Some(by_payment).filter(|alias| *alias != key).into_iter().collect(),
        key,
        follows: kind == Kind::Credit,
        event: Remark::new(NEWS, [element.method.as_str()]),
        facts: vec![Fact::share(share.meaning(meaning_of))],
        standing: Standing::Sound,
        doubt: None,
        reasons: Vec::new(),
        details: Vec::new(),
        session_seconds: SESSION_SECONDS,
    })
}
