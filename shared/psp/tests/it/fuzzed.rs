//! What the fuzz targets have found, each cut down to what matters. (`docs/fuzzing.md`)

use quittance_core::limits::MAX_AMOUNT;
use quittance_core::{Fact, Order, Policy, Reading, Statement, stored};
use quittance_psp::PROVIDERS;
use quittance_testing::lyra::{Form, Share, answer, rest};
use quittance_testing::{REST_PASSWORD, rest_body};

use quittance_testing::read::{read_lyra, receipt, statement};

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
    let foreign =
        refund(12_000).with("vads_currency", "840").with("vads_effective_currency", "840");
    // Nothing that is given back holds nothing, and is no reversal either.
    for (early, held) in [(foreign, true), (refund(0), false)] {
        let mut order = Order::new(said(&early).key);
        order.take(&said(&early), &receipt(0), policy).unwrap();
        order.take(&said(&paid()), &receipt(1), policy).unwrap();
        assert_eq!(order.fulfilment().is_none(), held, "{:#?}", order.summary(policy));
        let why = order.view(policy, receipt(2).received_at, PROVIDERS).explanation;
        assert_eq!(why.is_some_and(|why| why.contains("refunded")), held);
        let once = order.clone();
        order.decide(receipt(2).received_at, policy);
        assert_eq!(order, once);
    }
}

/// Each stood under the name of the other, which it did not know for its own: every decision reversed it
/// again.
#[test]
fn two_refunds_that_name_each_other_are_two_reversals() {
    let policy = Policy::default();
    let mut order = Order::new(said(&paid()).key);
    order.take(&said(&paid()), &receipt(0), policy).unwrap();
    let names = ["20261122-aaa111-1", "20261122-bbb222-1"];
    for (uuid, trans_id) in [(names[0], "bbb222"), (names[1], "aaa111")] {
        let share = Share(uuid, "CB", 4_000, "CAPTURED");
        let mut refund = answer("CMD-1", trans_id, 4_000, ("PAID", "CLOSED"), &[share]);
        refund["transactions"][0]["operationType"] = "CREDIT".into();
        let refund = read_lyra(&rest_body(REST_PASSWORD, &refund.to_string()));
        order.take(&statement(refund), &receipt(1), policy).unwrap();
    }
    order.decide(receipt(2).received_at, policy);
    assert_eq!(order.reversals().len(), 2, "{:#?}", order.reversals());
}

/// Payments whose ids are empty were all one payment, and their orders one order.
#[test]
fn an_empty_id_in_an_answer_is_none() {
    let answer = |uuid: &str, trans_id: &str| {
        let share = Share(uuid, "CB", 10_000, "CAPTURED");
        read_lyra(&rest("", trans_id, 10_000, ("PAID", "CLOSED"), &[share]))
    };
    assert!(matches!(answer("", ""), Reading::Unreadable(_)));
    let uuid = "c".repeat(32);
    for (uuid, trans_id, share, order) in [
        (&*uuid, "", &*uuid, &*format!("tx:{uuid}")),
        ("", "abc123", "20261122-abc123-1", "tx:20261122-abc123"),
    ] {
        let said = statement(answer(uuid, trans_id));
        let Some(Fact::Share(fact)) = said.facts.first() else { panic!("{said:?}") };
        assert_eq!((fact.share.as_str(), said.key.order.as_str()), (share, order));
        assert_eq!((&fact.other_name, said.aliases.as_slice()), (&None, &[][..]));
    }
}

/// Sums of amounts that no parser lets through, but that an item could hold, overflowed.
#[test]
fn an_item_with_amounts_beyond_the_bound_is_not_read() {
    let mut order = Order::new(said(&paid()).key);
    order.take(&said(&paid()), &receipt(0), Policy::default()).unwrap();
    let item = stored::encode(&order).unwrap();
    // Numbers are stored seven bits a byte, the lowest first.
    let bytes = |mut number: u64| {
        let mut bytes = Vec::new();
        while number > 127 {
            bytes.push((number % 128) as u8 | 128);
            number /= 128;
        }
        bytes.push(number as u8);
        bytes
    };
    let with = |amount: u64| {
        let (old, new) = (bytes(10_000), bytes(amount));
        let at = item.windows(old.len()).position(|found| *found == old).unwrap();
        let changed = [&item[..at], &new, &item[at + old.len()..]].concat();
        stored::decode(&changed, order.key().clone(), PROVIDERS).is_ok()
    };
    assert!(with(2 * MAX_AMOUNT));
    assert!(!with(2 * MAX_AMOUNT + 1));
    assert!(!with(u64::MAX));
}

/// A list may give a transaction id of any length: what is too long to be a name is none, and the uuid names
/// the share.
#[test]
fn a_slot_is_no_longer_than_a_name() {
    let list = |id: &str| {
        format!(
            r#"{{"trans_id":"{id}","transactions":[{{"amount":2,"card_brand":"CB","sequence_number":5,"trans_status":"CAPTURED","trans_uuid":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}]}}"#
        )
    };
    for (id, named) in [("abc123".to_owned(), true), ("a".repeat(300), false)] {
        let form = Form::cascade("CMD-1", "abc123", 2, "CAPTURED", &[])
            .with("vads_payment_seq", &list(&id));
        let said = statement(read_lyra(&form.body()));
        let Some(Fact::Share(share)) = said.facts.first() else { panic!("a share") };
        assert_eq!(share.other_name.is_some(), named);
    }
}
