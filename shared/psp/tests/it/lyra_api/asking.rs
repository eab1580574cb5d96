//! What asking tells, and that it settles what waits.

use quittance_core::api::{Access, Answer, Api, Asked, Exchange, NoAccess, Subject, TroubleKind};
use quittance_core::provider::Provider;
use quittance_core::{
    Fact, Flag, Kind, Mode, Order, OrderKey, Reading, ShareFact, Standing, State, Status,
};
use quittance_psp::lyra;
use quittance_psp::lyra::api::Credentials;
use quittance_testing::SITE;
use quittance_testing::lyra::{Form, Share, rest, uuid};
use quittance_testing::read::{LYRA_KEYS, words};
use serde_json::{Value, json};

use super::{
    AtGateway, account, ask, ask_with, credentials, error, request, success, told, unknown,
};
use crate::orders::story::{CAPTURED, Message, SECURED, Story, given, under};

const VOUCHER: Share<'_> = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 6_000, "CAPTURED");
const CARD: Share<'_> = Share("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CB", 4_000, "CAPTURED");
const CREDIT: &str = "cccccccccccccccccccccccccccccccc";
const PAID: (&str, &str) = ("PAID", "CLOSED");

fn now<'a>(share: Share<'a>, status: &'a str) -> Share<'a> {
    Share(share.0, share.1, share.2, status)
}

/// The uuid that forms of a single payment have.
fn own() -> String {
    uuid(&["CMD-1", "abc123", "1"])
}

fn single(status: &str) -> Form {
    Form::single("CMD-1", "abc123", "CB", 10_000, status)
}

fn cascade(status: &str, shares: &[Share<'_>]) -> Form {
    Form::cascade("CMD-1", "abc123", 10_000, status, shares)
}

fn at_gateway(shares: &[Share<'_>]) -> AtGateway {
    AtGateway::of("CMD-1", 10_000, PAID, shares)
}

/// A story goes on with what the gateway says when it is asked.
#[track_caller]
fn then(mut story: Story, answer: &Answer) -> Story {
    assert!(!answer.statements.is_empty());
    for statement in &answer.statements {
        story = story.then(statement);
    }
    story
}

#[track_caller]
fn asked(story: Story, gateway: &AtGateway) -> Story {
    let answer = told(ask(story.order(), |call| gateway.hears(call)).0);
    then(story, &answer)
}

#[track_caller]
fn totals(answer: &Answer) -> Vec<u64> {
    let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
    let totals = facts.filter_map(|fact| match fact {
        Fact::Total(total) => total.amount,
        Fact::Share(_) => None,
    });
    totals.collect()
}

#[track_caller]
fn fails(asked: Asked, kind: TroubleKind) {
    let Asked::Failed(trouble) = asked else { panic!("{asked:?}") };
    assert_eq!(trouble.kind, kind, "{trouble}");
}

// --- What waits for an answer ------------------------------------------------------------------

#[test]
fn an_ordinary_card_order_is_released_once_asking_finds_its_capture() {
    let own = own();
    let share = |status| Share(&own, "CB", 10_000, status);
    let story = given(&single("AUTHORISED")).is(State::Authorised).held();
    let story = asked(story, &at_gateway(&[share("AUTHORISED")])).is(State::Authorised).held();
    asked(story, &at_gateway(&[share("CAPTURED")])).is(State::Captured).flagged([]).released();
    // The same in the other format.
    let answer = rest("CMD-1", "abc123", 10_000, PAID, &[share("AUTHORISED")]);
    asked(given(&answer), &at_gateway(&[share("CAPTURED")])).flagged([]).released();
    // And where no notification came.
    let captured = at_gateway(&[share("CAPTURED")]).told();
    assert_eq!(captured.statements.len(), 1);
    assert!(captured.ended);
    then(under(CAPTURED), &captured).is(State::Captured).flagged([]).released();
}

#[test]
fn asking_adds_to_the_same_shares() {
    let own = own();
    let story =
        asked(given(&single("AUTHORISED")), &at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]));
    assert_eq!(story.order().summary(CAPTURED).shares.len(), 1);
    let shares = [VOUCHER, now(CARD, "AUTHORISED")];
    let story = asked(given(&cascade("AUTHORISED", &shares)), &at_gateway(&[VOUCHER, CARD]));
    assert_eq!(story.order().summary(CAPTURED).shares.len(), 2);
    // Also where the form names its shares by their places alone.
    let mut list: Value =
        serde_json::from_str(cascade("AUTHORISED", &shares).get("vads_payment_seq").unwrap())
            .unwrap();
    for element in list["transactions"].as_array_mut().unwrap() {
        element.as_object_mut().unwrap().remove("trans_uuid");
    }
    let nameless = cascade("AUTHORISED", &shares).with("vads_payment_seq", &list.to_string());
    let story = asked(given(&nameless), &at_gateway(&[VOUCHER, CARD])).released();
    assert_eq!(story.order().summary(CAPTURED).shares.len(), 2);
}

