//! Whether a verified form can mean only one thing.
//!
//! The signature covers the values in the order of their names, joined by `+`: neither the names nor
//! the ends of the values. Whoever holds one signed form can post others with the same signature. So
//! the text that was signed is parsed again, in every way in which the gateway can have written it,
//! and a form is trusted only when all of them say what it says. (Design, section 3.)
//!
//! **Premise.** What the gateway signs is a documented form ([`NAMES`]): known names, each with a value
//! of its shape, in which text of shape [`Free`](Shape::Free) is anything at all, `+` and typed lies
//! included. Beyond that:
//!
//! - amount, mode, currency, operation, result, site, date, transaction id and status are there, and the
//!   result fits the status ([`End`]): what is captured or authorised has `00`;
//! - so is the sequence number, unless the payment was left or cancelled; and then no card holder's name
//!   is there that could be `MULTI`;
//! - a cascade has brand `MULTI`, the sequence number 0 and a list of shares; nothing else has the latter
//!   two;
//! - a partial authorisation says what it reached, or does not speak of an effective amount at all;
//! - the end of a payment at the hosted page ([`Origin::Return`]), which the browser is given too, and
//!   there without its source, has a page action and a payment configuration. It speaks of a subscription
//!   only if that action makes one ([`Origin::Subscribing`]). Any other call ([`Origin::Server`]) goes to
//!   the server alone and names its source right behind the transaction;
//! - a key is that of one site and mode; a site names its orders always or never, and not by a word of
//!   the protocol or 40 hex digits.
//!
//! **Argument.** The genuine form behind a signed text is one of the parses tried here. If they all have
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
//! [`MAX_STEPS`] steps, with a set of places in the text at each: one machine word for a usual form, 32
//! at [`MAX_PIECES`], beyond which a form is held. There are at most 36 kinds of original, of which a
//! usual form allows one or two. No allocation.

use std::sync::LazyLock;

use super::form::{Field, Form};

/// Most pieces between two `+` of a signed text. A form with more (they are at most
/// [`crate::limits::MAX_FORM_FIELDS`] fields, most of them without `+`) is not trusted.
const MAX_PIECES: usize = 32 * 64 - 1;

/// What a documented value looks like, when it is not empty. The first group decides what a form says,
/// and each of its shapes belongs to one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Shape {
    Amount,
    Brand,
    Currency,
    Date,
    EffectiveAmount,
    EffectiveCurrency,
    Hash,
    Mode,
    Occurrence,
    Operation,
    Order,
    Page,
    Plan,
    Result,
    Sequence,
    Shares,
    Site,
    Source,
    Status,
    TransId,
    Uuid,

    /// Anything: text that a person may have typed, or that the gateway repeats from elsewhere.
    Free,
    /// Decimal digits, at most twelve.
    Digits,
    /// `YYYYMMDDHHMMSS`.
    Moment,
    /// Upper-case letters, digits, `_` and `-`.
    Word,
    /// The same, beginning with a letter, so that it cannot be taken for a number.
    Name,
    /// Visible ASCII without `+`: identifiers, codes, certificates.
    Token,
    /// The same, at most 16 bytes.
    Short,
    /// Base64 or hex of a card's authentication, of which `+` may cut off pieces, or a UUID.
    Proof,
    /// Results of checks: upper-case `NAME=RESULT;…`, or a word.
    Verdict,
    /// `http://…` or `https://…`, without `+`.
    Url,
    /// `KEY=value;…`.
    Settings,
    /// An iCalendar rule.
    Rule,
    /// A JSON object.
    Json,
}

