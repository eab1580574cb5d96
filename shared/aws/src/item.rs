//! Items of the archive table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;

/// An item by the names of its attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The text in an attribute that every item of the archive has.
///
/// # Errors
///
/// [`StoreError::Corrupt`] where the attribute is missing or no text.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreError::Corrupt(format!("archive: no {name}")))
}