#[test]
fn the_same_state_is_the_same_fact_whoever_tells_it() {
    let shares = [VOUCHER, now(CARD, "AUTHORISED")];
    let told = at_gateway(&shares).told();
    let [said] = &told.statements[..] else { panic!("{told:?}") };
    for notified in [
        cascade("AUTHORISED", &shares).said(),
        rest("CMD-1", "abc123", 10_000, PAID, &shares).said(),
    ] {
        assert_eq!((&said.key, &said.aliases), (&notified.key, &notified.aliases));
        let sorted = |facts: &[Fact]| {
            let mut facts = facts.to_vec();
            facts.sort();
            facts
        };
        assert_eq!(sorted(&said.facts), sorted(&notified.facts));
    }
    assert_eq!(said.standing, Standing::Sound);
    assert_eq!(said.session_seconds, lyra::SESSION_SECONDS);
    let line = words(lyra::ID).line_of(said);
    assert_eq!(line, "API PAID CLOSED: CVCO 60.00 EUR CAPTURED, CB 40.00 EUR AUTHORISED");
    assert_eq!(words(lyra::ID).say(&said.event), "the API was asked");
}

#[test]
fn an_order_that_was_held_is_settled_by_what_covers_it() {
    let own = own();
    let respelt = single("CAPTURED").with("vads_invented", "x");
    let follow_up =
        Form::follow_up("CMD-1", "abc123", 1, "BATCH", Share(&own, "CB", 10_000, "CAPTURED"));
    let denied = single("CAPTURED").with("vads_result", "05");
    let answer = rest(
        "CMD-1",
        "abc123",
        10_000,
        ("UNPAID", "CLOSED"),
        &[Share(&own, "CB", 10_000, "CAPTURED")],
    );
    let alone = at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]);
    let messages: [&dyn Message; 4] = [&respelt, &follow_up, &denied, &answer];
    for (at, message) in messages.into_iter().enumerate() {
        let story = given(&message.said()).held();
        let flags = story.order().summary(CAPTURED).flags;
        assert!(flags.contains(&Flag::Ambiguous), "{at}: {flags:?}");
        asked(story, &alone).is(State::Captured).flagged([]).released();
        // Or the other way round.
        let story = then(under(CAPTURED), &alone.told()).released();
        story.then(&message.said()).flagged([]).released();
    }
    let lost = cascade("REFUSED", &[VOUCHER, CARD]);
    let respelt = cascade("CAPTURED", &[VOUCHER, CARD]).with("vads_invented", "x");
    let share = Form::follow_up("CMD-1", "abc123", 2, "MERCH_BO", CARD);
    for form in [lost, respelt, share] {
        let story = given(&form).held();
        assert!(story.order().summary(CAPTURED).flags.contains(&Flag::Ambiguous));
        asked(story, &at_gateway(&[VOUCHER, CARD])).is(State::Captured).flagged([]).released();
    }
}

/// Every sample that is held as ambiguous, asked at a gateway that knows of it what the sample says, taken.
#[test]
fn every_held_sample_is_settled() {
    let mut settled = 0;
    for (path, event) in quittance_testing::samples::files() {
        if !path.starts_with("systempay/") || path.ends_with(".expected.json") {
            continue;
        }
        let event: Value = serde_json::from_str(&event).unwrap();
        let body = event["body"].as_str().unwrap_or_default();
        let Ok(verified) = lyra::verify(&LYRA_KEYS, body.as_bytes()) else { continue };
        let Reading::Order(said) = lyra::read(&verified, &[]) else { continue };
        let story = given(&*said);
        let summary = story.order().summary(CAPTURED);
        let is_plain = |fact: &Fact| fact.as_share().is_none_or(|share| share.kind == Kind::Debit);
        if !summary.flags.contains(&Flag::Ambiguous)
            || said.key.payment().is_some()
            || said.key.order.contains('~')
            || !said.facts.iter().all(is_plain)
        {
            continue;
        }
        let shares: Vec<_> = said.facts.iter().filter_map(Fact::as_share).collect();
        // The gateway has a uuid for what the sample names by its place.
        let is_uuid = |name: &str| name.len() == 32;
        let named = |share: &&ShareFact| match share.share.as_str() {
            name if is_uuid(name) => name.to_owned(),
            place => uuid(&[place]),
        };
        let names: Vec<String> = shares.iter().map(named).collect();
        let listed: Vec<Share<'_>> = shares
            .iter()
            .zip(&names)
            .map(|(share, name)| Share(name, &share.method, share.meaning.worth, "CAPTURED"))
            .collect();
        let total: u64 = listed.iter().map(|share| share.2).sum();
        let id = shares[0].series.clone().unwrap();
        let mut gateway = AtGateway::of(&said.key.order, total, PAID, &listed);
        for (transaction, share) in
            gateway.0["transactions"].as_array_mut().unwrap().iter_mut().zip(&shares)
        {
            let details = &mut transaction["transactionDetails"];
            details["cardDetails"]["legacyTransId"] = json!(id);
            details["sequenceNumber"] = json!(share.sequence);
        }
        let told = ask(story.order(), |call| gateway.hears(call)).0;
        let Asked::Told(answer) = told else { panic!("{}: {told:?}", said.key) };
        let story = then(story, &answer);
        let summary = story.order().summary(CAPTURED);
        assert!(!summary.flags.contains(&Flag::Ambiguous), "{}: {summary:?}", said.key);
        assert!(summary.releasable || !summary.flags.is_empty(), "{}: {summary:?}", said.key);
        settled += 1;
    }
    assert!(settled > 2, "{settled}");
}

