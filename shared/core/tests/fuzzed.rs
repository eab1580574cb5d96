//! What the fuzz targets have found, each cut down to what matters. (`docs/fuzzing.md`)

#[allow(dead_code, reason = "other tests need more of it")]
mod common;

use quittance_core::limits::MAX_AMOUNT;
use quittance_core::{Order, Policy, Statement};
use quittance_testing::lyra::Form;

use crate::common::{read_lyra, receipt, statement};

fn said(form: &Form) -> Statement {
    statement(read_lyra(&form.body()))
}

fn paid() -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, "CAPTURED")
}

/// The order was released, and the next decision called the refund that came before it a reversal.
#[test]
fn a_refund_before_the_capture_holds_whatever_its_currency_and_amount() {
    let policy = Policy::default();
    let refund =
        |amount| Form::refund("CMD-1", "abc123", &"c".repeat(32), "CB", amount, "CAPTURED");
    for early in [refund(12_000).with("vads_currency", "840"), refund(0)] {
        let mut order = Order::new(said(&early).key);
        order.take(&said(&early), &receipt(0), policy).unwrap();
        order.take(&said(&paid()), &receipt(1), policy).unwrap();
        assert!(order.fulfilment.is_none(), "{:#?}", order.summary(policy));
        let why = order.view(policy, receipt(2).received_at).explanation.unwrap();
        assert!(why.contains("given back"), "{why}");
        let once = order.clone();
        order.decide(receipt(2).received_at, policy);
        assert_eq!(order, once);
    }
}

/// Sums of amounts that no parser lets through, but that an item could hold, overflowed.
#[test]
fn an_item_with_amounts_beyond_the_bound_is_not_read() {
    let mut order = Order::new(said(&paid()).key);
    order.take(&said(&paid()), &receipt(0), Policy::default()).unwrap();
    let item = serde_json::to_string(&order).unwrap();
    let with = |amount: u64| {
        let changed = item.replacen("\"a\":10000", &format!("\"a\":{amount}"), 1);
        assert_ne!(changed, item);
        serde_json::from_str::<Order>(&changed).is_ok()
    };
    assert!(with(2 * MAX_AMOUNT));
    assert!(!with(2 * MAX_AMOUNT + 1));
    assert!(!with(u64::MAX));
}