/// Every documented name in byte order. A name that ends in `*` stands for all that begin so.
///
/// Left out on purpose, so that forms with them are held: `vads_order_description`, free text between
/// the operation and the order's reference; `vads_return_get_params` and `vads_return_post_params`, free
/// text between the result and the sequence number; `vads_acquirer_payment_reference` and
/// `vads_acquirer_service_supplier_id`, which may be numbers and stand before the amount.
#[rustfmt::skip]
const NAMES: &[(&str, Shape)] = &[
    ("vads_acquirer_network", Shape::Name),
    ("vads_acquirer_transient_data", Shape::Json),
    ("vads_action_mode", Shape::Name),
    ("vads_amount", Shape::Amount),
    ("vads_archival_reference_id", Shape::Token),
    ("vads_auth_mode", Shape::Word),
    ("vads_auth_number", Shape::Free),
    ("vads_auth_result", Shape::Token),
    ("vads_authent_nsu", Shape::Free),
    ("vads_authent_paypal_protection_eligibility", Shape::Word),
    ("vads_available_languages", Shape::Token),
    ("vads_avs_result", Shape::Free),
    ("vads_bank_code", Shape::Free),
    ("vads_bank_label", Shape::Free),
    ("vads_bank_product", Shape::Free),
    ("vads_bic", Shape::Token),
    ("vads_birth_day", Shape::Digits),
    ("vads_birth_month", Shape::Digits),
    ("vads_birth_year", Shape::Digits),
    ("vads_brand_management", Shape::Json),
    ("vads_capture_delay", Shape::Digits),
    ("vads_card_brand", Shape::Brand),
    ("vads_card_country", Shape::Word),
    ("vads_card_holder_name", Shape::Free),
    ("vads_card_nature", Shape::Word),
    ("vads_card_number", Shape::Free),
    ("vads_card_product_category", Shape::Word),
    ("vads_change_rate", Shape::Token),
    ("vads_collection_expiry_date", Shape::Free),
    ("vads_contract_used", Shape::Free),
    ("vads_contracts", Shape::Free),
    ("vads_contrib", Shape::Free),
    ("vads_ctx_mode", Shape::Mode),
    ("vads_currency", Shape::Currency),
    ("vads_cust_*", Shape::Free),
    ("vads_dcc_amount", Shape::Digits),
    ("vads_dcc_currency", Shape::Digits),
    ("vads_dcc_markup", Shape::Token),
    ("vads_dcc_rate_date", Shape::Moment),
    ("vads_effective_amount", Shape::EffectiveAmount),
    ("vads_effective_creation_date", Shape::Moment),
    ("vads_effective_currency", Shape::EffectiveCurrency),
    ("vads_expiry_month", Shape::Digits),
    ("vads_expiry_year", Shape::Digits),
    ("vads_ext_info*", Shape::Free),
    ("vads_ext_trans_id", Shape::Free),
    ("vads_extra_result", Shape::Token),
    ("vads_first_installment_delay", Shape::Digits),
    ("vads_hash", Shape::Hash),
    ("vads_iban", Shape::Free),
    ("vads_identifier", Shape::Free),
    ("vads_identifier_previously_registered", Shape::Token),
    ("vads_identifier_status", Shape::Word),
    ("vads_initial_issuer_transaction_identifier", Shape::Free),
    ("vads_insurance_amount", Shape::Digits),
    ("vads_language", Shape::Token),
    ("vads_nb_products", Shape::Digits),
    ("vads_occurrence_type", Shape::Occurrence),
    ("vads_operation_type", Shape::Operation),
    ("vads_order_id", Shape::Order),
    ("vads_order_info", Shape::Free),
    ("vads_order_info2", Shape::Free),
    ("vads_order_info3", Shape::Free),
    ("vads_page_action", Shape::Page),
    ("vads_payment_cards", Shape::Token),
    ("vads_payment_certificate", Shape::Token),
    ("vads_payment_config", Shape::Plan),
    ("vads_payment_error", Shape::Digits),
    ("vads_payment_option_code", Shape::Short),
    ("vads_payment_seq", Shape::Shares),
    ("vads_payment_src", Shape::Word),
    ("vads_pays_ip", Shape::Word),
    ("vads_presentation_date", Shape::Moment),
    ("vads_pretax_amount", Shape::Digits),
    ("vads_product_*", Shape::Free),
    ("vads_proof_of_id_*", Shape::Free),
    ("vads_recurrence_number", Shape::Digits),
    ("vads_recurrence_status", Shape::Word),
    ("vads_redirect_error_message", Shape::Free),
    ("vads_redirect_error_timeout", Shape::Digits),
    ("vads_redirect_success_message", Shape::Free),
    ("vads_redirect_success_timeout", Shape::Digits),
    ("vads_requestor", Shape::Free),
    ("vads_requestor_name", Shape::Free),
    ("vads_result", Shape::Result),
    ("vads_return_mode", Shape::Name),
    ("vads_risk_analysis_result", Shape::Verdict),
    ("vads_risk_analyzer_result", Shape::Verdict),
    ("vads_risk_assessment_result", Shape::Verdict),
    ("vads_risk_control", Shape::Verdict),
    ("vads_risk_primary_warranty", Shape::Verdict),
    ("vads_sequence_number", Shape::Sequence),
    ("vads_ship_to_*", Shape::Free),
    ("vads_shipping_amount", Shape::Digits),
    ("vads_shop_name", Shape::Free),
    ("vads_shop_url", Shape::Url),
    ("vads_site_id", Shape::Site),
    ("vads_sub_amount", Shape::Digits),
    ("vads_sub_currency", Shape::Digits),
    ("vads_sub_desc", Shape::Rule),
    ("vads_sub_effect_date", Shape::Digits),
    ("vads_sub_init_amount", Shape::Digits),
    ("vads_sub_init_amount_number", Shape::Digits),
    ("vads_subscription", Shape::Token),
    ("vads_tax_amount", Shape::Digits),
    ("vads_tax_rate", Shape::Short),
    ("vads_theme_config", Shape::Settings),
    ("vads_threeds_auth_type", Shape::Name),
    ("vads_threeds_cavv", Shape::Proof),
    ("vads_threeds_cavvAlgorithm", Shape::Short),
    ("vads_threeds_eci", Shape::Short),
    ("vads_threeds_enrolled", Shape::Short),
    ("vads_threeds_error_code", Shape::Short),
    ("vads_threeds_exit_status", Shape::Short),
    ("vads_threeds_mpi", Shape::Short),
    ("vads_threeds_sign_valid", Shape::Short),
    ("vads_threeds_status", Shape::Short),
    ("vads_threeds_xid", Shape::Proof),
    ("vads_tid", Shape::Short),
    ("vads_token_id", Shape::Short),
    ("vads_totalamount_vat", Shape::Digits),
    ("vads_trans_date", Shape::Date),
    ("vads_trans_id", Shape::TransId),
    ("vads_trans_status", Shape::Status),
    ("vads_trans_uuid", Shape::Uuid),
    ("vads_url_cancel", Shape::Url),
    ("vads_url_check", Shape::Url),
    ("vads_url_check_src", Shape::Source),
    ("vads_url_error", Shape::Url),
    ("vads_url_post_process", Shape::Url),
    ("vads_url_referral", Shape::Url),
    ("vads_url_refused", Shape::Url),
    ("vads_url_return", Shape::Url),
    ("vads_url_success", Shape::Url),
    ("vads_user_info", Shape::Free),
    ("vads_validation_mode", Shape::Token),
    ("vads_version", Shape::Word),
    ("vads_wallet", Shape::Free),
    ("vads_warranty_details", Shape::Token),
    ("vads_warranty_result", Shape::Word),
];

