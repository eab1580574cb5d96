//! An `application/x-www-form-urlencoded` body as names and values, decoded exactly once.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};
use quittance_core::limits::MAX_FORM_FIELDS;

/// The decoded fields in the byte order of their names, which is that of the signature; as bytes,
/// because the signature covers bytes, and only a field that is read has to be UTF-8. A stray `%`
/// stands for itself, as in browsers.
///
/// All values stand in one text in that order, joined by `+`: the part of it that belongs to the
/// `vads_` fields is what the gateway signs.
#[derive(Clone, Debug)]
pub struct Form<'a> {
    entries: Vec<Entry<'a>>,
    text: Text,
    /// Which entries are signed.
    signed: Range<usize>,
    /// Entries whose name is that of the one before.
    repeated: Vec<usize>,
    /// The first entry of one of the starts that have this slot, or [`NONE`].
    slots: [u16; SLOTS],
}

/// The values of a form: looked at once, so that a usual one need not be for each field that is read.
#[derive(Clone, Debug)]
enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

impl Text {
    fn of(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|other| Self::Bytes(other.into_bytes()), Self::Utf8)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Utf8(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// A value as text, if it is UTF-8.
    fn read(&self, value: Range<usize>) -> Option<&str> {
        match self {
            // Its ends stand beside a `+` or an end of the whole, never within a character.
            Self::Utf8(text) => text.get(value),
            Self::Bytes(bytes) => std::str::from_utf8(within(bytes, value)).ok(),
        }
    }
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    start: Start,
    name: Cow<'a, [u8]>,
    raw: &'a [u8],
    /// Whether there is something to decode in `raw`.
    encoded: bool,
    value: Range<usize>,
}

/// A decoded name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'f> {
    /// As sent, decoded.
    pub name: &'f [u8],
    /// As sent, decoded.
    pub value: &'f [u8],
}

/// More than [`MAX_FORM_FIELDS`] fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_FORM_FIELDS} form fields")]
pub struct TooManyFields;

impl<'a> Form<'a> {
    /// Splits, sorts and decodes a body. Pieces without a name and a value are no fields.
    ///
    /// # Errors
    ///
    /// [`TooManyFields`].
    pub fn parse(body: &'a [u8]) -> Result<Self, TooManyFields> {
        let mut entries = Vec::with_capacity(USUAL_FIELDS);
        for piece in (Pieces { rest: body, plain: 0 }) {
            if entries.len() == MAX_FORM_FIELDS {
                return Err(TooManyFields);
            }
            entries.push(Entry::of(&piece));
        }
        // Stable, because that is quick where most of it is in order, as the gateway writes it.
        entries.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
        let mut text = Vec::with_capacity(body.len());
        let mut repeated = Vec::new();
        let mut slots = [NONE; SLOTS];
        let mut before = None;
        for (at, entry) in entries.iter_mut().enumerate() {
            if at > 0 {
                text.push(b'+');
            }
            if before.replace(entry.start) == Some(entry.start) {
                repeated.push(at);
            } else if let Some(slot) = slots.get_mut(entry.start.slot()) {
                *slot = at as u16;
            }
            let start = text.len();
            if entry.encoded {
                decode(entry.raw, &mut text);
            } else {
                text.extend_from_slice(entry.raw);
            }
            entry.value = start..text.len();
        }
        repeated.retain(|at| {
            let pair = entries.get(at.saturating_sub(1)..=*at);
            matches!(pair, Some([a, b]) if a.name == b.name)
        });
        let signed = beginning(&entries, SIGNED);
        Ok(Self { entries, text: Text::of(text), signed, repeated, slots })
    }

