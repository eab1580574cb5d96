//! What is open for an order, whatever is wished, opened, lost and ended.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(1_795_341_600).unwrap().later(seconds).unwrap()
}

fn wish() -> Wish {
    Wish {
        reference: "CMD-1".to_owned(),
        amount: 14_000,
        currency: Currency::from_alpha("EUR").unwrap(),
        method: Method::Cvco,
        flow: Flow::Hosted,
        approval: false,
        adjustable: true,
        beneficiary: None,
        locale: Some("fr_FR".to_owned()),
        return_url: "https://shop.example.com/back".to_owned(),
        notification_url: None,
    }
}

/// Each with one thing changed that makes it another payment.
fn others() -> Vec<Wish> {
    let base = wish;
    vec![
        Wish { amount: 14_001, ..base() },
        Wish { currency: Currency::from_alpha("USD").unwrap(), ..base() },
        Wish { method: Method::Any, ..base() },
        Wish { flow: Flow::Server, ..base() },
        Wish { approval: true, ..base() },
        Wish { return_url: "https://shop.example.com/other".to_owned(), ..base() },
    ]
}

fn opened(id: &str) -> Opened {
    let url = format!("https://pay.example.com/{id}");
    Opened {
        id: id.to_owned(),
        offer: Offer { redirect_url: Some(url), ..Offer::default() },
        proof: Proof::new(&format!("mac-{id}"), Some(id)),
        seconds: HOUR,
        unique: None,
    }
}

fn form(id: &str) -> Opened {
    let form = Form { action: "https://pay.example.com".to_owned(), fields: BTreeMap::new() };
    let offer = Offer { form: Some(form), ..Offer::default() };
    Opened { offer, proof: None, ..opened(id) }
}