/// Most pieces into which `+` cuts a [`Shape::Proof`]: 28 characters of Base64.
const PROOF_PIECES: usize = 6;

/// Says why the form can be read in another way, if so.
pub(super) fn single(form: &Form<'_>, extra_names: &[String]) -> Result<(), String> {
    let signed = form.signed();
    let plus = |field: &Field<'_>| field.value.iter().filter(|byte| **byte == b'+').count();
    match signed.iter().map(|field| 1 + plus(field)).sum::<usize>() {
        0..64 => Text::<1>::of(form, extra_names)?.agrees(),
        64..256 => Text::<4>::of(form, extra_names)?.agrees(),
        256..=MAX_PIECES => Text::<32>::of(form, extra_names)?.agrees(),
        _ => Err("more pieces than can be told apart".to_owned()),
    }
}

/// A set of places in the signed text, or of its pieces.
#[derive(Clone, Copy)]
struct Set<const W: usize>([u64; W]);

impl<const W: usize> Set<W> {
    const EMPTY: Self = Self([0; W]);

    fn only(place: usize) -> Self {
        let mut set = Self::EMPTY;
        set.add(place);
        set
    }

    fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn has(self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    fn or(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Every place moved one piece on.
    fn next(mut self) -> Self {
        let mut carry = 0;
        for word in &mut self.0 {
            let out = *word >> 63;
            *word = *word << 1 | carry;
            carry = out;
        }
        self
    }

    /// Every place moved one piece back.
    fn back(mut self) -> Self {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let out = *word << 63;
            *word = *word >> 1 | carry;
            carry = out;
        }
        self
    }

    /// The least place and all behind it.
    fn onwards(mut self) -> Self {
        let mut found = false;
        for word in &mut self.0 {
            if found {
                *word = u64::MAX;
            } else if *word != 0 {
                found = true;
                *word = u64::MAX << word.trailing_zeros();
            }
        }
        self
    }

    /// All places before the least, or all.
    fn before(self) -> Self {
        Self(self.onwards().0.map(|word| !word))
    }

    /// The last place and all before it.
    fn until(mut self) -> Self {
        let mut found = false;
        for word in self.0.iter_mut().rev() {
            if found {
                *word = u64::MAX;
            } else if *word != 0 {
                found = true;
                *word = u64::MAX >> word.leading_zeros();
            }
        }
        self
    }

    fn places(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(at, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit as usize)
            })
        })
    }
}

