//! Whatever is altered, removed or moved is named.

use quittance_evidence::{Evidence, Finding, Problem, check};
use quittance_psp::PROVIDERS;

use crate::support::{all, checked, proofs};

/// Checks of altered bytes in a file, for every test; all bytes are altered where [`EVERY_BYTE`] is set.
const SAMPLES: usize = 400;

/// The variable under which every byte is altered.
const EVERY_BYTE: &str = "QUITTANCE_EVERY_BYTE";

#[test]
fn evidence_of_real_messages_holds_with_keys_and_without() {
    for evidence in all() {
        let bytes = evidence.to_bytes().expect("JSON");
        let verdict = check(&bytes, PROVIDERS, None);
        assert!(verdict.holds && verdict.signatures.is_none(), "{:?}", verdict.findings);
        let proofs = proofs(&evidence);
        let verdict = check(&bytes, PROVIDERS, Some(&proofs));
        assert!(verdict.holds, "{:?}", verdict.findings);
        assert_eq!(verdict.signatures, Some(proofs.len()));
        assert_eq!(verdict.clone().against(&evidence.head).findings, []);
        let other = verdict.against(&"0".repeat(64));
        assert!(!other.holds);
    }
    let [cascade, refunded, rare] = all();
    assert!([&cascade, &refunded, &rare].iter().all(|e| e.decision.released.is_some()));
    assert_eq!(refunded.decision.reversals.len(), 1);
    assert!(rare.entries.iter().any(|entry| entry.body_base64.is_some()));
}

/// The member of the file that each of its lines belongs to.
fn members(text: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut members = Vec::new();
    for line in text.lines() {
        let line = line.trim_end_matches(',').trim();
        let closes = line == "}" || line == "]";
        if closes {
            path.pop();
            counts.pop();
        }
        let name = line.strip_prefix('"').and_then(|rest| rest.split_once("\": "));
        let own = match name {
            Some((name, _)) if !closes => Some(name.to_owned()),
            None if !closes => counts.last_mut().map(|count| {
                *count += 1;
                format!("[{}]", *count - 1)
            }),
            _ => None,
        };
        let mut here = path.clone();
        here.extend(own.clone());
        members.push(here.join(".").replace(".[", "["));
        if line.ends_with(['{', '[']) {
            path.push(own.unwrap_or_default());
            counts.push(0);
        }
    }
    members.into_iter().map(|member| member.trim_start_matches('.').to_owned()).collect()
}

/// Whether a finding is about this line of the file, or about its member, or about what that is a part of.
fn names(finding: &Finding, line: usize, member: &str) -> bool {
    if let Some(said) = finding.place.strip_prefix("line ") {
        let said: usize = said.parse().expect("a number");
        // Where a quotation mark or a comma is gone, it shows on the next line.
        return said.abs_diff(line) <= 1;
    }
    member == finding.place
        || member.starts_with(&format!("{}.", finding.place))
        || member.starts_with(&format!("{}[", finding.place))
        || finding.place.starts_with(&format!("{member}."))
}

/// The same bytes with one altered, removed or repeated.
fn changes(bytes: &[u8], at: usize) -> Vec<Vec<u8>> {
    let with = |byte: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = byte;
        bytes
    };
    let mut removed = bytes.to_vec();
    removed.remove(at);
    let mut repeated = bytes.to_vec();
    repeated.insert(at, bytes[at]);
    // Another digit or letter where there is one: that is how a forger would do it.
    let next = match bytes[at] {
        b'9' => b'0',
        b'z' => b'a',
        byte => byte.wrapping_add(1),
    };
    vec![with(next), with(bytes[at] ^ 0x20), with(b'"'), removed, repeated]
}

