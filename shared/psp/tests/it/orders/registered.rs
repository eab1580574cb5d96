//! What the merchant says the order costs.

use quittance_core::order::AlreadyPaid;
use quittance_core::{Currency, Flag, Order, Outcome, State};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::Payment;

use super::story::{CAPTURED, Message, VISA, given, pay, under, wl};
use quittance_testing::read::receipt;

fn other(amount: u64, status: &str) -> Form {
    Form::single("CMD-1", "def456", "CB", amount, status)
}

/// A cart that changed: the dead attempt's amount, or its currency, holds the order until the merchant says
/// what it costs.
#[test]
fn a_dead_attempt_holds_nothing_once_the_amount_is_registered() {
    for lost in ["REFUSED", "CANCELLED", "ABANDONED", "EXPIRED"] {
        let dollars =
            other(12_000, lost).with("vads_currency", "840").with("vads_effective_currency", "840");
        for (dead, flag) in
            [(other(12_000, lost), Flag::AmountMismatch), (dollars, Flag::CurrencyMismatch)]
        {
            given(&dead)
                .then(&pay("CAPTURED"))
                .flagged([flag])
                .held()
                .registered(10_000)
                .is(State::Captured)
                .sums(10_000, 0, 10_000, 0)
                .flagged([])
                .released();
            under(CAPTURED).registered(10_000).then(&dead).held().then(&pay("CAPTURED")).released();
        }
    }
    given(&wl("3254564310_0", VISA, 2))
        .then(&Payment::new("CMD-1", "3254564399_0", VISA, 9, 90_000))
        .flagged([Flag::AmountMismatch])
        .registered(90_000)
        .flagged([])
        .released();
}

#[test]
fn a_registered_amount_is_what_the_order_costs() {
    under(CAPTURED).registered(10_000).is(State::Pending).sums(10_000, 0, 0, 0).flagged([]).held();
    // Notifications can only disagree.
    under(CAPTURED)
        .registered(12_000)
        .then(&pay("CAPTURED"))
        .is(State::PartiallyCaptured)
        .sums(12_000, 0, 10_000, 0)
        .flagged([Flag::AmountMismatch])
        .held();
    under(CAPTURED).registered(8_000).then(&pay("CAPTURED")).flagged([Flag::Overpaid]).released();
    // Money in another currency covers nothing of it.
    let dollars =
        pay("CAPTURED").with("vads_currency", "840").with("vads_effective_currency", "840");
    under(CAPTURED)
        .registered(10_000)
        .then(&dollars)
        .sums(10_000, 0, 0, 0)
        .flagged([Flag::CurrencyMismatch])
        .held();
}

/// A part tells nothing of the whole: with the whole registered, that is known.
#[test]
fn a_registered_amount_says_what_parts_do_not() {
    let part =
        |number: u64| Payment::new("CMD-1", &format!("3254564310_{number}"), VISA, 9, 70_000);
    given(&part(1)).flagged([Flag::Ambiguous]).held().registered(70_000).flagged([]).released();
    given(&part(1))
        .registered(140_000)
        .held()
        .then(&wl("3254564310_0", VISA, 5))
        .then(&part(2))
        .released();
    // Captures add up to what was registered, also before the payment itself is known.
    let other =
        |number, amount| Payment::new("CMD-1", &format!("3254564310_{number}"), VISA, 9, amount);
    given(&other(1, 60_000)).registered(140_000).held().then(&other(2, 80_000)).released();
    given(&other(1, 140_000))
        .registered(140_000)
        .then(&other(2, 140_000))
        .sums(140_000, 0, 140_000, 0);
    let share = pay("CAPTURED").sent_again("BATCH");
    given(&share).flagged([Flag::Ambiguous]).held().registered(10_000).flagged([]).released();
}

#[test]
fn another_amount_is_taken_until_something_is_paid() {
    let euro = Currency::from_alpha("EUR").unwrap();
    let at = receipt(9).received_at;
    let mut order = Order::new(pay("REFUSED").said().key);
    let register = |order: &mut Order, amount| order.register(amount, euro, at, CAPTURED);
    assert!(matches!(register(&mut order, 10_000), Ok(Outcome::Changed(_))));
    assert_eq!(register(&mut order, 10_000), Ok(Outcome::Known));
    assert!(matches!(register(&mut order, 9_000), Ok(Outcome::Changed(_))));
    order.take(&other(9_000, "AUTHORISED").said(), &receipt(10), CAPTURED).unwrap();
    assert_eq!(register(&mut order, 10_000), Err(AlreadyPaid));
    assert_eq!(register(&mut order, 9_000), Ok(Outcome::Known));
}

/// What was paid in any currency keeps the amount as it is. But a currency that was named by mistake, in which nothing was
/// paid, is put right.
#[test]
fn money_in_another_currency_keeps_the_amount_too() {
    let [euro, dollar] = ["EUR", "USD"].map(|code| Currency::from_alpha(code).unwrap());
    let at = receipt(9).received_at;
    let dollars = |status: &str| {
        other(9_000, status).with("vads_currency", "840").with("vads_effective_currency", "840")
    };
    for status in ["AUTHORISED", "CAPTURED"] {
        let mut order = Order::new(pay("REFUSED").said().key);
        order.register(10_000, euro, at, CAPTURED).unwrap();
        order.take(&dollars(status).said(), &receipt(10), CAPTURED).unwrap();
        let mut register = |amount, currency| order.register(amount, currency, at, CAPTURED);
        assert_eq!(register(4_000, euro), Err(AlreadyPaid));
        assert!(matches!(register(9_500, dollar), Ok(Outcome::Changed(_))));
        assert_eq!(register(9_000, dollar), Err(AlreadyPaid), "now it is the right one");
        assert_eq!(register(10_000, euro), Err(AlreadyPaid));
    }
}
