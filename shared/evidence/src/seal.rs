//! Digests over the parts of a file. Each member has a seal, the seals of an entry are a link of the chain, and the head is
//! over the last link and the seals of the file: so what was altered has a name, and not only a place after it.

use std::collections::BTreeMap;

use quittance_core::crypto::sha256_hex_of;
use serde::Serialize;
use serde_json::value::RawValue;

/// The first member of every file: what the file is, and its version.
pub const SCHEMA: &str = "quittance-evidence/1";

/// What the seals of an entry do not cover.
pub(crate) const OF_ENTRY: &[&str] = &["seals", "chain"];

/// What the seals of the file do not cover: the chain is over its entries.
pub(crate) const OF_FILE: &[&str] = &["entries", "seals", "head"];

/// The digest of each member but those `except`. What is digested is the member's JSON without blanks.
pub(crate) fn members(
    of: &impl Serialize,
    except: &[&str],
) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let text = serde_json::to_string(of)?;
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text)?;
    let sealed = members.into_iter().filter(|(name, _)| !except.contains(&name.as_str()));
    let seal = |value: &RawValue, name: &str| digest("member", &[name, value.get()]);
    Ok(sealed
        .map(|(name, value)| {
            let digest = seal(&value, &name);
            (name, digest)
        })
        .collect())
}

/// What stands before the first link: entries of one order are none of another's.
pub(crate) fn first(order: &str) -> String {
    digest("order", &[order])
}

/// A link of the chain.
pub(crate) fn link(before: &str, index: usize, seals: &BTreeMap<String, String>) -> String {
    let index = index.to_string();
    with_seals("link", &[before, &index], seals)
}

/// The head.
pub(crate) fn head(last: &str, seals: &BTreeMap<String, String>) -> String {
    with_seals("head", &[last], seals)
}

fn with_seals(tag: &str, parts: &[&str], seals: &BTreeMap<String, String>) -> String {
    let seals = seals.iter().flat_map(|(name, seal)| [name.as_str(), seal.as_str()]);
    let parts: Vec<&str> = parts.iter().copied().chain(seals).collect();
    digest(tag, &parts)
}

/// SHA-256 of a tag and parts. Each part has its length before it, so that no other parts give the same bytes.
fn digest(tag: &str, parts: &[&str]) -> String {
    let lengths: Vec<[u8; 8]> =
        parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    let parts = lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part.as_bytes()]);
    sha256_hex_of([SCHEMA.as_bytes(), b"\n", tag.as_bytes(), b"\n"].into_iter().chain(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_cut_elsewhere_have_another_digest() {
        assert_ne!(digest("link", &["ab", "c"]), digest("link", &["a", "bc"]));
        assert_ne!(digest("link", &["a"]), digest("link", &["a", ""]));
        assert_ne!(digest("link", &["a"]), digest("head", &["a"]));
    }
}
