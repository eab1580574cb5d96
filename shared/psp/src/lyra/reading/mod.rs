//! Whether a verified form can mean only one thing.
//!
//! The signature covers the values in the order of their names, joined by `+`: neither the names nor
//! the ends of the values. Whoever holds one signed form can post others with the same signature. So
//! the text that was signed is parsed again, in every way in which the gateway can have written it,
//! and a form is trusted only when all of them say what it says. (docs/single-reading.md)
//!
//! **Premise.** What the gateway signs is a documented form ([`names`]): known names, each with a value
//! of its shape, in which text of shape [`Free`](names::Shape::Free) is anything at all, `+` and typed
//! lies included. Beyond that:
//!
//! - amount, mode, currency, operation, site, date, transaction id and status are there; only what failed
//!   may lack the operation, and then the order's reference stands right behind the language and the
//!   occurrence, or behind the hash where there is neither language nor identifier;
//! - effective amount and effective currency come together or not at all;
//! - so is the result, which fits the status ([`End`](original::End)): what is captured or authorised
//!   has `00`, "action successfully completed"; a form at hand that says otherwise contradicts itself;
//! - so is the sequence number, unless the payment was left or cancelled; and then no card holder's name
//!   is there that could be `MULTI`;
//! - a cascade has brand `MULTI`, the sequence number 0 and a list of shares; nothing else has the latter
//!   two;
//! - a partial authorisation says what it reached: effective amount and currency are in every answer of
//!   the field reference. A form without an effective amount counts for nothing;
//! - the end of a payment at the hosted page ([`Origin::Page`](original::Origin::Page)), which the
//!   browser is given too, and there perhaps without its source, has a page action and a payment
//!   configuration. Any other call ([`Origin::Server`](original::Origin::Server)) goes to the server
//!   alone and names its source right behind the transaction;
//! - an order is described by what cannot be a reference (letters, digits, `-`, `_`), and then its reference
//!   is one;
//! - where the browser's form lacks its source, what stands behind the uuid (addresses, the account of the
//!   merchant's user, the wallet, the version, the warranty) is no documented source. A shop that copies what its
//!   buyers type into `vads_user_info` breaks this; then a return can be posted as an occurrence of a
//!   subscription, and it is the store that keeps one payment from paying for two orders;
//! - a key is that of one site and mode; a site names its orders always or never, and not by a word of
//!   the protocol or 40 hex digits. One that does not puts nothing else in the place of their names
//!   either: there the page action, the configuration, a certificate or the payment's source follows
//!   the operation.
//!
//! **What states no payment.** A shop's request is signed with the same key and goes through the buyer's
//! browser, and so does the answer to a registration. (lyra.md 2.1, 2.3 and 11) Any form at hand
//! contradicts such a text, so it is held where there can be one ([`request`]). Typed text may stand anywhere
//! in a request between its mode and its version, addresses included. What tells a notification from it:
//!
//! - before its mode a notification has a word in capitals (a brand, a masked number, a country, a kind of
//!   authorisation). A request has none there but its action mode, and perhaps the name of a module, which
//!   is not a card's; and no buyer types there. Or it does not end with its version, as a request does;
//! - behind its site a notification has one date that an id or an address follows, its own; and no date
//!   behind that one. A request into which another date was typed has two. This asks nothing of the
//!   request's beginning and end;
//! - a registration takes no money: its page action stands in no text about a payment.
//!
//! Where the form at hand lacks something of this that is not needed to read it (result, sequence
//! number, page action, configuration), originals without it are thought of as well: they only add to
//! the parses that must agree.
//!
//! **Argument.** What is signed is a request, an answer to a registration, or an answer about a payment. Were
//! it one of the first two, the text would have its beginning and end, or two dates, or its page action, and
//! the form would be held. So it is an answer about a payment, and that is one of the parses tried here. If
//! they all have the value that the form at hand gives, for each field that decides, then so has the genuine
//! one, and the form at hand, wherever it came from, says nothing else than the gateway did: nothing depends
//! on what a forger can think of. These differences are let through:
//!
//! - a form may say less: that it speaks of a share where it speaks of the whole;
//! - a uuid, or the occurrence of a plan, may be made up where the gateway sent none: date, id and
//!   sequence number name the share as well, and the payment's own name leads to its order;
//! - a payment that was left or cancelled may get another sequence number: it is worth nothing. So is what
//!   was declined without an operation, if it is given none;
//! - an effective amount may be made up where it makes a payment worth less, never more;
//! - a call to the server alone may be given a plan, a subscription or the number of an occurrence that it
//!   does not have, and lose the latter two unless it says `REC`: buyers do not see those calls. What came
//!   through the browser is never an occurrence.
//!
//! Reasons given are of the check's own words and documented names, so they are short whatever came.
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
use super::words;
use memchr::memchr_iter;
use quittance_core::Remark;

/// Most pieces between two `+` of a signed text. A form with more (they are at most
/// [`quittance_core::limits::MAX_FORM_FIELDS`] fields, most of them without `+`) is not trusted.
const MAX_PIECES: usize = 32 * 64 - 1;

/// Says why the form can be read in another way, if so.
pub(super) fn single(form: &Form<'_>, extra_names: &[String]) -> Result<(), Remark> {
    match 1 + memchr_iter(b'+', form.signed_text()).count() {
        0..64 => within::<1>(form, extra_names),
        64..256 => within::<4>(form, extra_names),
        256..=MAX_PIECES => within::<32>(form, extra_names),
        _ => Err(Remark::plain(words::PIECES)),
    }
}

/// The same, with so many words for a set of places. Not inlined: the widest text takes some 50 KiB of stack, which a
/// usual form should not have to touch.
#[inline(never)]
fn within<const W: usize>(form: &Form<'_>, extra_names: &[String]) -> Result<(), Remark> {
    Text::<W>::of(form, extra_names)?.agrees()
}
