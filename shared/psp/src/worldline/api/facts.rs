//! From answers about one payment to statements: the same that events about it make. (worldline.md 15)
//!
//! What went back is stated first: an order whose money went back before its capture is known is not released.

use std::collections::{BTreeMap, BTreeSet};

use super::super::operation::{Amounts, Operation, Told, method};
use super::super::payment_id::PaymentId;
use super::super::words;
use super::answer::{
    About, Captures, Details, Fault, Listed, Operations, PaymentBody, Refunds, json,
};
use super::sums::{Level, Sums, Taken, sums};
use quittance_core::Remark;
use quittance_core::details::{Details as Said, Member};
use quittance_core::fact::{Fact, Kind, Standing, Status, Total};
use quittance_core::statement::Statement;

/// The numbers under which the platform is still at work on a capture.
const WAITING: [u64; 4] = [4, 91, 92, 99];

/// The answers about one payment.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    /// That of `GetPaymentDetails`.
    pub(super) details: Vec<u8>,
    /// That of `GetRefunds`, where it was asked for.
    pub(super) refunds: Option<Vec<u8>>,
    /// That of `GetCaptures`, where it was asked for.
    pub(super) captures: Option<Vec<u8>>,
    /// Those of `GetPayment`, by operation.
    pub(super) operations: BTreeMap<String, Vec<u8>>,
}

/// What else is to be asked, so that the statements are right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) refunds: bool,
    pub(super) captures: bool,
    /// Operations whose method is not told in the list.
    pub(super) operations: Vec<String>,
    /// Other payments whose operations are listed.
    pub(super) payments: Vec<String>,
}

/// What the statements of one payment are, in the order in which they are to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) credits: Vec<Statement>,
    pub(super) debits: Vec<Statement>,
}

/// What the details of a payment leave open.
pub(super) fn needs(details: &[u8], payment: &str, about: &About) -> Result<Needs, Fault> {
    let wire: (PaymentBody<'_>, Operations<'_>) = (json(details)?, json(details)?);
    let details = Details::of(&wire, payment, about)?;
    let Some(operations) = &details.operations else {
        return Ok(Needs { refunds: true, captures: true, ..Needs::default() });
    };
    let is_listed =
        |credit: &str| operations.iter().any(|one| one.operation.id.operation() == credit);
    let has_credit = details.told.operation.is_credit()
        || operations.iter().any(|one| one.operation.is_credit())
        || about.credits(payment).any(|credit| !is_listed(credit));
    let sales = || operations.iter().filter(|one| !one.operation.is_credit());
    let (own, others): (Vec<&Listed<'_>>, Vec<&Listed<'_>>) =
        sales().partition(|one| one.operation.id.inner == payment);
    let others: BTreeSet<&str> = others.iter().map(|one| one.operation.id.inner).collect();
    let is_unknown = |one: &&Listed<'_>| {
        one.family != details.family
            && about.method(Kind::Debit, &one.operation.id.operation()).is_none()
    };
    let operations = match own.len() {
        0 | 1 => Vec::new(),
        _ => own.into_iter().filter(is_unknown).map(|one| one.operation.id.operation()).collect(),
    };
    let payments = others.into_iter().map(str::to_owned).collect();
    Ok(Needs { refunds: has_credit, captures: false, operations, payments })
}

/// What the answers about a payment state. `asked` are the payments that have answers of their own.
pub(super) fn stated(
    answers: &Answers,
    payment: &str,
    about: &About,
    asked: &BTreeSet<&str>,
) -> Result<Stated, Fault> {
    let wire: (PaymentBody<'_>, Operations<'_>) =
        (json(&answers.details)?, json(&answers.details)?);
    let details = Details::of(&wire, payment, about)?;
    let refunds: Option<Refunds<'_>> = answers.refunds.as_deref().map(json).transpose()?;
    let refunds = refunds.as_ref().map(Refunds::told).transpose()?.unwrap_or_default();
    let captures: Option<Captures<'_>> = answers.captures.as_deref().map(json).transpose()?;
    let captures = captures.as_ref().map(Captures::told).transpose()?.unwrap_or_default();
    let teller = Teller { about, payment, details: &details, answers };
    Ok(Stated { credits: teller.credits(refunds)?, debits: teller.debits(captures, asked)? })
}

/// What tells.
struct Teller<'t> {
    about: &'t About,
    payment: &'t str,
    details: &'t Details<'t>,
    answers: &'t Answers,
}