#[test]
fn every_byte_that_is_altered_removed_or_repeated_is_named() {
    let every = std::env::var(EVERY_BYTE).is_ok_and(|value| !value.is_empty());
    for evidence in all() {
        let bytes = evidence.to_bytes().expect("JSON");
        let text = std::str::from_utf8(&bytes).expect("UTF-8");
        let members = members(text);
        let step = if every { 1 } else { (bytes.len() / SAMPLES).max(1) | 1 };
        for at in (0..bytes.len()).step_by(step) {
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            for changed in changes(&bytes, at) {
                if changed == bytes {
                    continue;
                }
                let verdict = check(&changed, PROVIDERS, None);
                let found = &verdict.findings;
                let member = &members[line];
                assert!(!verdict.holds, "byte {at} of {member}");
                assert!(
                    found.iter().any(|finding| names(finding, line + 1, member)),
                    "byte {at}, line {}, of {member}: {found:?}",
                    line + 1
                );
            }
        }
    }
}

/// What the check says of other entries, at the place that it names first.
fn first(evidence: &Evidence, change: impl FnOnce(&mut Evidence)) -> (String, Problem) {
    let mut changed = evidence.clone();
    change(&mut changed);
    let verdict = checked(&changed);
    assert!(!verdict.holds);
    let Finding { place, problem } = verdict.findings.into_iter().next().expect("a finding");
    (place, problem)
}

#[test]
fn entries_that_are_moved_removed_or_repeated_are_named() {
    for evidence in all() {
        let count = evidence.entries.len();
        for one in 0..count {
            for other in one + 1..count {
                let (place, problem) = first(&evidence, |e| e.entries.swap(one, other));
                let expected = (format!("entries[{one}]"), Problem::Moved { index: other });
                assert_eq!((place, problem), expected);
            }
            let (place, problem) = first(&evidence, |e| drop(e.entries.remove(one)));
            if one + 1 == count {
                let gone = Problem::Count { stated: count, found: count - 1 };
                assert_eq!((place.as_str(), problem), ("entries", gone));
            } else {
                assert_eq!(
                    (place, problem),
                    (format!("entries[{one}]"), Problem::Moved { index: one + 1 })
                );
            }
            let (place, problem) =
                first(&evidence, |e| e.entries.insert(one, e.entries[one].clone()));
            let expected = (format!("entries[{}]", one + 1), Problem::Moved { index: one });
            assert_eq!((place, problem), expected);
        }
    }
}

/// Numbers that are put right do not help: the chain is over the contents.
#[test]
fn entries_that_are_numbered_anew_are_named_too() {
    for evidence in all() {
        let (place, _) = first(&evidence, |e| {
            e.entries.swap(0, 1);
            (0..).zip(&mut e.entries).for_each(|(index, entry)| entry.index = index);
        });
        assert_eq!(place, "entries[0].index");
        let (place, problem) = first(&evidence, |e| {
            let gone = e.entries.remove(0);
            e.count -= 1;
            (0..).zip(&mut e.entries).for_each(|(index, entry)| entry.index = index);
            drop(gone);
        });
        assert_eq!((place.as_str(), problem), ("entries[0].index", Problem::Altered));
    }
}

/// A member of one order's file is none of another's.
#[test]
fn an_entry_of_another_order_is_named() {
    let [cascade, refunded, _] = all();
    let foreign = refunded.entries[0].clone();
    let (place, problem) = first(&cascade, |e| e.entries[0] = foreign);
    assert_eq!((place.as_str(), problem), ("entries[0].chain", Problem::Unlinked));
}

#[test]
fn what_is_no_evidence_is_named() {
    for text in ["", "{}", "[]", "null", "{\"schema\": 1}"] {
        let verdict = check(text.as_bytes(), PROVIDERS, None);
        let problem = &verdict.findings[0].problem;
        assert!(matches!(problem, Problem::NotEvidence { .. }), "{text}: {problem:?}");
    }
    let [evidence, ..] = all();
    let (place, problem) = first(&evidence, |e| e.schema = "quittance-evidence/2".to_owned());
    assert_eq!((place.as_str(), problem), ("schema", Problem::OtherVersion));
    let bytes = evidence.to_bytes().expect("JSON");
    let compact = serde_json::to_vec(&evidence).expect("JSON");
    for other in [&compact[..], &bytes[..bytes.len() - 1], &[&bytes[..], b"\n"].concat()] {
        let found = check(other, PROVIDERS, None).findings;
        assert_eq!(found[0].problem, Problem::OtherSpelling);
    }
}
