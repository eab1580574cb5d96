//! `torture`: what it finds in receivers that have failures, and in those that have none.

mod command;
mod naive;
mod ours;
mod shop;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use self::naive::{Naive, Whose};
use self::shop::{Fault, Faults};
use crate::support::quittance;

/// What signs as Stripe and Standard Webhooks where no secret is given.
const DEMO_SECRET: &str = "whsec_cXVpdHRhbmNlLXRvcnR1cmUtZGVtby1zZWNyZXQ=";

/// What a run said.
struct Done {
    status: Option<i32>,
    said: Value,
    errors: String,
}

impl Done {
    /// The exhibits that found a failure, each with what was seen.
    fn failures(&self) -> Vec<String> {
        let all = self.said["exhibits"].as_array().into_iter().flatten();
        let failed = all.filter(|each| each["outcome"] == "failed");
        failed.map(|each| format!("{}: {}", each["name"], each["seen"])).collect()
    }

    /// The exhibits with this outcome.
    #[track_caller]
    fn names(&self, outcome: &str) -> BTreeSet<String> {
        let all = self.said["exhibits"].as_array().unwrap_or_else(|| panic!("{}", self.errors));
        let of = all.iter().filter(|each| each["outcome"] == outcome);
        of.filter_map(|each| each["name"].as_str().map(str::to_owned)).collect()
    }
}

/// Runs `torture` with more arguments, and counts lines of the file `effects` in the folder.
fn torture(url: &str, scheme: &str, folder: &Path, more: &[&str]) -> Done {
    let count = format!("grep -cxe \"$1\" '{}/effects'", folder.display());
    let args = ["torture", url, "--scheme", scheme, "--count-effects", &count, "--json"];
    let mut command = quittance(&[&args, more].concat());
    let done = command.env("PATH", "/usr/bin:/bin").output().expect("it starts");
    let said = serde_json::from_slice(&done.stdout).unwrap_or_default();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    Done { status: done.status.code(), said, errors }
}

/// What is found in a receiver with these failures.
fn found(whose: Whose, faults: &Faults, more: &[&str]) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    let naive = Naive::start(whose, faults, folder.path());
    let scheme = match whose {
        Whose::Worldline => "worldline",
        Whose::Lyra => "lyra",
        Whose::Standard => "standard-webhooks",
        Whose::Stripe => "stripe",
    };
    let restart = format!(": >'{}/restarted'", folder.path().display());
    torture(
        &naive.url,
        scheme,
        folder.path(),
        &[&["--restart", &restart, "--wait", "2"], more].concat(),
    )
}

/// With all failures each is found by its exhibits, and without it these find nothing.
fn each_is_found_by_its_own(whose: Whose, faults: &[(Fault, &[&str])]) {
    let all: Faults = faults.iter().map(|(fault, _)| *fault).collect();
    let done = found(whose, &all, &[]);
    assert_eq!(done.status, Some(1), "{}", done.errors);
    let failed = done.names("failed");
    for (fault, exhibits) in faults {
        for exhibit in *exhibits {
            assert!(failed.contains(*exhibit), "{fault:?} is not found by {exhibit}: {failed:?}");
        }
        let without: Faults = all.iter().copied().filter(|other| other != fault).collect();
        let only = exhibits.iter().flat_map(|exhibit| ["--only", *exhibit]);
        let done = found(whose, &without, &only.collect::<Vec<_>>());
        assert_eq!(
            done.status,
            Some(0),
            "without {fault:?}: {:?} {}",
            done.failures(),
            done.errors
        );
    }
    assert!(failed.len() >= 5, "{failed:?}");
}

#[test]
fn failures_of_a_naive_worldline_receiver_are_found_one_by_one() {
    each_is_found_by_its_own(
        Whose::Worldline,
        &[
            (Fault::SignatureOptional, &["missing-signature"]),
            (Fault::ComparesWhatCame, &["empty-signature", "shortened-signature"]),
            (Fault::WritesAgain, &["odd-bytes"]),
            (Fault::ByDelivery, &["new-delivery-id", "late-pending", "paid-twice"]),
            (Fault::InMemory, &["delivered-after-restart"]),
            (Fault::LooksThenActs, &["delivered-at-once"]),
            (Fault::AnyAmount, &["voucher-alone", "voucher-and-refused-card", "paid-less"]),
            (Fault::RefusalCloses, &["refused-then-paid"]),
            (Fault::OneWord, &["contradiction"]),
            (Fault::RefusesUnknown, &["unknown-event"]),
        ],
    );
}

#[test]
fn failures_of_a_naive_lyra_receiver_are_found_one_by_one() {
    each_is_found_by_its_own(
        Whose::Lyra,
        &[
            (Fault::SignatureOptional, &["missing-signature"]),
            (Fault::BrowserReturn, &["browser-return"]),
            (Fault::LastField, &["repeated-field"]),
            (Fault::ReservedIsTaken, &["authorised-alone", "voucher-and-reserved-card"]),
            (Fault::AnyAmount, &["paid-less"]),
            (Fault::AnyCurrency, &["another-currency"]),
            (Fault::RefundPays, &["refund-first"]),
            (Fault::ByDelivery, &["new-delivery-id"]),
            (Fault::RemembersFirst, &["no-patience"]),
        ],
    );
}

#[test]
fn failures_of_a_naive_stripe_receiver_are_found_one_by_one() {
    each_is_found_by_its_own(
        Whose::Stripe,
        &[
            (Fault::AnyTime, &["old-signature", "early-signature"]),
            (Fault::FirstSignature, &["two-signatures"]),
            (Fault::WritesAgain, &["odd-bytes"]),
            (Fault::ByDelivery, &["new-delivery-id", "paid-twice"]),
            (Fault::OneWord, &["contradiction"]),
            (Fault::AnyAmount, &["paid-less", "nothing-paid"]),
            (Fault::RefusesUnknown, &["unknown-event"]),
            (Fault::RefusalCloses, &["refused-then-paid"]),
            (Fault::RemembersFirst, &["no-patience"]),
        ],
    );
}

#[test]
fn a_receiver_without_failures_has_none() {
    for whose in [Whose::Standard, Whose::Stripe] {
        let done = found(whose, &Faults::new(), &[]);
        assert_eq!(done.status, Some(0), "{whose:?}: {:?} {}", done.failures(), done.errors);
        assert!(done.names("right").len() >= 30, "{:?}", done.names("right"));
    }
}
