//! The messages that are measured, and what is done with each: verify and read, as a receiver does
//! before it touches the table.

#[cfg(feature = "whole")]
pub mod cloud;
#[cfg(feature = "whole")]
pub mod process;
#[cfg(feature = "whole")]
pub mod scale;

use quittance_core::crypto::Secret;
use quittance_core::{Mode, Reading};
use quittance_psp::lyra::{self, SiteKeys};
use quittance_psp::worldline;
use quittance_testing::lyra::{Form, Share, rest, uuid};
use quittance_testing::worldline::Payment;
use quittance_testing::{FORM_KEY, KEY_ID, REST_PASSWORD, SECRET, SITE, worldline_signature};

/// One kind of message, ready to be received.
pub struct Message {
    /// What it is called in figures.
    pub name: &'static str,
    /// The raw HTTP body.
    pub body: Vec<u8>,
    signature: String,
}

/// Keys as a stack holds them.
pub struct Receiver {
    worldline: worldline::Keys,
    lyra: lyra::Keys,
}

/// Every kind of message, of the size that PSPs send.
pub fn messages() -> Vec<Message> {
    let (voucher, card) = (uuid(&["voucher"]), uuid(&["card"]));
    let shares =
        [Share(&voucher, "CVCO", 6_000, "CAPTURED"), Share(&card, "CB", 4_000, "CAPTURED")];
    let event = Payment::new("CMD-1", "3254564310_0", 5412, 9, 10_000).acquired(Some(10_000));
    let event = padded(&event.json().to_string(), WORLDLINE_BYTES);
    let lyra =
        |name, body: String| Message { name, body: body.into_bytes(), signature: String::new() };
    vec![
        Message {
            name: "worldline event",
            signature: worldline_signature(SECRET, event.as_bytes()),
            body: event.into_bytes(),
        },
        lyra("lyra form", typical(Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED"))),
        lyra(
            "lyra cascade",
            typical(Form::cascade("CMD-1", "abc123", 10_000, "CAPTURED", &shares)),
        ),
        lyra("lyra rest", rest("CMD-1", "abc123", 10_000, ("PAID", "CLOSED"), &shares)),
    ]
}

/// Size of the Worldline body: that of a captured card payment as the platform sends it, with customer
/// and card details. (worldline.md 8)
pub const WORLDLINE_BYTES: usize = 1_600;

impl Default for Receiver {
    fn default() -> Self {
        let secret = |text| Secret::new(text).unwrap_or_else(|| unreachable!("not empty"));
        let key = worldline::Key { secret: secret(SECRET), mode: Mode::Test, merchant: None };
        let site = SiteKeys {
            form: Secret::new(FORM_KEY),
            rest_password: Secret::new(REST_PASSWORD),
            allow_sha1: false,
        };
        let lyra = lyra::Keys::new([((SITE.to_owned(), Mode::Test), site)]);
        Self {
            worldline: worldline::Keys::new([(KEY_ID.to_owned(), key)]),
            lyra: lyra.unwrap_or_default(),
        }
    }
}

impl Receiver {
    /// Verifies and reads a message; `None` unless it states facts that are believed.
    pub fn receive(&self, message: &Message) -> Option<Reading> {
        let body = &message.body;
        let reading = if message.signature.is_empty() {
            lyra::read(&lyra::verify(&self.lyra, body).ok()?, &[])
        } else {
            let (signature, id) = (message.signature.as_bytes(), KEY_ID.as_bytes());
            let verified = worldline::verify(&self.worldline, &[signature], &[id], body).ok()?;
            worldline::read(&verified).pop()?
        };
        match &reading {
            Reading::Order(said) if said.doubt.is_none() => Some(reading),
            _ => None,
        }
    }
}

/// A form with the address that most shops send along.
fn typical(form: Form) -> String {
    form.with("vads_cust_address", "12 rue de l'Exemple")
        .with("vads_cust_city", "Grenoble")
        .with("vads_cust_country", "FR")
        .with("vads_cust_zip", "38000")
        .with("vads_ext_info_gift", "Bon anniversaire + bisous")
        .with("vads_payment_certificate", "d6fdfcb76d0e23f0d8a2e205c5570348c1a9478e")
        .with("vads_threeds_cavv", "AAABBWFlmQ+ABCDEFGhIJKLM==")
        .with("vads_threeds_eci", "05")
        .body()
}

/// The event with a customer of the size that makes it `bytes` long, which is skipped when read.
pub fn padded(event: &str, bytes: usize) -> String {
    const START: &str = r#""paymentOutput":{"#;
    let customer = |name: &str| {
        let member = format!(
            r#"{START}"customer":{{"locale":"fr_FR","billingAddress":{{"city":"{name}"}}}},"#
        );
        event.replacen(START, &member, 1)
    };
    let missing = bytes.saturating_sub(customer("").len());
    customer(&"x".repeat(missing))
}
