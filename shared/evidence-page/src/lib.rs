//! The check of evidence for a page in a browser: bytes in, a verdict as JSON out. The page is `page.html`; `.ci/evidence-page`
//! puts both into one file.
//!
//! The page asks for room ([`room`]), writes the file there, calls [`check`] and reads as many bytes as that says from
//! where [`verdict`] points. All of it happens in the memory of the module.

use std::sync::{Mutex, PoisonError};

use quittance_evidence::{Language, MAX_BYTES, Verdict};
use quittance_psp::PROVIDERS;
use serde_json::{Value, json};

static FILE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static VERDICT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a file of so many bytes, and says where. Of a larger one than is ever checked, room for one byte too many
/// is made: the check says so.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    let mut file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    *file = vec![0; bytes.min(MAX_BYTES + 1)];
    file.as_mut_ptr()
}

/// Checks what was written. How many bytes the verdict has.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn check() -> usize {
    let file = std::mem::take(&mut *FILE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut verdict = VERDICT.lock().unwrap_or_else(PoisonError::into_inner);
    *verdict = said(&file);
    verdict.len()
}

/// Where the verdict is.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn verdict() -> *const u8 {
    VERDICT.lock().unwrap_or_else(PoisonError::into_inner).as_ptr()
}

/// The verdict of a file as JSON: that of the command line, with sentences in both languages.
pub fn said(file: &[u8]) -> Vec<u8> {
    let verdict = quittance_evidence::check(file, PROVIDERS, None);
    let mut document = serde_json::to_value(&verdict).unwrap_or(Value::Null);
    if let Some(members) = document.as_object_mut() {
        for (name, language) in [("en", Language::English), ("fr", Language::French)] {
            members.insert(name.to_owned(), sentences(&verdict, language));
        }
    }
    document.to_string().into_bytes()
}

fn sentences(verdict: &Verdict, language: Language) -> Value {
    let findings: Vec<String> = verdict.findings.iter().map(|one| one.say(language)).collect();
    let absent: Vec<&str> = verdict.absent.iter().map(|one| one.why.say(language)).collect();
    let kinds: Vec<&str> = verdict.events.iter().map(|one| one.kind.say(language)).collect();
    json!({ "findings": findings, "absent": absent, "kinds": kinds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_the_verdict_of_the_command_line_in_both_languages() {
        let said: Value = serde_json::from_slice(&said(b"{}")).unwrap();
        assert_eq!(
            (&said["holds"], &said["findings"][0]["problem"]),
            (&json!(false), &json!("not_evidence"))
        );
        for language in ["en", "fr"] {
            let sentence = said[language]["findings"][0].as_str().unwrap();
            assert!(sentence.contains("missing field"), "{sentence}");
        }
    }

    #[test]
    fn room_is_made_for_what_is_checked_and_no_more() {
        assert!(!room(2).is_null());
        assert!(check() > 0 && !verdict().is_null());
        room(usize::MAX);
        assert_eq!(FILE.lock().unwrap().len(), MAX_BYTES + 1);
        assert!(check() > 0);
        let verdict = VERDICT.lock().unwrap();
        assert!(String::from_utf8_lossy(&verdict).contains("too_large"));
    }
}
