//! What is tried again, what is on its way, and what was reserved twice.

use std::collections::BTreeMap;

use quittance_core::api::{Action, Dialogue, Effect, Exchange, Turn, Verb};
use quittance_core::desk::{Answer, Content, Decision, Desk, LineState, New, Round, Step};
use quittance_core::plan::Pledge;
use quittance_core::{Order, Provider, Timestamp, plan};
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;
use serde_json::json;

use super::purchase::{
    after, costs, eur, lines, operation, order, refund, said_of, tell, transaction,
};

/// Worldline as its facts file has it: the first outcome of a key is answered again, whatever it was, for 24 hours.
/// `retriable: true` on the first call of each key's talk while `trouble`.
struct Platform {
    keys: BTreeMap<String, Exchange>,
    trouble: bool,
    refunds: u32,
}

impl Platform {
    fn answer(&mut self, key: &str) -> Exchange {
        if let Some(known) = self.keys.get(key) {
            return known.clone();
        }
        let (status, body) = if self.trouble {
            let error = json!({"errorCode": "20001101", "category": "IO_ERROR", "retriable": true});
            (400, json!({"errorId": "x", "errors": [error]}))
        } else {
            self.refunds += 1;
            let output = json!({"statusCode": 81, "statusCategory": "REFUNDED"});
            (201, json!({"id": "1_1", "status": "REFUND_REQUESTED", "statusOutput": output}))
        };
        let exchange = Exchange::Answered { status, body: body.to_string().into_bytes() };
        self.keys.insert(key.to_owned(), exchange.clone());
        exchange
    }

    fn act(&mut self, action: &Action, at: Timestamp) -> Effect {
        let keys = json!({"key_id": "K-1", "secret": "hush", "url": "http://127.0.0.1:9"});
        let document = json!({"SHOP-1": {"test": keys}}).to_string();
        let api = Provider::api(&Worldline, &document).unwrap();
        let key = order(&Worldline, &[]).key().account();
        let mut talk: Box<dyn Dialogue<Effect>> = api.act(&key, action).unwrap();
        loop {
            match talk.next(at) {
                Turn::Send(call) => {
                    let own = |(name, _): &&(&str, String)| {
                        name.eq_ignore_ascii_case("x-gcs-idempotence-key")
                    };
                    let own = call.headers.iter().find(own).unwrap().1.clone();
                    talk.heard(self.answer(&own));
                }
                Turn::Pause(_) => {}
                Turn::End(effect) => return effect,
            }
        }
    }
}

/// The desk after a look, in which the platform is called.
fn carried(mut round: Round<'_>, platform: &mut Platform, order: &Order, at: Timestamp) -> Desk {
    loop {
        match round.next(order, at) {
            Step::Ask => round.asked(true),
            Step::Store => round.stored(true),
            Step::Call(action) => round.called(&platform.act(&action, at)),
            Step::End => return round.desk().clone(),
        }
    }
}

/// A failure is answered again under its key for ever. So what is tried again has another.
#[test]
fn a_refund_that_failed_for_a_technical_reason_is_made_once_that_is_over() {
    let rules = Provider::rules(&Worldline);
    let mut order = order(&Worldline, &[operation("1_0", "CVCO", 9, 6_000, 6_000)]);
    costs(&mut order, &Worldline, 6_000);
    let content = Content::Refund { amount: 6_000, currency: eur() };
    let mut desk = Desk::default();
    let new = New { request: "R", content };
    assert_eq!(desk.request(&order, rules, new, after(60)), Answer::Planned);
    let mut platform = Platform { keys: BTreeMap::new(), trouble: true, refunds: 0 };
    for minutes in [1, 5, 30] {
        let at = after(60 * minutes);
        desk = carried(Round::new(desk.clone(), rules, false), &mut platform, &order, at);
        platform.trouble = false;
    }
    assert_eq!(platform.refunds, 1);
    assert_eq!(desk.requests()[0].lines[0].state, LineState::Sent);
}