// --- What an order costs -----------------------------------------------------------------------

#[test]
fn the_total_counts_where_it_can_be_no_parts() {
    let refused = |share: Share<'static>| now(share, "REFUSED");
    let second = Share("dddddddddddddddddddddddddddddddd", "CB", 4_000, "CAPTURED");
    let total = |total, paid, shares: &[Share<'_>]| {
        totals(&AtGateway::of("CMD-1", total, paid, shares).told())
    };
    // A refused try stays in the list.
    assert_eq!(total(10_000, PAID, &[VOUCHER, refused(CARD), second]), [10_000]);
    // What is still open is known all the same.
    assert_eq!(total(10_000, ("RUNNING", "OPEN"), &[VOUCHER, refused(CARD)]), [10_000]);
    // A share's own amount is no total, whether it is the first's, the last's or a refused one's.
    let open = ("RUNNING", "OPEN");
    for (amount, shares) in [
        (4_000, &[VOUCHER, CARD][..]),
        (6_000, &[VOUCHER, CARD]),
        (6_000, &[VOUCHER, refused(CARD)]),
        (4_000, &[VOUCHER, refused(CARD)]),
        (9_999, &[VOUCHER, CARD]),
    ] {
        assert_eq!(total(amount, open, shares), [0; 0], "{amount} {shares:?}");
        let answer = AtGateway::of("CMD-1", amount, open, shares).told();
        then(under(CAPTURED), &answer).held();
    }
    assert_eq!(total(0, open, &[refused(CARD)]), [0; 0]);
}

#[test]
fn a_lone_share_of_a_cascade_is_the_whole_only_where_the_order_is_closed() {
    let cascade = |paid| {
        AtGateway::of("CMD-1", 6_000, paid, &[VOUCHER]).with(0, |transaction| {
            transaction["transactionDetails"]["cardDetails"]["sequenceType"] =
                json!("MULTI_PAYMENT_MEAN");
        })
    };
    assert_eq!(totals(&cascade(("RUNNING", "OPEN")).told()), [0; 0]);
    assert_eq!(totals(&cascade(("PAID", "OPEN")).told()), [0; 0]);
    assert_eq!(totals(&cascade(PAID).told()), [6_000]);
}

/// A second payment under the same reference, of this amount and status.
fn twice(total: u64, amount: u64, status: &str) -> AtGateway {
    let mut gateway =
        AtGateway::of("CMD-1", total, PAID, &[Share(CARD.0, "CB", 10_000, "CAPTURED")]);
    let mut other = gateway.0["transactions"][0].clone();
    other["uuid"] = json!(CREDIT);
    other["amount"] = json!(amount);
    other["detailedStatus"] = json!(status);
    other["status"] = json!(if status == "CAPTURED" { "PAID" } else { "UNPAID" });
    other["transactionDetails"]["effectiveAmount"] = json!(amount);
    other["transactionDetails"]["cardDetails"]["legacyTransId"] = json!("def456");
    gateway.0["transactions"].as_array_mut().unwrap().push(other);
    gateway
}

#[test]
fn several_payments_of_one_order_share_no_total_that_one_of_them_denies() {
    // Paid twice: each payment is told under its own name, and the order is released once.
    let answer = twice(10_000, 10_000, "CAPTURED").told();
    assert_eq!(answer.statements.len(), 2);
    assert_eq!(totals(&answer), [10_000, 10_000]);
    let names: Vec<String> = answer
        .statements
        .iter()
        .flat_map(|s| &s.aliases)
        .map(|alias| alias.order.clone())
        .collect();
    assert_eq!(names, ["tx:20261122-abc123", "tx:20261122-def456"]);
    then(under(CAPTURED), &answer).flagged([Flag::Overpaid]).released();
    // The reference was used again for something else: nobody knows what the order costs.
    assert_eq!(totals(&twice(5_000, 5_000, "CAPTURED").told()), [0; 0]);
    then(under(CAPTURED), &twice(5_000, 5_000, "REFUSED").told()).held();
    // As with notifications, the larger attempt holds.
    assert_eq!(totals(&twice(20_000, 20_000, "REFUSED").told()), [20_000, 20_000]);
    assert_eq!(totals(&twice(30_000, 20_000, "REFUSED").told()), [0; 0]);
    // A later attempt that came to nothing takes nothing from the one that was paid.
    let mut later = twice(10_000, 10_000, "REFUSED");
    later.0["orderStatus"] = json!("UNPAID");
    then(under(CAPTURED), &later.told()).released();
}

