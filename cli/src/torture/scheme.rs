//! What a scheme of signed messages has to bring, and the exhibits that are made of nothing else.

use super::exhibit::{Message, Play, Step};
use crate::output::Failure;

/// What an order of an exhibit costs, in minor units of EUR.
pub(crate) use crate::rewriting::PRICE;

/// How many deliveries of one message come at once.
const AT_ONCE: usize = 20;

/// How large a body is that no sender makes, in bytes: beyond what common servers take by default.
const LARGE: usize = 12 * 1024 * 1024;

/// How a message can be signed by somebody who does not have the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgery {
    /// With a key of one's own.
    OwnKey,
    /// With a digest that needs no key.
    Digest,
    /// Under the name of a key that does not exist, with no key at all. `None` where a scheme names no key.
    UnknownKey,
}

/// One way to sign and to word notifications. Messages are unsigned until [`Scheme::sign`].
pub(crate) trait Scheme {
    /// The end of a payment that pays the whole order.
    fn paid(&self, order: &str) -> Result<Message, Failure>;

    /// The same event under another id of delivery.
    fn again(&self, message: &Message) -> Message;

    /// The same event in bytes that are unusual, and mean the same.
    fn odd(&self, message: &Message) -> Message;

    /// Signs as the provider does.
    fn sign(&self, message: &Message) -> Result<Message, Failure>;

    /// Signs as a forger does.
    fn forge(&self, message: &Message, how: Forgery) -> Result<Option<Message>, Failure>;

    /// The signature of a signed message.
    fn signature(&self, signed: &Message) -> String;

    /// With another signature, or without one.
    fn with_signature(&self, signed: &Message, value: Option<&str>) -> Message;

    /// An exhibit that only this scheme has, or tells in its own words.
    fn own(&self, name: &str, order: &str) -> Result<Option<Play>, Failure>;
}

/// The exhibit of this name about an order; `None` where the scheme has none such.
pub(crate) fn play(scheme: &dyn Scheme, name: &str, order: &str) -> Result<Option<Play>, Failure> {
    let paid = scheme.paid(order)?;
    let signed = scheme.sign(&paid)?;
    let genuine = |message: &Message| Step::Genuine(message.clone());
    let unsigned = |message| Play::of(order, vec![Step::Other(message)], 0..=0);
    let forged = |how| Ok::<_, Failure>(scheme.forge(&paid, how)?.map(unsigned));
    let once = |steps| Some(Play::of(order, steps, 1..=1));
    Ok(match name {
        "genuine-payment" | "alive-afterwards" => once(vec![genuine(&signed)]),
        "missing-signature" => Some(unsigned(scheme.with_signature(&signed, None))),
        "empty-signature" => Some(unsigned(scheme.with_signature(&signed, Some("")))),
        "shortened-signature" => {
            // A comparison of as many characters as there are takes it.
            let whole = scheme.signature(&signed);
            let start: String = whole.chars().take(1).collect();
            Some(unsigned(scheme.with_signature(&signed, Some(&start))))
        }
        "signed-with-another-key" => forged(Forgery::OwnKey)?,
        "digest-for-signature" => forged(Forgery::Digest)?,
        "unknown-key" => forged(Forgery::UnknownKey)?,
        "changed-after-signing" => {
            // What was paid is another order, of which nothing is asked.
            let other = format!("{order}-B");
            let signed = scheme.sign(&scheme.paid(&other)?)?;
            Some(unsigned(signed.replaced(&other, order)))
        }
        "odd-bytes" => once(vec![Step::Genuine(scheme.sign(&scheme.odd(&paid))?)]),
        "delivered-twice" => once(vec![genuine(&signed), genuine(&signed)]),
        "delivered-at-once" => {
            once(vec![Step::AtOnce(vec![signed.clone(); AT_ONCE]), genuine(&signed)])
        }
        "delivered-after-restart" => once(vec![genuine(&signed), Step::Restart, genuine(&signed)]),
        "new-delivery-id" => {
            let again = scheme.sign(&scheme.again(&paid))?;
            once(vec![genuine(&signed), genuine(&again)])
        }
        "new-delivery-ids-at-once" => {
            let again = |_| scheme.sign(&scheme.again(&paid));
            let all = (0..AT_ONCE).map(again).collect::<Result<Vec<_>, _>>()?;
            once(vec![Step::AtOnce(all), genuine(&signed)])
        }
        "cut-then-sent-again" => once(vec![Step::Cut(signed.clone()), genuine(&signed)]),
        "no-patience" => once(vec![Step::HangUp(signed.clone()), genuine(&signed)]),
        "two-references" => {
            let other = format!("{order}-B");
            let second = scheme.sign(&scheme.again(&paid.replaced(order, &other)))?;
            let steps = vec![genuine(&signed), genuine(&second)];
            let releases = vec![(order.to_owned(), 1..=1), (other, 0..=0)];
            Some(Play { steps, releases, needs_price: false })
        }
        "large-body" => {
            let mut large = scheme.with_signature(&signed, Some("AAAA"));
            large.body.resize(LARGE, b' ');
            Some(unsigned(large))
        }
        "other-methods" => {
            let asked = |method| Message { method, headers: Vec::new(), body: Vec::new() };
            let with_body = |method| Message { method, ..signed.clone() };
            let steps = [asked("GET"), asked("HEAD"), asked("DELETE"), with_body("PUT")];
            let steps = steps.into_iter().map(Step::Other).chain([genuine(&signed)]);
            once(steps.collect())
        }
        _ => scheme.own(name, order)?,
    })
}
