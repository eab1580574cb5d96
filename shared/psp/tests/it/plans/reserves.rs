//! How reserved money is taken and given up, told as stories.

use quittance_core::api::{Effect, Verb};
use quittance_core::desk::{Answer, Content, Desk, New, RequestState, Round, Step};
use quittance_core::plan::{Pledge, cancel, capture, fits, reasons as codes};
use quittance_core::provider::find;
use quittance_core::rules::{Purse, Stage};
use quittance_core::{Currency, Order, Provider, ShareFact, Standing, Status};
use quittance_psp::PROVIDERS;
use quittance_psp::lyra::Lyra;
use quittance_psp::worldline::Worldline;

use super::purchase::{
    after, credit, eur, lines, operation, order, reasons, said_of, tell, tell_as, transaction, uuid,
};

fn captured(order: &Order, amount: impl Into<Option<u64>>) -> Vec<String> {
    let rules = find(PROVIDERS, order.key().psp).unwrap().rules();
    match capture(order, rules, amount.into(), eur(), &[]) {
        Ok(planned) => lines(&planned),
        Err(refusal) => reasons(order, &refusal),
    }
}

/// What is asked for of a share that was paid by card.
fn asked_for(verb: Verb, target: &str, amount: u64) -> Pledge {
    Pledge { verb, target: target.to_owned(), purse: Purse::Card, amount }
}

/// What a cancellation leaves alone, where it does nothing: how much of each share, and why.
fn left_alone(order: &Order, pledges: &[Pledge]) -> Vec<(u64, &'static str)> {
    let rules = find(PROVIDERS, order.key().psp).unwrap().rules();
    let (planned, skipped) = cancel(order, rules, pledges);
    assert_eq!(planned, []);
    let code = |code: &str| codes::CODES.iter().copied().find(|known| *known == code).unwrap();
    skipped.iter().map(|skipped| (skipped.amount, code(skipped.reason.code()))).collect()
}

/// The lines of a cancellation, and how many shares are skipped for which reason.
fn cancelled(order: &Order) -> (Vec<String>, Vec<&'static str>) {
    let rules = find(PROVIDERS, order.key().psp).unwrap().rules();
    let (planned, skipped) = cancel(order, rules, &[]);
    let word = |code: &str| match code {
        "plan_captured" => "captured",
        "plan_moving" => "moving",
        "plan_closed" => "closed",
        _ => "other",
    };
    (lines(&planned), skipped.iter().map(|s| word(s.reason.code())).collect())
}

fn authorised(code: u64) -> ShareFact {
    operation("1_0", "VISA", code, 10_000, 10_000)
}

#[test]
fn worldline_takes_parts_of_what_is_authorised() {
    let mut order = order(&Worldline, &[authorised(5)]);
    assert_eq!(captured(&order, None), ["capture 10000 of 1_0 (VISA), whole"]);
    assert_eq!(captured(&order, 4_000), ["capture 4000 of 1_0 (VISA)"]);
    assert_eq!(
        captured(&order, 10_001)[0],
        "no more than 100.00 EUR is authorised and waits to be captured"
    );
    assert_eq!(captured(&order, 0), ["the amount is zero"]);
    // What is under way is asked for.
    tell(&mut order, &Worldline, &[operation("1_1", "VISA", 91, 4_000, 4_000)], 1);
    assert_eq!(captured(&order, None), ["capture 6000 of 1_0 (VISA), whole"]);
    tell(&mut order, &Worldline, &[operation("1_1", "VISA", 9, 4_000, 4_000)], 2);
    assert_eq!(captured(&order, None), ["capture 6000 of 1_0 (VISA), whole"]);
    assert_eq!(
        cancelled(&order),
        (vec!["cancel 6000 of 1_0 (VISA), whole".to_owned()], vec!["captured"])
    );
}

#[test]
fn a_capture_under_way_is_left_alone_and_a_refused_one_may_be_tried_again() {
    let mut order = order(&Worldline, &[authorised(5), authorised(91)]);
    assert_eq!(
        captured(&order, None)[0],
        "nothing of the order is authorised and waits to be captured"
    );
    assert_eq!(cancelled(&order), (vec![], vec!["moving"]));
    tell(&mut order, &Worldline, &[authorised(93)], 1);
    assert_eq!(captured(&order, None), ["capture 10000 of 1_0 (VISA), whole"]);
}