fn start(sessions: &mut Sessions, wish: &Wish, now: Timestamp) -> u32 {
    match sessions.decide(wish, Paid::Nothing, now) {
        Decision::Start(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

/// Sessions with one that is open since the beginning.
fn with_open(wish: &Wish, opened: &Opened) -> Sessions {
    let mut sessions = Sessions::default();
    let attempt = start(&mut sessions, wish, at(0));
    sessions.settle(attempt, wish, opened, at(1)).unwrap();
    sessions
}

#[test]
fn the_same_again_is_the_open_session_in_any_language() {
    let mut sessions = with_open(&wish(), &opened("1"));
    let before = sessions.clone();
    for same in [wish(), Wish { locale: None, ..wish() }] {
        for (paid, now) in [(Paid::Nothing, at(1)), (Paid::Part, at(HOUR))] {
            let Opened { id, offer, .. } = opened("1");
            assert_eq!(sessions.decide(&same, paid, now), Decision::Open { id, offer });
        }
    }
    assert_eq!(sessions.decide(&wish(), Paid::All, at(1)), Decision::Conflict(Conflict::Paid));
    assert_eq!(sessions, before, "nothing is noted");
}

#[test]
fn while_one_is_open_or_being_opened_no_other_is() {
    for other in others() {
        let mut sessions = Sessions::default();
        let attempt = start(&mut sessions, &wish(), at(0));
        let starting = Decision::Conflict(Conflict::Starting);
        assert_eq!(sessions.decide(&other, Paid::Nothing, at(59)), starting, "{other:?}");
        sessions.settle(attempt, &wish(), &opened("1"), at(59)).unwrap();
        let open = Decision::Conflict(Conflict::Open);
        assert_eq!(sessions.decide(&other, Paid::Nothing, at(60 + HOUR - 2)), open, "{other:?}");
        let paid = Decision::Conflict(Conflict::Paid);
        assert_eq!(sessions.decide(&other, Paid::Part, at(60)), paid, "{other:?}");
        // Its time is over.
        start(&mut sessions, &other, at(59 + HOUR));
    }
}

#[test]
fn what_came_to_nothing_frees_the_order() {
    for uncertain in [false, true] {
        for other in others() {
            let mut sessions = Sessions::default();
            let attempt = start(&mut sessions, &wish(), at(0));
            assert!(sessions.fail(attempt, uncertain));
            assert!(!sessions.fail(attempt, uncertain), "once");
            assert_ne!(start(&mut sessions, &other, at(0)), attempt);
        }
    }
}

#[test]
fn a_lost_start_is_the_same_start_again_and_no_other() {
    let mut sessions = Sessions::default();
    let lost = start(&mut sessions, &wish(), at(0));
    sessions.fail(lost, true);
    let other = Wish { amount: 9_000, ..wish() };
    let second = start(&mut sessions, &other, at(1));
    assert_ne!(second, lost);
    assert_eq!(
        sessions.decide(&wish(), Paid::Nothing, at(1)),
        Decision::Conflict(Conflict::Starting)
    );
    // Its answer comes late: the order belongs to another payment by now.
    assert_eq!(sessions.settle(lost, &wish(), &opened("1"), at(2)), None);
    sessions.fail(second, false);
    assert_eq!(start(&mut sessions, &wish(), at(3)), lost);
    // One that surely came to nothing has no such claim.
    sessions.fail(lost, false);
    assert_ne!(start(&mut sessions, &wish(), at(4)), lost);
}

#[test]
fn a_start_that_died_goes_on_under_its_number_and_bars_others_for_a_minute() {
    let mut sessions = Sessions::default();
    let attempt = start(&mut sessions, &wish(), at(0));
    assert_eq!(start(&mut sessions, &wish(), at(5)), attempt);
    let other = Wish { amount: 9_000, ..wish() };
    let starting = Decision::Conflict(Conflict::Starting);
    assert_eq!(sessions.decide(&other, Paid::Nothing, at(5 + START_SECONDS - 1)), starting);
    assert_ne!(start(&mut sessions, &other, at(5 + START_SECONDS)), attempt);
}

#[test]
fn of_two_that_open_the_same_both_hand_out_the_first() {
    let mut sessions = Sessions::default();
    let attempt = start(&mut sessions, &wish(), at(0));
    assert_eq!(start(&mut sessions, &wish(), at(0)), attempt);
    let first = sessions.settle(attempt, &wish(), &opened("1"), at(1)).unwrap();
    assert_eq!(sessions.settle(attempt, &wish(), &opened("2"), at(1)).unwrap(), first);
    assert_eq!(sessions.ids(), ["1"]);
}

#[test]
fn each_form_is_signed_anew_and_all_of_them_bar_others() {
    let mut sessions = with_open(&wish(), &form("1"));
    let attempt = start(&mut sessions, &wish(), at(2));
    assert_eq!(attempt, 1);
    sessions.settle(attempt, &wish(), &form("2"), at(2)).unwrap();
    assert_eq!(sessions.ids(), ["1", "2"]);
    // A second form would take the whole once more.
    assert_eq!(sessions.decide(&wish(), Paid::Part, at(3)), Decision::Conflict(Conflict::Paid));
    assert_eq!(sessions.newest().unwrap().id(), Some("2"));
    assert!(!sessions.to_json().contains("action"), "no form is stored");
}

#[test]
fn the_last_session_tells_until_when_the_rest_may_come() {
    let sessions = with_open(&wish(), &form("1"));
    assert_eq!(sessions.last_end(), Some(at(1 + HOUR)));
    assert_eq!(sessions.all().len(), 1);
    assert_eq!(Sessions::default().last_end(), None);
}

/// A start that goes on after the session that it opened has ended.
#[test]
fn a_session_that_is_over_is_handed_out_to_nobody_and_bars_nobody() {
    let mut sessions = with_open(&wish(), &opened("1"));
    let end = sessions.last_end().unwrap();
    let settled = sessions.settle(0, &wish(), &opened("2"), end).unwrap();
    assert_eq!(settled.0, "2");
    for other in others() {
        let mut sessions = with_open(&other, &opened("1"));
        let attempt = start(&mut sessions, &wish(), end);
        let offer = |session: &Session| match &session.stage {
            Stage::Open { offer, .. } => offer.is_some(),
            Stage::Noted(_) | Stage::Failed { .. } => false,
        };
        assert!(!sessions.all().iter().any(offer), "what is over is not kept");
        assert_eq!(sessions.settle(attempt, &wish(), &opened("2"), end).unwrap().0, "2");
        assert!(sessions.all().iter().any(offer));
    }
}

#[test]
fn of_too_many_sessions_the_oldest_that_is_over_goes() {
    let mut sessions = with_open(&wish(), &form("0"));
    for number in 1..MAX_SESSIONS {
        let seconds = if number == 1 { 5 } else { HOUR };
        let attempt = start(&mut sessions, &wish(), at(2));
        let opened = Opened { seconds, ..form(&number.to_string()) };
        sessions.settle(attempt, &wish(), &opened, at(2)).unwrap();
    }
    let attempt = start(&mut sessions, &wish(), at(100));
    sessions.settle(attempt, &wish(), &form("another"), at(100)).unwrap();
    assert_eq!(sessions.all().len(), MAX_SESSIONS);
    assert_eq!(sessions.ids()[..2], ["0", "2"]);
    start(&mut sessions, &wish(), at(101));
    assert_eq!(sessions.ids()[0], "2", "where none is over, the oldest");
}

#[test]
fn a_name_that_is_taken_gives_a_start_another_number() {
    let mut sessions = Sessions::default();
    let attempt = start(&mut sessions, &wish(), at(0));
    let next = sessions.renumber(attempt, at(0)).unwrap();
    assert_ne!(next, attempt);
    assert_eq!(sessions.renumber(attempt, at(0)), None);
    assert!(sessions.settle(next, &wish(), &form("1"), at(1)).is_some());
}

#[test]
fn only_the_sessions_that_the_provider_names_are_over() {
    let mut sessions = with_open(&wish(), &opened("1"));
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert!(!sessions.end(&ids(&["2"]), at(2)));
    assert!(sessions.due(at(2)).is_some());
    assert!(sessions.end(&ids(&["2", "1"]), at(2)));
    assert!(!sessions.end(&ids(&["1"]), at(3)), "no news");
    assert_eq!(sessions.due(at(2)), None);
    let attempt = start(&mut sessions, &Wish { amount: 9_000, ..wish() }, at(3));
    assert_eq!(attempt, 1);
    // A browser may come back late.
    assert!(sessions.proven(&Proof::new("mac-1", Some("1")).unwrap()).is_some());
}

#[test]
fn a_proof_is_of_one_session_and_empty_ones_are_of_none() {
    let sessions = with_open(&wish(), &opened("1"));
    let proven =
        |mac: &str, id: Option<&str>| sessions.proven(&Proof::new(mac, id).unwrap()).is_some();
    assert!(proven("mac-1", Some("1")));
    assert!(!proven("mac-1", None) && !proven("mac-1", Some("2")) && !proven("mac-2", Some("1")));
    assert_eq!(Proof::new("", Some("1")), None);
    let name = |mac: &str, id| Proof::new(mac, id).unwrap().name();
    assert_eq!(name("m", Some("1")), name("m", Some("1")));
    assert_ne!(name("m", Some("1")), name("m", None));
    assert_ne!(name("1\nm", None), name("m", Some("1")));
}

#[test]
fn what_is_stored_is_read_again_and_nothing_else() {
    let sessions = with_open(&wish(), &opened("1"));
    assert_eq!(Sessions::from_json(&sessions.to_json()), Ok(sessions.clone()));
    let newer = sessions.to_json().replace("\"version\":1", "\"version\":2");
    assert_eq!(Sessions::from_json(&newer), Err(Unreadable::Version(2)));
    assert_eq!(Sessions::from_json("{\"version\":1}"), Err(Unreadable::Damaged));
    assert_eq!(Sessions::from_json(""), Err(Unreadable::Damaged));
    let shown = format!("{sessions:?} {:?} {:?}", opened("1"), wish());
    assert!(!shown.contains("mac-1") && !shown.contains("pay.example.com"), "{shown}");
}

/// What happens next.
#[derive(Clone, Debug)]
enum Move {
    Wish(usize),
    Opens(usize),
    Fails(usize, bool),
    Over(usize),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => (0..3_usize).prop_map(Move::Wish),
        3 => (0..8_usize).prop_map(Move::Opens),
        1 => (0..8_usize, any::<bool>()).prop_map(|(nth, is_lost)| Move::Fails(nth, is_lost)),
        1 => (0..8_usize).prop_map(Move::Over),
        1 => prop_oneof![Just(1), Just(START_SECONDS), Just(HOUR)].prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..60)
}

proptest! {
    /// Whatever is wished, opened, lost and ended in whatever order: what was handed out and can be paid is all
    /// for the same payment, and nothing else is begun meanwhile.
    #[test]
    fn two_different_payments_are_never_open_at_once(moves in moves()) {
        let wishes = [wish(), Wish { amount: 9_000, ..wish() }, Wish { flow: Flow::Link, ..wish() }];
        let mut sessions = Sessions::default();
        // Who called a provider and has not come back, and what can be paid until when.
        let mut under_way: Vec<(u32, usize)> = Vec::new();
        let mut handed_out: Vec<(String, usize, Timestamp)> = Vec::new();
        let (mut now, mut ids) = (at(0), 0);
        for one in moves {
            match one {
                Move::Wish(which) => match sessions.decide(&wishes[which], Paid::Nothing, now) {
                    Decision::Start(attempt) => {
                        prop_assert!(handed_out.iter().all(|(_, other, until)| *other == which || *until <= now));
                        under_way.push((attempt, which));
                    }
                    Decision::Open { id, .. } => {
                        let known = handed_out.iter().find(|(known, ..)| *known == id);
                        prop_assert!(known.is_some_and(|(_, other, until)| *other == which && *until > now));
                    }
                    Decision::Conflict(_) => {}
                },
                Move::Opens(nth) if !under_way.is_empty() => {
                    let (attempt, which) = under_way.remove(nth % under_way.len());
                    ids += 1;
                    // Of one payment all starts are forms, or none.
                    let made = if which == 1 { form(&ids.to_string()) } else { opened(&ids.to_string()) };
                    if let Some((id, _)) = sessions.settle(attempt, &wishes[which], &made, now) {
                        let until = now.later(made.seconds).unwrap();
                        if !handed_out.iter().any(|(known, ..)| *known == id) {
                            handed_out.push((id, which, until));
                        }
                    }
                }
                Move::Fails(nth, is_lost) if !under_way.is_empty() => {
                    let (attempt, _) = under_way.remove(nth % under_way.len());
                    sessions.fail(attempt, is_lost);
                }
                Move::Over(nth) if !handed_out.is_empty() => {
                    let (id, _, until) = handed_out.remove(nth % handed_out.len());
                    prop_assert_eq!(sessions.end(&[id], now), until > now);
                }
                Move::Pass(seconds) => now = now.later(seconds).unwrap(),
                _ => {}
            }
            let mut open = handed_out.iter().filter(|(.., until)| *until > now).map(|(_, which, _)| which);
            let first = open.next();
            prop_assert!(open.all(|other| Some(other) == first), "{handed_out:?}");
            prop_assert!(sessions.all().len() <= MAX_SESSIONS);
            let text = sessions.to_json();
            prop_assert_eq!(Sessions::from_json(&text).unwrap(), sessions.clone());
        }
    }
}
