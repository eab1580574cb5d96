//! What can be read in more than one way: it has a room of its own, and nothing else depends on it.

use quittance_core::limits::{
    MAX_DOUBTFUL_BYTES_PER_ORDER, MAX_DOUBTFUL_FACTS_PER_ORDER,
    MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER, MAX_LINE_CHARACTERS,
};
use quittance_core::order::OrderFull;
use quittance_core::{Fact, Flag, Order, Outcome, Standing, State, Status};
use quittance_psp::PROVIDERS;
use quittance_testing::lyra::{Form, Share};

use super::story::{CAPTURED, CARD, Message, VOUCHER, cascade, give_back, given, pay};
use quittance_testing::read::receipt;

fn respelt(form: Form) -> Form {
    form.with("vads_invented", "x")
}

/// An order under attack, after so many doubtful statements.
fn crowded(key: &str) -> Order {
    let mut order = Order::new(pay("CAPTURED").said().key.sibling(key).unwrap());
    for n in 0..600 {
        let id = format!("{n:06}");
        let form = respelt(Form::single("CMD-1", &id, "CB", 10_000, "CAPTURED"));
        let _ = order.take(&form.said(), &receipt(n), CAPTURED);
    }
    order
}

#[test]
fn doubts_are_bounded_in_number() {
    // One share a form, and the total of its payment.
    let order = crowded("CMD-1");
    let doubtful = |order: &Order| order.facts().iter().filter(|(_, s)| s.is_doubtful()).count();
    assert_eq!(doubtful(&order), MAX_DOUBTFUL_FACTS_PER_ORDER);
    assert_eq!(order.notifications().len(), MAX_DOUBTFUL_FACTS_PER_ORDER / 2);
    // Several a form.
    let mut order = Order::new(order.key().clone());
    for n in 0..16 {
        let shares: Vec<String> = (0..5).map(|k| format!("{n:016}{k:016}")).collect();
        let shares: Vec<Share<'_>> =
            shares.iter().map(|s| Share(s, "CB", 100, "REFUSED")).collect();
        let taken = order.take(&respelt(cascade("REFUSED", &shares)).said(), &receipt(n), CAPTURED);
        assert_eq!(taken.is_ok(), n < 6, "{n}: six of five shares and one total have room");
    }
    assert_eq!(doubtful(&order), 31);
}

