//! Items of the archive table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;

/// How many items are asked for at a time where all are read. DynamoDB ends a page at 1 MB, which is about as many of ours.
/// The embedded engine reads all that is left for each page that is not limited by number, so that a whole table would
/// take the square of its size.
pub(crate) const PAGE: i32 = 1_000;

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
