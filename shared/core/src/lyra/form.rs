//! An `application/x-www-form-urlencoded` body as names and values, decoded exactly once.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::limits::MAX_FORM_FIELDS;

/// The decoded fields in the byte order of their names, which is that of the signature; as bytes,
/// because the signature covers bytes, and only a field that is read has to be UTF-8. A stray `%`
/// stands for itself, as in browsers.
#[derive(Clone, Debug)]
pub struct Form<'a>(Vec<Field<'a>>);

/// A decoded name and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, [u8]>,
    pub(super) value: Cow<'a, [u8]>,
}

/// More than [`MAX_FORM_FIELDS`] fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_FORM_FIELDS} form fields")]
pub struct TooManyFields;

impl<'a> Form<'a> {
    /// Splits, decodes and sorts a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, TooManyFields> {
        let pieces = || body.split(|b| *b == b'&').filter(|piece| !piece.is_empty());
        let count = pieces().count();
        if count > MAX_FORM_FIELDS {
            return Err(TooManyFields);
        }
        let mut fields = Vec::with_capacity(count);
        for piece in pieces() {
            let mut halves = piece.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default());
            fields.push(Field { name, value: decode(halves.next().unwrap_or_default()) });
        }
        fields.sort_unstable();
        Ok(Self(fields))
    }

    /// The fields whose names begin so.
    pub(super) fn beginning(&self, prefix: &str) -> &[Field<'a>] {
        let prefix = prefix.as_bytes();
        let start = self.0.partition_point(|field| *field.name < *prefix);
        let rest = self.0.get(start..).unwrap_or_default();
        let end = rest.partition_point(|field| field.name.starts_with(prefix));
        rest.get(..end).unwrap_or_default()
    }

    /// The fields that the signature covers, in the order in which it does.
    pub(super) fn signed(&self) -> &[Field<'a>] {
        self.beginning("vads_")
    }

    /// The value of this name; of a repeated one, which no verified message has, the least.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let name = name.as_bytes();
        let at = self.0.partition_point(|field| *field.name < *name);
        self.0.get(at).filter(|field| *field.name == *name).map(|field| &*field.value)
    }

    /// The value of this name as text; `None` when absent, empty or not UTF-8.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = std::str::from_utf8(self.bytes(name)?).ok()?;
        (!value.is_empty()).then_some(value)
    }

    /// Whether some name that begins so is there more than once.
    pub(super) fn repeats(&self, prefix: &str) -> bool {
        let twins = |pair: &[Field<'_>]| matches!(pair, [a, b] if a.name == b.name);
        self.beginning(prefix).windows(2).any(twins)
    }
}

/// `+` is a blank, `%2B` a plus: in this order, and once.
fn decode(piece: &[u8]) -> Cow<'_, [u8]> {
    if !piece.iter().any(|b| matches!(b, b'+' | b'%')) {
        return Cow::Borrowed(piece);
    }
    let mut decoded = Vec::with_capacity(piece.len());
    for (at, blank) in piece.split(|b| *b == b'+').enumerate() {
        if at > 0 {
            decoded.push(b' ');
        }
        decoded.extend(percent_decode(blank));
    }
    Cow::Owned(decoded)
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
        assert!(form.repeats("a") && !form.repeats("b"));
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let most = vec!["a=1"; MAX_FORM_FIELDS].join("&");
        assert!(Form::parse(most.as_bytes()).is_ok());
        assert_eq!(Form::parse(format!("{most}&a=1").as_bytes()).unwrap_err(), TooManyFields);
    }
}