impl<'t> Teller<'t> {
    fn listed(&self) -> &'t [Listed<'t>] {
        self.details.operations.as_deref().unwrap_or_default()
    }

    /// What went back.
    fn credits(&self, refunds: Vec<Told<'t>>) -> Result<Vec<Statement>, Fault> {
        let level = &self.details.told;
        let mut all = Vec::new();
        let mut known = BTreeSet::new();
        for refund in refunds {
            if refund.amounts.currency != level.amounts.currency {
                return Err(Fault::contradiction("a refund is in another currency"));
            }
            let Operation { id, word, code, .. } = refund.operation;
            known.insert((id.operation(), word, code, refund.amounts.stated));
            all.push(self.statement(refund, "GetRefunds", true)?);
        }
        let listed = self.listed().iter().filter(|one| one.operation.is_credit());
        let mut is_explained = !known.is_empty() && way_back(&level.operation) == WayBack::Refund;
        for one in listed {
            let Operation { id, word, code, .. } = one.operation;
            is_explained |= way_back(&one.operation) == way_back(&level.operation);
            if known.insert((id.operation(), word, code, one.amount)) {
                let amounts = amounts(level.amounts, one.amount, None);
                let told = self.told(one, Kind::Credit, amounts)?;
                all.push(self.statement(told, CALL, true)?);
            }
        }
        // What the payment says of all that went back of it is less exact than its operations.
        if level.operation.is_credit() && !is_explained {
            all.push(self.statement(level.clone(), CALL, false)?);
        }
        Ok(all)
    }

    /// What was paid.
    fn debits(
        &self,
        captures: Vec<Told<'t>>,
        asked: &BTreeSet<&str>,
    ) -> Result<Vec<Statement>, Fault> {
        let level = &self.details.told;
        let sales: Vec<&Listed<'_>> =
            self.listed().iter().filter(|one| !one.operation.is_credit()).collect();
        let own: Vec<&Listed<'_>> =
            sales.iter().copied().filter(|one| one.operation.id.inner == self.payment).collect();
        let taken: Vec<&Listed<'_>> =
            sales.iter().copied().filter(|one| is_captured(one)).collect();
        // While money is on its way back, the payment's status is that of the way back, and while a capture is
        // under way, that of the capture: both are stated by operations of their own, and may come to nothing.
        let by_own =
            |one: &Listed<'t>| Operation { checkout: level.operation.checkout, ..one.operation };
        let base = match (level.operation.is_credit(), self.sale_under_way(&own)) {
            (false, None) => Some(level.operation),
            (false, Some(sale)) => Some(by_own(sale)),
            (true, _) => {
                let of_own = own.iter().find(|one| is_captured(one)).or_else(|| own.first());
                of_own.map(|one| by_own(one))
            }
        };
        let status = base.map(|base| base.read().status);
        let is_reserved = status == Some(Status::Authorised);
        let sums = match (status, self.details.operations.is_some()) {
            (_, false) => None,
            (Some(Status::Captured), _) => Some(self.sums(&taken)),
            _ if taken.is_empty() => None,
            _ => Some(match self.sums(&taken) {
                Sums::Contradictory if is_reserved => self.reserved(&taken),
                sums => sums,
            }),
        };
        let acquired = level.amounts.acquired.unwrap_or(0);
        let is_whole = acquired >= level.amounts.target();
        let waits = |one: &&Listed<'_>| one.operation.code.is_some_and(|c| WAITING.contains(&c));
        let doubt = if self.details.disagrees || sums == Some(Sums::Contradictory) {
            Some(words::SUMS)
        } else if status == Some(Status::Captured) && is_whole && sales.iter().any(waits) {
            Some(words::STILL_WAITS)
        } else {
            None
        };
        let mut all = Vec::new();
        let mut captured = 0;
        for capture in captures.into_iter().filter(|one| !one.operation.is_credit()) {
            let told = capture.amounts;
            if told.currency != level.amounts.currency || told.acquired_currency != told.currency {
                return Err(Fault::contradiction("a capture is in another currency"));
            }
            if capture.operation.read().status == Status::Captured {
                captured += told.acquired.unwrap_or(told.stated);
            }
            if capture.operation.id.inner == self.payment
                && capture.operation.id.operation.is_some()
            {
                let method = level.method.clone();
                let told = Told { method, ..capture };
                all.push(self.statement(told, "GetCaptures", false)?);
            }
        }
        let doubt = match status {
            Some(Status::Captured) if captured > acquired => Some(words::SUMS),
            _ => doubt,
        };
        let parts = match &sums {
            Some(Sums::Clear { each, .. }) => each.as_slice(),
            _ => &[],
        };
        let part = |one: &Listed<'_>| {
            let id = one.operation.id;
            let mut parts = taken.iter().zip(parts);
            parts.find(|(taken, _)| taken.operation.id == id).map(|(_, part)| *part)
        };
        let is_clear = !matches!(sums, Some(Sums::Whole | Sums::Contradictory));
        if doubt.is_none() && is_clear {
            let others = sales.iter().filter(|one| {
                let inner = one.operation.id.inner;
                inner != self.payment && !asked.contains(inner)
            });
            let parts = own.iter().filter(|_| own.len() > 1);
            for one in parts.chain(others) {
                all.extend(self.part(one, part(one))?);
            }
        }
        if let Some(base) = base {
            let own_parts =
                taken.iter().zip(parts).filter(|(one, _)| one.operation.id.inner == self.payment);
            let sum: u64 = own_parts.map(|(_, part)| *part).sum();
            // Else it is what is reserved.
            let is_partly_taken = is_reserved && sum > 0 && sum == acquired;
            all.push(self.whole(base, &own, &sums, is_partly_taken)?);
        }
        if let Some(doubt) = doubt {
            for statement in &mut all {
                statement.lower(Standing::Contradictory, Remark::plain(doubt));
            }
        }
        Ok(all)
    }

    /// The reserved sale, where the payment's number is that of a capture of it that is under way.
    fn sale_under_way(&self, own: &[&'t Listed<'t>]) -> Option<&'t Listed<'t>> {
        let level = &self.details.told.operation;
        let is_waiting = level.code.is_some_and(|code| WAITING.contains(&code));
        let is_first = |one: &Listed<'_>| one.operation.id.operation == Some("0");
        let says_so =
            |one: &Listed<'_>| (one.operation.word, one.operation.code) == (level.word, level.code);
        let is_reserved = |one: &Listed<'_>| {
            let code = one.operation.code;
            one.operation.read().status == Status::Authorised
                && !code.is_some_and(|code| WAITING.contains(&code))
        };
        let sale = own.iter().find(|one| is_first(one) && is_reserved(one))?;
        let is_told = own.iter().any(|one| !is_first(one) && says_so(one));
        (is_waiting && is_told).then_some(*sale)
    }

    /// One operation among others: its own amount, as an event about it states it.
    fn part(&self, one: &Listed<'t>, part: Option<u64>) -> Result<Option<Statement>, Fault> {
        let level = &self.details.told;
        let is_own = one.operation.id.inner == self.payment;
        // What shows the whole order without a known part states nothing.
        if is_captured(one) && part.is_none_or(|part| part == 0)
            || one.operation.id.operation.is_none()
        {
            return Ok(None);
        }
        let is_first = is_own && one.operation.id.operation == Some("0");
        let stated = part.unwrap_or(one.amount);
        let amounts = match is_first {
            // The first operation is told with the amount of the whole payment.
            true => Amounts { acquired: part, ..level.amounts },
            false => amounts(level.amounts, stated, part),
        };
        let told = self.told(one, Kind::Debit, amounts)?;
        self.statement(told, CALL, false).map(Some)
    }

    /// The payment as a whole. Where several operations share in it, it is stated under its own name, which may be
    /// that of any of them, so that nothing is counted twice.
    fn whole(
        &self,
        base: Operation<'t>,
        own: &[&Listed<'t>],
        sums: &Option<Sums>,
        is_partly_taken: bool,
    ) -> Result<Statement, Fault> {
        let level = &self.details.told;
        let (mut told, mut whole) = (level.clone(), None);
        told.operation = base;
        let acquired = level.amounts.acquired.unwrap_or(0);
        if let Some(Sums::Clear { own: taken, of_all, .. }) = sums {
            told.amounts.acquired = Some(*taken).filter(|taken| *taken > 0);
            if *of_all {
                // The amounts are those of all payments that are listed: the order's, not this one's.
                whole = Some(level.amounts.target());
                (told.amounts.stated, told.amounts.surcharge) = (*taken, 0);
            } else if is_partly_taken {
                // It is what was taken already, and says nothing of what is reserved.
                told.amounts.acquired = None;
            }
        }
        let is_first = |id: PaymentId<'_>| id.operation == Some("0") && id.inner == self.payment;
        let says_the_same = |one: &Operation<'_>| (one.word, one.code) == (base.word, base.code);
        let is_alone = match own {
            _ if !is_first(base.id) => false,
            [one] => {
                is_first(one.operation.id)
                    && says_the_same(&one.operation)
                    && *sums != Some(Sums::Whole)
            }
            [] => {
                let is_listed = self.details.operations.is_some();
                !is_listed && (acquired == 0 || acquired >= level.amounts.target())
            }
            _ => false,
        };
        if !is_alone {
            told.operation.id.operation = None;
        }
        let currency = told.amounts.currency;
        let mut statement = self.statement(told, CALL, false)?;
        let mut payments = BTreeSet::from([self.payment]);
        let sales = self.listed().iter().filter(|one| !one.operation.is_credit());
        payments.extend(sales.map(|one| one.operation.id.inner));
        let totals = whole.map(|w| payments.into_iter().map(move |of| Total::new(w, currency, of)));
        statement.facts.extend(totals.into_iter().flatten().map(Fact::Total));
        Ok(statement)
    }

    fn sums(&self, taken: &[&Listed<'_>]) -> Sums {
        let Amounts { stated, surcharge, acquired, .. } = self.details.told.amounts;
        let level = Level { acquired: acquired.unwrap_or(0), stated, surcharge };
        let taken: Vec<Taken> = taken
            .iter()
            .map(|one| Taken { amount: one.amount, is_own: one.operation.id.inner == self.payment })
            .collect();
        sums(level, &taken)
    }

    /// Where a payment is reserved and taken in parts, what it says of itself may be what is reserved.
    fn reserved(&self, taken: &[&Listed<'_>]) -> Sums {
        let Amounts { stated, acquired, .. } = self.details.told.amounts;
        let is_own = |one: &&&Listed<'_>| one.operation.id.inner == self.payment;
        let is_part = |one: &&&Listed<'_>| is_own(one) && one.amount < stated;
        let sum: u64 = taken.iter().map(|one| one.amount).sum();
        let acquired = acquired.unwrap_or(0);
        if taken.iter().filter(is_part).count() < taken.len() || sum > acquired {
            return Sums::Contradictory;
        }
        let each = taken.iter().map(|one| one.amount).collect();
        Sums::Clear { own: acquired, each, of_all: false }
    }

    /// An operation of the list, with amounts that are known of it.
    fn told(&self, one: &Listed<'t>, kind: Kind, amounts: Amounts) -> Result<Told<'t>, Fault> {
        let level = &self.details.told;
        let id = one.operation.id.operation();
        let mut details = Said::default();
        details.text(Member::TransactionId, Some(one.operation.sent));
        let known = self.about.method(kind, &id).map(str::to_owned);
        let is_same = kind == Kind::Debit && one.family == self.details.family;
        let method = match (known, is_same) {
            (Some(method), _) => method,
            (None, true) => level.method.clone(),
            (None, false) => match self.looked_up(&id, &mut details) {
                Some(method) => method,
                None => method(None, one.family)?,
            },
        };
        let operation = Operation { checkout: None, ..one.operation };
        Ok(Told { operation, amounts, method, reference: level.reference, details })
    }

    /// The method of an operation that was asked about by itself, and what else is told of it.
    fn looked_up(&self, operation: &str, details: &mut Said) -> Option<String> {
        let body: PaymentBody<'_> = json(self.answers.operations.get(operation)?).ok()?;
        let told = body.told().ok()?;
        if told.operation.id.operation() != operation {
            return None;
        }
        *details = told.details;
        Some(told.method)
    }

    /// The statement, about the order that was asked about.
    fn statement(
        &self,
        told: Told<'t>,
        call: &'static str,
        of_credit: bool,
    ) -> Result<Statement, Fault> {
        let reference = self.about.reference().or(self.details.told.reference);
        let told = Told { reference, ..told };
        let event = Remark::new(words::ANSWER, [call]);
        let mut statement = told.statement(&self.about.account, event, of_credit)?;
        let asked = &self.about.key;
        if statement.key != *asked && !statement.aliases.contains(asked) {
            statement.aliases.push(asked.clone());
        }
        Ok(statement)
    }
}

/// What the answers are mostly read from.
const CALL: &str = "GetPaymentDetails";

/// Ways of money back to the buyer that do not stand for one another.
#[derive(PartialEq, Eq)]
enum WayBack {
    Refund,
    /// Announced.
    Chargeback,
    ChargedBack,
    Reversal,
}

fn way_back(operation: &Operation<'_>) -> WayBack {
    match operation.word {
        Some("CHARGEBACKED") => WayBack::ChargedBack,
        Some("CHARGEBACK_NOTIFICATION") => WayBack::Chargeback,
        Some("REVERSED") => WayBack::Reversal,
        _ => WayBack::Refund,
    }
}

fn is_captured(one: &Listed<'_>) -> bool {
    one.operation.read().status == Status::Captured
}

/// The amounts of one operation.
fn amounts(level: Amounts, stated: u64, acquired: Option<u64>) -> Amounts {
    Amounts { stated, acquired, surcharge: 0, ..level }
}
