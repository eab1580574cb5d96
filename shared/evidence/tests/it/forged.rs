//! What somebody can do who makes all the digests anew, and by what he is found.

use quittance_core::Policy;
use quittance_core::crypto::sha256_hex;
use quittance_evidence::{Evidence, Problem, Verdict, check};
use quittance_psp::PROVIDERS;
use quittance_testing::lyra::Form;

use crate::support::{Maker, all, checked, form, proofs, refunded};

/// The same with other contents and all digests made anew.
fn forged(evidence: &Evidence, change: impl FnOnce(&mut Evidence)) -> Evidence {
    let mut changed = evidence.clone();
    change(&mut changed);
    let key = changed.order.parse().expect("a key");
    changed.described(&key, PROVIDERS).sealed().expect("JSON")
}

fn places(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.place.as_str()).collect()
}

fn with_body(evidence: &mut Evidence, place: usize, change: impl FnOnce(String) -> String) {
    let entry = &mut evidence.entries[place];
    let body = change(entry.body.take().expect("text"));
    entry.sha256 = Some(sha256_hex(body.as_bytes()));
    entry.body = Some(body);
}

#[test]
fn a_decision_that_the_messages_do_not_come_to_is_named() {
    let evidence = refunded();
    type Change = fn(&mut Evidence);
    let changes: [(&str, Change); 7] = [
        ("decision.captured", |e| e.decision.captured += 1),
        ("decision.released.id", |e| e.decision.released = None),
        ("decision.released.id", |e| {
            e.decision.released.as_mut().expect("a release").id = "0".repeat(32);
        }),
        ("decision.released.decided_at", |e| {
            e.decision.released.as_mut().expect("a release").decided_at = e.made_at;
        }),
        ("decision.reversals", |e| e.decision.reversals.clear()),
        ("decision.reversals", |e| e.decision.reversals[0].amount = 1),
        ("decision.listed", |e| drop(e.decision.listed.pop())),
    ];
    for (place, change) in changes {
        let verdict = checked(&forged(&evidence, change));
        assert_eq!(places(&verdict), [place], "{:?}", verdict.findings);
    }
}

#[test]
fn messages_that_come_to_another_decision_are_named() {
    for evidence in all() {
        for gone in 0..evidence.entries.len() {
            let without = forged(&evidence, |e| {
                e.entries.remove(gone);
                e.count -= 1;
                (0..).zip(&mut e.entries).for_each(|(index, entry)| entry.index = index);
            });
            let found = checked(&without);
            // A registered amount that is what the messages say changes nothing of the decision.
            assert!(!found.holds || evidence.entries[gone].amount.is_some(), "{gone}");
        }
    }
}

#[test]
fn a_policy_under_which_nothing_was_released_is_named() {
    let verdict = checked(&forged(&refunded(), |e| {
        e.policy.confirm = "ask".to_owned();
    }));
    assert!(places(&verdict).contains(&"decision.released.id"), "{:?}", verdict.findings);
    let verdict = checked(&forged(&refunded(), |e| e.policy.confirm = "never".to_owned()));
    assert_eq!(places(&verdict), ["policy"]);
}

#[test]
fn a_digest_of_other_bytes_is_named() {
    let verdict = checked(&forged(&refunded(), |e| e.entries[1].sha256 = Some("0".repeat(64))));
    assert_eq!(verdict.findings[0].place, "entries[1].sha256");
    assert_eq!(verdict.findings[0].problem, Problem::OtherBytes);
}

/// Whoever makes everything anew makes a file that agrees with itself. The head that was noted tells, and the keys do.
#[test]
fn a_file_that_is_forged_whole_has_another_head_and_no_signature() {
    let genuine = Maker::new("systempay/12345678/test/F-1")
        .came(0, &form(&Form::single("F-1", "aa0003", "CB", 700, "CAPTURED")))
        .evidence();
    let other = Maker::new("systempay/12345678/test/F-1")
        .came(0, &form(&Form::single("F-1", "aa0003", "CB", 9_900, "CAPTURED")))
        .evidence();
    let signature = |body: &str| {
        let (_, rest) = body.split_once("signature=").expect("it is signed");
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let of_genuine = signature(genuine.entries[0].body.as_deref().expect("text"));
    let forged = forged(&other, |e| {
        with_body(e, 0, |body| body.replace(&signature(&body), &of_genuine));
        let sha256 = e.entries[0].sha256.clone().expect("a digest");
        e.decision.listed[0].sha256 = sha256;
    });
    let bytes = forged.to_bytes().expect("JSON");
    let verdict = check(&bytes, PROVIDERS, None);
    assert!(verdict.holds, "it agrees with itself: {:?}", verdict.findings);
    assert_eq!(places(&verdict.against(&genuine.head)), ["head"]);
    let verdict = check(&bytes, PROVIDERS, Some(&proofs(&forged)));
    assert_eq!(verdict.findings[0].problem, Problem::NotSigned);
    assert_eq!(places(&verdict), ["entries[0].body"]);
}

/// The key that verified a message is a word of whoever made the file; the keys know better.
#[test]
fn another_key_than_the_file_says_is_named() {
    let forged = forged(&refunded(), |e| e.entries[0].verified_by = Some("mine".to_owned()));
    assert!(checked(&forged).holds);
    let bytes = forged.to_bytes().expect("JSON");
    let verdict = check(&bytes, PROVIDERS, Some(&proofs(&forged)));
    assert_eq!(places(&verdict), ["entries[0].verified_by"]);
}

/// What was told without bytes is bound to its entry.
#[test]
fn what_was_told_of_another_message_is_named() {
    let [cascade, ..] = all();
    let place = cascade.entries.iter().position(|entry| !entry.told.is_empty()).expect("an answer");
    let of = |change: fn(&mut quittance_evidence::Entry)| {
        let verdict = checked(&forged(&cascade, |e| change(&mut e.entries[place])));
        verdict.findings.into_iter().map(|finding| finding.place).collect::<Vec<_>>()
    };
    let told = [format!("entries[{place}].told")];
    assert_eq!(of(|e| e.sha256 = Some("11".repeat(32))), told);
    assert_eq!(of(|e| e.at = "2026-11-22T10:00:00Z".to_owned()), told);
    assert_eq!(of(|e| e.told = vec!["AAAA".to_owned()]), told);
    assert_eq!(of(|e| e.states.clear()), [format!("entries[{place}].states")]);
    assert_eq!(
        of(|e| e.kept_for = "worldline/DemoMerchant/test/W-1".to_owned()),
        [format!("entries[{place}].kept_for")]
    );
    assert_eq!(Policy::default(), cascade.policy().expect("a policy"));
}
