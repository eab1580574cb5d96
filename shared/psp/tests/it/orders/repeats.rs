//! What is sent again, in other formats and under other spellings of an id.

use quittance_core::{Outcome, Standing};
use quittance_testing::lyra::{self, Form, Share};
use quittance_testing::read::receipt;
use quittance_testing::worldline::Payment;
use serde_json::json;

use super::story::{CAPTURED, CARD, Message, VISA, VOUCHER, cascade, follow_up, given, pay, wl};

#[test]
fn what_is_sent_again_adds_nothing() {
    let both = cascade("CAPTURED", &[VOUCHER, CARD]);
    for source in ["RETRY", "BO"] {
        given(&pay("CAPTURED"))
            .repeats(&pay("CAPTURED").sent_again(source))
            .repeats(&pay("CAPTURED").sent_again(source).sent_again(source))
            .notifications(1);
        given(&both).repeats(&both.clone().sent_again(source)).notifications(1).shares(2);
    }
    let event = wl("3254564310_0", VISA, 9);
    let mut resent = event.json();
    resent["id"] = json!("another");
    resent["created"] = json!("2027-01-01T00:00:00Z");
    given(&event).repeats(&event).repeats(&resent).notifications(1);
}

#[test]
fn both_formats_of_one_payment_state_the_same_facts() {
    let rest = |total, shares: &[Share<'_>]| {
        lyra::rest("CMD-1", "abc123", total, ("PAID", "CLOSED"), shares)
    };
    let single = pay("CAPTURED");
    let uuid = single.get("vads_trans_uuid").unwrap();
    let rest_single = rest(10_000, &[Share(uuid, "CB", 10_000, "CAPTURED")]);
    given(&single).retells(&rest_single).notifications(1);
    given(&rest_single).retells(&single);
    let both = cascade("CAPTURED", &[VOUCHER, CARD]);
    given(&both).retells(&rest(10_000, &[VOUCHER, CARD]));
    assert_eq!(rest_single.said().aliases, single.said().aliases);
}

#[test]
fn three_spellings_of_one_payment_id_are_one_payment() {
    let story = given(&wl("3254564310_0", VISA, 9))
        .retells(&wl("9000003254564310000", VISA, 9))
        .then(&wl("3254564310", VISA, 9))
        .shares(1)
        .sums(140_000, 0, 140_000, 0)
        .flagged([]);
    assert_eq!(story.order().summary(CAPTURED).shares[0].share, "3254564310");
    for id in ["3254564310_0", "9000003254564310000", "3254564310"] {
        let nameless = Payment::new("", id, VISA, 9, 100).said();
        assert_eq!(nameless.key.order, "tx:3254564310");
        assert!(nameless.aliases.is_empty());
    }
}

/// It is kept, and is no reason to ask the provider soon: a message with the same word said as much.
#[test]
fn another_number_or_amount_beside_the_same_word_is_no_news() {
    let asked = |code| wl("3254564310_0", VISA, code).acquired(None);
    for (one, other) in [
        (asked(51), asked(52)),
        (asked(51), asked(51).acquired(100)),
        (asked(51), asked(52).acquired(100)),
    ] {
        let mut order = given(&one).order().clone();
        let taken = order.take(&other.said(), &receipt(900), CAPTURED);
        assert!(matches!(taken, Ok(Outcome::Retold(_))), "{taken:?}");
        assert_eq!((order.facts().shares().count(), order.notifications().len()), (2, 1));
    }
    let mut order = given(&asked(51)).order().clone();
    let taken = order.take(&wl("3254564310_0", VISA, 91).said(), &receipt(900), CAPTURED);
    assert!(matches!(taken, Ok(Outcome::Changed(_))), "{taken:?}");
}

/// An answer lists all shares at once, and notifications told of each alone.
#[test]
fn what_a_provider_confirms_of_several_notifications_is_not_listed_beside_them() {
    let story = given(&follow_up(1, "BATCH", VOUCHER)).then(&follow_up(2, "BATCH", CARD));
    let mut all = follow_up(1, "BATCH", VOUCHER).said();
    all.facts.extend(follow_up(2, "BATCH", CARD).said().facts);
    all.standing = Standing::Confirmed;
    let story = story.then(&all).notifications(2);
    assert!(all.facts.iter().all(|fact| story.order().facts().knows(fact, Standing::Confirmed)));
}

/// Each write of an order counts as news of it, and brings the next ask near: what a provider says each time must not.
#[test]
fn what_a_provider_confirms_again_is_not_written_again() {
    let confirmed = |message: &Form| {
        let mut said = message.said();
        said.standing = Standing::Confirmed;
        said
    };
    for status in ["AUTHORISED", "CAPTURED"] {
        let said = confirmed(&pay(status));
        given(&pay(status)).then(&said).repeats(&said).notifications(1);
        given(&said).repeats(&said).notifications(1);
    }
    // News of the provider's own is still news.
    given(&pay("AUTHORISED"))
        .then(&confirmed(&pay("AUTHORISED")))
        .then(&confirmed(&pay("CAPTURED")))
        .released();
}