#[test]
fn an_instalment_is_not_the_whole() {
    for (amount, word) in
        [(10_000, "MULTI_PAYMENT"), (4_000, "SINGLE_PAYMENT"), (4_000, "MULTI_PAYMENT")]
    {
        let gateway =
            AtGateway::of("CMD-1", 10_000, PAID, &[Share(CARD.0, "CB", amount, "CAPTURED")]).with(
                0,
                |transaction| {
                    let details = &mut transaction["transactionDetails"];
                    details["occurrenceType"] = json!("RECURRENT_INITIAL");
                    details["cardDetails"]["sequenceType"] = json!(word);
                },
            );
        assert_eq!(totals(&gateway.told()), [0; 0], "{amount} {word}");
        then(under(CAPTURED), &gateway.told()).held();
    }
}

/// The amount may be that of a later attempt: what the notification said holds.
#[test]
fn a_payment_that_stands_alone_is_for_the_whole() {
    let own = own();
    let gateway = AtGateway::of("CMD-1", 12_000, PAID, &[Share(&own, "CB", 10_000, "CAPTURED")]);
    assert_eq!(totals(&gateway.told()), [0; 0]);
    then(under(CAPTURED), &gateway.told()).held();
    asked(given(&single("AUTHORISED")), &gateway).flagged([]).released();
    // Where nothing came of it, what was to be paid is said all the same.
    let refused = AtGateway::of("CMD-1", 12_000, PAID, &[Share(&own, "CB", 10_000, "REFUSED")]);
    assert_eq!(totals(&refused.told()), [12_000]);
}

#[test]
fn more_than_the_whole_is_not_reached() {
    let mut gateway = at_gateway(&[Share(CARD.0, "CB", 10_000, "CAPTURED")]);
    gateway.0["orderDetails"]["orderEffectiveAmount"] = json!(20_000);
    assert_eq!(totals(&gateway.told()), [0; 0]);
}

#[test]
fn one_number_of_several_shares_names_none_of_them() {
    let gateway = at_gateway(&[VOUCHER, CARD])
        .with(1, |transaction| transaction["transactionDetails"]["sequenceNumber"] = json!(1));
    let story = then(under(CAPTURED), &gateway.told()).released();
    assert_eq!(story.order().summary(CAPTURED).captured, 10_000);
}

// --- Refunds -----------------------------------------------------------------------------------

#[test]
fn a_refund_is_the_same_credit_as_in_a_notification() {
    let paid = at_gateway(&[VOUCHER, CARD]);
    let refunded = paid.clone().refunded(1, CREDIT, 4_000, "CAPTURED");
    let story = asked(given(&cascade("CAPTURED", &[VOUCHER, CARD])).released(), &refunded)
        .sums(10_000, 0, 10_000, 4_000)
        .is(State::PartiallyRefunded)
        .reversals(&[4_000]);
    let form = Form::refund("CMD-1", "abc123", CREDIT, "CB", 4_000, "CAPTURED");
    let story = story.then(&form).sums(10_000, 0, 10_000, 4_000).reversals(&[4_000]);
    let credit = story.order().summary(CAPTURED).shares.pop().unwrap();
    assert_eq!((credit.kind, credit.status), (Kind::Credit, Status::Refunded));
    // Until it is final it takes nothing.
    let waiting = paid.refunded(1, CREDIT, 4_000, "AUTHORISED");
    let story = asked(given(&cascade("CAPTURED", &[VOUCHER, CARD])), &waiting);
    story.sums(10_000, 0, 10_000, 0).reversals(&[]);
    // What an order is called after everything went back is not known.
    for status in ["PAID", "UNPAID", "ABANDONED"] {
        let mut all = refunded.clone().refunded(0, &"e".repeat(32), 6_000, "CAPTURED");
        all.0["orderStatus"] = json!(status);
        then(under(CAPTURED), &all.told()).is(State::Refunded).held();
    }
}

#[test]
fn a_refund_alone_claims_no_payment() {
    let mut gateway = at_gateway(&[VOUCHER, CARD]).refunded(1, CREDIT, 4_000, "CAPTURED");
    gateway.0["transactions"].as_array_mut().unwrap().drain(..2);
    let answer = gateway.told();
    let [said] = &answer.statements[..] else { panic!("{answer:?}") };
    assert!(said.is_credit() && said.aliases.is_empty());
    assert_eq!(totals(&answer), [0; 0]);
}

/// A refund may carry a reference of its own; a debit may not.
#[test]
fn a_known_refund_is_the_orders_under_any_reference() {
    let refund = Form::refund("CMD-1", "abc123", CREDIT, "CB", 4_000, "AUTHORISED");
    let card = now(CARD, "AUTHORISED");
    let story = || given(&cascade("AUTHORISED", &[VOUCHER, card])).then(&refund);
    let list = at_gateway(&[VOUCHER, CARD]);
    let mut elsewhere = list.clone().refunded(1, CREDIT, 4_000, "CAPTURED");
    elsewhere.0["orderDetails"]["orderId"] = json!("REFUND-7");
    let hears = |call: &_| match request(call).get("orderId") {
        Some(_) => list.hears(call),
        None => elsewhere.hears(call),
    };
    let (answer, log) = ask(story().order(), hears);
    assert_eq!(log.names(), ["Order/Get", "Transaction/Get"]);
    then(story(), &told(answer)).sums(10_000, 0, 10_000, 4_000);
    // Of a payment that is not known here it is not.
    let foreign = elsewhere.clone().with(2, |credit| {
        credit["transactionDetails"]["parentTransactionUuid"] = json!("f".repeat(32));
    });
    let hears = |call: &_| match request(call).get("orderId") {
        Some(_) => list.hears(call),
        None => foreign.hears(call),
    };
    let answer = told(ask(story().order(), hears).0);
    let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
    let kinds: Vec<Kind> = facts.filter_map(|fact| Some(fact.as_share()?.kind)).collect();
    assert_eq!(kinds, [Kind::Debit, Kind::Debit]);
    let all = ask(story().order(), |call| elsewhere.hears_one_by_one(call)).0;
    fails(all, TroubleKind::Contradiction);
}

