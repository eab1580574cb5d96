//! Anything as an order that the table holds: what is stored, as JSON that the mutator knows how to change, or
//! any bytes.
#![no_main]

use quittance_psp::PROVIDERS;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use quittance_core::{PaymentName, Reading, Statement, stored};
use quittance_fuzz::{gateway, invariants, mutate, seeds};
use quittance_testing::lyra::Form;

/// What an honest form says.
static SINGLE: LazyLock<Statement> = LazyLock::new(|| {
    let form = Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED").body();
    match gateway::read(form.as_bytes()) {
        Ok(Reading::Order(statement)) => *statement,
        other => panic!("{other:?}"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::json(data, size, max_size, seed, &seeds::ORDERS)
});

fuzz_target!(|item: &[u8]| {
    let packed = serde_json::from_slice(item).map(|stored| stored::pack(&stored));
    let bytes = packed.map_or_else(|_| item.to_vec(), |packed| packed.expect("bytes"));
    let key = "systempay/12345678/test/CMD-1".parse().expect("a key");
    let Ok(order) = stored::decode(&bytes, key, PROVIDERS) else { return };
    invariants::reads_back(&order);
    for policy in invariants::POLICIES {
        let now = invariants::moment(1_000_000);
        let view = order.view(policy, now, PROVIDERS);
        serde_json::to_string(&view).expect("a view is JSON");
        let _ = (order.headline(policy).say(PROVIDERS), order.unsent_messages(policy, now));

        // Whatever was there, it learns and decides.
        let mut order = order.clone();
        order.decide(now, policy);
        let once = order.clone();
        order.decide(now, policy);
        assert_eq!(order, once, "decided twice");
        let _ = order.take(&SINGLE, &invariants::receipt(0), policy);
        invariants::reads_back(&order);
        let mut joined = once;
        joined.absorb(order.clone());
        joined.absorb_payment(&order, PaymentName::new("20261122-abc123"));
        invariants::reads_back(&joined);
    }
});