/// A signed text in pieces, with what the form at hand makes of it.
struct Text<'a, const W: usize> {
    extra_names: &'a [String],
    pieces: [[&'a [u8]; 64]; W],
    len: usize,
    /// By kind: which pieces can be that.
    can_be: [Set<W>; kind::ALL],
    /// By deciding shape: the first and the last piece of the form's own value, if it has one.
    own: [Option<(usize, usize)>; Shape::Free as usize],
}

impl<'a, const W: usize> Text<'a, W> {
    /// Cuts the text, and compares each field with its documented shape on the way.
    fn of(form: &'a Form<'_>, extra_names: &'a [String]) -> Result<Self, String> {
        let mut text = Self {
            extra_names,
            pieces: [[&[]; 64]; W],
            len: 0,
            can_be: [Set::EMPTY; kind::ALL],
            own: [None; Shape::Free as usize],
        };
        // Both are what found the key: no original under this key has others.
        let (mode, site) = (form.bytes("vads_ctx_mode"), form.bytes("vads_site_id"));
        let mut names = NAMES;
        for Field { name, value } in form.signed() {
            let first = text.len;
            let mut common = u64::MAX;
            for piece in value.split(|byte| *byte == b'+') {
                let is_mode = u64::from(Some(piece) == mode) << Shape::Mode as u8;
                let is_site = u64::from(Some(piece) == site) << Shape::Site as u8;
                let kinds = kind::all_of(piece) | is_mode | is_site;
                common &= kinds;
                text.push(piece, kinds);
            }
            let Some(shape) = documented(&mut names, name) else {
                if extra_names.iter().any(|extra| extra.as_bytes() == &**name) {
                    continue;
                }
                return Err("an undocumented vads_ field".to_owned());
            };
            let last = text.len - 1;
            let fits = match shape {
                _ if value.is_empty() => true,
                Shape::Free => true,
                Shape::Json | Shape::Shares => value.starts_with(b"{") && value.ends_with(b"}"),
                Shape::Proof => common & bit(shape as u8) != 0,
                _ => first == last && common & bit(shape as u8) != 0,
            };
            if !fits {
                let name = String::from_utf8_lossy(name);
                return Err(format!("{name} has another shape than documented"));
            }
            if let (false, Some(own)) = (value.is_empty(), text.own.get_mut(shape as usize)) {
                *own = Some((first, last));
            }
        }
        Ok(text)
    }

    fn push(&mut self, piece: &'a [u8], kinds: u64) {
        let row = self.pieces.get_mut(self.len / 64);
        if let Some(slot) = row.and_then(|row| row.get_mut(self.len % 64)) {
            *slot = piece;
        }
        let mut rest = kinds;
        while rest != 0 {
            if let Some(set) = self.can_be.get_mut(rest.trailing_zeros() as usize) {
                set.add(self.len);
            }
            rest &= rest - 1;
        }
        self.len += 1;
    }

    fn piece(&self, place: usize) -> &'a [u8] {
        self.pieces.get(place / 64).and_then(|row| row.get(place % 64)).copied().unwrap_or_default()
    }

    fn can_be(&self, kind: u8) -> Set<W> {
        self.can_be.get(usize::from(kind)).copied().unwrap_or(Set::EMPTY)
    }

    /// Where the form's own value of a deciding shape begins and ends.
    fn own(&self, shape: Shape) -> Option<(usize, usize)> {
        self.own.get(shape as usize).copied().flatten()
    }

    fn own_value(&self, shape: Shape) -> Option<&'a [u8]> {
        self.own(shape).map(|(first, _)| self.piece(first))
    }

    /// Whether every original that can stand behind this text says what the form says, and there is one.
    fn agrees(&self) -> Result<(), String> {
        let mut found = false;
        for original in Original::all() {
            if self.allows(original) {
                found |= self.parse(original)?;
            }
        }
        if found { Ok(()) } else { Err("no documented form reads so".to_owned()) }
    }

    /// Whether the pieces that such an original cannot lack are there at all.
    fn allows(&self, original: Original) -> bool {
        let origin = match original.origin {
            Origin::Return => kind::PLAIN_PAGE,
            Origin::Subscribing => kind::SUBSCRIBES,
            Origin::Server => kind::OTHER_SOURCE,
        };
        let own = |shape| self.own(shape).is_some();
        let effective = own(Shape::EffectiveAmount) && own(Shape::EffectiveCurrency);
        let payment = self.can_be(Shape::Date as u8).next().and(self.can_be(Shape::TransId as u8));
        !self.can_be(origin).is_empty()
            && (!original.cascade || !self.can_be(Shape::Shares as u8).is_empty())
            && (original.end != End::Bare || !effective)
            && !payment.next().and(self.can_be(original.end.kind())).is_empty()
    }

    /// Tries every parse as such an original: whether there is one, or which of them contradicts the
    /// form at hand.
    fn parse(&self, original: Original) -> Result<bool, String> {
        let steps = STEPS.as_slice();
        let extra = |at| self.extra_names.iter().any(|name| place_among(steps, name) == at);
        let has_extra = |at: usize| !self.extra_names.is_empty() && extra(at);
        // Backwards: from which places the rest of the names can take up the rest of the text.
        let mut rests = [(Set::<W>::EMPTY, Want::NOTHING); MAX_STEPS];
        let mut rest = Set::only(self.len);
        if has_extra(steps.len()) {
            rest = rest.until();
        }
        for ((at, step), slot) in steps.iter().enumerate().zip(&mut rests).rev() {
            let want = self.want(step, original);
            *slot = (rest, want);
            let Want { pieces, presence } = want;
            let with = match step.shape {
                Shape::Free => rest.until(),
                Shape::Proof => self.proof(pieces, rest),
                Shape::Shares => pieces.and(self.ends(rest).until()),
                _ => pieces.and(rest.back()),
            };
            rest = match presence {
                Presence::Required => with,
                Presence::Optional => rest.or(with).or(self.can_be(kind::EMPTY).and(rest.back())),
                Presence::Never => rest,
            };
            if has_extra(at) {
                rest = rest.until();
            }
            if rest.is_empty() {
                return Ok(false);
            }
        }
        if !rest.has(0) {
            return Ok(false);
        }
        // Forwards: where each value can stand, given that the rest can still be taken up.
        let mut reach = Set::only(0);
        for ((at, step), (rest, want)) in steps.iter().enumerate().zip(rests) {
            if has_extra(at) {
                reach = reach.onwards();
            }
            let Want { pieces, presence } = want;
            let empty = self.can_be(kind::EMPTY).and(reach);
            let stands = match presence {
                Presence::Never => Stands { with: Set::EMPTY, ends: Set::EMPTY, without: true },
                _ => {
                    let with = match step.shape {
                        Shape::Shares => reach.and(pieces).and(self.ends(rest).until()),
                        _ => reach.and(pieces).and(rest.back()),
                    };
                    let without = reach.and(rest).or(empty.and(rest.back()));
                    let optional = presence == Presence::Optional;
                    let ends = self.ends(rest).and(with.onwards());
                    Stands { with, ends, without: optional && !without.is_empty() }
                }
            };
            self.same(step.shape, original, stands)
                .map_err(|what| format!("{what} could stand elsewhere"))?;
            let with = match step.shape {
                Shape::Free => reach.onwards(),
                Shape::Proof => {
                    (0..PROOF_PIECES).fold(reach, |so_far, _| so_far.or(so_far.and(pieces).next()))
                }
                Shape::Shares => {
                    self.can_be(kind::JSON_END).and(reach.and(pieces).onwards()).next()
                }
                _ => reach.and(pieces).next(),
            };
            reach = match presence {
                Presence::Required => with,
                Presence::Optional => reach.or(with).or(empty.next()),
                Presence::Never => reach,
            };
        }
        Ok(true)
    }

    fn proof(&self, pieces: Set<W>, rest: Set<W>) -> Set<W> {
        let mut all = Set::EMPTY;
        let mut last = rest;
        for _ in 0..PROOF_PIECES {
            last = pieces.and(last.back());
            all = all.or(last);
        }
        all
    }

    /// The pieces with which a list of shares can end before `rest`.
    fn ends(&self, rest: Set<W>) -> Set<W> {
        self.can_be(kind::JSON_END).and(rest.back())
    }

    /// What an original of this kind has at a step.
    fn want(&self, step: &Step, original: Original) -> Want<W> {
        use Presence::{Never, Optional, Required};
        let Original { origin, cascade, end } = original;
        let own = |shape| self.own(shape).is_some();
        let (kind, presence) = match step.shape {
            Shape::Order if own(Shape::Order) => (Shape::Order as u8, Required),
            Shape::Page => match origin {
                Origin::Return => (kind::PLAIN_PAGE, Required),
                Origin::Subscribing => (kind::SUBSCRIBES, Required),
                Origin::Server => (Shape::Page as u8, Optional),
            },
            Shape::Plan if origin == Origin::Server => (Shape::Plan as u8, Optional),
            Shape::Result => (end.result(), if own(Shape::Result) { Required } else { Optional }),
            Shape::EffectiveAmount | Shape::EffectiveCurrency => match end {
                End::Partly => (step.shape as u8, Required),
                End::Bare => (step.shape as u8, Never),
                _ => (step.shape as u8, Optional),
            },
            Shape::Sequence => {
                let kind = if cascade { kind::CASCADE } else { kind::ATTEMPT };
                (kind, if end == End::Ended && !cascade { Optional } else { Required })
            }
            Shape::Shares => (Shape::Shares as u8, if cascade { Required } else { Never }),
            Shape::Source if origin == Origin::Server => (kind::OTHER_SOURCE, Required),
            Shape::Source => (kind::PAY, Optional),
            Shape::Status => (end.kind(), Required),
            Shape::Occurrence | Shape::Order | Shape::Uuid => (step.shape as u8, Optional),
            shape if shape.decides() => (shape as u8, Required),
            shape if step.subscription && origin == Origin::Return => (shape as u8, Never),
            shape => (shape as u8, Optional),
        };
        let mut pieces = self.can_be(kind);
        if step.shape == Shape::Mode && end == End::Ended && !cascade {
            // It may lack the sequence number, but no card holder typed the brand of a cascade.
            pieces = pieces.and(self.can_be(kind::MULTI).before());
        }
        Want { pieces, presence }
    }

    /// Whether a value can stand only where it is what the form says. Names it otherwise.
    fn same(
        &self,
        shape: Shape,
        original: Original,
        stands: Stands<W>,
    ) -> Result<(), &'static str> {
        let Stands { with, ends, without } = stands;
        let own = self.own(shape);
        let value = self.own_value(shape);
        let all = |set: Set<W>| {
            let mut others = set.places().filter(|place| own.is_none_or(|(at, _)| at != *place));
            others.all(|place| value == Some(self.piece(place)))
        };
        let same = match shape {
            Shape::Amount
            | Shape::Currency
            | Shape::Date
            | Shape::Operation
            | Shape::Order
            | Shape::Status
            | Shape::TransId => all(with) && !(without && own.is_some()),
            // What was left or cancelled is worth nothing under any number.
            Shape::Sequence => {
                original.end == End::Ended || all(with) && !(without && own.is_some())
            }
            Shape::EffectiveAmount | Shape::EffectiveCurrency => {
                all(with) || original.end != End::Partly
            }
            // One of them may be made up where the gateway sends none: date, id and sequence name the
            // share as well, and an occurrence without a plan is filed under its payment, which leads
            // to the order.
            Shape::Occurrence | Shape::Uuid => all(with),
            Shape::Plan => {
                let instalments = self.can_be(kind::INSTALMENTS);
                let planned = own.is_some_and(|(at, _)| instalments.has(at));
                // Calls to the server alone need not have one, and buyers do not see those.
                let without = without && original.origin != Origin::Server;
                let other = without || with.places().any(|at| !instalments.has(at));
                all(with.and(instalments)) && !(planned && other)
            }
            Shape::Shares if original.cascade => {
                let list = own.is_some_and(|(first, last)| {
                    with.places().eq([first]) && ends.places().eq([last])
                });
                list && self.own_value(Shape::Brand) == Some(b"MULTI")
            }
            Shape::Shares => own.is_none(),
            Shape::Source if original.origin == Origin::Server => all(with),
            // The browser is not told the source, so any word may stand behind its form's end. One
            // that makes an order of its own out of the payment must not.
            Shape::Source => value != Some(b"REC"),
            _ => true,
        };
        if same { Ok(()) } else { Err(shape.what()) }
    }
}