// --- How it is asked ---------------------------------------------------------------------------

/// That an order is closed says nothing of a form that was signed since.
#[test]
fn only_what_was_used_is_over_once_the_order_is_closed() {
    const FORMS: [&str; 2] = ["20261122-abc123", "20261122-def456"];
    let order = unknown("CMD-1");
    for (state, checkouts, over) in [
        (PAID, &FORMS[..], &FORMS[..1]),
        (("UNPAID", "CLOSED"), &FORMS, &FORMS[..1]),
        (("RUNNING", "OPEN"), &FORMS, &[]),
        // A payment that no form started was started by a link.
        (PAID, &["link-1", FORMS[1]], &["link-1"]),
        (PAID, &["link-1", FORMS[0]], &FORMS[..1]),
    ] {
        let status = if state == PAID { "CAPTURED" } else { "REFUSED" };
        let gateway = AtGateway::of("CMD-1", 10_000, state, &[Share(&own(), "CB", 10_000, status)]);
        let answer = told(ask_with(&order, checkouts, |call| gateway.hears(call)).0);
        assert_eq!(answer.over, over, "{state:?} {checkouts:?}");
        assert_eq!(answer.ended, state.1 == "CLOSED");
    }
}

#[test]
fn an_order_is_asked_for_by_its_reference_in_one_call() {
    let gateway = at_gateway(&[VOUCHER, CARD]);
    let (asked, log) = ask(&unknown("CMD-1"), |call| gateway.hears(call));
    let [call] = &log.calls[..] else { panic!("{log:?}") };
    assert_eq!((call.name, request(call)), ("Order/Get", json!({"orderId": "CMD-1"})));
    let Exchange::Answered { body, .. } = gateway.hears(call) else { panic!() };
    let transcript = told(asked).transcript;
    let replies: Value = serde_json::from_str(&transcript.to_json()).unwrap();
    let body = String::from_utf8(body).unwrap();
    assert_eq!(replies, json!([{"asked": "Order/Get CMD-1", "body": body}]));
}

#[test]
fn before_the_buyer_tried_nothing_is_known() {
    let (asked, log) = ask(&unknown("CMD-1"), |_| error("PSP_010"));
    assert_eq!((asked, log.names()), (Asked::Unknown, vec!["Order/Get"]));
    let mut empty = at_gateway(&[]);
    empty.0["transactions"] = json!([]);
    assert_eq!(ask(&unknown("CMD-1"), |call| empty.hears(call)).0, Asked::Unknown);
}

#[test]
fn known_shares_are_asked_for_one_by_one_where_the_list_fails() {
    let shares = [VOUCHER, now(CARD, "AUTHORISED")];
    let gateway = at_gateway(&[VOUCHER, CARD]);
    for code in ["PSP_015", "PSP_010"] {
        let story = given(&cascade("AUTHORISED", &shares));
        let hears = |call: &_| match gateway.hears_one_by_one(call) {
            Exchange::Answered { .. } if request(call).get("orderId").is_some() => error(code),
            exchange => exchange,
        };
        let (asked, log) = ask(story.order(), hears);
        // First what can still change.
        let uuids: Vec<Value> =
            log.calls[1..].iter().map(|call| request(call)["uuid"].clone()).collect();
        assert_eq!(uuids, [json!(CARD.0), json!(VOUCHER.0)]);
        let answer = told(asked);
        assert!(!answer.ended);
        assert_eq!(totals(&answer), [10_000]);
        then(story, &answer).flagged([]).released();
    }
}

#[test]
fn a_share_that_the_list_lacks_is_asked_for() {
    let story = given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]));
    let whole = at_gateway(&[VOUCHER, CARD]);
    let mut list = whole.clone();
    list.0["transactions"].as_array_mut().unwrap().pop();
    list.0["orderStatus"] = json!("RUNNING");
    let hears = |call: &_| match request(call).get("orderId") {
        Some(_) => list.hears(call),
        None => whole.hears(call),
    };
    let (asked, log) = ask(story.order(), hears);
    assert_eq!(log.names(), ["Order/Get", "Transaction/Get"]);
    then(story, &told(asked)).released();
    // What is in trouble then takes nothing from the list.
    let story = given(&cascade("AUTHORISED", &[VOUCHER, now(CARD, "AUTHORISED")]));
    for code in ["PSP_999", "PSP_010"] {
        let hears = |call: &_| match request(call).get("orderId") {
            Some(_) => list.hears(call),
            None => error(code),
        };
        assert_eq!(told(ask(story.order(), hears).0).statements.len(), 1, "{code}");
    }
}

