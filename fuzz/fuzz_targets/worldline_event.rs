//! Any bytes as the body of a Worldline event, signed: read, folded, and held to the invariants.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::{Fact, Kind, Mode, Reading, Standing, Status};
use quittance_fuzz::{
    BOUND_KEY_ID, BOUND_SECRET, WORLDLINE_KEYS, invariants, mutate, seeds, thorough,
};
use quittance_psp::worldline;
use quittance_testing::worldline::MERCHANT;
use quittance_testing::{KEY_ID, SECRET, worldline_signature};
use serde_json::Value;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::json(data, size, max_size, seed, &seeds::EVENTS)
});

fuzz_target!(|body: &[u8]| {
    let readings = read(KEY_ID, SECRET, body);
    invariants::hold(body, &readings);
    if let Some(event) = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object) {
        readings.iter().for_each(|reading| says(&event, reading));
    }
    if !thorough(body) {
        return;
    }
    assert_eq!(readings, read(KEY_ID, SECRET, body), "read twice");

    // The same under a key that may speak for one merchant only.
    let bound = read(BOUND_KEY_ID, BOUND_SECRET, body);
    assert_eq!(bound.len(), readings.len());
    for (free, bound) in readings.iter().zip(&bound) {
        match (free, bound) {
            (Reading::Order(free), Reading::Order(bound)) => {
                assert_eq!((&*free.key.merchant, free.key.mode), (MERCHANT, Mode::Test));
                assert_eq!((&*bound.key.merchant, bound.key.mode), (MERCHANT, Mode::Production));
                assert_eq!((&free.facts, &free.doubt), (&bound.facts, &bound.doubt));
            }
            (Reading::Order(free), Reading::Unreadable(_)) => {
                assert_ne!(free.key.merchant, MERCHANT);
            }
            (Reading::Unreadable(_), Reading::Unreadable(_)) => {}
            (free, bound) => assert_eq!(free, bound),
        }
    }
});

fn read(key_id: &str, secret: &str, body: &[u8]) -> Vec<Reading> {
    let signature = worldline_signature(secret, body);
    let signatures = [signature.as_bytes()];
    let verified = worldline::verify(&WORLDLINE_KEYS, &signatures, &[key_id.as_bytes()], body);
    worldline::read(&verified.expect("its own signature"))
}

/// Money is taken only where number, word and acquired amount say so. (worldline.md 3 and 4)
fn says(event: &Value, reading: &Reading) {
    let Reading::Order(statement) = reading else { return };
    let sound = statement.standing() == Standing::Sound;
    for fact in &statement.facts {
        let Fact::Share(share) = fact else { continue };
        match share.meaning.status {
            Status::Captured => {
                assert!(sound);
                let payment = &event["payment"];
                assert_eq!(payment["status"], "CAPTURED");
                assert_eq!(number(&payment["statusOutput"]["statusCode"]), Some(9));
                let category = &payment["statusOutput"]["statusCategory"];
                assert!(category.is_null() || category == "COMPLETED");
                let acquired = &payment["paymentOutput"]["acquiredAmount"];
                assert_eq!(number(&acquired["amount"]), Some(share.meaning.worth));
                assert_eq!(acquired["currencyCode"], share.currency.code());
                assert!(share.meaning.worth > 0 && share.kind == Kind::Debit);
            }
            Status::Refunded => {
                assert!(sound);
                let of = |name: &str, output: &str| {
                    let amount = &event[name][output]["amountOfMoney"];
                    number(&amount["amount"]) == Some(share.meaning.worth)
                        && amount["currencyCode"] == share.currency.code()
                };
                assert!(of("refund", "refundOutput") || of("payment", "paymentOutput"));
            }
            _ => {}
        }
    }
}

/// A whole number, in digits or as JSON has it.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
