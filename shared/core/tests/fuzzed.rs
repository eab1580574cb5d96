//! What the fuzz targets have found, each cut down to what matters. (`docs/fuzzing.md`)

#[allow(dead_code, reason = "other tests need more of it")]
mod common;

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
