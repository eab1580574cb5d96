//! How an order is shown in one line, and until when its voucher can be given back.

use quittance_core::view::VOUCHER_REFUND_SECONDS;
use quittance_psp::PROVIDERS;
use quittance_psp::{lyra, worldline};

use quittance_core::fold::Confirm;
use quittance_core::{Currency, Flag, Order, Policy};
use quittance_testing::read::receipt;
use quittance_testing::worldline::refund;

use super::story::{
    CAPTURED, CARD, Story, VISA, VOUCHER, cascade, follow_up, give_back, given, now, pay, under, wl,
};

#[test]
fn a_headline_says_what_was_captured_of_what() {
    let half = || given(&cascade("CAPTURED", &[VOUCHER, now(CARD, "REFUSED")]));
    let follow_up = |status| follow_up(1, "BATCH", now(CARD, status));
    let refunded = given(&pay("CAPTURED")).then(&give_back('c', 2_000, "CAPTURED"));
    for (story, line) in [
        (given(&pay("CAPTURED")), "captured 100.00 EUR"),
        (given(&pay("REFUSED")), "refused 100.00 EUR"),
        (half(), "partially_captured 60.00 EUR of 100.00 EUR"),
        (refunded, "partially_refunded 100.00 EUR"),
        // What the order costs is not known.
        (given(&follow_up("CAPTURED")), "partially_captured 40.00 EUR [ambiguous]"),
        (given(&follow_up("REFUSED")), "pending [ambiguous]"),
    ] {
        let shown = story.order().headline(CAPTURED).say(PROVIDERS);
        let shown = shown.split(';').next().unwrap();
        assert_eq!(shown, format!("CMD-1 {line}"));
    }
}

/// The limits that providers set, in seconds.
#[test]
fn sessions_and_windows_are_as_long_as_the_providers_say() {
    let (minute, hour) = (60, 3_600);
    assert_eq!(lyra::SESSION_SECONDS, 10 * minute);
    assert_eq!(worldline::SESSION_SECONDS, 3 * hour);
    assert_eq!(VOUCHER_REFUND_SECONDS, 4 * hour);
}

#[test]
fn a_voucher_can_be_given_back_for_so_long_after_the_last_notification() {
    let first = given(&pay("AUTHORISED"));
    let at = |story: &Story| story.order().notifications().last().unwrap().received_at;
    let one = at(&first);
    assert_eq!(
        first.order().voucher_is_lost_after().unwrap().seconds_since(one),
        VOUCHER_REFUND_SECONDS
    );
    let second = first.then(&pay("CAPTURED"));
    let two = at(&second);
    assert_ne!(one, two);
    assert_eq!(
        second.order().voucher_is_lost_after().unwrap().seconds_since(two),
        VOUCHER_REFUND_SECONDS
    );
    let nothing = Order::new(second.order().key().clone());
    assert_eq!(nothing.voucher_is_lost_after(), None);
}

#[test]
fn of_a_released_order_a_doubt_is_shown_unless_it_is_only_about_what_is_left() {
    let flags = |story: &Story| story.order().flags(CAPTURED, receipt(600).received_at);
    // Two payments after a refund: either may state what both have reached.
    let unsure = given(&wl("3254800001_0", VISA, 9))
        .released()
        .then(&refund("CMD-1", "3254800001_1", 8, 60_000))
        .then(&wl("3254800002_0", VISA, 9).acquired(100_000))
        .flagged_with(Flag::Ambiguous);
    assert!(!flags(&unsure).contains(&Flag::Ambiguous));
    // A message about the refund contradicts itself.
    let back = give_back('c', 2_000, "CAPTURED").with("vads_result", "05");
    let doubted = given(&pay("CAPTURED")).released().then(&back).flagged_with(Flag::Ambiguous);
    assert!(flags(&doubted).contains(&Flag::Ambiguous));
}

#[test]
fn of_a_released_order_nobody_waits_for_the_providers_word() {
    let confirming = Policy { confirm: Confirm::Ask, ..CAPTURED };
    let told = under(confirming).then(&pay("CAPTURED")).held().flagged([Flag::Unconfirmed]);
    let flags = |story: &Story| story.order().flags(confirming, receipt(600).received_at);
    assert_eq!(flags(&told), [Flag::Unconfirmed].into());
    // Under the policy of then it was released.
    let released = given(&pay("CAPTURED")).released();
    assert_eq!(flags(&released), [].into());
}

#[test]
fn an_order_is_blank_until_something_is_known_of_it() {
    let told = given(&pay("REFUSED"));
    assert!(!told.order().is_blank());
    assert_eq!(told.order().session_seconds(), lyra::SESSION_SECONDS);
    let bare = Order::new(told.order().key().clone());
    assert!(bare.is_blank());
    let mut registered = bare;
    let euro = Currency::from_alpha("EUR").unwrap();
    registered.register(10_000, euro, receipt(0).received_at, CAPTURED).unwrap();
    assert!(!registered.is_blank());
}
