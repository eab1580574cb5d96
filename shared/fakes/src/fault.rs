//! Faults by name: what goes wrong with the next calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{Delivery, Reply};

/// Most faults that wait at a time.
const MAX_FAULTS: usize = 100;

/// How long a slow answer takes, in milliseconds: longer than a client waits.
const SLOW_MILLIS: u64 = 40_000;

/// What a gateway in front of the platform answers in HTML.
const EDGE: &str = "<html><head><title>502 Bad Gateway</title></head><body>502</body></html>";

/// A fault that waits for its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `worldline` or `systempay`.
    pub provider: String,
    /// The call as its provider names it, such as `RefundPayment` or `Order/Get`; `*` is any.
    #[serde(default = "any")]
    pub call: String,
    /// What goes wrong.
    pub fault: FaultKind,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn any() -> String {
    "*".to_owned()
}

fn once() -> u32 {
    1
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No answer, and nothing was done.
    TimeoutBefore,
    /// It was done, and no answer comes.
    TimeoutAfter,
    /// HTTP 502 without a body, and nothing was done.
    #[serde(rename = "502", alias = "bad_gateway")]
    BadGateway,
    /// It was done, and HTTP 502 comes.
    #[serde(rename = "502_after", alias = "bad_gateway_after")]
    BadGatewayAfter,
    /// HTML under a status of success, and nothing was done.
    Html,
    /// It was done, and the answer is HTML.
    HtmlAfter,
    /// It was done, and the answer ends in its middle although it is said to be whole.
    Truncated,
    /// It was done, and the connection closes in the middle of the answer.
    CutOff,
    /// It was done, and the answer comes late.
    Slow,
    /// Worldline: 404, and 500 within. Nothing was done.
    #[serde(rename = "404_inner_500")]
    NotFoundInner500,
    /// Too many requests. Nothing was done.
    RateLimited,
    /// The platform is in trouble. Nothing was done.
    PlatformTrouble,
    /// The platform is in trouble after it was done.
    PlatformTroubleAfter,
    /// Worldline: a call of the same key is still running.
    InProgress,
    /// The credentials are not taken.
    BadCredentials,
    /// The answer is about another merchant.
    WrongMerchant,
    /// The answer is about another order.
    WrongOrder,
    /// The answer is about another payment or transaction.
    WrongPayment,
    /// The answer is in another currency.
    WrongCurrency,
    /// The answer has other amounts.
    WrongAmount,
    /// Lyra: the answer is of the other mode.
    WrongMode,
    /// The refund is refused: at once at Lyra, later at Worldline.
    RefuseRefund,
    /// The refund's outcome stays open: 82 at Worldline, `REFUND_TO_RETRY` at Lyra.
    UncertainRefund,
    /// Worldline: the capture is refused later.
    RefuseCapture,
    /// Worldline: the capture's outcome stays open.
    UncertainCapture,
    /// Lyra: the nightly batch comes just before the call.
    BatchFirst,
}

/// The faults that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one. The error is a sentence.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), String> {
        if !matches!(fault.provider.as_str(), "worldline" | "systempay") {
            return Err("provider must be worldline or systempay".to_owned());
        }
        if self.0.len() >= MAX_FAULTS {
            return Err(format!("more than {MAX_FAULTS} faults wait"));
        }
        self.0.extend(Some(fault).filter(|fault| fault.times > 0));
        Ok(())
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this call, which is one time less to come.
    pub(crate) fn of(&mut self, provider: &str, call: &str) -> Option<FaultKind> {
        let is_for =
            |fault: &Fault| fault.provider == provider && [call, "*"].contains(&&*fault.call);
        let at = self.0.iter().position(is_for)?;
        let fault = self.0.get_mut(at)?;
        let kind = fault.fault;
        fault.times -= 1;
        if fault.times == 0 {
            self.0.remove(at);
        }
        Some(kind)
    }
}

