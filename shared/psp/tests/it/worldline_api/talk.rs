//! Talks with an API of one's own: a table of answers, and what was sent.

use std::collections::BTreeMap;

use quittance_core::api::{
    Action, Answer, Api, Asked, Call, Dialogue, Effect, Exchange, Subject, Turn, Verb,
};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, Order, OrderKey, Policy, Receipt, Timestamp};
use quittance_psp::{provider, worldline};
use quittance_testing::worldline::MERCHANT;
use serde_json::{Value, json};

/// More turns than any talk may take.
const MAX_TURNS: usize = 1_000;

pub(crate) const PAYMENT: &str = "3254564310";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(1_768_471_200).unwrap()
}

pub(crate) fn api() -> Box<dyn Api> {
    let keys = json!({"key_id": "K-1", "secret": "hush", "url": "http://127.0.0.1:9"});
    let document = json!({MERCHANT: {"test": keys}, "TESTMERCHANT": {"test": keys}});
    provider(worldline::ID).unwrap().api(&document.to_string()).unwrap()
}

pub(crate) fn account() -> Account {
    Account { psp: worldline::ID, merchant: MERCHANT.to_owned(), mode: Mode::Test }
}

pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

pub(crate) fn order(reference: &str) -> Order {
    Order::new(OrderKey::new(worldline::ID, MERCHANT, Mode::Test, reference).unwrap())
}

/// An order that costs so much.
pub(crate) fn registered(reference: &str, amount: u64) -> Order {
    let mut order = order(reference);
    order.register(amount, eur(), now(), Policy::default()).unwrap();
    order
}

pub(crate) fn action(verb: Verb) -> Action {
    Action {
        verb,
        intent: "r-1".to_owned(),
        order: "CMD-1".to_owned(),
        target: format!("{PAYMENT}_0"),
        amount: 8_000,
        currency: eur(),
        whole: true,
    }
}

/// What was said in a talk.
pub(crate) struct Said<T> {
    pub(crate) end: T,
    pub(crate) calls: Vec<Call>,
    pub(crate) pauses: Vec<u64>,
}

/// Carries a talk out. Every call is signed at a moment of its own.
pub(crate) fn talk<T>(
    mut dialogue: Box<dyn Dialogue<T>>,
    mut answer: impl FnMut(&Call) -> Exchange,
) -> Said<T> {
    let (mut calls, mut pauses) = (Vec::new(), Vec::new());
    for turn in 0..MAX_TURNS {
        let at = Timestamp::from_unix(now().unix() + turn as i64).unwrap();
        match dialogue.next(at) {
            Turn::Send(call) => {
                let exchange = answer(&call);
                calls.push(call);
                dialogue.heard(exchange);
            }
            Turn::Pause(milliseconds) => pauses.push(milliseconds),
            Turn::End(end) => return Said { end, calls, pauses },
        }
    }
    panic!("the talk does not end");
}

/// The path of a call behind the merchant's own.
pub(crate) fn path(call: &Call) -> String {
    let path = call.url.strip_prefix("http://127.0.0.1:9/v2/").unwrap();
    path.split_once('/').unwrap().1.to_owned()
}

pub(crate) fn answered(status: u16, body: &Value) -> Exchange {
    Exchange::Answered { status, body: body.to_string().into_bytes() }
}

/// What a platform answers by path; 404 for all else.
#[derive(Clone, Default)]
pub(crate) struct Platform(pub(crate) BTreeMap<String, Exchange>);

impl Platform {
    pub(crate) fn with(mut self, path: impl Into<String>, body: &Value) -> Self {
        self.0.insert(path.into(), answered(200, body));
        self
    }

    pub(crate) fn failing(mut self, path: impl Into<String>, exchange: Exchange) -> Self {
        self.0.insert(path.into(), exchange);
        self
    }

    /// With these details of a payment.
    pub(crate) fn details(self, payment: &str, body: &Value) -> Self {
        self.with(format!("payments/{payment}_0/details"), body)
    }

    pub(crate) fn ask(&self, order: &Order, checkouts: &[&str]) -> Said<Asked> {
        let checkouts: Vec<String> = checkouts.iter().map(|id| (*id).to_owned()).collect();
        let subject = Subject { order, checkouts: &checkouts };
        let missing = || {
            answered(
                404,
                &json!({"errors": [{"errorCode": "50001130", "id": "UNKNOWN_PAYMENT_ID"}]}),
            )
        };
        talk(api().ask(&subject).unwrap(), |call| {
            self.0.get(&path(call)).cloned().unwrap_or_else(missing)
        })
    }

    /// What it tells.
    #[track_caller]
    pub(crate) fn tells(&self, order: &Order, checkouts: &[&str]) -> Answer {
        match self.ask(order, checkouts).end {
            Asked::Told(answer) => answer,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn receipt(source: &'static str, at: i64) -> Receipt {
    let received_at = Timestamp::from_unix(now().unix() + at).unwrap();
    Receipt { received_at, source, sha256: format!("{at:064x}") }
}

/// Takes an answer.
pub(crate) fn take(order: &mut Order, answer: &Answer) {
    for (at, statement) in (0..).zip(&answer.statements) {
        assert_eq!(statement.key, *order.key(), "each is about the order that was asked about");
        order.take(statement, &receipt("api", at), Policy::default()).unwrap();
    }
}

/// An answer as it is taken: as the platform's own word.
pub(crate) fn confirmed(answer: Answer) -> Answer {
    Answer { statements: answer.clone().confirmed(), ..answer }
}

/// The order after one look.
#[track_caller]
pub(crate) fn after(platform: &Platform, mut order: Order, checkouts: &[&str]) -> Order {
    let answer = confirmed(platform.tells(&order, checkouts));
    take(&mut order, &answer);
    order
}

/// What an action comes to when it is answered so, one after the other; the last answer stands for all that follow.
pub(crate) fn acted(action: &Action, answers: &[Exchange]) -> Said<Effect> {
    let mut at = 0;
    talk(api().act(&account(), action).unwrap(), |_| {
        let answer = answers[at.min(answers.len() - 1)].clone();
        at += 1;
        answer
    })
}

/// One operation as details list it: id, amount, number and family.
pub(crate) fn operation(id: &str, amount: u64, code: u64, family: &str) -> Value {
    let (word, category) = words(code);
    json!({
        "id": id,
        "amountOfMoney": {"amount": amount, "currencyCode": "EUR"},
        "status": word,
        "statusOutput": {"statusCode": code, "statusCategory": category},
        "paymentMethod": family,
    })
}

/// The word and category of a number.
pub(crate) fn words(code: u64) -> (&'static str, &'static str) {
    match code {
        1 | 6 => ("CANCELLED", "UNSUCCESSFUL"),
        2 | 83 => ("REJECTED", "UNSUCCESSFUL"),
        5 => ("PENDING_CAPTURE", "PENDING_MERCHANT"),
        8 => ("REFUNDED", "REFUNDED"),
        81 | 82 => ("REFUND_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        9 => ("CAPTURED", "COMPLETED"),
        46 => ("REDIRECTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        4 | 91 | 92 | 99 => ("CAPTURE_REQUESTED", "PENDING_CONNECT_OR_3RD_PARTY"),
        93 => ("REJECTED_CAPTURE", "UNSUCCESSFUL"),
        other => panic!("no words for {other}"),
    }
}

/// A payment as details tell it, from the event that tells it, with these operations.
pub(crate) fn details(event: &Value, operations: &[Value]) -> Value {
    let mut details = event["payment"].clone();
    details["Operations"] = operations.into();
    details
}