#[test]
fn lyra_takes_whole_shares_that_wait_for_it() {
    let order = order(
        &Lyra,
        &[
            transaction("a", "CB", 4_000, "AUTHORISED_TO_VALIDATE"),
            transaction("b", "CB", 3_000, "AUTHORISED_TO_VALIDATE"),
            transaction("c", "CB", 2_000, "AUTHORISED"),
            transaction("d", "CB", 1_000, "CAPTURED"),
            transaction("e", "CB", 500, "REFUSED"),
            transaction("f", "CB", 700, "UNDER_VERIFICATION"),
        ],
    );
    assert_eq!(
        captured(&order, None),
        ["capture 4000 of a (CB), whole", "capture 3000 of b (CB), whole"]
    );
    assert_eq!(captured(&order, 3_000), ["capture 3000 of b (CB), whole"]);
    assert_eq!(
        captured(&order, 3_500),
        ["the shares cannot come to this amount; the nearest are 30.00 EUR and 40.00 EUR"]
    );
    let (lines, skipped) = cancelled(&order);
    assert_eq!(lines.len(), 3);
    assert_eq!(skipped, ["captured", "moving"]);
}

#[test]
fn an_order_without_reserved_money_has_nothing_to_take_or_give_up() {
    let order = order(&Lyra, &[transaction("a", "CB", 4_000, "REFUSED")]);
    assert_eq!(
        captured(&order, None),
        ["nothing of the order is authorised and waits to be captured"]
    );
    assert_eq!(cancelled(&order), (vec![], vec![]));
}

/// A capture at Worldline is final when its own operation is.
#[test]
fn a_capture_ends_as_its_operation_does() {
    for (code, state) in [(9, RequestState::Done), (93, RequestState::Refused)] {
        let mut order = order(&Worldline, &[authorised(5)]);
        let rules = Provider::rules(&Worldline);
        let mut desk = Desk::default();
        let content = Content::Capture { amount: Some(4_000), currency: eur() };
        let new = New { request: "T", content };
        assert_eq!(desk.request(&order, rules, new, after(60)), Answer::Planned);
        let mut round = Round::of_new_request(desk, rules);
        let taken = Effect::Taken { psp_id: Some("1_1".to_owned()) };
        let mut calls = 0;
        loop {
            match round.next(&order, after(60)) {
                Step::Store => round.stored(true),
                Step::Call(action) => {
                    assert_eq!((action.amount, action.whole), (4_000, false));
                    calls += 1;
                    round.called(&taken);
                }
                Step::Ask => {
                    tell(&mut order, &Worldline, &[operation("1_1", "VISA", 91, 4_000, 4_000)], 61);
                    round.asked(true);
                }
                Step::End => break,
            }
        }
        assert_eq!(calls, 1);
        let mut desk = round.desk().clone();
        assert_eq!(desk.requests()[0].state(), RequestState::Running);
        // What is under way counts once.
        assert!(desk.pledges().is_empty());
        assert_eq!(captured(&order, None), ["capture 6000 of 1_0 (VISA), whole"]);
        tell(&mut order, &Worldline, &[operation("1_1", "VISA", code, 4_000, 4_000)], 62);
        assert!(desk.look(&order, rules, after(63)));
        assert_eq!(desk.requests()[0].state(), state, "{code}");
        assert!(!desk.is_open());
    }
}

#[test]
fn what_is_asked_for_is_not_given_up() {
    let held = order(&Worldline, &[authorised(5)]);
    let capture = |amount| asked_for(Verb::Capture, "1_0", amount);
    assert_eq!(left_alone(&held, &[capture(4_000)]), [(6_000, codes::ASKED_FOR)]);
    let due = order(&Lyra, &[transaction("a", "CB", 4_000, "AUTHORISED")]);
    let cancellation = asked_for(Verb::Cancel, &uuid("a"), 4_000);
    assert_eq!(left_alone(&due, &[cancellation]), [(0, codes::ASKED_FOR)]);
    // What is captured already is all that there is to say.
    let part = order(&Worldline, &[authorised(5), operation("1_1", "VISA", 9, 4_000, 4_000)]);
    assert_eq!(left_alone(&part, &[capture(6_000)]), [(4_000, codes::CAPTURED)]);
}

#[test]
fn what_the_bank_takes_already_is_neither_given_up_nor_given_back() {
    let moving = order(&Lyra, &[transaction("a", "CB", 4_000, "CAPTURE_PENDING")]);
    assert_eq!(left_alone(&moving, &[]), [(0, codes::MOVING)]);
    assert_eq!(said_of(&moving, 4_000, after(60)), ["nothing of the order is captured"]);
}