/// Whoever has a key for notifications can name a transaction of another order. That neither keeps the order's own from
/// being told nor is told as the order's.
#[test]
fn what_a_notification_alone_names_is_told_only_if_it_is_the_orders() {
    const FOREIGN: Share<'_> = Share("ffffffffffffffffffffffffffffffff", "CB", 4_000, "AUTHORISED");
    let elsewhere = AtGateway::of("CMD-2", 4_000, PAID, &[FOREIGN]);
    let list = at_gateway(&[VOUCHER, CARD]);
    let forged = || given(&cascade("AUTHORISED", &[VOUCHER, FOREIGN]));
    let hears = |call: &_| match request(call).get("orderId") {
        Some(_) => list.hears(call),
        None => elsewhere.hears(call),
    };
    let (asked, log) = ask(forged().order(), hears);
    assert_eq!(log.names(), ["Order/Get", "Transaction/Get"]);
    let answer = told(asked);
    let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
    let shares: Vec<&str> = facts.filter_map(|fact| Some(&*fact.as_share()?.share)).collect();
    assert_eq!(shares, [VOUCHER.0, CARD.0]);
    // By itself it is told as nothing, and what the gateway itself had named before is not let go.
    let alone = ask(forged().order(), |call| elsewhere.hears_one_by_one(call)).0;
    fails(alone, TroubleKind::Contradiction);
    let mut confirmed = forged();
    for mut statement in at_gateway(&[VOUCHER, FOREIGN]).told().confirmed() {
        statement.facts.retain(|fact| fact.as_share().is_some());
        confirmed = confirmed.then(&statement);
    }
    fails(ask(confirmed.order(), hears).0, TroubleKind::Contradiction);
}

/// Nor does a name that the gateway cannot read keep what it listed from being told. Without a list it does.
#[test]
fn what_a_notification_alone_names_and_cannot_be_read_is_left_out() {
    const STRANGE: Share<'_> = Share("ffffffffffffffffffffffffffffffff", "CB", 4_000, "AUTHORISED");
    let list = at_gateway(&[VOUCHER, CARD]);
    let story = given(&cascade("AUTHORISED", &[VOUCHER, STRANGE]));
    for (what, heard) in [
        ("refused", error("INT_009")),
        ("in trouble", Exchange::Answered { status: 503, body: Vec::new() }),
        ("garbled", Exchange::Answered { status: 200, body: b"x".to_vec() }),
        ("lost", Exchange::Lost),
    ] {
        let hears = |call: &_| match request(call).get("orderId") {
            Some(_) => list.hears(call),
            None => heard.clone(),
        };
        let answer = told(ask(story.order(), hears).0);
        let facts = answer.statements.iter().flat_map(|statement| &statement.facts);
        let shares: Vec<&str> = facts.filter_map(|fact| Some(&*fact.as_share()?.share)).collect();
        assert_eq!(shares, [VOUCHER.0, CARD.0], "{what}");
        let is_missed = ["in trouble", "lost"].contains(&what);
        assert_eq!(answer.missed.is_some(), is_missed, "{what}: another time it may be read");
        let unlisted = |call: &_| match request(call).get("orderId") {
            Some(_) => error("PSP_010"),
            None => heard.clone(),
        };
        assert!(matches!(ask(story.order(), unlisted).0, Asked::Failed(_)), "{what}");
    }
    let refused = |call: &_| match request(call).get("orderId") {
        Some(_) => list.hears(call),
        None => error("INT_905"),
    };
    fails(ask(story.order(), refused).0, TroubleKind::Credentials);
}

#[test]
fn one_answer_of_a_cascades_share_does_not_make_it_the_whole() {
    // Alone, as after a follow-up: the share's own amount may stand for the order's.
    let story = || given(&Form::follow_up("CMD-1", "abc123", 2, "MERCH_BO", CARD)).held();
    for (total, word, known) in [
        (4_000, "MULTI_PAYMENT_MEAN", false),
        (4_000, "SINGLE_PAYMENT", true),
        (10_000, "MULTI_PAYMENT_MEAN", true),
        (3_000, "SINGLE_PAYMENT", false),
    ] {
        let gateway = AtGateway::of("CMD-1", total, PAID, &[CARD]).with(0, |transaction| {
            let details = &mut transaction["transactionDetails"];
            details["sequenceNumber"] = json!(2);
            details["cardDetails"]["sequenceType"] = json!(word);
        });
        let answer = told(ask(story().order(), |call| gateway.hears_one_by_one(call)).0);
        assert_eq!(totals(&answer).len(), usize::from(known), "{total} {word}");
        let story = then(story(), &answer);
        let releases = known && total == 4_000;
        assert_eq!(story.order().fulfilment().is_some(), releases, "{total} {word}");
    }
    let untold = AtGateway::of("CMD-1", 4_000, PAID, &[CARD]).with(0, |transaction| {
        transaction["transactionDetails"]["cardDetails"]["sequenceType"] = json!(null);
    });
    let answer = told(ask(story().order(), |call| untold.hears_one_by_one(call)).0);
    assert_eq!(totals(&answer), [0; 0]);
}

