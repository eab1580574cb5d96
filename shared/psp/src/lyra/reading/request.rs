//! Whether a signed text can be what no payment came of: a shop's request, or the answer to a
//! registration. (lyra.md 2.1 and 11)
//!
//! A request states no payment, so a form at hand contradicts each of its parses, and the only question is
//! whether there is one. It is asked as widely as it can be:
//!
//! - first come its transient data (JSON) and its action mode; between those and the mode stand amount,
//!   languages, capture delay, a card's digits, the shop's contracts (`CB=…;AMEX=…`) and the name and
//!   version of its module. None of these is an upper-case word, but perhaps that name, and
//!   no buyer types any of them.
//!   A notification always has some there: brand, masked number, result and kind of the authorisation,
//!   country;
//! - last comes the version. A notification may have more behind it, as the result of the warranty;
//! - between the two anything may stand, in names, carts, addresses to return to, and the account of a
//!   user.

use quittance_core::Remark;

use super::super::words;
use super::names::Shape;
use super::parse::Text;
use super::piece;
use super::places::Set;

/// The names between which, and behind which, a request has nothing typed.
const MODE: &str = "vads_ctx_mode";
const VERSION: &str = "vads_version";

/// What names of card brands begin with. (lyra.md 3.5; not all of them: where a notification
/// has another brand, and neither a masked number nor anything else of its kind, it is held.)
const BRANDS: [&[u8]; 30] = [
    b"AMEX",
    b"ALMA",
    b"APETIZ",
    b"BANCONTACT",
    b"CB",
    b"CHQ_DEJ",
    b"COFIDIS",
    b"CONECS",
    b"CVCO",
    b"DINERS",
    b"DISCOVER",
    b"E-CARTEBLEUE",
    b"EDENRED",
    b"E_CV",
    b"FLOA",
    b"FRANFINANCE",
    b"ILLICADO",
    b"IP_WIRE",
    b"JCB",
    b"KADEOS",
    b"MAESTRO",
    b"MASTERCARD",
    b"MULTI",
    b"ONEY",
    b"PAYPAL",
    b"SCT",
    b"SDD",
    b"SODEXO",
    b"VISA",
    b"VPAY",
];

/// Whether it is what a notification has before its mode and no module has for its name: a brand, or the kind
/// of an authorisation.
fn is_of_a_payment(word: &[u8]) -> bool {
    matches!(word, b"FULL" | b"MARK") || BRANDS.iter().any(|brand| word.starts_with(brand))
}

impl<const W: usize> Text<'_, W> {
    /// Why it could be the text of something else than an answer about a payment, if so.
    pub(super) fn states_a_payment(&self) -> Result<(), Remark> {
        if self.begins_as_a_request() && self.ends_as_a_request() || self.goes_on_behind_a_date() {
            return Err(Remark::plain(words::REQUEST));
        }
        let verifies = self.own_value(Shape::Operation) == Some(b"VERIFICATION");
        if !verifies && !self.can_be(piece::REGISTRATION).is_empty() {
            return Err(Remark::plain(words::REGISTRATION));
        }
        Ok(())
    }

    /// Whether no upper-case word stands between the action mode and the first mode.
    fn begins_as_a_request(&self) -> bool {
        if self.has_extra_name(|name| name < MODE) {
            return true;
        }
        let head = self.can_be(Shape::Mode as u8).before();
        let words = self.can_be(piece::CAPITALS).and(head);
        // Transient data may hold anything up to its end; the less of the head is left the better.
        let data = match self.piece(0) {
            [b'{', ..] => self.can_be(piece::JSON_END).and(head).places().last(),
            _ => None,
        };
        let start = data.map_or(0, |end| end + 1);
        let behind = Set::only(start).next().onwards();
        let mut words = words.and(behind).places();
        match (words.next(), words.next()) {
            (None, _) => true,
            // A module may have a name in capitals; it stands last.
            (Some(at), None) => {
                head.places().last() == Some(at) && !is_of_a_payment(self.piece(at))
            }
            _ => false,
        }
    }

    fn ends_as_a_request(&self) -> bool {
        let last = self.len().checked_sub(1);
        self.has_extra_name(|name| name > VERSION)
            || last.is_some_and(|last| self.can_be(piece::VERSION).has(last))
    }

    /// Whether there is another date that can be a request's: behind that of the form at hand, or before
    /// it, with a site before and an id or an address behind. It needs none of what is said of a
    /// request's beginning and end, and sees most of what is typed into one.
    fn goes_on_behind_a_date(&self) -> bool {
        let own = self.own(Shape::Date).map_or(0, |(at, _)| at);
        let dates = self.can_be(Shape::Date as u8);
        if dates.places().last() != Some(own) {
            return true;
        }
        let sited = self.can_be(Shape::Site as u8).onwards();
        // The id and the address may be there and empty.
        let goes_on = self.can_be(Shape::TransId as u8).or(self.can_be(Shape::Url as u8));
        let goes_on = goes_on.or(self.can_be(piece::EMPTY)).back();
        dates.and(sited).and(goes_on).places().any(|at| at != own)
    }
}
