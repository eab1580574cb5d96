//! When the provider is asked about an order again.

use proptest::prelude::*;
use quittance_core::fold::Confirm;
use quittance_core::schedule::{self, GIVE_UP_SECONDS, UNHEARD_SECONDS, UNREACHED_SECONDS};
use quittance_core::{Policy, Standing, State, Statement};
use quittance_testing::lyra::Form;
use quittance_testing::worldline::{Payment, refund};

use super::story::{CAPTURED, Message, SECURED, Story, given, under};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The times that are documented, in seconds.
#[test]
fn a_provider_is_asked_for_five_weeks_or_three_days_and_five_minutes_after_it_was_not_reached() {
    assert_eq!(schedule::DAY, DAY);
    assert_eq!((GIVE_UP_SECONDS, UNHEARD_SECONDS), (35 * DAY, 3 * DAY));
    assert_eq!(UNREACHED_SECONDS, 5 * MINUTE);
}

/// Pauses between asks that bring nothing, in seconds, beginning at the last news; as long as the provider is asked.
fn pauses(story: &Story, policy: Policy) -> Vec<u64> {
    let order = story.order();
    let summary = order.summary(policy);
    let mut now = order.notifications().last().unwrap().received_at;
    let mut pauses = Vec::new();
    for asked in 0.. {
        let Some(due) = order.next_ask(&summary, asked, now) else { break };
        assert!(due >= now && asked < 100);
        pauses.push(due.seconds_since(now));
        now = due;
    }
    let is_over = order.notifications().last().unwrap().received_at.later(GIVE_UP_SECONDS).unwrap();
    let is_brief = now < is_over;
    assert_eq!(
        order.is_given_up(&summary, now),
        !pauses.is_empty() && !is_brief,
        "it ends when settled or given up, or soon"
    );
    pauses
}

fn voucher() -> Payment {
    Payment::new("CMD-1", "3254800001_0", 5412, 9, 10_000).acquired(6_000)
}

fn card(status: u64) -> Payment {
    Payment::new("CMD-1", "3254800002_0", 130, status, 10_000)
}

#[test]
fn what_is_half_paid_or_does_not_decide_is_asked_about_at_once_and_then_ever_more_rarely() {
    let held = [0, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, DAY];
    let half = given(&voucher()).is(State::PartiallyCaptured);
    assert_eq!(pauses(&half, CAPTURED)[..7], held);
    let confirming = Policy { confirm: Confirm::Ask, ..CAPTURED };
    let unconfirmed = under(confirming).then(&card(9)).is(State::Captured);
    assert_eq!(pauses(&unconfirmed, confirming)[..7], held);
    let denied =
        Form::single("CMD-1", "111111", "CB", 10_000, "AUTHORISED").with("vads_result", "05");
    assert_eq!(pauses(&given(&denied), CAPTURED)[0], 0, "in doubt");
    let open = pauses(&given(&card(51)), CAPTURED);
    assert_eq!(open[..2], [5 * MINUTE, 5 * MINUTE], "nothing is taken yet");
    assert_eq!(pauses(&given(&card(9)).is(State::Captured), CAPTURED), [0; 0], "settled");
}

#[test]
fn under_confirmation_what_the_provider_has_not_said_is_asked_about_at_once() {
    let confirming = Policy { confirm: Confirm::Ask, ..CAPTURED };
    let said =
        |message: &dyn Message| Statement { standing: Standing::Confirmed, ..message.said() };
    let is_urgent = |story: &Story| pauses(story, confirming).first() == Some(&0);
    let back = refund("CMD-1", "3254800002_1", 8, 4_000);
    let confirmed = under(confirming).then(&card(9)).then(&said(&card(9))).released();
    assert_eq!(pauses(&confirmed, confirming), [0; 0], "the provider said all of it");
    let refunded = confirmed.then(&back);
    assert!(is_urgent(&refunded), "a refund that it has not told");
    assert!(!is_urgent(&refunded.then(&said(&back))));
    let more = Payment::new("CMD-1", "3254800003_0", 130, 9, 10_000);
    let twice = under(confirming).then(&said(&card(9))).then(&more);
    assert!(is_urgent(&twice), "a capture that it has not told");
    assert!(!is_urgent(&twice.then(&said(&more))));
}

#[test]
fn what_is_authorised_is_asked_about_after_each_night() {
    let authorised = given(&Form::single("CMD-1", "111111", "CB", 10_000, "AUTHORISED"));
    let pauses = pauses(&authorised, CAPTURED);
    let order = authorised.order();
    let mut at = order.notifications().last().unwrap().received_at;
    let mut nights = 0;
    for pause in pauses {
        at = at.later(pause).unwrap();
        nights += u64::from(at.unix().rem_euclid(i64::try_from(DAY).unwrap()) == 30 * 60);
        assert!(pause <= DAY);
    }
    assert!(nights >= GIVE_UP_SECONDS / DAY, "each night, until it is given up: {nights}");
}

/// Another attempt of the buyer's is not looked for once the order was released, or paid and given back.
#[test]
fn what_was_lost_or_given_back_is_settled() {
    let lost = under(SECURED).then(&card(5)).released().then(&card(6));
    assert_eq!(pauses(&lost, SECURED), [0; 0]);
    let back = refund("CMD-1", "3254800001_1", 8, 6_000);
    let returned = given(&voucher()).then(&back).held();
    assert_eq!(pauses(&returned, CAPTURED), [0; 0]);
}

/// Found by the simulator: another attempt paid, and none of its notifications arrived.
#[test]
fn what_was_refused_and_never_registered_is_asked_about_for_as_long_as_another_attempt_may_be_told()
{
    let brief = [5 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY];
    let refused = given(&card(2)).is(State::Refused);
    let asked = pauses(&refused, CAPTURED);
    assert_eq!(asked[..6], brief);
    let longest_retries = 35 * HOUR + 10 * MINUTE;
    let until: u64 = asked.iter().sum();
    assert!((longest_retries..=UNHEARD_SECONDS + DAY).contains(&until), "{until}");
    let lyra = given(&Form::single("CMD-1", "111111", "CB", 10_000, "REFUSED"));
    assert_eq!(pauses(&lyra, CAPTURED), asked);
}

proptest! {
    #[test]
    fn an_open_order_is_asked_about_between_now_and_tomorrow_until_it_is_given_up(
        asked in any::<u32>(),
        later in 0..2 * GIVE_UP_SECONDS,
        status in prop::sample::select(vec![0_u64, 2, 5, 9, 46, 51, 91, 93]),
    ) {
        let story = given(&card(status));
        let order = story.order();
        let summary = order.summary(CAPTURED);
        let heard = order.notifications().last().unwrap().received_at;
        let now = heard.later(later).unwrap();
        let due = order.next_ask(&summary, asked, now);
        let is_open = order.next_ask(&summary, asked, heard).is_some();
        let is_brief = summary.state == State::Refused;
        let ends = if is_brief { UNHEARD_SECONDS } else { GIVE_UP_SECONDS };
        prop_assert_eq!(due.is_some(), is_open && later < ends);
        let is_given_up = is_open && !is_brief && later >= ends;
        prop_assert_eq!(order.is_given_up(&summary, now), is_given_up);
        if let Some(due) = due {
            prop_assert!(due >= now && due.seconds_since(now) <= DAY);
        }
    }
}
