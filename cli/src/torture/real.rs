//! The schemes of Worldline and Lyra: the samples of this program under other ids, signed with the keys that were given.

use std::ops::RangeInclusive;

use quittance_core::crypto::{Secret, ascii, hmac_base64, sha256_hex};
use quittance_core::provider::{Keys, Outgoing};
use quittance_core::{Mode, Provider, ProviderId};
use quittance_pages::{Fields, encoded};
use serde_json::Value;

use super::exhibit::{Message, Play, Step};
use super::scheme::{Forgery, Scheme};
use super::stories;
use crate::keys::configured;
use crate::output::Failure;
use crate::rewriting::{Rewriting, digits, told};
use crate::story::Psp;

/// Where Worldline names the key, and where it signs.
const KEY_ID: &str = "x-gcs-keyid";
const SIGNATURE: &str = "x-gcs-signature";

/// The field with which Lyra signs a form.
const FIELD: &str = "signature";

/// How long `vads_hash` is, and the id of an event of Worldline, in characters.
const HASH: usize = 64;
const EVENT_ID: usize = 24;

/// Notifications of one provider, by one of its keys.
pub(crate) struct Real {
    psp: Psp,
    provider: &'static dyn Provider,
    keys: Box<dyn Keys>,
    /// What somebody else would sign with.
    others: Box<dyn Keys>,
    /// The id of the key or the site that signs.
    id: String,
    /// Whose orders these are, where it is said.
    merchant: Option<String>,
}

impl Real {
    /// With the keys of a document, else those of the provider's variable, else the demo's. The first key for tests is
    /// the one that signs.
    pub(crate) fn new(
        psp: Psp,
        document: Option<String>,
        merchant: Option<&str>,
    ) -> Result<Self, Failure> {
        let id = ProviderId::new(psp.as_str());
        let provider = quittance_psp::provider(id).ok_or("no such provider")?;
        let profile = provider.profile();
        let document = document.or_else(|| configured(profile.keys_variable));
        let document = document.as_deref().unwrap_or(profile.demo_keys);
        let held = provider.describe(document)?;
        let first = held.iter().find(|key| key.mode == Mode::Test);
        let id =
            first.ok_or("none of the keys is for tests: orders of a live shop are not for this")?;
        let id = id.id.clone();
        let other = match psp {
            Psp::Worldline => serde_json::json!({&id: "a key of somebody else"}),
            Psp::Systempay => serde_json::json!({&id: {"test": {"form": "somebodyelses000"}}}),
        };
        let merchant = match psp {
            Psp::Worldline => merchant.map(str::to_owned),
            Psp::Systempay => Some(id.clone()),
        };
        let (keys, others) = (provider.keys(document)?, provider.keys(&other.to_string())?);
        Ok(Self { psp, provider, keys, others, id, merchant })
    }

    /// These samples as messages about an order, in one story.
    fn messages(&self, names: &[&str], order: &str) -> Result<Vec<Message>, Failure> {
        let texts = told(self.psp, names)?;
        let mut rewriting = Rewriting::of(self.psp, &texts, order, self.merchant.as_deref(), None)?;
        let message = |(_, event, _): &(String, crate::event::Event, String)| {
            let body = rewriting.body(&event.body()?).into_bytes();
            let message = Message::post(self.provider.profile().media_type, body);
            Ok(match self.psp {
                Psp::Worldline => message.with_header(KEY_ID, Some(&self.id)),
                Psp::Systempay => without(&message, FIELD),
            })
        };
        texts.iter().map(message).collect()
    }

    fn signed_with(&self, keys: &dyn Keys, message: &Message) -> Result<Message, Failure> {
        let Message { method, headers, body } = message.clone();
        let mut outgoing = Outgoing { headers, body };
        keys.sign(&mut outgoing)?;
        Ok(Message { method, headers: outgoing.headers, body: outgoing.body })
    }

    fn story(
        &self,
        names: &[&str],
        order: &str,
        releases: RangeInclusive<u64>,
    ) -> Result<Play, Failure> {
        let genuine = |message| Ok::<_, Failure>(Step::Genuine(self.sign(message)?));
        let messages = self.messages(names, order)?;
        let steps = messages.iter().map(genuine).collect::<Result<_, _>>()?;
        Ok(Play::of(order, steps, releases))
    }