#[test]
fn an_order_without_a_reference_is_asked_for_by_its_transactions() {
    let own = uuid(&["CMD-1", "abc123", "1"]);
    let form = single("AUTHORISED").without("vads_order_id");
    let story = given(&form);
    assert_eq!(story.order().key().order, "tx:20261122-abc123");
    let gateway = |id: Value, trans_id: &str| {
        let mut gateway = at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]);
        gateway.0["orderDetails"]["orderId"] = id;
        gateway.with(0, |transaction| {
            transaction["transactionDetails"]["cardDetails"]["legacyTransId"] = json!(trans_id);
        })
    };
    for id in [json!(null), json!(""), json!("tx:20261122-abc123")] {
        let gateway = gateway(id, "abc123");
        let (asked, log) = ask(story.order(), |call| gateway.hears(call));
        assert_eq!(log.names(), ["Transaction/Get"]);
        let answer = told(asked);
        assert_eq!(answer.statements[0].key, *story.order().key());
        then(given(&form), &answer).released();
    }
    for (id, trans_id) in [(json!("CMD-2"), "abc123"), (json!(null), "def456")] {
        let gateway = gateway(id, trans_id);
        let asked = ask(story.order(), |call| gateway.hears(call)).0;
        fails(asked, TroubleKind::Contradiction);
    }
    // Without a uuid there is nothing to ask for.
    let (asked, log) = ask(&unknown("tx:20261122-abc123"), |_| panic!("asked"));
    assert_eq!((asked, log.calls.len()), (Asked::Unknown, 0));
}

#[test]
fn a_payment_of_a_subscription_is_asked_for_apart() {
    let own = uuid(&["CMD-1", "abc123", "1"]);
    let form = single("AUTHORISED")
        .with("vads_url_check_src", "REC")
        .with("vads_subscription", "20261001a7xk2p9ms4tq8w1e5r6t7y0u")
        .with("vads_recurrence_number", "3")
        .with("vads_occurrence_type", "RECURRENT_INTERMEDIAIRE");
    let story = given(&form);
    assert_eq!(story.order().key().order, "CMD-1~20261122-abc123");
    let gateway = at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]).with(0, |transaction| {
        let details = &mut transaction["transactionDetails"];
        details["occurrenceType"] = json!("RECURRENT_INTERMEDIAIRE");
        details["subscriptionDetails"] =
            json!({"subscriptionId": "20261001a7xk2p9ms4tq8w1e5r6t7y0u"});
    });
    let (asked, log) = ask(story.order(), |call| gateway.hears(call));
    assert_eq!(log.names(), ["Transaction/Get"]);
    then(story, &told(asked)).released();
    // And is none of the subscription's own order.
    assert_eq!(ask(&unknown("CMD-1"), |call| gateway.hears(call)).0, Asked::Unknown);
}

#[test]
fn what_a_buyer_can_have_written_names_nothing_to_ask_for() {
    let foreign = single("CAPTURED")
        .with("vads_trans_uuid", "ffffffffffffffffffffffffffffffff")
        .with("vads_invented", "x");
    let own = own();
    let story = given(&foreign);
    let (asked, log) = ask(story.order(), |call| {
        assert_eq!(call.name, "Order/Get");
        at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]).hears(call)
    });
    assert_eq!(log.calls.len(), 1);
    assert_eq!(told(asked).statements.len(), 1);
}

#[test]
fn single_reads_are_bounded() {
    let shares: Vec<String> = (0..60).map(|n| format!("{n:032x}")).collect();
    let listed: Vec<Share<'_>> = shares.iter().map(|s| Share(s, "CB", 100, "REFUSED")).collect();
    let story = given(&cascade("REFUSED", &listed));
    let (_, log) = ask(story.order(), |call| {
        error(if call.name == "Order/Get" { "PSP_015" } else { "PSP_010" })
    });
    assert_eq!(log.calls.len(), 33);
}

#[test]
fn all_answers_together_are_bounded() {
    let shares: Vec<String> = (0..8).map(|n| format!("{n:032x}")).collect();
    let listed: Vec<Share<'_>> = shares.iter().map(|s| Share(s, "CB", 100, "REFUSED")).collect();
    let story = given(&cascade("REFUSED", &listed));
    let mut gateway = at_gateway(&listed);
    let asked = |gateway: &AtGateway| ask(story.order(), |call| gateway.hears_one_by_one(call));
    assert_eq!(told(asked(&gateway).0).statements.len(), 1);
    for transaction in gateway.0["transactions"].as_array_mut().unwrap() {
        transaction["metadata"] = json!("x".repeat(1_000_000));
    }
    let (asked, log) = asked(&gateway);
    fails(asked, TroubleKind::Garbled);
    assert_eq!(log.calls.len(), 6);
}

