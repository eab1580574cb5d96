//! An `application/x-www-form-urlencoded` body as names and values, decoded exactly once.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode;

use crate::limits::MAX_FORM_FIELDS;

/// The decoded fields in the byte order of their names, which is that of the signature; as bytes,
/// because the signature covers bytes, and only a field that is read has to be UTF-8. A stray `%`
/// stands for itself, as in browsers.
///
/// All values stand in one text in that order, joined by `+`: the part of it that belongs to the
/// `vads_` fields is what the gateway signs.
#[derive(Clone, Debug)]
pub struct Form<'a> {
    entries: Vec<Entry<'a>>,
    text: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    name: Cow<'a, [u8]>,
    raw: &'a [u8],
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
    pub fn parse(body: &'a [u8]) -> Result<Self, TooManyFields> {
        let count = 1 + body.iter().filter(|b| **b == b'&').count();
        let mut entries = Vec::with_capacity(count.min(MAX_FORM_FIELDS));
        for piece in body.split(|b| *b == b'&').filter(|piece| !piece.is_empty()) {
            if entries.len() == MAX_FORM_FIELDS {
                return Err(TooManyFields);
            }
            let (name, raw) = halves(piece);
            entries.push(Entry { name: decoded(name), raw, value: 0..0 });
        }
        entries.sort_unstable_by(|a, b| (&a.name, a.raw).cmp(&(&b.name, b.raw)));
        let mut text = Vec::with_capacity(body.len());
        for (at, entry) in entries.iter_mut().enumerate() {
            if at > 0 {
                text.push(b'+');
            }
            let start = text.len();
            decode(entry.raw, &mut text);
            entry.value = start..text.len();
        }
        Ok(Self { entries, text })
    }

    /// Every field.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.list(&self.entries)
    }

    /// The fields whose names begin so.
    pub(super) fn beginning(&self, prefix: &str) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.list(self.part(prefix))
    }

    /// The fields that the signature covers, in the order in which it does.
    pub(super) fn signed(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.beginning(SIGNED)
    }

    /// The text that the signature covers: their values, joined by `+`.
    pub(super) fn signed_text(&self) -> &[u8] {
        let part = self.part(SIGNED);
        let ends = part.first().zip(part.last());
        let range = ends.map_or(0..0, |(first, last)| first.value.start..last.value.end);
        self.text.get(range).unwrap_or_default()
    }

    /// The value of this name; of a repeated one, which no verified message has, any.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        let name = name.as_bytes();
        let at = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        self.entries.get(at).map(|entry| self.value(entry))
    }

    /// The value of this name as text; `None` when absent, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = std::str::from_utf8(self.bytes(name)?).ok()?;
        (!value.is_empty()).then_some(value)
    }

    /// Whether some name that begins so is there more than once.
    pub(super) fn repeats(&self, prefix: &str) -> bool {
        let twins = |pair: &[Entry<'_>]| matches!(pair, [a, b] if a.name == b.name);
        self.part(prefix).windows(2).any(twins)
    }

    fn part(&self, prefix: &str) -> &[Entry<'a>] {
        let prefix = prefix.as_bytes();
        let start = self.entries.partition_point(|entry| *entry.name < *prefix);
        let rest = self.entries.get(start..).unwrap_or_default();
        let end = rest.partition_point(|entry| entry.name.starts_with(prefix));
        rest.get(..end).unwrap_or_default()
    }

    fn list<'f>(&'f self, entries: &'f [Entry<'a>]) -> impl ExactSizeIterator<Item = Field<'f>> {
        entries.iter().map(|entry| Field { name: &entry.name, value: self.value(entry) })
    }

    fn value(&self, entry: &Entry<'_>) -> &[u8] {
        self.text.get(entry.value.clone()).unwrap_or_default()
    }
}

/// What the names of signed fields begin with. (systempay.md section 2.1.)
const SIGNED: &str = "vads_";

/// A piece cut at its first `=`.
fn halves(piece: &[u8]) -> (&[u8], &[u8]) {
    let at = piece.iter().position(|b| *b == b'=').unwrap_or(piece.len());
    let (name, value) = piece.split_at(at);
    (name, value.get(1..).unwrap_or_default())
}

/// A decoded name. Hardly any is encoded.
fn decoded(piece: &[u8]) -> Cow<'_, [u8]> {
    if !piece.iter().any(|b| matches!(b, b'+' | b'%')) {
        return Cow::Borrowed(piece);
    }
    let mut text = Vec::with_capacity(piece.len());
    decode(piece, &mut text);
    Cow::Owned(text)
}

/// `+` is a blank, `%2B` a plus: in this order, and once.
fn decode(piece: &[u8], text: &mut Vec<u8>) {
    for (at, words) in piece.split(|b| *b == b'+').enumerate() {
        if at > 0 {
            text.push(b' ');
        }
        if words.contains(&b'%') {
            text.extend(percent_decode(words));
        } else {
            text.extend_from_slice(words);
        }
    }
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
    fn the_number_of_fields_is_bounded() {
        let most = vec!["a=1"; MAX_FORM_FIELDS].join("&");
        assert!(Form::parse(most.as_bytes()).is_ok());
        assert_eq!(Form::parse(format!("{most}&a=1").as_bytes()).unwrap_err(), TooManyFields);
    }
}
