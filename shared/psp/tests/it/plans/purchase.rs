//! Orders made of facts as an answer of the provider states them.

use quittance_core::api::Verb;
use quittance_core::fact::{Said, Total};
use quittance_core::key::Account;
use quittance_core::plan::{self, Pledge, RefundPlan, Refusal, Wanted};
use quittance_core::{
    Currency, Fact, Kind, Mode, Order, Policy, Provider, Receipt, Remark, ShareFact, Standing,
    Statement, Timestamp,
};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use quittance_testing::read::{receipt, stated, words};

/// What the tests pay in.
pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

/// So many seconds after the first message.
pub(crate) fn after(seconds: i64) -> Timestamp {
    receipt(seconds).received_at
}

/// A message with these facts.
pub(crate) fn statement(provider: &dyn Provider, facts: Vec<Fact>) -> Statement {
    let id = provider.profile().id;
    let account = Account { psp: id, merchant: "SHOP-1".to_owned(), mode: Mode::Test };
    let event = Remark::plain("api");
    let said = stated(account.order("CMD-1").unwrap(), facts);
    Statement { standing: Standing::Confirmed, event, ..said }
}

/// An order of these facts, told in one message.
pub(crate) fn order(provider: &dyn Provider, facts: &[ShareFact]) -> Order {
    let mut order = Order::new(statement(provider, Vec::new()).key);
    tell(&mut order, provider, facts, 0);
    order
}

/// Adds facts to an order.
pub(crate) fn tell(order: &mut Order, provider: &dyn Provider, facts: &[ShareFact], at: i64) {
    tell_as(order, provider, facts, at, Standing::Confirmed);
}

/// The same, told by a message of some standing.
pub(crate) fn tell_as(
    order: &mut Order,
    provider: &dyn Provider,
    facts: &[ShareFact],
    at: i64,
    standing: Standing,
) {
    let facts = facts.iter().cloned().map(Fact::share).collect();
    let said = Statement { standing, ..statement(provider, facts) };
    let receipt = Receipt { source: "api", ..receipt(at) };
    order.take(&said, &receipt, Policy::default()).unwrap();
}

/// What the order costs, told with it.
pub(crate) fn costs(order: &mut Order, provider: &dyn Provider, amount: u64) {
    let total = Total {
        amount: Some(amount),
        first_instalment: None,
        largest_instalment: None,
        of: None,
        currency: eur(),
    };
    let said = statement(provider, vec![Fact::Total(total)]);
    order.take(&said, &receipt(0), Policy::default()).unwrap();
}

/// A uuid that ends like this.
pub(crate) fn uuid(end: &str) -> String {
    format!("{end:0>32}")
}

/// A transaction at Lyra.
pub(crate) fn transaction(id: &str, brand: &str, amount: u64, status: &str) -> ShareFact {
    let said = Said::word(status);
    let fact = ShareFact {
        method: brand.to_owned(),
        ..ShareFact::new(uuid(id), Kind::Debit, amount, eur(), said)
    };
    fact.meaning(|told| Lyra.meaning(told))
}

/// A refund at Lyra.
pub(crate) fn credit(id: &str, parent: &str, amount: u64, status: &str) -> ShareFact {
    let fact = ShareFact {
        method: "CB".to_owned(),
        parent: Some(uuid(parent)).filter(|_| !parent.is_empty()),
        ..ShareFact::new(uuid(id), Kind::Credit, amount, eur(), Said::word(status))
    };
    fact.meaning(|told| Lyra.meaning(told))
}

/// The words that go with Worldline's numbers.
fn said(code: u64) -> Said {
    let word = match code {
        5 => "PENDING_CAPTURE",
        6 | 61 => "CANCELLED",
        63 => "CANCELLATION_REJECTED",
        8 => "REFUNDED",
        81 => "REFUND_REQUESTED",
        46 => "REDIRECTED",
        51 | 52 => "AUTHORIZATION_REQUESTED",
        83 => "REJECTED",
        9 => "CAPTURED",
        91 => "CAPTURE_REQUESTED",
        93 => "REJECTED_CAPTURE",
        _ => "UNHEARD_OF",
    };
    Said { code: Some(code), ..Said::word(word) }
}

/// An operation of a payment at Worldline (`123_0`): it is to reach `target`, and reached `reached`.
pub(crate) fn operation(
    id: &str,
    method: &str,
    code: u64,
    target: u64,
    reached: impl Into<Option<u64>>,
) -> ShareFact {
    let (inner, number) = id.split_once('_').unwrap();
    let fact = ShareFact {
        operation: Some(id.to_owned()),
        number: Some(number.to_owned()),
        method: method.to_owned(),
        target: Some(target),
        reached: reached.into(),
        ..ShareFact::new(inner.to_owned(), Kind::Debit, target, eur(), said(code))
    };
    fact.meaning(|told| Worldline.meaning(told))
}

/// A refund at Worldline.
pub(crate) fn refund(id: &str, method: &str, code: u64, amount: u64) -> ShareFact {
    let (inner, number) = id.split_once('_').unwrap();
    let fact = ShareFact {
        operation: Some(id.to_owned()),
        number: Some(number.to_owned()),
        method: method.to_owned(),
        parent: Some(inner.to_owned()),
        ..ShareFact::new(id.to_owned(), Kind::Credit, amount, eur(), said(code))
    };
    fact.meaning(|told| Worldline.meaning(told))
}

/// Plans a refund in euros.
pub(crate) fn plan(
    order: &Order,
    amount: u64,
    pledges: &[Pledge],
    now: Timestamp,
) -> Result<RefundPlan, Refusal> {
    let provider = quittance_core::provider::find(quittance_psp::PROVIDERS, order.key().psp);
    let wanted = Wanted { amount, currency: eur() };
    plan::refund(order, provider.unwrap().rules(), wanted, pledges, now)
}

/// The lines of a plan as text: `refund 10 of a` or the reasons against it.
pub(crate) fn said_of(order: &Order, amount: u64, now: Timestamp) -> Vec<String> {
    match plan(order, amount, &[], now) {
        Ok(plan) => lines(&plan.lines),
        Err(refusal) => reasons(order, &refusal),
    }
}

/// Lines as text.
pub(crate) fn lines(lines: &[plan::PlannedLine]) -> Vec<String> {
    let line = |line: &plan::PlannedLine| {
        let verb = match line.verb {
            Verb::Refund => "refund",
            Verb::Cancel => "cancel",
            Verb::Capture => "capture",
        };
        let target = line.target.trim_start_matches('0');
        let whole = if line.whole { ", whole" } else { "" };
        format!("{verb} {} of {target} ({}){whole}", line.amount, line.method)
    };
    lines.iter().map(line).collect()
}

/// Reasons as people read them.
pub(crate) fn reasons(order: &Order, refusal: &Refusal) -> Vec<String> {
    let words = words(order.key().psp);
    refusal.reasons.iter().map(|reason| words.say(reason)).collect()
}