    /// Every field.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.list(&self.entries)
    }

    /// The fields whose names begin so.
    pub(super) fn beginning(&self, prefix: &str) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.list(self.part(beginning(&self.entries, prefix)))
    }

    /// The fields that the signature covers, in the order in which it does.
    pub(super) fn signed(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.list(self.part(self.signed.clone()))
    }

    /// The text that the signature covers: their values, joined by `+`.
    pub(super) fn signed_text(&self) -> &[u8] {
        let part = self.part(self.signed.clone());
        let ends = part.first().zip(part.last());
        let range = ends.map_or(0..0, |(first, last)| first.value.start..last.value.end);
        within(self.text.bytes(), range)
    }

    /// The value of this name; of a repeated one, which no verified message has, any.
    #[inline]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.entry(name).map(|entry| self.value(entry))
    }

    /// The value of this name as text; `None` when absent, empty or not UTF-8.
    #[inline]
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.text.read(self.entry(name)?.value.clone())?;
        (!value.is_empty()).then_some(value)
    }

    #[inline]
    fn entry(&self, name: &str) -> Option<&Entry<'a>> {
        // Inlined, so that the compiler works out both for a name that it knows.
        let start = Start::of(name.as_bytes());
        let at = self.slots.get(start.slot()).filter(|at| **at != NONE)?;
        self.find(usize::from(*at), start, name.as_bytes())
    }

    /// The same, where the entry of its slot is there already.
    fn find(&self, at: usize, start: Start, name: &[u8]) -> Option<&Entry<'a>> {
        let first = match self.entries.get(at) {
            Some(entry) if entry.start == start => at,
            _ => self.entries.partition_point(|entry| entry.start < start),
        };
        // Few names begin alike, so most of this is one comparison.
        let mut alike = self.entries.iter().skip(first).take_while(|entry| entry.start == start);
        alike.find(|entry| *entry.name == *name)
    }

    /// Whether some name that begins so is there more than once.
    pub(super) fn repeats(&self, prefix: &str) -> bool {
        let mut again = self.repeated.iter().filter_map(|at| self.entries.get(*at));
        again.any(|entry| entry.name.starts_with(prefix.as_bytes()))
    }

    fn part(&self, range: Range<usize>) -> &[Entry<'a>] {
        within(&self.entries, range)
    }

    fn list<'f>(&'f self, entries: &'f [Entry<'a>]) -> impl ExactSizeIterator<Item = Field<'f>> {
        entries.iter().map(|entry| Field { name: &entry.name, value: self.value(entry) })
    }

    fn value(&self, entry: &Entry<'_>) -> &[u8] {
        within(self.text.bytes(), entry.value.clone())
    }
}

/// The part of a form's text or entries that one of its own ranges means. No empty part may stand for it: what is
/// read would not be what was signed.
fn within<T>(all: &[T], range: Range<usize>) -> &[T] {
    match all.get(range) {
        Some(part) => part,
        None => unreachable!("a form's ranges lie within it"),
    }
}

/// Slots for the starts of names: more than a usual form has fields, so that most have one of their own.
const SLOTS: usize = 256;

/// No entry: there are fewer.
const NONE: u16 = u16::MAX;

/// Room for the fields of a usual form, so that it need not grow.
const USUAL_FIELDS: usize = 64;

/// What the names of signed fields begin with. (lyra.md 2.1)
const SIGNED: &str = "vads_";

/// Which of the sorted entries have names that begin so.
fn beginning(entries: &[Entry<'_>], prefix: &str) -> Range<usize> {
    let least = Start::of(prefix.as_bytes());
    let start = entries.partition_point(|entry| entry.start < least);
    let rest = within(entries, start..entries.len());
    start..start + rest.partition_point(|entry| entry.name.starts_with(prefix.as_bytes()))
}

/// The first bytes of a name as one number in their order: most names differ in them, so that sorting
/// and searching seldom look at the names themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Start(u128);

impl Start {
    const BYTES: usize = size_of::<u128>();

    pub(super) const fn of(name: &[u8]) -> Self {
        if let Some(first) = name.first_chunk() {
            return Self(u128::from_be_bytes(*first));
        }
        // Of a shorter one the first and the last eight, where they overlap the same.
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let (first, last) = (u64::from_be_bytes(*first), u64::from_be_bytes(*last));
            return Self(
                (first as u128) << 64 | (last as u128) << (8 * (Self::BYTES - name.len())),
            );
        }
        let mut start = [0; Self::BYTES];
        start.split_at_mut(name.len()).0.copy_from_slice(name);
        Self(u128::from_be_bytes(start))
    }

    /// Where a form notes what begins so. Any spread will do: what shares a slot is searched for.
    const fn slot(self) -> usize {
        let folded = (self.0 >> 64 ^ self.0) as u64;
        (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
    }
}

/// What stands between two `&`.
struct Piece<'a> {
    text: &'a [u8],
    /// Whether there is something to decode in it.
    encoded: bool,
}

/// The pieces of what is left of a body, without empty ones.
struct Pieces<'a> {
    rest: &'a [u8],
    /// How far the rest is known to need no decoding: looked for once for many pieces, since few need it.
    plain: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        while let [b'&', tail @ ..] = self.rest {
            self.rest = tail;
            self.plain = self.plain.saturating_sub(1);
        }
        if self.plain == 0 {
            self.plain = memchr2(b'+', b'%', self.rest).unwrap_or(self.rest.len());
        }
        let end = memchr(b'&', self.rest).unwrap_or(self.rest.len());
        let (text, tail) = self.rest.split_at_checked(end)?;
        let encoded = self.plain < end;
        self.rest = tail;
        self.plain = self.plain.saturating_sub(end);
        (!text.is_empty()).then_some(Piece { text, encoded })
    }
}

