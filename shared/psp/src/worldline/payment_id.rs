//! The spellings of a payment's id.

use quittance_core::PaymentName;

/// A payment id in its canonical form. Three spellings name one payment: `3261218192_0`, the bare
/// `3261218192`, and a long one of 19 or 20 digits with `90000` or `900000` before the inner id (10 or
/// 11 digits) and the operation in three digits behind. (worldline.md 4, "Identifiers";
/// the 20 digits, and a long one followed by `_0`: plugin-magento-core `PaymentIdFormatter.php`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentId<'a> {
    /// The part that all operations of one payment share.
    pub inner: &'a str,
    /// Which operation, if said.
    pub operation: Option<&'a str>,
}

impl<'a> PaymentId<'a> {
    /// `None` when empty or longer than [`PaymentName::MAX_ID_BYTES`].
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.is_empty() || text.len() > PaymentName::MAX_ID_BYTES {
            return None;
        }
        if let Some((inner, operation)) =
            text.split_once('_').filter(|(inner, _)| !inner.is_empty())
        {
            let named = Self { inner, operation: Some(operation) };
            return Some(match Self::from_long(inner) {
                // The long form names its operation itself.
                Some(long) if operation == "0" => long,
                Some(long) => Self { inner: long.inner, ..named },
                None => named,
            });
        }
        Some(Self::from_long(text).unwrap_or(Self { inner: text, operation: None }))
    }

    fn from_long(text: &'a str) -> Option<Self> {
        if !matches!(text.len(), 19 | 20) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let rest = text.strip_prefix("90000")?;
        let (inner, operation) = rest.split_at_checked(rest.len().checked_sub(3)?)?;
        let operation = operation.trim_start_matches('0');
        Some(Self {
            inner: inner.strip_prefix('0').unwrap_or(inner),
            operation: Some(if operation.is_empty() { "0" } else { operation }),
        })
    }

    /// `inner_operation`, or the inner id where no operation is named.
    pub fn operation(&self) -> String {
        match self.operation {
            Some(operation) => [self.inner, "_", operation].concat(),
            None => self.inner.to_owned(),
        }
    }
}