    /// What cannot be told by samples as they are.
    fn changed(&self, name: &str, order: &str) -> Result<Option<Play>, Failure> {
        let is_worldline = self.psp == Psp::Worldline;
        let sign = |message: &Message| self.sign(message).map(Step::Genuine);
        let halves: &[&str] = if is_worldline {
            &["20-split-voucher-share", "21-split-card-complement"]
        } else {
            &["25-cascade-card-authorised", "26-card-share-captured"]
        };
        Ok(Some(match name {
            "halves-at-once" => {
                let messages = self.messages(halves, order)?;
                let signed = messages.iter().map(|message| self.sign(message));
                let signed = signed.collect::<Result<Vec<_>, _>>()?;
                let again = signed.iter().cloned().map(Step::Genuine);
                let steps = [Step::AtOnce(signed.clone())].into_iter().chain(again).collect();
                Play::of(order, steps, 1..=1)
            }
            "card-share-alone" => {
                let messages = self.messages(halves, order)?;
                let card = messages.last().ok_or("no card")?;
                Play { needs_price: true, ..Play::of(order, vec![sign(card)?], 0..=0) }
            }
            "voucher-twice" => {
                let voucher =
                    if is_worldline { halves } else { &["27-cascade-complement-abandoned"] };
                let messages = self.messages(voucher, order)?;
                let voucher = messages.first().ok_or("no voucher")?;
                let steps = vec![sign(voucher)?, sign(&self.again(voucher))?];
                Play::of(order, steps, 0..=0)
            }
            "late-pending" => {
                let names = if is_worldline {
                    ["07-captured-first", "08-authorised-late"]
                } else {
                    ["05-captured-first", "06-authorised-late"]
                };
                let messages = self.messages(&names, order)?;
                let captured = messages.first().ok_or("no capture")?;
                let mut steps = messages.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
                steps.push(sign(&self.again(captured))?);
                Play::of(order, steps, 1..=1)
            }
            "paid-less" if is_worldline => {
                let message = self.paid(order)?;
                let whole = r#""acquiredAmount":{"amount":12000"#;
                let less = message.replaced(whole, r#""acquiredAmount":{"amount":9000"#);
                Play::of(order, vec![sign(&less)?], 0..=0)
            }
            "another-currency" if !is_worldline => {
                let names = ["10-refused", "11-paid-on-second-attempt"];
                let messages = self.messages(&names, order)?;
                let (first, second) = (messages.first(), messages.last());
                let (first, second) = first.zip(second).ok_or("no attempts")?;
                let yen =
                    with(&with(second, "vads_currency", "392"), "vads_effective_currency", "392");
                Play::of(order, vec![sign(first)?, sign(&yen)?], 0..=0)
            }
            "another-price" => {
                // The whole of an order that costs less.
                let message = self.paid(order)?;
                let message = message.replaced("12000", "100");
                Play { needs_price: true, ..Play::of(order, vec![sign(&message)?], 0..=0) }
            }
            "browser-return" if !is_worldline => {
                let message = self.paid(order)?;
                let returned = self.sign(&without(&message, "vads_hash"))?;
                Play::of(order, vec![Step::Other(returned)], 0..=0)
            }
            "repeated-field" if !is_worldline => {
                // Some take the first of two, some the last.
                let refused = self.messages(&["10-refused"], order)?;
                let refused = self.sign(refused.first().ok_or("no refusal")?)?;
                let genuine = String::from_utf8_lossy(&refused.body).into_owned();
                let (before, after) =
                    ("vads_trans_status=CAPTURED&", "&vads_trans_status=CAPTURED");
                let body = |text: String| Message { body: text.into_bytes(), ..refused.clone() };
                let steps = vec![
                    Step::Other(body(format!("{before}{genuine}"))),
                    Step::Other(body(format!("{genuine}{after}"))),
                ];
                Play::of(order, steps, 0..=0)
            }
            _ => return Ok(None),
        }))
    }
}

impl Scheme for Real {
    fn paid(&self, order: &str) -> Result<Message, Failure> {
        let messages = self.messages(&["01-single-card-captured"], order)?;
        Ok(messages.into_iter().next().ok_or("no sample")?)
    }

