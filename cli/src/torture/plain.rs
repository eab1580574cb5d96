//! The schemes of Stripe and of Standard Webhooks, with the plainest events of a payment: `payment_intent.*` as Stripe
//! documents them, and `payment.*` for Standard Webhooks, which leaves the payload to the sender.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quittance_aws::clock::now;
use quittance_core::crypto::{Secret, ascii, hmac_base64, hmac_hex, sha256_hex};
use serde_json::{Value, json};

use super::exhibit::{Message, Play, Step};
use super::scheme::{Forgery, PRICE, Scheme};
use crate::output::Failure;
use crate::rewriting::digits;

/// What signs where no secret is given: public, and for trying alone.
pub(crate) const DEMO_SECRET: &str = "whsec_cXVpdHRhbmNlLXRvcnR1cmUtZGVtby1zZWNyZXQ=";

/// How old a signature is that nobody has to believe, in seconds; both schemes advise five minutes.
const OLD: i64 = 3_600;

/// How far ahead of our clock a signature is that nobody has to believe, in seconds.
const EARLY: i64 = 3_600;

/// How long ids are behind their prefix, in characters.
const ID: usize = 24;

/// What the signature is carried in.
const STRIPE: &str = "stripe-signature";
const STANDARD_ID: &str = "webhook-id";
const STANDARD_TIME: &str = "webhook-timestamp";
const STANDARD_SIGNATURE: &str = "webhook-signature";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stripe,
    Standard,
}

/// One of the two with an endpoint's secret.
pub(crate) struct Plain {
    kind: Kind,
    secret: Secret,
}

/// What an event says of a payment: Stripe's type and status, those of the other scheme.
#[derive(Clone, Copy)]
struct Word(&'static str, &'static str, &'static str, &'static str);

const SUCCEEDED: Word =
    Word("payment_intent.succeeded", "succeeded", "payment.succeeded", "succeeded");
const PROCESSING: Word =
    Word("payment_intent.processing", "processing", "payment.processing", "processing");
const AUTHORISED: Word = Word(
    "payment_intent.amount_capturable_updated",
    "requires_capture",
    "payment.authorized",
    "requires_capture",
);
const FAILED: Word =
    Word("payment_intent.payment_failed", "requires_payment_method", "payment.failed", "failed");
const CANCELLED: Word = Word("payment_intent.canceled", "canceled", "payment.canceled", "canceled");
const CONTRADICTION: Word =
    Word("payment_intent.succeeded", "requires_action", "payment.succeeded", "pending");
const UNKNOWN: Word =
    Word("payment_intent.of_the_future", "future_status", "payment.of_the_future", "future");

impl Plain {
    /// With the endpoint's secret as it is shown: `whsec_…`.
    pub(crate) fn new(kind: Kind, secret: &str) -> Result<Self, Failure> {
        let text = secret.trim();
        let secret = match kind {
            // Stripe signs with the text as it is.
            Kind::Stripe => Secret::new(text),
            Kind::Standard => {
                let encoded = text.strip_prefix("whsec_").unwrap_or(text);
                let decoded = STANDARD.decode(encoded);
                Secret::of_bytes(&decoded.map_err(|_| "the secret is not whsec_ and Base64")?)
            }
        };
        Ok(Self { kind, secret: secret.ok_or("the secret is empty")? })
    }

    /// An event about a payment: what was to be paid, and what came.
    fn event(&self, word: Word, order: &str, payment: u64, received: u64) -> Message {
        let id = digits(ID);
        let at = now().unix();
        // The same for each message about a payment, and without the order in it.
        let digest = sha256_hex(format!("{order}/{payment}").as_bytes());
        let payment: String = digest.chars().take(ID).collect();
        let body = match self.kind {
            Kind::Stripe => json!({
                "id": format!("evt_{id}"), "object": "event", "created": at, "livemode": false,
                "type": word.0, "pending_webhooks": 1,
                "data": {"object": {
                    "id": format!("pi_{payment}"), "object": "payment_intent",
                    "amount": PRICE, "amount_received": received, "currency": "eur",
                    "status": word.1, "livemode": false, "metadata": {"order_id": order},
                }},
            }),
            Kind::Standard => json!({
                "type": word.2, "timestamp": now().to_string(),
                "data": {
                    "payment_id": format!("pay_{payment}"), "order_id": order,
                    "amount": PRICE, "amount_received": received, "currency": "EUR",
                    "status": word.3,
                },
            }),
        };
        let message = Message::post("application/json", body.to_string().into_bytes());
        match self.kind {
            Kind::Stripe => message,
            Kind::Standard => message.with_header(STANDARD_ID, Some(&format!("msg_{id}"))),
        }
    }

