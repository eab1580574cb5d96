//! The members of a JSON object that a person wrote, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// The members of a JSON object in their order, doubled ones included: a map would keep one of two and say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members<V>(Vec<(String, V)>);

/// A member of an object stands there twice. Quotes nothing: a name may be a secret in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member stands there twice, and only one of the two would be used")]
pub struct Doubled;

impl<V> Members<V> {
    /// All, in their order.
    ///
    /// # Errors
    ///
    /// [`Doubled`].
    pub fn each_once(self) -> Result<Vec<(String, V)>, Doubled> {
        let names: BTreeSet<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        if names.len() == self.0.len() { Ok(self.0) } else { Err(Doubled) }
    }

    /// All by name.
    ///
    /// # Errors
    ///
    /// [`Doubled`].
    pub fn by_name(self) -> Result<BTreeMap<String, V>, Doubled> {
        Ok(self.each_once()?.into_iter().collect())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Object<V> {
            type Value = Members<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_stands_there_once() {
        let read = |text| serde_json::from_str::<Members<u8>>(text).map(Members::by_name);
        assert_eq!(read(r#"{"b": 1, "a": 2}"#).unwrap().unwrap().len(), 2);
        for text in [r#"{"a": 1, "b": 2, "a": 1}"#, r#"{"a": 1, "\u0061": 2}"#] {
            assert_eq!(read(text).unwrap(), Err(Doubled), "{text}");
        }
        assert!(read("[]").is_err() && read(r#"{"a": "1"}"#).is_err());
    }
}