impl<'a> Entry<'a> {
    fn of(piece: &Piece<'a>) -> Self {
        let (name, raw) = piece.text.split_at(memchr(b'=', piece.text).unwrap_or(piece.text.len()));
        let raw = raw.get(1..).unwrap_or_default();
        let name = match piece.encoded && name.iter().any(|b| matches!(b, b'+' | b'%')) {
            true => {
                let mut decoded = Vec::with_capacity(name.len());
                decode(name, &mut decoded);
                Cow::Owned(decoded)
            }
            false => Cow::Borrowed(name),
        };
        Self { start: Start::of(&name), name, raw, encoded: piece.encoded, value: 0..0 }
    }
}

/// `+` is a blank, `%2B` a plus: in one pass, so that nothing is decoded twice.
fn decode(piece: &[u8], text: &mut Vec<u8>) {
    let mut rest = piece;
    while let [byte, tail @ ..] = rest {
        let (decoded, tail) = match (byte, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, behind @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, behind),
                _ => (b'%', tail),
            },
            _ => (*byte, tail),
        };
        text.push(decoded);
        rest = tail;
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_keeps_bytes() {
        let form = Form::parse(
            b"a=%2B33+1&b=%252B&c=%C3%A9&d=%FF&e=100%&f&=g&&l=2&l=2&%68=1&i=%4&j=%G0%+0&k=x=y",
        );
        let form = form.unwrap();
        assert_eq!(form.text("a"), Some("+33 1"));
        assert_eq!(form.text("b"), Some("%2B"));
        assert_eq!(form.text("c"), Some("é"));
        assert_eq!((form.text("d"), form.bytes("d")), (None, Some(&b"\xff"[..])));
        assert_eq!(form.text("e"), Some("100%"));
        assert_eq!(form.bytes("f"), Some(&b""[..]));
        assert_eq!(form.text("h"), Some("1"));
        assert_eq!(form.text("i"), Some("%4"));
        assert_eq!(form.text("j"), Some("%G0% 0"));
        assert_eq!(form.text("k"), Some("x=y"));
        assert!(form.repeats("l") && !form.repeats("a"));
        assert_eq!(form.fields().len(), 13);
    }

    #[test]
    fn the_signed_text_is_the_values_in_the_order_of_their_names() {
        let form = Form::parse(b"vads_b=2%2B3&utm=x&vads_a=&signature=s&vads_c=+4&VADS_d=5");
        assert_eq!(form.unwrap().signed_text(), b"+2+3+ 4");
        assert_eq!(Form::parse(b"a=1&vads_a=&b=2").unwrap().signed_text(), b"");
        assert_eq!(Form::parse(b"a=1&b=2").unwrap().signed_text(), b"");
    }

    #[test]
    fn a_start_is_the_first_sixteen_bytes_whatever_the_length() {
        for length in 0..=40 {
            let name: Vec<u8> = (1..=length).collect();
            let mut padded = name.clone();
            padded.resize(16.max(name.len()), 0);
            let expected = u128::from_be_bytes(*padded.first_chunk().unwrap());
            assert_eq!(Start::of(&name), Start(expected), "{length}");
        }
    }

    #[test]
    fn each_field_is_found_among_those_that_share_its_slot_or_begin_alike() {
        let name = |n: usize| match n % 3 {
            0 => format!("n{n}"),
            1 => format!("vads_{n}"),
            _ => format!("vads_that_begins_alike_{n}"),
        };
        let fields: Vec<_> = (0..MAX_FORM_FIELDS).map(|n| format!("{}={n}", name(n))).collect();
        let body = fields.join("&");
        let form = Form::parse(body.as_bytes()).unwrap();
        for n in 0..MAX_FORM_FIELDS {
            assert_eq!(form.text(&name(n)), Some(&*n.to_string()));
        }
        for n in MAX_FORM_FIELDS..2 * MAX_FORM_FIELDS {
            assert_eq!(form.bytes(&name(n)), None);
        }
    }

    #[test]
    fn one_value_that_is_no_text_hides_no_other() {
        let form = Form::parse(b"a=%C3%A9&b=%FF&c=&d=%C3&e=%A9&f=x").unwrap();
        let texts = ["a", "b", "c", "d", "e", "f"].map(|name| form.text(name));
        assert_eq!(texts, [Some("é"), None, None, None, None, Some("x")]);
        let form = Form::parse(b"a=%C3%A9&c=&f=x+%E2%82%AC").unwrap();
        assert_eq!(["a", "c", "f"].map(|name| form.text(name)), [Some("é"), None, Some("x €")]);
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let most = vec!["a=1"; MAX_FORM_FIELDS].join("&");
        assert!(Form::parse(most.as_bytes()).is_ok());
        assert_eq!(Form::parse(format!("{most}&a=1").as_bytes()).unwrap_err(), TooManyFields);
    }
}