#[test]
fn nothing_in_doubt_is_taken_or_given_up() {
    let doubted = |mut order: Order, id| {
        let back = credit("e", id, 100, "CAPTURED");
        tell_as(&mut order, &Lyra, &[back], 1, Standing::Contradictory);
        order
    };
    let share = |status| order(&Lyra, &[transaction("a", "CB", 4_000, status)]);
    let held = doubted(share("AUTHORISED_TO_VALIDATE"), "a");
    assert_eq!(left_alone(&held, &[]), [(4_000, codes::CONTRADICTION)]);
    let nothing = "nothing of the order is authorised and waits to be captured".to_owned();
    let doubt = format!("a message about share {} contradicts itself", uuid("a"));
    assert_eq!(captured(&held, None), [nothing.clone(), doubt]);
    // With what is captured or refused there is nothing to do, certain or not.
    let taken = doubted(share("CAPTURED"), "a");
    assert_eq!(left_alone(&taken, &[]), [(4_000, codes::CAPTURED)]);
    assert_eq!(captured(&taken, None), [nothing]);
    assert_eq!(left_alone(&doubted(share("REFUSED"), "a"), &[]), []);
}

#[test]
fn where_nothing_waits_for_a_capture_it_is_told_what_is_under_way() {
    let said = |code| {
        let parts = [authorised(5), operation("1_1", "VISA", code, 10_000, 10_000)];
        captured(&order(&Worldline, &parts), None)
    };
    let nothing = "nothing of the order is authorised and waits to be captured";
    assert_eq!(said(9), [nothing]);
    assert_eq!(said(91), [nothing, "it is being checked, captured or cancelled already"]);
}

#[test]
fn a_capture_in_another_currency_is_refused_while_any_money_waits_for_one() {
    let order = order(&Worldline, &[authorised(5)]);
    let rules = find(PROVIDERS, order.key().psp).unwrap().rules();
    let said = |pledges: &[Pledge]| {
        let dollars = Currency::from_alpha("USD").unwrap();
        reasons(&order, &capture(&order, rules, None, dollars, pledges).unwrap_err())
    };
    assert_eq!(said(&[]), ["the order was paid in EUR, not in USD"]);
    assert_eq!(
        said(&[asked_for(Verb::Capture, "1_0", 10_000)]),
        ["nothing of the order is authorised and waits to be captured"]
    );
}

#[test]
fn an_authorised_split_is_taken_under_its_one_id() {
    let split = order(
        &Worldline,
        &[operation("1_0", "CVCO", 5, 14_000, 6_000), operation("1_1", "VISA", 5, 8_000, 8_000)],
    );
    assert_eq!(captured(&split, 6_000), ["capture 6000 of 1_0 (VISA)"]);
}

/// What is no longer reserved needs no other reason.
#[test]
fn a_line_is_stale_once_its_money_was_taken() {
    let mut order = order(&Lyra, &[transaction("a", "CB", 4_000, "AUTHORISED")]);
    let rules = Provider::rules(&Lyra);
    let (planned, _) = cancel(&order, rules, &[]);
    let [line] = &planned[..] else { panic!() };
    let code =
        |order: &Order| fits(order, rules, line, &[], after(60)).unwrap_err().code().to_owned();
    assert_eq!(fits(&order, rules, line, &[], after(60)), Ok(()));
    let back = credit("c", "a", 100, "CAPTURED");
    tell_as(&mut order, &Lyra, &[back], 1, Standing::Contradictory);
    assert_eq!(code(&order), codes::CONTRADICTION);
    tell(&mut order, &Lyra, &[transaction("a", "CB", 4_000, "CAPTURED")], 2);
    assert_eq!(code(&order), codes::STALE);
}

/// Where money is reserved and nothing else is said of an operation, all of it is open: no status of the tables says both.
#[test]
fn what_can_be_taken_or_given_up_is_not_taken_yet() {
    for row in Lyra.rules().stages {
        let fact = transaction("a", "CB", 1, row.word.unwrap());
        assert!(row.stage <= Stage::Moving || fact.meaning.status != Status::Captured, "{row:?}");
        assert_eq!(Lyra.rules().stage(&fact), row.stage);
    }
    for code in 0..100 {
        let fact = operation("1_0", "VISA", code, 1, 1);
        let is_open = Worldline.rules().stage(&fact) > Stage::Moving;
        assert!(!is_open || fact.meaning.status != Status::Captured, "{code}");
    }
}