/// Where a value can stand in some parse: where it begins, where a list of shares ends, and whether it
/// can be left out.
#[derive(Clone, Copy)]
struct Stands<const W: usize> {
    with: Set<W>,
    ends: Set<W>,
    without: bool,
}

/// What an original has at a step: which pieces can be its value, and whether there must be one.
#[derive(Clone, Copy)]
struct Want<const W: usize> {
    pieces: Set<W>,
    presence: Presence,
}

impl<const W: usize> Want<W> {
    const NOTHING: Self = Self { pieces: Set::EMPTY, presence: Presence::Never };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// Absent, empty or there.
    Optional,
    Never,
}

/// A kind of genuine form.
#[derive(Clone, Copy)]
struct Original {
    origin: Origin,
    cascade: bool,
    end: End,
}

/// Who was told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The browser, or the server by a `PAY` call, about a payment at the hosted page.
    Return,
    /// The same, where the page action also makes a subscription.
    Subscribing,
    /// The server alone, by any other call.
    Server,
}

/// How the payment stands, as far as the rest of the form follows from it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Captured or authorised.
    Taken,
    /// Authorised for a part, which is the effective amount.
    Partly,
    /// The same without its amount. Not thought of where the form at hand has one.
    Bare,
    /// Declined.
    Refused,
    /// Left or cancelled: the only forms that may lack the sequence number.
    Ended,
    /// Anything else, known or not.
    Open,
}