#[test]
fn doubts_are_bounded_in_bytes() {
    // The same few facts in many combinations.
    let mut order = Order::new(pay("CAPTURED").said().key);
    let shares: Vec<String> = (0..8).map(|n| n.to_string().repeat(32)).collect();
    let mut refused = 0;
    for set in 1_u32..256 {
        let some = shares.iter().enumerate().filter(|(n, _)| set & (1 << n) != 0);
        let some: Vec<Share<'_>> = some.map(|(_, s)| Share(s, "CB", 100, "REFUSED")).collect();
        let form = respelt(cascade("REFUSED", &some));
        match order.take(&form.said(), &receipt(0), CAPTURED) {
            Ok(_) => {}
            Err(OrderFull::Doubts) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(order.notifications().len(), MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER);
    assert_eq!(refused, 255 - MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER);
    // Long texts use the room up sooner.
    let mut order = Order::new(pay("CAPTURED").said().key);
    let mut bytes = Vec::new();
    for n in 0..32 {
        let brand = format!("{n:0>120}");
        let form = Form::single("CMD-1", &format!("{n:06}"), &brand, 10_000, "CAPTURED");
        let form = respelt(form.with("vads_trans_uuid", &format!("{n:x>200}")));
        match order.take(&form.said(), &receipt(0), CAPTURED) {
            Ok(_) => bytes.push(order.doubtful_bytes()),
            Err(full) => assert_eq!(full, OrderFull::Doubts),
        }
    }
    assert!(bytes.len() < MAX_DOUBTFUL_FACTS_PER_ORDER - 1, "{bytes:?}");
    assert!(bytes.iter().all(|bytes| *bytes <= MAX_DOUBTFUL_BYTES_PER_ORDER), "{bytes:?}");
    // What is counted is what they take up: each brings at least its brand and its uuid.
    assert!(bytes.windows(2).all(|two| two[1] - two[0] > 320), "{bytes:?}");
}

/// An order with as many doubtful notifications as may be listed: the same few shares in many combinations.
fn combined(digit: u32) -> Order {
    let mut order = Order::new(pay("CAPTURED").said().key);
    let shares: Vec<String> = (0..6).map(|n| format!("{:032}", 10 * digit + n)).collect();
    for set in 1_u32..64 {
        let some = shares.iter().enumerate().filter(|(n, _)| set & (1 << n) != 0);
        let some: Vec<Share<'_>> = some.map(|(_, s)| Share(s, "CB", 100, "REFUSED")).collect();
        let _ = order.take(&respelt(cascade("REFUSED", &some)).said(), &receipt(0), CAPTURED);
    }
    assert_eq!(order.notifications().len(), MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER);
    order
}

#[test]
fn of_what_another_name_lists_the_certain_is_taken_over_and_the_doubtful_as_room_allows() {
    let mut order = combined(1);
    order.absorb(combined(2));
    assert_eq!(order.notifications().len(), MAX_DOUBTFUL_NOTIFICATIONS_PER_ORDER);
    order.absorb(given(&pay("CAPTURED")).order().clone());
    let sound = order.notifications().iter().filter(|told| !told.standing.is_doubtful());
    assert_eq!(sound.count(), 1);
}

#[test]
fn a_sound_statement_is_taken_whatever_stands_beside_it_in_doubt() {
    // Under the order's reference and under the payment's name.
    let mut order = crowded("CMD-1");
    order.absorb(crowded("tx:20261122-abc123"));
    assert!(order.doubtful_bytes() <= MAX_DOUBTFUL_BYTES_PER_ORDER);
    let taken = order.take(&pay("CAPTURED").said(), &receipt(700), CAPTURED);
    assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
    let view = order.view(CAPTURED, receipt(701).received_at, PROVIDERS);
    assert!(view.fulfilment.is_some() && view.flags.is_empty(), "{view:#?}");
    assert_eq!(view.shares.len(), 1, "nothing of them is in its message");
}

#[test]
fn doubts_about_a_paid_order_leave_no_trace_on_it() {
    let doubts = [
        respelt(Form::single("CMD-1", "def456", "CB", 50_000, "CAPTURED")),
        respelt(Form::single("CMD-1", "def456", "CB", 50_000, "FUTURE_STATUS")),
        respelt(give_back('c', 10_000, "CAPTURED")),
        respelt(give_back('c', 10_000, "FUTURE_STATUS")),
        respelt(pay("REFUSED")),
        respelt(pay("CAPTURED").with("vads_currency", "840")),
    ];
    let alone = given(&pay("CAPTURED")).order().summary(CAPTURED);
    for doubt in &doubts {
        let (before, after) =
            (given(doubt).then(&pay("CAPTURED")), given(&pay("CAPTURED")).then(doubt));
        for story in [before, after] {
            assert_eq!(story.order().summary(CAPTURED), alone);
            story.released();
        }
        given(doubt).flagged_with(Flag::Ambiguous).held();
    }
    // Given back in full, the order has been paid all the same.
    let story = given(&pay("CAPTURED")).then(&give_back('d', 10_000, "CAPTURED"));
    story.then(&doubts[0]).is(State::Refunded).flagged([]);
}

/// They are listed until the order is paid: each once, worth nothing, and none that is known otherwise.
#[test]
fn doubtful_shares_are_listed_until_the_order_is_paid() {
    let second = respelt(Form::single("CMD-1", "def456", "CB", 10_000, "CAPTURED"));
    let listed = |story: &super::story::Story| -> Vec<_> {
        let shares = story.order().summary(CAPTURED).shares;
        shares.into_iter().map(|s| (s.status, s.amount)).collect()
    };
    let doubtful = (Status::Ambiguous, 10_000);
    let authorised = (Status::Authorised, 10_000);
    let story = given(&respelt(pay("CAPTURED")));
    assert_eq!(listed(&story), [doubtful]);
    let story = story.then(&pay("AUTHORISED"));
    assert_eq!(listed(&story), [authorised]);
    let story = story.then(&second);
    assert_eq!(listed(&story), [authorised, doubtful]);
    // A credit of the same name is another share.
    let uuid = pay("AUTHORISED").get("vads_trans_uuid").unwrap().to_owned();
    let credit = respelt(Form::refund("CMD-1", "abc123", &uuid, "CB", 10_000, "CAPTURED"));
    let story = given(&pay("AUTHORISED")).then(&credit);
    assert_eq!(listed(&story)[1..], [doubtful]);
}

/// A clean copy of a doubtful message takes its place.
#[test]
fn a_sound_copy_ends_the_doubt() {
    let story = given(&respelt(pay("CAPTURED"))).held().then(&pay("CAPTURED")).released();
    let story = story.notifications(1).flagged([]);
    assert_eq!(story.order().notifications()[0].doubt, None);
    assert_eq!(story.order().doubtful_bytes(), 0);
}

/// What had no room when two names were joined is taken once there is some, and arrived when it did.
#[test]
fn a_doubt_that_had_no_room_is_taken_later() {
    let doubt = respelt(Form::single("CMD-1", "zzz999", "CB", 10_000, "CAPTURED"));
    let early = given(&doubt);
    let arrived = early.order().notifications()[0].received_at;
    let mut order = crowded("CMD-1");
    order.absorb(early.order().clone());
    let is_it = |fact: &Fact| matches!(fact, Fact::Share(share) if share.is_of("20261122-zzz999"));
    assert!(!order.facts().iter().any(|(fact, _)| is_it(fact)), "no room");
    let sound = Form::single("CMD-1", "000000", "CB", 10_000, "CAPTURED");
    order.take(&sound.said(), &receipt(900), CAPTURED).unwrap();
    let taken = order.take(&doubt.said(), &receipt(901), CAPTURED);
    assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
    assert!(order.facts().iter().any(|(fact, _)| is_it(fact)));
    let its = early.order().notifications()[0].digest();
    let listed: Vec<_> = order.notifications().iter().filter(|n| n.digest() == its).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].received_at, arrived);
}

