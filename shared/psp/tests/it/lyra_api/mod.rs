//! The Lyra gateway's API: a gateway that is a closure, and the talks with it.

mod acting;
mod asking;
mod checkout;
mod errors;
mod hostile;
mod interleaved;
mod returns;
mod vectors;

use quittance_core::api::{
    Action, Answer, Api, Asked, Call, Dialogue, Effect, Exchange, Subject, Tested, Turn, Verb,
};
use quittance_core::key::Account;
use quittance_core::{Currency, Mode, Order, OrderKey, Timestamp};
use quittance_psp::lyra::api::Credentials;
use quittance_psp::lyra::{self};
use quittance_testing::{FORM_KEY, REST_PASSWORD, SITE};
use serde_json::{Value, json};

/// The site that the tests speak for.
pub(crate) fn account() -> Account {
    Account { psp: lyra::ID, merchant: SITE.to_owned(), mode: Mode::Test }
}

/// Its credentials.
pub(crate) fn credentials() -> Credentials {
    let document = json!({SITE: {"test": {
        "form": FORM_KEY, "rest_password": REST_PASSWORD, "hmac": "demohmackey",
    }}});
    Credentials::from_json(&document.to_string()).unwrap()
}

pub(crate) fn eur() -> Currency {
    Currency::from_alpha("EUR").unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(1_795_341_600).unwrap()
}

/// An order of which nothing is known.
pub(crate) fn unknown(reference: &str) -> Order {
    Order::new(OrderKey::new(lyra::ID, SITE, Mode::Test, reference).unwrap())
}

/// What was sent in a talk, and how often it was to wait.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) calls: Vec<Call>,
    pub(crate) pauses: Vec<u64>,
}

impl Log {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.calls.iter().map(|call| call.name).collect()
    }
}

/// Holds a talk with this gateway to its end.
pub(crate) fn hold<T>(
    mut talk: Box<dyn Dialogue<T>>,
    mut gateway: impl FnMut(&Call) -> Exchange,
) -> (T, Log) {
    let mut log = Log::default();
    for _ in 0..1_000 {
        match talk.next(now()) {
            Turn::End(end) => return (end, log),
            Turn::Pause(milliseconds) => log.pauses.push(milliseconds),
            Turn::Send(call) => {
                talk.heard(gateway(&call));
                log.calls.push(call);
            }
        }
    }
    panic!("the talk has no end: {log:?}");
}

pub(crate) fn ask(order: &Order, gateway: impl FnMut(&Call) -> Exchange) -> (Asked, Log) {
    ask_with(order, &[], gateway)
}

/// The same about an order for which these sessions were opened.
pub(crate) fn ask_with(
    order: &Order,
    checkouts: &[&str],
    gateway: impl FnMut(&Call) -> Exchange,
) -> (Asked, Log) {
    let checkouts: Vec<String> = checkouts.iter().map(|id| (*id).to_owned()).collect();
    let subject = Subject { order, checkouts: &checkouts };
    hold(credentials().ask(&subject).unwrap(), gateway)
}

pub(crate) fn act(action: &Action, gateway: impl FnMut(&Call) -> Exchange) -> (Effect, Log) {
    hold(credentials().act(&account(), action).unwrap(), gateway)
}

pub(crate) fn test(gateway: impl FnMut(&Call) -> Exchange) -> (Tested, Log) {
    hold(credentials().test(&account()).unwrap(), gateway)
}

