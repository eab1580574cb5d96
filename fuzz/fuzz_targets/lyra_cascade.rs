//! Any bytes as the list of shares of an otherwise honest cascade.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::limits::MAX_SHARES_PER_NOTIFICATION;
use quittance_core::{Fact, Kind, Reading, Standing, Statement, Status};
use quittance_fuzz::gateway::Field;
use quittance_fuzz::{gateway, invariants, mutate, seeds};
use quittance_testing::FORM_KEY;
use quittance_testing::lyra::{Form, Share};
use serde_json::Value;

/// What the cascade costs, in minor units.
const AMOUNT: u64 = 10_000;

/// The fields of the cascade, with a list that is replaced.
static CASCADE: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let shares = [
        Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED"),
        Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED"),
    ];
    let form = Form::cascade("CMD-1", "abc123", AMOUNT, "CAPTURED", &shares);
    form.fields().into_iter().map(|(name, value)| (name.into(), value.into())).collect()
});

/// Another payment of the same order, whose name may be that of a share.
static SINGLE: LazyLock<Reading> = LazyLock::new(|| {
    let form = Form::single("CMD-1", "abc123", "CB", AMOUNT, "CAPTURED");
    gateway::read(form.body().as_bytes()).expect("its own signature")
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::json(data, size, max_size, seed, &seeds::LISTS)
});

fuzz_target!(|list: &[u8]| {
    let mut fields = CASCADE.clone();
    for (name, value) in &mut fields {
        if name == b"vads_payment_seq" {
            *value = list.to_vec();
        }
    }
    let signature = gateway::signature(FORM_KEY, &fields).into_bytes();
    fields.push((b"signature".to_vec(), signature));
    let body =
        gateway::body(fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
    let reading = gateway::read(body.as_bytes()).expect("its own signature");

    if let Reading::Order(statement) = &reading {
        // Numbers that are passed over may be beyond what a JSON value can hold.
        if let Ok(list) = serde_json::from_slice::<Value>(list) {
            says(&list, statement);
        }
    }
    invariants::hold(list, &[reading, SINGLE.clone()]);
});

/// Each element is a share, with what it says.
fn says(list: &Value, statement: &Statement) {
    let elements = match (&list["transactions"], &list["transaction"]) {
        (Value::Array(elements), Value::Null) | (Value::Null, Value::Array(elements)) => elements,
        lists => panic!("two lists or none: {lists:?}"),
    };
    assert!((1..=MAX_SHARES_PER_NOTIFICATION).contains(&elements.len()));
    let shares = statement.facts.iter().filter_map(|fact| match fact {
        Fact::Share(share) => Some(share),
        Fact::Total(_) => None,
    });
    let shares: Vec<_> = shares.collect();
    assert_eq!(shares.len(), elements.len());
    let mut captured = 0;
    for (share, element) in shares.iter().zip(elements) {
        assert_eq!(number(&element["amount"]), Some(share.amount));
        assert_eq!(number(&element["sequence_number"]), share.sequence.map(u64::from));
        assert_eq!(text(&element["trans_status"]).as_deref(), share.said.word.as_deref());
        assert_eq!(text(&element["card_brand"]).as_deref(), Some(share.method.as_str()));
        let kind = match text(&element["operation_type"]).as_deref() {
            None | Some("DEBIT") => Kind::Debit,
            Some("CREDIT") => Kind::Credit,
            Some("VERIFICATION") => Kind::Verification,
            other => panic!("no operation: {other:?}"),
        };
        assert_eq!(share.kind, kind);
        if kind == Kind::Debit && share.said.word.as_deref() == Some("CAPTURED") {
            assert_eq!(share.meaning.status, Status::Captured);
            captured += share.amount;
        }
    }
    // The only money is that of the list.
    let mut order = quittance_core::Order::new(statement.key.clone());
    let policy = invariants::POLICIES[0];
    let _ = order.take(statement, &invariants::receipt(0), policy);
    let summary = order.summary(policy);
    assert!(summary.captured <= captured);
    assert!(!summary.releasable || captured >= AMOUNT && statement.standing == Standing::Sound);
}

/// A number, or its digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A text, or a number's digits.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}