/// A capture is done when its own operation is, and not when another took as much.
#[test]
fn a_capture_is_not_done_because_another_was() {
    let rules = Provider::rules(&Worldline);
    let mut order = order(&Worldline, &[operation("1_0", "VISA", 5, 14_000, None)]);
    costs(&mut order, &Worldline, 14_000);
    let mut desk = Desk::default();
    let content = Content::Capture { amount: Some(4_000), currency: eur() };
    for (request, id) in [("A", "1_1"), ("B", "1_2")] {
        let new = New { request, content };
        assert_eq!(desk.request(&order, rules, new, after(60)), Answer::Planned);
        let intent = desk.intend(&order, rules, after(60)).unwrap();
        let taken = Effect::Taken { psp_id: Some(id.to_owned()) };
        desk.effect(&intent, &taken, true, rules);
    }
    tell(&mut order, &Worldline, &[operation("1_1", "VISA", 9, 4_000, 4_000)], 120);
    desk.look(&order, rules, after(120));
    let states: Vec<LineState> = desk.requests().iter().map(|one| one.lines[0].state).collect();
    assert_eq!(states, [LineState::Done, LineState::Sent]);
    // Of 140.00 the two took 80.00.
    let new =
        New { request: "C", content: Content::Capture { amount: Some(10_000), currency: eur() } };
    assert!(matches!(desk.request(&order, rules, new, after(180)), Answer::Refused(_)));
}

/// Two attempts are reserved, and the order costs one of them: all of it is not taken without an amount.
#[test]
fn a_capture_of_all_takes_no_more_than_the_order_lacks() {
    let mut worldline = order(
        &Worldline,
        &[operation("1_0", "VISA", 5, 14_000, None), operation("2_0", "VISA", 5, 14_000, None)],
    );
    costs(&mut worldline, &Worldline, 14_000);
    let waits = |id| transaction(id, "CB", 14_000, "AUTHORISED_TO_VALIDATE");
    let mut lyra = order(&Lyra, &[waits("a"), waits("b")]);
    costs(&mut lyra, &Lyra, 14_000);
    for (order, provider) in [(&worldline, &Worldline as &dyn Provider), (&lyra, &Lyra)] {
        let capture = |amount| plan::capture(order, provider.rules(), amount, eur(), &[]);
        let why = capture(None).unwrap_err().reasons;
        assert_eq!(why[0].code(), "plan_more_than_due");
        let planned = capture(Some(14_000)).unwrap();
        assert_eq!(planned.len(), 1, "{:?}", lines(&planned));
        // Nor once one of them is asked for, or on its way.
        let [line] = planned.as_slice() else { unreachable!() };
        let asked = [Pledge {
            verb: Verb::Capture,
            target: line.target.clone(),
            purse: line.purse,
            amount: line.amount,
        }];
        let again = plan::capture(order, provider.rules(), None, eur(), &asked);
        assert!(again.is_err() || !provider.rules().captures_parts, "{again:?}");
    }
    tell(&mut worldline, &Worldline, &[operation("1_1", "VISA", 91, 14_000, None)], 60);
    assert!(plan::capture(&worldline, Provider::rules(&Worldline), None, eur(), &[]).is_err());
    let taken = transaction("a", "CB", 14_000, "AUTHORISED");
    tell(&mut lyra, &Lyra, &[taken], 60);
    assert!(plan::capture(&lyra, Provider::rules(&Lyra), None, eur(), &[]).is_err());
}

/// The shop is about to have the card's money: the voucher is not given back in its stead. A card that is only being checked may
/// come to nothing, and keeps nobody from the voucher.
#[test]
fn a_voucher_does_not_go_before_a_card_whose_money_is_on_its_way() {
    for (code, is_barred) in [(5, true), (91, true), (51, false), (46, false)] {
        let card = operation("2_0", "VISA", code, 8_000, None);
        let voucher = operation("1_0", "CVCO", 9, 14_000, 6_000);
        let mut order = order(&Worldline, &[voucher, card]);
        costs(&mut order, &Worldline, 14_000);
        let said = said_of(&order, 5_000, after(60));
        let is_given = said.iter().any(|line| line.starts_with("refund"));
        assert_eq!(is_given, !is_barred, "{code}: {said:?}");
    }
}