/// What an ask told. Anything else fails the test.
#[track_caller]
pub(crate) fn told(asked: Asked) -> Answer {
    match asked {
        Asked::Told(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// An answer with this body.
pub(crate) fn answered(body: &Value) -> Exchange {
    Exchange::Answered { status: 200, body: body.to_string().into_bytes() }
}

/// A success of this service.
pub(crate) fn success(service: &str, answer: &Value) -> Exchange {
    answered(&json!({
        "webService": service, "version": "V4", "status": "SUCCESS", "answer": answer,
        "mode": "TEST", "_type": "V4/WebService/Response",
    }))
}

/// An error with this code.
pub(crate) fn error(code: &str) -> Exchange {
    answered(&json!({
        "webService": "x", "version": "V4", "status": "ERROR", "mode": "TEST",
        "answer": {"errorCode": code, "errorMessage": "Jeanne Martin", "detailedErrorCode": null,
            "shopId": SITE, "_type": "V4/WebService/WebServiceError"},
    }))
}

/// The request of a call.
pub(crate) fn request(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

pub(crate) const TARGET: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What is to be done with [`TARGET`].
pub(crate) fn action(verb: Verb, amount: u64) -> Action {
    Action {
        verb,
        intent: "7f3a".to_owned(),
        order: "CMD-1".to_owned(),
        target: TARGET.to_owned(),
        amount,
        currency: eur(),
        whole: true,
    }
}

/// An order at the gateway: what `Order/Get` answers, and `Transaction/Get` of each of its transactions.
#[derive(Clone, Debug)]
pub(crate) struct AtGateway(pub(crate) Value);

impl AtGateway {
    /// One with these shares; more than one make a cascade.
    pub(crate) fn of(
        order: &str,
        total: u64,
        paid: (&str, &str),
        shares: &[quittance_testing::lyra::Share<'_>],
    ) -> Self {
        let mut answer = quittance_testing::lyra::answer(order, "abc123", total, paid, shares);
        let kind = if shares.len() > 1 { "MULTI_PAYMENT_MEAN" } else { "SINGLE_PAYMENT" };
        for transaction in answer["transactions"].as_array_mut().unwrap() {
            transaction["transactionDetails"]["cardDetails"]["sequenceType"] = json!(kind);
        }
        Self(answer)
    }

    /// With one transaction changed.
    pub(crate) fn with(mut self, at: usize, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.0["transactions"][at]);
        self
    }

    /// With one more transaction that gives this one back.
    pub(crate) fn refunded(mut self, at: usize, uuid: &str, amount: u64, status: &str) -> Self {
        let mut credit = self.0["transactions"][at].clone();
        credit["transactionDetails"]["parentTransactionUuid"] = credit["uuid"].clone();
        credit["transactionDetails"]["effectiveAmount"] = json!(amount);
        credit["uuid"] = json!(uuid);
        credit["amount"] = json!(amount);
        credit["operationType"] = json!("CREDIT");
        credit["detailedStatus"] = json!(status);
        self.0["transactions"].as_array_mut().unwrap().push(credit);
        self
    }

    /// How a call ends.
    pub(crate) fn hears(&self, call: &Call) -> Exchange {
        match call.name {
            "Order/Get" if request(call)["orderId"] == self.0["orderDetails"]["orderId"] => {
                success(call.name, &self.0)
            }
            "Transaction/Get" => self.one(call),
            _ => error("PSP_010"),
        }
    }

    /// The same where an order has too many transactions for one answer.
    pub(crate) fn hears_one_by_one(&self, call: &Call) -> Exchange {
        if call.name == "Order/Get" { error("PSP_015") } else { self.one(call) }
    }

    fn one(&self, call: &Call) -> Exchange {
        let uuid = request(call)["uuid"].clone();
        let mut all = self.0["transactions"].as_array().unwrap().iter();
        let Some(found) = all.find(|transaction| transaction["uuid"] == uuid) else {
            return error("PSP_010");
        };
        let mut found = found.clone();
        found["orderDetails"] = self.0["orderDetails"].clone();
        success(call.name, &found)
    }

    /// What asking about an order of which nothing is known tells.
    #[track_caller]
    pub(crate) fn told(&self) -> Answer {
        let order = unknown(self.0["orderDetails"]["orderId"].as_str().unwrap());
        told(ask(&order, |call| self.hears(call)).0)
    }
}