#[test]
fn the_demos_keys_are_credentials_too() {
    let profile = lyra::Lyra.profile();
    assert_eq!(profile.api_variable, Some(profile.keys_variable));
    let api = lyra::Lyra.api(profile.demo_keys).unwrap();
    let access =
        Access { account: account(), origin: "https://api.systempay.fr".to_owned(), asks: true };
    assert_eq!(api.accesses(), [access]);
    let error = lyra::Lyra.api(r#"{"1": {"test": {"rest_password": "prodpassword_hush"}}}"#);
    assert!(!error.unwrap_err().to_string().contains("hush"));
}

#[test]
fn a_read_is_tried_again_a_few_times() {
    let own = own();
    let gateway = at_gateway(&[Share(&own, "CB", 10_000, "CAPTURED")]);
    for fault in [
        Exchange::Unsent,
        Exchange::Lost,
        Exchange::Answered { status: 502, body: b"<html></html>".to_vec() },
        Exchange::Answered { status: 200, body: b"{\"status\": \"SUC".to_vec() },
        error("PSP_099"),
        error("PSP_999"),
    ] {
        for faults in 0..3 {
            let mut heard = 0;
            let (asked, log) = ask(&unknown("CMD-1"), |call| {
                heard += 1;
                if heard <= faults { fault.clone() } else { gateway.hears(call) }
            });
            assert_eq!(log.pauses.len(), faults);
            then(under(CAPTURED), &told(asked)).released();
        }
        let (asked, log) = ask(&unknown("CMD-1"), |_| fault.clone());
        assert!(matches!(asked, Asked::Failed(_)), "{asked:?}");
        assert_eq!((log.calls.len(), log.pauses.len()), (3, 2));
    }
}

#[test]
fn who_may_not_ask_is_told_so() {
    let document = r#"{"12345678": {"test": {"rest_password": "p", "ask": false}}}"#;
    let held = Credentials::from_json(document).unwrap();
    let order = unknown("CMD-1");
    let subject = Subject { order: &order, checkouts: &[] };
    assert_eq!(held.ask(&subject).err(), Some(NoAccess::Forbidden));
    assert!(held.test(&account()).is_ok());
    for key in [("1", Mode::Test), (SITE, Mode::Production)] {
        let order = Order::new(OrderKey::new(lyra::ID, key.0, key.1, "CMD-1").unwrap());
        let subject = Subject { order: &order, checkouts: &[] };
        assert_eq!(credentials().ask(&subject).err(), Some(NoAccess::Missing));
    }
}

#[test]
fn an_unmeasured_part_holds_itself_alone() {
    let part = now(CARD, "PARTIALLY_AUTHORISED");
    for class in ["PAID", "RUNNING"] {
        let gateway = at_gateway(&[VOUCHER, part]).with(1, |said| said["status"] = json!(class));
        let answer = gateway.told();
        let standings: Vec<Standing> =
            answer.statements.iter().map(|said| said.standing()).collect();
        assert_eq!(standings, [Standing::Sound, Standing::Contradictory], "{class}");
        assert!(answer.statements[1].doubt.is_some(), "{class}");
        let story = then(under(CAPTURED), &answer).held();
        asked(story, &at_gateway(&[VOUCHER, CARD])).flagged([]).released();
        then(under(SECURED), &answer).held();
    }
}

/// The amount that the answer gives for an order may be that of an earlier attempt. So of a cascade beside others it is the whole
/// where the order is paid, and more than one share's.
#[test]
fn the_amount_of_an_order_is_a_cascades_whole_where_it_is_paid_by_several_shares() {
    const NEXT: Share<'_> = Share("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "CB", 2_000, "CAPTURED");
    let part = Share("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "CVCO", 4_000, "CAPTURED");
    for (amount, shares, paid, is_released) in [
        (4_000, &[part][..], PAID, false),
        (6_000, &[part, NEXT], ("RUNNING", "OPEN"), false),
        (6_000, &[part, NEXT], PAID, true),
    ] {
        let dead = Share("dddddddddddddddddddddddddddddddd", "CB", amount, "REFUSED");
        let mut answer = quittance_testing::lyra::answer("CMD-1", "abc123", amount, paid, shares);
        let mut other = quittance_testing::lyra::answer("CMD-1", "def456", amount, paid, &[dead]);
        other["transactions"][0]["transactionDetails"]["cardDetails"]["sequenceType"] =
            json!("SINGLE_PAYMENT");
        for transaction in answer["transactions"].as_array_mut().unwrap() {
            transaction["transactionDetails"]["cardDetails"]["sequenceType"] =
                json!("MULTI_PAYMENT_MEAN");
        }
        answer["transactions"].as_array_mut().unwrap().push(other["transactions"][0].clone());
        let refused = Form::single("CMD-1", "def456", "CB", amount, "REFUSED");
        let follow_up = Form::follow_up("CMD-1", "abc123", 1, "BATCH", part);
        let story = given(&refused).then(&follow_up).held();
        let told = told(ask(story.order(), |_| success("Order/Get", &answer)).0);
        let story = then(story, &told);
        assert_eq!(story.order().fulfilment().is_some(), is_released, "{amount} {paid:?}");
    }
}