    /// A refund of a part of a payment that succeeded.
    fn refund(&self, order: &str, payment: u64) -> Message {
        let part = PRICE / 3;
        let stripe = Word("charge.refunded", "succeeded", "payment.refunded", "refunded");
        let message = self.event(stripe, order, payment, PRICE);
        let mut event: Value = serde_json::from_slice(&message.body).unwrap_or_default();
        match self.kind {
            Kind::Stripe => {
                let object = &mut event["data"]["object"];
                object["object"] = json!("charge");
                object["payment_intent"] = object["id"].take();
                object["id"] = json!(format!("ch_{order}"));
                object["amount_refunded"] = json!(part);
                object["refunded"] = json!(false);
            }
            Kind::Standard => event["data"]["amount_refunded"] = json!(part),
        }
        Message { body: event.to_string().into_bytes(), ..message }
    }

    /// Signs with a key, as at some seconds from now.
    fn signed(&self, message: &Message, key: &Secret, later: i64) -> Message {
        let at = (now().unix() + later).to_string();
        let body = message.body.as_slice();
        match self.kind {
            Kind::Stripe => {
                let digest = ascii(&hmac_hex(key, [at.as_bytes(), b".", body]));
                message.with_header(STRIPE, Some(&format!("t={at},v1={digest}")))
            }
            Kind::Standard => {
                let id = message.header(STANDARD_ID).to_owned();
                let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body];
                let digest = ascii(&hmac_base64(key, parts));
                let message = message.with_header(STANDARD_TIME, Some(&at));
                message.with_header(STANDARD_SIGNATURE, Some(&format!("v1,{digest}")))
            }
        }
    }

    fn header(&self) -> &'static str {
        match self.kind {
            Kind::Stripe => STRIPE,
            Kind::Standard => STANDARD_SIGNATURE,
        }
    }

    fn others() -> Result<Secret, Failure> {
        Ok(Secret::new("a key of somebody else").ok_or("no key")?)
    }

    /// A signed message with the right signature behind one by another key, as while a key is replaced.
    fn rotated(&self, message: &Message) -> Result<Message, Failure> {
        let (right, wrong) =
            (self.signed(message, &self.secret, 0), self.signed(message, &Self::others()?, 0));
        let (right, wrong) = (right.header(self.header()), wrong.header(self.header()));
        let both = match self.kind {
            Kind::Stripe => {
                let digest = right.rsplit("v1=").next().unwrap_or_default();
                format!("{wrong},v1={digest}")
            }
            Kind::Standard => format!("{wrong} {right}"),
        };
        Ok(self.signed(message, &self.secret, 0).with_header(self.header(), Some(&both)))
    }
}

impl Scheme for Plain {
    fn paid(&self, order: &str) -> Result<Message, Failure> {
        Ok(self.event(SUCCEEDED, order, 1, PRICE))
    }

    fn again(&self, message: &Message) -> Message {
        let id = digits(ID);
        match self.kind {
            Kind::Standard => message.with_header(STANDARD_ID, Some(&format!("msg_{id}"))),
            Kind::Stripe => {
                let mut event: Value = serde_json::from_slice(&message.body).unwrap_or_default();
                event["id"] = Value::String(format!("evt_{id}"));
                Message { body: event.to_string().into_bytes(), ..message.clone() }
            }
        }
    }

    fn odd(&self, message: &Message) -> Message {
        odd_json(message)
    }

    fn sign(&self, message: &Message) -> Result<Message, Failure> {
        Ok(self.signed(message, &self.secret, 0))
    }

    fn forge(&self, message: &Message, how: Forgery) -> Result<Option<Message>, Failure> {
        let digest = sha256_hex(&message.body);
        Ok(match (how, self.kind) {
            (Forgery::OwnKey, _) => Some(self.signed(message, &Self::others()?, 0)),
            (Forgery::UnknownKey, _) => None,
            (Forgery::Digest, _) => {
                let signed = self.sign(message)?;
                Some(self.with_signature(&signed, Some(&digest)))
            }
        })
    }

    fn signature(&self, signed: &Message) -> String {
        let header = signed.header(self.header());
        header.rsplit(['=', ',']).next().unwrap_or_default().to_owned()
    }