    fn again(&self, message: &Message) -> Message {
        match self.psp {
            Psp::Systempay => {
                let again = with(message, "vads_hash", &digits(HASH));
                with(&again, "vads_url_check_src", "RETRY")
            }
            Psp::Worldline => {
                let mut event: Value = serde_json::from_slice(&message.body).unwrap_or_default();
                event["id"] = Value::String(digits(EVENT_ID));
                event["created"] = Value::from("2026-11-22T10:10:00.0000000+01:00");
                Message { body: event.to_string().into_bytes(), ..message.clone() }
            }
        }
    }

    fn odd(&self, message: &Message) -> Message {
        match self.psp {
            Psp::Worldline => super::plain::odd_json(message),
            Psp::Systempay => odd_form(message),
        }
    }

    fn sign(&self, message: &Message) -> Result<Message, Failure> {
        self.signed_with(&*self.keys, message)
    }

    fn forge(&self, message: &Message, how: Forgery) -> Result<Option<Message>, Failure> {
        let worldline = self.psp == Psp::Worldline;
        Ok(match how {
            Forgery::OwnKey => Some(self.signed_with(&*self.others, message)?),
            Forgery::Digest => Some(self.with_signature(message, Some(&sha256_hex(&message.body)))),
            Forgery::UnknownKey if worldline => {
                // HMAC fills a short key up with zeros, so that this is its result for a key that is empty.
                let empty = Secret::of_bytes(&[0]).ok_or("no key")?;
                let signature = ascii(&hmac_base64(&empty, [message.body.as_slice()]));
                let message = message.with_header(KEY_ID, Some("a-key-that-nobody-has"));
                Some(self.with_signature(&message, Some(&signature)))
            }
            Forgery::UnknownKey => None,
        })
    }

    fn signature(&self, signed: &Message) -> String {
        match self.psp {
            Psp::Worldline => signed.header(SIGNATURE).to_owned(),
            Psp::Systempay => {
                let fields = Fields::of(&String::from_utf8_lossy(&signed.body));
                fields.get(FIELD).unwrap_or_default().to_owned()
            }
        }
    }

    fn with_signature(&self, signed: &Message, value: Option<&str>) -> Message {
        match (self.psp, value) {
            (Psp::Worldline, value) => signed.with_header(SIGNATURE, value),
            (Psp::Systempay, Some(value)) => with(signed, FIELD, value),
            (Psp::Systempay, None) => without(signed, FIELD),
        }
    }

    fn own(&self, name: &str, order: &str) -> Result<Option<Play>, Failure> {
        match stories::of(self.psp, name) {
            Some((names, releases)) => self.story(names, order, releases).map(Some),
            None => self.changed(name, order),
        }
    }
}

/// A form with a field set or added.
fn with(message: &Message, name: &str, value: &str) -> Message {
    let mut message = without(message, name);
    if !message.body.is_empty() {
        message.body.push(b'&');
    }
    message.body.extend(format!("{}={}", encoded(name), encoded(value)).into_bytes());
    message
}

/// A form without a field.
fn without(message: &Message, name: &str) -> Message {
    let is_named = |piece: &&[u8]| piece.split(|b| *b == b'=').next() == Some(name.as_bytes());
    let kept = message.body.split(|b| *b == b'&').filter(|piece| !is_named(piece));
    let kept: Vec<&[u8]> = kept.collect();
    Message { body: kept.join(&b'&'), ..message.clone() }
}

/// A form with its fields the other way round, and every byte of a value escaped, in small letters.
fn odd_form(message: &Message) -> Message {
    let fields = Fields::of(&String::from_utf8_lossy(&message.body));
    let escaped = |value: &str| value.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
    let mut pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.reverse();
    Message { body: pairs.join("&").into_bytes(), ..message.clone() }
}
