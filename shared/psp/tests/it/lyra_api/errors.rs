//! What each error code comes to, in every talk.

use quittance_core::api::{Asked, Effect, Exchange, TroubleKind, Verb};
use quittance_psp::lyra::api::errors::{ROWS, Sense};

use super::{act, action, ask, error, test, unknown};

const VERBS: [Verb; 3] = [Verb::Refund, Verb::Cancel, Verb::Capture];

/// Whether it is said in words, with the code, and without what the provider wrote.
fn is_said(why: &str, code: &str) {
    assert!(why.contains(code) && why.len() > code.len() + 10, "{why}");
    assert!(!why.contains("Jeanne"), "{why}");
    assert!(why.starts_with(char::is_lowercase) && !why.ends_with('.'), "{why}");
}

/// The codes of the table, and some that it does not have.
fn codes() -> Vec<(&'static str, Sense)> {
    let mut codes = ROWS.to_vec();
    for code in ["INT_901", "INT_902", "INT_009", "INT_777"] {
        codes.push((code, Sense::Request));
    }
    for code in ["PSP_001", "PSP_777", "ACQ_777", "AUTH_1", "CLIENT_001", "NEW"] {
        codes.push((code, Sense::Unknown));
    }
    codes
}

#[test]
fn every_code_has_its_sense_once() {
    for (code, sense) in codes() {
        assert_eq!(Sense::of(code), sense, "{code}");
        assert_eq!(codes().iter().filter(|(other, _)| *other == code).count(), 1, "{code}");
    }
}

#[test]
fn every_code_tells_what_became_of_the_money() {
    for (code, sense) in codes() {
        for verb in VERBS {
            let (effect, log) = act(&action(verb, 500), |_| error(code));
            assert_eq!(log.calls.len(), 1, "{code}: a write is sent once");
            match (sense, effect) {
                (
                    Sense::Request | Sense::NotFound | Sense::State | Sense::Declined,
                    Effect::Refused { why },
                ) => is_said(&why, code),
                (Sense::Credentials | Sense::NotOffered, Effect::Nothing(trouble)) => {
                    assert_eq!(trouble.kind, TroubleKind::Credentials, "{code}");
                    is_said(&trouble.why, code);
                }
                (Sense::Busy, Effect::Nothing(trouble))
                | (Sense::Platform, Effect::Uncertain(trouble)) => {
                    assert_eq!(trouble.kind, TroubleKind::Unreachable, "{code}");
                    is_said(&trouble.why, code);
                }
                (Sense::TooMany | Sense::Unknown, Effect::Uncertain(trouble)) => {
                    assert_eq!(trouble.kind, TroubleKind::Garbled, "{code}");
                    is_said(&trouble.why, code);
                }
                (_, effect) => panic!("{code} {verb:?}: {effect:?}"),
            }
        }
    }
}

#[test]
fn every_code_tells_whether_to_read_again() {
    for (code, sense) in codes() {
        let (asked, log) = ask(&unknown("CMD-1"), |_| error(code));
        let (tested, _) = test(|_| error(code));
        let (attempts, kind) = match sense {
            Sense::NotFound | Sense::TooMany => (1, None),
            Sense::Busy | Sense::Platform => (3, Some(TroubleKind::Unreachable)),
            Sense::Credentials | Sense::NotOffered => (1, Some(TroubleKind::Credentials)),
            _ => (1, Some(TroubleKind::Garbled)),
        };
        assert_eq!((log.calls.len(), log.pauses.len()), (attempts, attempts - 1), "{code}");
        assert!(log.pauses.is_sorted() && log.pauses.iter().all(|pause| *pause >= 3_000), "{code}");
        match (kind, asked) {
            (None, Asked::Unknown) => {}
            (Some(kind), Asked::Failed(trouble)) => {
                assert_eq!(trouble.kind, kind, "{code}");
                is_said(&trouble.why, code);
            }
            (_, asked) => panic!("{code}: {asked:?}"),
        }
        let trouble = tested.unwrap_err();
        assert_eq!(trouble.kind, kind.unwrap_or(TroubleKind::Garbled), "{code}");
        is_said(&trouble.why, code);
    }
}

#[test]
fn the_banks_code_is_told_beside_the_providers() {
    let body =
        r#"{"status": "ERROR", "answer": {"errorCode": "PSP_101", "detailedErrorCode": "59"}}"#;
    let (effect, _) =
        act(&action(Verb::Refund, 500), |_| Exchange::Answered { status: 200, body: body.into() });
    let why = "the bank declined it (PSP_101, 59)".to_owned();
    assert_eq!(effect, Effect::Refused { why });
}
