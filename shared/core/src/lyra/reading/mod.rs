//! Whether a verified form can mean only one thing.
//!
//! The signature covers the values in the order of their names, joined by `+`: neither the names nor
//! the ends of the values. Whoever holds one signed form can post others with the same signature. So
//! the text that was signed is parsed again, in every way in which the gateway can have written it,
//! and a form is trusted only when all of them say what it says. (Design, section 3.)
//!
//! **Premise.** What the gateway signs is a documented form ([`names`]): known names, each with a value
//! of its shape, in which text of shape [`Free`](names::Shape::Free) is anything at all, `+` and typed
//! lies included. Beyond that:
//!
//! - amount, mode, currency, operation, site, date, transaction id and status are there;
//! - so is the result, which fits the status ([`End`](original::End)): what is captured or authorised
//!   has `00`, "action successfully completed"; a form at hand that says otherwise contradicts itself;
//! - so is the sequence number, unless the payment was left or cancelled; and then no card holder's name
//!   is there that could be `MULTI`;
//! - a cascade has brand `MULTI`, the sequence number 0 and a list of shares; nothing else has the latter
//!   two;
//! - a partial authorisation says what it reached: effective amount and currency are in every answer of
//!   the field reference. One at hand that does not is worth nothing;
//! - the end of a payment at the hosted page ([`Origin::Page`](original::Origin::Page)), which the
//!   browser is given too, and there perhaps without its source, has a page action and a payment
//!   configuration. Any other call ([`Origin::Server`](original::Origin::Server)) goes to the server
//!   alone and names its source right behind the transaction;
//! - where the browser's form lacks its source, what stands behind it (the account of the merchant's
//!   user, the wallet, the version, the warranty) is no documented source. A shop that copies what its
//!   buyers type into `vads_user_info` breaks this; then a return can be posted as an occurrence of a
//!   subscription, and it is the store that keeps one payment from paying for two orders;
//! - a key is that of one site and mode; a site names its orders always or never, and not by a word of
//!   the protocol or 40 hex digits. One that does not puts nothing else in the place of their names
//!   either: there the page action, the configuration, a certificate or the payment's source follows
//!   the operation.
//!
//! What a shop asks of the gateway is signed with the same key and goes through the buyer's browser, so
//! it is thought of too. (systempay.md sections 2.1 and 2.3.) It has a date like any form, but no status
//! behind it: there follow its id, addresses, the merchant's user, the validation mode and the version.
//! So a notification that was typed into one has another date behind its own, and is held. A shop whose
//! requests copy what its buyers type into `vads_user_info`, and give no address, breaks this as well.
//!
//! Where the form at hand lacks something of this that is not needed to read it (result, sequence
//! number, page action, configuration), originals without it are thought of as well: they only add to
//! the parses that must agree.
//!
//! **Argument.** The genuine form behind a signed text, unless that is a request, is one of the parses
//! tried here. If they all have
//! the value that the form at hand gives, for each field that decides, then so has the genuine one, and
//! the form at hand, wherever it came from, says nothing else than the gateway did: nothing depends on
//! what a forger can think of. These differences are let through:
//!
//! - a form may say less: that it speaks of a share where it speaks of the whole;
//! - a uuid, or the occurrence of a plan, may be made up where the gateway sent none: date, id and
//!   sequence number name the share as well, and the payment's own name leads to its order;
//! - a payment that was left or cancelled may get another sequence number: it is worth nothing;
//! - a call to the server alone may be given a plan that it does not have: buyers do not see those.
//!
//! **Cost.** A parse is a path through the names, so all of them together are two sweeps over at most
//! [`MAX_STEPS`](steps::MAX_STEPS) steps, with a set of places in the text at each: one machine word for
//! a usual form, 32 at [`MAX_PIECES`], beyond which a form is held. There are at most 48 kinds of
//! original, of which a usual form allows one or two. No allocation.

mod names;
mod original;
mod parse;
mod piece;
mod places;
mod request;
mod steps;

use self::parse::Text;
use super::form::Form;

/// Most pieces between two `+` of a signed text. A form with more (they are at most
/// [`crate::limits::MAX_FORM_FIELDS`] fields, most of them without `+`) is not trusted.
const MAX_PIECES: usize = 32 * 64 - 1;

/// Says why the form can be read in another way, if so.
pub(super) fn single(form: &Form<'_>, extra_names: &[String]) -> Result<(), String> {
    match 1 + form.signed_text().iter().filter(|byte| **byte == b'+').count() {
        0..64 => Text::<1>::of(form, extra_names)?.agrees(),
        64..256 => Text::<4>::of(form, extra_names)?.agrees(),
        256..=MAX_PIECES => Text::<32>::of(form, extra_names)?.agrees(),
        _ => Err("more pieces than can be told apart".to_owned()),
    }
}
