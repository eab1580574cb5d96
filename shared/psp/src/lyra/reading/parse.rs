//! All parses of one signed text at once: two sweeps over the documented names.

use quittance_core::Remark;

use super::super::words;
use super::names::{FieldCursor, Shape};
use super::original::{End, Origin, Original};
use super::piece::{self, bit};
use super::places::Set;
use super::steps::{MAX_STEPS, STEPS, Step, Takes, place_among};
use crate::lyra::form::{Field, Form};
use quittance_core::money::amount_from_digits;

/// A signed text in pieces, with what the form at hand makes of it.
pub(super) struct Text<'a, const W: usize> {
    extra_names: &'a [String],
    /// Whether the form at hand names a subscription or the number of an occurrence.
    recurs: bool,
    /// Whether it describes the order.
    describes: bool,
    pieces: [[&'a [u8]; 64]; W],
    len: usize,
    /// By kind: which pieces can be that.
    can_be: [Set<W>; piece::ALL],
    /// By deciding shape: the first and the last piece of the form's own value, if it has one.
    own: [Option<(usize, usize)>; Shape::Free as usize],
}

impl<'a, const W: usize> Text<'a, W> {
    /// Cuts the text, and compares each field with its documented shape on the way.
    pub(super) fn of(form: &'a Form<'_>, extra_names: &'a [String]) -> Result<Self, Remark> {
        let mut text = Self {
            extra_names,
            recurs: false,
            describes: false,
            pieces: [[&[]; 64]; W],
            len: 0,
            can_be: [Set::EMPTY; piece::ALL],
            own: [None; Shape::Free as usize],
        };
        // Both are what found the key: no original under this key has others.
        let (mode, site) = (form.bytes("vads_ctx_mode"), form.bytes("vads_site_id"));
        let mut names = FieldCursor::begin();
        for Field { name, value } in form.signed() {
            let first = text.len;
            let (mut common, mut of_first) = (u64::MAX, None);
            piece::each(value, |piece, kinds| {
                let is_mode = u64::from(Some(piece) == mode) << Shape::Mode as u8;
                let is_site = u64::from(Some(piece) == site) << Shape::Site as u8;
                let kinds = kinds | is_mode | is_site;
                common &= kinds;
                of_first.get_or_insert(kinds);
                text.push(piece, kinds);
            });
            let Some(shape) = names.documented(name) else {
                if extra_names.iter().any(|extra| extra.as_bytes() == name) {
                    continue;
                }
                return Err(Remark::plain(words::UNDOCUMENTED));
            };
            let last = text.len - 1;
            let of_shape = bit(shape as u8);
            let fits = match shape {
                _ if value.is_empty() => true,
                Shape::Free => true,
                Shape::Json | Shape::Shares => value.starts_with(b"{") && value.ends_with(b"}"),
                Shape::Proof | Shape::Settings | Shape::Choice | Shape::Description => {
                    common & of_shape != 0
                }
                Shape::Url => of_first.is_some_and(|kinds| kinds & of_shape != 0),
                _ => first == last && common & of_shape != 0,
            };
            if !fits {
                // Names of families are free, so this is a documented one and not long.
                let name = String::from_utf8_lossy(name);
                return Err(Remark::new(words::SHAPE, [&*name]));
            }
            text.recurs |= !value.is_empty() && RECURRING.contains(&name);
            text.describes |= !value.is_empty() && shape == Shape::Description;
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

    pub(super) fn piece(&self, place: usize) -> &'a [u8] {
        self.pieces.get(place / 64).and_then(|row| row.get(place % 64)).copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn can_be(&self, kind: u8) -> Set<W> {
        self.can_be.get(usize::from(kind)).copied().unwrap_or(Set::EMPTY)
    }

    /// Where the form's own value of a deciding shape begins and ends.
    pub(super) fn own(&self, shape: Shape) -> Option<(usize, usize)> {
        self.own.get(shape as usize).copied().flatten()
    }

    pub(super) fn own_value(&self, shape: Shape) -> Option<&'a [u8]> {
        self.own(shape).map(|(first, _)| self.piece(first))
    }

    /// Whether every original that can stand behind this text says what the form says, and there is one.
    /// Those are left out that lack pieces which they must have.
    pub(super) fn agrees(&self) -> Result<(), Remark> {
        self.states_a_payment()?;
        let has = |shape: Shape| !self.can_be(shape as u8).is_empty();
        let own = |shape| self.own(shape).is_some();
        if !own(Shape::Operation) && !self.claims_nothing() {
            return Err(Remark::plain(words::NO_OPERATION));
        }
        if self.own_value(Shape::Source) == Some(b"REC") && !self.recurs && self.could_recur() {
            return Err(Remark::plain(words::RECURRENCE));
        }
        let operated = self.can_be(Shape::Operation as u8).next();
        let unnamed =
            own(Shape::Order) && !operated.without(self.can_be(Shape::Order as u8)).is_empty();
        let may_lack_operation = own(Shape::Operation) && own(Shape::Order);
        let mut found = false;
        for end in End::ALL {
            let behind = self.behind_status(end);
            if behind.is_empty() || end == End::Bare && self.says_effective() {
                continue;
            }
            for origin in [Origin::Page, Origin::Server] {
                if origin == Origin::Server && !self.names_source(behind) {
                    continue;
                }
                for cascade in [false, true] {
                    if cascade && !has(Shape::Shares) {
                        continue;
                    }
                    let usual = Original { origin, cascade, end, named: true, operated: true };
                    found |= self.parse(usual)?;
                    if unnamed {
                        found |= self.parse(Original { named: false, ..usual })?;
                    }
                    // Its operation, and the reference behind that, may have been typed.
                    if may_lack_operation && matches!(end, End::Refused | End::Ended) {
                        found |= self.parse(Original { operated: false, ..usual })?;
                    }
                }
            }
        }
        if found { Ok(()) } else { Err(Remark::plain(words::NO_FORM)) }
    }

    /// Whether the form at hand says that nothing was paid and nothing will be.
    fn claims_nothing(&self) -> bool {
        let ended = self.can_be(piece::ENDED).or(self.can_be(piece::REFUSED));
        self.own(Shape::Status).is_some_and(|(at, _)| ended.has(at))
    }

    /// Whether the text has what could be the number of an occurrence or a subscription, in the stretches
    /// where they stand.
    fn could_recur(&self) -> bool {
        let stretch = |from: Shape, to: Shape| {
            let ends = self.own(from).zip(self.own(to));
            ends.map_or(Set::ALL, |((_, from), (to, _))| {
                Set::only(from).next().onwards().and(Set::only(to).before())
            })
        };
        let numbers =
            self.can_be(Shape::Digits as u8).and(stretch(Shape::Operation, Shape::Result));
        let ids = self.can_be(Shape::Token as u8).and(stretch(Shape::Site, Shape::Date));
        !numbers.or(ids).is_empty()
    }

    /// The places of effective amounts: right before the currency of the form at hand, or with the moment
    /// of creation between. One in another currency says nothing of what a payment is worth.
    fn effective_amounts(&self) -> Set<W> {
        let currency = self.own_value(Shape::Currency);
        let mut currencies = Set::EMPTY;
        for place in self.can_be(Shape::EffectiveCurrency as u8).places() {
            if Some(self.piece(place)) == currency {
                currencies.add(place);
            }
        }
        let moment = self.can_be(Shape::Moment as u8).or(self.can_be(piece::EMPTY));
        // Of two such codes in a row the first is an amount of so much, as 978 of 9.78 EUR.
        let last = |set: Set<W>| set.or(moment.and(set.back()));
        let currencies = currencies.without(last(currencies).back());
        let follows = last(currencies);
        self.can_be(Shape::EffectiveAmount as u8).and(follows.back())
    }

    /// Whether originals describe the order: where the form at hand does, and where it has a reference
    /// that may be a description.
    fn may_describe(&self) -> bool {
        let references = self.can_be(piece::REFERENCE);
        self.describes || self.own(Shape::Order).is_some_and(|(at, _)| !references.has(at))
    }

    /// What the form at hand is worth: its amount, or less where an effective amount in the same currency
    /// says so.
    fn worth(&self) -> Option<u64> {
        let amount = number(self.own_value(Shape::Amount)?);
        let same = self.own_value(Shape::EffectiveCurrency) == self.own_value(Shape::Currency);
        let effective = self.own_value(Shape::EffectiveAmount).filter(|_| same).and_then(number);
        amount.map(|amount| effective.map_or(amount, |effective| effective.min(amount)))
    }

    /// Where an order's reference can stand in a form without an operation, which it would follow: behind
    /// the language and the occurrence, or behind the hash where neither a language nor an identifier (as
    /// the gateway makes them) nor what became of one is there.
    fn behind_language(&self) -> Set<W> {
        // A certificate is of 40 hex digits, and a hash of more.
        let hash = self.can_be(Shape::Hash as u8).without(self.can_be(piece::CERTIFICATE));
        let language = self.can_be(piece::LANGUAGE);
        let operation = self.can_be(Shape::Operation as u8);
        let told = self.can_be(piece::TOKEN_STATUS);
        let others = language.or(self.can_be(Shape::Uuid as u8)).or(told);
        let occurrence = self.can_be(Shape::Occurrence as u8);
        let before = language.or(operation).or(occurrence).or(hash.without(others.back()));
        before.next().without(occurrence)
    }

    /// What stands behind a language where an operation follows: the operation, or the number of products
    /// before it.
    fn can_be_operated(&self) -> Set<W> {
        let operation = self.can_be(Shape::Operation as u8);
        let begins = operation.or(self.can_be(Shape::Occurrence as u8));
        begins.or(self.can_be(Shape::Digits as u8).and(begins.back()))
    }

    /// Whether the form at hand says how much a partial authorisation reached.
    fn says_effective(&self) -> bool {
        let own = |shape| self.own(shape).is_some();
        own(Shape::EffectiveAmount) && own(Shape::EffectiveCurrency)
    }

    /// Whether there is such a name beyond the documented ones.
    pub(super) fn has_extra_name(&self, such: impl Fn(&str) -> bool) -> bool {
        self.extra_names.iter().any(|name| such(name))
    }

    /// The places behind a transaction's date, id and status.
    fn behind_status(&self, end: End) -> Set<W> {
        if self.has_extra_name(|name| name > "vads_trans_date" && name < "vads_url_check_src") {
            return Set::ALL;
        }
        let payment = self.can_be(Shape::Date as u8).next().and(self.can_be(Shape::TransId as u8));
        payment.next().and(self.can_be(end.kind())).next()
    }

    /// Whether a source stands there. Between the status and the source there are a uuid and two
    /// addresses, or nothing.
    fn names_source(&self, behind: Set<W>) -> bool {
        let can_be = |shape: Shape| self.can_be(shape as u8);
        let between = can_be(Shape::Uuid).or(can_be(Shape::Url)).or(self.can_be(piece::EMPTY));
        let reach = (0..3).fold(behind, |so_far, _| so_far.or(so_far.and(between).next()));
        !reach.and(self.can_be(piece::OTHER_SOURCE)).is_empty()
    }

    /// Tries every parse as such an original: whether there is one, or which of them contradicts the
    /// form at hand.
    fn parse(&self, original: Original) -> Result<bool, Remark> {
        let steps = STEPS.as_slice();
        // Backwards: from which places the rest of the names can take up the rest of the text.
        let mut rests = [(Set::<W>::EMPTY, Want::NOTHING); MAX_STEPS];
        // Places where a form may end without `vads_url_check_src`: no later piece could be read as one.
        let no_source = self.can_be(piece::KNOWN_SOURCE).behind();
        let mut rest = Set::only(self.len);
        if self.has_extra(steps.len()) {
            rest = rest.until();
        }
        for ((at, step), slot) in steps.iter().enumerate().zip(&mut rests).rev() {
            let want = self.want(step, original);
            *slot = (rest, want);
            let Want { pieces, presence } = want;
            rest = match step.takes {
                _ if presence == Presence::Never => rest,
                Takes::Free => rest.or(rest.until().and(pieces)),
                Takes::Run(_) => self.run_back(pieces, rest),
                Takes::Addresses => {
                    let rest = self.run_back(pieces, rest);
                    self.run_back(pieces, rest.or(self.typed_into(original).and(rest.until())))
                }
                Takes::Value(shape) => {
                    let with = match shape {
                        Shape::Shares => pieces.and(self.ends(rest).until()),
                        _ => pieces.and(rest.back()),
                    };
                    let bare = if shape == Shape::Source { rest.and(no_source) } else { rest };
                    let without = bare.or(self.can_be(piece::EMPTY).and(bare.back()));
                    if presence == Presence::Required { with } else { with.or(without) }
                }
            };
            if presence == Presence::Required && matches!(step.takes, Takes::Free) {
                rest = rest.and(pieces);
            }
            if self.has_extra(at) {
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
            if self.has_extra(at) {
                reach = reach.onwards();
            }
            let Want { pieces, presence } = want;
            if let Takes::Value(shape) = step.takes {
                let stands = self.stands(shape, want, reach, rest);
                self.same(shape, original, stands)
                    .map_err(|what| Remark::new(words::DIFFERS, [what]))?;
            }
            reach = match step.takes {
                _ if presence == Presence::Never => reach,
                Takes::Free => reach.or(reach.and(pieces).next().onwards()),
                Takes::Run(_) => self.run(pieces, reach),
                Takes::Addresses => {
                    let reach = self.run(pieces, reach);
                    reach.or(self.typed_into(original).and(reach).next().onwards())
                }
                Takes::Value(shape) => {
                    let with = match shape {
                        Shape::Shares => {
                            self.can_be(piece::JSON_END).and(reach.and(pieces).onwards()).next()
                        }
                        _ => reach.and(pieces).next(),
                    };
                    let without = reach.or(self.can_be(piece::EMPTY).and(reach).next());
                    if presence == Presence::Required { with } else { with.or(without) }
                }
            };
        }
        Ok(true)
    }

    /// Whether a name beyond the documented ones stands before this step.
    #[inline]
    fn has_extra(&self, step: usize) -> bool {
        // Most shops have none, and it is asked of every step.
        !self.extra_names.is_empty()
            && self.extra_names.iter().any(|name| place_among(&STEPS, name) == step)
    }

    /// The addresses that hold what a buyer typed, pluses and all: those that went through his browser,
    /// with the source of the page behind them, or else no source.
    fn typed_into(&self, original: Original) -> Set<W> {
        match original.origin {
            Origin::Page => {
                let sourced = self.can_be(piece::PAY).until();
                let bare = self.can_be(piece::KNOWN_SOURCE).behind();
                self.can_be(Shape::Url as u8).and(sourced.or(bare))
            }
            Origin::Server => Set::EMPTY,
        }
    }

    /// The places from which any number of these pieces lead to `rest`.
    fn run_back(&self, pieces: Set<W>, rest: Set<W>) -> Set<W> {
        let mut all = rest;
        loop {
            let more = all.or(pieces.and(all.back()));
            if more == all {
                return all;
            }
            all = more;
        }
    }

    /// The places to which any number of these pieces lead from `reach`.
    fn run(&self, pieces: Set<W>, reach: Set<W>) -> Set<W> {
        let mut all = reach;
        loop {
            let more = all.or(pieces.and(all).next());
            if more == all {
                return all;
            }
            all = more;
        }
    }

    /// Where a value can stand that begins within `reach` and leaves a text that the rest can take up.
    fn stands(&self, shape: Shape, want: Want<W>, reach: Set<W>, rest: Set<W>) -> Stands<W> {
        let Want { pieces, presence } = want;
        if presence == Presence::Never {
            return Stands { with: Set::EMPTY, ends: Set::EMPTY, without: true };
        }
        let ends = self.ends(rest);
        let with = match shape {
            Shape::Shares => reach.and(pieces).and(ends.until()),
            _ => reach.and(pieces).and(rest.back()),
        };
        let empty = self.can_be(piece::EMPTY).and(reach);
        let without = reach.and(rest).or(empty.and(rest.back()));
        Stands {
            with,
            ends: ends.and(with.onwards()),
            without: presence == Presence::Optional && !without.is_empty(),
        }
    }

    /// The pieces with which a list of shares can end before `rest`.
    fn ends(&self, rest: Set<W>) -> Set<W> {
        self.can_be(piece::JSON_END).and(rest.back())
    }

    /// What an original of this kind has at a step.
    fn want(&self, step: &Step, original: Original) -> Want<W> {
        use Presence::{Optional, Required};
        let unnamed = !original.named && step.of_order;
        let page = original.origin == Origin::Page;
        match step.takes {
            Takes::Value(shape) => self.want_value(shape, original),
            Takes::Run(_) if step.name == "vads_order_description" && !self.may_describe() => {
                Want::NOTHING
            }
            // The certificate may follow the operation, and must not be taken for a reference.
            Takes::Run(_) if unnamed && step.name == "vads_payment_cards" => {
                Want { pieces: self.can_be(piece::CERTIFICATE), presence: Optional }
            }
            Takes::Free if unnamed && step.name == "vads_payment_src" => {
                let presence = if page { Optional } else { Required };
                let first = if page { Set::ALL } else { self.can_be(piece::PAYMENT_SRC) };
                Want { pieces: first, presence }
            }
            Takes::Run(_) | Takes::Free if unnamed => {
                Want { pieces: self.can_be(piece::EMPTY), presence: Optional }
            }
            Takes::Run(kinds) => {
                let mut pieces = self.can_be(piece::EMPTY);
                let mut rest = kinds;
                while rest != 0 {
                    pieces = pieces.or(self.can_be(rest.trailing_zeros() as u8));
                    rest &= rest - 1;
                }
                Want { pieces, presence: Optional }
            }
            Takes::Addresses => {
                let pieces = self.can_be(Shape::Url as u8).or(self.can_be(piece::EMPTY));
                Want { pieces, presence: Optional }
            }
            Takes::Free => Want { pieces: Set::ALL, presence: Optional },
        }
    }

    fn want_value(&self, shape: Shape, original: Original) -> Want<W> {
        use Presence::{Never, Optional, Required};
        let Original { origin, cascade, end, named, operated } = original;
        let own = |shape| self.own(shape).is_some();
        let page = origin == Origin::Page;
        let required = |on: bool| if on { Required } else { Optional };
        let (kind, presence) = match shape {
            Shape::Operation if !operated => (shape as u8, Never),
            Shape::Order if !named => (shape as u8, Optional),
            Shape::Order => (shape as u8, required(own(shape))),
            Shape::Page => (shape as u8, required(page && (own(shape) || !named))),
            Shape::Plan => (shape as u8, required(page && own(shape))),
            Shape::Result => {
                let fits = |(at, _): (usize, usize)| self.can_be(end.result()).has(at);
                let kind = match self.own(Shape::Result) {
                    Some(own) if !fits(own) => Shape::Result as u8,
                    _ => end.result(),
                };
                (kind, required(own(shape)))
            }
            Shape::EffectiveAmount | Shape::EffectiveCurrency => match end {
                End::Partly => (shape as u8, Required),
                End::Bare => (shape as u8, Never),
                _ => (shape as u8, Optional),
            },
            // What failed need not say that it was to take money.
            Shape::Operation if !own(shape) && matches!(end, End::Refused | End::Ended) => {
                (shape as u8, Optional)
            }
            Shape::Sequence => {
                let kind = if cascade { piece::CASCADE } else { piece::ATTEMPT };
                (kind, required(cascade || end != End::Ended && own(shape)))
            }
            Shape::Shares => (shape as u8, if cascade { Required } else { Never }),
            Shape::Source if page => (piece::PAY, Optional),
            Shape::Source => (piece::OTHER_SOURCE, Required),
            Shape::Status => (end.kind(), Required),
            Shape::Occurrence | Shape::Uuid => (shape as u8, Optional),
            _ => (shape as u8, Required),
        };
        let mut pieces = self.can_be(kind);
        if shape == Shape::Mode && end == End::Ended && !cascade {
            // It may lack the sequence number, but no card holder typed the brand of a cascade.
            pieces = pieces.and(self.can_be(piece::MULTI).before());
        }
        if shape == Shape::Page && !named {
            pieces = pieces.or(self.can_be(piece::EMPTY));
        }
        if shape == Shape::Order {
            if !named {
                // A reference that is there and empty is none.
                pieces = Set::EMPTY;
            }
            if !operated {
                pieces = pieces.and(self.behind_language()).without(self.can_be_operated());
            } else if !own(Shape::Operation) {
                pieces = pieces.and(self.behind_language());
            }
            if self.describes {
                pieces = pieces.and(self.can_be(piece::REFERENCE));
            }
        }
        if shape == Shape::EffectiveAmount && end != End::Partly {
            pieces = pieces.and(self.effective_amounts());
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
            // What failed moves nothing either way: its order and its amount are what counts.
            Shape::Operation if !original.operated => true,
            Shape::Amount
            | Shape::Currency
            | Shape::Date
            | Shape::Order
            | Shape::Status
            | Shape::TransId => all(with) && !(without && own.is_some()),
            Shape::Operation => all(with) && !(without && own.is_some()),
            // What was left or cancelled is worth nothing under any number, and what an old form declined
            // without one is no attempt that has a number.
            Shape::Sequence => match original.end {
                End::Ended => true,
                End::Refused if own.is_none() && self.own(Shape::Operation).is_none() => true,
                _ => all(with) && !(without && own.is_some()),
            },
            Shape::EffectiveAmount | Shape::EffectiveCurrency if original.end == End::Partly => {
                all(with)
            }
            // It may be left out where it lowers nothing, or made up where it does: no form is worth more
            // than any of its originals.
            Shape::EffectiveAmount => {
                let worth = self.worth();
                with.places().all(|place| number(self.piece(place)) >= worth)
            }
            Shape::EffectiveCurrency => true,
            // One of them may be made up where the gateway sends none: date, id and sequence name the
            // share as well, and an occurrence without a plan is filed under its payment, which leads
            // to the order.
            Shape::Occurrence | Shape::Uuid => all(with),
            Shape::Plan => {
                let instalments = self.can_be(piece::INSTALMENTS);
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
            // What makes an occurrence of a subscription, which is another order than that of `PAY`.
            Shape::Source => value != Some(b"REC") && (value == Some(b"PAY") || !self.recurs),
            _ => true,
        };
        if same { Ok(()) } else { Err(shape.what()) }
    }
}

/// The names of which one makes an occurrence of what did not come from the hosted page.
const RECURRING: [&[u8]; 2] = [b"vads_recurrence_number", b"vads_subscription"];

/// Decimal digits as an amount.
fn number(piece: &[u8]) -> Option<u64> {
    std::str::from_utf8(piece).ok().and_then(amount_from_digits)
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