    fn with_signature(&self, signed: &Message, value: Option<&str>) -> Message {
        let at = now().unix();
        let value = value.map(|value| match self.kind {
            Kind::Stripe if value.is_empty() => String::new(),
            Kind::Stripe => format!("t={at},v1={value}"),
            Kind::Standard if value.is_empty() => String::new(),
            Kind::Standard => format!("v1,{value}"),
        });
        signed.with_header(self.header(), value.as_deref())
    }

    fn own(&self, name: &str, order: &str) -> Result<Option<Play>, Failure> {
        let told = |word, payment, received| {
            Step::Genuine(self.signed(&self.event(word, order, payment, received), &self.secret, 0))
        };
        let paid = self.event(SUCCEEDED, order, 1, PRICE);
        let genuine = |message| Step::Genuine(self.signed(message, &self.secret, 0));
        let other = |message| vec![Step::Other(message)];
        let (steps, releases) = match name {
            "old-signature" => (other(self.signed(&paid, &self.secret, -OLD)), 0..=0),
            "early-signature" => (other(self.signed(&paid, &self.secret, EARLY)), 0..=0),
            "time-changed-after-signing" => {
                let old = self.signed(&paid, &self.secret, -OLD);
                let at = now().unix().to_string();
                let fresh = match self.kind {
                    Kind::Stripe => {
                        let digest = self.signature(&old);
                        old.with_header(STRIPE, Some(&format!("t={at},v1={digest}")))
                    }
                    Kind::Standard => old.with_header(STANDARD_TIME, Some(&at)),
                };
                (other(fresh), 0..=0)
            }
            "two-signatures" => (vec![Step::Genuine(self.rotated(&paid)?)], 1..=1),
            "unknown-version" => {
                let signed = self.signed(&paid, &self.secret, 0);
                let renamed = signed.header(self.header()).replace("v1", "v0");
                (other(signed.with_header(self.header(), Some(&renamed))), 0..=0)
            }
            "authorised-alone" => (vec![told(AUTHORISED, 1, 0)], 0..=0),
            "authorised-then-captured" => {
                (vec![told(AUTHORISED, 1, 0), told(SUCCEEDED, 1, PRICE)], 1..=1)
            }
            "reversed-order" => (vec![told(SUCCEEDED, 1, PRICE), told(PROCESSING, 1, 0)], 1..=1),
            "late-refusal" => (vec![told(SUCCEEDED, 2, PRICE), told(FAILED, 1, 0)], 1..=1),
            "late-pending" => {
                let again = self.again(&paid);
                (vec![genuine(&paid), told(PROCESSING, 1, 0), genuine(&again)], 1..=1)
            }
            "refused-then-paid" => (vec![told(FAILED, 1, 0), told(SUCCEEDED, 2, PRICE)], 1..=1),
            "refused" => (vec![told(FAILED, 1, 0)], 0..=0),
            "cancelled" => (vec![told(CANCELLED, 1, 0)], 0..=0),
            "paid-twice" => (vec![told(SUCCEEDED, 1, PRICE), told(SUCCEEDED, 2, PRICE)], 1..=1),
            "paid-less" => (vec![told(SUCCEEDED, 1, PRICE / 2)], 0..=0),
            "nothing-paid" => (vec![told(SUCCEEDED, 1, 0)], 0..=0),
            "unknown-event" => (vec![told(UNKNOWN, 1, 0)], 0..=0),
            "contradiction" => (vec![told(CONTRADICTION, 1, 0)], 0..=0),
            "refund-of-a-part" => (vec![genuine(&paid), genuine(&self.refund(order, 1))], 1..=1),
            "another-price" => {
                let cheap = paid.replaced(&PRICE.to_string(), "100");
                let play = Play::of(order, vec![genuine(&cheap)], 0..=0);
                return Ok(Some(Play { needs_price: true, ..play }));
            }
            _ => return Ok(None),
        };
        Ok(Some(Play::of(order, steps, releases)))
    }
}

/// JSON with blanks and ends of lines where they may be, and one more member before all others: names out of order,
/// numbers that no program writes again as they were, and characters that can be written in several ways.
pub(super) fn odd_json(message: &Message) -> Message {
    let event: Value = serde_json::from_slice(&message.body).unwrap_or_default();
    let text = serde_json::to_string_pretty(&event).unwrap_or_default().replace('\n', "\r\n");
    let member = r#"{ "odd" : {"z":1.0,"a":1e2,"large":12345678901234567890123,"\u00e9":"\/é\u2028\u001B"},"#;
    let text = text.replacen('{', member, 1);
    Message { body: text.into_bytes(), ..message.clone() }
}