/// What is answered instead of doing anything, where that looks the same at both providers.
pub(crate) fn instead(fault: FaultKind) -> Option<Reply> {
    match fault {
        FaultKind::TimeoutBefore => Some(lost()),
        FaultKind::BadGateway => Some(Reply::new(502, "text/plain", "")),
        FaultKind::Html => Some(Reply::new(200, "text/html", EDGE)),
        _ => None,
    }
}

/// What is answered after it was done.
pub(crate) fn spoilt(fault: FaultKind, mut reply: Reply) -> Reply {
    match fault {
        FaultKind::TimeoutAfter => lost(),
        FaultKind::BadGatewayAfter => Reply::new(502, "text/plain", ""),
        FaultKind::HtmlAfter => Reply::new(200, "text/html", EDGE),
        FaultKind::Slow => reply.delivered(Delivery::SlowMillis(SLOW_MILLIS)),
        FaultKind::CutOff => {
            let half = reply.body.len() / 2;
            reply.delivered(Delivery::CutOff(half))
        }
        FaultKind::Truncated => {
            reply.body.truncate(reply.body.len() / 2);
            reply
        }
        other => changed(other, reply),
    }
}

/// The answer with what is wrong in it.
fn changed(fault: FaultKind, reply: Reply) -> Reply {
    let names: &[&str] = match fault {
        FaultKind::WrongMerchant => &["shopId"],
        FaultKind::WrongOrder => &["merchantReference", "orderId"],
        FaultKind::WrongPayment => &["id", "uuid", "parentTransactionUuid"],
        FaultKind::WrongCurrency => &["currencyCode", "currency", "orderCurrency"],
        FaultKind::WrongAmount => &["amount", "orderTotalAmount"],
        FaultKind::WrongMode => &["mode"],
        _ => return reply,
    };
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    change(&mut body, names);
    Reply { body: body.to_string().into_bytes(), ..reply }
}

fn change(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if names.contains(&name.as_str()) && (member.is_string() || member.is_u64()) {
                    *member = other(name, member);
                } else {
                    change(member, names);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| change(one, names)),
        _ => {}
    }
}

/// Another value of the same shape.
fn other(name: &str, value: &Value) -> Value {
    match (name, value.as_u64()) {
        (_, Some(amount)) => Value::from(amount + 1),
        ("shopId", _) => Value::from("99999999"),
        ("merchantReference" | "orderId", _) => Value::from("ANOTHER-ORDER"),
        ("id", _) => Value::from("9999999999_0"),
        ("uuid" | "parentTransactionUuid", _) => Value::from("ffffffffffffffffffffffffffffffff"),
        ("mode", _) if value == "TEST" => Value::from("PRODUCTION"),
        ("mode", _) => Value::from("TEST"),
        _ => Value::from("USD"),
    }
}

fn lost() -> Reply {
    Reply::new(504, "text/plain", "").delivered(Delivery::NoAnswer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_comes_as_often_as_asked_and_to_its_call_only() {
        let mut faults = Faults::default();
        let fault =
            json!({"provider": "worldline", "call": "GetRefunds", "fault": "502", "times": 2});
        faults.add(serde_json::from_value(fault).unwrap()).unwrap();
        assert_eq!(faults.of("worldline", "GetPayment"), None);
        assert_eq!(faults.of("systempay", "GetRefunds"), None);
        let times = (0..4).map(|_| faults.of("worldline", "GetRefunds"));
        let expected = [Some(FaultKind::BadGateway), Some(FaultKind::BadGateway), None, None];
        assert_eq!(times.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_wrong_is_wrong_everywhere_in_the_answer() {
        let reply = Reply::json(200, &json!({"a": [{"currencyCode": "EUR", "currency": null}]}));
        let wrong = spoilt(FaultKind::WrongCurrency, reply.clone());
        let expected = json!({"a": [{"currencyCode": "USD", "currency": null}]});
        assert_eq!(wrong.body, expected.to_string().into_bytes());
        assert_eq!(spoilt(FaultKind::RefuseRefund, reply.clone()), reply);
    }
}