impl Original {
    fn all() -> impl Iterator<Item = Self> {
        let origins = [Origin::Return, Origin::Subscribing, Origin::Server];
        origins.into_iter().flat_map(|origin| {
            [false, true].into_iter().flat_map(move |cascade| {
                let ends =
                    [End::Taken, End::Partly, End::Bare, End::Refused, End::Ended, End::Open]
                        .into_iter();
                ends.map(move |end| Self { origin, cascade, end })
            })
        })
    }
}

impl End {
    /// Its status.
    fn kind(self) -> u8 {
        match self {
            Self::Taken => kind::TAKEN,
            Self::Partly | Self::Bare => kind::PARTLY,
            Self::Refused => kind::REFUSED,
            Self::Ended => kind::ENDED,
            Self::Open => kind::OPEN,
        }
    }

    /// Its result. (systempay.md section 3.2.)
    fn result(self) -> u8 {
        match self {
            Self::Taken => kind::DONE,
            Self::Partly | Self::Bare | Self::Open => kind::DONE_OR_NOT,
            Self::Refused => kind::DECLINED,
            Self::Ended => Shape::Result as u8,
        }
    }
}

impl Shape {
    /// Whether parses are held to it. (Brand and hash stand among free text; the brand counts only
    /// with the list of shares.)
    const fn decides(self) -> bool {
        (self as u8) < Self::Free as u8 && !matches!(self, Self::Brand | Self::Hash)
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Amount | Self::EffectiveAmount => "the amount",
            Self::Currency | Self::EffectiveCurrency => "the currency",
            Self::Occurrence => "the occurrence",
            Self::Operation => "the operation",
            Self::Order => "the order's reference",
            Self::Plan => "the instalments",
            Self::Sequence => "the sequence number",
            Self::Shares => "the shares",
            Self::Source => "the source",
            Self::Status => "the status",
            Self::Uuid => "the transaction's uuid",
            _ => "the transaction",
        }
    }
}

/// One name of a parse, or a run of names that together take up any text.
struct Step {
    /// The first name of the run.
    name: &'static str,
    shape: Shape,
    /// Whether only forms about subscriptions have it.
    subscription: bool,
}

const MAX_STEPS: usize = 96;

/// [`NAMES`], with each run of names that do not decide and of which one is free as a single step: what
/// the others could take up, the free one can.
static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| {
    let runs = NAMES.chunk_by(|(_, a), (_, b)| !a.decides() && !b.decides());
    let steps = runs.flat_map(|run| {
        let free = run.iter().any(|(_, shape)| *shape == Shape::Free);
        let kept = if free { run.get(..1).unwrap_or_default() } else { run };
        kept.iter().map(move |(name, shape)| Step {
            name,
            shape: if free { Shape::Free } else { *shape },
            subscription: name.starts_with("vads_sub"),
        })
    });
    steps.take(MAX_STEPS).collect()
});

/// Before which step a name beyond the documented ones stands.
fn place_among(steps: &[Step], name: &str) -> usize {
    steps.partition_point(|step| step.name < name)
}

/// The shape of a name. `rest` is what of [`NAMES`] is not yet passed: fields come in order.
fn documented(rest: &mut &'static [(&'static str, Shape)], name: &[u8]) -> Option<Shape> {
    while let Some(((known, shape), tail)) = rest.split_first() {
        match known.as_bytes() {
            [family @ .., b'*'] if name.starts_with(family) => return Some(*shape),
            exact => match exact.cmp(name) {
                std::cmp::Ordering::Less => *rest = tail,
                std::cmp::Ordering::Equal => return Some(*shape),
                std::cmp::Ordering::Greater => return None,
            },
        }
    }
    None
}

