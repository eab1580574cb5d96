//! An `application/x-www-form-urlencoded` body as names and values, decoded exactly once.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::limits::MAX_FORM_FIELDS;

/// The decoded fields in the order received, as bytes: the signature covers bytes, and only a field
/// that is read has to be UTF-8. A stray `%` stands for itself, as in browsers.
#[derive(Clone, Debug)]
pub struct Form<'a>(Vec<Field<'a>>);

/// A name and its value.
type Field<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// More than [`MAX_FORM_FIELDS`] fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_FORM_FIELDS} form fields")]
pub struct TooManyFields;

impl<'a> Form<'a> {
    /// Splits and decodes a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, TooManyFields> {
        let pieces = || body.split(|b| *b == b'&').filter(|piece| !piece.is_empty());
        if pieces().count() > MAX_FORM_FIELDS {
            return Err(TooManyFields);
        }
        let fields = pieces().map(|piece| {
            let mut halves = piece.splitn(2, |b| *b == b'=');
            let name = halves.next().unwrap_or_default();
            (decode(name), decode(halves.next().unwrap_or_default()))
        });
        Ok(Self(fields.collect()))
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The fields that the signature covers, in the order in which it does: that of their names.
    pub(super) fn signed(&self) -> Vec<(&[u8], &[u8])> {
        let mut signed: Vec<_> =
            self.fields().filter(|(name, _)| name.starts_with(b"vads_")).collect();
        signed.sort_unstable();
        signed
    }

    /// The first value of this name.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
    }

    /// The first value of this name as text; `None` when absent, empty or not UTF-8.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = std::str::from_utf8(self.bytes(name)?).ok()?;
        (!value.is_empty()).then_some(value)
    }

    /// How many fields have this name.
    pub(super) fn count(&self, name: &str) -> usize {
        self.fields().filter(|(known, _)| *known == name.as_bytes()).count()
    }
}

/// `+` is a blank, `%2B` a plus: in this order, and once.
fn decode(piece: &[u8]) -> Cow<'_, [u8]> {
    if !piece.iter().any(|b| matches!(b, b'+' | b'%')) {
        return Cow::Borrowed(piece);
    }
    let spaced: Vec<u8> = piece.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_keeps_bytes() {
        let form = Form::parse(b"a=%2B33+1&b=%252B&c=%C3%A9&d=%FF&e=100%&f&=g&&a=2").unwrap();
        assert_eq!(form.text("a"), Some("+33 1"));
        assert_eq!(form.text("b"), Some("%2B"));
        assert_eq!(form.text("c"), Some("é"));
        assert_eq!((form.text("d"), form.bytes("d")), (None, Some(&b"\xff"[..])));
        assert_eq!(form.text("e"), Some("100%"));
        assert_eq!(form.bytes("f"), Some(&b""[..]));
        assert_eq!(form.count("a"), 2);
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let most = vec!["a=1"; MAX_FORM_FIELDS].join("&");
        assert!(Form::parse(most.as_bytes()).is_ok());
        assert_eq!(Form::parse(format!("{most}&a=1").as_bytes()).unwrap_err(), TooManyFields);
    }
}
