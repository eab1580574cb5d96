//! What counted for a release before it was captured, and is lost.

use quittance_core::State;
use quittance_core::release::Cause;
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::story::{CARD, SECURED, VISA, VOUCHER, cascade, follow_up, given, now, pay, under, wl};

#[test]
fn a_share_that_counted_and_is_lost_is_one_reversal() {
    for status in ["CANCELLED", "REFUSED", "EXPIRED", "CAPTURE_FAILED", "ABANDONED", "NOT_CREATED"]
    {
        under(SECURED)
            .then(&pay("AUTHORISED"))
            .released()
            .then(&pay(status))
            .reversed(&[(10_000, Cause::Lost)])
            .repeats(&pay(status).sent_again("BO"))
            .reversed(&[(10_000, Cause::Lost)]);
        // What did not count, or was captured, is nothing lost.
        under(SECURED).then(&pay(status)).then(&pay("CAPTURED")).released().reversed(&[]);
        under(SECURED).then(&pay("CAPTURED")).then(&pay(status)).released().reversed(&[]);
        given(&pay("AUTHORISED")).then(&pay(status)).held().reversed(&[]);
    }
    for code in [6, 2, 1] {
        let story = under(SECURED).then(&wl("3254564310_0", VISA, 5)).released();
        let story = story.then(&wl("3254564310_0", VISA, code));
        // A refusal or a left page of an earlier attempt does not undo an authorisation.
        story.reversed(if code == 6 { &[(140_000, Cause::Lost)] } else { &[] });
    }
}

#[test]
fn what_is_only_delayed_is_not_lost() {
    for status in ["SUSPENDED", "CAPTURE_PENDING", "UNDER_VERIFICATION", "FUTURE_STATUS"] {
        under(SECURED).then(&pay("AUTHORISED")).then(&pay(status)).reversed(&[]);
    }
    for code in [91, 92, 93, 99, 61, 62, 63] {
        let mut told = wl("3254564310_0", VISA, code);
        if matches!(code, 61..=63) {
            told = wl("3254564310_0", VISA, 6);
            told.status.1 = code;
        }
        under(SECURED).then(&wl("3254564310_0", VISA, 5)).then(&told).reversed(&[]);
    }
}

#[test]
fn only_the_share_that_is_lost_is_told() {
    let lost = follow_up(2, "MERCH_BO", now(CARD, "CANCELLED"));
    under(SECURED)
        .then(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]))
        .released()
        .then(&lost)
        .reversed(&[(4_000, Cause::Lost)])
        .is(State::PartiallyCaptured);
    // Each that is lost is told whole.
    let reserved = [now(VOUCHER, "AUTHORISED"), now(CARD, "AUTHORISED")];
    under(SECURED)
        .then(&cascade("AUTHORISED", &reserved))
        .released()
        .then(&follow_up(1, "MERCH_BO", now(VOUCHER, "CANCELLED")))
        .then(&lost)
        .reversed(&[(6_000, Cause::Lost), (4_000, Cause::Lost)]);
    // An attempt that failed before the release did not count for it.
    let second = Form::single("CMD-1", "def456", "CB", 10_000, "AUTHORISED");
    under(SECURED)
        .then(&pay("REFUSED"))
        .then(&second)
        .released()
        .then(&pay("CANCELLED"))
        .reversed(&[]);
}

/// Told once by its uuid and once by its slot, it is one share.
#[test]
fn a_lost_share_under_another_name_is_one_reversal() {
    let bare = |status| pay(status).without("vads_trans_uuid");
    under(SECURED)
        .then(&bare("AUTHORISED"))
        .released()
        .then(&pay("AUTHORISED"))
        .then(&bare("CANCELLED"))
        .then(&pay("CANCELLED"))
        .reversed(&[(10_000, Cause::Lost)]);
}

#[test]
fn a_part_of_an_authorisation_that_is_cancelled_is_lost_and_the_rest_is_not() {
    let operation = |number: u64, code, amount| {
        let mut payment =
            Payment::new("CMD-1", &format!("3254564310_{number}"), VISA, code, amount);
        payment.acquired = (code == 9).then_some(amount);
        payment
    };
    let whole = wl("3254564310_0", VISA, 5);
    let (part, rest) = (operation(1, 6, 50_000), operation(2, 9, 90_000));
    given(&whole)
        .then(&part)
        .is(State::Authorised)
        .sums(140_000, 90_000, 0, 0)
        .then(&rest)
        .is(State::PartiallyCaptured)
        .sums(140_000, 0, 90_000, 0)
        .held();
    // In whatever order.
    for story in [[&part, &rest, &whole], [&rest, &part, &whole], [&rest, &whole, &part]] {
        let [one, two, three] = story;
        given(one).then(two).then(three).sums(140_000, 0, 90_000, 0).held();
    }
    under(SECURED)
        .then(&whole)
        .then(&rest)
        .released()
        .then(&part)
        .reversed(&[(50_000, Cause::Lost)]);
    under(SECURED).then(&part).then(&whole).held();
    let second = operation(2, 6, 90_000);
    under(SECURED)
        .then(&whole)
        .released()
        .then(&part)
        .reversed(&[(50_000, Cause::Lost)])
        .then(&second)
        .is(State::Cancelled)
        .sums(140_000, 0, 0, 0)
        .reversed(&[(50_000, Cause::Lost), (90_000, Cause::Lost)]);
    // No more is lost than was not captured.
    under(SECURED)
        .then(&whole)
        .then(&rest)
        .released()
        .then(&operation(3, 6, 40_000))
        .then(&operation(4, 6, 40_000))
        .reversed(&[(40_000, Cause::Lost), (10_000, Cause::Lost)]);
    // The payment itself cancelled after a part was captured: the rest is lost.
    under(SECURED)
        .then(&whole)
        .then(&operation(1, 9, 50_000))
        .released()
        .then(&wl("3254564310_0", VISA, 6))
        .sums(140_000, 0, 50_000, 0)
        .reversed(&[(90_000, Cause::Lost)]);
    // A Lyra transaction is captured once: what was reserved beyond that is lost.
    under(SECURED)
        .then(&pay("AUTHORISED"))
        .released()
        .then(&pay("CAPTURED").with("vads_effective_amount", "8000"))
        .sums(10_000, 0, 8_000, 0)
        .reversed(&[(2_000, Cause::Lost)]);
}

/// The capture in between is told late: what counted is told once, as lost.
#[test]
fn what_was_told_as_lost_is_not_told_again_as_given_back() {
    let payment = |code| wl("3254564310_0", VISA, code);
    let back = |amount| refund("CMD-1", "3254564310_1", 8, amount);
    under(SECURED)
        .then(&payment(5))
        .then(&payment(6))
        .reversed(&[(140_000, Cause::Lost)])
        .then(&payment(9))
        .then(&back(140_000))
        .reversed(&[(140_000, Cause::Lost)]);
    // Of a part, too.
    under(SECURED)
        .then(&payment(5))
        .then(&Payment::new("CMD-1", "3254564310_1", VISA, 6, 50_000))
        .reversed(&[(50_000, Cause::Lost)])
        .then(&payment(9))
        .then(&refund("CMD-1", "3254564310_2", 8, 140_000))
        .reversed(&[(50_000, Cause::Lost), (90_000, Cause::Refund)]);
    // Nor the other way round.
    under(SECURED)
        .then(&payment(5))
        .then(&back(140_000))
        .reversed(&[(140_000, Cause::Refund)])
        .then(&payment(6))
        .reversed(&[(140_000, Cause::Refund)]);
}