const fn bit(kind: u8) -> u64 {
    1 << kind
}

/// What a piece of text can be: the shapes, and narrower readings that matter for some originals.
mod kind {
    use super::{Shape, bit};
    use crate::money::Currency;

    const FIRST: u8 = Shape::Json as u8 + 1;
    /// No text at all, which any documented field may have.
    pub(super) const EMPTY: u8 = FIRST;
    /// The result of a payment that succeeded.
    pub(super) const DONE: u8 = FIRST + 1;
    /// The sequence number of an attempt, and that of a cascade.
    pub(super) const ATTEMPT: u8 = FIRST + 2;
    pub(super) const CASCADE: u8 = FIRST + 3;
    /// Statuses; see [`super::End`].
    pub(super) const TAKEN: u8 = FIRST + 4;
    pub(super) const ENDED: u8 = FIRST + 5;
    pub(super) const OPEN: u8 = FIRST + 6;
    /// Sources of a call.
    pub(super) const PAY: u8 = FIRST + 7;
    pub(super) const OTHER_SOURCE: u8 = FIRST + 8;
    /// Page actions.
    pub(super) const SUBSCRIBES: u8 = FIRST + 9;
    pub(super) const PLAIN_PAGE: u8 = FIRST + 10;
    /// A payment configuration other than `SINGLE`.
    pub(super) const INSTALMENTS: u8 = FIRST + 11;
    /// The end of a list of shares.
    pub(super) const JSON_END: u8 = FIRST + 12;
    pub(super) const PARTLY: u8 = FIRST + 13;
    pub(super) const REFUSED: u8 = FIRST + 14;
    /// Results that a status goes with.
    pub(super) const DONE_OR_NOT: u8 = FIRST + 15;
    pub(super) const DECLINED: u8 = FIRST + 16;
    /// The brand of a cascade.
    pub(super) const MULTI: u8 = FIRST + 17;
    pub(super) const ALL: usize = FIRST as usize + 18;
    const _: () = assert!(ALL <= u64::BITS as usize, "a piece's kinds fit a word");

    const DIGITS: u8 = 1;
    const LETTERS: u8 = 2;
    const WORD: u8 = 4;
    const ALNUM: u8 = 8;
    const URL_SAFE: u8 = 16;
    const BASE64: u8 = 32;
    const VERDICT: u8 = 64;
    const VISIBLE: u8 = 128;