#[test]
fn doubts_can_be_forgotten() {
    let mut order = crowded("CMD-1");
    order.take(&pay("AUTHORISED").said(), &receipt(700), CAPTURED).unwrap();
    assert!(order.forget_doubts());
    assert!(!order.forget_doubts());
    let mut fresh = Order::new(order.key().clone());
    fresh.take(&pay("AUTHORISED").said(), &receipt(700), CAPTURED).unwrap();
    assert_eq!(order, fresh);
    // One that repeats in doubt a part of what is certain leaves its notification alone, and that goes too.
    let whole = cascade("CAPTURED", &[VOUCHER, CARD]);
    let sound = given(&whole).order().clone();
    let mut part = whole.said();
    part.facts.remove(0);
    part.standing = Standing::Respellable;
    let mut order = sound.clone();
    order.take(&part, &receipt(701), CAPTURED).unwrap();
    assert_eq!((order.notifications().len(), order.facts()), (2, sound.facts()));
    assert!(order.doubtful_bytes() > 0);
    assert!(order.forget_doubts());
    assert_eq!(order, sound);
}

#[test]
fn a_line_about_a_notification_is_bounded() {
    let long = "S".repeat(120_000);
    for form in [pay("CAPTURED").with("vads_url_check_src", &long), cascade(&long, &[])] {
        let quittance_core::Reading::Order(said) = quittance_testing::read::read_lyra(&form.body())
        else {
            continue;
        };
        let mut order = Order::new(said.key.clone());
        order.take(&said, &receipt(0), CAPTURED).unwrap();
        let view = order.view(CAPTURED, receipt(0).received_at, PROVIDERS);
        let about = view.notifications.unwrap().remove(0).about;
        assert!(about.chars().count() <= MAX_LINE_CHARACTERS, "{}", about.len());
    }
}
