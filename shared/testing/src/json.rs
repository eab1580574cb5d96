//! JSON documents with one value in place of another.

use serde_json::{Value, json};

/// Every place of a document, as a JSON pointer: first the document itself, then what is in it, in its order.
pub fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    list(document, "", &mut found);
    found
}

fn list(value: &Value, place: &str, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    found.push(place.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                list(member, &format!("{place}/{}", escaped(name)), found);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                list(element, &format!("{place}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// The places where the value is of a kind.
pub fn places_where(document: &Value, is: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut places = places(document);
    places.retain(|place| document.pointer(place).is_some_and(&is));
    places
}

/// The document with this value at a place, which must be there.
pub fn with(document: &Value, place: &str, value: Value) -> Value {
    let mut changed = document.clone();
    match changed.pointer_mut(place) {
        Some(there) => *there = value,
        None => panic!("{place:?} is no place of the document"),
    }
    changed
}

/// Values that no place of a message is made for.
pub fn hostile_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}"),
        json!("-1"),
        json!("99999999999999999999999"),
        json!([]),
        json!({}),
        json!("x".repeat(10_000)),
        json!([[[[]]]]),
        json!("é".repeat(127)),
    ]
}