/// What a table does not count yet keeps the price and bars another payment, where it may be taken without the buyer.
#[test]
fn what_is_reserved_or_checked_is_under_way() {
    for (word, is_so) in [
        ("AUTHORISED_TO_VALIDATE", true),
        ("WAITING_AUTHORISATION", true),
        ("WAITING_AUTHORISATION_TO_VALIDATE", true),
        ("UNDER_VERIFICATION", true),
        ("PRE_AUTHORISED", true),
        ("AUTHORISED", true),
        ("CAPTURE_PENDING", true),
        ("SUSPENDED", true),
        ("INITIAL", false),
        ("WAITING_FOR_PAYMENT", false),
        ("CAPTURED", false),
        ("CAPTURE_FAILED", false),
        ("REFUSED", false),
        ("ABANDONED", false),
        ("EXPIRED", false),
    ] {
        let order = order(&Lyra, &[transaction("a", "CB", 8_000, word)]);
        assert_eq!(!plan::under_way(&order, Provider::rules(&Lyra)).is_empty(), is_so, "{word}");
    }
    for (code, is_so) in [
        (46, false),
        (50, true),
        (51, true),
        (52, true),
        (5, true),
        (91, true),
        (9, false),
        (2, false),
    ] {
        let taken = (code == 9).then_some(8_000);
        let order = order(&Worldline, &[operation("1_0", "VISA", code, 8_000, taken)]);
        assert_eq!(
            !plan::under_way(&order, Provider::rules(&Worldline)).is_empty(),
            is_so,
            "{code}"
        );
    }
}

/// So has what nobody asked for and is planned anew under its old name.
#[test]
fn what_lapsed_is_planned_anew_under_another_key() {
    let rules = Provider::rules(&Worldline);
    let mut order = order(&Worldline, &[operation("1_0", "CVCO", 9, 6_000, 6_000)]);
    costs(&mut order, &Worldline, 14_000);
    let content = Content::Refund { amount: 6_000, currency: eur() };
    let mut desk = Desk::default();
    let mut platform = Platform { keys: BTreeMap::new(), trouble: true, refunds: 0 };
    for minutes in [1, 5, 30] {
        let at = after(60 * minutes);
        desk.lapse(&order);
        let new = New { request: "stranded", content };
        if desk.request_by_itself(&order, rules, new, at) != Answer::Planned {
            continue;
        }
        let round = Round::of_new_request(desk.clone(), rules);
        desk = carried(round, &mut platform, &order, at);
        platform.trouble = false;
    }
    assert_eq!(platform.refunds, 1);
}

/// What was paid in full is given back in full, whatever another attempt by card reserves: nobody waits for that one.
#[test]
fn a_paid_orders_voucher_waits_for_no_other_attempt() {
    let paid = [
        operation("1_0", "CVCO", 9, 14_000, 6_000),
        operation("2_0", "VISA", 9, 8_000, 8_000),
        operation("3_0", "VISA", 5, 14_000, None),
    ];
    let mut order = order(&Worldline, &paid);
    costs(&mut order, &Worldline, 14_000);
    assert_eq!(said_of(&order, 14_000, after(60)).len(), 2);
}

/// A refund that a person did by hand before it was sent is not seen in one that was there before.
#[test]
fn what_was_done_by_hand_is_not_an_older_refund() {
    let rules = Provider::rules(&Worldline);
    let paid = [operation("1_0", "VISA", 9, 14_000, 14_000), refund("1_1", "VISA", 8, 4_000)];
    let mut order = order(&Worldline, &paid);
    costs(&mut order, &Worldline, 14_000);
    let mut desk = Desk::default();
    let content = Content::Refund { amount: 4_000, currency: eur() };
    assert_eq!(
        desk.request(&order, rules, New { request: "R", content }, after(60)),
        Answer::Planned
    );
    let intent = desk.requests()[0].lines[0].intent.clone();
    assert!(desk.decide(&intent, Decision::Done(None)));
    desk.look(&order, rules, after(120));
    assert_eq!(desk.pledges().len(), 1, "it counts until the provider shows it");
    tell(&mut order, &Worldline, &[refund("1_2", "VISA", 8, 4_000)], 180);
    desk.look(&order, rules, after(240));
    assert_eq!(desk.pledges().len(), 0);
}
