//! Any bytes as REST answers, one a line, signed: verified, read, folded, and held to the invariants.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::{Fact, Kind, Reading, ShareFact, Statement, Status};
use quittance_fuzz::{gateway, invariants, mutate, seeds, thorough};
use quittance_testing::SITE;
use serde_json::Value;

/// Most answers in one story.
const MOST: usize = 8;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::json(data, size, max_size, seed, &seeds::ANSWERS)
});

fuzz_target!(|lines: &[u8]| {
    let mut readings = Vec::new();
    for answer in lines.split(|byte| *byte == b'\n').take(MOST) {
        // The same text under the other password speaks of the other mode.
        let [test, production] = gateway::KEYS.map(|key| {
            let body = gateway::rest_body(answer, gateway::hash(key.password, answer).as_bytes());
            if thorough(lines) {
                assert_eq!(gateway::judge(body.as_bytes()), Ok(key.mode));
            }
            let reading = gateway::read(body.as_bytes()).expect("its own hash");
            if let Reading::Order(statement) = &reading {
                assert_eq!((statement.key.merchant.as_str(), statement.key.mode), (SITE, key.mode));
                // Numbers that are passed over may be beyond what a JSON value can hold.
                if let Ok(answer) = serde_json::from_slice::<Value>(answer) {
                    assert_eq!(answer["orderDetails"]["mode"], key.word);
                    says(&answer, statement);
                }
            }
            reading
        });
        let both = matches!((&test, &production), (Reading::Order(_), Reading::Order(_)));
        assert!(!both, "of both modes");
        readings.extend([test, production]);
    }
    invariants::hold(lines, &readings);
});

/// Each transaction is a share, with what it says.
fn says(answer: &Value, statement: &Statement) {
    let shares: Vec<_> = statement
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Share(share) => Some(share),
            Fact::Total(_) => None,
        })
        .collect();
    let none = Vec::new();
    let transactions = answer["transactions"].as_array().unwrap_or(&none);
    assert_eq!(shares.len(), transactions.len());
    for (share, transaction) in shares.iter().zip(transactions) {
        worth(transaction, share);
        if matches!(share.meaning.status, Status::Captured | Status::Refunded) {
            assert_eq!(transaction["detailedStatus"], "CAPTURED");
        }
    }
    for fact in &statement.facts {
        if let Fact::Total(total) = fact {
            let details = &answer["orderDetails"];
            assert_eq!(number(&details["orderTotalAmount"]), total.amount);
            assert_eq!(details["orderCurrency"], total.currency.code());
            assert_eq!(total.first_instalment, None);
        }
    }
}

/// A share is worth one of the two amounts of its transaction, and a debit no more than what was asked for.
fn worth(transaction: &Value, share: &ShareFact) {
    let details = &transaction["transactionDetails"];
    let asked = (number(&transaction["amount"]), &transaction["currency"]);
    let effective = (number(&details["effectiveAmount"]), &details["effectiveCurrency"]);
    let code = Value::from(share.currency.code());
    let is = |(amount, currency): (Option<u64>, &Value)| {
        amount == Some(share.amount) && *currency == code
    };
    // An effective amount need not say its currency.
    assert!(is(asked) || is(effective) || is((effective.0, asked.1)), "{transaction}\n{share:?}");
    if share.kind == Kind::Debit && *asked.1 == code {
        assert!(Some(share.amount) <= asked.0, "{transaction}\n{share:?}");
    }
}

/// A number, or its digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