    /// Of which alphabets a byte is.
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    const ALPHABETS: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let b = byte as u8;
            let (digit, upper) = (b.is_ascii_digit(), b.is_ascii_uppercase());
            let alnum = b.is_ascii_alphanumeric();
            let mark = b == b'_' || b == b'-';
            let sign = matches!(b, b'=' | b';' | b'.' | b':');
            let sets = [
                (DIGITS, digit),
                (LETTERS, upper || b == b'_'),
                (WORD, upper || digit || mark),
                (ALNUM, alnum),
                (URL_SAFE, alnum || mark),
                (BASE64, alnum || b == b'/' || b == b'='),
                (VERDICT, upper || digit || mark || sign),
                (VISIBLE, b.is_ascii_graphic() && b != b'+'),
            ];
            let mut at = 0;
            while at < sets.len() {
                let (alphabet, of) = sets[at];
                table[byte] |= alphabet * of as u8;
                at += 1;
            }
            byte += 1;
        }
        table
    };

    /// Everything that a piece can be.
    pub(super) fn all_of(piece: &[u8]) -> u64 {
        let Some(first) = piece.first() else {
            return bit(EMPTY);
        };
        let alphabets = piece
            .iter()
            .fold(u8::MAX, |so_far, b| so_far & ALPHABETS.get(usize::from(*b)).unwrap_or(&0));
        let of = |alphabet: u8| alphabets & alphabet != 0;
        let mut kinds = bit(Shape::Order as u8);
        let mut set = |kind: u8, on: bool| kinds |= u64::from(on) << kind;
        let len = piece.len();
        if of(VISIBLE) {
            set(Shape::Token as u8, true);
            set(Shape::Short as u8, len <= 16);
            set(Shape::Settings as u8, piece.contains(&b'='));
            set(Shape::Rule as u8, piece.starts_with(b"RRULE:"));
            let url = piece.starts_with(b"https://") || piece.starts_with(b"http://");
            set(Shape::Url as u8, url);
            let proof = len <= 28 && of(BASE64) || len == 40 && of(ALNUM);
            set(Shape::Proof as u8, proof || len == 36 && of(URL_SAFE) && piece.contains(&b'-'));
        }
        if of(DIGITS) {
            set(Shape::Digits as u8, len <= 12);
            set(Shape::Amount as u8, len <= 12);
            let currency = len == 3
                && std::str::from_utf8(piece).is_ok_and(|d| Currency::from_numeric(d).is_some());
            set(Shape::Currency as u8, currency);
            set(Shape::EffectiveAmount as u8, len <= 12);
            set(Shape::EffectiveCurrency as u8, currency);
            set(Shape::Moment as u8, len == 14);
            set(Shape::Date as u8, len == 14);
            let result = matches!(piece, b"00" | b"02" | b"05" | b"17" | b"30" | b"96" | b"99");
            set(Shape::Result as u8, result);
            set(DONE, piece == b"00");
            set(DONE_OR_NOT, matches!(piece, b"00" | b"05"));
            set(DECLINED, matches!(piece, b"02" | b"05" | b"96"));
            let attempt = len <= 3 && *first != b'0';
            set(ATTEMPT, attempt);
            set(CASCADE, piece == b"0");
            set(Shape::Sequence as u8, attempt || piece == b"0");
        }
        if of(WORD) {
            set(Shape::Word as u8, true);
            set(Shape::Brand as u8, true);
            set(Shape::Name as u8, first.is_ascii_uppercase());
        }
        set(Shape::Verdict as u8, of(VERDICT) && first.is_ascii_uppercase());
        if of(LETTERS) {
            kinds |= word(piece);
            // What stands behind the operation when the order has no reference.
            let next = bit(Shape::Page as u8) | bit(Shape::Plan as u8);
            if kinds & next != 0 || matches!(piece, b"EC" | b"MOTO" | b"CC" | b"OTHER" | b"IVR") {
                kinds &= !bit(Shape::Order as u8);
            }
            return kinds;
        }
        if of(URL_SAFE) {
            set(Shape::TransId as u8, len == 6 && of(ALNUM));
            set(Shape::Uuid as u8, len == 32 && of(ALNUM));
            set(Shape::Hash as u8, len >= 40);
            if len == 40 && piece.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                // A certificate.
                kinds &= !bit(Shape::Order as u8);
            }
            return kinds;
        }
        let instalments = piece.starts_with(b"MULTI:") || piece.starts_with(b"MULTI_EXT:");
        if instalments {
            kinds &= !bit(Shape::Order as u8);
            return kinds | bit(INSTALMENTS) | bit(Shape::Plan as u8);
        }
        if *first == b'{' {
            let list = b"\"trans";
            let shares = piece.windows(list.len()).any(|part| part == list);
            kinds |= u64::from(shares) << Shape::Shares as u8;
            kinds |= u64::from(piece.ends_with(b"}")) << Shape::Json as u8;
        }
        kinds | u64::from(piece.ends_with(b"}")) << JSON_END
    }

    /// What upper-case letters can be beside a word.
    fn word(piece: &[u8]) -> u64 {
        let fixed = match piece {
            b"CAPTURED" | b"AUTHORISED" => bit(TAKEN),
            b"ABANDONED" | b"CANCELLED" | b"NOT_CREATED" => bit(ENDED),
            b"PARTIALLY_AUTHORISED" => bit(PARTLY),
            b"REFUSED" => bit(REFUSED),
            _ => bit(OPEN),
        } | bit(Shape::Status as u8)
            | match piece {
                b"PAY" => bit(PAY) | bit(Shape::Source as u8),
                _ if piece.len() <= 16 => bit(OTHER_SOURCE) | bit(Shape::Source as u8),
                _ => 0,
            };
        let page = bit(Shape::Page as u8);
        let own = match piece {
            b"DEBIT" | b"CREDIT" | b"VERIFICATION" => bit(Shape::Operation as u8),
            b"UNITAIRE"
            | b"RECURRENT_INITIAL"
            | b"RECURRENT_INTERMEDIAIRE"
            | b"RECURRENT_FINAL" => bit(Shape::Occurrence as u8),
            b"SINGLE" => bit(Shape::Plan as u8),
            b"MULTI" => bit(MULTI),
            b"PAYMENT"
            | b"REGISTER"
            | b"REGISTER_UPDATE"
            | b"REGISTER_PAY"
            | b"REGISTER_UPDATE_PAY"
            | b"ASK_REGISTER_PAY" => bit(PLAIN_PAGE) | page,
            _ if piece.ends_with(b"SUBSCRIBE") => bit(SUBSCRIBES) | page,
            _ => 0,
        };
        let id = u64::from(piece.len() == 6 && !piece.contains(&b'_')) << Shape::TransId as u8;
        let uuid = u64::from(piece.len() == 32 && !piece.contains(&b'_')) << Shape::Uuid as u8;
        fixed | own | id | uuid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_each_deciding_shape_is_of_one() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
        for shape in
            NAMES.iter().map(|(_, shape)| *shape).filter(|s| (*s as u8) < Shape::Free as u8)
        {
            assert_eq!(NAMES.iter().filter(|(_, s)| *s == shape).count(), 1, "{shape:?}");
        }
    }

    #[test]
    fn every_step_has_its_place_and_free_text_none_where_it_would_hide_something() {
        assert!(STEPS.len() < MAX_STEPS, "{}", STEPS.len());
        let free_between = |low: &str, high: &str| {
            let inside = |name: &str| name > low && name < high;
            STEPS.iter().any(|step| step.shape == Shape::Free && inside(step.name))
        };
        for (low, high) in [
            ("vads_a", "vads_amount"),
            ("vads_ctx_mode", "vads_currency"),
            ("vads_operation_type", "vads_order_id"),
            ("vads_page_action", "vads_payment_seq"),
            ("vads_result", "vads_sequence_number"),
            ("vads_site_id", "vads_trans_date"),
            ("vads_trans_date", "vads_url_check_src"),
        ] {
            assert!(!free_between(low, high), "{low} .. {high}");
        }
    }
}
